//! Rooms and places in them: who comes in where, and what of the past it is given.

use super::handle::{Admission, Enter, Place, ResumeAt};
use super::{Hub, Member, now};
use crate::log::Gap;
use crate::room::{Answer, Input, Refusal, RoomRow};
use crate::serve::session::{Past, Word};
use crate::wire::close::CloseReason;
use crate::wire::entry::{MessageId, Millis, RoomId, Seq, SessionId};
use crate::wire::room_name::RoomName;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::{oneshot, watch};

/// Somebody who is let in at the end of the turn.
#[derive(Debug)]
pub(super) struct Entering {
    session: SessionId,
    room: RoomId,
    row: RoomRow,
    position: Arc<AtomicU64>,
    resume: Option<ResumeAt>,
    reply: oneshot::Sender<Result<Admission, Refusal>>,
}

impl Hub {
    /// Makes a room unless it is there.
    pub(super) fn open(&mut self, at: Millis, room: &RoomName) {
        if self.core.find(room).is_none() {
            let first = self.core.floor();
            let (room, topic, recorded) = (room.clone(), None, true);
            self.apply(at, Input::Open { room, first, topic, recorded }, None);
        }
    }

    /// Gives every new room a log, and takes those of rooms that are forgotten away.
    pub(super) fn make_rooms(&mut self) {
        for id in std::mem::take(&mut self.effects.forgotten) {
            self.commit();
            self.logs.forget(id);
            self.tails.remove(&id);
        }
        for id in std::mem::take(&mut self.effects.opened) {
            let Some(room) = self.core.room(id) else { continue };
            self.logs.open(id, room.name().clone(), room.seq().next());
            self.tails.insert(id, watch::Sender::new(self.logs.tail(id)));
        }
    }

    pub(super) fn enter(&mut self, at: Millis, enter: Enter) {
        let Enter { join, dialect, addr, resume, mailbox, closer, reply } = enter;
        let session = join.session;
        self.open(at, &join.room);
        self.apply(at, Input::Join(join), None);
        // The door's answer is the last of a join, and goes to the door.
        match self.words.pop().map(|(_, private)| private.word) {
            Some(Word::Answer(Answer::Admitted { room, row })) => {
                let position = Arc::new(AtomicU64::new(self.core.ordinal().0));
                let member = Member { dialect, addr, mailbox, closer, position: position.clone() };
                self.members.insert(session, member);
                self.entering.push(Entering { session, room, row, position, resume, reply });
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
            // Also who was kicked in this very turn: its closer knows, and its writer says why.
            let Entering { session, room, row, position, resume, reply } = entering;
            let is_other = |epoch: &String| **epoch != *self.epoch;
            let is_other = resume.as_ref().and_then(|at| at.epoch.as_ref()).is_some_and(is_other);
            // Another log's numbers: all of this one is news.
            let after = resume.map(|at| if is_other { Seq(0) } else { at.after });
            let Some(mut place) = self.place(room, row, after) else { continue };
            if is_other && place.gap.is_none() {
                // … and what the other still had is not to be had here.
                place.gap = Some(Gap { after: Seq(0), before: Seq(1) });
            }
            if reply.send(Ok(Admission { place, position })).is_err() {
                // It left while it stood in the door; its leave is a turn of its own.
                let leave = Input::Leave { session, reason: CloseReason::Lost };
                self.apply(now(), leave, None);
            }
        }
        // A leave from the door appends; rare enough to cost a chunk of its own.
        self.commit();
    }

    /// Where a new member begins to read: behind its own join, or where it left off.
    pub(super) fn place(
        &mut self,
        room: RoomId,
        row: RoomRow,
        after: Option<Seq>,
    ) -> Option<Place> {
        self.commit();
        // Nobody has seen what is still to come.
        let after = after.map_or(row.seq, |after| after.min(row.seq));
        let (cursor, gap) = self.logs.after(room, after)?;
        let tail = self.tails.get(&room)?.subscribe();
        Some(Place { room, row, cursor, gap, tail })
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

    pub(super) fn tell_history(
        &mut self,
        session: SessionId,
        re: Option<MessageId>,
        room: Option<&RoomName>,
        before: Option<Seq>,
        limit: usize,
    ) {
        let room = match self.core.meant(session, room) {
            Ok(room) => room,
            Err(refusal) => return self.refuse(session, re, "history", refusal),
        };
        // What was said before the question belongs to the answer.
        self.commit();
        if let Some(log) = self.logs.get(room) {
            let (cursor, count, more) = log.last(limit, before);
            self.say(session, Word::History(Past { re, cursor, count, more }));
        }
    }
}
