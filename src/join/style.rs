//! Styled text: what a line of the room says and how its parts are meant, apart from where and
//! in which colours it is written.

use crate::wire::entry::Kind;
use crate::wire::shown::Shown;

/// What a part of a line is. Colour never says anything that the text does not say as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    Plain,
    /// The time of day, and everything that is only said in passing.
    Dim,
    /// A member's name, by the number that stands for it.
    Nick(u32),
    /// The user's own name.
    Own,
    /// A text that names the user, or is for the user only.
    Mention,
    /// Something went wrong.
    Alert,
}

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) text: Shown,
    pub(super) style: Style,
}

/// One line for the user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Line {
    pub(super) spans: Vec<Span>,
    /// Worth a bell: somebody speaks to the user.
    pub(super) rings: bool,
}

impl Line {
    /// Appends a part.
    #[must_use]
    pub(super) fn and(mut self, style: Style, text: impl AsRef<str>) -> Self {
        self.spans.push(Span { text: Shown::new(text.as_ref()), style });
        self
    }

    /// Appends a name, and the mark of what is no person: the server says so, not the name.
    #[must_use]
    pub(super) fn name(self, name: &str, kind: Kind, own: &str) -> Self {
        let style = if name == own { Style::Own } else { Style::Nick(number(name)) };
        let line = self.and(style, name);
        match kind {
            Kind::User => line,
            Kind::Bot => line.and(Style::Dim, " [bot]"),
            Kind::Script => line.and(Style::Dim, " [script]"),
        }
    }

    /// A word to the user from the program itself, on a line that no member's text can imitate:
    /// no name begins with `-`.
    pub(super) fn note(text: impl AsRef<str>) -> Self {
        Self::default().and(Style::Dim, format!("-- {}", text.as_ref()))
    }

    /// As [`note`](Self::note), about something that went wrong.
    pub(super) fn alert(text: impl AsRef<str>) -> Self {
        Self::default().and(Style::Alert, format!("-- {}", text.as_ref()))
    }

    /// The text alone.
    pub(super) fn plain(&self) -> String {
        self.spans.iter().map(|span| &*span.text).collect()
    }
}

/// A number for a name, the same everywhere and always: 32-bit FNV-1a over the name, case folded
/// away. (Fowler, Noll, Vo; draft-eastlake-fnv.)
fn number(name: &str) -> u32 {
    name.to_lowercase()
        .bytes()
        .fold(0x811c_9dc5, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_number_in_any_case() {
        assert_eq!(number("Neo"), number("neo"));
        assert_ne!(number("Neo"), number("Trinity"));
        assert_eq!(number(""), 0x811c_9dc5);
        assert_eq!(number("a"), 0xe40c_292c, "the published test vector");
    }

    #[test]
    fn what_is_no_person_is_marked_by_its_kind() {
        let name = |kind| Line::default().name("Bot", kind, "Neo").plain();
        assert_eq!(name(Kind::User), "Bot");
        assert_eq!(name(Kind::Bot), "Bot [bot]");
        assert_eq!(name(Kind::Script), "Bot [script]");
        assert_eq!(Line::default().name("Neo", Kind::User, "Neo").spans[0].style, Style::Own);
    }
}
