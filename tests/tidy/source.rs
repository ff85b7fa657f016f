//! Just enough of Rust's grammar to see which paths a file names: comments and literals are left
//! out, `use` trees are spelt out. Knows nothing of what is allowed.

/// A path as it stands in the code, `use` groups spelt out: `["crate", "wire", "Dialect"]`. A glob
/// ends in `*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) line: usize,
    pub(super) names: Vec<String>,
    /// Inside a `mod tests`.
    pub(super) in_tests: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Name(String),
    PathSep,
    Other(char),
}

/// Every path of a source text, in order.
pub(super) fn paths(source: &str) -> Vec<Path> {
    let tokens = tokens(source);
    let mut scan = Scan { tokens: &tokens, at: 0, depth: 0, tests: Vec::new(), found: Vec::new() };
    while scan.at < tokens.len() {
        scan.step();
    }
    scan.found
}

struct Scan<'a> {
    tokens: &'a [(usize, Token)],
    at: usize,
    depth: usize,
    /// The depths at which a `mod tests` began.
    tests: Vec<usize>,
    found: Vec<Path>,
}

impl Scan<'_> {
    fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|(_, token)| token)
    }

    /// Whether the brace here is that of a `mod tests` or of a module for tests only.
    fn begins_tests(&self) -> bool {
        let before: Vec<&Token> =
            self.tokens[..self.at].iter().rev().map(|(_, token)| token).collect();
        let [Token::Name(name), Token::Name(word), before @ ..] = before.as_slice() else {
            return false;
        };
        // `#[cfg(test)] pub(super) mod fake {`, read backwards.
        let marked = before
            .iter()
            .take_while(|token| !matches!(token, Token::Other('{' | '}' | ';')))
            .any(|token| **token == Token::Name("test".into()));
        word == "mod" && (name == "tests" || marked)
    }

    fn step(&mut self) {
        match self.peek(0) {
            Some(Token::Other('{')) => {
                if self.begins_tests() {
                    self.tests.push(self.depth);
                }
                self.depth += 1;
                self.at += 1;
            }
            Some(Token::Other('}')) => {
                self.depth = self.depth.saturating_sub(1);
                self.tests.retain(|&depth| depth < self.depth);
                self.at += 1;
            }
            Some(Token::Name(name)) if name == "use" => {
                self.at += 1;
                self.tree(&[]);
            }
            Some(Token::Name(_)) => self.plain(),
            // A path from the root of all crates is the same path.
            _ => self.at += 1,
        }
    }

    /// `a::b::c` in an expression, a type or an attribute.
    fn plain(&mut self) {
        let line = self.tokens[self.at].0;
        let mut names = Vec::new();
        while let Some(Token::Name(name)) = self.peek(0) {
            names.push(name.clone());
            self.at += 1;
            if self.peek(0) == Some(&Token::PathSep) && matches!(self.peek(1), Some(Token::Name(_)))
            {
                self.at += 1;
            } else {
                break;
            }
        }
        self.keep(line, names);
    }

    /// One branch of a `use` tree, up to what ends it.
    fn tree(&mut self, before: &[String]) {
        let line = self.tokens.get(self.at).map_or(0, |(line, _)| *line);
        let mut names = before.to_vec();
        loop {
            match self.peek(0).cloned() {
                Some(Token::Name(name)) if name == "as" => self.at += 2,
                Some(Token::Name(name)) => {
                    names.push(name);
                    self.at += 1;
                }
                Some(Token::PathSep) => self.at += 1,
                Some(Token::Other('*')) => {
                    names.push("*".into());
                    self.at += 1;
                }
                Some(Token::Other('{')) => {
                    self.at += 1;
                    while !matches!(self.peek(0), None | Some(Token::Other('}'))) {
                        self.tree(&names);
                        if self.peek(0) == Some(&Token::Other(',')) {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                _ => break,
            }
        }
        self.keep(line, names);
    }

    fn keep(&mut self, line: usize, names: Vec<String>) {
        let in_tests = !self.tests.is_empty();
        self.found.push(Path { line, names, in_tests });
    }
}

fn tokens(source: &str) -> Vec<(usize, Token)> {
    let code = without_literals(source);
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut chars = code.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\n' {
            line += 1;
        } else if c.is_alphanumeric() || c == '_' {
            let mut name = String::from(c);
            while let Some(&c) = chars.peek().filter(|c| c.is_alphanumeric() || **c == '_') {
                name.push(c);
                chars.next();
            }
            tokens.push((line, Token::Name(name)));
        } else if c == ':' && chars.peek() == Some(&':') {
            chars.next();
            tokens.push((line, Token::PathSep));
        } else if !c.is_whitespace() {
            tokens.push((line, Token::Other(c)));
        }
    }
    tokens
}

/// The source with its comments, strings and characters blanked, every line in its place.
fn without_literals(source: &str) -> String {
    let chars: Vec<char> = source.chars().collect();
    let mut code = String::with_capacity(source.len());
    let mut at = 0;
    let after_name =
        |at: usize| at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    while at < chars.len() {
        let end = match (chars[at], chars.get(at + 1)) {
            ('/', Some('/')) => until_newline(&chars, at),
            ('/', Some('*')) => after_block(&chars, at),
            ('"', _) => after_string(&chars, at),
            ('r', Some('"' | '#')) if !after_name(at) || chars[at - 1] == 'b' => {
                after_raw_string(&chars, at)
            }
            ('\'', _) => after_character(&chars, at),
            _ => at,
        };
        if end == at {
            code.push(chars[at]);
            at += 1;
        } else {
            code.extend(chars[at..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    code
}

fn until_newline(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|&c| c == '\n').map_or(chars.len(), |found| at + found)
}

fn after_block(chars: &[char], at: usize) -> usize {
    let mut depth = 0;
    let mut at = at;
    while at < chars.len() {
        match (chars[at], chars.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => {
                (depth, at) = (depth - 1, at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

fn after_string(chars: &[char], at: usize) -> usize {
    let mut at = at + 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

fn after_raw_string(chars: &[char], at: usize) -> usize {
    let hashes = chars[at + 1..].iter().take_while(|&&c| c == '#').count();
    if chars.get(at + 1 + hashes) != Some(&'"') {
        // A raw identifier.
        return at;
    }
    let mut at = at + 2 + hashes;
    while at < chars.len() {
        let closes = chars[at] == '"'
            && chars[at + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes;
        if closes {
            return at + 1 + hashes;
        }
        at += 1;
    }
    chars.len()
}

/// A character, or nothing where the quote begins a lifetime.
fn after_character(chars: &[char], at: usize) -> usize {
    match (chars.get(at + 1), chars.get(at + 2)) {
        (Some('\\'), Some(_)) => {
            let close = chars[at + 3..].iter().position(|&c| c == '\'');
            close.map_or(chars.len(), |found| at + 3 + found + 1)
        }
        (Some(_), Some('\'')) => at + 3,
        _ => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spelt(source: &str) -> Vec<String> {
        paths(source)
            .into_iter()
            .filter(|path| path.names.len() > 1)
            .map(|path| format!("{}:{}", path.line, path.names.join("::")))
            .collect()
    }

    #[test]
    fn use_trees_are_spelt_out_over_lines() {
        let source =
            "use crate::{\n    log::Log,\n    wire::{self, nick::Nick as N},\n};\nuse super::*;";
        assert_eq!(
            spelt(source),
            ["2:crate::log::Log", "3:crate::wire::self", "3:crate::wire::nick::Nick", "5:super::*"]
        );
    }

    #[test]
    fn paths_in_code_are_seen_and_those_in_literals_and_comments_are_not() {
        let source = "// crate::a::b\n/* crate::c /* x */ crate::d */\nfn f<'a>(x: &'a str) {\n\
                      let s = \"crate::e \\\" crate::f\"; let r = r#\"crate::g\"#; let c = '\"';\n\
                      crate::real::call('\\'', x);\n}";
        assert_eq!(spelt(source), ["5:crate::real::call"]);
    }

    #[test]
    fn what_is_inside_the_tests_is_marked() {
        let source = "use a::b;\nmod tests {\n    fn f() { c::d(); }\n}\nfn g() { e::f(); }\n\
                      #[cfg(test)]\npub(super) mod fake { use g::h; }\nmod more { use i::j; }";
        let marks: Vec<bool> = paths(source)
            .into_iter()
            .filter(|path| path.names.len() > 1)
            .map(|path| path.in_tests)
            .collect();
        assert_eq!(marks, [false, true, false, true, false]);
    }
}
