//! The way from the hub to one session's writer. The hub never waits at it: what is on the way is
//! counted, and while there is much of it the session's own reader waits, so that nothing more is
//! asked for, and whispers of others are refused.

use super::ear::POSTS;
use super::private::Private;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Notify, mpsc};

/// Answers on the way to a session at which it counts as full: a client that asks without reading
/// has a screenful.
pub(in crate::serve) const FULL: usize = 64;
/// Questions and messages on the way to the hub at which the reader waits for it. Each may be
/// answered; a few reads' worth, so that a busy publisher never waits for nothing.
pub(in crate::serve) const ASKED: usize = 1024;
/// What may be in a mailbox: the answers to all that was asked for just before it was full, where
/// the last question may have been [`POSTS`] messages, and a ping.
const ROOM: usize = FULL + ASKED + POSTS + 1;

/// The hub's end.
#[derive(Debug)]
pub(in crate::serve) struct Mailbox {
    pieces: mpsc::Sender<Box<Private>>,
    owed: Arc<Owed>,
}

/// The writer's end.
#[derive(Debug)]
pub(in crate::serve) struct Unread {
    pieces: mpsc::Receiver<Box<Private>>,
    owed: Arc<Owed>,
}

/// How much is on the way.
#[derive(Debug, Default)]
pub(super) struct Owed {
    /// To the hub, which may answer it.
    asked: AtomicUsize,
    /// From the moment the hub has an answer until the writer takes it, each by its weight.
    answers: AtomicUsize,
    /// For the one reader that may wait.
    fewer: Notify,
}

/// There is more in it than can have been asked for.
#[derive(Debug)]
pub(in crate::serve) struct Overfull;

impl Mailbox {
    /// An empty one, and the writer's end of it.
    pub(in crate::serve) fn new() -> (Self, Unread) {
        let (sender, pieces) = mpsc::channel(ROOM);
        let owed = Arc::<Owed>::default();
        (Self { pieces: sender, owed: owed.clone() }, Unread { pieces, owed })
    }

    /// So many questions have come.
    pub(in crate::serve) fn heard(&self, questions: usize) {
        let before = self.owed.asked.fetch_sub(questions, Ordering::Relaxed);
        if before >= ASKED && before - questions < ASKED {
            self.owed.fewer.notify_one();
        }
    }

    /// Counts a piece that [`put`](Self::put) will bring at the end of the turn, by its weight.
    pub(in crate::serve) fn owe(&self, weight: usize) {
        self.owed.answers.fetch_add(weight, Ordering::Relaxed);
    }

    /// Whether the session has enough to read.
    pub(in crate::serve) fn is_full(&self) -> bool {
        self.owed.is_full()
    }

    /// Sends a piece; nothing happens if the writer has ended.
    pub(in crate::serve) fn put(&self, piece: Private) -> Result<(), Overfull> {
        match self.pieces.try_send(Box::new(piece)) {
            Err(mpsc::error::TrySendError::Full(_)) => Err(Overfull),
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
        }
    }
}

impl Unread {
    pub(super) fn owed(&self) -> Arc<Owed> {
        self.owed.clone()
    }

    /// Waits for the next piece; `None` when the hub has let go of the session. Loses nothing when
    /// it is dropped while it waits.
    pub(super) async fn recv(&mut self) -> Option<Box<Private>> {
        let piece = self.pieces.recv().await?;
        self.owed.taken(piece.weight());
        Some(piece)
    }

    /// The next piece, if there is one.
    pub(super) fn try_recv(&mut self) -> Option<Box<Private>> {
        let piece = self.pieces.try_recv().ok()?;
        self.owed.taken(piece.weight());
        Some(piece)
    }
}

impl Owed {
    fn is_full(&self) -> bool {
        self.answers.load(Ordering::Relaxed) >= FULL
    }

    fn taken(&self, weight: usize) {
        let before = self.answers.fetch_sub(weight, Ordering::Relaxed);
        if before >= FULL && before - weight < FULL {
            self.fewer.notify_one();
        }
    }

    /// Waits until the session may ask for more.
    pub(super) async fn room(&self) {
        while self.is_full() || self.asked.load(Ordering::Relaxed) >= ASKED {
            self.fewer.notified().await;
        }
    }

    /// So many questions are on their way.
    pub(super) fn asks(&self, questions: usize) {
        self.asked.fetch_add(questions, Ordering::Relaxed);
    }
}
