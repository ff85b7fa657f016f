//! Before anybody is in: slots, buffers and descriptors that strangers could hold.

use crate::support::{DEADLINE, Server, Wire};
use std::time::Instant;

/// A member, as soon as there is room for one.
#[track_caller]
pub(super) fn comes_in(server: &Server, name: &str) {
    let late = Instant::now() + DEADLINE;
    loop {
        let mut wire = server.connect();
        if wire.recv(4) == b"NICK" {
            wire.sends(format!("{name}\n")).expects("\nNICK_OK\n");
            return;
        }
        // Turned away: the server is full.
        assert!(Instant::now() < late, "{name} never came in");
    }
}

/// OpenSSH: whoever connected and logged in as nobody held one of few slots for as long as it liked.
#[test]
fn cve_2010_5107_connections_that_never_join_take_no_place_from_who_does() {
    let limits = "[limits]\nconnections = 8\nhandshake = \"1s\"\nhandshake_idle = \"2s\"\n";
    let server = Server::with(limits);
    let mut idle = Vec::new();
    for n in 0..24 {
        let mut wire = server.connect();
        // Half of them begin an answer, and never end it.
        if n % 2 == 0 {
            wire.sends_anyway("{\"hello\"");
        }
        idle.push(wire);
    }
    for name in ["Neo", "Trin", "Tank"] {
        comes_in(&server, name);
    }
    // The first ones made way or were turned away, and the last ones have a deadline.
    for wire in &mut idle {
        while wire.line_or_cut().is_some() {}
    }
}

/// NATS: what came before the first whole line was kept, however much it was and however long.
#[test]
fn ghsa_r72h_half_a_handshake_is_not_kept() {
    let server = Server::with("[limits]\nhandshake = \"1s\"\nhandshake_idle = \"2s\"\n");
    for start in ["{\"hello\":{\"v\":1,\"nick\":\"", "Neo"] {
        // No newline in a mebibyte of it: closed at the first half kibibyte.
        let endless = format!("{start}{}", "x".repeat(1024 * 1024));
        server.connect().expects("NICK").sends_anyway(endless).ends();
    }
    let mut halves: Vec<Wire> = (0..50).map(|_| server.connect()).collect();
    for wire in &mut halves {
        wire.expects("NICK").sends("{\"hello\":{\"v\":1,\"nick\":\"Neo\",\"client\":\"");
    }
    // Not one of them is kept beyond the deadline.
    for wire in &mut halves {
        wire.ends();
    }
    comes_in(&server, "Neo");
}

/// Redis: whoever was not logged in could ask and ask, read no answer, and fill the memory with them.
#[test]
fn cve_2025_21605_answers_to_a_stranger_who_does_not_read_are_bounded() {
    let server = Server::start();
    let native = format!("{}\n", serde_json::json!({"hello": {"v": 1, "nick": "a:b"}}));
    for wrong in ["a b\n", native.as_str()] {
        let mut wire = server.connect();
        wire.expects("NICK").sends_anyway(wrong.repeat(10_000));
        let mut got = 0;
        while let Some(line) = wire.line_or_cut() {
            got += line.len() + 1;
        }
        assert!((1..=1024).contains(&got), "{got} bytes of answers");
    }
    comes_in(&server, "Neo");
}
