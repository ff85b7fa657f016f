//! The checks of the house: each takes a file's name and its text, and says what is wrong. Reads
//! no file itself, so that a violation can be planted.

use super::source;
use std::fmt;

/// DESIGN section 4: who may import whom. `lib.rs` names the modules and `main.rs` may use all.
const ARROWS: [(&str, &[&str]); 10] = [
    ("wire", &[]),
    ("log", &["wire"]),
    ("room", &["wire"]),
    ("config", &["wire"]),
    ("client", &["wire", "config"]),
    ("serve", &["wire", "log", "room", "config"]),
    ("join", &["client", "wire", "config"]),
    ("bot", &["client", "wire", "config"]),
    ("bench", &["wire", "config"]),
    ("cli", &["config"]),
];

/// Modules that take time as data and return effects.
const PURE: [&str; 2] = ["wire", "room"];

/// What a pure module may not name: the runtime, files, the clock, randomness.
const IMPURE: [&[&str]; 8] = [
    &["tokio"],
    &["tokio_util"],
    &["std", "fs"],
    &["std", "time", "SystemTime"],
    &["std", "time", "Instant"],
    &["std", "thread"],
    &["rand"],
    &["rand_chacha"],
];

/// A file longer than this says why at its head (CONVENTIONS 4).
const LONG: usize = 400;

/// What a check found: where, and what.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    file: String,
    pub(super) line: usize,
    what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.what)
    }
}

pub(super) fn fault(file: &str, line: usize, what: impl Into<String>) -> Fault {
    Fault { file: file.into(), line, what: what.into() }
}

/// The top module a file of `src/` belongs to, and how many modules deep it stands.
fn module(file: &str) -> Option<(String, usize)> {
    let inner = file.strip_prefix("src/")?.strip_suffix(".rs")?;
    let inner = inner.strip_suffix("/mod").unwrap_or(inner);
    let top = inner.split('/').next()?;
    Some((top.to_owned(), inner.split('/').count()))
}

/// The top module a path leads to, if it leads out of where it stands.
fn target(names: &[String], depth: usize) -> Option<&str> {
    let supers = names.iter().take_while(|name| *name == "super").count();
    let found = match names.first()?.as_str() {
        "crate" | "chaty" => names.get(1)?,
        // As many steps up as the file stands deep lead to the root.
        "super" if supers >= depth => names.get(supers)?,
        _ => return None,
    };
    Some(found)
}

pub(super) fn check_arrows(file: &str, source: &str) -> Vec<Fault> {
    let Some((top, depth)) = module(file) else {
        return Vec::new();
    };
    if top == "lib" || top == "main" {
        return Vec::new();
    }
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == top) else {
        let known: Vec<_> = ARROWS.iter().map(|(name, _)| *name).collect();
        return vec![fault(
            file,
            1,
            format!("`{top}` is no room of the house; they are {known:?}"),
        )];
    };
    let is_room = |name: &str| ARROWS.iter().any(|(known, _)| *known == name);
    source::paths(source)
        .iter()
        .filter_map(|path| Some((path.line, target(&path.names, depth)?)))
        .filter(|(_, to)| is_room(to) && *to != top && !allowed.contains(to))
        .map(|(line, to)| {
            fault(file, line, format!("`{top}` may not know `{to}`; it may import {allowed:?}"))
        })
        .collect()
}

pub(super) fn check_purity(file: &str, source: &str) -> Vec<Fault> {
    let Some((top, _)) = module(file) else {
        return Vec::new();
    };
    if !PURE.contains(&top.as_str()) {
        return Vec::new();
    }
    source::paths(source)
        .iter()
        .filter(|path| {
            IMPURE.iter().any(|impure| {
                impure.len().min(2) <= path.names.len()
                    && path.names.iter().zip(*impure).all(|(name, impure)| name == impure)
                    && path.names.len() >= impure.len()
            }) || matches!(path.names.as_slice(), [name, call] if
                ["SystemTime", "Instant"].contains(&name.as_str()) && call == "now")
        })
        .map(|path| {
            fault(file, path.line, format!("`{top}` is pure: no {}", path.names.join("::")))
        })
        .collect()
}

pub(super) fn check_globs(file: &str, source: &str) -> Vec<Fault> {
    if file.starts_with("tests/") || file.ends_with("/tests.rs") {
        return Vec::new();
    }
    source::paths(source)
        .iter()
        .filter(|path| !path.in_tests && path.names.last().is_some_and(|name| name == "*"))
        .map(|path| fault(file, path.line, format!("no globs: {}", path.names.join("::"))))
        .collect()
}

pub(super) fn check_head(file: &str, source: &str) -> Vec<Fault> {
    // The crate's own documentation is src/README.md.
    let ours = if file == "src/lib.rs" { "#![doc = include_str!(\"README.md\")]" } else { "//! " };
    if source.starts_with(ours) {
        Vec::new()
    } else {
        vec![fault(file, 1, format!("the first line is `{ours}…`: what it is, what it never does"))]
    }
}

pub(super) fn check_length(file: &str, source: &str) -> Vec<Fault> {
    let lines = source.lines().count();
    let head = source.lines().take_while(|line| line.starts_with("//!")).collect::<String>();
    if lines <= LONG || head.contains("400 lines") {
        return Vec::new();
    }
    let what = format!("{lines} lines: split it, or say at the head why it has over {LONG} lines");
    vec![fault(file, 1, what)]
}

/// Words of unfinished work and of tests that do not run. Put together here, so that this file
/// does not hold them.
pub(super) fn check_left_over(file: &str, source: &str) -> Vec<Fault> {
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X:"),
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("#[ign", "ore"),
        concat!("db", "g!("),
    ];
    source
        .lines()
        .enumerate()
        .flat_map(|(at, line)| {
            words.iter().filter(move |word| has_word(line, word)).map(move |word| (at + 1, word))
        })
        .map(|(line, word)| fault(file, line, format!("{word} is left")))
        .collect()
}

/// Whether the word stands by itself.
fn has_word(line: &str, word: &str) -> bool {
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    line.match_indices(word).any(|(at, _)| {
        edge(line[..at].chars().next_back())
            && (!word.ends_with(char::is_alphanumeric)
                || edge(line[at + word.len()..].chars().next()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a check says of a text planted in a file.
    #[track_caller]
    fn planted(check: fn(&str, &str) -> Vec<Fault>, file: &str, source: &str, lines: &[usize]) {
        let found: Vec<usize> = check(file, source).iter().map(|fault| fault.line).collect();
        assert_eq!(found, lines, "in {file}:\n{source}");
    }

    #[test]
    fn planted_arrows_are_found() {
        for (file, source, lines) in [
            ("src/wire/nick.rs", "//! x\nuse crate::log::Log;", &[2][..]),
            ("src/wire/nick.rs", "use crate::wire::text::Text;", &[]),
            ("src/wire/a/b.rs", "use super::super::super::serve::hub;", &[1]),
            ("src/wire/nick.rs", "use super::super::room::Room;", &[1]),
            ("src/wire/nick.rs", "use super::text::Text;", &[]),
            ("src/wire/mod.rs", "use super::config::Limits;", &[1]),
            ("src/room/mod.rs", "fn f() { crate::serve::hub::turn() }", &[1]),
            ("src/room/mod.rs", "use crate::{wire::nick::Nick,\n serve::hub};", &[2]),
            ("src/bot/mod.rs", "mod tests { use crate::serve::Server; }", &[1]),
            ("src/bot/run.rs", "use crate::join::plain;", &[1]),
            ("src/client/mod.rs", "use crate::config::DEFAULT_SERVER;", &[]),
            ("src/cli.rs", "use crate::wire::nick::Nick;", &[1]),
            ("src/serve/mod.rs", "use crate::client::connect;", &[1]),
            ("src/serve/mod.rs", "// crate::client is not used\nlet s = \"crate::client\";", &[]),
            ("src/main.rs", "use crate::serve::Server; use chaty::bot::run;", &[]),
            ("src/newroom/mod.rs", "//! A room nobody has drawn.", &[1]),
        ] {
            planted(check_arrows, file, source, lines);
        }
        let found = check_arrows("src/log/mod.rs", "\nuse crate::serve::hub;");
        assert_eq!(
            found[0].to_string(),
            "src/log/mod.rs:2: `log` may not know `serve`; it may import [\"wire\"]"
        );
    }

    #[test]
    fn planted_impurities_are_found() {
        for (source, lines) in [
            ("use tokio::sync::mpsc;", &[1][..]),
            ("fn f() { std::fs::read(p); }", &[1]),
            ("use std::{fmt, fs::File,\n time::{Duration, Instant}};", &[1, 2]),
            ("use std::time::SystemTime;", &[1]),
            ("fn f(rng: &mut impl rand::Rng) {}", &[1]),
            ("use std::time::Duration; // not tokio::time", &[]),
            ("use std::fmt; let operand = 1; let fs = 2;", &[]),
        ] {
            planted(check_purity, "src/room/mod.rs", source, lines);
            planted(check_purity, "src/wire/a.rs", source, lines);
            planted(check_purity, "src/serve/mod.rs", source, &[]);
        }
    }

    #[test]
    fn planted_globs_are_found() {
        planted(
            check_globs,
            "src/log/mod.rs",
            "use super::*;\nuse crate::wire::{nick::*};",
            &[1, 2],
        );
        planted(check_globs, "src/log/mod.rs", "#[cfg(test)]\nmod tests {\n use super::*;\n}", &[]);
        planted(check_globs, "src/log/mod.rs", "mod tests { fn f() {} }\nuse super::*;", &[2]);
        planted(check_globs, "src/wire/native/tests.rs", "use super::*;", &[]);
    }

    #[test]
    fn planted_heads_lengths_and_left_overs_are_found() {
        planted(check_head, "src/a.rs", "use std::fmt;\n//! late", &[1]);
        planted(check_head, "src/a.rs", "// not a head", &[1]);
        planted(check_head, "src/a.rs", "//! A head.", &[]);
        planted(check_head, "src/lib.rs", "//! A head.", &[1]);

        let long = "x\n".repeat(LONG + 1);
        planted(check_length, "src/a.rs", &long, &[1]);
        planted(check_length, "src/a.rs", &long[2..], &[]);
        planted(check_length, "src/a.rs", &format!("//! Over 400 lines, because.\n{long}"), &[]);

        for word in [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("to", "do!()")] {
            planted(check_left_over, "src/a.rs", &format!("a\n// {word} later"), &[2]);
            planted(check_left_over, "src/a.rs", &format!("a\n// un{word}ne"), &[]);
        }
        planted(check_left_over, "src/a.rs", concat!("#[ign", "ore = \"slow\"]"), &[1]);
    }
}
