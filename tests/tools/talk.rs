//! `chaty bot try`, through pipes and on a terminal.

use super::{BROKEN, folder};
use crate::console::screen::Screen;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// What a conversation without a terminal prints.
pub(super) fn talk(folder: &Path, script: &str, lines: &str) -> String {
    let mut child = Command::new(env!("CARGO_BIN_EXE_chaty"))
        .args(["bot", "try", script, "--seed", "1"])
        .current_dir(folder)
        .env_remove("RUST_LOG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_bot_can_be_talked_to_without_a_server() {
    let script = r#"
        fn on_whisper(msg) { `psst, ${msg.from}` }
        fn on_join(who) { emote(`bows to ${who}`); }
        fn cmd_wait(msg, args) { state.who = msg.from; after(60, "ring"); }
        fn ring() { log("ringing"); say(`ring, ${state.who}`); }
        fn cmd_bad(msg, args) { throw "no"; }
    "#;
    let home = folder(&[("kind.rhai", script)]);
    let typed = "/as Trinity\n/join\n!wait\n/advance 59\n/advance 2\n/msg Kind hi\n/msg Neo hi\n\
                 !bad\n/state\n/frob\n/advance soon\n/quit\nnot any more\n";
    let heard = talk(home.path(), "kind.rhai", typed);
    let expected = "\
-- Kind is here, and you are Neo. /help lists the commands.
-- you are Trinity now
* Kind bows to Trinity
Kind: ring, Trinity
-- log: ringing
Kind whispers to Trinity: psst, Trinity
-- only Kind is here to be whispered to, not Neo
kind.rhai:6:33: error: no
  6 |         fn cmd_bad(msg, args) { throw \"no\"; }
    |                                 ^^^^^
-- state {
--   \"who\": \"Trinity\"
-- }
-- temp {}
-- /frob is not a command; /help lists them, // says a slash
-- usage: /advance SECS, such as /advance 60
";
    assert_eq!(heard, expected);
}

#[test]
fn a_conversation_goes_on_with_what_was_saved() {
    let home = folder(&[("kind.rhai", "fn on_message(msg) { \"first\" }")]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_chaty"))
        .args(["bot", "try", "kind.rhai"])
        .current_dir(home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut keys = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    lines.next();
    let mut say = |line: &str| writeln!(keys, "{line}").unwrap();
    say("hello");
    assert_eq!(lines.next().unwrap(), "Kind: first");
    fs::write(home.path().join("kind.rhai"), "fn on_message(msg) { \"second\" }").unwrap();
    say("hello");
    assert_eq!(lines.next().unwrap(), "-- loaded again");
    assert_eq!(lines.next().unwrap(), "Kind: second");
    fs::write(home.path().join("kind.rhai"), BROKEN).unwrap();
    say("hello");
    assert!(lines.next().unwrap().starts_with("kind.rhai:2:3: error: unknown function `rply`"));
    assert_eq!(lines.nth(2).unwrap(), "-- still talking to the version before");
    assert_eq!(lines.next().unwrap(), "Kind: second");
    drop(keys);
    assert!(child.wait().unwrap().success());
}

#[test]
fn on_a_terminal_a_save_shows_at_once_and_the_terminal_is_given_back() {
    let home = folder(&[("kind.rhai", "fn on_message(msg) { \"first\" }")]);
    let mut screen = Screen::start(home.path(), &["bot", "try", "kind.rhai"]);
    let shows = |line: &'static str| move |rows: &[String]| rows.iter().any(|row| row == line);
    screen.until("the prompt", shows("Neo>"));
    screen.types("hello\r");
    screen.until("an answer", shows("Kind: first"));
    // Nothing is typed: the file is looked after all the time.
    fs::write(home.path().join("kind.rhai"), "fn on_message(msg) { \"second\" }").unwrap();
    screen.until("the news", shows("-- loaded again"));
    screen.types("\u{1b}[A\r");
    screen.until("an answer to the line before", shows("Kind: second"));
    fs::write(home.path().join("kind.rhai"), BROKEN).unwrap();
    screen.until("what is wrong", shows("-- still talking to the version before"));
    screen.types("/as Trinity\r");
    screen.until("the other name", |rows| rows.last().is_some_and(|row| row == "Trinity>"));
    screen.types("/quit\r");
    assert_eq!(screen.exit_code(), 0);
    assert_eq!(screen.modes(), Screen::fresh_modes());
}

#[test]
fn on_a_terminal_lines_that_arrive_together_are_all_said() {
    let home = folder(&[("kind.rhai", "fn on_message(msg) { `${msg.from}: ${msg.text}` }")]);
    let answered = |line: &'static str| {
        move |rows: &[String]| rows.iter().any(|row| row == &format!("Kind: Trinity: {line}"))
    };
    let mut screen = Screen::start(home.path(), &["bot", "try", "kind.rhai"]);
    screen.until("the prompt", |rows| rows.last().is_some_and(|row| row == "Neo>"));
    screen.types("/as Trinity\none\rtwo\n");
    screen.until("the second line", answered("one"));
    screen.until("the third line", answered("two"));
    // As a terminal marks what is pasted.
    screen.types("\u{1b}[200~three\nfour\u{1b}[201~\r");
    screen.until("the first line of two", answered("three"));
    screen.until("the last line of two", answered("four"));
    screen.types("/quit\r");
    assert_eq!(screen.exit_code(), 0);
}

#[test]
fn what_the_manners_hold_back_is_said_to_be() {
    let home = folder(&[("kind.rhai", "fn on_message(msg) { msg.text }")]);
    let heard =
        talk(home.path(), "kind.rhai", "1\n2\n3\n4\n5\n6\n7\n/state\n/advance 1\n/advance 1\n");
    let expected = "Kind: 5\n\
        -- 1 line held back, since a bot says one a second after five at once; /advance 1 lets it out\n\
        -- 2 lines held back, since a bot says one a second after five at once; /advance 2 lets them out\n\
        -- state {}\n-- temp {}\n\
        Kind: 6\n\
        -- 1 line held back, since a bot says one a second after five at once; /advance 1 lets it out\n\
        Kind: 7\n";
    assert!(heard.ends_with(expected), "{heard}");
}
