//! Rooms: made by who enters, each with its own order; native clients in several, line clients in
//! one at a time, the ancestor's in the lobby.

use crate::support::Server;
use serde_json::json;

#[test]
fn a_line_client_goes_from_room_to_room() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    neo.hears("Trin just connected");
    trin.says("/join #Ops").hears("-- you are in #ops: 1 here");
    neo.hears("Trin left the chat").says("nobody hears this");
    trin.says("nor this").says("/topic").hears("-- #ops has no topic; /topic TEXT sets one");
    trin.says("/topic on call: \u{1b}Trin").says("/topic");
    trin.hears("-- the topic of #ops is on call: ␛Trin");
    neo.says("/rooms").hears_all(&["-- #lobby: 1 here", "-- #ops: 1 here, on call: ␛Trin"]);
    neo.says("/join ops").hears("-- you are in #ops: 2 here, on call: ␛Trin");
    trin.hears("Neo just connected").says("hello");
    neo.hears("Trin: hello").says("/topic -");
    trin.hears("Neo took the topic away");
    trin.says("/who").hears_all(&["-- 2 in #ops:", "--   Neo, Trin"]);
    trin.says("/part").hears("-- you are in #lobby: 1 here");
    neo.hears("Trin left the chat").says("/join no/room");
    neo.hears("-- a room's name is # and up to 32 of a-z, 0-9, - and _, such as #ops");
    trin.says("/msg Neo psst").hears("-- whispered to Neo");
    neo.hears("Trin whispers: psst");
    server.console("say #ops all of you");
    neo.hears("Server: all of you");
    server.console("say the lobby");
    trin.hears("Server: the lobby");
}

#[test]
fn a_native_client_is_in_several_rooms_and_each_counts_for_itself() {
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    let mut trin = server.hello(&json!({"v": 1, "nick": "Trin", "room": "ops"}));
    assert_eq!(trin.welcome["rooms"][0]["room"], "#ops");
    neo.sends(&json!({"say": {"id": "a", "room": "#ops", "text": "x"}}));
    neo.hears_refusal(Some("a"), "not_in_room");
    neo.sends(&json!({"join": {"id": "j", "room": "#ops"}}));
    neo.hears_like(&json!({"entered": {"re": "j", "room": "#ops", "seq": 2, "members": 2}}));
    trin.hears_of("join", "Neo");
    neo.sends(&json!({"say": {"id": "b", "room": "#ops", "text": "in ops"}}));
    neo.hears_like(&json!({"ack": {"id": "b", "room": "#ops", "seq": 3}}));
    neo.says("in the lobby").hears_like(&json!({"ack": {"room": "#lobby", "seq": 2}}));
    trin.hears_like(&json!({"chat": {"room": "#ops", "seq": 3, "from": "Neo", "text": "in ops"}}));
    trin.sends(&json!({"say": {"text": "where I am"}}));
    trin.hears_like(&json!({"ack": {"room": "#ops", "seq": 4}}));
    neo.hears_like(&json!({"chat": {"room": "#ops", "seq": 4, "text": "where I am"}}));
    trin.sends(&json!({"topic": {"topic": "tea"}}));
    let topic = json!({"topic": {"room": "#ops", "seq": 5, "who": "Trin", "topic": "tea"}});
    trin.hears_like(&topic);
    neo.hears_like(&topic).sends(&json!({"rooms": {"id": "r"}}));
    neo.hears_like(&json!({"rooms": {"re": "r", "rooms": [
        {"room": "#lobby", "seq": 2, "members": 1, "recorded": false},
        {"room": "#ops", "seq": 5, "members": 2, "topic": "tea", "recorded": false},
    ]}}));
    neo.sends(&json!({"who": {"room": "#ops"}}));
    let roster = neo.next_event();
    assert_eq!(roster["roster"]["members"].as_array().map(Vec::len), Some(2), "{roster}");
    neo.sends(&json!({"nick": {"nick": "One"}}));
    for room in ["#lobby", "#ops"] {
        neo.hears_like(&json!({"rename": {"room": room, "from": "Neo", "to": "One"}}));
    }
    trin.hears_like(&json!({"rename": {"room": "#ops", "from": "Neo", "to": "One"}}));
    neo.sends(&json!({"part": {"id": "p", "room": "#ops"}}));
    neo.hears_like(&json!({"parted": {"re": "p", "room": "#ops"}}));
    trin.hears_like(&json!({"leave": {"room": "#ops", "who": "One", "reason": "parted"}}));
    trin.says("alone").hears_ack(None);
    server.fence(&mut [&mut neo]);
}

/// The order in which one who is in two rooms sees them is the order in which it was said.
#[test]
fn two_rooms_are_read_as_one_story() {
    let mut server = Server::start();
    let mut both = server.native("Both");
    both.sends(&json!({"join": {"room": "#ops"}}));
    both.hears_like(&json!({"entered": {"room": "#ops"}}));
    let mut neo = server.native("Neo");
    both.hears_of("join", "Neo");
    neo.sends(&json!({"join": {"room": "#ops"}})).hears_like(&json!({"entered": {"room": "#ops"}}));
    both.hears_of("join", "Neo");
    let rooms = |n: usize| if n.is_multiple_of(3) { "#ops" } else { "#lobby" };
    let mut lines = String::new();
    for n in 0..300 {
        let say = json!({"say": {"room": rooms(n), "text": n.to_string()}});
        let whisper = json!({"whisper": {"to": "Both", "text": n.to_string()}});
        lines.extend([say.to_string(), "\n".into(), whisper.to_string(), "\n".into()]);
        if n % 30 == 29 {
            neo.wire.sends(std::mem::take(&mut lines));
            for _ in 0..60 {
                neo.hears_like(&json!({"ack": {}}));
            }
        }
    }
    for n in 0..300 {
        both.hears_like(&json!({"chat": {"room": rooms(n), "text": n.to_string()}}));
        both.hears_like(&json!({"whisper": {"text": n.to_string()}}));
    }
    server.fence(&mut [&mut both, &mut neo]);
}

#[test]
fn the_ancestors_clients_stay_in_the_lobby() {
    let mut server = Server::start();
    let mut smith = server.raw("Smith");
    smith.says("/join #ops").hears("-- the raw dialect has only the lobby");
    let mut neo = server.line("Neo");
    smith.hears("Neo just connected");
    neo.says("hi");
    smith.hears("Neo: hi");
    server.console("stats");
    server.answers("rooms");
}

#[test]
fn there_are_only_so_many_rooms_and_an_empty_one_makes_way() {
    let server = Server::with("[limits]\nrooms = 2\n");
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    neo.hears("Trin just connected");
    neo.says("/join #ops").hears("-- you are in #ops: 1 here");
    trin.hears("Neo left the chat");
    trin.says("/join #tea").hears("-- there are as many rooms as there may be; /rooms lists them");
    neo.says("/join #lobby").hears("-- you are in #lobby: 2 here");
    trin.hears("Neo just connected");
    trin.says("/join #tea").hears("-- you are in #tea: 1 here");
    neo.hears("Trin left the chat");
    // Its numbers go on where those of all rooms that are forgotten have ended.
    let mut tank = server.native("Tank");
    neo.hears("Tank just connected");
    trin.says("/join #lobby").hears("-- you are in #lobby: 3 here");
    neo.hears("Trin just connected");
    tank.hears_of("join", "Trin").sends(&json!({"join": {"room": "#ops"}}));
    let entered = tank.next_event();
    assert!(entered["entered"]["seq"].as_u64() > Some(2), "{entered}");
}

#[test]
fn each_room_is_resumed_from_where_it_was_left() {
    let mut server = Server::start();
    let mut trin = server.native("Trin");
    trin.sends(&json!({"join": {"room": "#ops"}}))
        .hears_like(&json!({"entered": {"room": "#ops"}}));
    let mut neo = server.hello(&json!({"v": 1, "nick": "Neo", "token": "secret"}));
    let epoch = neo.epoch();
    trin.hears_of("join", "Neo");
    neo.sends(&json!({"join": {"room": "#ops"}})).hears_like(&json!({"entered": {"seq": 2}}));
    trin.hears_of("join", "Neo");
    drop(neo);
    trin.hears_of("leave", "Neo").hears_of("leave", "Neo");
    for text in ["one", "two"] {
        trin.sends(&json!({"say": {"room": "#ops", "text": text}})).hears_ack(None);
    }
    let mut neo = server.hello(&json!({"v": 1, "nick": "Neo", "token": "secret", "resume": {
        "epoch": epoch, "after": {"#lobby": 2}}}));
    neo.hears_like(&json!({"leave": {"room": "#lobby", "seq": 3, "who": "Neo"}}));
    neo.sends(&json!({"join": {"room": "#ops", "after": 2}}));
    neo.hears_like(&json!({"entered": {"room": "#ops", "seq": 6}}));
    neo.hears_like(&json!({"leave": {"room": "#ops", "seq": 3, "who": "Neo"}}));
    neo.hears_like(&json!({"chat": {"room": "#ops", "seq": 4, "text": "one"}}));
    neo.hears_like(&json!({"chat": {"room": "#ops", "seq": 5, "text": "two"}}));
    trin.hears_of("join", "Neo").hears_of("join", "Neo");
    server.fence(&mut [&mut neo, &mut trin]);
}
