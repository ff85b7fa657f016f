//! Hostile text: from a server that cleans nothing, into the full screen, the plain mode and the
//! log. Not one byte of it that a terminal acts on may come through.

use super::{input, shows};
use crate::join::stage::Terminal;
use crate::oracle::corpus::is_unseen;
use crate::oracle::{Oracle, Ours, Peer, assault};
use std::io::Write;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn the_full_screen_shows_it_and_does_nothing_of_it() {
    let peer = Peer::listen();
    let mut terminal = Terminal::open(&peer.addr.to_string(), &["Neo"], &[]);
    let mut stream = peer.accept();
    // What is typed before it has its screen, the terminal shows by itself.
    terminal.until("a screen", vt100::Screen::alternate_screen);
    // Not looked at: the notifications and the title have their part as well.
    terminal.press("\x1b[O");
    assault(&mut stream);
    terminal.until("the end", shows("that was all"));
    terminal.press("\x1b[5~\x1b[5~\x1b[5~");
    for key in ["\x1bOS", "\x1b", "\x1b2", "\x1b3", "\x1b1", "\x1bOQ", "\x1bOR", "PWNED", "\x1b"] {
        terminal.press(key);
        // Each of them has drawn before the next.
        terminal.redraw(Instant::now() + Duration::from_millis(50));
    }
    terminal.press("\x15end");
    terminal.until("the keys", |screen| input(screen).ends_with("end"));
    Oracle::of(&terminal.raw, (24, 80)).has_only(Ours::Screen).shows_it();
    let raw = String::from_utf8(terminal.raw.clone()).unwrap();
    // Only what changes is drawn, so that no whole line need be there in one piece.
    assert!(raw.contains('␛'), "it is shown");
    // The screen has no hole where something moved the cursor.
    let first = terminal.screen.screen().contents();
    assert!(first.lines().next().is_some_and(|row| row.contains('#')), "{first}");
    drop(stream);
    terminal.signal("TERM");
    let (code, raw, screen) = terminal.ended_with();
    assert_eq!(code, 0, "{}", screen.contents());
    Oracle::of(&raw, (24, 80)).has_only(Ours::Screen).is_as_it_was();
}

#[test]
fn the_plain_mode_and_the_log_have_nothing_of_it() {
    let peer = Peer::listen();
    let mut child = Command::new(env!("CARGO_BIN_EXE_chaty"))
        .args(["join", "user", "Neo", "--log", "trace", "--server", &peer.addr.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stream = peer.accept();
    assault(&mut stream);
    writeln!(
        stream,
        r#"{{"bye":{{"code":"kicked","text":"\u001b]0;PWNED\u0007\u200e\u200b\u202ebye"}}}}"#
    )
    .unwrap();
    drop(stream);
    let stdin = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(stdin);
    for (name, bytes) in [("output", output.stdout), ("log", output.stderr)] {
        let text = String::from_utf8(bytes).unwrap();
        let is_bad = |c: &char| (c.is_control() && *c != '\n') || is_unseen(*c);
        let found: Vec<char> = text.chars().filter(is_bad).collect();
        assert!(found.is_empty(), "{name}: {found:?}");
        assert!(name == "log" || text.contains("that was all"), "{text}");
    }
}
