//! Random joins, cuts, restarts and resumes against a model that knows what each client must have
//! seen: everything since it first came into a room, once each and in order, whatever happened to
//! its connections and to the server in between.

use crate::support::{Native, Server};
use proptest::prelude::{Just, Strategy, any, prop_oneof, proptest};
use proptest::test_runner::Config;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const CLIENTS: usize = 3;
const ROOMS: [&str; 2] = ["#lobby", "#ops"];

#[derive(Debug, Clone)]
enum Step {
    /// Comes, or comes back.
    Connect(usize),
    Cut(usize),
    /// Into the second room.
    Enter(usize),
    /// So many messages, into a room it is in.
    Say(usize, bool, usize),
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let client = 0..CLIENTS;
    prop_oneof![
        3 => client.clone().prop_map(Step::Connect),
        2 => client.clone().prop_map(Step::Cut),
        1 => client.clone().prop_map(Step::Enter),
        // Now and then more than the memory retains.
        5 => (client.clone(), any::<bool>(), 1_usize..40).prop_map(|(c, room, n)| Step::Say(c, room, n)),
        1 => (client, any::<bool>()).prop_map(|(c, room)| Step::Say(c, room, 900)),
        1 => Just(Step::Restart),
    ]
}

/// One client over all its connections.
#[derive(Default)]
struct Client {
    link: Option<Native>,
    epoch: Option<String>,
    /// The rooms it is in, with the last entry it has seen.
    places: BTreeMap<String, u64>,
    /// Where each room began for it.
    first: BTreeMap<String, u64>,
    /// What it saw, in the order it saw it.
    seen: BTreeMap<String, Vec<(u64, String)>>,
    /// Its own comings, which it is told of only by a later resume, if it saw nothing behind them.
    joins: BTreeSet<(String, u64)>,
    fences: u32,
}

/// What an entry is about, in a word.
fn gist(event: &Value) -> Option<(String, u64, String)> {
    let (name, entry) = event.as_object()?.iter().next()?;
    let what = match name.as_str() {
        "chat" | "ack" => entry["text"].as_str().unwrap_or_default().to_owned(),
        "join" | "leave" => format!("{name} {}", entry["who"]),
        _ => return None,
    };
    Some((entry["room"].as_str()?.to_owned(), entry["seq"].as_u64()?, what))
}

impl Client {
    fn connect(&mut self, server: &Server, me: usize) {
        if self.link.is_some() {
            return;
        }
        let after = self.places.get(ROOMS[0]);
        let resume = after.map(|after| json!({"epoch": self.epoch, "after": {ROOMS[0]: after}}));
        let mut hello = json!({"v": 1, "nick": format!("c{me}"), "token": format!("secret {me}")});
        if let Some(resume) = resume {
            hello["resume"] = resume;
        }
        let link = server.hello(&hello);
        let state = link.welcome["rooms"][0].clone();
        assert!(self.epoch.as_ref().is_none_or(|epoch| *epoch == link.epoch()));
        self.epoch = Some(link.epoch());
        self.link = Some(link);
        self.came(&state);
        if let Some(&after) = self.places.get(ROOMS[1]) {
            self.enter(Some(after));
        }
        self.fence();
    }

    fn enter(&mut self, after: Option<u64>) {
        let Some(link) = &mut self.link else { return };
        if after.is_none() && self.places.contains_key(ROOMS[1]) {
            return;
        }
        link.sends(&json!({"join": {"id": "j", "room": ROOMS[1], "after": after}}));
        self.read_until(|event| event.get("entered").is_some());
    }

    /// In a room, whose last entry is its own coming.
    fn came(&mut self, state: &Value) {
        let (room, seq) = (state["room"].as_str().unwrap(), state["seq"].as_u64().unwrap());
        self.joins.insert((room.to_owned(), seq));
        self.first.entry(room.to_owned()).or_insert(seq);
        self.places.entry(room.to_owned()).or_insert(seq);
    }

    fn say(&mut self, room: &str, count: usize, text: &str) {
        if !self.places.contains_key(room) {
            return;
        }
        let Some(link) = &mut self.link else { return };
        let mut lines = String::new();
        for n in 0..count {
            let say = json!({"say": {"id": format!("{text}.{n}"), "room": room, "text": format!("{text}.{n}")}});
            lines.extend([say.to_string(), "\n".into()]);
        }
        link.wire.sends(lines);
        for _ in 0..count {
            self.read_until(|event| event.get("ack").is_some());
        }
    }

    /// Reads all that is there.
    fn fence(&mut self) {
        let Some(link) = &mut self.link else { return };
        self.fences += 1;
        let id = format!("fence {}", self.fences);
        link.sends(&json!({"ping": {"id": id}}));
        self.read_until(|event| event["pong"]["id"] == id.as_str());
    }

    fn read_until(&mut self, is_last: impl Fn(&Value) -> bool) {
        loop {
            let mut event = self.link.as_mut().unwrap().next_event();
            assert!(
                ["refused", "gap", "bye"].iter().all(|end| event.get(end).is_none()),
                "{event}"
            );
            if let Some(state) = event.get("entered").cloned() {
                self.came(&state);
            }
            let last = is_last(&event);
            if let Some(ack) = event.get_mut("ack") {
                ack["text"] = ack["id"].clone();
            }
            if let Some((room, seq, what)) = gist(&event) {
                self.places.insert(room.clone(), seq);
                self.seen.entry(room).or_default().push((seq, what));
            }
            if last {
                return;
            }
        }
    }
}

/// Everything that is kept of a room.
fn truth(server: &Server, room: &str) -> BTreeMap<u64, String> {
    let mut reader = Client::default();
    let hello = json!({"v": 1, "nick": format!("reader-{}", &room[1..]), "kind": "script", "room": room, "resume": {"after": {room: 0}}});
    reader.link = Some(server.hello(&hello));
    reader.fence();
    reader.seen.remove(room).unwrap_or_default().into_iter().collect()
}

fn run(steps: &[Step]) {
    let kept = tempfile::tempdir().unwrap();
    let serve = || {
        let config = "[limits]\nretained_bytes = \"256KiB\"\n";
        Server::recording(config, &kept.path().join("history.db"))
    };
    let mut server = serve();
    let mut clients: Vec<Client> = (0..CLIENTS).map(|_| Client::default()).collect();
    for (number, step) in steps.iter().enumerate() {
        match *step {
            Step::Connect(me) => clients[me].connect(&server, me),
            Step::Cut(me) => clients[me].link = None,
            Step::Enter(me) => clients[me].enter(None),
            Step::Say(me, other, count) => {
                clients[me].say(ROOMS[usize::from(other)], count, &format!("{me}-{number}"));
            }
            Step::Restart => {
                for client in &mut clients {
                    client.link = None;
                }
                server.terminate();
                assert!(server.ends().success());
                server = serve();
            }
        }
    }
    for (me, client) in clients.iter_mut().enumerate() {
        client.connect(&server, me);
    }
    clients.iter_mut().for_each(Client::fence);
    for room in ROOMS {
        let truth = truth(&server, room);
        for (me, client) in clients.iter().enumerate() {
            let Some(&first) = client.first.get(room) else { continue };
            let last = client.places[room];
            let is_told = |seq: &u64| !client.joins.contains(&(room.to_owned(), *seq));
            let expected: Vec<(u64, String)> = truth
                .range(..=last)
                .filter(|(seq, _)| **seq > first && is_told(seq))
                .map(|(seq, what)| (*seq, what.clone()))
                .collect();
            let mut seen = client.seen.get(room).cloned().unwrap_or_default();
            seen.retain(|(seq, _)| is_told(seq));
            assert_eq!(seen, expected, "client {me} in {room}");
        }
        let numbers: Vec<u64> = truth.keys().copied().collect();
        let all: Vec<u64> = (1..=numbers.len() as u64).collect();
        assert_eq!(numbers, all, "clean restarts leave out no number");
    }
}

proptest! {
    #![proptest_config(Config { cases: cases(), max_shrink_iters: 40, ..Config::default() })]

    #[test]
    fn everybody_sees_everything_once_and_in_order(steps in proptest::collection::vec(step(), 1..24)) {
        run(&steps);
    }
}

/// A few in every run of the tests; `CHATY_MODEL_CASES` for more, as `just model` asks for.
fn cases() -> u32 {
    std::env::var("CHATY_MODEL_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(12)
}
