//! The durable history: one `SQLite` file that holds what was said in the recorded rooms, one
//! thread that writes it and one that reads it. It follows the rooms' logs with cursors of its own
//! and is never in the hub's way; what it cannot write now it writes later, or counts as missing.
//!
//! ```text
//! hub ──Feed::room, Feed::moved──▶ recorder ──slices──▶ writer thread ──▶ FILE, FILE.mark
//! sessions ──History::after, before──▶ reader thread ──▶ FILE
//! ```
//!
//! Numbers: [`Remembered`] says where each room's numbers begin, so that none is ever used twice. A
//! clean restart goes on with the next; after a crash they jump above everything that was
//! reserved; a file that was copied or restored goes on at the clock's microseconds.

mod bytes;
mod db;
mod error;
mod follow;
mod import;
mod mark;
mod open;
mod parts;
mod read;
mod reader;
mod recorder;
mod segment;
mod store;
mod transfer;
mod upkeep;
mod view;
mod words;
mod write;
mod writer;

pub use error::HistoryError;
pub use follow::Reopen;
pub use import::{ImportError, Imported, import};
pub use open::{OpenFile, Remembered};
pub use read::{Page, Past};
pub use reader::History;
pub use recorder::{Durable, Feed, Gate, Recorder};
pub use transfer::{ExportError, Found, RoomStats, Stats, export, print_found, search, stats};

#[cfg(test)]
mod tests;

use crate::wire::entry::{MessageId, Millis, Seq};
use crate::wire::room_name::RoomName;
use crate::wire::text::Text;
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// An owner's secret as it is kept: nobody who reads the file can show it as their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OwnerHash(pub [u8; 16]);

impl OwnerHash {
    /// What a session has of its client's secret: the hash as it is written.
    pub fn parse(owner: &str) -> Option<Self> {
        let digits = owner.as_bytes();
        let mut hash = [0; 16];
        if digits.len() != 32 {
            return None;
        }
        for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
            let pair = str::from_utf8(pair).ok()?;
            *byte = u8::from_str_radix(pair, 16).ok()?;
        }
        Some(Self(hash))
    }
}

impl std::fmt::Display for OwnerHash {
    /// In hexadecimal digits.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The file's own key, with which owners are hashed.
#[derive(Clone, Copy)]
pub struct OwnerKey([u8; 16]);

/// A room of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRoom {
    pub name: RoomName,
    /// The first number to use in it.
    pub next: Seq,
    pub topic: Option<Text>,
}

/// A message that had an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    pub room: RoomName,
    pub owner: OwnerHash,
    pub id: MessageId,
    pub seq: Seq,
    pub at: Millis,
}

/// A bot's message that answered another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounced {
    pub room: RoomName,
    pub seq: Seq,
    pub hops: u8,
}

/// Where the rooms' numbers begin; the hub asks for every room it makes.
#[derive(Debug, Clone)]
pub struct Numbers {
    known: HashMap<RoomName, Seq>,
    floor: Seq,
}

impl Default for Numbers {
    /// Without a history: every room begins at 1.
    fn default() -> Self {
        Self { known: HashMap::new(), floor: Seq(1) }
    }
}

impl Numbers {
    /// Above a number for every room, without a file.
    #[cfg(test)]
    pub(super) fn above(floor: Seq) -> Self {
        Self { known: HashMap::new(), floor }
    }

    /// Where a room begins that is not known: above everything that rooms have used of which
    /// nothing is written.
    pub fn floor(&self) -> Seq {
        self.floor
    }

    /// The first number of a room that is made now.
    pub fn first(&self, room: &RoomName) -> Seq {
        self.known.get(room).copied().unwrap_or(self.floor)
    }
}

impl OwnerKey {
    /// An owner as the file has it.
    pub fn hash(&self, owner: &str) -> OwnerHash {
        let digest = Sha256::new().chain_update(self.0).chain_update(owner).finalize();
        let mut hash = [0; 16];
        hash.iter_mut().zip(digest).for_each(|(place, byte)| *place = byte);
        OwnerHash(hash)
    }
}

impl std::fmt::Debug for OwnerKey {
    /// Keeps it to itself.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OwnerKey")
    }
}
