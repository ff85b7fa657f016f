//! The escape sequences that are more than drawing: titles, links, notifications, the clipboard.
//! Every text in them has been made harmless; here it is cut to length and kept out of the
//! sequence's own punctuation. Writes nothing itself.

use crate::config::Notify;
use crate::wire::shown::Shown;
use std::fmt::Write;

/// Characters of a notification or a title: what a desktop shows of one.
const SHORT: usize = 200;

/// Bytes of a link's address; longer ones are no links. (VTE and iTerm2 take 2083.)
pub(super) const LINK: usize = 2083;

/// Bytes put into the clipboard at once: xterm's own limit is about 75 kB in base64.
const COPY: usize = 48 * 1024;

/// Keeps the title that is there, to be brought back by [`TITLE_BACK`].
pub(super) const TITLE_KEEP: &str = "\x1b[22;2t";
pub(super) const TITLE_BACK: &str = "\x1b[23;2t";

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn short(text: &str) -> String {
    Shown::new(text).chars().take(SHORT).collect()
}

/// The window's title.
pub(super) fn title(text: &str) -> String {
    format!("\x1b]2;{}\x07", short(text))
}

/// Tells the user, in the way they chose.
pub(super) fn notify(by: Notify, title: &str, body: &str) -> String {
    match by {
        Notify::None => String::new(),
        Notify::Bell => "\x07".into(),
        // A number in front would be another of ConEmu's and Windows Terminal's commands.
        Notify::Osc9 => format!("\x1b]9;{}: {}\x07", short(title), short(body)),
        Notify::Osc777 => {
            let title = short(title).replace(';', ",");
            format!("\x1b]777;notify;{title};{}\x07", short(body).replace(';', ","))
        }
    }
}

/// Puts a text into the clipboard; nothing, if it is too long for that.
pub(super) fn copy(text: &str) -> Option<String> {
    (text.len() <= COPY).then(|| format!("\x1b]52;c;{}\x07", base64(text.as_bytes())))
}

/// Where a link begins. The address has printable ASCII only, which [`address`] sees to.
pub(super) fn link_start(address: &str) -> String {
    format!("\x1b]8;;{address}\x1b\\")
}

pub(super) const LINK_END: &str = "\x1b]8;;\x1b\\";

/// A link's address as an escape sequence takes it: what is not printable ASCII is written as
/// `%XX`. None, if it is no web address or too long.
pub(super) fn address(link: &str) -> Option<String> {
    let rest = link.strip_prefix("https://").or_else(|| link.strip_prefix("http://"))?;
    if rest.is_empty() {
        return None;
    }
    let mut address = String::with_capacity(link.len());
    for byte in link.bytes() {
        if byte.is_ascii_graphic() {
            address.push(char::from(byte));
        } else {
            // A string takes everything.
            write!(address, "%{byte:02X}").ok();
        }
    }
    (address.len() <= LINK).then_some(address)
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = usize::try_from(bits >> (18 - 6 * place) & 63).unwrap_or_default();
            let is_there = place <= chunk.len();
            out.push(if is_there { char::from(BASE64[digit]) } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_the_published_one() {
        for (text, expected) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(text.as_bytes()), expected);
        }
        assert_eq!(copy(&"x".repeat(COPY + 1)), None);
    }

    #[test]
    fn nothing_gets_out_of_a_sequence() {
        let hostile = "a\x07\x1b\\;b\u{9c}\u{202e}";
        let title = title(hostile);
        assert_eq!(title.matches(['\x07', '\x1b', '\u{9c}']).count(), 2);
        for by in [Notify::Osc9, Notify::Osc777] {
            let told = notify(by, hostile, hostile);
            assert_eq!(told.matches(['\x07', '\x1b', '\u{9c}']).count(), 2, "{told:?}");
        }
        assert_eq!(notify(Notify::Osc777, "a;b", "c").matches(';').count(), 3);
        assert_eq!(notify(Notify::Bell, "a", "b"), "\x07");
        assert_eq!(notify(Notify::None, "a", "b"), "");
        assert!(notify(Notify::Osc9, "a", &"x".repeat(9999)).len() < 300);
    }

    #[test]
    fn only_the_web_is_linked() {
        assert_eq!(
            address("https://a.example/ü x").as_deref(),
            Some("https://a.example/%C3%BC%20x")
        );
        assert_eq!(address("http://a\x1b\x07").as_deref(), Some("http://a%1B%07"));
        for none in ["file:///etc/passwd", "javascript:x", "https://", "ssh://a"] {
            assert_eq!(address(none), None);
        }
        assert_eq!(address(&format!("https://{}", "a".repeat(LINK))), None);
    }
}
