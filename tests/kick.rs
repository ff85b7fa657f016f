//! The administrator's hand, through the console's pipe: kick in every dialect, with `KICK` last.

use crate::support::Server;
use serde_json::json;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

#[test]
fn a_kick_is_the_last_word_in_every_dialect() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.native("Trin");
    let mut smith = server.raw("Smith");
    let mut tank = server.line("Tank");
    neo.hears_all(&["Trin just connected", "Smith just connected", "Tank just connected"]);
    trin.hears_of("join", "Smith").hears_of("join", "Tank");
    smith.hears("Tank just connected");

    server.console("kick Neo");
    neo.hears("-- you were kicked").hears("KICK").ends();
    let left = json!({"leave": {"room": "#lobby", "seq": 5, "who": "Neo", "reason": "kicked"}});
    trin.hears(&left);
    smith.hears("Neo left the chat");
    tank.hears("Neo left the chat");

    server.console("kick Smith");
    smith.hears("KICK").ends();
    trin.hears_of("leave", "Smith");
    tank.hears("Smith left the chat");

    server.console("kick Trin");
    trin.hears_bye("kicked");
    tank.hears("Trin left the chat");
    server.fence(&mut [&mut tank]);
    // A kick is no ban.
    let mut neo = server.line("neo");
    tank.hears("neo just connected");
    server.fence(&mut [&mut neo, &mut tank]);
}

#[test]
fn a_kicks_reason_is_told() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.native("Trin");
    neo.hears("Trin just connected");
    server.console("kick trin be kind");
    let bye = trin.next_event();
    assert_eq!(bye, json!({"bye": {"code": "kicked", "text": "you were kicked: be kind"}}));
    neo.hears("Trin left the chat");
    server.console("kick Neo come back later");
    neo.hears("-- you were kicked: come back later").hears("KICK").ends();
}

#[test]
fn what_was_said_before_the_kick_is_not_lost_and_what_comes_after_is_not_heard() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    neo.hears("Trin just connected");
    neo.says("before");
    trin.hears("Neo: before");
    server.console("kick Neo");
    neo.hears("-- you were kicked").hears("KICK");
    neo.wire.sends_anyway("after\n");
    trin.hears("Neo left the chat");
    server.fence(&mut [&mut trin]);
}

#[test]
fn a_banned_name_and_its_look_alikes_stay_out() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    neo.hears("Trin just connected");
    server.console("ban Neo");
    neo.hears("-- you are banned here").hears("KICK").ends();
    trin.hears("Neo left the chat");
    for name in ["Neo", "NEO"] {
        let mut wire = server.connect();
        wire.expects("NICK").sends(format!("{name}\n"));
        wire.expects("\nNICK_INVALID\n-- you are banned here\n").ends();
    }
    let mut wire = server.connect();
    wire.expects("NICK").sends("{\"hello\":{\"v\":1,\"nick\":\"Neo\"}}\n");
    wire.expects("\n{\"bye\":{\"code\":\"banned\",").line();
    wire.ends();
    server.console("unban Neo").fence(&mut [&mut trin]);
    let _neo = server.line("Neo");
    trin.hears("Neo just connected");
}

#[test]
fn an_unknown_name_is_said_so_and_nobody_is_kicked() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    server.console("kick Smith");
    server.answers("Smith is not here");
    server.fence(&mut [&mut neo]);
}

/// Closing a socket with unread input resets it, and what was still on its way is lost with it:
/// whoever was talking when it was kicked lost its last words.
#[test]
fn a_kick_is_heard_by_who_is_talking_and_late_in_reading() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.native("Trin");
    neo.hears("Trin just connected");
    // More than Neo's side takes unread: the rest waits in the server's.
    let text = "x".repeat(4000);
    for _ in 0..600 {
        trin.says(&text).hears_ack(None);
    }
    let mut talker = neo.wire.writer();
    let stop = Arc::new(AtomicBool::new(false));
    let talking = thread::spawn({
        let stop = stop.clone();
        move || {
            while !stop.load(Ordering::SeqCst) && talker.write_all(&[b'\n'; 16 * 1024]).is_ok() {}
        }
    });
    server.console("kick Neo");
    trin.hears_of("leave", "Neo");
    stop.store(true, Ordering::SeqCst);
    talking.join().unwrap();
    let mut last = Vec::new();
    while let Some(line) = neo.wire.line_or_cut() {
        last = line;
    }
    assert_eq!(String::from_utf8_lossy(&last), "KICK");
}
