//! What the server counts: one set of counters for `stats`, for the endpoint that Prometheus reads
//! and for the log. A counter exists because something increments it. Nothing here is asked while
//! the room is at work, and nothing waits.
//!
//! ```text
//! hub, sessions, listener ──▶ Counters ──┐
//! hub: rooms, logs, members ─────────────┴──▶ Stats ──▶ `stats`, `stats --json`, GET /metrics
//! ```

pub mod endpoint;
mod exposition;
mod histogram;
mod process;
mod rate;
mod stats;
mod traffic;

pub(super) use histogram::Observed;
pub(super) use process::Process;
pub(super) use rate::{LOOK_BACK, Rate};
pub use stats::{BotCalls, HistoryLag, Lag, Stats, Waits};
pub(super) use traffic::{Taken, Totals, Traffic};

use crate::wire::close::CloseReason;
use histogram::Histogram;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Shards of what every write counts: more than the threads that write on an ordinary machine, so
/// that two of them seldom share a cache line.
const SHARDS: usize = 16;

/// Upper bounds of turn sizes, in entries. A turn of the shortest messages can be 65,536.
const SIZES: [u64; 10] = [0, 1, 4, 16, 64, 256, 1024, 4096, 16_384, 65_536];

const MICRO: u64 = 1_000;
const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;

/// Upper bounds of times, in nanoseconds: three a decade from what a turn takes to what the write
/// deadline allows.
const TIMES: [u64; 19] = [
    10 * MICRO,
    25 * MICRO,
    50 * MICRO,
    100 * MICRO,
    250 * MICRO,
    500 * MICRO,
    MILLI,
    2_500 * MICRO,
    5 * MILLI,
    10 * MILLI,
    25 * MILLI,
    50 * MILLI,
    100 * MILLI,
    250 * MILLI,
    500 * MILLI,
    SECOND,
    2_500 * MILLI,
    5 * SECOND,
    10 * SECOND,
];

/// A number that only grows, added to from any thread.
#[derive(Debug, Default)]
pub(super) struct Counter(AtomicU64);

impl Counter {
    pub(super) fn add(&self, by: u64) {
        self.0.fetch_add(by, Ordering::Relaxed);
    }

    pub(super) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counters shared by the listener, the sessions and the hub.
#[derive(Debug)]
pub(super) struct Counters {
    pub(super) connections: Counter,
    /// … of which so many have ended.
    ended: Counter,
    pub(super) messages: Counter,
    /// The hub alone adds to these two.
    turn_entries: Histogram<10>,
    turn_time: Histogram<19>,
    pub(super) bot_calls: Counter,
    pub(super) bot_errors: Counter,
    pub(super) bot_held_back: Counter,
    closes: Mutex<BTreeMap<&'static str, u64>>,
    refused: Mutex<BTreeMap<&'static str, u64>>,
    shards: [Shard; SHARDS],
}

/// What sessions count at every read and write, by thread. Aligned to two cache lines, which is
/// what processors fetch together.
#[derive(Debug)]
#[repr(align(128))]
struct Shard {
    deliveries: Counter,
    sent_bytes: Counter,
    received_bytes: Counter,
    latency: Histogram<19>,
}

impl Default for Counters {
    fn default() -> Self {
        let shard = |_| Shard {
            deliveries: Counter::default(),
            sent_bytes: Counter::default(),
            received_bytes: Counter::default(),
            latency: Histogram::new(&TIMES),
        };
        Self {
            connections: Counter::default(),
            ended: Counter::default(),
            messages: Counter::default(),
            turn_entries: Histogram::new(&SIZES),
            turn_time: Histogram::new(&TIMES),
            bot_calls: Counter::default(),
            bot_errors: Counter::default(),
            bot_held_back: Counter::default(),
            closes: Mutex::default(),
            refused: Mutex::default(),
            shards: std::array::from_fn(shard),
        }
    }
}

impl Counters {
    /// A connection has come; it ends when what this gives is dropped.
    pub(super) fn connected(self: &Arc<Self>) -> Connected {
        self.connections.add(1);
        Connected(self.clone())
    }

    pub(super) fn closed(&self, reason: CloseReason) {
        bump(&self.closes, reason.code());
    }

    /// A name, a message or an event was refused, by code.
    pub(super) fn refused(&self, code: &'static str) {
        bump(&self.refused, code);
    }

    /// The hub has ended a turn.
    pub(super) fn turned(&self, entries: u64, took: Duration) {
        self.turn_entries.observe(entries);
        self.turn_time.observe(nanos(took));
    }

    fn received(&self, bytes: u64) {
        self.shard().received_bytes.add(bytes);
    }

    /// This has been written, in so many writes.
    pub(super) fn wrote(&self, taken: &Taken, writes: u64) {
        let shard = self.shard();
        shard.sent_bytes.add(taken.bytes);
        shard.deliveries.add(taken.entries);
        // What comes from the history's file is as late as whoever was away.
        if let Some(oldest) = taken.oldest {
            let took = nanos(Instant::now().saturating_duration_since(oldest));
            shard.latency.observe_times(took, writes);
        }
    }

    fn shard(&self) -> &Shard {
        &self.shards[SHARD.get()]
    }

    /// Puts in what is counted here; the rest is the hub's to say.
    pub(super) fn fill(&self, stats: &mut Stats) {
        // The ended first, so that there are never more of them than came.
        let ended = self.ended.get();
        stats.connections = self.connections.get();
        stats.open = stats.connections.saturating_sub(ended);
        stats.messages = self.messages.get();
        stats.turn_entries = self.turn_entries.observed();
        stats.turn_time = self.turn_time.observed();
        stats.latency = Observed::none(&TIMES);
        for shard in &self.shards {
            stats.deliveries += shard.deliveries.get();
            stats.sent_bytes += shard.sent_bytes.get();
            stats.received_bytes += shard.received_bytes.get();
            stats.latency.merge(&shard.latency.observed());
        }
        stats.bots = BotCalls {
            calls: self.bot_calls.get(),
            errors: self.bot_errors.get(),
            held_back: self.bot_held_back.get(),
        };
        stats.closes = listed(&self.closes);
        stats.refused = listed(&self.refused);
    }
}

/// A connection that is open.
#[derive(Debug)]
pub(super) struct Connected(Arc<Counters>);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.ended.add(1);
    }
}

thread_local! {
    /// Where this thread counts. Any place is right, this one is seldom another's.
    static SHARD: Cell<usize> = Cell::new(shard_of_this_thread());
}

fn shard_of_this_thread() -> usize {
    let id = std::thread::current().id();
    let hash = BuildHasherDefault::<DefaultHasher>::new().hash_one(id);
    usize::try_from(hash % SHARDS as u64).unwrap_or_default()
}

/// Five centuries fit.
pub(super) fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
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
