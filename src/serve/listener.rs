//! Takes connections in and sets them up. Survives every error of `accept`, and knows nothing of
//! what is said on a connection.

use super::entrance::Entrance;
use super::session::Shared;
use crate::config::Limits;
use crate::wire::close::CloseReason;
use crate::wire::line;
use socket2::{SockRef, TcpKeepalive};
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

/// The first pause after a failed `accept`, and the longest; each is twice the one before. NATS'
/// figures.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Descriptors kept for everything that is not a member: logs, the console, scripts being read.
const SPARE_DESCRIPTORS: u64 = 64;

/// Raises the open-file limit as far as it goes and says how many connections fit under it.
pub(super) fn connections_limit(wanted: usize) -> usize {
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024);
    let fit = usize::try_from(files.saturating_sub(SPARE_DESCRIPTORS)).unwrap_or(usize::MAX);
    wanted.min(fit.max(1))
}

/// Accepts for ever. Ends by being dropped.
pub(super) async fn accept(listener: &TcpListener, shared: Shared, connections: usize) {
    let slots = Arc::new(Semaphore::new(connections.min(Semaphore::MAX_PERMITS)));
    let mut pause = FIRST_PAUSE;
    // Given up when descriptors run out, so that a waiting peer can be taken in and told.
    let mut spare = File::open("/dev/null").ok();
    loop {
        match listener.accept().await {
            Ok((stream, addr)) => {
                pause = FIRST_PAUSE;
                if let Ok(slot) = slots.clone().try_acquire_owned() {
                    start(&shared, stream, addr, slot);
                } else {
                    turn_away(&shared, &stream, addr);
                }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection; trying again");
                // Whoever is waiting for a descriptor we do not have is told so with this one.
                if is_out_of_files(&error)
                    && spare.take().is_some()
                    && let Ok((stream, addr)) = listener.accept().await
                {
                    turn_away(&shared, &stream, addr);
                }
                sleep(pause).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                spare = spare.or_else(|| File::open("/dev/null").ok());
            }
        }
    }
}

fn is_out_of_files(error: &io::Error) -> bool {
    use rustix::io::Errno;
    [Errno::MFILE, Errno::NFILE].iter().any(|no| error.raw_os_error() == Some(no.raw_os_error()))
}

fn start(shared: &Shared, stream: TcpStream, addr: SocketAddr, slot: OwnedSemaphorePermit) {
    if let Err(error) = set_up(&stream, &shared.limits) {
        tracing::debug!(%addr, %error, "lost before it began");
        return;
    }
    let (read, write) = stream.into_split();
    // Boxed once: every future around a future would hold it a second time.
    let run = Box::pin(Entrance(shared.clone()).run(addr, read, write));
    let run = shared.kill.clone().run_until_cancelled_owned(run);
    shared.tracker.spawn(async move {
        run.await;
        drop(slot);
    });
}

/// No Nagle, and the keepalive that the ancestor meant.
fn set_up(stream: &TcpStream, limits: &Limits) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(limits.keepalive_idle)
        .with_interval(limits.keepalive_interval)
        .with_retries(limits.keepalive_probes);
    SockRef::from(stream).set_tcp_keepalive(&keepalive)
}

/// A last line for somebody there is no room for. Whether it arrives is not waited for.
fn turn_away(shared: &Shared, stream: &TcpStream, addr: SocketAddr) {
    shared.counters.closed(CloseReason::Full);
    let words = format!("{}\n", line::notice(&CloseReason::Full.to_string()));
    let _best_effort = stream.try_write(words.as_bytes());
    tracing::warn!(%addr, "turned away: the server is full");
}
