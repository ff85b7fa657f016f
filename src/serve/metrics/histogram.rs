//! A histogram with bounds that are known when the program is built, observed without a lock. What
//! it has seen is read as [`Observed`], which adds up and answers for quantiles.

use super::Counter;

/// Counts of what was seen, by upper bound, and their sum. An observation is two additions.
#[derive(Debug)]
pub(super) struct Histogram<const N: usize> {
    bounds: &'static [u64; N],
    counts: [Counter; N],
    above: Counter,
    sum: Counter,
}

impl<const N: usize> Histogram<N> {
    /// `bounds` ascend, and each belongs to what is below it.
    pub(super) fn new(bounds: &'static [u64; N]) -> Self {
        let counts = std::array::from_fn(|_| Counter::default());
        Self { bounds, counts, above: Counter::default(), sum: Counter::default() }
    }

    pub(super) fn observe(&self, value: u64) {
        self.observe_times(value, 1);
    }

    /// The same so many times.
    pub(super) fn observe_times(&self, value: u64, times: u64) {
        let at = self.bounds.partition_point(|&bound| bound < value);
        self.counts.get(at).unwrap_or(&self.above).add(times);
        self.sum.add(value.wrapping_mul(times));
    }

    /// What it has seen. An observation made meanwhile may be in the counts and not yet in the sum.
    pub(super) fn observed(&self) -> Observed {
        let counts = self.counts.iter().chain([&self.above]).map(Counter::get).collect();
        Observed { bounds: self.bounds, counts, sum: self.sum.get() }
    }
}

/// What a histogram has seen, in its own unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observed {
    bounds: &'static [u64],
    /// One for each bound, and one for what is above them all; none at all before anything counts.
    counts: Vec<u64>,
    sum: u64,
}

impl Observed {
    /// Nothing yet.
    pub(super) fn none(bounds: &'static [u64]) -> Self {
        Self { bounds, counts: vec![0; bounds.len() + 1], sum: 0 }
    }

    /// Adds what another one with the same bounds has seen.
    pub(super) fn merge(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        // A sum of nanoseconds wraps after five centuries of waiting.
        self.sum = self.sum.wrapping_add(other.sum);
    }

    pub(in crate::serve) fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    pub(in crate::serve) fn sum(&self) -> u64 {
        self.sum
    }

    /// Each upper bound with what was seen up to it and above the bound before; `None` has none.
    pub(super) fn buckets(&self) -> impl Iterator<Item = (Option<u64>, u64)> {
        let bounds = self.bounds.iter().map(|&bound| Some(bound)).chain([None]);
        bounds.zip(self.counts.iter().copied())
    }

    /// The arithmetic mean; 0 of nothing.
    pub(in crate::serve) fn mean(&self) -> u64 {
        self.sum.checked_div(self.count()).unwrap_or_default()
    }

    /// The value that this part in a thousand is not above, as exact as the bounds are: within a
    /// bucket it is taken to be spread evenly, as Prometheus does. Above all bounds it is the last
    /// of them; 0 of nothing.
    pub(in crate::serve) fn quantile(&self, per_mille: u64) -> u64 {
        let wanted = u128::from(self.count()) * u128::from(per_mille);
        let (mut below, mut floor) = (0, 0);
        for (bound, count) in self.buckets() {
            let reached = below + u128::from(count) * 1000;
            let Some(bound) = bound else { break };
            if count > 0 && reached >= wanted {
                let width = u128::from(bound - floor) * (wanted - below);
                let into = width / (u128::from(count) * 1000);
                return floor + u64::try_from(into).unwrap_or_default();
            }
            (below, floor) = (reached, bound);
        }
        if self.count() == 0 { 0 } else { floor }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: [u64; 3] = [10, 20, 100];

    fn seen(values: &[u64]) -> Observed {
        let histogram = Histogram::new(&BOUNDS);
        for &value in values {
            histogram.observe(value);
        }
        histogram.observed()
    }

    #[test]
    fn a_value_is_counted_under_the_first_bound_that_is_not_below_it() {
        let observed = seen(&[0, 10, 11, 20, 100, 101, u64::MAX - 242]);
        let buckets: Vec<_> = observed.buckets().collect();
        assert_eq!(buckets, [(Some(10), 2), (Some(20), 2), (Some(100), 1), (None, 2)]);
        assert_eq!((observed.count(), observed.sum()), (7, u64::MAX));
    }

    #[test]
    fn what_several_have_seen_adds_up() {
        let mut all = Observed::none(&BOUNDS);
        all.merge(&seen(&[5, 50]));
        all.merge(&seen(&[15, 50, 500]));
        assert_eq!(all, seen(&[5, 15, 50, 50, 500]));
        assert_eq!(all.mean(), 620 / 5);
        assert_eq!(Observed::default().mean(), 0);
    }

    #[test]
    fn quantiles_are_spread_evenly_within_a_bucket() {
        let observed = seen(&[1, 2, 3, 4, 11, 12, 13, 14, 15, 16]);
        assert_eq!(observed.quantile(0), 0);
        assert_eq!(observed.quantile(200), 5, "half of the first bucket");
        assert_eq!(observed.quantile(400), 10);
        assert_eq!(observed.quantile(700), 15, "half of the second");
        assert_eq!(observed.quantile(1000), 20);
        assert_eq!(seen(&[1000]).quantile(500), 100, "as far as the bounds go");
        assert_eq!(seen(&[50]).quantile(990), 20 + 80 * 99 / 100);
        assert_eq!(Observed::none(&BOUNDS).quantile(500), 0);
        assert_eq!(Observed::default().quantile(500), 0);
    }
}
