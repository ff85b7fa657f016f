//! The chat on a stage of its own: what a test says to it, and what it sees of it.

use super::super::super::clock::Clock;
use super::super::item::Item;
use super::super::past::Past;
use super::super::theme::Theme;
use super::{App, Do, Msg};
use crate::client::Event;
use crate::config::{ClientSettings, Colours, Theme as ThemeName};
use crate::wire::entry::Millis;
use crate::wire::native::{AskHistory, ClientEvent, Decoded, ServerEvent, decode_server};
use crate::wire::nick::Nick;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::time::Duration;

/// 2026-11-23, 16:40 UTC.
pub(in crate::join::tui) const AT: u64 = 1_795_452_000_000;

/// A chat to play with.
pub(in crate::join::tui) struct Stage {
    pub(in crate::join::tui) app: App,
    pub(in crate::join::tui) now: u64,
}

/// Somebody called Neo, who is not connected yet.
pub(in crate::join::tui) fn stage() -> Stage {
    let theme = Theme::detect(ThemeName::Dark, Colours::Sixteen, |_| None);
    let settings = ClientSettings::default();
    let nick = Nick::parse(b"Neo").unwrap();
    let app = App::new(&nick, "h:1", settings, theme, Clock::utc(), Past::default());
    Stage { app, now: AT }
}

/// … and who is in `#lobby`, with so many entries before.
pub(in crate::join::tui) fn joined(seq: u64) -> Stage {
    let mut stage = stage();
    stage.online(seq, true);
    stage
}

impl Stage {
    pub(in crate::join::tui) fn does(&mut self, msg: Msg) -> Vec<Do> {
        self.app.update(msg, Millis(self.now))
    }

    pub(in crate::join::tui) fn online(&mut self, seq: u64, first: bool) -> Vec<Do> {
        let line = format!(
            r##"{{"welcome":{{"v":1,"server":"t","nick":"Neo","epoch":"e","rooms":[{{"room":"#lobby","seq":{seq},"members":2,"topic":"tea"}}],"limits":{{"text":4096,"line":16384,"ping_secs":30,"dead_secs":90}},"text":"welcome"}}}}"##
        );
        let Ok(Decoded::Event(ServerEvent::Welcome(welcome))) = decode_server(line.as_bytes())
        else {
            panic!("{line}")
        };
        let nick = Nick::parse(b"Neo").unwrap();
        self.does(Msg::Client(Event::Online { nick, welcome, first }))
    }

    pub(in crate::join::tui) fn offline(&mut self) -> Vec<Do> {
        let retry_in = Duration::from_secs(1);
        self.does(Msg::Client(Event::Offline { why: "gone".into(), retry_in }))
    }

    /// The server says this.
    #[track_caller]
    pub(in crate::join::tui) fn hears(&mut self, line: &str) -> Vec<Do> {
        let line = line.replace("AT", &self.now.to_string());
        match decode_server(line.as_bytes()).unwrap() {
            Decoded::Event(event) => self.does(Msg::Client(Event::Server(event))),
            Decoded::Unknown(name) => panic!("{name}"),
        }
    }

    #[track_caller]
    pub(in crate::join::tui) fn chat(&mut self, room: &str, seq: u64, text: &str) -> Vec<Do> {
        let text = serde_json::to_string(text).unwrap();
        self.hears(&format!(
            r#"{{"chat":{{"room":"{room}","seq":{seq},"at":AT,"from":"Trin","text":{text}}}}}"#
        ))
    }

    /// In one more room.
    pub(in crate::join::tui) fn enters(&mut self, room: &str, seq: u64) -> Vec<Do> {
        self.hears(&format!(r#"{{"entered":{{"room":"{room}","seq":{seq},"members":1}}}}"#))
    }

    pub(in crate::join::tui) fn key(&mut self, code: KeyCode, modifiers: KeyModifiers) -> Vec<Do> {
        self.does(Msg::Key(KeyEvent::new(code, modifiers)))
    }

    pub(in crate::join::tui) fn ctrl(&mut self, c: char) -> Vec<Do> {
        self.key(KeyCode::Char(c), KeyModifiers::CONTROL)
    }

    pub(in crate::join::tui) fn alt(&mut self, c: char) -> Vec<Do> {
        self.key(KeyCode::Char(c), KeyModifiers::ALT)
    }

    pub(in crate::join::tui) fn press(&mut self, code: KeyCode) -> Vec<Do> {
        self.key(code, KeyModifiers::NONE)
    }

    /// Types letters.
    pub(in crate::join::tui) fn types(&mut self, text: &str) -> Vec<Do> {
        text.chars().flat_map(|c| self.press(KeyCode::Char(c))).collect()
    }

    /// Types a line and enters it.
    pub(in crate::join::tui) fn enters_line(&mut self, text: &str) -> Vec<Do> {
        self.types(text);
        let mut todo = self.press(KeyCode::Enter);
        todo.retain(|act| !matches!(act, Do::Remember(_)));
        todo
    }

    pub(in crate::join::tui) fn texts(&self) -> Vec<String> {
        self.app.room().items.iter().map(Item::plain).collect()
    }

    pub(in crate::join::tui) fn last(&self) -> String {
        self.texts().pop().unwrap_or_default()
    }

    pub(in crate::join::tui) fn hinted(&self) -> &str {
        self.app.hint.as_ref().map_or("", |hint| &hint.text)
    }

    /// The question for a room's past, and its id.
    #[track_caller]
    pub(in crate::join::tui) fn asked(todo: &[Do]) -> AskHistory {
        let asked = todo.iter().find_map(|act| match act {
            Do::Send(ClientEvent::History(ask)) => Some(ask.clone()),
            _ => None,
        });
        asked.unwrap_or_else(|| panic!("nothing is asked: {todo:?}"))
    }
}
