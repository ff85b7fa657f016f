//! An entry of the log as the event that tells of it. Knows no line.

use super::{Chat, Crowd, Presence, Rename, ServerEvent, Topic};
use crate::wire::entry::{Entry, Event};
use crate::wire::room_name::RoomName;
use std::borrow::Cow;

impl<'a> ServerEvent<'a> {
    /// An entry of a room's log as its event.
    pub fn of(room: &'a RoomName, entry: &'a Entry) -> Self {
        let (room, seq, at) = (Cow::from(room.as_str()), entry.seq.0, entry.at.0);
        match &entry.event {
            Event::Chat(chat) => Self::Chat(Chat {
                room,
                seq,
                at,
                from: chat.from.as_str().into(),
                kind: chat.kind,
                text: Cow::from(&*chat.text),
                emote: chat.emote,
                cause: chat.cause.map(|seq| seq.0),
                hops: chat.hops,
            }),
            Event::Join { who, kind } => Self::Join(Presence {
                room,
                seq,
                at,
                who: who.as_str().into(),
                kind: *kind,
                reason: None,
            }),
            Event::Leave { who, kind, reason } => Self::Leave(Presence {
                room,
                seq,
                at,
                who: who.as_str().into(),
                kind: *kind,
                reason: Some(reason.code().into()),
            }),
            Event::Rename { from, to, kind } => Self::Rename(Rename {
                room,
                seq,
                at,
                from: from.as_str().into(),
                to: to.as_str().into(),
                kind: *kind,
            }),
            Event::Topic { by, kind, topic } => Self::Topic(Topic {
                room,
                seq,
                at,
                who: by.as_str().into(),
                kind: *kind,
                topic: topic.as_deref().map(Cow::from),
            }),
            Event::Crowd { joined, left } => {
                Self::Crowd(Crowd { room, seq, at, joined: *joined, left: *left })
            }
        }
    }
}
