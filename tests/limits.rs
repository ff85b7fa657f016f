//! What one member, one address and idle sockets may do, through real sockets, with the limits as
//! they are unless a test says otherwise. What waits is told by the order of what is heard.

use crate::cli::program::{Program, private_dir};
use crate::support::{Line, Native, Server, Wire, lines};
use serde_json::json;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

/// An address of this machine that is not the usual one.
fn other(last: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, last).into()
}

#[test]
fn a_flooders_lines_come_complete_in_order_and_later_and_nobody_else_waits() {
    let server = Server::with_flood_control("");
    let mut trin = server.line("Trin");
    let mut neo = server.line("Neo");
    let mut smith = server.line("Smith");
    trin.hears_all(&["Neo just connected", "Smith just connected"]);
    neo.hears("Smith just connected");
    let thirty = lines((0..30).map(|n| format!("line {n}")));
    smith.wire.sends(thirty);
    for n in 0..10 {
        trin.hears(&format!("Smith: line {n}"));
    }
    // Twenty lines wait now, for five seconds; nobody waits for them.
    neo.says("I go first");
    let mut waited = 10;
    loop {
        let line = trin.next_line();
        if line == "Neo: I go first" {
            break;
        }
        assert_eq!(line, format!("Smith: line {waited}"));
        waited += 1;
    }
    assert!(waited < 29, "Neo's came only with the last of them");
    for n in waited..30 {
        trin.hears(&format!("Smith: line {n}"));
    }
    // Nothing was added, and Smith is still there.
    smith.says("that was all");
    trin.hears("Smith: that was all");
}

#[test]
fn whoever_waits_can_be_kicked_at_once_and_its_name_is_free() {
    let mut server = Server::with_flood_control("[limits]\nflood_burst = 1\nflood_messages = 1\n");
    let mut trin = server.line("Trin");
    let mut smith = server.line("Smith");
    trin.hears("Smith just connected");
    // Half a minute's worth.
    smith.wire.sends("x\n".repeat(30));
    trin.hears("Smith: x");
    server.console("kick Smith");
    let mut lines = 1;
    let gone = loop {
        let line = trin.next_line();
        if line != "Smith: x" {
            break line;
        }
        lines += 1;
    };
    assert_eq!(gone, "Smith left the chat");
    assert!(lines < 29, "the kick waited for {lines} of its lines");
    let mut again = server.line("Smith");
    trin.hears("Smith just connected");
    server.fence(&mut [&mut trin, &mut again]);
}

/// A client that comes back into its rooms asks for much at once, and waits for none of it.
#[test]
fn questions_count_a_quarter_and_acks_come_in_order() {
    let server = Server::with_flood_control("[limits]\nflood_messages = 1\n");
    let mut neo: Native = server.native("Neo");
    for n in 0..8 {
        neo.sends(&json!({"history": {"id": format!("h{n}"), "limit": 1}}));
    }
    for n in 0..8 {
        neo.sends(&json!({"say": {"id": format!("m{n}"), "text": "hi"}}));
    }
    neo.sends(&json!({"ping": {"id": "p"}}));
    for n in 0..8 {
        assert_eq!(neo.next_event()["history"]["re"], format!("h{n}"));
    }
    for n in 0..8 {
        neo.hears_ack(Some(&format!("m{n}")));
    }
    assert_eq!(neo.next_event(), json!({"pong": {"id": "p"}}));
}

const STRICT: &str = "[limits]\nloopback_exempt = false\n";

#[test]
fn an_address_has_so_many_connections_and_another_one_its_own() {
    let mut server = Server::with(&format!("{STRICT}per_address = 3\n"));
    let mut members: Vec<Line> = ["a", "b", "c"].map(|nick| server.line(nick)).into();
    server.connect().expects("-- there are too many connections from your address\n").ends();
    let mut trin = Line::join(Wire::connect_from(other(2), server.addr()), "Trin");
    // One place is free again once its session has ended, which the others hear.
    members.pop();
    for member in &mut members {
        while member.next_line() != "c left the chat" {}
    }
    trin.hears("c left the chat");
    assert!((0..10_000).any(|_| server.connect().starts_with("NICK")), "its place stays taken");
    server.console("stats");
    server.answers("address_full");
}

#[test]
fn an_address_that_connects_too_fast_waits_for_its_minute() {
    let mut server = Server::with(&format!("{STRICT}per_address_minute = 5\n"));
    for _ in 0..5 {
        server.connect().expects("NICK");
    }
    server.connect().expects("-- your address makes too many new connections\n").ends();
    Line::join(Wire::connect_from(other(2), server.addr()), "Trin");
    server.console("stats");
    server.answers("too_fast");
}

#[test]
fn this_machine_itself_may_have_more() {
    let server = Server::with("[limits]\nper_address = 2\nper_address_minute = 2\n");
    let members: Vec<Line> = ["a", "b", "c", "d"].map(|nick| server.line(nick)).into();
    assert_eq!(members.len(), 4);
}

#[test]
fn idle_sockets_keep_nobody_out() {
    let limits = "per_address = 200\nper_address_minute = 1000\nhandshakes = 16\n\
                  handshakes_per_address = 8\n";
    let server = Server::with(&format!("{STRICT}{limits}"));
    // All places at the door are taken, from several addresses, by sockets that say nothing.
    let mut idle: Vec<Wire> = (2..6)
        .flat_map(|last| (0..20).map(move |_| last))
        .map(|last| Wire::connect_from(other(last), server.addr()))
        .collect();
    let members: Vec<Line> = (0..20)
        .map(|n| Line::join(Wire::connect_from(other(100 + n), server.addr()), &format!("m{n}")))
        .collect();
    assert_eq!(members.len(), 20);
    // From the same address as well.
    Line::join(Wire::connect_from(other(2), server.addr()), "Neo");
    let oldest = &mut idle[0];
    oldest.expects("NICK\nNICK_INVALID\n-- others came in while no name was given\n").ends();
}

fn settings(dir: &Path, text: &str) {
    fs::write(dir.join("chaty.toml"), text).unwrap();
}

#[test]
fn a_reload_changes_the_limits_for_who_is_there() {
    let dir = private_dir();
    settings(dir.path(), "[limits]\nflood_burst = 1\nflood_messages = 1\n");
    let file = dir.path().join("chaty.toml").to_str().unwrap().to_owned();
    let mut server = Program::start(
        dir.path(),
        &["--listen", "127.0.0.1:0", "--config", &file, "--limit", "drain=1s"],
    );
    let addr = server.addr().parse().unwrap();
    let mut trin = Line::join(Wire::connect(addr), "Trin");
    let mut neo = Line::join(Wire::connect(addr), "Neo");
    trin.hears("Neo just connected");

    // What is wrong changes nothing, and is told with its place.
    settings(dir.path(), "[limits]\nflood = false\nflod_burst = 1\n");
    server.types("reload\n");
    let wrong = format!("{file}:3:1: unknown key `limits.flod_burst`; did you mean `flood_burst`?");
    assert_eq!(server.line_after("administer"), wrong);

    // More than a minute's worth, but for the reload. The flag goes on winning over the file.
    neo.wire.sends(lines((0..100).map(|n| n.to_string())));
    trin.hears("Neo: 0");
    settings(dir.path(), "listen = \"127.0.0.1:1\"\n[limits]\nflood = false\ndrain = 9\n");
    server.signal("HUP");
    server.logged("the settings were read again; new: flood = false, flood_burst = 10, ");
    for n in 1..100 {
        trin.hears(&format!("Neo: {n}"));
    }
    server.types("reload\n");
    assert_eq!(server.line(), "the settings were read again; nothing has changed");
    server.signal("TERM");
    assert_eq!(server.exit_code(), Some(0));
}

#[test]
fn a_hangup_without_a_config_file_ends_nothing() {
    let dir = private_dir();
    let mut server = Program::serve(dir.path(), &[]);
    server.signal("HUP");
    server.logged("the settings were read again; nothing has changed");
    let mut neo = Line::join(Wire::connect(server.addr().parse().unwrap()), "Neo");
    neo.says("/who").hears_all(&["-- 1 in #lobby:", "--   Neo"]);
    server.signal("TERM");
    assert_eq!(server.exit_code(), Some(0));
}
