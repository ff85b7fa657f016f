//! The server: a listener, sessions, the hub and its administration.
//!
//! ```text
//! reader ──Request──▶ hub (owns Room + Log) ──publishes the tail once a turn──▶ writers, each with a cursor
//! ```
//!
//! A shutdown goes in this order: stop accepting; drain the hub, which carries out what is in its
//! inbox and closes every session; writers send what is in the log, then `bye`, until the drain
//! deadline; what is left is dropped; the history takes what is in the logs, and its file is closed.

pub mod admin;
mod askers;
mod entrance;
mod gate;
mod handout;
pub mod history;
pub mod hub;
mod listener;
mod live;
pub mod memory;
pub mod metrics;
pub mod program;
mod reception;
mod record;
pub mod reload;
pub mod rig;
mod seat;
mod session;
#[cfg(test)]
mod sim;
mod socket;
pub mod stop;
pub mod supervise;
mod tide;

pub use entrance::Entrance;

use crate::config::{HistorySettings, Limits};
use crate::wire::entry::SessionId;
use history::{Gate, HistoryError};
use hub::{Hub, HubHandle, Legacy, Request};
use live::Live;
use metrics::Counters;
use reception::Reception;
use session::Shared;
use socket2::SockRef;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::net::{TcpListener, TcpSocket, lookup_host};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// Connections the kernel holds for us while we are busy: a reconnect storm of a full server
/// comes in a few of these.
const BACKLOG: u32 = 4096;

/// What a server is told at its start.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// `HOST:PORT`; port 0 takes a free one.
    pub listen: String,
    pub limits: Limits,
    /// Where what is said is kept, if it is.
    pub history: Option<HistorySettings>,
}

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error(
        "`{listen}` is no address to listen on ({error}); write HOST:PORT, such as 127.0.0.1:55556"
    )]
    Address { listen: String, error: io::Error },
    #[error("{addr} is in use; is another chaty running? Choose another with --listen HOST:PORT")]
    InUse { addr: SocketAddr },
    #[error(transparent)]
    History(#[from] HistoryError),
    #[error("cannot listen on {addr}: {error}")]
    Listen { addr: SocketAddr, error: io::Error },
}

/// The hub ended though nobody asked it to, and with it the room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the room broke down, which is a bug of chaty's: please report the lines above")]
pub struct HubDied;

/// A server that listens and is ready to run.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
    /// Connections the open-file limit has room for.
    fit: usize,
    reception: Arc<Reception>,
    hub: Hub,
    shared: Shared,
    live: watch::Sender<Arc<Limits>>,
    shutdown: CancellationToken,
}

/// Changes the limits of a server that runs.
#[derive(Debug, Clone)]
pub struct Control {
    live: watch::Sender<Arc<Limits>>,
    hub: HubHandle,
}

impl Control {
    /// From now on these, for everybody who is there, too. TCP keepalive is set up with a
    /// connection and stays as it was for those.
    pub async fn change(&self, limits: Limits) {
        let limits = Arc::new(limits);
        self.live.send_replace(limits.clone());
        // A hub that is gone limits nobody.
        let _gone = self.hub.send(Request::Limits(limits)).await;
    }
}

impl Server {
    /// Takes the address. Nobody is let in before [`run`](Self::run).
    pub async fn bind(options: Options) -> Result<Self, ServeError> {
        Self::bind_with(options, None).await
    }

    /// With a disk that a test may hold.
    async fn bind_with(options: Options, gate: Option<Gate>) -> Result<Self, ServeError> {
        let Options { listen, limits, history } = options;
        let fit = listener::connections_that_fit();
        let addr = resolve(&listen).await?;
        let listener = listen_on(addr, &limits).map_err(|error| match error.kind() {
            io::ErrorKind::AddrInUse => ServeError::InUse { addr },
            _ => ServeError::Listen { addr, error },
        })?;
        let addr = listener.local_addr().map_err(|error| ServeError::Listen { addr, error })?;
        listener::make_room(&listener, limits.connections.min(fit));
        let shutdown = CancellationToken::new();
        let counters = Arc::<Counters>::default();
        let (hub, handle) = if let Some(settings) = &history {
            record::begin(settings, &limits, counters.clone(), &shutdown, gate).await?
        } else {
            let (mut hub, handle) =
                Hub::new(&limits, counters.clone(), shutdown.clone(), Legacy::none());
            hub.take_up();
            (hub, handle)
        };
        let (live, limits) = Live::new(limits);
        let shared = Shared {
            hub: handle,
            limits,
            counters,
            tracker: TaskTracker::new(),
            kill: CancellationToken::new(),
            last: Arc::new(AtomicU64::new(SessionId::CONSOLE.0)),
        };
        let reception = Reception::new(fit);
        Ok(Self { listener, addr, fit, reception, hub, shared, live, shutdown })
    }

    /// The address it really has.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Connections it takes at once, after the open-file limit has been raised as far as it goes.
    pub fn connections_limit(&self) -> usize {
        self.shared.limits.clone().now().connections.min(self.fit)
    }

    /// For streams that come another way than through the listener, while the server runs.
    pub fn entrance(&self) -> Entrance {
        Entrance { shared: self.shared.clone(), reception: self.reception.clone() }
    }

    /// For the console and the admin socket.
    pub fn hub(&self) -> HubHandle {
        self.shared.hub.clone()
    }

    /// For whoever reads the settings again.
    pub fn control(&self) -> Control {
        Control { live: self.live.clone(), hub: self.hub() }
    }

    /// Serves until `shutdown` or the administrator's `shutdown`, then drains.
    ///
    /// # Errors
    ///
    /// When the hub has died. Every session has ended then.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), HubDied> {
        let Self { listener, reception, hub, mut shared, live, shutdown: asked, .. } = self;
        // The hub is not tracked: it ends by being drained, and is waited for by name.
        let hubs = TaskTracker::new();
        // One for each thread: they hand out the messages.
        let ringers = Handle::current().metrics().num_workers();
        let ringers = std::iter::repeat_n(hub.ringer(), ringers);
        let ringers = ringers.map(|ringer| hubs.spawn(async move { ringer.run().await }));
        let _ringing: Vec<_> = ringers.map(AbortOnDropHandle::new).collect();
        let mut hub = hubs.spawn(hub.run());
        // On a worker, as the sessions are: none of them has to be handed from thread to thread.
        let accepting = listener::accept(listener, shared.clone(), reception);
        let accepting = AbortOnDropHandle::new(hubs.spawn(accepting));
        tokio::select! {
            () = shutdown => {}
            () = asked.cancelled() => {}
            // It ends by being drained; a panic has been logged.
            _early = &mut hub => {
                shared.kill.cancel();
                if let Some(history) = shared.hub.history() {
                    history.close().await;
                }
                return Err(HubDied);
            }
        }
        accepting.abort();
        // It takes the listener with it.
        let _aborted = accepting.await;
        let drain_for = shared.limits.now().drain;
        // A hub that is gone is drained.
        let mut logs = None;
        // Nobody is taken in any more, and however far the drain comes, all who are there are
        // waited for.
        shared.tracker.close();
        let drain = async {
            let _gone = shared.hub.send(Request::Drain).await;
            logs = hub.await.ok();
            shared.tracker.wait().await;
        };
        if timeout(drain_for, drain).await.is_err() {
            tracing::warn!("some members did not read to the end in time");
            shared.kill.cancel();
            shared.tracker.wait().await;
        }
        if let Some(history) = shared.hub.history() {
            history.close().await;
        }
        // Members and the history have read them to the end by now.
        drop(logs);
        drop(live);
        Ok(())
    }
}

async fn resolve(listen: &str) -> Result<SocketAddr, ServeError> {
    let failed = |error| ServeError::Address { listen: listen.into(), error };
    let mut found = lookup_host(listen).await.map_err(failed)?;
    let nothing = || failed(io::Error::other("nothing by that name"));
    found.next().ok_or_else(nothing)
}

fn listen_on(addr: SocketAddr, limits: &Limits) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    listener::set_up(&SockRef::from(&socket), limits)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

#[cfg(test)]
mod tests;
