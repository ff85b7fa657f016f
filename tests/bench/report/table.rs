//! The targets, and what was reached of each: ratios taken in one run, never figures of two days.

use super::figures::{digits, median};
use super::medians::Medians;
use super::peers::{Peers, Ratio};
use super::runs::Run;
use std::fmt::Write;

/// How the candidates are called in the results: on their own, and with the history being written. The
/// two are compared in the case `history`: `window`, once without and once with it, in turns.
const NAMES: [&str; 2] = ["chaty", "chaty-history"];

/// Members of the rooms that were measured in both dialects.
const NATIVE_SWEEP: [f64; 3] = [10.0, 100.0, 1000.0];

const DELIVERIES: &str = "/deliveries_per_s";
const PROCESSOR: &str = "/cpu_s_per_M";
const MEDIAN: &str = "/lat_us/p50";
const LAST: &str = "/last_member_us/p50";
const JOINS: &str = "/accepted_per_s";
const MEMORY: &str = "/rss_per_conn_kb";

enum Goal {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal {
    fn is_met(&self, value: f64) -> bool {
        match self {
            Self::AtLeast(least) => value >= *least,
            Self::AtMost(most) => value <= *most,
        }
    }

    fn says(&self, unit: &str) -> String {
        match self {
            Self::AtLeast(least) => format!("≥ {least}{unit}"),
            Self::AtMost(most) => format!("≤ {most}{unit}"),
        }
    }
}

struct Row<'a> {
    case: &'a str,
    yardstick: &'a str,
    goal: Goal,
    unit: &'a str,
    reached: Option<Ratio>,
}

pub(crate) fn table(medians: &Medians, peers: &Peers, runs: &[Run]) -> String {
    let mut out = String::from(
        "| case | yardstick | target | reached | |\n| --- | --- | --- | --- | --- |\n",
    );
    for row in rows(medians, peers, runs) {
        let Row { case, yardstick, goal, unit, reached } = row;
        let (figure, verdict) = match reached {
            None => ("not measured here".into(), ""),
            Some(ratio) => {
                let range = ratio
                    .range
                    .map(|(low, high)| format!(" ({} to {})", digits(low), digits(high)));
                let is_met = goal.is_met(ratio.median);
                let figure = format!("{}{unit}{}", digits(ratio.median), range.unwrap_or_default());
                (figure, if is_met { "met" } else { "**missed**" })
            }
        };
        let goal = goal.says(unit);
        writeln!(out, "| {case} | {yardstick} | {goal} | {figure} | {verdict} |").unwrap();
    }
    out
}

fn rows<'a>(medians: &Medians, peers: &Peers, runs: &[Run]) -> Vec<Row<'a>> {
    let [ours, history] = NAMES;
    let against = |case, other, path| peers.ratio((ours, case), (other, case), path);
    let mut rows = Vec::new();
    let mut row = |case, yardstick, goal, unit, reached| {
        rows.push(Row { case, yardstick, goal, unit, reached });
    };
    for (case, name) in [
        ("flood", "flood: 100 members, 4 publishers, 64 B, deliveries per second"),
        ("window", "window: the same, at most 4096 messages under way"),
    ] {
        row(name, "nats-server", Goal::AtLeast(4.5), "×", against(case, "nats", DELIVERIES));
        row(name, "`ref`", Goal::AtLeast(0.95), "×", against(case, "ref", DELIVERIES));
    }
    row(
        "big: 1000 members, 4 publishers",
        "nats-server",
        Goal::AtLeast(6.0),
        "×",
        against("big", "nats", DELIVERIES),
    );
    row(
        "unbatched: one message per write",
        "nats-server",
        Goal::AtLeast(1.5),
        "×",
        against("unbatched", "nats", DELIVERIES),
    );
    row(
        "processor time per delivery, flood",
        "nats-server",
        Goal::AtMost(0.25),
        "×",
        against("flood", "nats", PROCESSOR),
    );
    let latency = "latency at 1000 messages/s to 100 members, median";
    row(latency, "nats-server", Goal::AtMost(0.8), "×", against("lat1000", "nats", MEDIAN));
    let last = "the same, until the last member has it, median";
    row(last, "nats-server", Goal::AtMost(0.8), "×", against("lat1000", "nats", LAST));
    let calm = "latency at 50 messages/s, median";
    row(calm, "`ref`", Goal::AtMost(1.15), "×", against("lat50", "ref", MEDIAN));
    for (case, name) in [("conn1k", "joining: 1000 connections"), ("conn10k", "joining: 10 000")] {
        row(name, "nats-server", Goal::AtLeast(2.0), "×", against(case, "nats", JOINS));
    }
    let memory = median(&peers.figures(ours, "conn10k", MEMORY));
    let memory = memory.map(|median| Ratio { median, range: None });
    row("memory of an idle connection, at 10 000", "–", Goal::AtMost(4.0), " KiB", memory);
    // After the last message the generator wakes the one that stopped: that is not their time.
    let slow = Ratio::of(&peers.pace(ours, "slow"), &peers.pace(ours, "window"));
    let stopped = "one reader stopped: messages per second to the others";
    row(stopped, "without it", Goal::AtLeast(0.95), "×", slow);
    // The neutral generator speaks lines only.
    let speaks = |dialect: &str| -> Vec<f64> {
        let its = |run: &&Run| run.sweep == "members" && run.dialect == dialect;
        let its = runs.iter().filter(its).filter(|run| NATIVE_SWEEP.contains(&run.members));
        its.map(|run| run.deliveries_per_s).collect()
    };
    let dialect = Ratio::of(&speaks("native"), &speaks("line"));
    let native = "native dialect, by `chaty bench`, 10 to 1000 members";
    row(native, "the line dialect", Goal::AtLeast(0.6), "×", dialect);
    let recorded = peers.ratio((history, "history"), (ours, "history"), DELIVERIES);
    row("with the history being written, window", "without", Goal::AtLeast(0.8), "×", recorded);
    for (name, function) in [
        ("hub time per message, 10 → 10 000 members, readers busy", "busy_512"),
        ("the same, every reader waiting to be woken", "asleep_512"),
    ] {
        let each = |members| medians.each("turn", function, members);
        let growth = Ratio { median: each(10_000.0) / each(10.0), range: None };
        row(name, "10 members", Goal::AtMost(1.5), "×", Some(growth));
    }
    rows
}

/// Whether all runs were as they should be, in a sentence.
pub(crate) fn soundness(peers: &Peers) -> String {
    match peers.sound(&NAMES) {
        None => "The comparison with other servers is not among the results kept here: its rows \
                 say so."
            .into(),
        Some((sound, all)) => format!(
            "Of chaty's {all} runs, {sound} were complete (nothing lost for readers that read), in \
             every publisher's order, and in the same total order for everyone; in the others a reader \
             had stopped, and was closed with a reason."
        ),
    }
}
