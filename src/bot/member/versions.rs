//! A bot's versions: the one that runs, and those that take over from it or do not.

use super::clock::time_of_day;
use super::{Edits, Member, Order, short};
use crate::bot::diagnostic::Diagnostic;
use crate::bot::notice::Notice;
use crate::bot::worker::{Loaded, Unloaded};
use std::path::PathBuf;
use tokio::time::Instant;

/// Milliseconds after which a state that could not be read is looked at again.
const LOOK: u64 = 2_000;

/// What was last to run, and whether it does.
pub(super) struct Tried {
    text: String,
    edits: Edits,
    ran: bool,
    /// What the owner was told is wrong with it.
    wrong: Option<Diagnostic>,
}

/// The version that runs.
pub(super) struct Running {
    pub loaded: Loaded,
    /// The time of day it was loaded, for the diagnostics of the ones that are not.
    since: String,
}

impl Member {
    pub(super) async fn follow(&mut self, order: Order) {
        match order {
            Order::Run { text, edits, .. } if self.runs(&text, &edits) => {}
            Order::Run { text, noticed, edits } => self.load(text, noticed, edits).await,
            Order::Unreadable { why } => {
                self.look_at = None;
                self.wrong(Diagnostic::whole(&self.file, format!("cannot be read: {why}")));
            }
        }
    }

    /// Whether the version that runs is this text, with what it imports.
    fn runs(&self, text: &str, edits: &Edits) -> bool {
        let (Some(running), Some(tried)) = (&self.running, &self.tried) else { return false };
        let same = |file: &PathBuf| tried.edits.get(file) == edits.get(file);
        tried.ran && tried.text == text && running.loaded.imports.iter().all(same)
    }

    async fn load(&mut self, text: String, noticed: Instant, edits: Edits) {
        let tried = Tried { text: text.clone(), edits, ran: false, wrong: None };
        let before = self.tried.replace(tried).filter(|before| before.text == text);
        self.look_at = None;
        let (loaded, answer) = match self.worker.load(text, self.clock.now()).await {
            Ok(loaded) => loaded,
            Err(why) => return self.stay(why, before).await,
        };
        self.tried = self.tried.take().map(|tried| Tried { ran: true, ..tried });
        self.repeats.clear();
        let since = time_of_day();
        let before = self.running.replace(Running { loaded, since });
        let renamed =
            before.as_ref().is_some_and(|before| before.loaded.name.to_string() != self.name());
        if before.is_some() {
            let file = short(&self.file).to_owned();
            (self.house.report)(Notice::Reloaded { file, took: noticed.elapsed() });
        }
        if renamed && let Some(link) = self.link.take() {
            link.close().await;
        }
        if self.link.is_none() {
            self.connect();
        } else {
            self.move_to_rooms().await;
            self.ask_who().await;
            self.tell_about().await;
        }
        self.settle(answer).await;
    }

    /// A version does not run: what runs goes on, if anything does.
    async fn stay(&mut self, why: Unloaded, before: Option<Tried>) {
        let (Unloaded::Script(diagnostic) | Unloaded::State(diagnostic)) = &why;
        let is_known = before.is_some_and(|before| before.wrong.as_ref() == Some(diagnostic));
        if let Some(tried) = &mut self.tried {
            tried.wrong = Some(diagnostic.clone());
        }
        // A file it imports may have changed, and nothing about the mistake.
        if !is_known {
            self.tell_owner(diagnostic).await;
        }
        match why {
            Unloaded::Script(diagnostic) => self.wrong(diagnostic),
            Unloaded::State(diagnostic) => {
                self.look_at = Some(self.clock.now() + LOOK);
                if !is_known {
                    let note = "the bot begins once its state can be read";
                    (self.house.report)(Notice::Wrong(diagnostic.noting(note)));
                }
            }
        }
    }

    /// The state may be readable by now.
    pub(super) async fn try_again(&mut self) {
        self.look_at = None;
        if let Some(Tried { text, edits, .. }) = &self.tried {
            self.load(text.clone(), Instant::now(), edits.clone()).await;
        }
    }

    /// A finding about a version that does not run, with what runs instead.
    fn wrong(&self, diagnostic: Diagnostic) {
        let note = match &self.running {
            Some(running) => format!("still running the version loaded at {}", running.since),
            None => "waiting for a version that works".to_owned(),
        };
        (self.house.report)(Notice::Wrong(diagnostic.noting(note)));
    }
}
