//! `join`, `send` and `tail` as a user has them: the real program, on a terminal of its own or on
//! pipes, against a real server.

pub(crate) mod stage;

use chaty::serve::admin::Command as Admin;
use stage::{
    Host, PATIENCE, REDRAWN, Terminal, all_rows, count, cursor_row, modes, run, stderr, stdout,
    untimed,
};
use std::fmt::Write as _;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Instant;

#[test]
fn a_half_typed_line_stays_whole_while_100_lines_come_in() {
    let host = Host::start("127.0.0.1:0");
    let mut terminal = Terminal::joined(&host.addr.to_string());
    let typed = "> half a line that nobody may tear";
    terminal.press(&typed[2..]);
    terminal.until("typed line", |screen| cursor_row(screen) == typed);
    for n in 0..100 {
        host.say(&format!("line {n} of many"));
    }
    let late = Instant::now() + PATIENCE;
    while !terminal.screen.screen().contents().contains("line 99 of many") {
        assert!(terminal.redraw(late), "{}", terminal.screen.screen().contents());
        if terminal.raw.ends_with(REDRAWN) {
            assert_eq!(cursor_row(terminal.screen.screen()), typed);
        }
    }
    terminal.until("prompt", |screen| cursor_row(screen) == typed);
    let rows = all_rows(&mut terminal.screen);
    let said: Vec<&str> =
        rows.iter().map(|row| untimed(row)).filter(|row| row.contains("of many")).collect();
    let expected: Vec<String> = (0..100).map(|n| format!("Server: line {n} of many")).collect();
    assert_eq!(said, expected);
    assert_eq!(rows.iter().filter(|row| row.contains("half a line")).count(), 1);
    terminal.press(" and its end\r");
    terminal.until("own line", |screen| {
        screen.contents().contains("Neo: half a line that nobody may tear and its end")
            && cursor_row(screen) == ">"
    });
    terminal.press("\x04");
    assert_eq!(terminal.ended().0, 0);
}

#[test]
fn own_lines_are_shown_once_and_commands_are_answered() {
    let host = Host::start("127.0.0.1:0");
    let mut terminal = Terminal::joined(&host.addr.to_string());
    assert_ne!(modes(&*terminal.master), terminal.modes, "a prompt has modes of its own");
    terminal.press("hello room\r");
    terminal.press("/me waves\r");
    terminal.press("/rooms\r");
    terminal.press("/frob\r");
    terminal.press("/nick Trin\r");
    terminal.until("rename", |screen| screen.contents().contains("you are now known as Trin"));
    terminal.press("/history 3\r");
    terminal.until("history", |screen| screen.contents().contains("what follows is new"));
    host.say("wake up, Trin");
    terminal.until("mention", |screen| screen.contents().contains("wake up, Trin"));
    let contents = terminal.screen.screen().contents();
    let rows: Vec<&str> = contents.lines().map(untimed).collect();
    let times = |line: &str| rows.iter().filter(|row| **row == line).count();
    assert_eq!(times("Neo: hello room"), 2, "once said, once in the history:\n{contents}");
    assert_eq!(times("* Neo waves"), 2, "{contents}");
    assert_eq!(times("-- #lobby: 1 here"), 1, "{contents}");
    assert!(contents.contains("/frob is not a command"), "{contents}");
    assert_eq!(count(&terminal.raw, b"\x07"), 1, "a mention rings");
    terminal.press("\x1b[A");
    terminal.until("last line", |screen| cursor_row(screen) == "> /history 3");
    terminal.press("\x1b[A\x1b[A");
    terminal.until("older line", |screen| cursor_row(screen) == "> /frob");
    terminal.press("\x1b[B");
    terminal.until("newer line", |screen| cursor_row(screen) == "> /nick Trin");
    terminal.press("\x12room");
    terminal.until("found line", |screen| cursor_row(screen).ends_with("/rooms"));
    terminal.press("\x07\x15/qu\t");
    terminal.until("completion", |screen| cursor_row(screen) == "> /quit");
    terminal.press("\r");
    assert_eq!(terminal.ended().0, 0);
}

#[test]
fn a_paste_of_several_lines_is_said_and_does_nothing() {
    let host = Host::start("127.0.0.1:0");
    let mut terminal = Terminal::joined(&host.addr.to_string());
    terminal.press("\x1b[200~first\n/nick Evil\n/quit\nthird\x1b[201~");
    terminal.until("the paste", |screen| cursor_row(screen).ends_with("third"));
    terminal.press("\r");
    terminal.until("the lines", |screen| screen.contents().contains("Neo: third"));
    let contents = terminal.screen.screen().contents();
    for line in ["Neo: first", "Neo: /nick Evil", "Neo: /quit"] {
        assert!(contents.contains(line), "{line} in {contents}");
    }
    terminal.press("/nick Trin\r");
    terminal.until("rename", |screen| screen.contents().contains("you are now known as Trin"));
    terminal.press("\x04");
    assert_eq!(terminal.ended().0, 0);
}

#[test]
fn ctrl_c_leaves_and_gives_the_terminal_back() {
    let host = Host::start("127.0.0.1:0");
    let mut terminal = Terminal::joined(&host.addr.to_string());
    terminal.press("half");
    terminal.press("\x03");
    assert_eq!(terminal.ended().0, 0);
}

#[test]
fn a_kick_says_why_and_gives_the_terminal_back_although_the_prompt_waits() {
    let host = Host::start("127.0.0.1:0");
    let mut terminal = Terminal::joined(&host.addr.to_string());
    terminal.press("never sent");
    terminal.until("typed line", |screen| cursor_row(screen) == "> never sent");
    host.admin(Admin::Kick { name: "Neo".into(), reason: Some("too loud".into()) });
    let (code, contents) = terminal.ended();
    assert_eq!(code, 1, "{contents}");
    assert!(contents.contains("you were kicked: too loud"), "{contents}");
    assert!(contents.contains("> never sent\n"), "what was typed stays to be read: {contents}");
}

#[test]
fn a_lost_server_is_found_again_and_what_was_typed_meanwhile_is_sent_once() {
    let host = Host::start_to_come_back();
    let mut terminal = Terminal::joined(&host.addr.to_string());
    let addr = host.stop();
    terminal.until("loss", |screen| screen.contents().contains("trying again in"));
    terminal.press("said meanwhile\r");
    terminal.until("notice", |screen| screen.contents().contains("not connected: it will be sent"));
    let host = Host::start(&addr);
    terminal.until("return", |screen| screen.contents().contains("your 1 waiting line is sent"));
    host.say("welcome back");
    terminal.until("chat", |screen| screen.contents().contains("Server: welcome back"));
    let contents = terminal.screen.screen().contents();
    assert_eq!(contents.matches("said meanwhile").count(), 1, "{contents}");
    let tail = run(&["send", "--as", "Ann", "x"], &addr, "");
    assert!(tail.status.success());
    terminal.press("\x04");
    assert_eq!(terminal.ended().0, 0);
    let said = run(&["join", "user", "Bob"], &addr, "/history\n/rooms\n");
    assert_eq!(stdout(&said).matches("Neo: said meanwhile").count(), 1, "{}", stdout(&said));
}

#[test]
fn a_terminal_that_can_do_nothing_gets_no_escape_code_and_no_colour_means_none() {
    let host = Host::start("127.0.0.1:0");
    let addr = host.addr.to_string();
    for (args, vars) in [(&["Neo", "--plain"][..], &[][..]), (&["Neo"], &[("TERM", "dumb")])] {
        let mut terminal = Terminal::open(&addr, args, vars);
        terminal.until("roster", |screen| screen.contents().contains("in #lobby: Neo"));
        terminal.press("typed here\n");
        host.say("and heard");
        terminal.until("chat", |screen| screen.contents().contains("Server: and heard"));
        terminal.press("\x04");
        let raw = terminal.raw.clone();
        let (code, contents) = terminal.ended();
        assert_eq!((code, count(&raw, b"\x1b")), (0, 0), "{contents}");
        assert_eq!(contents.matches("typed here").count(), 1, "{contents}");
    }
    let mut terminal = Terminal::open(&addr, &["Neo", "--inline"], &[("NO_COLOR", "1")]);
    host.say("heard");
    terminal.until("prompt", |screen| {
        screen.contents().contains("in #lobby: ") && cursor_row(screen) == ">"
    });
    let colours = regex::bytes::Regex::new("\x1b\\[[0-9;]*m").unwrap();
    assert!(!colours.is_match(&terminal.raw));
    terminal.press("\x04");
    assert_eq!(terminal.ended().0, 0);
}

#[test]
fn a_name_that_is_taken_is_one_line_and_no_prompt() {
    let host = Host::start("127.0.0.1:0");
    let addr = host.addr.to_string();
    let terminal = Terminal::joined(&addr);
    let (code, contents) = Terminal::open(&addr, &["neo", "--inline"], &[]).ended();
    assert_eq!(code, 1);
    assert_eq!(
        contents.trim(),
        "error: the name Neo is taken, or too like one that is; choose another name"
    );
    drop(terminal);
}

#[test]
fn a_pipe_is_said_line_by_line_and_shown_without_escape_codes() {
    let host = Host::start("127.0.0.1:0");
    let mut input = String::new();
    for n in 0..200 {
        writeln!(input, "line {n}").unwrap();
    }
    let output = run(&["join", "user", "Neo"], &host.addr.to_string(), &input);
    assert!(output.status.success(), "{}", stderr(&output));
    let shown = stdout(&output);
    assert!(!shown.contains('\x1b'), "{shown}");
    let said: Vec<&str> =
        shown.lines().map(untimed).filter(|line| line.starts_with("Neo")).collect();
    let expected: Vec<String> = (0..200).map(|n| format!("Neo: line {n}")).collect();
    assert_eq!(said, expected);
}

#[test]
fn send_is_done_when_everything_is_acknowledged_and_fails_if_something_is_refused() {
    let host = Host::start("127.0.0.1:0");
    let addr = host.addr.to_string();
    let one = run(&["send", "--as", "Ann", "/who is literal"], &addr, "");
    assert_eq!(
        (one.status.code(), stdout(&one), stderr(&one)),
        (Some(0), String::new(), String::new())
    );
    let input = format!("first\n\n{}\nlast", "x".repeat(4097));
    let some = run(&["send", "--as", "Ann"], &addr, &input);
    assert_eq!(some.status.code(), Some(1));
    let expected = "message 2 was refused: that message is 4097 bytes long; the limit is 4096\n\
                    error: 1 of 3 messages were refused\n";
    assert_eq!(stderr(&some), expected);

    let mut tail = Command::new(env!("CARGO_BIN_EXE_chaty"))
        .args(["tail", "--json", "--after", "1", "--server", &addr])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut bytes = Vec::new();
    let mut pipe = tail.stdout.take().unwrap();
    while count(&bytes, b"\n") < 3 {
        let mut chunk = [0; 4096];
        let n = pipe.read(&mut chunk).unwrap();
        assert_ne!(n, 0, "tail has ended");
        bytes.extend_from_slice(&chunk[..n]);
    }
    let texts: Vec<serde_json::Value> = String::from_utf8(bytes)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert!(texts[0].get("welcome").is_some());
    assert_eq!((&texts[1]["chat"]["text"], &texts[1]["chat"]["seq"]), (&"first".into(), &2.into()));
    assert_eq!(
        (&texts[2]["chat"]["text"], &texts[2]["chat"]["kind"]),
        (&"last".into(), &"script".into())
    );
    // A reader that goes away ends it without a word, when there is more to say.
    drop(pipe);
    host.say("to nobody");
    assert_eq!(tail.wait().unwrap().code(), Some(0));
}
