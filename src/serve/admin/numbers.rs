//! `stats` as people read it: the server in numbers, with their units, and rates where they say
//! more. Counts nothing itself.

use super::Stats;
use super::render::{counts, duration, size, table};
use crate::serve::metrics::{
    BotCalls, HistoryLag, LOOK_BACK, Lag, Observed, Process, Waits, nanos,
};
use std::time::Duration;

/// A row for each; none for what there is not.
pub(super) fn text(stats: &Stats) -> String {
    let rows = [
        ("up", duration(stats.uptime)),
        ("connections", format!("{} now, {} in all", stats.open, stats.connections)),
        ("members", counts(&stats.members_by_name())),
        ("rooms", stats.rooms.to_string()),
        ("messages", messages(stats)),
        ("deliveries", deliveries(stats)),
        ("latency", latency(&stats.latency)),
        ("bytes", format!("{} in, {} out", size(stats.received_bytes), size(stats.sent_bytes))),
        ("last seq", stats.last_seq.to_string()),
        ("turns", turns(stats)),
        ("slowest", format!("{} behind", weighed(stats.slowest))),
        (
            "retained",
            format!("{} in {} entries", size(stats.retained_bytes), stats.retained_entries),
        ),
        ("waiting", waiting(stats)),
        ("history", stats.history.map(not_yet).unwrap_or_default()),
        ("bots", bot_calls(stats.bots)),
        ("process", stats.process.map(|of| process(of, stats.uptime)).unwrap_or_default()),
        ("closed", some(&stats.closes)),
        ("refused", some(&stats.refused)),
    ];
    let rows = rows.into_iter().filter(|(_, shown)| !shown.is_empty());
    table(rows.map(|(name, shown)| vec![name.into(), shown]).collect()).join("\n")
}

fn messages(stats: &Stats) -> String {
    let seconds = stats.uptime.as_secs().clamp(1, LOOK_BACK);
    let rate = tenths(stats.recent_messages * 10 / seconds);
    format!("{}, {rate}/s in the last {seconds} s", stats.messages)
}

fn deliveries(stats: &Stats) -> String {
    let writes = stats.latency.count();
    match (stats.deliveries * 10).checked_div(writes) {
        Some(entries) => {
            format!("{} in {writes} writes, {} each", stats.deliveries, tenths(entries))
        }
        None => "none".into(),
    }
}

fn latency(seen: &Observed) -> String {
    if seen.count() == 0 {
        return String::new();
    }
    format!("p50 {}, p99 {}", moment(seen.quantile(500)), moment(seen.quantile(990)))
}

fn turns(stats: &Stats) -> String {
    let (entries, time) = (&stats.turn_entries, &stats.turn_time);
    let (mean, p99) = (moment(time.mean()), moment(time.quantile(990)));
    let turns = stats.turns();
    let size = tenths((entries.sum() * 10).checked_div(turns).unwrap_or_default());
    format!("{turns} of {size} entries, {mean} each, p99 {p99}")
}

fn waiting(stats: &Stats) -> String {
    let Waits { count, time } = stats.waits;
    let held = if count == 0 {
        "publishers never".into()
    } else {
        format!("publishers {count} times, {} in all", moment(nanos(time)))
    };
    format!("{} requests, {held}", stats.inbox)
}

fn not_yet(history: HistoryLag) -> String {
    match (history.suspended, history.lag.entries) {
        (true, _) => {
            format!("RECORDING IS SUSPENDED, {} not in the file", weighed(history.lag))
        }
        (false, 0) => "all in the file".into(),
        (false, _) => format!("{} not in the file yet", weighed(history.lag)),
    }
}

fn bot_calls(bots: BotCalls) -> String {
    if bots == BotCalls::default() {
        return String::new();
    }
    format!("{} calls, {} errors, {} lines held back", bots.calls, bots.errors, bots.held_back)
}

fn process(process: Process, uptime: Duration) -> String {
    let share = process.cpu.as_millis() * 1000 / uptime.as_millis().max(1);
    let share = tenths(u64::try_from(share).unwrap_or(u64::MAX));
    let mut parts = vec![format!("CPU {} ({share} %)", moment(nanos(process.cpu)))];
    parts.extend(process.resident_bytes.map(|bytes| format!("{} resident", size(bytes))));
    if let (Some(open), Some(most)) = (process.open_files, process.most_files) {
        parts.push(format!("{open} of {most} descriptors"));
    }
    parts.join(", ")
}

fn weighed(lag: Lag) -> String {
    format!("{} entries, {}", lag.entries, size(lag.bytes))
}

/// What happened; nothing if nothing did.
fn some(of: &[(&'static str, u64)]) -> String {
    if of.is_empty() { String::new() } else { counts(of) }
}

fn tenths(tenths: u64) -> String {
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// Nanoseconds in the largest unit that leaves a whole number to show, with one decimal.
fn moment(nanos: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us")];
    match UNITS.iter().find(|(unit, _)| nanos >= *unit) {
        Some((unit, name)) => format!("{} {name}", tenths(nanos / (unit / 10))),
        None => format!("{nanos} ns"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Dialect;
    use crate::wire::entry::{Kind, Seq};

    #[test]
    fn a_row_each_and_none_for_what_is_not_there() {
        let stats = Stats {
            uptime: Duration::from_hours(25),
            last_seq: Seq(7),
            members: vec![(Dialect::Line, Kind::User, 2), (Dialect::Native, Kind::Bot, 1)],
            connections: 3,
            open: 2,
            messages: 5,
            recent_messages: 12,
            retained_bytes: 1_572_864,
            waits: Waits { count: 2, time: Duration::from_millis(1500) },
            history: Some(HistoryLag::default()),
            closes: vec![("quit", 4)],
            ..Stats::default()
        };
        let shown = text(&stats);
        for line in [
            "up           1d 1h",
            "connections  2 now, 3 in all",
            "members      1 bot, 2 line, 1 native, 2 user",
            "messages     5, 1.2/s in the last 10 s",
            "deliveries   none",
            "slowest      0 entries, 0 B behind",
            "retained     1.5 MiB in 0 entries",
            "waiting      0 requests, publishers 2 times, 1.5 s in all",
            "history      all in the file",
            "closed       4 quit",
        ] {
            assert!(shown.lines().any(|shown| shown == line), "{line}\n in\n{shown}");
        }
        assert!(!shown.contains("refused") && !shown.contains("bots"), "{shown}");
    }
}
