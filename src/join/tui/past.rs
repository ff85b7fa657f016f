//! What the user sent before, for Up, Down and Ctrl-R. Pure: the file it is kept in is somebody
//! else's.

use std::collections::VecDeque;

/// Lines remembered: as many as shells keep by default.
pub(super) const REMEMBERED: usize = 1000;

/// The lines, oldest first, and where the user is among them.
#[derive(Debug, Default)]
pub(super) struct Past {
    lines: VecDeque<String>,
    /// The line shown; none while the user's own draft is.
    at: Option<usize>,
    draft: String,
}

impl Past {
    pub(super) fn new(lines: impl IntoIterator<Item = String>) -> Self {
        let mut past = Self::default();
        for line in lines {
            past.sent(&line);
        }
        past
    }

    /// Remembers a line. Returns whether it is news.
    pub(super) fn sent(&mut self, line: &str) -> bool {
        self.at = None;
        if self.lines.back().is_some_and(|last| last == line) {
            return false;
        }
        if self.lines.len() == REMEMBERED {
            self.lines.pop_front();
        }
        self.lines.push_back(line.to_owned());
        true
    }

    /// The line before the one that is shown.
    pub(super) fn older(&mut self, shown: &str) -> Option<String> {
        let at = match self.at {
            None => {
                shown.clone_into(&mut self.draft);
                self.lines.len().checked_sub(1)?
            }
            Some(at) => at.checked_sub(1)?,
        };
        self.at = Some(at);
        self.lines.get(at).cloned()
    }

    /// The line after it, at last the draft.
    pub(super) fn newer(&mut self) -> Option<String> {
        let at = self.at? + 1;
        if at < self.lines.len() {
            self.at = Some(at);
            self.lines.get(at).cloned()
        } else {
            self.at = None;
            Some(std::mem::take(&mut self.draft))
        }
    }

    /// The `n`th line, from the newest back, that has this in it, in any case.
    pub(super) fn find(&self, term: &str, n: usize) -> Option<&str> {
        let term = term.to_lowercase();
        let found = self.lines.iter().rev().filter(|line| line.to_lowercase().contains(&term));
        found.map(String::as_str).nth(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_and_down_walk_and_come_back_to_the_draft() {
        let mut past = Past::new(["one", "two", "two"].map(String::from));
        assert_eq!(past.older("half").as_deref(), Some("two"));
        assert_eq!(past.older("two").as_deref(), Some("one"));
        assert_eq!(past.older("one"), None, "a line sent twice is remembered once");
        assert_eq!(past.newer().as_deref(), Some("two"));
        assert_eq!(past.newer().as_deref(), Some("half"));
        assert_eq!(past.newer(), None);
        assert!(past.sent("three") && !past.sent("three"));
        assert_eq!(past.find("T", 0), Some("three"));
        assert_eq!(past.find("t", 1), Some("two"));
        assert_eq!(past.find("zzz", 0), None);
    }

    #[test]
    fn only_so_much_is_remembered() {
        let past = Past::new((0..REMEMBERED + 5).map(|n| format!("<{n}>")));
        assert_eq!(past.lines.len(), REMEMBERED);
        assert_eq!(past.find("<4>", 0), None);
    }
}
