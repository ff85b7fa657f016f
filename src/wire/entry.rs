//! What a room's log is made of: everything that can be seen in a room is an [`Entry`] with a
//! sequence number. Knows no encoding; the dialects have that.

use super::close::CloseReason;
use super::nick::Nick;
use super::text::Text;
use std::fmt;
use std::sync::Arc;

/// A place in a room's order. The first entry is 1; 0 stands before everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Seq(pub u64);

impl Seq {
    /// The place right after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A place in the order of the whole server: over all its rooms, since it was started. The first
/// is 1; 0 stands before everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Ordinal(pub u64);

impl Ordinal {
    /// The place right after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Milliseconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Millis(pub u64);

/// A room's number, never used twice while the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomId(pub u32);

/// One connection's number, never used twice while the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct SessionId(pub u64);

impl SessionId {
    /// Who speaks when the administrator does.
    pub const CONSOLE: Self = Self(0);
    /// Who did what is read back from the history: nobody who is connected now.
    pub const PAST: Self = Self(u64::MAX);
}

/// What a member is. The client says it in its `hello`, the server stamps it on everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A person. The line and raw dialects have only these.
    User,
    /// A bot: other bots do not hear it unless they ask to.
    Bot,
    /// A program that posts or listens (`chaty send`, `chaty tail`): listed, but its coming and
    /// going is not announced.
    Script,
}

impl Kind {
    /// The word used on the wire and in `list`.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Bot => "bot",
            Self::Script => "script",
        }
    }
}

/// A client's own name for a message it sent: echoed in the ack, and how a resend is recognised.
pub type MessageId = Arc<str>;

/// One line of a room's history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub seq: Seq,
    pub ordinal: Ordinal,
    pub at: Millis,
    /// Whose doing it is: that session's own writer leaves it out, or acknowledges it.
    pub author: SessionId,
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Chat(Chat),
    Join {
        who: Nick,
        kind: Kind,
    },
    Leave {
        who: Nick,
        kind: Kind,
        reason: CloseReason,
    },
    Rename {
        from: Nick,
        to: Nick,
        kind: Kind,
    },
    /// What the room is about; none takes the old one away.
    Topic {
        by: Nick,
        kind: Kind,
        topic: Option<Text>,
    },
    /// Joins and leaves of a crowd, folded.
    Crowd {
        joined: u32,
        left: u32,
    },
}

/// Something said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chat {
    pub from: Nick,
    pub kind: Kind,
    /// Said with `/me`.
    pub emote: bool,
    pub text: Text,
    /// The message a bot answers.
    pub cause: Option<Seq>,
    /// 0 for people; a bot's is its cause's plus one.
    pub hops: u8,
    pub id: Option<MessageId>,
    /// The secret of the client that gave the id, by which a resend is recognised.
    pub owner: Option<Arc<str>>,
}

#[cfg(test)]
mod tests {
    use super::{Kind, Ordinal, Seq};

    #[test]
    fn places_follow_one_another_and_are_shown_as_numbers() {
        assert_eq!(Seq::default().next().next(), Seq(2));
        assert_eq!(Ordinal::default().next().next(), Ordinal(2));
        assert_eq!(Seq(42).to_string(), "42");
    }

    #[test]
    fn the_kinds_have_the_names_of_the_wire() {
        let names = [Kind::User, Kind::Bot, Kind::Script].map(Kind::name);
        assert_eq!(names, ["user", "bot", "script"]);
    }
}
