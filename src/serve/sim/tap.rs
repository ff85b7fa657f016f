//! Plants one fault between what the server wrote and what the checkers read, or between what a
//! session asked and what the hub gets: the checkers are worth what they catch of it.

use super::view::entry;
use crate::room::Input;
use crate::serve::hub::Request;
use crate::wire::native::ServerEvent;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

type Told = ServerEvent<'static>;

/// What goes wrong, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// A message does not come.
    Dropped,
    /// Two messages change places.
    Swapped,
    /// What the client had before it came back comes again.
    DoubledAfterResume,
    /// A name is held by two.
    NameOfTwo,
    /// Somebody else hears a whisper as well.
    WhisperLeaked,
    /// An ack has the number of the next entry.
    WrongAck,
    /// What is missing is not told.
    GapUntold,
    /// The hub never gets what a session said.
    PostLost,
    /// … or gets what it asked the wrong way round.
    Overtaken,
}

/// Where the fault is put in, if there is one.
#[derive(Debug, Default)]
pub(super) struct Tap {
    fault: Option<Fault>,
    /// Chances that are let go by first.
    spare: u64,
    pub(super) has_struck: bool,
    held: Option<(usize, Told)>,
    here: BTreeMap<(usize, String), BTreeSet<String>>,
    /// Joins that somebody has seen.
    joins: BTreeSet<(String, u64)>,
    /// The join whose name is another's now, for everybody.
    renamed: Option<((String, u64), String)>,
}

impl Tap {
    pub(super) fn of(fault: Option<Fault>, spare: u64) -> Self {
        Self { fault, spare, ..Self::default() }
    }

    /// Whether this chance is the one.
    fn strikes(&mut self, fault: Fault) -> bool {
        if self.fault != Some(fault) || self.has_struck || self.held.is_some() {
            return false;
        }
        self.has_struck = self.spare == 0;
        self.spare = self.spare.saturating_sub(1);
        self.has_struck
    }

    /// What becomes of an event on its way to a connection, and whether somebody else gets it too.
    pub(super) fn passes(
        &mut self,
        link: usize,
        is_resuming: bool,
        event: Told,
    ) -> (Vec<Told>, bool) {
        if self.fault.is_none() {
            return (vec![event], false);
        }
        if let Some((_, held)) = self.held.take_if(|(of, _)| *of == link) {
            // Only what something follows in its room is missed by whoever reads on.
            let follows = entry(&event).is_some_and(|(room, _)| Some(room) == room_of(&held));
            self.has_struck = follows;
            return match (follows, self.fault) {
                (false, _) => (vec![held, event], false),
                (true, Some(Fault::Swapped)) => (vec![event, held], false),
                (true, _) => (vec![event], false),
            };
        }
        let event = self.name_of_two(link, event);
        match &event {
            ServerEvent::Chat(_)
                if self.strikes(Fault::Dropped) || self.strikes(Fault::Swapped) =>
            {
                return self.hold(link, event);
            }
            ServerEvent::Chat(_) if is_resuming && self.strikes(Fault::DoubledAfterResume) => {
                return (vec![event.clone(), event], false);
            }
            ServerEvent::Whisper(_) if self.strikes(Fault::WhisperLeaked) => {
                return (vec![event], true);
            }
            ServerEvent::Gap(gap)
                if gap.before > gap.after + 1 && self.strikes(Fault::GapUntold) =>
            {
                return self.hold(link, event);
            }
            ServerEvent::Ack(ack) if ack.seq.is_some() && self.strikes(Fault::WrongAck) => {
                let mut ack = ack.clone();
                ack.seq = ack.seq.map(|seq| seq + 1);
                return (vec![ServerEvent::Ack(ack)], false);
            }
            _ => {}
        }
        (vec![event], false)
    }

    fn hold(&mut self, link: usize, event: Told) -> (Vec<Told>, bool) {
        self.held = Some((link, event));
        self.has_struck = false;
        (Vec::new(), false)
    }

    /// It holds something back, and nothing has come of it yet.
    pub(super) fn is_holding(&self) -> bool {
        self.held.is_some()
    }

    /// The first join behind another's becomes a join of that other.
    fn name_of_two(&mut self, link: usize, event: Told) -> Told {
        if self.fault != Some(Fault::NameOfTwo) {
            return event;
        }
        match event {
            ServerEvent::Join(mut join) => {
                let place = (join.room.to_string(), join.seq);
                let here = self.here.entry((link, place.0.clone())).or_default();
                let first = here.iter().next().cloned();
                here.insert(join.who.to_string());
                let is_first = self.joins.insert(place.clone());
                if self.renamed.is_none()
                    && is_first
                    && let Some(first) = first.filter(|first| *first != join.who)
                    && self.strikes(Fault::NameOfTwo)
                {
                    self.renamed = Some((place.clone(), first));
                }
                if let Some((of, name)) = &self.renamed
                    && *of == place
                {
                    join.who = name.clone().into();
                }
                ServerEvent::Join(join)
            }
            ServerEvent::Leave(leave) => {
                let here = self.here.entry((link, leave.room.to_string())).or_default();
                here.remove(&*leave.who);
                ServerEvent::Leave(leave)
            }
            ServerEvent::Rename(rename) => {
                let here = self.here.entry((link, rename.room.to_string())).or_default();
                here.remove(&*rename.from);
                ServerEvent::Rename(rename)
            }
            other => other,
        }
    }

    pub(super) fn loses(&mut self, request: &Request) -> bool {
        is_awaited(request) && self.strikes(Fault::PostLost)
    }

    pub(super) fn swaps(&mut self, queue: &VecDeque<Request>) -> bool {
        let two = || queue.iter().take(2);
        let are_two = two().filter(|request| request.questions().is_some()).count() == 2;
        are_two && two().any(is_awaited) && self.strikes(Fault::Overtaken)
    }
}

/// Whether it says something whose ack is waited for.
fn is_awaited(request: &Request) -> bool {
    match request {
        Request::Input(Input::Post { posts, .. }) => posts.iter().any(|post| post.id.is_some()),
        _ => false,
    }
}

fn room_of(event: &Told) -> Option<&str> {
    match event {
        ServerEvent::Gap(gap) => Some(&gap.room),
        event => entry(event).map(|(room, _)| room),
    }
}
