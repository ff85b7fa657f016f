//! A room's name: `#` and a word. Checked once where it enters.

use super::limits;
use std::fmt;
use std::sync::Arc;

/// The name of a room, `#` included: `#lobby`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RoomName(Arc<str>);

/// Why a room's name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a room's name is # and up to 32 of a-z, 0-9, - and _, such as #ops")]
pub struct RoomNameError;

impl RoomName {
    /// The room that is always there.
    pub fn lobby() -> Self {
        Self("#lobby".into())
    }

    /// Takes a name with or without its `#`, in any case.
    pub fn parse(name: &str) -> Result<Self, RoomNameError> {
        let word = name.strip_prefix('#').unwrap_or(name);
        let fits = (1..limits::ROOM_CHARS).contains(&word.len())
            && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
        if fits {
            Ok(Self(format!("#{}", word.to_ascii_lowercase()).into()))
        } else {
            Err(RoomNameError)
        }
    }

    /// The name with its `#`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RoomName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folded_and_bounded() {
        assert_eq!(RoomName::parse("Lobby"), Ok(RoomName::lobby()));
        let ops = RoomName::parse("#ops-2").unwrap();
        assert_eq!((ops.as_str(), ops.to_string().as_str()), ("#ops-2", "#ops-2"));
        for bad in ["", "#", "a b", "#é", &"x".repeat(33)] {
            assert_eq!(RoomName::parse(bad), Err(RoomNameError), "{bad:?}");
        }
    }
}
