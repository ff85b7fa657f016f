//! The server is killed at random moments under load, again and again, in one history. Whoever was
//! there comes back, resumes, and sends again what was not acknowledged. In the end the file, and
//! what everybody has heard, have to tell the same story.

use crate::cli::program::{chaty, private_dir};
use crate::support::{DEADLINE, Server};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Messages a speaker has on their way at a time.
const UNDER_WAY: usize = 16;
/// With `sync = normal`, what was acknowledged so long before the end is in the file. Said to be
/// 50 ms; a machine that is busy with other tests may take its time to begin with a commit.
const WINDOW: Duration = Duration::from_millis(250);

/// Somebody who talks as fast as it is answered, through all the deaths of the server.
#[derive(Debug)]
struct Speaker {
    nick: &'static str,
    epoch: Option<String>,
    /// The last number it knows of.
    last: u64,
    said: u64,
    under_way: VecDeque<String>,
    acked: HashMap<String, Acked>,
    /// What it heard, by number; its own coming and its acks are in it.
    heard: BTreeMap<u64, String>,
    /// Numbers it was told are not to be had.
    gaps: Vec<(u64, u64)>,
}

/// The place a message was given, in which life of the server, and when it was said: it was
/// acknowledged after that.
#[derive(Debug)]
struct Acked {
    seq: u64,
    said_at: SystemTime,
    round: usize,
}

impl Speaker {
    fn new(nick: &'static str) -> Self {
        Self {
            nick,
            epoch: None,
            last: 0,
            said: 0,
            under_way: VecDeque::new(),
            acked: HashMap::new(),
            heard: BTreeMap::new(),
            gaps: Vec::new(),
        }
    }

    /// Talks until the server is gone.
    fn talk(&mut self, addr: SocketAddr, round: usize) {
        let Ok(mut stream) = TcpStream::connect(addr) else { return };
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let token = format!("token of {}", self.nick);
        let mut hello = json!({"v": 1, "nick": self.nick, "token": token});
        if let Some(epoch) = &self.epoch {
            hello["resume"] = json!({"epoch": epoch, "after": {"#lobby": self.last}});
        }
        if writeln!(stream, "{}", json!({"hello": hello})).is_err() {
            return;
        }
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let mut events = std::iter::from_fn(move || {
            lines.by_ref().map_while(Result::ok).find(|line| line.starts_with('{'))
        })
        // The server may die in the middle of a line.
        .map_while(|line| serde_json::from_str::<Value>(&line).ok());
        let Some(welcome) = events.next() else { return };
        let welcome = &welcome["welcome"];
        let epoch = welcome["epoch"].as_str().expect("a welcome").to_owned();
        assert_eq!(*self.epoch.get_or_insert(epoch.clone()), epoch);
        let mut joined = welcome["rooms"][0]["seq"].as_u64();
        assert!(joined.unwrap() > self.last, "{} knows of {}", self.nick, self.last);

        let again: Vec<String> = self.under_way.iter().cloned().collect();
        let mut waits = again.len();
        for text in &again {
            if Self::send(&mut stream, text).is_err() {
                return;
            }
        }
        loop {
            while waits < UNDER_WAY {
                self.said += 1;
                let text = format!("{} says {}", self.nick, self.said);
                self.under_way.push_back(text.clone());
                waits += 1;
                if Self::send(&mut stream, &text).is_err() {
                    return;
                }
            }
            let Some(event) = events.next() else { return };
            let (name, entry) = event.as_object().unwrap().iter().next().unwrap();
            let seq = entry["seq"].as_u64().unwrap_or_default();
            if let Some(own) = joined.filter(|own| seq > *own) {
                self.hears(own, format!("join {}", self.nick));
                joined = None;
            }
            match name.as_str() {
                "ack" => {
                    waits -= 1;
                    let text = entry["id"].as_str().unwrap().to_owned();
                    let at = self.under_way.iter().position(|under_way| *under_way == text);
                    self.under_way.remove(at.expect("an ack for what is under way"));
                    if entry["duplicate"] != true {
                        self.hears(seq, format!("chat {} {text}", self.nick));
                    }
                    let said_at = UNIX_EPOCH + Duration::from_millis(entry["at"].as_u64().unwrap());
                    self.acked.insert(text, Acked { seq, said_at, round });
                }
                "gap" => {
                    let (after, before) = (entry["after"].as_u64(), entry["before"].as_u64());
                    self.gaps.push((after.unwrap(), before.unwrap()));
                }
                "chat" | "join" | "leave" => self.hears(seq, gist(name, entry)),
                other => assert!(["ping", "notice"].contains(&other), "{event}"),
            }
        }
    }

    fn send(stream: &mut TcpStream, text: &str) -> std::io::Result<()> {
        let say = json!({"say": {"id": text, "text": text}});
        stream.write_all(format!("{say}\n").as_bytes())
    }

    fn hears(&mut self, seq: u64, gist: String) {
        assert!(seq > self.last, "{} hears {seq} {gist} after {}", self.nick, self.last);
        self.last = seq;
        self.heard.insert(seq, gist);
    }
}

/// What happened, in words.
fn gist(name: &str, entry: &Value) -> String {
    match name {
        "chat" => {
            format!("chat {} {}", entry["from"].as_str().unwrap(), entry["text"].as_str().unwrap())
        }
        _ => format!("{name} {}", entry["who"].as_str().unwrap()),
    }
}

/// Everything that is in the file.
#[track_caller]
fn exported(home: &Path, file: &Path) -> BTreeMap<u64, String> {
    let export = chaty(home).args(["history", "export", "--history"]).arg(file).output().unwrap();
    assert!(export.status.success(), "{export:?}");
    let mut all = BTreeMap::new();
    for line in String::from_utf8(export.stdout).unwrap().lines() {
        let event: Value = serde_json::from_str(line).unwrap();
        let (name, entry) = event.as_object().unwrap().iter().next().unwrap();
        let before = all.insert(entry["seq"].as_u64().unwrap(), gist(name, entry));
        assert_eq!(before, None, "{line}");
    }
    all
}

/// A few in every run of the tests; `CHATY_KILLS=200` for as many as were asked for.
fn kills() -> usize {
    std::env::var("CHATY_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(6)
}

#[test]
fn nothing_acknowledged_is_lost_and_no_number_is_used_again() {
    let home = private_dir();
    let file = home.path().join("kept/h.db");
    let mut speakers = ["Neo", "Trinity", "Morpheus"].map(Speaker::new);
    // When each server died, and whether it had to have everything on the disk by then.
    let mut deaths = Vec::new();
    for round in 0..kills() {
        let full = round % 2 == 0;
        let config = format!("[history]\nsync = '{}'\n", if full { "full" } else { "normal" });
        let server = Server::recording(&config, &file);
        let addr = server.addr();
        let (_tell, told) = channel::<()>();
        thread::scope(|scope| {
            for speaker in &mut speakers {
                scope.spawn(|| speaker.talk(addr, round));
            }
            // Nobody tells: this is how long it lives.
            let life = Duration::from_millis(rand::random_range(5..300));
            let _nobody = told.recv_timeout(life);
            deaths.push((SystemTime::now(), full));
            server.dies();
        });
    }
    let mut server = Server::recording("", &file);
    let watcher = server.native("Watcher");
    drop(watcher);
    server.terminate();
    assert!(server.ends().success());

    let kept = exported(home.path(), &file);
    let mut by_text = HashMap::new();
    for (seq, gist) in kept.iter().filter(|(_, gist)| gist.starts_with("chat ")) {
        let twice = by_text.insert(gist.as_str(), *seq);
        assert_eq!(twice, None, "{gist} was said once");
    }
    let mut told: BTreeMap<u64, &str> =
        kept.iter().map(|(seq, gist)| (*seq, gist.as_str())).collect();
    let (mut acked, mut lost, mut oldest) = (0, 0, Duration::ZERO);
    for speaker in &speakers {
        let nick = speaker.nick;
        for (seq, gist) in &speaker.heard {
            let same = *told.entry(*seq).or_insert(gist);
            assert_eq!(same, gist, "{seq}, as {nick} heard it");
        }
        for (text, Acked { seq, said_at, round }) in &speaker.acked {
            acked += 1;
            if by_text.get(format!("chat {nick} {text}").as_str()) == Some(seq) {
                continue;
            }
            let (death, full) = deaths[*round];
            let age = death.duration_since(*said_at).unwrap_or_default();
            assert!(!full, "{text} was acknowledged as {seq}, and was to be on the disk");
            assert!(age < WINDOW, "{text} was said {age:?} before the end");
            (lost, oldest) = (lost + 1, oldest.max(age));
        }
        let Some((first, _)) = speaker.heard.first_key_value() else {
            continue;
        };
        for (seq, gist) in kept.range(first..=&speaker.last) {
            let is_told = speaker.gaps.iter().any(|(after, before)| after < seq && seq < before);
            // Its own coming is in the welcome, if there was time for one.
            let own = *gist == format!("join {nick}") || gist.starts_with(&format!("chat {nick} "));
            assert!(
                speaker.heard.contains_key(seq) || is_told || own,
                "{nick} never heard {seq} {gist}"
            );
        }
    }
    assert!(acked > 0, "nobody was heard");
    eprintln!(
        "{} kills: {acked} acknowledged, {lost} lost, the oldest {oldest:?} before the end",
        deaths.len()
    );
}
