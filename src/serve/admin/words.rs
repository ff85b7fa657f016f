//! The administrator's vocabulary: from a typed line to a command, the ancestor's words first.
//! Pure; knows nobody's name and prints nothing.

use super::{Command, Target};
use crate::config::nearest;
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use crate::wire::text::echo;

/// What the console shows when it is ready for a line, as the ancestor did.
pub const PROMPT: &str = ">>";
/// What `kick` alone asks, the ancestor's question.
pub const WHOM_TO_KICK: &str = "Enter name of client to kick:";

/// A word, how it is used, and what it does: for help, completion and the documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Word {
    pub word: &'static str,
    pub usage: &'static str,
    pub about: &'static str,
    /// Whether a member's name follows.
    pub takes_name: bool,
}

const fn word(word: &'static str, usage: &'static str, about: &'static str) -> Word {
    Word { word, usage, about, takes_name: false }
}

const fn on_member(word: &'static str, usage: &'static str, about: &'static str) -> Word {
    Word { word, usage, about, takes_name: true }
}

/// Every word there is, the ancestor's first.
pub const WORDS: [Word; 16] = [
    word("list", "list", "List all active users"),
    on_member("kick", "kick [NAME [REASON]]", "Remove user from server"),
    on_member("ban", "ban [NAME|ADDRESS [REASON]]", "Remove and keep out; alone: list the bans"),
    on_member("unban", "unban NAME|ADDRESS", "Let in again"),
    on_member("mute", "mute NAME", "Let read, but not speak"),
    on_member("unmute", "unmute NAME", "Let speak again"),
    word("say", "say [#ROOM] TEXT", "Speak to a room as Server, to #lobby if none is named"),
    word("rooms", "rooms", "The rooms, who is in them and what they are about"),
    word("history", "history", "What is kept of what was said, and where"),
    word("bots", "bots", "The bots, what they answer to and what they did"),
    word("stats", "stats", "The server in numbers"),
    word("reload", "reload", "Read the settings again; bots reload by themselves"),
    word("shutdown", "shutdown", "Deliver what was said, then stop the server"),
    word("-help", "-help", "Display help information"),
    word("man", "man", "The same"),
    word("help", "help [WORD]", "The same, or one word's"),
];

/// What a line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    Nothing,
    Command(Command),
    /// Something to show without asking the server.
    Help(String),
    /// `kick` alone: its name comes on the next line.
    WhomToKick,
    /// Not a command, or not a right one: what to say about it.
    Wrong(String),
}

/// Reads one line as typed.
pub fn parse(line: &str) -> Asked {
    let (word, rest) = split(line.trim());
    match (word, rest) {
        ("", _) => Asked::Nothing,
        ("kick", "") => Asked::WhomToKick,
        ("ban", "") => Asked::Command(Command::Bans),
        ("help", "") | ("-help" | "man", _) => Asked::Help(help()),
        ("help", word) => find(word).map_or_else(
            || Asked::Wrong(unknown(word)),
            |word| Asked::Help(format!("usage: {}\n{}", word.usage, word.about)),
        ),
        ("list" | "rooms" | "history" | "bots" | "stats" | "reload" | "shutdown", "") => {
            Asked::Command(match word {
                "list" => Command::List,
                "rooms" => Command::Rooms,
                "history" => Command::History,
                "bots" => Command::Bots,
                "stats" => Command::Stats,
                "reload" => Command::Reload,
                _ => Command::Shutdown,
            })
        }
        ("say", rest) if !rest.is_empty() => say(rest),
        ("kick", rest) => kick(rest),
        ("ban", rest) => {
            let (target, reason) = split(rest);
            match to_ban(target) {
                Ok(target) => Asked::Command(Command::Ban { target, reason: given(reason) }),
                Err(why) => Asked::Wrong(why),
            }
        }
        ("unban" | "mute" | "unmute", rest) if !rest.is_empty() && split(rest).1.is_empty() => {
            let name = rest.to_owned();
            Asked::Command(match word {
                "unban" => Command::Unban { target: Target::parse(rest) },
                "mute" => Command::Mute { name },
                _ => Command::Unmute { name },
            })
        }
        (word, _) => Asked::Wrong(
            find(word).map_or_else(|| unknown(word), |word| format!("usage: {}", word.usage)),
        ),
    }
}

/// The answer to [`WHOM_TO_KICK`], or what follows `kick` on its own line.
pub fn kick(answer: &str) -> Asked {
    let (name, reason) = split(answer.trim());
    if name.is_empty() {
        return Asked::Nothing;
    }
    Asked::Command(Command::Kick { name: name.into(), reason: given(reason) })
}

/// What follows `say`: a word that begins with `#` is the room.
fn say(rest: &str) -> Asked {
    let (first, text) = split(rest);
    if !first.starts_with('#') {
        return Asked::Command(Command::Say { room: RoomName::lobby(), text: rest.into() });
    }
    match RoomName::parse(first) {
        Ok(_) if text.is_empty() => Asked::Wrong("usage: say [#ROOM] TEXT".into()),
        Ok(room) => Asked::Command(Command::Say { room, text: text.into() }),
        Err(error) => Asked::Wrong(error.to_string()),
    }
}

/// The ancestor's help, with today's words in it.
pub fn help() -> String {
    let width = WORDS.iter().map(|word| word.usage.len()).max().unwrap_or_default() + 2;
    let lines =
        WORDS.iter().map(|word| format!("{:width$} {}", format!("<{}>", word.usage), word.about));
    std::iter::once("Valid CLI commands:".to_owned()).chain(lines).collect::<Vec<_>>().join("\n")
}

/// The entry of a word.
pub fn find(word: &str) -> Option<&'static Word> {
    WORDS.iter().find(|known| known.word == word)
}

fn unknown(word: &str) -> String {
    let answer = format!("{word} not a valid input command");
    match nearest(word, WORDS.iter().map(|known| known.word)) {
        Some(near) => format!("{answer}\nDid you mean {near}? -help lists the commands."),
        None => format!("{answer}\n-help lists the commands."),
    }
}

/// The first word, and what follows it.
fn split(line: &str) -> (&str, &str) {
    match line.split_once(char::is_whitespace) {
        Some((word, rest)) => (word, rest.trim()),
        None => (line, ""),
    }
}

fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

/// Whom a ban is to keep out: nobody would be kept out by what is neither an address nor a name.
fn to_ban(typed: &str) -> Result<Target, String> {
    let target = Target::parse(typed);
    let Target::Name(name) = &target else { return Ok(target) };
    let is_of_address = |c: char| c.is_ascii_hexdigit() || ".:/*[]".contains(c);
    if name.contains(['.', ':', '/']) && name.chars().all(is_of_address) {
        return Err(format!(
            "{} is no address: a ban is for one address, as `list` shows it, or for one name",
            echo(name)
        ));
    }
    match Nick::parse(name.as_bytes()) {
        Ok(_) => Ok(target),
        Err(why) => Err(format!("nobody can be called {}: {why}", echo(name))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::IpAddr;

    fn command(line: &str) -> Command {
        match parse(line) {
            Asked::Command(command) => command,
            other => panic!("{line:?} is {other:?}"),
        }
    }

    fn wrong(line: &str) -> String {
        match parse(line) {
            Asked::Wrong(why) => why,
            other => panic!("{line:?} is {other:?}"),
        }
    }

    #[test]
    fn the_ancestors_words() {
        assert_eq!(command("list"), Command::List);
        assert_eq!(parse("kick"), Asked::WhomToKick);
        assert_eq!(parse(" kick "), Asked::WhomToKick);
        for line in ["-help", "man", "help"] {
            let Asked::Help(text) = parse(line) else { panic!("{line}") };
            assert!(text.starts_with("Valid CLI commands:\n<list> "), "{text}");
            assert!(WORDS.iter().all(|word| text.contains(word.usage)), "{text}");
        }
        assert_eq!(
            wrong("frobnicate now").lines().next(),
            Some("frobnicate not a valid input command")
        );
        assert_eq!(wrong("KICK Neo").lines().next(), Some("KICK not a valid input command"));
        assert!(wrong("lst").contains("Did you mean list?"));
    }

    #[test]
    fn names_reasons_and_addresses() {
        let neo = || "Neo".to_owned();
        assert_eq!(
            command("kick  Neo   too loud "),
            Command::Kick { name: neo(), reason: Some("too loud".into()) }
        );
        assert_eq!(kick("Neo"), Asked::Command(Command::Kick { name: neo(), reason: None }));
        assert_eq!(kick("  "), Asked::Nothing);
        let address: IpAddr = "::1".parse().unwrap();
        assert_eq!(
            command("ban ::1 spam"),
            Command::Ban { target: Target::Address(address), reason: Some("spam".into()) }
        );
        assert_eq!(command("unban Neo"), Command::Unban { target: Target::Name(neo()) });
        let address = "10.0.0.9".parse().unwrap();
        assert_eq!(
            command("ban 10.0.0.9:41216"),
            Command::Ban { target: Target::Address(address), reason: None }
        );
        for typed in ["10.0.0.0/8", "10.0.0.*", "[::5]", "::1/64", "999.1.1.1", "10.1.2", "#lobby"]
        {
            let Asked::Wrong(why) = parse(&format!("ban {typed}")) else {
                panic!("{typed} is banned")
            };
            assert!(why.contains(typed), "{why}");
        }
        assert_eq!(command("ban"), Command::Bans);
        assert_eq!(command("mute Neo"), Command::Mute { name: neo() });
        assert_eq!(command("unmute Neo"), Command::Unmute { name: neo() });
        assert_eq!(
            command("say  hi  there"),
            Command::Say { room: RoomName::lobby(), text: "hi  there".into() }
        );
        let room = RoomName::parse("ops").unwrap();
        assert_eq!(command("say #ops  hi"), Command::Say { room, text: "hi".into() });
    }

    #[test]
    fn a_word_used_wrongly_shows_its_usage() {
        for (line, usage) in [
            ("say", "usage: say [#ROOM] TEXT"),
            ("say #ops", "usage: say [#ROOM] TEXT"),
            ("mute", "usage: mute NAME"),
            ("unmute Neo Trin", "usage: unmute NAME"),
            ("unban", "usage: unban NAME|ADDRESS"),
            ("list all", "usage: list"),
            ("shutdown now", "usage: shutdown"),
        ] {
            assert_eq!(wrong(line), usage);
        }
        assert_eq!(
            parse("help kick"),
            Asked::Help("usage: kick [NAME [REASON]]\nRemove user from server".into())
        );
        assert!(wrong("help me").starts_with("me not a valid input command"));
        assert_eq!(parse("   "), Asked::Nothing);
    }
}
