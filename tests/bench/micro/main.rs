//! What each part of the way of a message costs, by itself: from the bytes of a read over the
//! hub's turn to the bytes of a write, and a bot's ear and script. The same inputs in every run.
//!
//! ```text
//! cargo bench --bench micro [-- FILTER]
//! ```
//!
//! The medians are in `target/criterion`, from which `just bench` writes `docs/BENCHMARKS.md`.

#![expect(clippy::unwrap_used, reason = "a measurement that goes wrong panics, and says where")]

mod bots;
mod dialects;
mod hub;
mod inputs;
mod log;
mod names;
mod socket;

use chaty::bot::STACK;
use criterion::Criterion;
use std::time::Duration;

/// Of each of about ninety figures: all of them in some three minutes.
const WARM_UP: Duration = Duration::from_millis(300);
const MEASURE: Duration = Duration::from_secs(1);
/// Enough for a median with its bounds.
const SAMPLES: usize = 20;

fn run() {
    let mut criterion = Criterion::default()
        .without_plots()
        .warm_up_time(WARM_UP)
        .measurement_time(MEASURE)
        .sample_size(SAMPLES)
        .configure_from_args();
    for bench in [dialects::bench, hub::bench, log::bench, names::bench, bots::bench, socket::bench]
    {
        bench(&mut criterion);
    }
    criterion.final_summary();
}

fn main() {
    // A script has the stack that its bot would have.
    std::thread::Builder::new().stack_size(STACK).spawn(run).unwrap().join().unwrap();
}
