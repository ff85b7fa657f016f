//! Coming back: resume with and without a gap, on another server's epoch; resends recognised by
//! their ids; a ghost's name taken over by its owner and by nobody else.

use crate::support::{Native, Server};
use serde_json::{Value, json};

fn back(epoch: &str, after: u64) -> Value {
    json!({"v": 1, "nick": "Neo", "token": "secret", "resume": {"epoch": epoch, "after": {"#lobby": after}}})
}

#[test]
fn who_comes_back_gets_exactly_what_was_missed() {
    let mut server = Server::start();
    let mut trin = server.native("Trin");
    let mut neo = server.hello(&json!({"v": 1, "nick": "Neo", "token": "secret"}));
    trin.hears_of("join", "Neo").says("one").hears_ack(None);
    neo.hears_chat("Trin", "one").says("mine").hears_ack(None);
    trin.hears_chat("Neo", "mine");
    let epoch = neo.epoch();
    drop(neo);
    trin.hears_of("leave", "Neo").says("two").hears_ack(None);
    trin.says("three").hears_ack(None);

    // The last it has seen was `one`, number 3: its own message is replayed to it as chat.
    let mut neo = server.hello(&back(&epoch, 3));
    assert_eq!(neo.seq(), 8, "its own join is the last");
    neo.hears(&json!({"chat": {"room": "#lobby", "seq": 4, "from": "Neo", "text": "mine"}}));
    neo.hears(&json!({"leave": {"room": "#lobby", "seq": 5, "who": "Neo", "reason": "quit"}}));
    neo.hears(&json!({"chat": {"room": "#lobby", "seq": 6, "from": "Trin", "text": "two"}}));
    neo.hears(&json!({"chat": {"room": "#lobby", "seq": 7, "from": "Trin", "text": "three"}}));
    trin.hears_of("join", "Neo").says("four").hears_ack(None);
    neo.hears(&json!({"chat": {"room": "#lobby", "seq": 9, "from": "Trin", "text": "four"}}));
    server.fence(&mut [&mut neo, &mut trin]);
}

#[test]
fn who_missed_nothing_gets_nothing() {
    let mut server = Server::start();
    let neo = server.hello(&json!({"v": 1, "nick": "Neo", "token": "secret"}));
    let (epoch, seq) = (neo.epoch(), neo.seq());
    let mut neo = server.hello(&back(&epoch, seq));
    // Its ghost left, as its owner came back.
    neo.hears(&json!({"leave": {"room": "#lobby", "seq": 2, "who": "Neo", "reason": "replaced"}}));
    server.fence(&mut [&mut neo]);
    let mut neo = server.hello(&back(&epoch, 4));
    assert_eq!(neo.seq(), 6);
    neo.hears(&json!({"leave": {"room": "#lobby", "seq": 5, "who": "Neo", "reason": "replaced"}}));
    server.fence(&mut [&mut neo]);
}

#[test]
fn a_room_is_resumed_by_whatever_spelling_of_its_name() {
    let server = Server::start();
    let neo = server.hello(&json!({"v": 1, "nick": "Neo"}));
    let (epoch, seq) = (neo.epoch(), neo.seq());
    let mut trin = server.native("Trin");
    trin.says("one").hears_ack(None);
    for (nick, name) in [("One", "#lobby"), ("Two", "lobby"), ("Six", "#LOBBY")] {
        let resume = json!({"epoch": epoch, "after": {name: seq + 1}});
        let mut one = server.hello(&json!({"v": 1, "nick": nick, "resume": resume}));
        one.hears(
            &json!({"chat": {"room": "#lobby", "seq": seq + 2, "from": "Trin", "text": "one"}}),
        );
    }
}

/// An empty secret is nobody's.
#[test]
fn an_empty_token_is_none() {
    let server = Server::start();
    let mut fay = server.hello(&json!({"v": 1, "nick": "Fay", "token": ""}));
    let _gus = server.hello(&json!({"v": 1, "nick": "Gus", "token": ""}));
    fay.hears_of("join", "Gus").says("here").hears_ack(None);
}

#[test]
fn another_epoch_is_a_gap_from_the_beginning() {
    let mut server = Server::start();
    let mut trin = server.native("Trin");
    trin.says("one").hears_ack(None);
    let mut neo = server.hello(&back("of another server", 700));
    let event = neo.next_event();
    let gap = &event["gap"];
    assert_eq!((&gap["room"], &gap["after"]), (&json!("#lobby"), &json!(0)), "{event}");
    // What is before `before` is not to be had; all from there on is.
    let before = gap["before"].as_u64().unwrap();
    for seq in before..=2 {
        let event = neo.next_event();
        let fields = event.get("chat").or(event.get("join")).unwrap();
        assert_eq!(fields["seq"], seq, "{event}");
    }
    trin.hears_of("join", "Neo");
    server.fence(&mut [&mut neo, &mut trin]);
}

#[test]
fn a_number_of_the_future_is_no_reason_to_wait_for_it() {
    let mut server = Server::start();
    let mut trin = server.native("Trin");
    let mut neo = server.hello(&back(&trin.epoch(), u64::MAX));
    trin.hears_of("join", "Neo").says("now").hears_ack(None);
    neo.hears_chat("Trin", "now");
    server.fence(&mut [&mut neo, &mut trin]);
}

#[test]
fn without_an_epoch_the_number_is_of_the_log_as_it_is() {
    let server = Server::start();
    let mut trin = server.native("Trin");
    for text in ["two", "three", "four"] {
        trin.says(text).hears_ack(None);
    }
    let looks_back = |resume: Value| {
        server.hello(&json!({"v": 1, "nick": "tail", "kind": "script", "resume": resume}))
    };
    let leaves = |mut tail: Native| {
        tail.sends(&json!({"ping": {}})).hears(&json!({"pong": {}}));
        tail.sends(&json!({"quit": {}})).hears_bye("quit");
    };
    for resume in [
        json!({"after": {"#lobby": 3}}),
        json!({"after": {"#lobby": 3}, "epoch": ""}),
        json!({"after": {"#lobby": 3}, "epoch": null}),
    ] {
        let mut tail = looks_back(resume);
        tail.hears_chat("Trin", "four");
        leaves(tail);
    }
    leaves(looks_back(json!({"after": {"#lobby": 900}})));
    let mut tail = looks_back(json!({"after": {"#lobby": 0}}));
    tail.hears_of("join", "Trin").hears_chat("Trin", "two");
}

#[test]
fn what_is_no_longer_retained_is_marked_and_the_rest_comes_without_a_hole() {
    let mut server = Server::with("[limits]\nretained_bytes = \"256KiB\"\n");
    let mut trin = server.native("Trin");
    let neo = server.hello(&json!({"v": 1, "nick": "Neo", "token": "secret"}));
    let epoch = neo.epoch();
    drop(neo);
    trin.hears_of("join", "Neo").hears_of("leave", "Neo");
    let text = "x".repeat(4000);
    let mut last = 0;
    for _ in 0..300 {
        last = trin.says(&text).hears_ack(None);
    }
    let mut neo = server.hello(&back(&epoch, 2));
    let event = neo.next_event();
    let gap = &event["gap"];
    assert_eq!((&gap["room"], &gap["after"]), (&json!("#lobby"), &json!(2)), "{event}");
    let before = gap["before"].as_u64().unwrap();
    assert!(before > 3 && before < last, "{event}");
    for seq in before..=last {
        assert_eq!(neo.next_event()["chat"]["seq"], seq);
    }
    trin.hears_of("join", "Neo");
    server.fence(&mut [&mut neo, &mut trin]);
}

#[test]
fn a_resend_is_acked_with_its_first_place_and_not_said_again() {
    let mut server = Server::start();
    let mut trin = server.line("Trin");
    let hello = json!({"v": 1, "nick": "Neo", "token": "secret"});
    let mut neo = server.hello(&hello);
    trin.hears("Neo just connected");
    let say = json!({"say": {"id": "m1", "text": "once"}});
    let seq = neo.sends(&say).hears_ack(Some("m1"));
    trin.hears("Neo: once");
    let again = json!({"ack": {"id": "m1", "room": "#lobby", "seq": seq, "duplicate": true}});
    neo.sends(&say).hears(&again);
    // Across connections too, for who shows the same token.
    drop(neo);
    trin.hears("Neo left the chat");
    let mut neo = server.hello(&hello);
    trin.hears("Neo just connected");
    neo.sends(&say).hears(&again);
    // Another client's id is another message.
    let mut tank = server.native("Tank");
    neo.hears_of("join", "Tank");
    trin.hears("Tank just connected");
    tank.sends(&say).hears_ack(Some("m1"));
    neo.hears_chat("Tank", "once");
    trin.hears("Tank: once");
    server.fence(&mut [&mut neo, &mut trin, &mut tank]);
}

#[test]
fn only_its_owner_takes_a_name_over() {
    let mut server = Server::start();
    let mut trin = server.line("Trin");
    let hello = json!({"v": 1, "nick": "Neo", "token": "secret"});
    let mut ghost = server.hello(&hello);
    trin.hears("Neo just connected");
    for thief in [
        json!({"v": 1, "nick": "Neo"}),
        json!({"v": 1, "nick": "Neo", "token": "guess"}),
        json!({"v": 1, "nick": "neo"}),
    ] {
        let mut wire = server.connect();
        wire.expects("NICK").sends(format!("{}\n", json!({ "hello": thief }))).expects("\n");
        let refused: Value = serde_json::from_slice(&wire.line().unwrap()).unwrap();
        assert_eq!(refused["refused"]["code"], "nick_taken", "{thief}");
    }
    server.fence(&mut [&mut ghost, &mut trin]);
    // Its owner may even come back under another name: there is no ghost to keep the old one.
    let mut neo = server.hello(&json!({"v": 1, "nick": "neo", "token": "secret"}));
    ghost.hears_bye("replaced");
    trin.hears_all(&["Neo left the chat", "neo just connected"]);
    neo.says("back").hears_ack(None);
    trin.hears("neo: back");
    server.fence(&mut [&mut neo, &mut trin]);
}

#[test]
fn a_session_without_a_token_is_taken_over_by_nobody() {
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    let mut wire = server.connect();
    wire.expects("NICK").sends("{\"hello\":{\"v\":1,\"nick\":\"Neo\"}}\n");
    wire.expects("\n{\"refused\":{\"re\":\"hello\",\"code\":\"nick_taken\"");
    server.fence(&mut [&mut neo]);
}
