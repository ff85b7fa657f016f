//! One thing in a room as the user sees it: something said, a whisper, comings and goings folded
//! into one, a word of the program itself. All text in it is [`Shown`]. Knows no width.

use super::theme::Look;
use crate::wire::close::CloseReason;
use crate::wire::entry::{Kind, Millis};
use crate::wire::shown::Shown;

/// A thing in a room.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Item {
    /// Its own within the room, whatever becomes of it.
    pub(super) id: u64,
    /// Its place in the room's order; none for what only this user sees.
    pub(super) seq: Option<u64>,
    pub(super) at: Millis,
    pub(super) body: Body,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Body {
    Said(Said),
    /// Comings and goings, one behind another.
    Crossings(Vec<Crossing>),
    /// What else happened in the room.
    Event(Vec<Part>),
    /// The program's own words, and those about something that went wrong.
    Note(Shown),
    Alert(Shown),
    /// A line across, with a word in it.
    Rule(Shown),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) who: Shown,
    pub(super) kind: Kind,
    pub(super) text: Shown,
    pub(super) how: How,
    pub(super) is_own: bool,
    /// It names the user, or is for the user alone.
    pub(super) is_mention: bool,
    pub(super) state: State,
}

/// How something is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum How {
    Plain,
    Emote,
    /// To the user alone.
    Whisper,
    /// By the user, to one member alone.
    WhisperTo(Shown),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// The server has not answered yet.
    Pending,
    Placed,
    Failed,
}

/// Somebody came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Crossing {
    pub(super) who: Shown,
    pub(super) kind: Kind,
    pub(super) way: Way,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    Came,
    /// With a word on why, if it is worth one.
    Went(Option<Shown>),
    CameAndWent,
    CameBack,
}

/// A piece of a text and how it looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) text: Shown,
    pub(super) look: Look,
}

impl Part {
    pub(super) fn new(text: &str, look: Look) -> Self {
        Self { text: Shown::new(text), look }
    }
}

/// Names told one by one when several come or go at once.
const NAMED: usize = 5;

impl Item {
    /// Takes in what follows, if both are comings and goings that are near each other.
    pub(super) fn fold(&mut self, next: &Crossing, at: Millis, seq: Option<u64>) -> bool {
        /// Things that happen an hour apart are two things.
        const TOGETHER: u64 = 3_600_000;
        let Body::Crossings(crossings) = &mut self.body else {
            return false;
        };
        if at.0.saturating_sub(self.at.0) > TOGETHER {
            return false;
        }
        let before = crossings.iter_mut().find(|crossing| crossing.who == next.who);
        match before {
            None => crossings.push(next.clone()),
            Some(before) => {
                before.way = match (&before.way, &next.way) {
                    (Way::Came | Way::CameAndWent, Way::Came) => Way::Came,
                    (Way::Came | Way::CameAndWent, _) => Way::CameAndWent,
                    (Way::Went(_) | Way::CameBack, Way::Came) => Way::CameBack,
                    (Way::Went(_) | Way::CameBack, way) => way.clone(),
                }
            }
        }
        self.seq = seq.or(self.seq);
        true
    }

    /// What a search looks through, and what is copied.
    pub(super) fn plain(&self) -> String {
        match &self.body {
            Body::Said(said) => said.text.to_string(),
            Body::Note(text) | Body::Alert(text) | Body::Rule(text) => text.to_string(),
            Body::Event(parts) => parts.iter().map(|part| &*part.text).collect(),
            Body::Crossings(crossings) => told(crossings).iter().map(|part| &*part.text).collect(),
        }
    }

    /// The name of whoever said it.
    pub(super) fn who(&self) -> &str {
        match &self.body {
            Body::Said(said) => &said.who,
            _ => "",
        }
    }
}

/// The mark of what is no person: the server says so, not the name.
pub(super) fn mark(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "",
        Kind::Bot => " [bot]",
        Kind::Script => " [script]",
    }
}

/// A word on why somebody left, for the reasons that are worth one.
pub(super) fn why(code: &str) -> Option<Shown> {
    let word = match CloseReason::from_code(code) {
        Some(CloseReason::Quit | CloseReason::Replaced) => return None,
        Some(CloseReason::Kicked) => "kicked",
        Some(CloseReason::Banned) => "banned",
        Some(CloseReason::Lost | CloseReason::PingTimeout | CloseReason::WriteTimeout) => {
            "connection lost"
        }
        _ => code,
    };
    Some(Shown::new(word))
}

/// Comings and goings in one sentence.
pub(super) fn told(crossings: &[Crossing]) -> Vec<Part> {
    type Is = fn(&Way) -> bool;
    let ways: [(&str, Is); 4] = [
        ("joined", |way| *way == Way::Came),
        ("left", |way| matches!(way, Way::Went(_))),
        ("came and went", |way| *way == Way::CameAndWent),
        ("came back", |way| *way == Way::CameBack),
    ];
    let mut parts = Vec::new();
    for (word, is_this) in ways {
        let those: Vec<&Crossing> = crossings.iter().filter(|c| is_this(&c.way)).collect();
        if those.is_empty() {
            continue;
        }
        if !parts.is_empty() {
            parts.push(Part::new("; ", Look::Dim));
        }
        let named = if those.len() == NAMED + 1 { NAMED + 1 } else { NAMED };
        for (n, crossing) in those.iter().take(named).enumerate() {
            if n > 0 {
                parts.push(Part::new(", ", Look::Dim));
            }
            parts.push(Part { text: crossing.who.clone(), look: Look::nick(&crossing.who) });
            parts.push(Part::new(mark(crossing.kind), Look::Dim));
            if let Way::Went(Some(why)) = &crossing.way {
                parts.push(Part::new(&format!(" ({why})"), Look::Dim));
            }
        }
        if those.len() > named {
            parts.push(Part::new(&format!(" and {} more", those.len() - named), Look::Dim));
        }
        parts.push(Part::new(&format!(" {word}"), Look::Dim));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crossing(who: &str, way: Way) -> Crossing {
        Crossing { who: Shown::new(who), kind: Kind::User, way }
    }

    #[test]
    fn comings_and_goings_are_one_sentence() {
        let first = crossing("Ann", Way::Came);
        let body = Body::Crossings(vec![first]);
        let mut item = Item { id: 1, seq: Some(1), at: Millis(0), body };
        for (who, way) in [
            ("Bob", Way::Came),
            ("Cid", Way::Went(why("kicked"))),
            ("Ann", Way::Went(None)),
            ("Dan", Way::Went(None)),
            ("Dan", Way::Came),
        ] {
            assert!(item.fold(&crossing(who, way), Millis(1000), Some(9)));
        }
        assert_eq!(item.plain(), "Bob joined; Cid (kicked) left; Ann came and went; Dan came back");
        assert_eq!(item.seq, Some(9));
        assert!(!item.fold(&crossing("Eve", Way::Came), Millis(9_999_999), None));
    }

    #[test]
    fn a_crowd_is_counted() {
        let crowd: Vec<_> = (0..20).map(|n| crossing(&format!("m{n}"), Way::Came)).collect();
        let text: String = told(&crowd).iter().map(|part| part.text.to_string()).collect();
        assert_eq!(text, "m0, m1, m2, m3, m4 and 15 more joined");
    }
}
