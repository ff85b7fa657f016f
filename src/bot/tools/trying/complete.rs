//! What the tab key offers in `chaty bot try`: the commands of the conversation, and what the bot
//! listens for. Reads no key and draws nothing.

use super::talk::Talk;
use rustyline::completion::Completer;
use rustyline::{Context, Helper};
use std::sync::{Mutex, PoisonError};

/// Asks the conversation at each key: the script may have been loaded again.
pub(super) struct Complete<'a>(pub &'a Mutex<Talk>);

impl Completer for Complete<'_> {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        at: usize,
        _: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        let words = self.0.lock().unwrap_or_else(PoisonError::into_inner).words();
        let typed = line.get(..at).unwrap_or(line);
        Ok(choices(typed, &words))
    }
}

impl rustyline::hint::Hinter for Complete<'_> {
    type Hint = String;
}
impl rustyline::highlight::Highlighter for Complete<'_> {}
impl rustyline::validate::Validator for Complete<'_> {}
impl Helper for Complete<'_> {}

/// Where the last word begins, and what it may become. Commands stand at the beginning of a line.
fn choices(typed: &str, words: &[String]) -> (usize, Vec<String>) {
    let begin = typed.rfind(char::is_whitespace).map_or(0, |space| space + 1);
    let (before, word) = typed.split_at(begin);
    let word = word.to_lowercase();
    let fits = |known: &&String| {
        let at_the_beginning = before.trim().is_empty();
        let is_command = known.starts_with(['/', '!']);
        !word.is_empty()
            && known.to_lowercase().starts_with(&word)
            && (at_the_beginning || !is_command)
    };
    (begin, words.iter().filter(fits).map(|word| format!("{word} ")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::tools::play::MORNING;
    use crate::bot::tools::scripts::{Source, on_a_bots_stack};

    #[test]
    fn commands_are_offered_where_they_work_and_words_anywhere() {
        let words = ["/as", "/advance", "!kudos", "work", "Chuck"].map(str::to_owned);
        assert_eq!(choices("/a", &words), (0, vec!["/as ".into(), "/advance ".into()]));
        assert_eq!(choices("!k", &words), (0, vec!["!kudos ".into()]));
        assert_eq!(choices("hey ch", &words), (4, vec!["Chuck ".into()]));
        assert_eq!(choices("let us wo", &words), (7, vec!["work ".into()]));
        assert_eq!(choices("hey /a", &words), (4, vec![]));
        assert_eq!(choices("hey !k", &words), (4, vec![]));
        assert_eq!(choices("", &words), (0, vec![]));
        assert_eq!(choices("hey ", &words), (4, vec![]));
    }

    #[test]
    fn a_conversation_knows_its_commands_and_what_the_bot_hears() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("chuck.rhai");
        let script = "const BOT = #{ triggers: [\"work\"] };\nfn on_trigger(msg, word) { }\n\
                      fn cmd_kudos(msg, args) { }";
        std::fs::write(&path, script).unwrap();
        let words = on_a_bots_stack(move || {
            let source = Source::read(&path).unwrap();
            Talk::begin(&source, 1, MORNING).unwrap().0.words()
        });
        let words = words.unwrap();
        for word in ["/as", "/join", "/advance", "/state", "/quit", "!kudos", "work", "Chuck"] {
            assert!(words.iter().any(|known| known == word), "{word}: {words:?}");
        }
    }
}
