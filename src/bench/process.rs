//! What a process on this machine has used, read from `/proc`: that of a server, found by the
//! socket it listens on, and this thread's own time. Where there is no `/proc`, nothing is known.

use rustix::time::{ClockId, clock_gettime};
use serde::Serialize;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A server's process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    pid: u32,
}

/// Resident memory in KiB, now and at its highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) struct Memory {
    pub resident: u64,
    pub highest: u64,
}

/// `/proc/net/tcp`'s word for a socket that listens.
const LISTENS: &str = "0A";
/// What the kernel counts a process' time in, towards its users, on every machine of today.
const TICK: Duration = Duration::from_millis(10);
/// Places in `/proc/PID/stat` behind the program's name, which may have spaces in it.
const USER_TIME: usize = 11;
const SYSTEM_TIME: usize = 12;

impl Process {
    /// The process that listens on this address, if it is ours to look into.
    pub(super) fn listening(addr: SocketAddr) -> Option<Self> {
        let sockets: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .filter_map(|table| fs::read_to_string(table).ok())
            .flat_map(|table| inodes(&table, addr))
            .map(|inode| format!("socket:[{inode}]"))
            .collect();
        let processes = fs::read_dir("/proc").ok()?.filter_map(Result::ok);
        let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        pids.map(|pid| Self { pid }).find(|process| process.holds(&sockets))
    }

    fn holds(self, sockets: &[String]) -> bool {
        let Ok(open) = fs::read_dir(format!("/proc/{}/fd", self.pid)) else {
            return false;
        };
        open.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
            .any(|file| sockets.iter().any(|socket| file.as_os_str() == socket.as_str()))
    }

    pub(super) fn pid(self) -> u32 {
        self.pid
    }

    /// Time on a processor since it began, in the kernel's ticks.
    pub(super) fn cpu(self) -> Option<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid)).ok()?;
        let ticks = ticks(&stat)?;
        Some(TICK.saturating_mul(u32::try_from(ticks).ok()?))
    }

    pub(super) fn memory(self) -> Option<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid)).ok()?;
        Some(Memory { resident: kib(&status, "VmRSS:")?, highest: kib(&status, "VmHWM:")? })
    }
}

/// Time this thread has been on a processor.
pub(super) fn own_cpu() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

fn inodes(table: &str, addr: SocketAddr) -> Vec<String> {
    let hosts = spellings(addr.ip());
    let port = format!("{:04X}", addr.port());
    let of_line = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        let (host, at) = words.nth(1)?.split_once(':')?;
        let is_it = at == port && hosts.iter().any(|known| known == host);
        (is_it && words.nth(1)? == LISTENS).then(|| words.nth(5).map(str::to_owned)).flatten()
    };
    table.lines().filter_map(of_line).collect()
}

/// How the table writes this address and those that take connections for it too: words of four
/// bytes each, in the machine's own order.
fn spellings(ip: IpAddr) -> Vec<String> {
    let words = |bytes: &[u8]| {
        let words = bytes.as_chunks::<4>().0.iter();
        let words = words.map(|word| format!("{:08X}", u32::from_ne_bytes(*word)));
        words.collect::<Vec<_>>().concat()
    };
    let any_v6 = words(&[0; 16]);
    match ip {
        IpAddr::V4(ip) => {
            vec![words(&ip.octets()), words(&[0; 4]), words(&ip.to_ipv6_mapped().octets()), any_v6]
        }
        IpAddr::V6(ip) => vec![words(&ip.octets()), any_v6],
    }
}

fn ticks(stat: &str) -> Option<u64> {
    let (_name, rest) = stat.rsplit_once(") ")?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let field = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(field(USER_TIME)? + field(SYSTEM_TIME)?)
}

fn kib(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_read() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n   \
             0: 00000000:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7001 1 0 100 0 0 10 0\n   \
             1: 0100007F:1F90 0100007F:C000 01 00000000:00000000 00:00000000 00000000     0        0 7002 1 0 100 0 0 10 0\n   \
             2: 0200007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 7003 1 0 100 0 0 10 0\n";
        assert_eq!(inodes(table, "127.0.0.1:8080".parse().unwrap()), ["7001"]);
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 3 4 20 0 1 0 100 0 0";
        assert_eq!(ticks(stat), Some(300));
        assert_eq!(kib("Name:\tx\nVmHWM:\t  9 kB\nVmRSS:\t    8 kB\n", "VmRSS:"), Some(8));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_process_is_found_by_what_it_listens_on() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let process = Process::listening(listener.local_addr().unwrap()).unwrap();
        assert_eq!(process.pid(), std::process::id());
        assert!(process.memory().unwrap().resident > 0);
        assert!(process.cpu().is_some());
        let other = std::net::TcpListener::bind("[::]:0").unwrap();
        let addr = SocketAddr::from(([127, 0, 0, 1], other.local_addr().unwrap().port()));
        assert_eq!(Process::listening(addr), Some(process));
        drop(listener);
    }
}
