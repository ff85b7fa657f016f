//! What the administrator orders.

use super::bans::{Ban, Target};
use super::input::{Answer, Post, because};
use super::rooms::Turn;
use super::talk::Speaker;
use crate::wire::close::CloseReason;
use crate::wire::entry::{Kind, SessionId};
use crate::wire::nick::{Nick, NickKey};
use crate::wire::room_name::RoomName;
use crate::wire::text::Text;

impl Turn<'_> {
    pub(super) fn kick(&mut self, name: &str, reason: Option<String>) {
        let Some(member) = self.core.roster.named(name) else {
            return self.failed(format!("{name} is not here; `list` shows who is"));
        };
        let (session, nick) = (member.session, member.nick.clone());
        self.remove(session, CloseReason::Kicked, reason);
        self.done(format!("kicked {nick}"));
    }

    pub(super) fn ban(&mut self, target: Target, reason: Option<String>) {
        self.core.bans.retain(|ban| !ban.target.same(&target));
        let hit: Vec<SessionId> = self
            .core
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
        self.core.bans.push(Ban { target, reason, since: self.at });
        self.done(done);
    }

    pub(super) fn unban(&mut self, target: &Target) {
        let before = self.core.bans.len();
        self.core.bans.retain(|ban| !ban.target.same(target));
        if self.core.bans.len() < before {
            self.done(format!("{target} may come in again"));
        } else {
            self.failed(format!("{target} is not banned; `ban` lists who is"));
        }
    }

    pub(super) fn mute(&mut self, name: &str, muted: bool) {
        let session = self.core.roster.named(name).map(|member| member.session);
        if let Some(session) = session {
            self.unlist(session);
        }
        let member = session.and_then(|session| self.core.roster.get_mut(session));
        let key = NickKey::of(name).folded;
        let known = member.is_some() || self.core.mutes.contains(&key);
        if let Some(member) = member {
            member.muted = muted;
        }
        match (known, muted) {
            (false, _) => self.failed(format!("{name} is not here; `list` shows who is")),
            (true, true) => {
                self.core.mutes.insert(key);
                self.done(format!("muted {name}"));
            }
            (true, false) => {
                self.core.mutes.remove(&key);
                self.done(format!("{name} may speak again"));
            }
        }
    }

    pub(super) fn say(&mut self, room: &RoomName, text: Text) {
        let Some(id) = self.core.find(room) else {
            return self.failed(format!("there is no room {room}; `rooms` lists them"));
        };
        let (session, nick) = (SessionId::CONSOLE, &Nick::server());
        let speaker = Speaker { session, nick, kind: Kind::User, token: None };
        self.chat(id, &speaker, Post::plain(text));
        self.done(format!("said in {room}"));
    }

    fn done(&mut self, text: String) {
        self.answer(SessionId::CONSOLE, Answer::Done(text));
    }

    fn failed(&mut self, text: String) {
        self.answer(SessionId::CONSOLE, Answer::Failed(text));
    }
}
