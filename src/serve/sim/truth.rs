//! What all members saw, put together: the same number is the same entry for everybody, there is
//! one order over all rooms, acks tell the numbers that others see, and names are unique in every
//! state that the entries lead through.

use super::view::{Placed, entry};
use super::violation::{ACKS, DOUBLE, HOPS, NAMES, ORDER, ROOMS, Violation, WHISPERS, found};
use crate::wire::entry::Kind;
use crate::wire::limits;
use crate::wire::native::{Chat, Roster, ServerEvent};
use crate::wire::nick::NickKey;
use std::collections::{BTreeMap, BTreeSet};

type Told = ServerEvent<'static>;
/// A room under an epoch.
pub(super) type Where = (String, String);

/// Where something was said, and whether that is known of an ack.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Said {
    room: String,
    seq: u64,
    of_ack: bool,
}

#[derive(Debug, Default)]
pub(super) struct Truth {
    pub(super) entries: BTreeMap<Where, BTreeMap<u64, Told>>,
    pub(super) acks: BTreeMap<Where, BTreeMap<u64, Placed>>,
    /// Where each text was said, by epoch.
    texts: BTreeMap<(String, String), Said>,
    whispers: BTreeSet<String>,
    /// What each connection was told as it happened, in its order.
    chains: BTreeMap<(String, usize), Vec<(String, u64)>>,
}

impl Truth {
    /// A connection was told of an entry.
    pub(super) fn saw(
        &mut self,
        epoch: &str,
        link: usize,
        event: &Told,
        is_news: bool,
    ) -> Result<(), Violation> {
        let Some((room, seq)) = entry(event) else {
            return Ok(());
        };
        if is_news {
            self.chain(epoch, link, room, seq);
        }
        let place = (epoch.to_owned(), room.to_owned());
        if let Some(before) = self.entries.get(&place).and_then(|room| room.get(&seq)) {
            if before == event {
                return Ok(());
            }
            return found(ORDER, format!("{room} {seq} is {before:?} and {event:?}"));
        }
        if let ServerEvent::Chat(chat) = event {
            self.said(epoch, &chat.text, Said { room: room.into(), seq, of_ack: false })?;
            self.hops(&place, chat)?;
            if let Some(placed) = self.acks.get(&place).and_then(|room| room.get(&seq)) {
                agree(placed, event)?;
            }
        } else if let Some(placed) = self.acks.get(&place).and_then(|room| room.get(&seq)) {
            agree(placed, event)?;
        }
        self.entries.entry(place).or_default().insert(seq, event.clone());
        Ok(())
    }

    /// A member was told the place of what it said.
    pub(super) fn placed(
        &mut self,
        epoch: &str,
        link: usize,
        placed: Placed,
    ) -> Result<(), Violation> {
        if !placed.duplicate {
            self.chain(epoch, link, &placed.room, placed.seq);
        }
        let (room, seq) = (placed.room.clone(), placed.seq);
        self.said(epoch, &placed.text, Said { room, seq, of_ack: true })?;
        let place = (epoch.to_owned(), placed.room.clone());
        if let Some(event) = self.entries.get(&place).and_then(|room| room.get(&placed.seq)) {
            agree(&placed, event)?;
        }
        self.acks.entry(place).or_default().entry(placed.seq).or_insert(placed);
        Ok(())
    }

    /// Texts are made so that each is said once, however often it was sent.
    fn said(&mut self, epoch: &str, text: &str, here: Said) -> Result<(), Violation> {
        let first = self.texts.entry((epoch.into(), text.into())).or_insert_with(|| here.clone());
        if (&first.room, first.seq) == (&here.room, here.seq) {
            return Ok(());
        }
        let check = if first.of_ack || here.of_ack { ACKS } else { DOUBLE };
        found(check, format!("{text} was said in {first:?} and in {here:?}"))
    }

    /// A bot's answer is one hop from what it answers, and none is beyond the limit.
    fn hops(&self, place: &Where, chat: &Chat<'_>) -> Result<(), Violation> {
        let cause = chat.cause.and_then(|cause| self.entries.get(place)?.get(&cause));
        let expected = match (chat.kind, cause) {
            (Kind::Bot, Some(ServerEvent::Chat(cause))) => Some(cause.hops + 1),
            (Kind::Bot, Some(_)) => Some(1),
            (Kind::Bot, None) if chat.cause.is_some() => None,
            _ => Some(0),
        };
        if chat.hops <= limits::HOPS && expected.is_none_or(|expected| chat.hops == expected) {
            return Ok(());
        }
        found(HOPS, format!("{chat:?} should have {expected:?} hops, of {}", limits::HOPS))
    }

    /// A whisper was heard.
    pub(super) fn whispered(&mut self, text: &str) -> Result<(), Violation> {
        if self.whispers.insert(text.to_owned()) {
            return Ok(());
        }
        found(WHISPERS, format!("{text} was heard twice"))
    }

    /// The highest number anybody knows of.
    pub(super) fn last(&self, place: &Where) -> u64 {
        let seen = self.entries.get(place).and_then(|room| room.keys().next_back());
        let acked = self.acks.get(place).and_then(|room| room.keys().next_back());
        seen.max(acked).copied().unwrap_or_default()
    }

    fn chain(&mut self, epoch: &str, link: usize, room: &str, seq: u64) {
        let chain = self.chains.entry((epoch.to_owned(), link)).or_default();
        chain.push((room.to_owned(), seq));
    }

    /// Whether there is one order over all rooms in which everybody heard what happened: one in
    /// which every room's numbers rise, and every connection's story is told.
    pub(super) fn one_story(&self) -> Result<(), Violation> {
        let mut after: BTreeMap<(&str, &str, u64), BTreeSet<(&str, &str, u64)>> = BTreeMap::new();
        for ((epoch, _), chain) in &self.chains {
            for pair in chain.windows(2) {
                let [one, two] = [&pair[0], &pair[1]].map(|(room, seq)| (&**epoch, &**room, *seq));
                after.entry(one).or_default().insert(two);
                after.entry(two).or_default();
            }
        }
        let nodes: Vec<_> = after.keys().copied().collect();
        for pair in nodes.windows(2) {
            if (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1) {
                after.entry(pair[0]).or_default().insert(pair[1]);
            }
        }
        let mut waits: BTreeMap<_, usize> = nodes.iter().map(|node| (*node, 0)).collect();
        for next in after.values().flatten() {
            *waits.entry(*next).or_default() += 1;
        }
        let mut ready: Vec<_> = waits.iter().filter(|(_, n)| **n == 0).map(|(n, _)| *n).collect();
        while let Some(node) = ready.pop() {
            waits.remove(&node);
            for next in &after[&node] {
                let left = waits.entry(*next).or_default();
                *left -= 1;
                if *left == 0 {
                    ready.push(*next);
                }
            }
        }
        match waits.keys().next() {
            None => Ok(()),
            Some(stuck) => {
                found(ORDER, format!("no one order holds {stuck:?} and what follows it"))
            }
        }
    }

    /// When, and why, a member of this name left a room first after it had come.
    pub(super) fn left_first(&self, place: &Where, nick: &str, came: u64) -> Option<(u64, String)> {
        let later = self.entries.get(place)?.range(came + 1..);
        let mut last = came;
        for (seq, event) in later {
            if *seq != last + 1 {
                return None;
            }
            last = *seq;
            if let ServerEvent::Leave(leave) = event
                && leave.who == nick
            {
                return Some((*seq, leave.reason.as_deref().unwrap_or_default().to_owned()));
            }
        }
        None
    }

    /// How many came.
    pub(super) fn joins(&self, place: &Where) -> usize {
        let entries = self.entries.get(place).into_iter().flatten();
        entries.filter(|(_, event)| matches!(event, ServerEvent::Join(_))).count()
    }

    /// Follows who is in each room from entry to entry.
    pub(super) fn names(&self) -> Result<(), Violation> {
        for ((_, room), entries) in &self.entries {
            let mut here: BTreeMap<&str, NickKey> = BTreeMap::new();
            let mut last = 0;
            for (seq, event) in entries {
                if *seq != last + 1 {
                    // Nobody saw what happened between.
                    here.clear();
                }
                last = *seq;
                let (gone, come) = match event {
                    ServerEvent::Join(join) => (None, Some(&*join.who)),
                    ServerEvent::Leave(leave) => (Some(&*leave.who), None),
                    ServerEvent::Rename(rename) => (Some(&*rename.from), Some(&*rename.to)),
                    _ => (None, None),
                };
                let was_here = gone.map(|gone| here.remove(gone).is_some());
                // A script's coming and going is not told, its new name is.
                let Some(come) = come.filter(|_| was_here != Some(false)) else { continue };
                let key = NickKey::of(come);
                if let Some(other) = here.iter().find(|(_, other)| other.clashes(&key)) {
                    return found(NAMES, format!("{room} {seq}: {come}, and {} is here", other.0));
                }
                here.insert(come, key);
            }
        }
        Ok(())
    }
}

/// An ack and the entry that everybody else saw are of one thing.
fn agree(placed: &Placed, event: &Told) -> Result<(), Violation> {
    match event {
        ServerEvent::Chat(chat)
            if chat.text == placed.text
                && (chat.from == placed.by || placed.duplicate)
                && chat.at == placed.at =>
        {
            Ok(())
        }
        _ => found(ACKS, format!("{placed:?}, and others see {event:?}")),
    }
}

/// A list of names has no two that read alike.
pub(super) fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), Violation> {
    let keys: Vec<_> = names.map(|name| (name, NickKey::of(name))).collect();
    for (index, (name, key)) in keys.iter().enumerate() {
        if let Some((other, _)) = keys[index + 1..].iter().find(|(_, other)| other.clashes(key)) {
            return found(NAMES, format!("{name} and {other} are both here"));
        }
    }
    Ok(())
}

/// Who asks for the roster is in it.
pub(super) fn roster(roster: &Roster<'_>, me: &str) -> Result<(), Violation> {
    unique(roster.members.iter().map(|member| &*member.nick))?;
    if roster.members.iter().any(|member| member.nick == me) {
        return Ok(());
    }
    found(ROOMS, format!("{me} is not in its own roster {roster:?}"))
}
