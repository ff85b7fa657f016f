//! A world: one server, its people, the network between them, and one clock that goes from one
//! event to the next. Whatever happens in it comes of its plan.

use super::dice::Dice;
use super::house::{self, House, Left};
use super::link::{Link, Up};
use super::people::Person;
use super::plan::{Plan, Sketch, Speaks};
use super::tap::Tap;
use super::truth::Truth;
use super::view::View;
use super::violation::Violation;
use super::wire::{End, Stirred, Wire};
use crate::serve::admin::Report;
use crate::wire::entry::Kind;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};

/// What is to happen when its time comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    Up(usize),
    Down(usize),
    /// The server's kernel gives a peer up that does not answer.
    Fail(usize),
    /// By now the server must have noticed that it is gone.
    Ghost(usize),
    /// One more byte of a handshake.
    Drip(usize),
    /// The drain's deadline, of this run.
    Kill(usize),
    Open,
}

/// What an administrator waits for.
#[derive(Debug)]
pub(super) enum Asked {
    List,
    Stats,
    Other,
    Ghost(usize),
    /// The last list of all: who must be in it.
    Last(usize),
}

/// What happened, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) steps: u64,
    pub(super) links: u64,
    pub(super) messages: u64,
    pub(super) events: u64,
    pub(super) cuts: u64,
    pub(super) resumes: u64,
    pub(super) gaps: u64,
    pub(super) restarts: u64,
}

pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) dice: Dice,
    start: Instant,
    stirred: Arc<Stirred>,
    pub(super) house: Option<House>,
    /// Which run of the server this is, and under which epoch.
    pub(super) run: usize,
    pub(super) left: Left,
    turned: Option<u64>,
    pub(super) links: Vec<Link>,
    pub(super) people: Vec<Person>,
    agenda: BinaryHeap<Reverse<(u64, u64, Event)>>,
    planned: u64,
    pub(super) reports: Vec<(Asked, oneshot::Receiver<Report>)>,
    pub(super) said: BTreeMap<String, (u64, usize)>,
    pub(super) announced: u64,
    pub(super) truth: Truth,
    pub(super) tap: Tap,
    pub(super) counts: Counts,
    /// Over every byte that came, and when.
    pub(super) hash: u64,
    pub(super) has_crashed: bool,
    /// Whether who watches has missed something of this run.
    pub(super) has_blinked: bool,
    /// Whether the next run goes on where this one ends.
    pub(super) remembers: bool,
}

impl World {
    pub(super) fn new(plan: Plan, tap: Tap) -> Self {
        let start = Instant::now();
        house::wind(start);
        let mut people: Vec<Person> = plan.people.iter().cloned().map(Person::new).collect();
        if plan.is_watched {
            let kind = Kind::Script;
            let names = ["Watch".to_owned(), "Watch".into(), "Watch".into()];
            let (latency, window) = ((0, 0), 1 << 30);
            let watch = Sketch { names, kind, latency, window, ..Sketch::native(0) };
            people.push(Person::new(watch));
        }
        Self {
            dice: Dice::of(plan.seed, 2),
            plan,
            start,
            stirred: Arc::default(),
            house: None,
            run: 0,
            left: Left { epoch: "e1".into(), floor: 1, ..Left::default() },
            turned: None,
            links: Vec::new(),
            people,
            agenda: BinaryHeap::new(),
            planned: 0,
            reports: Vec::new(),
            said: BTreeMap::new(),
            announced: 0,
            truth: Truth::default(),
            tap,
            counts: Counts::default(),
            hash: 0xcbf2_9ce4_8422_2325,
            has_crashed: false,
            has_blinked: false,
            remembers: false,
        }
    }

    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap()
    }

    pub(super) fn at(&mut self, time: u64, event: Event) {
        self.planned += 1;
        self.agenda.push(Reverse((time, self.planned, event)));
    }

    /// Lets so much time pass, and everything happen that happens in it.
    pub(super) async fn pass(&mut self, time: u64) -> Result<(), Violation> {
        let until = self.now() + time;
        loop {
            self.settle().await;
            self.hear_reports()?;
            self.has_closed();
            if self.fire()? {
                continue;
            }
            let now = self.now();
            let has_requests = self.house.as_ref().is_some_and(House::has_requests);
            if has_requests && self.turned.is_none_or(|turned| turned < now) {
                self.turned = Some(now);
                if let Some(house) = &mut self.house {
                    house.turn(&mut self.dice, self.plan.turn, &mut self.tap);
                }
                continue;
            }
            if now >= until {
                return Ok(());
            }
            let planned = self.agenda.peek().map_or(until, |Reverse((time, ..))| *time);
            let turn = if has_requests { now + 1 } else { until };
            let wake = self.start + Duration::from_millis(until.min(planned).min(turn));
            let (house, stirred) = (&mut self.house, &self.stirred);
            let asked = async {
                match house {
                    Some(house) => house.asked().await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                () = sleep_until(wake) => {}
                () = stirred.anything.notified() => {}
                () = asked => {}
            }
        }
    }

    /// Lets the server do all that it does at this moment. A task that yields runs when no other
    /// can, so that a few turns of it are enough for those who wait for one another.
    async fn settle(&mut self) {
        let mut quiet = 0;
        while quiet < 3 {
            yield_now().await;
            let any = self.house.as_mut().is_some_and(House::collect);
            quiet = if any { 0 } else { quiet + 1 };
        }
        for link in self.stirred.take() {
            self.comes_down(link);
        }
    }

    /// What the server wrote, or its end, is on its way.
    fn comes_down(&mut self, at: usize) {
        let now = self.now();
        let link = &mut self.links[at];
        if link.is_closed {
            link.wire.lose();
            return;
        }
        if link.is_down_due || link.is_over {
            return;
        }
        link.is_down_due = true;
        let latency = link.latency();
        let time = now + self.dice.among(latency);
        self.at(time, Event::Down(at));
    }

    /// What is due now; whether there was anything.
    fn fire(&mut self) -> Result<bool, Violation> {
        let now = self.now();
        let mut any = false;
        while let Some(Reverse((time, ..))) = self.agenda.peek()
            && *time <= now
        {
            let Some(Reverse((_, _, event))) = self.agenda.pop() else { break };
            any = true;
            match event {
                Event::Up(link) => self.goes_up(link),
                Event::Down(link) => self.went_down(link)?,
                Event::Fail(link) => self.links[link].wire.end(End::Reset),
                Event::Ghost(link) => self.is_a_ghost(link),
                Event::Drip(link) => self.drip(link)?,
                Event::Kill(run) if run == self.run => {
                    if let Some(house) = self.house.as_mut().filter(|house| house.is_draining) {
                        house.die();
                    }
                }
                Event::Kill(_) => {}
                Event::Open => self.open(),
            }
        }
        Ok(any)
    }

    /// Sends bytes on their way, in pieces.
    pub(super) fn send(&mut self, at: usize, mut bytes: Vec<u8>) {
        let now = self.now();
        while !bytes.is_empty() {
            let link = &mut self.links[at];
            // A name that comes in pieces, a quarter of a second apart, is a raw client's.
            let is_name = link.speaks == Speaks::Line && !link.view.is_in;
            let is_whole = link.speaks == Speaks::Raw || is_name || self.dice.percent(70);
            let count = if is_whole { bytes.len() } else { 1 + self.dice.index(bytes.len()) };
            let rest = bytes.split_off(count);
            let time = link.up_last.max(now + self.dice.among(link.latency()));
            link.up_last = time;
            link.up.push_back((time, Up::Bytes(std::mem::replace(&mut bytes, rest))));
            self.at(time, Event::Up(at));
        }
    }

    /// … and behind them the end.
    pub(super) fn send_end(&mut self, at: usize, end: End) {
        let (now, latency) = (self.now(), self.links[at].latency());
        let link = &mut self.links[at];
        let time = link.up_last.max(now + self.dice.among(latency));
        link.up_last = time;
        link.up.push_back((time, Up::End(end)));
        self.at(time, Event::Up(at));
    }

    fn goes_up(&mut self, at: usize) {
        let now = self.now();
        let link = &mut self.links[at];
        if link.has_vanished {
            return;
        }
        if link.parted_until > now {
            let time = link.parted_until;
            self.at(time, Event::Up(at));
            return;
        }
        while let Some((_, up)) = link.up.pop_front_if(|(time, _)| *time <= now) {
            match up {
                Up::Bytes(bytes) => {
                    link.wire.deliver(&bytes);
                    link.last_in = now;
                    link.first_in.get_or_insert(now);
                }
                Up::End(end) => link.wire.end(end),
            }
        }
    }

    fn went_down(&mut self, at: usize) -> Result<(), Violation> {
        let now = self.now();
        let link = &mut self.links[at];
        link.is_down_due = false;
        if link.is_closed || link.has_vanished {
            return Ok(());
        }
        let waits = link.parted_until.max(link.stalled_until);
        if waits > now {
            link.is_down_due = true;
            self.at(waits, Event::Down(at));
            return Ok(());
        }
        let bytes = link.wire.take(link.most);
        if !bytes.is_empty() {
            for byte in now.to_be_bytes().iter().chain(&at.to_be_bytes()).chain(&bytes) {
                self.hash = (self.hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
            link.buffer.extend(bytes);
            self.read(at)?;
        }
        let link = &mut self.links[at];
        if link.wire.is_waiting() {
            link.is_down_due = true;
            self.at(now + 50, Event::Down(at));
        } else if link.wire.is_over() && !link.is_over {
            link.is_over = true;
            self.ended(at)?;
        }
        Ok(())
    }

    /// A new connection to the server, if it is up.
    pub(super) fn dial(&mut self, who: usize, view: View) -> Option<usize> {
        let now = self.now();
        let house = self.house.as_mut().filter(|house| !house.is_draining)?;
        let at = self.links.len();
        let sketch = &self.people[who].sketch;
        let stirred = self.stirred.clone();
        let wire = Wire::new(at, self.plan.seed, sketch.window, stirred, sketch.speaks);
        self.links.push(Link::new(who, sketch, self.run, wire.clone(), now, view));
        house.connect(at, &wire);
        self.counts.links += 1;
        Some(at)
    }
}
