//! What is there after a restart, a crash, and for who was away longer than the memory reaches.

use crate::cli::program::chaty;
use crate::support::{Native, Server};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::PathBuf;
use tempfile::TempDir;

/// A folder with a history in it.
struct Kept(TempDir);

impl Kept {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("kept/history.db")
    }

    #[track_caller]
    fn serve(&self, config: &str) -> Server {
        Server::recording(config, &self.file())
    }
}

fn stop(mut server: Server) {
    server.terminate();
    assert!(server.ends().success());
}

fn back(epoch: &str, after: u64) -> Value {
    json!({"v": 1, "nick": "Neo", "token": "secret", "resume": {"epoch": epoch, "after": {"#lobby": after}}})
}

/// All entries up to a number, each once and in order; returns what was said.
#[track_caller]
fn reads(member: &mut Native, from: u64, to: u64) -> Vec<String> {
    let mut said = Vec::new();
    for seq in from..=to {
        let event = member.next_event();
        let (name, entry) = event.as_object().unwrap().iter().next().unwrap();
        assert_eq!(entry["seq"], seq, "{event}");
        if name == "chat" {
            said.push(entry["text"].as_str().unwrap().to_owned());
        }
    }
    said
}

/// As it was, a port for the metrics that was taken looked like a crash, and numbers jumped.
#[test]
fn a_start_that_fails_changes_nothing() {
    let kept = Kept::new();
    let server = kept.serve("");
    let neo = server.native("Neo");
    let seq = neo.seq();
    drop(neo);
    stop(server);
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let metrics = taken.local_addr().unwrap().to_string();
    let output = chaty(kept.0.path())
        .args(["serve", "--listen", "127.0.0.1:0", "--metrics", &metrics, "--history"])
        .arg(kept.file())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(kept.serve("").native("Neo").seq(), seq + 2, "it left, and came again");
}

#[test]
fn a_restart_changes_nothing_for_who_comes_back() {
    let kept = Kept::new();
    let server = kept.serve("");
    let mut neo = server.hello(&json!({"v": 1, "nick": "Neo", "token": "secret"}));
    let epoch = neo.epoch();
    assert_eq!(neo.welcome["rooms"][0].get("recorded"), None, "as is the custom");
    let mut trin = server.native("Trin");
    neo.hears_of("join", "Trin");
    neo.sends(&json!({"say": {"id": "m1", "text": "before"}})).hears_ack(Some("m1"));
    neo.sends(&json!({"topic": {"topic": "tea"}})).hears_like(&json!({"topic": {"seq": 4}}));
    trin.hears_chat("Neo", "before").hears_like(&json!({"topic": {}}));
    drop(neo);
    trin.hears_of("leave", "Neo").says("missed").hears_ack(None);
    stop(server);

    let mut server = kept.serve("");
    let mut neo = server.hello(&back(&epoch, 4));
    assert_eq!(neo.epoch(), epoch, "the numbers mean what they meant");
    assert_eq!(neo.welcome["rooms"][0]["topic"], "tea");
    let joined = neo.seq();
    assert_eq!(reads(&mut neo, 5, joined - 1), ["missed"]);
    neo.sends(&json!({"say": {"id": "m1", "text": "before"}}));
    neo.hears_like(&json!({"ack": {"id": "m1", "seq": 3, "duplicate": true}}));
    neo.sends(&json!({"say": {"id": "m2", "text": "after"}}));
    assert_eq!(neo.hears_ack(Some("m2")), joined + 1);
    server.console("history").answers("recording  yes");
    server.answers("#lobby     1 to ");
    let mut line = server.line("Morpheus");
    neo.hears_of("join", "Morpheus");
    line.hears("-- said earlier:");
    for text in ["before", "missed", "after"] {
        let heard = line.next_line();
        assert!(heard.contains(&format!(": {text} (")) && heard.ends_with(" ago)"), "{heard}");
    }
    line.says("/search before MISSED").hears("-- nothing was said with before MISSED in it");
    line.says("/search miss*").hears_all(&["-- 1 line with miss*:", "--   Trin: missed"]);
    server.fence(&mut [&mut neo, &mut line]);
}

#[test]
fn after_a_crash_no_number_is_used_twice_and_what_is_lost_is_said() {
    let kept = Kept::new();
    let server = kept.serve("");
    let mut neo = server.hello(&json!({"v": 1, "nick": "Neo", "token": "secret"}));
    let (epoch, mut last) = (neo.epoch(), 0);
    for n in 0..50 {
        last = neo.says(&n.to_string()).hears_ack(None);
    }
    // A search waits for the commit of all that was said before it.
    neo.sends(&json!({"history": {"id": "s", "search": "49"}}));
    neo.hears_like(&json!({"history": {"re": "s", "events": [{"chat": {"seq": last}}]}}));
    server.dies();
    let server = kept.serve("");
    let mut neo = server.hello(&back(&epoch, 1));
    assert!(neo.seq() > last, "{} after {last}", neo.seq());
    let said = reads(&mut neo, 2, last);
    assert_eq!(said, (0..50).map(|n| n.to_string()).collect::<Vec<_>>());
    let gap = neo.next_event();
    assert_eq!((&gap["gap"]["after"], &gap["gap"]["before"]), (&json!(last), &json!(neo.seq())));
    assert_eq!(neo.says("and on").hears_ack(None), neo.seq() + 1);
}

#[test]
fn what_memory_does_not_retain_comes_from_the_file_while_others_talk_on() {
    let kept = Kept::new();
    let mut server = kept.serve("[limits]\nretained_bytes = \"256KiB\"\n");
    let mut trin = server.native("Trin");
    let say = |from: usize, to: usize| -> String {
        let said = (from..to).map(|n| json!({"say": {"text": format!("line {n}")}}).to_string());
        said.flat_map(|line| [line, "\n".into()]).collect()
    };
    for batch in 0..10 {
        trin.wire.sends(say(batch * 500, (batch + 1) * 500));
        for _ in 0..500 {
            trin.hears_ack(None);
        }
    }
    let epoch = trin.epoch();
    let mut neo = server.hello(&back(&epoch, 1));
    trin.hears_of("join", "Neo");
    trin.wire.sends(say(5000, 6000));
    let mut said = reads(&mut neo, 2, 5001);
    // Its own join is the one number left out.
    said.extend(reads(&mut neo, 5003, 6002));
    assert_eq!(said, (0..6000).map(|n| format!("line {n}")).collect::<Vec<_>>());
    for _ in 0..1000 {
        trin.hears_ack(None);
    }
    // Pages of the past go on from the one to the other.
    let mut before = 6003;
    while before > 2 {
        neo.sends(&json!({"history": {"before": before, "limit": 100}}));
        let page = neo.next_event();
        let events = page["history"]["events"].as_array().unwrap();
        assert_eq!(page["history"]["more"], before > 102, "{before}");
        for event in events.iter().rev() {
            before -= 1;
            let entry = event.as_object().unwrap().values().next().unwrap();
            assert_eq!(entry["seq"], before);
        }
    }
    server.fence(&mut [&mut trin, &mut neo]);
}

#[test]
fn a_room_can_be_left_out_and_says_so() {
    let kept = Kept::new();
    let config = "[history]\nunrecorded = [\"#den\"]\n";
    let server = kept.serve(config);
    let mut neo = server.line("Neo");
    neo.says("/join #den").hears("-- you are in #den: 1 here; nothing said here is recorded");
    neo.says("a secret word").says("/search secret");
    neo.hears("-- nothing said in #den is recorded, so there is nothing to search");
    neo.says("/part")
        .hears("-- you are in #lobby: 1 here")
        .says("no secret")
        .says("/search secret");
    neo.hears_all(&["-- 1 line with secret:", "--   Neo: no secret"]);
    stop(server);
    for file in std::fs::read_dir(kept.0.path().join("kept")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(13).any(|bytes| bytes == b"a secret word"));
    }
    let server = kept.serve(config);
    let trin = server.hello(&json!({"v": 1, "nick": "Trin", "room": "#den"}));
    assert_eq!(trin.welcome["rooms"][0]["recorded"], false);
    assert!(trin.seq() > 3, "its numbers go on all the same");
}

#[test]
fn with_sync_full_acks_come_in_their_place_and_all_the_same() {
    let kept = Kept::new();
    let mut server = kept.serve("[history]\nsync = \"full\"\n");
    let mut neo = server.native("Neo");
    let mut trin = server.native("Trin");
    neo.hears_of("join", "Trin");
    for n in 0..20 {
        trin.says(&format!("t{n}")).hears_ack(None);
        neo.hears_chat("Trin", &format!("t{n}")).says(&format!("n{n}")).hears_ack(None);
        trin.hears_chat("Neo", &format!("n{n}"));
    }
    server.fence(&mut [&mut neo, &mut trin]);
}

/// Its own leaving was waited for on the disk, and so the reason never came.
#[test]
fn with_sync_full_whoever_is_thrown_out_is_told_why_at_once() {
    let kept = Kept::new();
    let mut server = kept.serve("[history]\nsync = \"full\"\n");
    for _ in 0..5 {
        let mut trin = server.native("Trin");
        trin.says("still here").hears_ack(None);
        server.console("kick Trin");
        trin.hears_bye("kicked");
    }
}

#[test]
fn a_server_says_what_to_do_with_a_file_that_is_none() {
    let kept = Kept::new();
    std::fs::create_dir(kept.0.path().join("kept")).unwrap();
    std::fs::write(kept.file(), "this is no database, and long enough to be looked at").unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_chaty"))
        .args(["serve", "--listen", "127.0.0.1:0", "--history"])
        .arg(kept.file())
        .output()
        .unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(error.contains("history.db") && error.contains("--history"), "{error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    assert!(kept.file().exists(), "nothing is touched");
}

#[test]
fn tail_prints_a_rooms_past_and_send_says_something_in_a_room() {
    let kept = Kept::new();
    let server = kept.serve("");
    let addr = server.addr().to_string();
    let chaty = |words: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_chaty"));
        let output = command.args(words).args(["--server", &addr]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    chaty(&["send", "--as", "ci", "in the lobby"]);
    for n in 0..3 {
        chaty(&["send", "--as", "ci", "--room", "ops", &format!("build {n} finished")]);
    }
    let whole = chaty(&["tail", "--room", "#ops", "--after", "0", "--no-follow"]);
    let said: Vec<&str> = whole
        .lines()
        .filter_map(|line| line.split_once("ci [script]: "))
        .map(|(_, said)| said)
        .collect();
    assert_eq!(said, ["build 0 finished", "build 1 finished", "build 2 finished"], "{whole}");
    let rest = chaty(&["tail", "--room", "ops", "--after", "2", "--no-follow", "--json"]);
    let lines: Vec<Value> = rest.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{rest}");
    assert_eq!(lines[0]["welcome"]["rooms"][0]["room"], "#ops");
    assert_eq!(lines[1]["chat"]["text"], "build 2 finished");
}

/// Who moved to another room with `nc` saw nothing of what had been said there.
#[test]
fn who_goes_to_a_room_without_asking_sees_what_was_said_there() {
    let kept = Kept::new();
    let server = kept.serve("");
    let mut neo = server.line("Neo");
    neo.says("/join #ops").hears("-- you are in #ops: 1 here");
    neo.says("key rotated").says("/who").hears_all(&["-- 1 in #ops:", "--   Neo"]);
    let mut trin = server.line("Trin");
    trin.says("/join #ops").hears_all(&["-- you are in #ops: 2 here", "-- said earlier:"]);
    let heard = trin.next_line();
    assert!(heard.starts_with("--   Neo: key rotated (") && heard.ends_with(" ago)"), "{heard}");
    neo.hears("Trin just connected").says("hi");
    trin.hears("Neo: hi");
}
