//! All rooms of a server and its members: what is known of them, and the way of an input.

use super::bans::Ban;
use super::bots::Spoken as Why;
use super::bucket::Bucket;
use super::input::{Answer, Appended, Effects, Input, Join, Known, Refusal, Reply, RoomRow};
use super::recent::{Hops, Ids, Owner, Spoken};
use super::roster::{Member, Roster};
use crate::wire::entry::{Entry, Event, MessageId, Millis, Ordinal, RoomId, Seq, SessionId};
use crate::wire::limits;
use crate::wire::room_name::RoomName;
use crate::wire::text::Text;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

/// The rooms, who is in them, and the number of the last entry of all.
#[derive(Debug)]
pub struct Rooms {
    pub(super) ordinal: Ordinal,
    /// By number, which is by age.
    pub(super) by_id: BTreeMap<RoomId, Room>,
    /// Only ever looked up in.
    pub(super) by_name: HashMap<RoomName, RoomId>,
    pub(super) next_room: RoomId,
    /// Rooms there may be.
    pub(super) most: usize,
    /// Numbers up to here may have been given in a room that is forgotten.
    pub(super) floor: Seq,
    /// The list of rooms as of a place in the order, until somebody comes or goes.
    pub(super) listed: Option<(Ordinal, Arc<[RoomRow]>)>,
    /// How many rooms may be made at the moment.
    pub(super) making: Bucket,
    pub(super) roster: Roster,
    pub(super) bans: Vec<Ban>,
    /// Names, case folded away, that stay muted when they come back.
    pub(super) mutes: BTreeSet<Box<str>>,
    pub(super) ids: Ids,
    pub(super) hops: Hops,
    pub(super) spoken: Spoken,
    /// Above so many members of a room, joins and leaves are folded.
    pub(super) crowd: usize,
    /// Rooms with joins and leaves that wait to be told.
    pub(super) folding: BTreeSet<RoomId>,
}

/// Rooms that may be made one after the other: more than anybody needs in an afternoon …
const NEW_ROOMS: u32 = 64;
/// … and then one every so often, on the whole server. What a room leaves behind, its name and its
/// numbers, stays.
const NEW_ROOM_EVERY: Duration = Duration::from_secs(1);

/// One room.
#[derive(Debug)]
pub struct Room {
    pub(super) name: RoomName,
    pub(super) seq: Seq,
    pub(super) topic: Option<Text>,
    pub(super) recorded: bool,
    pub(super) members: BTreeSet<SessionId>,
    /// What the list of members was last, while nothing has changed: in a crowd whoever asks
    /// again and again costs next to nothing.
    pub(super) listed: Option<Arc<[Member]>>,
    /// What a bot said last.
    pub(super) last_spoken: Option<Seq>,
    pub(super) folded: Folded,
}

/// Joins and leaves not yet told.
#[derive(Debug, Default)]
pub(super) struct Folded {
    pub(super) joined: u32,
    pub(super) left: u32,
}

impl Room {
    /// Its name.
    pub fn name(&self) -> &RoomName {
        &self.name
    }

    /// The number of its last entry.
    pub fn seq(&self) -> Seq {
        self.seq
    }

    /// What it is about.
    pub fn topic(&self) -> Option<&Text> {
        self.topic.as_ref()
    }

    /// Whether it is kept in the history.
    pub fn is_recorded(&self) -> bool {
        self.recorded
    }

    /// How many are in it.
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Whether nobody is in it.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

impl Rooms {
    /// No room and nobody. There may be `most` rooms; in one of more than `crowd` members coming
    /// and going is folded.
    pub fn new(most: usize, crowd: usize) -> Self {
        Self {
            ordinal: Ordinal::default(),
            by_id: BTreeMap::new(),
            by_name: HashMap::new(),
            next_room: RoomId(0),
            most,
            floor: Seq::default(),
            making: Bucket::default(),
            listed: None,
            roster: Roster::default(),
            bans: Vec::new(),
            mutes: BTreeSet::new(),
            ids: Ids::default(),
            hops: Hops::default(),
            spoken: Spoken::default(),
            crowd,
            folding: BTreeSet::new(),
        }
    }

    /// Takes up what an earlier run of the server knew of its last messages.
    pub fn remember(&mut self, known: impl IntoIterator<Item = Known>) {
        for Known { owner, id, room, seq, at } in known {
            self.ids.insert((Owner::Client(owner), id), (room, seq, at));
        }
    }

    /// … and how many bots' answers a message was away from a person's word.
    pub fn bounced(&mut self, room: RoomId, seq: Seq, hops: u8) {
        self.hops.insert((room, seq), hops);
    }

    /// Members, by session.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.roster.iter()
    }

    /// The member of a session.
    pub fn member(&self, session: SessionId) -> Option<&Member> {
        self.roster.get(session)
    }

    /// The member meant by a name: the same but for case.
    pub fn named(&self, name: &str) -> Option<&Member> {
        self.roster.named(name)
    }

    /// Bans, oldest first.
    pub fn bans(&self) -> &[Ban] {
        &self.bans
    }

    /// The room of this name.
    pub fn find(&self, name: &RoomName) -> Option<RoomId> {
        self.by_name.get(name).copied()
    }

    /// The room with this number.
    pub fn room(&self, room: RoomId) -> Option<&Room> {
        self.by_id.get(&room)
    }

    /// All rooms, oldest first.
    pub fn rooms(&self) -> impl Iterator<Item = (RoomId, &Room)> {
        self.by_id.iter().map(|(id, room)| (*id, room))
    }

    /// Rooms worth telling of, by name: the lobby, and those with members or a topic.
    pub fn rows(&self) -> Vec<RoomRow> {
        let lobby = RoomName::lobby();
        let is_told = |room: &&Room| room.name == lobby || !room.is_empty() || room.topic.is_some();
        let mut rows: Vec<RoomRow> = self.by_id.values().filter(is_told).map(RoomRow::of).collect();
        rows.sort_by(|one, two| one.name.cmp(&two.name));
        rows
    }

    /// The same, made once while nothing happens: whoever asks again and again costs next to
    /// nothing.
    pub(super) fn listed(&mut self) -> Arc<[RoomRow]> {
        match &self.listed {
            Some((at, rows)) if *at == self.ordinal => rows.clone(),
            _ => {
                let rows: Arc<[RoomRow]> = self.rows().into();
                self.listed = Some((self.ordinal, rows.clone()));
                rows
            }
        }
    }

    /// The place of the last entry of all rooms.
    pub fn ordinal(&self) -> Ordinal {
        self.ordinal
    }

    /// The least number a room's first entry can have, if the history knows of none.
    pub fn floor(&self) -> Seq {
        self.floor.next()
    }

    /// The room a member means: the one it names, or else the one it has been in for the longest.
    pub fn meant(&self, session: SessionId, name: Option<&RoomName>) -> Result<RoomId, Refusal> {
        let nowhere = || Refusal::NotInRoom(name.map_or_else(RoomName::lobby, Clone::clone));
        let member = self.roster.get(session).ok_or_else(nowhere)?;
        match name {
            None => member.rooms.first().copied().ok_or_else(nowhere),
            Some(name) => {
                let room = self.find(name).filter(|room| member.rooms.contains(room));
                room.ok_or_else(nowhere)
            }
        }
    }

    /// Whether a room that is not there should be made for this: for nobody who is not let in, and
    /// not for who makes one after the other.
    pub fn makes_room(&mut self, at: Millis, input: &Input) -> bool {
        let is_let_in = match input {
            Input::Join(Join { room, .. }) | Input::Enter { room, .. }
                if self.find(room).is_some() =>
            {
                false
            }
            Input::Join(join) => self.would_admit(join).is_ok(),
            Input::Enter { session, alone, .. } => self
                .roster
                .get(*session)
                .is_some_and(|member| *alone || member.rooms.len() < limits::ROOMS_OF_ONE),
            _ => false,
        };
        let at = Duration::from_millis(at.0);
        is_let_in && self.making.try_take(at, NEW_ROOM_EVERY, NEW_ROOMS * NEW_ROOM_EVERY)
    }

    /// From now on there may be so many rooms, and coming and going is folded in larger ones than
    /// that. Rooms that are there stay.
    pub fn set_limits(&mut self, most: usize, crowd: usize) {
        (self.most, self.crowd) = (most, crowd);
    }

    /// Why a bot said something in a room: the entry with this number, or the last thing one said.
    pub fn why(&self, room: RoomId, seq: Option<Seq>) -> Option<(Seq, Arc<Why>)> {
        let seq = seq.or(self.by_id.get(&room)?.last_spoken)?;
        Some((seq, self.spoken.get(&(room, seq))?))
    }

    /// Whether folded joins and leaves wait for an [`Input::Tick`].
    pub fn wants_tick(&self) -> bool {
        !self.folding.is_empty()
    }

    /// Applies one input at a time of the server's clock, adding to the effects of the turn.
    pub fn apply(&mut self, at: Millis, input: Input, out: &mut Effects) {
        let mut turn = Turn { core: self, at, out };
        match input {
            Input::Open { room, first, topic, recorded } => {
                turn.open(room, first, topic, recorded);
            }
            Input::Join(join) => turn.join(join),
            Input::Leave { session, reason } => turn.leave(session, reason),
            Input::Enter { session, room, id, alone } => turn.enter(session, &room, id, alone),
            Input::Part { session, room, id } => turn.part(session, room.as_ref(), id),
            Input::Topic { session, room, topic, id } => {
                turn.topic(session, room.as_ref(), topic, id);
            }
            Input::Rooms { session, id } => turn.rooms(session, id),
            Input::Post { session, room, posts } => turn.post(session, room.as_ref(), posts),
            Input::Whisper { session, to, text, id } => turn.whisper(session, &to, text, id),
            Input::Rename { session, to } => turn.rename(session, &to),
            Input::Roster { session, room } => turn.roster(session, room.as_ref()),
            Input::About { session, about } => turn.about(session, about),
            Input::Tick => turn.tick(),
            Input::Kick { name, reason } => turn.kick(&name, reason),
            Input::Ban { target, reason } => turn.ban(target, reason),
            Input::Unban { target } => turn.unban(&target),
            Input::Mute { name } => turn.mute(&name, true),
            Input::Unmute { name } => turn.mute(&name, false),
            Input::Say { room, text } => turn.say(&room, text),
        }
    }
}

/// One input being applied.
pub(super) struct Turn<'a> {
    pub(super) core: &'a mut Rooms,
    pub(super) at: Millis,
    pub(super) out: &'a mut Effects,
}

impl Turn<'_> {
    /// Appends to a room that is there.
    pub(super) fn append(&mut self, id: RoomId, author: SessionId, event: Event) -> Seq {
        let Some(room) = self.core.by_id.get_mut(&id) else {
            return Seq::default();
        };
        room.seq = room.seq.next();
        self.core.ordinal = self.core.ordinal.next();
        let (seq, ordinal) = (room.seq, self.core.ordinal);
        let entry = Entry { seq, ordinal, at: self.at, author, event };
        match self.out.appended.last_mut() {
            Some(last) if last.room == id => last.entries.push(entry),
            _ => self.out.appended.push(Appended { room: id, entries: vec![entry] }),
        }
        seq
    }

    pub(super) fn answer(&mut self, session: SessionId, answer: Answer) {
        self.out.replies.push(Reply { to: session, after: self.core.ordinal, answer });
    }

    /// Refuses what a member asked for, by its own id or else by the event's name.
    pub(super) fn refuse(
        &mut self,
        session: SessionId,
        id: Option<MessageId>,
        event: &str,
        why: Refusal,
    ) {
        let re = Some(id.unwrap_or_else(|| event.into()));
        self.answer(session, Answer::Refused { re, refusal: why });
    }

    pub(super) fn room_mut(&mut self, room: RoomId) -> Option<&mut Room> {
        self.core.by_id.get_mut(&room)
    }
}
