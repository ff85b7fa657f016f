//! The writing half of a member's connection. A write is tried on the spot, and the runtime hears of
//! it only if the kernel does not take it all: nearly always it does, and then what the runtime keeps
//! of a socket (its readiness, who waits for it, the task's budget) is looked at for nothing, by code
//! and data that the processor has to fetch again after each call into the kernel.

use rustix::io::{Errno, writev};
use rustix::net::{SendFlags, send};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::io::AsyncWrite;
use tokio::net::tcp::OwnedWriteHalf;

#[derive(Debug)]
pub(super) struct Socket(OwnedWriteHalf);

impl Socket {
    pub(super) fn new(half: OwnedWriteHalf) -> Self {
        Self(half)
    }
}

/// What the kernel said to a write that does not wait; `None` if it takes nothing now.
fn tried(sent: Result<usize, Errno>) -> Option<Poll<io::Result<usize>>> {
    match sent {
        Err(Errno::AGAIN | Errno::INTR) => None,
        sent => Some(Poll::Ready(sent.map_err(io::Error::from))),
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        // It is a socket that does not block, in a program that std has ignore SIGPIPE.
        tried(send(self.0.as_ref(), bytes, SendFlags::empty()))
            .unwrap_or_else(|| Pin::new(&mut self.0).poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        tried(writev(self.0.as_ref(), slices))
            .unwrap_or_else(|| Pin::new(&mut self.0).poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::net::Ipv4Addr;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    async fn pair() -> (Socket, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let connecting = TcpStream::connect(listener.local_addr().unwrap());
        let (peer, accepted) = tokio::join!(connecting, listener.accept());
        (Socket::new(accepted.unwrap().0.into_split().1), peer.unwrap())
    }

    /// More than both buffers hold, both ways of writing in turns.
    #[tokio::test]
    async fn what_the_kernel_does_not_take_at_once_goes_out_when_the_peer_reads() {
        const ALL: usize = 32 << 20;
        let (mut socket, mut peer) = pair().await;
        let bytes: Vec<u8> = (0..ALL).map(|at| u8::try_from(at % 251).unwrap()).collect();
        let mut waited = false;
        let writes = async {
            let (mut sent, mut turn) = (0, 0);
            while sent < ALL {
                turn += 1;
                let rest = &bytes[sent..];
                sent += poll_fn(|cx| {
                    let socket = Pin::new(&mut socket);
                    let written = if turn % 2 == 0 {
                        socket.poll_write(cx, rest)
                    } else {
                        let (first, second) = rest.split_at(rest.len() / 2);
                        let slices = [IoSlice::new(first), IoSlice::new(second)];
                        socket.poll_write_vectored(cx, &slices)
                    };
                    waited |= written.is_pending();
                    written
                })
                .await
                .unwrap();
            }
            socket.shutdown().await.unwrap();
        };
        let reads = async {
            let mut heard = Vec::new();
            peer.read_to_end(&mut heard).await.unwrap();
            heard
        };
        let ((), heard) = tokio::join!(writes, reads);
        assert!(waited);
        assert!(heard == bytes);
    }

    #[tokio::test]
    async fn a_peer_that_is_gone_is_an_error() {
        let (mut socket, peer) = pair().await;
        drop(peer);
        let error = loop {
            if let Err(error) = socket.write(b"Neo: hello\n").await {
                break error;
            }
            tokio::task::yield_now().await;
        };
        assert!(matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset));
    }
}
