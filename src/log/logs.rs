//! The logs of all rooms, retained within one budget: what is oldest goes first, whichever room it
//! is of.

use super::{Cursor, Gap, Log, Tail};
use crate::wire::entry::{Entry, Ordinal, RoomId, Seq};
use crate::wire::room_name::RoomName;
use std::collections::{HashMap, VecDeque};

/// Every room's log, owned by the hub.
#[derive(Debug)]
pub struct Logs {
    /// Only ever looked up in.
    rooms: HashMap<RoomId, Log>,
    /// Whose turn's worth of entries was appended when, oldest first.
    order: VecDeque<RoomId>,
    retained_bytes: usize,
    budget: usize,
}

impl Logs {
    /// No log, and at most `budget` bytes retained in all of them; what was appended last stays,
    /// however much it is.
    pub fn new(budget: usize) -> Self {
        Self { rooms: HashMap::new(), order: VecDeque::new(), retained_bytes: 0, budget }
    }

    /// Begins a room's log, and returns the place before its first entry.
    pub fn open(&mut self, id: RoomId, room: RoomName, first: Seq) -> Cursor {
        let log = Log::new(room, first);
        let start = log.after(log.tail().seq).0;
        self.rooms.insert(id, log);
        start
    }

    /// Forgets a room's log. Who still reads it goes on to its end.
    pub fn forget(&mut self, id: RoomId) {
        if let Some(mut log) = self.rooms.remove(&id) {
            while log.retained_entries() > 0 {
                self.retained_bytes -= log.evict();
            }
            self.order.retain(|&other| other != id);
        }
    }

    /// Appends a turn's entries of one room.
    pub fn append(&mut self, id: RoomId, entries: Vec<Entry>) {
        let Some(log) = self.rooms.get_mut(&id).filter(|_| !entries.is_empty()) else {
            return;
        };
        self.retained_bytes += log.append(entries);
        self.order.push_back(id);
        while self.retained_bytes > self.budget && self.order.len() > 1 {
            let oldest = self.order.pop_front().and_then(|id| self.rooms.get_mut(&id));
            self.retained_bytes -= oldest.map_or(0, Log::evict);
        }
    }

    /// One room's log.
    pub fn get(&self, id: RoomId) -> Option<&Log> {
        self.rooms.get(&id)
    }

    /// How far a room's log reaches.
    pub fn tail(&self, id: RoomId) -> Tail {
        self.get(id).map(Log::tail).unwrap_or_default()
    }

    /// A cursor into a room's log; see [`Log::after`].
    pub fn after(&self, id: RoomId, seq: Seq) -> Option<(Cursor, Option<Gap>)> {
        self.get(id).map(|log| log.after(seq))
    }

    /// Entries of a room behind a place in the order of all.
    pub fn behind(&self, id: RoomId, ordinal: Ordinal) -> u64 {
        self.get(id).map_or(0, |log| log.behind(ordinal))
    }

    /// Bytes retained, by the weight of what was appended.
    pub fn retained_bytes(&self) -> usize {
        self.retained_bytes
    }

    /// Entries retained.
    pub fn retained_entries(&self) -> u64 {
        self.rooms.values().map(Log::retained_entries).sum()
    }
}
