//! What is done with every delivery: it is counted and checked, and of some it is seen how long
//! they took, to each member and to the last of all.

use super::histogram::Histogram;
use super::stamp::Stamp;
use super::tally::Tally;

/// Messages of one publisher whose last hearer is waited for at once.
const WAITING: usize = 4096;

/// A message that some have not heard.
#[derive(Debug, Clone, Copy, Default)]
struct Waited {
    number: u32,
    hearers: u32,
}

#[derive(Debug)]
pub(super) struct Ears {
    run: u16,
    publishers: usize,
    /// A message in so many has its time taken. A power of two.
    one_in: u32,
    pub(super) tally: Tally,
    /// To each member.
    pub(super) latency: Histogram,
    /// To the last.
    pub(super) last: Histogram,
    waited: Vec<Waited>,
    /// When the latest delivery came.
    pub(super) latest: u64,
}

impl Ears {
    pub(super) fn new(run: u16, publishers: usize, listeners: usize, one_in: u32) -> Self {
        Self {
            run,
            publishers,
            one_in,
            tally: Tally::new(publishers, listeners),
            latency: Histogram::default(),
            last: Histogram::default(),
            waited: vec![Waited::default(); publishers * WAITING],
            latest: 0,
        }
    }

    /// A publisher says a message, to so many.
    pub(super) fn says(&mut self, publisher: usize, number: u32, hearers: usize) {
        if number.is_multiple_of(self.one_in) {
            let at = self.place(publisher, number);
            let hearers = u32::try_from(hearers).unwrap_or(u32::MAX);
            self.waited[at] = Waited { number, hearers };
        }
    }

    /// A member hears one.
    pub(super) fn hears(&mut self, member: usize, stamp: Stamp, now: u64) {
        let publisher = usize::from(stamp.publisher);
        if stamp.run != self.run || publisher >= self.publishers {
            return;
        }
        self.tally.hears(member, publisher, stamp.number);
        self.latest = now;
        if !stamp.number.is_multiple_of(self.one_in) {
            return;
        }
        let took = now.saturating_sub(stamp.at);
        self.latency.add(took);
        let at = self.place(publisher, stamp.number);
        let waited = &mut self.waited[at];
        if waited.number == stamp.number && waited.hearers > 0 {
            waited.hearers -= 1;
            if waited.hearers == 0 {
                self.last.add(took);
            }
        }
    }

    fn place(&self, publisher: usize, number: u32) -> usize {
        publisher * WAITING + (number / self.one_in) as usize % WAITING
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_last_hearers_time_is_taken_and_other_runs_are_not_heard() {
        let mut ears = Ears::new(7, 1, 3, 2);
        let stamp = |run, publisher, number| Stamp { run, publisher, number, at: 100 };
        for number in 0..3 {
            ears.says(0, number, 3);
        }
        for (member, now) in [(1, 110), (3, 120), (2, 160)] {
            ears.hears(member, stamp(7, 0, 0), now);
            ears.hears(member, stamp(8, 0, 0), now);
            ears.hears(member, stamp(7, 1, 0), now);
            // Not one of those whose time is taken.
            ears.hears(member, stamp(7, 0, 1), 10_000);
        }
        assert_eq!((ears.latency.count(), ears.last.count(), ears.tally.total()), (3, 1, 6));
        assert_eq!(ears.last.max(), Some(Duration::from_nanos(60)));
    }
}
