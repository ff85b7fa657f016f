//! Flood control: how long what one member says must wait. It delays and never drops, and knows
//! neither the member nor what is said. Time comes in from a steady clock, as data.

use super::bucket::Bucket;
use std::time::Duration;

/// How fast one member may speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Messages at once …
    pub burst: usize,
    /// … and then so many a second, …
    pub messages: usize,
    /// … in at most so many bytes a second. What may be said at once has as many bytes as the
    /// burst's time would give.
    pub bytes: usize,
}

/// One thing a member sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    quarters: u32,
    bytes: usize,
}

impl Sent {
    /// What others get to see: a message, a whisper, a coming or going, a new name.
    pub fn message(bytes: usize) -> Self {
        Self { quarters: 4, bytes }
    }

    /// What only the sender sees the answer of counts a quarter: a client that comes back asks for
    /// several things at once, and a person who scrolls up asks with every page.
    pub fn question() -> Self {
        Self { quarters: 1, bytes: 0 }
    }
}

/// What one member has said, as far as it still counts.
#[derive(Debug, Clone, Default)]
pub struct Flood {
    messages: Bucket,
    bytes: Bucket,
}

impl Flood {
    /// How many of these, from the first on, may pass at this moment, and how long the next one
    /// waits; nothing, if all may. They count as passed. Whoever has waited asks again: the pace
    /// may have changed meanwhile.
    pub fn pass(
        &mut self,
        pace: Pace,
        at: Duration,
        sent: impl IntoIterator<Item = Sent>,
    ) -> (usize, Duration) {
        let depth = a_part(pace.burst as u64, pace.messages);
        let mut passed = 0;
        for Sent { quarters, bytes } in sent {
            let of_messages = a_part(quarters.into(), pace.messages.saturating_mul(4));
            let of_bytes = a_part(bytes as u64, pace.bytes);
            let wait = self.messages.wait(at, of_messages, depth);
            let wait = wait.max(self.bytes.wait(at, of_bytes, depth));
            if !wait.is_zero() {
                return (passed, wait);
            }
            self.messages.take(at, of_messages);
            self.bytes.take(at, of_bytes);
            passed += 1;
        }
        (passed, Duration::ZERO)
    }
}

/// The time that so many take at so many a second, not a nanosecond too short.
fn a_part(count: u64, a_second: usize) -> Duration {
    let nanos = count.saturating_mul(1_000_000_000).div_ceil((a_second as u64).max(1));
    Duration::from_nanos(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const USUAL: Pace = Pace { burst: 10, messages: 4, bytes: 16 * 1024 };

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// When each of these, sent at once, has passed.
    fn sends(pace: Pace, sent: &[Sent]) -> Vec<Duration> {
        let (mut flood, mut at, mut passed) = (Flood::default(), millis(77), Vec::new());
        while passed.len() < sent.len() {
            let rest = sent[passed.len()..].iter().copied();
            let (more, wait) = flood.pass(pace, at, rest);
            passed.extend(std::iter::repeat_n(at.saturating_sub(millis(77)), more));
            at += wait;
        }
        passed
    }

    #[test]
    fn ten_pass_at_once_and_then_four_a_second() {
        let passed = sends(USUAL, &[Sent::message(10); 14]);
        assert_eq!(passed[..10], [Duration::ZERO; 10]);
        assert_eq!(passed[10..], [250, 500, 750, 1000].map(millis));
    }

    #[test]
    fn forty_questions_pass_at_once() {
        let passed = sends(USUAL, &[Sent::question(); 42]);
        assert_eq!(passed[39..], [0.0, 0.0625, 0.125].map(Duration::from_secs_f64));
    }

    #[test]
    fn ten_of_the_longest_lines_pass_at_once_and_then_their_bytes_count() {
        let passed = sends(Pace { messages: 8, burst: 20, ..USUAL }, &[Sent::message(4096); 12]);
        assert_eq!(passed[..10], [Duration::ZERO; 10]);
        assert_eq!(passed[10..], [250, 500].map(millis));
    }

    fn any_sent() -> impl Strategy<Value = Sent> {
        prop_oneof![
            3 => (1_usize..=4096).prop_map(Sent::message),
            1 => Just(Sent::question()),
        ]
    }

    proptest! {
        // Each looks into every window of what it sent.
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// In no window does more pass than the burst and what its time gives; or one message, if
        /// that is more than the burst.
        #[test]
        fn no_window_has_more_than_the_burst_and_its_time(
            (burst, messages, bytes) in (1_usize..20, 1_usize..50, 1024_usize..100_000),
            sent in prop::collection::vec((any_sent(), 0_u64..700), 1..60),
        ) {
            let pace = Pace { burst, messages, bytes };
            let (mut flood, mut at) = (Flood::default(), Duration::ZERO);
            let mut passed: Vec<(Duration, Sent)> = Vec::new();
            for (sent, pause) in sent {
                at += millis(pause);
                // Whoever waits as long as it is told passes then, and not a moment before.
                let (none, wait) = flood.clone().pass(pace, at, [sent]);
                if none == 0 {
                    let early = wait.saturating_sub(Duration::from_nanos(1));
                    prop_assert_eq!(flood.clone().pass(pace, at + early, [sent]).0, 0);
                }
                at += wait;
                prop_assert_eq!(flood.pass(pace, at, [sent]), (1, Duration::ZERO));
                passed.push((at, sent));
            }
            let depth = a_part(burst as u64, messages).as_nanos();
            let deepest = depth.max(a_part(4096, bytes).as_nanos());
            for first in 0..passed.len() {
                let (mut quarters, mut total) = (0, 0);
                for (now, sent) in &passed[first..] {
                    quarters += u128::from(sent.quarters);
                    total += sent.bytes as u128;
                    let time = now.saturating_sub(passed[first].0).as_nanos();
                    let most = (time + depth) * messages as u128 * 4;
                    prop_assert!(quarters * 1_000_000_000 <= most, "{quarters} quarters");
                    let most = (time + deepest) * bytes as u128;
                    prop_assert!(total * 1_000_000_000 <= most, "{total} bytes");
                }
            }
        }

        /// Cut into runs as it says, everything passes, in its order and once.
        #[test]
        fn nothing_is_lost_and_the_order_is_kept(
            sent in prop::collection::vec(any_sent(), 0..200),
        ) {
            let passed = sends(USUAL, &sent);
            prop_assert_eq!(passed.len(), sent.len());
            prop_assert!(passed.is_sorted());
            let one_by_one: Vec<_> = {
                let (mut flood, mut at) = (Flood::default(), millis(77));
                sent.iter().map(|&sent| {
                    let (_, wait) = flood.clone().pass(USUAL, at, [sent]);
                    at += wait;
                    assert_eq!(flood.pass(USUAL, at, [sent]).0, 1);
                    at.saturating_sub(millis(77))
                }).collect()
            };
            prop_assert_eq!(passed, one_by_one);
        }
    }
}
