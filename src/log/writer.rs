//! One room's log: appends, lets go of its oldest, and finds places for new readers.

use super::Tail;
use super::chunk::Chunk;
use super::cursor::Cursor;
use crate::wire::entry::{Entry, Ordinal, Seq};
use crate::wire::room_name::RoomName;
use std::collections::VecDeque;
use std::sync::Arc;

/// A room's log, owned by the hub.
#[derive(Debug)]
pub struct Log {
    room: RoomName,
    /// Oldest first; never empty, the newest is where appending goes on.
    retained: VecDeque<Arc<Chunk>>,
    tail: Tail,
}

/// Entries between two places that are no longer retained: those after `after` and before
/// `before`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    pub after: Seq,
    pub before: Seq,
}

impl Log {
    /// An empty log whose first entry will be `first`.
    pub fn new(room: RoomName, first: Seq) -> Self {
        let start = Arc::new(Chunk::new(room.clone(), Vec::new(), 0));
        Self {
            room,
            retained: VecDeque::from([start]),
            tail: Tail { seq: Seq(first.0.saturating_sub(1)), bytes: 0 },
        }
    }

    /// Appends a turn's entries, whose numbers go on from the last, and returns their weight.
    /// Nothing to append is nothing done.
    pub fn append(&mut self, entries: Vec<Entry>) -> usize {
        let Some(last) = entries.last().map(|entry| entry.seq) else {
            return 0;
        };
        debug_assert_eq!(entries.first().map(|entry| entry.seq), Some(self.tail.seq.next()));
        let chunk = Arc::new(Chunk::new(self.room.clone(), entries, self.tail.bytes));
        let weight = chunk.weight();
        self.tail = Tail { seq: last, bytes: self.tail.bytes + weight as u64 };
        self.push(chunk);
        weight
    }

    fn push(&mut self, chunk: Arc<Chunk>) {
        if let Some(newest) = self.retained.back() {
            // The hub is the only one that appends, so the link is always free.
            let linked = newest.next.set(Arc::downgrade(&chunk));
            debug_assert!(linked.is_ok());
        }
        self.retained.push_back(chunk);
    }

    /// Lets go of the oldest entries, one turn's worth, and returns their weight.
    pub fn evict(&mut self) -> usize {
        while self.retained.len() > 1 && self.front_is_empty() {
            self.retained.pop_front();
        }
        if self.front_is_empty() {
            return 0;
        }
        // Where appending goes on there is always a chunk.
        if self.retained.len() == 1 {
            self.push(Arc::new(Chunk::new(self.room.clone(), Vec::new(), self.tail.bytes)));
        }
        self.retained.pop_front().map_or(0, |oldest| {
            oldest.evict();
            oldest.weight()
        })
    }

    /// The last of what [`evict`](Self::evict) would let go of.
    pub fn oldest(&self) -> Option<Ordinal> {
        self.retained.iter().find_map(|chunk| chunk.entries().last()).map(|entry| entry.ordinal)
    }

    fn front_is_empty(&self) -> bool {
        self.retained.front().is_none_or(|chunk| chunk.entries().is_empty())
    }

    /// How far the log reaches.
    pub fn tail(&self) -> Tail {
        self.tail
    }

    /// Entries retained.
    pub fn retained_entries(&self) -> u64 {
        self.tail.seq.0 + 1 - self.first_retained().0
    }

    /// A cursor that reads what comes after `seq`; where some of that is no longer retained, it
    /// stands before the oldest entry there is, and the gap says what is missing.
    pub fn after(&self, seq: Seq) -> (Cursor, Option<Gap>) {
        let first = self.first_retained();
        if seq.next() < first {
            return (self.cursor_before(first), Some(Gap { after: seq, before: first }));
        }
        (self.cursor_before(seq.next()), None)
    }

    /// A cursor before the last `count` entries that come before `before`, how many there really
    /// are, and whether more are retained before those.
    pub fn last(&self, count: usize, before: Option<Seq>) -> (Cursor, usize, bool) {
        let first = self.first_retained();
        let end = before.unwrap_or(self.tail.seq.next()).clamp(first, self.tail.seq.next());
        let start = Seq(end.0.saturating_sub(count as u64)).max(first);
        let found = usize::try_from(end.0 - start.0).unwrap_or(count);
        (self.cursor_before(start), found, start > first)
    }

    /// Entries behind this place in the order of all rooms.
    pub fn behind(&self, ordinal: Ordinal) -> u64 {
        let next = self.unread(ordinal).and_then(|chunk| {
            let entries = chunk.entries();
            entries.get(entries.partition_point(|entry| entry.ordinal <= ordinal))
        });
        next.map_or(0, |next| self.tail.seq.0 + 1 - next.seq.0)
    }

    /// The weight of the chunks that are not behind a reader at this place.
    pub fn weight_behind(&self, ordinal: Ordinal) -> u64 {
        self.unread(ordinal).map_or(0, |chunk| self.tail.bytes - chunk.bytes_before)
    }

    /// The first chunk that is not read to its end by a reader at this place.
    fn unread(&self, ordinal: Ordinal) -> Option<&Chunk> {
        let is_read =
            |chunk: &Arc<Chunk>| chunk.entries().last().is_none_or(|last| last.ordinal <= ordinal);
        self.retained.get(self.retained.partition_point(is_read)).map(Arc::as_ref)
    }

    fn first_retained(&self) -> Seq {
        let first = self.retained.iter().find_map(|chunk| chunk.entries().first());
        first.map_or(self.tail.seq.next(), |entry| entry.seq)
    }

    /// A cursor before an entry that is retained, or at the end.
    fn cursor_before(&self, seq: Seq) -> Cursor {
        let starts_after =
            |chunk: &Arc<Chunk>| chunk.entries().first().is_none_or(|entry| entry.seq <= seq);
        let at = self.retained.partition_point(starts_after).saturating_sub(1);
        let chunk = &self.retained[at];
        let index = chunk.entries().partition_point(|entry| entry.seq < seq);
        Cursor::new(chunk.clone(), index)
    }
}
