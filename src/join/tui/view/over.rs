//! What lies over the conversation: something to read, lines to choose, a paste, a question.

use super::super::app::{App, Overlay};
use super::super::theme::Look;
use super::super::wrap::{Piece, cut, flow};
use super::text;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// Draws it, if there is something; says so.
pub(super) fn over(app: &App, area: Rect, buffer: &mut Buffer) -> bool {
    if area.is_empty() {
        return false;
    }
    match &app.over {
        Overlay::Page { title, lines, top } => {
            let lines = lines
                .iter()
                .map(|parts| parts.iter().map(|part| Piece::new(&*part.text, part.look)).collect());
            let foot = "Up, Down, PageUp, PageDown; Esc goes back, and so does writing on";
            window(app, area, title, foot, lines.skip(*top), None, buffer);
        }
        Overlay::List { title, entries, at } => {
            let rows = usize::from(area.height.saturating_sub(2)).max(1);
            let top = (at + 1).saturating_sub(rows);
            let lines = entries.iter().map(|entry| {
                vec![
                    Piece::new(format!("{} ", app.clock.day(entry.at)), Look::Dim),
                    Piece::new(format!("{} ", app.clock.time(entry.at)), Look::Dim),
                    Piece::new(format!("{} ", entry.room), Look::Dim),
                    Piece::new(&*entry.who, Look::nick(&entry.who)),
                    Piece::new(": ", Look::Dim),
                    Piece::new(&*entry.text, Look::Plain),
                ]
            });
            let title = format!("{title}: {} of {}", at + 1, entries.len());
            let foot = "Up, Down; Enter goes there; Esc goes back, and so does writing on";
            window(app, area, &title, foot, lines.skip(top), Some(at - top), buffer);
        }
        Overlay::Paste { lines, top } => {
            let shown = lines.iter().map(|line| vec![Piece::new(line.as_str(), Look::Plain)]);
            let title = format!("{} pasted lines, not sent yet", lines.len());
            let foot = "Enter sends them, E edits them first, Esc throws them away";
            window(app, area, &title, foot, shown.skip(*top), None, buffer);
        }
        Overlay::Name { why, .. } => {
            let why = vec![Piece::new(&**why, Look::Alert)];
            let mut lines = flow(&why, usize::from(area.width).saturating_sub(4));
            lines.push(Vec::new());
            lines.push(vec![Piece::new("Write another name below, then Enter.", Look::Plain)]);
            let foot = "Enter asks the server, Esc leaves";
            window(app, area, "that name is not to be had", foot, lines.into_iter(), None, buffer);
        }
        Overlay::None | Overlay::Search { .. } | Overlay::Past { .. } | Overlay::Copy { .. } => {
            return false;
        }
    }
    true
}

/// A heading, as many lines as fit, and what the keys do.
fn window(
    app: &App,
    area: Rect,
    title: &str,
    foot: &str,
    lines: impl Iterator<Item = Vec<Piece>>,
    chosen: Option<usize>,
    buffer: &mut Buffer,
) {
    for y in area.y..area.bottom() {
        for x in area.x..area.right() {
            if let Some(cell) = buffer.cell_mut((x, y)) {
                cell.reset();
            }
        }
    }
    let (theme, signs) = (&app.theme, app.theme.signs);
    let width = usize::from(area.width);
    let line = |word: &str| {
        let word = cut(word, width.saturating_sub(6), signs);
        let used = 4 + unicode_width::UnicodeWidthStr::width(word.as_str());
        let rest = signs.line.repeat(width.saturating_sub(used));
        vec![
            Piece::new(format!("{} ", signs.line.repeat(2)), Look::Frame),
            Piece::new(word, Look::Own),
            Piece::new(format!(" {rest}"), Look::Frame),
        ]
    };
    text(theme, &line(title), (area.x, area.y), area.width, buffer);
    if area.height < 3 {
        return;
    }
    let inner = usize::from(area.height - 2);
    for ((n, row), y) in lines.take(inner).enumerate().zip(area.y + 1..) {
        let left = area.x + u16::from(area.width > 4);
        text(theme, &row, (left, y), area.right().saturating_sub(left), buffer);
        if chosen == Some(n) {
            let line = Rect::new(area.x, y, area.width, 1);
            buffer.set_style(line, theme.style(Look::Chosen));
        }
    }
    text(theme, &line(foot), (area.x, area.bottom() - 1), area.width, buffer);
}
