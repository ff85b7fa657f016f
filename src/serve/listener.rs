//! Takes connections in and sets them up. Survives every error of `accept`, and knows nothing of
//! what is said on a connection.

use super::reception::{Reception, Visit};
use super::seat::Seat;
use super::session::{self, Shared};
use super::socket::Socket;
use crate::config::Limits;
use crate::wire::close::CloseReason;
use crate::wire::entry::SessionId;
use crate::wire::line;
use rustix::io::fcntl_dupfd_cloexec;
use socket2::{SockRef, TcpKeepalive};
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

/// The first pause after a failed `accept`, and the longest; each is twice the one before. NATS'
/// figures.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Descriptors kept for everything that is not a member: logs, the console, scripts being read.
const SPARE_DESCRIPTORS: u64 = 64;

/// Between two lines of the log about who was turned away: whoever comes again and again must not
/// fill a disk with it.
const LOGGED: Duration = Duration::from_secs(1);

/// Raises the open-file limit as far as it goes and says how many connections fit under it.
pub(super) fn connections_that_fit() -> usize {
    let files = rlimit::increase_nofile_limit(u64::MAX).unwrap_or(1024);
    let fit = usize::try_from(files.saturating_sub(SPARE_DESCRIPTORS)).unwrap_or(usize::MAX);
    fit.max(1)
}

/// Has the kernel make room for the descriptors of so many connections now. In a program with threads it
/// waits each time that their table doubles until no processor looks at the old one (`expand_fdtable` in
/// Linux' `fs/file.c`): an accept in the middle of a rush that takes 6 to 16 ms, and everybody with it.
pub(super) fn make_room(any: &impl AsFd, connections: usize) {
    let last = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(SPARE_DESCRIPTORS) - 1;
    let made = fcntl_dupfd_cloexec(any, i32::try_from(last).unwrap_or(i32::MAX));
    if let Err(error) = made {
        // They come one by one then.
        tracing::debug!(%error, "no room for all descriptors at once");
    }
}

/// Accepts for ever. Ends by being dropped.
pub(super) async fn accept(listener: TcpListener, mut shared: Shared, reception: Arc<Reception>) {
    let mut turned_away = TurnedAway::default();
    let mut applied = shared.limits.now().clone();
    let mut pause = FIRST_PAUSE;
    // Given up when descriptors run out, so that a waiting peer can be taken in and told.
    let mut spare = File::open("/dev/null").ok();
    loop {
        match listener.accept().await {
            Ok((stream, addr)) => {
                pause = FIRST_PAUSE;
                let session = shared.next_session();
                let seat = Seat::new(shared.counters.clone());
                let limits = shared.limits.now().clone();
                if !Arc::ptr_eq(&limits, &applied) {
                    // And this one, which came with the settings of before.
                    let set_up = set_up(&SockRef::from(&listener), &limits)
                        .and_then(|()| set_up(&SockRef::from(&stream), &limits));
                    if let Err(error) = set_up {
                        tracing::warn!(%error, "the keepalive stays as it was");
                    }
                    applied = limits.clone();
                }
                match reception.arrive(&limits, session, addr.ip(), &seat) {
                    Ok(visit) => start(&shared, session, stream, addr, seat, visit),
                    Err(reason) => turned_away.tell(&shared, &stream, addr, reason),
                }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection; trying again");
                // Whoever is waiting for a descriptor we do not have is told so with this one.
                if is_out_of_files(&error)
                    && spare.take().is_some()
                    && let Ok((stream, addr)) = listener.accept().await
                {
                    turned_away.tell(&shared, &stream, addr, CloseReason::Full);
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

fn start(
    shared: &Shared,
    session: SessionId,
    stream: TcpStream,
    addr: SocketAddr,
    seat: Seat,
    visit: Visit,
) {
    let (read, write) = stream.into_split();
    let write = Socket::new(write);
    // Boxed once: every future around a future would hold it a second time.
    let run = session::run(shared.clone(), session, addr, read, write, seat, visit);
    shared.tracker.spawn(shared.kill.clone().run_until_cancelled_owned(Box::pin(run)));
}

/// No Nagle, and the keepalive that the ancestor meant: set once, on the listening socket, whose
/// connections have them from the start (Linux and the BSDs; no call for each of a storm of them).
pub(super) fn set_up(socket: &SockRef<'_>, limits: &Limits) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    let keepalive = TcpKeepalive::new()
        .with_time(limits.keepalive_idle)
        .with_interval(limits.keepalive_interval)
        .with_retries(limits.keepalive_probes);
    socket.set_tcp_keepalive(&keepalive)
}

/// Those there is no place for, and how many of them the log was not told of.
#[derive(Debug, Default)]
struct TurnedAway {
    logged: Option<Instant>,
    untold: u64,
}

impl TurnedAway {
    /// A last line for somebody there is no place for. Whether it arrives is not waited for.
    fn tell(&mut self, shared: &Shared, stream: &TcpStream, addr: SocketAddr, reason: CloseReason) {
        shared.counters.closed(reason);
        let words = format!("{}\n", line::notice(&reason.to_string()));
        let _best_effort = stream.try_write(words.as_bytes());
        if self.logged.is_some_and(|last| last.elapsed() < LOGGED) {
            self.untold += 1;
            return;
        }
        let others = std::mem::take(&mut self.untold);
        self.logged = Some(Instant::now());
        tracing::warn!(%addr, reason = reason.code(), others, "turned away: {reason}");
    }
}
