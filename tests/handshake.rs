//! The door: what the three first answers lead to, byte for byte, and what is turned away.

use crate::support::{Line, Native, Raw, Server, WELCOME};
use serde_json::json;

#[test]
fn the_server_speaks_first_and_a_line_is_answered_in_lines() {
    let server = Server::start();
    let mut wire = server.connect();
    wire.expects("NICK").sends("Neo\n");
    wire.expects("\nNICK_OK\nConnection successful, welcome to ChatyChaty !\n");
    // `\r\n` ends a line as well, and what follows the name in the same packet is heard.
    let mut trin = server.connect();
    trin.expects("NICK").sends("Trin\r\nTrin: hi\r\n").expects(format!("\nNICK_OK\n{WELCOME}\n"));
    wire.expects("Trin just connected\nTrin: hi\n");
}

#[test]
fn an_answer_without_a_newline_is_the_ancestors() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut wire = server.connect();
    wire.expects("NICK").sends("Smith").expects("NICK_OK").expects(WELCOME);
    neo.hears("Smith just connected");
    let mut smith = Raw { wire };
    server.fence(&mut [&mut neo, &mut smith]);
}

#[test]
fn a_hello_is_answered_with_a_welcome() {
    let server = Server::start();
    let neo = server.native("Neo");
    let welcome = &neo.welcome;
    assert_eq!(welcome["v"], 1);
    assert_eq!(welcome["nick"], "Neo");
    assert_eq!(welcome["server"], concat!("chaty/", env!("CARGO_PKG_VERSION")));
    assert_eq!(
        welcome["rooms"],
        json!([{"room": "#lobby", "seq": 1, "members": 1, "recorded": false}])
    );
    assert_eq!(
        welcome["limits"],
        json!({"text": 4096, "line": 16384, "ping_secs": 30, "dead_secs": 90})
    );
    assert_eq!(welcome["text"], WELCOME);
    let trin = server.native("Trin");
    assert_eq!(trin.welcome["rooms"][0]["members"], 2);
    assert_eq!(trin.epoch(), neo.epoch());
}

#[test]
fn a_refused_name_has_its_reason_and_another_may_follow() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");

    let mut wire = server.connect();
    wire.expects("NICK").sends("Neo\n");
    wire.expects("\nNICK_INVALID\n-- the name Neo is taken, or too like one that is\n");
    wire.sends("a b\n").expects("NICK_INVALID\n-- a name has no white space\n");
    wire.sends("Trin\n").expects(format!("NICK_OK\n{WELCOME}\n"));
    neo.hears("Trin just connected");

    let mut wire = server.connect();
    wire.expects("NICK").sends("Neo").expects("NICK_INVALID");
    wire.sends("Smith").expects(format!("NICK_OK{WELCOME}"));
    neo.hears("Smith just connected");

    let mut wire = server.connect();
    wire.expects("NICK").sends("{\"hello\":{\"v\":1,\"nick\":\"Neo\"}}\n");
    wire.expects(
        "\n{\"refused\":{\"re\":\"hello\",\"code\":\"nick_taken\",\
         \"text\":\"the name Neo is taken, or too like one that is\"}}\n",
    );
    wire.sends("{\"hello\":{\"v\":1,\"nick\":\"a:b\"}}\n");
    wire.expects(
        "{\"refused\":{\"re\":\"hello\",\"code\":\"nick_invalid\",\"text\":\"a name has no ':'\"}}\n",
    );
    wire.sends("{\"hello\":{\"v\":1,\"nick\":\"Dozer\"}}\n").expects("{\"welcome\":");
    neo.hears("Dozer just connected");
    server.fence(&mut [&mut neo]);
}

#[test]
fn a_first_line_that_is_no_hello_is_refused_and_another_may_follow() {
    let server = Server::start();
    for wrong in [
        "{\"say\":{\"text\":\"hi\"}}",
        "{\"dance\":{}}",
        "{\"hello\":{\"nick\":\"Neo\"}}",
        "{\"hello\":{\"v\":1,\"nick\":\"Neo\",\"kind\":\"root\"}}",
        "{not json",
        "{}",
    ] {
        let mut wire = server.connect();
        wire.expects("NICK").sends(format!("{wrong}\n")).expects("\n");
        let mut native = Native { wire, welcome: json!(null) };
        native.hears_refusal(Some("hello"), "bad_event");
        native.sends(&json!({"hello": {"v": 1, "nick": "Neo"}}));
        assert!(native.next_event()["welcome"].is_object(), "after {wrong}");
        native.sends(&json!({"quit": {}})).hears_bye("quit");
    }
}

#[test]
fn another_version_is_told_goodbye() {
    let server = Server::start();
    for v in [0, 2] {
        let mut wire = server.connect();
        wire.expects("NICK").sends(format!("{{\"hello\":{{\"v\":{v},\"nick\":\"Neo\"}}}}\n"));
        wire.expects("\n");
        Native { wire, welcome: json!(null) }.hears_bye("version");
    }
}

#[test]
fn other_protocols_are_closed_quietly() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    for foreign in [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".as_slice(),
        b"POST /x HTTP/1.0\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ] {
        let mut wire = server.connect();
        wire.expects("NICK").sends(foreign).ends();
    }
    // A name may begin like one of them.
    let mut get = server.line("GETter");
    neo.hears("GETter just connected");
    server.fence(&mut [&mut neo, &mut get]);
}

#[test]
fn a_handshake_has_a_bound_in_bytes() {
    let server = Server::start();
    server.connect().expects("NICK").sends_anyway([b'x'; 513]).ends();
    server.connect().expects("NICK").sends_anyway([&b"{"[..], &[b'x'; 512]].concat()).ends();
    // 512 bytes are none too many, only too many for a name.
    let mut wire = server.connect();
    wire.expects("NICK").sends([&[b'x'; 512][..], b"\n"].concat());
    wire.expects("\nNICK_INVALID\n-- a name has at most 32 characters\n");
}

#[test]
fn a_handshake_has_a_deadline_that_bytes_do_not_renew() {
    let server = Server::with("[limits]\nhandshake = \"1s\"\nhandshake_idle = \"3s\"\n");
    let start = std::time::Instant::now();
    let mut idle = server.connect();
    let mut slow = server.connect();
    slow.expects("NICK").sends("{");
    std::thread::scope(|scope| {
        let mut drip = slow.writer();
        scope.spawn(move || {
            use std::io::Write;
            // A byte at a time until the server has had enough.
            while drip.write_all(b" ").is_ok() && start.elapsed() < crate::support::DEADLINE {
                std::thread::park_timeout(std::time::Duration::from_millis(100));
            }
        });
        slow.ends();
        let cut = start.elapsed();
        assert!(cut.as_millis() >= 900, "{cut:?}");
        assert!(cut.as_millis() < 2900, "its bytes renewed it: {cut:?}");
    });
    idle.expects("NICK").ends();
    assert!(start.elapsed().as_millis() >= 2900);
    // Neither of them was ever a member.
    let mut neo = server.line("Neo");
    neo.says("/who").hears_all(&["-- 1 in #lobby:", "--   Neo"]);
}

#[test]
fn who_leaves_at_the_door_was_never_there() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    drop(server.connect());
    server.connect().expects("NICK").sends("Half").ends_its_side();
    server.connect().expects("NICK").sends("{\"hello\"").ends_its_side().ends();
    let mut trin: Line = server.line("Trin");
    neo.hears("Trin just connected");
    server.fence(&mut [&mut neo, &mut trin]);
}
