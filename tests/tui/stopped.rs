//! The full-screen chat after a stop from outside, with whatever had the terminal meanwhile.

use super::{is_online, joined, shows};
use crate::join::stage::Host;
use std::process::Command;

/// It drew nothing, and its terminal waited for whole lines and showed them itself.
#[test]
fn after_a_stop_from_outside_it_takes_the_terminal_again() {
    let host = Host::start("127.0.0.1:0");
    let mut terminal = joined(&host.addr.to_string(), &[], &[]);
    let tty = terminal.master.tty_name().unwrap();
    terminal.signal("STOP");
    // As a shell does for itself.
    assert!(Command::new("stty").arg("-F").arg(&tty).arg("sane").status().unwrap().success());
    terminal.signal("CONT");
    host.say("are you there?");
    terminal.until("what was said", shows("are you there?"));
    terminal.press("yes\r");
    terminal.until("an own line", |screen| {
        is_online(screen) && screen.contents().contains("Neo │ yes")
    });
    terminal.press("/quit\r");
    let (code, _, screen) = terminal.ended_with();
    assert_eq!(code, 0);
    assert!(!screen.alternate_screen());
}
