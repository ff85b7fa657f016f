//! What goes over the wire: names, texts, entries and the three dialects that carry them.
//! Pure: no tokio, no file, no clock, no randomness, and nothing else of ours.

pub mod close;
pub mod command;
pub mod entry;
pub mod frame;
pub mod limits;
pub mod line;
pub mod native;
pub mod nick;
pub mod raw;
pub mod room_name;
pub mod shown;
pub mod text;

/// What the server says first on every connection: four bytes and no newline.
pub const NICK: &str = "NICK";
/// The name is accepted.
pub const NICK_OK: &str = "NICK_OK";
/// The name is refused; in the line dialect the reason follows on a notice line.
pub const NICK_INVALID: &str = "NICK_INVALID";
/// The last word a kicked client hears.
pub const KICK: &str = "KICK";
/// The ancestor's greeting, to the byte.
pub const WELCOME: &str = "Connection successful, welcome to ChatyChaty !";

/// How one session speaks, decided by its first answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dialect {
    /// The ancestor's: no framing, one message a segment.
    Raw,
    /// Newline-terminated text, for `nc` and shell scripts.
    Line,
    /// JSON Lines with sequence numbers, acks and resume.
    Native,
}

impl Dialect {
    /// The word used in `list`, logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Line => "line",
            Self::Native => "native",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn the_dialects_have_the_names_of_the_documents() {
        let names = [Dialect::Raw, Dialect::Line, Dialect::Native].map(Dialect::name);
        assert_eq!(names, ["raw", "line", "native"]);
    }
}
