//! The native dialect: any line is read or refused, what was read is written and read the same,
//! and every event of the server's is one line of JSON whatever is in it.

use super::bytes::Bytes;
use chaty::wire::entry::Kind;
use chaty::wire::native::{
    self, Ack, Bye, Chat, Crowd, Decoded, Entered, Gap, History, Member, Notice, Presence, Refused,
    Rename, RoomState, Rooms, Roster, ServerEvent, Topic, Whisper,
};
use serde::Serialize;
use std::borrow::Cow;
use std::fmt::Debug;

/// Lists of a made event, and events inside an event.
const ITEMS: u8 = 3;

pub(super) fn target(data: &[u8]) {
    both_ways(data, native::decode_client);
    both_ways(data, native::decode_server);
    let mut data = Bytes(data);
    for _ in 0..ITEMS {
        let event = event(&mut data, ITEMS);
        let line = written(&event);
        assert_eq!(native::decode_server(&line), Ok(Decoded::Event(event)));
    }
}

/// Reads a line; writes what it was, and reads that.
fn both_ways<T: Serialize + PartialEq + Debug, E: Debug + PartialEq>(
    line: &[u8],
    read: impl Fn(&[u8]) -> Result<Decoded<T>, E>,
) {
    let Ok(Decoded::Event(event)) = read(line) else { return };
    let written = written(&event);
    assert_eq!(read(&written), Ok(Decoded::Event(event)), "read again");
}

/// The event as its line.
fn written<T: Serialize>(event: &T) -> Vec<u8> {
    let mut line = b"before\n".to_vec();
    native::put(event, &mut line);
    let line = line.strip_prefix(b"before\n").expect("what was there stays").to_vec();
    assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1), "one line");
    let value: serde_json::Value = serde_json::from_slice(&line).expect("it is JSON");
    assert!(value.as_object().is_some_and(|object| object.len() == 1), "one key: {value}");
    line
}

fn text(data: &mut Bytes<'_>) -> Cow<'static, str> {
    data.text().into()
}

fn kind(data: &mut Bytes<'_>) -> Kind {
    [Kind::User, Kind::Bot, Kind::Script][usize::from(data.byte() % 3)]
}

fn list<T>(data: &mut Bytes<'_>, item: impl Fn(&mut Bytes<'_>) -> T) -> Vec<T> {
    (0..data.byte() % (ITEMS + 1)).map(|_| item(data)).collect()
}

fn state(data: &mut Bytes<'_>) -> RoomState<'static> {
    RoomState {
        room: text(data),
        seq: data.number(),
        members: usize::from(data.byte()),
        topic: data.some(text),
        recorded: data.bit(),
    }
}

fn presence(data: &mut Bytes<'_>) -> Presence<'static> {
    Presence {
        room: text(data),
        seq: data.number(),
        at: data.number(),
        who: text(data),
        kind: kind(data),
        reason: data.some(text),
    }
}

/// Any event a server may send.
fn event(data: &mut Bytes<'_>, depth: u8) -> ServerEvent<'static> {
    match data.byte() % 15 {
        0 => ServerEvent::Chat(Chat {
            room: text(data),
            seq: data.number(),
            at: data.number(),
            from: text(data),
            kind: kind(data),
            text: text(data),
            emote: data.bit(),
            cause: data.some(Bytes::number),
            hops: data.byte(),
        }),
        1 => ServerEvent::Join(presence(data)),
        2 => ServerEvent::Leave(presence(data)),
        3 => ServerEvent::Rename(Rename {
            room: text(data),
            seq: data.number(),
            at: data.number(),
            from: text(data),
            to: text(data),
            kind: kind(data),
        }),
        4 => ServerEvent::Topic(Topic {
            room: text(data),
            seq: data.number(),
            at: data.number(),
            who: text(data),
            kind: kind(data),
            topic: data.some(text),
        }),
        5 => ServerEvent::Crowd(Crowd {
            room: text(data),
            seq: data.number(),
            at: data.number(),
            joined: u32::from(data.byte()),
            left: u32::from(data.byte()),
        }),
        6 => ServerEvent::Ack(Ack {
            id: data.some(text),
            room: data.some(text),
            seq: data.some(Bytes::number),
            at: data.number(),
            duplicate: data.bit(),
        }),
        7 => ServerEvent::Refused(Refused {
            re: data.some(text),
            code: text(data),
            text: text(data),
        }),
        8 => ServerEvent::Whisper(Whisper {
            at: data.number(),
            from: text(data),
            kind: kind(data),
            text: text(data),
        }),
        9 => {
            let member = |data: &mut Bytes<'_>| Member {
                nick: text(data),
                kind: kind(data),
                since: data.number(),
            };
            ServerEvent::Roster(Roster { room: text(data), members: list(data, member) })
        }
        10 if depth > 0 => ServerEvent::History(History {
            re: data.some(text),
            room: text(data),
            events: list(data, |data| event(data, depth - 1)),
            more: data.bit(),
        }),
        11 => ServerEvent::Rooms(Rooms { re: data.some(text), rooms: list(data, state) }),
        12 => {
            ServerEvent::Gap(Gap { room: text(data), after: data.number(), before: data.number() })
        }
        13 => ServerEvent::Bye(Bye { code: text(data), text: text(data) }),
        14 => ServerEvent::Entered(Entered { re: data.some(text), state: state(data) }),
        _ => ServerEvent::Notice(Notice { text: text(data) }),
    }
}
