//! How long to wait before the next attempt: exponential with full jitter. Knows no clock and
//! takes its randomness as data.
//!
//! Source: Brooker, "Exponential Backoff And Jitter", AWS 2015. Full jitter spreads a thousand
//! clients of a restarted server most evenly, and does the least work in all.

use std::time::Duration;

/// The first attempt comes within this time: a person hardly notices, and a server that only
/// restarts is back.
const BASE: Duration = Duration::from_millis(250);

/// No wait is longer: half of a minute after a server is back everybody is.
const CAP: Duration = Duration::from_secs(30);

/// A connection that lasted so long was a good one: the next wait is short again. A server that
/// admits and drops at once is met with ever longer waits.
const GOOD: Duration = Duration::from_secs(10);

/// Counts failed attempts.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The wait before the next attempt. `random` is uniform in 0 to 1; `lived` is how long the
    /// last connection lasted after its welcome.
    pub(super) fn next(&mut self, lived: Duration, random: f64) -> Duration {
        if lived >= GOOD {
            self.failures = 0;
        }
        let ceiling = BASE.saturating_mul(2_u32.saturating_pow(self.failures)).min(CAP);
        self.failures = self.failures.saturating_add(1);
        ceiling.mul_f64(random.clamp(0.0, 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ceilings(backoff: &mut Backoff, n: usize) -> Vec<u128> {
        (0..n).map(|_| backoff.next(Duration::ZERO, 1.0).as_millis()).collect()
    }

    #[test]
    fn doubles_to_the_cap_and_begins_again_after_a_good_connection() {
        let mut backoff = Backoff::default();
        let expected = [250, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];
        assert_eq!(ceilings(&mut backoff, 9), expected);
        assert_eq!(backoff.next(Duration::from_secs(9), 1.0), CAP, "a short life changes nothing");
        assert_eq!(backoff.next(GOOD, 1.0), BASE);
        backoff.failures = u32::MAX;
        assert_eq!(backoff.next(Duration::ZERO, 1.0), CAP, "and never overflows");
    }

    #[test]
    fn jitter_is_full() {
        let mut backoff = Backoff { failures: 3 };
        assert_eq!(backoff.next(Duration::ZERO, 0.0), Duration::ZERO);
        assert_eq!(backoff.next(Duration::ZERO, 0.5), Duration::from_secs(2));
    }
}
