//! What the kernel says of another process: memory, computing, descriptors, threads. Changes nothing
//! of it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// A process, by its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    fn file(self, name: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/{name}", self.0))
    }

    #[track_caller]
    fn status(self, key: &str) -> u64 {
        let status = fs::read_to_string(self.file("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(key)).expect(key);
        line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap()
    }

    /// KiB that are in memory now.
    #[track_caller]
    pub(crate) fn resident(self) -> u64 {
        self.status("VmRSS")
    }

    /// The most that ever were.
    #[track_caller]
    pub(crate) fn most_resident(self) -> u64 {
        self.status("VmHWM")
    }

    #[track_caller]
    pub(crate) fn threads(self) -> u64 {
        self.status("Threads")
    }

    /// Files and sockets it has open.
    #[track_caller]
    pub(crate) fn descriptors(self) -> usize {
        fs::read_dir(self.file("fd")).unwrap().count()
    }

    /// What it has computed so far, all threads together; the kernel counts in hundredths of a
    /// second.
    #[track_caller]
    pub(crate) fn computed(self) -> Duration {
        let stat = fs::read_to_string(self.file("stat")).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }
}
