//! What a bot knows of the room without having entered a script: who is there, and when something
//! was last said. Shared between the connection, which keeps it, and the script, which asks it.

use super::message::Who;
use super::stage::Event;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Members that are remembered by name in a room. Above, the server itself stops naming them.
const MEMBERS: usize = 10_000;

/// The rooms a bot is in.
#[derive(Debug, Default)]
pub(super) struct World(Mutex<BTreeMap<String, Room>>);

#[derive(Debug, Default)]
struct Room {
    /// By the name as compared.
    members: BTreeMap<String, Who>,
    /// When something was last said, in milliseconds, and when before that.
    said: Option<u64>,
    said_before: Option<u64>,
}

impl World {
    /// Keeps account of an event, whether or not it concerns the script.
    pub(super) fn note(&self, event: &Event, now: u64) {
        self.with(|rooms| match event {
            Event::Message(message) if message.whisper => {}
            Event::Message(message) => {
                let room = rooms.entry(message.room.clone()).or_default();
                room.said_before = room.said.replace(now);
            }
            Event::Join { room, who, .. } => {
                rooms.entry(room.clone()).or_default().add(who.clone());
            }
            Event::Leave { room, who, .. } => {
                rooms.entry(room.clone()).or_default().members.remove(&folded(&who.name));
            }
            Event::Rename { room, from, to } => {
                let room = rooms.entry(room.clone()).or_default();
                if let Some(who) = room.members.remove(&folded(from)) {
                    room.add(Who { name: to.clone(), ..who });
                }
            }
            Event::Roster { room, members } => {
                let room = rooms.entry(room.clone()).or_default();
                room.members.clear();
                members.iter().cloned().for_each(|who| room.add(who));
            }
        });
    }

    /// Names in a room, in the order of the alphabet.
    pub(super) fn members(&self, room: &str) -> Vec<String> {
        let names = |room: &Room| room.members.values().map(|who| who.name.clone()).collect();
        self.with(|rooms| rooms.get(room).map(names).unwrap_or_default())
    }

    /// Whether somebody is in any of the rooms.
    pub(super) fn is_online(&self, name: &str) -> bool {
        let name = folded(name);
        self.with(|rooms| rooms.values().any(|room| room.members.contains_key(&name)))
    }

    /// When something was last said in a room; `answering` a message, before that message.
    pub(super) fn last_said(&self, room: &str, answering: bool) -> Option<u64> {
        let last = |room: &Room| if answering { room.said_before } else { room.said };
        self.with(|rooms| rooms.get(room).and_then(last))
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<String, Room>) -> T) -> T {
        // Nothing in here leaves a room half changed.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Room {
    fn add(&mut self, who: Who) {
        if self.members.len() < MEMBERS {
            self.members.insert(folded(&who.name), who);
        }
    }
}

fn folded(name: &str) -> String {
    name.to_lowercase()
}
