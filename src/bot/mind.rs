//! What a bot remembers from one version of its script to the next: `state` and `temp`, what it
//! has drawn, its cooldowns. Bounded; written to no file here.

use super::json;
use super::limits::{self, Limits};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rhai::{Dynamic, Map};
use std::collections::BTreeMap;

/// Cooldowns that are remembered; those that are over make room for new ones.
const COOLDOWNS: usize = 1_000;
/// Bytes of a cooldown's key: names and words.
const KEY: usize = 256;
/// Arrays that `pick_fresh` remembers.
const FRESH: usize = 64;

/// The two maps a script keeps things in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    /// Kept in a file.
    State,
    /// Kept while the bot runs.
    Temp,
}

impl Which {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::State => "state",
            Self::Temp => "temp",
        }
    }
}

/// One bot's memory. Cloned before a handler changes it, and put back if the handler fails.
#[derive(Debug, Clone)]
pub(super) struct Mind {
    pub random: ChaCha8Rng,
    /// The number of the last planned call.
    plans: i64,
    pub kept: Kept,
}

/// The part that a failed handler leaves as it was. Chance goes on.
#[derive(Debug, Clone, Default)]
pub(super) struct Kept {
    state: Map,
    temp: Map,
    /// Per key, the time from which on it is over.
    cooldowns: BTreeMap<String, u64>,
    /// Per array, as a hash, which of its elements are still to come, the last one drawn first.
    fresh: BTreeMap<u64, (usize, Vec<usize>)>,
}

impl Mind {
    pub(super) fn new(seed: u64, state: &serde_json::Map<String, serde_json::Value>) -> Self {
        let state = state.iter().map(|(key, value)| (key.into(), json::to_dynamic(value)));
        let kept = Kept { state: state.collect(), ..Kept::default() };
        Self { random: ChaCha8Rng::seed_from_u64(seed), plans: 0, kept }
    }

    /// A number no planned call has had.
    pub(super) fn number(&mut self) -> i64 {
        self.plans += 1;
        self.plans
    }
}

impl Kept {
    pub(super) fn map(&self, which: Which) -> &Map {
        match which {
            Which::State => &self.state,
            Which::Temp => &self.temp,
        }
    }

    pub(super) fn map_mut(&mut self, which: Which) -> &mut Map {
        match which {
            Which::State => &mut self.state,
            Which::Temp => &mut self.temp,
        }
    }

    /// Stores a value, if it is one that can be kept.
    pub(super) fn set(
        &mut self,
        which: Which,
        key: &str,
        value: Dynamic,
        limits: &Limits,
    ) -> Result<(), String> {
        let what = which.name();
        json::check(&value).map_err(|kind| {
            format!(
                "`{what}` keeps text, numbers, truth values, arrays and maps: {kind} cannot be kept"
            )
        })?;
        let map = self.map_mut(which);
        map.insert(key.into(), value);
        match limits::weight_of_map(map, limits) {
            Some(bytes) if bytes <= limits.state => Ok(()),
            _ => Err(format!("`{what}` is full: it holds {} KiB", limits.state / 1024)),
        }
    }

    /// Begins a cooldown under a short key; tells whether the one before was over.
    pub(super) fn cool(&mut self, key: &str, now: u64, millis: u64) -> Result<bool, String> {
        if key.len() > KEY {
            return Err(format!("a cooldown's key has at most {KEY} bytes"));
        }
        if self.cooldowns.get(key).is_some_and(|until| *until > now) {
            return Ok(false);
        }
        if self.cooldowns.len() >= COOLDOWNS {
            self.cooldowns.retain(|_, until| *until > now);
            if self.cooldowns.len() >= COOLDOWNS {
                return Err(format!("there are {COOLDOWNS} cooldowns at once already"));
            }
        }
        self.cooldowns.insert(key.to_owned(), now.saturating_add(millis));
        Ok(true)
    }

    /// Whether a cooldown is over, without beginning one.
    pub(super) fn is_cool(&self, key: &str, now: u64) -> bool {
        self.cooldowns.get(key).is_none_or(|until| *until <= now)
    }

    /// The next index of an array of `length`, drawn so that each comes once before any comes
    /// again, and none twice running. `draw` gives a number below its argument.
    pub(super) fn fresh(
        &mut self,
        array: u64,
        length: usize,
        mut draw: impl FnMut(usize) -> usize,
    ) -> usize {
        if self.fresh.len() >= FRESH && !self.fresh.contains_key(&array) {
            self.fresh.pop_first();
        }
        let (last, left) = self.fresh.entry(array).or_insert((usize::MAX, Vec::new()));
        let mut among = left.len();
        if left.is_empty() {
            // The last one goes to the end, out of the reach of this draw.
            left.extend((0..length).filter(|index| index != last));
            among = left.len().max(1);
            left.extend(Some(*last).filter(|last| *last < length));
        }
        let index = left.swap_remove(draw(among));
        *last = index;
        index
    }
}
