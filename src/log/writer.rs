//! The log's one writer: appends, retains within a budget, and finds places for new readers.

use super::Tail;
use super::chunk::Chunk;
use super::cursor::Cursor;
use crate::wire::entry::{Entry, Seq};
use crate::wire::room_name::RoomName;
use std::collections::VecDeque;
use std::sync::Arc;

/// A room's log, owned by the hub.
#[derive(Debug)]
pub struct Log {
    room: RoomName,
    /// Oldest first; never empty, the newest is where appending goes on.
    retained: VecDeque<Arc<Chunk>>,
    retained_bytes: usize,
    budget: usize,
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
    /// An empty log that retains at most `budget` bytes, and always its newest chunk.
    pub fn new(room: RoomName, budget: usize) -> Self {
        let start = Arc::new(Chunk::new(room.clone(), Vec::new(), 0));
        Self {
            room,
            retained_bytes: start.weight(),
            retained: VecDeque::from([start]),
            budget,
            tail: Tail::default(),
        }
    }

    /// Appends a turn's entries, whose numbers go on from the last. Nothing to append is nothing
    /// done.
    pub fn append(&mut self, entries: Vec<Entry>) {
        let Some(last) = entries.last().map(|entry| entry.seq) else {
            return;
        };
        debug_assert_eq!(entries.first().map(|entry| entry.seq), Some(self.tail.seq.next()));
        let chunk = Arc::new(Chunk::new(self.room.clone(), entries, self.tail.bytes));
        self.tail = Tail { seq: last, bytes: self.tail.bytes + chunk.weight() as u64 };
        self.retained_bytes += chunk.weight();
        if let Some(newest) = self.retained.back() {
            // The hub is the only one that appends, so the link is always free.
            let linked = newest.next.set(chunk.clone());
            debug_assert!(linked.is_ok());
        }
        self.retained.push_back(chunk);
        while self.retained_bytes > self.budget && self.retained.len() > 1 {
            if let Some(oldest) = self.retained.pop_front() {
                self.retained_bytes -= oldest.weight();
                oldest.evict();
            }
        }
    }

    /// How far the log reaches.
    pub fn tail(&self) -> Tail {
        self.tail
    }

    /// Bytes retained, by the weight of their chunks.
    pub fn retained_bytes(&self) -> usize {
        self.retained_bytes
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
