//! The machine's clock is set by a day, forward and back, while everybody is there: every wait goes by
//! a steady clock, so nobody is dropped, no deadline comes early or late, and the order is the numbers.

use super::serve;
use crate::support::{Native, Server, Start};
use serde_json::json;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const DAY: i64 = 24 * 60 * 60;

/// Says something, and gives its number and its time in seconds.
#[track_caller]
fn said(native: &mut Native) -> (u64, i64) {
    native.says("now");
    loop {
        let event = native.next_event();
        if event.get("ping").is_some() {
            native.sends(&json!({"pong": {}}));
        } else if let Some(ack) = event.get("ack") {
            let at = i64::try_from(ack["at"].as_u64().unwrap()).unwrap();
            return (ack["seq"].as_u64().unwrap(), at / 1000);
        } else {
            panic!("{event}");
        }
    }
}

/// Compiles what moves the clock.
#[track_caller]
fn preloaded(home: &Path) -> std::path::PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/abuse/clock.c");
    let library = home.join("clock.so");
    let built = Command::new("cc")
        .args(["-shared", "-fPIC", "-O1", "-o"])
        .args([library.as_os_str(), source.as_os_str()])
        .output()
        .expect("a C compiler, which SQLite wants as well");
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    library
}

#[test]
fn a_clock_that_moves_by_a_day_drops_nobody_and_moves_no_deadline() {
    let home = tempfile::tempdir().unwrap();
    let library = preloaded(home.path());
    let offset = home.path().join("offset");
    fs::write(&offset, [0; 8]).unwrap();
    let history = home.path().join("h.db");
    let server = serve(&Start {
        config: "[limits]\nping = \"300ms\"\nping_dead = \"4s\"\nhandshake = \"1s\"\n\
                 [history]\nsync = \"full\"\n",
        history: Some(&history),
        env: &[("LD_PRELOAD", library.as_os_str()), ("CLOCK_OFFSET", offset.as_os_str())],
        ..Start::default()
    });
    let file = OpenOptions::new().write(true).open(&offset).unwrap();
    let set_clock = |seconds: i64| file.write_all_at(&seconds.to_ne_bytes(), 0).unwrap();

    let (mut neo, mut trin) = (server.native("Neo"), server.line("Trin"));
    neo.hears_of("join", "Trin");
    let (mut seq, today) = said(&mut neo);
    trin.hears("Neo: now");
    for days in [1, -30, 0] {
        let mut half = server.connect();
        half.expects("NICK").sends("{");
        let began = Instant::now();
        set_clock(days * DAY);
        let (next, at) = said(&mut neo);
        assert!((at - today - days * DAY).abs() < 600, "the clock did not move by {days} days");
        assert_eq!(next, seq + 1, "nobody has left, nothing is left out");
        seq = next;
        trin.hears("Neo: now");
        // A handshake's deadline is as far away as ever, and members are pinged as ever.
        let mut pings = 0;
        while pings < 2 {
            assert!(neo.next_event().get("ping").is_some());
            neo.sends(&json!({"pong": {}}));
            pings += 1;
        }
        half.ends();
        assert!(began.elapsed() >= Duration::from_secs(1));
    }
    ends_well(server);
    // The file holds all of it, in the order of the numbers.
    let export = Command::new(crate::cli::program::chaty_path())
        .args(["history", "export", "--history"])
        .arg(&history)
        .output()
        .unwrap();
    let export = String::from_utf8(export.stdout).unwrap();
    assert_eq!(export.matches("\"text\":\"now\"").count(), 4, "{export}");
}

#[track_caller]
fn ends_well(mut server: Server) {
    server.terminate();
    assert!(server.ends().success());
}
