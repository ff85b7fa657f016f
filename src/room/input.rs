//! What goes into a room and what comes out of it, as data.

use super::bans::Target;
use super::bots::About;
use super::roster::Member;
use crate::wire::close::CloseReason;
use crate::wire::entry::{Entry, Kind, MessageId, Millis, Seq, SessionId};
use crate::wire::limits;
use crate::wire::nick::{Nick, NickError};
use crate::wire::room_name::RoomName;
use crate::wire::text::{Text, TextError};
use std::net::IpAddr;
use std::sync::Arc;

/// One thing that happens to a room.
#[derive(Debug, Clone)]
pub enum Input {
    Join(Join),
    Leave {
        session: SessionId,
        reason: CloseReason,
    },
    /// What one member said in one go, in order.
    Post {
        session: SessionId,
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
    },
    /// A bot tells about itself; of others it is not taken.
    About {
        session: SessionId,
        about: About,
    },
    /// Asked for by [`Room::wants_tick`](super::Room::wants_tick), about a second later.
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
    /// The client's secret, if it has one.
    pub token: Option<Arc<str>>,
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

/// What comes of an input: entries for everybody, in order, and answers to single sessions.
#[derive(Debug, Default)]
pub struct Effects {
    pub entries: Vec<Entry>,
    pub replies: Vec<Reply>,
}

/// An answer on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// [`SessionId::CONSOLE`] is the administrator.
    pub to: SessionId,
    /// The last entry when it was given: it is read after that one and before the next.
    pub after: Seq,
    pub answer: Answer,
}

/// What one session is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It is in: its own view begins after `seq`.
    Admitted {
        seq: Seq,
        members: usize,
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
    Roster(Arc<[Member]>),
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
    #[error("there is no room {0}; this server has {lobby}", lobby = RoomName::lobby())]
    NoSuchRoom(String),
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
            Self::NoSuchRoom(_) => "no_such_room",
            Self::Text(TextError::Empty) => "empty",
            Self::Text(TextError::TooLong(_)) | Self::LineTooLong(_) => "too_long",
            Self::UnknownEvent(_) => "unknown_event",
            Self::BadEvent(_) => "bad_event",
        }
    }
}

/// A reason as the end of a sentence.
pub(super) fn because(reason: Option<&str>) -> String {
    reason.map(|reason| format!(": {reason}")).unwrap_or_default()
}
