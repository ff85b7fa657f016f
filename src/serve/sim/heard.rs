//! What those hear who have no numbers: lines of text, which are found again in what the others
//! saw. A message is known by the mark it begins with, as `<m3.17>`.

use super::link::Link;
use super::truth::Truth;
use super::violation::{LOSS, ORDER, Violation, found};
use crate::wire::native::ServerEvent;

/// Takes a line, or what came together; gives a whisper back.
pub(super) fn text(link: &mut Link, text: &str) -> Result<Option<String>, Violation> {
    if text.contains("NICK_OK") {
        link.view.is_in = true;
    } else if text.contains("NICK_INVALID") && !link.view.is_in {
        link.is_closed = true;
    }
    if let Some(nick) = text.split("-- you are now known as ").nth(1) {
        link.view.nick = nick.trim_end().into();
    }
    if let Some(room) = text.strip_prefix("-- you are in ") {
        link.room = room.split(':').next().unwrap_or_default().into();
        link.stay += 1;
    }
    if let Some(whisper) = text.split(" whispers: ").nth(1) {
        if link.speaks == super::plan::Speaks::Line {
            let to = whisper.split(" to ").nth(1).unwrap_or_default();
            link.view.whispered(to)?;
            return Ok(Some(whisper.into()));
        }
        return Ok(None);
    }
    if text.starts_with("-- ") {
        return Ok(None);
    }
    let marks = text.split('<').skip(1).filter_map(|rest| rest.split_once('>'));
    for (mark, _) in marks {
        link.heard.push((link.stay, link.room.clone(), format!("<{mark}>")));
    }
    Ok(None)
}

/// Takes what came of a raw member's stream: marks, wherever they are.
pub(super) fn raw(link: &mut Link) {
    let text = String::from_utf8_lossy(&link.buffer).into_owned();
    if !link.view.is_in {
        link.view.is_in = text.contains("NICK_OK");
        link.is_closed = text.contains("NICK_INVALID");
        return;
    }
    let mut done = 0;
    for (start, _) in text.match_indices('<') {
        let rest = text.split_at(start).1;
        let Some(length) = rest.find('>') else { break };
        done = start + length + 1;
        let mark = rest.split_at(length + 1).0;
        link.heard.push((link.stay, link.room.clone(), mark.to_owned()));
    }
    link.buffer.drain(..done);
}

/// Whether a connection heard all of what the others saw between the first and the last it heard in
/// a room, in its order, but for what it said itself.
pub(super) fn is_whole(link: &Link, epoch: &str, truth: &Truth) -> Result<(), Violation> {
    let own = format!("<m{}.", link.who);
    let mut heard = link.heard.clone();
    // What an earlier connection of its own said, it may hear.
    heard.retain(|(_, _, mark)| !mark.starts_with(&own));
    for stay in heard.chunk_by(|one, two| one.0 == two.0) {
        let room = &stay[0].1;
        let place = (epoch.to_owned(), room.clone());
        let Some(entries) = truth.entries.get(&place) else {
            return found(LOSS, format!("nobody else is in {room}"));
        };
        let said = entries.values().filter_map(|event| match event {
            ServerEvent::Chat(chat) => chat.text.split_inclusive('>').next().map(str::to_owned),
            _ => None,
        });
        let said: Vec<String> = said.filter(|mark| !mark.starts_with(&own)).collect();
        let heard: Vec<&String> = stay.iter().map(|(_, _, mark)| mark).collect();
        let Some(first) = said.iter().position(|mark| mark == heard[0]) else {
            return found(LOSS, format!("nobody else heard {} in {room}", heard[0]));
        };
        let expected = said[first..].iter().take(heard.len());
        if expected.eq(heard.iter().copied()) {
            continue;
        }
        let is_there = heard.iter().all(|mark| said.contains(mark));
        let check = if is_there { LOSS } else { ORDER };
        return found(check, format!("{} heard {heard:?} in {room}, of {said:?}", link.view.nick));
    }
    Ok(())
}
