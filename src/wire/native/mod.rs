//! The native dialect's shapes: JSON Lines, one object with one key a line, the key naming the
//! event. These are the wire's own types; the rest of the house speaks of entries and texts.
//! `docs/PROTOCOL.md` describes every field. Knows no session and no order of events.

mod asked;
mod codec;
mod entry;

pub use asked::{
    About, AskHistory, AskRooms, Bots, Hello, JoinRoom, PartRoom, Ping, Quit, Resume, Say,
    SendWhisper, SetNick, SetTopic, Who, Why,
};
pub use codec::{Decoded, Malformed, decode_client, decode_server, put};

use super::entry::Kind;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The version this crate speaks, in `hello` and `welcome`.
pub const VERSION: u8 = 1;

type Str<'a> = Cow<'a, str>;

/// What a client sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientEvent {
    Hello(Hello),
    Join(JoinRoom),
    Part(PartRoom),
    Topic(SetTopic),
    Rooms(AskRooms),
    Say(Say),
    Whisper(SendWhisper),
    Who(Who),
    History(AskHistory),
    About(About),
    Bots(Bots),
    Why(Why),
    Nick(SetNick),
    Ping(Ping),
    Pong(Ping),
    Quit(Quit),
}

/// What a server sends.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerEvent<'a> {
    Welcome(Welcome<'a>),
    Entered(Entered<'a>),
    Parted(Parted<'a>),
    Rooms(Rooms<'a>),
    Chat(Chat<'a>),
    Join(Presence<'a>),
    Leave(Presence<'a>),
    Rename(Rename<'a>),
    Topic(Topic<'a>),
    Crowd(Crowd<'a>),
    Ack(Ack<'a>),
    Refused(Refused<'a>),
    Whisper(Whisper<'a>),
    Roster(Roster<'a>),
    History(History<'a>),
    Gap(Gap<'a>),
    Notice(Notice<'a>),
    Ping(Ping),
    Pong(Ping),
    Bye(Bye<'a>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Welcome<'a> {
    pub v: u8,
    pub server: Str<'a>,
    pub nick: Str<'a>,
    pub epoch: Str<'a>,
    pub rooms: Vec<RoomState<'a>>,
    pub limits: Limits,
    pub text: Str<'a>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RoomState<'a> {
    pub room: Str<'a>,
    /// The last entry of the room when the member came in, its own join included.
    pub seq: u64,
    pub members: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Str<'a>>,
    /// Whether what is said there is kept in the server's history.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub recorded: bool,
}

/// The answer to `join`: the client is in that room now. What it missed there follows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entered<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub re: Option<Str<'a>>,
    #[serde(flatten)]
    pub state: RoomState<'a>,
}

/// The answer to `part`: the client is not in that room any more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Parted<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub re: Option<Str<'a>>,
    pub room: Str<'a>,
}

/// The answer to `rooms`: those with members, a topic or a history, by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rooms<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub re: Option<Str<'a>>,
    pub rooms: Vec<RoomState<'a>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Bytes of a message's text.
    pub text: usize,
    /// Bytes of a line from the client.
    pub line: usize,
    /// Seconds between the server's pings.
    pub ping_secs: u64,
    /// Seconds without a byte from the client after which it is closed.
    pub dead_secs: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chat<'a> {
    pub room: Str<'a>,
    pub seq: u64,
    pub at: u64,
    pub from: Str<'a>,
    #[serde(default = "user", with = "KindDef", skip_serializing_if = "is_user")]
    pub kind: Kind,
    pub text: Str<'a>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub emote: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<u64>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub hops: u8,
}

/// A `join` or, with a reason, a `leave`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Presence<'a> {
    pub room: Str<'a>,
    pub seq: u64,
    pub at: u64,
    pub who: Str<'a>,
    #[serde(default = "user", with = "KindDef", skip_serializing_if = "is_user")]
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Str<'a>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rename<'a> {
    pub room: Str<'a>,
    pub seq: u64,
    pub at: u64,
    pub from: Str<'a>,
    pub to: Str<'a>,
    #[serde(default = "user", with = "KindDef", skip_serializing_if = "is_user")]
    pub kind: Kind,
}

/// What the room is about from now on; without a topic, about nothing in particular.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Topic<'a> {
    pub room: Str<'a>,
    pub seq: u64,
    pub at: u64,
    pub who: Str<'a>,
    #[serde(default = "user", with = "KindDef", skip_serializing_if = "is_user")]
    pub kind: Kind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<Str<'a>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Crowd<'a> {
    pub room: Str<'a>,
    pub seq: u64,
    pub at: u64,
    pub joined: u32,
    pub left: u32,
}

/// The client's own message took its place in the order. A whisper's ack has no place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ack<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<Str<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub room: Option<Str<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    pub at: u64,
    /// It was a resend: the message already had this place.
    #[serde(default, skip_serializing_if = "is_default")]
    pub duplicate: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refused<'a> {
    /// The id of the client's message, or else the name of its event.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub re: Option<Str<'a>>,
    pub code: Str<'a>,
    pub text: Str<'a>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Whisper<'a> {
    pub at: u64,
    pub from: Str<'a>,
    #[serde(default = "user", with = "KindDef", skip_serializing_if = "is_user")]
    pub kind: Kind,
    pub text: Str<'a>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Roster<'a> {
    pub room: Str<'a>,
    pub members: Vec<Member<'a>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member<'a> {
    pub nick: Str<'a>,
    #[serde(default = "user", with = "KindDef", skip_serializing_if = "is_user")]
    pub kind: Kind,
    pub since: u64,
}

/// The answer to `history`: entries in their order, as the events they were.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct History<'a> {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub re: Option<Str<'a>>,
    pub room: Str<'a>,
    pub events: Vec<ServerEvent<'a>>,
    /// There is more to be had before the first of these.
    pub more: bool,
}

/// Entries after `after` and before `before` are no longer to be had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gap<'a> {
    pub room: Str<'a>,
    pub after: u64,
    pub before: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notice<'a> {
    pub text: Str<'a>,
}

/// The last event of a connection, with the code of a close reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bye<'a> {
    pub code: Str<'a>,
    pub text: Str<'a>,
}

/// A kind on the wire, in lower case; a user's is left out.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Kind", rename_all = "snake_case")]
enum KindDef {
    User,
    Bot,
    Script,
}

fn user() -> Kind {
    Kind::User
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_user(kind: &Kind) -> bool {
    *kind == Kind::User
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_yes(yes: &bool) -> bool {
    *yes
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

#[cfg(test)]
mod tests;
