//! Questions to the file: what came after a number, what came before one, and what has these words
//! in it. Each is answered from one state of the file, and none reads more than it has to. Writes
//! nothing.

use super::bytes::Damaged;
use super::db::{first, int, uint};
use super::error::HistoryError;
use super::parts::{part_after, part_before, those, with};
use super::view::Names;
use super::words::Words;
use super::write::{document, document_seq, is_indexed};
use crate::wire::entry::{Entry, Seq};
use crate::wire::room_name::RoomName;
use rusqlite::Connection;
use std::path::Path;

/// Entries of which the index does not know yet, that one search looks through: what a flood of a
/// second leaves behind, in some hundred milliseconds.
const SCAN: u64 = 256 * 1024;
/// Entries that the index names and that turn out not to have the words side by side, until a
/// search gives up.
const CANDIDATES: usize = 64 * 1024;
/// Entries the index is asked for at once.
const ASKED: usize = 512;

/// A page of the past, the oldest entry first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    pub entries: Vec<Entry>,
    /// There is more to be had before the first of these.
    pub more: bool,
    /// This is not all: a search had too much to look at that is not in the index yet, or words
    /// that are everywhere and hardly ever side by side; or a part of the file has changed on the
    /// disk.
    pub cut: bool,
}

/// What came after a number, the oldest entry first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Past {
    pub entries: Vec<Entry>,
    /// There were entries between the number and the first of these that are not to be had any
    /// more: taken out by age or size, or never recorded because the disk could not.
    pub gone: bool,
    /// There is more to be had after the last of these.
    pub more: bool,
}

/// Asks one file.
#[derive(Debug)]
pub(super) struct Asker<'a> {
    pub(super) file: &'a Path,
    pub(super) connection: &'a Connection,
    pub(super) names: &'a mut Names,
}

/// What a search has found, newest first.
#[derive(Debug, Default)]
struct Found {
    entries: Vec<Entry>,
    cut: bool,
}

impl Asker<'_> {
    /// The first `limit` entries after a number.
    pub(super) fn after(
        &mut self,
        room: &RoomName,
        after: Seq,
        limit: usize,
    ) -> Result<Past, HistoryError> {
        self.ask(|asker| asker.read_after(room, after, limit))
    }

    /// The last `limit` entries before a number, or at all; with words, of those that have them.
    pub(super) fn before(
        &mut self,
        room: &RoomName,
        before: Option<Seq>,
        limit: usize,
        search: Option<&str>,
    ) -> Result<Page, HistoryError> {
        self.ask(|asker| {
            let Some((row, _)) = asker.room(room)? else {
                return Ok(Page::default());
            };
            let before = before.unwrap_or(Seq(1 << 62));
            match search.map(Words::parse) {
                None => asker.read_before(row, before, limit),
                Some(Some(words)) => asker.search(row, before, limit, &words),
                Some(None) => Ok(Page::default()),
            }
        })
    }

    /// One question, and its answer from the file as it is at this moment.
    fn ask<T>(
        &mut self,
        question: impl FnOnce(&mut Self) -> rusqlite::Result<T>,
    ) -> Result<T, HistoryError> {
        let file = self.file;
        self.at_this_moment(question).map_err(|error| HistoryError::sql(file, &error))
    }

    fn at_this_moment<T>(
        &mut self,
        question: impl FnOnce(&mut Self) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let moment = self.connection.unchecked_transaction()?;
        let answer = question(self)?;
        moment.commit()?;
        Ok(answer)
    }

    /// The room's row, and the last number of it that was taken out.
    fn room(&self, room: &RoomName) -> rusqlite::Result<Option<(i64, Seq)>> {
        let sql = "SELECT id, gone FROM rooms WHERE name = ?1";
        let take = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, Seq(uint(row.get(1)?))));
        first(self.connection, sql, [room.as_str()], take)
    }

    fn read_after(&mut self, room: &RoomName, after: Seq, limit: usize) -> rusqlite::Result<Past> {
        let Some((row, gone_to)) = self.room(room)? else {
            return Ok(Past::default());
        };
        let (is_holed, stop) = self.holes(row, after)?;
        let mut past = Past { gone: is_holed || gone_to > after, more: false, entries: Vec::new() };
        let sql = "SELECT max(first) FROM segments WHERE room = ?1 AND first <= ?2";
        let wanted = int(after.next().0);
        let start = first(self.connection, sql, (row, wanted), |row| row.get::<_, Option<i64>>(0))?;
        let start = start.flatten().unwrap_or(wanted);
        let sql = "SELECT last, blob FROM segments WHERE room = ?1 AND first >= ?2 ORDER BY first";
        let mut question = self.connection.prepare_cached(sql)?;
        let mut rows = question.query((row, start))?;
        while let Some(row) = rows.next()? {
            if uint(row.get(0)?) <= after.0 {
                continue;
            }
            let missing = limit - past.entries.len();
            match part_after(row.get_ref(1)?.as_blob()?, after, stop, missing, self.names) {
                Ok((entries, more)) => {
                    past.entries.extend(entries);
                    past.more = more;
                }
                // The next answer begins with what is gone here.
                Err(Damaged) if past.entries.is_empty() => {
                    self.tell_of_damage();
                    past.gone = true;
                }
                Err(Damaged) => past.more = true,
            }
            if past.more {
                break;
            }
        }
        Ok(past)
    }

    fn tell_of_damage(&self) {
        let file = self.file.display();
        tracing::warn!(%file, "a part of the history has changed on the disk, and is left out");
    }

    /// Whether something right after the number is missing, and the last number before something
    /// else is: an answer ends there, so that the next can say so.
    fn holes(&self, row: i64, after: Seq) -> rusqlite::Result<(bool, Option<Seq>)> {
        let sql = "SELECT after FROM holes WHERE room = ?1 AND before > ?2 ORDER BY after LIMIT 2";
        let mut question = self.connection.prepare_cached(sql)?;
        let mut rows = question.query((row, int(after.next().0)))?;
        let mut is_holed = false;
        while let Some(row) = rows.next()? {
            let begins = Seq(uint(row.get(0)?));
            if begins > after {
                return Ok((is_holed, Some(begins)));
            }
            is_holed = true;
        }
        Ok((is_holed, None))
    }

    fn read_before(&mut self, row: i64, before: Seq, limit: usize) -> rusqlite::Result<Page> {
        let mut page = Page::default();
        let sql = "SELECT blob FROM segments WHERE room = ?1 AND first < ?2 ORDER BY first DESC";
        let mut question = self.connection.prepare_cached(sql)?;
        let mut rows = question.query((row, int(before.0)))?;
        while let Some(row) = rows.next()? {
            let missing = limit - page.entries.len();
            let part = part_before(row.get_ref(0)?.as_blob()?, before, missing, self.names);
            if let Ok((entries, more)) = part {
                page.entries.extend(entries);
                page.more = more;
            } else {
                self.tell_of_damage();
                page.cut = true;
            }
            if page.more {
                break;
            }
        }
        page.entries.reverse();
        Ok(page)
    }

    fn search(
        &mut self,
        row: i64,
        before: Seq,
        limit: usize,
        words: &Words,
    ) -> rusqlite::Result<Page> {
        // One more, to know whether there is more.
        let wanted = limit.saturating_add(1);
        let mut scanned = self.scan(row, before, wanted, words)?;
        if is_indexed(row) {
            let known = self.look_up(row, before, wanted, words)?;
            scanned.entries.extend(known.entries);
            scanned.cut |= known.cut;
        }
        let Found { mut entries, cut } = scanned;
        entries.sort_by_key(|entry| entry.seq);
        entries.dedup_by_key(|entry| entry.seq);
        let surplus = entries.len().saturating_sub(limit);
        entries.drain(..surplus);
        Ok(Page { entries, more: surplus > 0, cut })
    }

    /// What the index knows, newest first.
    fn look_up(
        &mut self,
        row: i64,
        before: Seq,
        wanted: usize,
        words: &Words,
    ) -> rusqlite::Result<Found> {
        let mut found = Found::default();
        let lowest = document(row, Seq(0)).unwrap_or(i64::MAX);
        let sql = "SELECT rowid FROM words WHERE words MATCH ?1 AND rowid >= ?2 AND rowid < ?3
                   ORDER BY rowid DESC LIMIT ?4";
        let mut question = self.connection.prepare_cached(sql)?;
        let query = words.query();
        let mut end = document(row, before).or(document(row + 1, Seq(0))).unwrap_or(i64::MAX);
        let mut looked = 0;
        while looked < CANDIDATES {
            let ask = (&query, lowest, end, int(ASKED as u64));
            let documents: Vec<i64> =
                question.query_map(ask, |row| row.get(0))?.collect::<Result<_, _>>()?;
            looked += documents.len();
            let is_all = documents.len() < ASKED;
            end = documents.last().copied().unwrap_or(lowest);
            let mut seqs: Vec<Seq> = documents.into_iter().map(document_seq).collect();
            while let Some(&newest) = seqs.first() {
                let rest = self.verify(row, newest, &seqs, words, &mut found)?;
                seqs.drain(..rest);
                if found.entries.len() >= wanted {
                    return Ok(found);
                }
            }
            if is_all {
                return Ok(found);
            }
        }
        found.cut = true;
        Ok(found)
    }

    /// Looks at those of the entries (newest first) that are in the newest's segment; gives how
    /// many those are.
    fn verify(
        &mut self,
        row: i64,
        newest: Seq,
        seqs: &[Seq],
        words: &Words,
        found: &mut Found,
    ) -> rusqlite::Result<usize> {
        let sql = "SELECT first, last, blob FROM segments WHERE room = ?1 AND first <= ?2
                   ORDER BY first DESC LIMIT 1";
        let mut question = self.connection.prepare_cached(sql)?;
        let mut rows = question.query((row, int(newest.0)))?;
        let Some(row) = rows.next()? else {
            return Ok(seqs.len());
        };
        let (start, last) = (Seq(uint(row.get(0)?)), Seq(uint(row.get(1)?)));
        if last < newest {
            // It was taken out a moment ago.
            return Ok(seqs.partition_point(|seq| *seq > last));
        }
        let here = seqs.partition_point(|seq| *seq >= start);
        let wanted = seqs.get(..here).unwrap_or_default();
        if let Ok(entries) = those(row.get_ref(2)?.as_blob()?, wanted, words, self.names) {
            found.entries.extend(entries);
        } else {
            self.tell_of_damage();
            found.cut = true;
        }
        Ok(here)
    }

    /// Looks through what the index does not know yet, newest first.
    fn scan(
        &mut self,
        row: i64,
        before: Seq,
        wanted: usize,
        words: &Words,
    ) -> rusqlite::Result<Found> {
        let sql = if is_indexed(row) {
            "SELECT id, count FROM segments JOIN backlog ON segment = id
             WHERE room = ?1 AND first < ?2 ORDER BY first DESC"
        } else {
            "SELECT id, count FROM segments WHERE room = ?1 AND first < ?2 ORDER BY first DESC"
        };
        let mut question = self.connection.prepare_cached(sql)?;
        let mut rows = question.query((row, int(before.0)))?;
        let (mut found, mut looked) = (Found::default(), 0);
        while let Some(segment) = rows.next()? {
            looked += segment.get::<_, u64>(1)?;
            if looked > SCAN {
                found.cut = true;
                break;
            }
            let sql = "SELECT blob FROM segments WHERE id = ?1";
            let mut question = self.connection.prepare_cached(sql)?;
            let mut rows = question.query([segment.get::<_, i64>(0)?])?;
            let Some(row) = rows.next()? else {
                continue;
            };
            if let Ok(entries) = with(row.get_ref(0)?.as_blob()?, before, words, self.names) {
                found.entries.extend(entries);
            } else {
                self.tell_of_damage();
                found.cut = true;
            }
            if found.entries.len() >= wanted {
                break;
            }
        }
        Ok(found)
    }
}
