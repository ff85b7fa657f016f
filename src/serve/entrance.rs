//! Where connections come in that are not the listener's: any stream of bytes, under the same rules.
//! Knows no address but as the name of a peer.

use super::reception::Reception;
use super::seat::Seat;
use super::session::{self, Shared};
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};

/// Takes in whoever speaks at the other end of a stream.
#[derive(Debug, Clone)]
pub struct Entrance {
    pub(super) shared: Shared,
    pub(super) reception: Arc<Reception>,
}

impl Entrance {
    /// One connection, from its first byte to its last: a member as any other. Where there is no
    /// place for it, it ends at once.
    pub async fn run<R, W>(&self, addr: SocketAddr, read: R, write: W)
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let mut shared = self.shared.clone();
        let session = shared.next_session();
        let seat = Seat::new(shared.counters.clone());
        let limits = shared.limits.now().clone();
        match self.reception.arrive(&limits, session, addr.ip(), &seat) {
            Ok(visit) => session::run(shared, session, addr, read, write, seat, visit).await,
            Err(reason) => shared.counters.closed(reason),
        }
    }
}
