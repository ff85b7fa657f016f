//! Message text that is safe to hand to anybody: checked once where it enters, true afterwards.
//! Decides what is harmless, never how it is shown.

use super::limits;
use std::fmt;
use std::ops::Deref;

/// One line of clean text: valid UTF-8, 1 to [`limits::LINE`] bytes, no control character, no
/// line separator and nothing that reorders text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Text(Box<str>);

/// Why a text is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    #[error("there is nothing in that message")]
    Empty,
    #[error("that message is {0} bytes long; the limit is {limit}", limit = limits::LINE)]
    TooLong(usize),
}

impl Text {
    /// Takes what a peer sent and makes it harmless. What is not UTF-8 becomes U+FFFD, controls
    /// become their visible pictures, and what reorders or hides text is left out.
    pub fn clean(bytes: &[u8]) -> Result<Self, TextError> {
        let text: Box<str> = match std::str::from_utf8(bytes) {
            Ok(text) if is_clean(text) => text.into(),
            Ok(text) => scrub(text).into(),
            Err(_) => scrub(&String::from_utf8_lossy(bytes)).into(),
        };
        if text.trim().is_empty() {
            Err(TextError::Empty)
        } else if text.len() > limits::LINE {
            Err(TextError::TooLong(text.len()))
        } else {
            Ok(Self(text))
        }
    }
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Makes any string harmless to print, log or relay, without [`Text`]'s limits on its length.
pub fn scrub(text: &str) -> String {
    text.chars().filter_map(harmless).collect()
}

/// Characters of what a peer sent that an answer repeats: enough to find it again, and no way to
/// have many kilobytes answered for one question.
const ECHOED: usize = 100;

/// As much of a string as an answer to it repeats, made harmless.
pub fn echo(text: &str) -> String {
    text.chars().take(ECHOED).filter_map(harmless).collect()
}

/// Whether nothing in the text needs [`scrub`]. Most texts are plain ASCII, and that is quick.
fn is_clean(text: &str) -> bool {
    text.bytes().all(|byte| matches!(byte, 0x20..=0x7e))
        || text.chars().all(|c| harmless(c) == Some(c))
}

/// What becomes of one character: itself, something visible in its place, or nothing.
fn harmless(c: char) -> Option<char> {
    match c {
        // A tab's width depends on the column; a line of chat has none.
        '\t' | '\u{2028}' | '\u{2029}' => Some(' '),
        // C0 as Unicode's control pictures, DEL too; C1 has none.
        '\u{0}'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)),
        '\u{7f}' => Some('\u{2421}'),
        '\u{80}'..='\u{9f}' => Some(char::REPLACEMENT_CHARACTER),
        // Embeddings, overrides and isolates, marks that nobody types, the byte order mark.
        '\u{202a}'..='\u{202e}'
        | '\u{2066}'..='\u{206f}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{feff}' => None,
        _ => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cleaned(bytes: &[u8]) -> String {
        Text::clean(bytes).unwrap().to_string()
    }

    #[test]
    fn ordinary_text_is_kept_to_the_byte() {
        for text in ["hi", "  two spaces", "naïve 日本語 👩‍👩‍👧 שלום", "a:b {c} /d"]
        {
            assert_eq!(cleaned(text.as_bytes()), text);
        }
    }

    #[test]
    fn controls_are_shown_and_reordering_is_left_out() {
        assert_eq!(cleaned(b"a\x1b[31mb"), "a␛[31mb");
        assert_eq!(cleaned(b"a\r\nb\0"), "a␍␊b␀");
        assert_eq!(cleaned("a\u{202e}b\u{2066}c\u{feff}".as_bytes()), "abc");
        assert_eq!(cleaned("a\u{2028}b\tc".as_bytes()), "a b c");
        assert_eq!(cleaned("a\u{9b}31m".as_bytes()), "a\u{fffd}31m");
        assert_eq!(cleaned(b"caf\xe9"), "caf\u{fffd}");
    }

    #[test]
    fn an_answer_repeats_a_little_of_what_was_asked() {
        assert_eq!(echo("hop\x1b \u{202e}x"), "hop␛ x");
        assert_eq!(echo(&"日".repeat(5000)), "日".repeat(ECHOED));
    }

    #[test]
    fn empty_and_long_are_refused() {
        assert_eq!(Text::clean(b"  "), Err(TextError::Empty));
        assert_eq!(Text::clean(&[b'x'; 4097]), Err(TextError::TooLong(4097)));
        assert!(Text::clean(&[b'x'; 4096]).is_ok());
    }

    proptest! {
        #[test]
        fn nothing_harmful_survives(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(text) = Text::clean(&bytes) {
                prop_assert!(text.chars().all(|c| !c.is_control()));
                prop_assert!(is_clean(&text));
                prop_assert_eq!(scrub(&text), text.to_string());
            }
        }
    }
}
