//! Makes every string of a server's event harmless, whatever the server did. The one place where
//! a peer's text enters the client side of the house.

use crate::wire::native::{
    Ack, Bye, Chat, Crowd, Entered, Gap, History, Member, Notice, Parted, Ping, Presence, Refused,
    Rename, RoomState, Rooms, Roster, ServerEvent, Topic, Welcome, Whisper,
};
use crate::wire::text::scrub;
use std::borrow::Cow;

type Str = Cow<'static, str>;

/// The same event with nothing in it that could move a cursor, ring, reorder or hide.
pub(super) fn event(event: ServerEvent<'static>) -> ServerEvent<'static> {
    use ServerEvent as E;
    match event {
        E::Welcome(e) => E::Welcome(welcome(e)),
        E::Chat(e) => {
            E::Chat(Chat { room: text(e.room), from: text(e.from), text: text(e.text), ..e })
        }
        E::Join(e) => E::Join(presence(e)),
        E::Leave(e) => E::Leave(presence(e)),
        E::Rename(e) => {
            E::Rename(Rename { room: text(e.room), from: text(e.from), to: text(e.to), ..e })
        }
        E::Entered(e) => E::Entered(Entered { re: e.re.map(text), state: room(e.state) }),
        E::Parted(e) => E::Parted(Parted { re: e.re.map(text), room: text(e.room) }),
        E::Rooms(e) => {
            E::Rooms(Rooms { re: e.re.map(text), rooms: e.rooms.into_iter().map(room).collect() })
        }
        E::Topic(e) => {
            E::Topic(Topic { room: text(e.room), who: text(e.who), topic: e.topic.map(text), ..e })
        }
        E::Crowd(e) => E::Crowd(Crowd { room: text(e.room), ..e }),
        E::Ack(e) => E::Ack(Ack { id: e.id.map(text), room: e.room.map(text), ..e }),
        E::Refused(e) => {
            E::Refused(Refused { re: e.re.map(text), code: text(e.code), text: text(e.text) })
        }
        E::Whisper(e) => E::Whisper(Whisper { from: text(e.from), text: text(e.text), ..e }),
        E::Roster(e) => E::Roster(Roster {
            room: text(e.room),
            members: e
                .members
                .into_iter()
                .map(|member| Member { nick: text(member.nick), ..member })
                .collect(),
        }),
        E::History(e) => E::History(History {
            re: e.re.map(text),
            room: text(e.room),
            events: e.events.into_iter().map(entry).collect(),
            ..e
        }),
        E::Gap(e) => E::Gap(Gap { room: text(e.room), ..e }),
        E::Notice(e) => E::Notice(Notice { text: text(e.text) }),
        E::Ping(e) => E::Ping(ping(e)),
        E::Pong(e) => E::Pong(ping(e)),
        E::Bye(e) => E::Bye(Bye { code: text(e.code), text: text(e.text) }),
    }
}

/// An event inside a `history`, which is never a history itself: the nesting ends here, however
/// deep a server makes it.
fn entry(inner: ServerEvent<'static>) -> ServerEvent<'static> {
    match inner {
        ServerEvent::History(history) => ServerEvent::History(History {
            re: None,
            room: text(history.room),
            events: Vec::new(),
            more: history.more,
        }),
        other => event(other),
    }
}

fn welcome(e: Welcome<'static>) -> Welcome<'static> {
    Welcome {
        server: text(e.server),
        nick: text(e.nick),
        epoch: text(e.epoch),
        rooms: e.rooms.into_iter().map(room).collect(),
        text: text(e.text),
        ..e
    }
}

fn room(e: RoomState<'static>) -> RoomState<'static> {
    RoomState { room: text(e.room), topic: e.topic.map(text), ..e }
}

fn presence(e: Presence<'static>) -> Presence<'static> {
    Presence { room: text(e.room), who: text(e.who), reason: e.reason.map(text), ..e }
}

fn ping(e: Ping) -> Ping {
    Ping { id: e.id.map(|id| scrub(&id)) }
}

fn text(text: Str) -> Str {
    // The server has cleaned nearly every string already: plain ones are not copied.
    if text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) { text } else { scrub(&text).into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::native::{Decoded, decode_server, put};

    /// One event of every kind whose every string carries an escape, a bidi override and a bell.
    const HOSTILE: [&str; 20] = [
        r#"{"entered":{"re":"X","room":"X","seq":1,"members":1,"topic":"X"}}"#,
        r#"{"parted":{"re":"X","room":"X"}}"#,
        r#"{"rooms":{"re":"X","rooms":[{"room":"X","seq":1,"members":1,"topic":"X"}]}}"#,
        r#"{"topic":{"room":"X","seq":1,"at":1,"who":"X","topic":"X"}}"#,
        r#"{"welcome":{"v":1,"server":"X","nick":"X","epoch":"X","rooms":[{"room":"X","seq":1,"members":1}],"limits":{"text":1,"line":1,"ping_secs":1,"dead_secs":1},"text":"X"}}"#,
        r#"{"chat":{"room":"X","seq":1,"at":1,"from":"X","text":"X"}}"#,
        r#"{"join":{"room":"X","seq":1,"at":1,"who":"X"}}"#,
        r#"{"leave":{"room":"X","seq":1,"at":1,"who":"X","reason":"X"}}"#,
        r#"{"rename":{"room":"X","seq":1,"at":1,"from":"X","to":"X"}}"#,
        r#"{"crowd":{"room":"X","seq":1,"at":1,"joined":1,"left":1}}"#,
        r#"{"ack":{"id":"X","room":"X","seq":1,"at":1}}"#,
        r#"{"refused":{"re":"X","code":"X","text":"X"}}"#,
        r#"{"whisper":{"at":1,"from":"X","text":"X"}}"#,
        r#"{"roster":{"room":"X","members":[{"nick":"X","since":1}]}}"#,
        r#"{"history":{"re":"X","room":"X","events":[{"notice":{"text":"X"}},{"history":{"re":"X","room":"X","events":[{"notice":{"text":"X"}}],"more":true}}],"more":true}}"#,
        r#"{"gap":{"room":"X","after":1,"before":2}}"#,
        r#"{"notice":{"text":"X"}}"#,
        r#"{"ping":{"id":"X"}}"#,
        r#"{"pong":{"id":"X"}}"#,
        r#"{"bye":{"code":"X","text":"X"}}"#,
    ];

    #[test]
    fn no_string_of_any_event_keeps_a_control_character() {
        for line in HOSTILE {
            let line = line.replace('X', r"a\u001b]0;b\u0007\u202e\u009b");
            let decoded = decode_server(line.as_bytes()).unwrap();
            let Decoded::Event(hostile) = decoded else { panic!("{line}") };
            let mut out = Vec::new();
            put(&event(hostile), &mut out);
            let out = String::from_utf8(out).unwrap();
            for bad in ["\\u00", "\u{1b}", "\u{7}", "\u{202e}", "\u{9b}"] {
                assert!(!out.contains(bad), "{bad:?} in {out}");
            }
            assert!(out.contains("a␛]0;b␇"), "the rest stays visible: {out}");
        }
    }
}
