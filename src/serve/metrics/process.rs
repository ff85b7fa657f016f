//! What the process takes of the machine, as the kernel tells it. Read when somebody asks, never in
//! the room's way.

use std::fs;
use std::time::Duration;

/// The process in numbers. What a system does not tell is left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Process {
    pub cpu: Duration,
    pub resident_bytes: Option<u64>,
    pub open_files: Option<u64>,
    pub most_files: Option<u64>,
}

impl Process {
    /// As it is now. Counts the open descriptors one by one, so it is
    /// for a thread that may take a moment.
    pub(in crate::serve) fn now() -> Self {
        Self {
            cpu: cpu(),
            resident_bytes: resident(&fs::read_to_string("/proc/self/status").unwrap_or_default()),
            // One of them is the folder that is being read.
            open_files: fs::read_dir("/proc/self/fd")
                .ok()
                .map(|fds| (fds.count() as u64).saturating_sub(1)),
            most_files: rlimit::Resource::NOFILE.get_soft().ok(),
        }
    }
}

fn cpu() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Duration::try_from(spent).unwrap_or_default()
}

/// The resident set in `/proc/self/status`, which says it in kB of 1024 bytes.
fn resident(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_resident_set_is_found() {
        assert_eq!(resident("VmHWM:\t 9 kB\nVmRSS:\t    7204 kB\nX: 1\n"), Some(7204 * 1024));
        assert_eq!(resident("VmRSS: many kB"), None);
        assert_eq!(resident(""), None);
    }

    #[test]
    fn the_kernel_tells() {
        let process = Process::now();
        assert!(process.cpu > Duration::ZERO);
        if cfg!(target_os = "linux") {
            assert!(process.resident_bytes > Some(1 << 20), "{process:?}");
            assert!(process.open_files >= Some(3), "{process:?}");
            assert!(process.open_files <= process.most_files, "{process:?}");
        }
    }
}
