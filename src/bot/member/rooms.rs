//! Where a bot's member is: the rooms of its script's declaration, also after an edit.

use super::Member;
use crate::wire::native::{ClientEvent, JoinRoom, PartRoom, RoomState, Welcome};
use crate::wire::room_name::RoomName;

impl Member {
    pub(super) fn arrive(&mut self, welcome: &Welcome<'_>) {
        if let Some(link) = &mut self.link {
            let past = |room: &RoomState<'_>| (room.room.to_string(), room.seq);
            link.past = welcome.rooms.iter().map(past).collect();
        }
    }

    /// In one more room: what is there already is not answered.
    pub(super) fn entered(&mut self, room: &RoomState<'_>) {
        if let Some(link) = &mut self.link {
            link.past.insert(room.room.to_string(), room.seq);
        }
    }

    /// Out of a room.
    pub(super) fn parted(&mut self, room: &str) {
        if let Some(link) = &mut self.link {
            link.past.remove(room);
        }
    }

    /// Goes where the version that runs wants to be, and nowhere else.
    pub(super) async fn move_to_rooms(&mut self) {
        let (Some(wanted), Some(link)) = (self.wanted(), &self.link) else { return };
        for room in wanted.iter().filter(|room| !link.past.contains_key(room.as_str())) {
            let join = JoinRoom { room: room.to_string(), ..JoinRoom::default() };
            // A connection that is lost is asked again when it is back.
            link.handle.send(ClientEvent::Join(join)).await.ok();
        }
        self.part_others().await;
    }

    /// Leaves the rooms an edit has taken away.
    pub(super) async fn part_others(&self) {
        let (Some(wanted), Some(link)) = (self.wanted(), &self.link) else { return };
        let is_wanted = |room: &String| wanted.iter().any(|wanted| wanted.as_str() == room);
        for room in link.past.keys().filter(|room| !is_wanted(room)) {
            let part = PartRoom { id: None, room: room.clone() };
            link.handle.send(ClientEvent::Part(part)).await.ok();
        }
    }

    /// The rooms of the version that runs; the lobby, if it names none.
    fn wanted(&self) -> Option<Vec<RoomName>> {
        let rooms = self.running.as_ref()?.loaded.rooms.clone();
        Some(if rooms.is_empty() { vec![RoomName::lobby()] } else { rooms })
    }
}
