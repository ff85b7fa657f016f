//! What the user enters: texts to say, commands, a paste of several lines.

use super::super::item::{Body, How, Part, Said, State};
use super::super::keys::TABLE;
use super::super::room::said;
use super::super::theme::Look;
use super::over::Over;
use super::{App, Asked, Do, Link, Pending, WAITING};
use crate::wire::command::{self, COMMANDS, Command, Typed};
use crate::wire::entry::Kind;
use crate::wire::limits;
use crate::wire::native::{
    AskHistory, AskRooms, Bots, ClientEvent, JoinRoom, PartRoom, Say, SetNick, SetTopic, Who, Why,
};
use crate::wire::shown::Shown;

/// A tab of a paste: four cells, as most editors show them.
const TAB: &str = "    ";

impl App {
    /// Enter: what is written goes out.
    pub(super) fn enter_key(&mut self, todo: &mut Vec<Do>) {
        let text = self.editor.text().to_owned();
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        let Some(first) = lines.first() else {
            self.editor.take();
            if matches!(self.link, Link::Offline { .. }) {
                todo.push(Do::Retry);
            }
            return;
        };
        if self.pending.len() + lines.len() > WAITING {
            return self.hint("too many lines wait for the server; nothing was sent");
        }
        self.editor.take();
        self.completion = None;
        if self.past.sent(&text) && self.settings.remember {
            todo.push(Do::Remember(text.clone()));
        }
        if lines.len() > 1 {
            // None of several lines is a command: a paste must not be able to do things.
            for line in lines {
                self.say(line, false, todo);
            }
            return;
        }
        match command::parse(first) {
            Typed::Text(text) => self.say(text, false, todo),
            Typed::Wrong(why) => {
                self.hint(&why);
                // To be changed.
                self.editor.set(&text);
            }
            Typed::Command(command) => self.command(&command, &text, todo),
        }
    }

    /// A paste: one line goes into the text, several are shown first.
    pub(super) fn pasted(&mut self, text: &str) {
        let text = text.replace("\r\n", "\n").replace('\r', "\n").replace('\t', TAB);
        let text = text.trim_end_matches('\n');
        let lines: Vec<String> =
            text.split('\n').map(|line| Shown::new(line).to_string()).collect();
        if let Over::Page { .. } | Over::List { .. } | Over::Copy { .. } = self.over {
            // Goes where letters go.
            self.over = Over::None;
        }
        match &mut self.over {
            Over::None if lines.len() > 1 => self.over = Over::Paste { lines, top: 0 },
            Over::Search { words, .. } | Over::Past { words, .. } => words.insert(&lines.join(" ")),
            Over::Name { name, .. } => name.insert(&lines.join("")),
            _ => self.editor.insert(&lines.join("\n")),
        }
    }

    pub(super) fn say(&mut self, text: &str, emote: bool, todo: &mut Vec<Do>) {
        let how = if emote { How::Emote } else { How::Plain };
        let (local, room) = self.hold(text, how);
        let room = Some(room.to_string());
        let say = Say { room, text: text.to_owned(), emote, ..Say::default() };
        todo.push(Do::Say { local, say });
    }

    /// Shows an own line that waits for its answer.
    fn hold(&mut self, text: &str, how: How) -> (u64, Shown) {
        let local = self.fresh();
        // As it was typed: given back, it must not be said to everybody.
        let typed = match &how {
            How::Emote => format!("/me {text}"),
            How::WhisperTo(to) => format!("/msg {to} {text}"),
            _ if text.starts_with('/') => format!("/{text}"),
            _ => text.to_owned(),
        };
        let body = Body::Said(Said {
            is_own: true,
            state: State::Pending,
            ..said(&self.me, Kind::User, text, how)
        });
        let now = self.now;
        let room = self.room_mut();
        room.place = super::Place::End;
        let (item, name) = (room.push(now, None, body), room.name.clone());
        let pending = Pending { local, id: None, room: name.clone(), item, typed, since: now };
        self.pending.push_back(pending);
        if self.link != Link::Online {
            self.hint_of_link("not connected: it will be sent as soon as that changes");
        }
        (local, name)
    }

    fn command(&mut self, command: &Command<'_>, typed: &str, todo: &mut Vec<Do>) {
        match command {
            Command::Help => self.help(),
            Command::Quit => self.leave(todo),
            Command::Me(text) => self.say(text, true, todo),
            Command::Msg { to, text } => {
                let (local, _) = self.hold(text, How::WhisperTo(Shown::new(to)));
                todo.push(Do::Whisper { local, to: (*to).into(), text: (*text).into() });
            }
            Command::Join(room) => {
                if let Some(at) = self.rooms.iter().position(|open| *open.name == *room.as_str())
                    && self.replay.contains_key(room.as_str())
                {
                    return self.go(at);
                }
                if self.link != Link::Online {
                    return self.ask_later(typed);
                }
                let room = room.to_string();
                self.going.push(room.clone());
                let join = JoinRoom { room, ..JoinRoom::default() };
                todo.push(Do::Send(ClientEvent::Join(join)));
            }
            // A question whose answer this side has.
            Command::Topic(None) => {
                let room = self.room();
                let text = match &room.topic {
                    Some(topic) => format!("{}: {topic}", room.name),
                    None => format!("{} has no topic; /topic TEXT sets one", room.name),
                };
                self.note(&text);
            }
            _ if self.link != Link::Online => self.ask_later(typed),
            question => {
                let here = self.room().name.to_string();
                let event = self.event(question, here);
                todo.push(Do::Send(event));
            }
        }
    }

    /// The event of a command that is one question to the server, about the room that is shown.
    fn event(&mut self, command: &Command<'_>, here: String) -> ClientEvent {
        let room = Some(here.clone());
        match command {
            Command::Part(named) => {
                let room = named.as_ref().map_or(here, ToString::to_string);
                ClientEvent::Part(PartRoom { id: None, room })
            }
            Command::Topic(topic) => {
                let topic = topic.filter(|topic| *topic != "-").unwrap_or_default();
                ClientEvent::Topic(SetTopic { id: None, room, topic: topic.to_owned() })
            }
            Command::Search(words) => {
                let id = Some(self.ask(Asked::Listed(format!("search: {words}"))));
                let search = Some((*words).to_owned());
                let limit = Some(limits::HISTORY);
                ClientEvent::History(AskHistory { id, room, search, limit, before: None })
            }
            Command::History(lines) => {
                let id = Some(self.ask(Asked::Listed(format!("the last lines of {here}"))));
                let limit = Some((*lines).clamp(1, limits::HISTORY));
                ClientEvent::History(AskHistory { id, room, limit, ..AskHistory::default() })
            }
            Command::Nick(nick) => ClientEvent::Nick(SetNick { nick: (*nick).to_owned() }),
            Command::Bots => ClientEvent::Bots(Bots {}),
            Command::Why(seq) => ClientEvent::Why(Why { room, seq: *seq }),
            Command::Who => {
                self.who.push(here);
                ClientEvent::Who(Who { room })
            }
            _ => ClientEvent::Rooms(AskRooms::default()),
        }
    }

    /// Questions are not kept: by the time they could be answered they are old.
    fn ask_later(&mut self, typed: &str) {
        self.hint_of_link("not connected at the moment; ask again later");
        self.editor.set(typed);
    }

    /// The user goes; told twice, at once.
    pub(super) fn leave(&mut self, todo: &mut Vec<Do>) {
        if std::mem::replace(&mut self.is_leaving, true) {
            todo.push(Do::End(crate::client::Closed::Quit));
        } else {
            self.hint("leaving …");
            todo.push(Do::Quit);
        }
    }

    fn help(&mut self) {
        let commands = COMMANDS.iter().chain([&("//TEXT", "say a text that begins with /")]);
        self.page("commands", commands.copied());
    }

    pub(super) fn key_help(&mut self) {
        self.page("keys", TABLE.iter().copied());
    }

    fn page(
        &mut self,
        title: &str,
        lines: impl Iterator<Item = (&'static str, &'static str)> + Clone,
    ) {
        let width = lines.clone().map(|(left, _)| left.len()).max().unwrap_or_default();
        let line = |(left, right): (&str, &str)| {
            vec![Part::new(&format!("{left:width$}  "), Look::Own), Part::new(right, Look::Plain)]
        };
        let lines = lines.map(line).collect();
        self.over = Over::Page { title: title.to_owned(), lines, top: 0 };
    }
}
