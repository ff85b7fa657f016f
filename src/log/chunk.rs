//! One turn's entries and their bytes in each dialect, immutable once appended.

use crate::wire::Dialect;
use crate::wire::entry::{Entry, Event, SessionId};
use crate::wire::line;
use crate::wire::native::{self, ServerEvent};
use crate::wire::room_name::RoomName;
use smallvec::SmallVec;
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
    authors: SmallVec<[SessionId; 1]>,
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
    ends: SmallVec<[u32; 2]>,
}

/// JSON around a native chat: keys, numbers, a room and the braces, rounded up.
const NATIVE_FRAME: usize = 192;
/// The counts in front of a text that is shared.
const SHARED: usize = 2 * size_of::<usize>();

impl Chunk {
    pub(super) fn new(room: RoomName, entries: Vec<Entry>, bytes_before: u64) -> Self {
        let mut authors: SmallVec<[SessionId; 1]> =
            entries.iter().map(|entry| entry.author).collect();
        authors.sort_unstable();
        authors.dedup();
        authors.shrink_to_fit();
        let weight = size_of::<Self>() + entries.iter().map(weight).sum::<usize>();
        Self {
            room,
            entries: entries.into(),
            authors,
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
        let mut ends = SmallVec::with_capacity(entries.len());
        for entry in entries {
            put(entry, &mut bytes);
            // A turn is bounded far below 4 GiB by the hub's inbox.
            ends.push(u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        }
        Self { bytes: bytes.into(), ends }
    }

    /// Where the bytes of a run of entries lie.
    pub fn range(&self, entries: Range<usize>) -> Range<usize> {
        let end_of = |index: usize| self.ends.get(index).map_or(0, |&end| end as usize);
        let start = entries.start.checked_sub(1).map_or(0, end_of);
        start..entries.end.checked_sub(1).map_or(start, end_of)
    }
}

/// Bytes of an event's names, of its text, and of the words around them in the line dialect.
fn parts(event: &Event) -> (usize, usize, usize) {
    match event {
        Event::Chat(chat) => {
            let words = if chat.emote { "*  \n" } else { ": \n" };
            (chat.from.as_str().len(), chat.text.len(), words.len())
        }
        Event::Join { who, .. } | Event::Leave { who, .. } => {
            (who.as_str().len(), 0, " just connected\n".len())
        }
        Event::Rename { from, to, .. } => {
            (from.as_str().len() + to.as_str().len(), 0, " is now known as \n".len())
        }
        Event::Topic { by, topic, .. } => {
            let topic = topic.as_ref().map_or(0, |topic| topic.len());
            (by.as_str().len(), topic, " took the topic away\n".len())
        }
        Event::Crowd { .. } => (0, 0, "4294967295 joined, 4294967295 left\n".len()),
    }
}

/// A close guess at an entry's bytes in the line dialect, never too low.
fn line_size(entry: &Entry) -> usize {
    let (names, text, words) = parts(&entry.event);
    names + text + words
}

/// The most memory an entry takes: itself, its text and id, and its bytes in both encodings, where
/// JSON may double a text by escaping it.
fn weight(entry: &Entry) -> usize {
    let (_, text, _) = parts(&entry.event);
    let id = match &entry.event {
        Event::Chat(chat) => chat.id.as_ref().map_or(0, |id| SHARED + id.len()),
        _ => 0,
    };
    size_of::<Entry>() + 2 * size_of::<u32>() + NATIVE_FRAME + 2 * line_size(entry) + 2 * text + id
}

#[cfg(test)]
mod tests {
    use super::{Chunk, Dialect, Entry, Event, SessionId};
    use crate::wire::close::CloseReason;
    use crate::wire::entry::{Chat, Kind, Millis, Ordinal, Seq};
    use crate::wire::nick::Nick;
    use crate::wire::room_name::RoomName;
    use crate::wire::text::Text;

    /// Two counts of an `Arc`.
    const SHARED: usize = 16;
    /// The largest number that JSON's readers have.
    const LAST: u64 = (1 << 53) - 1;
    /// A time of our century.
    const AT: Millis = Millis(4_000_000_000_000);

    fn entry(event: Event) -> Entry {
        Entry { seq: Seq(LAST), ordinal: Ordinal(LAST), at: AT, author: SessionId(1), event }
    }

    /// A chat with everything that can stand around its text.
    fn chat(name: &str, text: &str, id: Option<&str>) -> Entry {
        entry(Event::Chat(Chat {
            from: Nick::parse(name.as_bytes()).unwrap(),
            kind: Kind::Bot,
            emote: true,
            text: Text::clean(text.as_bytes()).unwrap(),
            cause: Some(Seq(LAST)),
            hops: 3,
            id: id.map(Into::into),
            owner: None,
        }))
    }

    /// What a chunk weighs, and what it takes: bytes in both encodings, texts and ids.
    fn weighed(entry: &Entry) -> (usize, usize) {
        let room = RoomName::parse(&"r".repeat(32)).unwrap();
        let own = match &entry.event {
            Event::Chat(chat) => {
                chat.text.len() + chat.id.as_ref().map_or(0, |id| SHARED + id.len())
            }
            Event::Topic { topic, .. } => topic.as_ref().map_or(0, |topic| topic.len()),
            _ => 0,
        };
        let chunk = Chunk::new(room, vec![entry.clone()], 0);
        let encoded: usize = [Dialect::Line, Dialect::Native]
            .map(|dialect| {
                let encoded = chunk.encoded(dialect);
                encoded.bytes.len() + size_of_val(&*encoded.ends)
            })
            .iter()
            .sum();
        (chunk.weight(), size_of::<Chunk>() + size_of::<Entry>() + own + encoded)
    }

    #[test]
    fn the_weight_is_the_least_upper_bound_of_what_an_entry_takes() {
        let (short, long) = ("N", "n".repeat(32));
        for name in [short, long.as_str()] {
            for length in [1, 100, 4096] {
                for id in [None, Some("0".repeat(64))] {
                    let entry = chat(name, &"\"".repeat(length), id.as_deref());
                    let (weight, takes) = weighed(&entry);
                    assert!((takes..takes + 32).contains(&weight), "{takes} weighs {weight}");
                }
            }
        }
        // Four bytes a letter, and a topic that JSON doubles.
        let who = || Nick::parse("\u{1f980}".repeat(32).as_bytes()).unwrap();
        let kind = Kind::Bot;
        let topic = Text::clean("\"".repeat(256).as_bytes()).unwrap();
        for event in [
            Event::Join { who: who(), kind },
            Event::Leave { who: who(), kind, reason: CloseReason::HandshakeTooLong },
            Event::Rename { from: who(), to: who(), kind },
            Event::Topic { by: who(), kind, topic: Some(topic) },
            Event::Topic { by: who(), kind, topic: None },
            Event::Crowd { joined: u32::MAX, left: u32::MAX },
        ] {
            let (weight, takes) = weighed(&entry(event));
            assert!((takes..takes + 100).contains(&weight), "{takes} weighs {weight}");
        }
    }

    #[test]
    fn an_id_weighs_itself_and_its_counts() {
        let weight = |id| weighed(&chat("Neo", "hello", id)).0;
        assert_eq!(weight(Some("1234")) - weight(None), SHARED + 4);
    }

    #[test]
    fn a_chunk_knows_its_authors() {
        let chunk = Chunk::new(RoomName::lobby(), vec![chat("Neo", "hello", None)], 0);
        assert!(chunk.has_author(SessionId(1)));
        assert!(!chunk.has_author(SessionId(2)));
    }

    #[test]
    fn a_chunk_weighs_what_its_entries_do() {
        let room = RoomName::lobby();
        let one = chat("Neo", "hello", None);
        let weight = |entries| Chunk::new(room.clone(), entries, 0).weight();
        let frame = weight(Vec::new());
        assert_eq!(frame, size_of::<Chunk>());
        assert_eq!(weight(vec![one.clone(); 3]) - frame, 3 * (weight(vec![one]) - frame));
    }
}
