//! Who is there, and what was missed: ghosts, gaps, and what is left behind by who came and went.

use crate::support::Server;
use serde_json::{Value, json};

/// Devzat: a session whose network was gone stayed in the room and kept its name.
#[test]
fn devzat_228_a_ghost_is_freed_in_time_and_its_owner_need_not_wait() {
    let server = Server::with("[limits]\nping = \"400ms\"\nping_dead = \"1600ms\"\n");
    let mut witness = server.line("Witness");
    // Neither answers a ping, closes or reads: to the server a cable that was pulled is the same.
    let hello = json!({"v": 1, "nick": "Neo", "token": "secret"});
    let _ghost = server.hello(&hello);
    let _other = server.native("Trin");
    witness.hears_all(&["Neo just connected", "Trin just connected"]);
    let mut neo = server.hello(&hello);
    assert_eq!(neo.welcome["nick"], "Neo");
    // Its place is taken over, and the room need not know.
    loop {
        let line = witness.next_line();
        if line == "Trin left the chat" {
            break;
        }
        assert!(line.starts_with("Neo "), "{line}");
        let ping = neo.next_event();
        if ping.get("ping").is_some() {
            neo.sends(&json!({"pong": {}}));
        }
    }
    let mut trin = server.line("Trin");
    assert!(trin.next_line().starts_with("Neo") || trin.says("/who").next_line().contains("-- "));
}

/// ssh-chat: memory grew with every user who came and went, although as many were there as before.
#[cfg(target_os = "linux")]
#[test]
fn ssh_chat_48_who_came_and_went_leaves_no_memory_behind() {
    let server = Server::with("[limits]\nretained_bytes = \"256KiB\"\n");
    let come_and_go = |times: usize| {
        for n in 0..times {
            // Whoever is gone frees its name a moment later.
            let mut member = server.line(&format!("n{n}"));
            member.says("/quit").hears("-- you left").ends();
        }
        crate::abuse::process::Process(server.pid()).resident()
    };
    // Buffers, threads and the retained log have found their size by then.
    let before = come_and_go(300);
    let after = come_and_go(900);
    // A leak of a session's own memory alone, 7 KiB, would be three times this.
    let bound = before + before / 10 + 2048;
    assert!(after < bound, "from {before} to {after} KiB in 900 sessions");
}

/// Matterhorn: after a reconnect it fetched the last hundred, and what lay between was missing
/// without a sign.
#[test]
fn matterhorn_281_more_than_a_hundred_missed_messages_are_all_there() {
    const MISSED: u64 = 233;
    let mut server = Server::start();
    let hello = json!({"v": 1, "nick": "Neo", "token": "secret"});
    let mut neo = server.hello(&hello);
    let (epoch, seen) = (neo.epoch(), neo.seq());
    let mut trin = server.native("Trin");
    neo.hears_of("join", "Trin").sends(&json!({"quit": {}})).hears_bye("quit");
    trin.hears_of("leave", "Neo");
    for n in 0..MISSED {
        server.console(&format!("say {n}"));
    }
    for n in 0..MISSED {
        trin.hears_chat("Server", &n.to_string());
    }
    let mut back = hello.clone();
    back["resume"] = json!({"epoch": epoch, "after": {"#lobby": seen}});
    let mut neo = server.hello(&back);
    let mut said = Vec::new();
    let last = Value::from((MISSED - 1).to_string());
    loop {
        let event = neo.next_event();
        assert_eq!(event.get("gap"), None, "{event}");
        let text = &event["chat"]["text"];
        said.extend(text.as_str().map(str::to_owned));
        if *text == last {
            break;
        }
    }
    assert_eq!(said, (0..MISSED).map(|n| n.to_string()).collect::<Vec<_>>());
}
