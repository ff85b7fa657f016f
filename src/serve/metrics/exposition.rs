//! The numbers as Prometheus reads them: its text format, version 0.0.4. Every name is in
//! `docs/OPERATIONS.md`, and a test holds the two together.

use super::{Observed, Process, Stats};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{
    DescriptorEncoder, EncodeLabelSet, EncodeMetric, NoLabelSet, prometheus_text,
};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::{MetricType, info::Info};
use prometheus_client::registry::Registry;
use std::fmt;
use std::time::Duration;

pub(super) use prometheus_text::CONTENT_TYPE;

/// The page of these numbers.
pub(super) fn encode(stats: Stats) -> Result<String, fmt::Error> {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(stats));
    let mut page = String::new();
    prometheus_text::encode(&mut page, &registry)?;
    Ok(page)
}

/// What is observed in nanoseconds is shown in seconds.
const IN_SECONDS: f64 = 1e9;
/// A count is shown as it is.
const AS_IT_IS: f64 = 1.0;

/// Writes one metric after another.
struct Page<'a>(DescriptorEncoder<'a>);

impl Page<'_> {
    /// `name` without the `_total` that the format puts behind it.
    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.metric(name, help, &ConstCounter::new(value))
    }

    fn seconds(&mut self, name: &str, help: &str, value: Duration) -> fmt::Result {
        self.metric(name, help, &ConstCounter::new(value.as_secs_f64()))
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.metric(name, help, &ConstGauge::new(value))
    }

    fn metric(&mut self, name: &str, help: &str, metric: &impl EncodeMetric) -> fmt::Result {
        metric.encode(self.0.encode_descriptor(name, help, None, metric.metric_type())?)
    }

    /// One of each label; nothing at all while there is none.
    fn family<L: EncodeLabelSet, M: EncodeMetric>(
        &mut self,
        name: &str,
        help: &str,
        of: impl Iterator<Item = (L, M)>,
    ) -> fmt::Result {
        let mut of = of.peekable();
        let Some((_, first)) = of.peek() else { return Ok(()) };
        let mut family = self.0.encode_descriptor(name, help, None, first.metric_type())?;
        of.try_for_each(|(labels, metric)| metric.encode(family.encode_family(&labels)?))
    }

    /// `per` of what was observed are one in the metric's own unit.
    fn histogram(&mut self, name: &str, help: &str, seen: &Observed, per: f64) -> fmt::Result {
        let bucket = |(bound, count): (Option<u64>, u64)| {
            (bound.map_or(f64::INFINITY, |bound| in_unit(bound, per)), count)
        };
        let buckets: Vec<_> = seen.buckets().map(bucket).collect();
        let sum = in_unit(seen.sum(), per);
        let mut metric = self.0.encode_descriptor(name, help, None, MetricType::Histogram)?;
        metric.encode_histogram::<NoLabelSet>(sum, seen.count(), &buckets, None)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "beyond 2^53 ns, a hundred days, the last digits go"
)]
fn in_unit(value: u64, per: f64) -> f64 {
    value as f64 / per
}

impl Collector for Stats {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        self.people(&mut page)?;
        self.talk(&mut page)?;
        self.backlog(&mut page)?;
        self.ends(&mut page)?;
        page.gauge(
            "process_start_time_seconds",
            "When it started, since 1970-01-01 UTC.",
            self.since.0 / 1000,
        )?;
        self.process.iter().try_for_each(|process| process.put(&mut page))
    }
}

impl Stats {
    fn people(&self, page: &mut Page<'_>) -> fmt::Result {
        let version = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        page.metric("chaty_build", "The version that runs.", &version)?;
        let members = self.members.iter().map(|(dialect, kind, count)| {
            ([("dialect", dialect.name()), ("kind", kind.name())], ConstGauge::new(*count))
        });
        page.family("chaty_members", "Members, by dialect and kind.", members)?;
        page.gauge("chaty_rooms", "Rooms that there are.", self.rooms)?;
        page.gauge(
            "chaty_connections_open",
            "Connections now, those at the door included.",
            self.open,
        )?;
        page.counter("chaty_connections", "Connections that were taken in.", self.connections)
    }

    fn talk(&self, page: &mut Page<'_>) -> fmt::Result {
        page.counter("chaty_messages", "Messages said in rooms.", self.messages)?;
        page.counter(
            "chaty_deliveries",
            "Entries written to members, their own left out.",
            self.deliveries,
        )?;
        page.counter("chaty_sent_bytes", "Bytes written to members.", self.sent_bytes)?;
        page.counter("chaty_received_bytes", "Bytes read from members.", self.received_bytes)?;
        page.histogram(
            "chaty_turn_entries",
            "Entries a turn of the hub.",
            &self.turn_entries,
            AS_IT_IS,
        )?;
        page.histogram(
            "chaty_turn_duration_seconds",
            "Time the hub took for a turn.",
            &self.turn_time,
            IN_SECONDS,
        )?;
        page.histogram(
            "chaty_delivery_latency_seconds",
            "From the append of an entry to the end of the write that took it, once a write, of its oldest entry.",
            &self.latency,
            IN_SECONDS,
        )
    }

    fn backlog(&self, page: &mut Page<'_>) -> fmt::Result {
        page.gauge(
            "chaty_slowest_reader_lag_entries",
            "Entries that the slowest reader has not taken yet.",
            self.slowest.entries,
        )?;
        page.gauge(
            "chaty_slowest_reader_lag_bytes",
            "Their weight in the log.",
            self.slowest.bytes,
        )?;
        page.gauge("chaty_retained_entries", "Entries kept in memory.", self.retained_entries)?;
        page.gauge("chaty_retained_bytes", "Bytes kept in memory.", self.retained_bytes)?;
        page.gauge("chaty_inbox_requests", "Requests that wait for the hub.", self.inbox)?;
        page.counter(
            "chaty_publisher_waits",
            "Times a publisher was held up because most readers could not keep up.",
            self.waits.count,
        )?;
        page.seconds("chaty_publisher_wait_seconds", "Time they waited.", self.waits.time)?;
        let Some(history) = &self.history else { return Ok(()) };
        page.gauge(
            "chaty_history_lag_entries",
            "Entries of recorded rooms that are not in the file yet.",
            history.lag.entries,
        )?;
        page.gauge("chaty_history_lag_bytes", "Their weight in the log.", history.lag.bytes)?;
        let suspended = u64::from(history.suspended);
        page.gauge("chaty_history_suspended", "1 while the disk takes nothing.", suspended)
    }

    fn ends(&self, page: &mut Page<'_>) -> fmt::Result {
        let by = |label, of: &[(&'static str, u64)]| {
            let one = |&(code, count): &(_, u64)| ([(label, code)], ConstCounter::new(count));
            of.iter().map(one).collect::<Vec<_>>().into_iter()
        };
        page.family(
            "chaty_closes",
            "Connections that ended, by reason.",
            by("reason", &self.closes),
        )?;
        page.family(
            "chaty_refusals",
            "Names, messages and events that were refused, by code.",
            by("code", &self.refused),
        )?;
        page.counter("chaty_bot_calls", "Calls of bots' handlers.", self.bots.calls)?;
        page.counter("chaty_bot_errors", "Calls that ended in an error.", self.bots.errors)?;
        page.counter(
            "chaty_bot_held_back_lines",
            "Lines that the bots' host did not let through.",
            self.bots.held_back,
        )
    }
}

impl Process {
    /// Under the names that every exporter has for them.
    fn put(&self, page: &mut Page<'_>) -> fmt::Result {
        page.seconds("process_cpu_seconds", "CPU time, user and system.", self.cpu)?;
        for (name, help, value) in [
            ("process_resident_memory_bytes", "Resident memory.", self.resident_bytes),
            ("process_open_fds", "Open descriptors.", self.open_files),
            ("process_max_fds", "Descriptors there may be.", self.most_files),
        ] {
            value.map_or(Ok(()), |value| page.gauge(name, help, value))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::histogram::Histogram;
    use super::super::{HistoryLag, Lag, TIMES};
    use super::*;
    use crate::wire::Dialect;
    use crate::wire::entry::Kind;

    fn page(stats: Stats) -> String {
        encode(stats).unwrap()
    }

    #[test]
    fn a_count_a_level_and_labels() {
        let page = page(Stats {
            members: vec![(Dialect::Line, Kind::User, 2), (Dialect::Native, Kind::Bot, 1)],
            messages: 7,
            rooms: 3,
            closes: vec![("quit", 4)],
            waits: super::super::Waits { count: 2, time: Duration::from_millis(1500) },
            ..Stats::default()
        });
        for lines in [
            "# HELP chaty_messages_total Messages said in rooms.\n\
             # TYPE chaty_messages_total counter\nchaty_messages_total 7\n",
            "# TYPE chaty_rooms gauge\nchaty_rooms 3\n",
            "# TYPE chaty_members gauge\nchaty_members{dialect=\"line\",kind=\"user\"} 2\n\
             chaty_members{dialect=\"native\",kind=\"bot\"} 1\n",
            "\nchaty_closes_total{reason=\"quit\"} 4\n",
            "\nchaty_publisher_wait_seconds_total 1.5\n",
            concat!("\nchaty_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1\n"),
        ] {
            assert!(page.contains(lines), "{lines}\n in\n{page}");
        }
        assert!(!page.contains("chaty_refusals"), "nothing was refused");
        assert!(!page.contains("chaty_history"), "nothing is recorded");
        assert!(!page.contains("process_cpu"), "nobody asked the kernel");
    }

    #[test]
    fn a_histogram_is_cumulative_and_in_seconds() {
        let latency = Histogram::new(&TIMES);
        for nanos in [1_000, 300_000, 400_000, 20_000_000_000] {
            latency.observe(nanos);
        }
        let page = page(Stats { latency: latency.observed(), ..Stats::default() });
        let lines: Vec<_> = page.lines().filter(|line| line.contains("_latency_")).collect();
        assert_eq!(lines[1], "# TYPE chaty_delivery_latency_seconds histogram");
        assert_eq!(lines[2], "chaty_delivery_latency_seconds_bucket{le=\"1e-05\"} 1");
        assert_eq!(lines[6], "chaty_delivery_latency_seconds_bucket{le=\"0.00025\"} 1");
        assert_eq!(lines[7], "chaty_delivery_latency_seconds_bucket{le=\"0.0005\"} 3");
        assert_eq!(
            lines[20..],
            [
                "chaty_delivery_latency_seconds_bucket{le=\"10\"} 3",
                "chaty_delivery_latency_seconds_bucket{le=\"+Inf\"} 4",
                "chaty_delivery_latency_seconds_sum 20.000701",
                "chaty_delivery_latency_seconds_count 4",
            ]
        );
    }

    #[test]
    fn a_history_that_is_behind() {
        let history = HistoryLag { lag: Lag { bytes: 4096, entries: 5 }, suspended: true };
        let page = page(Stats { history: Some(history), ..Stats::default() });
        for line in ["lag_entries 5", "lag_bytes 4096", "suspended 1"] {
            assert!(page.contains(&format!("\nchaty_history_{line}\n")), "{page}");
        }
    }
}
