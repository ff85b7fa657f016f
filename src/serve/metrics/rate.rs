//! How much of something there was lately, second by second. Knows no clock: it is told the time.

/// Seconds that are looked back.
pub(in crate::serve) const LOOK_BACK: u64 = 10;
const SLOTS: usize = 10;

/// The last seconds of a count that only grows.
#[derive(Debug, Clone, Default)]
pub(in crate::serve) struct Rate {
    /// By the second's number modulo [`SLOTS`].
    slots: [(u64, u64); SLOTS],
    last: u64,
}

impl Rate {
    /// In this second since the start the count has reached `total`.
    pub(in crate::serve) fn note(&mut self, second: u64, total: u64) {
        let new = total - std::mem::replace(&mut self.last, total);
        let at = usize::try_from(second % LOOK_BACK).unwrap_or_default();
        if let Some(slot) = self.slots.get_mut(at) {
            if slot.0 != second {
                *slot = (second, 0);
            }
            slot.1 += new;
        }
    }

    /// How much came in the last [`LOOK_BACK`] seconds, the one that is running included.
    pub(in crate::serve) fn recent(&self, second: u64) -> u64 {
        let is_recent = |at: u64| at <= second && second - at < LOOK_BACK;
        self.slots.iter().filter(|(at, _)| is_recent(*at)).map(|(_, count)| count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_last_ten_seconds_count() {
        let mut rate = Rate::default();
        assert_eq!(rate.recent(0), 0);
        rate.note(0, 5);
        rate.note(0, 7);
        rate.note(9, 8);
        assert_eq!(rate.recent(9), 8);
        assert_eq!(rate.recent(10), 1);
        rate.note(10, 108);
        assert_eq!(rate.recent(10), 101);
        assert_eq!(rate.recent(18), 101);
        assert_eq!(rate.recent(19), 100);
        assert_eq!(rate.recent(20), 0);
        // What was long ago is not taken for now when its place comes round again.
        rate.note(1_000_000, 109);
        assert_eq!(rate.recent(1_000_000), 1);
    }
}
