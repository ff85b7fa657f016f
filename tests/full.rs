//! A disk that is full while people talk: nobody notices, and once there is room everything is in
//! the history. A limit on the size of files stands for the disk, as no test may mount one;
//! `tests/full_disk.py` does the same on a small tmpfs.

use crate::cli::program::{chaty, chaty_path, private_dir};
use crate::support::{DEADLINE, Native, Wire};
use rustix::process::{Pid, Resource, Rlimit, prlimit};
use serde_json::json;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Instant;

/// A server whose files may have 1 MiB, until they may have more.
struct Limited {
    child: Child,
    log: Receiver<String>,
}

/// Blocks of 512 bytes, as `ulimit` counts.
const BLOCKS: &str = "2048";

impl Limited {
    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap()
    }

    fn make_room(&self) {
        let all = Rlimit { current: None, maximum: None };
        prlimit(Some(self.pid()), Resource::Fsize, all).unwrap();
    }

    /// Waits for a line of its log.
    #[track_caller]
    fn logs(&self, wanted: &str) -> String {
        let deadline = Instant::now() + DEADLINE;
        let mut seen = Vec::new();
        while let Ok(line) =
            self.log.recv_timeout(deadline.saturating_duration_since(Instant::now()))
        {
            if line.contains(wanted) {
                return line;
            }
            seen.push(line);
        }
        panic!("the log never said {wanted:?}, but {seen:#?}");
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _status = self.child.wait();
    }
}

#[test]
fn a_full_disk_loses_no_word_and_recording_goes_on_when_there_is_room() {
    let home = private_dir();
    let file = home.path().join("h.db");
    // What is too large is an error then, and not the end.
    let script = format!("trap '' XFSZ; ulimit -S -f {BLOCKS}; exec \"$@\"");
    let mut child = Command::new("sh")
        .args(["-c", &script, "sh"])
        .arg(chaty_path())
        .args(["serve", "--listen", "127.0.0.1:0", "--limit", "flood=false", "--history"])
        .arg(&file)
        .env_remove("CHATY_SERVER")
        .env_remove("RUST_LOG")
        .env("XDG_RUNTIME_DIR", home.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (lines, log) = channel();
    let stderr = child.stderr.take().unwrap();
    std::thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                break;
            }
        }
    });
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    let addr = first.trim_end().strip_prefix("chaty is listening on ").unwrap().parse().unwrap();
    let mut server = Limited { child, log };

    let join = |nick| Native::join(Wire::connect(addr), nick);
    let (mut listener, mut speaker) = (join("Trin"), join("Neo"));
    listener.hears_of("join", "Neo");
    let text = |number: usize| format!("{number} {}", "x".repeat(4000));
    let mut said = 0;
    // Twice what the disk holds.
    for number in 0..512 {
        speaker.says(&text(number)).hears_ack(None);
        listener.hears_chat("Neo", &text(number));
        said += 1;
    }
    server.logs("recording is suspended");
    speaker.sends(&json!({"say": {"id": "still", "text": "still here"}})).hears_ack(Some("still"));
    listener.hears_chat("Neo", "still here");
    server.make_room();
    let line = server.logs("recording goes on");
    assert!(
        line.contains("missing=0") || line.contains("missing\u{1b}[0m\u{1b}[2m=\u{1b}[0m0"),
        "{line}"
    );

    let pid = server.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert!(server.child.wait().unwrap().success());
    let export = chaty(home.path()).args(["history", "export", "--history"]).arg(&file).output();
    let export = String::from_utf8(export.unwrap().stdout).unwrap();
    let chats = export.lines().filter(|line| line.starts_with("{\"chat\"")).count();
    assert_eq!(chats, said + 1, "every word is there");
}
