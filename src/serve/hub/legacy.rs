//! What an earlier run of the server left, and what is recorded of this one. The hub asks it and
//! feeds it; nothing here waits for a disk.

use super::Hub;
use crate::config::HistorySettings;
use crate::log::Cursor;
use crate::room::{Input, Known};
use crate::serve::history::{Durable, Feed, Numbers, PastRoom, Remembered};
use crate::wire::entry::{Entry, Ordinal, Seq};
use crate::wire::room_name::RoomName;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// The past of a server.
#[derive(Debug)]
pub(in crate::serve) struct Legacy {
    /// What tells this log's numbers from another's.
    pub(super) epoch: Arc<str>,
    numbers: Numbers,
    /// Rooms that were, until the hub takes them up.
    rooms: Vec<PastRoom>,
    known: Vec<Known>,
    bounced: HashMap<RoomName, Vec<(Seq, u8)>>,
    /// What was said last before this run, by room.
    earlier: BTreeMap<RoomName, Vec<Entry>>,
    unrecorded: BTreeSet<RoomName>,
    feed: Option<Feed>,
    /// Lines shown to who comes in and cannot ask for them.
    pub(super) lines: usize,
}

impl Legacy {
    /// None: nothing is known, nothing is recorded, and the numbers are of this run only.
    pub(in crate::serve) fn none() -> Self {
        Self {
            epoch: format!("{:016x}", rand::random::<u64>()).into(),
            numbers: Numbers::default(),
            rooms: Vec::new(),
            known: Vec::new(),
            bounced: HashMap::new(),
            earlier: BTreeMap::new(),
            unrecorded: BTreeSet::new(),
            feed: None,
            lines: 0,
        }
    }

    /// What a file knows.
    pub(in crate::serve) fn of(
        mut opened: Remembered,
        settings: &HistorySettings,
        most: usize,
    ) -> Self {
        // The lobby first. Half of what there may be is for new ones; the others are made when
        // somebody comes.
        opened.rooms.sort_by_key(|room| room.name != RoomName::lobby());
        opened.rooms.truncate(most / 2 + 1);
        let known = opened.known.into_iter().map(|known| Known {
            owner: known.owner.to_string().into(),
            id: known.id,
            room: known.room,
            seq: known.seq,
            at: known.at,
        });
        let mut bounced: HashMap<RoomName, Vec<(Seq, u8)>> = HashMap::new();
        for message in opened.bounced {
            bounced.entry(message.room).or_default().push((message.seq, message.hops));
        }
        Self {
            epoch: opened.epoch,
            numbers: opened.numbers,
            rooms: opened.rooms,
            known: known.collect(),
            bounced,
            earlier: BTreeMap::new(),
            unrecorded: settings.unrecorded.iter().cloned().collect(),
            feed: None,
            lines: settings.lines,
        }
    }

    /// Rooms that the hub will take up.
    pub(in crate::serve) fn rooms(&self) -> Vec<RoomName> {
        self.rooms.iter().map(|room| room.name.clone()).collect()
    }

    /// The first number of a room that is made now.
    pub(super) fn first(&self, room: &RoomName) -> Seq {
        let first = self.numbers.first(room);
        // Of what is not written the file knows only where all of that ends.
        if self.unrecorded.contains(room) { first.max(self.numbers.floor()) } else { first }
    }

    /// Whether one more room can be followed now.
    pub(super) fn takes_rooms(&self) -> bool {
        self.feed.as_ref().is_none_or(Feed::takes_rooms)
    }

    pub(super) fn is_recorded(&self, room: &RoomName) -> bool {
        self.feed.is_some() && !self.unrecorded.contains(room)
    }

    /// Whether other rooms are recorded, and this one is not.
    pub(super) fn leaves_out(&self, room: &RoomName) -> bool {
        self.feed.is_some() && self.unrecorded.contains(room)
    }

    /// What was said last in a room before this run.
    pub(super) fn earlier(&self, room: &RoomName) -> &[Entry] {
        self.earlier.get(room).map(Vec::as_slice).unwrap_or_default()
    }

    /// Hops of a room's messages of before this run.
    pub(super) fn bounced(&mut self, room: &RoomName) -> Vec<(Seq, u8)> {
        self.bounced.remove(room).unwrap_or_default()
    }

    /// A room's log begins behind the entry `last`.
    pub(super) fn follow(&self, cursor: Cursor, last: Seq) {
        if let Some(feed) = &self.feed {
            let recorded = self.is_recorded(cursor.room());
            feed.room(cursor, last, recorded);
        }
    }

    /// A room is forgotten.
    pub(super) fn forget(&mut self, room: &RoomName) {
        self.earlier.remove(room);
        if let Some(feed) = &self.feed {
            feed.gone(room.clone());
        }
    }

    /// How far everything is in the file, if something is recorded.
    pub(super) fn durable(&self) -> Option<Durable> {
        self.feed.as_ref().map(Feed::durable)
    }

    /// Everything up to here can be read.
    pub(super) fn moved(&self, upto: Ordinal) {
        if let Some(feed) = &self.feed {
            feed.moved(upto);
        }
    }
}

impl Hub {
    /// From now on what is said is recorded. Comes before the first turn.
    pub(in crate::serve) fn record(&mut self, feed: Feed) {
        self.logs.keep_for(feed.taken());
        self.legacy.feed = Some(feed);
    }

    /// What was said last in a room before this run.
    pub(in crate::serve) fn said_before(&mut self, room: RoomName, mut said: Vec<Entry>) {
        said.drain(..said.len().saturating_sub(self.legacy.lines));
        self.legacy.earlier.insert(room, said);
    }

    /// Makes the rooms that were there, the lobby first. Comes before the first turn.
    pub(in crate::serve) fn take_up(&mut self) {
        self.core.remember(std::mem::take(&mut self.legacy.known));
        let lobby = RoomName::lobby();
        let rooms = std::mem::take(&mut self.legacy.rooms);
        if rooms.first().is_none_or(|room| room.name != lobby) {
            self.open((self.clock)(), &lobby);
        }
        for PastRoom { name, topic, .. } in rooms {
            if !self.legacy.takes_rooms() {
                break;
            }
            let next = self.legacy.first(&name);
            let recorded = self.legacy.is_recorded(&name);
            let open = Input::Open { room: name, first: next, topic, recorded };
            self.apply((self.clock)(), open, None);
        }
    }
}

/// For the simulator: what a run leaves to the next, without a file.
#[cfg(test)]
impl Legacy {
    pub(in crate::serve) fn simulated(
        epoch: &str,
        floor: Seq,
        known: Vec<Known>,
        bounced: HashMap<RoomName, Vec<(Seq, u8)>>,
    ) -> Self {
        Self { epoch: epoch.into(), numbers: Numbers::above(floor), known, bounced, ..Self::none() }
    }
}
