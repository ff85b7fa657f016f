//! What is run of the simulation: a few seeds each time, the kept ones always, one on demand, and
//! thousands by `just sim`; and the self-test of its checkers.

use super::live;
use super::plan::Plan;
use super::seeds::{Scenario, kept, listed, unlisted};
use super::tap::Fault;
use super::violation::{
    ACKS, ANSWERS, Check, DOUBLE, GAP, LOSS, NAMES, ORDER, Violation, WHISPERS,
};
use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

fn from_env(name: &str) -> Option<u64> {
    env::var(name).ok().map(|value| value.parse().unwrap())
}

/// So many seeds of a scenario: a few, or as many as `just sim` asks for.
fn seeds(name: &str, few: u64) -> std::ops::Range<u64> {
    let start = from_env("CHATY_SIM_FROM").unwrap_or_default();
    start..start + from_env(name).unwrap_or(few)
}

#[test]
fn whatever_happens_everybody_sees_one_story() {
    let counts = Scenario::General.sweep(seeds("CHATY_SIM_SEEDS", 12));
    assert!(counts.resumes > 0 && counts.gaps > 0 && counts.restarts > 0, "{counts:?}");
}

#[test]
fn one_of_a_hundred_has_the_name_and_a_kick_is_for_a_session() {
    Scenario::Names.sweep(seeds("CHATY_SIM_NAMES", 12));
}

#[test]
fn five_echoing_bots_die_out() {
    let counts = Scenario::Echoes.sweep(seeds("CHATY_SIM_ECHOES", 4));
    assert!(counts.messages > 4 * 5, "they do answer: {counts:?}");
}

/// With the flood control that is there by default: who floods waits, and nobody else.
#[test]
fn a_flood_delays_only_who_floods() {
    Scenario::Floods.sweep(seeds("CHATY_SIM_FLOODS", 2));
}

/// Seeds that failed once, each for a fault that was mended.
#[test]
fn no_seed_that_ever_failed_fails_again() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/seeds/simulation.txt");
    let kept = kept(&fs::read_to_string(path).unwrap());
    assert!(!kept.is_empty());
    for kept in kept {
        let outcome = kept.scenario.run(kept.seed, None);
        assert_eq!(outcome.violation, None, "{}", kept.scenario.failure(kept.seed, &outcome));
    }
}

/// The line that a failure prints comes here.
#[test]
fn one_seed() {
    let scenario = env::var("CHATY_SIM_SCENARIO").ok();
    let scenario = scenario.map_or(Scenario::General, |name| Scenario::parse(&name).unwrap());
    let seed = from_env("CHATY_SIM_SEED").unwrap_or(1);
    let steps = env::var("CHATY_SIM_STEPS").ok().map(|steps| unlisted(&steps));
    let plan = scenario.plan(seed);
    if steps.is_some() {
        println!("{:?}\n{:#?}", plan.limits, plan.people);
        for step in steps.iter().flatten() {
            println!("{step}: {:?}", plan.steps.get(*step));
        }
    }
    let outcome = scenario.run(seed, steps.as_deref());
    println!("{} {seed}: {:?} {:016x}", scenario.name(), outcome.counts, outcome.hash);
    if let Some(violation) = outcome.violation {
        panic!("{violation}");
    }
}

#[test]
fn steps_are_written_and_read_back() {
    for steps in [vec![], vec![3], vec![0, 1, 2, 7, 9, 10]] {
        assert_eq!(unlisted(&listed(&steps)), steps);
    }
    assert_eq!(listed(&[0, 1, 2, 7, 9, 10]), "0-2,7,9-10");
}

/// Twice in this process, and once more in another: hashed over every byte and its time.
#[test]
fn a_seed_is_the_same_bytes_in_every_process() {
    for scenario in [Scenario::General, Scenario::Names, Scenario::Echoes] {
        for seed in 0..3 {
            assert_eq!(scenario.run(seed, None), scenario.run(seed, None), "{seed}");
        }
    }
    let here = Scenario::General.run(5, None).hash;
    let mut other = Command::new(env::current_exe().unwrap());
    other.args(["serve::sim::tests::one_seed", "--exact", "--nocapture"]);
    let said = other.env("CHATY_SIM_SEED", "5").env_remove("CHATY_SIM_STEPS").output().unwrap();
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains(&format!("{here:016x}")), "{here:016x} is not what it said: {said}");
    assert_ne!(here, Scenario::General.run(6, None).hash);
}

/// Plants a fault in worlds until so many were caught; each by the checker that is meant for it.
/// Some are mended by what the client does, where it loses its connection and sends again.
#[track_caller]
fn is_caught(fault: Fault, by: Check, can_be_mended: bool) {
    let mut caught = 0;
    for seed in 0..60 {
        let mut plan = Plan::general(seed);
        (plan.is_watched, plan.limits.crowd) = (true, 256);
        let outcome = live(plan, Some((fault, seed % 5)));
        match (outcome.has_struck, outcome.violation) {
            (None, _) => {}
            (Some(false), violation) => assert_eq!(violation, None, "nothing is planted in {seed}"),
            (Some(true), Some(Violation { check, .. })) if check == by => caught += 1,
            (Some(true), None) if can_be_mended => {}
            (_, other) => panic!("{fault:?} in seed {seed} is not caught by “{by}”: {other:?}"),
        }
        if caught == 5 {
            return;
        }
    }
    panic!("{fault:?} was caught in {caught} of 60 seeds");
}

#[test]
fn a_dropped_message_is_caught() {
    is_caught(Fault::Dropped, LOSS, false);
}

#[test]
fn two_swapped_messages_are_caught() {
    is_caught(Fault::Swapped, ORDER, false);
}

#[test]
fn a_doubled_message_after_a_resume_is_caught() {
    is_caught(Fault::DoubledAfterResume, DOUBLE, false);
}

#[test]
fn a_name_held_by_two_is_caught() {
    is_caught(Fault::NameOfTwo, NAMES, false);
}

#[test]
fn a_whisper_that_somebody_else_hears_is_caught() {
    is_caught(Fault::WhisperLeaked, WHISPERS, false);
}

#[test]
fn a_wrong_ack_is_caught() {
    is_caught(Fault::WrongAck, ACKS, false);
}

#[test]
fn a_gap_that_is_not_told_is_caught() {
    is_caught(Fault::GapUntold, GAP, false);
}

#[test]
fn a_message_that_the_hub_never_gets_is_caught() {
    is_caught(Fault::PostLost, ANSWERS, true);
}

#[test]
fn requests_that_change_places_are_caught() {
    is_caught(Fault::Overtaken, ANSWERS, true);
}
