//! What a script says about itself in `const BOT = #{ … }`. Checks it; knows nothing of how it is
//! used.

use super::nearest::nearest;
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use regex::{Regex, RegexBuilder};
use rhai::{Dynamic, Map};

/// A declaration that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declaration {
    pub name: Nick,
    pub triggers: Vec<String>,
    pub hears_bots: HearsBots,
    /// Where it listens; everywhere if empty.
    pub rooms: Vec<RoomName>,
    /// What `on_message` is called for; everything if there is none.
    pub matches: Option<Pattern>,
    /// Milliseconds after an answer in which it answers nothing more in that room.
    pub cooldown: Option<u64>,
    /// Names of the timers, with the milliseconds from one time to the next.
    pub timers: Vec<(String, u64)>,
    /// Who is told when an edit fails.
    pub owner: Option<String>,
}

/// A regular expression; two are the same if they are written the same.
#[derive(Debug, Clone)]
pub(super) struct Pattern(pub Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

impl Eq for Pattern {}

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
pub const KEYS: &[Key] = &[
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
        name: "match",
        kind: "a regular expression",
        doc: "on_message is called for messages that it fits, and finds msg.captures and msg.matches",
    },
    Key {
        name: "cooldown",
        kind: "a number of seconds",
        doc: "after an answer it answers nothing more in that room for so long; whispers excepted",
    },
    Key {
        name: "timers",
        kind: "a map of names and seconds",
        doc: "on_timer(name) is called so often; #{ tick: 60 }",
    },
    Key {
        name: "hears_bots",
        kind: "true, false, or an array of names",
        doc: "whether other bots are heard; false if not said",
    },
    Key {
        name: "rooms",
        kind: "an array of rooms",
        doc: "the rooms it goes into; it speaks unasked in the first; `#lobby` if not said",
    },
    Key { name: "owner", kind: "a name", doc: "who gets a whisper when an edit does not work" },
];

/// Seconds a declared timer takes at the least: a bot speaks no faster.
const TIMER_SECS: f64 = 1.0;
/// Seconds a time takes at the most: a year.
const YEAR: f64 = 366.0 * 24.0 * 3600.0;
/// Timers a bot declares.
const TIMERS: usize = 16;
/// Bytes a regular expression may take once it is compiled.
const PATTERN: usize = 256 * 1024;

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
            matches: read_match(map)?,
            cooldown: read_cooldown(map)?,
            timers: read_timers(map)?,
            owner: read_owner(map)?,
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

fn read_match(map: &Map) -> Result<Option<Pattern>, Wrong> {
    let Some(value) = map.get("match") else {
        return Ok(None);
    };
    let Ok(text) = value.as_immutable_string_ref() else {
        return expects("match", value.type_name());
    };
    let compiled = RegexBuilder::new(&text).size_limit(PATTERN).build();
    compiled.map(|regex| Some(Pattern(regex))).or_else(|error| {
        let error = error.to_string();
        let why = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
        wrong("match", format!("`match` is no regular expression: {why}"))
    })
}

fn read_cooldown(map: &Map) -> Result<Option<u64>, Wrong> {
    map.get("cooldown")
        .map(|value| match seconds(value) {
            Some(seconds) if (0.0..=YEAR).contains(&seconds) => Ok(millis(seconds)),
            _ => expects("cooldown", value.type_name()),
        })
        .transpose()
}

fn read_timers(map: &Map) -> Result<Vec<(String, u64)>, Wrong> {
    let Some(value) = map.get("timers") else {
        return Ok(Vec::new());
    };
    let Ok(timers) = value.as_map_ref() else {
        return expects("timers", value.type_name());
    };
    if timers.len() > TIMERS {
        return wrong("timers", format!("a bot has at most {TIMERS} timers"));
    }
    timers
        .iter()
        .map(|(name, every)| match seconds(every) {
            Some(secs) if (TIMER_SECS..=YEAR).contains(&secs) => {
                Ok((name.to_string(), millis(secs)))
            }
            Some(secs) => wrong(
                "timers",
                format!("the timer `{name}` takes from 1 second to a year, not {secs} seconds"),
            ),
            None => expects("timers", every.type_name()),
        })
        .collect()
}

fn read_owner(map: &Map) -> Result<Option<String>, Wrong> {
    let Some(value) = map.get("owner") else {
        return Ok(None);
    };
    let Ok(name) = value.as_immutable_string_ref() else {
        return expects("owner", value.type_name());
    };
    match Nick::parse(name.as_bytes()) {
        Ok(nick) => Ok(Some(nick.to_string())),
        Err(error) => wrong("owner", format!("`{}` is nobody's name: {error}", name.as_str())),
    }
}

fn seconds(value: &Dynamic) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a year of seconds is exact")]
    value.as_float().or_else(|_| value.as_int().map(|whole| whole as f64)).ok()
}

/// Seconds of a script as milliseconds; what is below none or above a year is none or a year.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between none and a year"
)]
pub(super) fn millis(seconds: f64) -> u64 {
    (seconds.clamp(0.0, YEAR) * 1000.0).round() as u64
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
        let times = read("#{timers: #{tick: 60}, cooldown: 1.5, owner: \"Neo\"}").unwrap();
        assert_eq!(times.timers, [("tick".to_owned(), 60_000)]);
        assert_eq!((times.cooldown, times.owner.as_deref()), (Some(1_500), Some("Neo")));
        assert_eq!(read(r#"#{hears_bots: "all"}"#).unwrap().hears_bots, HearsBots::All);
        assert_eq!(read("#{hears_bots: true}").unwrap().hears_bots, HearsBots::All);
    }

    #[test]
    fn mistakes_are_named_with_their_key() {
        for (source, key, part) in [
            ("5", None, "not an integer"),
            ("#{trigers: []}", Some("trigers"), "did you mean `triggers`?"),
            ("#{zebra: 1}", Some("zebra"), "there are name, triggers, match, "),
            ("#{name: 5}", Some("name"), "there is an integer in it"),
            (r#"#{name: "a b"}"#, Some("name"), "a name has no white space"),
            (r#"#{name: "Server"}"#, Some("name"), "reserved"),
            (r#"#{triggers: "work"}"#, Some("triggers"), "an array of words"),
            (r#"#{triggers: ["!"]}"#, Some("triggers"), "has no word in it"),
            (r"#{triggers: [1]}", Some("triggers"), "there is an integer in it"),
            ("#{hears_bots: 1}", Some("hears_bots"), "true, false, or an array of names"),
            (r#"#{rooms: ["a b"]}"#, Some("rooms"), "`a b` is no room"),
            (r#"#{"match": "a("}"#, Some("match"), "no regular expression: unclosed group"),
            (r#"#{"match": "(a{500}){500}"}"#, Some("match"), "no regular expression: "),
            ("#{cooldown: -1}", Some("cooldown"), "a number of seconds"),
            ("#{timers: 5}", Some("timers"), "a map of names and seconds"),
            ("#{timers: #{a: 0.1}}", Some("timers"), "from 1 second to a year, not 0.1"),
            (r#"#{timers: #{a: "b"}}"#, Some("timers"), "a map of names and seconds"),
            (r#"#{owner: "a b"}"#, Some("owner"), "nobody's name"),
        ] {
            let wrong = read(source).unwrap_err();
            assert_eq!(wrong.key.as_deref(), key, "{source}");
            assert!(wrong.message.contains(part), "{source}: {}", wrong.message);
        }
        let unnamed = Declaration::read(None, "a b").unwrap_err();
        assert!(unnamed.key.is_none() && unnamed.message.contains("say another one"));
    }
}
