//! Coming, going and changing names.

use super::input::{Answer, Join, Refusal, RoomRow};
use super::rooms::{Folded, Rooms, Turn};
use super::roster::Member;
use crate::wire::close::CloseReason;
use crate::wire::entry::{Event, Kind, RoomId, SessionId};
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use std::sync::Arc;

impl Rooms {
    /// Bans first, then the name. A client that shows the token of a member is that member, come
    /// back: it takes its place, whatever either is called. Sessions are numbered in the order of
    /// their coming, and an older one takes no newer one's place: that is what its client has given
    /// up, late on its way.
    pub(super) fn would_admit(&self, join: &Join) -> Result<Option<SessionId>, Refusal> {
        if self.roster.get(join.session).is_some() {
            return Err(Refusal::BadEvent("you are in already".into()));
        }
        let key = join.nick.key();
        if let Some(ban) = self.bans.iter().find(|ban| ban.target.is(&key, join.addr)) {
            return Err(Refusal::Banned(ban.reason.clone()));
        }
        let ghost = join.token.as_ref().and_then(|token| self.roster.owner(token));
        if let Some(newer) = ghost.filter(|ghost| *ghost > join.session) {
            let name = self.roster.get(newer).map_or(&join.nick, |member| &member.nick);
            return Err(Refusal::NickTaken(name.clone()));
        }
        match self.roster.clashing(&key, ghost.unwrap_or(join.session)).next() {
            Some(taken) => Err(Refusal::NickTaken(taken.nick.clone())),
            None => Ok(ghost),
        }
    }
}

impl Turn<'_> {
    pub(super) fn join(&mut self, join: Join) {
        match self.admit(&join) {
            Ok(room) => {
                let Join { session, nick, kind, addr, token, room: _ } = join;
                let since = self.at;
                let muted = self.core.mutes.contains(&nick.key().folded);
                let (rooms, about) = (Vec::new(), None);
                let member =
                    Member { session, nick, kind, addr, token, since, muted, about, rooms };
                self.core.roster.insert(member);
                self.come(session, room);
                if let Some(state) = self.core.by_id.get(&room) {
                    let row = RoomRow::of(state);
                    self.answer(session, Answer::Admitted { room, row });
                }
            }
            Err(refusal) => self.answer(join.session, Answer::NotAdmitted(refusal)),
        }
    }

    fn admit(&mut self, join: &Join) -> Result<RoomId, Refusal> {
        let ghost = self.core.would_admit(join)?;
        let room = self.core.find(&join.room).ok_or(Refusal::TooManyRooms)?;
        if let Some(ghost) = ghost {
            self.remove(ghost, CloseReason::Replaced, None);
        }
        Ok(room)
    }

    /// Puts a member into a room that is there, and tells it.
    pub(super) fn come(&mut self, session: SessionId, room: RoomId) {
        let Some(member) = self.core.roster.get_mut(session) else {
            return;
        };
        member.rooms.push(room);
        let (who, kind) = (member.nick.clone(), member.kind);
        self.unlist(session);
        self.core.listed = None;
        if let Some(room) = self.room_mut(room) {
            room.members.insert(session);
        }
        self.presence(room, session, kind, Event::Join { who, kind });
    }

    /// Takes a member out of one of its rooms, and tells it.
    pub(super) fn go(&mut self, session: SessionId, room: RoomId, reason: CloseReason) {
        self.unlist(session);
        let Some(member) = self.core.roster.get_mut(session) else {
            return;
        };
        member.rooms.retain(|&other| other != room);
        let (who, kind) = (member.nick.clone(), member.kind);
        self.core.listed = None;
        if let Some(room) = self.room_mut(room) {
            room.members.remove(&session);
        }
        self.presence(room, session, kind, Event::Leave { who, kind, reason });
    }

    pub(super) fn leave(&mut self, session: SessionId, reason: CloseReason) {
        self.remove(session, reason, None);
    }

    /// Takes a member out of all rooms, frees its name and closes it. A session that is no member
    /// (any more) is left alone.
    pub(super) fn remove(
        &mut self,
        session: SessionId,
        reason: CloseReason,
        detail: Option<String>,
    ) {
        let Some(rooms) = self.core.roster.get(session).map(|member| member.rooms.clone()) else {
            return;
        };
        for room in rooms {
            self.go(session, room, reason);
        }
        self.core.roster.remove(session);
        self.answer(session, Answer::Close(reason, detail));
    }

    /// Tells of a coming or going: on its own line, folded in a crowd, not at all for a script.
    fn presence(&mut self, id: RoomId, session: SessionId, kind: Kind, event: Event) {
        let crowd = self.core.crowd;
        let Some(room) = self.room_mut(id).filter(|_| kind != Kind::Script) else {
            return;
        };
        if room.members.len() <= crowd {
            self.append(id, session, event);
            return;
        }
        if matches!(event, Event::Join { .. }) {
            room.folded.joined += 1;
        } else {
            room.folded.left += 1;
        }
        self.core.folding.insert(id);
    }

    pub(super) fn tick(&mut self) {
        for id in std::mem::take(&mut self.core.folding) {
            let Some(room) = self.room_mut(id) else { continue };
            let Folded { joined, left } = std::mem::take(&mut room.folded);
            self.append(id, SessionId::CONSOLE, Event::Crowd { joined, left });
        }
    }

    pub(super) fn rename(&mut self, session: SessionId, to: &Nick) {
        let Some(member) = self.core.roster.get(session) else {
            return;
        };
        let (kind, rooms) = (member.kind, member.rooms.clone());
        if let Some(ban) = self.core.bans.iter().find(|ban| ban.target.names(&to.key())) {
            let refusal = Refusal::Banned(ban.reason.clone());
            return self.refuse(session, None, "nick", refusal);
        }
        let holder = self.core.roster.clashing(&to.key(), session).next();
        if let Some(taken) = holder.map(|member| member.nick.clone()) {
            return self.refuse(session, None, "nick", Refusal::NickTaken(taken));
        }
        if let Some(from) = self.core.roster.rename(session, to) {
            if self.core.mutes.contains(&to.key().folded)
                && let Some(member) = self.core.roster.get_mut(session)
            {
                member.muted = true;
            }
            self.unlist(session);
            let is_told = from != *to && !rooms.is_empty();
            if from != *to {
                for room in rooms {
                    let (from, to) = (from.clone(), to.clone());
                    self.append(room, session, Event::Rename { from, to, kind });
                }
            }
            self.answer(session, Answer::Renamed { to: to.clone(), entry: is_told });
        }
    }

    pub(super) fn roster(&mut self, session: SessionId, room: Option<&RoomName>) {
        let id = match self.core.meant(session, room) {
            Ok(id) => id,
            Err(refusal) => return self.refuse(session, None, "who", refusal),
        };
        let roster = &self.core.roster;
        let Some(room) = self.core.by_id.get_mut(&id) else {
            return;
        };
        let sessions = &room.members;
        let members = room.listed.get_or_insert_with(|| {
            sessions.iter().filter_map(|&session| roster.get(session)).cloned().collect()
        });
        let answer = Answer::Roster { room: room.name.clone(), members: Arc::clone(members) };
        self.answer(session, answer);
    }

    /// What is said of a member has changed: the lists it stands in are made anew.
    pub(super) fn unlist(&mut self, session: SessionId) {
        let rooms = self.core.roster.get(session).map(|member| member.rooms.as_slice());
        for room in rooms.unwrap_or_default() {
            if let Some(room) = self.core.by_id.get_mut(room) {
                room.listed = None;
            }
        }
    }
}
