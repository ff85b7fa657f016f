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
        let (Some(running), Some(link)) = (&self.running, &self.link) else { return };
        let lobby = [RoomName::lobby()];
        let wanted = match running.loaded.rooms.as_slice() {
            [] => lobby.as_slice(),
            rooms => rooms,
        };
        let is_in = |room: &RoomName| link.past.contains_key(room.as_str());
        for room in wanted.iter().filter(|room| !is_in(room)) {
            let join = JoinRoom { room: room.to_string(), ..JoinRoom::default() };
            // A connection that is lost comes back to the rooms it is in; a reload asks again.
            link.handle.send(ClientEvent::Join(join)).await.ok();
        }
        for room in
            link.past.keys().filter(|room| !wanted.iter().any(|want| want.as_str() == *room))
        {
            let part = PartRoom { id: None, room: room.clone() };
            link.handle.send(ClientEvent::Part(part)).await.ok();
        }
    }
}
