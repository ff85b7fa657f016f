//! The text the user is writing: several lines, a cursor between two graphemes, and what readline
//! does with keys. Pure; draws nothing and sends nothing.

use unicode_segmentation::UnicodeSegmentation;

/// Texts taken off that can be put back.
const RING: usize = 8;

/// Changes that can be taken back.
const UNDO: usize = 200;

/// Bytes that may be written: as much as a paste of some pages.
const LONGEST: usize = 256 * 1024;

/// Where the cursor goes, or how far a text is taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    Left,
    Right,
    WordLeft,
    WordRight,
    /// To white space, as Ctrl-W does.
    BigWordLeft,
    LineStart,
    LineEnd,
}

/// The text and its cursor, a byte that stands between two graphemes.
#[derive(Debug, Default)]
pub(super) struct Editor {
    text: String,
    cursor: usize,
    killed: Vec<String>,
    undo: Vec<(String, usize)>,
    /// The last change was one letter behind another: taken back together.
    is_typing: bool,
}

impl Editor {
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// The text up to the cursor.
    pub(super) fn before(&self) -> &str {
        self.text.get(..self.cursor).unwrap_or_default()
    }

    /// Puts a text in the place of all there is, the cursor behind it.
    pub(super) fn set(&mut self, text: &str) {
        self.keep(false);
        text.clone_into(&mut self.text);
        self.cursor = self.text.len();
    }

    /// Takes everything off.
    pub(super) fn take(&mut self) -> String {
        self.undo.clear();
        self.is_typing = false;
        self.cursor = 0;
        std::mem::take(&mut self.text)
    }

    /// Writes at the cursor. What is too long to keep is left out.
    pub(super) fn insert(&mut self, text: &str) {
        if self.text.len() + text.len() > LONGEST {
            return;
        }
        let is_letter = text.chars().count() == 1 && !text.contains(char::is_whitespace);
        if !(self.is_typing && is_letter) {
            self.keep(is_letter);
        }
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
    }

    /// Writes in the place of the last `bytes` before the cursor.
    pub(super) fn replace_before(&mut self, bytes: usize, text: &str) {
        self.keep(false);
        let start = self.cursor.saturating_sub(bytes);
        self.text.replace_range(start..self.cursor, text);
        self.cursor = start + text.len();
    }

    pub(super) fn go(&mut self, to: Move) {
        self.is_typing = false;
        self.cursor = self.place(to);
    }

    /// Takes off what lies between the cursor and there; what is killed can be put back.
    pub(super) fn remove(&mut self, to: Move, kills: bool) {
        let there = self.place(to);
        let (start, end) = (there.min(self.cursor), there.max(self.cursor));
        if start == end {
            return;
        }
        self.keep(false);
        let gone: String = self.text.drain(start..end).collect();
        self.cursor = start;
        if kills {
            self.killed.truncate(RING - 1);
            self.killed.insert(0, gone);
        }
    }

    /// Puts back what was killed last.
    pub(super) fn yank(&mut self) {
        if let Some(text) = self.killed.first().cloned() {
            self.insert(&text);
        }
    }

    /// Swaps the graphemes around the cursor.
    pub(super) fn transpose(&mut self) {
        let at = if self.cursor == self.text.len() { self.place(Move::Left) } else { self.cursor };
        let before = self.text.get(..at).and_then(|text| text.graphemes(true).next_back());
        let after = self.text.get(at..).and_then(|text| text.graphemes(true).next());
        if let (Some(before), Some(after)) = (before, after) {
            let swapped = format!("{after}{before}");
            let start = at - before.len();
            self.keep(false);
            self.text.replace_range(start..start + swapped.len(), &swapped);
            self.cursor = start + swapped.len();
        }
    }

    /// Takes the last change back.
    pub(super) fn undo(&mut self) {
        self.is_typing = false;
        if let Some((text, cursor)) = self.undo.pop() {
            (self.text, self.cursor) = (text, cursor);
        }
    }

    /// One line up or down within a text of several; false at its edge.
    pub(super) fn walk_line(&mut self, up: bool) -> bool {
        let column = self.before().rsplit('\n').next().unwrap_or_default().graphemes(true).count();
        let start = self.place(Move::LineStart);
        let target = if up {
            let Some(end) = start.checked_sub(1) else { return false };
            self.text.get(..end).and_then(|text| text.rfind('\n')).map_or(0, |at| at + 1)
        } else {
            let end = self.place(Move::LineEnd);
            if end == self.text.len() {
                return false;
            }
            end + 1
        };
        let line = self.text.get(target..).unwrap_or_default().split('\n').next();
        let line = line.unwrap_or_default();
        self.cursor = target + line.graphemes(true).take(column).map(str::len).sum::<usize>();
        true
    }

    fn place(&self, to: Move) -> usize {
        let (before, after) = self.text.split_at(self.cursor);
        match to {
            Move::Left => self.cursor - before.graphemes(true).next_back().map_or(0, str::len),
            Move::Right => self.cursor + after.graphemes(true).next().map_or(0, str::len),
            Move::WordLeft => word_start(before, char::is_alphanumeric),
            Move::BigWordLeft => word_start(before, |c| !c.is_whitespace()),
            Move::WordRight => {
                let skipped = after.find(char::is_alphanumeric).unwrap_or(after.len());
                let word = after.get(skipped..).unwrap_or_default();
                let length = word.find(|c: char| !c.is_alphanumeric()).unwrap_or(word.len());
                self.cursor + skipped + length
            }
            Move::LineStart => before.rfind('\n').map_or(0, |at| at + 1),
            Move::LineEnd => after.find('\n').map_or(self.text.len(), |at| self.cursor + at),
        }
    }

    fn keep(&mut self, is_typing: bool) {
        self.is_typing = is_typing;
        if self.undo.len() == UNDO {
            self.undo.remove(0);
        }
        self.undo.push((self.text.clone(), self.cursor));
    }
}

/// Where the word before a place begins.
fn word_start(before: &str, is_part: impl Fn(char) -> bool) -> usize {
    let end = before.trim_end_matches(|c| !is_part(c));
    end.trim_end_matches(is_part).len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The text with the cursor as `|`.
    fn shown(editor: &Editor) -> String {
        let mut text = editor.text.clone();
        text.insert(editor.cursor, '|');
        text
    }

    fn written(text: &str) -> Editor {
        let mut editor = Editor::default();
        let at = text.find('|').unwrap();
        editor.set(&text.replace('|', ""));
        editor.cursor = at;
        editor
    }

    #[test]
    fn the_cursor_goes_by_graphemes_words_and_lines() {
        for (text, to, expected) in [
            ("a👩‍👩‍👧|", Move::Left, "a|👩‍👩‍👧"),
            ("|e\u{301}x", Move::Right, "e\u{301}|x"),
            ("one two-|", Move::WordLeft, "one |two-"),
            ("one| two", Move::WordRight, "one two|"),
            ("see a/b/c |", Move::BigWordLeft, "see |a/b/c "),
            ("a\nbc|d\ne", Move::LineStart, "a\n|bcd\ne"),
            ("a\nb|cd\ne", Move::LineEnd, "a\nbcd|\ne"),
            ("|", Move::Left, "|"),
        ] {
            let mut editor = written(text);
            editor.go(to);
            assert_eq!(shown(&editor), expected, "{text} {to:?}");
        }
    }

    #[test]
    fn what_is_killed_comes_back_and_what_was_changed_too() {
        let mut editor = written("one two |three");
        editor.remove(Move::BigWordLeft, true);
        assert_eq!(shown(&editor), "one |three");
        editor.remove(Move::LineEnd, true);
        editor.yank();
        assert_eq!(shown(&editor), "one three|");
        editor.undo();
        editor.undo();
        editor.undo();
        assert_eq!(shown(&editor), "one two |three");
        for letter in ["a", "b", "c"] {
            editor.insert(letter);
        }
        editor.undo();
        assert_eq!(shown(&editor), "one two |three", "a word is taken back at once");
    }

    #[test]
    fn letters_swap_and_lines_are_walked() {
        let mut editor = written("teh|");
        editor.transpose();
        assert_eq!(shown(&editor), "the|");
        let mut editor = written("long line\nab|\nlast one");
        assert!(editor.walk_line(true));
        assert_eq!(shown(&editor), "lo|ng line\nab\nlast one");
        assert!(!editor.walk_line(true));
        assert!(editor.walk_line(false) && editor.walk_line(false) && !editor.walk_line(false));
        assert_eq!(shown(&editor), "long line\nab\nla|st one");
    }

    #[test]
    fn it_is_bounded() {
        let mut editor = Editor::default();
        editor.insert(&"x".repeat(LONGEST));
        editor.insert("y");
        assert_eq!(editor.text().len(), LONGEST);
        assert!(!editor.text().contains('y'));
    }

    proptest! {
        #[test]
        fn the_cursor_never_stands_inside_a_character(
            text in any::<String>(),
            steps in proptest::collection::vec(0_u8..14, 0..40),
        ) {
            let mut editor = Editor::default();
            editor.insert(&text);
            for step in steps {
                match step {
                    0 => editor.go(Move::Left),
                    1 => editor.go(Move::Right),
                    2 => editor.go(Move::WordLeft),
                    3 => editor.go(Move::WordRight),
                    4 => editor.remove(Move::Left, false),
                    5 => editor.remove(Move::Right, false),
                    6 => editor.remove(Move::BigWordLeft, true),
                    7 => editor.yank(),
                    8 => editor.transpose(),
                    9 => editor.undo(),
                    10 => drop(editor.walk_line(true)),
                    11 => drop(editor.walk_line(false)),
                    12 => editor.go(Move::LineStart),
                    _ => editor.insert("é👍🏽"),
                }
                prop_assert!(editor.text.is_char_boundary(editor.cursor));
            }
        }
    }
}
