//! What goes over the wire to be a member and to speak: chaty's three dialects, and the protocol of
//! NATS, which chaty is compared with. Puts bytes and reads lines; knows no socket.

use super::stamp::{MARK, STAMP};
use crate::config::Speech;
use crate::wire::limits;
use crate::wire::room_name::RoomName;
use crate::wire::text::scrub;

/// How far a member has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Not connected yet.
    Dialling,
    /// It has not been let in.
    AtDoor,
    /// It is on the server and on its way to the room.
    Entering,
    InRoom,
}

/// What a line means that is no measured message.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Word {
    Nothing,
    /// The member says this, and has come so far.
    Say(String, Step),
    /// It has come so far.
    Come(Step),
    /// It is not let in, or what it said is not taken, and why.
    Refused(String),
    /// Something to tell if it all ends badly.
    Notice(String),
}

/// The subject that stands for a room.
const SUBJECT: &str = "bench";
/// The longest notice that is kept; what a server says is not ours to trust.
const NOTICE: usize = 160;

impl Speech {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Native => "native",
            Self::Raw => "raw",
            Self::Nats => "nats",
        }
    }

    /// Bytes a message may have under a name: raw messages are not to be split.
    pub(super) fn sizes(self, tag: usize) -> std::ops::RangeInclusive<usize> {
        STAMP..=match self {
            Self::Raw => limits::RAW_MESSAGE - tag,
            Self::Line => limits::LINE - tag,
            Self::Native | Self::Nats => limits::LINE,
        }
    }

    /// What is said as soon as the connection stands. The ancestor's clients wait to be asked.
    pub(super) fn greeting(self, name: &str, room: &RoomName) -> String {
        match self {
            Self::Raw => String::new(),
            Self::Line => format!("{name}\n"),
            Self::Native => {
                format!(
                    "{{\"hello\":{{\"v\":1,\"nick\":\"{name}\",\"client\":\"chaty-bench\",\
                     \"room\":\"{room}\"}}}}\n"
                )
            }
            Self::Nats => format!(
                "CONNECT {{\"verbose\":false,\"pedantic\":false,\"echo\":false,\"name\":\"{name}\"}}\r\n\
                 SUB {SUBJECT} 1\r\nPING\r\n"
            ),
        }
    }

    /// What stands before and behind a message that is said.
    pub(super) fn around(self, name: &str, size: usize) -> (String, &'static str) {
        match self {
            Self::Line => (String::new(), "\n"),
            // Messages that run together on the way come apart at the tag.
            Self::Raw => (format!("{name}: "), ""),
            Self::Native => ("{\"say\":{\"text\":\"".into(), "\"}}\n"),
            Self::Nats => (format!("PUB {SUBJECT} {size}\r\n"), "\r\n"),
        }
    }

    /// Bytes between a message that is heard and the end of its line.
    fn behind(self) -> usize {
        match self {
            Self::Line | Self::Raw => 0,
            Self::Native => "\"}}".len(),
            Self::Nats => "\r".len(),
        }
    }

    /// Takes whole lines, or whole messages where there are none; gives the bytes taken. What has
    /// a mark in the right place is `heard`, everything else a `word`.
    pub(super) fn read(
        self,
        bytes: &[u8],
        size: usize,
        mut heard: impl FnMut(&[u8]),
        mut word: impl FnMut(&[u8]),
    ) -> usize {
        if self == Self::Raw {
            return unframed(bytes, size, heard, word);
        }
        let mut begin = 0;
        while let Some(rest) = bytes.get(begin..)
            && let Some(length) = memchr::memchr(b'\n', rest)
        {
            let line = &rest[..length];
            begin += length + 1;
            let message = length
                .checked_sub(self.behind() + size)
                .and_then(|at| line.get(at..at + size))
                .filter(|message| message.starts_with(&MARK));
            match message {
                Some(message) => heard(message),
                None => word(line),
            }
        }
        begin
    }

    /// What a line means to a member who has come so far.
    pub(super) fn word(self, step: Step, line: &[u8], name: &str, room: &RoomName) -> Word {
        let text = String::from_utf8_lossy(line.trim_ascii());
        match self {
            Self::Line => of_line(step, &text, room),
            Self::Native => of_native(&text),
            Self::Raw => of_raw(step, &text, name),
            Self::Nats => of_nats(&text),
        }
    }
}

fn notice(text: &str) -> String {
    scrub(text).chars().take(NOTICE).collect()
}

fn of_line(step: Step, text: &str, room: &RoomName) -> Word {
    match (step, text.strip_prefix("-- ")) {
        (Step::AtDoor, Some(reason)) => Word::Refused(notice(reason)),
        (Step::AtDoor, None) if text == "NICK_OK" => {
            if *room == RoomName::lobby() {
                Word::Come(Step::InRoom)
            } else {
                Word::Say(format!("/join {room}\n"), Step::Entering)
            }
        }
        (Step::Entering, Some(text)) if text.starts_with(&format!("you are in {room}:")) => {
            Word::Come(Step::InRoom)
        }
        (_, Some(text)) => Word::Notice(notice(text)),
        (_, None) if text == "KICK" => Word::Notice("KICK".into()),
        _ => Word::Nothing,
    }
}

fn of_native(line: &str) -> Word {
    let event = line.strip_prefix("{\"").and_then(|rest| rest.split('"').next());
    let text = || {
        let value: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
        let inner = value.as_object().and_then(|object| object.values().next());
        let text = inner.and_then(|inner| inner.get("text")?.as_str());
        notice(text.unwrap_or(line))
    };
    match event.unwrap_or_default() {
        "welcome" => Word::Come(Step::InRoom),
        "ping" => Word::Say("{\"pong\":{}}\n".into(), Step::InRoom),
        "refused" | "bye" => Word::Refused(text()),
        "notice" => Word::Notice(text()),
        _ => Word::Nothing,
    }
}

fn of_raw(step: Step, text: &str, name: &str) -> Word {
    match step {
        Step::AtDoor if text == "NICK" => Word::Say(name.into(), Step::AtDoor),
        Step::AtDoor if text.starts_with("NICK_OK") => Word::Come(Step::InRoom),
        Step::AtDoor if text.starts_with("NICK_INVALID") => Word::Refused("NICK_INVALID".into()),
        _ if text.starts_with("-- ") => Word::Notice(notice(text)),
        _ => Word::Nothing,
    }
}

fn of_nats(text: &str) -> Word {
    match text {
        "PONG" => Word::Come(Step::InRoom),
        "PING" => Word::Say("PONG\r\n".into(), Step::InRoom),
        _ => text.strip_prefix("-ERR").map_or(Word::Nothing, |error| Word::Refused(notice(error))),
    }
}

/// The raw dialect has no frames: a message is found by its mark, a word is what came by itself.
fn unframed(
    bytes: &[u8],
    size: usize,
    mut heard: impl FnMut(&[u8]),
    mut word: impl FnMut(&[u8]),
) -> usize {
    let mut begin = 0;
    while let Some(rest) = bytes.get(begin..)
        && let Some(at) = memchr::memchr(MARK[0], rest)
    {
        match rest.get(at..at + size) {
            Some(message) if message.starts_with(&MARK) => {
                heard(message);
                begin += at + size;
            }
            Some(_) => begin += at + 1,
            // Its end is still to come, if it is one.
            None => return begin + at,
        }
    }
    if begin == 0 && !bytes.is_empty() {
        word(bytes);
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::stamp::Stamp;

    const SIZE: usize = 40;

    fn message(number: u32) -> String {
        let mut out = Vec::new();
        Stamp { run: 1, publisher: 2, number, at: 3 }.put(SIZE, &mut out);
        String::from_utf8(out).unwrap()
    }

    /// What is read of these bytes, cut in two: numbers of messages, and words.
    fn read(speech: Speech, bytes: &[u8], cut: usize) -> (Vec<u32>, Vec<String>) {
        let (mut numbers, mut words) = (Vec::new(), Vec::new());
        let mut rest = Vec::new();
        for part in [&bytes[..cut], &bytes[cut..]] {
            rest.extend_from_slice(part);
            let taken = speech.read(
                &rest,
                SIZE,
                |message| numbers.push(Stamp::of(message).unwrap().number),
                |word| words.push(String::from_utf8_lossy(word).into_owned()),
            );
            rest.drain(..taken);
        }
        (numbers, words)
    }

    #[test]
    fn messages_are_found_wherever_the_bytes_are_cut() {
        let (one, two) = (message(1), message(2));
        for (speech, text) in [
            (Speech::Line, format!("p0: {one}\nNeo: hi @~ there\np0: {two}\n")),
            (
                Speech::Native,
                format!(
                    "{{\"chat\":{{\"text\":\"{one}\"}}}}\n{{\"ack\":{{}}}}\n{{\"chat\":{{\"text\":\"{two}\"}}}}\n"
                ),
            ),
            (Speech::Nats, format!("MSG bench 1 40\r\n{one}\r\nMSG bench 1 40\r\n{two}\r\n")),
        ] {
            let whole = read(speech, text.as_bytes(), 0);
            assert_eq!(whole.0, [1, 2], "{speech:?}");
            assert!(!whole.1.is_empty());
            for cut in 0..=text.len() {
                assert_eq!(read(speech, text.as_bytes(), cut), whole, "{speech:?} cut at {cut}");
            }
        }
        let text = format!("p0: {one}p0: {two}");
        for cut in 0..=text.len() {
            assert_eq!(read(Speech::Raw, text.as_bytes(), cut).0, [1, 2], "cut at {cut}");
        }
    }

    #[test]
    fn the_way_into_the_room() {
        let (lobby, ops) = (RoomName::lobby(), RoomName::parse("ops").unwrap());
        let line = |step, text: &str, room| Speech::Line.word(step, text.as_bytes(), "p0", room);
        assert_eq!(line(Step::AtDoor, "NICK_OK", &lobby), Word::Come(Step::InRoom));
        let joins = Word::Say("/join #ops\n".into(), Step::Entering);
        assert_eq!(line(Step::AtDoor, "NICK_OK", &ops), joins);
        let entered = line(Step::Entering, "-- you are in #ops: 2 here", &ops);
        assert_eq!(entered, Word::Come(Step::InRoom));
        let full = line(Step::AtDoor, "-- the server is full", &ops);
        assert_eq!(full, Word::Refused("the server is full".into()));

        let native = |text: &str| Speech::Native.word(Step::AtDoor, text.as_bytes(), "p0", &lobby);
        assert_eq!(native("{\"welcome\":{\"v\":1}}"), Word::Come(Step::InRoom));
        let refused = native(
            "{\"refused\":{\"re\":\"hello\",\"code\":\"nick_taken\",\"text\":\"it is taken\\u0007\"}}",
        );
        assert!(matches!(refused, Word::Refused(text) if text.starts_with("it is taken")));

        let raw = |text: &str| Speech::Raw.word(Step::AtDoor, text.as_bytes(), "p0", &lobby);
        assert_eq!(raw("NICK"), Word::Say("p0".into(), Step::AtDoor));
        assert_eq!(raw("NICK_OKConnection"), Word::Come(Step::InRoom));
        let nats = |text: &str| Speech::Nats.word(Step::AtDoor, text.as_bytes(), "p0", &lobby);
        assert_eq!(nats("PONG\r"), Word::Come(Step::InRoom));
        assert!(matches!(nats("-ERR 'Slow Consumer'\r"), Word::Refused(_)));
    }
}
