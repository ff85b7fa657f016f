//! One bot against a server that says exactly what the test wants: what it answers, and above all
//! what it does not.

use crate::bot::{Notice, RunOptions, run_telling};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

const LONG: Duration = Duration::from_secs(20);

/// One connection of the bot. What the bot says takes the place after what it answers.
pub(super) struct Peer {
    lines: Lines<BufReader<OwnedReadHalf>>,
    write: OwnedWriteHalf,
    /// What the bot told about itself; it may do so at any time.
    pub(super) abouts: Vec<Value>,
}

impl Peer {
    /// Lets the bot in, with so many entries in the room.
    pub(super) async fn admit(listener: &TcpListener, seq: u64) -> Self {
        let (stream, _) = timeout(LONG, listener.accept()).await.unwrap().unwrap();
        Self::greet(stream, seq).await
    }

    async fn greet(stream: TcpStream, seq: u64) -> Self {
        let (read, mut write) = stream.into_split();
        write.write_all(b"NICK").await.unwrap();
        let mut this = Self { lines: BufReader::new(read).lines(), write, abouts: Vec::new() };
        let hello = this.next().await;
        assert_eq!(hello["hello"]["kind"], "bot");
        let nick = &hello["hello"]["nick"];
        this.write.write_all(b"\n").await.unwrap();
        this.send(json!({"welcome": {
            "v": 1, "server": "test", "nick": nick, "epoch": "e",
            "rooms": [{"room": "#lobby", "seq": seq, "members": 2}],
            "limits": {"text": 4096, "line": 16384, "ping_secs": 30, "dead_secs": 90}, "text": "hi",
        }}))
        .await;
        this
    }

    pub(super) async fn send(&mut self, event: Value) {
        self.write.write_all(format!("{event}\n").as_bytes()).await.unwrap();
    }

    pub(super) async fn chat(&mut self, seq: u64, from: &str, kind: &str, hops: u8, text: &str) {
        self.send(json!({"chat": {
            "room": "#lobby", "seq": seq, "at": 1, "from": from, "kind": kind, "hops": hops, "text": text,
        }}))
        .await;
    }

    pub(super) async fn next(&mut self) -> Value {
        loop {
            let line = timeout(LONG, self.lines.next_line()).await.expect("a line in time");
            let event: Value = serde_json::from_str(&line.unwrap().expect("a line")).unwrap();
            match event.get("about") {
                Some(about) => self.abouts.push(about.clone()),
                None => return event,
            }
        }
    }

    /// The next thing said, acknowledged.
    pub(super) async fn said(&mut self) -> (String, u64) {
        let event = self.next().await;
        let say = &event["say"];
        let (text, cause) = (say["text"].as_str(), say["cause"].as_u64());
        let said = (text.unwrap_or_else(|| panic!("{event}")).to_owned(), cause.unwrap());
        let ack = json!({"ack": {"id": say["id"], "room": "#lobby", "seq": said.1 + 1, "at": 1}});
        self.send(ack).await;
        said
    }
}

/// Runs one script until the test is done with it.
pub(super) async fn with_bot(
    script: &str,
    test: impl AsyncFnOnce(&TcpListener, PathBuf, Arc<Mutex<Vec<Notice>>>),
) {
    with_bot_in(tempfile::tempdir().unwrap(), script, test).await;
}

/// The same in a folder where something is already.
pub(super) async fn with_bot_in(
    home: tempfile::TempDir,
    script: &str,
    test: impl AsyncFnOnce(&TcpListener, PathBuf, Arc<Mutex<Vec<Notice>>>),
) {
    let path = home.path().join("echo.rhai");
    std::fs::create_dir(home.path().join("lib")).unwrap();
    std::fs::write(home.path().join("lib/words.rhai"), "fn word() { \"one\" }").unwrap();
    std::fs::write(&path, script).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = RunOptions {
        paths: vec![path.clone()],
        server: listener.local_addr().unwrap().to_string(),
        supervised: false,
        seed: Some(1),
        as_json: false,
    };
    let notices: Arc<Mutex<Vec<Notice>>> = Arc::default();
    let told = notices.clone();
    let report = Arc::new(move |notice| told.lock().unwrap().push(notice));
    let (stop, tracker) = (CancellationToken::new(), TaskTracker::new());
    let running = tracker.spawn(run_telling(options, stop.clone().cancelled_owned(), report));
    test(&listener, path, notices).await;
    stop.cancel();
    timeout(LONG, running).await.unwrap().unwrap().unwrap();
}

const ECHO: &str =
    "const BOT = #{ hears_bots: \"all\" };\nfn on_message(msg) { `echo ${msg.text}` }";

#[tokio::test]
async fn history_is_not_answered_and_every_answer_names_its_cause() {
    with_bot(ECHO, async |listener, _, _| {
        let mut peer = Peer::admit(listener, 10).await;
        peer.chat(9, "Neo", "user", 0, "long ago").await;
        peer.chat(10, "Neo", "user", 0, "just before").await;
        peer.chat(11, "Neo", "user", 0, "now").await;
        assert_eq!(peer.said().await, ("echo now".into(), 11));
        // A reconnect replays what was missed: it is not answered either.
        drop(peer);
        let mut peer = Peer::admit(listener, 14).await;
        peer.chat(13, "Neo", "user", 0, "missed").await;
        peer.chat(14, "Neo", "user", 0, "missed too").await;
        peer.chat(15, "Neo", "user", 0, "again").await;
        assert_eq!(peer.said().await, ("echo again".into(), 15));
    })
    .await;
}

#[tokio::test]
async fn it_hears_neither_itself_nor_what_has_hopped_far_enough() {
    with_bot(ECHO, async |listener, _, _| {
        let mut peer = Peer::admit(listener, 10).await;
        peer.chat(11, "Echo", "bot", 0, "own").await;
        peer.chat(12, "Other", "bot", 3, "third hop").await;
        peer.chat(13, "Other", "bot", 2, "second hop").await;
        assert_eq!(peer.said().await, ("echo second hop".into(), 13));
    })
    .await;
}

#[tokio::test]
async fn an_error_ends_no_bot_and_is_told_once() {
    let script = "fn on_message(msg) {\n  if msg.text == \"bad\" { throw \"no\"; }\n  \"good\"\n}";
    with_bot(script, async |listener, _, notices| {
        let mut peer = Peer::admit(listener, 10).await;
        for seq in 11..15 {
            peer.chat(seq, "Neo", "user", 0, "bad").await;
        }
        peer.chat(15, "Neo", "user", 0, "fine").await;
        assert_eq!(peer.said().await, ("good".into(), 15));
        let notices = notices.lock().unwrap();
        let wrong = |notice: &&Notice| matches!(notice, Notice::Wrong(_));
        assert_eq!(notices.iter().filter(wrong).count(), 1, "{notices:?}");
    })
    .await;
}

#[tokio::test]
async fn a_new_version_takes_over_on_the_same_connection_and_a_broken_one_does_not() {
    with_bot(ECHO, async |listener, path, notices| {
        let mut peer = Peer::admit(listener, 10).await;
        let told = |wanted: &'static str| {
            let notices = notices.clone();
            move || notices.lock().unwrap().iter().any(|notice| notice.to_string().contains(wanted))
        };
        std::fs::write(&path, "fn on_message(msg) { rply(1) }").unwrap();
        until(told("still running the version loaded at ")).await;
        peer.chat(11, "Neo", "user", 0, "a").await;
        assert_eq!(peer.said().await.0, "echo a");
        std::fs::write(&path, "fn on_message(msg) { \"new\" }").unwrap();
        until(told("echo.rhai reloaded in ")).await;
        peer.chat(13, "Neo", "user", 0, "b").await;
        assert_eq!(peer.said().await, ("new".into(), 13));
        // Its name is another thing: that takes another connection.
        std::fs::write(&path, "const BOT = #{ name: \"Max\" };\nfn on_message(msg) { me() }")
            .unwrap();
        assert_eq!(peer.next().await, json!({"quit": {}}));
        drop(peer);
        let mut peer = Peer::admit(listener, 10).await;
        peer.chat(16, "Neo", "user", 0, "who").await;
        assert_eq!(peer.said().await, ("Max".into(), 16));
    })
    .await;
}

/// Waits for a condition that a notice brings about; there is no event to wait for from outside.
pub(super) async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(LONG, wait).await.expect("in time");
}
