//! What one session alone is told, and how each dialect says it. Every piece carries the place in
//! the order at which it was said, so that a member reads answers and room as one story.

use crate::log::{Cursor, Slice};
use crate::room::{Answer, Member};
use crate::wire::entry::{Kind, MessageId, Seq};
use crate::wire::native::{self, Ack, Chat, History, Notice, Ping, Refused, Roster, ServerEvent};
use crate::wire::native::{Member as NativeMember, Whisper};
use crate::wire::room_name::RoomName;
use crate::wire::{Dialect, line, raw};

/// One piece of a session's mailbox.
#[derive(Debug)]
pub(in crate::serve) struct Private {
    /// It belongs after this entry and before the next.
    pub(in crate::serve) after: Seq,
    pub(in crate::serve) word: Word,
}

/// Pieces of one turn, in order: what a mailbox holds.
pub(in crate::serve) type Mail = Box<[Private]>;

/// What is said.
#[derive(Debug)]
pub(in crate::serve) enum Word {
    Answer(Answer),
    /// Lines of help or information.
    Notice(Vec<String>),
    History(Past),
    Ping,
    Pong(Option<String>),
}

/// Entries of the past, read when they are written.
#[derive(Debug)]
pub(in crate::serve) struct Past {
    pub(in crate::serve) re: Option<MessageId>,
    pub(in crate::serve) cursor: Cursor,
    pub(in crate::serve) count: usize,
    pub(in crate::serve) more: bool,
}

/// A line in parts: a long one repeats its tag in the raw dialect.
struct Said {
    tag: String,
    text: String,
}

/// Names in one line of `/who`: about a terminal's width of short ones.
const NAMES_A_LINE: usize = 10;

/// The messages that say it, each with its framing: one for line and native, one a part for raw.
pub(super) fn encode(word: Word, dialect: Dialect, room: &RoomName) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    match dialect {
        Dialect::Native => {
            native_event(word, room, &mut out);
            vec![out]
        }
        Dialect::Line => {
            for Said { tag, text } in said(word, room) {
                out.extend_from_slice(tag.as_bytes());
                out.extend_from_slice(text.as_bytes());
                out.push(b'\n');
            }
            vec![out]
        }
        Dialect::Raw => said(word, room)
            .iter()
            .flat_map(|said| raw::parts(&said.tag, &said.text).map(String::into_bytes))
            .collect(),
    }
}

fn notice(text: impl Into<String>) -> Said {
    Said { tag: line::notice(""), text: text.into() }
}

/// In words, for line and raw.
fn said(word: Word, room: &RoomName) -> Vec<Said> {
    match word {
        Word::Notice(lines) => lines.into_iter().map(notice).collect(),
        Word::History(past) => history_lines(past),
        Word::Answer(answer) => answer_lines(answer, room),
        Word::Ping | Word::Pong(_) => Vec::new(),
    }
}

fn answer_lines(answer: Answer, room: &RoomName) -> Vec<Said> {
    match answer {
        Answer::Refused { refusal, .. } => vec![notice(refusal.to_string())],
        Answer::Whisper { from, text, .. } => {
            vec![Said { tag: line::whisper_tag(from.as_str()), text: text.to_string() }]
        }
        Answer::WhisperSent { to, .. } => vec![notice(format!("whispered to {to}"))],
        Answer::Renamed { to, .. } => vec![notice(format!("you are now known as {to}"))],
        Answer::Roster(members) => roster_lines(&members, room),
        // What is left is for native clients, for the door or for the administrator.
        _ => Vec::new(),
    }
}

fn roster_lines(members: &[Member], room: &RoomName) -> Vec<Said> {
    let mut names: Vec<String> = members
        .iter()
        .map(|member| match member.kind {
            Kind::User => member.nick.to_string(),
            kind => format!("{} ({})", member.nick, kind.name()),
        })
        .collect();
    names.sort_unstable();
    let head = notice(format!("{} in {room}:", names.len()));
    let lines = names.chunks(NAMES_A_LINE).map(|names| notice(format!("  {}", names.join(", "))));
    std::iter::once(head).chain(lines).collect()
}

fn history_lines(past: Past) -> Vec<Said> {
    let Past { mut cursor, mut count, .. } = past;
    let mut lines = vec![notice(match count {
        0 => "there is nothing to show".into(),
        count => format!("the last {count} lines:"),
    })];
    while let Some(slice) = cursor.next_slice(None).filter(|_| count > 0) {
        for entry in slice.iter().take(count) {
            let mut bytes = Vec::new();
            line::put(entry, &mut bytes);
            let text = String::from_utf8_lossy(&bytes);
            lines.push(notice(format!("  {}", text.trim_end())));
        }
        count = count.saturating_sub(slice.entries.len());
    }
    lines
}

fn native_event(word: Word, room: &RoomName, out: &mut Vec<u8>) {
    match word {
        Word::Notice(lines) => {
            for text in lines {
                native::put(&ServerEvent::Notice(Notice { text: text.into() }), out);
            }
        }
        Word::History(past) => native_history(past, room, out),
        Word::Ping => native::put(&ServerEvent::Ping(Ping { id: None }), out),
        Word::Pong(id) => native::put(&ServerEvent::Pong(Ping { id }), out),
        Word::Answer(answer) => native_answer(answer, room, out),
    }
}

fn native_answer(answer: Answer, room: &RoomName, out: &mut Vec<u8>) {
    let event = match answer {
        Answer::Refused { re, refusal } => ServerEvent::Refused(Refused {
            re: re.map(|id| id.to_string().into()),
            code: refusal.code().into(),
            text: refusal.to_string().into(),
        }),
        Answer::Duplicate { id, seq, at } => ServerEvent::Ack(Ack {
            id: Some(id.to_string().into()),
            room: Some(room.as_str().into()),
            seq: Some(seq.0),
            at: at.0,
            duplicate: true,
        }),
        Answer::Whisper { at, from, kind, text } => ServerEvent::Whisper(Whisper {
            at: at.0,
            from: from.to_string().into(),
            kind,
            text: text.to_string().into(),
        }),
        Answer::WhisperSent { id, at, .. } => ServerEvent::Ack(Ack {
            id: id.map(|id| id.to_string().into()),
            room: None,
            seq: None,
            at: at.0,
            duplicate: false,
        }),
        Answer::Roster(members) => ServerEvent::Roster(Roster {
            room: room.as_str().into(),
            members: members
                .iter()
                .map(|member| NativeMember {
                    nick: member.nick.to_string().into(),
                    kind: member.kind,
                    since: member.since.0,
                })
                .collect(),
        }),
        Answer::Renamed { to, entry: false } => {
            ServerEvent::Notice(Notice { text: format!("you are {to} already").into() })
        }
        // The entry itself tells of a rename; the rest is for the door or the administrator.
        _ => return,
    };
    native::put(&event, out);
}

fn native_history(past: Past, room: &RoomName, out: &mut Vec<u8>) {
    let Past { re, mut cursor, mut count, more } = past;
    let mut slices = Vec::new();
    while let Some(slice) = cursor.next_slice(None).filter(|_| count > 0) {
        count = count.saturating_sub(slice.entries.len());
        slices.push(slice);
    }
    let wanted = slices.iter().flat_map(Slice::iter);
    let events = wanted.take(past.count).map(|entry| ServerEvent::of(room, entry)).collect();
    let re = re.map(|id| id.to_string().into());
    let history = History { re, room: room.as_str().into(), events, more };
    native::put(&ServerEvent::History(history), out);
}

/// The place a session's own message took.
pub(super) fn ack(seq: Seq, chat: &Chat<'_>, id: Option<&MessageId>, out: &mut Vec<u8>) {
    let ack = Ack {
        id: id.map(|id| (&**id).into()),
        room: Some((&*chat.room).into()),
        seq: Some(seq.0),
        at: chat.at,
        duplicate: false,
    };
    native::put(&ServerEvent::Ack(ack), out);
}
