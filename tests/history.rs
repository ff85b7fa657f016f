//! `chaty history` from outside: beside a running server, without one, and what it refuses.

use crate::cli::program::{chaty, private_dir};
use crate::support::Server;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use tempfile::TempDir;

/// A folder with a history in it, and the tools on it.
struct Kept(TempDir);

impl Kept {
    fn new() -> Self {
        Self(private_dir())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// `chaty history WORDS --history FILE`, with this on its standard input.
    #[track_caller]
    fn tool(&self, words: &[&str], file: &Path, input: &[u8]) -> Output {
        let mut command = chaty(self.0.path());
        command.arg("history").args(words).arg("--history").arg(file).env("TZ", "UTC");
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // What is refused at once is not read to the end.
        let _closed = child.stdin.take().unwrap().write_all(input);
        child.wait_with_output().unwrap()
    }

    /// What it prints when it goes well.
    #[track_caller]
    fn prints(&self, words: &[&str], file: &Path, input: &[u8]) -> String {
        let output = self.tool(words, file, input);
        assert!(output.status.success(), "{words:?}: {output:?}");
        assert!(output.stderr.is_empty(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The one line it fails with.
    #[track_caller]
    fn fails(&self, words: &[&str], file: &Path, input: &[u8]) -> String {
        let output = self.tool(words, file, input);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {output:?}");
        assert!(output.stdout.is_empty(), "{words:?}: {output:?}");
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(error.lines().count(), 1, "{error}");
        error
    }
}

/// A server where something of every kind happens, and is recorded.
#[track_caller]
fn eventful(file: &Path) -> Server {
    let server = Server::recording("", file);
    let mut neo = server.hello(&json!({"v": 1, "nick": "Neo", "token": "hidden-secret"}));
    neo.sends(&json!({"say": {"id": "unseen-id", "text": "deploy on Friday?"}}))
        .hears_ack(Some("unseen-id"));
    neo.sends(&json!({"topic": {"topic": "deploys"}})).hears_like(&json!({"topic": {}}));
    neo.sends(&json!({"join": {"room": "#ops"}})).hears_like(&json!({"entered": {}}));
    neo.sends(
        &json!({"say": {"id": "m2", "room": "#ops", "text": "déployé \"well\"", "emote": true}}),
    );
    neo.hears_ack(Some("m2"));
    neo.sends(&json!({"nick": {"nick": "Morpheus"}})).hears_like(&json!({"rename": {}}));
    neo.hears_like(&json!({"rename": {}}));
    neo.sends(&json!({"quit": {}})).hears_bye("quit");
    server
}

#[track_caller]
fn stop(mut server: Server) {
    server.terminate();
    assert!(server.ends().success());
}

#[test]
fn a_running_server_is_searched_counted_and_exported_but_not_imported_into() {
    let kept = Kept::new();
    let file = kept.file("h.db");
    let server = eventful(&file);
    // A commit takes up to 50 ms.
    let mut watcher = server.native("Trin");
    watcher
        .sends(&json!({"history": {"id": "h", "search": "deploy"}}))
        .hears_like(&json!({"history": {"re": "h"}}));

    let found = kept.prints(&["search", "DEPLOY", "friday"], &file, b"");
    assert!(found.starts_with("#lobby 2 20"), "{found}");
    assert!(found.ends_with("  Neo: deploy on Friday?\n"), "{found}");
    assert_eq!(kept.prints(&["search", "deploy", "monday"], &file, b""), "");
    let found = kept.prints(&["search", "deploy*", "--json"], &file, b"");
    let found: Vec<Value> = found.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(found.len(), 2, "accents make no difference");
    assert_eq!(found[1]["chat"]["room"], "#ops");
    let ops = kept.prints(&["search", "deploy*", "--room", "#OPS", "--limit", "1"], &file, b"");
    assert_eq!(ops.lines().count(), 1);

    let stats: Value =
        serde_json::from_str(&kept.prints(&["stats", "--json"], &file, b"")).unwrap();
    assert_eq!(stats["rooms"][0]["room"], "#lobby");
    assert!(stats["entries"].as_u64().unwrap() >= 8 && stats["missing"] == 0, "{stats}");
    assert!(kept.prints(&["stats"], &file, b"").contains("#ops: "));
    let ops = kept.prints(&["export", "--room", "ops", "--after", "1"], &file, b"");
    let first: Value = serde_json::from_str(ops.lines().next().unwrap()).unwrap();
    assert_eq!(first["chat"]["seq"], 2);

    let refused = kept.fails(&["import"], &file, ops.as_bytes());
    assert!(refused.contains("is in use by another chaty"), "{refused}");
    stop(server);
}

#[test]
fn what_is_exported_can_be_imported_and_is_the_same() {
    let kept = Kept::new();
    let (file, copy) = (kept.file("h.db"), kept.file("new/copy.db"));
    stop(eventful(&file));
    let all = kept.prints(&["export"], &file, b"");
    for event in ["chat", "join", "leave", "rename", "topic"] {
        assert!(all.contains(&format!("{{\"{event}\":")), "{all}");
    }
    assert!(!all.contains("hidden-secret") && !all.contains("unseen-id"));

    let count = all.lines().count();
    let told = kept.prints(&["import"], &copy, all.as_bytes());
    assert_eq!(told, format!("{count} imported, 0 were there already\n"));
    assert_eq!(kept.prints(&["export"], &copy, b""), all);
    // In any order, and what is there already does no harm.
    let mut lines: Vec<&str> = all.lines().collect();
    lines.reverse();
    let told = kept.prints(&["import", "-"], &copy, lines.join("\n").as_bytes());
    assert_eq!(told, format!("0 imported, {count} were there already\n"));
    assert_eq!(kept.prints(&["export"], &copy, b""), all);
    assert_eq!(kept.prints(&["search", "deploy*"], &copy, b"").lines().count(), 2);

    // Holes are filled, on either side of what is there and between it.
    let holes = kept.file("holes.db");
    for part in [1, 0] {
        let lines: Vec<&str> = all.lines().skip(part).step_by(2).collect();
        let dump = kept.file("part.jsonl");
        fs::write(&dump, lines.join("\n") + "\n").unwrap();
        kept.prints(&["import", dump.to_str().unwrap()], &holes, b"");
    }
    assert_eq!(kept.prints(&["export"], &holes, b""), all);
    assert_eq!(kept.prints(&["search", "deploy*"], &holes, b"").lines().count(), 2);

    // A server goes on after the last number.
    let server = Server::recording("", &copy);
    let next: Value =
        serde_json::from_str(all.lines().rfind(|line| line.contains("#lobby")).unwrap()).unwrap();
    let last = next.as_object().unwrap().values().next().unwrap()["seq"].as_u64().unwrap();
    let member = server.native("Trin");
    assert_eq!(member.seq(), last + 1);
    assert_eq!(member.welcome["rooms"][0]["topic"], "deploys");
    stop(server);
}

#[test]
fn a_line_that_is_not_right_changes_nothing() {
    let kept = Kept::new();
    let file = kept.file("h.db");
    stop(eventful(&file));
    let all = kept.prints(&["export"], &file, b"");
    let good =
        "{\"chat\":{\"room\":\"#lobby\",\"seq\":900,\"at\":1,\"from\":\"Neo\",\"text\":\"new\"}}\n";
    for (line, why) in [
        ("nonsense", "line 2: that line is not JSON"),
        ("", "line 2: "),
        ("{\"chat\":{\"room\":\"#lobby\",\"seq\":901}}", "line 2: `chat` is not as it should be"),
        ("{\"notice\":{\"text\":\"hi\"}}", "line 2: that event is none of a room's history"),
        ("{\"dance\":{}}", "line 2: `dance` is no event of a history"),
        (
            "{\"chat\":{\"room\":\"#lobby\",\"seq\":0,\"at\":1,\"from\":\"Neo\",\"text\":\"x\"}}",
            "line 2: a number is out of bounds",
        ),
        // It came back as another number.
        (
            "{\"chat\":{\"room\":\"#lobby\",\"seq\":901,\"at\":1,\"from\":\"Neo\",\"text\":\"x\",\"cause\":18446744073709551615}}",
            "line 2: a message's cause is one before it",
        ),
        (
            "{\"chat\":{\"room\":\"#lobby\",\"seq\":901,\"at\":1,\"from\":\"NICK\",\"text\":\"x\"}}",
            "line 2: \"NICK\" is no name",
        ),
        (
            "{\"chat\":{\"room\":\"#lobby\",\"seq\":901,\"at\":1,\"from\":\"Neo\",\"text\":\"a\\u001bb\"}}",
            "line 2: a text has characters that no message has",
        ),
        (
            "{\"chat\":{\"room\":\"#lobby\",\"seq\":2,\"at\":1,\"from\":\"Neo\",\"text\":\"other\"}}",
            "line 2: the history has something else as 2",
        ),
        (
            "{\"chat\":{\"room\":\"#lobby\",\"seq\":900,\"at\":1,\"from\":\"Neo\",\"text\":\"other\"}}",
            "line 2: #lobby 900 is something else in line 1",
        ),
    ] {
        let lines = format!("{good}{line}\n{good}");
        let refused = kept.fails(&["import"], &file, lines.as_bytes());
        assert!(refused.contains(why), "{line}: {refused}");
        assert!(refused.ends_with("nothing was imported\n"), "{refused}");
        assert_eq!(kept.prints(&["export"], &file, b""), all, "{line}");
    }
    let long = format!("{good}{}", "x".repeat(100_000));
    assert!(kept.fails(&["import"], &file, long.as_bytes()).contains("line 2: "));
    assert_eq!(kept.prints(&["search", "new"], &file, b""), "");
    kept.prints(&["import"], &file, good.as_bytes());
    assert_eq!(kept.prints(&["search", "new"], &file, b"").lines().count(), 1);
}

#[test]
fn what_is_not_there_is_said() {
    let kept = Kept::new();
    let file = kept.file("none.db");
    for tool in [&["stats"][..], &["export"], &["search", "x"]] {
        assert!(kept.fails(tool, &file, b"").contains("there is no history "), "{tool:?}");
    }
    assert!(!file.exists(), "looking makes nothing");
    stop(eventful(&file));
    let failed = kept.fails(&["export", "--room", "#nowhere"], &file, b"");
    assert!(failed.contains("there is no room #nowhere"), "{failed}");
    let output = kept.tool(&["search", "x", "--room", "#a b"], &file, b"");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    fs::write(&file, "something else").unwrap();
    assert!(kept.fails(&["stats"], &file, b"").contains("is no history of chaty's"));
    let failed = kept.fails(&["import", "/nonexistent.jsonl"], &kept.file("n.db"), b"");
    assert!(failed.contains("cannot read /nonexistent.jsonl"), "{failed}");
    assert!(!kept.file("n.db").exists());
}
