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
    /// The join whose name is another's now, for everybody.
    renamed: Option<((String, u64), String)>,
}

impl Tap {
    pub(super) fn of(fault: Option<Fault>, spare: u64) -> Self {
        Self { fault, spare, ..Self::default() }
    }

    /// Whether this chance is the one.
    fn strikes(&mut self, fault: Fault) -> bool {
        if self.fault != Some(fault) || self.has_struck {
            return false;
        }
        self.has_struck = self.spare == 0;
        self.spare = self.spare.saturating_sub(1);
        self.has_struck
    }

    /// What becomes of an event on its way to a connection, and whether somebody else gets it too.
    pub(super) fn passes(&mut self, link: usize, is_resuming: bool, event: Told) -> (Vec<Told>, bool) {
        if self.fault.is_none() {
            return (vec![event], false);
        }
        if let Some((of, held)) = self.held.take() {
            if of == link && entry(&event).is_some() {
                return (vec![event, held], false);
            }
            self.held = Some((of, held));
            if of == link {
                // Only what stands side by side changes places.
                let (_, held) = self.held.take().unwrap();
                self.has_struck = false;
                return (vec![held, event], false);
            }
        }
        let event = self.name_of_two(link, event);
        match &event {
            ServerEvent::Chat(_) if self.strikes(Fault::Dropped) => return (Vec::new(), false),
            ServerEvent::Chat(_) if self.strikes(Fault::Swapped) => {
                self.held = Some((link, event));
                return (Vec::new(), false);
            }
            ServerEvent::Chat(_) if is_resuming && self.strikes(Fault::DoubledAfterResume) => {
                return (vec![event.clone(), event], false);
            }
            ServerEvent::Whisper(_) if self.strikes(Fault::WhisperLeaked) => {
                return (vec![event], true);
            }
            ServerEvent::Gap(gap) if gap.before > gap.after + 1 && self.strikes(Fault::GapUntold) => {
                return (Vec::new(), false);
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
                if self.renamed.is_none()
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
        matches!(request, Request::Input(Input::Post { .. })) && self.strikes(Fault::PostLost)
    }

    pub(super) fn swaps(&mut self, queue: &VecDeque<Request>) -> bool {
        let are_two = queue.iter().take(2).filter(|request| request.questions().is_some()).count();
        are_two == 2 && self.strikes(Fault::Overtaken)
    }
}
