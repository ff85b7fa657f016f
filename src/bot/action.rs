//! What a bot does, as data: nothing here reaches a room.

use crate::wire::text::Text;

/// One line a bot says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    pub to: To,
    pub text: Text,
    /// It is what the bot does, as with `/me`.
    pub emote: bool,
    /// The entry of the room it answers.
    pub cause: Option<u64>,
    /// The handler that said it.
    pub handler: String,
}

/// Who hears it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum To {
    Room(String),
    Member(String),
}
