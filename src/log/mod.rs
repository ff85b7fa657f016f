//! The append-only logs of the rooms: one writer appends a chunk a turn, any number of readers
//! follow with cursors. Knows no socket and no task; who waits for the tail waits elsewhere.
//!
//! Chunks hang together through `OnceLock<Weak<Chunk>>`, so that a reader needs no lock to go on and
//! keeps nothing alive but the chunk it stands in; and each dialect's bytes are made once, by the first reader that wants them.

mod chunk;
mod cursor;
mod logs;
mod writer;

pub use chunk::{Chunk, Encoded};
pub use cursor::{Cursor, Run, Slice};
pub use logs::{Logs, NOT_TAKEN};
pub use writer::{Gap, Log};

/// How far the log reaches: what the hub publishes once a turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tail {
    pub seq: crate::wire::entry::Seq,
    /// Weight of all that was ever appended, to tell how far a reader is behind.
    pub bytes: u64,
}

#[cfg(test)]
mod tests;
