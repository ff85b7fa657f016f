//! Texts, names and rooms: what passes is harmless, and stays as it is when it passes again.

use chaty::wire::limits;
use chaty::wire::nick::{Nick, NickKey};
use chaty::wire::room_name::RoomName;
use chaty::wire::text::{Text, scrub};

pub(super) fn target(data: &[u8]) {
    let lossy = String::from_utf8_lossy(data);
    let scrubbed = scrub(&lossy);
    harmless(&scrubbed);
    assert_eq!(scrub(&scrubbed), scrubbed, "once is enough");
    if let Ok(text) = Text::clean(data) {
        harmless(&text);
        assert_eq!(*text, scrubbed, "a text is what is left of it");
        assert!(!text.trim().is_empty() && text.len() <= limits::LINE, "{} bytes", text.len());
        assert_eq!(Text::clean(text.as_bytes()), Ok(text), "a text passes again");
    }
    if let Ok(nick) = Nick::parse(data) {
        name(&nick);
    }
    // A key is made of anything the administrator types.
    let key = NickKey::of(&lossy);
    assert!(key.clashes(&NickKey::of(&lossy)));
    if let Ok(room) = RoomName::parse(&lossy) {
        assert_eq!(RoomName::parse(room.as_str()).as_ref(), Ok(&room), "a room passes again");
        let word = room.as_str().strip_prefix('#').expect("a room has its #");
        assert!(!word.is_empty() && room.as_str().len() <= limits::ROOM_CHARS);
        assert!(word.bytes().all(|byte| b"abcdefghijklmnopqrstuvwxyz0123456789-_".contains(&byte)));
    }
}

fn name(nick: &Nick) {
    let name = nick.as_str();
    harmless(name);
    assert_eq!(scrub(name), name, "a name is shown as it is");
    assert_eq!(Nick::parse(name.as_bytes()).as_ref(), Ok(nick), "a name passes again");
    assert!((1..=limits::NICK_CHARS).contains(&name.chars().count()), "{name:?}");
    assert!(!name.contains(|c: char| c.is_whitespace() || c == ':'), "{name:?}");
    assert!(!name.contains(is_unseen), "{name:?} has something that does not show");
    assert!(!name.starts_with(['/', '#', '{', '*', '-', '!', '@']), "{name:?}");
    for cased in [name.to_lowercase(), name.to_uppercase()] {
        if let Ok(other) = Nick::parse(cased.as_bytes()) {
            assert!(nick.key().clashes(&other.key()), "{name:?} beside {cased:?}");
        }
    }
    for word in ["NICK", "NICK_OK", "NICK_INVALID", "KICK"] {
        assert!(!name.eq_ignore_ascii_case(word), "{name:?} is a word of the system");
    }
}

/// DESIGN, section 3: what never reaches another client.
pub(super) fn harmless(text: &str) {
    let found = text.chars().find(|c| {
        c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}') || reorders(*c)
    });
    assert_eq!(found, None, "{text:?}");
}

/// Embeddings, overrides and isolates.
fn reorders(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Zero-width characters and the marks of direction: Unicode's `Bidi_Control` and its joiners.
fn is_unseen(c: char) -> bool {
    reorders(c) || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::harmless;
    use std::panic::catch_unwind;

    #[test]
    fn what_harms_is_found() {
        for text in ["a\nb", "a\u{1b}[m", "\u{9b}", "a\u{202e}b", "a\u{2028}b", "\u{feff}"] {
            assert!(catch_unwind(|| harmless(text)).is_err(), "{text:?} passes");
        }
        harmless("naïve 日本語 👩‍👩‍👧 שלום");
    }
}
