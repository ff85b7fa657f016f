//! What one session alone is told, and how each dialect says it. Every piece carries the place in
//! the order at which it was said, so that a member reads answers and room as one story.

use crate::log;
use crate::room::{Answer, Member, RoomRow};
use crate::serve::admin::render::ago;
use crate::serve::hub::{Place, now};
use crate::wire::entry::{Entry, Event, Kind, MessageId, Millis, Ordinal, RoomId, Seq};
use crate::wire::native::{
    self, Ack, Chat, Entered, Gap, History, Member as NativeMember, Notice, Parted, Ping, Refused,
    RoomState, Rooms, Roster, ServerEvent, Whisper,
};
use crate::wire::room_name::RoomName;
use crate::wire::{Dialect, line, raw};

/// One piece of a session's mailbox.
#[derive(Debug)]
pub(in crate::serve) struct Private {
    /// It belongs after this entry and before the next.
    pub(in crate::serve) after: Ordinal,
    pub(in crate::serve) word: Word,
}

/// What is said.
#[derive(Debug)]
pub(in crate::serve) enum Word {
    Answer(Answer),
    /// Lines of help or information.
    Notice(Vec<String>),
    History(Past),
    /// It is in a room; without a place, it was there before.
    Entered {
        re: Option<MessageId>,
        room: RoomId,
        row: RoomRow,
        gap: Option<log::Gap>,
        place: Option<Box<Place>>,
        /// What was said last, for who cannot ask.
        earlier: Vec<Entry>,
        alone: bool,
        /// The server records, but not this room.
        unrecorded: bool,
    },
    Ping,
    Pong(Option<String>),
}

/// Entries of the past, oldest first.
#[derive(Debug)]
pub(in crate::serve) struct Past {
    pub(in crate::serve) re: Option<MessageId>,
    pub(in crate::serve) room: RoomName,
    pub(in crate::serve) entries: Vec<Entry>,
    pub(in crate::serve) more: bool,
    /// What was searched for, if something was.
    pub(in crate::serve) search: Option<Search>,
}

#[derive(Debug)]
pub(in crate::serve) struct Search {
    pub(in crate::serve) words: String,
    /// There was more to look through than a search may take.
    pub(in crate::serve) cut: bool,
}

/// What an answer of many entries or rooms counts for among the answers a session has not read:
/// at most 400 KiB each, so that a few of them are as many as it may have.
pub(in crate::serve) const HEAVY: usize = 24;
/// Rooms or members in an answer that counts for one, and bytes of one in lines.
const FEW: usize = 64;
const LIGHT: usize = 16 * 1024;

impl Private {
    /// How many answers it counts for.
    pub(in crate::serve) fn weight(&self) -> usize {
        self.word.weight()
    }
}

impl Word {
    /// How many answers it counts for.
    pub(in crate::serve) fn weight(&self) -> usize {
        match self {
            Self::History(past) if !past.entries.is_empty() => HEAVY,
            Self::Answer(Answer::Rooms { rows, .. }) if rows.len() > FEW => HEAVY,
            Self::Answer(Answer::Roster { members, .. }) if members.len() > FEW => HEAVY,
            Self::Notice(lines) => 1 + lines.iter().map(String::len).sum::<usize>() / LIGHT,
            _ => 1,
        }
    }
}

/// A line in parts: a long one repeats its tag in the raw dialect.
struct Said {
    tag: String,
    text: String,
}

/// Names in one line of `/who`: about a terminal's width of short ones.
const NAMES_A_LINE: usize = 10;

/// The messages that say it, each with its framing: one for line and native, one a part for raw.
pub(super) fn encode(word: Word, dialect: Dialect) -> Vec<Vec<u8>> {
    let mut out = Vec::new();
    match dialect {
        Dialect::Native => {
            native_event(word, &mut out);
            vec![out]
        }
        Dialect::Line => {
            for Said { tag, text } in said(word) {
                out.extend_from_slice(tag.as_bytes());
                out.extend_from_slice(text.as_bytes());
                out.push(b'\n');
            }
            vec![out]
        }
        Dialect::Raw => said(word)
            .iter()
            .flat_map(|said| raw::parts(&said.tag, &said.text).map(String::into_bytes))
            .collect(),
    }
}

fn notice(text: impl Into<String>) -> Said {
    Said { tag: line::notice(""), text: text.into() }
}

/// In words, for line and raw.
fn said(word: Word) -> Vec<Said> {
    match word {
        Word::Notice(lines) => lines.into_iter().map(notice).collect(),
        Word::History(past) => history_lines(past),
        Word::Answer(answer) => answer_lines(answer),
        Word::Entered { row, unrecorded, earlier, .. } => {
            let entered = entered_line(&row, unrecorded);
            std::iter::once(entered).chain(earlier_lines(&earlier, now())).collect()
        }
        Word::Ping | Word::Pong(_) => Vec::new(),
    }
}

fn answer_lines(answer: Answer) -> Vec<Said> {
    match answer {
        Answer::Refused { refusal, .. } => vec![notice(refusal.to_string())],
        Answer::Whisper { from, text, .. } => {
            vec![Said { tag: line::whisper_tag(from.as_str()), text: text.to_string() }]
        }
        Answer::WhisperSent { to, .. } => vec![notice(format!("whispered to {to}"))],
        Answer::Renamed { to, .. } => vec![notice(format!("you are now known as {to}"))],
        Answer::Roster { room, members } => roster_lines(&members, &room),
        Answer::Rooms { rows, .. } => rows.iter().map(room_line).collect(),
        Answer::Parted { name, .. } => vec![notice(format!("you left {name}"))],
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

/// A room in `/rooms`.
fn room_line(row: &RoomRow) -> Said {
    let topic = row.topic.as_ref().map(|topic| format!(", {topic}")).unwrap_or_default();
    notice(format!("{}: {} here{topic}", row.name, row.members))
}

/// What is said of a room that is not recorded where others are.
const UNRECORDED: &str = "nothing said here is recorded";

fn entered_line(row: &RoomRow, unrecorded: bool) -> Said {
    let topic = row.topic.as_ref().map(|topic| format!(", {topic}")).unwrap_or_default();
    let unrecorded = if unrecorded { format!("; {UNRECORDED}") } else { String::new() };
    notice(format!("you are in {}: {} here{topic}{unrecorded}", row.name, row.members))
}

fn history_lines(past: Past) -> Vec<Said> {
    let Past { search, entries, .. } = past;
    let head = match (&search, entries.len()) {
        (None, 0) => "there is nothing to show".into(),
        (None, count) => format!("the last {count} lines:"),
        (Some(Search { words, .. }), 0) => format!("nothing was said with {words} in it"),
        (Some(Search { words, .. }), 1) => format!("1 line with {words}:"),
        (Some(Search { words, .. }), count) => format!("{count} lines with {words}:"),
    };
    let is_cut = search.is_some_and(|search| search.cut);
    let cut = is_cut.then(|| notice("not everything was looked through"));
    let lines = entries.iter().map(|entry| notice(format!("  {}", entry_line(entry))));
    std::iter::once(notice(head)).chain(lines).chain(cut).collect()
}

/// An entry as the line dialect says it.
fn entry_line(entry: &Entry) -> String {
    let mut bytes = Vec::new();
    line::put(entry, &mut bytes);
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}

/// What was said before somebody came, each line marked by how long ago that was.
fn earlier_lines(entries: &[Entry], now: Millis) -> Vec<Said> {
    let line = |entry: &Entry| notice(format!("  {} ({})", entry_line(entry), ago(entry.at, now)));
    let head = (!entries.is_empty()).then(|| notice("said earlier:"));
    head.into_iter().chain(entries.iter().map(line)).collect()
}

/// What a line member is told of a room behind its welcome.
pub(super) fn greeting_lines(place: &Place) -> Vec<String> {
    let unrecorded = place.unrecorded.then(|| notice(UNRECORDED));
    let said = earlier_lines(&place.earlier, now()).into_iter().chain(unrecorded);
    said.map(|said| format!("{}{}", said.tag, said.text)).collect()
}

fn native_event(word: Word, out: &mut Vec<u8>) {
    match word {
        Word::Notice(lines) => {
            for text in lines {
                native::put(&ServerEvent::Notice(Notice { text: text.into() }), out);
            }
        }
        Word::History(past) => native_history(past, out),
        Word::Entered { re, row, gap, .. } => native_entered(re, &row, gap, out),
        Word::Ping => native::put(&ServerEvent::Ping(Ping { id: None }), out),
        Word::Pong(id) => native::put(&ServerEvent::Pong(Ping { id }), out),
        Word::Answer(answer) => native_answer(answer, out),
    }
}

fn native_answer(answer: Answer, out: &mut Vec<u8>) {
    let event = match answer {
        Answer::Refused { re, refusal } => ServerEvent::Refused(Refused {
            re: re.map(|id| id.to_string().into()),
            code: refusal.code().into(),
            text: refusal.to_string().into(),
        }),
        Answer::Duplicate { id, room, seq, at } => ServerEvent::Ack(Ack {
            id: Some(id.to_string().into()),
            room: Some(room.to_string().into()),
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
        Answer::Roster { room, members } => ServerEvent::Roster(Roster {
            room: room.to_string().into(),
            members: members
                .iter()
                .map(|member| NativeMember {
                    nick: member.nick.to_string().into(),
                    kind: member.kind,
                    since: member.since.0,
                })
                .collect(),
        }),
        Answer::Parted { re, name, .. } => ServerEvent::Parted(Parted {
            re: re.map(|id| id.to_string().into()),
            room: name.to_string().into(),
        }),
        Answer::Rooms { re, rows } => ServerEvent::Rooms(Rooms {
            re: re.map(|id| id.to_string().into()),
            rooms: rows.iter().map(state).collect(),
        }),
        Answer::Renamed { to, entry: false } => {
            ServerEvent::Notice(Notice { text: format!("your name is {to}").into() })
        }
        // The entry itself tells of a rename; the rest is for the door or the administrator.
        _ => return,
    };
    native::put(&event, out);
}

/// A room as the native dialect shows it.
pub(super) fn state(row: &RoomRow) -> RoomState<'static> {
    RoomState {
        room: row.name.to_string().into(),
        seq: row.seq.0,
        members: row.members,
        topic: row.topic.as_ref().map(|topic| topic.to_string().into()),
        recorded: row.recorded,
    }
}

fn native_entered(re: Option<MessageId>, row: &RoomRow, gap: Option<log::Gap>, out: &mut Vec<u8>) {
    let re = re.map(|id| id.to_string().into());
    native::put(&ServerEvent::Entered(Entered { re, state: state(row) }), out);
    if let Some(gap) = gap {
        native_gap(&row.name, gap, out);
    }
}

/// Tells of entries that are not to be had any more.
pub(super) fn native_gap(room: &RoomName, gap: log::Gap, out: &mut Vec<u8>) {
    let (after, before) = (gap.after.0, gap.before.0);
    native::put(&ServerEvent::Gap(Gap { room: room.as_str().into(), after, before }), out);
}

fn native_history(past: Past, out: &mut Vec<u8>) {
    let Past { re, room, entries, more, .. } = past;
    let re = re.map(|id| id.to_string().into());
    let events = entries.iter().map(|entry| ServerEvent::of(&room, entry)).collect();
    let history = History { re, room: room.as_str().into(), events, more };
    native::put(&ServerEvent::History(history), out);
}

/// What a native author gets for its own entry: an ack for what it said, the entry itself for a
/// new name, nothing for its own coming and going.
pub(super) fn own(slice: &log::Slice, index: usize) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(entry) = slice.chunk.entries().get(index) {
        match (&entry.event, ServerEvent::of(slice.chunk.room(), entry)) {
            (Event::Chat(said), ServerEvent::Chat(chat)) => {
                ack(entry.seq, &chat, said.id.as_ref(), &mut out);
            }
            (Event::Rename { .. } | Event::Topic { .. }, event) => native::put(&event, &mut out),
            _ => {}
        }
    }
    out
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

#[cfg(test)]
mod tests {
    use super::*;

    /// What is counted bounds what is kept for who reads nothing.
    #[test]
    fn an_answer_counts_by_its_size() {
        let notice = |lines: usize| Word::Notice(vec!["x".repeat(1024); lines]).weight();
        assert_eq!([notice(0), notice(1), notice(15), notice(16), notice(160)], [1, 1, 1, 2, 11]);
    }
}
