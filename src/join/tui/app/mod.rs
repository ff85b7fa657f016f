//! What the full-screen chat knows, and how it changes: messages in, things to do out. Knows no
//! network, no terminal and no clock; drawn by [`super::view`].

mod act;
mod asked;
mod entries;
mod net;
mod over;
#[cfg(test)]
pub(in crate::join::tui) mod stage;
#[cfg(test)]
mod tests;
mod typed;

use super::super::clock::Clock;
use super::complete::Completion;
use super::editor::Editor;
use super::item::Body;
use super::layout::{self, Areas, PROMPT, Written, written};
use super::past::Past;
use super::place::{Pane, Place};
use super::room::Room;
use super::theme::Theme;
use super::wrap::Shape;
use crate::client::{Closed, Event};
use crate::config::ClientSettings;
use crate::wire::entry::{MessageId, Millis};
use crate::wire::native::{ClientEvent, Ping, Say};
use crate::wire::nick::Nick;
use crate::wire::shown::Shown;
use crossterm::event::KeyEvent;
use over::Over;
use std::collections::{BTreeMap, VecDeque};

pub(in crate::join::tui) use over::{Entry, Over as Overlay};

/// A room's names are asked for unseen only up to so many: a roster of thousands is not worth
/// it. The server folds joins above the same number.
const CROWD: usize = 256;

/// Own lines that may wait for the server. A paste of more is a file, and belongs elsewhere.
const WAITING: usize = 500;

/// Mentions that are listed.
const MENTIONS: usize = 200;

/// Between two measures of the latency, and only when a key is pressed: an idle client is silent.
const MEASURE: u64 = 30_000;

/// Between two notifications: a crowd that calls is one call.
const NOTIFY: u64 = 1_000;

/// What happens.
#[derive(Debug)]
pub(in crate::join::tui) enum Msg {
    Key(KeyEvent),
    Paste(String),
    Size(u16, u16),
    /// The terminal is looked at, or not any more.
    Focus(bool),
    Wheel {
        up: bool,
    },
    Click {
        column: u16,
        row: u16,
    },
    Client(Event),
    /// The client took what was said, under this id.
    Took {
        local: u64,
        id: MessageId,
    },
    /// What came back from the user's own editor.
    Edited(Result<String, String>),
    /// Something outside went wrong.
    Trouble(String),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::join::tui) enum Do {
    Say {
        local: u64,
        say: Say,
    },
    Whisper {
        local: u64,
        to: String,
        text: String,
    },
    Send(ClientEvent),
    /// Connects at once, if it waits to.
    Retry,
    /// Begins anew under another name.
    Connect(Nick),
    Quit,
    /// The server or the user has ended it.
    End(Closed),
    Notify {
        title: String,
        body: String,
    },
    Copy(String),
    Edit(String),
    Remember(String),
    Suspend,
    Redraw,
}

/// How it stands with the connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::join::tui) enum Link {
    Connecting,
    Online,
    Offline { why: Shown, tries: u32 },
}

/// A word that is for now.
#[derive(Debug)]
pub(in crate::join::tui) struct Hint {
    pub(in crate::join::tui) text: Shown,
    /// Not true any more when the connection comes or goes.
    is_of_link: bool,
}

/// Something the user said that has no answer yet.
#[derive(Debug)]
struct Pending {
    local: u64,
    id: Option<MessageId>,
    room: Shown,
    item: u64,
    /// What to type to say it again.
    typed: String,
    since: Millis,
}

/// What a question was about.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    /// The last lines of a room that was entered.
    First(Shown),
    Older(Shown),
    /// `/history`, `/search`.
    Listed(String),
}

/// The chat.
#[expect(clippy::struct_excessive_bools, reason = "they change apart from each other")]
#[derive(Debug)]
pub(in crate::join::tui) struct App {
    pub(super) me: Shown,
    pub(super) server: Shown,
    pub(super) settings: ClientSettings,
    pub(super) theme: Theme,
    pub(super) clock: Clock,
    pub(super) link: Link,
    /// Milliseconds there and back.
    pub(super) latency: Option<u64>,
    /// Never empty.
    pub(super) rooms: Vec<Room>,
    pub(super) at: usize,
    pub(super) editor: Editor,
    pub(super) over: Over,
    /// One line for the user until the next key.
    pub(super) hint: Option<Hint>,
    pub(super) mentions: VecDeque<Entry>,
    pub(super) size: (u16, u16),
    /// The user's own word on the list of names.
    nicks: Option<bool>,
    past: Past,
    completion: Option<Completion>,
    pending: VecDeque<Pending>,
    asked: BTreeMap<String, Asked>,
    /// Rooms the user wants to see as soon as they are entered, and rosters they asked for.
    going: Vec<String>,
    who: Vec<String>,
    epoch: Option<String>,
    /// Where each room stood at the last welcome: up to there, names are of the past.
    replay: BTreeMap<String, u64>,
    known: Vec<String>,
    is_focused: bool,
    chord: bool,
    is_leaving: bool,
    /// Ctrl-C was pressed on an empty line: once more leaves.
    is_warned: bool,
    ping: Option<(String, Millis)>,
    measured: Millis,
    notified: Millis,
    counter: u64,
    now: Millis,
}

impl App {
    pub(super) fn new(
        nick: &Nick,
        server: &str,
        settings: ClientSettings,
        theme: Theme,
        clock: Clock,
        past: Past,
    ) -> Self {
        let room = Room::new(server, settings.scrollback);
        let nicks = match settings.nicks {
            crate::config::NickList::Auto => None,
            crate::config::NickList::On => Some(true),
            crate::config::NickList::Off => Some(false),
        };
        Self {
            me: Shown::new(nick.as_str()),
            server: Shown::new(server),
            settings,
            theme,
            clock,
            link: Link::Connecting,
            latency: None,
            rooms: vec![room],
            at: 0,
            editor: Editor::default(),
            over: Over::None,
            hint: None,
            mentions: VecDeque::new(),
            size: (80, 24),
            nicks,
            past,
            completion: None,
            pending: VecDeque::new(),
            asked: BTreeMap::new(),
            going: Vec::new(),
            who: Vec::new(),
            epoch: None,
            replay: BTreeMap::new(),
            known: Vec::new(),
            is_focused: true,
            chord: false,
            is_leaving: false,
            is_warned: false,
            ping: None,
            measured: Millis(0),
            notified: Millis(0),
            counter: 0,
            now: Millis(0),
        }
    }

    /// Takes in what happens at a time.
    pub(super) fn update(&mut self, msg: Msg, now: Millis) -> Vec<Do> {
        self.now = now;
        let mut todo = Vec::new();
        match msg {
            Msg::Key(key) => self.key(key, &mut todo),
            Msg::Paste(text) => self.pasted(&text),
            Msg::Size(width, height) => self.size = (width, height),
            Msg::Focus(is_focused) => self.is_focused = is_focused,
            Msg::Wheel { up } => self.wheel(up, &mut todo),
            Msg::Click { column, row } => self.clicked(column, row),
            Msg::Client(event) => self.client(event, &mut todo),
            Msg::Took { local, id } => self.took(local, id),
            Msg::Edited(Ok(text)) => self.editor.set(text.trim_end_matches('\n')),
            Msg::Edited(Err(why)) | Msg::Trouble(why) => self.hint(&why),
        }
        self.with_pane(Room::fill);
        if self.room().place == Place::End && self.room().is_far {
            self.room_mut().come_back();
            let name = self.room().name.clone();
            self.ask_older(&name, &mut todo);
        }
        if self.is_watched(self.at) {
            let room = self.room_mut();
            (room.unread, room.mentions) = (0, 0);
        }
        todo
    }

    /// Own lines without an answer.
    pub(super) fn unanswered(&self) -> usize {
        self.pending.len()
    }

    pub(super) fn room(&self) -> &Room {
        // There is always one: the last one is not closed.
        &self.rooms[self.at.min(self.rooms.len() - 1)]
    }

    fn room_mut(&mut self) -> &mut Room {
        let at = self.at.min(self.rooms.len() - 1);
        &mut self.rooms[at]
    }

    fn named(&mut self, name: &str) -> Option<&mut Room> {
        self.rooms.iter_mut().find(|room| *room.name == *name)
    }

    /// What the window is called.
    pub(super) fn title(&self) -> String {
        let mentions: u32 = self.rooms.iter().map(|room| room.mentions).sum();
        let unread: u32 = self.rooms.iter().map(|room| room.unread).sum();
        let news = match (mentions, unread) {
            (0, 0) => String::new(),
            (0, unread) => format!("({unread}) "),
            (mentions, _) => format!("({mentions}!) "),
        };
        format!("{news}{} - {} - chaty", self.room().name, self.me)
    }

    pub(super) fn areas(&self) -> Areas {
        let (width, height) = self.size;
        layout::areas(width, height, self.written().1.rows.len(), self.nicks)
    }

    /// What stands in the input: the prompt, and the text behind it.
    pub(super) fn written(&self) -> (String, Written) {
        let (prompt, editor) = match &self.over {
            Over::Search { words, .. } => ("search: ".to_owned(), words),
            Over::Past { words, .. } => ("sent before: ".to_owned(), words),
            Over::Name { name, .. } => ("another name: ".to_owned(), name),
            _ => (PROMPT.to_owned(), &self.editor),
        };
        let shown = written(editor.text(), editor.cursor(), self.size.0.into(), prompt.len());
        (prompt, shown)
    }

    /// Gives the room that is shown and what its rows are made with.
    fn with_pane<R>(&mut self, work: impl FnOnce(&mut Room, &Pane<'_>) -> R) -> R {
        let areas = self.areas();
        let pane = Pane {
            shape: Shape { width: areas.pane.width },
            height: areas.pane.height.into(),
            clock: &self.clock,
            signs: self.theme.signs,
        };
        let at = self.at.min(self.rooms.len() - 1);
        work(&mut self.rooms[at], &pane)
    }

    /// The user sees what comes in there.
    fn is_watched(&self, at: usize) -> bool {
        at == self.at && self.is_focused && self.room().place == Place::End
    }

    fn hint(&mut self, text: &str) {
        self.hint = Some(Hint { text: Shown::new(text), is_of_link: false });
    }

    /// … as long as it stands with the connection as it does.
    fn hint_of_link(&mut self, text: &str) {
        self.hint = Some(Hint { text: Shown::new(text), is_of_link: true });
    }

    fn note(&mut self, text: &str) {
        let now = self.now;
        self.room_mut().push(now, None, Body::Note(Shown::new(text)));
    }

    fn alert(&mut self, text: &str) {
        let now = self.now;
        self.room_mut().push(now, None, Body::Alert(Shown::new(text)));
    }

    fn fresh(&mut self) -> u64 {
        self.counter += 1;
        self.counter
    }

    /// Remembers what is asked, under an id of its own.
    fn ask(&mut self, what: Asked) -> String {
        let id = format!("ask-{}", self.fresh());
        self.asked.insert(id.clone(), what);
        id
    }

    /// Measures how long the server takes, if that is not known.
    fn measure(&mut self, todo: &mut Vec<Do>) {
        let is_due = self.now.0.saturating_sub(self.measured.0) >= MEASURE;
        if self.link == Link::Online && is_due {
            self.measured = self.now;
            let id = format!("rtt-{}", self.fresh());
            self.ping = Some((id.clone(), self.now));
            todo.push(Do::Send(ClientEvent::Ping(Ping { id: Some(id) })));
        }
    }
}
