//! Why a connection ended: one closed list for the log, the counters and the peer.

use std::fmt;

/// Every way a session can end. Shown to the peer where its dialect can carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CloseReason {
    /// The client said goodbye or closed its side.
    Quit,
    /// The member left the room, and stays connected.
    Parted,
    /// The connection broke.
    Lost,
    /// The administrator removed the member.
    Kicked,
    /// The administrator banned the name or the address.
    Banned,
    /// The same client came back and took its own name over.
    Replaced,
    /// The handshake was not finished by its deadline.
    HandshakeTimeout,
    /// More bytes than a handshake needs.
    HandshakeTooLong,
    /// The first bytes belong to another protocol (HTTP, TLS).
    NotChat,
    /// The native `hello` asked for a version this server does not speak.
    Version,
    /// Too much without a newline.
    LineTooLong,
    /// The reader fell out of the retained log.
    Lagged,
    /// No byte was accepted by the peer until the write deadline.
    WriteTimeout,
    /// No byte came from a native peer until the keepalive deadline.
    PingTimeout,
    /// The server holds as many connections as it may.
    Full,
    /// The address has as many connections as one may have.
    AddressFull,
    /// The address opens connections faster than one may.
    TooFast,
    /// Others came while this one gave no name.
    MadeWay,
    /// The server is going down.
    Shutdown,
}

impl CloseReason {
    /// All of them, for the counters and the documents.
    pub const ALL: [Self; 19] = [
        Self::Quit,
        Self::Parted,
        Self::Lost,
        Self::Kicked,
        Self::Banned,
        Self::Replaced,
        Self::HandshakeTimeout,
        Self::HandshakeTooLong,
        Self::NotChat,
        Self::Version,
        Self::LineTooLong,
        Self::Lagged,
        Self::WriteTimeout,
        Self::PingTimeout,
        Self::Full,
        Self::AddressFull,
        Self::TooFast,
        Self::MadeWay,
        Self::Shutdown,
    ];

    /// The code in native events, logs and metrics.
    pub fn code(self) -> &'static str {
        match self {
            Self::Quit => "quit",
            Self::Parted => "parted",
            Self::Lost => "lost",
            Self::Kicked => "kicked",
            Self::Banned => "banned",
            Self::Replaced => "replaced",
            Self::HandshakeTimeout => "handshake_timeout",
            Self::HandshakeTooLong => "handshake_too_long",
            Self::NotChat => "not_chat",
            Self::Version => "version",
            Self::LineTooLong => "line_too_long",
            Self::Lagged => "lagged",
            Self::WriteTimeout => "write_timeout",
            Self::PingTimeout => "ping_timeout",
            Self::Full => "full",
            Self::AddressFull => "address_full",
            Self::TooFast => "too_fast",
            Self::MadeWay => "made_way",
            Self::Shutdown => "shutdown",
        }
    }

    /// The reason behind a code, if there is one.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.code() == code)
    }

    /// Whether a client that lost its connection for this reason should try again by itself.
    pub fn is_worth_a_retry(self) -> bool {
        !matches!(
            self,
            Self::Quit
                | Self::Parted
                | Self::Kicked
                | Self::Banned
                | Self::Replaced
                | Self::Version
        )
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Parted => "you left the room",
            Self::Quit => "you left",
            Self::Lost => "the connection was lost",
            Self::Kicked => "you were kicked",
            Self::Banned => "you are banned here",
            Self::Replaced => "you joined again from another connection",
            Self::HandshakeTimeout => "no name was given in time",
            Self::HandshakeTooLong => "that is too long for a name",
            Self::NotChat => "this port speaks chaty's protocol",
            Self::Version => "this server does not speak that version of the protocol",
            Self::LineTooLong => "too many bytes without a newline",
            Self::Lagged => "you read too slowly: older messages are gone",
            Self::WriteTimeout => "you stopped reading",
            Self::PingTimeout => "you stopped answering",
            Self::Full => "the server is full",
            Self::AddressFull => "there are too many connections from your address",
            Self::TooFast => "your address makes too many new connections",
            Self::MadeWay => "others came in while no name was given",
            Self::Shutdown => "the server is going down",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_code_is_unique_and_leads_back() {
        let codes: HashSet<_> = CloseReason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), CloseReason::ALL.len());
        for reason in CloseReason::ALL {
            assert_eq!(CloseReason::from_code(reason.code()), Some(reason));
        }
    }

    #[test]
    fn no_code_no_reason() {
        for none in ["", "Quit", "quit ", "gone"] {
            assert_eq!(CloseReason::from_code(none), None, "{none:?}");
        }
    }

    #[test]
    fn every_reason_is_told_in_words_of_its_own() {
        let told: HashSet<_> = CloseReason::ALL.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), CloseReason::ALL.len());
        assert!(told.iter().all(|words| words.len() > 7), "{told:?}");
        assert_eq!(CloseReason::Kicked.to_string(), "you were kicked");
    }

    /// Who was sent away, or went, does not come back by itself; whom a fault cut off does.
    #[test]
    fn only_a_fault_is_worth_a_retry() {
        let last = ["quit", "parted", "kicked", "banned", "replaced", "version"];
        for reason in CloseReason::ALL {
            assert_eq!(reason.is_worth_a_retry(), !last.contains(&reason.code()), "{reason:?}");
        }
    }
}
