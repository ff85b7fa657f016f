//! The door under attack: handshakes that never end, sockets that say nothing, bytes of other
//! protocols and of none, and a thousand who come at once.

use super::process::Process;
use super::{is_full, member, serve, serve_with, size};
use crate::support::{Line, Server, Start, Wire, lines};
use serde_json::json;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use tokio::task::JoinSet;

/// Honest users who come while the door is under attack.
const HONEST: usize = 20;
/// How exactly a deadline is kept.
const ABOUT: Duration = Duration::from_millis(500);

/// Sends a byte every now and then until it is cut off, and says after how long that was.
fn drips(addr: SocketAddr) -> Duration {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.read_exact(&mut [0; 4]).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
    let began = Instant::now();
    // An answer that could still become anything, and is never finished.
    let mut byte = b"{";
    loop {
        let is_cut = stream.write_all(byte).is_err()
            || match stream.read(&mut [0; 64]) {
                Ok(0) => true,
                Ok(more) => panic!("{more} bytes in answer to half a handshake"),
                Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
            };
        let after = began.elapsed();
        if is_cut {
            return after;
        }
        assert!(after < crate::support::DEADLINE, "it is never cut off");
        byte = b" ";
    }
}

/// So many come in one after the other; in full, each within a second.
#[track_caller]
fn honest_users_join(server: &Server) -> Vec<Line> {
    let join = |number| {
        let began = Instant::now();
        let line = server.line(&format!("honest{number}"));
        assert!(!is_full() || began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        line
    };
    (0..HONEST).map(join).collect()
}

#[test]
fn slow_handshakes_are_cut_at_their_deadline_and_20_of_20_others_join() {
    let (deadline, idle) = (Duration::from_secs(1), Duration::from_secs(4));
    let server = serve_with("[limits]\nhandshake = \"1s\"\nhandshake_idle = \"4s\"\n");
    let addr = server.addr();
    thread::scope(|scope| {
        let slow: Vec<_> = (0..size(50, 200)).map(|_| scope.spawn(move || drips(addr))).collect();
        drop(honest_users_join(&server));
        for slow in slow {
            let after = slow.join().unwrap();
            assert!(after >= deadline, "cut too early: {after:?}");
            let latest = if is_full() { deadline + ABOUT } else { idle };
            assert!(after < latest, "its bytes renewed the deadline: {after:?}");
        }
    });
}

#[test]
fn sockets_that_say_nothing_keep_nobody_out() {
    // As many as there are places for them, and then some: the oldest make way.
    let config = format!("[limits]\nhandshakes = {}\n", size(100, 2000));
    let server = serve_with(&config);
    let idle: Vec<Wire> = (0..size(200, 4000)).map(|_| server.connect()).collect();
    let mut honest = honest_users_join(&server);
    honest[0].says("still here");
    honest[1].wire.expects(lines((2..HONEST).map(|n| format!("honest{n} just connected"))));
    honest[1].hears("honest0: still here");
    let threads = Process(server.pid()).threads();
    assert!(threads < 32, "a connection is no thread, and there are {threads}");
    drop(idle);
}

#[test]
fn bytes_of_other_protocols_are_closed_quietly_however_they_come() {
    let mut server = serve_with("");
    let mut neo = server.line("Neo");
    // A whole ClientHello, as long as browsers send it.
    let mut tls = b"\x16\x03\x01\x05\xa8\x01\x00\x05\xa4\x03\x03".to_vec();
    tls.extend((0..1440).map(|_| rand::random::<u8>()));
    let http = b"GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\r\n".to_vec();
    for foreign in [tls, http] {
        server.connect().expects("NICK").sends_anyway(&foreign).ends();
        let mut bytewise = server.connect();
        bytewise.expects("NICK");
        for byte in &foreign {
            bytewise.sends_anyway([*byte]);
        }
        bytewise.ends();
        // A client that speaks first, as those of both protocols do.
        server.connect().sends_anyway(&foreign).expects("NICK").ends();
    }
    server.fence(&mut [&mut neo]);
}

#[test]
fn garbage_at_the_door_and_behind_it_troubles_nobody() {
    let mut server = serve_with("");
    let mut neo = server.line("Neo");
    let mut trin = server.native("Trin");
    neo.hears("Trin just connected");
    let garbage = |bytes: usize| -> Vec<u8> { (0..bytes).map(|_| rand::random()).collect() };
    for number in 0..size(30, 1000) {
        // What may by chance be a name is gone before it is one.
        let mut first = [b"\n:".as_slice(), &garbage(number % 600)].concat();
        first.iter_mut().skip(1).filter(|byte| **byte == b'\n').for_each(|byte| *byte = b':');
        server.connect().expects("NICK").sends_anyway(first).ends_its_side();
    }
    for number in 0..size(10, 100) {
        let nick = format!("Smith{number}");
        let mut smith = server.native(&nick);
        neo.hears(&format!("{nick} just connected"));
        trin.hears_of("join", &nick);
        smith.wire.sends_anyway(garbage(number * 200)).sends_anyway("\n");
        smith.wire.sends_anyway([&b"{\"say\":"[..], &garbage(200)].concat()).sends_anyway("\n");
        drop(smith);
        neo.hears(&format!("{nick} left the chat"));
        trin.hears_of("leave", &nick);
    }
    server.fence(&mut [&mut neo, &mut trin]);
}

/// Everybody at once: who was there comes back under its name, and somebody new comes in.
#[test]
fn a_storm_of_reconnects_lets_everybody_in() {
    let server = serve(&Start { config: "[limits]\ncrowd = 10\n", ..Start::default() });
    let (addr, crowd) = (server.addr(), size(150, 1000));
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let come = |number: usize| async move {
        let nick = format!("member{number}");
        let hello = json!({"v": 1, "nick": nick, "token": format!("secret of {nick}")});
        let began = Instant::now();
        (member::native(addr, &hello).await.unwrap(), began.elapsed())
    };
    let late = runtime.block_on(async {
        let everybody = || async {
            let mut coming: JoinSet<_> = (0..crowd).map(come).collect();
            let mut there = Vec::new();
            while let Some(came) = coming.join_next().await {
                there.push(came.unwrap());
            }
            there
        };
        drop(everybody().await);
        // Most of the old connections are not noticed to be dead before the new ones are there.
        let honest = async {
            let mut late = Vec::new();
            for number in 0..HONEST {
                let began = Instant::now();
                member::line(addr, &format!("honest{number}")).await.unwrap();
                late.push(began.elapsed());
            }
            late
        };
        let (there, late) = tokio::join!(everybody(), honest);
        assert_eq!(there.len(), crowd);
        late
    });
    let worst = late.iter().max().unwrap();
    if is_full() {
        eprintln!("{crowd} reconnect at once: the last of {HONEST} others was in after {worst:?}");
        assert!(*worst < Duration::from_secs(2), "{late:?}");
    }
}
