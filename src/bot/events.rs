//! The server's events as what happens to a bot. Decides nothing about them.

use crate::bot::message::{Message, Who};
use crate::bot::stage::Event;
use crate::wire::native::{Presence, ServerEvent};

/// An event for the bot, and its place in the order of a room, if it has one; nothing, if it is
/// none of a bot's business.
pub(super) fn happening(event: ServerEvent<'_>) -> Option<(Event, Option<(String, u64)>)> {
    Some(match event {
        ServerEvent::Chat(chat) => {
            let place = (chat.room.to_string(), chat.seq);
            let message = Message {
                seq: chat.seq,
                room: chat.room.into_owned(),
                from: chat.from.into_owned(),
                kind: chat.kind,
                text: chat.text.into_owned(),
                emote: chat.emote,
                whisper: false,
                hops: chat.hops,
                at: chat.at,
            };
            (Event::Message(message), Some(place))
        }
        ServerEvent::Whisper(whisper) => {
            let message = Message {
                seq: 0,
                room: String::new(),
                from: whisper.from.into_owned(),
                kind: whisper.kind,
                text: whisper.text.into_owned(),
                emote: false,
                whisper: true,
                hops: 0,
                at: whisper.at,
            };
            (Event::Message(message), None)
        }
        ServerEvent::Join(presence) => {
            let (room, who, seq) = apart(presence);
            let place = (room.clone(), seq);
            (Event::Join { room, who, seq }, Some(place))
        }
        ServerEvent::Leave(presence) => {
            let (room, who, seq) = apart(presence);
            let place = (room.clone(), seq);
            (Event::Leave { room, who, seq }, Some(place))
        }
        ServerEvent::Rename(rename) => {
            let place = (rename.room.to_string(), rename.seq);
            let (from, to) = (rename.from.into_owned(), rename.to.into_owned());
            (Event::Rename { room: rename.room.into_owned(), from, to }, Some(place))
        }
        ServerEvent::Roster(roster) => {
            let member = |member: crate::wire::native::Member<'_>| Who {
                name: member.nick.into_owned(),
                kind: member.kind,
            };
            let members = roster.members.into_iter().map(member).collect();
            (Event::Roster { room: roster.room.into_owned(), members }, None)
        }
        _ => return None,
    })
}

fn apart(presence: Presence<'_>) -> (String, Who, u64) {
    let who = Who { name: presence.who.into_owned(), kind: presence.kind };
    (presence.room.into_owned(), who, presence.seq)
}
