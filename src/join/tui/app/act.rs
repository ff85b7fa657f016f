//! What keys do while nothing lies over the conversation.

use super::super::complete::{self, Completion};
use super::super::keys::{Action, action};
use super::super::place::Place;
use super::super::room::Room;
use super::over::Over;
use super::{App, Do};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Rows of one turn of the wheel.
const WHEEL: usize = 3;

impl App {
    pub(super) fn key(&mut self, key: KeyEvent, todo: &mut Vec<Do>) {
        let is_second = std::mem::take(&mut self.chord);
        let Some(action) = action(key) else { return };
        self.hint = None;
        let is_warned = std::mem::take(&mut self.is_warned);
        self.measure(todo);
        if is_second {
            // Ctrl-X Ctrl-E, as in readline.
            let is_e = key.code == KeyCode::Char('e');
            if is_e && key.modifiers.contains(KeyModifiers::CONTROL) {
                todo.push(Do::Edit(self.editor.text().to_owned()));
            }
            return;
        }
        let is_over = !matches!(self.over, Over::None);
        if is_over || !matches!(action, Action::Complete | Action::CompleteBack) {
            self.completion = None;
        }
        if is_over {
            return self.over_key(action, todo);
        }
        match action {
            Action::Insert('?') if self.editor.is_empty() => self.key_help(),
            Action::Insert(c) => self.editor.insert(c.encode_utf8(&mut [0; 4])),
            Action::Newline => self.editor.insert("\n"),
            Action::Enter => self.enter_key(todo),
            Action::Go(to) => self.editor.go(to),
            Action::Remove(to, kills) => self.editor.remove(to, kills),
            Action::Yank => self.editor.yank(),
            Action::Transpose => self.editor.transpose(),
            Action::Undo => self.editor.undo(),
            Action::Up => {
                if !self.editor.walk_line(true) {
                    self.walk_past(true);
                }
            }
            Action::Down => {
                if !self.editor.walk_line(false) {
                    self.walk_past(false);
                }
            }
            Action::Older => self.walk_past(true),
            Action::Newer => self.walk_past(false),
            Action::Complete => self.complete(1),
            Action::CompleteBack => self.complete(-1),
            Action::Interrupt if is_warned => self.leave(todo),
            Action::Interrupt if self.editor.is_empty() => {
                self.is_warned = true;
                self.hint("press Ctrl-C again to leave, or Ctrl-D");
            }
            Action::Interrupt => drop(self.editor.take()),
            Action::Leave if self.editor.is_empty() => self.leave(todo),
            Action::Leave => self.editor.remove(super::super::editor::Move::Right, false),
            Action::Edit => todo.push(Do::Edit(self.editor.text().to_owned())),
            Action::Suspend => todo.push(Do::Suspend),
            Action::Redraw => todo.push(Do::Redraw),
            Action::Chord => self.chord = true,
            Action::Nicks => {
                let is_shown = self.areas().nicks.width > 0;
                self.nicks = Some(!is_shown);
            }
            Action::Keys => self.key_help(),
            Action::Search => self.open_search(),
            Action::SearchPast => {
                self.over = Over::Past { words: super::Editor::default(), n: 0 };
            }
            Action::Mentions => self.open_mentions(),
            Action::Copy => self.open_copy(),
            Action::NextRoom => self.go((self.at + 1) % self.rooms.len()),
            Action::PreviousRoom => self.go((self.at + self.rooms.len() - 1) % self.rooms.len()),
            Action::Room(at) => self.go(at),
            Action::Active => self.go_active(),
            other => self.scroll(other, todo),
        }
    }

    /// Moves in the conversation; at its top older items are asked for.
    pub(super) fn scroll(&mut self, action: Action, todo: &mut Vec<Do>) {
        let page = usize::from(self.areas().pane.height).saturating_sub(2).max(1);
        let is_top = match action {
            Action::PageUp => self.with_pane(|room, pane| room.scroll_up(page, pane)),
            Action::RowUp => self.with_pane(|room, pane| room.scroll_up(1, pane)),
            Action::Top => {
                self.with_pane(Room::scroll_top);
                true
            }
            Action::PageDown => self.down(page),
            Action::RowDown => self.down(1),
            Action::End | Action::Escape => {
                self.room_mut().place = Place::End;
                false
            }
            Action::Unread => {
                let marker = self.room().marker;
                match marker {
                    Some(id) => self.with_pane(|room, pane| room.show(id, pane)),
                    None => self.hint("nothing here is unread"),
                }
                false
            }
            _ => false,
        };
        if is_top {
            let name = self.room().name.clone();
            self.ask_older(&name, todo);
        }
    }

    fn down(&mut self, rows: usize) -> bool {
        self.with_pane(|room, pane| room.scroll_down(rows, pane));
        false
    }

    pub(super) fn wheel(&mut self, up: bool, todo: &mut Vec<Do>) {
        if up {
            if self.with_pane(|room, pane| room.scroll_up(WHEEL, pane)) {
                let name = self.room().name.clone();
                self.ask_older(&name, todo);
            }
        } else {
            self.down(WHEEL);
        }
    }

    /// A click on a room in the status row goes there.
    pub(super) fn clicked(&mut self, column: u16, row: u16) {
        if row != self.areas().status.y {
            return;
        }
        let mut from = 1;
        for (at, tab) in self.tabs().iter().enumerate() {
            let to = from + unicode_width::UnicodeWidthStr::width(tab.as_str()) + 1;
            if (from..to).contains(&usize::from(column)) {
                return self.go(at);
            }
            from = to;
        }
    }

    /// The rooms as the status row has them: their number, and what is unread.
    pub(in crate::join::tui) fn tabs(&self) -> Vec<String> {
        let tab = |(at, room): (usize, &Room)| {
            let news = match (room.mentions, room.unread) {
                (0, 0) => String::new(),
                (0, unread) => format!("({unread})"),
                (mentions, unread) => format!("({unread}, {mentions}!)"),
            };
            format!("{}:{}{news}", at + 1, room.name)
        };
        self.rooms.iter().enumerate().map(tab).collect()
    }

    fn go_active(&mut self) {
        let urgency = |room: &Room| (room.mentions > 0, room.unread > 0);
        let best = (0..self.rooms.len())
            .filter(|at| *at != self.at && urgency(&self.rooms[*at]) > (false, false))
            .max_by_key(|at| (urgency(&self.rooms[*at]), std::cmp::Reverse(*at)));
        match best {
            Some(at) => self.go(at),
            None => self.hint("nothing is new in the other rooms"),
        }
    }

    fn walk_past(&mut self, older: bool) {
        let shown = self.editor.text().to_owned();
        let line = if older { self.past.older(&shown) } else { self.past.newer() };
        if let Some(line) = line {
            self.editor.set(&line);
        }
    }

    /// The next choice, or the one before, in the place of the word at the cursor.
    fn complete(&mut self, step: isize) {
        let completion = match self.completion.take() {
            Some(Completion { choices, at, .. }) => {
                let replaces = choices.get(at).map_or(0, String::len);
                let last = choices.len() - 1;
                let at = match step {
                    1 if at == last => 0,
                    1 => at + 1,
                    _ => at.checked_sub(1).unwrap_or(last),
                };
                Some(Completion { replaces, choices, at })
            }
            None => complete::choices(self.editor.before(), &self.names(), &self.room_names()),
        };
        let Some(completion) = completion else { return };
        if let Some(choice) = completion.choices.get(completion.at) {
            self.editor.replace_before(completion.replaces, choice);
        }
        if completion.choices.len() > 1 {
            let choices = completion.choices.iter().enumerate().map(|(n, choice)| {
                let choice = choice.trim_end_matches([' ', ':']);
                if n == completion.at { format!("[{choice}]") } else { choice.to_owned() }
            });
            self.hint(&choices.collect::<Vec<_>>().join(" "));
            self.completion = Some(completion);
        }
    }

    /// Everybody here but the user, those who spoke last first.
    fn names(&self) -> Vec<String> {
        let room = self.room();
        let spoke = room.speakers.iter().map(ToString::to_string);
        let rest = room.members.values().map(|member| member.name.to_string());
        let mut names: Vec<String> = Vec::new();
        for name in spoke.chain(rest) {
            if !names.contains(&name) && name != *self.me {
                names.push(name);
            }
        }
        names
    }

    fn room_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.rooms.iter().map(|room| room.name.to_string()).collect();
        names.extend(
            self.known.iter().filter(|name| !names.contains(name)).cloned().collect::<Vec<_>>(),
        );
        names
    }
}
