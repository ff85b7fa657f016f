//! Keeps a bot that fails at every message from filling the log: each place once a minute, and a
//! few places at the most. Counts what it holds back.

use super::diagnostic::Diagnostic;
use std::time::Duration;
use tokio::time::Instant;

/// How long a place is remembered.
const MEMORY: Duration = Duration::from_mins(1);
/// Different diagnostics in that time. More are one broken script seen from several sides.
const AT_MOST: usize = 5;

/// What was shown lately.
#[derive(Debug, Default)]
pub(super) struct Repeats {
    shown: Vec<(Option<(usize, usize)>, Instant)>,
    held_back: usize,
}

impl Repeats {
    /// The diagnostic if it is to be shown, with the number of those that were not.
    pub(super) fn admit(&mut self, diagnostic: Diagnostic, now: Instant) -> Option<Diagnostic> {
        self.shown.retain(|(_, at)| now.duration_since(*at) < MEMORY);
        let place = diagnostic.place;
        if self.shown.len() >= AT_MOST || self.shown.iter().any(|(shown, _)| *shown == place) {
            self.held_back += 1;
            return None;
        }
        self.shown.push((place, now));
        Some(match std::mem::take(&mut self.held_back) {
            0 => diagnostic,
            1 => diagnostic.noting("one more error was not shown since"),
            more => diagnostic.noting(format!("{more} more errors were not shown since")),
        })
    }

    /// A new version begins with a clean slate.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_shown_once_a_minute_and_a_few_places_at_the_most() {
        let mut repeats = Repeats::default();
        let start = Instant::now();
        let at = |line: usize| Diagnostic::at("x.rhai", "", (line, 1), "no");
        assert_eq!(repeats.admit(at(1), start), Some(at(1)));
        assert_eq!(repeats.admit(at(1), start), None);
        assert_eq!(repeats.admit(at(1), start + MEMORY / 2), None);
        let again = repeats.admit(at(1), start + MEMORY).unwrap();
        assert_eq!(again.note.as_deref(), Some("2 more errors were not shown since"));
        let shown = (2..20).filter_map(|line| repeats.admit(at(line), start + MEMORY)).count();
        assert_eq!(shown, AT_MOST - 1);
        repeats.clear();
        assert_eq!(repeats.admit(at(1), start + MEMORY), Some(at(1)));
    }
}
