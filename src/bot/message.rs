//! A message as a script sees it. Every property stands in one table, from which the engine, the
//! linter and the documents are made.

use crate::wire::entry::Kind;
use rhai::{Dynamic, Engine};
use std::sync::Arc;

/// A line of chat as the server stamped it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub seq: u64,
    pub room: String,
    pub from: String,
    pub kind: Kind,
    pub text: String,
    /// Said with `/me`.
    pub emote: bool,
    /// How many bots' answers lie between a person and this message.
    pub hops: u8,
    /// Milliseconds since 1970-01-01 UTC.
    pub at: u64,
}

/// A message that concerns a bot, with what was found in it. Cheap to clone, as scripts do.
#[derive(Debug, Clone)]
pub struct Heard(pub(super) Arc<HeardMessage>);

#[derive(Debug)]
pub(super) struct HeardMessage {
    pub message: Message,
    pub words: Vec<String>,
    /// The bot's trigger words in it, each once, in the order they come.
    pub triggers: Vec<String>,
    /// Names called in it: the bot's own, and all that are written `@Name`.
    pub mentions: Vec<String>,
    /// Whether the bot's own is among them.
    pub mentioned: bool,
}

/// One property of `msg`.
#[derive(Debug)]
pub struct Property {
    pub name: &'static str,
    pub kind: &'static str,
    pub doc: &'static str,
    get: fn(&HeardMessage) -> Dynamic,
}

/// Everything a script can ask of `msg`.
pub const PROPERTIES: [Property; 12] = [
    Property {
        name: "text",
        kind: "string",
        doc: "what was said",
        get: |heard| heard.message.text.clone().into(),
    },
    Property {
        name: "from",
        kind: "string",
        doc: "who said it",
        get: |heard| heard.message.from.clone().into(),
    },
    Property {
        name: "words",
        kind: "array",
        doc: "its words, in small letters and without punctuation",
        get: |heard| strings(&heard.words),
    },
    Property {
        name: "triggers",
        kind: "array",
        doc: "the bot's trigger words in it, each once, in the order they come",
        get: |heard| strings(&heard.triggers),
    },
    Property {
        name: "mentions",
        kind: "array",
        doc: "the names called in it: the bot's own, and all that are written @Name",
        get: |heard| strings(&heard.mentions),
    },
    Property {
        name: "room",
        kind: "string",
        doc: "where it was said, such as #lobby",
        get: |heard| heard.message.room.clone().into(),
    },
    Property {
        name: "seq",
        kind: "integer",
        doc: "its place in the room's order",
        get: |heard| integer(heard.message.seq),
    },
    Property {
        name: "at",
        kind: "integer",
        doc: "when the server took it, in milliseconds since 1970",
        get: |heard| integer(heard.message.at),
    },
    Property {
        name: "hops",
        kind: "integer",
        doc: "how many bots' answers lie between a person and it; 0 from a person",
        get: |heard| integer(heard.message.hops.into()),
    },
    Property {
        name: "is_bot",
        kind: "bool",
        doc: "whether a bot said it",
        get: |heard| (heard.message.kind == Kind::Bot).into(),
    },
    Property {
        name: "is_emote",
        kind: "bool",
        doc: "whether it was said with /me",
        get: |heard| heard.message.emote.into(),
    },
    Property {
        name: "is_whisper",
        kind: "bool",
        doc: "whether only the bot hears it",
        get: |_heard| false.into(),
    },
];

/// Teaches an engine what `msg.text` and the others are. There are no setters: a message is what
/// was said.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Heard>("msg");
    for property in &PROPERTIES {
        engine.register_get(property.name, |heard: &mut Heard| (property.get)(&heard.0));
    }
}

fn strings(words: &[String]) -> Dynamic {
    words.iter().map(|word| Dynamic::from(word.clone())).collect::<rhai::Array>().into()
}

fn integer(number: u64) -> Dynamic {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}
