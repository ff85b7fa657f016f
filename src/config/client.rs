//! The settings of `chaty join`: a small TOML file of the user's own, whose every key is known and
//! every mistake is told with its line. Reads the file, never a terminal.

use super::file::{FileError, Take, Wrong, put, read_as, table, take_all};
use super::value;
use crate::wire::limits;
use crate::wire::room_name::RoomName;
use std::env;
use std::path::{Path, PathBuf};
use toml::de::DeValue;

/// What the client goes by.
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own in the file")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientSettings {
    pub view: View,
    pub theme: Theme,
    pub colours: Colours,
    pub nicks: NickList,
    /// The wheel scrolls and a click goes to a room; the terminal's own selection then needs
    /// Shift.
    pub mouse: bool,
    pub notify: Notify,
    /// Whether the window's title tells the room and what is unread.
    pub title: bool,
    /// Whether links can be clicked where the terminal knows how.
    pub links: bool,
    /// Whether what was typed is kept for the next time.
    pub remember: bool,
    /// Lines of the past that are asked for when a room is entered.
    pub earlier: usize,
    /// Lines held for each room; older ones are asked for again.
    pub scrollback: usize,
    /// Rooms to enter besides `#lobby`.
    pub rooms: Vec<RoomName>,
}

/// How the chat is shown on a terminal that can do everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    Full,
    Inline,
    Plain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// What the terminal says of itself in `COLORFGBG`; dark, if it says nothing.
    Auto,
    Dark,
    Light,
    /// No colours, only bold, dim, underlined and reversed.
    None,
}

/// How many colours the terminal is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    Auto,
    Sixteen,
    Many,
    True,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NickList {
    /// Where there is room for it.
    Auto,
    On,
    Off,
}

/// How the user is told of a mention or a whisper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notify {
    Bell,
    Osc9,
    Osc777,
    None,
}

/// Lines held for each room at the least: some screens full.
const LEAST_SCROLLBACK: usize = 500;

impl Default for ClientSettings {
    fn default() -> Self {
        Self {
            view: View::Full,
            theme: Theme::Auto,
            colours: Colours::Auto,
            nicks: NickList::Auto,
            mouse: false,
            notify: Notify::Bell,
            title: true,
            links: true,
            remember: true,
            earlier: 50,
            // Some 2 MiB of ordinary lines, and a day of a lively room.
            scrollback: 5000,
            rooms: Vec::new(),
        }
    }
}

const KEYS: [(&str, Take<ClientSettings>); 12] = [
    ("view", |s, v| put(&mut s.view, choice(v, &VIEWS))),
    ("theme", |s, v| put(&mut s.theme, choice(v, &THEMES))),
    ("colours", |s, v| put(&mut s.colours, choice(v, &COLOURS))),
    ("nicks", |s, v| put(&mut s.nicks, choice(v, &NICKS))),
    ("mouse", |s, v| put(&mut s.mouse, value::yes(v))),
    ("notify", |s, v| put(&mut s.notify, choice(v, &NOTIFY))),
    ("title", |s, v| put(&mut s.title, value::yes(v))),
    ("links", |s, v| put(&mut s.links, value::yes(v))),
    ("remember", |s, v| put(&mut s.remember, value::yes(v))),
    ("earlier", |s, v| put(&mut s.earlier, earlier(v))),
    ("scrollback", |s, v| put(&mut s.scrollback, value::count(v, LEAST_SCROLLBACK))),
    ("rooms", |s, v| put(&mut s.rooms, value::rooms(v))),
];

const VIEWS: [(&str, View); 3] =
    [("full", View::Full), ("inline", View::Inline), ("plain", View::Plain)];

const THEMES: [(&str, Theme); 4] =
    [("auto", Theme::Auto), ("dark", Theme::Dark), ("light", Theme::Light), ("none", Theme::None)];

const COLOURS: [(&str, Colours); 4] = [
    ("auto", Colours::Auto),
    ("16", Colours::Sixteen),
    ("256", Colours::Many),
    ("true", Colours::True),
];

const NICKS: [(&str, NickList); 3] =
    [("auto", NickList::Auto), ("on", NickList::On), ("off", NickList::Off)];

const NOTIFY: [(&str, Notify); 4] = [
    ("bell", Notify::Bell),
    ("osc9", Notify::Osc9),
    ("osc777", Notify::Osc777),
    ("none", Notify::None),
];

/// The settings of a file; without one, of the user's own file, which may be missing.
pub fn client_settings(file: Option<&Path>) -> Result<ClientSettings, FileError> {
    if let Some(file) = file {
        return read_as(file, parse);
    }
    match own_file(|name| env::var_os(name).map(PathBuf::from)) {
        Some(own) if own.exists() => read_as(&own, parse),
        _ => Ok(ClientSettings::default()),
    }
}

/// `$XDG_CONFIG_HOME/chaty/client.toml`, by default under `~/.config`.
fn own_file(var: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |name| var(name).filter(|path| path.is_absolute());
    let folder =
        absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")));
    folder.map(|folder| folder.join("chaty/client.toml"))
}

fn parse(text: &str) -> Result<ClientSettings, Wrong> {
    let mut settings = ClientSettings::default();
    take_all(&mut settings, "", &KEYS, table(text)?.get_ref())?;
    Ok(settings)
}

fn choice<T: Copy>(value: &DeValue<'_>, choices: &[(&str, T)]) -> Result<T, String> {
    let said = match value {
        DeValue::String(said) => choices.iter().find(|(word, _)| *word == said.as_ref()),
        _ => None,
    };
    said.map(|(_, choice)| *choice).ok_or_else(|| {
        let words: Vec<_> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        format!("one of {}", words.join(", "))
    })
}

fn earlier(value: &DeValue<'_>) -> Result<usize, String> {
    let most = limits::HISTORY;
    value::count(value, 0)
        .ok()
        .filter(|lines| *lines <= most)
        .ok_or_else(|| format!("a whole number, at most {most}"))
}

#[cfg(test)]
mod tests {
    use super::super::file::line_and_column;
    use super::*;

    fn refused(text: &str) -> String {
        let wrong = parse(text).unwrap_err();
        format!("{}: {}", line_and_column(text, wrong.at), wrong.what)
    }

    #[test]
    fn a_whole_file() {
        let text = "view = 'inline'\ntheme = 'light'\ncolours = '256'\nnicks = 'off'\n\
                    mouse = true\nnotify = 'osc777'\ntitle = false\nlinks = false\n\
                    remember = false\nearlier = 0\nscrollback = 700\nrooms = ['#ops', 'Dev']\n";
        let expected = ClientSettings {
            view: View::Inline,
            theme: Theme::Light,
            colours: Colours::Many,
            nicks: NickList::Off,
            mouse: true,
            notify: Notify::Osc777,
            title: false,
            links: false,
            remember: false,
            earlier: 0,
            scrollback: 700,
            rooms: ["ops", "dev"].map(|room| RoomName::parse(room).unwrap()).into(),
        };
        assert_eq!(parse(text).unwrap(), expected);
        assert_eq!(parse("").unwrap(), ClientSettings::default());
        assert_eq!(text.lines().count(), KEYS.len(), "each key is tried");
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        assert_eq!(refused("\ntheem = 'x'"), "2:1: unknown key `theem`; did you mean `theme`?");
        assert_eq!(
            refused("theme = 'blue'"),
            "1:9: `theme` should be one of \"auto\", \"dark\", \"light\", \"none\""
        );
        assert_eq!(refused("mouse = 1"), "1:9: `mouse` should be true or false");
        assert_eq!(
            refused("earlier = 101"),
            "1:11: `earlier` should be a whole number, at most 100"
        );
        assert!(refused("rooms = ['a b']").starts_with("1:9: `rooms` should be a list of rooms"));
        assert!(refused("scrollback = 5").contains("at least 500"));
    }

    #[test]
    fn the_file_is_where_settings_are() {
        let found = |config: Option<&str>, home: Option<&str>| {
            own_file(|name| match name {
                "XDG_CONFIG_HOME" => config.map(PathBuf::from),
                _ => home.map(PathBuf::from),
            })
        };
        assert_eq!(found(Some("/c"), Some("/h")), Some("/c/chaty/client.toml".into()));
        assert_eq!(found(Some("c"), Some("/h")), Some("/h/.config/chaty/client.toml".into()));
        assert_eq!(found(None, None), None);
        let gone = client_settings(Some(Path::new("/nowhere/client.toml"))).unwrap_err();
        assert!(gone.to_string().starts_with("cannot read the config file /nowhere/client.toml"));
    }
}
