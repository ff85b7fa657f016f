//! The host's manners: how often a bot says the same, how fast it speaks, what happens to one that
//! fails all the time. No script can change any of it. Time comes in as data.

use crate::bot::action::{Action, To};
use std::collections::{BTreeMap, VecDeque};

/// The same text to the same place is said so often in a minute, and then no more.
const REPEATS: usize = 3;
const MINUTE: u64 = 60_000;
/// Lines at once, and the milliseconds from one line to the next after those.
const BURST: u64 = 5;
const PACE: u64 = 1_000;
/// A line that would come later than this is not said: it would answer nothing.
const LATE: u64 = 30_000;
/// So many errors in a minute bench a bot …
const ERRORS: usize = 5;
/// … for so long at first, doubling each time, up to an hour.
const BENCH: u64 = 30_000;
const LONGEST_BENCH: u64 = 3_600_000;
/// After so long without an error the bench is short again.
const FORGIVEN: u64 = 600_000;

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Now,
    At(u64),
    /// It was said often enough.
    Muted,
    /// Too much waits already.
    Dropped,
}

/// One bot's account.
#[derive(Debug, Default)]
pub(super) struct Manners {
    said: BTreeMap<(To, String), VecDeque<u64>>,
    /// When a line could be said if every line so far had kept the pace.
    pace: u64,
    errors: VecDeque<u64>,
    benched_until: u64,
    benches: u32,
}

impl Manners {
    pub(super) fn admit(&mut self, action: &Action, now: u64) -> Verdict {
        self.said.retain(|_, times| {
            times.retain(|at| at + MINUTE > now);
            !times.is_empty()
        });
        let key = (action.to.clone(), action.text.to_string());
        if self.said.get(&key).is_some_and(|times| times.len() >= REPEATS) {
            return Verdict::Muted;
        }
        let pace = self.pace.max(now);
        let at = pace.saturating_sub((BURST - 1) * PACE).max(now);
        if at > now + LATE {
            return Verdict::Dropped;
        }
        self.pace = pace + PACE;
        self.said.entry(key).or_default().push_back(at);
        if at == now { Verdict::Now } else { Verdict::At(at) }
    }

    /// A handler failed; gives the milliseconds of the bench if that was one time too many.
    pub(super) fn fail(&mut self, now: u64) -> Option<u64> {
        if self.errors.back().is_some_and(|last| last + FORGIVEN < now) {
            self.benches = 0;
        }
        self.errors.retain(|at| at + MINUTE > now);
        self.errors.push_back(now);
        if self.errors.len() < ERRORS {
            return None;
        }
        self.errors.clear();
        let bench = (BENCH << self.benches.min(7)).min(LONGEST_BENCH);
        self.benches += 1;
        self.benched_until = now + bench;
        Some(bench)
    }

    /// Until when the bot is benched, if it is.
    pub(super) fn benched(&self, now: u64) -> Option<u64> {
        (self.benched_until > now).then_some(self.benched_until)
    }

    /// A new version begins with a clean slate; what was said was said.
    pub(super) fn forgive(&mut self) {
        self.errors.clear();
        self.benched_until = 0;
        self.benches = 0;
    }
}
