//! The server's life: a reader that stops is closed and nobody else notices; a shutdown drains.

use crate::support::Server;
use serde_json::json;

#[test]
fn a_reader_that_stops_is_closed_with_a_reason_and_the_others_go_on() {
    let server = Server::with("[limits]\nwrite_deadline = \"1s\"\n");
    let mut neo = server.native("Neo");
    let mut trin = server.line("Trin");
    let mut stuck = server.line("Stuck");
    neo.hears_of("join", "Trin").hears_of("join", "Stuck");
    trin.hears("Stuck just connected");
    // More than the buffers between them hold, while one of them reads nothing.
    let text = "x".repeat(4000);
    let mut said = 0;
    let left = loop {
        neo.says(&text);
        said += 1;
        let event = neo.next_event();
        if event.get("leave").is_some() {
            break event;
        }
        trin.hears(&format!("Neo: {text}"));
        assert!(said < 100_000, "{} MB and it is still there", said / 250);
    };
    assert_eq!(left["leave"]["who"], "Stuck");
    assert_eq!(left["leave"]["reason"], "write_timeout", "{left}");
    neo.hears_ack(None);
    // It reads again, too late: a whole number of lines at most, and then the end.
    let mut heard = 0;
    while let Some(line) = read_to_the_cut(&mut stuck) {
        if line.starts_with("-- ") {
            assert_eq!(line, "-- you stopped reading");
        } else {
            assert_eq!(line, format!("Neo: {text}"));
            heard += 1;
        }
    }
    assert!(heard < said);
}

/// The next line, or nothing where the connection was cut.
fn read_to_the_cut(stuck: &mut crate::support::Line) -> Option<String> {
    stuck.wire.line_or_cut().map(|line| String::from_utf8(line).unwrap())
}

#[test]
fn a_reader_that_falls_out_of_the_retained_log_is_closed() {
    let mut server =
        Server::with("[limits]\nretained_bytes = \"1MiB\"\nwrite_deadline = \"60s\"\n");
    let mut neo = server.native("Neo");
    let stuck = server.line("Stuck");
    neo.hears_of("join", "Stuck");
    let text = "x".repeat(4000);
    for _ in 0..100_000 {
        neo.says(&text);
        let event = neo.next_event();
        if let Some(leave) = event.get("leave") {
            assert_eq!((&leave["who"], &leave["reason"]), (&json!("Stuck"), &json!("lagged")));
            neo.hears_ack(None);
            server.fence(&mut [&mut neo]);
            drop(stuck);
            return;
        }
    }
    panic!("400 MB and it is still there");
}

#[test]
fn sigterm_drains_and_ends_with_zero() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    let mut trin = server.native("Trin");
    let mut smith = server.raw("Smith");
    neo.hears_all(&["Trin just connected", "Smith just connected"]);
    trin.hears_of("join", "Smith");
    let lines: String = (0..200).flat_map(|n| [n.to_string(), "\n".into()]).collect();
    neo.wire.sends(lines);
    // Its last line has been said; the others may not have heard it yet.
    trin.hears_chat("Neo", "0");
    for n in 1..200 {
        trin.hears_chat("Neo", &n.to_string());
    }
    server.terminate();
    trin.hears_bye("shutdown");
    neo.hears("-- the server is going down").ends();
    let all = (0..200).map(|n| format!("Neo: {n}")).collect::<Vec<_>>().concat();
    smith.hears(&all).ends();
    assert_eq!(server.ends().code(), Some(0));
}

#[test]
fn the_end_of_the_consoles_input_does_not_stop_it() {
    let mut server = Server::start();
    let mut neo = server.line("Neo");
    server.close_console();
    let mut trin = server.line("Trin");
    neo.hears("Trin just connected").says("hi");
    trin.hears("Neo: hi");
    server.terminate();
    neo.hears("-- the server is going down").ends();
    assert_eq!(server.ends().code(), Some(0));
}

#[test]
fn the_administrators_shutdown_is_as_good_as_a_signal() {
    let mut server = Server::start();
    let mut neo = server.native("Neo");
    server.console("shutdown");
    neo.hears_bye("shutdown");
    assert_eq!(server.ends().code(), Some(0));
}
