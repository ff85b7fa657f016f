//! The server in numbers, as they were at one moment: what `stats` shows, and what Prometheus is
//! given. Shows nothing itself.

use super::{Observed, Process};
use crate::wire::Dialect;
use crate::wire::entry::{Kind, Millis, Seq};
use std::time::Duration;

/// `stats`: the server in numbers. Counts are since its start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stats {
    pub uptime: Duration,
    /// When it started.
    pub since: Millis,
    /// The lobby's last entry.
    pub last_seq: Seq,
    pub rooms: u64,
    /// Members by dialect and kind, all that there could be.
    pub members: Vec<(Dialect, Kind, u64)>,
    pub connections: u64,
    /// Connections now, who is still at the door included.
    pub open: u64,
    pub messages: u64,
    /// … of which so many in the last ten seconds.
    pub recent_messages: u64,
    /// Entries written to members, those of their own left out.
    pub deliveries: u64,
    pub sent_bytes: u64,
    pub received_bytes: u64,
    /// Entries a turn.
    pub turn_entries: Observed,
    /// Nanoseconds that the hub took for a turn.
    pub turn_time: Observed,
    /// Nanoseconds from the append of an entry to the end of the write that took it, once a write,
    /// of its oldest entry.
    pub latency: Observed,
    /// Of the reader that is furthest behind.
    pub slowest: Lag,
    pub retained_bytes: u64,
    pub retained_entries: u64,
    /// Requests that wait for the hub.
    pub inbox: u64,
    /// How often publishers were held up because most readers could not keep up.
    pub waits: Waits,
    pub bots: BotCalls,
    /// If something is recorded.
    pub history: Option<HistoryLag>,
    /// Closed connections by reason; only those that happened.
    pub closes: Vec<(&'static str, u64)>,
    /// Refused names and messages by code; only those that happened.
    pub refused: Vec<(&'static str, u64)>,
    pub process: Option<Process>,
}

/// How far a reader is behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord)]
pub struct Lag {
    /// By the weight of the log, which counts every dialect's encoding.
    pub bytes: u64,
    pub entries: u64,
}

/// Back-pressure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Waits {
    pub count: u64,
    pub time: Duration,
}

/// What bots told of their handlers, all of them together, those that have left included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BotCalls {
    pub calls: u64,
    pub errors: u64,
    /// Lines that the bots' host did not let through.
    pub held_back: u64,
}

/// What is not in the history's file yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HistoryLag {
    pub lag: Lag,
    /// The disk takes nothing at the moment.
    pub suspended: bool,
}

impl Stats {
    /// Members by kind and by dialect, under their names.
    pub(in crate::serve) fn members_by_name(&self) -> Vec<(&'static str, u64)> {
        let mut counts = std::collections::BTreeMap::new();
        for &(dialect, kind, count) in &self.members {
            *counts.entry(kind.name()).or_default() += count;
            *counts.entry(dialect.name()).or_default() += count;
        }
        counts.into_iter().collect()
    }

    /// One for each turn of the hub.
    pub(in crate::serve) fn turns(&self) -> u64 {
        self.turn_time.count()
    }
}
