//! A session's writing half: follows the log with a cursor, takes everything up to the tail in
//! one write, leaves out what its member did itself, and puts the session's own answers in their
//! place. The hub never waits for it. With nothing to do it is on standby, where whoever has news
//! of its room has it go on.

use super::batch::Batch;
use super::following::Following;
use super::private::{self, Private, Word};
use super::replay::Filed;
use super::standby::Standby;
use crate::log::{Run, Slice};
use crate::room::Answer;
use crate::serve::gate;
use crate::serve::hub::{HubHandle, Place};
use crate::serve::live::Live;
use crate::serve::metrics::Taken;
use crate::serve::seat::Seat;
use crate::serve::tide::Waiter;
use crate::wire::close::CloseReason;
use crate::wire::entry::{Ordinal, SessionId};
use crate::wire::{Dialect, line, raw};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;
use tokio::io::AsyncWrite;
use tokio::task::coop::poll_proceed;
use tokio::time::{Instant, sleep, timeout, timeout_at};

/// How often a blocked writer looks whether it is too late: fine enough that what it keeps alive
/// beyond the retained log stays small.
const LOOK: Duration = Duration::from_millis(250);

/// What every delivery looks at stands first, together.
#[derive(Debug)]
#[repr(C)]
pub(in crate::serve) struct Writer<W> {
    pub(super) out: W,
    pub(super) seat: Seat,
    pub(super) gate: gate::Reader,
    pub(super) session: SessionId,
    pub(super) dialect: Dialect,
    /// The next of its own is not on the disk yet.
    pub(super) is_held: bool,
    /// The next answer, when the log has to come first.
    pub(super) waiting: Option<Box<Private>>,
    pub(super) following: Following,
    pub(super) batch: Batch,
    /// What is in it of the log, and what has gone out.
    pub(super) taken: Taken,
    pub(super) filed: Option<Box<Filed>>,
    /// However the writer ends, the session does.
    pub(super) _end: EndsSession,
    pub(super) limits: Live,
    /// Messages of a raw session not yet sent: each goes alone.
    pub(super) paced: VecDeque<Vec<u8>>,
}

/// Whose writer it is, and where it begins.
#[derive(Debug)]
pub(in crate::serve) struct Writing {
    pub(in crate::serve) session: SessionId,
    pub(in crate::serve) dialect: Dialect,
    pub(in crate::serve) place: Place,
    pub(in crate::serve) seat: Seat,
}

/// Closes the session when the writer is gone, also by a panic: a member that cannot be written to
/// must not stay.
#[derive(Debug)]
pub(super) struct EndsSession(pub(super) Seat);

impl Drop for EndsSession {
    fn drop(&mut self) {
        self.0.close(CloseReason::Lost, None);
    }
}

/// Where gathering ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    Tail,
    /// Or before the first answer.
    Answer,
    /// With the answers there are, and what comes before them in the log.
    LastAnswer,
}

impl<W: AsyncWrite + Unpin + Send + 'static> Writer<W> {
    /// Writes until the session ends, then says why.
    pub(in crate::serve) async fn run(self: Box<Self>) -> CloseReason {
        let standby = Standby::new(self.seat.clone());
        let waiter = standby.waiter();
        let mut writer = self;
        loop {
            if let Err(reason) = writer.follow(&waiter).await {
                writer.seat.close(reason, None);
            }
            if writer.seat.is_closed() {
                break;
            }
            match standby.rest(writer).await {
                Some(woken) => writer = woken,
                // It panicked there, and has taken its session with it.
                None => return CloseReason::Lost,
            }
        }
        let deadline = Instant::now() + writer.limits.now().drain;
        // A peer that does not take its last words goes without them.
        let _best_effort = Box::pin(timeout_at(deadline, writer.last_words())).await;
        writer.taken.drop_entries();
        writer.seat.traffic().wrote(&writer.taken);
        writer.seat.why().0
    }
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    /// In place, as it is handed to and fro from then on.
    pub(in crate::serve) fn new(
        Writing { session, dialect, place, seat }: Writing,
        hub: &HubHandle,
        out: W,
        limits: Live,
    ) -> Box<Self> {
        let mut following = Following::new(hub.published(), seat.clone());
        following.enter(place);
        Box::new(Self {
            session,
            dialect,
            out,
            following,
            filed: None,
            is_held: false,
            gate: gate::Reader::new(hub.gate().clone()),
            _end: EndsSession(seat.clone()),
            seat,
            limits,
            batch: Batch::default(),
            taken: Taken::default(),
            waiting: None,
            paced: VecDeque::new(),
        })
    }

    /// Puts the first messages before everything else.
    pub(super) fn greet(&mut self, messages: Vec<Vec<u8>>) {
        for message in messages {
            self.own(message);
        }
    }

    /// Writes until there is nothing more for now. For whatever comes after that `waiter` goes on, or
    /// this task is woken.
    pub(super) async fn follow(&mut self, waiter: &Arc<dyn Waiter>) -> Result<(), CloseReason> {
        while !self.seat.is_closed() {
            if let Some(replay) = self.following.replaying() {
                // What is rare is boxed: an idle session keeps no room for it.
                Box::pin(self.replay(replay)).await?;
                self.flush().await?;
                continue;
            }
            // First, so that nothing is missed that comes after the look.
            poll_fn(|cx| {
                self.seat.listen(cx);
                Poll::Ready(())
            })
            .await;
            self.following.list(self.session, waiter);
            self.seat.wait();
            self.gather(Until::Tail)?;
            if !self.batch.is_empty() || !self.paced.is_empty() {
                self.flush().await?;
            } else if self.is_held {
                Box::pin(self.held()).await;
            } else {
                break;
            }
        }
        Ok(())
    }

    /// Waits until something wakes this task or more is on the disk.
    async fn held(&mut self) {
        let mut is_woken = false;
        let woken = poll_fn(|_cx| {
            if std::mem::replace(&mut is_woken, true) { Poll::Ready(()) } else { Poll::Pending }
        });
        tokio::select! {
            biased;
            () = Filed::moved(self.filed.as_mut()) => {}
            () = woken => {}
        }
    }

    /// Takes what there is, in order, until a batch is full.
    pub(super) fn gather(&mut self, end: Until) -> Result<(), CloseReason> {
        let held = self.filed.as_ref().and_then(|filed| filed.limit());
        let held = held.map(|limit| (self.session, limit));
        let mut is_held = false;
        while !self.batch.is_full() && self.paced.is_empty() {
            // Before the answers: one that comes after this look has its place behind it. And before
            // the end: whoever was thrown out hears nothing of what was said after that.
            let published = self.following.published();
            if end == Until::Answer && self.seat.is_closed() {
                break;
            }
            if self.waiting.is_none() {
                self.waiting = self.seat.take();
            }
            if self.waiting.is_none() && end == Until::LastAnswer {
                break;
            }
            let until = self.waiting.as_ref().map_or(published, |piece| piece.after);
            if let Some(slice) = self.following.next_slice(until, held) {
                if slice.chunk.is_evicted() {
                    return Err(CloseReason::Lagged);
                }
                self.take(&slice);
                // Mostly that was all there is, which needs no other look.
                let has_all = self.waiting.is_none() && slice.last() == Some(published);
                if has_all && !self.following.is_lost() {
                    self.seat.reached(published);
                    self.gate.behind(0);
                    self.is_held = false;
                    return Ok(());
                }
            } else if held.is_some() && self.waiting.is_some() && self.following.is_before(until) {
                break;
            } else if held.is_some_and(|(_, disk)| self.is_ack_beyond(disk)) {
                is_held = true;
                break;
            } else if let Some(piece) = self.waiting.take_if(|_| end != Until::Answer) {
                self.answer(piece.word);
            } else {
                break;
            }
        }
        if self.following.is_lost() {
            return Err(CloseReason::Lagged);
        }
        self.gate.behind(self.following.behind());
        // After the last answer nothing is waited for.
        let waits = end != Until::LastAnswer || self.waiting.is_some();
        self.is_held = is_held || held.is_some() && waits && self.following.has_more();
        Ok(())
    }

    /// Whether what comes next is the ack of a message that was said before, on another connection,
    /// and may not be on the disk, which reaches so far.
    fn is_ack_beyond(&self, disk: Ordinal) -> bool {
        self.waiting.as_ref().is_some_and(|piece| {
            matches!(piece.word, Word::Answer(Answer::Duplicate { .. })) && piece.after > disk
        })
    }

    /// Says what the session alone is told, and reads from then on where that says.
    fn answer(&mut self, mut word: Word) {
        match &mut word {
            Word::Entered { room, place, alone, .. } => {
                if *alone {
                    self.following.part_others(*room);
                }
                if let Some(place) = place.take() {
                    self.following.enter(*place);
                }
            }
            Word::Answer(Answer::Parted { room, .. }) => self.following.part(*room),
            Word::Answer(Answer::Refused { .. }) => self.seat.traffic().refused(),
            Word::Answer(Answer::Renamed { to, .. }) => {
                if let Some(filed) = &mut self.filed {
                    filed.nick = to.clone();
                }
            }
            _ => {}
        }
        for message in private::encode(word, self.dialect) {
            self.own(message);
        }
    }

    fn take(&mut self, slice: &Slice) {
        let (me, dialect) = (self.session, self.dialect);
        let appended = slice.chunk.appended();
        if dialect == Dialect::Raw {
            for entry in slice.iter().filter(|entry| entry.author != me) {
                self.taken.take(1, appended);
                let mut bytes = Vec::new();
                let tag = line::put(entry, &mut bytes);
                let said = String::from_utf8_lossy(&bytes);
                let (tag, text) = said.trim_end_matches('\n').split_at(tag);
                self.paced.extend(raw::parts(tag, text).map(String::into_bytes));
            }
            return;
        }
        let Self { batch, taken, .. } = self;
        slice.runs(me, |run| match run {
            Run::Others(entries) => {
                taken.take(entries.len(), appended);
                batch.shared(&slice.chunk, dialect, entries);
            }
            Run::Own(index) if dialect == Dialect::Native => batch.own(private::own(slice, index)),
            Run::Own(_) => {}
        });
    }

    pub(super) fn own(&mut self, message: Vec<u8>) {
        if self.dialect == Dialect::Raw {
            self.paced.push_back(message);
        } else {
            self.batch.own(message);
        }
    }

    /// Writes all that is gathered; a raw session's messages one by one, apart in time.
    async fn flush(&mut self) -> Result<(), CloseReason> {
        self.write(true).await?;
        self.count();
        if self.paced.is_empty() { Ok(()) } else { Box::pin(self.pace()).await }
    }

    async fn pace(&mut self) -> Result<(), CloseReason> {
        while let Some(message) = self.paced.pop_front() {
            self.batch.own(message);
            self.write(true).await?;
            self.count();
            tokio::select! {
                biased;
                () = sleep(self.limits.now().raw_pace) => {}
                () = self.seat.closed() => return Ok(()),
            }
            if self.following.is_lost() {
                return Err(CloseReason::Lagged);
            }
        }
        Ok(())
    }

    /// Counts what was gathered, once all of it is written.
    pub(super) fn count(&mut self) {
        if self.batch.is_empty() && self.paced.is_empty() {
            self.seat.traffic().wrote(&std::mem::take(&mut self.taken));
        }
    }

    /// Writes the batch, as fast as the peer takes it and no slower than the deadline. May leave
    /// some of it when the session is closed meanwhile, if it is to mind that.
    pub(super) async fn write(&mut self, minds_close: bool) -> Result<(), CloseReason> {
        let mut blocked_since = None;
        while !self.batch.is_empty() {
            let Self { batch, out, .. } = self;
            // Most writes are taken at once, and need no timer.
            let at_once = poll_fn(|cx| {
                // A peer that takes all that is sent does not keep the others waiting.
                ready!(poll_proceed(cx)).made_progress();
                Poll::Ready(batch.poll_write(out, cx))
            })
            .await;
            let written = match at_once {
                Poll::Ready(written) => Ok(written),
                // It is the peer that holds us up, and the log does not wait for it.
                Poll::Pending if minds_close && self.following.is_lost() => {
                    return Err(CloseReason::Lagged);
                }
                Poll::Pending => {
                    Box::pin(timeout(LOOK, poll_fn(|cx| batch.poll_write(out, cx)))).await
                }
            };
            match written {
                Ok(Ok(0) | Err(_)) => return Err(CloseReason::Lost),
                Ok(Ok(sent)) => {
                    blocked_since = None;
                    self.taken.bytes += sent as u64;
                }
                Err(_blocked) => {
                    self.gate.stuck();
                    if self.following.is_lost() {
                        return Err(CloseReason::Lagged);
                    }
                    let since = *blocked_since.get_or_insert_with(|| Instant::now() - LOOK);
                    if since.elapsed() >= self.limits.now().write_deadline {
                        return Err(CloseReason::WriteTimeout);
                    }
                    if minds_close && self.seat.is_closed() {
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }
}
