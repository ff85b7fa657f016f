//! What a running script has in its hands: the lines it wants to say, its log, its chance. Says
//! nothing itself: what was collected is the caller's, once the handler has ended well.

use super::limits::{Guard, Limits};
use crate::wire::text::{Text, TextError, scrub};
use rand::distr::uniform::{SampleRange, SampleUniform};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rhai::{Dynamic, EvalAltResult, ImmutableString};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// Lines of log one event may write; the rest is dropped, because a log is read by people.
const LOG_LINES: usize = 20;
/// Characters of one of them.
const LOG_CHARS: usize = 1024;

/// Something a bot does in the room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// A line said, or with `emote` one of what the bot does.
    Say { text: Text, emote: bool },
}

/// One per loaded script. The locks are for `Sync`; only the bot's own thread takes them.
#[derive(Debug)]
pub(super) struct Host {
    pub guard: Guard,
    me: OnceLock<String>,
    /// The script's own constants, which every function sees.
    constants: OnceLock<BTreeMap<String, Dynamic>>,
    random: Mutex<ChaCha8Rng>,
    /// What the handler that runs has done so far; none while no handler runs.
    actions: Mutex<Option<Vec<Action>>>,
    log: Mutex<Vec<String>>,
}

impl Host {
    pub(super) fn new(seed: u64, limits: Limits) -> Self {
        Self {
            guard: Guard::new(limits),
            me: OnceLock::new(),
            constants: OnceLock::new(),
            random: Mutex::new(ChaCha8Rng::seed_from_u64(seed)),
            actions: Mutex::new(None),
            log: Mutex::new(Vec::new()),
        }
    }

    /// Called once, when the declaration has been read.
    pub(super) fn name(&self, me: &str) {
        self.me.get_or_init(|| me.to_owned());
    }

    pub(super) fn me(&self) -> ImmutableString {
        self.me.get().map(ImmutableString::from).unwrap_or_default()
    }

    /// Called once, when the top level has run.
    pub(super) fn remember(&self, constants: BTreeMap<String, Dynamic>) {
        self.constants.get_or_init(|| constants);
    }

    pub(super) fn constant(&self, name: &str) -> Option<Dynamic> {
        self.constants.get()?.get(name).cloned()
    }

    /// A handler begins: from now on actions are collected.
    pub(super) fn begin(&self) {
        *lock(&self.actions) = Some(Vec::new());
    }

    /// The handler has ended: what it did.
    pub(super) fn end(&self) -> Vec<Action> {
        lock(&self.actions).take().unwrap_or_default()
    }

    pub(super) fn take_log(&self) -> Vec<String> {
        std::mem::take(&mut *lock(&self.log))
    }

    /// Goes on with the chance of the version before.
    pub(super) fn continue_from(&self, before: &Self) {
        lock(&self.random).clone_from(&lock(&before.random));
    }

    /// Collects a line. Text of one line only: a line break or an escape becomes visible.
    pub(super) fn say(
        &self,
        function: &str,
        text: &Dynamic,
        emote: bool,
    ) -> Result<(), Box<EvalAltResult>> {
        let mut actions = lock(&self.actions);
        let Some(actions) = actions.as_mut() else {
            return Err(format!("{function}(text) works inside a handler only").into());
        };
        let Some(text) = printable(text) else {
            let kind = super::explain::kind(text.type_name());
            return Err(format!("{function}(text) takes text, not {kind}").into());
        };
        if let Some(text) = clean(&text)? {
            if actions.len() == self.guard.limits().lines {
                let limit = self.guard.limits().lines;
                return Err(format!("a bot says at most {limit} lines to one message").into());
            }
            actions.push(Action::Say { text, emote });
        }
        Ok(())
    }

    pub(super) fn log(&self, text: &str) {
        let mut log = lock(&self.log);
        if log.len() < LOG_LINES {
            log.push(scrub(&text.chars().take(LOG_CHARS).collect::<String>()));
        } else if log.len() == LOG_LINES {
            log.push("… and more".into());
        }
    }

    pub(super) fn draw<T: SampleUniform, R: SampleRange<T>>(&self, range: R) -> T {
        lock(&self.random).random_range(range)
    }
}

/// Text, numbers and truth values can be said; arrays, maps and functions are mistakes.
pub(super) fn printable(value: &Dynamic) -> Option<String> {
    let plain = value.is_string() || value.is_char() || value.is_int() || value.is_float();
    (plain || value.is_bool()).then(|| value.to_string())
}

/// A line that can be said; nothing, if there is nothing in it.
fn clean(text: &str) -> Result<Option<Text>, Box<EvalAltResult>> {
    match Text::clean(text.as_bytes()) {
        Ok(text) => Ok(Some(text)),
        Err(TextError::Empty) => Ok(None),
        Err(error @ TextError::TooLong(_)) => Err(error.to_string().into()),
    }
}

/// A script cannot panic while it holds one of these, and what they hold is whole at any time.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
