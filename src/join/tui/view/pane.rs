//! The conversation and the list of names.

use super::super::app::{App, Overlay};
use super::super::item::mark;
use super::super::place::{Pane, Visible};
use super::super::room::Room;
use super::super::theme::Look;
use super::super::wrap::{Piece, Shape, cut};
use super::{Drawn, put, text};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_segmentation::UnicodeSegmentation;

impl Room {
    /// How many items lie below what is shown.
    pub(super) fn visible_behind(&self, app: &App) -> usize {
        visible(app, self, app.areas().pane).behind
    }
}

fn visible(app: &App, room: &Room, area: Rect) -> Visible {
    room.visible(&Pane {
        shape: Shape { width: area.width },
        height: area.height.into(),
        clock: &app.clock,
        signs: app.theme.signs,
    })
}

/// The rows of the room, the newest at the bottom.
pub(super) fn pane(app: &App, area: Rect, buffer: &mut Buffer, drawn: &mut Drawn) {
    if area.is_empty() {
        return;
    }
    let shown = visible(app, app.room(), area);
    let rows = u16::try_from(shown.rows.len()).unwrap_or(area.height);
    let top = area.bottom() - rows.min(area.height);
    let chosen = match &app.over {
        Overlay::Copy { item } => Some(*item),
        _ => None,
    };
    let found = match &app.over {
        Overlay::Search { words, found } if found.is_some() => words.text().trim(),
        _ => "",
    };
    for ((item, row), y) in shown.rows.iter().zip(top..) {
        put(&app.theme, row, (area.x, y), area.width, buffer, &mut drawn.links);
        let line = Rect::new(area.x, y, area.width, 1);
        if chosen == Some(*item) {
            buffer.set_style(line, app.theme.style(Look::Chosen));
        }
        if !found.is_empty() {
            mark_found(app, found, line, buffer);
        }
    }
    if !app.settings.links {
        drawn.links.clear();
    }
}

/// Marks the words of a search where they stand in a row.
fn mark_found(app: &App, words: &str, line: Rect, buffer: &mut Buffer) {
    let fold = |text: &str| text.to_lowercase();
    let words: Vec<String> = words.graphemes(true).map(fold).collect();
    let cells: Vec<(u16, String)> = (line.x..line.right())
        .filter_map(|x| buffer.cell((x, line.y)).map(|cell| (x, fold(cell.symbol()))))
        .collect();
    let style = app.theme.style(Look::Found);
    for at in 0..cells.len() {
        let here = cells.iter().skip(at).map(|(_, symbol)| symbol);
        let is_here = here.take(words.len()).eq(words.iter());
        if is_here && let Some((x, _)) = cells.get(at) {
            let width = u16::try_from(words.len()).unwrap_or(line.width);
            buffer.set_style(Rect::new(*x, line.y, width, 1).intersection(line), style);
        }
    }
}

/// Who is here, beside the conversation.
pub(super) fn nicks(app: &App, area: Rect, buffer: &mut Buffer) {
    if area.width < 3 || area.height == 0 {
        return;
    }
    let (theme, room, signs) = (&app.theme, app.room(), app.theme.signs);
    let width = usize::from(area.width - 2);
    let rows = usize::from(area.height);
    let all = room.members.len();
    let named = if all > rows { rows - 1 } else { all };
    for y in area.y..area.bottom() {
        let bar = vec![Piece::new(signs.bar, Look::Dim)];
        text(theme, &bar, (area.x, y), 1, buffer);
    }
    for (member, y) in room.members.values().take(named).zip(area.y..) {
        let mark = mark(member.kind);
        let name = cut(&member.name, width.saturating_sub(mark.len()), signs);
        let look = if member.name == app.me { Look::Own } else { Look::nick(&member.name) };
        let row = vec![Piece::new(name, look), Piece::new(mark, Look::Dim)];
        text(theme, &row, (area.x + 2, y), area.width - 2, buffer);
    }
    if all > rows {
        let more = vec![Piece::new(format!("and {} more", all - named), Look::Dim)];
        text(theme, &more, (area.x + 2, area.bottom() - 1), area.width - 2, buffer);
    } else if !room.is_roster && room.count > all && all < rows {
        let more = vec![Piece::new(format!("{} in all", room.count), Look::Dim)];
        text(theme, &more, (area.x + 2, area.bottom() - 1), area.width - 2, buffer);
    }
}
