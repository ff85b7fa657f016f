//! What is written and nobody reads, be it a pipe or a terminal that was stopped: it costs lines, and
//! neither the server nor anybody else waits for it, also at the start and at the end.

use crate::support::{DEADLINE, Line, Server, Start, Wire};
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A pipe that is open at both ends.
struct Pipe {
    path: PathBuf,
    ends: File,
    _home: TempDir,
}

impl Pipe {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let ends = File::options().read(true).write(true).open(&path).unwrap();
        Self { path, ends, _home: home }
    }

    /// With no room left.
    fn full() -> Self {
        let pipe = Self::new();
        // As much as a pipe of any size has room for, until it has none.
        let mut fill = File::options().write(true).open(&pipe.path).unwrap();
        let (done, filled) = channel();
        thread::spawn(
            move || {
                while fill.write_all(&[b'x'; 4096]).is_ok() && done.send(()).is_ok() {}
            },
        );
        while filled.recv_timeout(Duration::from_millis(200)).is_ok() {}
        pipe
    }

    fn writer(&self) -> File {
        File::options().write(true).open(&self.path).unwrap()
    }
}

/// A program that cannot say anything.
struct Mute(Child);

impl Mute {
    fn start(words: &[&str], home: &Path, stdout: &Pipe, stderr: &Pipe) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_chaty"))
            .args(words)
            .env_remove("CHATY_SERVER")
            .env("XDG_RUNTIME_DIR", home)
            .current_dir(home)
            .stdin(Stdio::null())
            .stdout(stdout.writer())
            .stderr(stderr.writer())
            .spawn();
        Self(child.unwrap())
    }

    #[track_caller]
    fn signal(&self) {
        let pid = self.0.id().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &pid]).status().unwrap().success());
    }

    #[track_caller]
    fn terminates(&mut self) -> ExitStatus {
        self.signal();
        self.ends()
    }

    #[track_caller]
    fn ends(&mut self) -> ExitStatus {
        until(|| self.0.try_wait().unwrap().is_some());
        self.0.wait().unwrap()
    }
}

impl Drop for Mute {
    fn drop(&mut self) {
        // It has ended, or its test has failed.
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Waits until it is so.
#[track_caller]
fn until(mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < deadline, "it never is");
        thread::park_timeout(Duration::from_millis(5));
    }
}

fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// The server went no further than its log.
#[test]
fn a_log_that_nobody_reads_stops_nobody_and_says_later_what_is_missing() {
    let pipe = Pipe::new();
    let under = ["sh", "-c", "exec \"$0\" \"$@\" 2> \"$LOG\""];
    let env = [("LOG", pipe.path.as_os_str())];
    let mut server = Server::run(&Start { under: &under, env: &env, ..Start::default() });
    // A line each for its coming and its going: more than the pipe and the queue hold.
    for number in 0..1500 {
        server.line(&format!("visitor{number}"));
    }
    let mut neo = server.line("Neo");
    server.console("say still there");
    while neo.next_line() != "Server: still there" {}
    let (note, noted) = channel();
    thread::spawn(move || {
        let mut lines = BufReader::new(pipe.ends).lines().map_while(Result::ok);
        let _over = note.send(lines.find(|line| line.ends_with("lines were left out here)")));
    });
    // The next line that finds a place says so.
    until(|| {
        server.line("Trin");
        noted.try_recv().is_ok()
    });
    server.terminate();
    assert_eq!(server.ends().code(), Some(0));
}

/// It listened, and took nobody in.
#[test]
fn a_server_that_cannot_say_where_it_listens_serves_and_ends() {
    let (full, addr, home) = (Pipe::full(), free(), tempfile::tempdir().unwrap());
    let listen = addr.to_string();
    let words = ["serve", "--no-history", "--listen", &listen];
    let mut server = Mute::start(&words, home.path(), &full, &full);
    until(|| TcpStream::connect(addr).is_ok());
    Line::join(Wire::connect(addr), "Neo").says("hi");
    assert_eq!(server.terminates().code(), Some(0));
}

#[test]
fn an_error_that_nobody_reads_ends_all_the_same() {
    let (full, home) = (Pipe::full(), tempfile::tempdir().unwrap());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let words = ["serve", "--no-history", "--listen", &listen];
    assert_eq!(Mute::start(&words, home.path(), &full, &full).ends().code(), Some(1));
}

/// Each broken script held one of the process's threads.
#[test]
fn bots_whose_mistakes_nobody_reads_end_when_they_are_told() {
    let (full, home, server) = (Pipe::full(), tempfile::tempdir().unwrap(), Server::start());
    let bots = home.path().join("bots");
    std::fs::create_dir(&bots).unwrap();
    for number in 0..8 {
        std::fs::write(bots.join(format!("broken{number}.rhai")), "fn (").unwrap();
    }
    std::fs::write(bots.join("well.rhai"), "fn on_message(msg) { say(\"yes\") }").unwrap();
    let mut neo = server.line("Neo");
    let addr = server.addr().to_string();
    let mut bots = Mute::start(&["bot", "bots", "--server", &addr], home.path(), &full, &full);
    neo.hears("Well just connected");
    bots.terminates();
}

#[test]
fn a_chat_that_nobody_reads_ends_when_it_is_told_twice() {
    let (full, home, mut server) = (Pipe::full(), tempfile::tempdir().unwrap(), Server::start());
    let mut neo = server.line("Neo");
    let addr = server.addr().to_string();
    let words = ["join", "user", "Trin", "--plain", "--server", &addr];
    let mut chat = Mute::start(&words, home.path(), &full, &Pipe::new());
    neo.hears("Trin just connected").says("hi");
    server.fence(&mut [&mut neo]);
    // Two that come at the same time may be one.
    until(|| {
        chat.signal();
        chat.0.try_wait().unwrap().is_some()
    });
    assert_eq!(chat.ends().code(), Some(143));
}

#[test]
fn a_tail_that_nobody_reads_ends_when_it_is_told() {
    let (full, home, mut server) = (Pipe::full(), tempfile::tempdir().unwrap(), Server::start());
    let mut neo = server.line("Neo");
    let addr = server.addr().to_string();
    let mut tail = Mute::start(&["tail", "--server", &addr], home.path(), &full, &Pipe::new());
    // A script's coming is told to nobody.
    until(|| server.log().contains("kind=\"script\""));
    neo.says("hi");
    server.fence(&mut [&mut neo]);
    tail.terminates();
}
