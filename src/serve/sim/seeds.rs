//! Seeds: many of them, kept ones, and from a failing one the fewest steps that still fail, as one
//! line that replays it.

use super::plan::Plan;
use super::world::Counts;
use super::{Outcome, live};
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

/// What a seed is a seed of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scenario {
    General,
    Names,
    Echoes,
    Floods,
}

/// Worlds that a failure may cost to be made smaller.
const SHRINKING: usize = 400;

impl Scenario {
    pub(super) fn parse(name: &str) -> Option<Self> {
        let all = [Self::General, Self::Names, Self::Echoes, Self::Floods];
        all.into_iter().find(|scenario| scenario.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Names => "names",
            Self::Echoes => "echoes",
            Self::Floods => "floods",
        }
    }

    pub(super) fn plan(self, seed: u64) -> Plan {
        match self {
            Self::General => Plan::general(seed),
            Self::Names => Plan::contest(seed),
            Self::Echoes => Plan::echoes(seed),
            Self::Floods => Plan::floods(seed),
        }
    }

    /// A world of it with these steps only, or with all.
    pub(super) fn run(self, seed: u64, steps: Option<&[usize]>) -> Outcome {
        let mut plan = self.plan(seed);
        if let Some(steps) = steps {
            plan.steps = steps.iter().filter_map(|step| plan.steps.get(*step).copied()).collect();
        }
        live(plan, None)
    }

    /// Why a seed fails, and the line that shows it with as few steps as could be found.
    pub(super) fn failure(self, seed: u64, outcome: &Outcome) -> String {
        let Some(violation) = &outcome.violation else { return String::new() };
        let mut steps: Vec<usize> = (0..self.plan(seed).steps.len()).collect();
        let mut tries = 0;
        let mut size = steps.len().div_ceil(2);
        let mut why = violation.clone();
        while size > 0 && tries < SHRINKING {
            let mut start = 0;
            while start < steps.len() && tries < SHRINKING {
                let mut fewer = steps.clone();
                fewer.drain(start..(start + size).min(fewer.len()));
                tries += 1;
                match self.run(seed, Some(&fewer)).violation {
                    Some(violation) if violation.check == why.check => {
                        (steps, why) = (fewer, violation);
                    }
                    _ => start += size,
                }
            }
            size /= 2;
        }
        format!(
            "{violation}\nwith {} steps left: {why}\n\
             CHATY_SIM_SCENARIO={} CHATY_SIM_SEED={seed} CHATY_SIM_STEPS={} \
             cargo test --lib sim::tests::one_seed -- --nocapture",
            steps.len(),
            self.name(),
            listed(&steps),
        )
    }

    /// Runs all these seeds on all processors, and says what happened in them in one line.
    ///
    /// # Panics
    ///
    /// With the failures, if there are any.
    pub(super) fn sweep(self, seeds: Range<u64>) -> Counts {
        let (next, begin) = (AtomicU64::new(seeds.start), Instant::now());
        let failures: Mutex<Vec<(u64, Outcome)>> = Mutex::default();
        let total: Mutex<Counts> = Mutex::default();
        let work = || {
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= seeds.end {
                    return;
                }
                let outcome = self.run(seed, None);
                total.lock().unwrap().add(&outcome.counts);
                if outcome.violation.is_some() {
                    failures.lock().unwrap().push((seed, outcome));
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(work);
            }
        });
        let mut failures = failures.into_inner().unwrap();
        failures.sort_by_key(|(seed, _)| *seed);
        let counts = total.into_inner().unwrap();
        let Counts { steps, links, messages, events, cuts, resumes, gaps, restarts } = counts;
        println!(
            "{}: {} seeds, {steps} steps, {links} connections, {messages} messages, {events} events, \
             {cuts} cuts, {resumes} resumes, {gaps} gaps, {restarts} restarts, {} violations ({} s)",
            self.name(),
            seeds.end - seeds.start,
            failures.len(),
            begin.elapsed().as_secs(),
        );
        let told: Vec<_> =
            failures.iter().take(3).map(|(seed, outcome)| self.failure(*seed, outcome)).collect();
        let numbers: Vec<_> = failures.iter().map(|(seed, _)| *seed).take(40).collect();
        assert!(
            failures.is_empty(),
            "{} seeds fail, {numbers:?}\n{}",
            failures.len(),
            told.join("\n")
        );
        counts
    }
}

impl Counts {
    fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.links += other.links;
        self.messages += other.messages;
        self.events += other.events;
        self.cuts += other.cuts;
        self.resumes += other.resumes;
        self.gaps += other.gaps;
        self.restarts += other.restarts;
    }
}

/// Numbers as `1,4-7`.
pub(super) fn listed(steps: &[usize]) -> String {
    let runs = steps.chunk_by(|one, two| one + 1 == *two);
    let runs = runs.map(|run| match run {
        [one] => one.to_string(),
        run => format!("{}-{}", run[0], run[run.len() - 1]),
    });
    runs.collect::<Vec<_>>().join(",")
}

/// … and back.
pub(super) fn unlisted(listed: &str) -> Vec<usize> {
    let runs = listed.split(',').filter(|run| !run.is_empty());
    runs.flat_map(|run| {
        let (first, last) = run.split_once('-').unwrap_or((run, run));
        first.parse::<usize>().unwrap()..=last.parse().unwrap()
    })
    .collect()
}

/// A seed that failed once, with what it found.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) scenario: Scenario,
    pub(super) seed: u64,
}

/// The kept seeds: `SCENARIO SEED what it found`, one a line.
pub(super) fn kept(text: &str) -> Vec<Kept> {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let mut words = line.splitn(3, ' ');
            let scenario = words.next().and_then(Scenario::parse);
            let seed = words.next().and_then(|seed| seed.parse().ok());
            let what = words.next().filter(|what| !what.is_empty());
            match (scenario, seed, what) {
                (Some(scenario), Some(seed), Some(_)) => Kept { scenario, seed },
                _ => panic!("`{line}` is no kept seed: SCENARIO SEED what it found"),
            }
        })
        .collect()
}
