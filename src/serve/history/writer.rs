//! The thread that writes the file. It asks for what was said when it is ready for it, encodes
//! it, commits it, and does the upkeep in between. When the disk refuses, it holds one batch and
//! tries again until it is taken; meanwhile the logs hold the rest.

use super::error::HistoryError;
use super::recorder::{Durable, Gate};
use super::store::{Reserve, Store};
use super::write::{Batch, Hole, INLINE, Packer};
use crate::log::Slice;
use crate::wire::entry::{Millis, Ordinal, Seq};
use crate::wire::room_name::RoomName;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{mpsc, watch};

/// Between two attempts to write what the disk refused.
const RETRY: Duration = Duration::from_secs(1);
/// After a flood, before its index is made: while it lasts, its index can wait.
const CALM: Duration = Duration::from_secs(1);
/// Between two steps of upkeep, so that a commit never waits for more than one.
const STEP: Duration = Duration::from_millis(10);
/// Between two looks whether there is too much.
const TRIM: Duration = Duration::from_millis(250);
/// After upkeep went wrong, before the next attempt.
const BACK_OFF: Duration = Duration::from_secs(10);

/// What the recorder hands over.
#[derive(Debug)]
pub(super) enum Job {
    Write(Work),
    /// Nothing follows. `missing` is what could not be handed over.
    Close {
        missing: u64,
        others: Seq,
    },
}

/// What was said since the last.
#[derive(Debug, Default)]
pub(super) struct Work {
    pub(super) parts: Vec<Part>,
    pub(super) entries: usize,
    pub(super) upto: Ordinal,
    /// The first number that no unrecorded room has used.
    pub(super) others: Seq,
}

/// … in one room.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) room: RoomName,
    pub(super) slices: Vec<Slice>,
    pub(super) hole: Option<Hole>,
}

/// What the thread works with.
pub(super) struct Writer {
    pub(super) store: Store,
    pub(super) packer: Packer,
    pub(super) jobs: Receiver<Job>,
    /// One word each time the writer can take a job.
    pub(super) ready: mpsc::Sender<()>,
    pub(super) durable: watch::Sender<Durable>,
    pub(super) gate: Option<Gate>,
    pub(super) state: State,
}

/// What the writer remembers from one job to the next.
#[derive(Debug)]
pub(super) struct State {
    flood: Option<Instant>,
    /// When something was written first that is not settled yet.
    written: Option<Instant>,
    trimmed: Instant,
    /// There was too much, and there may be more of that.
    is_trimming: bool,
    /// Upkeep that went wrong is left alone until then.
    back_off: Option<Instant>,
    /// The disk takes everything again, and nobody has been told how it went.
    resumed: bool,
    /// It has been said that numbers are in use that nothing on the disk tells of.
    is_beyond: bool,
    missing: u64,
}

impl Default for State {
    fn default() -> Self {
        Self {
            flood: None,
            written: None,
            trimmed: Instant::now(),
            is_trimming: false,
            back_off: None,
            resumed: false,
            is_beyond: false,
            missing: 0,
        }
    }
}

impl Writer {
    /// Writes until it is told to close, and closes the file.
    pub(super) fn run(mut self) {
        let missing = self.work();
        let is_complete = missing == Some(0);
        if let Some(missing @ 1..) = missing {
            tracing::error!(missing, "the history could not take all of it; it is closed without");
        }
        match self.store.close(is_complete) {
            Ok(()) => tracing::debug!("the history is closed"),
            Err(error) => tracing::error!(%error, "the history is not closed as it should be"),
        }
    }

    /// Gives how many entries are missing at the end; `None` if the recorder is gone.
    fn work(&mut self) -> Option<u64> {
        let mut pause = STEP;
        let mut asked = false;
        loop {
            if !asked {
                asked = self.ready.try_send(()).is_ok();
            }
            match self.jobs.recv_timeout(pause) {
                Ok(Job::Write(work)) => {
                    asked = false;
                    if let Some(missing) = self.write(work) {
                        return Some(missing);
                    }
                    pause = STEP;
                }
                Ok(Job::Close { missing, others }) => {
                    self.store.others_used(others);
                    return Some(missing);
                }
                Err(RecvTimeoutError::Timeout) => pause = self.quiet(),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    /// Writes a job, however often it takes. If it is told to close meanwhile and it does not
    /// work, gives how many entries are missing.
    fn write(&mut self, work: Work) -> Option<u64> {
        let Work { parts, entries, upto, others } = work;
        self.store.others_used(others);
        let mut batch = Batch { rooms: Vec::with_capacity(parts.len()), entries, upto };
        let mut missing = 0;
        for Part { room, slices, hole } in parts {
            let said = slices.iter().flat_map(Slice::iter);
            let mut part = self.packer.pack(room, said, entries <= INLINE);
            part.hole = hole;
            missing += hole.map_or(0, Hole::missing);
            batch.rooms.push(part);
        }
        self.tell(missing);
        let mut closing = None;
        while let Err(error) = self.commit(&batch, closing.is_some()) {
            if let Some(missing) = closing {
                self.store.is_unsure = true;
                return Some(missing + entries as u64);
            }
            self.suspend(&error);
            match self.jobs.recv_timeout(RETRY) {
                Ok(Job::Close { missing, others }) => {
                    self.store.others_used(others);
                    closing = Some(missing);
                }
                Ok(Job::Write(_)) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => closing = Some(0),
            }
        }
        self.committed(&batch);
        closing
    }

    /// At the end it is written wherever the file is by then.
    fn commit(&mut self, batch: &Batch, is_last: bool) -> Result<(), HistoryError> {
        if let Some(gate) = &self.gate {
            gate();
        }
        if !is_last {
            self.store.is_in_place()?;
        }
        if batch.rooms.is_empty() { Ok(()) } else { self.store.write(batch) }
    }

    fn suspend(&mut self, error: &HistoryError) {
        let begins = self.durable.send_if_modified(|durable| {
            let begins = !durable.suspended;
            durable.suspended = true;
            begins
        });
        if begins {
            tracing::error!(%error, "recording is suspended; the chat goes on without");
        }
    }

    fn committed(&mut self, batch: &Batch) {
        self.durable.send_modify(|durable| {
            self.state.resumed |= durable.suspended;
            *durable = Durable { upto: batch.upto.max(durable.upto), suspended: false };
        });
        let now = Instant::now();
        self.state.written.get_or_insert(now);
        if batch.entries > INLINE {
            self.state.flood = Some(now);
        } else if let Err(error) = self.store.merge(batch) {
            self.upkeep_failed(&error);
        }
        match self.store.reserve() {
            Reserve::Enough => {}
            // What is failing now is tried again with the next commit.
            left => match self.store.extend() {
                Ok(()) => self.state.is_beyond = false,
                Err(error) if left == Reserve::Beyond && !self.state.is_beyond => {
                    self.state.is_beyond = true;
                    tracing::error!(%error, "numbers are in use that a crash now would give again");
                }
                Err(error) => tracing::debug!(%error, "numbers cannot be reserved"),
            },
        }
        if self.state.is_trimming || now.duration_since(self.state.trimmed) >= TRIM {
            self.trim();
        }
    }

    /// Says what is missing, once, when the disk takes everything again.
    fn tell(&mut self, missing: u64) {
        self.state.missing += missing;
        if self.state.resumed {
            let missing = std::mem::take(&mut self.state.missing);
            self.state.resumed = false;
            if missing == 0 {
                tracing::info!(missing, "recording goes on, and everything is in the history");
            } else {
                tracing::error!(missing, "recording goes on; entries are not in the history");
            }
        } else if !self.durable.borrow().suspended && self.state.missing > 0 {
            let missing = std::mem::take(&mut self.state.missing);
            tracing::error!(missing, "the disk is too slow: entries are not in the history");
        }
    }

    /// One step of upkeep; gives how long to wait for the next.
    fn quiet(&mut self) -> Duration {
        let now = Instant::now();
        if self.state.resumed && self.state.written.is_some_and(|at| now - at >= RETRY) {
            self.tell(0);
        }
        if self.state.back_off.is_some_and(|until| now < until) {
            return CALM;
        }
        let is_calm = self.state.flood.is_none_or(|at| now - at >= CALM);
        if is_calm && self.state.written.is_some_and(|at| now - at >= CALM) {
            match self.store.settle() {
                Ok(is_all) => self.state.written = (!is_all).then_some(now),
                Err(error) => {
                    self.state.written = None;
                    return self.upkeep_failed(&error);
                }
            }
        }
        if is_calm {
            match self.store.index_some() {
                Ok(true) => return STEP,
                Ok(false) => {}
                Err(error) => return self.upkeep_failed(&error),
            }
        }
        if now.duration_since(self.state.trimmed) >= TRIM && self.trim() {
            return STEP;
        }
        CALM
    }

    fn trim(&mut self) -> bool {
        self.state.trimmed = Instant::now();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = Millis(u64::try_from(now.as_millis()).unwrap_or_default());
        self.state.is_trimming = self.store.trim(now).unwrap_or_else(|error| {
            self.upkeep_failed(&error);
            false
        });
        if self.state.is_trimming {
            // The file itself grows smaller only then.
            self.state.written.get_or_insert(self.state.trimmed);
        }
        self.state.is_trimming
    }

    fn upkeep_failed(&mut self, error: &HistoryError) -> Duration {
        tracing::warn!(%error, "the history's upkeep did not work; it is tried again later");
        self.state.back_off = Some(Instant::now() + BACK_OFF);
        BACK_OFF
    }
}
