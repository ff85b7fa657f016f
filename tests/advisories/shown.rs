//! What a peer said and a terminal did. The whole corpus, place by place, is the subject of `oracle`;
//! these are the reported attacks.

use crate::cli::program::private_dir;
use crate::console::screen::{SIZE, Screen};
use crate::join::stage::{Host, Terminal};
use crate::oracle::{Oracle, Ours};
use crate::support::{Native, Raw, Wire};
use serde_json::json;

/// gurk: a message with escape sequences in it was written to the terminal as it came.
#[test]
fn gurk_384_a_message_cannot_trash_the_readers_terminal() {
    for (args, ours) in [(&["Neo"][..], Ours::Screen), (&["Neo", "--inline"], Ours::Prompt)] {
        let host = Host::start("127.0.0.1:0");
        let mut terminal = Terminal::open(&host.addr.to_string(), args, &[]);
        terminal.until("the chat", |screen| {
            screen.contents().contains("online") || screen.contents().contains("in #lobby: Neo")
        });
        let mut smith = Raw::join(Wire::connect(host.addr), "Smith");
        smith.says("\u{1b}[2J\u{1b}[7;7H\u{1b}]0;PWNED\u{7}\u{1b}[38;5;213m\u{1b}[99999b\u{1b}[?25l\u{1b}c");
        terminal.until("what was said", |screan| screan.contents().contains("]0;PWNED"));
        terminal.press("\x15\x04");
        let (code, raw, screen) = terminal.ended_with();
        assert_eq!(code, 0, "{}", screen.contents());
        Oracle::of(&raw, (24, 80)).has_only(ours).shows_it().is_as_it_was();
    }
}

/// `WeeChat`: who joined with a character in the program's description that turns a line round turned
/// the lines of everybody who saw it.
#[test]
fn weechat_1545_what_comes_along_with_a_name_turns_no_line_round() {
    let dir = private_dir();
    let vars = [("TERM", "xterm-256color"), ("NO_COLOR", "")];
    let mut screen = Screen::start_with(dir.path(), &["serve", "--listen", "127.0.0.1:0"], &vars);
    screen.until("the prompt", |rows| rows.last().is_some_and(|row| row == ">>"));
    let first = screen.rows().into_iter().find(|row| row.contains("is listening on")).unwrap();
    let addr = first.rsplit(' ').next().unwrap().parse().unwrap();
    let client = "\u{202e}DENWP\u{200f}\u{2067}PWNED\u{61c}\u{202d}";
    let neo = Native::hello(Wire::connect(addr), &json!({"v": 1, "nick": "Neo", "client": client}));
    screen.until("who came", |rows| rows.iter().any(|row| row.contains("nick=Neo")));
    drop(neo);
    screen.signal("TERM");
    assert_eq!(screen.exit_code(), 0);
    let raw = screen.raw();
    Oracle::of(&raw, (SIZE.rows, SIZE.cols)).has_only(Ours::Prompt).shows_it().is_as_it_was();
}

/// tracing-subscriber: escape sequences in what was logged reached the terminal. The version that was
/// mended escapes them in messages, not in other fields, and lets line breaks and bidi through.
#[test]
fn cve_2025_58160_nothing_that_is_logged_acts_on_the_terminal() {
    for (format, ours) in [("text", Ours::Colours), ("json", Ours::Text)] {
        let dir = private_dir();
        // The name of a file is in a field, and in a message.
        let bots = dir.path().join("b\u{1b}[2J\u{1b}]0;PWNED\u{7}\u{9b}\u{202e}\n2026 INFO forged");
        std::fs::create_dir(&bots).unwrap();
        std::fs::write(bots.join("a\u{1b}[38;5;213m\rPWNED.rhai"), "fn on_load() { }").unwrap();
        let args = [
            "serve",
            "--listen",
            "127.0.0.1:0",
            "--log",
            "trace",
            "--log-format",
            format,
            "--bots",
        ];
        let args = [&args[..], &[bots.to_str().unwrap()]].concat();
        let vars = [("TERM", "dumb"), ("NO_COLOR", "")];
        let mut screen = Screen::start_with(dir.path(), &args, &vars);
        screen.until("the bots' own log", |rows| rows.iter().any(|row| row.contains("PWNED.rhai")));
        screen.signal("TERM");
        assert_eq!(screen.exit_code(), 0);
        let raw = screen.raw();
        Oracle::of(&raw, (SIZE.rows, SIZE.cols)).has_only(ours).shows_it().is_as_it_was();
        assert!(!screen.rows().iter().any(|row| row.starts_with("2026 INFO forged")));
    }
}
