//! A script without one of its functions' bodies, so that the parser, which stops at the first
//! mistake, goes on to those of other functions. Says nothing rather than guess where a body ends.

/// The source with the body blanked of the function that has this line in it. Every other place
/// stays where it is. Nothing, unless the function is written as functions are: `fn` begins a line,
/// a `}` alone in the first column ends it, and the braces between agree.
pub(super) fn without_function_at(source: &str, line: usize) -> Option<String> {
    let lines: Vec<&str> = source.split('\n').collect();
    let at = line.checked_sub(1).filter(|at| *at < lines.len())?;
    let is_head = |line: &&str| line.starts_with("fn ") || line.starts_with("private fn ");
    let is_end = |line: &&str| line.trim_end() == "}";
    let head = lines.iter().take(at + 1).rposition(is_head)?;
    let end = at + lines.iter().skip(at).position(is_end)?;
    let inside = lines.get(head + 1..end)?;
    let head_is_plain = lines.get(head)?.trim_end().ends_with('{');
    if at == head || !head_is_plain || inside.iter().any(|l| is_head(l) || is_end(l)) {
        return None;
    }
    if depth_of(&inside.join("\n"))? != 0 {
        return None;
    }
    let blank = |(number, line): (usize, &&str)| {
        if number > head && number < end { String::new() } else { (*line).to_owned() }
    };
    Some(lines.iter().enumerate().map(blank).collect::<Vec<_>>().join("\n"))
}

/// How many braces are open at the end of a text. Nothing, if one closes what was never opened, or a
/// quoted text or a comment goes on behind it; what is within backticks may be code, and is not
/// looked into.
fn depth_of(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut inside: Option<char> = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (inside, c) {
            (Some('/'), '\n') => inside = None,
            (Some('*'), '*') if chars.peek() == Some(&'/') => {
                chars.next();
                inside = None;
            }
            (Some('"' | '\''), '\\') => {
                chars.next();
            }
            // A quoted text ends on its line; whoever forgot its end has forgotten the braces' place.
            (Some('"' | '\''), '\n') => return None,
            (Some(quote), c) if quote == c && c != '/' && c != '*' => inside = None,
            (None, '/') if chars.peek() == Some(&'/') => inside = Some('/'),
            (None, '/') if chars.peek() == Some(&'*') => inside = Some('*'),
            (None, '"' | '`' | '\'') => inside = Some(c),
            (None, '{') => depth += 1,
            (None, '}') => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    matches!(inside, None | Some('/')).then_some(depth)
}

#[cfg(test)]
mod tests {
    use super::without_function_at as without;

    #[test]
    fn one_body_goes_and_every_other_place_stays() {
        let source = "const A = 1;\nfn a() {\n  let = 1;\n}\nfn b() {\n  2\n}\n";
        let blanked = "const A = 1;\nfn a() {\n\n}\nfn b() {\n  2\n}\n";
        assert_eq!(without(source, 3).as_deref(), Some(blanked));
        let nested = "fn a() {\n  if x { \"}\"\n  } // {\n}";
        assert_eq!(without(nested, 2).as_deref(), Some("fn a() {\n\n\n}"));
    }

    #[test]
    fn where_a_body_ends_is_never_guessed() {
        for (source, line) in [
            ("fn a() {\n  if x {\n}\nfn b() {\n}", 2),
            ("fn a() {\n  \"x\n}\n", 2),
            ("fn a() {\n  `x\n}\n", 2),
            ("fn a() {\n  /* x\n}\n", 2),
            ("fn a() {\n  }\n  }\n}\n", 2),
            ("fn a() { let = 1; }", 1),
            ("let = 1;", 1),
            ("fn a() {\n  1\n", 2),
            ("fn a() {\n}\nlet = 1;\n", 3),
            ("", 1),
            ("x", 9),
        ] {
            assert_eq!(without(source, line), None, "{source:?}");
        }
    }
}
