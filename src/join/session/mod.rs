//! What the user of a room sees and what their lines ask for: client events and typed lines in,
//! styled lines and requests out. Knows no terminal and no socket.

mod words;

use super::clock::Clock;
use super::show::Show;
use super::style::{Line, Style};
use crate::client::Event;
use crate::wire::command::{self, Command, Typed};
use crate::wire::entry::{MessageId, Millis};
use crate::wire::limits;
use crate::wire::native::{
    Ack, AskHistory, AskRooms, Bots, ClientEvent, JoinRoom, PartRoom, Refused, Say, ServerEvent,
    SetNick, SetTopic, Welcome, Who, Why,
};
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;
use words::{about, help};

/// A room's names are asked for unseen only up to so many: completion in a crowd is not worth a
/// roster of thousands. The server folds joins above the same number.
const CROWD: usize = 256;

/// Failed attempts in a row that are told one by one; after them only the success is.
const TOLD_ATTEMPTS: u32 = 5;

/// When the user's own lines are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Echo {
    /// At once: the prompt has taken the typed line away.
    AtOnce,
    /// When they have their place in the room's order.
    AtAck,
    /// Never: the terminal itself has shown what was typed.
    Never,
}

/// One person's stay in the room.
#[derive(Debug)]
pub(super) struct Session {
    show: Show,
    echo: Echo,
    online: bool,
    /// Attempts that have failed since the connection was lost.
    attempts: u32,
    /// Where each room stood at the last welcome: what is older was missed.
    replay: u64,
    /// The heading over what was missed is still to be shown.
    missed: bool,
    /// The rooms the user is in; what is said goes to the last of them that was gone to.
    rooms: Vec<String>,
    /// Everybody seen here, for completion; at most [`CROWD`].
    names: BTreeSet<String>,
    /// Own messages without an answer, oldest first. The client bounds them.
    unacked: VecDeque<(MessageId, Do)>,
    /// Some of them were waiting while there was no connection.
    held: usize,
}

/// What is to be done for the user.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Do {
    Say(Say),
    Whisper {
        to: String,
        text: String,
    },
    Send(ClientEvent),
    /// Connect at once.
    Retry,
    Quit,
}

/// What came of an event or of a typed line.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Outcome {
    pub(super) lines: Vec<Line>,
    pub(super) act: Option<Do>,
}

impl From<Vec<Line>> for Outcome {
    fn from(lines: Vec<Line>) -> Self {
        Self { lines, act: None }
    }
}

impl From<Do> for Outcome {
    fn from(act: Do) -> Self {
        Self { lines: Vec::new(), act: Some(act) }
    }
}

impl Session {
    pub(super) fn new(own: &Nick, echo: Echo, clock: Clock, now: Millis) -> Self {
        Self {
            show: Show::new(own.to_string(), clock, now),
            echo,
            online: false,
            attempts: 0,
            replay: 0,
            missed: false,
            rooms: Vec::new(),
            names: BTreeSet::new(),
            unacked: VecDeque::new(),
            held: 0,
        }
    }

    /// Everybody seen here.
    pub(super) fn names(&self) -> &BTreeSet<String> {
        &self.names
    }

    /// Own messages the server has not answered yet.
    pub(super) fn unacked(&self) -> usize {
        self.unacked.len()
    }

    /// Something came from the client.
    pub(super) fn event(&mut self, event: Event) -> Outcome {
        match event {
            Event::Online { nick, welcome, first } => self.came_online(&nick, &welcome, first),
            Event::Offline { why, retry_in } => self.went_offline(&why, retry_in).into(),
            Event::Server(event) => {
                let lines = self.server(&event);
                self.elsewhere(&event, lines).into()
            }
            Event::Closed { .. } => Outcome::default(),
        }
    }

    /// The user entered a line.
    pub(super) fn typed(&mut self, line: &str) -> Outcome {
        if line.trim().is_empty() {
            return Outcome { lines: Vec::new(), act: (!self.online).then_some(Do::Retry) };
        }
        match command::parse(line) {
            Typed::Text(text) => self.say(text, false),
            Typed::Wrong(why) => vec![Line::alert(crate::wire::text::scrub(&why))].into(),
            Typed::Command(command) => self.command(&command),
        }
    }

    /// The client took what the user said, under this id.
    pub(super) fn took(&mut self, id: MessageId, act: Do, now: Millis) -> Vec<Line> {
        let mut lines = match self.echo {
            Echo::AtOnce => self.own_line(&act, now),
            Echo::AtAck | Echo::Never => Vec::new(),
        };
        self.unacked.push_back((id, act));
        if !self.online {
            self.held += 1;
            lines.push(Line::note("not connected: it will be sent as soon as that changes"));
        }
        lines
    }

    fn came_online(&mut self, nick: &Nick, welcome: &Welcome<'_>, first: bool) -> Outcome {
        self.online = true;
        self.attempts = 0;
        self.show.own = nick.to_string();
        let room = welcome.rooms.first();
        let name = room.map_or_else(|| RoomName::lobby().to_string(), |room| room.room.to_string());
        // The others of a lost connection are entered again behind the welcome.
        if !self.rooms.contains(&name) {
            self.rooms.push(name.clone());
        }
        self.replay = room.map_or(0, |state| state.seq);
        self.missed = !first;
        let lines = if first {
            let hint = "/help lists the commands, /quit leaves";
            vec![Line::note(&welcome.text), Line::note(format!("you are {nick} in {name}; {hint}"))]
        } else {
            vec![Line::note("connected again")]
        };
        let is_small = room.is_some_and(|state| state.members <= CROWD);
        let who = ClientEvent::Who(Who { room: Some(name) });
        Outcome { lines, act: (first && is_small).then_some(Do::Send(who)) }
    }

    fn went_offline(&mut self, why: &str, retry_in: Duration) -> Vec<Line> {
        let was_online = std::mem::replace(&mut self.online, false);
        self.attempts = self.attempts.saturating_add(1);
        if was_online {
            self.held = self.unacked.len();
        }
        let head = if was_online { "" } else { "still not connected: " };
        let next = match self.attempts {
            0..=TOLD_ATTEMPTS => format!("trying again in {}", about(retry_in)),
            n if n == TOLD_ATTEMPTS + 1 => "trying on twice a minute, at once with Enter".into(),
            _ => return Vec::new(),
        };
        vec![Line::alert(format!("{head}{why}; {next}"))]
    }

    fn server(&mut self, event: &ServerEvent<'_>) -> Vec<Line> {
        use ServerEvent as E;
        self.note_names(event);
        match event {
            E::Ack(ack) => self.acked(ack),
            E::Refused(refused) => self.refused(refused),
            // A replayed one is of an earlier connection: this one's name is the welcome's.
            E::Rename(e) if *e.from == *self.show.own && e.seq > self.replay => {
                self.show.own = e.to.clone().into_owned();
                vec![Line::note(format!("you are now known as {}", e.to))]
            }
            // The user's own ghost coming and going.
            E::Join(e) | E::Leave(e) if *e.who == *self.show.own => Vec::new(),
            E::Chat(e) => self.maybe_missed(e.seq, event),
            E::Join(e) | E::Leave(e) => self.maybe_missed(e.seq, event),
            E::Entered(e) => {
                let is_again = self.rooms.iter().any(|room| **room == *e.state.room);
                if is_again {
                    return Vec::new();
                }
                self.rooms.push(e.state.room.to_string());
                self.show.event(event)
            }
            E::Parted(e) => {
                self.rooms.retain(|room| **room != *e.room);
                let mut lines = self.show.event(event);
                lines.extend(self.here().map(|here| Line::note(format!("you are in {here}"))));
                lines
            }
            _ => self.show.event(event),
        }
    }

    /// Leads lines of another room than the one the user speaks in by its name.
    fn elsewhere(&self, event: &ServerEvent<'_>, lines: Vec<Line>) -> Vec<Line> {
        use ServerEvent as E;
        let room = match event {
            E::Chat(e) => &e.room,
            E::Join(e) | E::Leave(e) => &e.room,
            E::Rename(e) => &e.room,
            E::Topic(e) => &e.room,
            E::Crowd(e) => &e.room,
            E::Gap(e) => &e.room,
            _ => return lines,
        };
        if self.rooms.last().is_none_or(|here| **here == **room) {
            return lines;
        }
        let led = |line: Line| {
            let mut whole = Line { rings: line.rings, ..Line::default() };
            whole = whole.and(Style::Dim, format!("{room} "));
            whole.spans.extend(line.spans);
            whole
        };
        lines.into_iter().map(led).collect()
    }

    /// Leads what was missed by a heading, once.
    fn maybe_missed(&mut self, seq: u64, event: &ServerEvent<'_>) -> Vec<Line> {
        let is_first = std::mem::take(&mut self.missed) && seq <= self.replay;
        let heading = is_first.then(|| Line::note("while you were away:"));
        heading.into_iter().chain(self.show.event(event)).collect()
    }

    fn acked(&mut self, ack: &Ack<'_>) -> Vec<Line> {
        let Some(act) = self.answered(ack.id.as_deref()) else {
            return Vec::new();
        };
        let mut lines = match self.echo {
            Echo::AtAck => self.own_line(&act, Millis(ack.at)),
            Echo::AtOnce | Echo::Never => Vec::new(),
        };
        if self.held > 0 && self.unacked.is_empty() {
            let lines_are = if self.held == 1 { "line is" } else { "lines are" };
            lines.push(Line::note(format!("your {} waiting {lines_are} sent", self.held)));
            self.held = 0;
        }
        lines
    }

    fn refused(&mut self, refused: &Refused<'_>) -> Vec<Line> {
        match self.answered(refused.re.as_deref()) {
            Some(Do::Say(Say { text, .. }) | Do::Whisper { text, .. }) => {
                let text = crate::wire::text::scrub(&text);
                let start: String = text.chars().take(40).collect();
                let rest = if start.len() < text.len() { "..." } else { "" };
                vec![Line::alert(format!("not sent: {} ({start}{rest})", refused.text))]
            }
            _ => vec![Line::alert(&refused.text)],
        }
    }

    fn answered(&mut self, id: Option<&str>) -> Option<Do> {
        let found = self.unacked.iter().position(|(waiting, _)| Some(&**waiting) == id)?;
        self.unacked.remove(found).map(|(_, act)| act)
    }

    fn own_line(&mut self, act: &Do, at: Millis) -> Vec<Line> {
        let scrub = crate::wire::text::scrub;
        match act {
            Do::Say(said) => self.show.own_chat(at, &scrub(&said.text), said.emote),
            Do::Whisper { to, text } => self.show.own_whisper(at, &scrub(to), &scrub(text)),
            Do::Send(_) | Do::Retry | Do::Quit => Vec::new(),
        }
    }

    fn command(&mut self, command: &Command<'_>) -> Outcome {
        match command {
            Command::Help => help().into(),
            Command::Rooms => self.ask(ClientEvent::Rooms(AskRooms::default())),
            Command::Join(room) => {
                let room = room.to_string();
                if let Some(at) = self.rooms.iter().position(|open| *open == room) {
                    let room = self.rooms.remove(at);
                    let line = Line::note(format!("you are in {room}"));
                    self.rooms.push(room);
                    return vec![line].into();
                }
                self.ask(ClientEvent::Join(JoinRoom { room, ..JoinRoom::default() }))
            }
            Command::Part(room) => {
                let room = room.as_ref().map(ToString::to_string).or_else(|| self.here());
                let room = room.unwrap_or_else(|| RoomName::lobby().to_string());
                self.ask(ClientEvent::Part(PartRoom { id: None, room }))
            }
            Command::Topic(topic) => {
                let topic = topic.unwrap_or_default().to_owned();
                self.ask(ClientEvent::Topic(SetTopic { id: None, room: self.here(), topic }))
            }
            Command::Search(words) => {
                let search = Some((*words).to_owned());
                let room = self.here();
                self.ask(ClientEvent::History(AskHistory { room, search, ..AskHistory::default() }))
            }
            Command::Me(text) => self.say(text, true),
            Command::Msg { to, text } => {
                Do::Whisper { to: (*to).to_owned(), text: (*text).to_owned() }.into()
            }
            Command::Bots => self.ask(ClientEvent::Bots(Bots {})),
            Command::Why(seq) => self.ask(ClientEvent::Why(Why { room: self.here(), seq: *seq })),
            Command::Who => self.ask(ClientEvent::Who(Who { room: self.here() })),
            Command::Nick(to) => self.ask(ClientEvent::Nick(SetNick { nick: (*to).to_owned() })),
            Command::History(lines) => {
                let limit = Some((*lines).clamp(1, limits::HISTORY));
                let room = self.here();
                self.ask(ClientEvent::History(AskHistory { room, limit, ..AskHistory::default() }))
            }
            Command::Quit => Do::Quit.into(),
        }
    }

    /// The room the user speaks in.
    fn here(&self) -> Option<String> {
        self.rooms.last().cloned()
    }

    pub(super) fn say(&self, text: &str, emote: bool) -> Outcome {
        let room = self.here();
        Do::Say(Say { room, text: text.to_owned(), emote, ..Say::default() }).into()
    }

    /// Questions are not kept: by the time they could be answered they are old.
    fn ask(&self, event: ClientEvent) -> Outcome {
        if self.online {
            Do::Send(event).into()
        } else {
            vec![Line::alert("not connected at the moment; ask again later")].into()
        }
    }

    fn note_names(&mut self, event: &ServerEvent<'_>) {
        use ServerEvent as E;
        match event {
            E::Roster(e) => {
                self.names = e.members.iter().take(CROWD).map(|m| m.nick.to_string()).collect();
            }
            E::Chat(e) => self.note_name(&e.from),
            E::Join(e) => self.note_name(&e.who),
            E::Whisper(e) => self.note_name(&e.from),
            E::Leave(e) => {
                self.names.remove(&*e.who);
            }
            E::Rename(e) => {
                self.names.remove(&*e.from);
                self.note_name(&e.to);
            }
            _ => {}
        }
    }

    fn note_name(&mut self, name: &str) {
        if self.names.len() < CROWD && !self.names.contains(name) {
            self.names.insert(name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests;
