//! The rooms themselves: made, entered, left, named, forgotten.

use super::input::{Answer, Refusal, RoomRow};
use super::rooms::{Folded, Room, Turn};
use crate::wire::close::CloseReason;
use crate::wire::entry::{Event, MessageId, RoomId, Seq, SessionId};
use crate::wire::limits;
use crate::wire::room_name::RoomName;
use crate::wire::text::Text;
use std::collections::BTreeSet;

impl Turn<'_> {
    /// Makes a room unless it is there, or there are too many that somebody is in.
    pub(super) fn open(&mut self, name: RoomName, first: Seq, topic: Option<Text>, recorded: bool) {
        if self.core.find(&name).is_some() || !self.make_way() {
            return;
        }
        let id = self.core.next_room;
        self.core.next_room = RoomId(id.0 + 1);
        self.core.by_name.insert(name.clone(), id);
        let room = Room {
            name,
            seq: Seq(first.0.saturating_sub(1)),
            topic,
            recorded,
            members: BTreeSet::new(),
            listed: None,
            last_spoken: None,
            folded: Folded::default(),
        };
        self.core.by_id.insert(id, room);
        self.out.opened.push(id);
    }

    /// Forgets the oldest room that nobody is in, if there are as many as there may be.
    fn make_way(&mut self) -> bool {
        if self.core.by_id.len() < self.core.most {
            return true;
        }
        let lobby = RoomName::lobby();
        let is_idle = |room: &Room| room.is_empty() && room.name != lobby;
        let Some(id) = self.core.by_id.iter().find(|(_, room)| is_idle(room)).map(|(id, _)| *id)
        else {
            return false;
        };
        if let Some(room) = self.core.by_id.remove(&id) {
            self.core.by_name.remove(&room.name);
            self.core.folding.remove(&id);
            // Should it be made again, it begins behind everything that was said in it.
            self.core.floor = self.core.floor.max(room.seq);
            self.out.forgotten.push((id, room.name));
        }
        true
    }

    /// Brings a member into one more room or, `alone`, from all others into that one.
    pub(super) fn enter(
        &mut self,
        session: SessionId,
        name: &RoomName,
        id: Option<MessageId>,
        alone: bool,
    ) {
        let Some(member) = self.core.roster.get(session) else {
            return;
        };
        let others = member.rooms.clone();
        let Some(room) = self.core.find(name) else {
            return self.refuse(session, id, "join", Refusal::TooManyRooms);
        };
        let is_in = others.contains(&room);
        if !is_in && !alone && others.len() >= limits::ROOMS_OF_ONE {
            return self.refuse(session, id, "join", Refusal::InTooManyRooms);
        }
        if alone {
            for other in others.into_iter().filter(|&other| other != room) {
                self.go(session, other, CloseReason::Parted);
            }
        }
        if !is_in {
            self.come(session, room);
        }
        if let Some(state) = self.core.by_id.get(&room) {
            let row = RoomRow::of(state);
            self.answer(session, Answer::Entered { re: id, room, row, alone, fresh: !is_in });
        }
    }

    pub(super) fn part(
        &mut self,
        session: SessionId,
        name: Option<&RoomName>,
        id: Option<MessageId>,
    ) {
        match self.core.meant(session, name) {
            Err(refusal) => self.refuse(session, id, "part", refusal),
            Ok(room) => {
                self.go(session, room, CloseReason::Parted);
                if let Some(name) = self.core.room(room).map(|room| room.name.clone()) {
                    self.answer(session, Answer::Parted { re: id, room, name });
                }
            }
        }
    }

    pub(super) fn topic(
        &mut self,
        session: SessionId,
        name: Option<&RoomName>,
        topic: Option<Text>,
        id: Option<MessageId>,
    ) {
        let room = match self.core.meant(session, name) {
            Ok(room) => room,
            Err(refusal) => return self.refuse(session, id, "topic", refusal),
        };
        let Some(member) = self.core.roster.get(session) else {
            return;
        };
        let (by, kind, muted) = (member.nick.clone(), member.kind, member.muted);
        if muted {
            return self.refuse(session, id, "topic", Refusal::Muted);
        }
        if let Some(long) = topic.as_ref().map(|topic| topic.len()).filter(|&n| n > limits::TOPIC) {
            return self.refuse(session, id, "topic", Refusal::TopicTooLong(long));
        }
        if let Some(room) = self.room_mut(room) {
            room.topic.clone_from(&topic);
        }
        self.append(room, session, Event::Topic { by, kind, topic });
    }

    pub(super) fn rooms(&mut self, session: SessionId, id: Option<MessageId>) {
        let rows = self.core.listed();
        self.answer(session, Answer::Rooms { re: id, rows });
    }
}
