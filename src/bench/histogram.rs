//! Times counted in buckets that grow with them: 64 to each doubling, so that a quantile is less
//! than 1.6 percent too high, and never too low. (Gil Tene's idea.) Of fixed size; adding costs a
//! few instructions.

use std::time::Duration;

/// Buckets of one doubling, as a power of two.
const FINE: u32 = 6;
const A_DOUBLING: usize = 1 << FINE;
/// Values below this have a bucket of their own each.
const EXACT: u64 = 1 << (FINE + 1);
/// Doublings of a 64 bit number above those, and the exact ones.
const BUCKETS: usize = (64 - FINE as usize + 1) * A_DOUBLING;

/// How often times were seen, in nanoseconds.
#[derive(Debug, Clone)]
pub(super) struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    max: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self { buckets: vec![0; BUCKETS], count: 0, max: 0 }
    }
}

impl Histogram {
    pub(super) fn add(&mut self, nanos: u64) {
        if let Some(bucket) = self.buckets.get_mut(bucket(nanos)) {
            *bucket += 1;
        }
        self.count += 1;
        self.max = self.max.max(nanos);
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn max(&self) -> Option<Duration> {
        (self.count > 0).then(|| Duration::from_nanos(self.max))
    }

    /// The time that so many of a thousand were not above.
    pub(super) fn per_mille(&self, share: u64) -> Option<Duration> {
        let wanted = self.count.checked_mul(share)?.div_ceil(1000).max(1);
        let mut seen = 0;
        let found = self.buckets.iter().position(|count| {
            seen += count;
            seen >= wanted
        })?;
        Some(Duration::from_nanos(last_of(found).min(self.max)))
    }
}

fn bucket(value: u64) -> usize {
    let doubling = value.max(EXACT / 2).ilog2() - FINE;
    // The leading bit and the six behind it, counted on from the doubling before.
    #[expect(clippy::cast_possible_truncation, reason = "below 128, after the shift")]
    let within = (value >> doubling) as usize;
    doubling as usize * A_DOUBLING + within
}

/// The greatest value that falls into a bucket.
fn last_of(bucket: usize) -> u64 {
    let doubling = (bucket / A_DOUBLING).saturating_sub(1);
    let within = (bucket - doubling * A_DOUBLING) as u64;
    let next = u128::from(within + 1) << doubling;
    u64::try_from(next - 1).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, proptest};

    proptest! {
        #[test]
        fn a_bucket_ends_at_most_a_64th_above_what_is_in_it(value: u64) {
            let at = bucket(value);
            assert!(at < BUCKETS);
            let last = last_of(at);
            assert!(last >= value && last - value <= value / 64, "{value} in {at} to {last}");
            assert!(at == 0 || last_of(at - 1) < value);
        }

        #[test]
        fn quantiles_are_those_of_the_sorted_values(
            mut values in proptest::collection::vec(any::<u32>(), 1..200),
            share in 0..=1000_u64,
        ) {
            let mut histogram = Histogram::default();
            values.iter().for_each(|value| histogram.add(u64::from(*value)));
            values.sort_unstable();
            let place = (values.len() as u64 * share).div_ceil(1000).max(1) as usize;
            let exact = u64::from(values[place - 1]);
            let told = histogram.per_mille(share).unwrap().as_nanos() as u64;
            assert!(told >= exact && told - exact <= exact / 64, "{exact} told as {told}");
            assert_eq!(histogram.max().unwrap().as_nanos() as u64, u64::from(values[values.len() - 1]));
        }
    }

    #[test]
    fn nothing_has_no_quantile() {
        assert_eq!(Histogram::default().per_mille(500), None);
        assert_eq!(Histogram::default().max(), None);
    }
}
