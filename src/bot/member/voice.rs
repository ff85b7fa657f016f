//! What a bot's member tells others: its lines to the room, questions and news to the server, and
//! what is worth telling to the owner and to whoever runs it.

use super::{Member, REFUSALS, short};
use crate::bot::action::{Action, To};
use crate::bot::diagnostic::Diagnostic;
use crate::bot::notice::Notice;
use crate::bot::stage::{Note, Stats};
use crate::wire::native::{About, ClientEvent, Say, Who};
use std::mem::discriminant;
use std::time::Duration;
use tokio::time::Instant;

impl Member {
    /// Whispers to the bot's owner what is wrong with an edit. Where nobody of that name is, the
    /// server refuses it, and that is all.
    pub(super) async fn tell_owner(&self, diagnostic: &Diagnostic) {
        let owner = self.running.as_ref().and_then(|running| running.loaded.owner.as_deref());
        if let (Some(owner), Some(link)) = (owner, &self.link)
            && !link.handle.is_full()
        {
            let (line, column) = diagnostic.place.unwrap_or((0, 0));
            let place = if line == 0 { String::new() } else { format!(":{line}:{column}") };
            let text = format!("{}{place}: {}", short(&diagnostic.file), diagnostic.message);
            // Without a connection there is nobody to tell.
            link.handle.whisper(owner, &text).await.ok();
        }
    }

    /// Tells the server what the bot answers to and what it did, for `/bots` and the console.
    pub(super) async fn tell_about(&mut self) {
        self.tell_at = None;
        let (Some(running), Some(link)) = (&self.running, &self.link) else { return };
        let Stats { calls, errors, muted, busy, slowest, .. } = self.stats;
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let about = About {
            answers: running.loaded.answers.clone(),
            calls,
            errors,
            muted,
            mean_us: micros(busy) / calls.max(1),
            slowest_us: micros(slowest),
        };
        // A connection that is lost is told again when it is back.
        link.handle.send(ClientEvent::About(about)).await.ok();
    }

    /// Asks the rooms for their rosters, if the script ever does.
    pub(super) async fn ask_who(&self) {
        let rooms = self.link.iter().flat_map(|link| link.past.keys());
        for room in rooms {
            self.ask_who_in(room).await;
        }
    }

    /// … and one of them.
    pub(super) async fn ask_who_in(&self, room: &str) {
        if let (Some(running), Some(link)) = (&self.running, &self.link)
            && running.loaded.asks_who
        {
            let who = Who { room: Some(room.to_owned()) };
            // A connection that is lost is asked again when it is back.
            link.handle.send(ClientEvent::Who(who)).await.ok();
        }
    }

    /// Tells what the host did about the bot, each kind once a minute.
    pub(super) fn note(&mut self, note: &Note) {
        let kind = discriminant(note);
        let known = self.notes.iter_mut().find(|(known, _, _)| *known == kind);
        let more = match known {
            Some((_, at, held_back)) if at.elapsed() < REFUSALS => {
                *held_back += 1;
                return;
            }
            Some((_, at, held_back)) => {
                *at = Instant::now();
                std::mem::take(held_back)
            }
            None => {
                self.notes.push((kind, Instant::now(), 0));
                0
            }
        };
        let more = if more == 0 { String::new() } else { format!(" (and {more} more since)") };
        (self.house.report)(Notice::Warning(format!("{} is {note}{more}", self.name())));
    }

    /// Says a line. It never waits: acks come between the events, which would wait for us. What
    /// finds no room is dropped, because an answer that is a minute late answers nothing.
    pub(super) async fn act(&mut self, action: Action) {
        let Some(link) = &self.link else { return };
        if link.handle.is_full() {
            self.dropped += 1;
            return;
        }
        let Action { to, text, emote, cause, handler } = action;
        let said = match to {
            To::Room(room) => {
                let text = text.to_string();
                let handler = Some(handler);
                link.handle
                    .say(Say { id: None, room: Some(room), text, emote, cause, handler })
                    .await
            }
            To::Member(name) => link.handle.whisper(&name, &text).await,
        };
        if said.is_ok() && self.dropped > 0 {
            let (dropped, name) = (std::mem::take(&mut self.dropped), self.name());
            let text = format!("{dropped} lines of {name} found no room and were dropped");
            (self.house.report)(Notice::Warning(text));
        }
    }
}
