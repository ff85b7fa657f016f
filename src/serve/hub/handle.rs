//! How the rest of the server reaches the hub, and what it may ask for.

use crate::config::{HistorySync, Limits};
use crate::log::{Cursor, Gap};
use crate::room::{Input, Join, Refusal, RoomRow};
use crate::serve::admin::{self, Report};
use crate::serve::gate::Gate;
use crate::serve::history::{Durable, History};
use crate::serve::metrics::Process;
use crate::serve::seat::Seat;
use crate::serve::session::Word;
use crate::serve::tide::Tide;
use crate::wire::Dialect;
use crate::wire::entry::{Entry, MessageId, RoomId, Seq, SessionId};
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// What the sessions and the administrator send.
#[derive(Debug)]
pub(in crate::serve) enum Request {
    Enter(Enter),
    Input(Input),
    Rename {
        session: SessionId,
        to: Nick,
        reply: oneshot::Sender<bool>,
    },
    /// Into one more room or, `alone`, into that one only; from behind the entry `after` on.
    GoTo {
        session: SessionId,
        room: RoomName,
        after: Option<Seq>,
        id: Option<MessageId>,
        alone: bool,
    },
    /// What the room is about that the member is in.
    AskTopic {
        session: SessionId,
    },
    Bots {
        session: SessionId,
    },
    /// Of what a bot said.
    Why {
        session: SessionId,
        room: Option<RoomName>,
        seq: Option<Seq>,
    },
    /// What is retained of a room's past.
    Recent {
        session: SessionId,
        room: Option<RoomName>,
        before: Option<Seq>,
        limit: usize,
        reply: oneshot::Sender<Result<Recent, Refusal>>,
    },
    /// A place in a room's log again, for who has read the file meanwhile.
    Reopen {
        room: RoomName,
        after: Seq,
        reply: oneshot::Sender<Option<(Cursor, Option<Gap>)>>,
    },
    /// A session's word to itself, so that it takes its place among the answers.
    Tell {
        session: SessionId,
        word: Word,
    },
    Refuse {
        session: SessionId,
        re: Option<MessageId>,
        refusal: Refusal,
    },
    /// From now on these.
    Limits(Arc<Limits>),
    Admin(admin::Command, oneshot::Sender<Report>),
    Names(oneshot::Sender<Vec<String>>),
    /// Everything before this is carried out, then every session is closed and the hub ends.
    Drain,
}

impl Request {
    /// Whose reader sent it, and how many answers it may get. Of what no reader sends there is
    /// nothing to count.
    pub(in crate::serve) fn questions(&self) -> Option<(SessionId, usize)> {
        match self {
            Self::Input(Input::Post { session, posts, .. }) => Some((*session, posts.len())),
            Self::Input(
                Input::Whisper { session, .. }
                | Input::Roster { session, .. }
                | Input::Part { session, .. }
                | Input::Topic { session, .. }
                | Input::Rooms { session, .. },
            )
            | Self::Rename { session, .. }
            | Self::GoTo { session, .. }
            | Self::AskTopic { session }
            | Self::Bots { session }
            | Self::Why { session, .. }
            | Self::Tell { session, .. }
            | Self::Refuse { session, .. } => Some((*session, 1)),
            Self::Enter(_)
            | Self::Input(_)
            | Self::Recent { .. }
            | Self::Reopen { .. }
            | Self::Limits(_)
            | Self::Admin(..)
            | Self::Names(_)
            | Self::Drain => None,
        }
    }
}

/// Somebody at the door.
#[derive(Debug)]
pub(in crate::serve) struct Enter {
    pub(in crate::serve) join: Join,
    pub(in crate::serve) dialect: Dialect,
    pub(in crate::serve) addr: SocketAddr,
    pub(in crate::serve) resume: Option<ResumeAt>,
    pub(in crate::serve) seat: Seat,
    pub(in crate::serve) reply: oneshot::Sender<Result<Place, Refusal>>,
}

/// Where a returning client left off.
#[derive(Debug, Clone)]
pub(in crate::serve) struct ResumeAt {
    /// The log its number is of; this one's, if it does not say.
    pub(in crate::serve) epoch: Option<String>,
    pub(in crate::serve) after: Seq,
}

/// Where a member begins to read in a room.
#[derive(Debug)]
pub(in crate::serve) struct Place {
    pub(in crate::serve) room: RoomId,
    /// The room as it was when the member came in, its own join included.
    pub(in crate::serve) row: RoomRow,
    pub(in crate::serve) cursor: Cursor,
    pub(in crate::serve) gap: Option<Gap>,
    /// What comes behind this entry and is not retained is in the file.
    pub(in crate::serve) replay: Option<Seq>,
    pub(in crate::serve) tide: Arc<Tide>,
    /// What was said last, for who cannot ask.
    pub(in crate::serve) earlier: Vec<Entry>,
    /// The server records, but not this room.
    pub(in crate::serve) unrecorded: bool,
}

/// The last of what is retained.
#[derive(Debug)]
pub(in crate::serve) struct Recent {
    pub(in crate::serve) room: RoomName,
    pub(in crate::serve) recorded: bool,
    pub(in crate::serve) cursor: Cursor,
    pub(in crate::serve) count: usize,
    /// Before that entry the file knows more.
    pub(in crate::serve) first: Seq,
    pub(in crate::serve) more: bool,
}

/// The hub has ended: the server is going down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server is going down")]
pub(in crate::serve) struct HubGone;

/// How the rest of the server reaches the hub. Cheap to clone.
#[derive(Debug, Clone)]
pub struct HubHandle {
    pub(super) inbox: mpsc::Sender<Request>,
    pub(super) published: Arc<AtomicU64>,
    pub(super) gate: Arc<Gate>,
    pub(super) epoch: Arc<str>,
    pub(super) history: Option<History>,
    /// Whether nothing is acknowledged before it is on the disk.
    pub(super) acks_wait: bool,
}

impl HubHandle {
    /// To an inbox of a test's own.
    #[cfg(test)]
    pub(in crate::serve) fn to(inbox: mpsc::Sender<Request>) -> Self {
        let (published, gate, epoch) = (Arc::default(), Arc::default(), "test".into());
        Self { inbox, published, gate, epoch, history: None, acks_wait: false }
    }

    /// Waits for a place in the inbox: that is how the hub slows those who send. Mostly there is one,
    /// and the request is there before anything is awaited.
    pub(in crate::serve) fn send(
        &self,
        request: Request,
    ) -> impl Future<Output = Result<(), HubGone>> + Send {
        let (mut sent, mut waiting) = (Ok(()), None);
        match self.inbox.try_send(request) {
            Ok(()) => {}
            Err(TrySendError::Closed(_)) => sent = Err(HubGone),
            // Boxed, so that nobody keeps room for a request that is sent.
            Err(TrySendError::Full(request)) => waiting = Some(Box::pin(self.inbox.send(request))),
        }
        async move {
            match waiting {
                Some(waiting) => waiting.await.map_err(|_closed| HubGone),
                None => sent,
            }
        }
    }

    /// Waits until the hub has ended.
    pub(in crate::serve) async fn gone(&self) {
        self.inbox.closed().await;
    }

    /// The place in the order of all rooms up to which everything can be read.
    pub(in crate::serve) fn published(&self) -> Arc<AtomicU64> {
        self.published.clone()
    }

    pub(in crate::serve) fn gate(&self) -> &Arc<Gate> {
        &self.gate
    }

    /// What tells this log's numbers from another's.
    pub(in crate::serve) fn epoch(&self) -> &str {
        &self.epoch
    }

    /// Whether anything is kept in a file.
    pub(in crate::serve) fn is_recorded(&self) -> bool {
        self.history.is_some()
    }

    /// What is kept in a file, if anything is.
    pub(in crate::serve) fn history(&self) -> Option<&History> {
        self.history.as_ref()
    }

    /// From now on there is a file; acks may have to wait for it.
    pub(in crate::serve) fn keep(&mut self, history: History, sync: HistorySync) {
        self.history = Some(history);
        self.acks_wait = sync == HistorySync::Full;
    }

    /// How far everything is on the disk, if acks wait for that.
    pub(in crate::serve) fn acked(&self) -> Option<watch::Receiver<Durable>> {
        self.history.as_ref().filter(|_| self.acks_wait).map(History::durable)
    }

    /// Waits until what has been said is in the file, if that does not take too long: a disk that
    /// takes longer is read without.
    pub(in crate::serve) async fn recorded(&self, patience: Duration) {
        let Some(history) = &self.history else { return };
        let said = self.published.load(Ordering::Acquire);
        let mut durable = history.durable();
        let is_in = durable.wait_for(|durable| durable.upto.0 >= said || durable.suspended);
        // Late is as good as never: the wait is for the last of it only.
        let _late = timeout(patience, is_in).await;
    }

    /// What stands for a client's secret: where it would be kept, nobody can read it back.
    pub(in crate::serve) fn owner(&self, token: &str) -> Arc<str> {
        match &self.history {
            Some(history) => history.key().hash(token).to_string().into(),
            None => token.into(),
        }
    }

    /// A place in a room's log behind an entry, or behind what is not retained any more.
    pub(in crate::serve) async fn reopen(
        &self,
        room: RoomName,
        after: Seq,
    ) -> Option<(Cursor, Option<Gap>)> {
        let (reply, place) = oneshot::channel();
        self.send(Request::Reopen { room, after, reply }).await.ok()?;
        place.await.ok()?
    }

    /// Carries out an administrator's command.
    pub async fn admin(&self, command: admin::Command) -> Report {
        if command == admin::Command::History {
            return self.report_history().await;
        }
        let waiting = self.inbox.max_capacity() - self.inbox.capacity();
        let (reply, report) = oneshot::channel();
        if self.send(Request::Admin(command, reply)).await.is_err() {
            return Report::Failed(HubGone.to_string());
        }
        match report.await {
            Ok(Report::Stats(mut stats)) => {
                stats.inbox = waiting as u64;
                stats.waits = self.gate.waits();
                // Also a runtime that ends has its numbers, but for these.
                stats.process = spawn_blocking(Process::now).await.ok();
                Report::Stats(stats)
            }
            Ok(report) => report,
            Err(_dropped) => Report::Failed(HubGone.to_string()),
        }
    }

    /// The file answers for itself.
    async fn report_history(&self) -> Report {
        let Some(history) = &self.history else {
            return Report::Failed(
                "nothing is recorded; the log has its last part in memory".into(),
            );
        };
        match history.stats().await {
            Ok(stats) => {
                let suspended = history.durable().borrow().suspended;
                Report::History(Box::new(admin::Recorded { stats, suspended }))
            }
            Err(error) => Report::Failed(error.to_string()),
        }
    }

    /// Names of all members, for completion.
    pub async fn names(&self) -> Vec<String> {
        let (reply, names) = oneshot::channel();
        if self.send(Request::Names(reply)).await.is_err() {
            return Vec::new();
        }
        names.await.unwrap_or_default()
    }
}

/// For the simulator, which stands between the sessions and the hub.
#[cfg(test)]
impl HubHandle {
    /// A handle to the same hub by way of another inbox.
    pub(in crate::serve) fn through(&self, inbox: mpsc::Sender<Request>) -> Self {
        Self { inbox, ..self.clone() }
    }

    /// Puts a request into the hub's inbox, where there must be room.
    pub(in crate::serve) fn push(&self, request: Request) {
        // A hub that has ended takes nothing.
        let _gone = self.inbox.try_send(request);
    }
}
