//! What a script says about itself in `const BOT = #{ … }`. Checks it; knows nothing of how it is
//! used.

use super::nearest::nearest;
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use rhai::{Dynamic, Map};

/// A declaration that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declaration {
    pub name: Nick,
    pub triggers: Vec<String>,
    pub hears_bots: HearsBots,
    /// Where it listens; everywhere if empty.
    pub rooms: Vec<RoomName>,
}

/// Which bots a bot hears.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HearsBots {
    No,
    All,
    From(Vec<String>),
}

impl HearsBots {
    pub(super) fn allows(&self, name: &str) -> bool {
        match self {
            Self::No => false,
            Self::All => true,
            Self::From(names) => names.iter().any(|known| known.eq_ignore_ascii_case(name)),
        }
    }
}

/// What is wrong, and with which key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    pub key: Option<String>,
    pub message: String,
}

/// A key of the declaration.
#[derive(Debug)]
pub struct Key {
    pub name: &'static str,
    pub kind: &'static str,
    pub doc: &'static str,
}

/// Every key there is.
pub const KEYS: [Key; 4] = [
    Key {
        name: "name",
        kind: "a name",
        doc: "the bot's name in the room; the file's, with a capital, if not said",
    },
    Key {
        name: "triggers",
        kind: "an array of words",
        doc: "words that call on_trigger, whatever their case and punctuation",
    },
    Key {
        name: "hears_bots",
        kind: "true, false, or an array of names",
        doc: "whether other bots are heard; false if not said",
    },
    Key {
        name: "rooms",
        kind: "an array of rooms",
        doc: "where the bot listens; everywhere it is if not said",
    },
];

impl Declaration {
    /// Reads `BOT`, if there is one. `name` is what the bot is called if it does not say.
    pub(super) fn read(bot: Option<&Dynamic>, name: &str) -> Result<Self, Wrong> {
        let empty = Map::new();
        let map = bot.map(Dynamic::as_map_ref).transpose().map_err(|kind| Wrong {
            key: None,
            message: format!("`BOT` is a map, `const BOT = #{{ … }}`, not {}", article(kind)),
        })?;
        let map: &Map = map.as_deref().unwrap_or(&empty);
        check_keys(map)?;
        Ok(Self {
            name: read_name(map, name)?,
            triggers: read_triggers(map)?,
            hears_bots: read_hears_bots(map)?,
            rooms: read_rooms(map)?,
        })
    }
}

fn check_keys(map: &Map) -> Result<(), Wrong> {
    let known = || KEYS.iter().map(|key| key.name);
    let Some(unknown) = map.keys().find(|key| !known().any(|name| name == key.as_str())) else {
        return Ok(());
    };
    let hint = match nearest(unknown, known()) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("there are {}", known().collect::<Vec<_>>().join(", ")),
    };
    wrong(unknown, format!("unknown key `{unknown}` in `BOT`; {hint}"))
}

fn read_name(map: &Map, default: &str) -> Result<Nick, Wrong> {
    let (given, key) = match map.get("name") {
        Some(value) => match value.as_immutable_string_ref() {
            Ok(name) => (name.to_string(), Some("name".to_owned())),
            Err(kind) => return expects("name", kind),
        },
        None => (default.to_owned(), None),
    };
    Nick::parse(given.as_bytes()).map_err(|error| {
        let message = if key.is_some() {
            format!("`{given}` cannot be a bot's name: {error}")
        } else {
            format!("the file's name `{given}` cannot be a bot's name: {error}; say another one, `const BOT = #{{ name: \"…\" }};`")
        };
        Wrong { key, message }
    })
}

fn read_triggers(map: &Map) -> Result<Vec<String>, Wrong> {
    let triggers = read_strings(map, "triggers")?;
    match triggers.iter().find(|trigger| super::hearing::words(trigger).is_empty()) {
        Some(empty) => wrong("triggers", format!("the trigger \"{empty}\" has no word in it")),
        None => Ok(triggers),
    }
}

fn read_hears_bots(map: &Map) -> Result<HearsBots, Wrong> {
    let Some(value) = map.get("hears_bots") else {
        return Ok(HearsBots::No);
    };
    if let Ok(hears) = value.as_bool() {
        return Ok(if hears { HearsBots::All } else { HearsBots::No });
    }
    if value.as_immutable_string_ref().is_ok_and(|word| word.as_str() == "all") {
        return Ok(HearsBots::All);
    }
    read_strings(map, "hears_bots").map(HearsBots::From)
}

fn read_rooms(map: &Map) -> Result<Vec<RoomName>, Wrong> {
    read_strings(map, "rooms")?
        .iter()
        .map(|room| {
            RoomName::parse(room).map_err(|error| Wrong {
                key: Some("rooms".into()),
                message: format!("`{room}` is no room: {error}"),
            })
        })
        .collect()
}

fn read_strings(map: &Map, key: &str) -> Result<Vec<String>, Wrong> {
    let Some(value) = map.get(key) else {
        return Ok(Vec::new());
    };
    let Ok(array) = value.as_array_ref() else {
        return expects(key, value.type_name());
    };
    array
        .iter()
        .map(|item| match item.as_immutable_string_ref() {
            Ok(text) => Ok(text.to_string()),
            Err(kind) => expects(key, kind),
        })
        .collect()
}

fn expects<T>(key: &str, kind: &str) -> Result<T, Wrong> {
    let expected = KEYS.iter().find(|known| known.name == key).map_or("something else", |k| k.kind);
    wrong(key, format!("`{key}` in `BOT` is {expected}; there is {} in it", article(kind)))
}

fn wrong<T>(key: &str, message: String) -> Result<T, Wrong> {
    Err(Wrong { key: Some(key.into()), message })
}

fn article(kind: &str) -> String {
    super::explain::kind(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(source: &str) -> Result<Declaration, Wrong> {
        let value = rhai::Engine::new().eval::<Dynamic>(source).unwrap();
        Declaration::read(Some(&value), "Chuck")
    }

    #[test]
    fn everything_may_be_left_out() {
        let declaration = Declaration::read(None, "Chuck").unwrap();
        assert_eq!(declaration, read("#{}").unwrap());
        assert_eq!(declaration.name.as_str(), "Chuck");
        assert_eq!(declaration.hears_bots, HearsBots::No);
    }

    #[test]
    fn what_is_said_counts() {
        let declaration =
            read(r#"#{name: "Max", triggers: ["a b"], hears_bots: ["Alice"], rooms: ["ops"]}"#)
                .unwrap();
        assert_eq!(declaration.name.as_str(), "Max");
        assert_eq!(declaration.triggers, ["a b"]);
        assert!(declaration.hears_bots.allows("alice") && !declaration.hears_bots.allows("Bob"));
        assert_eq!(declaration.rooms, [RoomName::parse("#ops").unwrap()]);
        assert_eq!(read(r#"#{hears_bots: "all"}"#).unwrap().hears_bots, HearsBots::All);
        assert_eq!(read("#{hears_bots: true}").unwrap().hears_bots, HearsBots::All);
    }

    #[test]
    fn mistakes_are_named_with_their_key() {
        for (source, key, part) in [
            ("5", None, "not an integer"),
            ("#{trigers: []}", Some("trigers"), "did you mean `triggers`?"),
            ("#{zebra: 1}", Some("zebra"), "there are name, triggers, hears_bots, rooms"),
            ("#{name: 5}", Some("name"), "there is an integer in it"),
            (r#"#{name: "a b"}"#, Some("name"), "a name has no white space"),
            (r#"#{name: "Server"}"#, Some("name"), "reserved"),
            (r#"#{triggers: "work"}"#, Some("triggers"), "an array of words"),
            (r#"#{triggers: ["!"]}"#, Some("triggers"), "has no word in it"),
            (r"#{triggers: [1]}", Some("triggers"), "there is an integer in it"),
            ("#{hears_bots: 1}", Some("hears_bots"), "true, false, or an array of names"),
            (r#"#{rooms: ["a b"]}"#, Some("rooms"), "`a b` is no room"),
        ] {
            let wrong = read(source).unwrap_err();
            assert_eq!(wrong.key.as_deref(), key, "{source}");
            assert!(wrong.message.contains(part), "{source}: {}", wrong.message);
        }
        let unnamed = Declaration::read(None, "a b").unwrap_err();
        assert!(unnamed.key.is_none() && unnamed.message.contains("say another one"));
    }
}
