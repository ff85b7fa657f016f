//! What the user has typed before, in memory. One `readline` lasts as long as the prompt, so the
//! place in the history is kept here rather than by the line editor.

use rustyline::history::{History, SearchDirection, SearchResult};
use rustyline::{Config, Result};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Lines remembered: weeks of one person's typing would be more, a day's is not.
const REMEMBERED: usize = 1000;

/// Cheap to clone; all clones remember the same lines.
#[derive(Debug, Clone, Default)]
pub(super) struct Recall {
    typed: Arc<Mutex<Typed>>,
}

#[derive(Debug, Default)]
struct Typed {
    /// Oldest first.
    lines: VecDeque<String>,
    /// The line that is shown; as many as there are while the user writes a new one.
    at: usize,
    /// The new one, while an older is shown.
    draft: String,
    /// What the editor is to show when it next asks for a line of its history.
    next: String,
}

/// The editor's own place in its history, from which it never moves: it asks for the line before
/// and is told that it is still here. Neither its first place nor its last, where it would not
/// ask.
const HERE: usize = 1;

impl Recall {
    /// Remembers a line that was entered. The next look back begins at it.
    pub(super) fn entered(&self, line: &str) {
        self.with(|typed| {
            if typed.lines.back().is_none_or(|last| last != line) {
                typed.lines.push_back(line.to_owned());
            }
            if typed.lines.len() > REMEMBERED {
                typed.lines.pop_front();
            }
            typed.at = typed.lines.len();
            typed.draft.clear();
        });
    }

    /// The line before the one that is shown.
    pub(super) fn older(&self, shown: &str) -> Option<String> {
        self.with(|typed| {
            let at = typed.at.checked_sub(1)?;
            if typed.at == typed.lines.len() {
                shown.clone_into(&mut typed.draft);
            }
            typed.at = at;
            typed.lines.get(at).cloned()
        })
    }

    /// The line after the one that is shown: in the end what was being written.
    pub(super) fn newer(&self) -> Option<String> {
        self.with(|typed| {
            if typed.at >= typed.lines.len() {
                return None;
            }
            typed.at += 1;
            Some(typed.lines.get(typed.at).cloned().unwrap_or_else(|| typed.draft.clone()))
        })
    }

    /// The editor's command for either way asks for a line; this is the one it gets.
    pub(super) fn show_next(&self, line: String) {
        self.with(|typed| typed.next = line);
    }

    fn with<T>(&self, act: impl FnOnce(&mut Typed) -> T) -> T {
        // Each change is whole before anything in it could panic.
        act(&mut self.typed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn find(
        &self,
        start: usize,
        dir: SearchDirection,
        place: impl Fn(&str) -> Option<usize>,
    ) -> Option<SearchResult<'_>> {
        self.with(|typed| {
            let found = |idx: usize| {
                let line = typed.lines.get(idx)?;
                let pos = place(line)?;
                Some(SearchResult { entry: Cow::Owned(line.clone()), idx, pos })
            };
            match dir {
                SearchDirection::Reverse => {
                    (0..typed.lines.len().min(start + 1)).rev().find_map(found)
                }
                SearchDirection::Forward => (start..typed.lines.len()).find_map(found),
            }
        })
    }
}

/// What the editor sees: for its search (Ctrl-R) the lines as they are, for walking the one that
/// [`Recall::show_next`] has chosen. It adds nothing: [`Recall::entered`] does.
impl History for Recall {
    fn get(&self, _: usize, _: SearchDirection) -> Result<Option<SearchResult<'_>>> {
        let entry = self.with(|typed| typed.next.clone());
        Ok(Some(SearchResult { entry: Cow::Owned(entry), idx: HERE, pos: 0 }))
    }

    fn add(&mut self, _: &str) -> Result<bool> {
        Ok(false)
    }

    fn add_owned(&mut self, _: String) -> Result<bool> {
        Ok(false)
    }

    /// One place more than there are lines, so that with any line at all [`HERE`] is not the end.
    fn len(&self) -> usize {
        self.with(|typed| typed.lines.len()) + HERE
    }

    fn is_empty(&self) -> bool {
        self.len() == HERE
    }

    fn set_max_len(&mut self, _: usize) -> Result<()> {
        Ok(())
    }

    fn ignore_dups(&mut self, _: bool) -> Result<()> {
        Ok(())
    }

    fn ignore_space(&mut self, _: bool) {}

    fn save(&mut self, _: &Path) -> Result<()> {
        Ok(())
    }

    fn append(&mut self, _: &Path) -> Result<()> {
        Ok(())
    }

    fn load(&mut self, _: &Path) -> Result<()> {
        Ok(())
    }

    fn clear(&mut self) -> Result<()> {
        self.with(|typed| *typed = Typed::default());
        Ok(())
    }

    fn search(
        &self,
        term: &str,
        start: usize,
        dir: SearchDirection,
    ) -> Result<Option<SearchResult<'_>>> {
        Ok(self.find(start, dir, |line| line.find(term)))
    }

    fn starts_with(
        &self,
        term: &str,
        start: usize,
        dir: SearchDirection,
    ) -> Result<Option<SearchResult<'_>>> {
        Ok(self.find(start, dir, |line| line.starts_with(term).then_some(term.len())))
    }
}

/// The editor's settings that go with this history.
pub(super) fn config() -> rustyline::config::Builder {
    Config::builder().auto_add_history(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn up_and_down_walk_and_come_back_to_the_draft() {
        let recall = Recall::default();
        assert_eq!(recall.older("x"), None);
        for line in ["one", "two", "two"] {
            recall.entered(line);
        }
        assert_eq!(recall.older("half").as_deref(), Some("two"));
        assert_eq!(recall.older("two").as_deref(), Some("one"));
        assert_eq!(recall.older("one"), None, "a line said twice is remembered once");
        assert_eq!(recall.newer().as_deref(), Some("two"));
        assert_eq!(recall.newer().as_deref(), Some("half"));
        assert_eq!(recall.newer(), None);
        recall.older("half");
        recall.entered("three");
        assert_eq!(recall.older("").as_deref(), Some("three"), "entering goes back to the end");
    }

    #[test]
    fn it_can_be_searched() {
        let recall = Recall::default();
        for line in ["alpha", "beta", "alphabet"] {
            recall.entered(line);
        }
        let search = |start, dir| recall.search("pha", start, dir).unwrap().map(|r| (r.idx, r.pos));
        assert_eq!(search(recall.len() - 1, SearchDirection::Reverse), Some((2, 2)));
        assert_eq!(search(1, SearchDirection::Reverse), Some((0, 2)));
        assert_eq!(search(1, SearchDirection::Forward), Some((2, 2)));
    }

    #[test]
    fn only_so_much_is_remembered() {
        let recall = Recall::default();
        (0..REMEMBERED + 5).for_each(|n| recall.entered(&n.to_string()));
        let oldest = recall.search("", 0, SearchDirection::Forward).unwrap().unwrap();
        assert_eq!(oldest.entry, "5");
        assert_eq!(recall.len(), REMEMBERED + HERE);
    }
}
