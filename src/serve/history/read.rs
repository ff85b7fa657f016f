//! Questions to the file: what came after a number, what came before one, and what has these words
//! in it. Each is answered from one state of the file, and none reads more than it has to. Writes
//! nothing.

use super::bytes::Damaged;
use super::db::{first, int, uint};
use super::error::HistoryError;
use super::view::{Item, Names, View};
use super::words::{Words, fold};
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
    /// A search did not look at everything: too much was said too quickly to be in the index yet,
    /// or the words are everywhere and hardly ever side by side.
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

/// Why there is no answer: the database's word, or a segment that is not as it was written.
#[derive(Debug)]
enum Failed {
    Sql(rusqlite::Error),
    Damaged,
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<Damaged> for Failed {
    fn from(_: Damaged) -> Self {
        Self::Damaged
    }
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
        question: impl FnOnce(&mut Self) -> Result<T, Failed>,
    ) -> Result<T, HistoryError> {
        match self.at_this_moment(question) {
            Ok(answer) => Ok(answer),
            Err(Failed::Sql(error)) => Err(HistoryError::sql(self.file, &error)),
            Err(Failed::Damaged) => {
                Err(HistoryError::damaged(self.file, "a part of it has changed since"))
            }
        }
    }

    fn at_this_moment<T>(
        &mut self,
        question: impl FnOnce(&mut Self) -> Result<T, Failed>,
    ) -> Result<T, Failed> {
        let moment = self.connection.unchecked_transaction()?;
        let answer = question(self)?;
        moment.commit()?;
        Ok(answer)
    }

    /// The room's row, and the last number of it that was taken out.
    fn room(&self, room: &RoomName) -> Result<Option<(i64, Seq)>, Failed> {
        let sql = "SELECT id, gone FROM rooms WHERE name = ?1";
        let take = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, Seq(uint(row.get(1)?))));
        Ok(first(self.connection, sql, [room.as_str()], take)?)
    }

    fn read_after(&mut self, room: &RoomName, after: Seq, limit: usize) -> Result<Past, Failed> {
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
        'segments: while let Some(row) = rows.next()? {
            if uint(row.get(0)?) <= after.0 {
                continue;
            }
            let view = View::open(row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?)?;
            for item in view.items() {
                let item = item?;
                if item.seq <= after {
                    continue;
                }
                if past.entries.len() >= limit || stop.is_some_and(|stop| item.seq > stop) {
                    past.more = true;
                    break 'segments;
                }
                past.entries.push(view.entry(&item, self.names)?.entry);
            }
        }
        Ok(past)
    }

    /// Whether something right after the number is missing, and the last number before something
    /// else is: an answer ends there, so that the next can say so.
    fn holes(&self, row: i64, after: Seq) -> Result<(bool, Option<Seq>), Failed> {
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

    fn read_before(&mut self, row: i64, before: Seq, limit: usize) -> Result<Page, Failed> {
        let mut page = Page::default();
        let sql = "SELECT blob FROM segments WHERE room = ?1 AND first < ?2 ORDER BY first DESC";
        let mut question = self.connection.prepare_cached(sql)?;
        let mut rows = question.query((row, int(before.0)))?;
        while let Some(row) = rows.next()? {
            let view = View::open(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?;
            let mut items = items_before(&view, before)?;
            let missing = limit - page.entries.len();
            page.more = items.len() > missing;
            items.drain(..items.len().saturating_sub(missing));
            for item in items.iter().rev() {
                page.entries.push(view.entry(item, self.names)?.entry);
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
    ) -> Result<Page, Failed> {
        // One more, to know whether there is more.
        let wanted = limit.saturating_add(1);
        let (mut entries, mut cut) = self.scan(row, before, wanted, words)?;
        if is_indexed(row) {
            let (found, is_cut) = self.look_up(row, before, wanted, words)?;
            entries.extend(found);
            cut |= is_cut;
        }
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
    ) -> Result<(Vec<Entry>, bool), Failed> {
        let mut found = Vec::new();
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
                if found.len() >= wanted {
                    return Ok((found, false));
                }
            }
            if is_all {
                return Ok((found, false));
            }
        }
        Ok((found, true))
    }

    /// Looks at those of the entries (newest first) that are in the newest's segment; gives how
    /// many those are.
    fn verify(
        &mut self,
        row: i64,
        newest: Seq,
        seqs: &[Seq],
        words: &Words,
        found: &mut Vec<Entry>,
    ) -> Result<usize, Failed> {
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
        let view = View::open(row.get_ref(2)?.as_blob().map_err(rusqlite::Error::from)?)?;
        let items: Vec<Item<'_>> = view.items().collect::<Result<_, _>>()?;
        let mut folded = String::new();
        for seq in wanted {
            let Ok(at) = items.binary_search_by_key(seq, |item| item.seq) else {
                continue;
            };
            let Some(item) = items.get(at) else {
                continue;
            };
            if let Some(text) = view.text(item)? {
                fold(text, &mut folded);
                if words.are_in(&folded) {
                    found.push(view.entry(item, self.names)?.entry);
                }
            }
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
    ) -> Result<(Vec<Entry>, bool), Failed> {
        let sql = if is_indexed(row) {
            "SELECT id, count FROM segments JOIN backlog ON segment = id
             WHERE room = ?1 AND first < ?2 ORDER BY first DESC"
        } else {
            "SELECT id, count FROM segments WHERE room = ?1 AND first < ?2 ORDER BY first DESC"
        };
        let mut question = self.connection.prepare_cached(sql)?;
        let mut rows = question.query((row, int(before.0)))?;
        let (mut found, mut looked, mut folded) = (Vec::new(), 0, String::new());
        while let Some(segment) = rows.next()? {
            looked += segment.get::<_, u64>(1)?;
            if looked > SCAN {
                return Ok((found, true));
            }
            let sql = "SELECT blob FROM segments WHERE id = ?1";
            let mut question = self.connection.prepare_cached(sql)?;
            let mut rows = question.query([segment.get::<_, i64>(0)?])?;
            let Some(row) = rows.next()? else {
                continue;
            };
            let view = View::open(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?)?;
            for item in items_before(&view, before)?.iter().rev() {
                if let Some(text) = view.text(item)? {
                    fold(text, &mut folded);
                    if words.are_in(&folded) {
                        found.push(view.entry(item, self.names)?.entry);
                        if found.len() >= wanted {
                            return Ok((found, false));
                        }
                    }
                }
            }
        }
        Ok((found, false))
    }
}

fn items_before<'a>(view: &View<'a>, before: Seq) -> Result<Vec<Item<'a>>, Damaged> {
    let mut items = view.items().collect::<Result<Vec<_>, _>>()?;
    items.truncate(items.partition_point(|item| item.seq < before));
    Ok(items)
}
