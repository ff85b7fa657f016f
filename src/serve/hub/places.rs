//! Rooms and places in them: who comes in where, and what of the past it is given.

use super::handle::{Enter, Place, Recent, ResumeAt};
use super::{Hub, Member};
use crate::log::Gap;
use crate::room::{Answer, Input, Refusal, RoomRow};
use crate::serve::session::Word;
use crate::serve::tide::Tide;
use crate::wire::Dialect;
use crate::wire::close::CloseReason;
use crate::wire::entry::{Entry, Event, Millis, RoomId, Seq, SessionId};
use crate::wire::room_name::RoomName;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Entries among which the last of what was said is looked for: most are somebody's coming and going
/// only where many come and go.
pub(in crate::serve) const LOOKED_THROUGH: usize = 200;

/// Somebody who is let in at the end of the turn.
#[derive(Debug)]
pub(super) struct Entering {
    session: SessionId,
    dialect: Dialect,
    room: RoomId,
    row: RoomRow,
    resume: Option<ResumeAt>,
    reply: oneshot::Sender<Result<Place, Refusal>>,
}

impl Hub {
    /// Makes a room unless it is there.
    pub(super) fn open(&mut self, at: Millis, room: &RoomName) {
        if self.core.find(room).is_none() && self.legacy.takes_rooms() {
            let first = self.core.floor().max(self.legacy.first(room));
            let (topic, recorded) = (None, self.legacy.is_recorded(room));
            let room = room.clone();
            self.apply(at, Input::Open { room, first, topic, recorded }, None);
        }
    }

    /// Gives every new room a log, and takes those of rooms that are forgotten away.
    pub(super) fn make_rooms(&mut self) {
        for (id, room) in std::mem::take(&mut self.effects.forgotten) {
            self.commit();
            self.legacy.forget(&room);
            self.logs.forget(id);
            self.tides.remove(&id);
        }
        for id in std::mem::take(&mut self.effects.opened) {
            let Some(room) = self.core.room(id) else { continue };
            let (name, last) = (room.name().clone(), room.seq());
            for (seq, hops) in self.legacy.bounced(&name) {
                self.core.bounced(id, seq, hops);
            }
            let cursor = self.logs.open(id, name, last.next());
            self.legacy.follow(cursor, last);
            self.tides.insert(id, Arc::new(Tide::new(self.logs.tail(id).bytes)));
        }
    }

    pub(super) fn enter(&mut self, at: Millis, enter: Enter) {
        let Enter { join, dialect, addr, resume, seat, reply } = enter;
        let session = join.session;
        let room = join.room.clone();
        let join = Input::Join(join);
        if self.core.makes_room(at, &join) {
            self.open(at, &room);
        }
        self.apply(at, join, None);
        // The door's answer is the last of a join, and goes to the door.
        match self.words.pop().map(|(_, private)| private.word) {
            Some(Word::Answer(Answer::Admitted { room, row })) => {
                seat.reached(self.core.ordinal());
                self.members.insert(session, Member { dialect, addr, seat });
                let entering = Entering { session, dialect, room, row, resume, reply };
                self.entering.push(entering);
            }
            Some(Word::Answer(Answer::NotAdmitted(refusal))) => {
                self.counters.refused(refusal.code());
                let _gone = reply.send(Err(refusal));
            }
            _ => {}
        }
    }

    pub(super) fn let_in(&mut self) {
        for entering in std::mem::take(&mut self.entering) {
            // Also who was kicked in this very turn: its seat knows, and its writer says why.
            let Entering { session, dialect, room, row, resume, reply } = entering;
            let is_other = |epoch: &String| **epoch != *self.epoch;
            let is_other = resume.as_ref().and_then(|at| at.epoch.as_ref()).is_some_and(is_other);
            // Another log's numbers: all of this one is news.
            let after = resume.map(|at| if is_other { Seq(0) } else { at.after });
            let Some(mut place) = self.place(dialect, room, row, after) else { continue };
            if is_other {
                // … as far as it is retained; what the other still had is not to be had here.
                let before = place.gap.map_or(Seq(1), |gap| gap.before);
                place.gap = Some(Gap { after: Seq(0), before });
                place.replay = None;
            }
            if reply.send(Ok(place)).is_err() {
                // It left while it stood in the door; its leave is a turn of its own.
                let leave = Input::Leave { session, reason: CloseReason::Lost };
                self.apply((self.clock)(), leave, None);
            }
        }
        // A leave from the door appends; rare enough to cost a chunk of its own.
        self.commit();
    }

    /// Where a new member begins to read: behind its own join, or where it left off.
    pub(super) fn place(
        &mut self,
        dialect: Dialect,
        room: RoomId,
        row: RoomRow,
        after: Option<Seq>,
    ) -> Option<Place> {
        self.commit();
        // Nobody has seen what is still to come.
        let after = after.map_or(row.seq, |after| after.min(row.seq));
        let (cursor, gap) = self.logs.after(room, after)?;
        let tide = self.tides.get(&room)?.clone();
        // The other dialects have no numbers to have missed.
        let reads_file = row.recorded && dialect == Dialect::Native;
        let replay = gap.filter(|_| reads_file).map(|gap| gap.after);
        let unrecorded = self.legacy.leaves_out(&row.name);
        // The others can ask, or know nothing of it.
        let sees_past = dialect == Dialect::Line;
        let earlier = if sees_past { self.earlier(room, row.seq) } else { Vec::new() };
        Some(Place { room, row, cursor, gap, replay, tide, earlier, unrecorded })
    }

    pub(super) fn tell_topic(&mut self, session: SessionId) {
        match self.core.meant(session, None) {
            Err(refusal) => self.refuse(session, None, "topic", refusal),
            Ok(room) => {
                let Some(room) = self.core.room(room) else { return };
                let line = match room.topic() {
                    Some(topic) => format!("the topic of {} is {topic}", room.name()),
                    None => format!("{} has no topic; /topic TEXT sets one", room.name()),
                };
                self.say(session, Word::Notice(vec![line]));
            }
        }
    }

    pub(super) fn recent(
        &mut self,
        session: SessionId,
        room: Option<&RoomName>,
        before: Option<Seq>,
        limit: usize,
    ) -> Result<Recent, Refusal> {
        let id = self.core.meant(session, room)?;
        // What was said before the question belongs to the answer.
        self.commit();
        let nowhere = || Refusal::NotInRoom(room.cloned().unwrap_or_else(RoomName::lobby));
        let (Some(log), Some(room)) = (self.logs.get(id), self.core.room(id)) else {
            return Err(nowhere());
        };
        let (cursor, count, more) = log.last(limit, before);
        let end = before.unwrap_or(log.tail().seq.next()).min(log.tail().seq.next());
        let first = Seq(end.0.saturating_sub(count as u64));
        let recorded = room.is_recorded();
        Ok(Recent { room: room.name().clone(), recorded, cursor, count, first, more })
    }

    /// What was said last in a room before an entry, for who comes in and cannot ask.
    fn earlier(&self, id: RoomId, before: Seq) -> Vec<Entry> {
        let (Some(log), Some(room)) = (self.logs.get(id), self.core.room(id)) else {
            return Vec::new();
        };
        if !room.is_recorded() || self.legacy.lines == 0 {
            return Vec::new();
        }
        let (mut cursor, mut left, _) = log.last(LOOKED_THROUGH, Some(before));
        let mut said: VecDeque<Entry> = VecDeque::new();
        while let Some(slice) = cursor.next_slice(None).filter(|_| left > 0) {
            let entries = slice.iter().take(left);
            said.extend(entries.filter(|entry| matches!(entry.event, Event::Chat(_))).cloned());
            left = left.saturating_sub(slice.entries.len());
            said.drain(..said.len().saturating_sub(self.legacy.lines));
        }
        let missing = self.legacy.lines.saturating_sub(said.len());
        let older = self.legacy.earlier(room.name());
        let older = older.iter().skip(older.len().saturating_sub(missing)).cloned();
        older.chain(said).collect()
    }
}
