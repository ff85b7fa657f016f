//! `chaty admin`'s side of the admin socket: a line there, an answer back. Opens a connection for
//! each line, so that nothing is held between two.

use super::socket::{DEADLINE, Request};
use super::{Answer, Clerk};
use crate::config;
use crate::wire::shown::{self, Shown};
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixStream, lookup_host};
use tokio::time::timeout;

/// Bytes of an answer: `list` of 10 000 members, as text and as JSON, takes about 4 MiB.
const ANSWER: u64 = 16 * 1024 * 1024;

/// A server's desk, by its socket.
#[derive(Debug, Clone)]
pub struct Remote {
    socket: PathBuf,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    #[error(
        "no chaty server answers on {socket}; start one with `chaty serve`, or name its port with \
         --server HOST:PORT or its socket with --socket FILE",
        socket = socket.display()
    )]
    NoServer { socket: PathBuf },
    #[error(
        "the admin socket {socket} belongs to somebody else; ask as the user who runs the server",
        socket = socket.display()
    )]
    NotYours { socket: PathBuf },
    #[error("the server on {socket} did not answer: {source}", socket = socket.display())]
    NoAnswer { socket: PathBuf, source: io::Error },
    /// Another server, of the same port, would carry it out.
    #[error(
        "{} is not this machine: a server is administered on its own, through a socket in the file \
         system",
        Shown::new(server)
    )]
    NotHere { server: String },
}

impl Remote {
    /// The desk behind this socket; nothing is opened yet.
    pub fn new(socket: PathBuf) -> Self {
        Self { socket }
    }

    /// The desk of the server that listens there, which has to be on this machine.
    pub async fn of_server(server: &str, port: u16) -> Result<Self, RemoteError> {
        // An address of this machine is one that something here can have.
        let is_ours = |addr: SocketAddr| UdpSocket::bind((addr.ip(), 0)).is_ok();
        let addrs = timeout(DEADLINE, lookup_host(server)).await;
        if addrs.is_ok_and(|addrs| addrs.is_ok_and(|mut addrs| addrs.any(is_ours))) {
            return Ok(Self::new(config::admin_socket(port)));
        }
        Err(RemoteError::NotHere { server: server.into() })
    }

    /// Asks one line. The text that comes back is harmless to print.
    pub async fn ask(&self, line: &str) -> Result<Answer, RemoteError> {
        let answer = match timeout(DEADLINE, self.exchange(line)).await {
            Ok(answer) => answer,
            Err(elapsed) => Err(elapsed.into()),
        };
        let mut answer = answer.map_err(|source| self.explain(source))?;
        answer.text = shown::lines(&answer.text);
        Ok(answer)
    }

    async fn exchange(&self, line: &str) -> io::Result<Answer> {
        let mut stream = UnixStream::connect(&self.socket).await?;
        let mut request = serde_json::to_vec(&Request { line: line.into() })?;
        request.push(b'\n');
        // Refused before it is read to its end, a request cannot be written to its end either:
        // the answer says why.
        let _written = stream.write_all(&request).await;
        let mut answer = Vec::new();
        stream.take(ANSWER).read_to_end(&mut answer).await?;
        Ok(serde_json::from_slice(&answer)?)
    }

    fn explain(&self, source: io::Error) -> RemoteError {
        let socket = self.socket.clone();
        match source.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
                RemoteError::NoServer { socket }
            }
            io::ErrorKind::PermissionDenied => RemoteError::NotYours { socket },
            _ => RemoteError::NoAnswer { socket, source },
        }
    }
}

impl Clerk for Remote {
    async fn answer(&self, line: &str) -> Answer {
        self.ask(line).await.unwrap_or_else(|error| Answer::failed(error.to_string()))
    }

    async fn names(&self) -> Vec<String> {
        let Ok(answer) = self.ask("list").await else {
            return Vec::new();
        };
        let members = answer.report.get("members").and_then(|members| members.as_array().cloned());
        members
            .unwrap_or_default()
            .iter()
            .filter_map(|member| Some(Shown::new(member.get("name")?.as_str()?).to_string()))
            .collect()
    }
}
