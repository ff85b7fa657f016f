//! The logs of all rooms, retained within one budget: what is oldest goes first, whichever room it
//! is of.

use super::{Cursor, Gap, Log, Tail};
use crate::wire::entry::{Entry, Ordinal, RoomId, Seq};
use crate::wire::room_name::RoomName;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Every room's log, owned by the hub.
#[derive(Debug)]
pub struct Logs {
    rooms: BTreeMap<RoomId, Log>,
    /// Whose turn's worth of entries was appended when, oldest first.
    order: VecDeque<RoomId>,
    /// Rooms that are no more, whose logs have still something in them.
    forgotten: HashSet<RoomId>,
    retained_bytes: usize,
    budget: usize,
    /// Up to where those who read have had the time to.
    told: Option<Ordinal>,
    /// Up to where whoever records has taken what was said, if somebody does.
    taken: Option<Arc<AtomicU64>>,
}

/// Bytes beyond the budget that are kept for who records and has not taken them: what is said at the
/// busiest in the tenth of a second between two commits, and half of what is retained by default.
pub const NOT_TAKEN: usize = 32 * 1024 * 1024;

impl Logs {
    /// No log, and at most `budget` bytes retained in all of them; what was appended last stays,
    /// however much it is.
    pub fn new(budget: usize) -> Self {
        Self {
            rooms: BTreeMap::new(),
            order: VecDeque::new(),
            forgotten: HashSet::new(),
            retained_bytes: 0,
            budget,
            told: None,
            taken: None,
        }
    }

    /// From now on somebody records, and says how far it has come.
    pub fn keep_for(&mut self, taken: Arc<AtomicU64>) {
        self.taken = Some(taken);
    }

    /// Nothing behind this place is let go of: those who read were not told of it, or only just now.
    pub fn keep_behind(&mut self, told: Ordinal) {
        self.told = Some(told);
    }

    /// From now on at most so many bytes are retained; what is too much goes with the next turn.
    pub fn set_budget(&mut self, budget: usize) {
        self.budget = budget;
    }

    /// Begins a room's log, and returns the place before its first entry.
    pub fn open(&mut self, id: RoomId, room: RoomName, first: Seq) -> Cursor {
        let log = Log::new(room, first);
        let start = log.after(log.tail().seq).0;
        self.rooms.insert(id, log);
        start
    }

    /// Nothing is appended to a room's log any more. What it has stays as long as it would have: who
    /// reads it, and whoever records it, goes on to its end.
    pub fn forget(&mut self, id: RoomId) {
        self.forgotten.insert(id);
        self.drop_if_empty(id);
    }

    fn drop_if_empty(&mut self, id: RoomId) {
        let is_empty = self.rooms.get(&id).is_none_or(|log| log.retained_entries() == 0);
        if is_empty && self.forgotten.remove(&id) {
            self.rooms.remove(&id);
        }
    }

    /// Appends a turn's entries of one room.
    pub fn append(&mut self, id: RoomId, entries: Vec<Entry>) {
        let Some(log) = self.rooms.get_mut(&id).filter(|_| !entries.is_empty()) else {
            return;
        };
        self.retained_bytes += log.append(entries);
        self.order.push_back(id);
        while self.retained_bytes > self.budget && self.order.len() > 1 && self.may_go() {
            let Some(oldest) = self.order.pop_front() else { break };
            self.retained_bytes -= self.rooms.get_mut(&oldest).map_or(0, Log::evict);
            self.drop_if_empty(oldest);
        }
    }

    /// Whether those who read had the time to read what is oldest, and who records it has taken it, or
    /// it is too much to wait for that.
    fn may_go(&self) -> bool {
        let oldest = self.order.front().and_then(|id| self.rooms.get(id)?.oldest());
        let is_up_to = |place| oldest.is_none_or(|oldest| oldest <= place);
        let taken = self.taken.as_ref().map(|taken| Ordinal(taken.load(Ordering::Acquire)));
        self.told.is_none_or(is_up_to)
            && (taken.is_none_or(is_up_to)
                || self.retained_bytes > self.budget.saturating_add(NOT_TAKEN))
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
