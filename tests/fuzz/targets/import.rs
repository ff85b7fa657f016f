//! `chaty history import` of any lines: all of them or none, and what was taken is what comes out.

use super::scratch;
use chaty::config::HistorySettings;
use chaty::serve::history::{Imported, export, import};
use chaty::wire::entry::Seq;
use chaty::wire::native::{self, Decoded, ServerEvent, decode_server};
use chaty::wire::room_name::RoomName;
use std::collections::BTreeSet;

/// What is in the file before: two rooms, and room between their numbers.
const BEFORE: &str = r##"{"chat":{"room":"#lobby","seq":1,"at":1,"from":"Neo","text":"hello"}}
{"chat":{"room":"#lobby","seq":5,"at":5,"from":"Trin","kind":"bot","text":"hi"}}
{"topic":{"room":"#ops","seq":2,"at":3,"who":"Neo","topic":"tea"}}
"##;

pub(super) fn target(data: &[u8]) {
    let folder = scratch();
    let settings = HistorySettings::new(folder.path().join("history.db"));
    let first = import(&settings, &mut BEFORE.as_bytes()).expect("it is right");
    assert_eq!(first, Imported { added: 3, known: 0 });
    let before = exported(&settings);
    assert_eq!(before, lines(BEFORE.as_bytes()), "what went in comes out");
    let Ok(taken) = import(&settings, &mut &*data) else {
        assert_eq!(exported(&settings), before, "refused, and something has changed");
        return;
    };
    let after = exported(&settings);
    assert_eq!(after.len() as u64, before.len() as u64 + taken.added, "what was added is there");
    assert!(after.is_superset(&before), "what was there is there");
    let sent = lines(data);
    assert!(sent.is_subset(&after), "what was sent is there: {sent:?} in {after:?}");
    assert_eq!(sent.len() as u64, taken.added + taken.known, "each entry is counted once");
    let all: String = after.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
    let again = import(&settings, &mut all.as_bytes()).expect("what comes out goes in");
    assert_eq!(again, Imported { added: 0, known: after.len() as u64 });
    assert_eq!(exported(&settings), after, "and changes nothing");
}

fn exported(settings: &HistorySettings) -> BTreeSet<String> {
    let mut out = Vec::new();
    let count = export(&settings.file, None, Seq(0), &mut out).expect("a whole file");
    let lines = lines(&out);
    assert_eq!(lines.len() as u64, count, "each entry is a line of its own");
    lines
}

/// Each line as the event it is, written as chaty writes it.
fn lines(lines: &[u8]) -> BTreeSet<String> {
    let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let event = match decode_server(line.trim_ascii()) {
                Ok(Decoded::Event(event)) => event,
                other => panic!("an import took {other:?}"),
            };
            let mut out = Vec::new();
            native::put(&folded(event), &mut out);
            String::from_utf8(out).expect("JSON is text").trim_end().to_owned()
        })
        .collect()
}

/// A room's name is read in any case, and kept in one; a join has no reason.
fn folded(event: ServerEvent<'_>) -> ServerEvent<'_> {
    let mut event = event;
    let room = match &mut event {
        ServerEvent::Chat(chat) => &mut chat.room,
        ServerEvent::Join(presence) | ServerEvent::Leave(presence) => &mut presence.room,
        ServerEvent::Rename(rename) => &mut rename.room,
        ServerEvent::Topic(topic) => &mut topic.room,
        ServerEvent::Crowd(crowd) => &mut crowd.room,
        other => panic!("an import took {other:?}"),
    };
    let parsed = RoomName::parse(room).expect("a room's name");
    *room = parsed.as_str().to_owned().into();
    if let ServerEvent::Join(presence) = &mut event {
        presence.reason = None;
    }
    event
}
