//! What Tab offers: commands at the beginning of a line, the names of those who are here
//! everywhere else. Pure but for the shared list of names.

use crate::wire::command::COMMANDS;
use rustyline::completion::{Completer, Pair};
use rustyline::{Context, Helper, Result};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};

/// The names to complete, shared with the one who learns them.
pub(super) type Names = Arc<Mutex<BTreeSet<String>>>;

/// The line editor's helper.
#[derive(Debug)]
pub(super) struct Complete {
    names: Names,
    /// Whether something is written behind the prompt.
    has_text: Arc<AtomicBool>,
    /// Told when the prompt is there.
    ready: SyncSender<()>,
}

impl Complete {
    pub(super) fn new(names: Names, has_text: Arc<AtomicBool>, ready: SyncSender<()>) -> Self {
        Self { names, has_text, ready }
    }
}

/// What could stand in place of the word that ends at `pos`: where it begins, and the choices.
fn choices(line: &str, pos: usize, names: &BTreeSet<String>) -> (usize, Vec<Pair>) {
    let before = line.get(..pos).unwrap_or(line);
    let start = before.rfind(char::is_whitespace).map_or(0, |at| {
        at + before.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
    });
    let word = before.get(start..).unwrap_or_default();
    let pair = |display: &str, replacement: String| Pair { display: display.into(), replacement };
    if start == 0 && word.starts_with('/') {
        let commands = COMMANDS.iter().filter_map(|(usage, _)| usage.split(' ').next());
        let matching = commands.filter(|command| command.starts_with(word));
        return (start, matching.map(|command| pair(command, format!("{command} "))).collect());
    }
    let (at, prefix) = word.strip_prefix('@').map_or(("", word), |rest| ("@", rest));
    let prefix = prefix.to_lowercase();
    // Addressing somebody is how a line that begins with a name is meant.
    let end = if start == 0 { ": " } else { " " };
    let matching = names.iter().filter(|name| name.to_lowercase().starts_with(&prefix));
    (start, matching.map(|name| pair(name, format!("{at}{name}{end}"))).collect())
}

impl Completer for Complete {
    type Candidate = Pair;

    fn complete(&self, line: &str, pos: usize, _: &Context<'_>) -> Result<(usize, Vec<Pair>)> {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(choices(line, pos, &names))
    }
}

/// Hints nothing. The editor asks before it draws, which tells that the prompt is there and what
/// is on it.
impl rustyline::hint::Hinter for Complete {
    type Hint = String;

    fn hint(&self, line: &str, _: usize, _: &Context<'_>) -> Option<String> {
        self.has_text.store(!line.is_empty(), Ordering::Relaxed);
        // Once is enough; whoever waited for it has gone on.
        self.ready.try_send(()).ok();
        None
    }
}

impl rustyline::highlight::Highlighter for Complete {}
impl rustyline::validate::Validator for Complete {}
impl Helper for Complete {}

#[cfg(test)]
mod tests {
    use super::*;

    fn offered(line: &str) -> Vec<String> {
        let names = ["Neo", "Ned", "Ünal"].map(String::from).into();
        choices(line, line.len(), &names).1.into_iter().map(|pair| pair.replacement).collect()
    }

    #[test]
    fn commands_in_front_and_names_everywhere() {
        assert_eq!(offered("/h"), ["/help ", "/history "]);
        assert_eq!(offered("ne"), ["Ned: ", "Neo: "]);
        assert_eq!(offered("hi ne"), ["Ned ", "Neo "]);
        assert_eq!(offered("hi\u{a0}@NEO"), ["@Neo "]);
        assert_eq!(offered("/msg ü"), ["Ünal "]);
        assert_eq!(offered("hi /h"), [""; 0]);
        assert_eq!(offered("xyz"), [""; 0]);
    }
}
