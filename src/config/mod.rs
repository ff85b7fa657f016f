//! Settings: what the server, the clients and the bots can be told, with every default and the
//! reason for its number. Reads files and values, never a socket.

mod address;
mod bench;
mod client;
mod file;
mod history;
mod limits;
mod paths;
mod value;
mod written;

pub use address::metrics_address;
pub use bench::{BenchSettings, Pace, Speech, Target};
pub use client::{ClientSettings, Colours, NickList, Notify, Theme, View, client_settings};
pub use file::{File, FileError, nearest, read};
pub use history::{HistorySettings, HistorySync, Keep, NoHome, Recording, history_file};
pub use limits::{LimitError, check_limits, set_limit, written_limits};
pub use paths::{PathError, admin_socket, private_dir};

use std::path::PathBuf;
use std::time::Duration;

/// Where everything listens and connects unless told otherwise, as the ancestor did.
pub const DEFAULT_SERVER: &str = "127.0.0.1:55556";

/// What `chaty serve` goes by, once the flags are laid over the config file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServeSettings {
    /// `HOST:PORT`.
    pub listen: String,
    /// The folder of the bots to run beside the server.
    pub bots: Option<PathBuf>,
    /// Where the admin socket is; by default in a private folder of its own.
    pub admin_socket: Option<PathBuf>,
    /// `HOST:PORT` where metrics are given, if they are.
    pub metrics: Option<String>,
    /// The config file's filter of the log, under `--log` and `RUST_LOG`.
    pub log: Option<String>,
    pub limits: Limits,
    pub recording: Recording,
    /// It runs for another program, and ends when its standard input does.
    pub supervised: bool,
}

/// Bounds of the server. Every one is a setting in the `[limits]` table of the config file, and of
/// `--limit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// From the first byte of an answer to the end of the handshake. sshd's grace, shortened.
    pub handshake: Duration,
    /// The whole handshake of somebody who has sent nothing yet: a person typing a name.
    pub handshake_idle: Duration,
    /// Bytes of the log kept in memory for the whole server; NATS allows as much per client.
    pub retained_bytes: usize,
    /// A peer that accepts no byte for so long is closed. NATS' write deadline.
    pub write_deadline: Duration,
    /// Connections at once; lowered at start if the open-file limit is lower. As ergo claims.
    pub connections: usize,
    /// TCP keepalive: idle time, interval and probes, the figures the ancestor meant.
    pub keepalive_idle: Duration,
    pub keepalive_interval: Duration,
    pub keepalive_probes: u32,
    /// A native peer is pinged when it has been silent for so long …
    pub ping: Duration,
    /// … and closed after this.
    pub ping_dead: Duration,
    /// Above so many members, joins and leaves are folded into one line a second.
    pub crowd: usize,
    /// Rooms there may be: each costs its name and a little log, and whoever is in it looks after it.
    pub rooms: usize,
    /// How long a shutdown waits for members to read what is already in the log.
    pub drain: Duration,
    /// Time between two messages to a raw client, so that its `recv(1024)` sees them apart.
    /// Ten times the ancestor's own pause, which ran messages together on a busy machine.
    pub raw_pace: Duration,
    /// Whether members are held to the next three. A benchmark's server is not.
    pub flood: bool,
    /// Messages a member may say at once: a pasted paragraph, a client that comes back into its
    /// rooms. ergo's and Prosody's order.
    pub flood_burst: usize,
    /// … and then so many a second, by waiting: faster than anybody types.
    pub flood_messages: usize,
    /// … in at most so many bytes a second, which is that many of the longest lines.
    pub flood_bytes: usize,
    /// Connections of one address at once: a classroom sits behind one.
    pub per_address: usize,
    /// New ones of one address, as many at once as in a minute: all of that classroom, twice.
    pub per_address_minute: usize,
    /// Connections of one address that have given no name yet: half of what it may have, so that
    /// its idle ones never take the places of its others. The oldest makes way.
    pub handshakes_per_address: usize,
    /// … and of the whole server: what the kernel holds for it meanwhile, once more.
    pub handshakes: usize,
    /// Whether the addresses of this machine itself may have and do more.
    pub loopback_exempt: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            handshake: Duration::from_secs(10),
            handshake_idle: Duration::from_mins(1),
            retained_bytes: 64 * 1024 * 1024,
            write_deadline: Duration::from_secs(10),
            connections: 10_000,
            keepalive_idle: Duration::from_secs(1),
            keepalive_interval: Duration::from_secs(3),
            keepalive_probes: 5,
            ping: Duration::from_secs(30),
            ping_dead: Duration::from_secs(90),
            crowd: 256,
            rooms: 1024,
            drain: Duration::from_secs(5),
            raw_pace: Duration::from_millis(10),
            flood: true,
            flood_burst: 10,
            flood_messages: 4,
            flood_bytes: 16 * 1024,
            per_address: 64,
            per_address_minute: 128,
            handshakes_per_address: 32,
            handshakes: 4096,
            loopback_exempt: true,
        }
    }
}
