//! Which part of the screen is where, for any size down to a single cell. Pure; draws nothing.

use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Cells of the list of names, its line included.
const NICKS: u16 = 20;

/// Width from which the list of names is there by itself.
const NICKS_FROM: u16 = 100;

/// Cells of the conversation that the list of names must leave.
const NICKS_LEAVE: u16 = 40;

/// What stands before the user's text, and before its further rows.
pub(super) const PROMPT: &str = "> ";

/// The parts. Each may be empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Areas {
    pub(super) title: Rect,
    pub(super) pane: Rect,
    pub(super) nicks: Rect,
    pub(super) status: Rect,
    pub(super) input: Rect,
}

/// Shares the screen out: the input grows up to a third of it; the bars are the first to go when
/// there are few rows, the conversation the last.
pub(super) fn areas(width: u16, height: u16, input_rows: usize, nicks: Option<bool>) -> Areas {
    let most = (height / 3).max(1);
    let input = u16::try_from(input_rows).unwrap_or(most).clamp(1, most).min(height);
    let status = u16::from(height >= 3);
    let title = u16::from(height >= 6);
    let pane = height - input - status - title;
    let has_nicks = nicks.unwrap_or(width >= NICKS_FROM) && width >= NICKS + NICKS_LEAVE;
    let side = if has_nicks && pane > 0 { NICKS } else { 0 };
    let row = |y, rows| Rect::new(0, y, width, rows);
    Areas {
        title: row(0, title),
        pane: Rect::new(0, title, width - side, pane),
        nicks: Rect::new(width - side, title, side, pane),
        status: row(title + pane, status),
        input: row(title + pane + status, input),
    }
}

/// The user's text in rows, and where the cursor is among them.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) rows: Vec<String>,
    pub(super) cursor: (usize, usize),
}

/// Breaks the user's text at its newlines and where a row is full, behind a prompt of some cells.
pub(super) fn written(text: &str, cursor: usize, width: usize, prompt: usize) -> Written {
    let width = width.saturating_sub(prompt).max(1);
    let mut rows = vec![String::new()];
    let (mut used, mut at, mut place) = (0, 0, (0, 0));
    for grapheme in text.graphemes(true) {
        let is_newline = matches!(grapheme, "\n" | "\r\n");
        let cells = if is_newline { 0 } else { grapheme.width() };
        if used + cells > width {
            rows.push(String::new());
            used = 0;
        }
        if at == cursor {
            place = (rows.len() - 1, used);
        }
        at += grapheme.len();
        if is_newline {
            rows.push(String::new());
            used = 0;
        } else {
            if let Some(row) = rows.last_mut() {
                row.push_str(grapheme);
            }
            used += cells;
        }
    }
    if at == cursor {
        if used >= width {
            rows.push(String::new());
            used = 0;
        }
        place = (rows.len() - 1, used);
    }
    Written { rows, cursor: place }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_broken_where_rows_are_full() {
        let rows = |text: &str, cursor| {
            let written = written(text, cursor, 7, 2);
            (written.rows.join("|"), written.cursor)
        };
        assert_eq!(rows("", 0), (String::new(), (0, 0)));
        assert_eq!(rows("abc", 1), ("abc".into(), (0, 1)));
        assert_eq!(rows("abcdefg", 5), ("abcde|fg".into(), (1, 0)));
        assert_eq!(rows("abcde", 5), ("abcde|".into(), (1, 0)));
        assert_eq!(rows("a\nb", 2), ("a|b".into(), (1, 0)));
        assert_eq!(rows("日本語", 9), ("日本|語".into(), (1, 2)));
    }

    proptest! {
        #[test]
        fn the_parts_fill_the_screen_and_never_overlap(
            width in 0_u16..200, height in 0_u16..80, rows in 0_usize..50, on in any::<Option<bool>>(),
        ) {
            let all = areas(width, height, rows, on);
            let sum: u32 = [all.title, all.pane, all.nicks, all.status, all.input]
                .iter().map(|area| area.area()).sum();
            prop_assert_eq!(sum, u32::from(width) * u32::from(height));
            prop_assert!(all.input.bottom() == height);
        }
    }
}
