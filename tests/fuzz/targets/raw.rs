//! What the ancestor's `recv(1024)` sees, and what is made of what it sends.

use super::bytes::Bytes;
use chaty::wire::entry::{Chat, Entry, Event, Kind, Millis, Ordinal, Seq, SessionId};
use chaty::wire::nick::Nick;
use chaty::wire::text::Text;
use chaty::wire::{KICK, NICK, NICK_INVALID, NICK_OK, limits, line, raw};

const WORDS: [&str; 4] = [NICK, NICK_OK, NICK_INVALID, KICK];

/// A name, and a message in each further piece.
pub(super) fn target(data: &[u8]) {
    let mut data = Bytes(data);
    let name = data.piece();
    let nick = Nick::parse(name).unwrap_or_else(|_none| Nick::server());
    segment(nick.as_str(), data.0);
    let mut sent: Vec<String> = Vec::new();
    while !data.is_empty() {
        let emote = data.bit();
        if let Ok(text) = Text::clean(data.piece()) {
            sent.extend(message(&nick, text, emote));
        }
    }
    never_a_word(&sent);
}

/// The parts of one message: tagged, short, and all of the text.
fn message(nick: &Nick, text: Text, emote: bool) -> Vec<String> {
    let expected = text.to_string();
    let event = Event::Chat(Chat {
        from: nick.clone(),
        kind: Kind::User,
        emote,
        text,
        cause: None,
        hops: 0,
        id: None,
        owner: None,
    });
    let entry =
        Entry { seq: Seq(1), ordinal: Ordinal(1), at: Millis(0), author: SessionId(1), event };
    let mut bytes = Vec::new();
    let tag = line::put(&entry, &mut bytes);
    let said = String::from_utf8(bytes).expect("a line is text");
    let said = said.strip_suffix('\n').expect("a line ends");
    let (tag, text) = said.split_at(tag);
    assert_eq!(text, expected, "the line says what was said");
    let parts: Vec<String> = raw::parts(tag, text).collect();
    // Where in the text the parts so far may end: a space behind a word is the part's own or not.
    let mut ends = vec![0];
    for part in &parts {
        assert!(part.len() <= limits::RAW_MESSAGE, "{} bytes in a part", part.len());
        let body = part.strip_prefix(tag).expect("every part is tagged");
        let padded = body.strip_suffix(' ').filter(|body| ends_in_a_word(body));
        let bodies = [Some(body), padded];
        let goes_on = |end: usize| {
            let rest = &expected[end..];
            bodies
                .into_iter()
                .flatten()
                .filter(move |body| rest.starts_with(*body))
                .map(move |body| end + body.len())
        };
        ends = ends.into_iter().flat_map(goes_on).collect();
    }
    assert!(ends.contains(&expected.len()), "the parts are the text: {parts:?}");
    parts
}

fn ends_in_a_word(text: &str) -> bool {
    WORDS.iter().any(|word| text.ends_with(word))
}

/// Whoever begins to read at a message, however many have run together by then, takes 1024 bytes at
/// once; the last of them end where a message does.
fn never_a_word(sent: &[String]) {
    for first in 0..sent.len() {
        let mut stream = Vec::new();
        for part in &sent[first..] {
            stream.extend_from_slice(part.as_bytes());
            for seen in stream.chunks(limits::RAW_MESSAGE) {
                let is_word = WORDS.iter().any(|word| word.as_bytes() == seen);
                assert!(!is_word, "read as {:?}", String::from_utf8_lossy(seen));
            }
            if stream.len() > 4 * limits::RAW_MESSAGE {
                break;
            }
        }
    }
}

/// What one read of the server's brought is taken apart without losing a byte of a message.
fn segment(nick: &str, bytes: &[u8]) {
    let messages = raw::messages(nick, bytes);
    let tag = format!("{nick}: ");
    for message in &messages {
        assert!(!message.is_empty() && !message.contains(&b'\n'), "{message:?}");
        let inner = message.get(1..).unwrap_or_default();
        let again = inner.windows(tag.len()).any(|window| window == tag.as_bytes());
        assert!(!again, "two messages in {message:?}");
    }
    let kept: Vec<u8> = messages.concat();
    let lines = bytes.split(|byte| *byte == b'\n');
    let expected: Vec<u8> =
        lines.flat_map(|line| line.strip_suffix(b"\r").unwrap_or(line)).copied().collect();
    assert_eq!(kept, expected, "no byte is lost");
}
