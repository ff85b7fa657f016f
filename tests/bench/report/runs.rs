//! Whole servers under load, measured with `chaty bench --json`, one run after the other.

use super::kept;
use serde::{Deserialize, Serialize};
use std::fs;
use std::process::{Command, Stdio};

/// Seconds of load in each run.
const SECONDS: &str = "2s";
/// Messages nobody has heard yet: enough to keep the server busy, few enough to queue nowhere.
const WINDOW: &str = "4096";

/// What the page needs of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    /// What grows in the sweep it belongs to.
    #[serde(default)]
    pub sweep: String,
    pub dialect: String,
    pub members: f64,
    pub publishers: f64,
    pub bytes: f64,
    pub rate: Option<f64>,
    pub seconds: f64,
    pub messages_per_s: f64,
    pub deliveries_per_s: f64,
    pub complete: bool,
    pub one_order: Option<bool>,
    pub latency_us: Option<Times>,
    pub last_member_us: Option<Times>,
    pub server_process: Option<Used>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Times {
    pub p50: f64,
    pub p99: f64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Used {
    pub cpu_s: f64,
    pub cpu_s_per_million: Option<f64>,
}

impl Run {
    /// What the server computed, in cores.
    pub(crate) fn cores(&self) -> Option<f64> {
        self.server_process.as_ref().map(|used| used.cpu_s / self.seconds)
    }
}

/// Runs all sweeps. A run that fails is told and left out: its point is missing on the page.
pub(crate) fn measure(program: &str) {
    let mut all = Vec::new();
    let full = |members: usize, publishers: usize, bytes: usize| {
        vec![
            format!("--members={members}"),
            format!("--publishers={publishers}"),
            format!("--size={bytes}"),
            format!("--window={WINDOW}"),
        ]
    };
    for members in [10, 30, 100, 300, 1000, 3000] {
        all.push(("members", "line", full(members, 4, 64)));
    }
    for members in [10, 100, 1000] {
        all.push(("members", "native", full(members, 4, 64)));
    }
    for publishers in [1, 2, 4, 8, 16, 32] {
        all.push(("publishers", "line", full(100, publishers, 64)));
    }
    for bytes in [40, 64, 256, 1024, 4000] {
        all.push(("bytes", "line", full(100, 4, bytes)));
    }
    for (members, rate) in [(100, 1000), (1000, 50), (1000, 100), (3000, 20)] {
        let at = ["--members", "--publishers", "--size", "--rate"]
            .iter()
            .zip([members, 1, 64, rate])
            .map(|(flag, value)| format!("{flag}={value}"));
        all.push(("rate", "line", at.collect()));
    }
    let mut lines = String::new();
    for (sweep, dialect, args) in all {
        eprintln!("{sweep}: {dialect} {}", args.join(" "));
        let output = Command::new(program)
            .args(["bench", "--json", "--duration", SECONDS, "--dialect", dialect])
            .args(&args)
            .env_remove("CHATY_SERVER")
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .output()
            .expect("PROGRAM is a chaty");
        match serde_json::from_slice::<Run>(&output.stdout) {
            Ok(run) => {
                let run = Run { sweep: sweep.into(), ..run };
                lines += &serde_json::to_string(&run).unwrap();
                lines += "\n";
            }
            Err(error) => eprintln!("  no figures: {error}"),
        }
    }
    assert!(!lines.is_empty(), "no run gave any figures");
    let file = kept("runs.jsonl");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, lines).unwrap();
}

/// What is kept; nothing, if whole servers were not measured.
pub(crate) fn load() -> Vec<Run> {
    let text = fs::read_to_string(kept("runs.jsonl")).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
