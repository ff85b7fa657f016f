//! What one native connection has been told, and what is wrong with it: its own order, what is
//! lost or doubled, rooms it is not in, answers it did not ask for. Reads only what came over the
//! wire and what its client asked.

use super::violation::{
    ANSWERS, Check, DOUBLE, GAP, LOSS, ORDER, REASON, ROOMS, Violation, WHISPERS, found,
};
use crate::wire::entry::Kind;
use crate::wire::native::{Entered, Gap, RoomState, ServerEvent};
use crate::wire::nick::NickKey;
use std::collections::{BTreeMap, VecDeque};

type Told = ServerEvent<'static>;

/// Something the client asked, which has exactly one answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ask {
    Say {
        id: String,
        text: String,
    },
    Whisper {
        id: String,
    },
    Join {
        id: String,
        after: Option<u64>,
    },
    Part {
        id: String,
    },
    Topic {
        id: String,
    },
    Nick,
    Who,
    History {
        id: String,
        before: Option<u64>,
    },
    Ping {
        id: String,
    },
    /// Nonsense, which is refused.
    Garbage,
}

/// What the answer to something said tells of the room's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) room: String,
    pub(super) seq: u64,
    pub(super) at: u64,
    pub(super) text: String,
    pub(super) by: String,
    pub(super) duplicate: bool,
}

#[derive(Debug)]
struct Place {
    last: u64,
    /// The room's last entry when the client came in; what is later is news.
    entered: u64,
    /// The one number that is left out.
    own_join: Option<u64>,
    /// Numbers that should have come, and which promise that breaks.
    holes: BTreeMap<u64, Check>,
    /// Nothing has come yet since a resume.
    is_resuming: bool,
}

#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) nick: String,
    kind: Option<Kind>,
    pub(super) epoch: String,
    crowd: usize,
    rooms: BTreeMap<String, Place>,
    pub(super) asked: VecDeque<Ask>,
    pub(super) is_in: bool,
    /// With which entry of its first room.
    pub(super) came: u64,
    pub(super) bye: Option<String>,
}

impl View {
    pub(super) fn new(nick: &str, kind: Kind, crowd: usize) -> Self {
        Self { nick: nick.into(), kind: Some(kind), crowd, ..Self::default() }
    }

    /// Where it is, with the last entry it has seen.
    pub(super) fn places(&self) -> BTreeMap<String, u64> {
        self.rooms.iter().map(|(room, place)| (room.clone(), place.last)).collect()
    }

    /// Whether this entry happened while the client was here.
    pub(super) fn is_news(&self, room: &str, seq: u64) -> bool {
        self.rooms.get(room).is_some_and(|place| seq > place.entered)
    }

    /// It is let in; it had asked for what comes behind `after` in its first room.
    pub(super) fn welcomed(
        &mut self,
        epoch: &str,
        state: &RoomState<'_>,
        after: Option<u64>,
    ) -> Result<(), Violation> {
        if self.is_in {
            return found(ANSWERS, "a second welcome");
        }
        (self.is_in, self.epoch, self.came) = (true, epoch.into(), state.seq);
        self.come(state, after);
        Ok(())
    }

    fn come(&mut self, state: &RoomState<'_>, after: Option<u64>) {
        let is_told = self.kind != Some(Kind::Script) && state.members <= self.crowd;
        let place = Place {
            last: after.map_or(state.seq, |after| after.min(state.seq)),
            entered: state.seq,
            own_join: is_told.then_some(state.seq),
            holes: BTreeMap::new(),
            is_resuming: after.is_some(),
        };
        self.rooms.insert(state.room.to_string(), place);
    }

    /// Takes the next event. What was said and now has a place is handed on.
    pub(super) fn takes(&mut self, event: &Told) -> Result<Option<Placed>, Violation> {
        if let Some(code) = &self.bye {
            return found(REASON, format!("something came behind the goodbye {code}: {event:?}"));
        }
        if let Some((room, seq)) = entry(event) {
            self.entry(room, seq)?;
        }
        match event {
            ServerEvent::Chat(chat) => {
                let is_own = chat.from == self.nick && self.is_news(&chat.room, chat.seq);
                if is_own {
                    return found(ANSWERS, format!("it hears itself: {chat:?}"));
                }
            }
            ServerEvent::Rename(rename)
                if self.is_news(&rename.room, rename.seq) && rename.from == self.nick =>
            {
                self.answers("rename", |ask| *ask == Ask::Nick)?;
                self.nick = rename.to.to_string();
            }
            ServerEvent::Topic(topic)
                if self.is_news(&topic.room, topic.seq) && topic.who == self.nick =>
            {
                self.answers("topic", |ask| matches!(ask, Ask::Topic { .. }))?;
            }
            ServerEvent::Ack(ack) => {
                let id = ack.id.as_deref();
                let is_asked = |ask: &Ask| match ask {
                    Ask::Say { id: asked, .. } => ack.seq.is_some() && is(id, asked),
                    Ask::Whisper { id: asked } => ack.seq.is_none() && is(id, asked),
                    _ => false,
                };
                let answered = self.answers(&format!("ack of {id:?}"), is_asked)?;
                if let (Ask::Say { text, .. }, Some(room), Some(seq)) =
                    (answered, &ack.room, ack.seq)
                {
                    let (room, at, by) = (room.to_string(), ack.at, self.nick.clone());
                    let duplicate = ack.duplicate;
                    if !duplicate {
                        self.entry(&room, seq)?;
                    }
                    return Ok(Some(Placed { room, seq, at, text, by, duplicate }));
                }
            }
            ServerEvent::Entered(entered) => self.entered(entered)?,
            ServerEvent::Parted(parted) => {
                let re = parted.re.as_deref();
                self.answers("parted", |ask| matches!(ask, Ask::Part { id } if is(re, id)))?;
                self.leaves(&parted.room)?;
            }
            ServerEvent::Refused(refused) => {
                let re = refused.re.as_deref();
                self.answers(&format!("refused {refused:?}"), |ask| match ask {
                    Ask::Say { id, .. }
                    | Ask::Whisper { id }
                    | Ask::Join { id, .. }
                    | Ask::Part { id }
                    | Ask::Topic { id }
                    | Ask::History { id, .. }
                    | Ask::Ping { id } => is(re, id),
                    Ask::Nick => re == Some("nick"),
                    Ask::Who => re == Some("who"),
                    Ask::Garbage => matches!(&*refused.code, "unknown_event" | "bad_event"),
                })?;
            }
            ServerEvent::Roster(_) => {
                self.answers("roster", |ask| *ask == Ask::Who)?;
            }
            ServerEvent::History(history) => {
                self.history(history.re.as_deref(), &history.events)?;
            }
            ServerEvent::Gap(gap) => self.gap(gap)?,
            // Who is in no room is told of its own new name so.
            ServerEvent::Notice(notice) => {
                if let Some(nick) = notice.text.strip_prefix("your name is ") {
                    self.answers("your name", |ask| *ask == Ask::Nick)?;
                    self.nick = nick.into();
                }
            }
            ServerEvent::Pong(pong) => {
                let id = pong.id.as_deref();
                self.answers("pong", |ask| matches!(ask, Ask::Ping { id: of } if is(id, of)))?;
                self.has_all()?;
            }
            ServerEvent::Bye(bye) => self.bye = Some(bye.code.to_string()),
            _ => {}
        }
        Ok(None)
    }

    /// A whisper to somebody of this name has come.
    pub(super) fn whispered(&self, to: &str) -> Result<(), Violation> {
        if NickKey::of(to).folded == NickKey::of(&self.nick).folded {
            return Ok(());
        }
        found(WHISPERS, format!("{} hears what is for {to}", self.nick))
    }

    /// Nothing is missing of what it was to be told.
    pub(super) fn has_all(&self) -> Result<(), Violation> {
        for (room, place) in &self.rooms {
            if let Some((seq, check)) = place.holes.iter().next() {
                return found(check, format!("{} was never told of {room} {seq}", self.nick));
            }
        }
        Ok(())
    }

    fn entry(&mut self, room: &str, seq: u64) -> Result<(), Violation> {
        let Some(place) = self.rooms.get_mut(room) else {
            return found(ROOMS, format!("{} is told of {room} {seq} and is not in it", self.nick));
        };
        if seq <= place.last {
            let is_late = place.holes.remove(&seq).is_some();
            let (check, how) = if is_late { (ORDER, "late") } else { (DOUBLE, "again") };
            return found(check, format!("{room} {seq} comes {how}, behind {}", place.last));
        }
        let check = if place.is_resuming { GAP } else { LOSS };
        // A few tell as much as a million.
        for missing in (place.last + 1..seq).take(100).filter(|seq| Some(*seq) != place.own_join) {
            place.holes.insert(missing, check);
        }
        (place.last, place.is_resuming) = (seq, false);
        Ok(())
    }

    fn gap(&mut self, gap: &Gap<'_>) -> Result<(), Violation> {
        let Some(place) = self.rooms.get_mut(&*gap.room) else {
            return found(ROOMS, format!("a gap in a room it is not in: {gap:?}"));
        };
        if gap.after != place.last || gap.before <= gap.after {
            return found(GAP, format!("{gap:?}, and the last it has is {}", place.last));
        }
        (place.last, place.is_resuming) = (gap.before - 1, false);
        Ok(())
    }

    fn entered(&mut self, entered: &Entered<'_>) -> Result<(), Violation> {
        let re = entered.re.as_deref();
        let is_asked = |ask: &Ask| matches!(ask, Ask::Join { id, .. } if is(re, id));
        let answered = self.answers("entered", is_asked)?;
        let is_new = !self.rooms.contains_key(&*entered.state.room);
        if let Ask::Join { after, .. } = answered
            && is_new
        {
            self.come(&entered.state, after);
        }
        Ok(())
    }

    fn leaves(&mut self, room: &str) -> Result<(), Violation> {
        match self.rooms.remove(room) {
            None => found(ROOMS, format!("it parted from {room} and was not in it")),
            Some(place) => match place.holes.into_iter().next() {
                Some((seq, check)) => found(check, format!("never told of {room} {seq}")),
                None => Ok(()),
            },
        }
    }

    fn history(&mut self, re: Option<&str>, events: &[Told]) -> Result<(), Violation> {
        let is_asked = |ask: &Ask| matches!(ask, Ask::History { id, .. } if is(re, id));
        let Ask::History { before, .. } = self.answers("history", is_asked)? else {
            return Ok(());
        };
        let numbers: Vec<u64> = events.iter().filter_map(entry).map(|(_, seq)| seq).collect();
        let is_dense = numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        let is_before = before.is_none_or(|before| numbers.iter().all(|seq| *seq < before));
        if is_dense && is_before {
            return Ok(());
        }
        found(ORDER, format!("the past before {before:?} is {numbers:?}"))
    }

    /// Answers come in the order of what was asked, one each.
    fn answers(&mut self, what: &str, fits: impl Fn(&Ask) -> bool) -> Result<Ask, Violation> {
        match self.asked.pop_front() {
            Some(ask) if fits(&ask) => Ok(ask),
            next => found(ANSWERS, format!("{} got {what}; what it asked is {next:?}", self.nick)),
        }
    }
}

/// Whether an answer is to the question with this id.
fn is(re: Option<&str>, id: &str) -> bool {
    re == Some(id)
}

/// The place of an event that is an entry.
pub(super) fn entry<'a>(event: &'a ServerEvent<'_>) -> Option<(&'a str, u64)> {
    match event {
        ServerEvent::Chat(e) => Some((&e.room, e.seq)),
        ServerEvent::Join(e) | ServerEvent::Leave(e) => Some((&e.room, e.seq)),
        ServerEvent::Rename(e) => Some((&e.room, e.seq)),
        ServerEvent::Topic(e) => Some((&e.room, e.seq)),
        ServerEvent::Crowd(e) => Some((&e.room, e.seq)),
        _ => None,
    }
}
