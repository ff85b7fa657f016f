//! Processes that end, stop and come back while everybody talks: the bots' host, the server, and the
//! server for a while.

use super::{is_full, serve, serve_with, size};
use crate::cli::program::{Program, private_dir};
use crate::support::{DEADLINE, Line, Native, Start, Wire};
use chaty::client::{self, Event, Retry};
use chaty::wire::entry::Kind;
use chaty::wire::native::{Say, ServerEvent};
use chaty::wire::nick::Nick;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Messages a member has on their way at a time.
const UNDER_WAY: usize = 16;

/// The bots' host is killed while everybody talks: nobody misses a word, and the bots come back.
#[test]
fn a_killed_host_of_bots_comes_back_and_nobody_misses_a_word() {
    let dir = private_dir();
    let bots = dir.path().join("bots");
    fs::create_dir(&bots).unwrap();
    fs::write(bots.join("echo.rhai"), "fn on_mention(msg) { `here: ${msg.text}` }").unwrap();
    let config = dir.path().join("chaty.toml");
    fs::write(&config, super::UNLIMITED).unwrap();
    let args = ["--bots", bots.to_str().unwrap(), "--config", config.to_str().unwrap()];
    let mut server = Program::serve(dir.path(), &args);
    server.logged("is online");
    let addr = server.addr().parse().unwrap();
    let mut neo = Native::join(Wire::connect(addr), "Neo");
    let mut talkers: Vec<Line> =
        (0..4).map(|n| Line::join(Wire::connect(addr), &format!("talker{n}"))).collect();

    let host = server.child_process(None);
    let (count, mut next, mut returned) = (size(200, 5000), [0; 4], false);
    for number in 0..count {
        for talker in &mut talkers {
            talker.says(&number.to_string());
        }
        if number == count / 2 {
            assert!(Command::new("kill").args(["-s", "KILL", &host]).status().unwrap().success());
        }
    }
    let mut seq = neo.seq();
    let mut hears = |neo: &mut Native| {
        let event = neo.next_event();
        let (_, entry) = event.as_object().unwrap().iter().next().unwrap();
        if let Some(number) = entry["seq"].as_u64() {
            assert_eq!(number, seq + 1, "{event}");
            seq = number;
        }
        event
    };
    while next != [count; 4] || !returned {
        let event = hears(&mut neo);
        if let Some(talker) = event["chat"]["from"].as_str().and_then(|f| f.strip_prefix("talker"))
        {
            let talker: usize = talker.parse().unwrap();
            assert_eq!(event["chat"]["text"], next[talker].to_string());
            next[talker] += 1;
        } else if event["join"]["who"] == "Echo" {
            returned = true;
        } else if event.get("leave").is_some() {
            assert_eq!(event["leave"]["who"], "Echo", "{event}");
        }
    }
    server.logged("the bots' process ended; it is started again");
    neo.says("Echo, are you there?");
    while hears(&mut neo)["chat"]["text"] != "here: Echo, are you there?" {}
}

/// Says as much as is acknowledged, until the server says goodbye. Gives everything it saw, by number,
/// and what of its own was acknowledged.
fn talks_to_the_end(mut native: Native, nick: &str, acks: &AtomicUsize) -> BTreeMap<u64, String> {
    let mut mouth = native.wire.writer();
    let mut seen = BTreeMap::new();
    let mut say = |number: usize| {
        let text = format!("{nick}/{number}");
        let line = format!("{}\n", json!({"say": {"id": text, "text": text}}));
        // The goodbye may have been said already.
        let _ended = mouth.write_all(line.as_bytes());
    };
    (0..UNDER_WAY).for_each(&mut say);
    let mut said = UNDER_WAY;
    loop {
        let event: Value = native.next_event();
        let (name, entry) = event.as_object().unwrap().iter().next().unwrap();
        let text = match name.as_str() {
            "ack" => {
                acks.fetch_add(1, Ordering::Relaxed);
                say(said);
                said += 1;
                &entry["id"]
            }
            "chat" => &entry["text"],
            "bye" => {
                assert_eq!(entry["code"], "shutdown");
                return seen;
            }
            _ => continue,
        };
        let before = seen.insert(entry["seq"].as_u64().unwrap(), text.as_str().unwrap().to_owned());
        assert_eq!(before, None, "{event}");
    }
}

#[test]
fn sigterm_under_load_delivers_everything_to_everybody() {
    let mut server = serve_with(super::UNLIMITED);
    let count = size(8, 50);
    let members: Vec<Native> = (0..count).map(|n| server.native(&format!("member{n}"))).collect();
    let acks = AtomicUsize::new(0);
    let (heard, took) = thread::scope(|scope| {
        let talking: Vec<_> = members
            .into_iter()
            .enumerate()
            .map(|(n, native)| {
                let acks = &acks;
                scope.spawn(move || talks_to_the_end(native, &format!("member{n}"), acks))
            })
            .collect();
        let began = Instant::now();
        while acks.load(Ordering::Relaxed) < size(2000, 100_000) {
            assert!(began.elapsed() < 3 * DEADLINE, "nothing is said");
            thread::park_timeout(Duration::from_millis(5));
        }
        let began = Instant::now();
        server.terminate();
        assert_eq!(server.ends().code(), Some(0));
        let took = began.elapsed();
        (talking.into_iter().map(|one| one.join().unwrap()).collect::<Vec<_>>(), took)
    });
    // The joins came first, and everybody was there for all that was said.
    for (n, of_one) in heard.iter().enumerate() {
        assert!(*of_one == heard[0], "member{n} has not heard what member0 has");
    }
    let numbers: Vec<u64> = heard[0].keys().copied().collect();
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "a number is missing");
    eprintln!("SIGTERM under load: {} messages, {took:?}", heard[0].len());
    assert!(!is_full() || took < Duration::from_secs(5), "{took:?}");
}

/// One of chaty's own clients, over all lives of the server: what it was told, in order.
#[derive(Debug, Default)]
struct Told {
    /// Who said what, and its number.
    chats: Vec<(String, String, u64)>,
    acks: BTreeMap<String, u64>,
    times_online: usize,
}

/// Says `count` messages and hears those of `others`, through whatever happens to the server.
async fn lives_through(
    addr: String,
    nick: String,
    count: usize,
    others: usize,
    all_are_there: Arc<Barrier>,
) -> Told {
    let tracker = TaskTracker::new();
    let options = client::Options {
        server: addr,
        nick: Nick::parse(nick.as_bytes()).unwrap(),
        kind: Kind::User,
        rooms: Vec::new(),
        after: None,
        retry: Retry::AfterFirst,
    };
    let (handle, mut events) = client::connect(options, &tracker, CancellationToken::new());
    let mut told = Told::default();
    let mut heard = std::collections::HashSet::new();
    let mut said = 0;
    let all = count * others;
    while told.acks.len() < count || heard.len() < all {
        let event = tokio::select! {
            biased;
            event = timeout(2 * DEADLINE, events.recv()) => match event {
                Ok(event) => event.expect("the client ended"),
                Err(tokio::time::error::Elapsed { .. }) => panic!(
                    "{nick} said {said}, was acknowledged {} and heard {} of {all}; online {} times",
                    told.acks.len(),
                    heard.len(),
                    told.times_online
                ),
            },
            _id = handle.say(Say { text: format!("{nick}/{said}"), ..Say::default() }),
                if said < count && told.times_online > 0 => {
                said += 1;
                continue;
            }
        };
        match event {
            Event::Online { first, .. } => {
                told.times_online += 1;
                if first {
                    // Nobody speaks before everybody is there to hear it.
                    all_are_there.wait().await;
                }
            }
            Event::Server(ServerEvent::Chat(chat)) => {
                heard.insert(chat.text.to_string());
                told.chats.push((chat.from.to_string(), chat.text.to_string(), chat.seq));
            }
            Event::Server(ServerEvent::Ack(ack)) => {
                let again = told.acks.insert(ack.id.unwrap().to_string(), ack.seq.unwrap());
                assert_eq!(again, None, "{nick} was acknowledged twice");
            }
            Event::Closed { why } => panic!("{nick} gave up: {why:?}"),
            _ => {}
        }
    }
    told
}

/// Three restarts under load, one of them with no warning. What is said is said once, in one order,
/// to everybody; but what the dead server had told and not yet acknowledged is said again, with a
/// greater number.
#[test]
fn three_restarts_under_load_lose_nothing_and_double_nothing() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("h.db");
    let config = format!("{}[history]\nsync = \"full\"\n", super::UNLIMITED);
    let start = |listen: &str| {
        serve(&Start { config: &config, history: Some(&file), listen, ..Start::default() })
    };
    let mut server = start("127.0.0.1:0");
    let addr = server.addr().to_string();
    let (members, count) = (size(4, 20), size(300, 3000));
    let all_are_there = Arc::new(Barrier::new(members));
    let clients = thread::spawn({
        let addr = addr.clone();
        move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut living = JoinSet::new();
                for n in 0..members {
                    let nick = format!("member{n}");
                    let there = all_are_there.clone();
                    living.spawn(lives_through(addr.clone(), nick, count, members - 1, there));
                }
                let all = async {
                    let mut told = Vec::new();
                    while let Some(one) = living.join_next().await {
                        told.push(one.unwrap());
                    }
                    told
                };
                timeout(6 * DEADLINE, all).await.expect("not everything was said in time")
            })
        }
    });
    for is_killed in [false, true, false] {
        // In the middle of things.
        let watcher = server.hello(&json!({"v": 1, "nick": "watcher", "kind": "script"}));
        wait_for_chats(watcher, members * count / 8);
        if is_killed {
            server.dies();
        } else {
            server.terminate();
            assert!(server.ends().success());
        }
        server = start(&addr);
    }
    let told = clients.join().unwrap();

    // Everything that anybody was told: one place for each number.
    let mut by_seq: BTreeMap<u64, &str> = BTreeMap::new();
    for chat in told.iter().flat_map(|told| &told.chats) {
        let same = *by_seq.entry(chat.2).or_insert(&chat.1);
        assert_eq!(same, chat.1, "two messages have number {}", chat.2);
    }
    // After a crash the numbers go on 2^20 behind the last on the disk; some hundreds may have been told.
    let (mut doubled, jump) = (0, 1 << 19);
    for one in &told {
        assert!(one.times_online > 1, "nothing was restarted under load");
        assert!(one.chats.windows(2).all(|pair| pair[0].2 < pair[1].2), "in order");
        let mut first: BTreeMap<&str, u64> = BTreeMap::new();
        for (_, text, seq) in &one.chats {
            if let Some(before) = first.insert(text, *seq) {
                doubled += 1;
                assert!(seq - before >= jump, "{text} was said twice: {before} and {seq}");
            }
        }
        assert_eq!(first.len(), (members - 1) * count, "everything was heard");
        for (id, seq) in &one.acks {
            assert!(by_seq.contains_key(seq), "{id} was acknowledged as {seq} and never heard");
        }
    }
    eprintln!("3 restarts: {} messages, {doubled} heard again after the kill", by_seq.len());
}

/// Reads until so many messages have come.
#[track_caller]
fn wait_for_chats(mut watcher: Native, count: usize) {
    let mut heard = 0;
    while heard < count {
        heard += usize::from(watcher.next_event().get("chat").is_some());
    }
}

/// A machine that sleeps, or a process that is stopped: the time it was away is nobody's silence.
#[test]
fn a_server_that_was_stopped_for_a_while_drops_nobody() {
    let mut server = serve_with("[limits]\nping = \"400ms\"\nping_dead = \"1s\"\n");
    let (mut neo, mut trin) = (server.native("Neo"), server.line("Trin"));
    neo.hears_of("join", "Trin");
    server.signal("STOP");
    thread::park_timeout(Duration::from_millis(1500));
    server.signal("CONT");
    server.console("say back");
    loop {
        let event = neo.next_event();
        if event.get("ping").is_some() {
            neo.sends(&json!({"pong": {}}));
        } else {
            assert_eq!(event["chat"]["text"], "back", "{event}");
            break;
        }
    }
    trin.hears("Server: back");
    // It is still there, and answers.
    neo.says("hi");
    while neo.next_event().get("ack").is_none() {}
    trin.hears("Neo: hi");
}
