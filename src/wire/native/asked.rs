//! What a client sends, event by event. Knows no answer.

use crate::wire::entry::Kind;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The first line of a native client.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    pub v: u8,
    pub nick: String,
    #[serde(default = "super::user", with = "super::KindDef")]
    pub kind: Kind,
    /// Name and version of the program, for the server's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// A secret of the client's choice: who shows it again may take over the name it held, and
    /// its resent messages are recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The first room; `#lobby`, if not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume: Option<Resume>,
}

/// Where the client was when it lost its connection.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Resume {
    /// The `epoch` of the welcome under which it counted; without one, the numbers are those of
    /// the log as it is now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<String>,
    /// The last sequence number it has seen, per room.
    pub after: BTreeMap<String, u64>,
}

/// Asks to be in one more room, which is made if there is none of that name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct JoinRoom {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub room: String,
    /// The last entry of it that the client has seen, under the welcome's epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
}

/// Asks to be out of a room.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PartRoom {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub room: String,
}

/// Says what a room is about; an empty text takes the old topic away.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SetTopic {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    pub topic: String,
}

/// Asks which rooms there are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AskRooms {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Say {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    pub text: String,
    #[serde(default, skip_serializing_if = "super::is_default")]
    pub emote: bool,
    /// A bot names the message it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<u64>,
    /// … and which part of it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handler: Option<String>,
}

/// A bot tells the server about itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct About {
    /// What it answers to, for people.
    pub answers: Vec<String>,
    #[serde(default, skip_serializing_if = "super::is_default")]
    pub calls: u64,
    #[serde(default, skip_serializing_if = "super::is_default")]
    pub errors: u64,
    /// Lines its host held back.
    #[serde(default, skip_serializing_if = "super::is_default")]
    pub muted: u64,
    /// Microseconds its calls took on the average, and the slowest of them.
    #[serde(default, skip_serializing_if = "super::is_default")]
    pub mean_us: u64,
    #[serde(default, skip_serializing_if = "super::is_default")]
    pub slowest_us: u64,
}

/// Asks which bots are here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Bots {}

/// Asks which bot said something, and why; the last thing a bot said, if no number is given.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Why {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SendWhisper {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    pub to: String,
    pub text: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Who {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
}

/// Asks for entries of the past: the last `limit` before `before` (the end, if not said).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AskHistory {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// Only what was said with all of these words in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SetNick {
    pub nick: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Ping {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Quit {}
