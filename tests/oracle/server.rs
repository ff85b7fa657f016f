//! The server's own terminal, and the administrator's: whatever peers call themselves, their
//! programs, their rooms and their bots, and whatever they say of them.

use super::corpus::{CORPUS, messages};
use super::{Oracle, Ours};
use crate::cli::program::{chaty, private_dir};
use crate::console::screen::{SIZE, Screen};
use crate::support::{Native, Wire};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;

/// The log in colours, on a terminal that can do everything.
const COLOURS: [(&str, &str); 2] = [("TERM", "xterm-256color"), ("NO_COLOR", "")];
/// What is seen around the answers.
const HELP: [&str; 2] = ["usage: kick [NAME [REASON]]", "Remove user from server"];

/// A server on this terminal that logs all it has to log, and its address. (What its line editor
/// logs of each key would only drown that.)
#[track_caller]
fn served(dir: &Path, args: &[&str], vars: &[(&str, &str)]) -> (Screen, SocketAddr) {
    let history = dir.join("history.db");
    let serve = [
        "serve",
        "--listen",
        "127.0.0.1:0",
        "--log",
        "trace,rustyline=off",
        "--limit",
        "flood=false",
        "--history",
    ];
    let args = [&serve[..], &[history.to_str().unwrap()], args].concat();
    let screen = Screen::start_with(dir, &args, vars);
    screen.until("the prompt", |rows| rows.iter().any(|row| row.starts_with(">>")));
    let first = screen.rows().into_iter().find(|row| row.contains("is listening on")).unwrap();
    let addr = first.rsplit(' ').next().unwrap().parse().unwrap();
    (screen, addr)
}

/// Everything this member asked has been answered.
#[track_caller]
fn settled(member: &mut Native) {
    member.sends(&json!({"ping": {"id": "settled"}}));
    while member.next_event()["pong"]["id"] != "settled" {}
}

/// The corpus in everything that a peer can say; the peers stay.
#[track_caller]
fn assault(addr: SocketAddr) -> Vec<Native> {
    for text in CORPUS {
        let name = text.replace('\n', "\t");
        let first = json!({"hello": {"v": 1, "nick": text, "client": text, "room": text}});
        for first in [name, first.to_string(), format!("{{{text}")] {
            let mut wire = Wire::connect(addr);
            wire.expects("NICK").sends(format!("{first}\n")).expects("\n");
            // Whether it is let in or not.
            assert!(wire.line().is_some());
        }
    }
    let texts = messages();
    let hello = |name: &str, kind: &str| {
        let client = [CORPUS[0], CORPUS[11], CORPUS[37], CORPUS[45]].concat();
        let hello = json!({"v": 1, "nick": name, "kind": kind, "client": client, "token": format!("{name}\u{1b}")});
        Native::hello(Wire::connect(addr), &hello)
    };
    let mut neo = hello("Neo", "user");
    let mut trin = hello("Trin", "user");
    let mut evil = hello("Evil", "bot");
    for text in &texts {
        neo.sends(&json!({"say": {"id": text, "text": text}}));
        trin.sends(&json!({"whisper": {"id": text, "to": text, "text": text}}));
        trin.sends(&json!({"whisper": {"to": "Neo", "text": text}}));
        evil.sends(&json!({"say": {"text": text, "cause": 1, "handler": text}}));
        evil.sends(&json!({"about": {"answers": &CORPUS[..], "calls": 1}}));
        settled(&mut neo);
        settled(&mut trin);
        settled(&mut evil);
    }
    neo.sends(&json!({"topic": {"topic": CORPUS[..4].concat()}}));
    neo.sends(&json!({"nick": {"nick": texts[0]}}));
    trin.sends(&json!({"join_room": {"room": format!("#{}", CORPUS[0]), "id": texts[1]}}));
    trin.sends(&json!({"join": {"room": format!("#{}", CORPUS[1])}}));
    trin.sends(&json!({"history": {"search": texts[0], "room": texts[1]}}));
    trin.sends(&json!({"why": {"room": texts[0]}}));
    let unknown: Value = [(texts[1].clone(), json!({"id": texts[0]}))]
        .into_iter()
        .collect::<serde_json::Map<_, _>>()
        .into();
    evil.sends(&unknown);
    for raw in
        ["\u{1b}]0;PWNED\u{7}", "{\"\u{9b}31mPWNED\u{202e}", r#"{"say":{"text":"\ud800PWNED"}}"#]
    {
        evil.wire.sends(format!("{raw}\n"));
    }
    for member in [&mut neo, &mut trin, &mut evil] {
        settled(member);
    }
    vec![neo, trin, evil]
}

/// `chaty admin` with these words, from a script; its answer matters to nobody.
fn administer(dir: &Path, addr: &str, words: &[&str]) {
    let words: Vec<String> = words.iter().map(|word| word.replace('\0', "")).collect();
    let mut command = chaty(dir);
    command.args(["admin", "--server", addr, "--"]).args(words);
    assert!(command.output().unwrap().status.code().is_some());
}

#[test]
fn the_console_and_the_log_above_it_show_it_and_do_nothing_of_it() {
    let dir = private_dir();
    let (mut screen, addr) = served(dir.path(), &[], &COLOURS);
    let host = addr.to_string();
    screen.types("help kick\r");
    screen.until("the help", |rows| rows.iter().any(|row| row == HELP[1]));
    let mut members = assault(addr);
    for text in &CORPUS[..12] {
        administer(dir.path(), &host, &["ban", &format!("x{text}"), text]);
        administer(dir.path(), &host, &["say", text]);
        administer(dir.path(), &host, &["kick", text, text]);
        administer(dir.path(), &host, &[text]);
    }
    screen.types("half");
    administer(dir.path(), &host, &["kick", "Neo", &messages()[0]]);
    screen.types("\u{15}");
    for word in ["list", "rooms", "bots", "ban", "history", "stats"] {
        screen.types(&format!("{word}\r"));
    }
    screen.types("help mute\r");
    // Only from a prompt on is it the editor that echoes; before, the terminal itself would.
    screen.until("the last answer and a prompt", |rows| {
        rows.iter().any(|row| row.ends_with("Let read, but not speak"))
            && rows.last().is_some_and(|row| row == ">>")
    });
    screen.types("kick \t");
    for name in ["Evil", "Trin"] {
        let completed = format!(">>kick {name}");
        screen.until(name, |rows| rows.last().is_some_and(|row| *row == completed));
        screen.types("\t");
    }
    screen.types("\u{15}");
    members.clear();
    screen.signal("TERM");
    assert_eq!(screen.exit_code(), 0);
    let raw = screen.raw();
    Oracle::of(&raw, (SIZE.rows, SIZE.cols))
        .has_only(Ours::Prompt)
        .shows_it()
        .is_as_it_was()
        .leaves_alone(&[HELP[0], HELP[1], "usage: mute NAME", "Let read, but not speak"]);
}

#[test]
fn the_log_on_a_terminal_shows_it_and_does_nothing_of_it() {
    for (format, ours) in [("text", Ours::Colours), ("json", Ours::Json)] {
        let dir = private_dir();
        let vars = [("TERM", "dumb"), ("NO_COLOR", "")];
        let (mut screen, addr) = served(dir.path(), &["--log-format", format], &vars);
        let members = assault(addr);
        administer(dir.path(), &addr.to_string(), &["kick", "Neo", &messages()[0]]);
        drop(members);
        screen.types("help kick\r");
        screen.until("the help", |rows| rows.iter().any(|row| row.ends_with(HELP[1])));
        screen.signal("TERM");
        assert_eq!(screen.exit_code(), 0);
        let raw = screen.raw();
        Oracle::of(&raw, (SIZE.rows, SIZE.cols)).has_only(ours).shows_it().is_as_it_was();
        assert!(String::from_utf8(raw).unwrap().contains("Evil"), "{format}: who came is logged");
    }
}

#[test]
fn chaty_admin_shows_it_and_does_nothing_of_it() {
    let dir = private_dir();
    let (_server, addr) = served(dir.path(), &[], &COLOURS);
    let host = addr.to_string();
    let members = assault(addr);
    for text in &CORPUS[..12] {
        administer(dir.path(), &host, &["ban", &format!("x{text}"), text]);
    }
    let admin = |words: &[&str]| {
        let args = [&["admin", "--server", &host][..], words].concat();
        Screen::start_with(dir.path(), &args, &COLOURS)
    };
    let hostile = format!("kick {}", messages()[0].replace('\0', ""));
    let mut shown = String::new();
    for word in ["list", "rooms", "bots", "ban", "history", "stats", &hostile] {
        for json in [&[][..], &["--json"]] {
            let mut screen = admin(&[json, &[word]].concat());
            screen.exit_code();
            let raw = screen.raw();
            let ours = if json.is_empty() { Ours::Text } else { Ours::Json };
            Oracle::of(&raw, (SIZE.rows, SIZE.cols)).has_only(ours).is_as_it_was();
            shown.push_str(&String::from_utf8(raw).unwrap());
        }
    }
    assert!(shown.contains("PWNED"), "{shown}");
    let mut screen = admin(&[]);
    screen.until("the prompt", |rows| rows.last().is_some_and(|row| row == ">>"));
    screen.types("help kick\r");
    for word in ["list", "rooms", "bots", "ban", "help mute"] {
        screen.types(&format!("{word}\r"));
    }
    // Before a prompt the end of the input would be the terminal's to tell, not the editor's.
    screen.until("the last answer and a prompt", |rows| {
        rows.iter().any(|row| row.ends_with("Let read, but not speak"))
            && rows.last().is_some_and(|row| row == ">>")
    });
    screen.types("\u{4}");
    screen.exit_code();
    let raw = screen.raw();
    Oracle::of(&raw, (SIZE.rows, SIZE.cols))
        .has_only(Ours::Prompt)
        .shows_it()
        .is_as_it_was()
        .leaves_alone(&[HELP[0], HELP[1], "usage: mute NAME", "Let read, but not speak"]);
    drop(members);
}
