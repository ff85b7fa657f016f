//! `chaty bench` from outside: it measures a server in every dialect, finds what a bad one does,
//! loads nobody else's, and leaves nothing behind.

use crate::cli::program::{Program, chaty, private_dir};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

/// So few messages that no flood control holds them back: five of each publisher.
const FEW: [&str; 8] =
    ["--members", "5", "--publishers", "2", "--rate", "50", "--duration", "200ms"];

#[track_caller]
fn bench(dir: &Path, args: &[&str]) -> (Option<i32>, Value, String) {
    let Output { status, stdout, stderr } =
        chaty(dir).args(["bench", "--json"]).args(args).output().unwrap();
    let figures = serde_json::from_slice(&stdout).unwrap_or_default();
    (status.code(), figures, String::from_utf8(stderr).unwrap())
}

#[test]
fn every_dialect_is_measured_and_whole() {
    let dir = private_dir();
    let server = Program::serve(dir.path(), &["--no-history"]);
    let address = server.addr();
    for dialect in [
        &["line"][..],
        &["native"],
        &["raw"],
        &["line", "--room", "ops"],
        &["native", "--room", "ops"],
    ] {
        let args = [&["--server", &address, "--dialect"], dialect, &FEW].concat();
        let (code, figures, error) = bench(dir.path(), &args);
        assert_eq!((code, error.as_str()), (Some(0), ""), "{dialect:?} {figures}");
        assert_eq!(figures["dialect"], dialect[0]);
        assert_eq!(figures["own_server"], false);
        assert_eq!(figures["complete"], true, "{figures}");
        assert_eq!((&figures["one_order"], &figures["compared"]), (&true.into(), &7.into()));
        assert_eq!((&figures["messages"], &figures["deliveries"]), (&10.into(), &60.into()));
        assert_eq!(figures["latency_us"]["count"], 60);
        assert_eq!(figures["last_member_us"]["count"], 10);
        if cfg!(target_os = "linux") {
            assert!(figures["server_process"]["memory_kib"]["resident"].as_u64() > Some(0));
        }
    }
}

#[test]
fn without_a_server_it_starts_its_own_and_leaves_none() {
    let dir = private_dir();
    let args = ["--members", "3", "--publishers", "2", "--duration", "200ms", "--window", "64"];
    let (code, figures, error) = bench(dir.path(), &args);
    assert_eq!((code, error.as_str()), (Some(0), ""), "{figures}");
    assert_eq!((&figures["own_server"], &figures["complete"]), (&true.into(), &true.into()));
    assert!(figures["deliveries"].as_u64() > Some(100), "{figures}");
    if cfg!(target_os = "linux") {
        let pid = figures["server_process"]["pid"].as_u64().unwrap();
        assert!(!Path::new("/proc").join(pid.to_string()).exists());
    }
    assert_eq!(
        dir.path().join("chaty").read_dir().map_or(0, Iterator::count),
        0,
        "a socket's file"
    );
}

#[test]
fn people_get_a_table() {
    let dir = private_dir();
    let output = chaty(dir.path()).arg("bench").args(FEW).output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{table}");
    assert!(output.stderr.is_empty(), "no progress goes into a pipe");
    assert!(table.starts_with("5 members and 2 publishers in #lobby of a server started for this"));
    for line in [
        "  lost            0\n",
        "  one order       yes, all 7 members\n",
        "  latency         p50 ",
    ] {
        assert!(table.contains(line), "{line:?} in {table}");
    }
    assert!(!table.contains('\u{1b}'));
}

#[test]
fn an_interrupt_ends_it_early_with_what_there_is() {
    let dir = private_dir();
    let server = Program::serve(dir.path(), &["--no-history"]);
    let neo = server.member("Neo");
    let mut child = chaty(dir.path())
        .args(["bench", "--json", "--server", &server.addr(), "--duration", "60m"])
        .args(["--members", "2", "--publishers", "1", "--rate", "3"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Messages are being said: the first one is the word before the run.
    let said = BufReader::new(neo).lines().filter(|line| line.as_ref().unwrap().contains(": @~"));
    assert_eq!(said.take(3).count(), 3);
    let pid = child.id().to_string();
    assert!(
        std::process::Command::new("kill").args(["-s", "INT", &pid]).status().unwrap().success()
    );
    let figures: Value = serde_json::from_reader(child.stdout.take().unwrap()).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!((&figures["interrupted"], &figures["complete"]), (&true.into(), &true.into()));
    assert!(figures["messages"].as_u64() >= Some(2), "{figures}");
}

#[test]
fn a_server_that_delays_who_speaks_fast_is_said_to() {
    let dir = private_dir();
    let server = Program::serve(dir.path(), &["--no-history", "--limit", "flood=true"]);
    let address = server.addr();
    let args = ["--server", &address, "--members", "2", "--publishers", "2", "--window", "14"];
    let (code, figures, error) = bench(dir.path(), &[&args[..], &["--duration", "300ms"]].concat());
    assert_eq!((code, error.as_str()), (Some(0), ""), "{figures}");
    let note = figures["notes"][0].as_str().unwrap();
    assert!(note.contains("flood control") && note.contains("--limit flood=false"), "{note}");
    assert_eq!((&figures["lost"], &figures["doubled"]), (&0.into(), &0.into()), "{figures}");
}

#[test]
fn only_loopback_is_loaded_unasked() {
    let dir = private_dir();
    let (code, _, error) = bench(dir.path(), &["--server", "192.0.2.1:55556"]);
    assert_eq!(code, Some(2));
    let begins = "error: 192.0.2.1:55556 is 192.0.2.1, which is not loopback";
    assert!(error.starts_with(begins) && error.contains("--i-own-this-server"), "{error}");
    assert_eq!(error.matches('\n').count(), 1, "{error}");
}

/// Everybody who hears, with their names. The fourth of all is the one to be wronged.
type Ears = Mutex<Vec<(String, TcpStream)>>;

/// A server that relays lines, but to one listener not the message numbered 2, and the one
/// numbered 3 twice.
fn a_bad_server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let ears = Arc::<Ears>::default();
    // Ends with the test's process; each reader with its connection.
    thread::spawn(move || {
        for stream in listener.incoming().map(Result::unwrap) {
            let ears = ears.clone();
            thread::spawn(move || relay(stream, &ears));
        }
    });
    addr.to_string()
}

fn relay(stream: TcpStream, ears: &Ears) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    // The first connection only looks whether anybody is there.
    let Some(name) = lines.next() else { return };
    {
        let mut ears = ears.lock().unwrap();
        (&stream).write_all(b"NICK\nNICK_OK\n").unwrap();
        ears.push((name.clone(), stream));
    }
    for line in lines {
        for (hearer, stream) in &mut *ears.lock().unwrap() {
            let times = match line.get(10..18) {
                Some("00000002") if hearer.ends_with('3') => 0,
                Some("00000003") if hearer.ends_with('3') => 2,
                _ => usize::from(*hearer != name),
            };
            // Who has left has heard enough.
            let _gone = stream.write_all(format!("{name}: {line}\n").repeat(times).as_bytes());
        }
    }
}

#[test]
fn what_a_bad_server_loses_and_doubles_is_found() {
    let dir = private_dir();
    let server = a_bad_server();
    let args = ["--members", "3", "--publishers", "1", "--rate", "50", "--duration", "200ms"];
    let (code, figures, error) = bench(dir.path(), &[&["--server", &server], &args[..]].concat());
    assert_eq!(code, Some(1), "{figures}");
    assert_eq!(error, "error: 1 deliveries lost, 1 doubled\n");
    assert_eq!((&figures["lost"], &figures["doubled"]), (&1.into(), &1.into()), "{figures}");
    assert_eq!((&figures["complete"], &figures["messages"]), (&false.into(), &10.into()));
    assert_eq!((&figures["one_order"], &figures["compared"]), (&true.into(), &3.into()));
}

#[test]
fn a_server_run_for_another_program_ends_with_its_input() {
    let dir = private_dir();
    let mut server = Program::serve(dir.path(), &["--no-history", "--supervised"]);
    server.member("Neo");
    server.end_input();
    assert_eq!(server.exit_code(), Some(0));
}
