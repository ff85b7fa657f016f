//! The people of a world: what a client does by itself. It comes, says who it is and where it left
//! off, sends again what has no ack, answers pings, and, if it is an echo, everything else.

use super::link::Link;
use super::plan::{Act, ROOMS, Sketch, Speaks};
use super::view::{Ask, View, entry};
use super::violation::{ANSWERS, PROMPT, REASON, Violation, found};
use super::wire::End;
use super::world::World;
use super::{heard, truth};
use crate::wire::limits;
use crate::wire::native::{
    self, Chat, ClientEvent, Decoded, Hello, JoinRoom, Ping, Resume, Say, ServerEvent, Welcome,
};
use std::collections::{BTreeMap, VecDeque};

/// Later than this is late, for a message between two whom nothing troubles: the worst that
/// their bytes and a queue of single requests take, and less than any deadline.
const PROMPTLY: u64 = 2500;

#[derive(Debug)]
pub(super) struct Person {
    pub(super) sketch: Sketch,
    pub(super) link: Option<usize>,
    epoch: Option<String>,
    /// Where it was, and how far it had read there.
    places: BTreeMap<String, u64>,
    /// What it said and has no answer yet.
    unacked: VecDeque<(String, String, String)>,
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
    fn remembers(&mut self, who: usize) {
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

    fn says(
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

    /// Bytes have come: takes what is whole.
    pub(super) fn read(&mut self, at: usize) -> Result<(), Violation> {
        let link = &mut self.links[at];
        if link.drips.is_some() {
            link.buffer.clear();
            return Ok(());
        }
        if link.speaks == Speaks::Raw {
            heard::raw(link);
            self.gives_up(at);
            return Ok(());
        }
        while let Some(end) = self.links[at].buffer.iter().position(|byte| *byte == b'\n') {
            let rest = self.links[at].buffer.split_off(end + 1);
            let mut line = std::mem::replace(&mut self.links[at].buffer, rest);
            line.pop();
            if self.links[at].speaks == Speaks::Line {
                self.reads_text(at, &line)?;
            } else if line != b"NICK" {
                match native::decode_server(&line) {
                    Ok(Decoded::Event(event)) => self.comes(at, event)?,
                    other => {
                        let line = String::from_utf8_lossy(&line).into_owned();
                        return found(ANSWERS, format!("{line} is no event: {other:?}"));
                    }
                }
            }
            if self.links[at].is_closed {
                break;
            }
        }
        Ok(())
    }

    fn reads_text(&mut self, at: usize, line: &[u8]) -> Result<(), Violation> {
        let text = String::from_utf8_lossy(line).into_owned();
        let link = &mut self.links[at];
        if let Some(whisper) = heard::text(link, &text)? {
            self.truth.whispered(&whisper)?;
        }
        self.gives_up(at);
        Ok(())
    }

    /// A client whose name is refused goes away.
    fn gives_up(&mut self, at: usize) {
        let link = &self.links[at];
        let who = link.who;
        if link.is_closed && self.people[who].link == Some(at) {
            self.people[who].link = None;
            self.send_end(at, End::Closed);
        }
    }

    /// An event on its way to the checkers.
    fn comes(&mut self, at: usize, event: ServerEvent<'static>) -> Result<(), Violation> {
        let is_resuming = self.links[at].after.is_some()
            && entry(&event).is_some_and(|(room, seq)| !self.links[at].view.is_news(room, seq));
        let (events, leaks) = self.tap.passes(at, is_resuming, event);
        for event in events {
            if leaks {
                let is_other = |link: &&Link| {
                    link.who != self.links[at].who && link.is_in() && link.speaks == Speaks::Native
                };
                if let Some(other) = self.links.iter().position(|link| is_other(&link)) {
                    self.told(other, event.clone())?;
                }
            }
            self.told(at, event)?;
        }
        Ok(())
    }

    fn told(&mut self, at: usize, event: ServerEvent<'static>) -> Result<(), Violation> {
        self.counts.events += 1;
        let now = self.now();
        let link = &mut self.links[at];
        let who = link.who;
        match &event {
            ServerEvent::Welcome(welcome) => return self.welcomed(at, welcome),
            ServerEvent::Refused(_) | ServerEvent::Bye(_) if !link.view.is_in => {
                link.is_closed = true;
                self.gives_up(at);
                return Ok(());
            }
            _ => {}
        }
        let placed = link.view.takes(&event)?;
        let epoch = link.view.epoch.clone();
        let is_news = entry(&event).is_some_and(|(room, seq)| link.view.is_news(room, seq));
        self.truth.saw(&epoch, at, &event, is_news)?;
        if let Some(placed) = placed {
            self.people[who].unacked.retain(|(_, text, _)| *text != placed.text);
            self.truth.placed(&epoch, at, placed)?;
        }
        match event {
            ServerEvent::Chat(chat) if is_news => {
                self.is_prompt(at, &chat)?;
                self.echo(who, at, &chat);
            }
            ServerEvent::Refused(refused) => {
                let re = refused.re.as_deref();
                self.people[who].unacked.retain(|(id, ..)| re != Some(id.as_str()));
            }
            ServerEvent::Roster(roster) => truth::roster(&roster, &self.links[at].view.nick)?,
            ServerEvent::History(history) => {
                for event in history.events {
                    self.truth.saw(&epoch, at, &event, false)?;
                }
            }
            ServerEvent::Whisper(whisper) => {
                let to = whisper.text.split(" to ").nth(1).unwrap_or_default();
                self.links[at].view.whispered(to)?;
                self.truth.whispered(&whisper.text)?;
            }
            ServerEvent::Gap(gap) if gap.before > gap.after + 1 => self.counts.gaps += 1,
            ServerEvent::Ping(ping) => self.tell(at, &ClientEvent::Pong(ping)),
            ServerEvent::Bye(bye) => self.explains(at, &bye.code, now)?,
            _ => {}
        }
        Ok(())
    }

    fn welcomed(&mut self, at: usize, welcome: &Welcome<'_>) -> Result<(), Violation> {
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

    /// What was said by somebody whom nothing troubles is there at once for who is as well.
    fn is_prompt(&mut self, at: usize, chat: &Chat<'_>) -> Result<(), Violation> {
        let now = self.now();
        let Some((sent, by)) = self.said.get(&*chat.text).copied() else { return Ok(()) };
        let is_well = self.links[at].is_prompt(sent) && self.links[by].is_prompt(sent);
        if !is_well || now <= sent + PROMPTLY {
            return Ok(());
        }
        let (nick, late) = (&self.links[at].view.nick, now - sent);
        found(PROMPT, format!("{nick} hears {} after {late} ms", chat.text))
    }

    /// A bot answers whatever it hears, to the last hop.
    fn echo(&mut self, who: usize, at: usize, chat: &Chat<'_>) {
        if !self.people[who].sketch.echoes || chat.hops >= limits::HOPS || !self.links[at].is_in() {
            return;
        }
        let id = self.people[who].numbered('m', who);
        let text = format!("<{id}>echo");
        let bytes = self.says(who, at, id, text, chat.room.to_string(), Some(chat.seq));
        self.counts.messages += 1;
        self.send(at, bytes);
    }

    /// Whether something that happened is a reason for this goodbye.
    fn explains(&mut self, at: usize, code: &str, now: u64) -> Result<(), Violation> {
        let link = &self.links[at];
        // Only what is retained can be waited for, and a little is gone at once.
        let retains_little = self.plan.limits.retained_bytes < 1024 * 1024;
        let is_troubled = !link.is_well(now.saturating_sub(120_000));
        let came_again =
            self.links.iter().any(|other| other.who == link.who && other.born > link.born);
        let acts = |wanted: fn(&Act) -> bool| self.plan.steps.iter().any(|step| wanted(&step.act));
        let is_explained = match code {
            "quit" => link.has_quit,
            "kicked" => acts(|act| matches!(act, Act::Kick { .. })),
            "banned" => acts(|act| matches!(act, Act::Ban { .. })),
            "replaced" => came_again,
            "lagged" => retains_little || is_troubled,
            "write_timeout" | "ping_timeout" => is_troubled,
            "shutdown" => self.house.as_ref().is_none_or(|house| house.is_draining),
            _ => false,
        };
        if is_explained {
            return Ok(());
        }
        found(REASON, format!("{} is told {code} for nothing", link.view.nick))
    }

    /// The server has ended a connection.
    pub(super) fn ended(&mut self, at: usize) -> Result<(), Violation> {
        let now = self.now();
        let link = &self.links[at];
        let who = link.who;
        if link.drips.is_some() {
            return Ok(());
        }
        if link.speaks == Speaks::Native && link.view.is_in {
            link.view.has_all()?;
            let is_well = link.is_well(now.saturating_sub(30_000)) && !link.has_quit;
            let is_up = self.house.is_some() && link.run == self.run && !self.has_crashed;
            if link.view.bye.is_none() && is_well && is_up {
                return found(REASON, format!("{} is left without a word", link.view.nick));
            }
        }
        if self.people[who].link == Some(at) {
            self.remembers(who);
        }
        self.links[at].is_closed = true;
        self.send_end(at, End::Closed);
        if self.people[who].is_watch() && self.house.is_some() {
            self.has_blinked = true;
            self.connect(who, 0);
        }
        Ok(())
    }
}

fn line(event: &ClientEvent) -> Vec<u8> {
    let mut bytes = Vec::new();
    native::put(event, &mut bytes);
    bytes
}
