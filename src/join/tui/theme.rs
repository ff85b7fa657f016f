//! How each part of the screen looks on one kind of terminal: light, dark or without colours, with
//! 16, 256 or all of them. Colour says nothing that a word or a sign does not say as well.

use super::hue;
use crate::config::{self, Colours};
use ratatui::style::{Color, Modifier, Style};

/// What a part of the screen is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    /// Said in passing: times, joins, hints.
    Dim,
    /// A member's name, by its angle on the wheel of colours.
    Nick(u16),
    Own,
    /// A text that names the user, or is for the user only.
    Mention,
    Alert,
    Link,
    /// What a search has found.
    Found,
    /// What is chosen in a list.
    Chosen,
    /// The line above what is new.
    Marker,
    /// The title's and the status' rows, their quiet parts, their heading, what calls for a look.
    Bar,
    BarDim,
    BarHead,
    BarHot,
    /// A window over the conversation.
    Frame,
}

impl Look {
    /// A name's.
    pub(super) fn nick(name: &str) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an angle is from 0 to 360"
        )]
        let degrees = hue::angle(name) as u16;
        Self::Nick(degrees)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ground {
    Dark,
    Light,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Depth {
    Sixteen,
    Many,
    True,
}

/// The looks of one terminal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Theme {
    ground: Ground,
    depth: Depth,
    pub(super) signs: Signs,
}

/// The few signs that are not ASCII where the terminal takes them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Signs {
    pub(super) line: &'static str,
    pub(super) bar: &'static str,
    /// Beside a text that names the user.
    pub(super) call: &'static str,
    pub(super) dot: &'static str,
    pub(super) cut: &'static str,
    pub(super) waits: &'static str,
    pub(super) down: &'static str,
}

const UNICODE: Signs =
    Signs {
        line: "─", bar: "│", call: "┃", dot: "·", cut: "…", waits: "…", down: "↓"
    };
const ASCII: Signs =
    Signs { line: "-", bar: "|", call: "#", dot: "|", cut: "~", waits: "...", down: "v" };

/// The sixteen colours that are readable on any ground, by their place on the wheel.
const FEW: [Color; 6] =
    [Color::Red, Color::Yellow, Color::Green, Color::Cyan, Color::LightBlue, Color::Magenta];

impl Theme {
    /// What the settings and the environment ask for. `var` looks a variable up; an empty one is
    /// none, as <https://no-color.org> has it.
    pub(super) fn detect(
        theme: config::Theme,
        colours: Colours,
        var: impl Fn(&str) -> Option<String>,
    ) -> Self {
        let var = |name| var(name).filter(|value| !value.is_empty());
        let ground = match theme {
            _ if var("NO_COLOR").is_some() => Ground::None,
            config::Theme::None => Ground::None,
            config::Theme::Dark => Ground::Dark,
            config::Theme::Light => Ground::Light,
            // "15;0" and "12;default;7": the last is the background, 7 and above are light.
            config::Theme::Auto => {
                match var("COLORFGBG").as_deref().map(|v| v.rsplit(';').next()) {
                    Some(Some("7" | "9" | "10" | "11" | "12" | "13" | "14" | "15")) => {
                        Ground::Light
                    }
                    _ => Ground::Dark,
                }
            }
        };
        let term = var("TERM").unwrap_or_default();
        let colorterm = var("COLORTERM").unwrap_or_default();
        let depth = match colours {
            Colours::Many => Depth::Many,
            Colours::True => Depth::True,
            Colours::Auto if matches!(colorterm.as_str(), "truecolor" | "24bit") => Depth::True,
            Colours::Auto if term.contains("direct") => Depth::True,
            Colours::Auto if term.contains("256") => Depth::Many,
            Colours::Auto | Colours::Sixteen => Depth::Sixteen,
        };
        let locale = var("LC_ALL").or_else(|| var("LC_CTYPE")).or_else(|| var("LANG"));
        // A terminal without a word about its letters is of today.
        let is_utf8 = locale.is_none_or(|locale| {
            let locale = locale.to_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        Self { ground, depth, signs: if is_utf8 { UNICODE } else { ASCII } }
    }

    /// The look as this terminal has it.
    pub(super) fn style(&self, look: Look) -> Style {
        match self.ground {
            Ground::None => colourless(look),
            Ground::Dark | Ground::Light => self.coloured(look),
        }
    }

    fn coloured(&self, look: Look) -> Style {
        let is_dark = self.ground == Ground::Dark;
        let bar = |style: Style| match (self.depth, is_dark) {
            (Depth::Sixteen, _) => style.add_modifier(Modifier::REVERSED),
            (_, true) => style.bg(Color::Indexed(236)),
            (_, false) => style.bg(Color::Indexed(254)),
        };
        let pick = |dark: u8, light: u8, few: Color| match self.depth {
            Depth::Sixteen => few,
            _ => Color::Indexed(if is_dark { dark } else { light }),
        };
        let base = Style::new();
        match look {
            Look::Plain => base,
            Look::Dim => base.fg(pick(245, 243, Color::DarkGray)),
            Look::Nick(angle) => base.fg(self.nick(angle)),
            Look::Own => base.add_modifier(Modifier::BOLD),
            Look::Mention => base.fg(pick(221, 130, Color::Yellow)).add_modifier(Modifier::BOLD),
            Look::Alert => base.fg(pick(203, 160, Color::Red)),
            Look::Link => base.add_modifier(Modifier::UNDERLINED),
            Look::Found | Look::Chosen => base.add_modifier(Modifier::REVERSED),
            Look::Marker => base.fg(pick(209, 166, Color::Red)),
            Look::Bar => bar(base.fg(pick(252, 236, Color::Reset))),
            Look::BarDim => bar(base.fg(pick(246, 242, Color::Reset))),
            Look::BarHead => bar(base.fg(pick(117, 25, Color::Reset))).add_modifier(Modifier::BOLD),
            Look::BarHot => bar(base.fg(pick(221, 130, Color::Reset))).add_modifier(Modifier::BOLD),
            Look::Frame => base.fg(pick(110, 25, Color::Cyan)),
        }
    }

    /// The name's colour: lighter on a dark ground than on a light one, of the same hue.
    fn nick(&self, angle: u16) -> Color {
        let lightness = if self.ground == Ground::Dark { 68.0 } else { 45.0 };
        let (r, g, b) = hue::colour(f64::from(angle), lightness);
        match self.depth {
            Depth::True => Color::Rgb(r, g, b),
            Depth::Many => Color::Indexed(hue::of_many((r, g, b))),
            Depth::Sixteen => {
                let at = usize::from(angle % 360) * FEW.len() / 360;
                FEW.get(at).copied().unwrap_or_default()
            }
        }
    }
}

fn colourless(look: Look) -> Style {
    let base = Style::new();
    match look {
        Look::Plain | Look::Frame | Look::Alert => base,
        Look::Dim => base.add_modifier(Modifier::DIM),
        Look::Nick(_) | Look::Own | Look::Mention | Look::Marker => {
            base.add_modifier(Modifier::BOLD)
        }
        Look::Link => base.add_modifier(Modifier::UNDERLINED),
        Look::Found | Look::Chosen | Look::Bar | Look::BarDim => {
            base.add_modifier(Modifier::REVERSED)
        }
        Look::BarHead | Look::BarHot => base.add_modifier(Modifier::REVERSED | Modifier::BOLD),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(theme: config::Theme, vars: &[(&str, &str)]) -> Theme {
        Theme::detect(theme, Colours::Auto, |name| {
            vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_environment_is_obeyed() {
        let auto = |vars: &[_]| detect(config::Theme::Auto, vars);
        assert_eq!(auto(&[]).ground, Ground::Dark);
        assert_eq!(auto(&[("COLORFGBG", "0;15")]).ground, Ground::Light);
        assert_eq!(auto(&[("COLORFGBG", "15;0")]).ground, Ground::Dark);
        assert_eq!(auto(&[("NO_COLOR", "1")]).ground, Ground::None);
        assert_eq!(auto(&[("NO_COLOR", "")]).ground, Ground::Dark);
        assert_eq!(detect(config::Theme::Light, &[("NO_COLOR", "1")]).ground, Ground::None);
        assert_eq!(auto(&[("TERM", "xterm")]).depth, Depth::Sixteen);
        assert_eq!(auto(&[("TERM", "xterm-256color")]).depth, Depth::Many);
        assert_eq!(auto(&[("COLORTERM", "truecolor")]).depth, Depth::True);
        assert_eq!(auto(&[("LANG", "C")]).signs.cut, "~");
        assert_eq!(auto(&[("LANG", "C"), ("LC_ALL", "de_DE.UTF-8")]).signs.cut, "…");
    }

    #[test]
    fn without_colours_there_are_none() {
        let none = detect(config::Theme::None, &[("COLORTERM", "truecolor")]);
        for look in [Look::Plain, Look::Nick(7), Look::Mention, Look::Alert, Look::BarHot] {
            let style = none.style(look);
            assert_eq!((style.fg, style.bg), (None, None), "{look:?}");
        }
        assert_ne!(none.style(Look::Mention), none.style(Look::Plain));
    }

    #[test]
    fn a_nick_has_its_own_colour_in_every_depth() {
        let look = Look::nick("Trinity");
        for (vars, is_right) in [
            (
                &[("COLORTERM", "truecolor")][..],
                (|c| matches!(c, Color::Rgb(..))) as fn(Color) -> bool,
            ),
            (&[("TERM", "x-256color")], |c| matches!(c, Color::Indexed(_))),
            (&[("TERM", "x")], |c| FEW.contains(&c)),
        ] {
            let colour = detect(config::Theme::Dark, vars).style(look).fg.unwrap();
            assert!(is_right(colour), "{vars:?} {colour:?}");
        }
    }
}
