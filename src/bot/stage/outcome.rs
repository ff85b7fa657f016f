//! What comes of an event: what the bot does, and what there is to tell about it.

use crate::bot::action::Action;
use crate::bot::diagnostic::Diagnostic;
use std::time::Duration;

/// What came of an event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// What the bot does now.
    pub actions: Vec<Action>,
    /// What the script wrote to its log.
    pub log: Vec<String>,
    /// The handler that answered or failed.
    pub handler: Option<String>,
    pub error: Option<Diagnostic>,
    /// `state` is another than before.
    pub stored: bool,
    /// What the host did about the bot.
    pub notes: Vec<Note>,
}

/// Something the host did about a bot.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Note {
    #[error("muted, it has said so often enough: {0}")]
    Muted(String),
    #[error("dropped, it says too much at once: {0}")]
    Dropped(String),
    #[error("benched for {secs} s, or until its script is saved: too many errors")]
    Benched { secs: u64 },
    #[error("without the planned call of `{0}`: the function is gone")]
    Unplanned(String),
}

/// What a bot has done so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Calls of handlers.
    pub calls: u64,
    pub errors: u64,
    /// Lines said, and lines the host held back for good.
    pub said: u64,
    pub muted: u64,
    /// Time all calls took, and the slowest of them.
    pub busy: Duration,
    pub slowest: Duration,
}
