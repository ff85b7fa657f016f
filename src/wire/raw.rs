//! The raw dialect: what the ancestor's own clients send and can bear to receive. One message a
//! segment, at most [`limits::RAW_MESSAGE`] bytes, every part tagged, so that no part can equal a
//! system word. Knows nothing of pacing; the session's writer does that.

use super::{KICK, NICK, NICK_INVALID, NICK_OK, limits};
use memchr::memmem;

/// What the ancestor compares a whole `recv` with.
const SYSTEM_WORDS: [&str; 4] = [NICK, NICK_OK, NICK_INVALID, KICK];

/// Cuts `tag` + `text` into messages of at most [`limits::RAW_MESSAGE`] bytes, each with the tag
/// in front, at character boundaries.
///
/// A part that would end in a system word gets a space after it. A reader too slow for the pacing
/// finds messages run together and cut at 1024 bytes; what it then takes for a message is the end
/// of one, and that end must not read `KICK`.
pub fn parts<'a>(tag: &'a str, text: &'a str) -> impl Iterator<Item = String> + 'a {
    // One byte less than fits: the space.
    let room = (limits::RAW_MESSAGE - 1).saturating_sub(tag.len()).max(char::MAX.len_utf8());
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (head, tail) = text.split_at(text.floor_char_boundary(room));
        rest = (!tail.is_empty()).then_some(tail);
        let mut part = format!("{tag}{head}");
        if SYSTEM_WORDS.iter().any(|word| part.ends_with(word)) {
            part.push(' ');
        }
        Some(part)
    })
}

/// The messages in what one read returned. The ancestor puts its own tag in front of each, so a
/// second tag shows where two sends ran together; newlines part messages as well.
pub fn messages<'a>(nick: &str, segment: &'a [u8]) -> Vec<&'a [u8]> {
    let tag = format!("{nick}: ");
    let mut found = Vec::new();
    for line in segment.split(|&byte| byte == b'\n') {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mut start = 0;
        for at in memmem::find_iter(line, tag.as_bytes()) {
            found.push(line.get(start..at).unwrap_or_default());
            start = at;
        }
        found.push(line.get(start..).unwrap_or_default());
    }
    found.retain(|message| !message.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::nick::Nick;
    use proptest::prelude::*;

    fn all(tag: &str, text: &str) -> Vec<String> {
        parts(tag, text).collect()
    }

    fn is_system_word(bytes: &[u8]) -> bool {
        SYSTEM_WORDS.iter().any(|word| word.as_bytes() == bytes)
    }

    /// What `recv(1024)` returns, one after the other, when all of it waits in the buffer.
    fn received(stream: &[u8]) -> impl Iterator<Item = &[u8]> {
        stream.chunks(limits::RAW_MESSAGE)
    }

    #[test]
    fn a_short_message_is_one_part_to_the_byte() {
        assert_eq!(all("Neo: ", "hi"), ["Neo: hi"]);
        assert_eq!(all("", "Neo just connected"), ["Neo just connected"]);
    }

    #[test]
    fn parts_of_every_length_fit_are_tagged_and_are_no_system_word() {
        let longest = "\u{10ffff}".repeat(limits::NICK_CHARS) + " whispers: ";
        for tag in ["N: ", "Neo: ", "* Neo ", longest.as_str()] {
            for word in SYSTEM_WORDS {
                // The text ends in the word twice, and each cut falls on every place in it.
                let around = |bytes: usize| bytes.saturating_sub(24)..bytes + 24;
                let fills =
                    around(0).chain(around(1024 - tag.len())).chain(around(2048 - 2 * tag.len()));
                for fill in fills {
                    let text = format!("{}{word}{word}", "x".repeat(fill));
                    for part in all(tag, &text) {
                        assert!(part.len() <= limits::RAW_MESSAGE, "{} bytes", part.len());
                        assert!(part.starts_with(tag), "{part:?}");
                        assert!(!SYSTEM_WORDS.iter().any(|word| part.ends_with(word)), "{part:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_slow_reader_never_sees_a_system_word_at_a_boundary() {
        for word in SYSTEM_WORDS {
            for fill in 0..limits::RAW_MESSAGE + 16 {
                // One message fills the buffer up to any place, the next one is the word.
                let mut stream = all("Neo: ", &"x".repeat(fill)).concat();
                stream.extend(parts("Neo: ", word));
                for seen in received(stream.as_bytes()) {
                    assert!(!is_system_word(seen), "{fill} bytes, then {word}");
                }
            }
        }
    }

    /// A segment may have come in part: the first `recv` returns any number of bytes, and each later
    /// one what fits.
    #[test]
    fn wherever_a_stream_is_cut_no_piece_is_a_system_word() {
        for word in SYSTEM_WORDS {
            // The words' ends fall around the first and the second boundary, and nowhere near one.
            for fill in [0, 500].into_iter().chain(1000..1030).chain(2020..2050) {
                let mut stream = all("Neo: ", &format!("{}{word}", "x".repeat(fill))).concat();
                stream.extend(parts("Neo: ", word));
                stream.extend(parts("", "Neo just connected"));
                for first in 0..=limits::RAW_MESSAGE.min(stream.len()) {
                    let (head, rest) = stream.as_bytes().split_at(first);
                    let pieces = std::iter::once(head).chain(received(rest));
                    for seen in pieces {
                        assert!(!is_system_word(seen), "{word} after {fill} bytes, {first} first");
                    }
                }
            }
        }
    }

    #[test]
    fn what_one_read_returned_is_cut_at_the_senders_own_tags() {
        assert_eq!(messages("Neo", b"Neo: a"), [b"Neo: a"]);
        assert_eq!(messages("Neo", b"Neo: aNeo: b"), [b"Neo: a", b"Neo: b"]);
        assert_eq!(messages("Neo", b"untagged"), [b"untagged"]);
        assert_eq!(messages("Neo", b"Neo: a\r\nb\n\nc"), [b"Neo: a".as_slice(), b"b", b"c"]);
        assert_eq!(messages("Neo", b"Trin: aTrin: b"), [b"Trin: aTrin: b"]);
        assert!(messages("Neo", b"\n\n").is_empty());
    }

    proptest! {
        #[test]
        fn nothing_of_the_text_is_lost(name in "[a-zA-Z]{1,32}", text in "\\PC{1,1500}") {
            prop_assume!(Nick::parse(name.as_bytes()).is_ok());
            let tag = format!("{name}: ");
            let mut joined = String::new();
            for part in parts(&tag, &text) {
                prop_assert!(part.len() <= limits::RAW_MESSAGE);
                prop_assert!(!is_system_word(part.as_bytes()));
                joined.push_str(part.strip_prefix(&tag).unwrap());
            }
            // Only the space after a system word may have come to it.
            if !SYSTEM_WORDS.iter().any(|word| text.contains(word)) {
                prop_assert_eq!(joined, text);
            }
        }

        #[test]
        fn messages_sent_together_are_found_apart(texts in proptest::collection::vec("[a-z ]{1,20}", 1..9)) {
            let expected: Vec<String> = texts.iter().map(|text| format!("Neo: {text}")).collect();
            let glued = expected.concat();
            let found: Vec<String> = messages("Neo", glued.as_bytes())
                .into_iter()
                .map(|message| String::from_utf8(message.to_vec()).unwrap())
                .collect();
            prop_assert_eq!(found, expected);
        }

        #[test]
        fn messages_hold_every_byte_but_the_newlines(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let kept: Vec<u8> = messages("Neo", &bytes).concat();
            let sent: Vec<u8> = bytes.iter().copied().filter(|byte| !b"\r\n".contains(byte)).collect();
            let kept: Vec<u8> = kept.into_iter().filter(|byte| *byte != b'\r').collect();
            prop_assert_eq!(kept, sent);
        }
    }
}
