//! What a room knows of its bots besides what they say: what they tell about themselves, and why
//! they said what they said.

use crate::wire::entry::Seq;
use crate::wire::nick::Nick;
use std::sync::Arc;

/// What a bot tells about itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct About {
    /// What it answers to, for people.
    pub answers: Vec<String>,
    pub calls: u64,
    pub errors: u64,
    /// Lines its host held back.
    pub muted: u64,
    /// Microseconds its calls took on the average, and the slowest of them.
    pub mean_us: u64,
    pub slowest_us: u64,
}

/// Why a bot said something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    pub bot: Nick,
    /// The entry it answered.
    pub cause: Option<Seq>,
    /// The part of it that spoke, if it said so.
    pub handler: Option<Arc<str>>,
}
