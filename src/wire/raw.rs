//! The raw dialect: what the ancestor's own clients send and can bear to receive. One message a
//! segment, at most [`limits::RAW_MESSAGE`] bytes, every part tagged, so that no part can equal a
//! system word. Knows nothing of pacing; the session's writer does that.

use super::limits;
use memchr::memmem;

/// Cuts `tag` + `text` into messages of at most [`limits::RAW_MESSAGE`] bytes, each with the tag
/// in front, at character boundaries.
pub fn parts<'a>(tag: &'a str, text: &'a str) -> impl Iterator<Item = String> + 'a {
    let room = limits::RAW_MESSAGE
        .saturating_sub(tag.len())
        .max(char::MAX.len_utf8());
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let (head, tail) = text.split_at(text.floor_char_boundary(room));
        rest = (!tail.is_empty()).then_some(tail);
        Some(format!("{tag}{head}"))
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
        for at in memmem::find_iter(line, tag.as_bytes()).filter(|&at| at > 0) {
            found.push(line.get(start..at).unwrap_or_default());
            start = at;
        }
        found.push(line.get(start..).unwrap_or_default());
    }
    found.retain(|message| !message.is_empty());
    found
}
