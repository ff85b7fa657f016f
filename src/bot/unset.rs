//! What is said when a script puts something into what was never stored: `state.foo.bar = 1`. The
//! interpreter knows where that is; what it is called there is in the text only.

use super::explain::kind;
use rhai::EvalAltResult;

/// How the empty thing is begun, if the error is about putting something into one.
pub(super) fn begin(
    error: &EvalAltResult,
    source: &str,
    (line, column): (usize, usize),
) -> Option<String> {
    let about = match error.unwrap_inner() {
        EvalAltResult::ErrorDotExpr(text, _) => text.contains("'()'"),
        EvalAltResult::ErrorIndexingType(given, _) => {
            kind(given.split(" [").next().unwrap_or(given)) == kind("()")
        }
        _ => false,
    };
    let text = source.lines().nth(line.checked_sub(1)?)?;
    let letters: Vec<char> = text.chars().collect();
    let (before, rest) = letters.split_at_checked(column.checked_sub(1)?)?;
    let owner = owner(before)?;
    // What has numbers for keys was to be an array, and an empty one would not do.
    let in_array = matches!(rest, ['[', first, ..] if first.is_ascii_digit());
    (about && is_assigned(rest) && !in_array).then(|| {
        format!(
            "`{owner}` is empty, (): nothing can be put into it; begin it before, \
             `if {owner} == () {{ {owner} = #{{}} }}`"
        )
    })
}

/// The path at the end of a text: `state.foo` of `if x { state.foo.`.
fn owner(before: &[char]) -> Option<String> {
    let before = before.strip_suffix(&['.']).unwrap_or(before);
    let mut begin = before.len();
    while let Some(last) = begin.checked_sub(1).and_then(|at| before.get(at)) {
        match last {
            ']' => begin = before.iter().take(begin).rposition(|c| *c == '[')?,
            c if c.is_alphanumeric() || matches!(c, '_' | '.') => begin -= 1,
            _ => break,
        }
    }
    let owner: String = before.iter().skip(begin).collect();
    owner.starts_with(|c: char| c.is_alphabetic()).then_some(owner)
}

/// Whether what stands here, to the end of its path, is given a value.
fn is_assigned(rest: &[char]) -> bool {
    let mut rest = rest;
    while let Some((first, behind)) = rest.split_first() {
        rest = match first {
            '[' => match behind.iter().position(|c| *c == ']') {
                Some(end) => behind.get(end + 1..).unwrap_or_default(),
                None => return false,
            },
            c if c.is_alphanumeric() || matches!(c, '_' | '.') => behind,
            _ => break,
        };
    }
    let rest: String = rest.iter().collect();
    let rest = rest.trim_start();
    let operator = ["**", "<<", ">>", "+", "-", "*", "/", "%", "&", "|", "^"];
    let equals = operator.iter().find_map(|sign| rest.strip_prefix(sign)).unwrap_or(rest);
    equals.starts_with('=') && !rest.starts_with("==") && !rest.starts_with("=>")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_before_and_the_assignment_behind_are_found() {
        let of = |text: &str| owner(&text.chars().collect::<Vec<_>>());
        assert_eq!(of("  if x { state.foo."), Some("state.foo".into()));
        assert_eq!(of("x; state[\"a b\"][msg.from]."), Some("state[\"a b\"][msg.from]".into()));
        assert_eq!(of("f(x)."), None);
        assert_eq!(of("."), None);
        let is = |text: &str| is_assigned(&text.chars().collect::<Vec<_>>());
        for yes in ["bar = 1", "bar.baz += 1;", "[\"b\"]=1", "[0].x **= 2"] {
            assert!(is(yes), "{yes}");
        }
        for no in ["bar", "bar == 1", "[\"b\"] + 1", "bar => 1", "[0", "bar >= 1", "bar.len() = 1"]
        {
            assert!(!is(no), "{no}");
        }
    }
}
