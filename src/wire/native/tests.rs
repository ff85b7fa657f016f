//! Tests of the native shapes: what is printed, what is read, and that neither ever panics.

use super::*;
use crate::wire::close::CloseReason;
use crate::wire::entry::{self, Entry, Event, Millis, Ordinal, Seq, SessionId};
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use crate::wire::text::Text;
use proptest::prelude::*;
use std::collections::BTreeMap;

fn line<T: Serialize>(event: &T) -> String {
    let mut out = Vec::new();
    put(event, &mut out);
    String::from_utf8(out).unwrap()
}

fn client(line: &str) -> Result<Decoded<ClientEvent>, Malformed> {
    decode_client(line.as_bytes())
}

fn nick(name: &str) -> Nick {
    Nick::parse(name.as_bytes()).unwrap()
}

/// An entry of the lobby as its line.
fn entry(event: Event) -> String {
    let entry = Entry {
        seq: Seq(7),
        ordinal: Ordinal(7),
        at: Millis(1_700_000_000_123),
        author: SessionId(1),
        event,
    };
    let lobby = RoomName::lobby();
    line(&ServerEvent::of(&lobby, &entry))
}

#[test]
fn a_room_says_of_its_history_only_that_it_has_none() {
    for (recorded, line) in [
        (true, r##"{"room":"#ops","seq":3,"members":1}"##),
        (false, r##"{"room":"#ops","seq":3,"members":1,"recorded":false}"##),
    ] {
        let state = RoomState { room: "#ops".into(), seq: 3, members: 1, topic: None, recorded };
        assert_eq!(serde_json::to_string(&state).unwrap(), line);
        assert_eq!(serde_json::from_str::<RoomState<'_>>(line).unwrap(), state);
    }
}

#[test]
fn a_users_chat_says_no_more_than_it_must() {
    let event = Event::Chat(entry::Chat {
        from: nick("Neo"),
        kind: Kind::User,
        emote: false,
        text: Text::clean(b"hi \"all\"").unwrap(),
        cause: None,
        hops: 0,
        id: Some("private to its author".into()),
        owner: None,
    });
    assert_eq!(
        entry(event),
        "{\"chat\":{\"room\":\"#lobby\",\"seq\":7,\"at\":1700000000123,\"from\":\"Neo\",\
         \"text\":\"hi \\\"all\\\"\"}}\n"
    );
}

#[test]
fn a_bots_chat_names_its_kind_cause_and_hops() {
    let event = Event::Chat(entry::Chat {
        from: nick("Chuck"),
        kind: Kind::Bot,
        emote: true,
        text: Text::clean(b"waves").unwrap(),
        cause: Some(Seq(6)),
        hops: 1,
        id: None,
        owner: None,
    });
    assert_eq!(
        entry(event),
        "{\"chat\":{\"room\":\"#lobby\",\"seq\":7,\"at\":1700000000123,\"from\":\"Chuck\",\
         \"kind\":\"bot\",\"text\":\"waves\",\"emote\":true,\"cause\":6,\"hops\":1}}\n"
    );
}

#[test]
fn presence_names_who_and_why() {
    let (who, kind) = (nick("Neo"), Kind::User);
    let head = "\"room\":\"#lobby\",\"seq\":7,\"at\":1700000000123,";
    for (event, expected) in [
        (
            Event::Join { who: who.clone(), kind: Kind::Bot },
            format!("{{\"join\":{{{head}\"who\":\"Neo\",\"kind\":\"bot\"}}}}\n"),
        ),
        (
            Event::Leave { who: who.clone(), kind, reason: CloseReason::Kicked },
            format!("{{\"leave\":{{{head}\"who\":\"Neo\",\"reason\":\"kicked\"}}}}\n"),
        ),
        (
            Event::Rename { from: who, to: nick("Trin"), kind },
            format!("{{\"rename\":{{{head}\"from\":\"Neo\",\"to\":\"Trin\"}}}}\n"),
        ),
        (
            Event::Crowd { joined: 12, left: 3 },
            format!("{{\"crowd\":{{{head}\"joined\":12,\"left\":3}}}}\n"),
        ),
    ] {
        assert_eq!(entry(event), expected);
    }
}

#[test]
fn the_shortest_of_every_client_event_is_read() {
    for (line, expected) in [
        (
            r#"{"hello":{"v":1,"nick":"Neo"}}"#,
            ClientEvent::Hello(Hello {
                v: 1,
                nick: "Neo".into(),
                kind: Kind::User,
                client: None,
                room: None,
                token: None,
                resume: None,
            }),
        ),
        (r#"{"say":{"text":"hi"}}"#, ClientEvent::Say(Say { text: "hi".into(), ..Say::default() })),
        (
            r#"{"whisper":{"to":"Neo","text":"psst"}}"#,
            ClientEvent::Whisper(SendWhisper { id: None, to: "Neo".into(), text: "psst".into() }),
        ),
        (r#"{"who":{}}"#, ClientEvent::Who(Who::default())),
        (
            r##"{"join":{"room":"#ops"}}"##,
            ClientEvent::Join(JoinRoom { room: "#ops".into(), ..JoinRoom::default() }),
        ),
        (
            r##"{"part":{"room":"#ops"}}"##,
            ClientEvent::Part(PartRoom { id: None, room: "#ops".into() }),
        ),
        (
            r#"{"topic":{"topic":"tea"}}"#,
            ClientEvent::Topic(SetTopic { topic: "tea".into(), ..SetTopic::default() }),
        ),
        (r#"{"rooms":{}}"#, ClientEvent::Rooms(AskRooms::default())),
        (r#"{"history":{}}"#, ClientEvent::History(AskHistory::default())),
        (r#"{"nick":{"nick":"Trin"}}"#, ClientEvent::Nick(SetNick { nick: "Trin".into() })),
        (r#"{"ping":{}}"#, ClientEvent::Ping(Ping::default())),
        (r#"{"pong":{}}"#, ClientEvent::Pong(Ping::default())),
        (r#"{"quit":{}}"#, ClientEvent::Quit(Quit {})),
    ] {
        assert_eq!(client(line), Ok(Decoded::Event(expected)), "{line}");
    }
}

#[test]
fn every_field_of_a_hello_is_read() {
    let hello = r##" {"hello": {"v":1, "nick":"Chuck", "kind":"bot", "client":"x/1", "token":"t", "room":"#ops",
        "resume":{"epoch":"e","after":{"#lobby":812}}, "of_a_later_version":[1]}} "##;
    let after = BTreeMap::from([("#lobby".to_owned(), 812)]);
    let expected = Hello {
        v: 1,
        nick: "Chuck".into(),
        kind: Kind::Bot,
        client: Some("x/1".into()),
        room: Some("#ops".into()),
        token: Some("t".into()),
        resume: Some(Resume { epoch: Some("e".into()), after }),
    };
    assert_eq!(client(hello), Ok(Decoded::Event(ClientEvent::Hello(expected))));
}

#[test]
fn unknown_events_are_told_from_malformed_ones() {
    assert_eq!(client(r#"{"dance":{"to":"x"}}"#), Ok(Decoded::Unknown("dance".into())));
    assert_eq!(client(r#"{"welcome":{}}"#), Ok(Decoded::Unknown("welcome".into())));
    assert_eq!(client(r#"{"":1}"#), Ok(Decoded::Unknown(String::new())));
    let fields = [
        r#"{"say":{}}"#,
        r#"{"say":"hi"}"#,
        r#"{"say":null}"#,
        r#"{"say":{"text":5}}"#,
        r#"{"say":{"text":"a","cause":-1}}"#,
        r#"{"hello":{"nick":"Neo"}}"#,
        r#"{"hello":{"v":1,"nick":"Neo","kind":"root"}}"#,
        r#"{"hello":{"v":300,"nick":"Neo"}}"#,
    ];
    for line in fields {
        assert!(matches!(client(line), Err(Malformed::Fields { .. })), "{line}");
    }
    for line in ["[]", "1", "null", "\"quit\"", "{}", r#"{"who":{},"ping":{}}"#] {
        assert_eq!(client(line), Err(Malformed::NotAnEvent), "{line}");
    }
    for line in [
        "",
        "hi",
        "{",
        r#"{"say":{"text":"a"}"#,
        r#"{"say":{"text":"\ud800"}}"#,
        r#"{"ping":{}} {"ping":{}}"#,
        "{'ping':{}}",
    ] {
        assert!(matches!(client(line), Err(Malformed::NotJson(_))), "{line}");
    }
    assert!(matches!(decode_client(b"{\"say\":{\"text\":\"\xff\"}}"), Err(Malformed::NotJson(_))));
}

#[test]
fn deep_nesting_is_refused_and_not_followed() {
    let deep = format!("{{\"say\":{}{}}}", "[".repeat(8000), "]".repeat(8000));
    assert!(matches!(client(&deep), Err(Malformed::NotJson(_))));
}

/// Each list of known names must hold every event: one that is missing would be called unknown
/// as soon as a field of it is wrong.
#[test]
fn every_known_event_with_wrong_fields_is_malformed_and_not_unknown() {
    let server = [
        "welcome", "chat", "join", "leave", "rename", "crowd", "ack", "refused", "whisper",
        "roster", "history", "gap", "notice", "ping", "pong", "bye",
    ];
    for event in server {
        let line = format!("{{\"{event}\":7}}");
        let found = decode_server(line.as_bytes());
        assert!(matches!(found, Err(Malformed::Fields { .. })), "{event}");
    }
    for event in [
        "hello", "say", "whisper", "who", "history", "about", "bots", "why", "nick", "ping",
        "pong", "quit",
    ] {
        let found = client(&format!("{{\"{event}\":7}}"));
        assert!(matches!(found, Err(Malformed::Fields { .. })), "{event}");
    }
}

fn maybe(string: &'static str) -> impl Strategy<Value = Option<String>> {
    proptest::option::of(string)
}

fn any_client_event() -> impl Strategy<Value = ClientEvent> {
    let kind = prop_oneof![Just(Kind::User), Just(Kind::Bot), Just(Kind::Script)];
    let resume = (
        proptest::option::of("[a-z]*"),
        proptest::collection::btree_map("#[a-z]{1,5}", any::<u64>(), 0..3),
    )
        .prop_map(|(epoch, after)| Resume { epoch, after });
    prop_oneof![
        (
            any::<u8>(),
            any::<String>(),
            kind,
            maybe(".*"),
            maybe(".*"),
            proptest::option::of(resume)
        )
            .prop_map(|(v, nick, kind, client, token, resume)| {
                ClientEvent::Hello(Hello { v, nick, kind, client, token, room: None, resume })
            }),
        (
            maybe(".*"),
            maybe(".*"),
            any::<String>(),
            any::<bool>(),
            any::<Option<u64>>(),
            maybe(".*")
        )
            .prop_map(|(id, room, text, emote, cause, handler)| {
                ClientEvent::Say(Say { id, room, text, emote, cause, handler })
            }),
        (proptest::collection::vec(any::<String>(), 0..4), any::<u64>(), any::<u64>()).prop_map(
            |(answers, calls, slowest_us)| {
                ClientEvent::About(About { answers, calls, slowest_us, ..About::default() })
            }
        ),
        Just(ClientEvent::Bots(Bots {})),
        any::<Option<u64>>().prop_map(|seq| ClientEvent::Why(Why { room: None, seq })),
        (maybe(".*"), any::<String>(), any::<String>())
            .prop_map(|(id, to, text)| ClientEvent::Whisper(SendWhisper { id, to, text })),
        maybe(".*").prop_map(|room| ClientEvent::Who(Who { room })),
        (maybe(".*"), maybe(".*"), any::<Option<u64>>(), any::<Option<usize>>()).prop_map(
            |(id, room, before, limit)| {
                ClientEvent::History(AskHistory { id, room, before, limit, search: None })
            }
        ),
        any::<String>().prop_map(|nick| ClientEvent::Nick(SetNick { nick })),
        maybe(".*").prop_map(|id| ClientEvent::Ping(Ping { id })),
        maybe(".*").prop_map(|id| ClientEvent::Pong(Ping { id })),
        Just(ClientEvent::Quit(Quit {})),
    ]
}

proptest! {
    #[test]
    fn what_is_put_is_one_line_and_is_read_back(event in any_client_event()) {
        let line = line(&event);
        prop_assert_eq!(line.matches('\n').count(), 1);
        prop_assert!(line.ends_with('\n'));
        prop_assert_eq!(client(&line), Ok(Decoded::Event(event)));
    }

    #[test]
    fn what_the_server_puts_is_read_back(text in any::<String>(), from in any::<String>(), seq: u64, at: u64) {
        let chat = Chat {
            room: "#lobby".into(), seq, at, from: from.into(), kind: Kind::Bot,
            text: text.into(), emote: true, cause: Some(seq), hops: 2,
        };
        let history = ServerEvent::History(History {
            re: None, room: "#lobby".into(), events: vec![ServerEvent::Chat(chat)], more: true,
        });
        let line = line(&history);
        prop_assert_eq!(line.matches('\n').count(), 1);
        prop_assert_eq!(decode_server(line.as_bytes()), Ok(Decoded::Event(history)));
    }

    #[test]
    fn no_bytes_upset_the_decoder(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        // Either is an answer; a panic is none.
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Ok(Decoded::Event(event)) = decode_client(&bytes) {
            prop_assert_eq!(client(&line(&event)), Ok(Decoded::Event(event)), "{}", text);
        }
    }

    /// Nearly right lines, which random bytes never are.
    #[test]
    fn no_broken_event_upsets_the_decoder(event in any_client_event(), cut: prop::sample::Index, byte: u8) {
        let mut bytes = line(&event).trim_end().as_bytes().to_vec();
        let at = cut.index(bytes.len());
        bytes[at] = byte;
        if let Ok(Decoded::Event(event)) = decode_client(&bytes) {
            prop_assert_eq!(client(&line(&event)), Ok(Decoded::Event(event)));
        }
        prop_assert!(decode_client(&bytes[..at]).is_err(), "half an event is none");
    }
}
