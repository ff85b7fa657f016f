//! The file as its one writer has it: which room is which row, and how far each room's numbers are
//! reserved. What is written stands in [`write`](super::write), what is done in quiet moments in
//! [`upkeep`](super::upkeep).

use super::OwnerKey;
use super::db::{self, Lock};
use super::error::HistoryError;
use super::mark::{self, Note};
use super::view::Names;
use crate::config::{HistorySync, Keep};
use crate::wire::entry::Seq;
use crate::wire::room_name::RoomName;
use rusqlite::Connection;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Numbers that a room may use before the mark says so: more than it can say while the disk holds
/// a commit for minutes.
pub(super) const SPAN: u64 = 1 << 20;

/// An open history, to be written by one thread.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) file: PathBuf,
    pub(super) connection: Connection,
    pub(super) id: String,
    pub(super) run: String,
    pub(super) key: OwnerKey,
    pub(super) keep: Keep,
    pub(super) rooms: HashMap<RoomName, Place>,
    /// Where rooms that the file did not know begin.
    pub(super) floor: u64,
    /// The first number that no room which is not in the file has used.
    pub(super) others_next: u64,
    /// No room that is not in the file may use more than this number, by the mark.
    pub(super) others_limit: u64,
    /// Something was said that is not in the file: its numbers are used, and the end is not clean.
    pub(super) is_unsure: bool,
    pub(super) names: Names,
    pub(super) lock: Lock,
    /// Device and number of the file that was opened.
    pub(super) inode: Option<(u64, u64)>,
}

/// Which file stands at a path.
pub(super) fn inode(file: &Path) -> Option<(u64, u64)> {
    fs::metadata(file).ok().map(|meta| (meta.dev(), meta.ino()))
}

/// A room's place in the file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Its row.
    pub(super) row: i64,
    /// Its last number.
    pub(super) last: u64,
    /// The room may use no more than this number, by the mark.
    pub(super) limit: u64,
    /// Whether the mark names it: a room that used little needs no mention.
    pub(super) is_marked: bool,
    /// It was made since the file was opened, so it began at the floor.
    pub(super) is_new: bool,
}

impl Store {
    /// Whether the file is where it was: what goes into another's place, or into none, is lost.
    pub(super) fn is_in_place(&self) -> Result<(), HistoryError> {
        if inode(&self.file) == self.inode {
            return Ok(());
        }
        Err(HistoryError::Gone { file: self.file.clone() })
    }

    /// The next number of the others is at least this: a room that the file does not know, or not
    /// yet, has used the one before.
    pub(super) fn others_used(&mut self, next: Seq) {
        self.others_next = self.others_next.max(next.0);
    }

    /// Whether a room has used up half of what it may, or more.
    pub(super) fn reserve(&self) -> Reserve {
        let rooms = self.rooms.values().map(|place| Reserve::of(place.last, place.limit));
        rooms.fold(Reserve::of(self.others_last(), self.others_limit), Reserve::max)
    }

    /// Reserves a span beyond the last number of every room that has used up half of its own, and
    /// writes that down.
    pub(super) fn extend(&mut self) -> Result<(), HistoryError> {
        let extended = |last, limit| match Reserve::of(last, limit) {
            Reserve::Enough => limit,
            Reserve::Half | Reserve::Beyond => last + SPAN,
        };
        let others = extended(self.others_last(), self.others_limit);
        let mut rooms = BTreeMap::new();
        for (room, place) in &self.rooms {
            let limit = extended(place.last, place.limit);
            if place.is_marked || limit != place.limit {
                rooms.insert(room.as_str().to_owned(), limit);
            }
        }
        let (id, run) = (self.id.clone(), self.run.clone());
        mark::write_open(&self.file, Note { id, run, others, rooms })
            .map_err(|error| HistoryError::io(&self.file, &error))?;
        self.others_limit = others;
        for place in self.rooms.values_mut() {
            let limit = extended(place.last, place.limit);
            place.is_marked |= limit != place.limit;
            place.limit = limit;
        }
        Ok(())
    }

    /// The last number of the rooms that the file did not know when it was opened.
    fn others_last(&self) -> u64 {
        let made = self.rooms.values().filter(|place| place.is_new).map(|place| place.last);
        made.fold(self.others_next.saturating_sub(1), u64::max)
    }

    /// Puts everything into the file itself and closes it. An end that is not complete leaves the
    /// mark as that of an open file, so that the numbers go on above all that may have been used.
    pub(super) fn close(self, is_complete: bool) -> Result<(), HistoryError> {
        let Self { file, connection, id, run, others_next, is_unsure, lock, .. } = self;
        let sql = |error: &rusqlite::Error| HistoryError::sql(&file, error);
        let end = || {
            db::synchronous(&connection, HistorySync::Full)?;
            let last = connection.unchecked_transaction()?;
            db::set_meta(&last, "next", db::int(others_next))?;
            last.commit()?;
            connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))
        };
        end().map_err(|error| sql(&error))?;
        connection.close().map_err(|(_connection, error)| sql(&error))?;
        if is_complete && !is_unsure {
            let note = Note { id, run, others: others_next, rooms: BTreeMap::new() };
            mark::write_closed(&file, note).map_err(|error| HistoryError::io(&file, &error))?;
        }
        drop(lock);
        Ok(())
    }

    pub(super) fn sql(&self, error: &rusqlite::Error) -> HistoryError {
        HistoryError::sql(&self.file, error)
    }

    pub(super) fn file(&self) -> &Path {
        &self.file
    }
}

/// How much of their reserved numbers the rooms have left.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reserve {
    Enough,
    /// Time to reserve more.
    Half,
    /// Numbers are in use that nothing on the disk tells of.
    Beyond,
}

impl Reserve {
    fn of(last: u64, limit: u64) -> Self {
        if last > limit {
            Self::Beyond
        } else if last.saturating_add(SPAN / 2) > limit {
            Self::Half
        } else {
            Self::Enough
        }
    }
}
