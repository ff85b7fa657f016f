//! The raw dialect, pinned byte for byte, and the ancestor's own client in it: joins, hears every
//! message whole and by itself, is kicked, and slows nobody.

use crate::support::{Ancestor, Hears, Received, Server};
use std::time::{Duration, Instant};

/// A pause so long that even a reader on a very busy machine takes each message by itself.
const UNHURRIED: &str = "[limits]\nraw_pace = \"250ms\"\n";

#[test]
fn the_ancestor_hears_each_word_of_the_handshake_by_itself() {
    let server = Server::with(UNHURRIED);
    let mut smith = Ancestor::start(server.addr(), "Smith");
    smith.hears(&Received::AskedForName).hears(&Received::Connected);
    smith.hears_message("Connection successful, welcome to ChatyChaty !");
    let _neo = server.line("Neo");
    smith.hears_message("Neo just connected");
}

#[test]
fn raw_members_hear_the_same_words_without_newlines() {
    let mut server = Server::start();
    let mut smith = server.raw("Smith");
    let mut neo = server.line("Neo");
    smith.hears("Neo just connected");
    neo.says("hi").says("/me waves").says("/nick One");
    neo.hears("-- you are now known as One");
    smith.hears("Neo: hi").hears("* Neo waves").hears("Neo is now known as One");
    neo.says("/msg Smith psst").hears("-- whispered to Smith");
    smith.hears("One whispers: psst");
    neo.says("/quit");
    smith.hears("One left the chat");
    server.fence(&mut [&mut smith]);
}

#[test]
fn what_a_raw_member_says_is_stamped_and_not_echoed() {
    let mut server = Server::start();
    let mut smith = server.raw("Smith");
    let mut neo = server.line("Neo");
    smith.hears("Neo just connected");
    for (said, heard) in [
        ("Smith: hi", "Smith: hi"),
        ("hi", "Smith: hi"),
        ("Neo: hi", "Smith: Neo: hi"),
        ("KICK", "Smith: KICK"),
        ("Smith: with a newline\n", "Smith: with a newline"),
        ("Smith: //who", "Smith: /who"),
    ] {
        smith.says(said);
        neo.hears(heard);
    }
    // The ancestor's sends run together when they are quick: its tags part them again.
    smith.says("Smith: oneSmith: twoSmith: three");
    neo.hears_all(&["Smith: one", "Smith: two", "Smith: three"]);
    smith.says("/who").hears("-- 2 in #lobby:").hears("--   Neo, Smith");
    smith.says("  ");
    server.fence(&mut [&mut smith, &mut neo]);
}

#[test]
fn a_long_message_comes_in_tagged_parts_of_at_most_1024_bytes() {
    let server = Server::with(UNHURRIED);
    let mut smith = Ancestor::join(server.addr(), "Smith");
    let mut neo = server.line("Neo");
    smith.hears_message("Neo just connected");
    let said = "0123456789".repeat(300);
    neo.says(&said);
    let mut heard = String::new();
    while heard.len() < said.len() {
        let (Received::Message(part), _) = smith.next() else { panic!("no message") };
        assert!(part.len() <= 1024, "{} bytes", part.len());
        heard.push_str(part.strip_prefix("Neo: ").expect("every part is tagged"));
    }
    assert_eq!(heard, said);
}

#[test]
fn no_message_is_a_system_word_for_the_ancestor() {
    let server = Server::with(UNHURRIED);
    let mut smith = Ancestor::join(server.addr(), "Smith");
    let mut neo = server.line("Neo");
    smith.hears_message("Neo just connected");
    for word in ["KICK", "NICK", "NICK_OK", "NICK_INVALID"] {
        neo.says(word);
        // A space behind it, so that not even its last bytes alone are the word.
        smith.hears_message(&format!("Neo: {word} "));
        // Its last bytes in a part of their own.
        let said = "x".repeat(1024 - "Neo: ".len() - 1) + word;
        neo.says(&said);
        let (Received::Message(first), _) = smith.next() else { panic!("no message") };
        let (Received::Message(second), _) = smith.next() else { panic!("no message") };
        assert!(first.starts_with("Neo: xxx"), "{first}");
        assert_eq!(second, format!("Neo: {word} "));
    }
}

#[test]
fn the_ancestors_refused_name_is_one_word() {
    let server = Server::start();
    let _neo = server.line("Neo");
    let mut twin = Ancestor::start(server.addr(), "Neo");
    twin.hears(&Received::AskedForName).hears(&Received::NameTaken);
}

/// How many quick messages, and how far apart the server sends them to a raw client.
const QUICK: usize = 200;
const PACE: Duration = Duration::from_millis(20);

#[test]
fn the_ancestor_gets_quick_messages_each_by_itself_and_slows_nobody() {
    let mut server = Server::with(&format!("[limits]\nraw_pace = \"{}ms\"\n", PACE.as_millis()));
    let mut smith = Ancestor::join(server.addr(), "Smith");
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    smith.hears_text("Neo just connectedTrin just connected");
    neo.hears("Trin just connected");

    let start = Instant::now();
    let said: Vec<String> = (0..QUICK).map(|n| format!("quick message {n}")).collect();
    neo.wire.sends(said.join("\n") + "\n");
    for text in &said {
        trin.hears(&format!("Neo: {text}"));
    }
    let others = start.elapsed();
    let paced = PACE * u32::try_from(QUICK).unwrap();
    assert!(others < paced / 2, "Trin waited {others:?} for what the ancestor is paced for");

    let mut expected = said.iter().map(|text| format!("Neo: {text}"));
    let mut alone = 0;
    let mut heard = 0;
    while heard < QUICK {
        let (Received::Message(got), since) = smith.next() else { panic!("no message") };
        let mut whole = expected.next().unwrap();
        heard += 1;
        if got == whole {
            alone += 1;
        }
        // On a machine too busy to wake this reader for longer than the pace, two messages wait
        // for it. Then it has been away so long; if not, the server did not keep them apart.
        while got.len() > whole.len() {
            assert!(since >= PACE, "{got:?} came {since:?} after the one before");
            whole += &expected.next().unwrap();
            heard += 1;
        }
        assert_eq!(got, whole, "whole, and in order");
    }
    assert!(alone * 10 >= QUICK * 9, "only {alone} of {QUICK} came alone");

    server.console("kick Smith");
    smith.hears(&Received::Kicked);
    neo.hears("Smith left the chat");
    trin.hears("Smith left the chat");
    neo.says("on we go");
    trin.hears("Neo: on we go");
    server.fence(&mut [&mut neo, &mut trin]);
}

#[test]
fn the_ancestor_talks_with_members_of_every_dialect() {
    let mut server = Server::with(UNHURRIED);
    let mut smith = Ancestor::join(server.addr(), "Smith");
    let mut neo = server.native("Neo");
    let mut trin = server.line("Trin");
    smith.hears_message("Neo just connected").hears_message("Trin just connected");
    neo.hears_of("join", "Trin");
    smith.says("hello");
    neo.hears_chat("Smith", "hello");
    trin.hears("Smith: hello");
    neo.says("hello yourself").hears_ack(None);
    smith.hears_message("Neo: hello yourself");
    drop(smith);
    trin.hears("Neo: hello yourself").hears("Smith left the chat");
    neo.hears_of("leave", "Smith");
    trin.says("gone");
    neo.hears_chat("Trin", "gone");
    server.console("say bye");
    trin.hears_server("bye");
}
