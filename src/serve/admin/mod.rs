//! The administrator's words: one set of commands and reports for the console, the admin socket
//! and `chaty admin`. Knows the room only through what it asks and what it is told.

pub mod ask;
pub mod console;
mod desk;
pub mod json;
mod numbers;
pub mod remote;
pub mod render;
pub mod socket;
pub mod words;

pub use desk::{Administered, Answer, Clerk, Desk};

pub use super::metrics::Stats;

use super::history;
use crate::room::{About, RoomRow, Target};
use crate::wire::Dialect;
use crate::wire::entry::{Kind, Millis};
use crate::wire::room_name::RoomName;
use std::net::SocketAddr;

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
    Stats(Box<Stats>),
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
