//! What a session's reader, its writer and the hub share: why it ends, what the hub has to say to
//! it alone, how far it has read, and what came and went. One allocation, which the writer looks
//! through at every wake without waiting for anybody; the hub never waits at it either.
//!
//! Answers on the way are counted, and while there are many the session's own reader waits, so that
//! nothing more is asked for, and whispers of others are refused.

use super::metrics::{Counters, Traffic};
use super::session::{POSTS, Private};
use crate::wire::close::CloseReason;
use crate::wire::entry::Ordinal;
use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Waker};
use tokio::sync::Notify;

/// Answers on the way to a session at which it counts as full: a client that asks without reading
/// has a screenful.
pub(super) const FULL: usize = 64;
/// Questions and messages on the way to the hub at which the reader waits for it. Each may be
/// answered; a few reads' worth, so that a busy publisher never waits for nothing.
pub(super) const ASKED: usize = 1024;
/// Answers there may be: to all that was asked for just before it was full, where the last question
/// may have been [`POSTS`] messages, and a ping.
const ROOM: usize = FULL + ASKED + POSTS + 1;

/// Stands in the count of answers from the end on.
const OVER: usize = 1 << (usize::BITS - 1);
/// Stands there while the session waits for its rooms to go on.
const WAITS: usize = OVER >> 1;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Seat(Arc<Inner>);

/// What every delivery looks at stands first, together.
#[derive(Debug)]
#[repr(C)]
struct Inner {
    /// How many answers the writer has not taken, to be looked at without their lock; [`OVER`], and
    /// [`WAITS`].
    count: AtomicUsize,
    /// The last entry taken, for `list`.
    position: AtomicU64,
    traffic: Traffic,
    /// The first reason stands. The detail is for the member.
    why: OnceLock<(CloseReason, Option<Box<str>>)>,
    /// Those answers.
    pieces: Mutex<VecDeque<Box<Private>>>,
    writer: Bell,
    /// Questions on the way to the hub, which may answer them.
    asked: AtomicUsize,
    /// Answers from the moment the hub has them until the writer takes them, each by its weight.
    owed: AtomicUsize,
    /// Whoever waits for the end or, the reader, for fewer answers.
    changed: Notify,
}

/// Wakes the one task that looks after something.
#[derive(Debug, Default)]
struct Bell(Mutex<Option<Waker>>);

/// There are more answers than can have been asked for.
#[derive(Debug)]
pub(super) struct Overfull;

impl Bell {
    fn listen(&self, waker: &Waker) {
        let mut heard = whole(&self.0);
        if heard.as_ref().is_none_or(|heard| !heard.will_wake(waker)) {
            *heard = Some(waker.clone());
        }
    }

    fn ring(&self) {
        if let Some(waker) = &*whole(&self.0) {
            waker.wake_by_ref();
        }
    }
}

/// Nothing is left half done under these locks, whatever happened to whoever held one.
fn whole<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One whose counts are nobody else's.
#[cfg(test)]
impl Default for Seat {
    fn default() -> Self {
        Self::new(Arc::default())
    }
}

/// For everybody: what went over the connection, and its end.
impl Seat {
    /// What it sends and gets is added to what all do.
    pub(super) fn new(all: Arc<Counters>) -> Self {
        Self(Arc::new(Inner {
            count: AtomicUsize::new(0),
            position: AtomicU64::new(0),
            traffic: Traffic::new(all),
            why: OnceLock::new(),
            pieces: Mutex::default(),
            writer: Bell::default(),
            asked: AtomicUsize::new(0),
            owed: AtomicUsize::new(0),
            changed: Notify::new(),
        }))
    }

    pub(super) fn traffic(&self) -> &Traffic {
        &self.0.traffic
    }

    /// Ends the session, unless it is ending already. The detail is for the member.
    pub(super) fn close(&self, reason: CloseReason, detail: Option<String>) {
        // A later reason is only what came of the first one.
        let is_first = self.0.why.set((reason, detail.map(String::into_boxed_str))).is_ok();
        // Whoever closes it sees it closed after that.
        self.0.count.fetch_or(OVER, Ordering::Release);
        if is_first {
            self.0.changed.notify_waiters();
            self.0.writer.ring();
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        self.0.count.load(Ordering::Acquire) & OVER != 0
    }

    /// Why, once it is closed.
    pub(super) fn why(&self) -> (CloseReason, Option<&str>) {
        match self.0.why.get() {
            Some((reason, detail)) => (*reason, detail.as_deref()),
            None => (CloseReason::Lost, None),
        }
    }

    /// Waits until it is closed.
    pub(super) async fn closed(&self) {
        self.until(|| self.is_closed()).await;
    }

    async fn until(&self, is_so: impl Fn() -> bool) {
        loop {
            let mut changed = pin!(self.0.changed.notified());
            changed.as_mut().enable();
            if is_so() {
                return;
            }
            changed.await;
        }
    }
}

/// For the hub.
impl Seat {
    /// So many questions have come.
    pub(super) fn heard(&self, questions: usize) {
        let before = self.0.asked.fetch_sub(questions, Ordering::Release);
        if before >= ASKED && before - questions < ASKED {
            self.0.changed.notify_waiters();
        }
    }

    /// Counts a piece that [`put`](Self::put) will bring at the end of the turn, by its weight.
    pub(super) fn owe(&self, weight: usize) {
        self.0.owed.fetch_add(weight, Ordering::Relaxed);
    }

    /// Whether the session has enough to read.
    pub(super) fn is_full(&self) -> bool {
        self.0.owed.load(Ordering::Relaxed) >= FULL
    }

    /// Sends a piece. Nobody takes it if the writer has ended.
    pub(super) fn put(&self, piece: Private) -> Result<(), Overfull> {
        let mut pieces = whole(&self.0.pieces);
        if pieces.len() >= ROOM {
            return Err(Overfull);
        }
        pieces.push_back(Box::new(piece));
        self.0.count.fetch_add(1, Ordering::Release);
        drop(pieces);
        self.0.writer.ring();
        Ok(())
    }

    /// The last entry the member was sent.
    pub(super) fn position(&self) -> Ordinal {
        Ordinal(self.0.position.load(Ordering::Relaxed))
    }
}

/// For the reader.
impl Seat {
    /// So many questions are on their way.
    pub(super) fn asks(&self, questions: usize) {
        self.0.asked.fetch_add(questions, Ordering::Relaxed);
    }

    /// Waits until the session may ask for more.
    pub(super) async fn room(&self) {
        // In this order: what is not asked any more is owed by then.
        let has_room = || self.0.asked.load(Ordering::Acquire) < ASKED && !self.is_full();
        if !has_room() {
            Box::pin(self.until(has_room)).await;
        }
    }
}

/// For the writer.
impl Seat {
    /// From now on the task of this context is woken by an answer and by the end.
    pub(super) fn listen(&self, cx: &Context<'_>) {
        self.0.writer.listen(cx.waker());
    }

    /// Wakes that task.
    pub(super) fn wake_writer(&self) {
        self.0.writer.ring();
    }

    /// The next answer, if there is one.
    pub(super) fn take(&self) -> Option<Box<Private>> {
        if self.0.count.load(Ordering::Acquire) & !(OVER | WAITS) == 0 {
            return None;
        }
        let mut pieces = whole(&self.0.pieces);
        let piece = pieces.pop_front()?;
        if pieces.is_empty() {
            // An idle session keeps no room for answers.
            *pieces = VecDeque::new();
        }
        self.0.count.fetch_sub(1, Ordering::Release);
        drop(pieces);
        let weight = piece.weight();
        let before = self.0.owed.fetch_sub(weight, Ordering::Relaxed);
        if before >= FULL && before - weight < FULL {
            self.0.changed.notify_waiters();
        }
        Some(piece)
    }

    /// From now on it waits for its rooms to go on: whoever looks at their logs after this misses
    /// nothing. Gives whether there is neither an answer nor the end.
    pub(super) fn wait(&self) -> bool {
        self.0.count.fetch_or(WAITS, Ordering::AcqRel) & !WAITS == 0
    }

    /// One of its rooms has gone on. Gives whether it waited for that, and has not ended; it waits no
    /// more.
    pub(super) fn ring(&self) -> bool {
        self.0.count.fetch_and(!WAITS, Ordering::AcqRel) & (OVER | WAITS) == WAITS
    }

    /// Everything up to this entry was taken.
    pub(super) fn reached(&self, position: Ordinal) {
        self.0.position.store(position.0, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::session::Word;
    use std::future::poll_fn;
    use std::task::Poll;
    use tokio::time::{Duration, timeout};

    fn piece() -> Private {
        Private { after: Ordinal(0), word: Word::Ping }
    }

    #[test]
    fn the_first_reason_stands() {
        let seat = Seat::default();
        assert!(!seat.is_closed());
        seat.close(CloseReason::Kicked, Some("spam".into()));
        seat.close(CloseReason::Lost, None);
        assert_eq!(seat.why(), (CloseReason::Kicked, Some("spam")));
    }

    #[test]
    fn who_waits_is_rung_for_once_and_told_what_else_there_is() {
        let seat = Seat::default();
        assert!(!seat.ring());
        assert!(seat.wait() && seat.wait());
        assert!(seat.ring() && !seat.ring());
        assert!(seat.put(piece()).is_ok());
        assert!(!seat.wait() && seat.ring());
        assert!(!seat.wait() && seat.take().is_some() && seat.wait());
        seat.close(CloseReason::Quit, None);
        assert!(!seat.wait() && !seat.ring() && seat.take().is_none());
    }

    #[test]
    fn no_more_answers_than_can_have_been_asked_for() {
        let seat = Seat::default();
        assert!((0..ROOM).all(|_| seat.put(piece()).is_ok()));
        assert!(seat.put(piece()).is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_reader_waits_while_much_is_owed_or_asked() {
        let seat = Seat::default();
        let minute = Duration::from_mins(1);
        for _ in 0..FULL {
            seat.owe(1);
            assert!(seat.put(piece()).is_ok());
        }
        assert!(timeout(minute, seat.room()).await.is_err());
        let ((), taken) = tokio::join!(seat.room(), async { seat.take() });
        assert!(taken.is_some());
        seat.asks(ASKED);
        assert!(timeout(minute, seat.room()).await.is_err());
        tokio::join!(seat.room(), async { seat.heard(1) });
    }

    #[tokio::test]
    async fn an_answer_and_the_end_wake_the_writer() {
        for act in [
            |seat: &Seat| assert!(seat.put(piece()).is_ok()),
            |seat: &Seat| {
                seat.close(CloseReason::Quit, None);
            },
        ] {
            let seat = Seat::default();
            let woken = poll_fn(|cx| {
                seat.listen(cx);
                let is_due = seat.is_closed() || seat.take().is_some();
                if is_due { Poll::Ready(()) } else { Poll::Pending }
            });
            tokio::join!(biased; woken, async { act(&seat) });
        }
    }
}
