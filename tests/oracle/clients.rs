//! `join` on one line and without one, `send` and `tail`, against a server that cleans nothing.

use super::{Oracle, Ours, Peer, assault};
use crate::console::screen::{SIZE, Screen};
use crate::join::stage::Terminal;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

/// A goodbye that is one more try.
const BYE: &str =
    r#"{"bye":{"code":"kicked","text":"\u001b]0;PWNED\u0007\u200e\u200b\u202ebye\r\u001b[3J"}}"#;

#[test]
fn the_inline_chat_shows_it_and_does_nothing_of_it() {
    let peer = Peer::listen();
    let mut terminal = Terminal::open(&peer.addr.to_string(), &["Neo", "--inline"], &[]);
    let mut stream = peer.accept();
    terminal.press("half a line");
    assault(&mut stream);
    terminal.until("the end", |screen| screen.contents().contains("that was all"));
    writeln!(stream, r#"{{"notice":{{"text":"and this after it"}}}}"#).unwrap();
    terminal.until("a fence", |screen| screen.contents().contains("and this after it"));
    // The tab key has names of the peer's to offer.
    terminal.press(" PW\t");
    writeln!(stream, "{BYE}").unwrap();
    let (code, raw, screen) = terminal.ended_with();
    assert_eq!(code, 1, "{}", screen.contents());
    let fences = ["-- that was all", "-- and this after it"];
    Oracle::of(&raw, (24, 80))
        .has_only(Ours::Prompt)
        .shows_it()
        .is_as_it_was()
        .leaves_alone(&fences);
}

#[test]
fn the_plain_chat_on_a_terminal_has_nothing_of_it() {
    for (args, term) in [(&["Neo", "--plain"][..], "xterm-256color"), (&["Neo"], "dumb")] {
        let peer = Peer::listen();
        let mut terminal = Terminal::open(&peer.addr.to_string(), args, &[("TERM", term)]);
        let mut stream = peer.accept();
        assault(&mut stream);
        writeln!(stream, "{BYE}").unwrap();
        terminal.until("the end", |screen| screen.contents().contains("that was all"));
        let (code, raw, screen) = terminal.ended_with();
        assert_eq!(code, 1, "{}", screen.contents());
        Oracle::of(&raw, (24, 80))
            .has_only(Ours::Text)
            .shows_it()
            .is_as_it_was()
            .leaves_alone(&["-- that was all"]);
    }
}

/// Runs a client against the peer until the peer says goodbye.
#[track_caller]
fn judged(peer: &Peer, args: &[&str], ours: Ours, first: &str) -> String {
    let home = tempfile::tempdir().unwrap();
    let addr = peer.addr.to_string();
    let args = [args, &["--server", &addr]].concat();
    let vars = [("TERM", "xterm-256color"), ("NO_COLOR", "")];
    let mut screen = Screen::start_with(home.path(), &args, &vars);
    let mut stream = peer.accept();
    writeln!(stream, "{first}").unwrap();
    assault(&mut stream);
    writeln!(stream, "{BYE}").unwrap();
    assert_eq!(screen.exit_code(), 1, "{:#?}", screen.rows());
    let raw = screen.raw();
    Oracle::of(&raw, (SIZE.rows, SIZE.cols)).has_only(ours).shows_it().is_as_it_was();
    String::from_utf8(raw).unwrap()
}

#[test]
fn tail_shows_it_and_does_nothing_of_it() {
    let shown = judged(&Peer::listen(), &["tail", "--log", "trace"], Ours::Colours, "{}");
    assert!(shown.contains("-- that was all\r\n"), "{shown}");
}

#[test]
fn tails_json_says_it_and_shows_none_of_it() {
    let peer = Peer::listen();
    let args = ["tail", "--json", "--log", "trace", "--log-format", "json"];
    let shown = judged(&peer, &args, Ours::Json, "{}");
    let events = shown.lines().filter(|line| line.starts_with('{'));
    let events: Vec<serde_json::Value> =
        events.map(|line| serde_json::from_str(line).expect(line)).collect();
    let said = |event: &serde_json::Value| event["notice"]["text"] == "that was all";
    assert!(events.len() > 300 && events.iter().any(said), "{} events", events.len());
}

#[test]
fn send_says_why_a_message_was_refused_and_does_nothing_of_it() {
    let peer = Peer::listen();
    let refused = r#"{"refused":{"re":"1","code":"PWNED","text":"\u001b]0;PWNED\u0007\u009b31m\u202e\r\u001b[3J\u200b"}}"#;
    let args = ["send", "--as", "Neo", "--log", "trace", "hello"];
    let shown = judged(&peer, &args, Ours::Colours, refused);
    assert!(shown.contains("message 1 was refused: ␛]0;PWNED␇"), "{shown}");
}

/// Whatever answers on a port: no chat, or a chat that is full of hostility from its first line.
#[test]
fn what_is_no_chaty_server_is_told_and_not_obeyed() {
    let banner = "\u{1b}]0;PWNED\u{7}\u{1b}[3J\u{9b}31m\u{202e}\r";
    let welcome = format!(
        "NICK\n{}\n",
        r#"{"bye":{"code":"\u001bcPWNED","text":"\u001b]0;PWNED\u0007\r\u202e"}}"#
    );
    let refused = format!(
        "NICK\n{}\n",
        r#"{"refused":{"code":"nick_taken","text":"\u001bcPWNED\u009b31m"}}"#
    );
    let full = format!("NICK-- {banner}PWNED\n");
    let plain = format!("{banner}PWNED\n");
    for first in [plain.as_str(), &full, &welcome, &refused] {
        for args in
            [&["join", "user", "Neo", "--plain"][..], &["tail"], &["send", "--as", "Neo", "x"]]
        {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let addr = listener.local_addr().unwrap().to_string();
            let said = first.to_owned();
            thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                stream.write_all(said.as_bytes()).ok();
                // Until the client has had enough.
                stream.read_to_end(&mut Vec::new()).ok();
            });
            let home = tempfile::tempdir().unwrap();
            let args = [args, &["--server", &addr, "--log", "trace"]].concat();
            let vars = [("TERM", "xterm-256color"), ("NO_COLOR", "")];
            let mut screen = Screen::start_with(home.path(), &args, &vars);
            assert_eq!(screen.exit_code(), 1, "{args:?} {first:?} {:#?}", screen.rows());
            let raw = screen.raw();
            Oracle::of(&raw, (SIZE.rows, SIZE.cols)).has_only(Ours::Colours).is_as_it_was();
        }
    }
}
