//! What is said: to a room, to one member, and by bots about themselves.

use super::bots::{About, Spoken as Why};
use super::input::{Answer, Post, Refusal};
use super::recent::Owner;
use super::rooms::Turn;
use crate::wire::entry::{Chat, Event, Kind, MessageId, RoomId, Seq, SessionId};
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use crate::wire::text::Text;
use std::sync::Arc;

/// Who says something.
pub(super) struct Speaker<'a> {
    pub(super) session: SessionId,
    pub(super) nick: &'a Nick,
    pub(super) kind: Kind,
    pub(super) token: Option<&'a Arc<str>>,
}

impl Turn<'_> {
    pub(super) fn post(&mut self, session: SessionId, room: Option<&RoomName>, posts: Vec<Post>) {
        let Some(member) = self.core.roster.get(session) else {
            return;
        };
        let (nick, kind, muted) = (member.nick.clone(), member.kind, member.muted);
        let token = member.token.clone();
        let speaker = Speaker { session, nick: &nick, kind, token: token.as_ref() };
        let meant = self
            .core
            .meant(session, room)
            .and_then(|room| if muted { Err(Refusal::Muted) } else { Ok(room) });
        let owner = match &token {
            Some(token) => Owner::Client(token.clone()),
            None => Owner::Session(session),
        };
        for post in posts {
            let id = post.id.clone();
            // First: what was said stays said, wherever its author is by now, and however it is muted.
            let key = id.clone().map(|id| (owner.clone(), id));
            let before = key.as_ref().and_then(|key| self.core.ids.get(key));
            if let (Some((_, id)), Some((room, seq, at))) = (&key, before) {
                self.answer(session, Answer::Duplicate { id: id.clone(), room, seq, at });
                continue;
            }
            let room = match &meant {
                Ok(room) => *room,
                Err(refusal) => {
                    self.refuse(session, id, "say", refusal.clone());
                    continue;
                }
            };
            let seq = self.chat(room, &speaker, post);
            if let (Some(key), Some(name)) =
                (key, self.core.room(room).map(|room| room.name.clone()))
            {
                self.core.ids.insert(key, (name, seq, self.at));
            }
        }
    }

    pub(super) fn chat(&mut self, room: RoomId, speaker: &Speaker<'_>, post: Post) -> Seq {
        let Post { text, emote, cause, handler, id } = post;
        let &Speaker { session, nick: from, kind, token } = speaker;
        let Some(last) = self.core.room(room).map(|room| room.seq) else {
            return Seq::default();
        };
        // Only what has happened can have caused it.
        let cause = cause.filter(|cause| kind == Kind::Bot && (Seq(1)..=last).contains(cause));
        let hops = cause.map_or(0, |cause| {
            self.core.hops.get(&(room, cause)).unwrap_or_default().saturating_add(1)
        });
        let owner = token.filter(|_| id.is_some()).cloned();
        let chat = Chat { from: from.clone(), kind, emote, text, cause, hops, id, owner };
        let seq = self.append(room, session, Event::Chat(chat));
        if hops > 0 {
            self.core.hops.insert((room, seq), hops);
        }
        if kind == Kind::Bot {
            let why = Why { bot: from.clone(), cause, handler };
            self.core.spoken.insert((room, seq), Arc::new(why));
            if let Some(room) = self.room_mut(room) {
                room.last_spoken = Some(seq);
            }
        }
        seq
    }

    pub(super) fn whisper(
        &mut self,
        session: SessionId,
        to: &str,
        text: Text,
        id: Option<MessageId>,
    ) {
        let Some(member) = self.core.roster.get(session) else {
            return;
        };
        let (from, kind, at) = (member.nick.clone(), member.kind, self.at);
        if member.muted {
            return self.refuse(session, id, "whisper", Refusal::Muted);
        }
        let Some(to) = self.core.roster.named(to) else {
            return self.refuse(session, id, "whisper", Refusal::NoSuchMember(to.into()));
        };
        let (target, to) = (to.session, to.nick.clone());
        self.answer(target, Answer::Whisper { at, from, kind, text });
        self.answer(session, Answer::WhisperSent { id, to, at });
    }

    pub(super) fn about(&mut self, session: SessionId, about: About) {
        self.unlist(session);
        let member = self.core.roster.get_mut(session);
        if let Some(member) = member.filter(|member| member.kind == Kind::Bot) {
            member.about = Some(Arc::new(about));
        }
    }
}
