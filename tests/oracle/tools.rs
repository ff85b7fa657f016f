//! The history's tools, the tools for bots, the bots' host and every error on the command line:
//! hostile is what is in a file, or its name.

use super::corpus::{CORPUS, messages};
use super::{Oracle, Ours};
use crate::cli::program::private_dir;
use crate::console::screen::{SIZE, Screen};
use crate::support::Server;
use serde_json::json;
use std::fs;
use std::path::Path;

/// As a file may be called.
const NAME: &str = "a\u{1b}]0;PWNED\u{7}\u{9b}31m\u{202e}\u{1b}[3J\r\u{200b}\u{e0041}\nx";
const VARS: [(&str, &str); 2] = [("TERM", "xterm-256color"), ("NO_COLOR", "")];

/// What a program writes to a terminal until its end.
#[track_caller]
fn written(dir: &Path, args: &[&str], code: u32) -> Vec<u8> {
    let mut screen = Screen::start_with(dir, args, &VARS);
    assert_eq!(screen.exit_code(), code, "{args:?} {:#?}", screen.rows());
    screen.raw()
}

/// … and the terminal's verdict on it.
#[track_caller]
fn judged(dir: &Path, args: &[&str], code: u32, ours: Ours) -> String {
    let raw = written(dir, args, code);
    Oracle::of(&raw, (SIZE.rows, SIZE.cols)).has_only(ours).shows_it().is_as_it_was();
    String::from_utf8(raw).unwrap()
}

#[test]
fn the_historys_tools_show_it_and_do_nothing_of_it() {
    let dir = private_dir();
    let file = dir.path().join(format!("{NAME}.db"));
    let mut server = Server::recording("", &file);
    let mut neo = server.native("Neo");
    for text in messages() {
        neo.says(&text).hears_ack(None);
    }
    neo.sends(&json!({"topic": {"topic": CORPUS[..4].concat()}}));
    while neo.next_event().get("topic").is_none() {}
    server.terminate();
    assert!(server.ends().success());
    let path = file.to_str().unwrap();
    let text =
        judged(dir.path(), &["history", "search", "PWNED", "--history", path], 0, Ours::Text);
    assert!(text.contains("Neo: ␛]0;PWNED␇"), "{text}");
    judged(dir.path(), &["history", "search", "PWNED", "--json", "--history", path], 0, Ours::Json);
    judged(dir.path(), &["history", "stats", "--history", path], 0, Ours::Text);
    judged(dir.path(), &["history", "stats", "--json", "--history", path], 0, Ours::Text);
    judged(dir.path(), &["history", "export", "--history", path], 0, Ours::Json);
    judged(dir.path(), &["history", "search", "x", "--history", NAME], 1, Ours::Text);
    judged(dir.path(), &["history", "import", NAME, "--history", path], 1, Ours::Text);
    // Each of these is wrong in a place of its own.
    for line in [
        r##"{"chat":{"room":"#\u001b]0;PWNED\u0007\u202e","seq":1,"at":1,"from":"N","text":"x"}}"##,
        r##"{"chat":{"room":"#lobby","seq":1,"at":1,"from":"\u009b31mPWNED\r","text":"x"}}"##,
        r##"{"leave":{"room":"#lobby","seq":1,"at":1,"who":"N","reason":"\u001bcPWNED"}}"##,
        r##"{"chat":{"room":"#lobby","seq":1,"at":1,"from":"N","kind":"\u001bcPWNED\u202e","text":"x"}}"##,
        r#"{"\u001bcPWNED":{}}"#,
        "\u{1b}]0;PWNED\u{7}\u{9b}31m\u{202e}",
    ] {
        let lines = dir.path().join(format!("{NAME}.jsonl"));
        fs::write(&lines, line).unwrap();
        let args = ["history", "import", lines.to_str().unwrap(), "--history", path];
        let raw = written(dir.path(), &args, 1);
        Oracle::of(&raw, (SIZE.rows, SIZE.cols)).has_only(Ours::Text).is_as_it_was();
    }
}

/// A script that says, logs, keeps and expects it.
fn script() -> String {
    // A text of Rhai may have anything in it, but for its own marks.
    let quoted = |text: &&str| format!("`{}`", text.replace('`', "'"));
    let texts: Vec<String> = CORPUS.iter().take(4).map(quoted).collect();
    let (texts, first, line) = (texts.join(", "), &texts[0], CORPUS[0]);
    format!(
        "const BOT = #{{ triggers: [\"PWNED\", {first}] }};\n\
         /// > Neo: PWNED\n\
         /// < {line}\n\
         fn on_trigger(msg, word) {{\n\
             if msg.text.contains(\"boom\") {{ throw {first} }}\n\
             state.kept = [{texts}];\n\
             for text in [{texts}] {{ reply(text); log(text) }}\n\
         }}\n\
         fn test_it() {{ send({first}, \"PWNED\"); expect_said({first}) }}\n"
    )
}

#[test]
fn what_is_wrong_with_a_script_is_shown_and_does_nothing() {
    let dir = private_dir();
    let path = dir.path().join(format!("{NAME}.rhai"));
    let path = path.to_str().unwrap();
    for source in [
        "fn on_message(msg) { let PWNED\u{9b}31m = 1; }".to_owned(),
        "fn on_message(msg) { \u{1b}]0;PWNED\u{7}(1) }".to_owned(),
        format!(
            "fn on_message(msg) {{ frob(\"{}\"); PWNED }}",
            messages()[1].replace(['"', '\\', '\n'], "")
        ),
        "// \u{202e}PWNED\u{1b}[3J\nfn on_message(msg) { rply(\"\u{202e}PWNED\u{1b}[3J\") }"
            .to_owned(),
        "const BOT = #{ name: \"\u{1b}]0;PWNED\u{7}\u{9b}\" };".to_owned(),
        "const BOT = #{ \"\u{1b}]0;PWNED\u{7}\u{202e}\": 1 };".to_owned(),
        "const BOT = #{ triggers: [\"(\u{1b}]0;PWNED\u{7}\"] };".to_owned(),
        "import \"\u{1b}]0;PWNED\u{7}\" as x;".to_owned(),
    ] {
        fs::write(path, &source).unwrap();
        judged(dir.path(), &["bot", "check", path], 1, Ours::Text);
    }
    // They show the same finding, the last one, each in its way.
    judged(dir.path(), &["bot", "check", path, "--json"], 1, Ours::Json);
    judged(dir.path(), &["bot", "test", path, "--seed", "1"], 1, Ours::Text);
    judged(dir.path(), &["bot", "try", path], 1, Ours::Colours);
    judged(dir.path(), &["bot", "check", &format!("{path}x")], 1, Ours::Text);
    judged(dir.path(), &["bot", "new", path], 1, Ours::Text);
    judged(dir.path(), &["bot", &format!("{path}x")], 1, Ours::Colours);
}

#[test]
fn a_conversation_with_a_hostile_bot_shows_it_and_does_nothing_of_it() {
    let dir = private_dir();
    let path = dir.path().join("evil.rhai");
    fs::write(&path, script()).unwrap();
    let path = path.to_str().unwrap();
    for json in [&[][..], &["--json"]] {
        let args = [&["bot", "test", path, "--seed", "1"][..], json].concat();
        judged(dir.path(), &args, 1, Ours::Text);
    }
    let mut screen = Screen::start_with(dir.path(), &["bot", "try", path], &VARS);
    let prompt =
        |name: &'static str| move |rows: &[String]| rows.last().is_some_and(|row| row == name);
    screen.until("the prompt", prompt("Neo>"));
    // The terminal is the prompt's only while it waits: each line after the last one's answer.
    for said in ["PWNED", "PWNED boom"] {
        screen.types(&format!("{said}\r"));
        let line = format!("Neo> {said}");
        screen.until("its answer", |rows| {
            let at = rows.iter().position(|row| *row == line);
            at.is_some_and(|at| at + 2 < rows.len()) && rows.last().is_some_and(|row| row == "Neo>")
        });
    }
    screen.types("PW\t\t\u{15}/state\r");
    screen.types("/as Al\r");
    screen.until("the next prompt", prompt("Al>"));
    // It is loaded again while the prompt waits.
    fs::write(path, format!("{}\n\u{1b}]0;PWNED\u{7}\u{9b}", script())).unwrap();
    screen.until("the mistake", |rows| rows.iter().any(|row| row.ends_with("the version before")));
    screen.types("/help\r");
    screen.until("a fence", |rows| rows.iter().any(|row| row.ends_with("as Ctrl-D does")));
    screen.types("\u{4}");
    assert_eq!(screen.exit_code(), 0);
    let raw = screen.raw();
    Oracle::of(&raw, (SIZE.rows, SIZE.cols))
        .has_only(Ours::Prompt)
        .shows_it()
        .is_as_it_was()
        .leaves_alone(&["-- you are Al now", "--   /quit            end, as Ctrl-D does"]);
}

/// The bots' host on a terminal of its own, in both kinds of log.
#[test]
fn a_hostile_bots_host_logs_it_and_does_nothing_of_it() {
    for format in ["text", "json"] {
        let mut server = Server::start();
        let mut neo = server.line("Neo");
        let dir = private_dir();
        let path = dir.path().join("evil.rhai");
        fs::write(&path, script()).unwrap();
        let host = server.addr().to_string();
        let args = [
            "bot",
            path.to_str().unwrap(),
            "--server",
            &host,
            "--log",
            "trace",
            "--log-format",
            format,
        ];
        let mut screen = Screen::start_with(dir.path(), &args, &VARS);
        neo.hears("Evil just connected").says("PWNED");
        assert!(neo.next_line().starts_with("Evil: "));
        fs::write(&path, "fn on_message(msg) { \u{1b}]0;PWNED\u{7}\u{9b}(1) }").unwrap();
        screen.until("the mistake", |rows| rows.iter().any(|row| row.contains("still running")));
        screen.signal("TERM");
        assert_eq!(screen.exit_code(), 0);
        let ours = if format == "text" { Ours::Colours } else { Ours::Json };
        let raw = screen.raw();
        Oracle::of(&raw, (SIZE.rows, SIZE.cols)).has_only(ours).shows_it().is_as_it_was();
        server.console("shutdown");
    }
}

#[test]
fn every_error_of_the_command_line_is_shown_and_does_nothing() {
    let dir = private_dir();
    let path = dir.path().join(format!("{NAME}.toml"));
    let path = path.to_str().unwrap();
    for toml in [
        "\u{1b}]0;PWNED\u{7} = 1".to_owned(),
        "\"\u{1b}]0;PWNED\u{7}\" = 1".to_owned(),
        "\"\\u001b]0;PWNED\\u0007\\u009b31m\\u202e\" = 1".to_owned(),
        "[limits]\n\"PWNED\u{202e}\u{200b}\\u001bc\" = 1".to_owned(),
        "log = \"PWNED=\\u001b]0;x\\u0007\\u202e[\"".to_owned(),
        "bots = \"PWNED\\u001b]0;x\\u0007\\u202e\"".to_owned(),
        "[history]\nunrecorded = [\"PWNED\\u001b]0;x\\u0007\"]".to_owned(),
    ] {
        fs::write(path, &toml).unwrap();
        let raw = Screen::start_with(
            dir.path(),
            &["serve", "--listen", "127.0.0.1:0", "--config", path],
            &VARS,
        );
        let mut screen = raw;
        assert_ne!(screen.exit_code(), 0, "{toml:?} {:#?}", screen.rows());
        let raw = screen.raw();
        Oracle::of(&raw, (SIZE.rows, SIZE.cols)).has_only(Ours::Colours).is_as_it_was();
    }
    let evil = "PWNED\u{1b}]0;x\u{7}\u{9b}31m\u{202e}\r\u{1b}[3J\u{200b}";
    for args in [
        &["serve", "--config", evil][..],
        &["serve", "--listen", evil],
        &["serve", "--listen", "127.0.0.1:0", "--bots", evil],
        &["serve", "--listen", "127.0.0.1:0", "--log", evil],
        &["serve", "--listen", "127.0.0.1:0", "--history", "/dev/null/\u{1b}]0;PWNED\u{7}"],
        &["join", "user", evil],
        &["join", "bot", evil],
        &["join", "user", "Neo", "--room", evil],
        &["join", "user", "Neo", "--server", evil],
        &["send", "--as", evil, "x"],
        &["send", "--server", evil, "x"],
        &["tail", "--server", evil],
        &["tail", "--room", evil],
        &["admin", "--socket", evil, "list"],
        &["bot", evil],
        &["bot", "new", evil],
        &["bot", "docs", "--definitions", "/dev/null/\u{1b}]0;PWNED\u{7}"],
        &["man", "--out", "/dev/null/\u{1b}]0;PWNED\u{7}"],
        &[evil],
        &["serve", evil],
        &["serve", "--\u{1b}]0;PWNED\u{7}"],
        &["join", "user", "Neo", "\u{1b}]0;PWNED\u{7}\u{9b}"],
    ] {
        let mut screen = Screen::start_with(dir.path(), args, &VARS);
        assert_ne!(screen.exit_code(), 0, "{args:?} {:#?}", screen.rows());
        let raw = screen.raw();
        Oracle::of(&raw, (SIZE.rows, SIZE.cols)).has_only(Ours::Screen).is_as_it_was();
    }
}
