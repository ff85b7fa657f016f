//! What the micro-benchmarks measured: criterion's own files, gathered into one.

use super::machine::Machine;
use super::{kept, root};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fs;
use std::path::Path;

/// One figure: how long one thing takes, and the bounds of that median.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Median {
    pub group: String,
    pub function: String,
    pub value: Option<f64>,
    /// Nanoseconds of one run, and its bounds at 95 %.
    pub nanos: f64,
    pub low: f64,
    pub high: f64,
    /// Elements or bytes of one run.
    pub amount: Option<f64>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Medians {
    pub machine: Machine,
    pub medians: Vec<Median>,
}

/// Gathers what is in `target/criterion`.
pub(crate) fn keep() {
    let mut medians = Vec::new();
    gather(&root().join("target/criterion"), &mut medians);
    medians.sort_by(|one: &Median, other| {
        let key = |median: &Median| (median.group.clone(), median.function.clone());
        key(one).cmp(&key(other)).then(one.value.partial_cmp(&other.value).unwrap())
    });
    assert!(!medians.is_empty(), "nothing is measured: cargo bench --bench micro");
    let file = kept("medians.json");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let all = Medians { machine: Machine::this(), medians };
    fs::write(file, serde_json::to_string_pretty(&all).unwrap() + "\n").unwrap();
}

fn gather(folder: &Path, medians: &mut Vec<Median>) {
    let Ok(inside) = fs::read_dir(folder) else { return };
    for entry in inside {
        let path = entry.unwrap().path();
        if path.ends_with("new") {
            medians.extend(read(&path));
        } else if path.is_dir() {
            gather(&path, medians);
        }
    }
}

fn read(folder: &Path) -> Option<Median> {
    let json = |name: &str| -> Option<Value> {
        serde_json::from_str(&fs::read_to_string(folder.join(name)).ok()?).ok()
    };
    let (about, estimates) = (json("benchmark.json")?, json("estimates.json")?);
    let median = &estimates["median"];
    let text = |name: &str| about[name].as_str().unwrap_or_default().to_owned();
    let throughput = about["throughput"].as_object();
    Some(Median {
        group: text("group_id"),
        function: text("function_id"),
        value: about["value_str"].as_str().and_then(|value| value.parse().ok()),
        nanos: median["point_estimate"].as_f64()?,
        low: median["confidence_interval"]["lower_bound"].as_f64()?,
        high: median["confidence_interval"]["upper_bound"].as_f64()?,
        amount: throughput.and_then(|amount| amount.values().next()?.as_f64()),
    })
}

impl Medians {
    pub(crate) fn load() -> Self {
        let text = fs::read_to_string(kept("medians.json"));
        let text = text.expect("nothing is kept: cargo bench --bench micro, then `keep`");
        serde_json::from_str(&text).unwrap()
    }

    fn find(&self, group: &str, function: &str, value: f64) -> Option<&Median> {
        self.medians.iter().find(|median| {
            median.group == group
                && median.function == function
                && median.value.is_none_or(|is| (is - value).abs() < f64::EPSILON)
        })
    }

    /// Nanoseconds of one run.
    #[track_caller]
    pub(crate) fn nanos(&self, group: &str, function: &str, value: f64) -> f64 {
        let found = self.find(group, function, value);
        found.unwrap_or_else(|| panic!("{group}/{function}/{value} is not measured")).nanos
    }

    /// Nanoseconds of one element.
    #[track_caller]
    pub(crate) fn each(&self, group: &str, function: &str, value: f64) -> f64 {
        let found = self.find(group, function, value).and_then(|m| Some((m.nanos, m.amount?)));
        let found = found.unwrap_or_else(|| panic!("{group}/{function}/{value} is not measured"));
        found.0 / found.1
    }

    /// How it grows with its value, by element.
    pub(crate) fn curve(&self, group: &str, function: &str) -> Vec<(f64, f64)> {
        let is_it = |median: &&Median| median.group == group && median.function == function;
        let point = |median: &Median| Some((median.value?, median.nanos / median.amount?));
        self.medians.iter().filter(is_it).filter_map(point).collect()
    }
}
