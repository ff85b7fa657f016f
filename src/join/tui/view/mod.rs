//! Draws the chat: state in, cells out. Changes nothing, and knows neither network nor terminal.

mod bars;
mod over;
mod pane;
#[cfg(test)]
mod tests;

use super::app::App;
use super::theme::{Look, Theme};
use super::wrap::{Piece, Row};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;

/// What is on the screen besides its cells.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Drawn {
    /// Where the cursor stands.
    pub(super) cursor: Option<(u16, u16)>,
    pub(super) links: Vec<Linked>,
}

/// Cells of one row that lead to an address.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Linked {
    pub(super) x: u16,
    pub(super) y: u16,
    pub(super) width: u16,
    pub(super) address: Arc<str>,
}

/// Draws everything.
pub(super) fn draw(app: &App, buffer: &mut Buffer) -> Drawn {
    let mut drawn = Drawn::default();
    if buffer.area.is_empty() {
        return drawn;
    }
    let areas = app.areas();
    let fits = |area: Rect| area.intersection(buffer.area);
    let (title, area, nicks) = (fits(areas.title), fits(areas.pane), fits(areas.nicks));
    let (status, input) = (fits(areas.status), fits(areas.input));
    bars::title(app, title, buffer);
    pane::pane(app, area, buffer, &mut drawn);
    pane::nicks(app, nicks, buffer);
    let whole = area.union(nicks);
    if over::over(app, whole, buffer) {
        // What lies above links cannot be clicked through.
        drawn.links.clear();
    }
    bars::status(app, status, buffer);
    bars::input(app, input, buffer, &mut drawn);
    drawn
}

/// Writes pieces from a cell on; returns the column behind them.
fn put(
    theme: &Theme,
    row: &[Piece],
    (x, y): (u16, u16),
    width: u16,
    buffer: &mut Buffer,
    links: &mut Vec<Linked>,
) -> u16 {
    let end = x.saturating_add(width).min(buffer.area.right());
    let mut at = x;
    for piece in row {
        if at >= end || y >= buffer.area.bottom() {
            break;
        }
        let style = theme.style(piece.look);
        let (next, _) = buffer.set_stringn(at, y, &piece.text, usize::from(end - at), style);
        if let Some(address) = &piece.link {
            links.push(Linked { x: at, y, width: next - at, address: address.clone() });
        }
        at = next;
    }
    at
}

/// As [`put`], for what has no links.
fn text(theme: &Theme, row: &Row, at: (u16, u16), width: u16, buffer: &mut Buffer) -> u16 {
    put(theme, row, at, width, buffer, &mut Vec::new())
}

/// Gives a row of cells one ground.
fn ground(theme: &Theme, area: Rect, look: Look, buffer: &mut Buffer) {
    buffer.set_style(area, theme.style(look));
}
