//! A run of a room's entries as one row of the file: names and owners once, then each entry with
//! its length in front, so that a reader finds its place without reading what is before it. Makes
//! the bytes and knows no file; [`view`](super::view) reads them.
//!
//! ```text
//! version u8 | sum u64 | count | first seq | first at | strings | owners | entries
//! entry: length | seq - previous | at - previous (zigzag) | tag | fields
//! ```
//!
//! Numbers without a size are varints, seven bits a byte, the lowest first.

use super::OwnerHash;
use super::bytes::{put, sum, zigzag};
use crate::wire::entry::{Chat, Entry, Event, Kind, Millis, Seq};
use std::collections::HashMap;

/// The encoding's own version, in the first byte.
pub(super) const VERSION: u8 = 1;
/// Version and sum.
pub(super) const HEAD: usize = 9;
/// Entries of a segment: a search that finds one message reads all of its segment, and a busy
/// second is still only some hundred rows.
pub(super) const ENTRIES: usize = 1024;
/// Bytes after which a segment is full. One more entry may overshoot it.
pub(super) const BYTES: usize = 64 * 1024;

/// The tag's lowest three bits: what happened.
pub(super) const CHAT: u8 = 0;
pub(super) const JOIN: u8 = 1;
pub(super) const LEAVE: u8 = 2;
pub(super) const RENAME: u8 = 3;
pub(super) const TOPIC: u8 = 4;
pub(super) const CROWD: u8 = 5;
/// Two bits of kind above them.
pub(super) const KIND: u8 = 3;
/// Said with `/me`; of a topic: there is one.
pub(super) const FLAG: u8 = 1 << 5;
/// A cause or hops follow.
pub(super) const CAUSED: u8 = 1 << 6;
/// An id and its owner follow.
pub(super) const NAMED: u8 = 1 << 7;

/// Where a segment's entries stand in their room, and when they happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: Seq,
    pub(super) last: Seq,
    pub(super) last_at: Millis,
    pub(super) count: u32,
}

/// An encoded run of entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) span: Span,
    pub(super) blob: Vec<u8>,
}

/// Takes entries of one room in their order until it is full.
#[derive(Debug, Default)]
pub(super) struct Encoder {
    strings: HashMap<Box<str>, u64>,
    strings_bytes: Vec<u8>,
    owners: Vec<OwnerHash>,
    body: Vec<u8>,
    entry: Vec<u8>,
    span: Option<(Seq, Millis, Span)>,
}

impl Encoder {
    pub(super) fn is_full(&self) -> bool {
        self.span.is_some_and(|(_, _, span)| span.count as usize >= ENTRIES)
            || self.body.len() + self.strings_bytes.len() >= BYTES
    }

    /// Appends an entry with the hash of its id's owner.
    pub(super) fn push(&mut self, entry: &Entry, owner: Option<OwnerHash>) {
        let (start, start_at, before) = self.span.unwrap_or((
            entry.seq,
            entry.at,
            Span { first: entry.seq, last: entry.seq, last_at: entry.at, count: 0 },
        ));
        let mut bytes = std::mem::take(&mut self.entry);
        bytes.clear();
        put(&mut bytes, entry.seq.0.wrapping_sub(before.last.0));
        put(&mut bytes, zigzag(entry.at.0.wrapping_sub(before.last_at.0).cast_signed()));
        self.put_event(&mut bytes, &entry.event, owner);
        put(&mut self.body, bytes.len() as u64);
        self.body.extend_from_slice(&bytes);
        self.entry = bytes;
        let span = Span { last: entry.seq, last_at: entry.at, count: before.count + 1, ..before };
        self.span = Some((start, start_at, span));
    }

    /// The segment of what was taken, and room for the next; `None` if that was nothing.
    pub(super) fn finish(&mut self) -> Option<Segment> {
        let (first, first_at, span) = self.span.take()?;
        let size = HEAD + 40 + self.strings_bytes.len() + 16 * self.owners.len() + self.body.len();
        let mut blob = Vec::with_capacity(size);
        blob.extend_from_slice(&[VERSION, 0, 0, 0, 0, 0, 0, 0, 0]);
        put(&mut blob, u64::from(span.count));
        put(&mut blob, first.0);
        put(&mut blob, first_at.0);
        put(&mut blob, self.strings.len() as u64);
        blob.extend_from_slice(&self.strings_bytes);
        put(&mut blob, self.owners.len() as u64);
        for owner in self.owners.drain(..) {
            blob.extend_from_slice(&owner.0);
        }
        blob.extend_from_slice(&self.body);
        let sum = sum(blob.get(HEAD..).unwrap_or_default());
        if let Some(place) = blob.get_mut(1..HEAD) {
            place.copy_from_slice(&sum.to_le_bytes());
        }
        self.strings.clear();
        self.strings_bytes.clear();
        self.body.clear();
        Some(Segment { span, blob })
    }

    fn put_event(&mut self, out: &mut Vec<u8>, event: &Event, owner: Option<OwnerHash>) {
        match event {
            Event::Chat(chat) => self.put_chat(out, chat, owner),
            Event::Join { who, kind } => {
                out.push(JOIN | kind_bits(*kind));
                self.put_string(out, who.as_str());
            }
            Event::Leave { who, kind, reason } => {
                out.push(LEAVE | kind_bits(*kind));
                self.put_string(out, who.as_str());
                self.put_string(out, reason.code());
            }
            Event::Rename { from, to, kind } => {
                out.push(RENAME | kind_bits(*kind));
                self.put_string(out, from.as_str());
                self.put_string(out, to.as_str());
            }
            Event::Topic { by, kind, topic } => {
                out.push(TOPIC | kind_bits(*kind) | if topic.is_some() { FLAG } else { 0 });
                self.put_string(out, by.as_str());
                out.extend_from_slice(topic.as_deref().unwrap_or_default().as_bytes());
            }
            Event::Crowd { joined, left } => {
                out.push(CROWD);
                put(out, u64::from(*joined));
                put(out, u64::from(*left));
            }
        }
    }

    fn put_chat(&mut self, out: &mut Vec<u8>, chat: &Chat, owner: Option<OwnerHash>) {
        let caused = chat.cause.is_some() || chat.hops > 0;
        out.push(
            CHAT | kind_bits(chat.kind)
                | if chat.emote { FLAG } else { 0 }
                | if caused { CAUSED } else { 0 }
                | if chat.id.is_some() { NAMED } else { 0 },
        );
        self.put_string(out, chat.from.as_str());
        if caused {
            put(out, chat.cause.map_or(0, |seq| seq.0.saturating_add(1)));
            out.push(chat.hops);
        }
        if let Some(id) = &chat.id {
            put(out, id.len() as u64);
            out.extend_from_slice(id.as_bytes());
            let owner = owner.map_or(0, |owner| self.owner(owner) + 1);
            put(out, owner);
        }
        out.extend_from_slice(chat.text.as_bytes());
    }

    fn put_string(&mut self, out: &mut Vec<u8>, string: &str) {
        let number = if let Some(&number) = self.strings.get(string) {
            number
        } else {
            let number = self.strings.len() as u64;
            self.strings.insert(string.into(), number);
            put(&mut self.strings_bytes, string.len() as u64);
            self.strings_bytes.extend_from_slice(string.as_bytes());
            number
        };
        put(out, number);
    }

    /// Who speaks now mostly spoke a moment ago.
    fn owner(&mut self, owner: OwnerHash) -> u64 {
        let known = self.owners.iter().rposition(|known| *known == owner);
        known.unwrap_or_else(|| {
            self.owners.push(owner);
            self.owners.len() - 1
        }) as u64
    }
}

fn kind_bits(kind: Kind) -> u8 {
    let bits = match kind {
        Kind::User => 0,
        Kind::Bot => 1,
        Kind::Script => 2,
    };
    bits << KIND
}
