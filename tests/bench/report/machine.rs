//! What it was measured on.

use serde::{Deserialize, Serialize};
use std::fs;
use std::process::Command;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Machine {
    pub processor: String,
    pub is_virtual: bool,
    pub cores: usize,
    pub memory_gib: f64,
    pub system: String,
    pub rustc: String,
    pub chaty: String,
    pub day: String,
}

impl Machine {
    /// This one, now.
    pub(crate) fn this() -> Self {
        let memory = line("/proc/meminfo", "MemTotal").replace("kB", "");
        Self {
            processor: line("/proc/cpuinfo", "model name"),
            is_virtual: line("/proc/cpuinfo", "flags").contains(" hypervisor"),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_gib: memory.trim().parse::<f64>().unwrap_or(0.0) / 1024.0 / 1024.0,
            system: said("uname", &["-sr"]),
            rustc: said("rustc", &["--version"]),
            chaty: said("git", &["describe", "--always", "--dirty"]),
            day: said("date", &["-u", "+%Y-%m-%d"]),
        }
    }
}

/// What stands behind a name in one of the kernel's lists.
fn line(file: &str, name: &str) -> String {
    let text = fs::read_to_string(file).unwrap_or_default();
    let found = text.lines().find_map(|line| line.strip_prefix(name)?.split_once(':'));
    found.map_or_else(|| "unknown".into(), |(_, value)| value.trim().to_owned())
}

fn said(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).current_dir(super::root()).output();
    output.map_or_else(
        |_error| "unknown".into(),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
