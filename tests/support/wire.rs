//! One connection, byte for byte: what is sent, and what exactly comes. The dialects are built on
//! it, and tests of the handshake use it as it is.

use super::DEADLINE;
use socket2::{Domain, Socket, Type};
use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

/// A connection and what has come over it unread.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    unread: Vec<u8>,
    ended: bool,
}

impl Wire {
    #[track_caller]
    pub(crate) fn connect(addr: SocketAddr) -> Self {
        Self::over(TcpStream::connect(addr).unwrap())
    }

    /// From another address of this machine than the usual one.
    #[track_caller]
    pub(crate) fn connect_from(from: IpAddr, addr: SocketAddr) -> Self {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::new(from, 0).into()).unwrap();
        socket.connect(&addr.into()).unwrap();
        Self::over(socket.into())
    }

    #[track_caller]
    fn over(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        Self { stream, unread: Vec::new(), ended: false }
    }

    /// Sends these bytes in one write.
    #[track_caller]
    pub(crate) fn sends(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.write_all(bytes.as_ref()).unwrap();
        self
    }

    /// Sends these bytes as far as the peer takes them; it may have closed.
    pub(crate) fn sends_anyway(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let _closed = self.stream.write_all(bytes.as_ref());
        self
    }

    /// Exactly these bytes come next.
    #[track_caller]
    pub(crate) fn expects(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        let bytes = bytes.as_ref();
        while self.unread.len() < bytes.len() && self.more() {}
        let got = self.unread.get(..bytes.len()).unwrap_or(&self.unread);
        assert_eq!(show(got), show(bytes), "what came, and what was expected");
        self.unread.drain(..bytes.len());
        self
    }

    /// Whether these bytes come next; they are still to be taken.
    #[track_caller]
    pub(crate) fn starts_with(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let bytes = bytes.as_ref();
        while self.unread.len() < bytes.len() && self.more() {}
        self.unread.starts_with(bytes)
    }

    /// The next line, without its newline; `None` at the end.
    #[track_caller]
    pub(crate) fn line(&mut self) -> Option<Vec<u8>> {
        let mut looked = 0;
        loop {
            if let Some(end) = self.unread.iter().skip(looked).position(|&byte| byte == b'\n') {
                let mut line: Vec<u8> = self.unread.drain(..=looked + end).collect();
                line.pop();
                return Some(line);
            }
            looked = self.unread.len();
            if !self.more() {
                assert!(self.unread.is_empty(), "half a line: {}", show(&self.unread));
                return None;
            }
        }
    }

    /// The next whole line; `None` where the connection was cut, be it in the middle of one.
    #[track_caller]
    pub(crate) fn line_or_cut(&mut self) -> Option<Vec<u8>> {
        while !self.unread.contains(&b'\n') {
            if !self.more() {
                return None;
            }
        }
        self.line()
    }

    /// The connection is closed, and nothing comes before that.
    #[track_caller]
    pub(crate) fn ends(&mut self) {
        while self.unread.is_empty() && self.more() {}
        assert_eq!(show(&self.unread), "", "came before the end");
        assert!(self.ended);
    }

    /// What one `recv` of so many bytes returns; nothing at the end.
    #[track_caller]
    pub(crate) fn recv(&mut self, bytes: usize) -> Vec<u8> {
        assert!(self.unread.is_empty(), "mixed with other reads");
        let mut buffer = vec![0; bytes];
        self.stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let got = match self.stream.read(&mut buffer) {
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            got => got.expect("nothing came in time"),
        };
        buffer.truncate(got);
        buffer
    }

    /// Says that nothing more will be sent.
    #[track_caller]
    pub(crate) fn ends_its_side(&mut self) -> &mut Self {
        self.stream.shutdown(Shutdown::Write).unwrap();
        self
    }

    /// A second handle to write with, for another thread.
    pub(crate) fn writer(&self) -> TcpStream {
        self.stream.try_clone().unwrap()
    }

    /// Reads once; false at the end.
    #[track_caller]
    fn more(&mut self) -> bool {
        let mut buffer = vec![0; 64 * 1024];
        let deadline = Instant::now() + DEADLINE;
        while !self.ended {
            let left = deadline.saturating_duration_since(Instant::now());
            self.stream.set_read_timeout(Some(left.max(Duration::from_millis(1)))).unwrap();
            match self.stream.read(&mut buffer) {
                Ok(0) => self.ended = true,
                Ok(got) => {
                    self.unread.extend_from_slice(&buffer[..got]);
                    return true;
                }
                // A server that closes with input unread resets; the end all the same.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => self.ended = true,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    panic!("{error} within {DEADLINE:?}; unread: {}", show(&self.unread))
                }
            }
        }
        false
    }
}

/// Bytes as a reader of a failed test can make sense of them.
fn show(bytes: &[u8]) -> String {
    let mut shown = String::new();
    for chunk in bytes.utf8_chunks() {
        shown.push_str(chunk.valid());
        for byte in chunk.invalid() {
            write!(shown, "\\x{byte:02x}").unwrap();
        }
    }
    shown
}
