//! `chaty history import`: takes what `export` wrote. All of it is read and checked before the
//! file is opened, and all of it goes into one transaction: a line that is not right, or that says
//! something else than the file does, leaves everything as it was.

use super::OpenFile;
use super::db::{first, int, uint};
use super::error::HistoryError;
use super::segment::Encoder;
use super::store::Store;
use super::view::{Kept, Names, decode};
use super::words::fold;
use super::write::{NewTopic, document, insert_segment, insert_text, room_row};
use crate::config::HistorySettings;
use crate::wire::close::CloseReason;
use crate::wire::entry::{Entry, Event, Millis, Ordinal, Seq, SessionId};
use crate::wire::limits;
use crate::wire::native::{self, Decoded, ServerEvent};
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use crate::wire::text::Text;
use rusqlite::{Connection, Transaction};
use std::io::{self, BufRead, Read};
use std::path::Path;

/// Bytes of a line: JSON may take six for one of the text's, and the rest is short.
const LINE: usize = 6 * limits::LINE + 4096;
/// The largest number of an entry: JSON's readers have no larger whole numbers.
const LAST: u64 = (1 << 53) - 1;

/// What came of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Entries that were not there before.
    pub added: u64,
    /// Entries that were there already, just so.
    pub known: u64,
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("line {line}: {what}; nothing was imported")]
    Line { line: u64, what: String },
    #[error("cannot read what is to be imported: {0}")]
    Input(#[from] io::Error),
    #[error(transparent)]
    History(#[from] HistoryError),
}

/// What goes wrong between two files.
enum Failed {
    Sql(rusqlite::Error),
    Line { line: u64, what: String },
    Damaged,
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

/// Takes every line, or none. No server may run on the file.
pub fn import(
    settings: &HistorySettings,
    lines: &mut impl BufRead,
) -> Result<Imported, ImportError> {
    let sql = |error: rusqlite::Error| HistoryError::sql(&settings.file, &error);
    // A private file of the database's own, where the lines are brought into order.
    let staged = Connection::open("").map_err(sql)?;
    stage(&staged, lines, &settings.file)?;
    let (file, _) = OpenFile::open(settings)?;
    let mut store = file.0;
    let taken = take(&mut store, &staged);
    let closed = store.close(true);
    let taken = taken.map_err(|failed| match failed {
        Failed::Sql(error) => sql(error).into(),
        Failed::Line { line, what } => ImportError::Line { line, what },
        Failed::Damaged => {
            HistoryError::damaged(&settings.file, "a part of it has changed since").into()
        }
    })?;
    closed?;
    Ok(taken)
}

/// Reads and checks every line.
fn stage(staged: &Connection, lines: &mut impl BufRead, file: &Path) -> Result<(), ImportError> {
    let sql = |error: rusqlite::Error| ImportError::from(HistoryError::sql(file, &error));
    let table = "CREATE TABLE lines (
                     room TEXT, seq INTEGER, line INTEGER, event BLOB, PRIMARY KEY (room, seq)
                 ) WITHOUT ROWID";
    staged.execute_batch(table).map_err(sql)?;
    let all = staged.unchecked_transaction().map_err(sql)?;
    let (mut bytes, mut line) = (Vec::new(), 0);
    loop {
        bytes.clear();
        line += 1;
        let wrong = |what: String| ImportError::Line { line, what };
        if lines.take(LINE as u64 + 1).read_until(b'\n', &mut bytes)? == 0 {
            break;
        }
        if bytes.len() > LINE {
            return Err(wrong("that is longer than any event".into()));
        }
        let (room, entry) = parse(&bytes).map_err(wrong)?;
        let mut event = Vec::new();
        native::put(&ServerEvent::of(&room, &entry), &mut event);
        let insert = "INSERT OR IGNORE INTO lines (room, seq, line, event) VALUES (?1, ?2, ?3, ?4)";
        let values = (room.as_str(), int(entry.seq.0), line, &event);
        let is_new = all.prepare_cached(insert).and_then(|mut sql| sql.execute(values));
        if is_new.map_err(sql)? == 0 {
            let same = "SELECT line, event = ?3 FROM lines WHERE room = ?1 AND seq = ?2";
            let values = (room.as_str(), int(entry.seq.0), &event);
            let take = |row: &rusqlite::Row<'_>| Ok((row.get::<_, u64>(0)?, row.get(1)?));
            let other = first(&all, same, values, take).map_err(sql)?;
            if let Some((other, false)) = other {
                let seq = entry.seq;
                return Err(wrong(format!("{room} {seq} is something else in line {other}")));
            }
        }
    }
    all.commit().map_err(sql)
}

/// An event as the entry it tells of.
fn parse(line: &[u8]) -> Result<(RoomName, Entry), String> {
    let event = match native::decode_server(line.trim_ascii()) {
        Ok(Decoded::Event(event)) => event,
        Ok(Decoded::Unknown(event)) => return Err(format!("`{event}` is no event of a history")),
        Err(malformed) => return Err(malformed.to_string()),
    };
    let text = |text: &str| match Text::clean(text.as_bytes()) {
        Ok(clean) if *clean == *text => Ok(clean),
        Ok(_) => Err("a text has characters that no message has".to_owned()),
        Err(error) => Err(error.to_string()),
    };
    let (room, seq, at, event) = match event {
        ServerEvent::Chat(chat) => {
            if chat.cause.is_some_and(|cause| !(1..chat.seq).contains(&cause)) {
                return Err("a message's cause is one before it".into());
            }
            let event = Event::Chat(crate::wire::entry::Chat {
                from: nick(&chat.from)?,
                kind: chat.kind,
                emote: chat.emote,
                text: text(&chat.text)?,
                cause: chat.cause.map(Seq),
                hops: chat.hops,
                id: None,
                owner: None,
            });
            (chat.room, chat.seq, chat.at, event)
        }
        ServerEvent::Join(join) => {
            let event = Event::Join { who: nick(&join.who)?, kind: join.kind };
            (join.room, join.seq, join.at, event)
        }
        ServerEvent::Leave(leave) => {
            let code = leave.reason.as_deref().unwrap_or_default();
            let reason = CloseReason::from_code(code).ok_or(format!("`{code}` is no reason"))?;
            let event = Event::Leave { who: nick(&leave.who)?, kind: leave.kind, reason };
            (leave.room, leave.seq, leave.at, event)
        }
        ServerEvent::Rename(rename) => {
            let (from, to) = (nick(&rename.from)?, nick(&rename.to)?);
            (rename.room, rename.seq, rename.at, Event::Rename { from, to, kind: rename.kind })
        }
        ServerEvent::Topic(topic) => {
            let of = topic.topic.as_deref().map(text).transpose()?;
            let event = Event::Topic { by: nick(&topic.who)?, kind: topic.kind, topic: of };
            (topic.room, topic.seq, topic.at, event)
        }
        ServerEvent::Crowd(crowd) => {
            let event = Event::Crowd { joined: crowd.joined, left: crowd.left };
            (crowd.room, crowd.seq, crowd.at, event)
        }
        _ => return Err("that event is none of a room's history".into()),
    };
    if !(1..=LAST).contains(&seq) || at > LAST {
        return Err("a number is out of bounds".into());
    }
    let room = RoomName::parse(&room).map_err(|error| error.to_string())?;
    let (seq, at) = (Seq(seq), Millis(at));
    Ok((room, Entry { seq, ordinal: Ordinal(0), at, author: SessionId::PAST, event }))
}

fn nick(name: &str) -> Result<Nick, String> {
    if name == Nick::server().as_str() {
        return Ok(Nick::server());
    }
    match Nick::parse(name.as_bytes()) {
        Ok(nick) if nick.as_str() == name => Ok(nick),
        Ok(_) => Err(format!("{name:?} is not as a name is written")),
        Err(error) => Err(format!("{name:?} is no name: {error}")),
    }
}

/// An entry that is to be taken, and its line.
struct Staged {
    line: u64,
    entry: Entry,
}

fn take(store: &mut Store, staged: &Connection) -> Result<Imported, Failed> {
    let mut imported = Imported { added: 0, known: 0 };
    let all = store.connection.unchecked_transaction()?;
    let mut rooms = staged.prepare("SELECT DISTINCT room FROM lines ORDER BY room")?;
    let rooms: Vec<String> = rooms.query_map((), |row| row.get(0))?.collect::<Result<_, _>>()?;
    for room in rooms.iter().filter_map(|room| RoomName::parse(room).ok()) {
        let mut lines =
            staged.prepare_cached("SELECT line, event FROM lines WHERE room = ?1 ORDER BY seq")?;
        let lines = lines.query_map([room.as_str()], |row| {
            Ok((row.get::<_, u64>(0)?, row.get::<_, Vec<u8>>(1)?))
        })?;
        let lines = lines.map(|line| {
            let (line, event) = line?;
            let (_, entry) = parse(&event).map_err(|what| Failed::Line { line, what })?;
            Ok(Staged { line, entry })
        });
        let row = room_row(&all, &room)?;
        let next = first(&all, "SELECT next FROM rooms WHERE id = ?1", [row], |row| row.get(0))?;
        let next = uint(next.unwrap_or_default());
        let (encoder, folded) = (Encoder::default(), String::new());
        let mut laying = Laying { all: &all, row, next, topic: None, encoder, folded };
        laying.room(lines, &mut store.names, &mut imported)?;
    }
    all.commit()?;
    Ok(imported)
}

/// One room of the file that entries are laid into.
struct Laying<'a> {
    all: &'a Transaction<'a>,
    row: i64,
    /// The room's next number.
    next: u64,
    /// The room's topic, if what is imported says another.
    topic: Option<NewTopic>,
    encoder: Encoder,
    folded: String,
}

impl Laying<'_> {
    /// Goes along the room's entries and the new ones side by side. A segment without a new entry
    /// between its own stays as it is.
    fn room(
        &mut self,
        lines: impl Iterator<Item = Result<Staged, Failed>>,
        names: &mut Names,
        imported: &mut Imported,
    ) -> Result<(), Failed> {
        let mut lines = lines.peekable();
        let mut from = 0;
        loop {
            let sql = "SELECT id, first, last FROM segments WHERE room = ?1 AND first >= ?2
                       ORDER BY first LIMIT 1";
            let take = |row: &rusqlite::Row<'_>| {
                Ok((row.get::<_, i64>(0)?, Seq(row.get(1)?), Seq(row.get(2)?)))
            };
            let segment = first(self.all, sql, (self.row, from), take)?;
            let start = segment.map_or(Seq(LAST + 1), |(_, start, _)| start);
            while let Some(staged) = next_if(&mut lines, |seq| seq < start)? {
                self.put(&Kept { entry: staged.entry, owner: None }, true)?;
                imported.added += 1;
            }
            let Some((id, _, last)) = segment else {
                break;
            };
            let mut within = Vec::new();
            while let Some(staged) = next_if(&mut lines, |seq| seq <= last)? {
                within.push(staged);
            }
            // What is in front of a segment is one of its own.
            self.flush()?;
            if !within.is_empty() {
                self.lay_into(id, within, names, imported)?;
            }
            from = int(last.0 + 1);
        }
        self.flush()?;
        let sql = "UPDATE rooms SET next = ?2 WHERE id = ?1";
        self.all.prepare_cached(sql)?.execute((self.row, int(self.next)))?;
        if let Some(NewTopic(topic)) = &self.topic {
            let sql = "UPDATE rooms SET topic = ?2 WHERE id = ?1";
            self.all.prepare_cached(sql)?.execute((self.row, topic.as_deref()))?;
        }
        Ok(())
    }

    /// Lays entries between those of a segment.
    fn lay_into(
        &mut self,
        id: i64,
        within: Vec<Staged>,
        names: &mut Names,
        imported: &mut Imported,
    ) -> Result<(), Failed> {
        let sql = "SELECT blob FROM segments WHERE id = ?1";
        let blob = first(self.all, sql, [id], |row| row.get::<_, Vec<u8>>(0))?.unwrap_or_default();
        let mut there = decode(&blob, names).map_err(|_damaged| Failed::Damaged)?;
        let mut new = Vec::new();
        for Staged { line, entry } in within {
            let Ok(at) = there.binary_search_by_key(&entry.seq, |kept| kept.entry.seq) else {
                new.push(entry);
                continue;
            };
            if there.get(at).is_some_and(|kept| !is_same(&kept.entry, &entry)) {
                let what = format!("the history has something else as {}", entry.seq);
                return Err(Failed::Line { line, what });
            }
            imported.known += 1;
        }
        if new.is_empty() {
            return Ok(());
        }
        imported.added += new.len() as u64;
        self.all.prepare_cached("DELETE FROM segments WHERE id = ?1")?.execute([id])?;
        let sql = "DELETE FROM backlog WHERE segment = ?1";
        let waited = self.all.prepare_cached(sql)?.execute([id])? > 0;
        let known = there.len();
        there.extend(new.into_iter().map(|entry| Kept { entry, owner: None }));
        let mut there: Vec<_> = there.into_iter().enumerate().collect();
        there.sort_by_key(|(_, kept)| kept.entry.seq);
        for (at, kept) in &there {
            // What was in the index stays there.
            self.put(kept, waited || *at >= known)?;
        }
        self.flush()
    }

    fn put(&mut self, kept: &Kept, to_index: bool) -> Result<(), Failed> {
        let seq = kept.entry.seq;
        self.encoder.push(&kept.entry, kept.owner);
        if self.encoder.is_full() {
            self.flush()?;
        }
        if let (true, Event::Chat(chat), Some(document)) =
            (to_index, &kept.entry.event, document(self.row, seq))
        {
            fold(&chat.text, &mut self.folded);
            insert_text(self.all, document, &self.folded)?;
        }
        if seq.0 >= self.next {
            self.next = seq.0 + 1;
            if let Event::Topic { topic, .. } = &kept.entry.event {
                self.topic = Some(NewTopic(topic.clone()));
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Failed> {
        if let Some(segment) = self.encoder.finish() {
            insert_segment(self.all, self.row, &segment)?;
        }
        Ok(())
    }
}

/// The next entry, if it stands where the caller is.
fn next_if(
    lines: &mut std::iter::Peekable<impl Iterator<Item = Result<Staged, Failed>>>,
    is_here: impl Fn(Seq) -> bool,
) -> Result<Option<Staged>, Failed> {
    let is_next = |line: &Result<Staged, Failed>| match line {
        Ok(staged) => is_here(staged.entry.seq),
        Err(_) => true,
    };
    lines.next_if(is_next).transpose()
}

/// What an export does not tell makes no difference.
fn is_same(there: &Entry, new: &Entry) -> bool {
    let mut there = there.clone();
    if let Event::Chat(chat) = &mut there.event {
        (chat.id, chat.owner) = (None, None);
    }
    there == *new
}
