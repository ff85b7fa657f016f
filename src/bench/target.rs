//! Which server is loaded, and whether it may be: one on this machine, or one that its owner says is
//! theirs.

use super::BenchError;
use std::net::{IpAddr, SocketAddr};
use tokio::net::{TcpStream, lookup_host};

/// Looks a server up, and finds the address of it that answers. Unless it `is_mine`, all of its
/// addresses have to be loopback.
pub(super) async fn find(server: &str, is_mine: bool) -> Result<SocketAddr, BenchError> {
    let unknown = |error| BenchError::Unknown { server: server.into(), error };
    let addrs: Vec<SocketAddr> = lookup_host(server).await.map_err(unknown)?.collect();
    if let Some(ip) = stranger(&addrs).filter(|_| !is_mine) {
        return Err(BenchError::NotLoopback { server: server.into(), ip });
    }
    let unreachable = |error| BenchError::Unreachable { server: server.into(), error };
    let probe = TcpStream::connect(&addrs[..]).await.map_err(unreachable)?;
    probe.peer_addr().map_err(unreachable)
}

/// An address that is not this machine's loopback.
fn stranger(addrs: &[SocketAddr]) -> Option<IpAddr> {
    addrs.iter().map(SocketAddr::ip).find(|ip| !ip.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_that_is_not_loopback_is_enough() {
        let addrs = |list: &[&str]| -> Vec<SocketAddr> {
            list.iter().map(|addr| addr.parse().unwrap()).collect()
        };
        assert_eq!(stranger(&addrs(&["127.0.0.1:7", "[::1]:7", "[::ffff:127.9.9.9]:7"])), None);
        for strange in ["0.0.0.0:7", "192.0.2.1:7", "[2001:db8::1]:7", "[::ffff:192.0.2.1]:7"] {
            let found = stranger(&addrs(&["127.0.0.1:7", strange]));
            assert_eq!(found, Some(strange.parse::<SocketAddr>().unwrap().ip()));
        }
    }
}
