//! Understands what a member sends, in any dialect, as steps for the reader to carry out. Never
//! waits, never answers.

use super::about::{about, handler};
use crate::room::{About, Post, Refusal};
use crate::wire::command::{self, Command, Typed};
use crate::wire::entry::{MessageId, Seq};
use crate::wire::frame::{Framer, Line};
use crate::wire::native::{self, ClientEvent, Decoded, Malformed};
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use crate::wire::text::{Text, scrub};
use crate::wire::{Dialect, limits, line, raw};

/// Messages of one step: a read of ordinary lines, and few enough that a read of the shortest ones
/// takes no more than its share of the hub's inbox and of a mailbox.
pub(super) const POSTS: usize = 512;

/// One thing to do for a member.
#[derive(Debug)]
pub(super) enum Step {
    Say(Vec<Post>),
    Whisper {
        to: String,
        text: Text,
        id: Option<MessageId>,
    },
    /// A new name. What came after it in the same read waits until it is settled, as the tag to
    /// strip depends on it.
    Rename {
        to: String,
        then: Vec<Held>,
    },
    Roster,
    Rooms,
    Bots,
    Why(Option<Seq>),
    About(About),
    History {
        id: Option<MessageId>,
        before: Option<Seq>,
        limit: usize,
    },
    /// Lines of information.
    Tell(Vec<String>),
    Refuse {
        re: Option<MessageId>,
        refusal: Refusal,
    },
    Pong(Option<String>),
    Quit,
    /// More without a newline than is taken: nothing after this is heard.
    Unframed,
}

/// A line that waits for a rename.
#[derive(Debug)]
pub(super) enum Held {
    Whole(Box<[u8]>),
    TooLong(usize),
}

impl From<Line<'_>> for Held {
    fn from(line: Line<'_>) -> Self {
        match line {
            Line::Whole(line) => Self::Whole(line.into()),
            Line::TooLong(bytes) => Self::TooLong(bytes),
        }
    }
}

impl Held {
    fn line(&self) -> Line<'_> {
        match self {
            Self::Whole(line) => Line::Whole(line),
            Self::TooLong(bytes) => Line::TooLong(*bytes),
        }
    }
}

/// Keeps what a dialect needs between two reads.
#[derive(Debug)]
pub(super) struct Ear {
    dialect: Dialect,
    framer: Framer,
    pub(super) nick: Nick,
}

/// Steps of one read, with neighbouring messages put together.
#[derive(Debug, Default)]
struct Steps(Vec<Step>);

impl Steps {
    fn say(&mut self, post: Post) {
        match self.0.last_mut() {
            Some(Step::Say(posts)) if posts.len() < POSTS => posts.push(post),
            _ => self.0.push(Step::Say(vec![post])),
        }
    }

    fn refuse(&mut self, re: Option<MessageId>, refusal: Refusal) {
        self.0.push(Step::Refuse { re, refusal });
    }

    fn text(&mut self, text: &[u8], emote: bool) {
        match Text::clean(text) {
            Ok(text) => self.say(Post { emote, ..Post::plain(text) }),
            Err(error) => self.refuse(None, error.into()),
        }
    }
}

impl Ear {
    pub(super) fn new(dialect: Dialect, nick: Nick) -> Self {
        let soft = if dialect == Dialect::Native { limits::UNFRAMED } else { limits::LINE };
        Self { dialect, framer: Framer::new(soft, limits::UNFRAMED), nick }
    }

    /// Takes what one read returned.
    pub(super) fn hear(&mut self, bytes: &[u8]) -> Vec<Step> {
        let mut steps = Steps::default();
        let Self { dialect, framer, nick } = self;
        if *dialect == Dialect::Raw {
            for message in raw::messages(nick.as_str(), bytes) {
                one(*dialect, nick, Line::Whole(message), &mut steps);
            }
        } else if framer.feed(bytes, |line| one(*dialect, nick, line, &mut steps)).is_err() {
            steps.0.push(Step::Unframed);
        }
        steps.0
    }

    /// Takes up lines that waited for a rename.
    pub(super) fn resume(&mut self, lines: &[Held]) -> Vec<Step> {
        let mut steps = Steps::default();
        for line in lines {
            one(self.dialect, &self.nick, line.line(), &mut steps);
        }
        steps.0
    }
}

fn one(dialect: Dialect, nick: &Nick, line: Line<'_>, steps: &mut Steps) {
    if let Some(Step::Rename { then, .. }) = steps.0.last_mut() {
        then.push(line.into());
        return;
    }
    match line {
        Line::TooLong(bytes) => steps.refuse(None, Refusal::LineTooLong(bytes)),
        // Somebody pressed Enter.
        Line::Whole(line) if line.iter().all(u8::is_ascii_whitespace) => {}
        Line::Whole(line) if dialect == Dialect::Native => event(line, steps),
        Line::Whole(line) => typed(line::strip_own_tag(nick.as_str(), line), steps),
    }
}

/// A line of text, with the sender's own tag off it.
fn typed(line: &[u8], steps: &mut Steps) {
    if line.first() != Some(&b'/') {
        return steps.text(line, false);
    }
    match command::parse(&String::from_utf8_lossy(line)) {
        Typed::Text(text) => steps.text(text.as_bytes(), false),
        Typed::Wrong(why) => steps.0.push(Step::Tell(vec![scrub(&why)])),
        Typed::Command(Command::Me(text)) => steps.text(text.as_bytes(), true),
        Typed::Command(Command::Msg { to, text }) => whisper(to, text, None, steps),
        Typed::Command(command) => steps.0.push(asked(command)),
    }
}

/// A command that says nothing to anybody.
fn asked(command: Command<'_>) -> Step {
    match command {
        Command::Who => Step::Roster,
        Command::Rooms => Step::Rooms,
        Command::Bots => Step::Bots,
        Command::Why(seq) => Step::Why(seq.map(Seq)),
        Command::Join(room) if room == RoomName::lobby() => {
            Step::Tell(vec![format!("you are in {room}")])
        }
        Command::Join(_) | Command::Part(_) | Command::Topic(_) | Command::Search(_) => {
            let room = RoomName::lobby();
            Step::Refuse { re: None, refusal: Refusal::NoSuchRoom(room.to_string()) }
        }
        Command::Nick(to) => Step::Rename { to: to.into(), then: Vec::new() },
        Command::History(limit) => Step::History { id: None, before: None, limit },
        Command::Quit => Step::Quit,
        Command::Help | Command::Msg { .. } | Command::Me(_) => Step::Tell(
            command::COMMANDS.iter().map(|(usage, what)| format!("{usage:<16} {what}")).collect(),
        ),
    }
}

fn whisper(to: &str, text: &str, id: Option<MessageId>, steps: &mut Steps) {
    match Text::clean(text.as_bytes()) {
        Ok(text) => steps.0.push(Step::Whisper { to: scrub(to), text, id }),
        Err(error) => steps.refuse(id.or_else(|| Some("whisper".into())), error.into()),
    }
}

/// A native event.
fn event(line: &[u8], steps: &mut Steps) {
    match native::decode_client(line) {
        Ok(Decoded::Event(event)) => known(event, steps),
        Ok(Decoded::Unknown(name)) => {
            let name = scrub(&name);
            steps.refuse(Some(name.as_str().into()), Refusal::UnknownEvent(name));
        }
        Err(error) => {
            let re = match &error {
                Malformed::Fields { id: Some(id), .. } if id.len() <= limits::MESSAGE_ID => {
                    Some(scrub(id).into())
                }
                Malformed::Fields { event, .. } => Some(event.as_str().into()),
                Malformed::NotJson(_) | Malformed::NotAnEvent => None,
            };
            steps.refuse(re, Refusal::BadEvent(scrub(&error.to_string())));
        }
    }
}

fn known(event: ClientEvent, steps: &mut Steps) {
    match event {
        ClientEvent::Hello(_) => {
            let refusal = Refusal::BadEvent("you said hello already".into());
            steps.refuse(Some("hello".into()), refusal);
        }
        ClientEvent::Join(_)
        | ClientEvent::Part(_)
        | ClientEvent::Topic(_)
        | ClientEvent::Rooms(_) => {}
        ClientEvent::Say(say) => {
            let Some(id) = message_id(say.id, "say", steps) else {
                return;
            };
            if !is_lobby(say.room.as_deref(), id.as_ref(), "say", steps) {
                return;
            }
            let cause = say.cause.map(Seq);
            match Text::clean(say.text.as_bytes()) {
                Ok(text) => {
                    let handler = say.handler.as_deref().map(handler);
                    steps.say(Post { text, emote: say.emote, cause, handler, id });
                }
                Err(error) => steps.refuse(id.or_else(|| Some("say".into())), error.into()),
            }
        }
        ClientEvent::Whisper(ask) => {
            let Some(id) = message_id(ask.id, "whisper", steps) else {
                return;
            };
            whisper(&ask.to, &ask.text, id, steps);
        }
        ClientEvent::Who(ask) => {
            if is_lobby(ask.room.as_deref(), None, "who", steps) {
                steps.0.push(Step::Roster);
            }
        }
        ClientEvent::History(ask) => {
            let Some(id) = message_id(ask.id, "history", steps) else {
                return;
            };
            if is_lobby(ask.room.as_deref(), id.as_ref(), "history", steps) {
                let limit = ask.limit.unwrap_or(limits::HISTORY);
                steps.0.push(Step::History { id, before: ask.before.map(Seq), limit });
            }
        }
        ClientEvent::About(told) => steps.0.push(Step::About(about(told))),
        ClientEvent::Bots(_) => steps.0.push(Step::Bots),
        ClientEvent::Why(ask) => steps.0.push(Step::Why(ask.seq.map(Seq))),
        ClientEvent::Nick(set) => {
            steps.0.push(Step::Rename { to: set.nick, then: Vec::new() });
        }
        ClientEvent::Ping(ping) => {
            if let Some(id) = message_id(ping.id, "ping", steps) {
                steps.0.push(Step::Pong(id.map(|id| id.to_string())));
            }
        }
        // A pong has done its work by arriving.
        ClientEvent::Pong(_) => {}
        ClientEvent::Quit(_) => steps.0.push(Step::Quit),
    }
}

/// Checks a client's id; `None` if it was refused.
#[expect(clippy::option_option, reason = "no id is fine, a wrong one is not")]
fn message_id(id: Option<String>, event: &str, steps: &mut Steps) -> Option<Option<MessageId>> {
    let Some(id) = id else { return Some(None) };
    if id.len() <= limits::MESSAGE_ID {
        return Some(Some(scrub(&id).into()));
    }
    let why = format!("an id has at most {} bytes", limits::MESSAGE_ID);
    steps.refuse(Some(event.into()), Refusal::BadEvent(why));
    None
}

fn is_lobby(room: Option<&str>, id: Option<&MessageId>, event: &str, steps: &mut Steps) -> bool {
    let Some(room) = room else { return true };
    let is_lobby = RoomName::parse(room).is_ok_and(|room| room == RoomName::lobby());
    if !is_lobby {
        let re = id.cloned().unwrap_or_else(|| event.into());
        steps.refuse(Some(re), Refusal::NoSuchRoom(scrub(room)));
    }
    is_lobby
}
