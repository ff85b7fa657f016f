//! How each event of a room reads, as styled lines. Pure: what time it is comes with the events,
//! and where the lines go is not known here.

use super::clock::Clock;
use super::style::{Line, Style};
use crate::wire::close::CloseReason;
use crate::wire::entry::{Kind, Millis};
use crate::wire::line::crowd;
use crate::wire::native::{Chat, Gap, History, Presence, Roster, ServerEvent, Whisper};
use jiff::civil::Date;

/// Turns events into lines for one user.
#[derive(Debug)]
pub(super) struct Show {
    /// The user's name.
    pub(super) own: String,
    clock: Clock,
    /// The day of the last line: a line of another day is led by its date.
    day: Date,
}

impl Show {
    /// For the user of this name; `now` is the day that needs no saying.
    pub(super) fn new(own: String, clock: Clock, now: Millis) -> Self {
        let day = clock.day(now);
        Self { own, clock, day }
    }

    /// The lines of one event: none for those that only programs care for.
    pub(super) fn event(&mut self, event: &ServerEvent<'_>) -> Vec<Line> {
        use ServerEvent as E;
        match event {
            E::Chat(chat) => self.chat(chat, true),
            E::Join(presence) => self.joined(presence),
            E::Leave(presence) => self.left(presence),
            E::Rename(e) => {
                let line = Line::note("").name(&e.from, e.kind, &self.own);
                let line = line.and(Style::Dim, " is now known as ").name(&e.to, e.kind, &self.own);
                self.at(e.at, line)
            }
            E::Topic(e) => {
                let line = Line::note("").name(&e.who, e.kind, &self.own);
                let what = match &e.topic {
                    Some(topic) => format!(" set the topic to {topic}"),
                    None => " took the topic away".into(),
                };
                self.at(e.at, line.and(Style::Dim, what))
            }
            E::Entered(e) => vec![Line::note(format!("you are in {}", e.state.room))],
            E::Parted(e) => vec![Line::note(format!("you left {}", e.room))],
            E::Rooms(e) => e
                .rooms
                .iter()
                .map(|room| Line::note(format!("{}: {} here", room.room, room.members)))
                .collect(),
            E::Crowd(e) => self.at(e.at, Line::note(crowd(e.joined, e.left))),
            E::Whisper(whisper) => self.whispered(whisper),
            E::Roster(roster) => vec![self.roster(roster)],
            E::History(history) => self.history(history),
            E::Gap(gap) => vec![missing(gap)],
            E::Notice(notice) => vec![Line::note(&notice.text)],
            E::Refused(refused) => vec![Line::alert(&refused.text)],
            E::Welcome(_) | E::Ack(_) | E::Ping(_) | E::Pong(_) | E::Bye(_) => Vec::new(),
        }
    }

    /// What the user said.
    pub(super) fn own_chat(&mut self, at: Millis, text: &str, emote: bool) -> Vec<Line> {
        let own = self.own.clone();
        self.at(at.0, said(Line::default(), &own, Kind::User, &own, emote, text, Style::Plain))
    }

    /// What the user said to one member.
    pub(super) fn own_whisper(&mut self, at: Millis, to: &str, text: &str) -> Vec<Line> {
        let line = Line::note("to ").name(to, Kind::User, &self.own);
        self.at(at.0, line.and(Style::Plain, format!(": {text}")))
    }

    fn chat(&mut self, chat: &Chat<'_>, is_live: bool) -> Vec<Line> {
        let is_mention = *chat.from != *self.own && names(&chat.text, &self.own);
        let style = if is_mention { Style::Mention } else { Style::Plain };
        let line = Line { rings: is_mention && is_live, ..Line::default() };
        let line = said(line, &chat.from, chat.kind, &self.own, chat.emote, &chat.text, style);
        self.at(chat.at, line)
    }

    fn joined(&mut self, e: &Presence<'_>) -> Vec<Line> {
        let line = Line::note("").name(&e.who, e.kind, &self.own);
        self.at(e.at, line.and(Style::Dim, " just connected"))
    }

    fn left(&mut self, e: &Presence<'_>) -> Vec<Line> {
        let why = match e.reason.as_deref() {
            None => String::new(),
            Some(code) => match CloseReason::from_code(code) {
                Some(CloseReason::Quit) => String::new(),
                Some(CloseReason::Kicked) => " (kicked)".into(),
                Some(CloseReason::Banned) => " (banned)".into(),
                Some(CloseReason::Replaced) => " (and came back)".into(),
                Some(CloseReason::Lost | CloseReason::PingTimeout | CloseReason::WriteTimeout) => {
                    " (connection lost)".into()
                }
                _ => format!(" ({code})"),
            },
        };
        let line = Line::note("").name(&e.who, e.kind, &self.own);
        self.at(e.at, line.and(Style::Dim, format!(" left the chat{why}")))
    }

    fn whispered(&mut self, e: &Whisper<'_>) -> Vec<Line> {
        let line = Line { rings: true, ..Line::default() }.name(&e.from, e.kind, &self.own);
        let line = line.and(Style::Dim, " whispers: ");
        self.at(e.at, line.and(Style::Mention, &*e.text))
    }

    fn roster(&self, roster: &Roster<'_>) -> Line {
        let mut members: Vec<_> = roster.members.iter().collect();
        members.sort_by_key(|member| member.nick.to_lowercase());
        let head = format!("{} in {}:", members.len(), roster.room);
        let mut line = Line::note(head);
        for (n, member) in members.into_iter().enumerate() {
            line = line.and(Style::Dim, if n == 0 { " " } else { ", " });
            line = line.name(&member.nick, member.kind, &self.own);
        }
        line
    }

    fn history(&mut self, history: &History<'_>) -> Vec<Line> {
        let today = self.day;
        let mut lines = Vec::new();
        for event in &history.events {
            match event {
                ServerEvent::Chat(chat) => lines.extend(self.chat(chat, false)),
                other => lines.extend(self.event(other)),
            }
        }
        if lines.is_empty() {
            return vec![Line::note("nothing was said yet")];
        }
        self.day = today;
        lines.insert(0, Line::note("what was said before:"));
        lines.push(Line::note("that was it; what follows is new"));
        lines
    }

    /// The line with its time in front, and a line with its date if that is another day.
    fn at(&mut self, at: u64, line: Line) -> Vec<Line> {
        let at = Millis(at);
        let mut timed = Line { rings: line.rings, ..Line::default() }
            .and(Style::Dim, format!("{} ", self.clock.time(at)));
        timed.spans.extend(line.spans);
        let day = self.clock.day(at);
        let date = (day != self.day).then(|| Line::note(day.to_string()));
        self.day = day;
        date.into_iter().chain([timed]).collect()
    }
}

fn said(
    line: Line,
    from: &str,
    kind: Kind,
    own: &str,
    emote: bool,
    text: &str,
    style: Style,
) -> Line {
    if emote {
        // No name begins with `*`.
        line.and(Style::Dim, "* ").name(from, kind, own).and(style, format!(" {text}"))
    } else {
        line.name(from, kind, own).and(Style::Plain, ": ").and(style, text)
    }
}

/// So many numbers a server leaves out when it cannot know which it gave: the lines between them never
/// were. `docs/OPERATIONS.md` says when.
pub(super) const JUMP: u64 = 1 << 20;

pub(super) fn missing(gap: &Gap<'_>) -> Line {
    match gap.before.saturating_sub(gap.after).saturating_sub(1) {
        0 => Line::alert("the server began anew: what was said before is no longer to be had"),
        1 => Line::alert("one line is missing here: the server no longer has it"),
        n if n >= JUMP => Line::alert(
            "the server's numbers jump here: it was ended before it had saved its last words",
        ),
        n => Line::alert(format!("{n} lines are missing here: the server no longer has them")),
    }
}

/// Whether a text names somebody: as a word of its own, in any case.
pub(super) fn names(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(&name).any(|(at, found)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text.get(at + found.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::native::{Decoded, decode_server};

    /// 2026-11-23, 16:40 UTC.
    const AT: u64 = 1_795_452_000_000;

    fn shown(events: &[&str]) -> Vec<Line> {
        let mut show = Show::new("Neo".into(), Clock::utc(), Millis(AT));
        let event = |line: &&str| {
            let line = line.replace("AT", &AT.to_string());
            match decode_server(line.as_bytes()).unwrap() {
                Decoded::Event(event) => event,
                Decoded::Unknown(name) => panic!("{name}"),
            }
        };
        events.iter().map(event).flat_map(|event| show.event(&event)).collect()
    }

    fn plain(events: &[&str]) -> Vec<String> {
        shown(events).iter().map(Line::plain).collect()
    }

    #[test]
    fn each_event_reads_as_one_line() {
        let lines = plain(&[
            r#"{"chat":{"room":"r","seq":1,"at":AT,"from":"Trin","text":"hi"}}"#,
            r#"{"chat":{"room":"r","seq":2,"at":AT,"from":"Chuck","kind":"bot","text":"What?"}}"#,
            r#"{"chat":{"room":"r","seq":3,"at":AT,"from":"Trin","text":"waves","emote":true}}"#,
            r#"{"join":{"room":"r","seq":4,"at":AT,"who":"Bob","kind":"bot"}}"#,
            r#"{"leave":{"room":"r","seq":5,"at":AT,"who":"Trin","reason":"quit"}}"#,
            r#"{"leave":{"room":"r","seq":5,"at":AT,"who":"Trin","reason":"kicked"}}"#,
            r#"{"rename":{"room":"r","seq":6,"at":AT,"from":"Al","to":"Alan"}}"#,
            r#"{"crowd":{"room":"r","seq":7,"at":AT,"joined":12,"left":3}}"#,
            r#"{"whisper":{"at":AT,"from":"Trin","text":"psst"}}"#,
            r#"{"roster":{"room":"r","members":[{"nick":"neo","since":1},{"nick":"Al","kind":"bot","since":1}]}}"#,
            r#"{"gap":{"room":"r","after":3,"before":10}}"#,
            r#"{"gap":{"room":"r","after":0,"before":1}}"#,
            r#"{"notice":{"text":"hello"}}"#,
            r#"{"refused":{"code":"muted","text":"you are muted"}}"#,
            r#"{"pong":{}}"#,
            r#"{"gap":{"room":"r","after":9,"before":1048586}}"#,
        ]);
        assert_eq!(
            lines,
            [
                "16:40 Trin: hi",
                "16:40 Chuck [bot]: What?",
                "16:40 * Trin waves",
                "16:40 -- Bob [bot] just connected",
                "16:40 -- Trin left the chat",
                "16:40 -- Trin left the chat (kicked)",
                "16:40 -- Al is now known as Alan",
                "16:40 -- 12 joined, 3 left",
                "16:40 Trin whispers: psst",
                "-- 2 in r: Al [bot], neo",
                "-- 6 lines are missing here: the server no longer has them",
                "-- the server began anew: what was said before is no longer to be had",
                "-- hello",
                "-- you are muted",
                "-- the server's numbers jump here: it was ended before it had saved its last words",
            ]
        );
    }

    #[test]
    fn another_day_says_so() {
        let yesterday = AT - 24 * 3600 * 1000;
        let old = format!(
            r#"{{"chat":{{"room":"r","seq":1,"at":{yesterday},"from":"Trin","text":"old"}}}}"#
        );
        let new = r#"{"chat":{"room":"r","seq":2,"at":AT,"from":"Trin","text":"new"}}"#;
        let expected = [
            "-- 2026-11-22",
            "16:40 Trin: old",
            "-- 2026-11-23",
            "16:40 Trin: new",
            "16:40 Trin: new",
        ];
        assert_eq!(plain(&[&old, new, new]), expected);
    }

    #[test]
    fn a_mention_rings_only_while_it_is_news() {
        let chat = |from, text| {
            format!(r#"{{"chat":{{"room":"r","seq":1,"at":AT,"from":"{from}","text":"{text}"}}}}"#)
        };
        let rings = |line: &str| shown(&[line]).iter().any(|line| line.rings);
        assert!(rings(&chat("Trin", "wake up, NEO!")));
        assert!(!rings(&chat("Trin", "neon lights")));
        assert!(!rings(&chat("Neo", "I am Neo")));
        let said = chat("Trin", "Neo?");
        let history = format!(r#"{{"history":{{"room":"r","events":[{said}],"more":false}}}}"#);
        assert!(!rings(&history));
        assert_eq!(shown(&[&history])[1].spans.last().unwrap().style, Style::Mention);
    }
}
