//! The console on a terminal: a prompt with editing, history and completion of the words and of
//! the members' names.

use super::above::{Above, Drawing};
use super::printer::Show;
use super::{End, Source};
use crate::serve::admin::Clerk;
use crate::serve::admin::words::{self, WORDS};
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Context, Helper, Highlighter, Hinter, Validator};
use std::io;
use std::sync::Arc;
use tokio::runtime::Handle;

/// Lines the editor remembers, for this run only: reasons for kicks are nobody's file.
const REMEMBERED: usize = 500;

pub(super) struct Editor<C: Clerk> {
    inner: rustyline::Editor<Words<C>, MemHistory>,
    drawing: Arc<Drawing>,
}

impl<C: Clerk> Editor<C> {
    /// The editor, and what shows lines above its prompt.
    pub(super) fn new(clerk: C, runtime: Handle) -> io::Result<(Self, impl Show)> {
        let config = rustyline::Config::builder()
            .max_history_size(REMEMBERED)
            .map_err(io::Error::other)?
            .history_ignore_space(true)
            .build();
        let history = MemHistory::with_config(&config);
        let mut inner =
            rustyline::Editor::with_history(config, history).map_err(io::Error::other)?;
        inner.set_helper(Some(Words { clerk, runtime, names_only: false }));
        let printer = inner.create_external_printer().map_err(io::Error::other)?;
        let drawing = Arc::<Drawing>::default();
        let above = Above { printer, drawing: drawing.clone() };
        Ok((Self { inner, drawing }, above))
    }

    fn read(&mut self, prompt: &str) -> Result<String, End> {
        let Self { inner, drawing } = self;
        let line = drawing.read(prompt, |prompt| inner.readline(prompt));
        line.map_err(|error| match error {
            ReadlineError::Eof => End::EndOfInput,
            // The editor holds SIGINT's handler while it reads, so a `kill -INT` comes this way.
            ReadlineError::Interrupted
            | ReadlineError::Signal(rustyline::error::Signal::Interrupt) => End::Interrupted,
            _ => End::Broken,
        })
    }
}

impl<C: Clerk> Source for Editor<C> {
    fn next(&mut self, prompt: &str) -> Result<String, End> {
        let line = self.read(prompt)?;
        // A line that cannot be remembered can still be obeyed.
        let _remembered = self.inner.add_history_entry(line.as_str());
        Ok(line)
    }

    fn ask(&mut self, question: &str) -> Result<String, End> {
        self.names_only(true);
        let answer = self.read(question);
        self.names_only(false);
        answer
    }
}

impl<C: Clerk> Editor<C> {
    fn names_only(&mut self, yes: bool) {
        if let Some(helper) = self.inner.helper_mut() {
            helper.names_only = yes;
        }
    }
}

/// Completes words, and names after those words that take one.
#[derive(Helper, Highlighter, Hinter, Validator)]
struct Words<C: Clerk> {
    clerk: C,
    runtime: Handle,
    /// Whether the line is an answer to "whom?".
    names_only: bool,
}

impl<C: Clerk> Completer for Words<C> {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        pos: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let typed = line.get(..pos).unwrap_or(line);
        Ok(match expected(typed, self.names_only) {
            Expected::Nothing => (pos, Vec::new()),
            Expected::Word { at } => (at, starting(typed, at, WORDS.iter().map(|w| w.word.into()))),
            Expected::Name { at } => {
                let names = self.runtime.block_on(self.clerk.names());
                (at, starting(typed, at, names.into_iter()))
            }
        })
    }
}

/// What may stand at the cursor, and where it begins.
#[derive(Debug, PartialEq, Eq)]
enum Expected {
    Nothing,
    Word { at: usize },
    Name { at: usize },
}

fn expected(typed: &str, names_only: bool) -> Expected {
    let at = typed.rfind(char::is_whitespace).map_or(0, |space| {
        space + typed.get(space..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
    });
    let before: Vec<&str> = typed.get(..at).unwrap_or_default().split_whitespace().collect();
    match before.as_slice() {
        [] if names_only => Expected::Name { at },
        [] | ["help"] => Expected::Word { at },
        [word] if words::find(word).is_some_and(|word| word.takes_name) => Expected::Name { at },
        _ => Expected::Nothing,
    }
}

fn starting(typed: &str, at: usize, all: impl Iterator<Item = String>) -> Vec<String> {
    let begun = typed.get(at..).unwrap_or_default().to_lowercase();
    let mut found: Vec<_> = all.filter(|name| name.to_lowercase().starts_with(&begun)).collect();
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_first_then_names_then_nothing() {
        assert_eq!(expected("", false), Expected::Word { at: 0 });
        assert_eq!(expected("ki", false), Expected::Word { at: 0 });
        assert_eq!(expected("help ki", false), Expected::Word { at: 5 });
        assert_eq!(expected("kick ", false), Expected::Name { at: 5 });
        assert_eq!(expected("  unmute N", false), Expected::Name { at: 9 });
        assert_eq!(expected("kick\u{3000}N", false), Expected::Name { at: 7 });
        assert_eq!(expected("kick Neo sp", false), Expected::Nothing);
        assert_eq!(expected("say N", false), Expected::Nothing);
        assert_eq!(expected("N", true), Expected::Name { at: 0 });
        assert_eq!(expected("Neo sp", true), Expected::Nothing);
    }

    #[test]
    fn candidates_in_any_case() {
        let names = || ["Trinity", "Neo", "nea"].map(str::to_owned).into_iter();
        assert_eq!(starting("kick n", 5, names()), ["Neo", "nea"]);
        assert_eq!(starting("kick x", 5, names()), [""; 0]);
        assert_eq!(starting("", 0, names()).len(), 3);
    }
}
