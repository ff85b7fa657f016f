//! Names at the door: what is refused, and that two names are never taken for one another.

use crate::support::{Server, WELCOME};

/// Asks for each name on one connection after the other; the reason, if it is refused.
#[track_caller]
fn reason(server: &Server, name: &[u8]) -> Option<String> {
    let mut wire = server.connect();
    wire.expects("NICK").sends([name, b"\n"].concat()).expects("\n");
    match wire.line().as_deref() {
        Some(b"NICK_OK") => {
            wire.expects(format!("{WELCOME}\n"));
            wire.sends("/quit\n").expects("-- you left\n").ends();
            None
        }
        Some(b"NICK_INVALID") => {
            let reason = String::from_utf8(wire.line().unwrap()).unwrap();
            Some(reason.strip_prefix("-- ").expect(&reason).to_owned())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_no_name_is_refused_with_its_reason() {
    let server = Server::start();
    let long = "x".repeat(33);
    for (name, why) in [
        ("", "a name has at least one character"),
        (&long, "a name has at most 32 characters"),
        ("a b", "a name has no white space"),
        ("a\tb", "a name has no white space"),
        (" a", "a name has no white space"),
        ("a:b", "a name has no ':'"),
        ("/who", "a name does not begin with '/'"),
        ("#ops", "a name does not begin with '#'"),
        ("*Neo", "a name does not begin with '*'"),
        ("--", "a name does not begin with '-'"),
        ("a\0b", "a name has no control or invisible characters"),
        ("a\u{1b}[31m", "a name has no control or invisible characters"),
        ("a\u{200b}b", "a name has no control or invisible characters"),
        ("a\u{202e}b", "a name has no control or invisible characters"),
        ("Al\u{456}ce", "a name keeps to one script, and to its ordinary letters"),
        ("Ｎｅｏ", "a name keeps to one script, and to its ordinary letters"),
    ] {
        assert_eq!(reason(&server, name.as_bytes()).as_deref(), Some(why), "{name:?}");
    }
    assert_eq!(reason(&server, b"caf\xe9").as_deref(), Some("a name is UTF-8 text"));
    for name in ["Neo", "R2-D2", "日本", "Жанна", "Zoë", "שלום", &"x".repeat(32)] {
        assert_eq!(reason(&server, name.as_bytes()), None, "{name}");
    }
}

#[test]
fn system_words_and_the_servers_own_names_are_reserved() {
    let server = Server::start();
    for name in [
        "KICK",
        "kick",
        "KlCK",
        "NICK",
        "Nick",
        "NICK_OK",
        "nick_invalid",
        "NICK_INVAL1D",
        "Server",
        "SERVER",
        "Console",
        "chaty",
        "System",
    ] {
        assert_eq!(
            reason(&server, name.as_bytes()).as_deref(),
            Some("that name is reserved"),
            "{name}"
        );
    }
}

#[test]
fn a_name_that_reads_like_a_connected_one_is_taken() {
    let mut server = Server::start();
    let mut alice = server.line("Alice");
    let mut cyrillic = server.line("Соса");
    alice.hears("Соса just connected");
    for (name, holder) in [
        ("Alice", "Alice"),
        ("alice", "Alice"),
        ("ALICE", "Alice"),
        ("AIice", "Alice"),
        ("A1ice", "Alice"),
        ("ALlCE", "Alice"),
        ("Coca", "Соса"),
        ("COCA", "Соса"),
    ] {
        let why = format!("the name {holder} is taken, or too like one that is");
        assert_eq!(reason(&server, name.as_bytes()), Some(why), "{name}");
    }
    server.fence(&mut [&mut alice, &mut cyrillic]);
    // It is free again with its holder gone.
    alice.says("/quit").hears("-- you left").ends();
    cyrillic.hears("Alice left the chat");
    assert_eq!(reason(&server, b"ALICE"), None);
    cyrillic.hears("ALICE just connected").hears("ALICE left the chat");
    server.fence(&mut [&mut cyrillic]);
}

#[test]
fn one_of_many_with_the_same_name_is_let_in() {
    let server = Server::start();
    let mut wires: Vec<_> = (0..20).map(|_| server.connect()).collect();
    for wire in &mut wires {
        wire.expects("NICK").sends("Neo\n");
    }
    let answers: Vec<_> = wires
        .iter_mut()
        .map(|wire| {
            wire.expects("\n");
            wire.line().unwrap()
        })
        .collect();
    assert_eq!(answers.iter().filter(|answer| *answer == b"NICK_OK").count(), 1);
    assert_eq!(answers.iter().filter(|answer| *answer == b"NICK_INVALID").count(), 19);
}
