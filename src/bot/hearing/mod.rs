//! Decides which messages concern a bot, before any script is entered: whole words and names,
//! whatever their case and the punctuation around them. Knows no script.

mod words;

use super::declaration::{Declaration, HearsBots};
use super::message::{Heard, HeardMessage, Message, Who};
use super::stage::Event;
use crate::wire::entry::Kind;
use crate::wire::limits::HOPS;
use regex::Regex;
use std::collections::BTreeSet;
use std::sync::Arc;
use words::{called, command, fold, is_named};

pub(super) use words::words;

/// Matches of the declared expression a script is shown: as many as a line has words.
const MATCHES: usize = 100;

/// Which handlers a script has.
#[expect(clippy::struct_excessive_bools, reason = "a handler is there or it is not")]
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Handlers {
    pub trigger: bool,
    pub mention: bool,
    pub message: bool,
    pub whisper: bool,
    pub join: bool,
    pub leave: bool,
    pub timer: bool,
    pub load: bool,
    pub unload: bool,
    /// The names behind `cmd_`.
    pub commands: BTreeSet<String>,
}

/// What a bot listens for.
#[derive(Debug)]
pub struct Hearing {
    /// The bot's own name, as compared.
    me: String,
    name: String,
    handlers: Handlers,
    hears_bots: HearsBots,
    rooms: Vec<String>,
    /// Each trigger as declared, and as words that have to follow one another.
    triggers: Vec<(String, Vec<String>)>,
    matches: Option<Regex>,
}

impl Hearing {
    pub(super) fn new(declaration: &Declaration, handlers: &Handlers) -> Self {
        Self {
            me: fold(declaration.name.as_str()),
            name: declaration.name.to_string(),
            handlers: handlers.clone(),
            hears_bots: declaration.hears_bots.clone(),
            rooms: declaration.rooms.iter().map(|room| room.as_str().to_owned()).collect(),
            triggers: declaration
                .triggers
                .iter()
                .map(|trigger| (trigger.clone(), words(trigger)))
                .collect(),
            matches: declaration.matches.as_ref().map(|pattern| pattern.0.clone()),
        }
    }

    /// Whether a handler is concerned with an event.
    pub fn concerns(&self, event: &Event) -> bool {
        match event {
            Event::Message(message) => self.hear(message).is_some(),
            Event::Join { room, who, .. } => self.handlers.join && self.greets(room, who),
            Event::Leave { room, who, .. } => self.handlers.leave && self.greets(room, who),
            Event::Rename { .. } | Event::Roster { .. } => false,
        }
    }

    /// The message with what was found in it, if a handler is concerned.
    pub fn hear(&self, message: &Message) -> Option<Heard> {
        if !self.is_for_us(message) {
            return None;
        }
        let command = command(&message.text, &self.me, message.whisper)
            .filter(|command| self.handlers.commands.contains(&command.name));
        if message.whisper {
            let concerned = self.handlers.whisper || command.is_some();
            return concerned.then(|| self.heard(message, words(&message.text), command, false));
        }
        let words = words(&message.text);
        let mentioned = is_named(&message.text, &self.me);
        let concerned = command.is_some()
            || self.handlers.mention && mentioned
            || self.handlers.trigger && self.triggers_in(&words).next().is_some()
            || self.handlers.message && self.is_match(&message.text);
        concerned.then(|| self.heard(message, words, command, mentioned))
    }

    fn heard(
        &self,
        message: &Message,
        words: Vec<String>,
        command: Option<super::message::Command>,
        mentioned: bool,
    ) -> Heard {
        let mut mentions = called(&message.text);
        if mentioned {
            // As the bot writes itself, so that `me() in msg.mentions` is true.
            mentions.retain(|name| fold(name) != self.me);
            mentions.insert(0, self.name.clone());
        }
        let mut triggers: Vec<(usize, &String)> = self.triggers_in(&words).collect();
        triggers.sort_by_key(|(at, _)| *at);
        let triggers = triggers.into_iter().map(|(_, name)| name.clone()).collect();
        let text = &message.text;
        let group = |group: Option<regex::Match<'_>>| group.map(|group| group.as_str().to_owned());
        let captures = self.matches.as_ref().and_then(|regex| regex.captures(text));
        let all = self.matches.iter().flat_map(|regex| regex.find_iter(text)).take(MATCHES);
        Heard(Arc::new(HeardMessage {
            message: message.clone(),
            matched: self.is_match(text),
            matches: all.map(|found| found.as_str().to_owned()).collect(),
            captures: captures.map(|all| all.iter().map(group).collect()).unwrap_or_default(),
            words,
            triggers,
            mentions,
            mentioned,
            command,
        }))
    }

    /// A bot never hears itself, other bots only if it says so, and none past the hop limit. Bots'
    /// whispers carry no hops, so that nothing could end an exchange of them: they are not heard.
    fn is_for_us(&self, message: &Message) -> bool {
        let from_a_bot = message.kind == Kind::Bot;
        let hears =
            !message.whisper && message.hops < HOPS && self.hears_bots.allows(&message.from);
        fold(&message.from) != self.me
            && (!from_a_bot || hears)
            && (message.whisper || self.is_here(&message.room))
    }

    fn greets(&self, room: &str, who: &Who) -> bool {
        fold(&who.name) != self.me
            && (who.kind != Kind::Bot || self.hears_bots.allows(&who.name))
            && self.is_here(room)
    }

    fn is_here(&self, room: &str) -> bool {
        self.rooms.is_empty() || self.rooms.iter().any(|known| known == room)
    }

    fn is_match(&self, text: &str) -> bool {
        self.matches.as_ref().is_none_or(|regex| regex.is_match(text))
    }

    fn triggers_in<'a>(&'a self, said: &'a [String]) -> impl Iterator<Item = (usize, &'a String)> {
        self.triggers.iter().filter(|(_, trigger)| !trigger.is_empty()).filter_map(
            |(name, trigger)| {
                let at = said.windows(trigger.len()).position(|window| window == trigger)?;
                Some((at, name))
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::nick::Nick;

    fn hearing(hears_bots: HearsBots) -> Hearing {
        let declaration = Declaration {
            name: Nick::parse(b"Chuck").unwrap(),
            triggers: ["work", "play", "good morning", "café"].map(String::from).to_vec(),
            hears_bots,
            rooms: Vec::new(),
            matches: None,
            cooldown: None,
            timers: Vec::new(),
            owner: None,
        };
        let handlers = Handlers { trigger: true, mention: true, ..Handlers::default() };
        Hearing::new(&declaration, &handlers)
    }

    fn message(text: &str) -> Message {
        Message {
            seq: 7,
            room: "#lobby".into(),
            from: "Neo".into(),
            kind: Kind::User,
            text: text.into(),
            emote: false,
            whisper: false,
            hops: 0,
            at: 0,
        }
    }

    fn triggers(text: &str) -> Vec<String> {
        let heard = hearing(HearsBots::No).hear(&message(text));
        heard.map_or_else(Vec::new, |heard| heard.0.triggers.clone())
    }

    #[test]
    fn triggers_are_whole_words_regardless_of_case_and_punctuation() {
        for text in
            ["Let's PLAY!", "play", "(play)", "'play'", "“play”", "play.play", "_play_", "re-play"]
        {
            assert_eq!(triggers(text), ["play"], "{text}");
        }
        for text in ["player", "replay", "plays", "p l a y", "play's", "play2", "", "!!!"] {
            assert!(triggers(text).is_empty(), "{text}");
        }
        assert_eq!(triggers("un CAFÉ, et un cafe\u{301}"), ["café"]);
        assert_eq!(triggers("Good, morning"), ["good morning"]);
        assert!(triggers("good evening morning").is_empty());
    }

    #[test]
    fn triggers_come_once_each_in_the_order_they_were_said() {
        assert_eq!(triggers("play, work and Play again"), ["play", "work"]);
        assert_eq!(triggers("work work work"), ["work"]);
    }

    #[test]
    fn a_mention_is_the_whole_name() {
        let mentions = |text: &str| hearing(HearsBots::No).hear(&message(text)).is_some();
        for text in ["Chuck?", "hey @chuck", "CHUCK!", "so, chuck: hi", "Chuck's mood"] {
            assert!(mentions(text), "{text}");
        }
        for text in ["chuckle", "Chuck2", "woodchuck", "a_chuck", "me@chucky", ""] {
            assert!(!mentions(text), "{text}");
        }
        let heard = hearing(HearsBots::No).hear(&message("@chuck, ask @Neo and mail a@b")).unwrap();
        assert_eq!(heard.0.mentions, ["Chuck", "Neo"]);
    }

    #[test]
    fn a_bot_never_hears_itself_nor_bots_unless_it_says_so_and_never_past_the_hops() {
        let from_bot = |from: &str, hops| Message {
            from: from.into(),
            kind: Kind::Bot,
            hops,
            ..message("let us play")
        };
        let deaf = hearing(HearsBots::No);
        assert!(deaf.hear(&from_bot("Alice", 1)).is_none());
        assert!(deaf.hear(&Message { from: "CHUCK".into(), ..message("play") }).is_none());
        let all = hearing(HearsBots::All);
        assert!(all.hear(&from_bot("Alice", HOPS - 1)).is_some());
        assert!(all.hear(&from_bot("Alice", HOPS)).is_none());
        assert!(all.hear(&from_bot("Chuck", 0)).is_none());
        let some = hearing(HearsBots::From(vec!["alice".into()]));
        assert!(some.hear(&from_bot("Alice", 0)).is_some());
        assert!(some.hear(&from_bot("Bob", 0)).is_none());
        assert!(deaf.hear(&Message { kind: Kind::Script, ..message("play") }).is_some());
    }

    #[test]
    fn what_concerns_no_handler_is_not_heard() {
        let quiet = hearing(HearsBots::No);
        assert!(quiet.hear(&message("nothing of interest")).is_none());
        let elsewhere = Hearing { rooms: vec!["#ops".into()], ..hearing(HearsBots::No) };
        assert!(elsewhere.hear(&message("play")).is_none());
    }
}
