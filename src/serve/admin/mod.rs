//! The administrator's words: one set of commands and reports for the console, the admin socket
//! and `chaty admin`. Knows the room only through what it asks and what it is told.

pub mod ask;
pub mod console;
mod desk;
pub mod json;
pub mod remote;
pub mod render;
pub mod socket;
pub mod words;

pub use desk::{Administered, Answer, Clerk, Desk};

use super::history;
use crate::room::{About, RoomRow, Target};
use crate::wire::Dialect;
use crate::wire::entry::{Kind, Millis, Seq};
use crate::wire::room_name::RoomName;
use std::net::SocketAddr;
use std::time::Duration;

/// What an administrator can ask of a running server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    List,
    Kick {
        name: String,
        reason: Option<String>,
    },
    Ban {
        target: Target,
        reason: Option<String>,
    },
    Unban {
        target: Target,
    },
    /// `ban` without a target.
    Bans,
    Mute {
        name: String,
    },
    Unmute {
        name: String,
    },
    Say {
        room: RoomName,
        text: String,
    },
    /// The rooms, with who is in them and what they are about.
    Rooms,
    /// What is kept, and whether it is being recorded.
    History,
    /// The bots, with what they have done.
    Bots,
    Stats,
    /// Read the settings again.
    Reload,
    Shutdown,
}

/// What came of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Report {
    Members(Vec<MemberRow>),
    Bans(Vec<BanRow>),
    Rooms(Vec<RoomRow>),
    History(Box<Recorded>),
    Bots(Vec<BotRow>),
    Stats(Stats),
    /// It was done: one line that says what.
    Done(String),
    /// It could not be done: one line that says why.
    Failed(String),
}

/// One member in `list`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    pub nick: String,
    pub kind: Kind,
    pub dialect: Dialect,
    pub addr: SocketAddr,
    pub since: Millis,
    pub muted: bool,
    /// Entries of the room it has not been sent yet.
    pub lag: u64,
}

/// `history`: the file in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub stats: history::Stats,
    /// The disk takes nothing at the moment.
    pub suspended: bool,
}

/// One bot in `bots`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BotRow {
    pub nick: String,
    /// What it told about itself, if it did.
    pub about: Option<About>,
}

/// One ban.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BanRow {
    pub target: Target,
    pub reason: Option<String>,
    pub since: Millis,
}

/// `stats`: the server in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stats {
    pub uptime: Duration,
    /// The lobby's last entry.
    pub last_seq: Seq,
    pub rooms: u64,
    /// Members by kind and by dialect, in a fixed order of names.
    pub members: Vec<(&'static str, u64)>,
    pub connections: u64,
    pub messages: u64,
    pub turns: u64,
    pub retained_bytes: u64,
    pub retained_entries: u64,
    /// Closed connections by reason code; only those that happened.
    pub closes: Vec<(&'static str, u64)>,
    /// Refused names by code; only those that happened.
    pub refused: Vec<(&'static str, u64)>,
}
