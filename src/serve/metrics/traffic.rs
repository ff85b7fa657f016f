//! What one session sends and gets: for the line in the log at its end, and added to what all of
//! them do. Its reader and its writer share it, at its seat.

use super::{Counter, Counters};
use crate::wire::close::CloseReason;
use std::sync::Arc;
use std::time::Instant;

/// One session's counts. What every delivery adds to stands first.
#[derive(Debug)]
#[repr(C)]
pub(in crate::serve) struct Traffic {
    delivered: Counter,
    sent_bytes: Counter,
    all: Arc<Counters>,
    received_bytes: Counter,
    /// Messages it sent to rooms, those that were refused included.
    said: Counter,
    refused: Counter,
}

/// What a batch takes to its member, until it is written.
#[derive(Debug, Default)]
pub(in crate::serve) struct Taken {
    pub(in crate::serve) entries: u64,
    pub(in crate::serve) bytes: u64,
    /// When the first of those that come from the log was appended.
    pub(in crate::serve) oldest: Option<Instant>,
}

impl Taken {
    /// Takes so many entries that were appended then.
    pub(in crate::serve) fn take(&mut self, entries: usize, appended: Instant) {
        self.entries += entries as u64;
        // They are taken in order.
        self.oldest.get_or_insert(appended);
    }

    /// What is left of the entries is not written any more; bytes of them may have been.
    pub(in crate::serve) fn drop_entries(&mut self) {
        (self.entries, self.oldest) = (0, None);
    }
}

impl Traffic {
    pub(in crate::serve) fn new(all: Arc<Counters>) -> Self {
        Self {
            delivered: Counter::default(),
            sent_bytes: Counter::default(),
            all,
            received_bytes: Counter::default(),
            said: Counter::default(),
            refused: Counter::default(),
        }
    }

    pub(in crate::serve) fn received(&self, bytes: usize) {
        self.received_bytes.add(bytes as u64);
        self.all.received(bytes as u64);
    }

    pub(in crate::serve) fn said(&self, messages: usize) {
        self.said.add(messages as u64);
    }

    /// It has come to its end.
    pub(in crate::serve) fn closed(&self, reason: CloseReason) {
        self.all.closed(reason);
    }

    /// It has been told that something is refused.
    pub(in crate::serve) fn refused(&self) {
        self.refused.add(1);
    }

    /// All of it is with the member's kernel or on its way there.
    pub(in crate::serve) fn wrote(&self, taken: &Taken) {
        self.was_given(taken.entries, taken.bytes);
        self.all.wrote(taken, 1);
    }

    /// … and is counted for all where it was handed out.
    pub(in crate::serve) fn was_given(&self, entries: u64, bytes: u64) {
        self.delivered.add(entries);
        self.sent_bytes.add(bytes);
    }

    /// What it came to: said, delivered, refused, received and sent bytes.
    pub(in crate::serve) fn totals(&self) -> Totals {
        Totals {
            said: self.said.get(),
            delivered: self.delivered.get(),
            refused: self.refused.get(),
            received_bytes: self.received_bytes.get(),
            sent_bytes: self.sent_bytes.get(),
        }
    }
}

/// A session's counts at its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::serve) struct Totals {
    pub(in crate::serve) said: u64,
    pub(in crate::serve) delivered: u64,
    pub(in crate::serve) refused: u64,
    pub(in crate::serve) received_bytes: u64,
    pub(in crate::serve) sent_bytes: u64,
}
