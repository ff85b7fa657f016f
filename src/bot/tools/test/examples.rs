//! The examples in a script's comments, as data: who says what, and what the bot says then. Runs
//! nothing.

use crate::bot::tools::play::kind_of;

/// The examples of one comment: one conversation, from a fresh start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Example {
    /// The function the comment stands before; the file itself has none.
    pub name: String,
    /// Where its first line is, from 1.
    pub line: usize,
    pub steps: Vec<Step>,
}

/// Something that happens, and everything the bot says to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub line: usize,
    pub happens: Happens,
    /// Line number and text, in order. `*` stands for any text.
    pub answers: Vec<(usize, String)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Happens {
    /// As typed in the room: `/me` and `/msg` mean what they mean there.
    Says {
        from: String,
        text: String,
    },
    Joins(String),
    Leaves(String),
    /// So many milliseconds pass.
    Passes(u64),
}

/// A line of an example that cannot be read: where, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unclear {
    pub line: usize,
    pub why: &'static str,
}

const FORMS: &str = "an example is `> Neo: text`, `> Neo joins`, `> Neo leaves` or \
                     `> 60 s later`, and `< text` for what the bot says then";
const ANSWER_FIRST: &str = "`<` is what the bot says to a line with `>` above it; there is none";

/// Every example of a script, in the order of the file.
pub(super) fn parse(source: &str) -> Result<Vec<Example>, Unclear> {
    let mut examples = Vec::new();
    let mut comment: Vec<(usize, &str)> = Vec::new();
    for (at, line) in source.lines().enumerate() {
        let line = line.trim_start();
        if let Some(text) = line.strip_prefix("///").or_else(|| line.strip_prefix("//!")) {
            comment.push((at + 1, text.trim()));
        } else if !line.is_empty() && !comment.is_empty() {
            examples.extend(example(&std::mem::take(&mut comment), function(line))?);
        } else if line.is_empty() && comment.iter().any(|(_, text)| !text.is_empty()) {
            // The file's own comment ends at an empty line.
            examples.extend(example(&std::mem::take(&mut comment), "")?);
        }
    }
    examples.extend(example(&comment, "")?);
    Ok(examples)
}

/// `roll` of `fn roll(msg) {`.
fn function(line: &str) -> &str {
    let line = line.strip_prefix("private ").unwrap_or(line);
    let name = line.strip_prefix("fn ").unwrap_or_default().trim_start();
    name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

fn example(comment: &[(usize, &str)], name: &str) -> Result<Option<Example>, Unclear> {
    let mut steps: Vec<Step> = Vec::new();
    for &(line, text) in comment {
        if let Some(text) = text.strip_prefix('>') {
            let happens = happens(text.trim()).ok_or(Unclear { line, why: FORMS })?;
            steps.push(Step { line, happens, answers: Vec::new() });
        } else if let Some(text) = text.strip_prefix('<') {
            let Some(step) = steps.last_mut() else {
                return Err(Unclear { line, why: ANSWER_FIRST });
            };
            step.answers.push((line, text.trim().to_owned()));
        }
    }
    let first = steps.first().map(|step| step.line);
    Ok(first.map(|line| Example { name: name.to_owned(), line, steps }))
}

fn happens(text: &str) -> Option<Happens> {
    if let Some(millis) = text.strip_suffix(" later").and_then(millis) {
        return Some(Happens::Passes(millis));
    }
    if let Some((from, text)) = text.split_once(": ")
        && is_member(from)
    {
        return Some(Happens::Says { from: from.to_owned(), text: text.trim().to_owned() });
    }
    let (name, what) = text.rsplit_once(' ').filter(|(name, _)| is_member(name))?;
    match what {
        "joins" => Some(Happens::Joins(name.to_owned())),
        "leaves" => Some(Happens::Leaves(name.to_owned())),
        _ => None,
    }
}

fn is_member(name: &str) -> bool {
    let (name, _) = kind_of(name);
    !name.is_empty() && !name.contains(char::is_whitespace)
}

/// `90 s`, `1.5 min`, `2h`.
fn millis(text: &str) -> Option<u64> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(split);
    let factor = match unit.trim() {
        "s" | "second" | "seconds" => 1_000.0,
        "min" | "minute" | "minutes" => 60_000.0,
        "h" | "hour" | "hours" => 3_600_000.0,
        "d" | "day" | "days" => 86_400_000.0,
        _ => return None,
    };
    let number: f64 = number.parse().ok()?;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "digits are not negative, and too long a time is as long as there is"
    )]
    let millis = (number * factor) as u64;
    Some(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_become_conversations() {
        let source = "\
//! About it.
//!
//! > Neo joins
//! < Hello *

const A = 1;

/// Rolls.
///
/// > Neo: roll: now
/// < 6
/// < 5
/// > 1.5 min later
fn cmd_roll(msg, args) {
}

/// Nothing here.
fn other() {}
";
        let examples = parse(source).unwrap();
        let names: Vec<_> = examples.iter().map(|e| (e.name.as_str(), e.line)).collect();
        assert_eq!(names, [("", 3), ("cmd_roll", 10)]);
        assert_eq!(examples[0].steps[0].happens, Happens::Joins("Neo".into()));
        assert_eq!(examples[0].steps[0].answers, [(4, "Hello *".to_owned())]);
        let steps = &examples[1].steps;
        let says = Happens::Says { from: "Neo".into(), text: "roll: now".into() };
        assert_eq!((&steps[0].happens, steps[0].answers.len()), (&says, 2));
        assert_eq!(steps[1].happens, Happens::Passes(90_000));
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        for (source, line, why) in [
            ("/// < hi\nfn a() {}", 1, ANSWER_FIRST),
            ("/// > hi there you\nfn a() {}", 1, FORMS),
            ("///\n/// > Neo sleeps\nfn a() {}", 2, FORMS),
        ] {
            assert_eq!(parse(source), Err(Unclear { line, why }), "{source}");
        }
    }

    #[test]
    fn times() {
        assert_eq!(millis("90 s"), Some(90_000));
        assert_eq!(millis("2h"), Some(7_200_000));
        assert_eq!(millis("2 weeks"), None);
        assert_eq!(millis("much"), None);
    }

    #[test]
    fn bots_and_scripts_are_marked() {
        let says = Happens::Says { from: "Alice [bot]".into(), text: "hi".into() };
        assert_eq!(happens("Alice [bot]: hi"), Some(says));
        assert_eq!(happens("Alice [bot] joins"), Some(Happens::Joins("Alice [bot]".into())));
        assert_eq!(happens("Alice and Bob join"), None);
    }
}
