//! The console on a terminal: the real binary in a pseudo-terminal, its screen as a person sees
//! it.

pub(crate) mod screen;

use crate::cli::program::{member_of, private_dir, within};
use screen::Screen;
use std::io::Read;
use std::path::Path;

/// A server with its console on the screen, ready for a line; its address.
#[track_caller]
fn served(dir: &Path) -> (Screen, String) {
    let args = ["serve", "--listen", "127.0.0.1:0", "--limit", "flood=false"];
    let screen = Screen::start(dir, &args);
    screen.until("the prompt", |rows| rows.last().is_some_and(|row| row == ">>"));
    let first = screen.rows().into_iter().find(|row| row.contains("is listening on")).unwrap();
    let addr = first.rsplit(' ').next().unwrap().to_owned();
    (screen, addr)
}

#[test]
fn the_prompt_is_never_torn_by_the_log() {
    let dir = private_dir();
    let (mut screen, addr) = served(dir.path());
    screen.types("li");
    screen.until("the typed letters", |rows| rows.last().is_some_and(|row| row == ">>li"));
    let mut members = Vec::new();
    for name in ["Neo", "Trinity", "Morpheus"] {
        members.push(member_of(&addr, name));
        screen.until("the log's line above the prompt", |rows| {
            rows.iter().any(|row| row.contains(&format!("nick={name}")))
                && rows.last().is_some_and(|row| row == ">>li")
        });
    }
    let torn = screen.rows().iter().filter(|row| row.contains(">>li")).count();
    assert_eq!(torn, 1, "{:#?}", screen.rows());
    screen.types("st\r");
    screen.until("the list", |rows| {
        rows.iter().any(|row| row.starts_with("Trinity   user  line  127.0.0.1:"))
            && rows.last().is_some_and(|row| row == ">>")
    });
}

#[test]
fn words_and_names_are_completed_and_kick_asks_for_one() {
    let dir = private_dir();
    let (mut screen, addr) = served(dir.path());
    let mut neo = member_of(&addr, "Neo");
    let mut trinity = member_of(&addr, "Trinity");
    screen.types("ki\t n\t too loud");
    screen.until("the completed line", |rows| rows.iter().any(|row| row == ">>kick Neo too loud"));
    screen.types("\r");
    let mut heard = String::new();
    within(&neo);
    neo.read_to_string(&mut heard).unwrap();
    assert!(heard.ends_with("KICK\n"), "{heard}");

    screen.types("kick\r");
    screen.until("the question", |rows| {
        rows.last().is_some_and(|row| row == "Enter name of client to kick:")
    });
    screen.types("tr\t\r");
    trinity.read_to_string(&mut heard).unwrap();
    assert!(heard.ends_with("KICK\n"), "{heard}");
    // The first line is remembered.
    screen.types("\u{1b}[A\u{1b}[A");
    screen.until("the history", |rows| rows.last().is_some_and(|row| row == ">>kick Neo too loud"));
}

#[test]
fn a_signal_ends_the_server_at_its_prompt_and_gives_the_terminal_back() {
    let dir = private_dir();
    let before = Screen::fresh_modes();
    let (mut screen, _) = served(dir.path());
    screen.types("unfinished");
    screen.until("the typed letters", |rows| rows.last().is_some_and(|row| row == ">>unfinished"));
    assert_ne!(screen.modes(), before, "the editor has its own modes");
    screen.signal("TERM");
    assert_eq!(screen.exit_code(), 0);
    assert_eq!(screen.modes(), before);
    let rows = screen.rows();
    assert!(rows.last().unwrap().contains("the server has stopped"), "{rows:#?}");
    assert!(!rows.iter().any(|row| row.starts_with(">>")), "{rows:#?}");
    assert!(!screen.bracketed_paste());
}

#[test]
fn ctrl_c_at_the_prompt_is_the_same_drain() {
    let dir = private_dir();
    let (mut screen, addr) = served(dir.path());
    let mut neo = member_of(&addr, "Neo");
    screen.types("\u{3}");
    let mut rest = String::new();
    neo.read_to_string(&mut rest).unwrap();
    assert_eq!(screen.exit_code(), 0);
    let rows = screen.rows().join("\n");
    assert!(rows.contains("shutting down"), "{rows}");
}

#[test]
fn an_interrupt_from_elsewhere_is_the_same_drain() {
    let dir = private_dir();
    let (mut screen, _) = served(dir.path());
    screen.signal("INT");
    assert_eq!(screen.exit_code(), 0);
}

#[test]
fn ctrl_d_closes_the_console_and_the_server_goes_on() {
    let dir = private_dir();
    let (mut screen, addr) = served(dir.path());
    screen.types("\u{4}");
    screen.until("the farewell", |rows| {
        rows.iter().any(|row| row.contains("the console is closed and the server goes on"))
    });
    assert_eq!(screen.modes(), Screen::fresh_modes());
    let _neo = member_of(&addr, "Neo");
    screen.until("the log", |rows| rows.iter().any(|row| row.contains("nick=Neo")));
    // Now the terminal makes a signal of it.
    screen.types("\u{3}");
    assert_eq!(screen.exit_code(), 0);
}

#[test]
fn a_console_at_the_other_end_of_the_socket() {
    let dir = private_dir();
    let (mut server, addr) = served(dir.path());
    let _neo = member_of(&addr, "Neo");
    let mut screen = Screen::start(dir.path(), &["admin", "--server", &addr]);
    screen.until("the prompt", |rows| rows.last().is_some_and(|row| row == ">>"));
    screen.types("list\r");
    screen.until("the list", |rows| rows.iter().any(|row| row.starts_with("Neo  user  line")));
    screen.types("mute n\t");
    screen.until("the completed name", |rows| rows.iter().any(|row| row == ">>mute Neo"));
    screen.types("\u{3}");
    assert_eq!(screen.exit_code(), 0);
    assert_eq!(screen.modes(), Screen::fresh_modes());
    server.signal("TERM");
    assert_eq!(server.exit_code(), 0);
}

#[test]
fn a_simple_terminal_has_a_prompt_and_no_escape_codes() {
    let dir = private_dir();
    let mut screen = Screen::start_as(dir.path(), &["serve", "--listen", "127.0.0.1:0"], "dumb");
    screen.until("the prompt", |rows| rows.iter().any(|row| row == ">>"));
    screen.types("list\r");
    screen.until("the list", |rows| {
        rows.iter().any(|row| row.starts_with("List of connected clients:"))
    });
    screen.signal("TERM");
    assert_eq!(screen.exit_code(), 0);
}
