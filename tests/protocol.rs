//! `docs/PROTOCOL.md` says what is so: every example line is one that is really printed or read,
//! and every code of the code has its row.

use chaty::wire::close::CloseReason;
use chaty::wire::command::COMMANDS;
use chaty::wire::native::{self, Decoded};
use std::fs;
use std::path::Path;

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/PROTOCOL.md")).unwrap()
}

/// Lines of the page that are events, with who sends them where the page says so.
fn examples(page: &str) -> impl Iterator<Item = &str> {
    page.lines()
        .map(|line| line.trim_start_matches(['<', '>', ' ']))
        .filter(|line| line.starts_with("{\""))
}

/// Whether the server prints exactly this line.
fn is_printed(line: &str) -> bool {
    let Ok(Decoded::Event(event)) = native::decode_server(line.as_bytes()) else {
        return false;
    };
    let mut printed = Vec::new();
    native::put(&event, &mut printed);
    printed.strip_suffix(b"\n") == Some(line.as_bytes())
}

fn is_read(line: &str) -> bool {
    matches!(native::decode_client(line.as_bytes()), Ok(Decoded::Event(_)))
}

#[test]
fn every_example_is_printed_or_read() {
    let page = page();
    let mut seen = std::collections::BTreeSet::new();
    for line in examples(&page) {
        assert!(is_printed(line) || is_read(line) || line.contains("\"dance\""), "{line}");
        seen.insert(line.split('"').nth(1).unwrap());
    }
    for event in [
        "hello", "say", "who", "nick", "quit", "welcome", "chat", "join", "leave", "rename",
        "crowd", "ack", "refused", "whisper", "roster", "history", "gap", "notice", "ping", "pong",
        "bye",
    ] {
        assert!(seen.contains(event), "{event} has no example");
    }
    assert!(!is_printed("{\"ack\":{\"at\":1,\"id\":\"m\"}}") && !is_read("{\"say\":{}}"));
}

#[test]
fn every_code_and_every_command_has_its_row() {
    let page = page();
    let refusals = [
        "nick_invalid",
        "nick_taken",
        "banned",
        "muted",
        "empty",
        "too_long",
        "no_such_member",
        "not_recorded",
        "room_invalid",
        "not_in_room",
        "too_many_rooms",
        "unknown_event",
        "bad_event",
    ];
    let closes = CloseReason::ALL.map(CloseReason::code);
    for code in refusals.iter().chain(&closes) {
        assert!(page.contains(&format!("\n| `{code}` |")), "{code}");
    }
    for reason in CloseReason::ALL {
        let row = page.lines().rfind(|line| line.starts_with(&format!("| `{}` |", reason.code())));
        let retry = if reason.is_worth_a_retry() { "| yes |" } else { "| no |" };
        assert!(row.unwrap().ends_with(retry), "{reason:?}: {row:?}");
    }
    for (usage, _) in COMMANDS {
        assert!(page.contains(&format!("\n| `{usage}` |")), "{usage}");
    }
}
