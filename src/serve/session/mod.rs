//! One connection, from its first byte to its last: the door, then a reader and a writer side by
//! side. A session's fault ends that session and nothing else.

mod about;
mod batch;
mod door;
mod ear;
mod following;
mod foreign;
mod goodbye;
mod mailbox;
mod past;
mod private;
mod read;
mod reader;
mod replay;
mod writer;

pub(super) use ear::{Ear, Step};
pub(super) use mailbox::Mailbox;
pub(super) use private::{Private, Word};

use super::closer::Closer;
use super::gate;
use super::hub::HubHandle;
use super::stats::{self, Counters};
use crate::config::Limits;
use crate::wire::Dialect;
use crate::wire::close::CloseReason;
use crate::wire::entry::SessionId;
use crate::wire::text::scrub;
use door::{Door, Entered};
use following::Following;
use reader::Reader;
use replay::Filed;
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use writer::{EndsSession, Writer};

/// What every session shares.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    pub(super) hub: HubHandle,
    pub(super) limits: Arc<Limits>,
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
    closer: Closer,
) where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    stats::add(&shared.counters.connections, 1);
    let door = Door::new(&shared, session, addr, read, write, closer.clone());
    // Boxed, so that an admitted session does not keep the room its handshake took.
    match Box::pin(door.enter()).await {
        Err(reason) => {
            shared.counters.closed(reason);
            tracing::debug!(session = session.0, %addr, reason = reason.code(), "not admitted");
        }
        Ok(entered) => member(shared, session, addr, entered, closer).await,
    }
}

async fn member<R, W>(
    shared: Shared,
    session: SessionId,
    addr: SocketAddr,
    entered: Entered<R, W>,
    closer: Closer,
) where
    R: AsyncRead + Unpin + Send + 'static,
    W: AsyncWrite + Unpin + Send + 'static,
{
    let Entered {
        dialect,
        nick,
        kind,
        client,
        owner,
        admission,
        greeting,
        rest,
        unread,
        read,
        write,
    } = entered;
    let client = client.as_deref().map(scrub).unwrap_or_default();
    let name = nick.to_string();
    tracing::info!(
        session = session.0, nick = %name, kind = kind.name(), dialect = dialect.name(), %addr, client,
        "joined"
    );
    let owed = unread.owed();
    let mut following = Following::new(shared.hub.published(), admission.position);
    following.enter(admission.place);
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
        unread,
        gate: gate::Reader::new(shared.hub.gate().clone()),
        _end: EndsSession(closer.clone()),
        closer: closer.clone(),
        limits: shared.limits.clone(),
        batch: batch::Batch::default(),
        waiting: None,
        paced: VecDeque::new(),
    };
    writer.greet(greeting);
    let ear = Ear::new(dialect, nick);
    let (hub, limits) = (shared.hub.clone(), shared.limits.clone());
    let reader = Reader { session, dialect, read, ear, hub, closer, owed, limits };
    // Two tasks, so that each wakes for its own half only. The writer outlives the reader by its
    // last words.
    let writing = Box::pin(writer.run());
    let writing = shared.tracker.spawn(shared.kill.clone().run_until_cancelled_owned(writing));
    let mut read = reader.run(rest).await;
    let reason = writing.await.ok().flatten().unwrap_or(CloseReason::Shutdown);
    shared.counters.closed(reason);
    tracing::info!(session = session.0, nick = %name, reason = reason.code(), "left");
    read::linger(&mut read).await;
}

/// The bytes that end the server's own first line in the dialects that have lines.
fn first_line_end(dialect: Dialect) -> &'static [u8] {
    if dialect == Dialect::Raw { b"" } else { b"\n" }
}

#[cfg(test)]
mod tests;
