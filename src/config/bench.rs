//! What `chaty bench` is told: which server, by whom it is loaded, and how hard.

use crate::wire::room_name::RoomName;
use std::time::Duration;

/// What to do to whom.
#[derive(Debug, Clone, PartialEq)]
pub struct BenchSettings {
    pub target: Target,
    pub speech: Speech,
    pub room: RoomName,
    /// Members who only listen, and members who speak; at least one each.
    pub listeners: usize,
    pub publishers: usize,
    /// Bytes of a message.
    pub size: usize,
    pub pace: Pace,
    /// For how long messages are said.
    pub duration: Duration,
}

impl BenchSettings {
    /// A hundred members and four who speak, as fast as it goes: a busy room.
    pub fn new(target: Target, speech: Speech) -> Self {
        let (window, batch) = Pace::full(speech);
        Self {
            target,
            speech,
            room: RoomName::lobby(),
            listeners: 100,
            publishers: 4,
            size: 64,
            pace: Pace::Full { window: Some(window), batch },
            duration: Duration::from_secs(5),
        }
    }
}

/// The server to measure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// One that is started for this and ends with it.
    Own,
    /// One that runs. If it is not on loopback, somebody has to say that it is theirs.
    At { server: String, is_mine: bool },
}

/// How the members speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speech {
    Line,
    Native,
    Raw,
    /// Another server altogether: its room is a subject.
    Nats,
}

/// How fast the publishers speak, all together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// As fast as it goes.
    Full {
        /// Messages said that the slowest listener has not heard: no more than these. Without it,
        /// only the connections hold a publisher back.
        window: Option<u64>,
        /// Messages in one write.
        batch: u32,
    },
    /// So many messages a second.
    Rate(f64),
}

impl Pace {
    /// As fast as it goes, unless told otherwise. A window of 4096 keeps a fast server busy and
    /// nobody's queue from growing; writes of 64 messages are what a busy client makes. The
    /// ancestor's clients take one message a write, and hear a hundred a second.
    pub fn full(speech: Speech) -> (u64, u32) {
        if speech == Speech::Raw { (32, 1) } else { (4096, 64) }
    }
}
