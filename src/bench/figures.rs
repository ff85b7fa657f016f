//! What a run comes to: one value that is printed for people or for machines, and what there is to
//! say about it. docs/OPERATIONS.md describes the JSON.

use super::histogram::Histogram;
use super::load::Seen;
use super::process::{Memory, Process};
use super::tally::Verdict;
use super::words::rounded;
use crate::config::{BenchSettings, Pace, Speech, Target};
use serde::Serialize;
use std::net::SocketAddr;
use std::time::Duration;

/// Everything that is known of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Figures {
    pub server: SocketAddr,
    /// Whether the server was started for this run.
    pub own_server: bool,
    pub dialect: &'static str,
    pub room: String,
    pub members: usize,
    pub publishers: usize,
    pub bytes: usize,
    pub window: Option<u64>,
    pub batch: Option<u32>,
    pub rate: Option<f64>,
    /// It was ended before its time.
    pub interrupted: bool,
    pub joins_per_s: f64,
    /// From the first message to the last delivery; at a rate, as long as was spoken at least.
    pub seconds: f64,
    pub messages: u64,
    pub messages_per_s: f64,
    pub deliveries: u64,
    pub deliveries_per_s: f64,
    /// Everybody heard everything once, and in one order as far as that is known.
    pub complete: bool,
    pub expected: u64,
    pub lost: u64,
    pub doubled: u64,
    pub out_of_order: u64,
    /// Messages that nobody heard: the server had not taken them by the end.
    pub unheard: u64,
    pub departed: usize,
    pub departed_why: Option<String>,
    /// Whether the members who were compared heard one order; nothing if there were none.
    pub one_order: Option<bool>,
    pub compared: usize,
    pub latency_us: Option<Times>,
    pub last_member_us: Option<Times>,
    /// Nothing if the server's process is not ours to look into.
    pub server_process: Option<Used>,
    pub generator: Generator,
    /// What to know before believing the figures.
    pub notes: Vec<String>,
}

/// Microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Times {
    pub count: u64,
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
    pub max: f64,
}

/// What the server's process has used for the run.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Used {
    pub pid: u32,
    pub cpu_s: f64,
    pub cpu_s_per_million: Option<f64>,
    pub memory_kib: Option<Memory>,
}

/// What this side has used.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(super) struct Generator {
    /// Of one core.
    pub cpu: f64,
    /// At a rate: how much too late messages were put, in microseconds.
    pub late_us: Option<Times>,
}

/// Above this, this side was busy all the time.
const BUSY: f64 = 0.95;
/// Below so many messages a second each, publishers at full speed were held back on purpose.
const HELD: f64 = 100.0;
/// A rate that was kept.
const KEPT: f64 = 0.95;
/// Seconds of a processor's time that are ten of the kernel's ticks: less is mostly rounding.
const ENOUGH: f64 = 0.1;
/// This side's own lateness that would be seen in the times, in microseconds.
const LATE: f64 = 1000.0;

impl Figures {
    pub(super) fn new(
        settings: &BenchSettings,
        server: SocketAddr,
        process: Option<Process>,
        seen: &Seen,
    ) -> Self {
        let verdict = seen.ears.tally.verdict(&seen.talk.sent, &seen.gone, seen.is_still);
        let Verdict { heard, expected, lost, unheard, doubled, out_of_order, .. } = verdict;
        // At a rate the pause behind the last message belongs to it, too.
        let lasted = match settings.pace {
            Pace::Full { .. } => seen.lasted,
            Pace::Rate(_) => seen.lasted.max(seen.spoke),
        };
        let seconds = lasted.as_secs_f64().max(f64::MIN_POSITIVE);
        let messages = seen.talk.total() - unheard;
        let one_order = (verdict.compared > 0).then_some(verdict.is_one_order);
        let (window, batch, rate) = match settings.pace {
            Pace::Full { window, batch } => (window, Some(batch), None),
            Pace::Rate(rate) => (None, None, Some(rate)),
        };
        let (departed, departed_why) = (seen.departed, seen.why.clone());
        let mut figures = Self {
            server,
            own_server: settings.target == Target::Own,
            dialect: settings.speech.name(),
            room: settings.room.to_string(),
            members: settings.listeners,
            publishers: settings.publishers,
            bytes: settings.size,
            window,
            batch,
            rate,
            interrupted: seen.interrupted,
            joins_per_s: seen.joins_per_second,
            seconds,
            messages,
            messages_per_s: count(messages) / seconds,
            deliveries: heard,
            deliveries_per_s: count(heard) / seconds,
            complete: heard == expected && is_well(&verdict) && departed == 0,
            expected,
            lost,
            doubled,
            out_of_order,
            unheard,
            departed,
            departed_why,
            one_order,
            compared: verdict.compared,
            latency_us: Times::of(&seen.ears.latency),
            last_member_us: Times::of(&seen.ears.last),
            server_process: process.and_then(|process| Used::by(process, heard, seen)),
            generator: Generator {
                cpu: seen.own_cpu.as_secs_f64() / seen.wall.as_secs_f64().max(f64::MIN_POSITIVE),
                late_us: Times::of(&seen.talk.late),
            },
            notes: Vec::new(),
        };
        figures.notes = figures.notes(settings, seen);
        figures
    }

    fn notes(&self, settings: &BenchSettings, seen: &Seen) -> Vec<String> {
        let mut notes = Vec::new();
        let each = self.messages_per_s / count(self.publishers as u64);
        let is_short = match settings.pace {
            Pace::Full { .. } => each < HELD && self.generator.cpu < BUSY,
            Pace::Rate(rate) => self.messages_per_s < KEPT * rate,
        };
        match settings.speech {
            Speech::Raw => notes.push(
                "a raw member gets its messages apart from each other, by default 10 ms \
                 (raw_pace): at most 100 a second"
                    .into(),
            ),
            Speech::Line | Speech::Native if is_short && each < HELD => notes.push(format!(
                "the server took {} messages a second of each publisher, as one does whose flood \
                 control delays who speaks fast. Lift it on the server that is measured: chaty serve \
                 --limit flood=false",
                rounded(each)
            )),
            _ if is_short && self.rate.is_some() => notes.push(format!(
                "the server took {} of the {} messages a second that were asked for",
                rounded(self.messages_per_s),
                rounded(self.rate.unwrap_or_default())
            )),
            _ => {}
        }
        if self.unheard > 0 {
            notes.push(format!(
                "{} messages had not been delivered to anybody at the end",
                self.unheard
            ));
        }
        if matches!(settings.pace, Pace::Full { .. }) && self.generator.cpu > BUSY {
            notes.push(
                "this generator was busy all the time: the server may be able to do more".into(),
            );
        }
        if let Some(late) = self.generator.late_us.filter(|late| late.p99 > LATE) {
            notes.push(format!(
                "one in a hundred messages was sent {:.1} ms late or later by this generator, \
                 which the latencies contain",
                late.p99 / 1000.0
            ));
        }
        notes.extend(seen.notice.as_ref().map(|notice| format!("the server said: {notice}")));
        notes
    }

    /// What the server did not hold of what chaty promises.
    pub(super) fn broken(&self) -> Option<String> {
        let counts = [
            (self.lost, "deliveries lost"),
            (self.doubled, "doubled"),
            (self.out_of_order, "out of order"),
            (self.departed as u64, "members disconnected"),
        ];
        let mut all: Vec<String> = counts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect();
        if self.one_order == Some(false) {
            all.push("members heard different orders".into());
        }
        (!all.is_empty()).then(|| all.join(", "))
    }
}

fn is_well(verdict: &Verdict) -> bool {
    verdict.lost == 0 && verdict.doubled == 0 && verdict.out_of_order == 0 && verdict.is_one_order
}

#[expect(clippy::cast_precision_loss, reason = "counts for a rate, far below 2^52")]
fn count(number: u64) -> f64 {
    number as f64
}

impl Times {
    fn of(histogram: &Histogram) -> Option<Self> {
        let micros = |time: Duration| time.as_secs_f64() * 1e6;
        let share = |of_a_thousand| histogram.per_mille(of_a_thousand).map(micros);
        Some(Self {
            count: histogram.count(),
            p50: share(500)?,
            p99: share(990)?,
            p999: share(999)?,
            max: micros(histogram.max()?),
        })
    }
}

impl Used {
    fn by(process: Process, deliveries: u64, seen: &Seen) -> Option<Self> {
        let cpu_s = seen.server_cpu?.as_secs_f64();
        let is_enough = deliveries > 0 && cpu_s >= ENOUGH;
        let cpu_s_per_million = is_enough.then(|| cpu_s / count(deliveries) * 1e6);
        Some(Self { pid: process.pid(), cpu_s, cpu_s_per_million, memory_kib: seen.memory })
    }
}
