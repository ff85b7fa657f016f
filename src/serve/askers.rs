//! Who asks the server something beside the room: the owner on the admin socket, a Prometheus at
//! its page. A few at once, each with a deadline; how badly they ask changes nothing for the room.

use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// After a failed accept, such as for want of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Where they come in.
pub(super) trait Door {
    type Stream: Send + 'static;
    fn accept(&self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

impl Door for TcpListener {
    type Stream = TcpStream;
    async fn accept(&self) -> io::Result<TcpStream> {
        TcpListener::accept(self).await.map(|(stream, _)| stream)
    }
}

impl Door for UnixListener {
    type Stream = UnixStream;
    async fn accept(&self) -> io::Result<UnixStream> {
        UnixListener::accept(self).await.map(|(stream, _)| stream)
    }
}

/// What is allowed them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Askers {
    /// Who they are, for the log.
    pub(super) what: &'static str,
    /// Connections at once; more wait in the kernel's queue.
    pub(super) at_once: usize,
    /// From the connection to the answer's last byte.
    pub(super) deadline: Duration,
    /// Between two connections that are taken in.
    pub(super) pace: Duration,
}

impl Askers {
    /// Answers who comes, with `one`, until it is cancelled; then waits for those that have begun.
    pub(super) async fn serve<D: Door, F>(
        self,
        door: &D,
        one: impl Fn(D::Stream) -> F,
        cancel: CancellationToken,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let Self { what, at_once, deadline, pace } = self;
        let (slots, tasks) = (Arc::new(Semaphore::new(at_once)), TaskTracker::new());
        loop {
            let next = async {
                let slot = slots.clone().acquire_owned().await.ok()?;
                Some((door.accept().await, slot))
            };
            let next = tokio::select! {
                () = cancel.cancelled() => break,
                next = next => next,
            };
            let Some((accepted, slot)) = next else { break };
            match accepted {
                Ok(stream) => {
                    let answer = timeout(deadline, one(stream));
                    tasks.spawn(async move {
                        if answer.await.is_err() {
                            tracing::debug!("{what}: one ran out of time");
                        }
                        drop(slot);
                    });
                    sleep(pace).await;
                }
                Err(error) => {
                    tracing::warn!(%error, "{what}: cannot accept");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        tasks.close();
        tasks.wait().await;
    }
}
