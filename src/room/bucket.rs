//! Something that may be done so often and no more: a bucket of tokens that fills with time. Time
//! comes in from outside, as everywhere in these rules.

use crate::wire::entry::Millis;

/// So many at once, and then one in so many milliseconds.
#[derive(Debug)]
pub(super) struct Bucket {
    most: u32,
    every: u64,
    left: u32,
    /// When it was last filled up or, if it is not full, had its last token put in.
    since: Millis,
}

impl Bucket {
    /// A full one.
    pub(super) fn new(most: u32, every: u64) -> Self {
        Self { most, every, left: most, since: Millis::default() }
    }

    /// Takes a token, if there is one at this time. A clock that goes back fills nothing.
    pub(super) fn take(&mut self, at: Millis) -> bool {
        let passed = at.0.saturating_sub(self.since.0) / self.every;
        let filled = u64::from(self.left).saturating_add(passed).min(u64::from(self.most));
        self.left = u32::try_from(filled).unwrap_or(self.most);
        if self.left == self.most {
            self.since = at;
        } else {
            self.since.0 += passed * self.every;
        }
        let taken = self.left.checked_sub(1);
        self.left = taken.unwrap_or(0);
        taken.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_once_and_then_one_after_the_other() {
        let mut bucket = Bucket::new(3, 1000);
        let mut at = |at: u64| bucket.take(Millis(at));
        assert_eq!([5_000, 5_000, 5_001, 5_002].map(&mut at), [true, true, true, false]);
        assert_eq!([5_999, 6_000, 6_001, 7_500].map(&mut at), [false, true, false, true]);
        assert_eq!([7_999, 8_000].map(&mut at), [false, true], "halves are not lost");
        assert_eq!([1_000, 8_500].map(&mut at), [false, false], "a clock that goes back");
        assert_eq!([99_000; 4].map(&mut at), [true, true, true, false], "it holds no more");
    }
}
