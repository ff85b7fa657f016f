//! What is done in quiet moments, in steps of a few milliseconds each: the index catches up, what
//! is too old or too much is taken out, and the write-ahead log goes into the file.

use super::db::{first, int, uint};
use super::error::HistoryError;
use super::store::Store;
use super::view::View;
use super::words::fold;
use super::write::{document, insert_text};
use crate::wire::entry::Millis;
use std::time::Duration;

/// Segments that one step takes out: the room a flood needs, in about as long as it takes to
/// write one batch of it …
const TRIMMED: usize = 64;
/// … of which one that the index knows counts as so many, as each of its words is taken out too.
const INDEXED: usize = 8;
/// Pages given back to the file system in one step: 16 MiB.
const FREED: u32 = 4096;
/// Pages of the index that one step puts together, so that what was taken out leaves it.
const MERGED: i32 = 256;
const DAY: Duration = Duration::from_hours(24);

impl Store {
    /// Puts one segment into the index that had to wait; `false` if none had to.
    pub(super) fn index_some(&mut self) -> Result<bool, HistoryError> {
        self.index_newest().map_err(|error| self.sql(&error))
    }

    fn index_newest(&mut self) -> rusqlite::Result<bool> {
        let sql = "SELECT segment, room, blob FROM backlog JOIN segments ON id = segment
                   ORDER BY segment DESC LIMIT 1";
        let take = |row: &rusqlite::Row<'_>| {
            Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?, row.get::<_, Vec<u8>>(2)?))
        };
        let Some((id, room, blob)) = first(&self.connection, sql, (), take)? else {
            return Ok(false);
        };
        let commit = self.connection.unchecked_transaction()?;
        // What is damaged has nothing to be found in it.
        if let Ok(view) = View::open(&blob) {
            let mut folded = String::new();
            for item in view.items().map_while(Result::ok) {
                if let (Some(document), Ok(Some(text))) =
                    (document(room, item.seq), view.text(&item))
                {
                    fold(text, &mut folded);
                    insert_text(&commit, document, &folded)?;
                }
            }
        }
        commit.prepare_cached("DELETE FROM backlog WHERE segment = ?1")?.execute([id])?;
        commit.commit()?;
        Ok(true)
    }

    /// Takes out what is more than is to be kept, the oldest first; `false` if nothing was.
    pub(super) fn trim(&mut self, now: Millis) -> Result<bool, HistoryError> {
        self.trim_some(now).map_err(|error| self.sql(&error))
    }

    fn trim_some(&mut self, now: Millis) -> rusqlite::Result<bool> {
        let number = |name: &str| {
            self.connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map(uint)
        };
        let used = (number("page_count")? - number("freelist_count")?) * number("page_size")?;
        // The index of what is taken out leaves by and by, so half of what is too much is taken
        // at a time.
        let surplus = used.saturating_sub(self.keep.bytes).div_ceil(2);
        let too_old = self.keep.days.map_or(0, |days| {
            let kept = u64::try_from(DAY.as_millis()).unwrap_or_default().saturating_mul(days);
            now.0.saturating_sub(kept)
        });
        let too_many = match self.keep.messages {
            None => 0,
            Some(kept) => {
                let sql = "SELECT total(count) FROM segments";
                let all = first(&self.connection, sql, (), |row| row.get::<_, f64>(0))?;
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a count, far below 2^52"
                )]
                let all = all.unwrap_or_default() as u64;
                all.saturating_sub(kept)
            }
        };
        if surplus == 0 && too_old == 0 && too_many == 0 {
            return Ok(false);
        }
        self.take_out(surplus, too_old, too_many)
    }

    fn take_out(&self, surplus: u64, too_old: u64, too_many: u64) -> rusqlite::Result<bool> {
        let commit = self.connection.unchecked_transaction()?;
        let sql = "SELECT id, room, last, count, last_at, size FROM segments
                   ORDER BY last_at, id LIMIT ?1";
        let (mut bytes, mut entries, mut taken) = (0, 0, 0);
        {
            let mut question = commit.prepare_cached(sql)?;
            let mut rows = question.query([int(TRIMMED as u64)])?;
            while let Some(row) = rows.next()? {
                let (count, size): (u64, u64) = (uint(row.get(3)?), uint(row.get(5)?));
                // Whole segments only: of messages, never fewer than are to be kept.
                let is_surplus =
                    bytes < surplus || entries + count <= too_many || uint(row.get(4)?) < too_old;
                if !is_surplus || taken >= TRIMMED {
                    break;
                }
                bytes += size;
                entries += count;
                let is_indexed = remove(&commit, row.get(0)?, row.get(1)?, row.get(2)?)?;
                taken += if is_indexed { INDEXED } else { 1 };
            }
        }
        commit.commit()?;
        if taken > 0 {
            let merge = "INSERT INTO words (words, rank) VALUES ('merge', ?1)";
            self.connection.prepare_cached(merge)?.execute([MERGED])?;
            // Answers one row a page.
            let mut free =
                self.connection.prepare(&format!("PRAGMA incremental_vacuum({FREED})"))?;
            let mut pages = free.query(())?;
            while pages.next()?.is_some() {}
        }
        Ok(taken > 0)
    }

    /// Puts the write-ahead log into the file, and both on the disk; `false` if a reader keeps some
    /// of it from that.
    pub(super) fn settle(&mut self) -> Result<bool, HistoryError> {
        let pages = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(1)?, row.get::<_, i64>(2)?));
        self.connection
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", (), pages)
            .map(|(written, settled)| written == settled)
            .map_err(|error| self.sql(&error))
    }
}

/// Takes a segment out, with what the index knows of it; `false` if that is nothing.
fn remove(
    commit: &rusqlite::Transaction<'_>,
    id: i64,
    room: i64,
    last: i64,
) -> rusqlite::Result<bool> {
    let waiting = commit.prepare_cached("DELETE FROM backlog WHERE segment = ?1")?.execute([id])?;
    if waiting == 0 {
        let sql = "SELECT blob FROM segments WHERE id = ?1";
        let blob = first(commit, sql, [id], |row| row.get::<_, Vec<u8>>(0))?;
        // What the index knows of a damaged one leads nowhere, and is passed over.
        if let Some(view) = blob.as_deref().and_then(|blob| View::open(blob).ok()) {
            let mut delete = commit.prepare_cached("DELETE FROM words WHERE rowid = ?1")?;
            for item in view.items().map_while(Result::ok) {
                if let (Some(document), Ok(Some(_))) = (document(room, item.seq), view.text(&item))
                {
                    delete.execute([document])?;
                }
            }
        }
    }
    commit.prepare_cached("DELETE FROM segments WHERE id = ?1")?.execute([id])?;
    let sql = "UPDATE rooms SET gone = max(gone, ?2) WHERE id = ?1";
    commit.prepare_cached(sql)?.execute((room, last))?;
    commit
        .prepare_cached("DELETE FROM holes WHERE room = ?1 AND before <= ?2")?
        .execute((room, int(uint(last) + 1)))?;
    Ok(waiting == 0)
}
