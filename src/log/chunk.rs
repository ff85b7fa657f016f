//! One turn's entries and their bytes in each dialect, immutable once appended.

use crate::wire::Dialect;
use crate::wire::entry::{Entry, Event, SessionId};
use crate::wire::native::{self, ServerEvent};
use crate::wire::room_name::RoomName;
use crate::wire::{limits, line};
use std::mem::size_of;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{OnceLock, Weak};
use std::time::Instant;

/// What one turn appended.
#[derive(Debug)]
pub struct Chunk {
    room: RoomName,
    entries: Box<[Entry]>,
    /// Who has an entry here, sorted: most readers have none and take the bytes as they are.
    authors: Box<[SessionId]>,
    line: OnceLock<Encoded>,
    native: OnceLock<Encoded>,
    /// Not kept alive from here: what a slow reader holds is the chunk it stands in, and nothing
    /// that came later.
    pub(super) next: OnceLock<Weak<Chunk>>,
    evicted: AtomicBool,
    /// Weight of everything appended before this chunk.
    pub(super) bytes_before: u64,
    appended: Instant,
    weight: usize,
}

/// A chunk's entries in one dialect: one contiguous run of bytes.
#[derive(Debug)]
pub struct Encoded {
    pub bytes: Box<[u8]>,
    /// Where each entry's bytes end.
    ends: Box<[u32]>,
}

/// JSON around a native chat: keys, numbers, a room and the braces, rounded up.
const NATIVE_FRAME: usize = 160;

impl Chunk {
    pub(super) fn new(room: RoomName, entries: Vec<Entry>, bytes_before: u64) -> Self {
        let mut authors: Vec<SessionId> = entries.iter().map(|entry| entry.author).collect();
        authors.sort_unstable();
        authors.dedup();
        let weight = size_of::<Self>() + entries.iter().map(weight).sum::<usize>();
        Self {
            room,
            entries: entries.into(),
            authors: authors.into(),
            line: OnceLock::new(),
            native: OnceLock::new(),
            next: OnceLock::new(),
            evicted: AtomicBool::new(false),
            bytes_before,
            appended: Instant::now(),
            weight,
        }
    }

    /// The turn's entries, in order.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The most memory this chunk can take, all dialects encoded.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Whether any entry is this session's own doing.
    pub fn has_author(&self, session: SessionId) -> bool {
        self.authors.binary_search(&session).is_ok()
    }

    /// The bytes in a dialect. Raw says what line says; its framing is the session's business.
    pub fn encoded(&self, dialect: Dialect) -> &Encoded {
        match dialect {
            Dialect::Line | Dialect::Raw => self.line.get_or_init(|| {
                Encoded::make(&self.entries, |entry, out| {
                    line::put(entry, out);
                })
            }),
            Dialect::Native => self.native.get_or_init(|| {
                Encoded::make(&self.entries, |entry, out| {
                    native::put(&ServerEvent::of(&self.room, entry), out);
                })
            }),
        }
    }

    /// When it was appended, for who measures how long a delivery took.
    pub fn appended(&self) -> Instant {
        self.appended
    }

    /// The room this is the log of.
    pub fn room(&self) -> &RoomName {
        &self.room
    }

    pub(super) fn evict(&self) {
        self.evicted.store(true, Ordering::Release);
    }

    /// Whether the log has let go of this: whoever still reads it is too slow.
    pub fn is_evicted(&self) -> bool {
        self.evicted.load(Ordering::Acquire)
    }
}

impl Encoded {
    fn make(entries: &[Entry], put: impl Fn(&Entry, &mut Vec<u8>)) -> Self {
        let mut bytes = Vec::with_capacity(entries.iter().map(line_size).sum());
        let mut ends = Vec::with_capacity(entries.len());
        for entry in entries {
            put(entry, &mut bytes);
            // A turn is bounded far below 4 GiB by the hub's inbox.
            ends.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        }
        Self { bytes: bytes.into(), ends: ends.into() }
    }

    /// Where the bytes of a run of entries lie.
    pub fn range(&self, entries: Range<usize>) -> Range<usize> {
        let end_of = |index: usize| self.ends.get(index).map_or(0, |&end| end as usize);
        let start = entries.start.checked_sub(1).map_or(0, end_of);
        start..entries.end.checked_sub(1).map_or(start, end_of)
    }
}

/// A close guess at an entry's bytes in the line dialect.
fn line_size(entry: &Entry) -> usize {
    match &entry.event {
        Event::Chat(chat) => chat.from.as_str().len() + chat.text.len() + 4,
        _ => limits::NICK_CHARS * 2,
    }
}

/// The most memory an entry takes: itself, its text, and its bytes in both encodings, where JSON
/// may double a text by escaping it.
fn weight(entry: &Entry) -> usize {
    let text = match &entry.event {
        Event::Chat(chat) => chat.text.len(),
        _ => 0,
    };
    size_of::<Entry>() + 2 * size_of::<u32>() + NATIVE_FRAME + 2 * line_size(entry) + 2 * text
}
