//! Where connections come in, whatever they come over: the listener's sockets, and any other stream
//! of bytes. Bounds nothing itself.

use super::closer::Closer;
use super::session::{self, Shared};
use std::net::SocketAddr;
use tokio::io::{AsyncRead, AsyncWrite};

/// Takes in whoever speaks at the other end of a stream.
#[derive(Debug, Clone)]
pub struct Entrance(pub(super) Shared);

impl Entrance {
    /// One connection, from its first byte to its last: a member as any other. What connections
    /// may take of the machine is for their transport to bound, as the listener does.
    pub fn run<R, W>(
        &self,
        addr: SocketAddr,
        read: R,
        write: W,
    ) -> impl Future<Output = ()> + Send + use<R, W>
    where
        R: AsyncRead + Unpin + Send + 'static,
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let Self(shared) = self;
        session::run(shared.clone(), shared.next_session(), addr, read, write, Closer::default())
    }
}
