//! One run of the server after the other: how it starts, how it goes down, gently or not, and what
//! the next one knows of it.

use super::house::{House, Left};
use super::people::Person;
use super::plan::ROOMS;
use super::world::{Event, World};
use crate::room::Known;
use crate::wire::entry::{Millis, Seq};
use crate::wire::native::ServerEvent;
use crate::wire::room_name::RoomName;
use std::collections::{BTreeMap, HashMap};

impl World {
    /// The server starts, with what the last run left.
    pub(super) fn open(&mut self) {
        self.run += 1;
        (self.has_crashed, self.has_blinked) = (false, false);
        self.house = Some(House::open(&self.plan.limits, self.left.clone()));
        if self.plan.is_watched {
            let watch = self.people.len() - 1;
            self.connect(watch, 0);
        }
    }

    pub(super) fn restart(&mut self, gently: bool, remembers: bool) {
        let is_going = self.has_crashed;
        let is_up = |house: &&mut House| !house.is_draining && !is_going;
        let Some(house) = self.house.as_mut().filter(is_up) else { return };
        self.counts.restarts += 1;
        self.remembers = remembers;
        if gently {
            house.drain();
        } else {
            house.die();
        }
        if gently {
            let drain = u64::try_from(self.plan.limits.drain.as_millis()).unwrap();
            let (time, run) = (self.now() + drain, self.run);
            self.at(time, Event::Kill(run));
        } else {
            self.has_crashed = true;
        }
    }

    /// A house whose last session has ended makes way for the next.
    pub(super) fn has_closed(&mut self) {
        let is_going = |house: &mut House| house.is_draining || self.has_crashed;
        let Some(house) = self.house.take_if(|house| house.is_empty() && is_going(house)) else {
            return;
        };
        for link in self.links.iter_mut().filter(|link| link.run == self.run) {
            link.wire.lose();
        }
        self.left = if self.remembers {
            let epoch = self.left.epoch.clone();
            let (known, bounced) = self.remembered(&epoch);
            // Above all numbers, also of what nobody saw.
            Left { epoch, floor: house.ceiling() + self.dice.among(1..=1000), known, bounced }
        } else {
            Left { epoch: format!("e{}", self.run + 1), floor: 1, ..Left::default() }
        };
        let time = self.now() + self.dice.among(0..=3000);
        self.at(time, Event::Open);
    }

    /// What a file would know of what was seen.
    #[expect(clippy::type_complexity, reason = "the shape that the server's past has")]
    pub(super) fn remembered(
        &self,
        epoch: &str,
    ) -> (Vec<Known>, HashMap<RoomName, Vec<(Seq, u8)>>) {
        let (mut known, mut bounced) = (Vec::new(), HashMap::new());
        for room in ROOMS {
            let (place, name) =
                ((epoch.to_owned(), room.to_owned()), RoomName::parse(room).unwrap());
            let mut told: BTreeMap<u64, (String, u64)> = BTreeMap::new();
            for (seq, placed) in self.truth.acks.get(&place).into_iter().flatten() {
                told.insert(*seq, (placed.text.clone(), placed.at));
            }
            for (seq, event) in self.truth.entries.get(&place).into_iter().flatten() {
                if let ServerEvent::Chat(chat) = event {
                    told.insert(*seq, (chat.text.to_string(), chat.at));
                    if chat.hops > 0 {
                        let of: &mut Vec<_> = bounced.entry(name.clone()).or_default();
                        of.push((Seq(*seq), chat.hops));
                    }
                }
            }
            for (seq, (text, at)) in told {
                let id = text.split('>').next().and_then(|id| id.strip_prefix("<m"));
                let Some((who, number)) = id.and_then(|id| id.split_once('.')) else { continue };
                let owner = Person::token(who.parse().unwrap());
                let (id, seq, at) = (format!("m{who}.{number}").into(), Seq(seq), Millis(at));
                known.push(Known { owner: owner.into(), id, room: name.clone(), seq, at });
            }
        }
        (known, bounced)
    }
}
