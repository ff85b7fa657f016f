//! What the server counts. A counter exists because something increments it.

use crate::wire::close::CloseReason;
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counters shared by the listener, the sessions and the hub.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) connections: AtomicU64,
    pub(super) messages: AtomicU64,
    pub(super) turns: AtomicU64,
    closes: Mutex<BTreeMap<&'static str, u64>>,
    refused: Mutex<BTreeMap<&'static str, u64>>,
}

impl Counters {
    pub(super) fn closed(&self, reason: CloseReason) {
        bump(&self.closes, reason.code());
    }

    /// A name, a message or an event was refused, by code.
    pub(super) fn refused(&self, code: &'static str) {
        bump(&self.refused, code);
    }

    pub(super) fn closes(&self) -> Vec<(&'static str, u64)> {
        listed(&self.closes)
    }

    pub(super) fn refusals(&self) -> Vec<(&'static str, u64)> {
        listed(&self.refused)
    }
}

pub(super) fn add(counter: &AtomicU64, by: usize) {
    counter.fetch_add(by as u64, Ordering::Relaxed);
}

pub(super) fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn bump(counts: &Mutex<BTreeMap<&'static str, u64>>, code: &'static str) {
    // A count is whole whatever happened to whoever held the lock.
    let mut counts = counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    *counts.entry(code).or_default() += 1;
}

fn listed(counts: &Mutex<BTreeMap<&'static str, u64>>) -> Vec<(&'static str, u64)> {
    let counts = counts.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    counts.iter().map(|(code, count)| (*code, *count)).collect()
}
