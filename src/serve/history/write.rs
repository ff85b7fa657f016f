//! One commit: what was said since the last, encoded before it began. Either all of it is in the
//! file or nothing is, and what the store remembers changes only with the file.

use super::OwnerHash;
use super::db::{first, int};
use super::error::HistoryError;
use super::segment::{Encoder, Segment};
use super::store::{Place, SPAN, Store};
use super::view::decode;
use super::words::fold;
use crate::wire::entry::{Entry, Event, Ordinal, Seq};
use crate::wire::room_name::RoomName;
use crate::wire::text::Text;
use rusqlite::Transaction;

/// Entries of a commit that are put into the index at once. More are a flood: their index can
/// wait, and what is said cannot.
pub(super) const INLINE: usize = 64;
/// Small segments next to one another that are made into one.
const MERGE: usize = 16;
/// Bits of an index row's number that are the entry's own: enough for microseconds until 2112.
const SEQ_BITS: u32 = 52;
/// Rooms that fit into the rest of them. Those beyond are searched without an index.
const ROOMS: i64 = 1 << (63 - SEQ_BITS);

/// What one commit writes.
#[derive(Debug, Default)]
pub(super) struct Batch {
    pub(super) rooms: Vec<RoomBatch>,
    pub(super) entries: usize,
    /// Everything up to here is in the file once this is.
    pub(super) upto: Ordinal,
}

/// … of one room.
#[derive(Debug)]
pub(super) struct RoomBatch {
    pub(super) room: RoomName,
    pub(super) segments: Vec<Segment>,
    /// The folded texts of its chats, if the whole batch is small.
    pub(super) texts: Vec<(Seq, String)>,
    pub(super) topic: Option<NewTopic>,
    /// Entries that are missing in front of these.
    pub(super) hole: Option<Hole>,
    pub(super) last: Seq,
}

/// What a room is about from now on, if anything.
#[derive(Debug, Clone)]
pub(super) struct NewTopic(pub(super) Option<Text>);

/// Entries after one number and before another that were said and not recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Hole {
    pub(super) after: Seq,
    pub(super) before: Seq,
}

impl Hole {
    /// How many entries those are.
    pub(super) fn missing(self) -> u64 {
        self.before.0.saturating_sub(self.after.0 + 1)
    }
}

/// Makes batches out of entries.
#[derive(Debug, Default)]
pub(super) struct Packer {
    encoder: Encoder,
}

impl Packer {
    /// Encodes a run of one room's entries. `inline` folds their texts for the index too.
    pub(super) fn pack<'a>(
        &mut self,
        room: RoomName,
        entries: impl Iterator<Item = &'a Entry>,
        inline: bool,
    ) -> RoomBatch {
        let mut batch = RoomBatch {
            room,
            segments: Vec::new(),
            texts: Vec::new(),
            topic: None,
            hole: None,
            last: Seq(0),
        };
        for entry in entries {
            let owner = match &entry.event {
                Event::Chat(chat) => {
                    if inline {
                        let mut text = String::new();
                        fold(&chat.text, &mut text);
                        batch.texts.push((entry.seq, text));
                    }
                    chat.owner.as_deref().and_then(OwnerHash::parse)
                }
                Event::Topic { topic, .. } => {
                    batch.topic = Some(NewTopic(topic.clone()));
                    None
                }
                _ => None,
            };
            self.encoder.push(entry, owner);
            batch.last = entry.seq;
            if self.encoder.is_full() {
                batch.segments.extend(self.encoder.finish());
            }
        }
        batch.segments.extend(self.encoder.finish());
        batch
    }
}

/// An entry's row in the index; `None` where there is no room for it there.
pub(super) fn document(row: i64, seq: Seq) -> Option<i64> {
    let fits = is_indexed(row) && seq.0 < 1 << SEQ_BITS;
    fits.then(|| row << SEQ_BITS | int(seq.0))
}

/// The number of the entry that an index row is of.
pub(super) fn document_seq(document: i64) -> Seq {
    Seq(document.cast_unsigned() & ((1 << SEQ_BITS) - 1))
}

/// Whether a room's entries can be in the index.
pub(super) fn is_indexed(row: i64) -> bool {
    (0..ROOMS).contains(&row)
}

impl Store {
    /// Commits a batch.
    pub(super) fn write(&mut self, batch: &Batch) -> Result<(), HistoryError> {
        let rows = self.commit(batch).map_err(|error| self.sql(&error))?;
        for (room, row) in rows {
            let limit = self.floor.saturating_sub(1) + SPAN;
            let place = Place { row, last: 0, limit, is_marked: false, is_new: true };
            self.rooms.entry(room).or_insert(place);
        }
        for part in &batch.rooms {
            if let Some(place) = self.rooms.get_mut(&part.room) {
                place.last = place.last.max(part.last.0);
            }
        }
        Ok(())
    }

    fn commit(&mut self, batch: &Batch) -> rusqlite::Result<Vec<(RoomName, i64)>> {
        let mut made = Vec::new();
        let commit = self.connection.unchecked_transaction()?;
        for part in &batch.rooms {
            let row = if let Some(place) = self.rooms.get(&part.room) {
                place.row
            } else {
                let row = room_row(&commit, &part.room)?;
                made.push((part.room.clone(), row));
                row
            };
            append(&commit, row, part, batch.entries <= INLINE)?;
        }
        commit.commit()?;
        Ok(made)
    }

    /// Puts small segments at a room's end together, so that a quiet room is read as quickly as a
    /// busy one.
    pub(super) fn merge(&mut self, batch: &Batch) -> Result<(), HistoryError> {
        let rows: Vec<i64> = batch
            .rooms
            .iter()
            .filter_map(|part| self.rooms.get(&part.room).map(|place| place.row))
            .collect();
        for row in rows {
            while self.merge_end(row).map_err(|error| self.sql(&error))? {}
        }
        Ok(())
    }

    fn merge_end(&mut self, row: i64) -> rusqlite::Result<bool> {
        let end = small_end(&self.connection, row)?;
        let Some((&newest, older)) = end.split_first() else {
            return Ok(false);
        };
        let mut encoder = Encoder::default();
        for id in end.iter().rev() {
            let sql = "SELECT blob FROM segments WHERE id = ?1";
            let blob = first(&self.connection, sql, [id], |row| row.get::<_, Vec<u8>>(0))?;
            // What is damaged stays by itself, and is told of when it is read.
            let Some(kept) = blob.and_then(|blob| decode(&blob, &mut self.names).ok()) else {
                return Ok(false);
            };
            for kept in &kept {
                encoder.push(&kept.entry, kept.owner);
            }
        }
        let Some(whole) = encoder.finish() else {
            return Ok(false);
        };
        let merge = self.connection.unchecked_transaction()?;
        for id in older {
            merge.prepare_cached("DELETE FROM segments WHERE id = ?1")?.execute([id])?;
        }
        // Under the newest's number: what is oldest goes first.
        let sql = "UPDATE segments SET first = ?2, last = ?3, count = ?4, last_at = ?5, size = ?6,
                   blob = ?7 WHERE id = ?1";
        let span = whole.span;
        merge.prepare_cached(sql)?.execute((
            newest,
            int(span.first.0),
            int(span.last.0),
            span.count,
            int(span.last_at.0),
            int(whole.blob.len() as u64),
            &whole.blob,
        ))?;
        merge.commit()?;
        Ok(true)
    }
}

/// The row of a room that the store does not know yet.
pub(super) fn room_row(commit: &Transaction<'_>, room: &RoomName) -> rusqlite::Result<i64> {
    let sql = "INSERT INTO rooms (name, next) VALUES (?1, 1) ON CONFLICT (name) DO NOTHING";
    commit.prepare_cached(sql)?.execute([room.as_str()])?;
    let sql = "SELECT id FROM rooms WHERE name = ?1";
    commit.prepare_cached(sql)?.query_row([room.as_str()], |row| row.get(0))
}

fn append(
    commit: &Transaction<'_>,
    row: i64,
    part: &RoomBatch,
    inline: bool,
) -> rusqlite::Result<()> {
    if let Some(hole) = part.hole {
        let sql = "INSERT OR IGNORE INTO holes (room, after, before) VALUES (?1, ?2, ?3)";
        commit.prepare_cached(sql)?.execute((row, int(hole.after.0), int(hole.before.0)))?;
    }
    for segment in &part.segments {
        let id = insert_segment(commit, row, segment)?;
        if !inline && is_indexed(row) {
            commit.prepare_cached("INSERT INTO backlog (segment) VALUES (?1)")?.execute([id])?;
        }
    }
    for (seq, text) in &part.texts {
        if let Some(document) = document(row, *seq) {
            insert_text(commit, document, text)?;
        }
    }
    let sql = "UPDATE rooms SET next = max(next, ?2) WHERE id = ?1";
    commit.prepare_cached(sql)?.execute((row, int(part.last.next().0)))?;
    if let Some(NewTopic(topic)) = &part.topic {
        let sql = "UPDATE rooms SET topic = ?2 WHERE id = ?1";
        commit.prepare_cached(sql)?.execute((row, topic.as_deref()))?;
    }
    Ok(())
}

pub(super) fn insert_segment(
    commit: &Transaction<'_>,
    row: i64,
    segment: &Segment,
) -> rusqlite::Result<i64> {
    let span = segment.span;
    let sql = "INSERT INTO segments (room, first, last, count, last_at, size, blob)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    commit.prepare_cached(sql)?.insert((
        row,
        int(span.first.0),
        int(span.last.0),
        span.count,
        int(span.last_at.0),
        int(segment.blob.len() as u64),
        &segment.blob,
    ))
}

/// Puts a folded text into the index.
pub(super) fn insert_text(
    commit: &Transaction<'_>,
    document: i64,
    text: &str,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO words (rowid, text) VALUES (?1, ?2)";
    commit.prepare_cached(sql)?.execute((document, text)).map(drop)
}

/// The segments at a room's end that are to be one, newest first: as many of one size as a merge
/// takes, and all in the index.
fn small_end(connection: &rusqlite::Connection, row: i64) -> rusqlite::Result<Vec<i64>> {
    let sql = "SELECT id, count, size FROM segments WHERE room = ?1 ORDER BY first DESC LIMIT ?2";
    let mut question = connection.prepare_cached(sql)?;
    let mut rows = question.query((row, int(MERGE as u64)))?;
    let mut end = Vec::with_capacity(MERGE);
    let mut tier = None;
    while let Some(row) = rows.next()? {
        let this = tier_of(row.get(1)?, row.get(2)?);
        if this.is_none() || *tier.get_or_insert(this) != this {
            return Ok(Vec::new());
        }
        end.push(row.get(0)?);
    }
    let waiting = "SELECT 1 FROM backlog WHERE segment = ?1";
    for id in &end {
        if first(connection, waiting, [id], |_| Ok(()))?.is_some() {
            return Ok(Vec::new());
        }
    }
    Ok(if end.len() == MERGE { end } else { Vec::new() })
}

/// How large a segment is, by steps of a merge; `None` is large enough. The bounds keep what a
/// merge makes near a full segment.
fn tier_of(count: u32, size: u32) -> Option<u8> {
    match (count, size) {
        (0..16, 0..2048) => Some(0),
        (0..256, 0..8192) => Some(1),
        _ => None,
    }
}
