//! What is handed out to a crowd. Nearly all who wait at a room have read as far as the one before
//! them, so what comes next is looked for once, and whoever stands at the same place is given the
//! same bytes. What they were given is counted together, when all of it is written.

use super::metrics::{Counters, Taken};
use crate::log::{Cursor, Slice};
use crate::wire::Dialect;
use crate::wire::entry::Ordinal;
use std::ops::Range;

#[derive(Debug)]
pub(super) struct Handout<'a> {
    counters: &'a Counters,
    looked: Option<Looked>,
}

/// What was looked for last.
#[derive(Debug)]
struct Looked {
    from: Cursor,
    published: Ordinal,
    /// `None` if it is not one run of one chunk.
    next: Option<Next>,
}

/// All there is behind a place.
#[derive(Debug)]
pub(super) struct Next {
    pub(super) slice: Slice,
    /// Stands behind it.
    pub(super) to: Cursor,
    /// Where its bytes lie, in the dialect that was asked for last.
    range: Option<(Dialect, Range<usize>)>,
    /// What was given of it in all, in so many writes.
    given: Taken,
    writes: u64,
}

impl<'a> Handout<'a> {
    pub(super) fn new(counters: &'a Counters) -> Self {
        Self { counters, looked: None }
    }

    /// What comes after a place, up to what is published, if that is one run of entries that are
    /// still retained.
    pub(super) fn after(&mut self, place: &Cursor, published: Ordinal) -> Option<&mut Next> {
        let is_it = |looked: &Looked| looked.published == published && looked.from.is_at(place);
        if !self.looked.as_ref().is_some_and(is_it) {
            self.count();
            let next = Next::after(place, published);
            self.looked = Some(Looked { from: place.clone(), published, next });
        }
        self.looked.as_mut()?.next.as_mut()
    }

    fn count(&mut self) {
        if let Some(next) = self.looked.take().and_then(|looked| looked.next) {
            self.counters.wrote(&next.given, next.writes);
        }
    }
}

impl Drop for Handout<'_> {
    fn drop(&mut self) {
        self.count();
    }
}

impl Next {
    fn after(place: &Cursor, published: Ordinal) -> Option<Self> {
        let mut to = place.clone();
        let slice = to.next_slice(Some(published))?;
        let is_all = to.peek().is_none_or(|next| next > published);
        let is_retained = !slice.chunk.is_evicted() && !to.is_lost();
        let (range, given, writes) = (None, Taken::default(), 0);
        (is_all && is_retained).then_some(Self { slice, to, range, given, writes })
    }

    /// Its bytes.
    pub(super) fn bytes(&mut self, dialect: Dialect) -> &[u8] {
        let encoded = self.slice.chunk.encoded(dialect);
        let range = match &self.range {
            Some((known, range)) if *known == dialect => range.clone(),
            _ => {
                let range = encoded.range(self.slice.entries.clone());
                self.range = Some((dialect, range.clone()));
                range
            }
        };
        encoded.bytes.get(range).unwrap_or_default()
    }

    /// Somebody was given all of it, in so many bytes.
    pub(super) fn was_given(&mut self, bytes: usize) {
        self.writes += 1;
        self.given.take(self.slice.entries.len(), self.slice.chunk.appended());
        self.given.bytes += bytes as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Logs;
    use crate::serve::metrics::Stats;
    use crate::wire::entry::{Entry, Event, Millis, RoomId, Seq, SessionId};
    use crate::wire::room_name::RoomName;

    const ROOM: RoomId = RoomId(0);

    /// A room's log with so many entries, and the place before them.
    fn log(entries: u64) -> (Logs, Cursor) {
        let mut logs = Logs::new(1 << 20);
        let place = logs.open(ROOM, RoomName::lobby(), Seq(1));
        append(&mut logs, 1..=entries);
        (logs, place)
    }

    fn append(logs: &mut Logs, ordinals: std::ops::RangeInclusive<u64>) {
        let first = logs.tail(ROOM).seq.next().0;
        let entry = |(seq, ordinal)| {
            let (seq, ordinal, at) = (Seq(seq), Ordinal(ordinal), Millis(0));
            let joined = u32::try_from(ordinal.0).unwrap();
            let event = Event::Crowd { joined, left: 0 };
            Entry { seq, ordinal, at, author: SessionId(9), event }
        };
        logs.append(ROOM, (first..).zip(ordinals).map(entry).collect());
    }

    fn text(next: Option<&mut Next>, dialect: Dialect) -> Option<String> {
        next.map(|next| String::from_utf8(next.bytes(dialect).to_vec()).unwrap())
    }

    #[test]
    fn each_is_given_what_comes_after_its_own_place_in_its_own_dialect() {
        let (mut logs, place) = log(3);
        let counters = Counters::default();
        let mut handout = Handout::new(&counters);
        let mut after = |place: &Cursor, published, dialect| {
            text(handout.after(place, Ordinal(published)), dialect)
        };
        let mut some = place.clone();
        assert_eq!(some.next_slice(Some(Ordinal(2))).map(|slice| slice.entries), Some(0..2));
        let all = "1 joined\n2 joined\n3 joined\n";
        for _ in 0..2 {
            assert_eq!(after(&place, 3, Dialect::Line).as_deref(), Some(all));
            assert_eq!(after(&some, 3, Dialect::Line).as_deref(), Some("3 joined\n"));
            let native = after(&some, 3, Dialect::Native).unwrap();
            assert!(native.contains(r#""seq":3"#) && native.lines().count() == 1, "{native}");
            assert_eq!(after(&some, 3, Dialect::Line).as_deref(), Some("3 joined\n"));
        }
        // Who goes on from there has read all of it.
        let mut to = handout.after(&place, Ordinal(3)).map(|next| next.to.clone()).unwrap();
        assert_eq!(to.peek(), None);
        assert!(handout.after(&to, Ordinal(3)).is_none());
        append(&mut logs, 4..=4);
        let next = handout.after(&to, Ordinal(4));
        assert_eq!(text(next, Dialect::Line).as_deref(), Some("4 joined\n"));
    }

    #[test]
    fn what_was_given_is_counted_for_everybody() {
        let (mut logs, place) = log(3);
        let counters = Counters::default();
        let counted = || {
            let mut stats = Stats::default();
            counters.fill(&mut stats);
            (stats.deliveries, stats.sent_bytes, stats.latency.count())
        };
        let mut handout = Handout::new(&counters);
        let mut end = place.clone();
        for _ in 0..2 {
            let next = handout.after(&place, Ordinal(3)).unwrap();
            next.was_given(27);
            end = next.to.clone();
        }
        append(&mut logs, 4..=4);
        handout.after(&end, Ordinal(4)).unwrap().was_given(9);
        assert_eq!(counted(), (6, 54, 2), "those of another place");
        drop(handout);
        assert_eq!(counted(), (7, 63, 3));
        Handout::new(&counters).after(&place, Ordinal(3));
        assert_eq!(counted(), (7, 63, 3), "nobody was given anything");
    }

    #[test]
    fn what_is_not_all_there_is_or_is_let_go_of_is_not_handed_out() {
        let (mut logs, place) = log(2);
        let counters = Counters::default();
        let mut handout = Handout::new(&counters);
        assert!(handout.after(&place, Ordinal(1)).is_some());
        append(&mut logs, 4..=4);
        assert!(handout.after(&place, Ordinal(3)).is_some(), "the third was said elsewhere");
        assert!(handout.after(&place, Ordinal(4)).is_none(), "two turns");
        logs.set_budget(1);
        append(&mut logs, 5..=5);
        assert!(Handout::new(&counters).after(&place, Ordinal(2)).is_none(), "evicted");
    }
}
