//! What happens in a world, thrown before anything happens: who there is, what the server's limits
//! are, and one step after the other. Steps mean the same whichever others are left out, so that a
//! failure can be shrunk.

use super::dice::Dice;
use super::wire::End;
use crate::config::Limits;
use crate::wire::entry::Kind;
use std::time::Duration;

pub(super) const ROOMS: [&str; 3] = ["#lobby", "#ops", "#tea"];
/// A day, which is how far the clock jumps.
pub(super) const DAY: i64 = 24 * 60 * 60 * 1000;

/// Names that nobody can take for one another …
const NAMES: [&str; 8] = ["Neo", "Trin", "Morph", "Smith", "Dora", "Bob", "Cid", "Eve"];
/// … and names that read like those.
const ALIKE: [&str; 8] = ["NE0", "TRlN", "M0RPH", "smlth", "D0RA", "b0b", "CID", "eve"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Speaks {
    Native,
    Line,
    Raw,
}

/// Somebody who comes and goes.
#[derive(Debug, Clone)]
pub(super) struct Sketch {
    /// Its own name, one that reads like it, and one that reads like its neighbour's.
    pub(super) names: [String; 3],
    pub(super) speaks: Speaks,
    pub(super) kind: Kind,
    pub(super) has_token: bool,
    /// A bot that answers whatever it hears, as far as it may.
    pub(super) echoes: bool,
    /// Milliseconds its bytes take, at least and at most.
    pub(super) latency: (u64, u64),
    /// Bytes that fit between it and the server.
    pub(super) window: usize,
}

/// What one step does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    /// Comes, or comes back, under one of its names.
    Connect {
        name: usize,
    },
    Say {
        count: usize,
        length: usize,
        room: usize,
    },
    Cut(End),
    /// It hears nothing and is not heard any more, for ever; its machine answers, or does not.
    Vanish {
        answers: bool,
    },
    /// It takes no byte for so long, or only so many at a time.
    Stall(u64),
    Slow(usize),
    /// Some of them cannot be reached for so long.
    Part {
        group: u64,
        time: u64,
    },
    Enter {
        room: usize,
    },
    Leave {
        room: usize,
    },
    Rename {
        name: usize,
    },
    Whisper {
        to: usize,
    },
    Topic {
        room: usize,
    },
    Who {
        room: usize,
    },
    Look {
        room: usize,
        before: u64,
        limit: usize,
    },
    Ping,
    Garbage,
    Quit,
    /// Somebody begins a handshake and gives a byte a second.
    Drip {
        native: bool,
    },
    Kick {
        name: usize,
    },
    Mute(bool),
    Ban {
        name: usize,
    },
    Unban {
        name: usize,
    },
    Announce {
        room: usize,
    },
    List,
    Stats,
    Clock(i64),
    Restart {
        gently: bool,
        remembers: bool,
    },
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    /// Milliseconds after the one before.
    pub(super) wait: u64,
    pub(super) who: usize,
    pub(super) act: Act,
}

/// A world before it begins.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) seed: u64,
    pub(super) limits: Limits,
    pub(super) people: Vec<Sketch>,
    /// Somebody with an endless window and no way to go sees everything, in all rooms.
    pub(super) is_watched: bool,
    /// All want one name.
    pub(super) is_contest: bool,
    /// At most so many requests are one turn of the hub's.
    pub(super) turn: usize,
    pub(super) steps: Vec<Step>,
}

impl Sketch {
    pub(super) fn native(index: usize) -> Self {
        let name = |names: [&str; 8], index: usize| {
            let suffix = if index < 8 { String::new() } else { (index / 8).to_string() };
            format!("{}{suffix}", names[index % 8])
        };
        Self {
            names: [name(NAMES, index), name(ALIKE, index), name(ALIKE, index + 1)],
            speaks: Speaks::Native,
            kind: Kind::User,
            has_token: true,
            echoes: false,
            latency: (1, 20),
            window: 64 * 1024,
        }
    }

    fn thrown(dice: &mut Dice, index: usize) -> Self {
        let speaks = dice.weighted(&[(7, Speaks::Native), (2, Speaks::Line), (1, Speaks::Raw)]);
        let kind = match speaks {
            Speaks::Native => dice.weighted(&[(7, Kind::User), (2, Kind::Bot), (1, Kind::Script)]),
            Speaks::Line | Speaks::Raw => Kind::User,
        };
        let least = dice.among(0..=40);
        Self {
            speaks,
            kind,
            has_token: speaks == Speaks::Native && dice.percent(75),
            echoes: kind == Kind::Bot && dice.percent(70),
            latency: (least, least + dice.pick(&[0, 5, 100])),
            window: dice.pick(&[2, 4, 16, 64]) * 1024,
            ..Self::native(index)
        }
    }
}

impl Plan {
    /// Some people, some rooms, and whatever may happen to them.
    pub(super) fn general(seed: u64) -> Self {
        let mut dice = Dice::of(seed, 1);
        let count = 2 + dice.index(5);
        let people: Vec<_> = (0..count).map(|index| Sketch::thrown(&mut dice, index)).collect();
        let limits = Limits {
            retained_bytes: dice.pick(&[16, 48, 48, 8192]) * 1024,
            crowd: dice.pick(&[2, 256, 256, 256]),
            write_deadline: Duration::from_secs(dice.pick(&[3, 10])),
            // Who says much is held back: a scenario of its own.
            flood: false,
            ..Limits::default()
        };
        let (is_watched, turn) = (dice.percent(60), dice.pick(&[1, 2, 8, 100]));
        let count = dice.among(20..=90);
        let mut steps: Vec<Step> = (0..people.len())
            .map(|who| Step { wait: dice.below(20), who, act: Act::Connect { name: 0 } })
            .collect();
        for _ in 0..count {
            let wait = match dice.below(100) {
                0..60 => dice.below(30),
                60..90 => dice.below(600),
                90..98 => dice.below(12_000),
                _ => dice.below(100_000),
            };
            let who = dice.index(people.len());
            steps.push(Step { wait, who, act: act(&mut dice, people.len()) });
        }
        Self { seed, limits, people, is_watched, is_contest: false, turn, steps }
    }

    /// Bots that answer one another, and a person who says one thing.
    pub(super) fn echoes(seed: u64) -> Self {
        let bots = 5;
        let mut people: Vec<Sketch> = (0..=bots).map(Sketch::native).collect();
        for bot in people.iter_mut().skip(1) {
            (bot.kind, bot.echoes) = (Kind::Bot, true);
        }
        let connect = Act::Connect { name: 0 };
        let mut steps: Vec<Step> =
            (0..=bots).map(|who| Step { wait: 100, who, act: connect }).collect();
        let act = Act::Say { count: 1, length: 10, room: 0 };
        steps.push(Step { wait: 1000, who: 0, act });
        steps.push(Step { wait: 60_000, who: 0, act: Act::Ping });
        let limits = Limits { flood: false, ..Limits::default() };
        Self { seed, limits, people, is_watched: true, is_contest: false, turn: 100, steps }
    }

    /// One or twenty who flood, and some who talk as people do.
    pub(super) fn floods(seed: u64) -> Self {
        let mut dice = Dice::of(seed, 4);
        let (flooders, talkers) = (dice.pick(&[1, 20]), 4);
        let people: Vec<Sketch> = (0..flooders + talkers).map(Sketch::native).collect();
        let connect = Act::Connect { name: 0 };
        let mut steps: Vec<Step> =
            (0..people.len()).map(|who| Step { wait: 5, who, act: connect }).collect();
        for round in 0..12 {
            for who in (0..flooders).filter(|_| round < 4) {
                let act = Act::Say { count: 30, length: 300, room: 0 };
                steps.push(Step { wait: dice.below(5), who, act });
            }
            let act = Act::Say { count: 1, length: 10, room: 0 };
            let who = flooders + round % talkers;
            steps.push(Step { wait: dice.among(500..=1500), who, act });
        }
        let limits = Limits::default();
        Self { seed, limits, people, is_watched: true, is_contest: false, turn: 100, steps }
    }

    /// A hundred who want one name, however it is written, and an administrator who kicks it.
    pub(super) fn contest(seed: u64) -> Self {
        let mut dice = Dice::of(seed, 3);
        let written = ["Neo", "NEO", "neo", "Ne0", "nE0"];
        let mut sketch = |index| {
            let name = dice.pick(&written).to_owned();
            let speaks = dice.weighted(&[(6, Speaks::Native), (3, Speaks::Line), (1, Speaks::Raw)]);
            let latency = (0, dice.below(30));
            let names = [name.clone(), name.clone(), name];
            Sketch { names, speaks, has_token: false, latency, ..Sketch::native(index) }
        };
        let people: Vec<Sketch> = (0..100).map(&mut sketch).collect();
        let connect = Act::Connect { name: 0 };
        let mut steps: Vec<Step> =
            (0..people.len()).map(|who| Step { wait: dice.below(2), who, act: connect }).collect();
        for _ in 0..60 {
            let act = dice.weighted(&[
                (6, connect),
                (3, Act::Kick { name: 0 }),
                (1, Act::Cut(End::Closed)),
                (1, Act::Cut(End::Reset)),
                (1, Act::Quit),
            ]);
            steps.push(Step { wait: dice.below(25), who: dice.index(people.len()), act });
        }
        let (limits, turn) = (Limits::default(), dice.pick(&[1, 4, 100]));
        Self { seed, limits, people, is_watched: true, is_contest: true, turn, steps }
    }
}

fn act(dice: &mut Dice, people: usize) -> Act {
    let (room, name) = (dice.pick(&[0, 0, 0, 1, 1, 2]), dice.index(3));
    let length = dice.pick(&[0, 0, 20, 300]);
    let before = dice.below(80);
    dice.weighted(&[
        (24, Act::Connect { name: if name == 2 { 2 } else { 0 } }),
        (30, Act::Say { count: 1, length, room }),
        (5, Act::Say { count: 12, length, room }),
        (3, Act::Say { count: 60, length, room }),
        (4, Act::Cut(End::Half)),
        (5, Act::Cut(End::Closed)),
        (5, Act::Cut(End::Reset)),
        (3, Act::Vanish { answers: name == 0 }),
        (3, Act::Stall(before * 250)),
        (3, Act::Slow(100 + length)),
        (2, Act::Part { group: before, time: before * 1500 }),
        (8, Act::Enter { room }),
        (3, Act::Leave { room }),
        (6, Act::Rename { name }),
        (6, Act::Whisper { to: dice.clone().index(people) }),
        (3, Act::Topic { room }),
        (3, Act::Who { room }),
        (3, Act::Look { room, before, limit: length / 10 + 1 }),
        (2, Act::Ping),
        (2, Act::Garbage),
        (2, Act::Quit),
        (1, Act::Drip { native: name > 0 }),
        (3, Act::Kick { name }),
        (1, Act::Mute(true)),
        (1, Act::Mute(false)),
        (1, Act::Ban { name }),
        (1, Act::Unban { name }),
        (2, Act::Announce { room }),
        (2, Act::List),
        (2, Act::Stats),
        (1, Act::Clock(if name == 0 { DAY } else { -DAY })),
        (1, Act::Restart { gently: name == 0, remembers: room == 0 }),
    ])
}
