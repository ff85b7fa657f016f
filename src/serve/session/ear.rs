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
use crate::wire::text::{Text, echo, scrub};
use crate::wire::{Dialect, limits, line, raw};

/// Messages of one step: a read of ordinary lines, and few enough that a read of the shortest ones
/// takes no more than its share of the hub's inbox and of a mailbox.
pub(in crate::serve) const POSTS: usize = 512;

/// Lines `/search` shows.
const SEARCHED: usize = 20;

/// One thing to do for a member.
#[derive(Debug)]
pub(in crate::serve) enum Step {
    Say {
        room: Option<RoomName>,
        posts: Vec<Post>,
    },
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
    Roster(Option<RoomName>),
    Rooms(Option<MessageId>),
    GoTo {
        room: RoomName,
        after: Option<Seq>,
        id: Option<MessageId>,
        alone: bool,
    },
    Part {
        room: Option<RoomName>,
        id: Option<MessageId>,
    },
    Topic {
        room: Option<RoomName>,
        topic: Option<Text>,
        id: Option<MessageId>,
    },
    AskTopic,
    Bots,
    Why {
        room: Option<RoomName>,
        seq: Option<Seq>,
    },
    About(About),
    History {
        id: Option<MessageId>,
        room: Option<RoomName>,
        before: Option<Seq>,
        limit: usize,
        search: Option<String>,
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
pub(in crate::serve) enum Held {
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
pub(in crate::serve) struct Ear {
    dialect: Dialect,
    framer: Framer,
    pub(super) nick: Nick,
}

/// Steps of one read, with neighbouring messages put together.
#[derive(Debug, Default)]
struct Steps(Vec<Step>);

impl Steps {
    fn say(&mut self, room: Option<RoomName>, post: Post) {
        match self.0.last_mut() {
            Some(Step::Say { room: same, posts }) if posts.len() < POSTS && *same == room => {
                posts.push(post);
            }
            _ => self.0.push(Step::Say { room, posts: vec![post] }),
        }
    }

    fn refuse(&mut self, re: Option<MessageId>, refusal: Refusal) {
        self.0.push(Step::Refuse { re, refusal });
    }

    fn text(&mut self, text: &[u8], emote: bool) {
        match Text::clean(text) {
            Ok(text) => self.say(None, Post { emote, ..Post::plain(text) }),
            Err(error) => self.refuse(None, error.into()),
        }
    }
}

impl Ear {
    pub(in crate::serve) fn new(dialect: Dialect, nick: Nick) -> Self {
        let soft = if dialect == Dialect::Native { limits::UNFRAMED } else { limits::LINE };
        Self { dialect, framer: Framer::new(soft, limits::UNFRAMED), nick }
    }

    /// Takes what one read returned.
    pub(in crate::serve) fn hear(&mut self, bytes: &[u8]) -> Vec<Step> {
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
        Line::Whole(line) => typed(dialect, line::strip_own_tag(nick.as_str(), line), steps),
    }
}

/// A line of text, with the sender's own tag off it.
fn typed(dialect: Dialect, line: &[u8], steps: &mut Steps) {
    if line.first() != Some(&b'/') {
        return steps.text(line, false);
    }
    match command::parse(&String::from_utf8_lossy(line)) {
        Typed::Text(text) => steps.text(text.as_bytes(), false),
        Typed::Wrong(why) => steps.0.push(Step::Tell(vec![echo(&why)])),
        Typed::Command(Command::Me(text)) => steps.text(text.as_bytes(), true),
        Typed::Command(Command::Msg { to, text }) => whisper(to, text, None, steps),
        // The ancestor's clients cannot tell one room's lines from another's, nor where they are.
        Typed::Command(Command::Join(_) | Command::Part(_)) if dialect == Dialect::Raw => {
            steps.0.push(Step::Tell(vec!["the raw dialect has only the lobby".into()]));
        }
        Typed::Command(Command::Topic(Some(topic))) => set_topic(topic, None, None, steps),
        Typed::Command(command) => steps.0.push(asked(command)),
    }
}

/// A command that says nothing to anybody.
fn asked(command: Command<'_>) -> Step {
    match command {
        Command::Who => Step::Roster(None),
        Command::Rooms => Step::Rooms(None),
        Command::Bots => Step::Bots,
        Command::Why(seq) => Step::Why { room: None, seq: seq.map(Seq) },
        Command::Join(room) => Step::GoTo { room, after: None, id: None, alone: true },
        // Who follows one room at a time is somewhere: in the lobby, if nowhere else.
        Command::Part(_) => {
            Step::GoTo { room: RoomName::lobby(), after: None, id: None, alone: true }
        }
        Command::Topic(_) => Step::AskTopic,
        Command::Nick(to) => Step::Rename { to: to.into(), then: Vec::new() },
        Command::History(limit) => {
            Step::History { id: None, room: None, before: None, limit, search: None }
        }
        Command::Search(words) => Step::History {
            id: None,
            room: None,
            before: None,
            limit: SEARCHED,
            search: Some(scrub(words)),
        },
        Command::Quit => Step::Quit,
        Command::Help | Command::Msg { .. } | Command::Me(_) => Step::Tell(
            command::COMMANDS.iter().map(|(usage, what)| format!("{usage:<16} {what}")).collect(),
        ),
    }
}

fn whisper(to: &str, text: &str, id: Option<MessageId>, steps: &mut Steps) {
    match Text::clean(text.as_bytes()) {
        Ok(text) => steps.0.push(Step::Whisper { to: echo(to), text, id }),
        Err(error) => steps.refuse(id.or_else(|| Some("whisper".into())), error.into()),
    }
}

/// A native event.
fn event(line: &[u8], steps: &mut Steps) {
    match native::decode_client(line) {
        Ok(Decoded::Event(event)) => known(event, steps),
        Ok(Decoded::Unknown(name)) => {
            let name = echo(&name);
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
            steps.refuse(re, Refusal::BadEvent(echo(&error.to_string())));
        }
    }
}

fn known(event: ClientEvent, steps: &mut Steps) {
    match event {
        ClientEvent::Hello(_) => {
            let refusal = Refusal::BadEvent("you said hello already".into());
            steps.refuse(Some("hello".into()), refusal);
        }
        ClientEvent::Join(ask) => {
            if let Some(id) = message_id(ask.id, "join", steps)
                && let Some(room) = room_name(Some(&ask.room), id.as_ref(), "join", steps).flatten()
            {
                steps.0.push(Step::GoTo { room, after: ask.after.map(Seq), id, alone: false });
            }
        }
        ClientEvent::Part(ask) => {
            if let Some(id) = message_id(ask.id, "part", steps)
                && let Some(room) = room_name(Some(&ask.room), id.as_ref(), "part", steps)
            {
                steps.0.push(Step::Part { room, id });
            }
        }
        ClientEvent::Topic(ask) => {
            if let Some(id) = message_id(ask.id, "topic", steps)
                && let Some(room) = room_name(ask.room.as_deref(), id.as_ref(), "topic", steps)
            {
                set_topic(&ask.topic, room, id, steps);
            }
        }
        ClientEvent::Rooms(ask) => {
            if let Some(id) = message_id(ask.id, "rooms", steps) {
                steps.0.push(Step::Rooms(id));
            }
        }
        ClientEvent::Say(say) => {
            let Some(id) = message_id(say.id, "say", steps) else {
                return;
            };
            let Some(room) = room_name(say.room.as_deref(), id.as_ref(), "say", steps) else {
                return;
            };
            let cause = say.cause.map(Seq);
            match Text::clean(say.text.as_bytes()) {
                Ok(text) => {
                    let handler = say.handler.as_deref().map(handler);
                    steps.say(room, Post { text, emote: say.emote, cause, handler, id });
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
            if let Some(room) = room_name(ask.room.as_deref(), None, "who", steps) {
                steps.0.push(Step::Roster(room));
            }
        }
        ClientEvent::History(ask) => {
            let Some(id) = message_id(ask.id, "history", steps) else {
                return;
            };
            let room = room_name(ask.room.as_deref(), id.as_ref(), "history", steps);
            if let Some(room) = room {
                let limit = ask.limit.unwrap_or(limits::HISTORY);
                let (before, search) = (ask.before.map(Seq), ask.search.map(|words| scrub(&words)));
                steps.0.push(Step::History { id, room, before, limit, search });
            }
        }
        ClientEvent::About(told) => steps.0.push(Step::About(about(told))),
        ClientEvent::Bots(_) => steps.0.push(Step::Bots),
        ClientEvent::Why(ask) => {
            if let Some(room) = room_name(ask.room.as_deref(), None, "why", steps) {
                steps.0.push(Step::Why { room, seq: ask.seq.map(Seq) });
            }
        }
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
    // It goes back as it is, and to terminals: nothing in it may be anything else there.
    if id.len() <= limits::MESSAGE_ID && scrub(&id) == id {
        return Some(Some(id.as_str().into()));
    }
    let most = limits::MESSAGE_ID;
    let why = format!("an id has at most {most} bytes, and no control or formatting characters");
    steps.refuse(Some(event.into()), Refusal::BadEvent(why));
    None
}

/// Checks a room's name; `None` if it was refused.
#[expect(clippy::option_option, reason = "no name is fine, a wrong one is not")]
fn room_name(
    room: Option<&str>,
    id: Option<&MessageId>,
    event: &str,
    steps: &mut Steps,
) -> Option<Option<RoomName>> {
    match room.map(RoomName::parse).transpose() {
        Ok(room) => Some(room),
        Err(error) => {
            steps.refuse(Some(id.cloned().unwrap_or_else(|| event.into())), error.into());
            None
        }
    }
}

/// Sets a topic; nothing, or `-`, takes it away.
fn set_topic(topic: &str, room: Option<RoomName>, id: Option<MessageId>, steps: &mut Steps) {
    let topic = Some(topic.trim()).filter(|topic| !matches!(*topic, "" | "-"));
    match topic.map(|topic| Text::clean(topic.as_bytes())).transpose() {
        Ok(topic) => steps.0.push(Step::Topic { room, topic, id }),
        Err(error) => steps.refuse(id.or_else(|| Some("topic".into())), error.into()),
    }
}
