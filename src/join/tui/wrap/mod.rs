//! Turns an item into rows of a given width: time and name in their columns, the text wrapped
//! beside them. Pure, and remembered by (item, width), because wrapping all of a long history
//! for every frame is what makes such programs slow.

use super::super::clock::Clock;
use super::item::{Body, How, Item, Said, State, mark, told};
use super::osc;
use super::theme::{Look, Signs};
use crate::wire::entry::Kind;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// A piece of a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) look: Look,
    /// The address it leads to.
    pub(super) link: Option<Arc<str>>,
}

impl Piece {
    pub(super) fn new(text: impl Into<String>, look: Look) -> Self {
        Self { text: text.into(), look, link: None }
    }
}

/// One row of the screen, at most as wide as it was made for.
pub(super) type Row = Vec<Piece>;

/// What the rows are made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) width: u16,
}

/// Widths below which there are no columns, and no time.
const COLUMNS: u16 = 60;
const TIMES: u16 = 24;

/// Rows of so many items are remembered: several screens full, some megabytes at the most.
const REMEMBERED: usize = 1024;

impl Shape {
    /// The cells names have, to the left of the texts.
    fn names(self) -> usize {
        if self.width >= 100 { 18 } else { 14 }
    }

    fn has_columns(self) -> bool {
        self.width >= COLUMNS
    }
}

/// Rows made before.
#[derive(Debug, Default)]
pub(super) struct Wraps {
    shape: Option<Shape>,
    rows: HashMap<u64, Rc<[Row]>>,
}

impl Wraps {
    /// The item's rows.
    pub(super) fn of(
        &mut self,
        item: &Item,
        shape: Shape,
        clock: &Clock,
        signs: Signs,
    ) -> Rc<[Row]> {
        if self.shape != Some(shape) || self.rows.len() >= REMEMBERED {
            self.rows.clear();
            self.shape = Some(shape);
        }
        let rows = self.rows.entry(item.id);
        rows.or_insert_with(|| rows_of(item, shape, clock, signs).into()).clone()
    }

    /// The item looks different now.
    pub(super) fn forget(&mut self, id: u64) {
        self.rows.remove(&id);
    }
}

fn rows_of(item: &Item, shape: Shape, clock: &Clock, signs: Signs) -> Vec<Row> {
    if let Body::Rule(text) = &item.body {
        return vec![rule(text, Look::Dim, shape.width, signs)];
    }
    let (name, mut text) = parts(item, signs);
    let width = usize::from(shape.width);
    let time = Piece::new(format!("{} ", clock.time(item.at)), Look::Dim);
    if shape.has_columns() {
        let head = column(name, shape.names(), signs);
        let is_call = matches!(&item.body, Body::Said(said) if said.is_mention);
        let (bar, look) =
            if is_call { (signs.call, Look::Mention) } else { (signs.bar, Look::Dim) };
        let bar = || Piece::new(format!(" {bar} "), look);
        let left = 6 + shape.names() + 3;
        let lines = flow(&text, width.saturating_sub(left));
        return lines
            .into_iter()
            .enumerate()
            .map(|(n, line)| {
                let mut row = if n == 0 {
                    let mut row = vec![time.clone()];
                    row.extend(head.iter().cloned());
                    row
                } else {
                    vec![Piece::new(" ".repeat(6 + shape.names()), Look::Plain)]
                };
                row.push(bar());
                row.extend(line);
                row
            })
            .collect();
    }
    let mut run = if shape.width >= TIMES { vec![time] } else { Vec::new() };
    let is_said = matches!(&item.body, Body::Said(said) if said.how == How::Plain);
    run.extend(name);
    run.push(Piece::new(if is_said { ": " } else { " " }, Look::Dim));
    run.append(&mut text);
    let lines = flow(&run, width);
    let is_wide = width > 10;
    if !is_wide || lines.len() < 2 {
        return lines;
    }
    // What follows the first row stands in by two.
    flow(&run, width.saturating_sub(2))
        .into_iter()
        .enumerate()
        .map(|(n, mut line)| {
            if n > 0 {
                line.insert(0, Piece::new("  ", Look::Plain));
            }
            line
        })
        .collect()
}

/// The name's pieces, and the text's.
fn parts(item: &Item, signs: Signs) -> (Vec<Piece>, Vec<Piece>) {
    let aside = |sign: &str, look| vec![Piece::new(sign, look)];
    match &item.body {
        Body::Said(said) => spoken(said, signs),
        Body::Crossings(crossings) => {
            let text = told(crossings).into_iter();
            (aside("--", Look::Dim), text.map(|p| Piece::new(&*p.text, p.look)).collect())
        }
        Body::Event(parts) => {
            let text = parts.iter().map(|p| Piece::new(&*p.text, p.look)).collect();
            (aside("--", Look::Dim), text)
        }
        Body::Note(text) => (aside("--", Look::Dim), linked(text, Look::Dim)),
        Body::Alert(text) => (aside("!!", Look::Alert), linked(text, Look::Alert)),
        Body::Rule(text) => (Vec::new(), vec![Piece::new(&**text, Look::Dim)]),
    }
}

fn spoken(said: &Said, signs: Signs) -> (Vec<Piece>, Vec<Piece>) {
    let look = if said.is_own { Look::Own } else { Look::nick(&said.who) };
    let mut who = vec![Piece::new(&*said.who, look)];
    if said.kind != Kind::User {
        who.push(Piece::new(mark(said.kind), Look::Dim));
    }
    let body = match said.state {
        State::Pending | State::Failed => Look::Dim,
        State::Placed if said.is_mention => Look::Mention,
        State::Placed => Look::Plain,
    };
    let (name, mut text) = match &said.how {
        How::Plain => (who, Vec::new()),
        How::Emote => {
            who.push(Piece::new(" ", Look::Plain));
            (vec![Piece::new("*", Look::Dim)], who)
        }
        How::Whisper => (who, vec![Piece::new("whispers: ", Look::Dim)]),
        How::WhisperTo(to) => {
            let to = vec![
                Piece::new("to ", Look::Dim),
                Piece::new(&**to, Look::nick(to)),
                Piece::new(" alone: ", Look::Dim),
            ];
            (who, to)
        }
    };
    text.extend(linked(&said.text, body));
    match said.state {
        State::Pending => text.push(Piece::new(format!(" {}", signs.waits), Look::Dim)),
        State::Failed => text.push(Piece::new(" (not sent)", Look::Alert)),
        State::Placed => {}
    }
    (name, text)
}

/// The name at the right of its column, cut if it is too long; the mark of a bot never is.
fn column(name: Vec<Piece>, width: usize, signs: Signs) -> Row {
    let marks: usize = name.iter().skip(1).map(|piece| piece.text.width()).sum();
    let mut row = Row::new();
    let mut used = 0;
    for (n, mut piece) in name.into_iter().enumerate() {
        if n == 0 {
            piece.text = cut(&piece.text, width.saturating_sub(marks), signs);
        }
        used += piece.text.width();
        row.push(piece);
    }
    row.insert(0, Piece::new(" ".repeat(width.saturating_sub(used)), Look::Plain));
    row
}

/// At most so many cells of a text, with a sign where it was cut.
pub(super) fn cut(text: &str, width: usize, signs: Signs) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = signs.cut.width();
    if used > width {
        return out;
    }
    for grapheme in text.graphemes(true) {
        used += grapheme.width();
        if used > width {
            break;
        }
        out.push_str(grapheme);
    }
    out.push_str(signs.cut);
    out
}

/// A line across with a word near its beginning.
pub(super) fn rule(text: &str, look: Look, width: u16, signs: Signs) -> Row {
    let width = usize::from(width);
    let text = cut(text, width.saturating_sub(8), signs);
    let lead = format!("{} ", signs.line.repeat(2));
    let used = lead.width() + text.width() + 1;
    let rest = signs.line.repeat(width.saturating_sub(used));
    vec![Piece::new(format!("{lead}{text} {rest}"), look)]
}

/// A text with its web addresses as links.
fn linked(text: &str, look: Look) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((start, end)) = next_link(rest) {
        let (before, link) = (&rest.get(..start), rest.get(start..end).unwrap_or_default());
        pieces.push(Piece::new(before.unwrap_or_default(), look));
        let address = osc::address(link).map(Arc::from);
        let look = if address.is_some() { Look::Link } else { look };
        pieces.push(Piece { text: link.into(), look, link: address });
        rest = rest.get(end..).unwrap_or_default();
    }
    pieces.push(Piece::new(rest, look));
    pieces.retain(|piece| !piece.text.is_empty());
    pieces
}

/// The addresses of a text.
pub(super) fn links(text: &str) -> Vec<String> {
    linked(text, Look::Plain)
        .into_iter()
        .filter(|piece| piece.link.is_some())
        .map(|piece| piece.text)
        .collect()
}

/// Where the next web address begins and ends. What a sentence puts behind it is not part of it.
fn next_link(text: &str) -> Option<(usize, usize)> {
    let starts = text.match_indices("http").map(|(at, _)| at);
    let start = starts.into_iter().find(|at| {
        let rest = text.get(*at..).unwrap_or_default();
        let before = text.get(..*at).and_then(|text| text.chars().next_back());
        (rest.starts_with("http://") || rest.starts_with("https://"))
            && !before.is_some_and(char::is_alphanumeric)
    })?;
    let rest = text.get(start..)?;
    // The pictures of control characters are never part of an address either.
    let is_end = |c: char| {
        c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`' | '\\' | '\u{2400}'..='\u{2426}')
    };
    let link = rest.get(..rest.find(is_end).unwrap_or(rest.len()))?;
    let mut link = link.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'']);
    while let Some(inner) = link.strip_suffix(')') {
        // A bracket that was opened inside belongs to it.
        if link.matches('(').count() >= link.matches(')').count() {
            break;
        }
        link = inner.trim_end_matches(['.', ',', ';', ':', '!', '?', '\'']);
    }
    let is_real = !link.trim_start_matches("http").trim_start_matches(['s', ':', '/']).is_empty();
    is_real.then_some((start, start + link.len())).or_else(|| {
        let skipped = start + "http".len();
        let (start, end) = next_link(text.get(skipped..)?)?;
        Some((start + skipped, end + skipped))
    })
}

/// Breaks a text into lines of at most `width` cells: between words, and inside one that is
/// longer than a line. There is at least one line.
pub(super) fn flow(pieces: &[Piece], width: usize) -> Vec<Row> {
    let width = width.max(1);
    // Each grapheme with its piece and its cells.
    let cells: Vec<(usize, &str, usize)> = pieces
        .iter()
        .enumerate()
        .flat_map(|(n, piece)| piece.text.graphemes(true).map(move |g| (n, g, g.width())))
        .collect();
    let mut lines = Vec::new();
    let mut start = 0;
    while start < cells.len() {
        let (mut end, mut used) = (start, 0);
        while let Some((_, _, cell)) = cells.get(end) {
            if used + cell > width && end > start {
                break;
            }
            used += cell;
            end += 1;
        }
        let mut next = end;
        if end < cells.len() {
            // Back to where a word ends, if there is one on this line.
            let is_space = |at: usize| cells.get(at).is_some_and(|(_, g, _)| *g == " ");
            if let Some(at) = (start + 1..=end).rev().find(|at| is_space(*at)) {
                end = at;
                next = at;
            }
            while is_space(next) {
                next += 1;
            }
        }
        lines.push(join(pieces, cells.get(start..end).unwrap_or_default()));
        start = next.max(start + 1);
    }
    if lines.is_empty() {
        lines.push(Row::new());
    }
    lines
}

fn join(pieces: &[Piece], cells: &[(usize, &str, usize)]) -> Row {
    let mut row = Row::new();
    let mut last = None;
    for (n, grapheme, _) in cells {
        match row.last_mut() {
            Some(piece) if last == Some(n) => piece.text.push_str(grapheme),
            _ => {
                if let Some(piece) = pieces.get(*n) {
                    let text = (*grapheme).to_owned();
                    row.push(Piece { text, look: piece.look, link: piece.link.clone() });
                }
            }
        }
        last = Some(n);
    }
    row
}

#[cfg(test)]
mod tests;
