//! The line dialect's outgoing half: how every entry and answer reads as one line of text.
//! The raw dialect says the same words; only its framing differs.

use super::entry::{Entry, Event};

/// Appends the entry as one line with its newline. Returns how many of the bytes are the tag
/// that each part of a split message repeats.
pub fn put(entry: &Entry, out: &mut Vec<u8>) -> usize {
    let start = out.len();
    let mut tag = 0;
    match &entry.event {
        Event::Chat(chat) => {
            let (before, after) = if chat.emote { ("* ", " ") } else { ("", ": ") };
            put_all(out, &[before, chat.from.as_str(), after]);
            tag = out.len() - start;
            put_all(out, &[&chat.text]);
        }
        Event::Join { who, .. } => put_all(out, &[who.as_str(), " just connected"]),
        Event::Leave { who, .. } => put_all(out, &[who.as_str(), " left the chat"]),
        Event::Rename { from, to, .. } => {
            put_all(out, &[from.as_str(), " is now known as ", to.as_str()]);
        }
        Event::Topic { by, topic: Some(topic), .. } => {
            put_all(out, &[by.as_str(), " set the topic to "]);
            put_all(out, &[topic]);
        }
        Event::Topic { by, topic: None, .. } => {
            put_all(out, &[by.as_str(), " took the topic away"]);
        }
        Event::Crowd { joined, left } => put_all(out, &[&crowd(*joined, *left)]),
    }
    out.push(b'\n');
    tag
}

/// A word from the server to one client, on a line that no member's text can imitate.
pub fn notice(text: &str) -> String {
    format!("-- {text}")
}

/// The tag of a private message. Its first word has no colon, so it is no chat.
pub fn whisper_tag(from: &str) -> String {
    format!("{from} whispers: ")
}

/// Many joins and leaves in a few words.
pub fn crowd(joined: u32, left: u32) -> String {
    match (joined, left) {
        (joined, 0) => format!("{joined} joined"),
        (0, left) => format!("{left} left"),
        (joined, left) => format!("{joined} joined, {left} left"),
    }
}

/// Takes the sender's own tag off what it sent, as the ancestor's clients put one there.
pub fn strip_own_tag<'a>(nick: &str, line: &'a [u8]) -> &'a [u8] {
    line.strip_prefix(nick.as_bytes())
        .and_then(|rest| rest.strip_prefix(b":"))
        .map_or(line, |rest| rest.strip_prefix(b" ").unwrap_or(rest))
}

fn put_all(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::close::CloseReason;
    use crate::wire::entry::{Chat, Kind, Millis, Ordinal, Seq, SessionId};
    use crate::wire::nick::Nick;
    use crate::wire::text::Text;
    use crate::wire::{KICK, NICK, NICK_INVALID, NICK_OK};
    use proptest::prelude::*;

    fn nick(name: &str) -> Nick {
        Nick::parse(name.as_bytes()).unwrap()
    }

    fn chat(from: &Nick, text: &[u8], emote: bool) -> Option<Event> {
        Some(Event::Chat(Chat {
            from: from.clone(),
            kind: Kind::User,
            emote,
            text: Text::clean(text).ok()?,
            cause: None,
            hops: 0,
            id: None,
            owner: None,
        }))
    }

    /// The entry's line, and its tag.
    fn line(event: Event) -> (String, String) {
        let entry =
            Entry { seq: Seq(1), ordinal: Ordinal(1), at: Millis(0), author: SessionId(1), event };
        let mut out = b"before\n".to_vec();
        let tag = put(&entry, &mut out);
        let line = out.strip_prefix(b"before\n").unwrap().to_vec();
        let tag = String::from_utf8(line[..tag].to_vec()).unwrap();
        (String::from_utf8(line).unwrap(), tag)
    }

    #[test]
    fn every_entry_reads_as_the_ancestors_users_know_it() {
        let (neo, kind) = (nick("Neo"), Kind::User);
        let said = |text: &str, emote| line(chat(&neo, text.as_bytes(), emote).unwrap());
        assert_eq!(said("hi", false), ("Neo: hi\n".into(), "Neo: ".into()));
        assert_eq!(said("waves", true), ("* Neo waves\n".into(), "* Neo ".into()));
        let plain = |event| {
            let (line, tag) = line(event);
            assert_eq!(tag, "", "only what is said is tagged");
            line
        };
        assert_eq!(plain(Event::Join { who: neo.clone(), kind }), "Neo just connected\n");
        let left = Event::Leave { who: neo.clone(), kind, reason: CloseReason::Kicked };
        assert_eq!(plain(left), "Neo left the chat\n");
        let topic = Event::Topic { by: neo.clone(), kind, topic: Text::clean(b"tea").ok() };
        assert_eq!(plain(topic), "Neo set the topic to tea\n");
        let none = Event::Topic { by: neo.clone(), kind, topic: None };
        assert_eq!(plain(none), "Neo took the topic away\n");
        let renamed = Event::Rename { from: neo.clone(), to: nick("Trin"), kind };
        assert_eq!(plain(renamed), "Neo is now known as Trin\n");
        for (joined, left, text) in
            [(12, 3, "12 joined, 3 left\n"), (12, 0, "12 joined\n"), (0, 3, "3 left\n")]
        {
            assert_eq!(plain(Event::Crowd { joined, left }), text);
        }
        assert_eq!(notice("be kind"), "-- be kind");
        assert_eq!(whisper_tag("Neo"), "Neo whispers: ");
    }

    #[test]
    fn only_the_senders_own_tag_is_taken_off_and_only_once() {
        for (sent, kept) in [
            ("Neo: hi", "hi"),
            ("Neo:hi", "hi"),
            ("hi", "hi"),
            ("Neo:  hi", " hi"),
            ("Neo: Neo: hi", "Neo: hi"),
            ("Alice: hi", "Alice: hi"),
            ("neo: hi", "neo: hi"),
            ("Neo hi", "Neo hi"),
            ("Neos: hi", "Neos: hi"),
            ("Neo", "Neo"),
            ("Neo:", ""),
            ("", ""),
        ] {
            assert_eq!(strip_own_tag("Neo", sent.as_bytes()), kept.as_bytes(), "{sent:?}");
        }
    }

    proptest! {
        /// Whatever was sent, one entry is one line, and no line of a member passes for a word
        /// or a notice of the server, for somebody else's line, or for news of a member.
        #[test]
        fn no_text_passes_for_anything_else(
            bytes in prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..80),
                "(KICK|NICK_OK|-- |Alice: |\n|\r| just connected)*".prop_map(String::into_bytes),
            ],
            emote: bool,
        ) {
            let neo = nick("Neo");
            let Some(event) = chat(&neo, &bytes, emote) else { return Ok(()) };
            let (line, tag) = line(event);
            prop_assert_eq!(line.matches('\n').count(), 1);
            prop_assert!(line.ends_with('\n'));
            prop_assert_eq!(tag.as_str(), if emote { "* Neo " } else { "Neo: " });
            prop_assert!(line.starts_with(&tag));
            prop_assert!(!line.starts_with("-- "));
            prop_assert!(![NICK, NICK_OK, NICK_INVALID, KICK].contains(&line.trim_end()));
        }

        #[test]
        fn a_tag_is_taken_off_what_was_tagged(text in "\\PC{0,40}") {
            let tagged = format!("Neo: {text}");
            prop_assert_eq!(strip_own_tag("Neo", tagged.as_bytes()), text.as_bytes());
        }

        #[test]
        fn what_is_left_is_the_end_of_what_was_sent(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            prop_assert!(bytes.ends_with(strip_own_tag("Neo", &bytes)));
        }
    }
}
