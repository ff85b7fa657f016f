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
