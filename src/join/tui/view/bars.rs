//! The rows around the conversation: the title, the status, and what the user writes.

use super::super::app::{App, Link, Overlay};
use super::super::layout::Written;
use super::super::theme::Look;
use super::super::wrap::{Piece, cut};
use super::{Drawn, ground, text};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// The room and what it is about.
pub(super) fn title(app: &App, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    ground(&app.theme, area, Look::Bar, buffer);
    let room = app.room();
    let mut row = vec![Piece::new(format!(" {} ", room.name), Look::BarHead)];
    if let Some(topic) = &room.topic {
        row.push(Piece::new(format!(" {topic}"), Look::Bar));
    }
    if !room.is_recorded {
        row.push(Piece::new("  not kept by the server", Look::BarDim));
    }
    let used: usize = row.iter().map(|piece| piece.text.width()).sum();
    let width = usize::from(area.width);
    if used > width {
        let head: usize = row[0].text.width();
        let rest: String = row.drain(1..).map(|piece| piece.text).collect();
        let rest = cut(&rest, width.saturating_sub(head), app.theme.signs);
        row.push(Piece::new(rest, Look::Bar));
    }
    text(&app.theme, &row, (area.x, area.y), area.width, buffer);
}

/// The rooms, the user, the connection; or a word that is for now.
pub(super) fn status(app: &App, area: Rect, buffer: &mut Buffer) {
    if area.is_empty() {
        return;
    }
    ground(&app.theme, area, Look::Bar, buffer);
    let is_lost = matches!(app.link, Link::Offline { .. });
    let right = match &app.hint {
        // Beside a word that is for now only this has to stay.
        Some(_) if is_lost => framed(app, vec![connection(app, area.width)]),
        _ => right_side(app, area.width),
    };
    let used: usize = right.iter().map(|piece| piece.text.width()).sum();
    let used = u16::try_from(used).unwrap_or(area.width).min(area.width);
    let left = area.width - used;
    if let Some(hint) = &app.hint {
        // A long one is worth more than what it covers, but for a connection that is lost.
        let width = if is_lost { left } else { area.width };
        let hint = cut(&hint.text, usize::from(width).saturating_sub(2), app.theme.signs);
        let row = vec![Piece::new(format!(" {hint}"), Look::BarHot)];
        let end = text(&app.theme, &row, (area.x, area.y), area.width, buffer);
        if end <= area.x + left {
            text(&app.theme, &right, (area.x + left, area.y), used, buffer);
        }
        return;
    }
    let mut row = vec![Piece::new(" ", Look::Bar)];
    for (at, (tab, room)) in app.tabs().into_iter().zip(&app.rooms).enumerate() {
        let look = match () {
            () if at == app.at => Look::BarHead,
            () if room.mentions > 0 => Look::BarHot,
            () if room.unread > 0 => Look::Bar,
            () => Look::BarDim,
        };
        row.push(Piece::new(tab, look));
        row.push(Piece::new(" ", Look::Bar));
    }
    text(&app.theme, &row, (area.x, area.y), left, buffer);
    text(&app.theme, &right, (area.x + left, area.y), used, buffer);
}

/// What stands at the right, as much as there is room for: the connection is told in any case.
fn right_side(app: &App, width: u16) -> Vec<Piece> {
    let room = app.room();
    let mut parts = Vec::new();
    if room.place != super::super::place::Place::End {
        let behind = room.visible_behind(app);
        parts.push(Piece::new(format!("{} {behind} below", app.theme.signs.down), Look::BarHot));
    }
    let waiting = app.unanswered();
    if waiting > 0 {
        parts.push(Piece::new(format!("{waiting} waiting"), Look::BarHot));
    }
    if width >= 60 {
        parts.push(Piece::new(&*app.me, Look::BarDim));
        parts.push(Piece::new(format!("{} here", room.count), Look::BarDim));
    }
    parts.push(connection(app, width));
    framed(app, parts)
}

fn connection(app: &App, width: u16) -> Piece {
    match &app.link {
        Link::Connecting => Piece::new("connecting", Look::BarHot),
        Link::Online => match app.latency {
            Some(latency) => Piece::new(format!("online {latency} ms"), Look::BarDim),
            None => Piece::new("online", Look::BarDim),
        },
        Link::Offline { tries, .. } if width >= 60 => {
            Piece::new(format!("OFFLINE, attempt {tries}"), Look::BarHot)
        }
        Link::Offline { .. } => Piece::new("OFFLINE", Look::BarHot),
    }
}

fn framed(app: &App, parts: Vec<Piece>) -> Vec<Piece> {
    let mut row = vec![Piece::new(" ", Look::BarDim)];
    for (n, part) in parts.into_iter().enumerate() {
        if n > 0 {
            row.push(Piece::new(format!(" {} ", app.theme.signs.dot), Look::BarDim));
        }
        row.push(part);
    }
    row.push(Piece::new(" ", Look::BarDim));
    row
}

/// The prompt and the user's text, its rows around the cursor if there are too many.
pub(super) fn input(app: &App, area: Rect, buffer: &mut Buffer, drawn: &mut Drawn) {
    if area.is_empty() {
        return;
    }
    let (prompt, written) = app.written();
    let Written { rows, cursor: (row, column) } = written;
    let height = usize::from(area.height);
    let top = (row + 1).saturating_sub(height);
    let indent = " ".repeat(prompt.len());
    for (n, line) in rows.iter().enumerate().skip(top).take(height) {
        let y = area.y + u16::try_from(n - top).unwrap_or_default();
        let head = if n == 0 { &prompt } else { &indent };
        let row =
            vec![Piece::new(head.as_str(), Look::Dim), Piece::new(line.as_str(), Look::Plain)];
        let end = text(&app.theme, &row, (area.x, y), area.width, buffer);
        if let Some(found) = app.past_found().filter(|_| n == 0) {
            let found = found.replace('\n', " ");
            let row = vec![Piece::new(format!("   {found}"), Look::Dim)];
            text(&app.theme, &row, (end, y), area.right().saturating_sub(end), buffer);
        }
    }
    if !matches!(app.over, Overlay::Page { .. } | Overlay::List { .. } | Overlay::Copy { .. }) {
        let x = u16::try_from(prompt.len() + column).unwrap_or(u16::MAX);
        let x = area.x.saturating_add(x).min(area.right().saturating_sub(1));
        let y = area.y + u16::try_from(row - top.min(row)).unwrap_or_default();
        drawn.cursor = Some((x, y.min(area.bottom().saturating_sub(1))));
    }
}
