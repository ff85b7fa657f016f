//! Members by the hundred on one thread: each a socket and a few kilobytes. They join, read lines and
//! write bytes; what that means is their user's business.

use serde_json::{Value, json};
use std::cell::Cell;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpSocket;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

/// The half that reads, a line at a time.
#[derive(Debug)]
pub(crate) struct Ears {
    stream: BufReader<OwnedReadHalf>,
    line: Vec<u8>,
    /// The line has been given away.
    is_taken: bool,
}

/// The half that writes. The connection lasts until both are dropped.
pub(crate) type Mouth = OwnedWriteHalf;

/// The greeting, to the byte.
const WELCOME: &str = "Connection successful, welcome to ChatyChaty !";
/// Bytes that are read at once.
const READ: usize = 8 * 1024;

impl Ears {
    /// The next line, without its newline; an error at the end. Dropped while it waits, it loses
    /// nothing.
    pub(crate) async fn line(&mut self) -> io::Result<&[u8]> {
        if self.is_taken {
            self.line.clear();
            self.is_taken = false;
        }
        self.stream.read_until(b'\n', &mut self.line).await?;
        match self.line.split_last() {
            Some((b'\n', line)) => {
                self.is_taken = true;
                Ok(line)
            }
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Some bytes, as they come; none at the end.
    pub(crate) async fn bytes(&mut self) -> io::Result<&[u8]> {
        self.line.resize(READ, 0);
        let got = self.stream.read(&mut self.line).await?;
        self.is_taken = true;
        self.line.truncate(got);
        Ok(&self.line)
    }

    /// The event of the next line.
    pub(crate) async fn event(&mut self) -> io::Result<Value> {
        Ok(serde_json::from_slice(self.line().await?)?)
    }
}

thread_local! {
    static FROM: Cell<Option<Ipv4Addr>> = const { Cell::new(None) };
}

/// From now on this thread's connections come from this address of loopback.
pub(crate) fn come_from(addr: Ipv4Addr) {
    FROM.set(Some(addr));
}

/// A connection that has said nothing.
pub(crate) async fn connect(addr: SocketAddr) -> io::Result<(Ears, Mouth)> {
    let socket = TcpSocket::new_v4()?;
    if let Some(from) = FROM.get() {
        socket.bind((from, 0).into())?;
    }
    let stream = socket.connect(addr).await?;
    stream.set_nodelay(true)?;
    let (read, write) = stream.into_split();
    let stream = BufReader::with_capacity(READ, read);
    Ok((Ears { stream, line: Vec::new(), is_taken: false }, write))
}

/// Comes in as a line member.
pub(crate) async fn line(addr: SocketAddr, nick: &str) -> io::Result<(Ears, Mouth)> {
    let (mut ears, mut mouth) = connect(addr).await?;
    mouth.write_all(format!("{nick}\n").as_bytes()).await?;
    for expected in ["NICK", "NICK_OK"] {
        let line = ears.line().await?;
        if line != expected.as_bytes() {
            let line = String::from_utf8_lossy(line);
            return Err(io::Error::other(format!("{nick} heard {line} and no {expected}")));
        }
    }
    ears.line().await?;
    Ok((ears, mouth))
}

/// Comes in as a raw member.
pub(crate) async fn raw(addr: SocketAddr, nick: &str) -> io::Result<(Ears, Mouth)> {
    let (mut ears, mut mouth) = connect(addr).await?;
    mouth.write_all(nick.as_bytes()).await?;
    let expected = format!("NICKNICK_OK{WELCOME}");
    let mut got = vec![0; expected.len()];
    ears.stream.read_exact(&mut got).await?;
    if got == expected.as_bytes() {
        Ok((ears, mouth))
    } else {
        Err(io::Error::other(format!("{nick} heard {}", String::from_utf8_lossy(&got))))
    }
}

/// Comes in as a native member, with a `hello` of these fields. Gives the welcome as well.
pub(crate) async fn native(addr: SocketAddr, hello: &Value) -> io::Result<(Ears, Mouth, Value)> {
    let (mut ears, mut mouth) = connect(addr).await?;
    mouth.write_all(format!("{}\n", json!({ "hello": hello })).as_bytes()).await?;
    ears.line().await?;
    let mut event = ears.event().await?;
    match event.get_mut("welcome") {
        Some(welcome) => {
            let welcome = welcome.take();
            Ok((ears, mouth, welcome))
        }
        None => Err(io::Error::other(format!("no welcome: {event}"))),
    }
}
