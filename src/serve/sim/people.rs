//! The people of a world: what a client does by itself. It comes, says who it is and where it left
//! off, sends again what has no ack, answers pings, and, if it is an echo, everything else.

use super::plan::{ROOMS, Sketch, Speaks};
use super::view::{Ask, View};
use super::violation::{ANSWERS, Violation, found};
use super::wire::End;
use super::world::World;
use crate::wire::native::{self, ClientEvent, Hello, JoinRoom, Ping, Resume, Say, Welcome};
use std::collections::{BTreeMap, VecDeque};

#[derive(Debug)]
pub(super) struct Person {
    pub(super) sketch: Sketch,
    pub(super) link: Option<usize>,
    epoch: Option<String>,
    /// Where it was, and how far it had read there.
    places: BTreeMap<String, u64>,
    /// What it said and has no answer yet.
    pub(super) unacked: VecDeque<(String, String, String)>,
    number: u64,
}

impl Person {
    pub(super) fn new(sketch: Sketch) -> Self {
        Self {
            sketch,
            link: None,
            epoch: None,
            places: BTreeMap::new(),
            unacked: VecDeque::new(),
            number: 0,
        }
    }

    pub(super) fn token(who: usize) -> String {
        format!("secret {who}")
    }

    pub(super) fn numbered(&mut self, letter: char, who: usize) -> String {
        self.number += 1;
        format!("{letter}{who}.{}", self.number)
    }
}

impl World {
    /// The connection somebody speaks on, if it is let in.
    pub(super) fn linked(&self, who: usize) -> Option<usize> {
        self.people[who].link.filter(|link| self.links[*link].is_in())
    }

    /// Comes, or comes back; who has a token may do so while its last connection still stands.
    pub(super) fn connect(&mut self, who: usize, name: usize) {
        let crowd = self.plan.limits.crowd;
        let person = &self.people[who];
        let Sketch { kind, speaks, has_token, .. } = person.sketch;
        let nick = person.sketch.names[name].clone();
        if person.link.is_some_and(|link| !has_token || !self.links[link].view.is_in) {
            return;
        }
        self.remembers(who);
        let Some(at) = self.dial(who, View::new(&nick, kind, crowd)) else { return };
        let person = &mut self.people[who];
        person.link = Some(at);
        let hello = match speaks {
            Speaks::Line => format!("{nick}\n").into_bytes(),
            Speaks::Raw => nick.into_bytes(),
            Speaks::Native => {
                let after = person.places.get(ROOMS[0]).copied();
                // Who watches wants all that there is.
                let after = after.or(person.is_watch().then_some(0));
                self.links[at].after =
                    after.map(|after| (person.epoch.clone().unwrap_or_default(), after));
                let resume = after.map(|after| Resume {
                    epoch: person.epoch.clone(),
                    after: BTreeMap::from([(ROOMS[0].to_owned(), after)]),
                });
                self.counts.resumes += u64::from(resume.is_some());
                let token = has_token.then(|| Person::token(who));
                let (v, client, room) = (native::VERSION, None, None);
                line(&ClientEvent::Hello(Hello { v, nick, kind, client, token, room, resume }))
            }
        };
        self.send(at, hello);
    }

    /// Notes how far the connection had read before it is given up.
    pub(super) fn remembers(&mut self, who: usize) {
        let person = &mut self.people[who];
        let Some(link) = person.link.take().map(|link| &self.links[link]) else { return };
        if link.view.is_in {
            (person.places, person.epoch) = (link.view.places(), Some(link.view.epoch.clone()));
        }
    }

    /// Ends its connection, from its side.
    pub(super) fn cut(&mut self, who: usize, end: End) {
        self.remembers_and(who, |world, at| {
            world.counts.cuts += 1;
            let link = &mut world.links[at];
            link.has_quit = true;
            link.is_closed = end != End::Half;
            if end == End::Reset {
                link.up.clear();
                link.wire.end(End::Reset);
                link.wire.lose();
            } else {
                world.send_end(at, end);
            }
        });
    }

    pub(super) fn remembers_and(&mut self, who: usize, then: impl FnOnce(&mut Self, usize)) {
        if let Some(at) = self.people[who].link {
            self.remembers(who);
            then(self, at);
        }
    }

    /// Sends an event of a client.
    pub(super) fn tell(&mut self, at: usize, event: &ClientEvent) {
        self.send(at, line(event));
    }

    /// Says so many things in one go.
    pub(super) fn say(&mut self, who: usize, count: usize, length: usize, room: usize) {
        let Some(at) = self.linked(who) else { return };
        let mut bytes = Vec::new();
        for _ in 0..count {
            let id = self.people[who].numbered('m', who);
            let text = format!("<{id}>{}", "x".repeat(length));
            self.counts.messages += 1;
            let now = self.now();
            if count == 1 && self.links[at].is_well(now) {
                self.said.insert(text.clone(), (now, at));
            }
            match self.links[at].speaks {
                Speaks::Line => bytes.extend(format!("{text}\n").into_bytes()),
                Speaks::Raw => {
                    bytes.extend(format!("{}: {text}", self.links[at].view.nick).into_bytes());
                }
                Speaks::Native => {
                    let places = self.links[at].view.places();
                    let room = Some(ROOMS[room]).filter(|room| places.contains_key(*room));
                    let room = room.or(places.keys().next().map(|room| &**room));
                    let room = room.unwrap_or(ROOMS[0]).to_owned();
                    bytes.extend(self.says(who, at, id, text, room, None));
                }
            }
        }
        self.send(at, bytes);
    }

    pub(super) fn says(
        &mut self,
        who: usize,
        at: usize,
        id: String,
        text: String,
        room: String,
        cause: Option<u64>,
    ) -> Vec<u8> {
        let say = Say {
            id: Some(id.clone()),
            room: Some(room.clone()),
            text: text.clone(),
            emote: false,
            cause,
            handler: None,
        };
        self.people[who].unacked.push_back((id.clone(), text.clone(), room));
        self.links[at].view.asked.push_back(Ask::Say { id, text });
        line(&ClientEvent::Say(say))
    }

    pub(super) fn welcomed(&mut self, at: usize, welcome: &Welcome<'_>) -> Result<(), Violation> {
        let link = &mut self.links[at];
        let (who, epoch) = (link.who, welcome.epoch.to_string());
        let after = link.after.clone();
        let after = after.map(|(of, after)| if of == epoch { after } else { 0 });
        let Some(state) = welcome.rooms.first() else {
            return found(ANSWERS, "a welcome to nowhere");
        };
        link.view.welcomed(&epoch, state, after)?;
        if self.people[who].link != Some(at) {
            return Ok(());
        }
        let person = &mut self.people[who];
        let is_same = person.epoch.as_ref() == Some(&epoch);
        let mut places = person.places.clone();
        if person.is_watch() {
            for room in ROOMS {
                places.entry(room.to_owned()).or_default();
            }
        }
        let mut unacked = std::mem::take(&mut person.unacked);
        if !person.sketch.has_token {
            unacked.clear();
        }
        person.epoch = Some(epoch);
        for (room, after) in places.iter().filter(|(room, _)| *room != ROOMS[0]) {
            let after = Some(if is_same { *after } else { 0 });
            self.enters(at, room, after);
        }
        for (id, text, room) in unacked {
            self.said.remove(&text);
            let bytes = self.says(who, at, id, text, room, None);
            self.send(at, bytes);
        }
        Ok(())
    }

    pub(super) fn enters(&mut self, at: usize, room: &str, after: Option<u64>) {
        let who = self.links[at].who;
        let id = self.people[who].numbered('j', who);
        self.links[at].view.asked.push_back(Ask::Join { id: id.clone(), after });
        self.tell(at, &ClientEvent::Join(JoinRoom { id: Some(id), room: room.into(), after }));
    }

    pub(super) fn ping(&mut self, at: usize) {
        let who = self.links[at].who;
        let id = self.people[who].numbered('p', who);
        self.links[at].view.asked.push_back(Ask::Ping { id: id.clone() });
        self.tell(at, &ClientEvent::Ping(Ping { id: Some(id) }));
    }
}

fn line(event: &ClientEvent) -> Vec<u8> {
    let mut bytes = Vec::new();
    native::put(event, &mut bytes);
    bytes
}
