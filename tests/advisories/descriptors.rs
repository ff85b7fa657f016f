//! Descriptors: out of them, and fewer than there could be. Only Linux can lower another process'
//! limits.

use super::door::comes_in;
use crate::abuse::process::Process;
use crate::cli::program::{chaty_path, private_dir};
use crate::support::{Server, Wire};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Tokio's listener gives an error at once, again and again, while descriptors are out: a loop
/// that only logs it takes a whole processor.
#[test]
fn tokio_3529_out_of_descriptors_the_server_neither_spins_nor_stays_deaf() {
    let server = Server::start();
    let pid = Pid::from_raw(i32::try_from(server.pid()).unwrap()).unwrap();
    let few = Rlimit { current: Some(48), maximum: Some(48) };
    prlimit(Some(pid), Resource::Nofile, few).unwrap();
    let crowd: Vec<Wire> = (0..80).map(|_| server.connect()).collect();
    let process = Process(server.pid());
    let (since, before) = (Instant::now(), process.computed());
    thread::park_timeout(Duration::from_secs(1));
    let share =
        process.computed().saturating_sub(before).as_secs_f64() / since.elapsed().as_secs_f64();
    assert!(share < 0.2, "{:.0} % of a processor", share * 100.0);
    drop(crowd);
    comes_in(&server, "Neo");
}

/// `InspIRCd`: some thousand users in, nobody else came in, since a process may open 1024 files as
/// most systems start it.
#[test]
fn inspircd_1457_the_limit_of_open_files_is_raised_at_the_start() {
    let dir = private_dir();
    let mut child = Command::new("/bin/sh")
        .args(["-c", "ulimit -S -n 64; exec \"$@\"", "sh"])
        .arg(chaty_path())
        .args(["serve", "--listen", "127.0.0.1:0"])
        .env("XDG_RUNTIME_DIR", dir.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut first = String::new();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    output.read_line(&mut first).unwrap();
    let addr = first.trim().rsplit(' ').next().unwrap().parse().unwrap();
    // Three times as many as it could have had.
    let mut wires: Vec<Wire> = (0..200).map(|_| Wire::connect(addr)).collect();
    for wire in &mut wires {
        wire.expects("NICK");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}
