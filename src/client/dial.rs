//! Opens the byte stream a client speaks over. Knows nothing of what is said.

use socket2::{SockRef, TcpKeepalive};
use std::future::Future;
use std::io;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// TCP's own probes find a dead peer below the protocol's pings, also while this side has nothing
/// to say: after 15 s of silence, three probes 5 s apart.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(15);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
const KEEPALIVE_PROBES: u32 = 3;

/// A way to reach one server, again and again. Tests have their own.
pub(super) trait Dial: Clone + Send + Sync + 'static {
    type Stream: AsyncRead + AsyncWrite + Unpin + Send + 'static;

    /// Opens a stream. The caller sets the deadline.
    fn dial(self) -> impl Future<Output = io::Result<Self::Stream>> + Send;
}

/// A server's address on the network.
#[derive(Debug, Clone)]
pub(super) struct Tcp {
    server: String,
}

impl Tcp {
    pub(super) fn new(server: String) -> Self {
        Self { server }
    }
}

impl Dial for Tcp {
    type Stream = TcpStream;

    async fn dial(self) -> io::Result<TcpStream> {
        // Looks the name up each time: a server may come back at another address.
        let stream = TcpStream::connect(&self.server).await?;
        stream.set_nodelay(true)?;
        let keepalive = TcpKeepalive::new()
            .with_time(KEEPALIVE_IDLE)
            .with_interval(KEEPALIVE_INTERVAL)
            .with_retries(KEEPALIVE_PROBES);
        SockRef::from(&stream).set_tcp_keepalive(&keepalive)?;
        Ok(stream)
    }
}
