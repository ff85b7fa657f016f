//! What a bot has planned: declared timers, and calls planned with `after`. Time comes in as data.

use crate::bot::host::{Later, Order};

/// Calls a bot may have planned at once.
pub(in crate::bot) const PLANS: usize = 100;

/// What is due.
#[derive(Debug)]
pub(super) enum Due {
    Timer(String),
    Later(Box<Later>),
}

/// One bot's plans.
#[derive(Debug, Default)]
pub(super) struct Timers {
    declared: Vec<Timer>,
    later: Vec<Later>,
}

#[derive(Debug)]
struct Timer {
    name: String,
    every: u64,
    next: u64,
}

impl Timers {
    /// The timers of a new version. One that is as it was keeps its beat.
    pub(super) fn declare(&mut self, timers: &[(String, u64)], now: u64) {
        let before = std::mem::take(&mut self.declared);
        self.declared = timers
            .iter()
            .map(|(name, every)| {
                let same = before.iter().find(|old| old.name == *name && old.every == *every);
                let next = same.map_or(now + every, |old| old.next);
                Timer { name: name.clone(), every: *every, next }
            })
            .collect();
    }

    pub(super) fn apply(&mut self, orders: Vec<Order>) {
        for order in orders {
            match order {
                Order::After(later) => self.later.push(later),
                Order::Cancel(id) => self.later.retain(|later| later.id != id),
            }
        }
    }

    /// Forgets the plans that a new version has no function for; gives their names.
    pub(super) fn keep(&mut self, has: impl Fn(&str) -> bool) -> Vec<String> {
        let gone = self.later.extract_if(.., |later| !has(&later.function));
        gone.map(|later| later.function).collect()
    }

    pub(super) fn plans(&self) -> usize {
        self.later.len()
    }

    pub(super) fn next(&self) -> Option<u64> {
        let declared = self.declared.iter().map(|timer| timer.next);
        declared.chain(self.later.iter().map(|later| later.at)).min()
    }

    /// Takes the first thing that is due, with the time it was due at. A timer that missed
    /// several times comes once.
    pub(super) fn take(&mut self, now: u64) -> Option<(u64, Due)> {
        let at = self.next().filter(|at| *at <= now)?;
        if let Some(timer) = self.declared.iter_mut().find(|timer| timer.next == at) {
            let missed = (now - at) / timer.every;
            timer.next += (missed + 1) * timer.every;
            return Some((at, Due::Timer(timer.name.clone())));
        }
        let index = self.later.iter().position(|later| later.at == at)?;
        Some((at, Due::Later(Box::new(self.later.remove(index)))))
    }
}
