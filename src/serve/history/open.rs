//! Opens the file: what the rooms were, where their numbers go on, and the last ids, by which a
//! resend is recognised across a restart. Decides by the mark what may have been used and is not
//! in the file.

use super::db::{self, Lock, int, uint};
use super::error::HistoryError;
use super::mark::{self, Note, Verdict};
use super::store::{Place, SPAN, Store, inode};
use super::view::{Names, View};
use super::{Bounced, Known, Numbers, OwnerKey, PastRoom};
use crate::config::{HistorySettings, HistorySync};
use crate::room::REMEMBERED;
use crate::wire::entry::{Event, Seq};
use crate::wire::room_name::RoomName;
use crate::wire::text::Text;
use rusqlite::Connection;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// Entries of the file's tail that are looked through for ids, and segments: where few messages
/// have ids, the start is not to wait for them.
const TAIL: usize = 32 * 1024;
const SEGMENTS: i64 = 1024;

/// What an opened history knows, for the hub.
#[derive(Debug, Clone)]
pub struct Remembered {
    /// The file's own id: the `epoch` of every server that writes it.
    pub epoch: Arc<str>,
    /// Where every room's numbers begin.
    pub numbers: Numbers,
    /// The rooms that were, by name.
    pub rooms: Vec<PastRoom>,
    /// The last messages that had an id, oldest first.
    pub known: Vec<Known>,
    /// The last messages of bots that answered something, oldest first.
    pub bounced: Vec<Bounced>,
    /// For the owners of ids.
    pub key: OwnerKey,
}

/// An opened file, for the [`Recorder`](super::Recorder).
#[derive(Debug)]
pub struct OpenFile(pub(super) Store);

/// How the numbers go on.
#[derive(Debug)]
enum Going {
    /// As the file says.
    On,
    /// Above everything that may have been used since.
    Above(mark::Mark),
    /// Where the clock is: ahead of every number ever used, as no room gets a million entries a
    /// second.
    Clock(u64),
}

impl OpenFile {
    /// Opens the settings' file, or makes it. It is this process' alone from then on.
    pub fn open(settings: &HistorySettings) -> Result<(Self, Remembered), HistoryError> {
        let file = &settings.file;
        db::make_folder(file)?;
        let lock = Lock::take(file)?;
        // As it was before anybody opened it: that alone can change it.
        let at_rest = fs::metadata(file).ok();
        let connection = db::open_to_write(file, settings.sync)?;
        let sql = |error: &rusqlite::Error| HistoryError::sql(file, error);

        let id: String = db::meta(&connection, "id").map_err(|error| sql(&error))?;
        let run: String = db::meta(&connection, "run").map_err(|error| sql(&error))?;
        let key = db::meta(&connection, "key").map_err(|error| sql(&error))?;
        let going = match at_rest {
            // Nobody has used it yet.
            _ if run.is_empty() => Going::On,
            None => Going::Clock(micros()),
            Some(meta) => match mark::judge(file, &meta, &id, &run) {
                Verdict::Closed => Going::On,
                Verdict::Open(mark) => Going::Above(mark),
                Verdict::Strange => Going::Clock(micros()),
            },
        };
        match &going {
            Going::On => {}
            Going::Above(_) => tracing::info!("the history was not closed: its numbers jump"),
            Going::Clock(_) => tracing::warn!(
                file = %file.display(),
                "the history is not as this server left it, a copy perhaps: its numbers jump"
            ),
        }
        let run = format!("{:016x}", rand::random::<u64>());
        // What is written now is what the numbers of the next crash rest on.
        let (floor, rooms) = db::synchronous(&connection, HistorySync::Full)
            .and_then(|()| go_on(&connection, &run, &going))
            .and_then(|begun| db::synchronous(&connection, settings.sync).map(|()| begun))
            .map_err(|error| sql(&error))?;
        let note =
            Note { id: id.clone(), run: run.clone(), others: floor + SPAN, rooms: BTreeMap::new() };
        mark::write_open(file, note).map_err(|error| HistoryError::io(file, &error))?;

        let mut names = Names::default();
        let tail = Tail::read(&connection, &rooms, &mut names).map_err(|error| sql(&error))?;
        let places = rooms.iter().map(|room| {
            let limit = room.past.next.0.saturating_sub(1) + SPAN;
            let last = room.past.next.0.saturating_sub(1);
            let place = Place { row: room.row, last, limit, is_marked: false, is_new: false };
            (room.past.name.clone(), place)
        });
        let key = OwnerKey(key);
        let store = Store {
            file: file.clone(),
            rooms: places.collect(),
            connection,
            run,
            key,
            keep: settings.keep,
            floor,
            others_next: floor,
            others_limit: floor + SPAN,
            is_unsure: false,
            names,
            lock,
            inode: inode(file),
            id: id.clone(),
        };
        let rooms: Vec<_> = rooms.into_iter().map(|room| room.past).collect();
        let known = rooms.iter().map(|room| (room.name.clone(), room.next)).collect();
        let opened = Remembered {
            epoch: id.into(),
            numbers: Numbers { known, floor: Seq(floor) },
            rooms,
            known: tail.known,
            bounced: tail.bounced,
            key,
        };
        Ok((Self(store), opened))
    }
}

/// A room of the file.
#[derive(Debug)]
struct RoomRow {
    row: i64,
    past: PastRoom,
}

/// Writes down where the numbers go on, and gives the floor and the rooms.
fn go_on(
    connection: &Connection,
    run: &str,
    going: &Going,
) -> rusqlite::Result<(u64, Vec<RoomRow>)> {
    let begun = connection.unchecked_transaction()?;
    let floor = uint(db::meta(&begun, "next")?);
    let floor = match going {
        Going::On => floor,
        Going::Above(mark) => floor.max(mark.others + 1),
        Going::Clock(now) => (floor + SPAN).max(*now),
    };
    db::set_meta(&begun, "run", run)?;
    db::set_meta(&begun, "next", int(floor))?;
    match going {
        Going::On => {}
        Going::Above(mark) => {
            begun.execute("UPDATE rooms SET next = next + ?1", [int(SPAN)])?;
            let sql = "INSERT INTO rooms (name, next) VALUES (?1, ?2)
                       ON CONFLICT (name) DO UPDATE SET next = max(next, excluded.next)";
            for (name, limit) in &mark.rooms {
                begun.prepare_cached(sql)?.execute((name, int(limit + 1)))?;
            }
        }
        Going::Clock(now) => {
            let sql = "UPDATE rooms SET next = max(next + ?1, ?2)";
            begun.execute(sql, [int(SPAN), int(*now)])?;
        }
    }
    begun.commit()?;
    let mut rows = connection.prepare("SELECT id, name, next, topic FROM rooms ORDER BY name")?;
    let mut rows = rows.query(())?;
    let mut rooms = Vec::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(1)?;
        // What is no name any more is a room nobody can enter.
        let Ok(name) = RoomName::parse(&name) else {
            continue;
        };
        let topic: Option<String> = row.get(3)?;
        let topic = topic.and_then(|topic| Text::clean(topic.as_bytes()).ok());
        let past = PastRoom { name, next: Seq(uint(row.get(2)?)), topic };
        rooms.push(RoomRow { row: row.get(0)?, past });
    }
    Ok((floor, rooms))
}

/// The end of the file, as far as the hub remembers it.
#[derive(Debug, Default)]
struct Tail {
    known: Vec<Known>,
    bounced: Vec<Bounced>,
}

impl Tail {
    fn read(
        connection: &Connection,
        rooms: &[RoomRow],
        names: &mut Names,
    ) -> rusqlite::Result<Self> {
        let by_row: HashMap<_, _> = rooms.iter().map(|room| (room.row, &room.past.name)).collect();
        let mut tail = Self::default();
        let mut looked = 0;
        let sql = "SELECT room, blob FROM segments ORDER BY last_at DESC, id DESC LIMIT ?1";
        let mut segments = connection.prepare(sql)?;
        let mut segments = segments.query([SEGMENTS])?;
        while let Some(row) = segments.next()? {
            if looked >= TAIL
                || (tail.known.len() >= REMEMBERED && tail.bounced.len() >= REMEMBERED)
            {
                break;
            }
            let Some(&room) = by_row.get(&row.get(0)?) else {
                continue;
            };
            // A damaged segment is told of when somebody asks for what was said in it.
            looked += tail.look(room, row.get_ref(1)?.as_blob()?, names).unwrap_or_default();
        }
        // Gathered from the newest segment back, each in its own order: the numbers of one room
        // never go back, and between rooms the time decides.
        tail.known.sort_by_key(|known| (known.at, known.seq));
        tail.bounced.sort_by_key(|bounced| bounced.seq);
        let surplus = tail.known.len().saturating_sub(REMEMBERED);
        tail.known.drain(..surplus);
        let surplus = tail.bounced.len().saturating_sub(REMEMBERED);
        tail.bounced.drain(..surplus);
        Ok(tail)
    }

    fn look(
        &mut self,
        room: &RoomName,
        blob: &[u8],
        names: &mut Names,
    ) -> Result<usize, super::bytes::Damaged> {
        let view = View::open(blob)?;
        let mut looked = 0;
        for item in view.items() {
            let item = item?;
            looked += 1;
            if !item.is_remembered() {
                continue;
            }
            let kept = view.entry(&item, names)?;
            let Event::Chat(chat) = kept.entry.event else {
                continue;
            };
            let (seq, at) = (kept.entry.seq, kept.entry.at);
            if let (Some(id), Some(owner)) = (chat.id, kept.owner) {
                self.known.push(Known { room: room.clone(), owner, id, seq, at });
            }
            if chat.hops > 0 {
                self.bounced.push(Bounced { room: room.clone(), seq, hops: chat.hops });
            }
        }
        Ok(looked)
    }
}

/// The clock in microseconds, in which no number of ours was ever given.
fn micros() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_micros()).unwrap_or(u64::MAX)
}
