//! Where in each room's order the client is: what to resume after, and which entries it has had.
//! Pure.

use crate::wire::entry::Seq;
use crate::wire::limits;
use crate::wire::native::{Gap, JoinRoom, Resume, RoomState, Welcome};
use crate::wire::room_name::RoomName;

/// The client's place under one epoch of the server.
#[derive(Debug, Default)]
pub(super) struct Place {
    /// Not known before the first welcome: the user's word is of whatever log there is.
    epoch: Option<String>,
    /// In the order they were entered.
    rooms: Vec<(String, RoomPlace)>,
}

#[derive(Debug, Default, Clone, Copy)]
struct RoomPlace {
    /// The last entry seen; none before the client was there.
    last: Option<u64>,
    /// The last entry that was there before the client came in: up to it entries are replayed.
    replay: u64,
}

impl Place {
    /// A client that wants to be in these rooms, or else in the lobby, and has seen nothing, or
    /// everything up to `after` in the first.
    pub(super) fn new(rooms: &[RoomName], after: Option<Seq>) -> Self {
        let lobby = [RoomName::lobby()];
        let rooms = if rooms.is_empty() { lobby.as_slice() } else { rooms };
        let mut place = Self::default();
        for room in rooms {
            place.rooms.push((room.to_string(), RoomPlace::default()));
        }
        if let Some((_, first)) = place.rooms.first_mut() {
            first.last = after.map(|Seq(last)| last);
        }
        place
    }

    /// The room the next `hello` names.
    pub(super) fn first(&self) -> Option<String> {
        let first = self.rooms.first().map(|(room, _)| room.clone());
        first.filter(|room| room != RoomName::lobby().as_str())
    }

    /// What the next `hello` asks for.
    pub(super) fn resume(&self) -> Option<Resume> {
        let (room, place) = self.rooms.first()?;
        let after = [(room.clone(), place.last?)].into();
        Some(Resume { epoch: self.epoch.clone(), after })
    }

    /// The other rooms, which are entered one by one behind the welcome.
    pub(super) fn others(&self) -> impl Iterator<Item = JoinRoom> {
        self.rooms.iter().skip(1).map(|(room, place)| JoinRoom {
            id: None,
            room: room.clone(),
            after: place.last,
        })
    }

    /// Admitted. Numbers of another epoch mean nothing here, and of this one there are none that
    /// the server has not come to yet.
    pub(super) fn welcome(&mut self, welcome: &Welcome<'_>) {
        let is_new_epoch = self.epoch.as_deref().is_some_and(|epoch| epoch != welcome.epoch);
        self.epoch = Some(welcome.epoch.clone().into_owned());
        if is_new_epoch {
            for (_, place) in &mut self.rooms {
                place.last = place.last.map(|_| 0);
            }
        }
        if self.rooms.is_empty() {
            // It had left all of its rooms; the server's word is where it is now.
            let rooms = welcome.rooms.iter().map(|state| state.room.to_string());
            self.rooms = rooms.map(|room| (room, RoomPlace::default())).collect();
        }
        for state in &welcome.rooms {
            self.entered(state);
        }
    }

    /// In a room now: one the client was not in begins there.
    pub(super) fn entered(&mut self, state: &RoomState<'_>) {
        let is_known = self.rooms.iter().any(|(room, _)| **room == *state.room);
        if !is_known && self.rooms.len() < limits::ROOMS_OF_ONE {
            self.rooms.push((state.room.to_string(), RoomPlace::default()));
        }
        if let Some(place) = self.of(&state.room) {
            place.replay = state.seq;
            place.last = Some(place.last.map_or(state.seq, |last| last.min(state.seq)));
        }
    }

    /// Out of a room.
    pub(super) fn parted(&mut self, room: &str) {
        self.rooms.retain(|(other, _)| other != room);
    }

    fn of(&mut self, room: &str) -> Option<&mut RoomPlace> {
        self.rooms.iter_mut().find(|(other, _)| other == room).map(|(_, place)| place)
    }

    /// Whether an entry is new, and if so, counts it as seen. Of a room the server did not
    /// announce everything is.
    pub(super) fn see(&mut self, room: &str, seq: u64) -> bool {
        let Some(place) = self.of(room) else {
            return true;
        };
        let is_new = place.last.is_none_or(|last| seq > last);
        place.last = place.last.max(Some(seq));
        is_new
    }

    /// Whether the entry is still to come.
    pub(super) fn is_ahead(&mut self, room: &str, seq: u64) -> bool {
        self.of(room).is_some_and(|place| place.last.is_none_or(|last| seq > last))
    }

    /// Whether the entry was there before the client came in.
    pub(super) fn is_replay(&mut self, room: &str, seq: u64) -> bool {
        self.of(room).is_some_and(|place| seq <= place.replay)
    }

    /// Counts what is not to be had any more as seen.
    pub(super) fn gap(&mut self, gap: &Gap<'_>) {
        if let Some(place) = self.of(&gap.room) {
            place.last = place.last.max(Some(gap.before.saturating_sub(1)));
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
        let mut place = Place::new(&[], None);
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
        let mut place = Place::new(&[], Some(Seq(5)));
        assert_eq!(place.resume().unwrap().epoch, None);
        place.welcome(&welcome("e", 9));
        assert!(!place.see("#lobby", 5), "the user's word counts under the first epoch");
        assert!(place.see("#lobby", 6));
        place.welcome(&welcome("f", 2));
        assert!(place.see("#lobby", 1) && place.see("#lobby", 2));
    }

    #[test]
    fn a_number_that_is_not_reached_yet_is_the_end() {
        let mut place = Place::new(&[], Some(Seq(500)));
        place.welcome(&welcome("e", 9));
        assert!(!place.see("#lobby", 9) && place.see("#lobby", 10));
    }

    #[test]
    fn a_gap_counts_as_seen() {
        let mut place = Place::new(&[], Some(Seq(10)));
        place.welcome(&welcome("e", 40));
        place.gap(&Gap { room: "#lobby".into(), after: 10, before: 15 });
        assert!(!place.see("#lobby", 14) && place.see("#lobby", 15));
    }

    #[test]
    fn a_server_cannot_make_it_remember_rooms_without_end() {
        let mut place = Place::new(&[], None);
        place.welcome(&welcome("e", 7));
        for n in 0..1000 {
            let state = welcome("e", 1).rooms.remove(0);
            place.entered(&RoomState { room: format!("#room{n}").into(), ..state });
        }
        assert_eq!(place.others().count(), limits::ROOMS_OF_ONE - 1);
    }

    #[test]
    fn each_room_has_its_own_place_and_is_entered_again() {
        let ops = RoomName::parse("ops").unwrap();
        let mut place = Place::new(&[RoomName::lobby(), ops], None);
        assert_eq!(place.first(), None, "the lobby need not be named");
        place.welcome(&welcome("e", 7));
        let join = |after| JoinRoom { id: None, room: "#ops".into(), after };
        assert_eq!(place.others().collect::<Vec<_>>(), [join(None)]);
        let state = RoomState { room: "#ops".into(), ..welcome("e", 40).rooms.remove(0) };
        place.entered(&state);
        assert!(!place.see("#ops", 40) && place.see("#ops", 41) && place.see("#lobby", 8));
        assert_eq!(place.others().collect::<Vec<_>>(), [join(Some(41))]);
        place.welcome(&welcome("f", 3));
        assert_eq!(place.others().collect::<Vec<_>>(), [join(Some(0))], "all of it is news");
        place.parted("#lobby");
        assert_eq!(place.first().as_deref(), Some("#ops"));
        assert_eq!(place.others().count(), 0);
    }
}
