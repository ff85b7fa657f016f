//! What is wrong with a script, as its author sees it: place, message, the line itself. One
//! format everywhere; where it goes is the reader's business.

use crate::wire::shown::{self, Shown};
use crate::wire::text::scrub;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use std::fmt;
use std::ops::Range;

/// One finding about one script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file as it was named on the command line.
    pub file: String,
    /// Line and column from 1, when they are known.
    pub place: Option<(usize, usize)>,
    pub message: String,
    /// The line it is about, made harmless.
    line: Option<Box<Marked>>,
    /// What happens now: `still running the version loaded at 14:02:11`.
    pub note: Option<String>,
}

/// A line of source with the part that is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Marked {
    text: String,
    /// The bytes of the text that are underlined.
    span: Range<usize>,
}

impl Diagnostic {
    /// About the whole file.
    pub fn whole(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.into(), place: None, message: message.into(), line: None, note: None }
    }

    /// About one place in `source`. Line and column count from 1, in characters.
    pub fn at(
        file: &str,
        source: &str,
        (line, column): (usize, usize),
        message: impl Into<String>,
    ) -> Self {
        Self {
            place: Some((line, column)),
            line: source
                .lines()
                .nth(line.saturating_sub(1))
                .map(|text| Box::new(Marked::new(text, column))),
            ..Self::whole(file, message)
        }
    }

    /// The same finding with what happens now.
    #[must_use]
    pub fn noting(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }
}

impl Marked {
    fn new(text: &str, column: usize) -> Self {
        let before: String = text.chars().take(column.saturating_sub(1)).collect();
        let word = text
            .chars()
            .skip(column.saturating_sub(1))
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>();
        let start = scrub(&before).len();
        // A place behind the last character is shown as one more.
        let text = scrub(text).trim_end().to_owned();
        let start = start.min(text.len());
        Self { span: start..(start + scrub(&word).len()).min(text.len()), text }
    }

    /// The line with its number, and the mark below it. A line too long for a screen is shown around
    /// its mark.
    fn render(&self, number: usize) -> String {
        let mark = AnnotationKind::Primary.span(self.span.clone());
        let snippet = Snippet::source(self.text.as_str()).line_start(number).annotation(mark);
        let report = Renderer::plain().render(&[Group::with_level(Level::ERROR).element(snippet)]);
        // Its first row is an empty gutter: our head stands there, where editors can find it.
        report.lines().skip(1).fold(String::new(), |shown, line| shown + "\n  " + line.trim_end())
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Shown::new(&self.file))?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        write!(f, ": error: {}", Shown::new(&self.message))?;
        if let (Some((line, _)), Some(marked)) = (self.place, &self.line) {
            f.write_str(&shown::lines(&marked.render(line)))?;
        }
        if let Some(note) = &self.note {
            write!(f, "\n{}", shown::lines(note))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn the_format_is_the_contract_to_the_byte() {
        let source = "fn on_message(msg) {\n  rply(\"x\");\n}\n";
        let message = "unknown function `rply`; did you mean `reply`?";
        let diagnostic = Diagnostic::at("bots/chuck.rhai", source, (2, 3), message)
            .noting("still running the version loaded at 14:02:11");
        assert_eq!(
            diagnostic.to_string(),
            "bots/chuck.rhai:2:3: error: unknown function `rply`; did you mean `reply`?\n\
             \x20 2 |   rply(\"x\");\n\
             \x20   |   ^^^^\n\
             still running the version loaded at 14:02:11"
        );
    }

    #[test]
    fn wide_characters_tabs_and_escapes_keep_the_caret_in_place_and_the_terminal_safe() {
        let source = "\tlet 名 = \"\u{1b}[31m\"; oops";
        let column = source.chars().count() - 3;
        let shown = Diagnostic::at("x.rhai", source, (1, column), "no").to_string();
        assert!(!shown.contains('\u{1b}') && !shown.contains('\t'), "{shown:?}");
        let lines: Vec<&str> = shown.lines().collect();
        let word = lines[1].split_once("oops").map(|(before, _)| before.width());
        assert_eq!(word, lines[2].find('^'));
        assert!(lines[2].ends_with(" ^^^^"));
    }

    #[test]
    fn a_place_past_the_end_shows_no_line() {
        let diagnostic = Diagnostic::at("x.rhai", "a", (9, 1), "script is incomplete");
        assert_eq!(diagnostic.to_string(), "x.rhai:9:1: error: script is incomplete");
        assert_eq!(Diagnostic::whole("x.rhai", "gone").to_string(), "x.rhai: error: gone");
    }
}
