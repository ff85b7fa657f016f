//! What is asked for and answered: the past of a room, and who is in it.

use super::super::item::{Body, mark};
use super::entries::entry;
use super::over::Entry;
use super::{App, Asked, Do, Link};
use crate::wire::entry::Millis;
use crate::wire::limits;
use crate::wire::native::{AskHistory, ClientEvent, History, Roster};
use crate::wire::shown::Shown;

impl App {
    pub(super) fn roster(&mut self, roster: &Roster<'_>) {
        let name = Shown::new(&roster.room);
        let asked = self.who.iter().position(|who| *who == *name);
        if let Some(room) = self.named(&name) {
            room.members.clear();
            for member in &roster.members {
                room.came(&Shown::new(&member.nick), member.kind);
            }
            room.count = roster.members.len();
            room.is_roster = true;
        }
        if let Some(asked) = asked {
            self.who.remove(asked);
            let names: Vec<String> = self
                .room()
                .members
                .values()
                .map(|member| format!("{}{}", member.name, mark(member.kind)))
                .collect();
            self.note(&format!("{} in {name}: {}", names.len(), names.join(", ")));
        }
    }

    pub(super) fn history(&mut self, history: &History<'_>, todo: &mut Vec<Do>) {
        let asked = history.re.as_deref().and_then(|id| self.asked.remove(id));
        let me = self.me.clone();
        let entries = history.events.iter().filter_map(|event| entry(event, &me));
        match asked {
            Some(Asked::First(name) | Asked::Older(name)) => {
                let is_first = history.events.iter().any(|_| true)
                    && self.named(&name).is_some_and(|room| {
                        !room.items.iter().any(|item| matches!(item.body, Body::Rule(_)))
                    });
                let older = entries.map(|(_, at, seq, body)| (at, seq, body)).collect();
                self.older(&name, older, history.more, is_first, todo);
            }
            Some(Asked::Listed(title)) => {
                let found = entries.filter_map(|(room, at, seq, body)| match body {
                    Body::Said(said) => {
                        Some(Entry { room, seq: Some(seq), at, who: said.who, text: said.text })
                    }
                    _ => None,
                });
                let found: Vec<Entry> = found.collect();
                if found.is_empty() {
                    self.hint("nothing was found");
                } else {
                    self.list(&title, found, true);
                }
            }
            None => {}
        }
    }

    fn older(
        &mut self,
        name: &str,
        older: Vec<(Millis, u64, Body)>,
        has_more: bool,
        is_first: bool,
        todo: &mut Vec<Do>,
    ) {
        let now = self.now;
        let Some(room) = self.named(name) else { return };
        room.asking = None;
        if is_first {
            room.push_rule(now, "earlier lines above; what follows is new");
        }
        room.prepend(older, has_more);
        let Some(seq) = room.seek else { return };
        let oldest = room.oldest.unwrap_or_default();
        if oldest > seq && room.has_more {
            return self.ask_older(name, todo);
        }
        if let Some(room) = self.named(name) {
            room.seek = None;
            if let Some(id) = room.at_seq(seq)
                && *self.room().name == *name
            {
                self.with_pane(|room, pane| room.show(id, pane));
            }
        }
    }

    /// Asks for what is before the oldest item of a room, once at a time.
    pub(super) fn ask_older(&mut self, name: &str, todo: &mut Vec<Do>) {
        if self.link != Link::Online {
            return;
        }
        let id = format!("ask-{}", self.counter + 1);
        let Some(room) = self.named(name) else { return };
        if !room.has_more || room.asking.is_some() {
            return;
        }
        room.asking = Some(id);
        let (name, before) = (room.name.clone(), room.oldest);
        let id = self.ask(Asked::Older(name.clone()));
        todo.push(ask_history(id, &name, before, limits::HISTORY));
    }
}

pub(super) fn ask_history(id: String, room: &str, before: Option<u64>, limit: usize) -> Do {
    Do::Send(ClientEvent::History(AskHistory {
        id: Some(id),
        room: Some(room.to_owned()),
        before,
        limit: Some(limit),
        search: None,
    }))
}
