//! What goes into the rooms and what comes out of them, as data.

use super::bans::Target;
use super::bots::About;
use super::rooms::Room;
use super::roster::Member;
use crate::wire::close::CloseReason;
use crate::wire::entry::{Entry, Kind, MessageId, Millis, Ordinal, RoomId, Seq, SessionId};
use crate::wire::limits;
use crate::wire::nick::{Nick, NickError};
use crate::wire::room_name::{RoomName, RoomNameError};
use crate::wire::text::{Text, TextError};
use std::net::IpAddr;
use std::sync::Arc;

/// One thing that happens to the rooms.
#[derive(Debug, Clone)]
pub enum Input {
    /// Makes a room, if it is not there and there may be one more, whose first entry will be
    /// `first`. Comes before whoever goes in.
    Open {
        room: RoomName,
        first: Seq,
        topic: Option<Text>,
        recorded: bool,
    },
    /// Somebody comes to the server, into one room.
    Join(Join),
    /// … and is gone, from all rooms.
    Leave {
        session: SessionId,
        reason: CloseReason,
    },
    /// A member goes into one more room or, `alone`, into that one only.
    Enter {
        session: SessionId,
        room: RoomName,
        id: Option<MessageId>,
        alone: bool,
    },
    /// A member goes out of a room.
    Part {
        session: SessionId,
        room: Option<RoomName>,
        id: Option<MessageId>,
    },
    Topic {
        session: SessionId,
        room: Option<RoomName>,
        topic: Option<Text>,
        id: Option<MessageId>,
    },
    /// Which rooms there are.
    Rooms {
        session: SessionId,
        id: Option<MessageId>,
    },
    /// What one member said in one go, in order.
    Post {
        session: SessionId,
        room: Option<RoomName>,
        posts: Vec<Post>,
    },
    Whisper {
        session: SessionId,
        to: String,
        text: Text,
        id: Option<MessageId>,
    },
    Rename {
        session: SessionId,
        to: Nick,
    },
    Roster {
        session: SessionId,
        room: Option<RoomName>,
    },
    /// A bot tells about itself; of others it is not taken.
    About {
        session: SessionId,
        about: About,
    },
    /// Asked for by [`Rooms::wants_tick`](super::Rooms::wants_tick), about a second later.
    Tick,
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
    Mute {
        name: String,
    },
    Unmute {
        name: String,
    },
    /// The administrator speaks.
    Say {
        room: RoomName,
        text: Text,
    },
}

/// Somebody wants to come in.
#[derive(Debug, Clone)]
pub struct Join {
    pub session: SessionId,
    pub nick: Nick,
    pub kind: Kind,
    pub addr: IpAddr,
    /// What stands for the client's secret, if it has one.
    pub token: Option<Arc<str>>,
    pub room: RoomName,
}

/// A message an earlier run of the server had, by which a resend is recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// What stands for its client's secret.
    pub owner: Arc<str>,
    pub id: MessageId,
    pub room: RoomName,
    pub seq: Seq,
    pub at: Millis,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    pub text: Text,
    pub emote: bool,
    /// What a bot answers; of others it is not taken.
    pub cause: Option<Seq>,
    /// The part of a bot that says it.
    pub handler: Option<Arc<str>>,
    pub id: Option<MessageId>,
}

impl Post {
    /// A plain message without a client's id.
    pub fn plain(text: Text) -> Self {
        Self { text, emote: false, cause: None, handler: None, id: None }
    }
}

/// What comes of an input: entries for everybody in a room, in order, and answers to single
/// sessions.
#[derive(Debug, Default)]
pub struct Effects {
    pub appended: Vec<Appended>,
    /// Rooms that are new …
    pub opened: Vec<RoomId>,
    /// … and that are no more.
    pub forgotten: Vec<(RoomId, RoomName)>,
    pub replies: Vec<Reply>,
}

/// Entries of one room, in order.
#[derive(Debug)]
pub struct Appended {
    pub room: RoomId,
    pub entries: Vec<Entry>,
}

/// A room in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoomRow {
    pub name: RoomName,
    /// Its last entry.
    pub seq: Seq,
    pub members: usize,
    pub topic: Option<Text>,
    pub recorded: bool,
}

impl RoomRow {
    pub(super) fn of(room: &Room) -> Self {
        Self {
            name: room.name.clone(),
            seq: room.seq,
            members: room.members.len(),
            topic: room.topic.clone(),
            recorded: room.recorded,
        }
    }
}

/// An answer on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// [`SessionId::CONSOLE`] is the administrator.
    pub to: SessionId,
    /// The last entry of all rooms when it was given: it is read after that one and before the
    /// next.
    pub after: Ordinal,
    pub answer: Answer,
}

/// What one session is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is in: its own view begins after `seq`.
    Admitted {
        room: RoomId,
        row: RoomRow,
    },
    /// It stays outside, and may try another name if the refusal is about the name.
    NotAdmitted(Refusal),
    Refused {
        re: Option<MessageId>,
        refusal: Refusal,
    },
    /// A message it sent before already has its place.
    Duplicate {
        id: MessageId,
        room: RoomName,
        seq: Seq,
        at: Millis,
    },
    Whisper {
        at: Millis,
        from: Nick,
        kind: Kind,
        text: Text,
    },
    WhisperSent {
        id: Option<MessageId>,
        to: Nick,
        at: Millis,
    },
    /// It has the name it asked for; `entry` tells whether the room was told of a change.
    Renamed {
        to: Nick,
        entry: bool,
    },
    Roster {
        room: RoomName,
        members: Arc<[Member]>,
    },
    /// It is in a room: newly, if `fresh`, and in no other, if `alone`.
    Entered {
        re: Option<MessageId>,
        room: RoomId,
        row: RoomRow,
        alone: bool,
        fresh: bool,
    },
    Parted {
        re: Option<MessageId>,
        room: RoomId,
        name: RoomName,
    },
    Rooms {
        re: Option<MessageId>,
        rows: Arc<[RoomRow]>,
    },
    /// The connection ends; the detail is for the member.
    Close(CloseReason, Option<String>),
    /// The administrator's command worked.
    Done(String),
    /// It did not.
    Failed(String),
}

/// Why something was not done. The texts are shown to people, the codes to programs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("{0}")]
    Nick(#[from] NickError),
    #[error("the name {0} is taken, or too like one that is")]
    NickTaken(Nick),
    #[error("you are banned here{}", because(.0.as_deref()))]
    Banned(Option<String>),
    #[error("you are muted: only the administrator can change that")]
    Muted,
    #[error("{0} is not here")]
    NoSuchMember(String),
    #[error("{0} has not read the last whispers yet; try again later")]
    Unread(String),
    #[error("{0}")]
    RoomName(#[from] RoomNameError),
    #[error("you are not in {0}; go there with /join {0}")]
    NotInRoom(RoomName),
    #[error("there are as many rooms as there may be; /rooms lists them")]
    TooManyRooms,
    #[error("you are in {most} rooms, the most there may be; /part one", most = limits::ROOMS_OF_ONE)]
    InTooManyRooms,
    #[error("nothing said in {0} is recorded, so there is nothing to search")]
    NotRecorded(RoomName),
    #[error("that topic is {0} bytes long; the limit is {limit}", limit = limits::TOPIC)]
    TopicTooLong(usize),
    #[error("{0}")]
    Text(#[from] TextError),
    #[error("that line is {0} bytes long; the limit is {limit}", limit = limits::LINE)]
    LineTooLong(usize),
    #[error("there is no event `{0}` in this version")]
    UnknownEvent(String),
    #[error("{0}")]
    BadEvent(String),
}

impl Refusal {
    /// The code in a native `refused` event and in counters.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Nick(_) => "nick_invalid",
            Self::NickTaken(_) => "nick_taken",
            Self::Banned(_) => "banned",
            Self::Muted => "muted",
            Self::NoSuchMember(_) => "no_such_member",
            Self::Unread(_) => "unread",
            Self::RoomName(_) => "room_invalid",
            Self::NotInRoom(_) => "not_in_room",
            Self::NotRecorded(_) => "not_recorded",
            Self::TooManyRooms | Self::InTooManyRooms => "too_many_rooms",
            Self::Text(TextError::Empty) => "empty",
            Self::Text(TextError::TooLong(_)) | Self::LineTooLong(_) | Self::TopicTooLong(_) => {
                "too_long"
            }
            Self::UnknownEvent(_) => "unknown_event",
            Self::BadEvent(_) => "bad_event",
        }
    }
}

/// A reason as the end of a sentence.
pub(super) fn because(reason: Option<&str>) -> String {
    reason.map(|reason| format!(": {reason}")).unwrap_or_default()
}
