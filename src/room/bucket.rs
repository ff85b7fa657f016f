//! Something that may be done so often and no more. Time comes in from outside, as everywhere in
//! these rules, and goes in as a cost: what may be done four times a second costs 250 ms.
//!
//! A bucket is one moment, that at which all that was taken out of it is made up for (the
//! generic cell rate algorithm of ATM's traffic management). It is full when that moment has come,
//! and its depth is how far ahead the moment may lie: the burst.

use std::time::Duration;

/// Full at first. Moments are counted from any fixed point.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Bucket {
    full_at: Duration,
}

impl Bucket {
    /// How long until so much may be taken. What costs more than a whole bucket waits for a full
    /// one, and then for nothing more.
    pub(super) fn wait(&self, at: Duration, cost: Duration, depth: Duration) -> Duration {
        let after = self.full_at.max(at).saturating_add(cost);
        after.saturating_sub(at.saturating_add(depth.max(cost)))
    }

    /// Takes it, whether it was there or not.
    pub(super) fn take(&mut self, at: Duration, cost: Duration) {
        self.full_at = self.full_at.max(at).saturating_add(cost);
    }

    /// Whether nothing is missing.
    pub(super) fn is_full(&self, at: Duration) -> bool {
        self.full_at <= at
    }

    /// Takes it if it is there. On a clock that goes back nothing is filled, and nothing is
    /// emptied further than by its depth.
    pub(super) fn try_take(&mut self, at: Duration, cost: Duration, depth: Duration) -> bool {
        self.full_at = self.full_at.min(at.saturating_add(depth));
        let is_there = self.wait(at, cost, depth).is_zero();
        if is_there {
            self.take(at, cost);
        }
        is_there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn so_many_at_once_and_then_one_after_the_other() {
        let mut bucket = Bucket::default();
        let mut at = |at| bucket.try_take(Duration::from_millis(at), SECOND, 3 * SECOND);
        assert_eq!([5_000, 5_000, 5_001, 5_002].map(&mut at), [true, true, true, false]);
        assert_eq!([5_999, 6_000, 6_001, 7_500].map(&mut at), [false, true, false, true]);
        assert_eq!([7_999, 8_000].map(&mut at), [false, true], "halves are not lost");
        assert_eq!([99_000; 4].map(&mut at), [true, true, true, false], "it holds no more");
    }

    #[test]
    fn a_clock_that_goes_back_fills_nothing_and_goes_on_from_there() {
        let mut bucket = Bucket::default();
        let mut at = |at| bucket.try_take(Duration::from_millis(at), SECOND, 3 * SECOND);
        assert_eq!([90_000; 4].map(&mut at), [true, true, true, false]);
        assert_eq!([1_000, 1_999, 2_000, 2_001].map(&mut at), [false, false, true, false]);
    }

    #[test]
    fn what_costs_more_than_it_holds_waits_for_a_full_one() {
        let mut bucket = Bucket::default();
        assert_eq!(bucket.wait(SECOND, 9 * SECOND, SECOND), Duration::ZERO);
        bucket.take(SECOND, 9 * SECOND);
        assert_eq!(bucket.wait(2 * SECOND, 9 * SECOND, SECOND), 8 * SECOND);
        assert_eq!(bucket.wait(2 * SECOND, SECOND, SECOND), 8 * SECOND);
        assert_eq!(bucket.wait(10 * SECOND, SECOND, SECOND), Duration::ZERO);
        assert!(bucket.is_full(10 * SECOND) && !bucket.is_full(9 * SECOND));
    }
}
