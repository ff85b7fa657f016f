//! Turns styled lines into bytes for one kind of output: plain text, or text with ANSI colours.

use super::style::{Line, Style};

/// How many colours the output takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Colours {
    /// No escape codes at all.
    None,
    Sixteen,
    Many,
}

/// Of the sixteen colours those that are readable on black and on white alike: neither of both,
/// nor the dark blue that few can read on black.
const FEW: [u8; 6] = [31, 32, 33, 35, 36, 94];

/// Of the 256 colours' cube, by the same rule: full enough to differ, of medium lightness.
/// Twelve hues around the circle: more would be alike.
const MANY: [u8; 12] = [160, 37, 136, 98, 64, 168, 32, 166, 71, 133, 62, 101];

impl Colours {
    /// What the environment asks for. `var` looks a variable up; an empty one is none, as
    /// <https://no-color.org> has it.
    pub(super) fn detect(is_terminal: bool, var: impl Fn(&str) -> Option<String>) -> Self {
        let var = |name| var(name).filter(|value| !value.is_empty());
        let term = var("TERM");
        if !is_terminal || var("NO_COLOR").is_some() || term.as_deref().is_none_or(|t| t == "dumb")
        {
            return Self::None;
        }
        let has_many = term.is_some_and(|term| term.contains("256") || term.contains("direct"));
        if has_many || var("COLORTERM").is_some() { Self::Many } else { Self::Sixteen }
    }

    /// The line without its newline.
    pub(super) fn paint(self, line: &Line) -> String {
        if self == Self::None {
            return line.plain();
        }
        let mut out = String::new();
        for span in &line.spans {
            match self.code(span.style) {
                None => out.push_str(&span.text),
                Some(code) => {
                    out.push_str("\x1b[");
                    out.push_str(&code);
                    out.push('m');
                    out.push_str(&span.text);
                    out.push_str("\x1b[0m");
                }
            }
        }
        out
    }

    fn code(self, style: Style) -> Option<String> {
        let pick = |palette: &[u8], number: u32| {
            // The upper bits, spread once more: FNV's lower ones are poor. (Knuth, TAOCP 3, 6.4.)
            let spread = u64::from(number.wrapping_mul(0x9e37_79b9));
            let at = usize::try_from((spread * palette.len() as u64) >> 32).unwrap_or(0);
            palette.get(at).copied().unwrap_or_default()
        };
        Some(match (style, self) {
            (Style::Plain, _) => return None,
            (Style::Dim, _) => "2".into(),
            (Style::Own, _) => "1".into(),
            (Style::Mention, _) => "1;33".into(),
            (Style::Alert, _) => "1;31".into(),
            (Style::Nick(number), Self::Many) => format!("38;5;{}", pick(&MANY, number)),
            (Style::Nick(number), _) => pick(&FEW, number).to_string(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::entry::Kind;

    fn detect(is_terminal: bool, vars: &[(&str, &str)]) -> Colours {
        Colours::detect(is_terminal, |name| {
            vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_is_obeyed() {
        let xterm = ("TERM", "xterm");
        assert_eq!(detect(true, &[xterm]), Colours::Sixteen);
        assert_eq!(detect(true, &[("TERM", "xterm-256color")]), Colours::Many);
        assert_eq!(detect(true, &[xterm, ("COLORTERM", "truecolor")]), Colours::Many);
        assert_eq!(detect(true, &[xterm, ("NO_COLOR", "1")]), Colours::None);
        assert_eq!(detect(true, &[xterm, ("NO_COLOR", "")]), Colours::Sixteen);
        assert_eq!(detect(true, &[("TERM", "dumb")]), Colours::None);
        assert_eq!(detect(true, &[]), Colours::None);
        assert_eq!(detect(false, &[xterm]), Colours::None);
    }

    #[test]
    fn colours_change_nothing_but_colour() {
        let line = Line::default()
            .and(Style::Dim, "16:40 ")
            .name("Chuck", Kind::Bot, "Neo")
            .and(Style::Plain, ": hi");
        assert_eq!(Colours::None.paint(&line), "16:40 Chuck [bot]: hi");
        let codes = regex::Regex::new("\x1b\\[[0-9;]*m").unwrap();
        for colours in [Colours::Sixteen, Colours::Many] {
            let painted = colours.paint(&line);
            let bare = codes.replace_all(&painted, "");
            assert_eq!(bare, line.plain());
            assert!(painted.contains("\x1b[2m16:40 \x1b[0m") && painted.ends_with(": hi"));
        }
    }
}
