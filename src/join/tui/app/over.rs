//! What lies over the conversation or takes the input's place: help, lists, a paste, a search, a
//! choice of lines, the question for another name; and what keys do there.

use super::super::editor::Editor;
use super::super::item::Part;
use super::super::keys::Action;
use super::super::wrap::links;
use super::{App, Asked, Do, Link, Place};
use crate::wire::entry::Millis;
use crate::wire::limits;
use crate::wire::native::{AskHistory, ClientEvent};
use crate::wire::nick::Nick;
use crate::wire::shown::Shown;

/// What has the keys.
#[derive(Debug, Default)]
pub(in crate::join::tui) enum Over {
    #[default]
    None,
    /// Something to read.
    Page { title: String, lines: Vec<Vec<Part>>, top: usize },
    /// Lines to go to.
    List { title: String, entries: Vec<Entry>, at: usize },
    /// Several lines that were pasted and not sent yet.
    Paste { lines: Vec<String>, top: usize },
    /// Words to find here, and the item that was found.
    Search { words: Editor, found: Option<u64> },
    /// Words to find in what was sent before, and the how manieth is shown.
    Past { words: Editor, n: usize },
    /// The item to copy.
    Copy { item: u64 },
    /// The server did not take the name.
    Name { name: Editor, why: Shown },
}

/// A line of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::join::tui) struct Entry {
    pub(in crate::join::tui) room: Shown,
    pub(in crate::join::tui) seq: Option<u64>,
    pub(in crate::join::tui) at: Millis,
    pub(in crate::join::tui) who: Shown,
    pub(in crate::join::tui) text: Shown,
}

impl App {
    /// A key while something lies over the conversation.
    pub(super) fn over_key(&mut self, action: Action, todo: &mut Vec<Do>) {
        match action {
            Action::Suspend => return todo.push(Do::Suspend),
            Action::Redraw => return todo.push(Do::Redraw),
            _ => {}
        }
        match std::mem::take(&mut self.over) {
            Over::None => {}
            Over::Page { title, lines, top } => self.page_key(action, title, lines, top),
            Over::List { title, entries, at } => self.list_key(action, title, entries, at, todo),
            Over::Paste { lines, top } => self.paste_key(action, lines, top, todo),
            Over::Search { words, found } => self.search_key(action, words, found, todo),
            Over::Past { words, n } => self.past_key(action, words, n, todo),
            Over::Copy { item } => self.copy_key(action, item, todo),
            Over::Name { name, why } => self.name_key(action, name, why, todo),
        }
    }

    /// The conversation is seen again. Whoever wrote on, with or without having seen what lay over
    /// it, loses no letter: a `/msg` without its `/` would be said to everybody.
    fn go_back(&mut self, action: Action) {
        if let Action::Insert(_) = action {
            write(&mut self.editor, action);
        }
    }

    fn rows(&self) -> usize {
        usize::from(self.areas().pane.height).saturating_sub(2).max(1)
    }

    fn page_key(&mut self, action: Action, title: String, lines: Vec<Vec<Part>>, top: usize) {
        let last = lines.len().saturating_sub(self.rows());
        let top = match action {
            Action::Up | Action::RowUp | Action::Older => top.saturating_sub(1),
            Action::Down | Action::RowDown | Action::Newer => top + 1,
            Action::PageUp => top.saturating_sub(self.rows()),
            Action::PageDown => top + self.rows(),
            Action::Top => 0,
            Action::End => last,
            other => return self.go_back(other),
        };
        self.over = Over::Page { title, lines, top: top.min(last) };
    }

    /// Shows lines to go to, the first of them chosen, or the last.
    pub(super) fn list(&mut self, title: &str, entries: Vec<Entry>, is_last: bool) {
        let at = if is_last { entries.len().saturating_sub(1) } else { 0 };
        self.over = Over::List { title: title.to_owned(), entries, at };
    }

    pub(super) fn open_mentions(&mut self) {
        if self.mentions.is_empty() {
            return self.hint("nobody has called you yet");
        }
        let mentions = self.mentions.iter().cloned().collect();
        self.list("mentions and whispers", mentions, false);
    }

    fn list_key(
        &mut self,
        action: Action,
        title: String,
        entries: Vec<Entry>,
        at: usize,
        todo: &mut Vec<Do>,
    ) {
        let last = entries.len().saturating_sub(1);
        let at = match action {
            Action::Up | Action::RowUp | Action::Older => at.saturating_sub(1),
            Action::Down | Action::RowDown | Action::Newer => at + 1,
            Action::PageUp => at.saturating_sub(self.rows()),
            Action::PageDown => at + self.rows(),
            Action::Top => 0,
            Action::End => last,
            Action::Enter => {
                if let Some(entry) = entries.get(at) {
                    self.go_to(entry, todo);
                }
                return;
            }
            other => return self.go_back(other),
        };
        self.over = Over::List { title, entries, at: at.min(last) };
    }

    /// Goes to where a line of a list is; what is not held is asked for.
    fn go_to(&mut self, entry: &Entry, todo: &mut Vec<Do>) {
        let Some(at) = self.rooms.iter().position(|room| room.name == entry.room) else {
            return self.hint("you are not in that room any more");
        };
        self.go(at);
        let Some(seq) = entry.seq else {
            // A whisper has no place in the order: it is found by what it says.
            let room = self.room();
            let found = room.find(&entry.text, room.items.len(), true);
            if let Some(id) = found {
                self.with_pane(|room, pane| room.show(id, pane));
            }
            return;
        };
        let room = self.room_mut();
        if room.oldest.is_some_and(|oldest| oldest > seq) && room.has_more {
            room.seek = Some(seq);
            let name = room.name.clone();
            self.hint_of_link("fetching the lines around it …");
            return self.ask_older(&name, todo);
        }
        if let Some(id) = room.at_seq(seq) {
            self.with_pane(|room, pane| room.show(id, pane));
        }
    }

    fn paste_key(&mut self, action: Action, lines: Vec<String>, top: usize, todo: &mut Vec<Do>) {
        let last = lines.len().saturating_sub(self.rows());
        let top = match action {
            Action::Enter => {
                let draft = self.editor.take();
                self.editor.set(&lines.join("\n"));
                self.enter_key(todo);
                if self.editor.is_empty() {
                    self.editor.set(&draft);
                }
                return;
            }
            Action::Insert('e' | 'i') => return self.editor.insert(&lines.join("\n")),
            Action::Escape | Action::Interrupt | Action::Leave => {
                return self.hint("the paste was thrown away");
            }
            Action::Up | Action::RowUp => top.saturating_sub(1),
            Action::Down | Action::RowDown => top + 1,
            Action::PageUp => top.saturating_sub(self.rows()),
            Action::PageDown => top + self.rows(),
            _ => top,
        };
        self.over = Over::Paste { lines, top: top.min(last) };
    }

    pub(super) fn open_search(&mut self) {
        self.over = Over::Search { words: Editor::default(), found: None };
    }

    fn search_key(
        &mut self,
        action: Action,
        mut words: Editor,
        found: Option<u64>,
        todo: &mut Vec<Do>,
    ) {
        let step = match action {
            Action::Escape | Action::Interrupt => {
                self.room_mut().place = Place::End;
                return;
            }
            // Leaves the place where it is.
            Action::Leave | Action::Complete => return,
            Action::Search => return self.search_server(words.text().trim(), todo),
            Action::Enter | Action::Up | Action::Older | Action::SearchPast => Some(true),
            Action::Down | Action::Newer => Some(false),
            other => {
                write(&mut words, other);
                None
            }
        };
        let room = self.room();
        let from = found.and_then(|id| room.index(id));
        let (from, older) = match step {
            None => (from.map_or(room.items.len(), |at| at + 1), true),
            Some(older) => (from.unwrap_or(room.items.len()), older),
        };
        let next = room.find(words.text().trim(), from, older);
        let next = match (next, step) {
            (None, Some(true)) => {
                self.hint("no older line has it; Ctrl-S asks the server");
                found
            }
            (None, Some(false)) => {
                self.hint("no newer line has it");
                found
            }
            (None, None) => {
                if !words.is_empty() {
                    self.hint("not found here; Ctrl-S asks the server");
                }
                None
            }
            (found, _) => found,
        };
        if let Some(id) = next {
            self.with_pane(|room, pane| room.show(id, pane));
        }
        self.over = Over::Search { words, found: next };
    }

    /// Looks through the server's history of the room.
    fn search_server(&mut self, words: &str, todo: &mut Vec<Do>) {
        if words.is_empty() {
            return self.hint("search for what?");
        }
        if self.link != Link::Online {
            return self.hint_of_link("not connected at the moment; ask again later");
        }
        let id = Some(self.ask(Asked::Listed(format!("search: {words}"))));
        let (room, search) = (Some(self.room().name.to_string()), Some(words.to_owned()));
        let limit = Some(limits::HISTORY);
        self.hint_of_link("asking the server …");
        let ask = AskHistory { id, room, before: None, limit, search };
        todo.push(Do::Send(ClientEvent::History(ask)));
    }

    fn past_key(&mut self, action: Action, mut words: Editor, n: usize, todo: &mut Vec<Do>) {
        let n = match action {
            Action::Escape | Action::Interrupt => return,
            Action::Enter | Action::Complete | Action::Go(_) => {
                if let Some(line) = self.past.find(words.text(), n).map(ToOwned::to_owned) {
                    self.editor.set(&line);
                }
                if action == Action::Enter {
                    self.enter_key(todo);
                }
                return;
            }
            Action::SearchPast | Action::Up | Action::Older => n + 1,
            Action::Down | Action::Newer => n.saturating_sub(1),
            other => {
                write(&mut words, other);
                0
            }
        };
        let is_there = self.past.find(words.text(), n).is_some();
        self.over = Over::Past { words, n: if is_there { n } else { n.saturating_sub(1) } };
    }

    /// What Ctrl-R has found.
    pub(in crate::join::tui) fn past_found(&self) -> Option<&str> {
        match &self.over {
            Over::Past { words, n } if !words.is_empty() => self.past.find(words.text(), *n),
            _ => None,
        }
    }

    pub(super) fn open_copy(&mut self) {
        let shown = self.with_pane(|room, pane| room.visible(pane));
        match shown.rows.last() {
            Some((item, _)) => self.over = Over::Copy { item: *item },
            None => self.hint("there is nothing to copy"),
        }
    }

    fn copy_key(&mut self, action: Action, item: u64, todo: &mut Vec<Do>) {
        let room = self.room();
        let Some(index) = room.index(item) else { return };
        let step = match action {
            Action::Up | Action::RowUp | Action::Older => index.checked_sub(1).unwrap_or(index),
            Action::Down | Action::RowDown | Action::Newer => {
                (index + 1).min(room.items.len().saturating_sub(1))
            }
            Action::Enter | Action::Insert('y' | 'c') => {
                let text = room.items.get(index).map(super::super::item::Item::plain);
                todo.extend(text.map(Do::Copy));
                return self.hint("copied");
            }
            Action::Insert('l' | 'o') => {
                let text = room.items.get(index).map(super::super::item::Item::plain);
                let link = text.and_then(|text| links(&text).into_iter().next());
                self.hint(if link.is_some() { "link copied" } else { "there is no link in it" });
                todo.extend(link.map(Do::Copy));
                return;
            }
            other => return self.go_back(other),
        };
        let Some(item) = self.room().items.get(step).map(|item| item.id) else { return };
        self.with_pane(|room, pane| {
            let shown = room.visible(pane);
            if !shown.rows.iter().any(|(id, _)| *id == item) {
                room.show(item, pane);
            }
        });
        self.over = Over::Copy { item };
    }

    /// The user is asked for another name.
    pub(in crate::join::tui) fn asks_name(&self) -> bool {
        matches!(self.over, Over::Name { .. })
    }

    pub(super) fn ask_name(&mut self, why: &str) {
        let mut name = Editor::default();
        name.insert(&self.me);
        self.over = Over::Name { name, why: Shown::new(why) };
    }

    fn name_key(&mut self, action: Action, mut name: Editor, why: Shown, todo: &mut Vec<Do>) {
        let why = match action {
            Action::Interrupt | Action::Escape => {
                return todo.push(Do::End(crate::client::Closed::Quit));
            }
            Action::Leave if name.is_empty() => {
                return todo.push(Do::End(crate::client::Closed::Quit));
            }
            Action::Enter => match Nick::parse(name.text().trim().as_bytes()) {
                Ok(nick) => {
                    self.me = Shown::new(nick.as_str());
                    todo.push(Do::Connect(nick));
                    Shown::new("asking the server …")
                }
                Err(error) => Shown::new(&error.to_string()),
            },
            other => {
                write(&mut name, other);
                why
            }
        };
        self.over = Over::Name { name, why };
    }
}

/// Writes in a line of its own: the search's words, a name.
fn write(editor: &mut Editor, action: Action) {
    match action {
        Action::Insert(c) => editor.insert(c.encode_utf8(&mut [0; 4])),
        Action::Go(to) => editor.go(to),
        Action::Remove(to, kills) => editor.remove(to, kills),
        Action::Yank => editor.yank(),
        Action::Undo => editor.undo(),
        Action::Leave => editor.remove(super::super::editor::Move::Right, false),
        _ => {}
    }
}
