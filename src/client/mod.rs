//! One connection to a server in the native dialect: handshake, acks, reconnect, resume. Speaks
//! to its user through a handle and a stream of events; knows no terminal.
//!
//! What the connection promises its user:
//!
//! 1. Messages are sent in the order they were given, and stay queued until their ack. After a
//!    reconnect what is not acknowledged is sent again under its old id, which the server
//!    recognises: never twice, never reordered.
//! 2. Entries of a room arrive once each and in order, however often the connection breaks. Where
//!    the server no longer has what was missed, a `gap` says so.
//! 3. Own messages come back as acks only, also when a resume replays them.
//! 4. Every string of an event is harmless to print, whatever the server sent.
//! 5. After a reconnect it is in the rooms it was in, and each goes on where it was.
//! 6. [`Event::Closed`] comes last, and once.
//!
//! In return the user goes on taking events while it waits in [`Handle::say`]: acks make room in
//! the queue, and they come between the events.

mod backoff;
mod clean;
mod closed;
mod dial;
mod link;
mod outbox;
mod place;
mod talk;
mod task;
#[cfg(test)]
mod tests;

pub use closed::Closed;

use crate::wire::entry::{Kind, MessageId, Seq};
use crate::wire::native::{ClientEvent, Say, SendWhisper, ServerEvent, Welcome};
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use dial::Tcp;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use task::{Request, Task};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Messages that may wait for their ack. Fifteen seconds of the server's flood limit, so that
/// somebody who types through an outage is not held up, and little enough to keep in memory.
const UNACKED: usize = 64;

/// Events that may wait for the user of the client. When it is full the connection is read no
/// further, and the server feels it.
const EVENTS: usize = 256;

/// Where to connect, as whom, and how long to go on trying.
#[derive(Debug, Clone)]
pub struct Options {
    /// `HOST:PORT`.
    pub server: String,
    pub nick: Nick,
    pub kind: Kind,
    /// Where to be from the start, the first before the others; in `#lobby`, if there is none.
    pub rooms: Vec<RoomName>,
    /// Where to begin in the first room at the first connection; with `None`, at what is said
    /// from now on.
    pub after: Option<Seq>,
    pub retry: Retry,
}

/// What to do when there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// Give up at once and say why.
    Never,
    /// Give up if the first attempt fails; once admitted, reconnect for ever.
    AfterFirst,
    /// Go on for ever from the beginning, also while another holds the name: for programs that
    /// nobody watches.
    Always,
}

/// What a client's user is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// Connected and admitted under this name. What was missed follows as server events.
    Online { nick: Nick, welcome: Welcome<'static>, first: bool },
    /// Everything after the welcome, in order; pings are answered and not shown.
    Server(ServerEvent<'static>),
    /// The connection was lost, for this reason; the next attempt comes after `retry_in`.
    Offline { why: String, retry_in: Duration },
    /// The end: no more events.
    Closed { why: Closed },
}

/// The connection is closed: nothing can be sent any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the connection is closed")]
pub struct Gone;

/// Speaks to the connection's task. Cheap to clone; when the last one is dropped the client says
/// goodbye and ends.
#[derive(Debug, Clone)]
pub struct Handle {
    requests: mpsc::Sender<Request>,
    /// One permit for each message that waits for its ack.
    room: Arc<Semaphore>,
    next_id: Arc<AtomicU64>,
}

/// Starts the connection's task on `tracker`. It ends when the server or [`Handle::quit`] ends
/// it, when every handle or the receiver is dropped, or when `cancel` is cancelled.
pub fn connect(
    options: Options,
    tracker: &TaskTracker,
    cancel: CancellationToken,
) -> (Handle, mpsc::Receiver<Event>) {
    let dial = Tcp::new(options.server.clone());
    start(dial, options, tracker, cancel)
}

fn start<D: dial::Dial>(
    dial: D,
    options: Options,
    tracker: &TaskTracker,
    cancel: CancellationToken,
) -> (Handle, mpsc::Receiver<Event>) {
    // As many requests as messages: a message that has its permit never waits here.
    let (requests, requested) = mpsc::channel(UNACKED);
    let (events, received) = mpsc::channel(EVENTS);
    let room = Arc::new(Semaphore::new(UNACKED));
    let task = Task::new(dial, options, requested, events, room.clone(), cancel);
    tracker.spawn(task.run());
    (Handle { requests, room, next_id: Arc::default() }, received)
}

impl Handle {
    /// Says something, and fills in an id if it has none. Waits while [`UNACKED`] messages are
    /// not acknowledged. The answer comes as an event: `ack`, or `refused`, with this id.
    pub async fn say(&self, say: Say) -> Result<MessageId, Gone> {
        let permit = self.room.clone().acquire_owned().await.map_err(|_closed| Gone)?;
        let (id, event) = self.with_id(say);
        self.keep(id, event, permit).await
    }

    /// Whether [`say`](Self::say) would have to wait now.
    pub fn is_full(&self) -> bool {
        self.room.available_permits() == 0
    }

    /// Says something to one member. Waits as [`say`](Self::say) does. A server recognises no
    /// resent whisper, so one that was on its way when the connection broke is not sent again: it
    /// is answered with `refused` and the code `unconfirmed`.
    pub async fn whisper(&self, to: &str, text: &str) -> Result<MessageId, Gone> {
        let permit = self.room.clone().acquire_owned().await.map_err(|_closed| Gone)?;
        let id = self.fresh_id();
        let whisper = SendWhisper { id: Some(id.to_string()), to: to.into(), text: text.into() };
        self.keep(id, ClientEvent::Whisper(whisper), permit).await
    }

    /// Sends any other event (`who`, `history`, `nick`, `ping`). It is lost if there is no
    /// connection at the moment.
    pub async fn send(&self, event: ClientEvent) -> Result<(), Gone> {
        self.requests.send(Request::Send(event)).await.map_err(|_closed| Gone)
    }

    /// Connects at once, if it waits to do so. For somebody who asks for it: what asks by itself would
    /// do so as often as it fails.
    pub async fn retry(&self) {
        // A task that is gone tries nothing any more.
        self.requests.send(Request::Retry).await.ok();
    }

    /// Says goodbye after everything that was sent before; [`Event::Closed`] follows. What the
    /// server has not acknowledged by then stays unknown.
    pub async fn quit(&self) {
        // A task that is gone has quit already.
        self.requests.send(Request::Quit).await.ok();
    }

    fn with_id(&self, mut say: Say) -> (MessageId, ClientEvent) {
        let id: MessageId = match &say.id {
            Some(id) => id.as_str().into(),
            None => self.fresh_id(),
        };
        say.id = Some(id.to_string());
        (id, ClientEvent::Say(say))
    }

    /// Counts within this client, whose secret token makes the ids its own.
    fn fresh_id(&self) -> MessageId {
        (self.next_id.fetch_add(1, Ordering::Relaxed) + 1).to_string().into()
    }

    async fn keep(
        &self,
        id: MessageId,
        event: ClientEvent,
        permit: OwnedSemaphorePermit,
    ) -> Result<MessageId, Gone> {
        let request = Request::Keep { id: id.clone(), event, permit };
        self.requests.send(request).await.map_err(|_closed| Gone)?;
        Ok(id)
    }
}
