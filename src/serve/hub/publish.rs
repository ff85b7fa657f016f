//! The end of a turn: what it brought is appended and may be read, and those who wait for it are
//! woken. What somebody said goes out at once; that somebody came or went can wait a little.

use super::Hub;
use crate::room::Appended;
use crate::wire::entry::{Entry, Event, RoomId};
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::Instant;

/// How long nobody is woken only because somebody came or went: half of what a person notices, and a
/// storm of comings is told in a few writes to each, not in one for each. Whoever is woken for
/// anything else reads of them, too.
pub(super) const COMINGS: Duration = Duration::from_millis(50);
/// So many of them wake at once all the same: what nobody was told of is not let go of. More than come
/// in that time but in the worst of storms.
pub(in crate::serve) const MANY: usize = 256;

impl Hub {
    /// Appends what the turn has brought so far.
    pub(super) fn commit(&mut self) {
        if self.core.ordinal() == self.committed {
            return;
        }
        self.committed = self.core.ordinal();
        let mut appended = std::mem::take(&mut self.effects.appended);
        if appended.len() > 1 {
            let mut by_room: BTreeMap<RoomId, Vec<Entry>> = BTreeMap::new();
            for Appended { room, mut entries } in appended.drain(..) {
                by_room.entry(room).or_default().append(&mut entries);
            }
            appended.extend(by_room.into_iter().map(|(room, entries)| Appended { room, entries }));
        }
        for Appended { room, entries } in appended.drain(..) {
            let is_chat = |entry: &&Entry| matches!(entry.event, Event::Chat(_));
            self.counters.messages.add(entries.iter().filter(is_chat).count() as u64);
            self.unrung += entries.len() as u64;
            self.is_urgent |= self.unrung >= MANY as u64 || !entries.iter().all(is_coming_or_going);
            self.logs.append(room, entries);
            if let Some(tide) = self.tides.get(&room) {
                tide.rise(self.logs.tail(room).bytes);
            }
            if !self.moved.contains(&room) {
                self.moved.push(room);
            }
        }
        // Empty, with room for as much.
        self.effects.appended = appended;
    }

    /// Lets the writers read what this turn brought, and has those of the rooms that moved woken, at
    /// once or a little later.
    pub(super) fn publish(&mut self) {
        self.published.store(self.committed.0, Ordering::Release);
        self.legacy.moved(self.committed);
        if self.is_urgent {
            self.ring();
        } else if !self.moved.is_empty() {
            self.ring_at.get_or_insert_with(|| Instant::now() + COMINGS);
        }
    }

    pub(super) fn ring(&mut self) {
        // Who was told the last time has had a turn for it.
        self.logs.keep_behind(std::mem::replace(&mut self.rung, self.committed));
        (self.unrung, self.is_urgent, self.ring_at) = (0, false, None);
        let tides = &self.tides;
        self.ringer.ring(self.moved.drain(..).filter_map(|room| tides.get(&room).cloned()));
    }
}

fn is_coming_or_going(entry: &Entry) -> bool {
    match entry.event {
        Event::Join { .. } | Event::Leave { .. } | Event::Crowd { .. } => true,
        Event::Chat(_) | Event::Rename { .. } | Event::Topic { .. } => false,
    }
}
