//! The server with a disk that does not answer.

use super::{Options, Server};
use crate::config::{HistorySettings, HistorySync, Limits};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// A disk that takes nothing while it is held.
#[derive(Default)]
struct Disk {
    held: Mutex<bool>,
    released: Condvar,
}

impl Disk {
    fn hold(&self, held: bool) {
        *self.held.lock().unwrap() = held;
        self.released.notify_all();
    }

    fn wait(&self) {
        let held = self.held.lock().unwrap();
        drop(self.released.wait_while(held, |held| *held).unwrap());
    }
}

struct Member {
    lines: Lines<BufReader<OwnedReadHalf>>,
    out: OwnedWriteHalf,
}

impl Member {
    async fn join(addr: SocketAddr, hello: &str, last: &str) -> Self {
        let (read, out) = TcpStream::connect(addr).await.unwrap().into_split();
        let mut member = Self { lines: BufReader::new(read).lines(), out };
        member.say(hello).await;
        while !member.hear().await.contains(last) {}
        member
    }

    async fn say(&mut self, line: &str) {
        self.out.write_all(format!("{line}\n").as_bytes()).await.unwrap();
    }

    async fn hear(&mut self) -> String {
        self.lines.next_line().await.unwrap().unwrap()
    }
}

async fn serve(file: &Path, sync: HistorySync, disk: &Arc<Disk>) -> Server {
    serve_crowd(file, sync, disk, Limits::default().crowd).await
}

/// … where so many make a crowd.
async fn serve_crowd(file: &Path, sync: HistorySync, disk: &Arc<Disk>, crowd: usize) -> Server {
    let history = HistorySettings { sync, ..HistorySettings::new(file.to_owned()) };
    let listen = "127.0.0.1:0".to_owned();
    let limits = Limits { flood: false, crowd, ..Limits::default() };
    let options = Options { listen, limits, history: Some(history) };
    let disk = disk.clone();
    Server::bind_with(options, Some(Arc::new(move || disk.wait()))).await.unwrap()
}

/// Members who are cut off at once are waited for, and nothing else is.
#[tokio::test]
async fn a_drain_without_any_time_ends_too() {
    for round in 0..20 {
        let limits = Limits { drain: Duration::ZERO, ..Limits::default() };
        let options = Options { listen: "127.0.0.1:0".into(), limits, history: None };
        let server = Server::bind(options).await.unwrap();
        let addr = server.local_addr();
        let (mut running, (stop, stopped)) = (JoinSet::new(), oneshot::channel());
        running.spawn(server.run(async { drop(stopped.await) }));
        let _neo = Member::join(addr, "Neo", "welcome").await;
        stop.send(()).unwrap();
        let ended = timeout(Duration::from_mins(1), running.join_next()).await;
        ended
            .unwrap_or_else(|_late| panic!("round {round} never ended"))
            .unwrap()
            .unwrap()
            .unwrap();
    }
}

/// Nothing here looks at a clock: what is heard before the disk is let go was not waited for.
#[tokio::test]
async fn a_disk_that_takes_nothing_delays_nobodys_messages_and_loses_none() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("history.db");
    let disk = Arc::<Disk>::default();
    let (mut running, (stop, stopped)) = (JoinSet::new(), oneshot::channel());
    let server = serve(&file, HistorySync::Normal, &disk).await;
    let addr = server.local_addr();
    running.spawn(server.run(async { drop(stopped.await) }));
    disk.hold(true);
    let mut neo = Member::join(addr, "Neo", "welcome").await;
    let mut trin = Member::join(addr, "Trin", "welcome").await;
    assert_eq!(neo.hear().await, "Trin just connected");
    for n in 0..2_000 {
        neo.say(&format!("message {n}")).await;
        assert_eq!(trin.hear().await, format!("Neo: message {n}"));
    }
    disk.hold(false);
    stop.send(()).unwrap();
    running.join_next().await.unwrap().unwrap().unwrap();
    // All of it was in memory meanwhile, and is in the file now.
    let server = serve(&file, HistorySync::Normal, &disk).await;
    let addr = server.local_addr();
    running.spawn(server.run(std::future::pending()));
    let hello = r##"{"hello":{"v":1,"nick":"One","resume":{"after":{"#lobby":2}}}}"##;
    let mut one = Member::join(addr, hello, "welcome").await;
    for n in 0..2_000 {
        let heard = one.hear().await;
        assert!(heard.contains(&format!("\"text\":\"message {n}\"")), "{heard}");
    }
}

/// What waits for the disk is the ack of who spoke, and what it reads behind it.
#[tokio::test]
async fn with_sync_full_only_the_speaker_waits_for_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::<Disk>::default();
    let server = serve(&folder.path().join("history.db"), HistorySync::Full, &disk).await;
    let addr = server.local_addr();
    let mut running = JoinSet::new();
    running.spawn(server.run(std::future::pending()));
    let mut trin = Member::join(addr, "Trin", "welcome").await;
    let mut neo = Member::join(addr, r#"{"hello":{"v":1,"nick":"Neo"}}"#, "welcome").await;
    assert_eq!(trin.hear().await, "Neo just connected");
    disk.hold(true);
    neo.say(r#"{"say":{"id":"a","text":"on the disk?"}}"#).await;
    assert_eq!(trin.hear().await, "Neo: on the disk?");
    trin.say("not yet").await;
    let mut morpheus = Member::join(addr, "Morpheus", "welcome").await;
    assert_eq!(trin.hear().await, "Morpheus just connected");
    morpheus.say("and I see you all").await;
    assert_eq!(trin.hear().await, "Morpheus: and I see you all");
    tokio::select! {
        biased;
        early = neo.hear() => panic!("it heard {early}"),
        () = tokio::task::yield_now() => {}
    }
    disk.hold(false);
    for part in ["\"ack\":{\"id\":\"a\"", "not yet", "Morpheus", "I see you all"] {
        let heard = neo.hear().await;
        assert!(heard.contains(part), "{heard}");
    }
}

/// In a crowd nothing of its own stands before it that would hold it.
#[tokio::test]
async fn with_sync_full_a_message_that_is_sent_again_is_not_acknowledged_before_the_disk_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Arc::<Disk>::default();
    let file = folder.path().join("history.db");
    let server = serve_crowd(&file, HistorySync::Full, &disk, 0).await;
    let addr = server.local_addr();
    let mut running = JoinSet::new();
    running.spawn(server.run(std::future::pending()));
    let mut trin = Member::join(addr, "Trin", "welcome").await;
    let hello = r#"{"hello":{"v":1,"nick":"Neo","token":"00112233445566778899aabbccddeeff"}}"#;
    let mut neo = Member::join(addr, hello, "welcome").await;
    disk.hold(true);
    let say = r#"{"say":{"id":"a","text":"on the disk?"}}"#;
    neo.say(say).await;
    while trin.hear().await != "Neo: on the disk?" {}
    let mut neo = Member::join(addr, hello, "welcome").await;
    neo.say(say).await;
    neo.say(r#"{"say":{"id":"b","text":"and now?"}}"#).await;
    while trin.hear().await != "Neo: and now?" {}
    let early = timeout(Duration::from_millis(250), neo.hear()).await;
    assert!(early.is_err(), "{early:?}");
    disk.hold(false);
    for part in [r#""ack":{"id":"a""#, r#""ack":{"id":"b""#] {
        let heard = neo.hear().await;
        assert!(heard.contains(part), "{heard}");
    }
}
