//! Where the user is in a room, and which rows that shows. The place is an item and not a row, so
//! that it stays when the width changes or older items come in front. Pure.

use super::super::clock::Clock;
use super::item::Item;
use super::room::Room;
use super::theme::{Look, Signs};
use super::wrap::{Row, Shape, rule};

/// What the lowest row shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Place {
    /// The newest, whatever comes.
    #[default]
    End,
    /// This item without its last rows.
    At { id: u64, below: usize },
}

/// What the rows of a room are made with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pane<'a> {
    pub(super) shape: Shape,
    pub(super) height: usize,
    pub(super) clock: &'a Clock,
    pub(super) signs: Signs,
}

/// Rows that are shown, each with its item.
#[derive(Debug, Default)]
pub(super) struct Visible {
    pub(super) rows: Vec<(u64, Row)>,
    /// Items behind the last row.
    pub(super) behind: usize,
    /// Rows are shown from the first item's first on.
    pub(super) is_top: bool,
}

impl Room {
    /// The rows of the screen, at most as many as fit.
    pub(super) fn visible(&self, pane: &Pane<'_>) -> Visible {
        let Some((mut index, below)) = self.bottom() else {
            return Visible { is_top: true, ..Visible::default() };
        };
        let mut shown = Visible { behind: self.items.len() - 1 - index, ..Visible::default() };
        let mut below = below;
        while let Some(item) = self.items.get(index) {
            let block = self.block(index, item, pane);
            let kept = block.len().saturating_sub(below.min(block.len().saturating_sub(1)));
            for row in block.into_iter().take(kept).rev() {
                if shown.rows.len() == pane.height {
                    shown.rows.reverse();
                    return shown;
                }
                shown.rows.push((item.id, row));
            }
            below = 0;
            if index == 0 {
                shown.is_top = true;
                break;
            }
            index -= 1;
        }
        shown.rows.reverse();
        shown
    }

    /// Goes so many rows up. Says whether the first row there is was reached.
    pub(super) fn scroll_up(&mut self, rows: usize, pane: &Pane<'_>) -> bool {
        let Some((mut index, mut below)) = self.bottom() else {
            return true;
        };
        below += rows;
        while below >= self.height_of(index, pane) {
            if index == 0 {
                self.scroll_top(pane);
                return true;
            }
            below -= self.height_of(index, pane);
            index -= 1;
        }
        let bottom = self.place;
        self.place = self.at(index, below);
        let shown = self.visible(pane);
        if shown.is_top && shown.rows.len() < pane.height {
            self.place = bottom;
            self.scroll_top(pane);
            return true;
        }
        shown.is_top
    }

    /// Goes so many rows down, at most to the end.
    pub(super) fn scroll_down(&mut self, rows: usize, pane: &Pane<'_>) {
        let Some((mut index, mut below)) = self.bottom() else {
            return;
        };
        let mut rows = rows;
        while rows > below {
            rows -= below;
            index += 1;
            if index >= self.items.len() {
                self.place = Place::End;
                return;
            }
            below = self.height_of(index, pane);
        }
        self.place = self.at(index, below - rows);
    }

    /// Goes to the first row.
    pub(super) fn scroll_top(&mut self, pane: &Pane<'_>) {
        self.place = self.down_from(0, pane.height, pane);
    }

    /// Goes down as far as it takes to fill the screen, when the oldest rows are on it: it has
    /// grown, or they have become fewer.
    pub(super) fn fill(&mut self, pane: &Pane<'_>) {
        // Every item has a row at least.
        let is_near = self.bottom().is_some_and(|(index, _)| index < pane.height);
        if self.place == Place::End || !is_near {
            return;
        }
        let shown = self.visible(pane);
        if shown.is_top && shown.rows.len() < pane.height {
            self.scroll_top(pane);
        }
    }

    /// Goes to where this item is shown, with what is around it.
    pub(super) fn show(&mut self, id: u64, pane: &Pane<'_>) {
        if let Some(index) = self.index(id) {
            let below = pane.height - pane.height / 3;
            self.place = self.down_from(index, below, pane);
            self.fill(pane);
        }
    }

    /// The place whose lowest row is so many rows under the item's first.
    fn down_from(&self, index: usize, rows: usize, pane: &Pane<'_>) -> Place {
        let mut seen = 0;
        for at in index..self.items.len() {
            seen += self.height_of(at, pane);
            if seen >= rows {
                return self.at(at, seen - rows);
            }
        }
        Place::End
    }

    fn at(&self, index: usize, below: usize) -> Place {
        let is_end = index + 1 >= self.items.len() && below == 0;
        match self.items.get(index) {
            Some(item) if !is_end => Place::At { id: item.id, below },
            _ => Place::End,
        }
    }

    /// The lowest item and how many of its rows are hidden. An item that is gone was the oldest.
    fn bottom(&self) -> Option<(usize, usize)> {
        let last = self.items.len().checked_sub(1)?;
        Some(match self.place {
            Place::End => (last, 0),
            Place::At { id, below } => self.index(id).map_or((0, 0), |index| (index, below)),
        })
    }

    fn height_of(&self, index: usize, pane: &Pane<'_>) -> usize {
        let Some(item) = self.items.get(index) else { return 0 };
        let leads =
            usize::from(self.has_day(index, item, pane)) + usize::from(self.is_marked(index));
        let rows = self.wraps.borrow_mut().of(item, pane.shape, pane.clock, pane.signs);
        (leads + rows.len()).max(1)
    }

    /// The item's rows, led by its day if that is another, and by the read marker.
    fn block(&self, index: usize, item: &Item, pane: &Pane<'_>) -> Vec<Row> {
        let mut block = Vec::new();
        let width = pane.shape.width;
        if self.has_day(index, item, pane) {
            let day = pane.clock.day(item.at).strftime("%A, %Y-%m-%d").to_string();
            block.push(rule(&day, Look::Dim, width, pane.signs));
        }
        if self.is_marked(index) {
            block.push(rule("new", Look::Marker, width, pane.signs));
        }
        let rows = self.wraps.borrow_mut().of(item, pane.shape, pane.clock, pane.signs);
        block.extend(rows.iter().cloned());
        block
    }

    fn has_day(&self, index: usize, item: &Item, pane: &Pane<'_>) -> bool {
        let before = index.checked_sub(1).and_then(|before| self.items.get(before));
        before.is_none_or(|before| pane.clock.day(before.at) != pane.clock.day(item.at))
    }

    /// Whether what is new begins here.
    fn is_marked(&self, index: usize) -> bool {
        let before = index.checked_sub(1).and_then(|before| self.items.get(before));
        before.is_some_and(|before| self.marker == Some(before.id))
    }
}

#[cfg(test)]
mod tests {
    use super::super::item::Body;
    use super::super::theme::Theme;
    use super::*;
    use crate::config;
    use crate::wire::entry::Millis;
    use crate::wire::shown::Shown;

    fn signs() -> Signs {
        Theme::detect(config::Theme::Dark, config::Colours::Sixteen, |_| None).signs
    }

    fn room(lines: u64) -> Room {
        let mut room = Room::new("#lobby", 1000);
        for n in 1..=lines {
            // Every third one needs a second row at a width of 30.
            let long = if n % 3 == 0 { " and so on and on and on" } else { "" };
            let body = Body::Note(Shown::new(&format!("<{n}>{long}")));
            room.push(Millis(1000), Some(n), body);
        }
        room
    }

    fn shown(room: &Room, pane: &Pane<'_>) -> Vec<String> {
        let rows = room.visible(pane).rows;
        let text = |(_, row): (u64, Row)| row.iter().map(|piece| piece.text.clone()).collect();
        rows.into_iter().map(text).collect()
    }

    #[test]
    fn every_row_is_reached_once_in_both_directions() {
        let clock = Clock::utc();
        let pane = Pane { shape: Shape { width: 30 }, height: 7, clock: &clock, signs: signs() };
        let mut room = room(40);
        let mut last = shown(&room, &pane);
        assert!(last.last().unwrap().contains("<40>"));
        let mut up = vec![last[0].clone()];
        while !room.scroll_up(1, &pane) {
            let now = shown(&room, &pane);
            assert_eq!(now[1..], last[..6], "one row further");
            up.push(now[0].clone());
            last = now;
        }
        let top = shown(&room, &pane);
        assert!(top[0].contains("1970-01-01") && top[1].contains("<1>"), "{top:?}");
        for n in 0..200 {
            if room.place == Place::End {
                assert!(n > 40);
                break;
            }
            room.scroll_down(1, &pane);
            assert_eq!(shown(&room, &pane).len(), 7);
        }
        assert_eq!(room.place, Place::End);
        assert!(shown(&room, &pane).last().unwrap().contains("<40>"));
    }

    #[test]
    fn the_place_stays_when_the_width_changes_and_when_lines_come() {
        let clock = Clock::utc();
        let pane =
            |width, height| Pane { shape: Shape { width }, height, clock: &clock, signs: signs() };
        let mut room = room(40);
        room.scroll_up(20, &pane(30, 7));
        let lowest = |room: &Room, width| room.visible(&pane(width, 7)).rows.last().unwrap().0;
        let before = lowest(&room, 30);
        assert_eq!(lowest(&room, 90), before);
        assert_eq!(lowest(&room, 12), before);
        room.push(Millis(1000), Some(41), Body::Note(Shown::new("new")));
        let older = vec![(Millis(1), 0, Body::Note(Shown::new("old")))];
        room.oldest = Some(1);
        room.prepend(older, false);
        assert_eq!(lowest(&room, 30), before);
        assert!(room.visible(&pane(30, 7)).behind > 1);
    }

    #[test]
    fn a_screen_that_grows_at_the_top_is_filled_and_elsewhere_the_place_stays() {
        let clock = Clock::utc();
        let pane =
            |width, height| Pane { shape: Shape { width }, height, clock: &clock, signs: signs() };
        let mut room = room(40);
        room.scroll_top(&pane(30, 7));
        room.fill(&pane(90, 20));
        let rows = shown(&room, &pane(90, 20));
        assert!(rows.len() == 20 && rows[1].contains("<1>"), "{rows:?}");
        room.scroll_up(0, &pane(90, 20));
        let place = room.place;
        room.fill(&pane(90, 20));
        assert_eq!(room.place, place);
        room.fill(&pane(90, 200));
        assert_eq!(room.place, Place::End);
        room.scroll_up(20, &pane(30, 7));
        let place = room.place;
        room.fill(&pane(30, 9));
        assert_eq!(room.place, place);
    }

    #[test]
    fn an_item_is_shown_with_what_is_around_it() {
        let clock = Clock::utc();
        let pane = Pane { shape: Shape { width: 30 }, height: 9, clock: &clock, signs: signs() };
        let mut room = room(40);
        for seq in [1, 2, 20, 39, 40] {
            let id = room.at_seq(seq).unwrap();
            room.show(id, &pane);
            let rows = shown(&room, &pane);
            assert!(rows.iter().any(|row| row.contains(&format!("<{seq}>"))), "{seq} {rows:?}");
            assert_eq!(rows.len(), 9);
        }
        room.scroll_top(&pane);
        assert!(shown(&room, &pane)[1].contains("<1>"));
        let mut empty = Room::new("#x", 10);
        assert!(empty.scroll_up(3, &pane));
        empty.scroll_down(3, &pane);
        empty.scroll_top(&pane);
        assert!(shown(&empty, &pane).is_empty());
    }
}
