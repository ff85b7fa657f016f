//! What a search means: texts and questions are parted into the same folded words, so that the
//! index and a look at the text itself never disagree. Knows no file.

use unicode_normalization::UnicodeNormalization;

/// Words of a question that the index is asked for; the others are only looked for in what it
/// finds.
const ASKED: usize = 16;

/// What is searched for: texts with all of these words, in any order. A word that ends in `*` is
/// the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    /// Folded, with a space in front, and one behind unless it is a beginning.
    parts: Vec<String>,
}

impl Words {
    /// What was asked for; `None` if there is no word in it.
    pub(super) fn parse(question: &str) -> Option<Self> {
        let mut parts = Vec::new();
        for word in question.split_whitespace() {
            let mut part = String::new();
            fold(word, &mut part);
            if part.len() > 1 {
                if word.ends_with('*') {
                    part.pop();
                }
                parts.push(part);
            }
        }
        (!parts.is_empty()).then_some(Self { parts })
    }

    /// Whether a folded text has all of the words.
    pub(super) fn are_in(&self, folded: &str) -> bool {
        self.parts.iter().all(|part| folded.contains(part.as_str()))
    }

    /// The question in the index' own language.
    pub(super) fn query(&self) -> String {
        let mut query = String::new();
        let words = self.parts.iter().flat_map(|part| {
            let is_beginning = !part.ends_with(' ');
            let mut words = part.split_whitespace().peekable();
            std::iter::from_fn(move || {
                let word = words.next()?;
                Some((word, is_beginning && words.peek().is_none()))
            })
        });
        for (word, is_beginning) in words.take(ASKED) {
            if !query.is_empty() {
                query.push_str(" AND ");
            }
            // Folded words have no quotes in them.
            query.push('"');
            query.push_str(word);
            query.push('"');
            if is_beginning {
                query.push('*');
            }
        }
        query
    }
}

/// Parts a text into its words: lower case, without accents and compatibility forms, each with a
/// space before and behind it. What writes no spaces between words is parted into characters.
pub(super) fn fold(text: &str, out: &mut String) {
    out.clear();
    out.push(' ');
    if text.is_ascii() {
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() {
                out.push(char::from(byte.to_ascii_lowercase()));
            } else {
                space(out);
            }
        }
    } else {
        for c in text.nfkd() {
            fold_char(c, out);
        }
    }
    space(out);
}

fn fold_char(c: char, out: &mut String) {
    if is_accent(c) {
    } else if stands_alone(c) {
        space(out);
        out.push(c);
        out.push(' ');
    } else if c.is_alphanumeric() || is_mark(c) {
        out.extend(c.to_lowercase().filter(|&c| !is_accent(c)));
    } else {
        space(out);
    }
}

/// One space, wherever there is none yet.
fn space(out: &mut String) {
    if !out.ends_with(' ') {
        out.push(' ');
    }
}

/// Accents, and what chooses a picture's look.
fn is_accent(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{fe00}'..='\u{fe0f}' | '\u{200d}')
}

/// Vowel signs and the like, which are parts of their word.
fn is_mark(c: char) -> bool {
    unicode_normalization::char::is_combining_mark(c)
}

/// Scripts that write no spaces between words, and pictures.
fn stands_alone(c: char) -> bool {
    matches!(c,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{2190}'..='\u{2bff}' | '\u{3040}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}'
        | '\u{1f000}'..='\u{1faff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folded(text: &str) -> String {
        let mut out = String::new();
        fold(text, &mut out);
        out
    }

    fn finds(question: &str, text: &str) -> bool {
        Words::parse(question).is_some_and(|words| words.are_in(&folded(text)))
    }

    #[test]
    fn texts_are_parted_into_folded_words() {
        for (text, expected) in [
            ("Hello, World! 42", " hello world 42 "),
            ("it's re-deployed", " it s re deployed "),
            ("Café ÜBER ﬁne", " cafe uber fine "),
            ("日本語 ok", " 日 本 語 ok "),
            ("done 👍🏽", " done 👍 🏽 "),
            ("?!", " "),
            ("", " "),
            ("İstanbul", " istanbul "),
        ] {
            assert_eq!(folded(text), expected, "{text:?}");
        }
    }

    #[test]
    fn all_words_are_in_what_is_found() {
        for (question, text) in [
            ("deploy friday", "Friday: we DEPLOY"),
            ("it's", "It's done"),
            ("depl*", "we deploy"),
            ("日本", "私は日本語"),
            ("cafe", "un café"),
            ("👍", "ok 👍"),
            ("c++ done", "C++ is done"),
        ] {
            assert!(finds(question, text), "{question:?} in {text:?}");
        }
        for (question, text) in [
            ("deploy monday", "we deploy"),
            ("depl", "we deploy"),
            ("ploy*", "we deploy"),
            ("its", "it's done"),
            ("本日", "日本"),
            ("", "anything"),
            ("?", "anything"),
        ] {
            assert!(!finds(question, text), "{question:?} in {text:?}");
        }
    }

    #[test]
    fn the_index_is_asked_in_its_own_words() {
        let query = |question| Words::parse(question).unwrap().query();
        assert_eq!(query("It's FINE*"), r#""it" AND "s" AND "fine"*"#);
        assert_eq!(query(r#"" OR a:b NEAR"#), r#""or" AND "a" AND "b" AND "near""#);
        assert_eq!(query(&"x ".repeat(50)).matches("AND").count(), ASKED - 1);
    }
}
