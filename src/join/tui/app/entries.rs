//! What the server says of a room, as items: live, or from its history. The one place where a
//! peer's words become [`Body`]s.

use super::super::super::show::names;
use super::super::item::{Body, How, Part, Way, mark, why};
use super::super::room::{Room, crossing, said};
use super::super::theme::Look;
use crate::wire::entry::{Kind, Millis};
use crate::wire::line::crowd;
use crate::wire::native::{Chat, Rename, ServerEvent, Topic};
use crate::wire::shown::Shown;

/// An event that has a place in a room's order: which room, when, where, and what it looks like
/// to the user of this name. None for all others.
pub(super) fn entry(event: &ServerEvent<'_>, me: &str) -> Option<(Shown, Millis, u64, Body)> {
    use ServerEvent as E;
    let (room, at, seq, body) = match event {
        E::Chat(e) => (&e.room, e.at, e.seq, chat(e, me)),
        E::Join(e) => (&e.room, e.at, e.seq, crossing(&e.who, e.kind, Way::Came)),
        E::Leave(e) => {
            let why = e.reason.as_deref().and_then(why);
            (&e.room, e.at, e.seq, crossing(&e.who, e.kind, Way::Went(why)))
        }
        E::Rename(e) => (&e.room, e.at, e.seq, rename(e)),
        E::Topic(e) => (&e.room, e.at, e.seq, topic(e)),
        E::Crowd(e) => {
            let part = Part::new(&crowd(e.joined, e.left), Look::Dim);
            (&e.room, e.at, e.seq, Body::Event(vec![part]))
        }
        _ => return None,
    };
    Some((Shown::new(room), Millis(at), seq, body))
}

fn chat(e: &Chat<'_>, me: &str) -> Body {
    let how = if e.emote { How::Emote } else { How::Plain };
    let mut said = said(&e.from, e.kind, &e.text, how);
    said.is_own = *said.who == *me;
    said.is_mention = !said.is_own && names(&said.text, me);
    Body::Said(said)
}

fn name(who: &str, kind: Kind) -> [Part; 2] {
    [Part::new(who, Look::nick(who)), Part::new(mark(kind), Look::Dim)]
}

fn rename(e: &Rename<'_>) -> Body {
    let mut parts = Vec::from(name(&e.from, e.kind));
    parts.push(Part::new(" is now known as ", Look::Dim));
    parts.extend(name(&e.to, e.kind));
    Body::Event(parts)
}

fn topic(e: &Topic<'_>) -> Body {
    let mut parts = Vec::from(name(&e.who, e.kind));
    match &e.topic {
        Some(topic) => {
            parts.push(Part::new(" set the topic to ", Look::Dim));
            parts.push(Part::new(topic, Look::Plain));
        }
        None => parts.push(Part::new(" took the topic away", Look::Dim)),
    }
    Body::Event(parts)
}

/// What an event changes about who is in a room.
pub(super) fn note_members(room: &mut Room, event: &ServerEvent<'_>) {
    use ServerEvent as E;
    match event {
        E::Chat(e) => {
            let who = Shown::new(&e.from);
            room.came(&who, e.kind);
            room.spoke(&who);
        }
        E::Join(e) => {
            room.count += 1;
            room.came(&Shown::new(&e.who), e.kind);
        }
        E::Leave(e) => {
            room.count = room.count.saturating_sub(1);
            room.went(&Shown::new(&e.who));
        }
        E::Rename(e) => {
            room.went(&Shown::new(&e.from));
            room.came(&Shown::new(&e.to), e.kind);
        }
        E::Crowd(e) => {
            let joined = usize::try_from(e.joined).unwrap_or_default();
            let left = usize::try_from(e.left).unwrap_or_default();
            room.count = (room.count + joined).saturating_sub(left);
            // Some of the names are wrong from here on.
            room.is_roster = false;
        }
        E::Topic(e) => room.topic = e.topic.as_deref().map(Shown::new),
        _ => {}
    }
}
