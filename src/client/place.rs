//! Where in each room's order the client is: what to resume after, and which entries it has had.
//! Pure.

use crate::wire::entry::Seq;
use crate::wire::native::{Gap, Resume, RoomState, Welcome};
use crate::wire::room_name::RoomName;
use std::collections::BTreeMap;

/// The client's place under one epoch of the server.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Not known before the first welcome: the user's word is of whatever log there is.
    epoch: Option<String>,
    rooms: BTreeMap<String, RoomPlace>,
}

#[derive(Debug, Default, Clone, Copy)]
struct RoomPlace {
    /// The last entry seen.
    last: u64,
    /// The last entry that was there before the client came in: up to it entries are replayed.
    replay: u64,
}

impl Place {
    /// A client that has seen nothing, or everything up to `after` in the lobby.
    pub(super) fn new(after: Option<Seq>) -> Self {
        let mut place = Self::default();
        if let Some(Seq(last)) = after {
            let room = RoomName::lobby().as_str().to_owned();
            place.rooms.insert(room, RoomPlace { last, replay: 0 });
        }
        place
    }

    /// What the next `hello` asks for.
    pub(super) fn resume(&self) -> Option<Resume> {
        (!self.rooms.is_empty()).then(|| Resume {
            epoch: self.epoch.clone(),
            after: self.rooms.iter().map(|(room, place)| (room.clone(), place.last)).collect(),
        })
    }

    /// Admitted. Numbers of another epoch mean nothing here, and of this one there are none that
    /// the server has not come to yet.
    pub(super) fn welcome(&mut self, welcome: &Welcome<'_>) {
        let is_new_epoch = self.epoch.as_deref().is_some_and(|epoch| epoch != welcome.epoch);
        self.epoch = Some(welcome.epoch.clone().into_owned());
        for RoomState { room, seq, .. } in &welcome.rooms {
            // A room the client was not in begins now.
            let place = self.rooms.entry(room.clone().into_owned());
            let place = place.or_insert(RoomPlace { last: *seq, replay: 0 });
            place.replay = *seq;
            place.last = if is_new_epoch { 0 } else { place.last.min(*seq) };
        }
    }

    /// Whether an entry is new, and if so, counts it as seen. Of a room the server did not
    /// announce everything is.
    pub(super) fn see(&mut self, room: &str, seq: u64) -> bool {
        let Some(place) = self.rooms.get_mut(room) else {
            return true;
        };
        let is_new = seq > place.last;
        place.last = place.last.max(seq);
        is_new
    }

    /// Whether the entry is still to come.
    pub(super) fn is_ahead(&self, room: &str, seq: u64) -> bool {
        self.rooms.get(room).is_some_and(|place| seq > place.last)
    }

    /// Whether the entry was there before the client came in.
    pub(super) fn is_replay(&self, room: &str, seq: u64) -> bool {
        self.rooms.get(room).is_some_and(|place| seq <= place.replay)
    }

    /// Counts what is not to be had any more as seen.
    pub(super) fn gap(&mut self, gap: &Gap<'_>) {
        if let Some(place) = self.rooms.get_mut(&*gap.room) {
            place.last = place.last.max(gap.before.saturating_sub(1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::native::Limits;

    fn welcome(epoch: &'static str, seq: u64) -> Welcome<'static> {
        Welcome {
            v: 1,
            server: "t".into(),
            nick: "Neo".into(),
            epoch: epoch.into(),
            rooms: vec![RoomState {
                room: "#lobby".into(),
                seq,
                members: 1,
                topic: None,
                recorded: true,
            }],
            limits: Limits { text: 4096, line: 16384, ping_secs: 30, dead_secs: 90 },
            text: "hi".into(),
        }
    }

    #[test]
    fn begins_at_the_end_and_resumes_after_the_last() {
        let mut place = Place::new(None);
        assert_eq!(place.resume(), None);
        place.welcome(&welcome("e", 7));
        assert!(!place.see("#lobby", 7) && place.see("#lobby", 8) && !place.see("#lobby", 8));
        let resume = place.resume().unwrap();
        assert_eq!((resume.epoch.as_deref(), resume.after["#lobby"]), (Some("e"), 8));
        place.welcome(&welcome("e", 12));
        assert!(place.is_replay("#lobby", 12) && !place.is_replay("#lobby", 13));
        assert!(place.see("#lobby", 9), "what was missed is new");
    }

    #[test]
    fn another_epoch_begins_from_nothing() {
        let mut place = Place::new(Some(Seq(5)));
        assert_eq!(place.resume().unwrap().epoch, None);
        place.welcome(&welcome("e", 9));
        assert!(!place.see("#lobby", 5), "the user's word counts under the first epoch");
        assert!(place.see("#lobby", 6));
        place.welcome(&welcome("f", 2));
        assert!(place.see("#lobby", 1) && place.see("#lobby", 2));
    }

    #[test]
    fn a_number_that_is_not_reached_yet_is_the_end() {
        let mut place = Place::new(Some(Seq(500)));
        place.welcome(&welcome("e", 9));
        assert!(!place.see("#lobby", 9) && place.see("#lobby", 10));
    }

    #[test]
    fn a_gap_counts_as_seen() {
        let mut place = Place::new(Some(Seq(10)));
        place.welcome(&welcome("e", 40));
        place.gap(&Gap { room: "#lobby".into(), after: 10, before: 15 });
        assert!(!place.see("#lobby", 14) && place.see("#lobby", 15));
    }
}
