//! A server to measure, when none is named: this same program, on a free port of loopback, with
//! nothing recorded and nobody held back. It ends with the run.

use super::BenchError;
use std::io;
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// How long it may take to listen, on a busy machine.
const START: Duration = Duration::from_secs(20);
/// How long it may take to end when nobody is connected any more.
const END: Duration = Duration::from_secs(5);
/// Connections beside the members', such as one that only looks whether it listens.
const SPARE: usize = 16;
/// A server that may have few connections lets few knock at once; this is its default.
const LEAST: usize = 10_000;
const FIRST_LINE: &str = "chaty is listening on ";

/// The running server. Dropped, it is killed.
#[derive(Debug)]
pub(super) struct Own {
    child: Child,
    /// Held open: the child ends when it does, also if this process is killed.
    stdin: Option<ChildStdin>,
    /// Held open, though nobody reads any more: its few lines fit into the pipe.
    _stdout: BufReader<ChildStdout>,
    pub(super) addr: SocketAddr,
}

impl Own {
    pub(super) async fn start(members: usize) -> Result<Self, BenchError> {
        timeout(START, Self::listening(members))
            .await
            .unwrap_or_else(|_late| Err(io::Error::from(io::ErrorKind::TimedOut)))
            .map_err(BenchError::Own)
    }

    async fn listening(members: usize) -> io::Result<Self> {
        let connections = format!("connections={}", (members + SPARE).max(LEAST));
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", "--listen", "127.0.0.1:0", "--no-history", "--supervised"])
            .args(["--limit", "flood=false", "--limit", &connections, "--log", "error"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Ctrl-C is for the run, which ends the server when it has seen the last delivery.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().ok_or(io::ErrorKind::BrokenPipe)?;
        let mut stdout = BufReader::new(stdout);
        let mut line = String::new();
        stdout.read_line(&mut line).await?;
        let addr = line.trim_end().strip_prefix(FIRST_LINE).and_then(|addr| addr.parse().ok());
        let addr = addr.ok_or_else(|| io::Error::other(format!("it says {line:?}")))?;
        Ok(Self { child, stdin, _stdout: stdout, addr })
    }

    /// Ends it, and waits for that.
    pub(super) async fn end(mut self) {
        drop(self.stdin.take());
        if timeout(END, self.child.wait()).await.is_err() {
            // It is gone already, or it cannot be killed; there is no more to do.
            let _gone = self.child.kill().await;
        }
    }
}
