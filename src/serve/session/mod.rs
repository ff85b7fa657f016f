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
mod stay;
mod writer;

pub(super) use ear::POSTS;
pub(super) use private::{Private, Word};

use super::gate;
use super::hub::HubHandle;
use super::live::Live;
use super::metrics::{Counters, Taken, Traffic};
use super::reception::Visit;
use super::seat::Seat;
use crate::room::Flood;
use crate::wire::Dialect;
use crate::wire::entry::SessionId;
use crate::wire::text::scrub;
use door::{Door, Entered};
use ear::Ear;
use following::Following;
use reader::Reader;
use replay::Filed;
use stay::Stay;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};
use writer::{EndsSession, Writer};

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
    // Boxed, so that an admitted session does not keep the room its handshake took.
    match Box::pin(door.enter()).await {
        Err(reason) => {
            shared.counters.closed(reason);
            tracing::debug!(session = session.0, %addr, reason = reason.code(), "not admitted");
        }
        Ok(entered) => {
            visit.entered();
            member(shared, session, addr, entered, seat).await;
        }
    }
}

async fn member<R, W>(
    shared: Shared,
    session: SessionId,
    addr: SocketAddr,
    entered: Entered<R, W>,
    seat: Seat,
) where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let Entered { dialect, nick, kind, client, owner, place, greeting, rest, read, write } =
        entered;
    let client = client.as_deref().map(scrub).unwrap_or_default();
    let name = nick.to_string();
    tracing::info!(
        session = session.0, nick = %name, kind = kind.name(), dialect = dialect.name(), %addr, client,
        "joined"
    );
    let traffic = Arc::new(Traffic::new(shared.counters.clone()));
    let stay = Stay {
        session,
        nick: name,
        since: Instant::now(),
        seat: seat.clone(),
        traffic: traffic.clone(),
        counters: shared.counters.clone(),
    };
    let mut following = Following::new(shared.hub.published(), seat.clone());
    following.enter(place);
    // The other dialects have no numbers to come back to and no acks to wait for.
    let history = shared.hub.history().filter(|_| dialect == Dialect::Native);
    let filed = history.map(|history| {
        let (hub, history) = (shared.hub.clone(), history.clone());
        Box::new(Filed { durable: hub.acked(), hub, history, nick: nick.clone(), owner })
    });
    let mut writer = Writer {
        session,
        dialect,
        out: write,
        following,
        filed,
        is_held: false,
        gate: gate::Reader::new(shared.hub.gate().clone()),
        _end: EndsSession(seat.clone()),
        seat: seat.clone(),
        limits: shared.limits.clone(),
        batch: batch::Batch::default(),
        taken: Taken::default(),
        traffic: traffic.clone(),
        waiting: None,
        paced: VecDeque::new(),
    };
    writer.greet(greeting);
    let ear = Ear::new(dialect, nick);
    let (hub, limits) = (shared.hub.clone(), shared.limits.clone());
    let (flood, since) = (Flood::default(), Instant::now());
    let reader = Reader { session, dialect, read, ear, hub, seat, limits, flood, since, traffic };
    // Two tasks, so that each wakes for its own half only. The writer outlives the reader by its
    // last words, and ends with this one.
    let writing = AbortOnDropHandle::new(shared.tracker.spawn(writer.run()));
    let mut read = reader.run(rest).await;
    // It has said why; or it is cut off at the end of a shutdown.
    let _ended = writing.await;
    drop(stay);
    read::linger(&mut read).await;
}

/// The bytes that end the server's own first line in the dialects that have lines.
fn first_line_end(dialect: Dialect) -> &'static [u8] {
    if dialect == Dialect::Raw { b"" } else { b"\n" }
}

#[cfg(test)]
mod tests;
