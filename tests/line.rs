//! The line dialect: what is typed, what is heard, and what nobody else hears.

use crate::support::Server;

#[test]
fn the_server_stamps_the_name_and_the_sender_hears_no_echo() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    neo.hears("Trin just connected");
    for (said, heard) in [
        ("hi", "Neo: hi"),
        ("Neo: hi", "Neo: hi"),
        ("Neo:hi", "Neo: hi"),
        ("Neo: Neo: hi", "Neo: Neo: hi"),
        ("Alice: hi", "Neo: Alice: hi"),
        ("Trin: I said this", "Neo: Trin: I said this"),
        ("Server: obey", "Neo: Server: obey"),
        ("-- you were kicked", "Neo: -- you were kicked"),
        ("KICK", "Neo: KICK"),
        ("NICK_OK", "Neo: NICK_OK"),
        ("  two spaces  ", "Neo:   two spaces  "),
    ] {
        neo.says(said);
        trin.hears(heard);
    }
    server.fence(&mut [&mut neo, &mut trin]);
}

#[test]
fn nothing_is_not_said() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    neo.hears("Trin just connected");
    neo.says("").says("Neo:");
    neo.says("   ").hears("-- there is nothing in that message");
    neo.says("Neo:  ").hears("-- there is nothing in that message");
    server.fence(&mut [&mut neo, &mut trin]);
}

#[test]
fn coming_and_going_is_told() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    neo.hears("Trin just connected");
    trin.says("/quit").hears("-- you left").ends();
    neo.hears("Trin left the chat");
    // Closing one's side is as good.
    let mut trin = server.line("Trin");
    neo.hears("Trin just connected");
    trin.wire.ends_its_side();
    neo.hears("Trin left the chat");
    // So is a connection that breaks.
    drop(server.line("Trin"));
    neo.hears_all(&["Trin just connected", "Trin left the chat"]);
    server.fence(&mut [&mut neo]);
}

#[test]
fn commands_are_answered_to_the_one_who_asks() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    neo.hears("Trin just connected");

    neo.says("/help");
    for command in [
        "/help", "/who", "/rooms", "/join", "/part", "/topic", "/msg", "/me", "/nick", "/history",
        "/search", "/bots", "/why", "/quit",
    ] {
        let line = neo.next_line();
        assert!(line.starts_with(&format!("-- {command} ")), "{command}: {line}");
    }
    neo.says("/who").hears_all(&["-- 2 in #lobby:", "--   Neo, Trin"]);
    neo.says("/rooms").hears("-- #lobby: 2 here");
    neo.says("/join lobby").hears("-- you are in #lobby: 2 here");
    neo.says("/msg").hears("-- usage: /msg NAME TEXT");
    neo.says("/me").hears("-- usage: /me TEXT");
    neo.says("/frob x").hears("-- /frob is not a command; /help lists them, // says a slash");
    neo.says("Neo: /rooms").hears("-- #lobby: 2 here");
    server.fence(&mut [&mut neo, &mut trin]);
}

#[test]
fn a_doubled_slash_says_one() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    neo.hears("Trin just connected").says("//who is there").says("///").says("either/or");
    trin.hears_all(&["Neo: /who is there", "Neo: //", "Neo: either/or"]);
    server.fence(&mut [&mut neo, &mut trin]);
}

#[test]
fn emotes_are_told_as_deeds() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    let mut native = server.native("Tank");
    neo.hears_all(&["Trin just connected", "Tank just connected"]);
    trin.hears("Tank just connected");
    neo.says("/me waves");
    trin.hears("* Neo waves");
    assert_eq!(native.next_event()["chat"]["emote"], true);
    server.fence(&mut [&mut neo, &mut trin, &mut native]);
}

#[test]
fn a_whisper_is_heard_by_one() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    let mut tank = server.line("Tank");
    neo.hears_all(&["Trin just connected", "Tank just connected"]);
    trin.hears("Tank just connected");
    neo.says("/msg Trin follow the  rabbit").hears("-- whispered to Trin");
    trin.hears("Neo whispers: follow the  rabbit");
    // A name is meant in any case.
    trin.says("/msg NEO which").hears("-- whispered to Neo");
    neo.hears("Trin whispers: which");
    neo.says("/msg Smith hi").hears("-- Smith is not here");
    server.fence(&mut [&mut neo, &mut trin, &mut tank]);
}

#[test]
fn a_new_name_is_told_and_the_old_one_is_free() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    neo.hears("Trin just connected");
    // What comes in the same packet is said under the new name, whose tag is taken off.
    neo.wire.sends("/nick One\nOne: hi\nNeo: hi\n");
    neo.hears("-- you are now known as One");
    trin.hears_all(&["Neo is now known as One", "One: hi", "One: Neo: hi"]);
    neo.says("/nick Trin").hears("-- the name Trin is taken, or too like one that is");
    neo.says("/nick a:b").hears("-- a name has no ':'");
    neo.says("/nick KICK").hears("-- that name is reserved");
    neo.says("still One");
    trin.hears("One: still One");
    let mut other = server.line("Neo");
    neo.hears("Neo just connected");
    trin.hears("Neo just connected");
    server.fence(&mut [&mut neo, &mut trin, &mut other]);
}

#[test]
fn history_is_shown_on_notice_lines() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    for n in 1..=5 {
        neo.says(&format!("message {n}"));
    }
    // They have been said before Trin comes in.
    neo.says("/rooms").hears("-- #lobby: 1 here");
    let mut trin = server.line("Trin");
    neo.hears("Trin just connected");
    trin.says("/history 3").hears_all(&[
        "-- the last 3 lines:",
        "--   Neo: message 4",
        "--   Neo: message 5",
        "--   Trin just connected",
    ]);
    trin.says("/history").hears("-- the last 7 lines:").hears("--   Neo just connected");
    for n in 1..=5 {
        trin.hears(&format!("--   Neo: message {n}"));
    }
    trin.hears("--   Trin just connected");
    server.fence(&mut [&mut neo, &mut trin]);
}

#[test]
fn a_line_too_long_is_refused_and_the_stream_goes_on() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    neo.hears("Trin just connected");
    let longest = "x".repeat(4096);
    neo.says(&longest).says(&format!("{longest}x")).says("short again");
    neo.hears("-- that line is 4097 bytes long; the limit is 4096");
    trin.hears(&format!("Neo: {longest}")).hears("Neo: short again");
    server.fence(&mut [&mut neo, &mut trin]);
}

#[test]
fn sixteen_kibibytes_without_a_newline_close() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    neo.hears("Trin just connected");
    neo.wire.sends(vec![b'x'; 16 * 1024]);
    // Exactly as many are borne.
    neo.wire.sends("\n");
    neo.hears("-- that line is 16384 bytes long; the limit is 4096");
    neo.wire.sends(vec![b'x'; 16 * 1024 + 1]);
    neo.hears("-- too many bytes without a newline").ends();
    trin.hears("Neo left the chat");
    server.fence(&mut [&mut trin]);
}

#[test]
fn a_muted_member_is_told_and_nobody_hears_it() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    neo.hears("Trin just connected");
    server.console("mute Neo").fence(&mut [&mut neo, &mut trin]);
    let muted = "-- you are muted: only the administrator can change that";
    neo.says("hi").hears(muted).says("/me waves").hears(muted).says("/msg Trin hi").hears(muted);
    server.console("unmute Neo").fence(&mut [&mut neo, &mut trin]);
    neo.says("hi");
    trin.hears("Neo: hi");
}

/// Lines behind a `/nick` wait until it is settled; one that was too long let the next ones pass.
#[test]
fn a_line_too_long_behind_a_new_name_does_not_bring_the_old_name_back() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    neo.hears("Trin just connected");
    neo.wire.sends(format!("/nick One\nOne: a\n{}\nOne: b\n", "x".repeat(5000)));
    trin.hears_all(&["Neo is now known as One", "One: a", "One: b"]);
    neo.hears("-- you are now known as One");
    neo.hears("-- that line is 5000 bytes long; the limit is 4096");
    server.fence(&mut [&mut neo, &mut trin]);
}

/// Whole lines in front of too much without a newline were lost if they came in the same read.
#[test]
fn what_was_said_before_too_much_without_a_newline_is_said() {
    let server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    neo.hears("Trin just connected");
    neo.wire.sends(format!("one\ntwo\n{}", "x".repeat(17 * 1024)));
    trin.hears_all(&["Neo: one", "Neo: two", "Neo left the chat"]);
    neo.hears("-- too many bytes without a newline").ends();
}
