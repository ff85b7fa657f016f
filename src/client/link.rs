//! One established connection: the handshake, then lines in and bytes out. Decodes and cleans;
//! decides nothing.

use super::clean;
use super::closed::Closed;
use super::dial::Dial;
use crate::wire;
use crate::wire::frame::{Framer, Line};
use crate::wire::native::{self, Bye, ClientEvent, Decoded, Hello, Refused, ServerEvent, Welcome};
use crate::wire::text::scrub;
use std::collections::VecDeque;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::time::timeout;

/// From dialling to the welcome. As long as the server itself waits for a name.
const CONNECT: Duration = Duration::from_secs(10);

/// A line from a server may be a roster of 10 000 members (about 1 MiB) or a history of 100 full
/// texts, each byte of which JSON may double (0.8 MiB). Four times that ends the connection.
const LINE: usize = 4 * 1024 * 1024;

/// Bytes of one read: a turn's worth of short messages.
const READ: usize = 16 * 1024;

/// A connection on which the client was admitted.
#[derive(Debug)]
pub(super) struct Link<S> {
    pub(super) reader: Reader<ReadHalf<S>>,
    pub(super) writer: WriteHalf<S>,
}

/// Reads events.
#[derive(Debug)]
pub(super) struct Reader<R> {
    stream: R,
    framer: Framer,
    chunk: Box<[u8]>,
    /// Decoded and not yet taken.
    pub(super) events: VecDeque<ServerEvent<'static>>,
}

/// Connects and is admitted, or says why not.
pub(super) async fn establish<D: Dial>(
    dial: D,
    server: String,
    hello: Hello,
) -> Result<(Link<D::Stream>, Welcome<'static>), Closed> {
    let unreachable = |why: String| Closed::Unreachable { server: server.clone(), why };
    match timeout(CONNECT, admitted(dial, &server, hello)).await {
        Ok(Ok(admitted)) => Ok(admitted),
        Ok(Err(Failed::Io(error))) => Err(unreachable(reason(&error))),
        Ok(Err(Failed::Closed(closed))) => Err(closed),
        Err(_elapsed) => {
            Err(unreachable(format!("no answer within {} seconds", CONNECT.as_secs())))
        }
    }
}

/// How an attempt fails.
enum Failed {
    Io(io::Error),
    Closed(Closed),
}

impl From<io::Error> for Failed {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

async fn admitted<D: Dial>(
    dial: D,
    server: &str,
    hello: Hello,
) -> Result<(Link<D::Stream>, Welcome<'static>), Failed> {
    let (mut stream, mut writer) = tokio::io::split(dial.dial().await?);
    let mut greeting = [0; wire::NICK.len()];
    stream.read_exact(&mut greeting).await?;
    if greeting != wire::NICK.as_bytes() {
        return Err(Failed::Closed(not_greeted(greeting, server, stream).await));
    }
    let mut line = Vec::new();
    native::put(&ClientEvent::Hello(hello), &mut line);
    writer.write_all(&line).await?;
    let mut reader = Reader {
        stream,
        framer: Framer::new(LINE, LINE),
        chunk: vec![0; READ].into(),
        events: VecDeque::new(),
    };
    loop {
        while let Some(event) = reader.events.pop_front() {
            match event {
                ServerEvent::Welcome(welcome) => return Ok((Link { reader, writer }, welcome)),
                ServerEvent::Refused(Refused { code, text, .. }) => {
                    let (code, text) = (code.into_owned(), text.into_owned());
                    return Err(Failed::Closed(Closed::Refused { code, text }));
                }
                ServerEvent::Bye(bye) => return Err(Failed::Closed(said_bye(bye))),
                other => tracing::debug!(?other, "an event before the welcome"),
            }
        }
        reader.read().await?;
    }
}

/// What it means that no name is asked for. A full server says so in one notice line.
async fn not_greeted(greeting: [u8; 4], server: &str, stream: impl AsyncRead + Unpin) -> Closed {
    let mut line = greeting.to_vec();
    if greeting.starts_with(wire::line::notice("").as_bytes()) {
        let mut rest = stream.take(wire::limits::HANDSHAKE as u64);
        // As much of the notice as there is.
        rest.read_to_end(&mut line).await.ok();
        let text = String::from_utf8_lossy(&line);
        let text = text.lines().next().unwrap_or_default();
        let text = text.trim_start_matches(&wire::line::notice(""));
        return Closed::Refused { code: "full".into(), text: scrub(text) };
    }
    Closed::NotChaty { server: server.into() }
}

/// What a `bye` means for the client.
pub(super) fn said_bye(Bye { code, text }: Bye<'_>) -> Closed {
    let (code, text) = (code.into_owned(), text.into_owned());
    match code.as_str() {
        "kicked" => Closed::Kicked { text },
        _ => Closed::Bye { code, text },
    }
}

/// An I/O error in a few words: the system's text without its number.
pub(super) fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused".into(),
        io::ErrorKind::ConnectionReset => "connection reset".into(),
        io::ErrorKind::UnexpectedEof => "the server closed the connection".into(),
        _ => {
            let text = error.to_string();
            text.split(" (os error").next().unwrap_or(&text).to_owned()
        }
    }
}

impl<R: AsyncRead + Unpin> Reader<R> {
    /// Waits for bytes and decodes what they complete into `events`, which may be nothing. Loses
    /// nothing when it is dropped while it waits. The end of the stream is an error.
    pub(super) async fn read(&mut self) -> io::Result<()> {
        let n = self.stream.read(&mut self.chunk).await?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let events = &mut self.events;
        let bytes = self.chunk.get(..n).unwrap_or_default();
        self.framer
            .feed(bytes, |line| events.extend(decode(&line)))
            .map_err(|unframed| io::Error::new(io::ErrorKind::InvalidData, unframed))
    }
}

/// One line's event. The server's first line, which the greeting began, is empty; what is not
/// understood is left out, because a later version may say more.
fn decode(line: &Line<'_>) -> Option<ServerEvent<'static>> {
    let Line::Whole(line) = line else {
        return None;
    };
    if line.is_empty() {
        return None;
    }
    match native::decode_server(line) {
        Ok(Decoded::Event(event)) => Some(clean::event(event)),
        Ok(Decoded::Unknown(name)) => {
            tracing::debug!(?name, "an event of a later version");
            None
        }
        Err(error) => {
            tracing::debug!(%error, "a line that is no event");
            None
        }
    }
}
