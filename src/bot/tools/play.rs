//! A bot on its stage without a room: people who say what a line says, a clock that stands until
//! it is moved, and a record of all of it. Used by `test`, by `try` and by a replay.

use super::scripts::Source;
use crate::bot::action::{Action, To};
use crate::bot::diagnostic::Diagnostic;
use crate::bot::limits::Limits;
use crate::bot::message::{Message, Who};
use crate::bot::script::LoadOptions;
use crate::bot::stage::{Event, Outcome, Stage, StageOptions};
use crate::wire::command::{self, Command, Typed};
use crate::wire::entry::Kind;
use std::collections::BTreeMap;
use std::time::Duration;

/// When the virtual clock begins: Monday, 5 January 2026, 09:00 UTC, in milliseconds.
pub(super) const MORNING: u64 = 1_767_603_600_000;
/// Lines of the record that are kept: what led to a failure is at its end.
const RECORD: usize = 200;
/// Time a call may take. A test depends on steps, never on how busy the machine is.
const PATIENCE: Duration = Duration::from_secs(20);

/// One bot, and what has happened to it.
#[derive(Debug)]
pub(super) struct Play {
    stage: Stage,
    source: Source,
    room: String,
    now: u64,
    seq: u64,
    members: BTreeMap<String, Kind>,
    record: Vec<String>,
}

/// What came of something that happened.
#[derive(Debug, Default)]
pub(super) struct Moment {
    /// What the bot said, as a person would type it.
    pub lines: Vec<String>,
    pub log: Vec<String>,
    /// What the host did to the bot: muted, delayed, benched.
    pub notes: Vec<String>,
    pub errors: Vec<Diagnostic>,
}

/// The limits of a bot that is tested: its own, but for the time on the clock.
pub(super) fn patient() -> Limits {
    Limits { wall: PATIENCE, ..Limits::default() }
}

impl Play {
    /// The bot comes into a room where nobody else is. In a room its lines are muted and paced;
    /// a test may do without.
    pub(super) fn begin(
        source: &Source,
        seed: u64,
        now: u64,
        manners: bool,
    ) -> Result<(Self, Moment), Diagnostic> {
        let load = source.options(seed, patient());
        let options = StageOptions { load, state: serde_json::Map::new(), manners };
        let mut stage = Stage::new(options);
        let outcome = stage.load(&source.text, now)?;
        let room = stage.script().map_or_else(String::new, |script| script.home().to_owned());
        let mut play = Self {
            stage,
            source: source.clone(),
            room,
            now,
            seq: 0,
            members: BTreeMap::new(),
            record: Vec::new(),
        };
        let me = play.name();
        play.members.insert(me, Kind::Bot);
        play.tell_who_is_there();
        let moment = play.moment(outcome);
        Ok((play, moment))
    }

    /// What the bot is called.
    pub(super) fn name(&self) -> String {
        self.stage.script().map_or_else(|| self.source.name.clone(), |s| s.name().to_string())
    }

    pub(super) fn stage(&mut self) -> &mut Stage {
        &mut self.stage
    }

    pub(super) fn now(&self) -> u64 {
        self.now
    }

    /// What has happened so far, a line each: `> Neo: hello`, `< Hello, Neo!`, and
    /// `- text` for what it wrote to its log.
    pub(super) fn record(&self) -> &[String] {
        &self.record
    }

    /// Somebody says a line as typed: `/me waves` and `/msg Bot text` mean what they mean in a
    /// room. Who was not there is, from now on, without having come in.
    pub(super) fn says(&mut self, from: &str, line: &str) -> Result<Moment, String> {
        let (text, emote, whisper) = match command::parse(line) {
            Typed::Text(text) => (text, false, false),
            Typed::Command(Command::Me(text)) => (text, true, false),
            Typed::Command(Command::Msg { to, text }) => {
                let me = self.name();
                if !to.eq_ignore_ascii_case(&me) {
                    return Err(format!("only {me} is here to be whispered to, not {to}"));
                }
                (text, false, true)
            }
            Typed::Command(_) => return Err(format!("`{line}` is for a room, not for a bot")),
            Typed::Wrong(why) => return Err(why),
        };
        self.note(format!("> {from}: {line}"));
        let (from, kind) = kind_of(from);
        if self.members.insert(from.to_owned(), kind) != Some(kind) {
            self.tell_who_is_there();
        }
        let seq = if whisper { 0 } else { self.next() };
        let message = Message {
            seq,
            room: self.room.clone(),
            from: from.to_owned(),
            kind,
            text: text.to_owned(),
            emote,
            whisper,
            // A bot that speaks has most likely been spoken to.
            hops: u8::from(kind == Kind::Bot),
            at: self.now,
        };
        Ok(self.happens(&Event::Message(message)))
    }

    pub(super) fn joins(&mut self, name: &str) -> Moment {
        self.note(format!("> {name} joins"));
        let (name, kind) = kind_of(name);
        self.members.insert(name.to_owned(), kind);
        let (room, seq) = (self.room.clone(), self.next());
        let who = Who { name: name.to_owned(), kind };
        self.happens(&Event::Join { room, who, seq })
    }

    pub(super) fn leaves(&mut self, name: &str) -> Moment {
        self.note(format!("> {name} leaves"));
        let (name, kind) = kind_of(name);
        let kind = self.members.remove(name).unwrap_or(kind);
        let (room, seq) = (self.room.clone(), self.next());
        let who = Who { name: name.to_owned(), kind };
        self.happens(&Event::Leave { room, who, seq })
    }

    /// Time passes, with everything that is due on the way.
    pub(super) fn advance(&mut self, millis: u64) -> Moment {
        self.note(format!("> {} later", seconds(millis)));
        self.until(self.now.saturating_add(millis))
    }

    /// As [`advance`](Self::advance), to a time, and without a word about it.
    pub(super) fn until(&mut self, time: u64) -> Moment {
        let outcomes = self.stage.advance_to(time);
        self.now = self.now.max(time);
        let mut all = Moment::default();
        for (_, outcome) in outcomes {
            let moment = self.moment(outcome);
            all.append(moment);
        }
        all
    }

    /// Something that was recorded happens.
    pub(super) fn happens(&mut self, event: &Event) -> Moment {
        let outcome = self.stage.take(event, self.now);
        self.moment(outcome)
    }

    /// The script is loaded again, as if it had been saved.
    pub(super) fn reload(&mut self) -> Result<Moment, Diagnostic> {
        let text = self.source.text.clone();
        self.follow(text)
    }

    /// The script has another text now. If it does not work, the version before goes on.
    pub(super) fn follow(&mut self, text: String) -> Result<Moment, Diagnostic> {
        let outcome = self.stage.load(&text, self.now)?;
        self.source.text = text;
        self.note("> (reload)".into());
        Ok(self.moment(outcome))
    }

    fn tell_who_is_there(&mut self) {
        let who = |(name, kind): (&String, &Kind)| Who { name: name.clone(), kind: *kind };
        let members = self.members.iter().map(who).collect();
        self.stage.take(&Event::Roster { room: self.room.clone(), members }, self.now);
    }

    fn next(&mut self) -> u64 {
        self.seq += 1;
        self.seq
    }

    fn moment(&mut self, outcome: Outcome) -> Moment {
        let lines: Vec<String> = outcome.actions.iter().map(typed).collect();
        for line in &outcome.log {
            self.note(format!("- {line}"));
        }
        for line in &lines {
            self.note(format!("< {line}"));
        }
        let errors = outcome.error.into_iter().collect();
        Moment {
            lines,
            log: outcome.log,
            notes: outcome.notes.iter().map(ToString::to_string).collect(),
            errors,
        }
    }

    fn note(&mut self, line: String) {
        if self.record.len() == RECORD {
            self.record.remove(0);
        }
        self.record.push(line);
    }
}

impl Moment {
    pub(super) fn append(&mut self, mut other: Self) {
        self.lines.append(&mut other.lines);
        self.log.append(&mut other.log);
        self.notes.append(&mut other.notes);
        self.errors.append(&mut other.errors);
    }
}

/// A member as the chat shows one: `Neo`, `Alice [bot]`, `deploy [script]`.
pub(super) fn kind_of(shown: &str) -> (&str, Kind) {
    if let Some(name) = shown.strip_suffix(" [bot]") {
        (name, Kind::Bot)
    } else if let Some(name) = shown.strip_suffix(" [script]") {
        (name, Kind::Script)
    } else {
        (shown, Kind::User)
    }
}

/// A bot's line as a person would type it.
pub(super) fn typed(action: &Action) -> String {
    let text = &*action.text;
    match &action.to {
        To::Member(name) => format!("/msg {name} {text}"),
        To::Room(_) if action.emote => format!("/me {text}"),
        // As in a room, a text that begins with a slash begins with two.
        To::Room(_) if text.starts_with('/') => format!("/{text}"),
        To::Room(_) => text.to_owned(),
    }
}

fn seconds(millis: u64) -> String {
    if millis.is_multiple_of(1000) {
        format!("{} s", millis / 1000)
    } else {
        format!("{}.{:03} s", millis / 1000, millis % 1000)
    }
}

impl Source {
    pub(super) fn options(&self, seed: u64, limits: Limits) -> LoadOptions {
        let lib = self.path.parent().map(|folder| folder.join("lib"));
        LoadOptions {
            file: self.file.clone(),
            name: self.name.clone(),
            seed,
            limits,
            lib,
            extend: None,
        }
    }
}
