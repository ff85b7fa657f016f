//! What happened in one room, put together from what all its native members were told, and whether
//! what somebody heard agrees with it: the same order, nothing left out, nothing twice.

use std::collections::{BTreeMap, HashMap, VecDeque};

/// Every entry of a room that anybody was told of.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    entries: BTreeMap<u64, Entry>,
    /// Where each member came in; each name is used by one connection only.
    joins: HashMap<Box<str>, u64>,
    /// The number of each thing said; no two of them are the same.
    said: HashMap<Box<str>, u64>,
}

#[derive(Debug)]
struct Entry {
    author: Box<str>,
    /// As the line dialect says it, without the newline.
    line: Box<str>,
}

impl Truth {
    /// Takes what a native member was told: it has to be what others were.
    pub(crate) fn tell(&mut self, seq: u64, author: &str, line: &str) -> Result<(), String> {
        if let Some(known) = self.entries.get(&seq) {
            if &*known.line == line {
                return Ok(());
            }
            return Err(format!("{seq} is {:?} for one and {line:?} for another", known.line));
        }
        if line.strip_prefix(author) == Some(" just connected") {
            self.joins.insert(author.into(), seq);
        }
        // What bots say may be the same twice; what a member says begins with its name.
        if line.strip_prefix(author).is_some_and(|rest| rest.starts_with(": "))
            && author.starts_with(|c: char| c.is_ascii_lowercase())
            && let Some(before) = self.said.insert(line.into(), seq)
        {
            return Err(format!("{line:?} was said twice, as {before} and as {seq}"));
        }
        self.entries.insert(seq, Entry { author: author.into(), line: line.into() });
        Ok(())
    }

    /// The last number.
    pub(crate) fn last(&self) -> u64 {
        self.entries.last_key_value().map_or(0, |(seq, _)| *seq)
    }

    /// Numbers that nobody was told of.
    pub(crate) fn missing(&self) -> Vec<u64> {
        let numbers = self.entries.keys().zip(self.entries.keys().skip(1));
        numbers.flat_map(|(before, after)| before + 1..*after).collect()
    }
}

/// What a member without numbers has heard, as far as it is not checked.
#[derive(Debug)]
pub(crate) struct Heard {
    nick: Box<str>,
    /// The entry to be heard next; unknown until its own coming is told of.
    next: Option<u64>,
    /// Lines with an end, or a stream without.
    unread: VecDeque<u8>,
    is_framed: bool,
}

impl Heard {
    /// Somebody who came in under this name.
    pub(crate) fn new(nick: &str) -> Self {
        Self { nick: nick.into(), next: None, unread: VecDeque::new(), is_framed: true }
    }

    /// Takes a line without its newline, or any bytes of a stream without framing.
    pub(crate) fn hears(&mut self, bytes: &[u8], is_framed: bool) {
        self.unread.extend(bytes);
        self.is_framed = is_framed;
        if is_framed {
            self.unread.push_back(b'\n');
        }
    }

    /// The entry it is to hear next, if that is known.
    pub(crate) fn next(&self) -> Option<u64> {
        self.next
    }

    /// Goes through what was heard, as far as the truth is known.
    pub(crate) fn check(&mut self, truth: &Truth) -> Result<(), String> {
        let Self { nick, next, unread, is_framed } = self;
        if next.is_none() {
            *next = truth.joins.get(nick).map(|join| join + 1);
        }
        let Some(next) = next else { return Ok(()) };
        while let Some(entry) = truth.entries.get(next) {
            if entry.author == *nick {
                *next += 1;
                continue;
            }
            let end = if *is_framed { "\n" } else { "" };
            let expected = entry.line.bytes().chain(end.bytes());
            let mut matched = 0;
            for (heard, expected) in unread.iter().zip(expected) {
                if *heard != expected {
                    let heard: Vec<u8> = unread.iter().copied().take(80).collect();
                    let heard = String::from_utf8_lossy(&heard).into_owned();
                    return Err(format!("{nick} heard {heard:?} and not {next} {:?}", entry.line));
                }
                matched += 1;
            }
            if matched < entry.line.len() + end.len() {
                return Ok(());
            }
            unread.drain(..matched);
            *next += 1;
        }
        Ok(())
    }
}
