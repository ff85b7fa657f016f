//! A line of a bot as its author writes and reads it: `text`, `/me waves`, `/msg Neo text`, as a
//! person would type it. Compares it with what was expected.

use std::fmt::Write;

/// Whether a line is what was expected: the same, but that each `*` stands for any text.
pub(in crate::bot::tools) fn fits(expected: &str, line: &str) -> bool {
    let mut parts = expected.split('*');
    let Some(rest) = parts.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    let mut rest = rest;
    for part in parts {
        let Some((_, after)) = rest.split_once(part) else {
            return false;
        };
        // The empty part between two stars takes nothing.
        rest = if part.is_empty() { rest } else { after };
    }
    rest.ends_with(last)
}

/// What was expected and what came instead, one above the other, with a mark where they part.
pub(in crate::bot::tools) fn difference(expected: &[&str], said: &[&str]) -> String {
    let mut text = String::new();
    let mut put = |what: &str, lines: &[&str]| {
        let lines = if lines.is_empty() { &["(nothing)"] } else { lines };
        for (at, line) in lines.iter().enumerate() {
            let what = if at == 0 { what } else { "" };
            let _infallible = writeln!(text, "  {what:<10}{line}");
        }
    };
    put("expected", expected);
    put("said", said);
    if let ([expected], [said]) = (expected, said) {
        let same = expected.chars().zip(said.chars()).take_while(|(a, b)| a == b).count();
        if same > 0 && !expected.contains('*') {
            let _infallible = writeln!(text, "{}^ from here on", " ".repeat(12 + same));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_any_text() {
        for (expected, line) in [
            ("a", "a"),
            ("*", ""),
            ("*", "anything"),
            ("a*c", "abc"),
            ("a*c", "ac"),
            ("*b*", "abc"),
            ("a**c", "abc"),
            ("*, Neo!", "Hello, Neo!"),
            ("x*y*z", "x1y2y3z"),
        ] {
            assert!(fits(expected, line), "{expected} {line}");
        }
        for (expected, line) in [("a", "ab"), ("a*c", "ab"), ("a*a", "a"), ("", "a"), ("*b", "abc")]
        {
            assert!(!fits(expected, line), "{expected} {line}");
        }
    }

    #[test]
    fn a_difference_shows_where_it_begins() {
        assert_eq!(
            difference(&["one two"], &["one tvo"]),
            "  expected  one two\n  said      one tvo\n                 ^ from here on\n"
        );
        assert_eq!(difference(&["a"], &[]), "  expected  a\n  said      (nothing)\n");
    }
}
