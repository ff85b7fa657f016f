//! What `chaty history` does with a file: counts it, searches it, and writes it out as JSON Lines.
//! Reads while a server writes, and changes nothing.

use super::db;
use super::error::HistoryError;
use super::read::Asker;
use super::view::Names;
use crate::wire::entry::{Entry, Millis, Seq};
use crate::wire::line;
use crate::wire::native::{self, ServerEvent};
use crate::wire::room_name::RoomName;
use crate::wire::shown::{self, Shown};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use rusqlite::Connection;
use serde::Serialize;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Entries read at once.
const PAGE: usize = 1024;

/// A file in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stats {
    pub file: PathBuf,
    /// Of the file and of the log beside it that goes into it.
    pub bytes: u64,
    /// All that are kept.
    pub entries: u64,
    /// Of which the index does not know yet.
    pub unindexed: u64,
    /// That were said and never recorded.
    pub missing: u64,
    /// By name.
    pub rooms: Vec<RoomStats>,
}

/// … of one room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RoomStats {
    pub room: String,
    pub entries: u64,
    /// The first and the last number that is kept.
    pub first: u64,
    pub last: u64,
    /// Milliseconds since 1970 of the last.
    pub last_at: u64,
}

/// A search of a file: an entry and its room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub room: RoomName,
    pub entry: Entry,
}

/// Why something did not get from a file to its reader.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    History(#[from] HistoryError),
    /// Whoever reads the output may have seen enough: `main` looks at the cause. (A transparent error
    /// is none.)
    #[error("{0}")]
    Output(#[from] io::Error),
    #[error("there is no room {0} in the history")]
    NoRoom(RoomName),
}

/// The file in numbers, also while a server writes it.
pub fn stats(file: &Path) -> Result<Stats, HistoryError> {
    stats_of(file, &db::open_to_read(file)?)
}

pub(super) fn stats_of(file: &Path, connection: &Connection) -> Result<Stats, HistoryError> {
    let sql = |error: rusqlite::Error| HistoryError::sql(file, &error);
    let number = |question: &str| {
        db::first(connection, question, (), |row| row.get::<_, u64>(0))
            .map(Option::unwrap_or_default)
            .map_err(sql)
    };
    let size = |path: &Path| fs::metadata(path).map(|meta| meta.len()).unwrap_or_default();
    let rooms = "SELECT name, sum(count), min(first), max(last), max(last_at)
                 FROM rooms JOIN segments ON room = rooms.id GROUP BY rooms.id ORDER BY name";
    let rooms = || {
        let mut rooms = connection.prepare_cached(rooms)?;
        let rooms = rooms.query_map((), |row| {
            Ok(RoomStats {
                room: row.get(0)?,
                entries: row.get(1)?,
                first: row.get(2)?,
                last: row.get(3)?,
                last_at: row.get(4)?,
            })
        })?;
        rooms.collect::<Result<Vec<_>, _>>()
    };
    let rooms = rooms().map_err(sql)?;
    Ok(Stats {
        file: file.to_owned(),
        bytes: size(file) + size(&db::beside(file, "-wal")),
        entries: rooms.iter().map(|room| room.entries).sum(),
        unindexed: number(
            "SELECT coalesce(sum(count), 0) FROM backlog JOIN segments ON id = segment",
        )?,
        missing: number("SELECT coalesce(sum(before - after - 1), 0) FROM holes")?,
        rooms,
    })
}

/// The last `limit` chats with all of these words, of one room or of all, oldest first; and
/// whether the search looked at everything.
pub fn search(
    file: &Path,
    room: Option<&RoomName>,
    words: &str,
    limit: usize,
) -> Result<(Vec<Found>, bool), HistoryError> {
    let connection = db::open_to_read(file)?;
    let mut found = Vec::new();
    let mut is_whole = true;
    for name in rooms(file, &connection, room)? {
        let mut asker = Asker { file, connection: &connection, names: &mut Names::default() };
        let page = asker.before(&name, None, limit, Some(words))?;
        is_whole &= !page.cut;
        let here = page.entries.into_iter();
        found.extend(here.map(|entry| Found { room: name.clone(), entry }));
    }
    found.sort_by(|a, b| {
        (a.entry.at, &a.room, a.entry.seq).cmp(&(b.entry.at, &b.room, b.entry.seq))
    });
    let surplus = found.len().saturating_sub(limit);
    found.drain(..surplus);
    Ok((found, is_whole))
}

/// Prints what was found: as events, or as lines to read with room, number and time.
pub fn print_found(found: &[Found], json: bool, out: &mut impl Write) -> io::Result<()> {
    let mut line = Vec::new();
    for Found { room, entry } in found {
        line.clear();
        if json {
            native::put(&ServerEvent::of(room, entry), &mut line);
            shown::escape(&mut line, 0);
        } else {
            line::put(entry, &mut line);
            let said = String::from_utf8_lossy(&line);
            let said = Shown::new(said.trim_end_matches('\n'));
            line = format!("{room} {} {}  {said}\n", entry.seq, time(entry.at)).into();
        }
        out.write_all(&line)?;
    }
    Ok(())
}

impl Stats {
    /// Prints them, as one object or to read.
    pub fn print(&self, json: bool, out: &mut impl Write) -> io::Result<()> {
        if json {
            return writeln!(out, "{}", shown::json(&serde_json::to_string(self)?));
        }
        let Self { file, bytes, entries, unindexed, missing, rooms } = self;
        let kib = bytes.div_ceil(1024);
        let file = Shown::new(&file.display().to_string());
        writeln!(out, "{file}: {entries} entries in {kib} KiB")?;
        if *unindexed > 0 {
            writeln!(out, "not in the index yet: {unindexed}")?;
        }
        if *missing > 0 {
            writeln!(out, "never recorded: {missing}")?;
        }
        for room in rooms {
            let RoomStats { room, entries, first, last, last_at } = room;
            let at = time(Millis(*last_at));
            writeln!(out, "{room}: {entries} entries, {first} to {last}, the last at {at}")?;
        }
        Ok(())
    }
}

/// A time to read, where the reader is.
fn time(Millis(at): Millis) -> String {
    let at = i64::try_from(at).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
    let at = TimeZone::system().to_datetime(at.unwrap_or_default());
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Writes the entries after a number as JSON Lines, of one room or room by room, each in its
/// order: the events of the native protocol. Gives how many.
pub fn export(
    file: &Path,
    room: Option<&RoomName>,
    after: Seq,
    out: &mut impl Write,
) -> Result<u64, ExportError> {
    let connection = db::open_to_read(file)?;
    let names = rooms(file, &connection, room)?;
    if let Some(room) = room.filter(|_| names.is_empty()) {
        return Err(ExportError::NoRoom(room.clone()));
    }
    let mut asker = Asker { file, connection: &connection, names: &mut Names::default() };
    let (mut count, mut lines) = (0, Vec::new());
    for room in &names {
        let mut after = after;
        loop {
            // A page at a time: the writer's log can go into the file in between.
            let past = asker.after(room, after, PAGE)?;
            lines.clear();
            for entry in &past.entries {
                native::put(&ServerEvent::of(room, entry), &mut lines);
            }
            shown::escape(&mut lines, 0);
            out.write_all(&lines)?;
            count += past.entries.len() as u64;
            match past.entries.last() {
                Some(last) if past.more => after = last.seq,
                _ => break,
            }
        }
    }
    out.flush()?;
    Ok(count)
}

fn rooms(
    file: &Path,
    connection: &Connection,
    room: Option<&RoomName>,
) -> Result<Vec<RoomName>, HistoryError> {
    let read = || {
        let sql = "SELECT name FROM rooms WHERE ?1 IS NULL OR name = ?1 ORDER BY name";
        let mut question = connection.prepare_cached(sql)?;
        let room = room.map(RoomName::as_str);
        let names = question.query_map([room], |row| row.get(0))?;
        names.collect::<Result<Vec<String>, _>>()
    };
    let names = read().map_err(|error| HistoryError::sql(file, &error))?;
    Ok(names.iter().filter_map(|name| RoomName::parse(name).ok()).collect())
}
