//! One bot without a server: takes events with the time they happen at, and gives what the bot
//! does. The same code behind a connection and behind a test; knows no clock, no socket and, but
//! for `import`, no file. What survives a reload lives here: memory, plans, manners.

mod manners;
mod outcome;
mod timers;

pub use outcome::{Note, Outcome, Stats};
pub(super) use timers::PLANS;

use super::action::Action;
use super::diagnostic::Diagnostic;
use super::hearing::Hearing;
use super::host::{Context, lock};
use super::json;
use super::message::{Message, Who};
use super::mind::{Kept, Mind, Which};
use super::script::{Called, LoadOptions, Script};
use super::world::World;
use manners::{Manners, Verdict};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use timers::{Due, Timers};

/// Something that happens in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Message(Message),
    Join {
        room: String,
        who: Who,
        seq: u64,
    },
    Leave {
        room: String,
        who: Who,
        seq: u64,
    },
    Rename {
        room: String,
        from: String,
        to: String,
    },
    /// Everybody who is there.
    Roster {
        room: String,
        members: Vec<Who>,
    },
}

/// What a bot begins with.
#[derive(Debug, Clone)]
pub struct StageOptions {
    pub load: LoadOptions,
    /// What its `state` was when it last ended.
    pub state: serde_json::Map<String, serde_json::Value>,
    /// Whether the host's manners are kept up: repeats muted, lines paced, errors benched. A test
    /// of what a bot says may do without; a room may not.
    pub manners: bool,
}

/// One bot. Has to be used on a stack of [`STACK`](super::STACK) bytes.
#[derive(Debug)]
pub struct Stage {
    options: StageOptions,
    script: Option<Script>,
    mind: Arc<Mutex<Mind>>,
    world: Arc<World>,
    timers: Timers,
    manners: Manners,
    /// Lines that keep the pace, with the time they are said at, in that order.
    waiting: VecDeque<(u64, Action)>,
    stats: Stats,
}

/// What decides, on any thread, whether an event is to be taken to the stage.
#[derive(Debug, Clone)]
pub struct Ears {
    hearing: Arc<Hearing>,
    world: Arc<World>,
}

impl Ears {
    /// Keeps account of an event; tells whether the script is concerned.
    pub fn notice(&self, event: &Event, now: u64) -> bool {
        self.world.note(event, now);
        self.hearing.concerns(event)
    }
}

impl Stage {
    /// An empty stage: a bot that remembers and has no script yet.
    pub fn new(options: StageOptions) -> Self {
        let mind = Arc::new(Mutex::new(Mind::new(options.load.seed, &options.state)));
        Self {
            options,
            script: None,
            mind,
            world: Arc::default(),
            timers: Timers::default(),
            manners: Manners::default(),
            waiting: VecDeque::new(),
            stats: Stats::default(),
        }
    }

    /// Loads the first version, or another one in place of the one that runs. If it fails, also in
    /// its `on_load`, everything is as before, and the version before goes on.
    pub fn load(&mut self, source: &str, now: u64) -> Result<Outcome, Diagnostic> {
        let before = lock(&self.mind).clone();
        let loaded = self.try_load(source, now);
        if loaded.is_err() {
            *lock(&self.mind) = before;
        }
        loaded
    }

    fn try_load(&mut self, source: &str, now: u64) -> Result<Outcome, Diagnostic> {
        let (mind, world) = (self.mind.clone(), self.world.clone());
        let new = Script::load_into(source, &self.options.load, mind, world)?;
        new.host().plan(self.timers.plans());
        let ended = self.script.as_ref().and_then(|old| unload(old, "reload", now));
        let begun = new.handlers().load.then(|| {
            let context = unasked(&new, now, None);
            new.call("on_load", Vec::new(), context)
        });
        if let Some(Called { error: Some(error), .. }) = begun {
            return Err(error);
        }
        self.timers.declare(&new.declaration().timers, now);
        self.manners.forgive();
        self.script = Some(new);
        let mut outcome = Outcome::default();
        for called in [ended, begun].into_iter().flatten() {
            self.settle(called, now, &mut outcome);
        }
        let script = self.script.as_ref();
        let has = |name: &str| script.is_some_and(|new| new.has(name, 0) || new.has(name, 1));
        for function in self.timers.keep(has) {
            outcome.notes.push(Note::Unplanned(function));
        }
        Ok(outcome)
    }

    /// The version that runs.
    pub fn script(&self) -> Option<&Script> {
        self.script.as_ref()
    }

    /// What a test of this bot has in common with it.
    pub(in crate::bot) fn insides(&self) -> (Arc<Mutex<Mind>>, Arc<World>) {
        (self.mind.clone(), self.world.clone())
    }

    /// For the thread that has the connection.
    pub fn ears(&self) -> Option<Ears> {
        let hearing = self.script.as_ref()?.hearing();
        Some(Ears { hearing, world: self.world.clone() })
    }

    /// Something happens.
    pub fn take(&mut self, event: &Event, now: u64) -> Outcome {
        match self.ears() {
            Some(ears) if ears.notice(event, now) => self.act(event, now),
            Some(_) => Outcome::default(),
            None => {
                self.world.note(event, now);
                Outcome::default()
            }
        }
    }

    /// As [`take`](Self::take), for what [`Ears::notice`] has let through.
    pub fn act(&mut self, event: &Event, now: u64) -> Outcome {
        let mut outcome = Outcome::default();
        if self.manners.benched(now).is_some() {
            return outcome;
        }
        let Some(script) = &self.script else { return outcome };
        script.host().plan(self.timers.plans());
        let called = match event {
            Event::Message(message) => {
                let Some(heard) = script.hearing().hear(message) else { return outcome };
                if self.is_cooling(message, now) {
                    return outcome;
                }
                let called = script.hear(&heard, now);
                if !called.done.actions.is_empty() {
                    self.cool(message, now);
                }
                called
            }
            Event::Join { room, who, seq } => {
                script.greet("on_join", who, there(room, now, Some(*seq)))
            }
            Event::Leave { room, who, seq } => {
                script.greet("on_leave", who, there(room, now, Some(*seq)))
            }
            Event::Rename { .. } | Event::Roster { .. } => return outcome,
        };
        self.settle(called, now, &mut outcome);
        outcome
    }

    /// When there is something to do although nothing happens.
    pub fn next_due(&self) -> Option<u64> {
        let timer = self.timers.next().map(|at| at.max(self.manners.benched(at).unwrap_or(0)));
        let timer = timer.filter(|_| self.script.is_some());
        let line = self.waiting.front().map(|(at, _)| *at);
        timer.into_iter().chain(line).min()
    }

    /// When each of the lines that wait for the pace will be said.
    pub fn held_back(&self) -> impl ExactSizeIterator<Item = u64> {
        self.waiting.iter().map(|(at, _)| *at)
    }

    /// Does one thing that is due by now; nothing, if nothing is.
    pub fn advance(&mut self, now: u64) -> Option<Outcome> {
        let mut outcome = Outcome::default();
        if self.waiting.front().is_some_and(|(at, _)| *at <= now) {
            outcome.actions.extend(self.waiting.pop_front().map(|(_, action)| action));
            self.stats.said += 1;
            return Some(outcome);
        }
        let script = self.script.as_ref()?;
        if self.manners.benched(now).is_some() {
            return None;
        }
        let (at, due) = self.timers.take(now)?;
        script.host().plan(self.timers.plans());
        let called = match due {
            Due::Timer(name) => {
                script.call("on_timer", vec![name.into()], unasked(script, now, None))
            }
            Due::Later(later) => script.ring(*later, now.max(at)),
        };
        self.settle(called, now, &mut outcome);
        Some(outcome)
    }

    /// Lets the time pass to `now`, with everything that is due on the way at its own time.
    pub fn advance_to(&mut self, now: u64) -> Vec<(u64, Outcome)> {
        let mut outcomes = Vec::new();
        while let Some(due) = self.next_due().filter(|due| *due <= now) {
            match self.advance(due) {
                Some(outcome) => outcomes.push((due, outcome)),
                None => break,
            }
        }
        outcomes
    }

    /// The bot leaves: its `on_unload`. What waits to be said is not said any more.
    pub fn leave(&mut self, now: u64) -> Outcome {
        let mut outcome = Outcome::default();
        self.waiting.clear();
        if let Some(called) = self.script.as_ref().and_then(|script| unload(script, "leave", now)) {
            self.settle(called, now, &mut outcome);
        }
        outcome
    }

    /// What `state` holds.
    pub fn state(&self) -> serde_json::Map<String, serde_json::Value> {
        json::object(lock(&self.mind).kept.map(Which::State))
    }

    /// What `temp` holds.
    pub fn temp(&self) -> serde_json::Map<String, serde_json::Value> {
        json::object(lock(&self.mind).kept.map(Which::Temp))
    }

    pub fn stats(&self) -> Stats {
        self.stats
    }

    /// Until when the bot is benched for its errors, if it is.
    pub fn benched(&self, now: u64) -> Option<u64> {
        self.manners.benched(now)
    }

    /// Lets what a call did take effect.
    fn settle(&mut self, called: Called, now: u64, outcome: &mut Outcome) {
        let Called { done, mut log, handler, error, took } = called;
        self.stats.calls += 1;
        self.stats.busy += took;
        self.stats.slowest = self.stats.slowest.max(took);
        outcome.log.append(&mut log);
        outcome.handler = handler.or(outcome.handler.take());
        outcome.stored |= done.stored;
        self.timers.apply(done.orders);
        if let Some(error) = error {
            self.stats.errors += 1;
            outcome.error = Some(error);
            if self.options.manners
                && let Some(millis) = self.manners.fail(now)
            {
                outcome.notes.push(Note::Benched { secs: millis / 1000 });
            }
        }
        for action in done.actions {
            self.admit(action, now, outcome);
        }
    }

    fn admit(&mut self, action: Action, now: u64, outcome: &mut Outcome) {
        let verdict =
            if self.options.manners { self.manners.admit(&action, now) } else { Verdict::Now };
        match verdict {
            Verdict::Now => {
                self.stats.said += 1;
                outcome.actions.push(action);
            }
            Verdict::At(at) => self.waiting.push_back((at, action)),
            Verdict::Muted => {
                self.stats.muted += 1;
                outcome.notes.push(Note::Muted(action.text.to_string()));
            }
            Verdict::Dropped => {
                self.stats.muted += 1;
                outcome.notes.push(Note::Dropped(action.text.to_string()));
            }
        }
    }

    /// Whether the declared cooldown is not over in the message's room.
    fn is_cooling(&self, message: &Message, now: u64) -> bool {
        let declared = self.script.as_ref().and_then(|script| script.declaration().cooldown);
        let kept = |kept: &Kept| !kept.is_cool(&room_key(message), now);
        declared.is_some() && !message.whisper && kept(&lock(&self.mind).kept)
    }

    fn cool(&self, message: &Message, now: u64) {
        let declared = self.script.as_ref().and_then(|script| script.declaration().cooldown);
        if let Some(millis) = declared.filter(|_| !message.whisper) {
            // With no place left for cooldowns it answers once more than it should.
            lock(&self.mind).kept.cool(&room_key(message), now, millis).ok();
        }
    }
}

/// The declared cooldown's key: no script's key begins so.
fn room_key(message: &Message) -> String {
    format!("room {}", message.room)
}

fn there(room: &str, now: u64, cause: Option<u64>) -> Context {
    Context { now, room: room.to_owned(), cause, ..Context::default() }
}

fn unasked(script: &Script, now: u64, cause: Option<u64>) -> Context {
    there(script.home(), now, cause)
}

fn unload(script: &Script, reason: &str, now: u64) -> Option<Called> {
    let arguments = || vec![reason.to_owned().into()];
    let call = || script.call("on_unload", arguments(), unasked(script, now, None));
    script.handlers().unload.then(call)
}
