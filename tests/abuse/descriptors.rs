//! A server that runs out of descriptors: it tells who comes, burns no processor over it, and takes
//! people in again as soon as it can.

use super::process::Process;
use super::{is_full, serve_with};
use crate::support::Line;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use std::fs;
use std::net::TcpStream;
use std::thread;
use std::time::{Duration, Instant};

/// How long it has no descriptors.
const DURATION: Duration = Duration::from_secs(2);

/// Each time that their table grew, everybody waited some milliseconds for the kernel, in the middle of a
/// rush.
#[test]
fn there_is_room_for_all_connections_before_the_first_comes() {
    let server = serve_with("limits.connections = 3000");
    let status = fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
    let room = status.lines().find_map(|line| line.strip_prefix("FDSize:")).unwrap();
    assert!((3000..10_000).contains(&room.trim().parse().unwrap()), "{room}");
}

#[test]
fn without_descriptors_it_waits_quietly_and_then_goes_on() {
    let server = serve_with("");
    let process = Process(server.pid());
    let mut neo = server.line("Neo");
    let mut trin = server.line("Trin");
    neo.hears("Trin just connected");
    let limit = |files| {
        let pid = Pid::from_raw(i32::try_from(server.pid()).unwrap());
        let limit = Rlimit { current: files, ..getrlimit(Resource::Nofile) };
        prlimit(pid, Resource::Nofile, limit).unwrap();
    };
    // No number is free any more: they are given from the lowest on.
    let open = process.descriptors() as u64;
    limit(Some(open));
    let waiting: Vec<TcpStream> =
        (0..50).map(|_| TcpStream::connect(server.addr()).unwrap()).collect();

    let (began, computed) = (Instant::now(), process.computed());
    while began.elapsed() < DURATION {
        // Who is there does not notice.
        neo.says("hi");
        trin.hears("Neo: hi");
        thread::park_timeout(Duration::from_millis(50));
    }
    let load =
        process.computed().saturating_sub(computed).as_secs_f64() / began.elapsed().as_secs_f64();
    assert!(server.log().contains("cannot accept a connection; trying again"));
    let tries = server.log().matches("cannot accept").count();
    assert!(tries < 20, "{tries} attempts in {DURATION:?}: it does not back off");
    if is_full() {
        eprintln!("out of descriptors: {tries} attempts, {:.1} % of a core", load * 100.0);
        assert!(load < 0.05, "it spins: {load}");
    }

    limit(getrlimit(Resource::Nofile).maximum);
    let room = Instant::now();
    let mut smith = Line::join(server.connect(), "Smith");
    let after = room.elapsed();
    if is_full() {
        eprintln!("out of descriptors: in after {after:?} of there being room");
        assert!(after < Duration::from_millis(1100), "{after:?}");
    }
    neo.hears("Smith just connected").says("there you are");
    smith.hears("Neo: there you are");
    drop(waiting);
}
