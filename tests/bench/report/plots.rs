//! Which plots there are, and what is on them.

use super::medians::Medians;
use super::plot::{Plot, Series};
use super::runs::Run;
use super::scale::Costs;
use plotters::chart::SeriesLabelPosition::{LowerLeft, LowerRight, UpperLeft, UpperRight};

/// Draws all of them.
pub(crate) fn draw(medians: &Medians, runs: &[Run], costs: &Costs) {
    for plot in [
        hub(medians),
        sizes(medians),
        members(runs),
        publishers(runs),
        bytes(runs),
        scale(runs, costs),
    ] {
        plot.draw();
    }
}

/// Nanoseconds of an element, with its curve's name.
fn curve(medians: &Medians, group: &str, function: &str, name: &str) -> Series {
    Series::measured(name, medians.curve(group, function))
}

fn hub(medians: &Medians) -> Plot {
    let series = [
        ("asleep_1", "1 message a turn, readers woken"),
        ("asleep_64", "64, readers woken"),
        ("asleep_512", "512, readers woken"),
        ("busy_1", "1 message a turn, readers busy"),
        ("busy_64", "64, readers busy"),
        ("busy_512", "512, readers busy"),
    ];
    Plot {
        name: "hub",
        x: "members of the room",
        y: "hub's time per message (ns)",
        legend: UpperLeft,
        series: series.map(|(function, name)| curve(medians, "turn", function, name)).into(),
    }
}

fn sizes(medians: &Medians) -> Plot {
    let series = [
        ("decode", "native", "read, native"),
        ("decode", "line", "read, line"),
        ("encode", "native", "encode, native"),
        ("encode", "line", "encode, line"),
        ("turn_by_size", "busy_64", "hub's turn"),
        ("encode", "raw", "encode, raw (for each reader)"),
    ];
    let series = series.map(|(group, function, name)| curve(medians, group, function, name));
    Plot {
        name: "size",
        x: "bytes of a message's text",
        y: "time per message (ns)",
        legend: UpperLeft,
        series: series.into(),
    }
}

/// A figure of a sweep's runs over what grows in it.
fn sweep(
    runs: &[Run],
    (sweep, dialect): (&str, &str),
    x: impl Fn(&Run) -> f64,
    y: impl Fn(&Run) -> f64,
) -> Vec<(f64, f64)> {
    let its = runs.iter().filter(|run| run.sweep == sweep && run.dialect == dialect);
    its.map(|run| (x(run), y(run))).collect()
}

fn members(runs: &[Run]) -> Plot {
    let of = |dialect, y: fn(&Run) -> f64| sweep(runs, ("members", dialect), |run| run.members, y);
    let delivered: fn(&Run) -> f64 = |run| run.deliveries_per_s;
    let said: fn(&Run) -> f64 = |run| run.messages_per_s;
    Plot {
        name: "members",
        x: "members who listen (4 more publish)",
        y: "per second",
        legend: LowerLeft,
        series: vec![
            Series::measured("deliveries, line", of("line", delivered)),
            Series::measured("deliveries, native", of("native", delivered)),
            Series::measured("messages, line", of("line", said)),
            Series::measured("messages, native", of("native", said)),
        ],
    }
}

fn publishers(runs: &[Run]) -> Plot {
    let of = |y: fn(&Run) -> f64| sweep(runs, ("publishers", "line"), |run| run.publishers, y);
    Plot {
        name: "publishers",
        x: "publishers (100 members listen)",
        y: "per second",
        legend: LowerRight,
        series: vec![
            Series::measured("deliveries", of(|run| run.deliveries_per_s)),
            Series::measured("messages", of(|run| run.messages_per_s)),
        ],
    }
}

fn bytes(runs: &[Run]) -> Plot {
    let of = |y: fn(&Run) -> f64| sweep(runs, ("bytes", "line"), |run| run.bytes, y);
    Plot {
        name: "bytes",
        x: "bytes of a message (100 members listen, 4 publish)",
        y: "per second",
        legend: LowerRight,
        series: vec![
            Series::measured("deliveries", of(|run| run.deliveries_per_s)),
            Series::measured("bytes delivered", of(|run| run.deliveries_per_s * run.bytes)),
        ],
    }
}

fn scale(runs: &[Run], costs: &Costs) -> Plot {
    let computed = |turns: f64, name: &str| Series {
        name: name.into(),
        points: costs.curve(turns).into_iter().filter(|(members, _)| *members >= 10.0).collect(),
        has_line: true,
        has_marks: false,
    };
    let a_core = |run: &Run| run.messages_per_s / run.cores().unwrap_or(1.0);
    let seen = sweep(runs, ("members", "line"), |run| run.members, a_core);
    Plot {
        name: "scale",
        x: "members",
        y: "messages/s that one core holds",
        legend: UpperRight,
        series: vec![
            computed(1000.0, "a turn every 1 ms"),
            computed(100.0, "every 10 ms"),
            computed(10.0, "every 100 ms"),
            computed(1.0, "every second"),
            Series {
                name: "measured, as it goes".into(),
                points: seen,
                has_line: false,
                has_marks: true,
            },
        ],
    }
}
