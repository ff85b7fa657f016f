//! The config file: TOML whose every key is known, every value checked, and every mistake told
//! with its line. Nothing is guessed: a file that is not right is refused whole.
//!
//! ```toml
//! listen = "127.0.0.1:55556"
//! bots = "bots"
//! admin_socket = "/run/chaty/admin.sock"
//! log = "info"
//! metrics = "9464"
//!
//! [limits]
//! drain = "5s"            # or a number of seconds: 5, 0.5
//! retained_bytes = "64MiB" # or a number of bytes
//! ```

use super::limits::{self, agree};
use super::{HistorySync, Limits, Recording, metrics_address, value};
use crate::wire::text::scrub;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// What a config file said. What it left out stays at its default or to the flags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    pub listen: Option<String>,
    pub bots: Option<PathBuf>,
    pub admin_socket: Option<PathBuf>,
    /// A filter such as `info` or `chaty=debug`, as `--log` takes.
    pub log: Option<String>,
    /// `HOST:PORT`.
    pub metrics: Option<String>,
    pub limits: Limits,
    pub recording: Recording,
}

/// Why a config file is refused. Each is one line that begins with the place.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("cannot read the config file {path}: {source}", path = path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    /// `place` is `FILE:LINE:COLUMN`, lines and columns (in characters) counted from 1.
    #[error("{place}: {what}")]
    Wrong { place: String, what: String },
}

/// Takes one value into its place, or says what it should have been.
pub(super) type Take<T> = fn(&mut T, &DeValue<'_>) -> Result<(), String>;

/// The keys outside any table.
const KEYS: [(&str, Take<File>); 5] = [
    ("listen", |file, v| put(&mut file.listen, value::text(v).map(Some))),
    ("bots", |file, v| put(&mut file.bots, value::text(v).map(|path| Some(path.into())))),
    ("admin_socket", |file, v| {
        put(&mut file.admin_socket, value::text(v).map(|path| Some(path.into())))
    }),
    ("log", |file, v| put(&mut file.log, value::text(v).map(Some))),
    ("metrics", |file, v| put(&mut file.metrics, metrics(v).map(Some))),
];

/// The keys of `[history]`.
const HISTORY: [(&str, Take<Recording>); 8] = [
    ("record", |recording, v| put(&mut recording.off, value::yes(v).map(|yes| !yes))),
    ("file", |recording, v| put(&mut recording.file, value::text(v).map(|file| Some(file.into())))),
    ("sync", |recording, v| put(&mut recording.sync, sync(v))),
    ("keep_bytes", |recording, v| put(&mut recording.keep.bytes, kept_bytes(v))),
    ("keep_days", |recording, v| put(&mut recording.keep.days, kept(v))),
    ("keep_messages", |recording, v| put(&mut recording.keep.messages, kept(v))),
    ("unrecorded", |recording, v| put(&mut recording.unrecorded, value::rooms(v))),
    ("lines", |recording, v| put(&mut recording.lines, value::count(v, 0).map(Some))),
];

/// The least of a history: a file with nothing in it has a few pages.
const KEPT: usize = 1024 * 1024;

/// A name this near to a known one is taken for a slip: two letters in a short word, as Cargo
/// and rustc do it by similarity.
const NEAR: f64 = 0.7;

/// Reads the file and checks all of it.
pub fn read(path: &Path) -> Result<File, FileError> {
    read_as(path, parse)
}

/// Reads a file and checks it as `parse` does.
pub(super) fn read_as<T>(path: &Path, parse: fn(&str) -> Result<T, Wrong>) -> Result<T, FileError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| FileError::Unreadable { path: path.to_owned(), source })?;
    parse(&text).map_err(|wrong| FileError::Wrong {
        place: format!("{}:{}", path.display(), line_and_column(&text, wrong.at)),
        // A key may be any text, a line break and an escape included.
        what: scrub(&wrong.what),
    })
}

/// A mistake and the byte where it is.
#[derive(Debug)]
pub(super) struct Wrong {
    pub(super) at: usize,
    pub(super) what: String,
}

/// The file as TOML, nothing of it checked yet.
pub(super) fn table(text: &str) -> Result<Spanned<DeTable<'_>>, Wrong> {
    DeTable::parse(text).map_err(|error| Wrong {
        at: error.span().map_or(0, |span| span.start),
        // The parser may explain itself in several lines.
        what: error.message().lines().collect::<Vec<_>>().join("; "),
    })
}

pub(super) fn parse(text: &str) -> Result<File, Wrong> {
    let table = table(text)?;
    let mut file = File::default();
    // In the order of the file, so that the first mistake is the one that is told.
    let mut entries: Vec<_> = table.get_ref().iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("limits", DeValue::Table(table)) => {
                let keys = limits::KEYS.map(|key| (key.name, key.take));
                take_all(&mut file.limits, "limits.", &keys, table)?;
                agree(&file.limits).map_err(|what| Wrong { at: key.span().start, what })?;
            }
            ("history", DeValue::Table(recording)) => {
                take_all(&mut file.recording, "history.", &HISTORY, recording)?;
            }
            (name @ ("limits" | "history"), _) => {
                let what = format!("{name} is a table: write [{name}] on a line of its own");
                return Err(Wrong { at: value.span().start, what });
            }
            (name, _) => {
                let known = KEYS.iter().map(|(known, _)| *known).chain(["limits", "history"]);
                let Some((_, take)) = KEYS.iter().find(|(known, _)| *known == name) else {
                    return Err(unknown(name, key.span().start, "", known));
                };
                take(&mut file, value.get_ref())
                    .map_err(|expected| not_a(name, value.span().start, &expected))?;
            }
        }
    }
    Ok(file)
}

/// Takes each key of a table into its place, in the order of the file.
pub(super) fn take_all<T>(
    target: &mut T,
    prefix: &str,
    keys: &[(&str, Take<T>)],
    table: &DeTable<'_>,
) -> Result<(), Wrong> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        let name = key.get_ref().as_ref();
        let Some((_, take)) = keys.iter().find(|(known, _)| *known == name) else {
            let known = keys.iter().map(|(known, _)| *known);
            return Err(unknown(name, key.span().start, prefix, known));
        };
        take(target, value.get_ref())
            .map_err(|expected| not_a(&format!("{prefix}{name}"), value.span().start, &expected))?;
    }
    Ok(())
}

fn unknown<'a>(
    name: &str,
    at: usize,
    prefix: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Wrong {
    Wrong { at, what: unknown_key(name, prefix, known) }
}

/// What to say of a key that there is not.
pub(super) fn unknown_key<'a>(
    name: &str,
    prefix: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> String {
    if let Some(near) = nearest(name, known.clone()) {
        format!("unknown key `{prefix}{name}`; did you mean `{near}`?")
    } else {
        let all: Vec<_> = known.collect();
        format!("unknown key `{prefix}{name}`; the keys here are {}", all.join(", "))
    }
}

fn not_a(name: &str, at: usize, expected: &str) -> Wrong {
    Wrong { at, what: format!("`{name}` should be {expected}") }
}

/// The known name that was probably meant.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(similarity, _)| *similarity > NEAR)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known)
}

pub(super) fn line_and_column(text: &str, at: usize) -> String {
    let before = text.get(..at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{line}:{column}")
}

pub(super) fn put<T>(place: &mut T, value: Result<T, String>) -> Result<(), String> {
    *place = value?;
    Ok(())
}

fn sync(value: &DeValue<'_>) -> Result<HistorySync, String> {
    match value::text(value).as_deref() {
        Ok("normal") => Ok(HistorySync::Normal),
        Ok("full") => Ok(HistorySync::Full),
        _ => Err("\"normal\" or \"full\"".into()),
    }
}

/// A port may be a number.
fn metrics(value: &DeValue<'_>) -> Result<String, String> {
    match value {
        DeValue::Integer(port) => metrics_address(port.as_str()),
        _ => metrics_address(&value::text(value).unwrap_or_default()),
    }
}

fn kept_bytes(value: &DeValue<'_>) -> Result<u64, String> {
    value::bytes(value, KEPT).map(|bytes| bytes as u64)
}

fn kept(value: &DeValue<'_>) -> Result<Option<u64>, String> {
    value::count(value, 1).map(|count| Some(count as u64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn refused(text: &str) -> String {
        let wrong = parse(text).unwrap_err();
        format!("{}: {}", line_and_column(text, wrong.at), wrong.what)
    }

    #[test]
    fn a_whole_file() {
        let file = parse(
            "listen = \"0.0.0.0:1\"\nbots = 'bots'\nadmin_socket='/a'\nlog = 'debug'\nmetrics = 9464\n\
             [limits]\ndrain = \"250ms\"\nconnections = 7\nretained_bytes = '1MiB'\n",
        )
        .unwrap();
        assert_eq!(file.listen.as_deref(), Some("0.0.0.0:1"));
        assert_eq!(file.bots, Some("bots".into()));
        assert_eq!(file.admin_socket, Some("/a".into()));
        assert_eq!(file.log.as_deref(), Some("debug"));
        assert_eq!(file.metrics.as_deref(), Some("127.0.0.1:9464"));
        let expected = Limits {
            drain: Duration::from_millis(250),
            connections: 7,
            retained_bytes: 1 << 20,
            ..Limits::default()
        };
        assert_eq!(file.limits, expected);
        assert_eq!(parse("# nothing").unwrap(), File::default());
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        assert_eq!(
            refused("\nlisten_ = 'x'"),
            "2:1: unknown key `listen_`; did you mean `listen`?"
        );
        assert_eq!(
            refused("[limits]\n drian = 1"),
            "2:2: unknown key `limits.drian`; did you mean `drain`?"
        );
        assert!(refused("zzzz = 1").ends_with(
            "the keys here are listen, bots, admin_socket, log, metrics, limits, history"
        ));
        assert!(refused("[limits]\ndrain = true").starts_with("2:9: `limits.drain` should be a d"));
        assert!(refused("[limits]\nconnections = 0").starts_with("2:15: `limits.connections`"));
        assert!(refused("listen = 5").starts_with("1:10: `listen` should be a text in quotes"));
        assert!(refused("metrics = 'x'").starts_with("1:11: `metrics` should be a port of loop"));
        assert!(refused("limits = 5").starts_with("1:10: limits is a table"));
        assert!(refused("a = 1\nlisten = ").starts_with("2:"));
        assert!(!refused("listen = \"x").contains('\n'));
        assert!(refused("[limits]\nkeepalive_idle = 0.5").starts_with("2:18: `limits.keepalive_i"));
        assert!(refused("[limits]\nwrite_deadline = 0").contains("from 1ms to a day"));
        assert!(refused("[limits]\nretained_bytes = 1").contains("at least 262144 bytes"));
        assert!(refused("[limits]\nping_dead = '20s'").starts_with("1:2: `limits.ping_dead`"));
        // The first mistake of the file is told, not the first in the alphabet.
        assert!(refused("zeta = 1\nalpha = 2").contains("zeta"));
    }

    /// A quoted key broke the line that was to tell of it, and reached the terminal as it is.
    #[test]
    fn a_mistake_is_one_line_whatever_the_key_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chaty.toml");
        std::fs::write(&path, "\"a\\nb\\u001b[31m\" = 1").unwrap();
        let said = read(&path).unwrap_err().to_string();
        assert!(said.contains(":1:1: unknown key `a␊b␛[31m`"), "{said}");
    }
}
