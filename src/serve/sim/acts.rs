//! Steps of a plan, carried out; and the end of a world, when all its troubles are over and
//! everybody has to be in with everything.

use super::heard;
use super::house;
use super::link::ALL;
use super::people::Person;
use super::plan::{Act, ROOMS, Speaks, Step};
use super::view::{Ask, View};
use super::violation::{ANSWERS, GHOSTS, LOSS, NAMES, Violation, found};
use super::wire::End;
use super::world::{Asked, Event, World};
use crate::room::Target;
use crate::serve::admin::Command;
use crate::wire::entry::Kind;
use crate::wire::native::{
    AskHistory, ClientEvent, PartRoom, Quit, SendWhisper, SetNick, SetTopic, Who,
};
use crate::wire::room_name::RoomName;

/// The server's kernel gives up a machine that does not answer: keepalive 1 s, then 5 probes of 3 s.
const KEEPALIVE: u64 = 16_000;
/// What the world itself may need to carry out a leave that is due, with one request a turn.
const TURNS: u64 = 2_000;

impl World {
    pub(super) fn act(&mut self, step: Step) {
        self.counts.steps += 1;
        let Step { who, act, .. } = step;
        match act {
            Act::Connect { name } => self.connect(who, name),
            Act::Say { count, length, room } => self.say(who, count, length, room),
            Act::Cut(end) => self.cut(who, end),
            Act::Vanish { answers } => self.vanish(who, answers),
            Act::Part { group, time } => {
                let until = self.now() + time;
                let people = self.plan.people.len();
                for link in self.links.iter_mut().filter(|link| link.who < people) {
                    if (group >> link.who) & 1 == 1 && link.drips.is_none() {
                        link.parted_until = link.parted_until.max(until);
                        link.troubled_until = link.troubled_until.max(until + TURNS);
                    }
                }
            }
            Act::Stall(time) => {
                let until = self.now() + time;
                if let Some(at) = self.people[who].link {
                    let link = &mut self.links[at];
                    link.stalled_until = until;
                    link.troubled_until = link.troubled_until.max(until + TURNS);
                }
            }
            Act::Slow(most) => {
                if let Some(at) = self.people[who].link {
                    self.links[at].most = most;
                    self.links[at].troubled_until = u64::MAX;
                }
            }
            Act::Drip { native } => self.begin_to_drip(who, native),
            Act::Clock(by) => house::move_clock(by),
            Act::Restart { gently, remembers } => self.restart(gently, remembers),
            Act::List => self.order(Asked::List, Command::List),
            Act::Stats => self.order(Asked::Stats, Command::Stats),
            Act::Announce { room } => self.announce(room),
            Act::Kick { name } => {
                let (name, reason) = (self.people[who].sketch.names[name].clone(), None);
                self.order(Asked::Other, Command::Kick { name, reason });
            }
            Act::Ban { name } => {
                let target = Target::parse(&self.people[who].sketch.names[name]);
                self.order(Asked::Other, Command::Ban { target, reason: Some("enough".into()) });
            }
            Act::Unban { name } => {
                let target = Target::parse(&self.people[who].sketch.names[name]);
                self.order(Asked::Other, Command::Unban { target });
            }
            Act::Mute(mute) => {
                let name = self.people[who].sketch.names[0].clone();
                let command = if mute { Command::Mute { name } } else { Command::Unmute { name } };
                self.order(Asked::Other, command);
            }
            _ => {
                if let Some(at) = self.linked(who) {
                    match self.links[at].speaks {
                        Speaks::Native => self.asks(who, at, act),
                        Speaks::Line => self.types(who, at, act),
                        Speaks::Raw => {}
                    }
                }
            }
        }
    }

    /// What a native client asks.
    fn asks(&mut self, who: usize, at: usize, act: Act) {
        let id = self.people[who].numbered('q', who);
        let whom = self.addressee(act);
        let view = &mut self.links[at].view;
        let (ask, event) = match act {
            Act::Enter { room } => return self.enters(at, ROOMS[room], None),
            Act::Ping => return self.ping(at),
            Act::Leave { room } => {
                let part = PartRoom { id: Some(id.clone()), room: ROOMS[room].into() };
                (Ask::Part { id }, ClientEvent::Part(part))
            }
            Act::Rename { name } => {
                self.links[at].has_renamed = true;
                let nick = self.people[who].sketch.names[name].clone();
                (Ask::Nick, ClientEvent::Nick(SetNick { nick }))
            }
            Act::Whisper { .. } => {
                let text = format!("w{id} to {whom}");
                let whisper = SendWhisper { id: Some(id.clone()), to: whom, text };
                (Ask::Whisper { id }, ClientEvent::Whisper(whisper))
            }
            Act::Topic { room } => {
                let room = Some(ROOMS[room].to_owned());
                let topic = SetTopic { id: Some(id.clone()), room, topic: format!("about {id}") };
                (Ask::Topic { id }, ClientEvent::Topic(topic))
            }
            Act::Who { room } => {
                (Ask::Who, ClientEvent::Who(Who { room: Some(ROOMS[room].into()) }))
            }
            Act::Look { room, before, limit } => {
                let before = Some(before).filter(|before| *before > 0);
                let (room, limit) = (Some(ROOMS[room].to_owned()), Some(limit));
                let ask = AskHistory { id: Some(id.clone()), room, before, limit, search: None };
                (Ask::History { id, before }, ClientEvent::History(ask))
            }
            Act::Garbage => {
                view.asked.push_back(Ask::Garbage);
                let nonsense = if id.ends_with('1') { "{\"dance\":{}}\n" } else { "{nonsense\n" };
                return self.send(at, nonsense.into());
            }
            Act::Quit => {
                self.links[at].has_quit = true;
                return self.tell(at, &ClientEvent::Quit(Quit {}));
            }
            _ => return,
        };
        self.links[at].view.asked.push_back(ask);
        self.tell(at, &event);
    }

    /// … and what somebody types.
    fn types(&mut self, who: usize, at: usize, act: Act) {
        let id = self.people[who].numbered('q', who);
        let typed = match act {
            Act::Enter { room } => format!("/join {}", ROOMS[room]),
            Act::Leave { .. } => "/part".into(),
            Act::Rename { name } => format!("/nick {}", self.people[who].sketch.names[name]),
            Act::Whisper { .. } => {
                let to = self.addressee(act);
                format!("/msg {to} w{id} to {to}")
            }
            Act::Topic { .. } => format!("/topic about {id}"),
            Act::Who { .. } => "/who".into(),
            Act::Quit => "/quit".into(),
            _ => return,
        };
        self.links[at].has_quit |= act == Act::Quit;
        self.send(at, format!("{typed}\n").into_bytes());
    }

    /// Under the name it has, as far as one can know.
    fn addressee(&self, act: Act) -> String {
        let Act::Whisper { to } = act else { return String::new() };
        let person = &self.people[to];
        let held = person.link.map(|link| self.links[link].view.nick.clone());
        held.unwrap_or_else(|| person.sketch.names[0].clone())
    }

    fn vanish(&mut self, who: usize, answers: bool) {
        self.remembers_and(who, |world, at| {
            world.counts.cuts += 1;
            let now = world.now();
            let link = &mut world.links[at];
            link.has_vanished = true;
            let is_native = link.speaks == Speaks::Native && link.view.is_in;
            let alive = link.last_in + 90_000;
            // A machine that answers keeps a line member that says nothing, for as long as it does.
            if answers && is_native {
                world.at(alive + TURNS, Event::Ghost(at));
            } else {
                world.at(now + KEEPALIVE, Event::Fail(at));
                world.at(now + KEEPALIVE + TURNS, Event::Ghost(at));
            }
        });
    }

    fn begin_to_drip(&mut self, who: usize, native: bool) {
        let view = View::new("nobody", Kind::User, 0);
        let Some(at) = self.dial(who, view) else { return };
        self.links[at].drips = Some(u64::from(if native { b'{' } else { b':' }));
        let time = self.now() + 1;
        self.at(time, Event::Drip(at));
    }

    fn announce(&mut self, room: usize) {
        self.announced += 1;
        let (room, text) =
            (RoomName::parse(ROOMS[room]).unwrap(), format!("<a{}>", self.announced));
        self.order(Asked::Other, Command::Say { room, text });
    }

    /// All troubles are over.
    pub(super) async fn rest(&mut self) -> Result<(), Violation> {
        self.pass(130_000).await?;
        while self.house.as_ref().is_none_or(|house| house.is_draining) {
            self.pass(1000).await?;
        }
        for link in &mut self.links {
            link.most = ALL;
        }
        for name in
            self.plan.people.iter().flat_map(|sketch| sketch.names.clone()).collect::<Vec<_>>()
        {
            let target = Target::parse(&name);
            self.order(Asked::Other, Command::Unban { target });
            self.order(Asked::Other, Command::Unmute { name });
        }
        if !self.plan.is_contest {
            self.all_come().await?;
            self.all_have_all().await?;
        }
        for link in &self.links {
            link.view.has_all()?;
        }
        self.truth.one_story()?;
        if self.plan.limits.crowd > 100 {
            self.truth.names()?;
            self.goodbyes_are_of_the_right()?;
        }
        if self.plan.is_contest {
            self.one_winner_each_time()?;
        }
        for who in 0..self.people.len() {
            self.cut(who, End::Closed);
        }
        self.pass(30_000).await?;
        self.all_have_reasons()
    }

    /// Everybody comes, under the name that is its own: no ghost is left that holds one.
    async fn all_come(&mut self) -> Result<(), Violation> {
        for _ in 0..40 {
            let mut are_all = true;
            for who in 0..self.people.len() {
                let own = self.people[who].sketch.names[0].clone();
                match self.linked(who) {
                    Some(at) if self.links[at].view.nick == own => {}
                    Some(_) => {
                        are_all = false;
                        self.cut(who, End::Closed);
                    }
                    None => {
                        are_all = false;
                        self.connect(who, 0);
                    }
                }
            }
            if are_all {
                return Ok(());
            }
            self.pass(5_000).await?;
        }
        let out: Vec<_> =
            (0..self.people.len()).filter(|who| self.linked(*who).is_none()).collect();
        let names = out.iter().map(|who| &self.people[*who].sketch.names[0]);
        found(GHOSTS, format!("{:?} are not let in", names.collect::<Vec<_>>()))
    }

    async fn all_have_all(&mut self) -> Result<(), Violation> {
        for who in 0..self.people.len() {
            if let Some(at) = self.linked(who).filter(|at| self.links[*at].speaks == Speaks::Native)
            {
                self.ping(at);
            }
        }
        for _ in 0..24 {
            self.pass(5_000).await?;
            let waits = |link: usize| !self.links[link].view.asked.is_empty();
            if !self.people.iter().filter_map(|person| person.link).any(waits) {
                break;
            }
        }
        for room in 0..ROOMS.len() {
            self.announce(room);
        }
        self.order(Asked::Last(self.people.len()), Command::List);
        self.pass(10_000).await?;
        for who in 0..self.people.len() {
            let Some(at) = self.linked(who) else {
                return found(
                    LOSS,
                    format!("{:?} was closed at rest", self.people[who].sketch.names),
                );
            };
            let link = &self.links[at];
            if link.speaks != Speaks::Native {
                continue;
            }
            if let Some(ask) = link.view.asked.front() {
                return found(ANSWERS, format!("{} has no answer to {ask:?}", link.view.nick));
            }
            link.view.has_all()?;
            for (room, last) in link.view.places() {
                let all = self.truth.last(&(link.view.epoch.clone(), room.clone()));
                if last != all {
                    return found(
                        LOSS,
                        format!("{} has {room} to {last}, of {all}", link.view.nick),
                    );
                }
            }
        }
        let epoch = self.watched_epoch().filter(|_| !self.has_blinked);
        for (at, link) in self.links.iter().enumerate() {
            // Only what somebody saw without a break can be held against what it heard.
            let is_of_text = link.speaks != Speaks::Native && link.drips.is_none();
            let Some(epoch) = epoch.as_ref().filter(|_| is_of_text && link.run == self.run) else {
                continue;
            };
            heard::is_whole(link, epoch, &self.truth)?;
            let announced = format!("<a{}>", self.announced - 2 + room_number(&link.room));
            let has_heard = link.heard.iter().any(|(_, _, mark)| *mark == announced);
            if self.people[link.who].link == Some(at) && !has_heard {
                return found(LOSS, format!("{} did not hear {announced}", link.view.nick));
            }
        }
        Ok(())
    }

    fn watched_epoch(&self) -> Option<String> {
        let watch = self.people.last().filter(|_| self.plan.is_watched)?;
        watch.link.map(|link| self.links[link].view.epoch.clone())
    }

    /// Who was told goodbye for a reason is who left for it: a kick is for a session, not for
    /// whoever has its name by then.
    fn goodbyes_are_of_the_right(&self) -> Result<(), Violation> {
        for link in &self.links {
            let is_plain = !link.has_renamed && link.view.came > 0;
            let is_thrown_out = |code: &&String| matches!(code.as_str(), "kicked" | "banned");
            let code = link.view.bye.as_ref().filter(is_thrown_out);
            let Some(code) = code.filter(|_| is_plain) else { continue };
            let place = (link.view.epoch.clone(), ROOMS[0].to_owned());
            let left = self.truth.left_first(&place, &link.view.nick, link.view.came);
            if let Some((seq, reason)) =
                left.filter(|(_, reason)| reason != code && reason != "parted")
            {
                let (nick, came) = (&link.view.nick, link.view.came);
                return found(
                    NAMES,
                    format!("{nick} of {came} is told {code}, and left at {seq} by {reason}"),
                );
            }
        }
        Ok(())
    }

    /// As many were let in as came, and each came when the last was gone.
    fn one_winner_each_time(&self) -> Result<(), Violation> {
        let watch = self.people.len() - 1;
        let winners = self.links.iter().filter(|link| link.who != watch && link.view.is_in).count();
        let joins = self.truth.joins(&("e1".into(), ROOMS[0].into()));
        // Who was let in may have been gone before it knew.
        if winners > 0 && winners <= joins {
            return Ok(());
        }
        found(NAMES, format!("{winners} were let in, and {joins} came"))
    }
}

fn room_number(room: &str) -> u64 {
    ROOMS.iter().position(|name| *name == room).unwrap_or_default() as u64
}

impl Person {
    /// Nobody in particular has its names.
    pub(super) fn is_watch(&self) -> bool {
        self.sketch.names[0] == "Watch"
    }
}
