//! Decides which messages concern a bot, before any script is entered: whole words and names,
//! whatever their case and the punctuation around them. Knows no script.

use super::declaration::{Declaration, HearsBots};
use super::message::{Heard, HeardMessage, Message};
use crate::wire::entry::Kind;
use crate::wire::limits::HOPS;
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

/// Which handlers a script has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Handlers {
    pub trigger: bool,
    pub mention: bool,
    pub message: bool,
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
}

impl Hearing {
    pub(super) fn new(declaration: &Declaration, handlers: Handlers) -> Self {
        Self {
            me: fold(declaration.name.as_str()),
            name: declaration.name.to_string(),
            handlers,
            hears_bots: declaration.hears_bots.clone(),
            rooms: declaration.rooms.iter().map(|room| room.as_str().to_owned()).collect(),
            triggers: declaration
                .triggers
                .iter()
                .map(|trigger| (trigger.clone(), words(trigger)))
                .collect(),
        }
    }

    /// The message with what was found in it, if a handler is concerned.
    pub fn hear(&self, message: &Message) -> Option<Heard> {
        if !self.is_for_us(message) {
            return None;
        }
        let words = words(&message.text);
        let triggers = self.triggers_in(&words);
        let mut mentions = called(&message.text);
        let mentioned =
            mentions.iter().any(|name| fold(name) == self.me) || is_named(&message.text, &self.me);
        if mentioned {
            // As the bot writes itself, so that `me() in msg.mentions` is true.
            mentions.retain(|name| fold(name) != self.me);
            mentions.insert(0, self.name.clone());
        }
        let concerned = self.handlers.message
            || self.handlers.mention && mentioned
            || self.handlers.trigger && !triggers.is_empty();
        concerned.then(|| {
            let message = message.clone();
            Heard(Arc::new(HeardMessage { message, words, triggers, mentions, mentioned }))
        })
    }

    /// A bot never hears itself, other bots only if it says so, and none past the hop limit.
    fn is_for_us(&self, message: &Message) -> bool {
        let from_a_bot = message.kind == Kind::Bot;
        fold(&message.from) != self.me
            && (!from_a_bot || message.hops < HOPS && self.hears_bots.allows(&message.from))
            && (self.rooms.is_empty() || self.rooms.contains(&message.room))
    }

    fn triggers_in(&self, said: &[String]) -> Vec<String> {
        let mut found: Vec<(usize, &String)> = self
            .triggers
            .iter()
            .filter(|(_, trigger)| !trigger.is_empty())
            .filter_map(|(name, trigger)| {
                let at = said.windows(trigger.len()).position(|window| window == trigger)?;
                Some((at, name))
            })
            .collect();
        found.sort_by_key(|(at, _)| *at);
        found.into_iter().map(|(_, name)| name.clone()).collect()
    }
}

/// The words of a text: letters and digits, small, an apostrophe kept inside.
pub(super) fn words(text: &str) -> Vec<String> {
    fold(text)
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .map(|word| word.trim_matches('\''))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// How words and names are compared: composed, small, with one kind of apostrophe.
fn fold(text: &str) -> String {
    if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.nfc().flat_map(char::to_lowercase).map(|c| if c == '’' { '\'' } else { c }).collect()
    }
}

/// Names written `@Name`, as written, each once.
fn called(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (at, _) in text.match_indices('@') {
        let (before, after) = text.split_at(at);
        if before.chars().next_back().is_some_and(char::is_alphanumeric) {
            continue; // an address, not a call
        }
        let name: String = after
            .chars()
            .skip(1)
            .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '-'))
            .collect();
        if !name.is_empty() && !names.iter().any(|known| fold(known) == fold(&name)) {
            names.push(name);
        }
    }
    names
}

/// Whether a name stands in the text as a whole, with nothing that belongs to a word on either side.
fn is_named(text: &str, name: &str) -> bool {
    let text = fold(text);
    text.match_indices(name).any(|(at, _)| {
        let (before, rest) = text.split_at(at);
        let after = rest.split_at(name.len()).1;
        let of_a_word = |c: char| c.is_alphanumeric() || c == '_';
        !before.chars().next_back().is_some_and(of_a_word)
            && !after.chars().next().is_some_and(of_a_word)
    })
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
        };
        Hearing::new(&declaration, Handlers { trigger: true, mention: true, message: false })
    }

    fn message(text: &str) -> Message {
        Message {
            seq: 7,
            room: "#lobby".into(),
            from: "Neo".into(),
            kind: Kind::User,
            text: text.into(),
            emote: false,
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
