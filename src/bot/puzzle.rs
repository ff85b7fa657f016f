//! Mistakes the parser is puzzled by and people make all the time: it stops far from them, or
//! names something else. Guesses from the text only.

use super::explain::word_at;
use super::foreign;
use rhai::{LexError, ParseErrorType};

type Place = (usize, usize);

/// Where the mistake most likely is, and what it is.
pub(super) fn solve(
    error: &ParseErrorType,
    source: &str,
    place: Option<Place>,
) -> Option<(Place, String)> {
    match error {
        ParseErrorType::BadInput(LexError::MalformedChar(_)) => {
            let message = "text stands in double quotes or backticks; single quotes are for one \
                           character";
            return Some((place?, message.into()));
        }
        ParseErrorType::MissingToken(token, _) if token == "}" => {
            return Some((unclosed(source)?, "this `{` is never closed".into()));
        }
        ParseErrorType::UnexpectedEOF | ParseErrorType::WrongFnDefinition => {
            return Some((unclosed(source)?, "this `{` is never closed".into()));
        }
        ParseErrorType::MissingToken(token, _) if token == ";" && is_behind_all(source, place) => {
            return Some((unclosed(source)?, "this `{` is never closed".into()));
        }
        ParseErrorType::VariableUndefined(_) => return None,
        _ => {}
    }
    let (line, column) = place?;
    let text = source.lines().nth(line - 1)?;
    let word = word_at(source, (line, column));
    let instead = foreign::keyword(&word).or_else(|| foreign::value(&word));
    if let Some(instead) = instead {
        return Some(((line, column), no_word(&word, instead)));
    }
    let before: String = text.chars().take(column - 1).collect();
    let before = before.trim_end();
    let word_before = before.rsplit(|c: char| !is_of_a_word(c)).next().unwrap_or_default();
    let rest = before.strip_suffix(word_before).unwrap_or(before);
    let ends_here = matches!(error, ParseErrorType::MissingToken(token, _) if token == ";");
    if let Some(instead) = foreign::keyword(word_before).filter(|_| ends_here) {
        return Some(((line, rest.chars().count() + 1), no_word(word_before, instead)));
    }
    let is_a_key = text.chars().nth(column - 1) == Some(':') && !word_before.is_empty();
    let rest = rest.trim_end();
    if is_a_key && rest.ends_with('{') && !rest.ends_with("#{") {
        let message = format!("a map has # before its brace: `#{{ {word_before}: … }}`");
        return Some(((line, rest.chars().count()), message));
    }
    None
}

fn no_word(word: &str, instead: &str) -> String {
    format!("`{word}` is no word of the language; did you mean `{instead}`?")
}

fn is_of_a_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether nothing stands in a text from a place on.
fn is_behind_all(source: &str, place: Option<Place>) -> bool {
    let Some((line, column)) = place else { return false };
    let mut rest = source.lines().skip(line - 1);
    let first = rest.next().unwrap_or_default();
    first.chars().skip(column - 1).chain(rest.flat_map(str::chars)).all(char::is_whitespace)
}

/// The innermost brace that is open at the end, if there is one. Braces in texts and comments do
/// not count.
fn unclosed(source: &str) -> Option<Place> {
    let mut open = Vec::new();
    let (mut line, mut column) = (1, 0);
    // What ends the text or comment that the place is in.
    let mut inside: Option<&str> = None;
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        column += 1;
        let next = chars.peek().copied();
        match (inside, c) {
            (Some("\n"), '\n') | (Some("\""), '"') | (Some("`"), '`') | (Some("'"), '\'') => {
                inside = None;
            }
            (Some("*/"), '*') if next == Some('/') => inside = None,
            (Some("\"" | "'"), '\\') => {
                chars.next();
                column += 1;
            }
            (None, '"') => inside = Some("\""),
            (None, '`') => inside = Some("`"),
            (None, '\'') => inside = Some("'"),
            (None, '/') if next == Some('/') => inside = Some("\n"),
            (None, '/') if next == Some('*') => inside = Some("*/"),
            (None, '{') => open.push((line, column)),
            (None, '}') => {
                open.pop();
            }
            _ => {}
        }
        if c == '\n' {
            (line, column) = (line + 1, 0);
        }
    }
    open.pop()
}
