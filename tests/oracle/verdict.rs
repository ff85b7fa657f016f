//! What a terminal made of everything a program wrote: the bytes, and the screen after them.

use super::corpus::{CORPUS, WORD, is_unseen};
use regex::bytes::Regex;
use std::num::NonZero;

/// What chaty itself may write in one place. Whatever else acts on a terminal was somebody's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ours {
    /// Text and newlines.
    Text,
    /// The same, for programs: every letter is data, also one with marks without end.
    Json,
    /// … and the colours of the log, of `bot try` or of a message's parts.
    Colours,
    /// … and what an editor of one line draws its prompt with, and a bell.
    Prompt,
    /// … and what a whole screen is drawn with.
    Screen,
}

impl Ours {
    fn sequences(self) -> Regex {
        // What the kernel makes of a newline is one as well.
        let text = r"\r?\n";
        let colours =
            r"\x1b\[(0|1|2|3|7|3[1-6]|1;3[1-6]|0;[0-9;]*)?m|\x1b\[38;5;[0-9]{1,3}m|\x1b\[39m";
        let prompt = concat!(
            r"\r|\x07|\x1b\[[0-9]*[ABCD]|\x1b\[[0K]*[JK]|\x1b\[\?2004[hl]|\x1b\[\?2026[hl]|",
            r"\x1b\[\?25[hl]"
        );
        let screen = concat!(
            r"\x1b\[[0-9;]*[HJm]|\x1b\[\?(1049|1004)[hl]|\x1b\[2[23];2t|",
            r"\x1b\]2;[^\x00-\x1f]*\x07|\x1b\]8;;(https?://[!-~]*)?\x1b\\"
        );
        let mut all = vec![text];
        if !matches!(self, Self::Text | Self::Json) {
            all.push(colours);
        }
        if matches!(self, Self::Prompt | Self::Screen) {
            all.push(prompt);
        }
        if self == Self::Screen {
            all.push(screen);
        }
        Regex::new(&all.join("|")).unwrap()
    }
}

/// What the terminal was asked for beyond its screen and its title: an icon's name, the clipboard,
/// the window's size, flashes.
#[derive(Debug, Default, PartialEq, Eq)]
struct Asked(Vec<String>);

impl vt100::Callbacks for Asked {
    fn visual_bell(&mut self, _: &mut vt100::Screen) {
        self.0.push("flash".into());
    }
    fn resize(&mut self, _: &mut vt100::Screen, size: (u16, u16)) {
        self.0.push(format!("resize {size:?}"));
    }
    fn set_window_icon_name(&mut self, _: &mut vt100::Screen, name: &[u8]) {
        self.0.push(format!("icon {name:?}"));
    }
    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.0.push(format!("copy {data:?}"));
    }
    fn paste_from_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8]) {
        self.0.push("paste".into());
    }
}

/// Everything that a program wrote to a terminal, and that terminal's size.
#[derive(Debug)]
pub(crate) struct Oracle<'a> {
    raw: &'a [u8],
    /// Rows and columns.
    size: (u16, u16),
}

/// More rows than any test writes.
const SCROLLBACK: usize = 10_000;

impl<'a> Oracle<'a> {
    pub(crate) fn of(raw: &'a [u8], size: (u16, u16)) -> Self {
        Self { raw, size }
    }

    fn terminal(&self) -> vt100::Parser<Asked> {
        let (rows, columns) = self.size;
        let size = |cells| NonZero::new(cells).unwrap();
        let mut terminal = vt100::Parser::new_with_callbacks(
            size(rows),
            size(columns),
            SCROLLBACK,
            Asked::default(),
        );
        terminal.process(self.raw);
        terminal
    }

    /// Byte by byte: the text is shown, and nothing in it acts on a terminal but what is ours.
    #[track_caller]
    pub(crate) fn has_only(&self, ours: Ours) -> &Self {
        let rest = ours.sequences().replace_all(self.raw, &b""[..]);
        let rest = std::str::from_utf8(&rest).expect("what is written is UTF-8");
        let is_foreign = |c: char| c.is_control() || is_unseen(c);
        if let Some(at) = rest.find(is_foreign) {
            let around: String = rest[..at].chars().rev().take(60).collect();
            let around: String = around.chars().rev().chain(rest[at..].chars().take(60)).collect();
            panic!("this is none of ours: {around:?}");
        }
        let is_data = ours == Ours::Json;
        assert!(is_data || !rest.contains(&"\u{301}".repeat(5)), "marks without end");
        let raw = std::str::from_utf8(self.raw).unwrap();
        for text in CORPUS {
            // The parts of a sequence around the word, as they were sent.
            for part in text.split(WORD).filter(|part| part.len() > 4) {
                let acts = part.contains(|c: char| c.is_control() || is_unseen(c));
                assert!(!acts || !raw.contains(part), "it came through as it is: {part:?}");
            }
        }
        self
    }

    /// The hostile text is there to be read.
    #[track_caller]
    pub(crate) fn shows_it(&self) -> &Self {
        let all = String::from_utf8_lossy(self.raw);
        assert!(all.contains(WORD), "it is not shown at all:\n{all}");
        self
    }

    /// After the end of the program the terminal is as it would be had nobody said anything.
    #[track_caller]
    pub(crate) fn is_as_it_was(&self) -> &Self {
        let mut terminal = self.terminal();
        let (rows, columns) = self.size;
        let fresh = Oracle::of(b"", self.size).terminal();
        let screen = terminal.screen();
        assert_eq!(screen.input_mode_formatted(), fresh.screen().input_mode_formatted(), "modes");
        assert_eq!(screen.attributes_formatted(), fresh.screen().attributes_formatted(), "colours");
        assert!(!screen.alternate_screen(), "the other screen");
        assert!(!screen.hide_cursor(), "the cursor is hidden");
        assert_eq!(screen.cursor_style(), fresh.screen().cursor_style());
        assert_eq!(screen.size(), fresh.screen().size());
        assert_eq!(
            screen.cursor_position().1,
            0,
            "the cursor is within a line:\n{}",
            screen.contents()
        );
        assert_eq!(terminal.callbacks(), &Asked::default());
        // Every row scrolls, the whole width is written to, and letters are letters.
        let width = usize::from(columns);
        terminal.process(format!("\x1b[H\x1b[2Jtop\x1b[{rows};1H\r\n").as_bytes());
        assert_eq!(terminal.screen().contents(), "", "a region scrolls");
        terminal.process(format!("\x1b[Hq{}w", "x".repeat(width - 1)).as_bytes());
        let shown = terminal.screen().contents();
        assert_eq!(shown, format!("q{}w", "x".repeat(width - 1)), "margins or characters");
        self
    }

    /// Every row the terminal has shown, the ones that have gone up first.
    pub(crate) fn rows(&self) -> Vec<String> {
        let mut terminal = self.terminal();
        let (rows, columns) = self.size;
        let screen = terminal.screen_mut();
        screen.set_scrollback(usize::MAX);
        let row = |screen: &vt100::Screen, n| {
            screen.contents_between(n, 0, n, columns).trim_end().to_owned()
        };
        let mut all = Vec::new();
        for above in (1..=screen.scrollback()).rev() {
            screen.set_scrollback(above);
            all.push(row(screen, 0));
        }
        screen.set_scrollback(0);
        all.extend((0..rows).map(|n| row(screen, n)));
        all
    }

    /// These rows, which chaty wrote before and after somebody's text, stand whole and in order.
    #[track_caller]
    pub(crate) fn leaves_alone(&self, fences: &[&str]) -> &Self {
        let rows = self.rows();
        let mut below = rows.iter();
        for fence in fences {
            assert!(below.any(|row| row == fence), "{fence:?} is not whole in {rows:#?}");
        }
        self
    }
}

mod tests {
    use super::{CORPUS, Oracle, Ours, is_unseen};
    use std::panic::{AssertUnwindSafe, catch_unwind};

    const SIZE: (u16, u16) = (24, 80);

    fn complains(raw: &str, judged: impl Fn(&Oracle<'_>)) -> bool {
        let judged = || judged(&Oracle::of(raw.as_bytes(), SIZE));
        catch_unwind(AssertUnwindSafe(judged)).is_err()
    }

    /// What would have been the case had it come through.
    #[test]
    fn every_text_of_the_corpus_is_found_out() {
        for text in CORPUS {
            for ours in [Ours::Text, Ours::Colours, Ours::Prompt, Ours::Screen] {
                let raw = format!("before\r\n{text}\r\nafter\r\n");
                // What has nothing to act with is only wide, private or a marked letter.
                let acts = text.contains(|c: char| c.is_control() || is_unseen(c));
                let marked = text.contains(&"\u{301}".repeat(5));
                let found = complains(&raw, |oracle| {
                    oracle.has_only(ours);
                });
                assert_eq!(found, acts || marked, "{ours:?} {text:?}");
            }
        }
    }

    #[test]
    fn a_terminal_that_was_touched_is_found_out() {
        for touched in [
            "\u{1b}[?25l",
            "\u{1b}[?1049h",
            "\u{1b}[31m",
            "\u{1b}[7m",
            "\u{1b}[5;9r",
            "\u{1b}[?1003h",
            "\u{1b}=",
            "\u{1b}[?2004h",
            "\u{1b}]0;PWNED\u{7}",
            "\u{1b}]52;c;UFdORUQ=\u{7}",
            "half",
            "\u{1b}[8;3;7t",
            "\u{1b}[5 q",
        ] {
            let raw = format!("before\r\n{touched}");
            assert!(
                complains(&raw, |oracle| {
                    oracle.is_as_it_was();
                }),
                "{touched:?}"
            );
        }
        assert!(!complains("before\r\n\u{1b}[1mx\u{1b}[0m\r\n", |oracle| {
            oracle.is_as_it_was().has_only(Ours::Colours).leaves_alone(&["before", "x"]);
        }));
        let torn = "one\r\n\u{1b}[Atwo\r\nthree\r\n";
        assert!(complains(torn, |oracle| {
            oracle.leaves_alone(&["one", "two"]);
        }));
        assert!(complains("three\r\none\r\n", |oracle| {
            oracle.leaves_alone(&["one", "three"]);
        }));
    }
}
