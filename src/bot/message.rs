//! A message and a member as a script sees them. Every property stands in one table, from which
//! the engine, the linter and the documents are made.

use crate::wire::entry::Kind;
use rhai::{Array, Dynamic, Engine};
use std::sync::Arc;

/// A line of chat as the server stamped it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// Its place in the room's order; a whisper has none, 0.
    pub seq: u64,
    pub room: String,
    pub from: String,
    pub kind: Kind,
    pub text: String,
    /// Said with `/me`.
    pub emote: bool,
    /// Said to the bot alone.
    pub whisper: bool,
    /// How many bots' answers lie between a person and this message.
    pub hops: u8,
    /// Milliseconds since 1970-01-01 UTC.
    pub at: u64,
}

/// A member of a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    pub name: String,
    pub kind: Kind,
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
    /// The command in it, if it is one of the bot's.
    pub command: Option<Command>,
    /// Whether the declared expression matches; true if there is none.
    pub matched: bool,
    /// Everything the expression matches, one after the other.
    pub matches: Vec<String>,
    /// The first match and its groups.
    pub captures: Vec<Option<String>>,
}

/// `!kudos Trinity`, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// In small letters, as in `cmd_kudos`.
    pub name: String,
    pub args: Vec<String>,
    /// What stands behind the name, as written.
    pub rest: String,
}

/// One property of `msg` or `who`.
#[derive(Debug)]
pub struct Property {
    pub name: &'static str,
    pub kind: &'static str,
    pub doc: &'static str,
    get: Get,
}

#[derive(Debug, Clone, Copy)]
enum Get {
    Msg(fn(&HeardMessage) -> Dynamic),
    Who(fn(&Who) -> Dynamic),
}

const fn msg(
    name: &'static str,
    kind: &'static str,
    doc: &'static str,
    get: fn(&HeardMessage) -> Dynamic,
) -> Property {
    Property { name, kind, doc, get: Get::Msg(get) }
}

const fn who(
    name: &'static str,
    kind: &'static str,
    doc: &'static str,
    get: fn(&Who) -> Dynamic,
) -> Property {
    Property { name, kind, doc, get: Get::Who(get) }
}

/// Everything a script can ask of `msg`.
pub const PROPERTIES: &[Property] = &[
    msg("text", "string", "what was said", |heard| heard.message.text.clone().into()),
    msg("from", "string", "who said it", |heard| heard.message.from.clone().into()),
    msg("words", "array", "its words, in small letters and without punctuation", |heard| {
        strings(&heard.words)
    }),
    msg(
        "triggers",
        "array",
        "the bot's trigger words in it, each once, in the order they come",
        |heard| strings(&heard.triggers),
    ),
    msg(
        "mentions",
        "array",
        "the names called in it: the bot's own, and all that are written @Name",
        |heard| strings(&heard.mentions),
    ),
    msg(
        "rest",
        "string",
        "in a command, what stands behind its name; otherwise the whole text",
        |heard| {
            let rest = heard.command.as_ref().map(|command| command.rest.clone());
            rest.unwrap_or_else(|| heard.message.text.clone()).into()
        },
    ),
    msg("matches", "array", "everything in it that the declared `match` fits", |heard| {
        strings(&heard.matches)
    }),
    msg(
        "captures",
        "array",
        "the first match, then its groups; () for a group that took no part",
        |heard| {
            let group = |group: &Option<String>| group.clone().map_or(Dynamic::UNIT, Into::into);
            heard.captures.iter().map(group).collect::<Array>().into()
        },
    ),
    msg("room", "string", "where it was said, such as #lobby", |heard| {
        heard.message.room.clone().into()
    }),
    msg("seq", "integer", "its place in the room's order; 0 for a whisper", |heard| {
        integer(heard.message.seq)
    }),
    msg("at", "integer", "when the server took it, in seconds since 1970, as now()", |heard| {
        integer(heard.message.at / 1000)
    }),
    msg(
        "hops",
        "integer",
        "how many bots' answers lie between a person and it; 0 from a person",
        |heard| integer(heard.message.hops.into()),
    ),
    msg("is_bot", "bool", "whether a bot said it", |heard| {
        (heard.message.kind == Kind::Bot).into()
    }),
    msg("is_emote", "bool", "whether it was said with /me", |heard| heard.message.emote.into()),
    msg("is_whisper", "bool", "whether only the bot hears it", |heard| {
        heard.message.whisper.into()
    }),
];

/// Everything a script can ask of `who`. As text, `who` is its name.
pub const WHO_PROPERTIES: &[Property] = &[
    who("name", "string", "the member's name", |who| who.name.clone().into()),
    who("is_bot", "bool", "whether it is a bot", |who| (who.kind == Kind::Bot).into()),
];

/// What a handler's parameter has, by the name the tables call it: `msg` or `who`.
pub(super) fn properties(of: &str) -> Option<&'static [Property]> {
    match of {
        "msg" => Some(PROPERTIES),
        "who" => Some(WHO_PROPERTIES),
        _ => None,
    }
}

/// Teaches an engine what `msg.text` and the others are. There are no setters: a message is what
/// was said.
pub(super) fn register(engine: &mut Engine) {
    engine.register_type_with_name::<Heard>("msg");
    engine.register_type_with_name::<Who>("who");
    for property in PROPERTIES.iter().chain(WHO_PROPERTIES) {
        match property.get {
            Get::Msg(get) => {
                engine.register_get(property.name, move |heard: &mut Heard| get(&heard.0));
            }
            Get::Who(get) => {
                engine.register_get(property.name, move |who: &mut Who| get(who));
            }
        }
    }
    for name in ["to_string", "to_debug"] {
        engine.register_fn(name, |who: &mut Who| who.name.clone());
    }
}

fn strings(words: &[String]) -> Dynamic {
    words.iter().map(|word| Dynamic::from(word.clone())).collect::<Array>().into()
}

fn integer(number: u64) -> Dynamic {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}
