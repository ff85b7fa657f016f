//! The full-screen chat as a user has it: the real program on a terminal of its own, its screen as
//! a terminal shows it, against a real server.

mod hostile;
mod stopped;

use crate::join::stage::{Host, PATIENCE, Terminal, count, run};
use crate::support::Server;
use chaty::serve::admin::Command as Admin;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

/// What the chat has on the screen when it is connected.
fn is_online(screen: &vt100::Screen) -> bool {
    screen.alternate_screen() && screen.contents().contains("online")
}

/// The program as `Neo`, connected.
#[track_caller]
fn joined(host: &str, args: &[&str], vars: &[(&str, &str)]) -> Terminal {
    let args: Vec<&str> = ["Neo"].iter().chain(args).copied().collect();
    let mut terminal = Terminal::open(host, &args, vars);
    terminal.until("the chat", is_online);
    terminal
}

/// The rows of the conversation that have this in them.
fn rows_with(terminal: &Terminal, text: &str) -> usize {
    let contents = terminal.screen.screen().contents();
    contents.lines().filter(|row| row.contains(text)).count()
}

fn shows(text: &str) -> impl Fn(&vt100::Screen) -> bool + '_ {
    move |screen| screen.contents().contains(text)
}

/// The last row, which is the input as long as it has one.
fn input(screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    screen.contents_between(rows - 1, 0, rows - 1, columns).trim_end().to_owned()
}

/// The user looks at another window, and the program knows.
#[track_caller]
fn looks_away(terminal: &mut Terminal) {
    terminal.press("\x1b[Ox");
    terminal.until("what is typed behind it", |screen| input(screen) == "> x");
    terminal.press("\x7f");
    terminal.until("nothing", |screen| input(screen) == ">");
}

/// Ends as it should: the code, and a terminal that is as it was.
#[track_caller]
fn ended(terminal: Terminal) -> (u32, String) {
    let (code, raw, screen) = terminal.ended_with();
    assert!(!screen.alternate_screen(), "the other screen stays");
    assert!(!screen.hide_cursor(), "the cursor is gone");
    assert!(!screen.bracketed_paste());
    assert_eq!(count(&raw, b"\x1b[?1004h"), count(&raw, b"\x1b[?1004l"), "focus is told on");
    assert_eq!(count(&raw, b"\x1b[22;2t"), count(&raw, b"\x1b[23;2t"), "the title");
    (code, screen.contents())
}

#[test]
fn a_conversation_from_the_first_line_to_the_last() {
    let host = Host::start("127.0.0.1:0");
    let addr = host.addr.to_string();
    for n in 0..60 {
        host.say(&format!("earlier {n:02}"));
    }
    let mut terminal = joined(&addr, &[], &[]);
    terminal.until("what was before", shows("earlier 59"));
    terminal.until("where it ends", shows("what follows is new"));
    terminal.press("hello room\r");
    terminal.until("own line", |screen| screen.contents().contains("Neo │ hello room"));
    host.say("wake up, Neo: https://a.example/x");
    terminal.until("the answer", shows("wake up, Neo"));
    assert_eq!(rows_with(&terminal, "hello room"), 1);
    assert_eq!(count(&terminal.raw, b"\x1b]8;;https://a.example/x\x1b\\"), 1, "a link");
    assert_eq!(count(&terminal.raw, b"\x07"), count(&terminal.raw, b"\x1b]2;"), "seen: no bell");
    // Not looked at any more: then it rings.
    looks_away(&mut terminal);
    host.say("Neo?");
    terminal.until("the call", shows("Neo?"));
    let rung = |raw: &[u8]| count(raw, b"\x07") - count(raw, b"\x1b]2;");
    assert_eq!(rung(&terminal.raw), 1);
    terminal.press("\x1b[I");
    terminal.press("\x1b[5~");
    terminal.until("older lines", shows("below"));
    terminal.press("\x1b[1;5H");
    terminal.until("the oldest held", shows("earlier 10"));
    // What is older comes when it is asked for, and then one more page shows it.
    for _ in 0..100 {
        if terminal.screen.screen().contents().contains("earlier 00") {
            break;
        }
        terminal.press("\x1b[5~");
        terminal.redraw(Instant::now() + Duration::from_millis(200));
    }
    terminal.until("the oldest", shows("earlier 00"));
    terminal.press("\x1b[1;5F");
    terminal.until("the newest", shows("Neo?"));
    terminal.press("\x04");
    assert_eq!(ended(terminal).0, 0);
}

#[test]
fn searching_completing_and_what_was_sent_before() {
    let host = Host::start("127.0.0.1:0");
    let addr = host.addr.to_string();
    let state = tempfile::tempdir().unwrap();
    let vars = [("XDG_STATE_HOME", state.path().to_str().unwrap())];
    let mut terminal = joined(&addr, &[], &vars);
    for n in 0..50 {
        host.say(&format!("line {n:02} {}", if n == 7 { "needle" } else { "hay" }));
    }
    terminal.until("lines", shows("line 49"));
    terminal.press("\x13needle");
    terminal.until("the found line", |screen| {
        screen.contents().contains("line 07 needle") && input(screen) == "search: needle"
    });
    terminal.press("\x1b");
    terminal
        .until("the end", |screen| screen.contents().contains("line 49") && input(screen) == ">");
    terminal.press("ser\t");
    terminal.until("the name", |screen| input(screen) == "> Server:");
    terminal.press("thanks\r/to\t");
    terminal.until("the command", |screen| input(screen) == "> /topic");
    terminal.press("hay and needles\r");
    terminal.until("the topic", |screen| {
        screen.contents().lines().next().is_some_and(|row| row.contains("hay and needles"))
    });
    terminal.press("\x1b[A\x1b[A");
    terminal.until("an older line", |screen| input(screen) == "> Server: thanks");
    terminal.press("\x15\x04");
    assert_eq!(ended(terminal).0, 0);
    let file = state.path().join("chaty/input");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    // The next time it is still there.
    let mut terminal = joined(&addr, &[], &vars);
    terminal.press("\x12thanks");
    terminal.until("it", |screen| input(screen) == "sent before: thanks   Server: thanks");
    terminal.press("\t\x15\x04");
    assert_eq!(ended(terminal).0, 0);
}

#[test]
fn the_servers_history_is_searched_and_leads_to_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::recording("", &folder.path().join("history"));
    let mut trin = server.line("Trin");
    for n in 0..90 {
        let word = if n == 3 { "needle" } else { "hay" };
        trin.says(&format!("a line of {word}, number {n:02}"));
    }
    // An answer comes behind all that was said before the question.
    trin.says("/who").hears_all(&["-- 1 in #lobby:", "--   Trin"]);
    let mut terminal = joined(&server.addr().to_string(), &[], &[]);
    terminal.until("the last lines", shows("number 89"));
    terminal.press("/search needle\r");
    terminal.until("what was found", shows("search: needle: 1 of 1"));
    terminal.press("\r");
    terminal.until("the line and those around it", |screen| {
        let contents = screen.contents();
        contents.contains("needle, number 03") && contents.contains("number 05")
    });
    terminal.press("\x04");
    assert_eq!(ended(terminal).0, 0);
}

#[test]
fn a_paste_is_shown_before_it_is_sent_and_help_can_be_read() {
    let host = Host::start("127.0.0.1:0");
    let mut terminal = joined(&host.addr.to_string(), &[], &[]);
    terminal.press("\x1b[200~first\n/quit\n\x1b[31mthird\x1b[201~");
    terminal.until("the paste", shows("3 pasted lines, not sent yet"));
    assert_eq!(rows_with(&terminal, "Neo │ first"), 0);
    terminal.press("\r");
    terminal.until("the lines", shows("Neo │ ␛[31mthird"));
    assert_eq!(rows_with(&terminal, "Neo │ /quit"), 1, "a pasted command is a text");
    terminal.press("?");
    terminal.until("the keys", shows("a command, a #room or a name"));
    terminal.press("\x1b");
    terminal.until("the lines again", shows("Neo │ first"));
    terminal.press("/help\r");
    terminal.until("the commands", shows("what this room is about"));
    terminal.press("two\x1b\rlines");
    terminal
        .until("both", |screen| screen.contents().contains("> two") && input(screen) == "  lines");
    terminal.press("\r");
    terminal.until("the second", shows("Neo │ lines"));
    terminal.press("\x04");
    assert_eq!(ended(terminal).0, 0);
}

#[test]
fn a_window_of_any_size_keeps_the_place() {
    let host = Host::start("127.0.0.1:0");
    let mut terminal = joined(&host.addr.to_string(), &[], &[]);
    for n in 0..40 {
        host.say(&format!("row {n:02} {}", "and some more words ".repeat(4)));
    }
    terminal.until("lines", shows("row 39"));
    terminal.press("\x1b[5~");
    terminal.until("older", shows("below"));
    let lowest = |terminal: &Terminal| {
        let contents = terminal.screen.screen().contents();
        let found = contents.lines().rev().find_map(|row| row.split_once("row "));
        found.map(|(_, rest)| rest[..2].to_owned())
    };
    let before = lowest(&terminal);
    for (rows, columns) in [(24, 50), (10, 120), (24, 80)] {
        terminal.resize(rows, columns);
        terminal.until("the new size", |screen| {
            screen.contents().contains("below") && input(screen) == ">"
        });
        assert_eq!(lowest(&terminal), before, "{rows} x {columns}");
    }
    for (rows, columns) in [(1, 1), (2, 3), (24, 80)] {
        terminal.resize(rows, columns);
        terminal.press("x\x7f");
    }
    terminal.until("all of it", |screen| screen.contents().contains("row") && input(screen) == ">");
    terminal.press("\x04");
    assert_eq!(ended(terminal).0, 0);
}

#[test]
fn a_lost_server_is_found_again_and_nothing_is_lost_or_sent_twice() {
    let host = Host::start_to_come_back();
    let mut terminal = joined(&host.addr.to_string(), &[], &[]);
    terminal.press("before\r");
    terminal.until("a line", shows("Neo │ before"));
    let addr = host.stop();
    terminal.until("the loss", shows("OFFLINE"));
    terminal.press("first meanwhile\rsecond meanwhile\r");
    // The next key takes the hint away.
    terminal.press("x\x7f");
    terminal.until("two that wait", shows("2 waiting"));
    terminal.press("/who\r");
    terminal.until("a refusal", |screen| shows("ask again")(screen) && shows("OFFLINE")(screen));
    assert_eq!(rows_with(&terminal, "second meanwhile …"), 1, "they are marked");
    let host = Host::start(&addr);
    terminal.until("the return", |screen| {
        let has = |text| screen.contents().contains(text);
        has("online") && !has("waiting") && !has("ask again") && input(screen) == "> /who"
    });
    terminal.press("\x15");
    host.say("welcome back");
    terminal.until("chat", shows("welcome back"));
    let contents = terminal.screen.screen().contents();
    let at = |text: &str| contents.find(text).unwrap_or_else(|| panic!("{text} in {contents}"));
    assert!(at("first meanwhile") < at("second meanwhile"));
    assert!(at("second meanwhile") < at("welcome back"));
    assert!(!contents.contains("meanwhile …"), "{contents}");
    let said = run(&["tail", "--after", "0", "--as", "T", "--json"], "127.0.0.1:1", "");
    assert!(!said.status.success(), "a server that is not there");
    terminal.press("\x04");
    assert_eq!(ended(terminal).0, 0);
    let said = run(&["join", "user", "Bob"], &addr, "/history\n/rooms\n");
    let said = String::from_utf8(said.stdout).unwrap();
    for line in ["Neo: first meanwhile", "Neo: second meanwhile"] {
        assert_eq!(said.matches(line).count(), 1, "{said}");
    }
}

#[test]
fn rooms_are_tabs_that_count_what_is_unread() {
    let host = Host::start("127.0.0.1:0");
    let addr = host.addr.to_string();
    let mut terminal = joined(&addr, &["--room", "lobby", "--room", "ops"], &[]);
    terminal.until("two rooms", shows("1:#lobby 2:#ops"));
    terminal.press("/join dev\r");
    terminal.until("a third", |screen| {
        screen.contents().contains("3:#dev")
            && screen.contents().lines().next().is_some_and(|row| row.contains("#dev"))
    });
    host.say("Neo, over here");
    terminal.until("the call", shows("1:#lobby(1, 1!)"));
    terminal.press("\x1ba");
    terminal.until("the lobby", shows("Neo, over here"));
    terminal.until("nothing new", shows("1:#lobby 2:#ops 3:#dev"));
    terminal.press("\x1b2said in ops\r");
    terminal.until("ops", shows("Neo │ said in ops"));
    terminal.press("/part\r");
    terminal.until("two again", shows("1:#lobby 2:#dev"));
    terminal.press("\x04");
    assert_eq!(ended(terminal).0, 0);
}

#[test]
fn a_signal_or_a_kick_gives_the_terminal_back_whatever_was_being_written() {
    let host = Host::start("127.0.0.1:0");
    let addr = host.addr.to_string();
    for signal in ["TERM", "HUP"] {
        let mut terminal = joined(&addr, &[], &[]);
        terminal.press("half a line");
        terminal.until("it", |screen| input(screen) == "> half a line");
        terminal.signal(signal);
        assert_eq!(ended(terminal).0, 0, "{signal}");
    }
    let terminal = joined(&addr, &[], &[]);
    host.admin(Admin::Kick { name: "Neo".into(), reason: Some("too loud".into()) });
    let (code, contents) = ended(terminal);
    assert_eq!(code, 1);
    assert!(contents.contains("error: you were kicked: too loud"), "{contents}");
}

#[test]
fn a_name_that_is_taken_is_asked_for_again() {
    let host = Host::start("127.0.0.1:0");
    let addr = host.addr.to_string();
    let first = joined(&addr, &[], &[]);
    let mut second = Terminal::open(&addr, &["neo"], &[]);
    second.until("the question", |screen| input(screen) == "another name: neo");
    assert!(second.screen.screen().contents().contains("the name Neo is taken"));
    second.press("\x15a b\r");
    second.until("a refusal", shows("white space"));
    second.press("\x15Trin\r");
    second.until("the chat", is_online);
    second.press("here I am\r");
    second.until("own line", shows("Trin │ here I am"));
    second.press("\x04");
    assert_eq!(ended(second).0, 0);
    drop(first);
}

#[test]
fn the_users_own_editor_writes_the_text() {
    let host = Host::start("127.0.0.1:0");
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("edit.sh");
    let text = "#!/bin/sh\ngrep -q draft \"$1\" || exit 1\nstat -c %a \"$1\" > \"$0.mode\"\n\
                printf 'from the editor\\nin two lines\\n' > \"$1\"\n";
    fs::write(&script, text).unwrap();
    let editor = format!("sh {}", script.display());
    let vars = [("EDITOR", editor.as_str()), ("VISUAL", "")];
    let mut terminal = joined(&host.addr.to_string(), &[], &vars);
    terminal.press("draft\x1be");
    terminal.until("the text", |screen| input(screen) == "  in two lines");
    assert_eq!(fs::read_to_string(folder.path().join("edit.sh.mode")).unwrap(), "600\n");
    terminal.press("\r");
    terminal.until("it, sent", shows("Neo │ in two lines"));
    terminal.press("no such word\x1be");
    terminal.until("a word on the failure", shows("nothing is changed"));
    terminal.press("\x15\x04");
    assert_eq!(ended(terminal).0, 0);
}

#[test]
fn settings_are_read_and_what_is_wrong_is_told_with_its_line() {
    let host = Host::start("127.0.0.1:0");
    let addr = host.addr.to_string();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("client.toml");
    fs::write(&file, "theme = 'none'\nnotify = 'osc777'\nnicks = 'on'\nearlier = 0\n").unwrap();
    let file = file.to_str().unwrap();
    host.say("said before");
    let mut terminal = joined(&addr, &["--config", file], &[]);
    terminal.until("the list of names", |screen| {
        screen.contents().lines().nth(1).is_some_and(|row| row.trim_end().ends_with("│ Neo"))
    });
    looks_away(&mut terminal);
    host.say("Neo!");
    terminal.until("the call", shows("Neo!"));
    assert_eq!(count(&terminal.raw, b"\x1b]777;notify;Server in #lobby;Neo!\x07"), 1);
    assert_eq!(rows_with(&terminal, "said before"), 0);
    let raw = String::from_utf8_lossy(&terminal.raw).into_owned();
    let colour = regex::Regex::new("\x1b\\[[0-9;]*(38;|48;|3[1-7]|9[0-7])[0-9;]*m").unwrap();
    assert!(!colour.is_match(&raw), "{:?}", colour.find(&raw));
    terminal.press("\x04");
    assert_eq!(ended(terminal).0, 0);
    fs::write(file, "theme = 'none'\nnotiffy = 'bell'\n").unwrap();
    let (code, contents) = Terminal::open(&addr, &["Neo", "--config", file], &[]).ended();
    assert_eq!(code, 1);
    let mut expected = String::new();
    write!(expected, "client.toml:2:1: unknown key `notiffy`; did you mean `notify`?").unwrap();
    assert!(contents.replace('\n', "").contains(&expected), "{contents}");
}

#[test]
fn nothing_is_drawn_while_nothing_happens() {
    let host = Host::start("127.0.0.1:0");
    let mut terminal = joined(&host.addr.to_string(), &[], &[]);
    // The answer to the ping is the last that comes by itself.
    terminal.until("the latency", shows(" ms"));
    terminal.press("x");
    terminal.until("the letter", |screen| input(screen) == "> x");
    let before = terminal.raw.len();
    let until = Instant::now() + Duration::from_secs(1);
    while terminal.redraw(until) {}
    assert!(until < Instant::now() + PATIENCE);
    assert_eq!(terminal.raw.len(), before);
    terminal.press("\x15\x04");
    assert_eq!(ended(terminal).0, 0);
}
