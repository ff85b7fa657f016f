//! Text that is safe to draw: whatever the wire let through, nothing in it moves the cursor, hides,
//! reorders, or grows out of its cell. The one way for anybody's text to a screen, a pipe, a log, a
//! notification or the window's title. Decides nothing about how it looks.

use super::text::scrub;
use std::fmt;
use std::ops::Deref;
use unicode_normalization::char::is_combining_mark;

/// Marks kept on one letter: Vietnamese needs two, Hebrew with cantillation up to four. More of
/// them climb over the lines above.
const MARKS: usize = 4;

/// Joiners kept in one emoji. The longest that Unicode recommends has three; a chain without end
/// would be one cell of any size.
const JOINERS: usize = 6;

/// A text that was made harmless.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Shown(Box<str>);

impl Shown {
    /// Makes any text harmless to show on one line.
    pub fn new(text: &str) -> Self {
        if text.bytes().all(|byte| matches!(byte, 0x20..=0x7e)) {
            return Self(text.into());
        }
        Self(clean(&scrub(text)).into())
    }
}

impl Deref for Shown {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Several lines, each made harmless; only the newlines between them stay.
pub fn lines(text: &str) -> String {
    text.split('\n').map(|line| Shown::new(line).0).collect::<Vec<_>>().join("\n")
}

/// [`json`] for what was put behind the first `from` bytes. Most of it is plain, and that is quick.
pub fn escape(bytes: &mut Vec<u8>, from: usize) {
    let is_plain = |byte: &u8| matches!(byte, b'\n' | 0x20..=0x7e);
    if !bytes.iter().skip(from).all(is_plain) {
        let put = bytes.split_off(from);
        bytes.extend_from_slice(json(&String::from_utf8_lossy(&put)).as_bytes());
    }
}

/// JSON that is as harmless to show and says the same: what would act or be unseen is escaped.
pub fn json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        // A newline is never in a string, but between two lines of JSON.
        if c != '\n' && (c.is_control() || is_unseen(c)) {
            let mut units = [0; 2];
            out.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    out
}

/// What [`scrub`] leaves in for the wire's sake, and a screen cannot take.
fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let (mut before, mut marks, mut joiners) = (' ', 0, 0);
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        let is_kept = match c {
            '\u{200d}' if is_emoji_part(before) && is_emoji(next) => {
                joiners += 1;
                joiners <= JOINERS
            }
            // Persian and the scripts of India are not spelled right without them.
            '\u{200c}' | '\u{200d}' => joins_letters(before) && joins_letters(next),
            '\u{fe0e}' | '\u{fe0f}' => is_emoji(before) || takes_keycap(before),
            // The tags of a flag such as Scotland's.
            '\u{e0020}'..='\u{e007f}' => {
                joiners += 1;
                joiners <= 2 * JOINERS && matches!(before, '\u{1f3f4}' | '\u{e0020}'..='\u{e007e}')
            }
            c if is_unseen(c) => false,
            c if is_combining_mark(c) => {
                marks += 1;
                marks <= MARKS
            }
            _ => {
                marks = 0;
                if !is_emoji_part(c) {
                    joiners = 0;
                }
                true
            }
        };
        if is_kept {
            out.push(c);
            before = c;
        }
    }
    out
}

/// Takes no cell and shows nothing: marks of direction, joiners, fillers, tags, selectors.
fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A character that a picture can begin with. (Unicode's `Extended_Pictographic`, by its blocks.)
fn is_emoji(c: char) -> bool {
    matches!(c,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}'
        | '\u{2190}'..='\u{21ff}' | '\u{2300}'..='\u{23ff}' | '\u{24c2}'
        | '\u{25a0}'..='\u{27bf}' | '\u{2900}'..='\u{297f}' | '\u{2b00}'..='\u{2bff}'
        | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}')
}

/// … or go on with.
fn is_emoji_part(c: char) -> bool {
    is_emoji(c) || matches!(c, '\u{fe0f}' | '\u{200d}' | '\u{e0020}'..='\u{e007f}')
}

/// `1️⃣` begins with an ordinary digit.
fn takes_keycap(c: char) -> bool {
    matches!(c, '0'..='9' | '#' | '*')
}

/// Letters of the scripts that are written with joiners: Arabic's, and India's and their kin.
fn joins_letters(c: char) -> bool {
    matches!(c, '\u{620}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{900}'..='\u{dff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> String {
        Shown::new(text).to_string()
    }

    #[test]
    fn ordinary_text_of_any_script_is_kept() {
        for text in [
            "plain ASCII, 100 %",
            "naïve Ünal Việt 日本語 한국어 שָׁלוֹם",
            "👩‍👩‍👧 👍🏽 ❤️ 1️⃣ 🏳️‍🌈 🇩🇪 🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            "می\u{200c}خواهم क्\u{200d}ष",
        ] {
            assert_eq!(shown(text), text);
        }
    }

    #[test]
    fn controls_become_visible_and_what_is_unseen_goes() {
        assert_eq!(shown("a\x1b]0;b\x07c\x7f"), "a␛]0;b␇c␡");
        assert_eq!(shown("a\u{9b}31m\tb"), "a\u{fffd}31m b");
        assert_eq!(shown("a\u{200b}b\u{200e}c\u{61c}d\u{202e}e\u{2066}f\u{feff}"), "abcdef");
        assert_eq!(shown("pay\u{200d}pal\u{200c}x\u{3164}\u{115f}"), "paypalx");
        assert_eq!(shown("x\u{fe0f}y\u{e0041}z\u{ad}"), "xyz");
        assert_eq!(shown("pay\u{200d}👩 👩\u{200d}pal"), "pay👩 👩pal", "a joiner joins two");
        assert_eq!(shown("क\u{200d}a a\u{200d}क"), "कa aक");
        assert_eq!(&*Shown::new("\x07a"), "␇a");
    }

    #[test]
    fn marks_and_joiners_are_capped() {
        let zalgo = format!("a{}b", "\u{301}".repeat(100));
        assert_eq!(shown(&zalgo), format!("a{}b", "\u{301}".repeat(MARKS)));
        let chain = "👩\u{200d}".repeat(50) + "👩";
        assert_eq!(shown(&chain).matches('\u{200d}').count(), JOINERS);
        let flag = format!("🏴{}", "\u{e0067}".repeat(50));
        assert_eq!(shown(&flag), format!("🏴{}", "\u{e0067}".repeat(2 * JOINERS)));
        // Each picture has its own.
        let family = "👩\u{200d}".repeat(JOINERS) + "👩";
        let two = format!("{family}, {family}");
        assert_eq!(shown(&two), two);
    }

    #[test]
    fn lines_stay_lines_and_json_stays_what_it_says() {
        assert_eq!(lines("a\x1b\n\u{202e}b\r\n"), "a␛\nb␍\n");
        let value = serde_json::json!({"\u{9b}a": "b\u{202e}\u{e0041}\x1b\n\u{7f}", "c": "日本\""});
        let shown = json(&value.to_string());
        assert_eq!(shown.parse::<serde_json::Value>().unwrap(), value);
        assert_eq!(lines(&shown), shown, "nothing is left to change");
        let mut put = b"\x1b{".to_vec();
        escape(&mut put, 1);
        assert_eq!(put, b"\x1b{");
        put.extend("\"\u{202e}\"}\n".bytes());
        escape(&mut put, 1);
        assert_eq!(put, b"\x1b{\"\\u202e\"}\n", "only what was put behind");
    }

    proptest! {
        #[test]
        fn nothing_harmful_survives_and_once_is_enough(text in any::<String>()) {
            let once = shown(&text);
            prop_assert!(once.chars().all(|c| !c.is_control()));
            let hides = once.contains(['\u{202e}', '\u{200e}', '\u{200b}', '\u{2066}']);
            prop_assert!(!hides);
            prop_assert_eq!(shown(&once), once);
        }
    }
}
