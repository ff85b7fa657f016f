//! The native dialect: acks, refusals, history, whispers, roster, and surviving what it does not
//! understand.

use crate::support::Server;
use serde_json::{Value, json};
use std::io::Write;

#[test]
fn an_ack_has_the_place_that_others_see() {
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    let mut trin = server.native("Trin");
    neo.hears_of("join", "Trin");
    neo.sends(&json!({"say": {"id": "a1", "room": "#lobby", "text": "hi"}}));
    let seq = neo.hears_ack(Some("a1"));
    assert_eq!(seq, 3, "after two joins");
    trin.hears(&json!({"chat": {"room": "#lobby", "seq": 3, "from": "Neo", "text": "hi"}}));
    neo.says("no id");
    assert_eq!(neo.hears_ack(None), 4);
    trin.hears_chat("Neo", "no id");
    server.fence(&mut [&mut neo, &mut trin]);
}

#[test]
fn text_is_literal_and_its_tag_is_the_servers() {
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    let mut trin = server.native("Trin");
    let mut line = server.line("Tank");
    for member in [&mut neo, &mut trin] {
        if member.welcome["nick"] == "Neo" {
            member.hears_of("join", "Trin");
        }
        member.hears_of("join", "Tank");
    }
    for text in ["/quit", "//", "Neo: hi", "Alice: hi", "KICK", "{\"say\":{}}"] {
        neo.says(text).hears_ack(None);
        trin.hears_chat("Neo", text);
        line.hears(&format!("Neo: {text}"));
    }
    server.fence(&mut [&mut neo, &mut trin, &mut line]);
}

#[test]
fn what_is_not_understood_is_answered_and_survived() {
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    let mut trin = server.line("Trin");
    neo.hears_of("join", "Trin");
    neo.sends(&json!({"dance": {"with": "Trin"}})).hears_refusal(Some("dance"), "unknown_event");
    neo.sends(&json!({"say": {}})).hears_refusal(Some("say"), "bad_event");
    neo.sends(&json!({"say": {"text": 5}})).hears_refusal(Some("say"), "bad_event");
    neo.sends(&json!({"hello": {"v": 1, "nick": "Two"}}));
    neo.hears_refusal(Some("hello"), "bad_event");
    for bad in ["hi", "{", "[]", "null", "{}", "{\"who\":{},\"ping\":{}}"] {
        neo.wire.sends(format!("{bad}\n"));
        neo.hears_refusal(None, "bad_event");
    }
    neo.wire.sends(b"{\"say\":{\"text\":\"\xff\"}}\n");
    neo.hears_refusal(None, "bad_event");
    neo.wire.sends(format!("{{\"say\":{}\n", "[".repeat(9000)));
    neo.hears_refusal(None, "bad_event");
    neo.sends(&json!({"say": {"text": "alive", "of_a_later_version": [1, {}]}})).hears_ack(None);
    trin.hears("Neo: alive");
    server.fence(&mut [&mut neo, &mut trin]);
}

#[test]
fn what_cannot_be_done_is_refused_by_id_or_by_event() {
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    let mut trin = server.line("Trin");
    neo.hears_of("join", "Trin");
    let long = "x".repeat(4097);
    for (event, re, code) in [
        (json!({"say": {"id": "e", "text": " "}}), "e", "empty"),
        (json!({"say": {"text": ""}}), "say", "empty"),
        (json!({"say": {"id": "l", "text": long}}), "l", "too_long"),
        (json!({"say": {"id": "r", "room": "#ops", "text": "hi"}}), "r", "not_in_room"),
        (json!({"say": {"room": "not a room", "text": "hi"}}), "say", "room_invalid"),
        (json!({"say": {"id": "i".repeat(65), "text": "hi"}}), "say", "bad_event"),
        (json!({"whisper": {"id": "w", "to": "Smith", "text": "hi"}}), "w", "no_such_member"),
        (json!({"whisper": {"to": "Smith", "text": "hi"}}), "whisper", "no_such_member"),
        (json!({"whisper": {"id": "w", "to": "Trin", "text": ""}}), "w", "empty"),
        (json!({"whisper": {"to": "Trin", "text": ""}}), "whisper", "empty"),
        (json!({"nick": {"nick": "Trin"}}), "nick", "nick_taken"),
        (json!({"nick": {"nick": "a b"}}), "nick", "nick_invalid"),
        (json!({"who": {"room": "#ops"}}), "who", "not_in_room"),
        (json!({"history": {"id": "h", "room": "#ops"}}), "h", "not_in_room"),
    ] {
        neo.sends(&event).hears_refusal(Some(re), code);
    }
    neo.sends(&json!({"say": {"id": "i".repeat(64), "text": "x".repeat(4096)}}));
    neo.hears_ack(Some(&"i".repeat(64)));
    trin.hears(&format!("Neo: {}", "x".repeat(4096)));
    server.console("mute Neo").fence(&mut [&mut neo, &mut trin]);
    neo.sends(&json!({"say": {"id": "m", "text": "hi"}})).hears_refusal(Some("m"), "muted");
    neo.says("hi").hears_refusal(Some("say"), "muted");
    neo.sends(&json!({"whisper": {"to": "Trin", "text": "hi"}}));
    neo.hears_refusal(Some("whisper"), "muted");
    server.fence(&mut [&mut neo, &mut trin]);
}

#[test]
fn sixteen_kibibytes_without_a_newline_close_with_a_code() {
    let server = Server::start();
    let mut neo = server.native("Neo");
    neo.wire.sends(vec![b' '; 16 * 1024 + 1]);
    neo.hears_bye("line_too_long");
}

#[test]
fn whispers_go_between_dialects_and_nowhere_else() {
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    let mut trin = server.line("Trin");
    let mut tank = server.native("Tank");
    neo.hears_of("join", "Trin").hears_of("join", "Tank");
    trin.hears("Tank just connected");
    neo.sends(&json!({"whisper": {"id": "w1", "to": "trin", "text": "psst"}}));
    neo.hears(&json!({"ack": {"id": "w1"}}));
    trin.hears("Neo whispers: psst").says("/msg Neo yes?").hears("-- whispered to Neo");
    neo.hears(&json!({"whisper": {"from": "Trin", "text": "yes?"}}));
    server.fence(&mut [&mut neo, &mut trin, &mut tank]);
}

#[test]
fn the_roster_names_everybody_and_their_kind() {
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    let chuck = server.hello(&json!({"v": 1, "nick": "Chuck", "kind": "bot", "client": "x/1"}));
    neo.hears(&json!({"join": {"room": "#lobby", "seq": 2, "who": "Chuck", "kind": "bot"}}));
    let tail = server.hello(&json!({"v": 1, "nick": "tail", "kind": "script"}));
    neo.sends(&json!({"who": {}})).hears(&json!({"roster": {"room": "#lobby", "members": [
        {"nick": "Neo"}, {"nick": "Chuck", "kind": "bot"}, {"nick": "tail", "kind": "script"},
    ]}}));
    drop((chuck, tail));
    // A script comes and goes unannounced; a bot does not.
    neo.hears_of("leave", "Chuck");
    server.fence(&mut [&mut neo]);
}

#[test]
fn a_bot_names_its_cause_and_people_do_not() {
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    let mut chuck = server.hello(&json!({"v": 1, "nick": "Chuck", "kind": "bot"}));
    neo.hears_of("join", "Chuck");
    neo.says("play");
    let cause = neo.hears_ack(None);
    chuck.hears_chat("Neo", "play");
    chuck.sends(&json!({"say": {"text": "What?", "cause": cause}}));
    let answer = chuck.hears_ack(None);
    neo.hears(&json!({"chat": {"room": "#lobby", "seq": answer, "from": "Chuck", "kind": "bot",
        "text": "What?", "cause": cause, "hops": 1}}));
    chuck.sends(&json!({"say": {"text": "More", "cause": answer}})).hears_ack(None);
    assert_eq!(neo.next_event()["chat"]["hops"], 2);
    // What has not been said yet caused nothing.
    chuck.sends(&json!({"say": {"text": "Prophecy", "cause": 9999}})).hears_ack(None);
    let prophecy = neo.next_event();
    assert_eq!(prophecy["chat"].get("cause"), None, "{prophecy}");
    neo.sends(&json!({"say": {"text": "I am no bot", "cause": cause}})).hears_ack(None);
    let said = chuck.next_event();
    assert_eq!((said["chat"].get("cause"), said["chat"].get("hops")), (None, None), "{said}");
    server.fence(&mut [&mut neo, &mut chuck]);
}

#[test]
fn history_comes_in_order_with_what_is_before_it() {
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    for n in 1..=5 {
        neo.says(&format!("m{n}")).hears_ack(None);
    }
    let chat = |seq: u64| json!({"chat": {"room": "#lobby", "seq": seq, "from": "Neo", "text": format!("m{}", seq - 1)}});
    neo.sends(&json!({"history": {"id": "h1", "limit": 2}}));
    neo.hears(&json!({"history": {"re": "h1", "room": "#lobby", "events": [chat(5), chat(6)],
        "more": true}}));
    neo.sends(&json!({"history": {"before": 5, "limit": 2}}));
    neo.hears(&json!({"history": {"room": "#lobby", "events": [chat(3), chat(4)], "more": true}}));
    neo.sends(&json!({"history": {"before": 3, "limit": 100}}));
    let joined = json!({"join": {"room": "#lobby", "seq": 1, "who": "Neo"}});
    neo.hears(&json!({"history": {"room": "#lobby", "events": [joined, chat(2)], "more": false}}));
    neo.sends(&json!({"history": {"before": 1}}));
    neo.hears(&json!({"history": {"room": "#lobby", "events": [], "more": false}}));
    for n in 6..=120 {
        neo.says(&format!("m{n}")).hears_ack(None);
    }
    neo.sends(&json!({"history": {"limit": 100_000}}));
    let history = neo.next_event();
    assert_eq!(history["history"]["events"].as_array().unwrap().len(), 100);
    assert_eq!(history["history"]["events"][99], {
        let mut last = chat(121);
        last["chat"]["at"] = history["history"]["events"][99]["chat"]["at"].clone();
        last
    });
    server.fence(&mut [&mut neo]);
}

#[test]
fn a_rename_is_an_event_for_everybody() {
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    let mut trin = server.native("Trin");
    neo.hears_of("join", "Trin");
    neo.sends(&json!({"nick": {"nick": "One"}})).says("hi");
    let renamed = json!({"rename": {"room": "#lobby", "seq": 3, "from": "Neo", "to": "One"}});
    neo.hears(&renamed).hears_ack(None);
    trin.hears(&renamed).hears_chat("One", "hi");
    server.fence(&mut [&mut neo, &mut trin]);
}

#[test]
fn pings_are_answered_with_their_id() {
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    neo.sends(&json!({"ping": {"id": "p1"}})).hears(&json!({"pong": {"id": "p1"}}));
    neo.sends(&json!({"ping": {}})).hears(&json!({"pong": {}}));
    neo.sends(&json!({"pong": {"id": "unasked"}}));
    server.fence(&mut [&mut neo]);
    neo.sends(&json!({"quit": {}})).hears_bye("quit");
}

#[test]
fn a_silent_client_is_pinged_and_closed_when_it_does_not_answer() {
    let server = Server::with("[limits]\nping = \"1s\"\nping_dead = \"3s\"\n");
    let mut alive = server.native("Alive");
    let mut dead = server.native("Dead");
    alive.hears_of("join", "Dead");
    let mut pings = 0;
    loop {
        let event = alive.next_event();
        if event.get("ping").is_some() {
            pings += 1;
            alive.sends(&json!({"pong": {}}));
        } else {
            assert_eq!(event["leave"]["who"], "Dead", "{event}");
            assert_eq!(event["leave"]["reason"], "ping_timeout", "{event}");
            break;
        }
    }
    assert!(pings >= 2, "{pings}");
    loop {
        let event = dead.next_event();
        if event.get("ping").is_none() {
            assert_eq!(event["bye"]["code"], "ping_timeout", "{event}");
            break;
        }
    }
    dead.wire.ends();
    // Who answers stays.
    alive.sends(&json!({"ping": {"id": "last"}}));
    while alive.next_event().get("pong").is_none() {}
}

#[test]
fn a_crowds_coming_and_going_is_folded() {
    let mut server = Server::with("[limits]\ncrowd = 2\n");
    let mut neo = server.native("Neo");
    let mut trin = server.line("Trin");
    neo.hears_of("join", "Trin");
    let others: Vec<_> = (0..5).map(|n| server.line(&format!("Agent{n}"))).collect();
    // In one line a second, or in two when a second ends between them.
    let mut joined = 0;
    while joined < 5 {
        let event = neo.next_event();
        joined += event["crowd"]["joined"].as_u64().unwrap_or_else(|| panic!("{event}"));
        assert_eq!(event["crowd"]["left"], 0);
        let n = event["crowd"]["joined"].as_u64().unwrap();
        trin.hears(&format!("{n} joined"));
    }
    assert_eq!(joined, 5);
    server.fence(&mut [&mut neo, &mut trin]);
    drop(others);
}

/// A member that reads all it is sent was closed with `mailbox_full` as soon as one turn of the hub
/// had more than 64 answers for it, its own or another's doing.
#[test]
fn a_flood_of_whispers_does_not_close_whom_it_is_for() {
    const WHISPERS: usize = 500;
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    let mut trin = server.line("Trin");
    neo.hears_of("join", "Trin");
    let flood = (0..WHISPERS).map(|n| format!("/msg Neo {n}\n")).collect::<Vec<_>>().concat();
    trin.wire.sends(flood);
    let mut arrived = 0;
    for _ in 0..WHISPERS {
        match trin.next_line().as_str() {
            "-- whispered to Neo" => arrived += 1,
            refused => assert!(refused.starts_with("-- Neo has "), "{refused}"),
        }
    }
    let mut last = None;
    for _ in 0..arrived {
        let event = neo.next_event();
        let number: usize = event["whisper"]["text"].as_str().unwrap().parse().unwrap();
        assert!(last < Some(number), "in order: {event}");
        last = Some(number);
    }
    assert!(arrived > 0);
    server.fence(&mut [&mut neo, &mut trin]);
}

#[test]
fn who_asks_for_much_at_once_is_slowed_down_and_not_closed() {
    const ASKED: usize = 2_000;
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    server.console("mute Neo").fence(&mut [&mut neo]);
    let each = |event: fn(String) -> Value| {
        (0..ASKED).map(|n| format!("{}\n", event(n.to_string()))).collect::<Vec<_>>().concat()
    };
    let pings = each(|id| json!({"ping": {"id": id}}));
    let says = each(|id| json!({"say": {"id": id, "text": "x"}}));
    // From a thread of its own: nobody reads all of this at once.
    let mut writer = neo.wire.writer();
    let writing =
        std::thread::spawn(move || writer.write_all(format!("{pings}{says}").as_bytes()).unwrap());
    for n in 0..ASKED {
        neo.hears(&json!({"pong": {"id": n.to_string()}}));
    }
    for n in 0..ASKED {
        neo.hears_refusal(Some(&n.to_string()), "muted");
    }
    writing.join().unwrap();
    server.fence(&mut [&mut neo]);
}

/// Bug: 65 questions in one write closed a client that read every answer.
#[test]
fn a_burst_of_questions_closes_nobody_who_reads() {
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    let ping = |id: u32| format!("{{\"ping\":{{\"id\":\"{id}\"}}}}\n");
    let pings: Vec<String> = (0..5000).map(ping).collect();
    neo.wire.sends(pings.concat());
    for id in 0..5000 {
        neo.hears(&json!({"pong": {"id": id.to_string()}}));
    }
    server.fence(&mut [&mut neo]);
}

/// Bug: asking for the name one has was answered with nothing at all.
#[test]
fn ones_own_name_is_an_answer_too() {
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    neo.sends(&json!({"nick": {"nick": "Neo"}}));
    neo.hears(&json!({"notice": {"text": "your name is Neo"}}));
    server.fence(&mut [&mut neo]);
}

/// Bug: a wrong field hid the id the client gave.
#[test]
fn a_malformed_event_is_refused_by_its_id() {
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    neo.sends(&json!({"say": {"id": "a1", "text": 5}})).hears_refusal(Some("a1"), "bad_event");
    // Ids that would look alike, or be another's, if they were made harmless.
    for id in ["\u{80}", "k\u{202e}", "x\u{1}"] {
        let say = json!({"say": {"id": id, "text": "hi"}});
        neo.sends(&say).hears_refusal(Some("say"), "bad_event");
    }
    server.fence(&mut [&mut neo]);
}

/// Bug: what was refused or resent was answered after what came later.
#[test]
fn answers_come_in_the_order_of_what_was_asked() {
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    let say = |id: &str| json!({"say": {"id": id, "text": id}});
    let seq = neo.sends(&say("a")).hears_ack(Some("a"));
    let empty = json!({"say": {"id": "x", "text": "  "}});
    let lines = [say("a"), say("b"), empty, say("c"), json!({"ping": {"id": "p"}})];
    neo.wire.sends(lines.map(|line| format!("{line}\n")).concat());
    neo.hears(&json!({"ack": {"id": "a", "room": "#lobby", "seq": seq, "duplicate": true}}));
    neo.hears_ack(Some("b"));
    neo.hears_refusal(Some("x"), "empty");
    neo.hears_ack(Some("c"));
    neo.hears(&json!({"pong": {"id": "p"}}));
    server.fence(&mut [&mut neo]);
}
