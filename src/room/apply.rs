//! The room itself: one input in, its effects out.

use super::bans::{Ban, Target};
use super::bots::{About, Spoken as Why};
use super::input::{Answer, Effects, Input, Join, Post, Refusal, Reply, because};
use super::recent::{Hops, Ids, Owner, Spoken};
use super::roster::{Member, Roster};
use crate::wire::close::CloseReason;
use crate::wire::entry::{Chat, Entry, Event, Kind, MessageId, Millis, Ordinal, Seq, SessionId};
use crate::wire::nick::{Nick, NickKey};
use crate::wire::text::Text;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A room: its members, its rules, and the number of its last entry.
#[derive(Debug)]
pub struct Room {
    seq: Seq,
    roster: Roster,
    bans: Vec<Ban>,
    /// Names, case folded away, that stay muted when they come back.
    mutes: BTreeSet<Box<str>>,
    ids: Ids,
    hops: Hops,
    spoken: Spoken,
    /// What a bot said last.
    last_spoken: Option<Seq>,
    /// Above so many members, joins and leaves are folded.
    crowd: usize,
    folded: Folded,
}

/// Joins and leaves not yet told.
#[derive(Debug, Default)]
struct Folded {
    joined: u32,
    left: u32,
}

impl Room {
    /// An empty room whose first entry will be 1.
    pub fn new(crowd: usize) -> Self {
        Self {
            seq: Seq::default(),
            roster: Roster::default(),
            bans: Vec::new(),
            mutes: BTreeSet::new(),
            ids: Ids::default(),
            hops: Hops::default(),
            spoken: Spoken::default(),
            last_spoken: None,
            crowd,
            folded: Folded::default(),
        }
    }

    /// Members, by session.
    pub fn members(&self) -> impl Iterator<Item = &Member> {
        self.roster.iter()
    }

    /// The member meant by a name: the same but for case.
    pub fn named(&self, name: &str) -> Option<&Member> {
        self.roster.named(name)
    }

    /// Bans, oldest first.
    pub fn bans(&self) -> &[Ban] {
        &self.bans
    }

    /// Why a bot said something: the entry with this number, or the last thing one said.
    pub fn why(&self, seq: Option<Seq>) -> Option<(Seq, Arc<Why>)> {
        let seq = seq.or(self.last_spoken)?;
        Some((seq, self.spoken.get(&seq)?))
    }

    /// Whether folded joins and leaves wait for an [`Input::Tick`].
    pub fn wants_tick(&self) -> bool {
        self.folded.joined + self.folded.left > 0
    }

    /// Applies one input at a time of the server's clock, adding to the effects of the turn.
    pub fn apply(&mut self, at: Millis, input: Input, out: &mut Effects) {
        let mut turn = Turn { room: self, at, out };
        match input {
            Input::Join(join) => turn.join(join),
            Input::Leave { session, reason } => turn.leave(session, reason),
            Input::Post { session, posts } => turn.post(session, posts),
            Input::Whisper { session, to, text, id } => turn.whisper(session, &to, text, id),
            Input::Rename { session, to } => turn.rename(session, &to),
            Input::Roster { session } => turn.roster(session),
            Input::About { session, about } => turn.about(session, about),
            Input::Tick => turn.tick(),
            Input::Kick { name, reason } => turn.kick(&name, reason),
            Input::Ban { target, reason } => turn.ban(target, reason),
            Input::Unban { target } => turn.unban(&target),
            Input::Mute { name } => turn.mute(&name, true),
            Input::Unmute { name } => turn.mute(&name, false),
            Input::Say { text } => turn.say(text),
        }
    }
}

/// One input being applied.
struct Turn<'a> {
    room: &'a mut Room,
    at: Millis,
    out: &'a mut Effects,
}

impl Turn<'_> {
    fn append(&mut self, author: SessionId, event: Event) -> Seq {
        self.room.seq = self.room.seq.next();
        let seq = self.room.seq;
        self.out.entries.push(Entry { seq, ordinal: Ordinal(seq.0), at: self.at, author, event });
        seq
    }

    fn answer(&mut self, session: SessionId, answer: Answer) {
        self.out.replies.push(Reply { to: session, after: self.room.seq, answer });
    }

    /// Refuses what a member asked for, by its own id or else by the event's name.
    fn refuse(&mut self, session: SessionId, id: Option<MessageId>, event: &str, why: Refusal) {
        let re = Some(id.unwrap_or_else(|| event.into()));
        self.answer(session, Answer::Refused { re, refusal: why });
    }

    fn join(&mut self, join: Join) {
        match self.admit(&join) {
            Ok(()) => {
                let Join { session, nick, kind, addr, token } = join;
                let since = self.at;
                let who = nick.clone();
                let muted = self.room.mutes.contains(&nick.key().folded);
                let member = Member { session, nick, kind, addr, token, since, muted, about: None };
                self.room.roster.insert(member);
                self.presence(session, kind, Event::Join { who, kind });
                let members = self.room.roster.len();
                self.answer(session, Answer::Admitted { seq: self.room.seq, members });
            }
            Err(refusal) => self.answer(join.session, Answer::NotAdmitted(refusal)),
        }
    }

    /// Bans first, then the name. A client that shows the token of a member is that member, come
    /// back: it takes its place, whatever either is called.
    fn admit(&mut self, join: &Join) -> Result<(), Refusal> {
        let key = join.nick.key();
        if let Some(ban) = self.room.bans.iter().find(|ban| ban.target.is(&key, join.addr)) {
            return Err(Refusal::Banned(ban.reason.clone()));
        }
        let ghost = join.token.as_ref().and_then(|token| self.room.roster.owner(token));
        let clashing = self.room.roster.clashing(&key, ghost.unwrap_or(join.session)).next();
        if let Some(taken) = clashing {
            return Err(Refusal::NickTaken(taken.nick.clone()));
        }
        if let Some(ghost) = ghost {
            self.remove(ghost, CloseReason::Replaced, None);
        }
        Ok(())
    }

    fn leave(&mut self, session: SessionId, reason: CloseReason) {
        self.remove(session, reason, None);
    }

    /// Takes a member out, frees its name and closes it. A session that is no member (any more)
    /// is left alone.
    fn remove(&mut self, session: SessionId, reason: CloseReason, detail: Option<String>) {
        if let Some(Member { nick: who, kind, .. }) = self.room.roster.remove(session) {
            self.presence(session, kind, Event::Leave { who, kind, reason });
            self.answer(session, Answer::Close(reason, detail));
        }
    }

    /// Tells of a coming or going: on its own line, folded in a crowd, not at all for a script.
    fn presence(&mut self, session: SessionId, kind: Kind, event: Event) {
        if kind == Kind::Script {
            return;
        }
        if self.room.roster.len() <= self.room.crowd {
            self.append(session, event);
        } else if matches!(event, Event::Join { .. }) {
            self.room.folded.joined += 1;
        } else {
            self.room.folded.left += 1;
        }
    }

    fn tick(&mut self) {
        let Folded { joined, left } = std::mem::take(&mut self.room.folded);
        if joined + left > 0 {
            self.append(SessionId::CONSOLE, Event::Crowd { joined, left });
        }
    }

    fn post(&mut self, session: SessionId, posts: Vec<Post>) {
        let Some(member) = self.room.roster.get(session) else {
            return;
        };
        let (from, kind, muted) = (member.nick.clone(), member.kind, member.muted);
        let owner = match &member.token {
            Some(token) => Owner::Client(token.clone()),
            None => Owner::Session(session),
        };
        for post in posts {
            let id = post.id.clone();
            if muted {
                self.refuse(session, id, "say", Refusal::Muted);
                continue;
            }
            let key = id.map(|id| (owner.clone(), id));
            let before = key.as_ref().and_then(|key| self.room.ids.get(key));
            if let (Some((_, id)), Some((seq, at))) = (&key, before) {
                self.answer(session, Answer::Duplicate { id: id.clone(), seq, at });
                continue;
            }
            let seq = self.chat(session, &from, kind, post);
            if let Some(key) = key {
                self.room.ids.insert(key, (seq, self.at));
            }
        }
    }

    fn chat(&mut self, session: SessionId, from: &Nick, kind: Kind, post: Post) -> Seq {
        let Post { text, emote, cause, handler, id } = post;
        // Only what has happened can have caused it.
        let happened = Seq::default().next()..=self.room.seq;
        let cause = cause.filter(|cause| kind == Kind::Bot && happened.contains(cause));
        let hops = cause
            .map_or(0, |cause| self.room.hops.get(&cause).unwrap_or_default().saturating_add(1));
        let chat = Chat { from: from.clone(), kind, emote, text, cause, hops, id, owner: None };
        let seq = self.append(session, Event::Chat(chat));
        if hops > 0 {
            self.room.hops.insert(seq, hops);
        }
        if kind == Kind::Bot {
            let why = Why { bot: from.clone(), cause, handler };
            self.room.spoken.insert(seq, Arc::new(why));
            self.room.last_spoken = Some(seq);
        }
        seq
    }

    fn whisper(&mut self, session: SessionId, to: &str, text: Text, id: Option<MessageId>) {
        let Some(member) = self.room.roster.get(session) else {
            return;
        };
        let (from, kind, at) = (member.nick.clone(), member.kind, self.at);
        if member.muted {
            return self.refuse(session, id, "whisper", Refusal::Muted);
        }
        let Some(to) = self.room.roster.named(to) else {
            return self.refuse(session, id, "whisper", Refusal::NoSuchMember(to.into()));
        };
        let (target, to) = (to.session, to.nick.clone());
        self.answer(target, Answer::Whisper { at, from, kind, text });
        self.answer(session, Answer::WhisperSent { id, to, at });
    }

    fn rename(&mut self, session: SessionId, to: &Nick) {
        let Some(kind) = self.room.roster.get(session).map(|member| member.kind) else {
            return;
        };
        if let Some(ban) = self.room.bans.iter().find(|ban| ban.target.names(&to.key())) {
            let refusal = Refusal::Banned(ban.reason.clone());
            return self.refuse(session, None, "nick", refusal);
        }
        let holder = self.room.roster.clashing(&to.key(), session).next();
        if let Some(taken) = holder.map(|member| member.nick.clone()) {
            return self.refuse(session, None, "nick", Refusal::NickTaken(taken));
        }
        if let Some(from) = self.room.roster.rename(session, to) {
            let entry = from != *to;
            if entry {
                self.append(session, Event::Rename { from, to: to.clone(), kind });
            }
            self.answer(session, Answer::Renamed { to: to.clone(), entry });
        }
    }

    fn about(&mut self, session: SessionId, about: About) {
        let member = self.room.roster.get_mut(session);
        if let Some(member) = member.filter(|member| member.kind == Kind::Bot) {
            member.about = Some(Arc::new(about));
        }
    }

    fn roster(&mut self, session: SessionId) {
        let members = self.room.roster.list();
        self.answer(session, Answer::Roster(members));
    }

    fn kick(&mut self, name: &str, reason: Option<String>) {
        let Some(member) = self.room.roster.named(name) else {
            return self.failed(format!("{name} is not here; `list` shows who is"));
        };
        let (session, nick) = (member.session, member.nick.clone());
        self.remove(session, CloseReason::Kicked, reason);
        self.done(format!("kicked {nick}"));
    }

    fn ban(&mut self, target: Target, reason: Option<String>) {
        self.room.bans.retain(|ban| !ban.target.same(&target));
        let hit: Vec<SessionId> = self
            .room
            .roster
            .iter()
            .filter(|member| target.is(&member.nick.key(), member.addr))
            .map(|member| member.session)
            .collect();
        for &session in &hit {
            self.remove(session, CloseReason::Banned, reason.clone());
        }
        let why = because(reason.as_deref());
        let done = format!("banned {target}{why} ({} closed)", hit.len());
        self.room.bans.push(Ban { target, reason, since: self.at });
        self.done(done);
    }

    fn unban(&mut self, target: &Target) {
        let before = self.room.bans.len();
        self.room.bans.retain(|ban| !ban.target.same(target));
        if self.room.bans.len() < before {
            self.done(format!("{target} may come in again"));
        } else {
            self.failed(format!("{target} is not banned; `ban` lists who is"));
        }
    }

    fn mute(&mut self, name: &str, muted: bool) {
        let session = self.room.roster.named(name).map(|member| member.session);
        let member = session.and_then(|session| self.room.roster.get_mut(session));
        let key = NickKey::of(name).folded;
        let known = member.is_some() || self.room.mutes.contains(&key);
        if let Some(member) = member {
            member.muted = muted;
        }
        match (known, muted) {
            (false, _) => self.failed(format!("{name} is not here; `list` shows who is")),
            (true, true) => {
                self.room.mutes.insert(key);
                self.done(format!("muted {name}"));
            }
            (true, false) => {
                self.room.mutes.remove(&key);
                self.done(format!("{name} may speak again"));
            }
        }
    }

    fn say(&mut self, text: Text) {
        self.chat(SessionId::CONSOLE, &Nick::server(), Kind::User, Post::plain(text));
        self.done("said".into());
    }

    fn done(&mut self, text: String) {
        self.answer(SessionId::CONSOLE, Answer::Done(text));
    }

    fn failed(&mut self, text: String) {
        self.answer(SessionId::CONSOLE, Answer::Failed(text));
    }
}
