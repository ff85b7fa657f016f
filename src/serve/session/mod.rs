//! One connection, from its first byte to its last: the door, then a reader and a writer side by
//! side. A session's fault ends that session and nothing else.

mod about;
mod batch;
mod door;
mod ear;
mod following;
mod foreign;
mod goodbye;
mod past;
mod private;
mod read;
mod reader;
mod replay;
mod standby;
mod stay;
mod writer;

pub(super) use ear::{Ear, POSTS, Step};
pub(super) use private::{Private, Word};
pub(super) use writer::{Writer, Writing};

use super::hub::HubHandle;
use super::live::Live;
use super::metrics::Counters;
use super::reception::Visit;
use super::seat::Seat;
use crate::room::Flood;
use crate::wire::Dialect;
use crate::wire::close::CloseReason;
use crate::wire::entry::SessionId;
use crate::wire::text::scrub;
use door::{Door, Entered};
use reader::Reader;
use replay::Filed;
use stay::Stay;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// What a session may keep, for the sum of all.
pub(super) mod bounds {
    pub(in crate::serve) use super::batch::BYTES as BATCH;
    pub(in crate::serve) use super::ear::POSTS;
    pub(in crate::serve) use super::private::HEAVY;
    pub(in crate::serve) use super::read::SCRATCH;
    pub(in crate::serve) use super::reader::READ_AHEAD;
}

/// What every session shares.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) hub: HubHandle,
    pub(super) limits: Live,
    pub(super) counters: Arc<Counters>,
    pub(super) tracker: TaskTracker,
    /// Ends what has not ended by itself when a shutdown's deadline is over.
    pub(super) kill: CancellationToken,
    /// The last session's number.
    pub(super) last: Arc<AtomicU64>,
}

impl Shared {
    /// A number for one more connection.
    pub(super) fn next_session(&self) -> SessionId {
        SessionId(self.last.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// Runs one connection to its end.
pub(super) async fn run<R, W>(
    shared: Shared,
    session: SessionId,
    addr: SocketAddr,
    read: R,
    write: W,
    seat: Seat,
    visit: Visit,
) where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let _connected = shared.counters.connected();
    let door = Door::new(&shared, session, addr, read, write, seat.clone());
    // Boxed, so that an admitted session does not keep the room its handshake took; and taken apart
    // before the next wait, for the same reason.
    let mut member = match Box::pin(door.enter()).await {
        Err(reason) => {
            shared.counters.closed(reason);
            tracing::debug!(session = session.0, %addr, reason = reason.code(), "not admitted");
            return;
        }
        Ok(entered) => Box::new(Member::begin(&shared, session, addr, entered, seat)),
    };
    drop(shared);
    visit.entered();
    let rest = std::mem::take(&mut member.rest);
    member.reader.run(rest).await;
    // It has said why; or it is cut off at the end of a shutdown.
    let _ended = (&mut member.writing).await;
    member.stay = None;
    read::linger(&mut member.reader.read).await;
}

/// Somebody who is in: the reading half, and the task of the writing half. Two tasks, so that each
/// wakes for its own half only. The writer outlives the reader by its last words, and ends with
/// this.
struct Member<R> {
    reader: Reader<R>,
    /// What came behind the name.
    rest: Vec<u8>,
    writing: AbortOnDropHandle<CloseReason>,
    stay: Option<Stay>,
}

impl<R> Member<R> {
    fn begin<W>(
        shared: &Shared,
        session: SessionId,
        addr: SocketAddr,
        entered: Entered<R, W>,
        seat: Seat,
    ) -> Self
    where
        W: AsyncWrite + Unpin + Send + 'static,
    {
        let Entered { dialect, nick, kind, client, owner, place, greeting, rest, read, write } =
            entered;
        let client = client.as_deref().map(scrub).unwrap_or_default();
        tracing::info!(
            session = session.0, %nick, kind = kind.name(), dialect = dialect.name(), %addr, client,
            "joined"
        );
        let stay =
            Stay { session, nick: nick.to_string(), since: Instant::now(), seat: seat.clone() };
        let (hub, limits) = (shared.hub.clone(), shared.limits.clone());
        let writing = Writing { session, dialect, place, seat: seat.clone() };
        let mut writer = Writer::new(writing, &hub, write, limits.clone());
        // The other dialects have no numbers to come back to and no acks to wait for.
        let history = shared.hub.history().filter(|_| dialect == Dialect::Native);
        writer.filed = history.map(|history| {
            let (hub, history) = (shared.hub.clone(), history.clone());
            Box::new(Filed { durable: hub.acked(), hub, history, nick: nick.clone(), owner })
        });
        writer.greet(greeting);
        let ear = Ear::new(dialect, nick);
        let (flood, since) = (Flood::default(), Instant::now());
        let reader = Reader { session, dialect, read, ear, hub, seat, limits, flood, since };
        let writing = shared.tracker.spawn(writer.run());
        Self { reader, rest, writing: AbortOnDropHandle::new(writing), stay: Some(stay) }
    }
}

/// The bytes that end the server's own first line in the dialects that have lines.
fn first_line_end(dialect: Dialect) -> &'static [u8] {
    if dialect == Dialect::Raw { b"" } else { b"\n" }
}

#[cfg(test)]
mod tests;
