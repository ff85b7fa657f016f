//! A reader's place in the log. Costs the writer nothing, and needs no lock to go on.

use super::chunk::Chunk;
use crate::wire::entry::{Entry, Ordinal, Seq, SessionId};
use crate::wire::room_name::RoomName;
use std::ops::Range;
use std::sync::{Arc, Weak};

/// Stands before the next entry to read.
#[derive(Debug, Clone)]
pub struct Cursor {
    chunk: Arc<Chunk>,
    index: usize,
}

/// A run of entries of one chunk.
#[derive(Debug, Clone)]
pub struct Slice {
    pub chunk: Arc<Chunk>,
    pub entries: Range<usize>,
}

impl Cursor {
    pub(super) fn new(chunk: Arc<Chunk>, index: usize) -> Self {
        Self { chunk, index }
    }

    /// Whether both stand at the same place, and know it by the same chunk.
    pub fn is_at(&self, other: &Self) -> bool {
        self.index == other.index && Arc::ptr_eq(&self.chunk, &other.chunk)
    }

    /// Takes the rest of the current chunk, or of the next, but nothing after `until`; `None`
    /// when that leaves nothing.
    pub fn next_slice(&mut self, until: Option<Ordinal>) -> Option<Slice> {
        self.reach()?;
        let entries = self.chunk.entries();
        let is_whole = |until: Ordinal| entries.last().is_none_or(|last| last.ordinal <= until);
        let end = match until {
            Some(until) if !is_whole(until) => {
                entries.partition_point(|entry| entry.ordinal <= until)
            }
            _ => entries.len(),
        };
        let taken = self.index..end;
        if taken.is_empty() {
            return None;
        }
        self.index = taken.end;
        Some(Slice { chunk: self.chunk.clone(), entries: taken })
    }

    /// The place of the next entry among those of all rooms, if there is one.
    pub fn peek(&mut self) -> Option<Ordinal> {
        self.reach()?;
        self.chunk.entries().get(self.index).map(|entry| entry.ordinal)
    }

    /// The place of the next entry of a session's own behind a place, if the chunk in which the
    /// cursor stands has one.
    pub fn next_own(&mut self, me: SessionId, behind: Ordinal) -> Option<Ordinal> {
        self.reach()?;
        let chunk = self.chunk.as_ref();
        let rest = chunk.entries().get(self.index..).filter(|_| chunk.has_author(me))?;
        let own = rest.iter().find(|entry| entry.author == me && entry.ordinal > behind);
        own.map(|entry| entry.ordinal)
    }

    /// Goes on to the chunk of the next entry; `None` if there is none yet, or none any more.
    fn reach(&mut self) -> Option<()> {
        while self.index >= self.chunk.entries().len() {
            let next = self.chunk.next.get()?.upgrade()?;
            *self = Self::new(next, 0);
        }
        Some(())
    }

    /// Whether the next entry to read is no longer retained: the reader was too slow.
    pub fn is_lost(&self) -> bool {
        if self.index < self.chunk.entries().len() {
            self.chunk.is_evicted()
        } else {
            let next = self.chunk.next.get().map(Weak::upgrade);
            next.is_some_and(|next| next.is_none_or(|next| next.is_evicted()))
        }
    }

    /// Reads nothing any more, and keeps nothing of the log alive.
    pub fn let_go(&mut self) {
        *self = Self::new(Arc::new(Chunk::new(self.room().clone(), Vec::new(), 0)), 0);
    }

    /// The room this reads.
    pub fn room(&self) -> &RoomName {
        self.chunk.room()
    }

    /// Weight of everything before the chunk the cursor is in, on the scale of
    /// [`Tail::bytes`](super::Tail::bytes).
    pub fn bytes_before(&self) -> u64 {
        let whole = if self.index < self.chunk.entries().len() { 0 } else { self.chunk.weight() };
        self.chunk.bytes_before + whole as u64
    }

    /// The last entry read, if the chunk still says so.
    pub fn last_read(&self) -> Option<(Seq, Ordinal)> {
        let before = self.index.checked_sub(1)?;
        self.chunk.entries().get(before).map(|entry| (entry.seq, entry.ordinal))
    }
}

/// A part of a slice, as one reader sees it.
#[derive(Debug, PartialEq, Eq)]
pub enum Run {
    /// Entries of others: their bytes can be taken as they are.
    Others(Range<usize>),
    /// One of the reader's own.
    Own(usize),
}

impl Slice {
    /// The entries themselves.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.chunk.entries().get(self.entries.clone()).unwrap_or_default().iter()
    }

    /// The place of the last of them.
    pub fn last(&self) -> Option<Ordinal> {
        let last = self.entries.end.checked_sub(1)?;
        self.chunk.entries().get(last).map(|entry| entry.ordinal)
    }

    /// Parts the slice into what others did and what `me` did, in order.
    pub fn runs(&self, me: SessionId, mut take: impl FnMut(Run)) {
        if !self.chunk.has_author(me) {
            take(Run::Others(self.entries.clone()));
            return;
        }
        let mut start = self.entries.start;
        for (entry, index) in self.iter().zip(self.entries.clone()) {
            if entry.author == me {
                if start < index {
                    take(Run::Others(start..index));
                }
                take(Run::Own(index));
                start = index + 1;
            }
        }
        if start < self.entries.end {
            take(Run::Others(start..self.entries.end));
        }
    }
}
