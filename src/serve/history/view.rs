//! Reads the entries of a segment, whatever its bytes are: what is not as it was written is
//! [`Damaged`], never a panic and never somebody's words.

use super::OwnerHash;
use super::bytes::{Damaged, sum, take, take_byte, take_bytes, take_str, take_u32, unzigzag};
use super::segment::{
    CAUSED, CHAT, CROWD, FLAG, HEAD, JOIN, KIND, LEAVE, NAMED, RENAME, TOPIC, VERSION,
};
use crate::wire::close::CloseReason;
use crate::wire::entry::{Chat, Entry, Event, Kind, Millis, Ordinal, Seq, SessionId};
use crate::wire::nick::Nick;
use crate::wire::text::Text;
use std::collections::HashMap;

/// Distinct names a reader remembers the check of.
const NAMES: usize = 4096;

/// An entry as it is in the file: nobody's doing who is here now, but with the hash of the owner
/// of its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) entry: Entry,
    pub(super) owner: Option<OwnerHash>,
}

/// A segment that was checked, whose entries can be looked at without being taken out.
#[derive(Debug)]
pub(super) struct View<'a> {
    strings: Vec<&'a str>,
    owners: Vec<OwnerHash>,
    count: u64,
    seq: u64,
    at: u64,
    rest: &'a [u8],
}

/// One entry in its segment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'a> {
    pub(super) seq: Seq,
    pub(super) at: Millis,
    body: &'a [u8],
}

impl Item<'_> {
    /// Whether it is a chat that has an id or answers something: the hub remembers those.
    pub(super) fn is_remembered(&self) -> bool {
        self.body.first().is_some_and(|tag| tag & 7 == CHAT && tag & (NAMED | CAUSED) != 0)
    }
}

impl<'a> View<'a> {
    pub(super) fn open(blob: &'a [u8]) -> Result<Self, Damaged> {
        let (head, mut rest) = blob.split_at_checked(HEAD).ok_or(Damaged)?;
        let expected = head.get(1..).and_then(|bytes| bytes.try_into().ok()).ok_or(Damaged)?;
        if head.first() != Some(&VERSION) || sum(rest) != u64::from_le_bytes(expected) {
            return Err(Damaged);
        }
        let count = take(&mut rest)?;
        let (seq, at) = (take(&mut rest)?, take(&mut rest)?);
        let mut strings = Vec::new();
        for _ in 0..take(&mut rest)? {
            strings.push(take_str(&mut rest)?);
        }
        let mut owners = Vec::new();
        for _ in 0..take(&mut rest)? {
            let owner = take_bytes(&mut rest, 16)?.try_into().map_err(|_short| Damaged)?;
            owners.push(OwnerHash(owner));
        }
        Ok(Self { strings, owners, count, seq, at, rest })
    }

    /// The entries in their order.
    pub(super) fn items(&self) -> impl Iterator<Item = Result<Item<'a>, Damaged>> + use<'a> {
        let (mut seq, mut at, mut rest) = (self.seq, self.at, self.rest);
        (0..self.count).map(move |_| {
            let length = usize::try_from(take(&mut rest)?).map_err(|_long| Damaged)?;
            let mut body = take_bytes(&mut rest, length)?;
            seq = seq.wrapping_add(take(&mut body)?);
            at = at.wrapping_add(unzigzag(take(&mut body)?).cast_unsigned());
            Ok(Item { seq: Seq(seq), at: Millis(at), body })
        })
    }

    /// What was said, if the entry is a chat.
    pub(super) fn text(&self, item: &Item<'a>) -> Result<Option<&'a str>, Damaged> {
        let mut body = item.body;
        let tag = take_byte(&mut body)?;
        if tag & 7 != CHAT {
            return Ok(None);
        }
        let _from = take(&mut body)?;
        self.skip_to_text(tag, &mut body)?;
        str::from_utf8(body).map(Some).map_err(|_not_text| Damaged)
    }

    /// Takes the entry out.
    pub(super) fn entry(&self, item: &Item<'a>, names: &mut Names) -> Result<Kept, Damaged> {
        let mut body = item.body;
        let tag = take_byte(&mut body)?;
        let kind = kind_of(tag)?;
        let mut owner = None;
        let event = match tag & 7 {
            CHAT => {
                let from = self.nick(&mut body, names)?;
                let parts = self.skip_to_text(tag, &mut body)?;
                owner = parts.owner;
                Event::Chat(Chat {
                    from,
                    kind,
                    emote: tag & FLAG != 0,
                    text: text(body)?,
                    cause: parts.cause,
                    hops: parts.hops,
                    id: parts.id.map(Into::into),
                    owner: owner.map(|owner: OwnerHash| owner.to_string().into()),
                })
            }
            JOIN => Event::Join { who: self.nick(&mut body, names)?, kind },
            LEAVE => {
                let who = self.nick(&mut body, names)?;
                // A reason of a later version is one that this one does not know.
                let code = self.string(&mut body)?;
                let reason = CloseReason::from_code(code).unwrap_or(CloseReason::Lost);
                Event::Leave { who, kind, reason }
            }
            RENAME => {
                let from = self.nick(&mut body, names)?;
                Event::Rename { from, to: self.nick(&mut body, names)?, kind }
            }
            TOPIC => {
                let by = self.nick(&mut body, names)?;
                let topic = if tag & FLAG == 0 { None } else { Some(text(body)?) };
                Event::Topic { by, kind, topic }
            }
            CROWD => Event::Crowd { joined: take_u32(&mut body)?, left: take_u32(&mut body)? },
            _ => return Err(Damaged),
        };
        let (ordinal, author) = (Ordinal(0), SessionId::PAST);
        let entry = Entry { seq: item.seq, ordinal, at: item.at, author, event };
        Ok(Kept { entry, owner })
    }

    fn skip_to_text(&self, tag: u8, body: &mut &'a [u8]) -> Result<Parts<'a>, Damaged> {
        let mut parts = Parts::default();
        if tag & CAUSED != 0 {
            parts.cause = take(body)?.checked_sub(1).map(Seq);
            parts.hops = take_byte(body)?;
        }
        if tag & NAMED != 0 {
            parts.id = Some(take_str(body)?);
            if let Some(number) = take(body)?.checked_sub(1) {
                let number = usize::try_from(number).map_err(|_large| Damaged)?;
                parts.owner = Some(*self.owners.get(number).ok_or(Damaged)?);
            }
        }
        Ok(parts)
    }

    fn string(&self, body: &mut &'a [u8]) -> Result<&'a str, Damaged> {
        let number = usize::try_from(take(body)?).map_err(|_large| Damaged)?;
        self.strings.get(number).copied().ok_or(Damaged)
    }

    fn nick(&self, body: &mut &'a [u8], names: &mut Names) -> Result<Nick, Damaged> {
        names.get(self.string(body)?)
    }
}

/// What stands between a chat's name and its text.
#[derive(Debug, Default)]
struct Parts<'a> {
    cause: Option<Seq>,
    hops: u8,
    id: Option<&'a str>,
    owner: Option<OwnerHash>,
}

/// Names that were checked already: checking one costs more than reading its entry.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<Box<str>, Nick>);

impl Names {
    pub(super) fn get(&mut self, name: &str) -> Result<Nick, Damaged> {
        if let Some(nick) = self.0.get(name) {
            return Ok(nick.clone());
        }
        let nick = if name == Nick::server().as_str() {
            Nick::server()
        } else {
            Nick::parse(name.as_bytes()).map_err(|_no_name| Damaged)?
        };
        if self.0.len() >= NAMES {
            self.0.clear();
        }
        self.0.insert(name.into(), nick.clone());
        Ok(nick)
    }
}

/// A segment's entries, all of them.
pub(super) fn decode(blob: &[u8], names: &mut Names) -> Result<Vec<Kept>, Damaged> {
    let view = View::open(blob)?;
    view.items().map(|item| view.entry(&item?, names)).collect()
}

fn kind_of(tag: u8) -> Result<Kind, Damaged> {
    match (tag >> KIND) & 3 {
        0 => Ok(Kind::User),
        1 => Ok(Kind::Bot),
        2 => Ok(Kind::Script),
        _ => Err(Damaged),
    }
}

fn text(bytes: &[u8]) -> Result<Text, Damaged> {
    Text::clean(bytes).map_err(|_no_text| Damaged)
}
