//! However the bytes are cut on their way, the transcript is the same.

use crate::support::{Hears, Server};
use serde_json::json;

#[test]
fn a_line_members_bytes_cut_anywhere_are_the_same_messages() {
    let mut server = Server::start();
    let mut trin = server.line("Trin");
    let name = "Neo\r\n";
    let said = "Neo: héllo\r\n//slash\n/me wavés\nKICK\n";
    let stream = format!("{name}{said}");
    let bytes = stream.as_bytes();
    // The first cut must not leave a name without its newline: that is the ancestor's dialect.
    for cut in name.len()..=bytes.len() {
        let mut wire = server.connect();
        wire.expects("NICK").sends(&bytes[..cut]);
        // Its answer shows that the first piece has been read before the second is sent.
        wire.expects("\nNICK_OK\n").sends(&bytes[cut..]);
        trin.hears("Neo just connected");
        trin.hears_all(&["Neo: héllo", "Neo: /slash", "* Neo wavés", "Neo: KICK"]);
        wire.sends("/quit\n");
        trin.hears("Neo left the chat");
    }
    server.fence(&mut [&mut trin]);
}

#[test]
fn a_native_members_bytes_cut_anywhere_are_the_same_events() {
    let server = Server::start();
    let mut trin = server.native("Trin");
    let stream = concat!(
        "{\"hello\":{\"v\":1,\"nick\":\"Neo\"}}\n",
        "{\"say\":{\"id\":\"1\",\"text\":\"h\\u00e9llo\"}}\r\n",
        "{\"say\":{\"id\":\"2\",\"text\":\"wörld\"}}\n",
        "{\"quit\":{}}\n"
    );
    for cut in 1..stream.len() {
        let (head, tail) = stream.as_bytes().split_at(cut);
        let mut wire = server.connect();
        wire.expects("NICK").sends(head);
        // Another's message comes between, so that the pieces are read apart.
        trin.sends(&json!({"ping": {}}));
        while trin.next_event().get("pong").is_none() {}
        wire.sends(tail).expects("\n{\"welcome\":");
        wire.line().unwrap();
        for event in
            ["{\"ack\":{\"id\":\"1\"", "{\"ack\":{\"id\":\"2\"", "{\"bye\":{\"code\":\"quit\""]
        {
            wire.expects(event);
            wire.line().unwrap();
        }
        wire.ends();
    }
    trin.sends(&json!({"history": {"limit": 100}}));
    let events = loop {
        let event = trin.next_event();
        if let Some(events) = event["history"]["events"].as_array() {
            break events.clone();
        }
    };
    // Each went: join, héllo, wörld, leave.
    for four in events.rchunks_exact(4) {
        assert_eq!(four[0]["join"]["who"], "Neo");
        assert_eq!(four[1]["chat"]["text"], "héllo");
        assert_eq!(four[2]["chat"]["text"], "wörld");
        assert_eq!(four[3]["leave"]["reason"], "quit");
    }
}

#[test]
fn a_thousand_lines_in_one_packet_are_a_thousand_messages() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    let mut tank = server.native("Tank");
    neo.hears_all(&["Trin just connected", "Tank just connected"]);
    trin.hears("Tank just connected");
    let lines: String = (0..1000).flat_map(|n| [n.to_string(), "\n".into()]).collect();
    neo.wire.sends(lines);
    for n in 0..1000 {
        trin.hears(&format!("Neo: {n}"));
        tank.hears_chat("Neo", &n.to_string());
    }
    server.fence(&mut [&mut neo, &mut trin, &mut tank]);
}

#[test]
fn byte_by_byte_is_as_good() {
    let mut server = Server::start();
    let mut trin = server.line("Trin");
    let mut wire = server.connect();
    wire.expects("NICK");
    for byte in b"{\"hello\":{\"v\":1,\"nick\":\"Neo\"}}\n{\"say\":{\"text\":\"one\"}}\n" {
        wire.sends([*byte]);
    }
    trin.hears_all(&["Neo just connected", "Neo: one"]);
    trin.says("/msg Neo two").hears("-- whispered to Neo");
    trin.says("three");
    server.console("say end");
    trin.hears_server("end");
}
