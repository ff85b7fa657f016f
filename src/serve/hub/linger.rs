//! How long a turn waits for more before it begins. A turn costs one write for each member whatever
//! it brings, so what several members say at about the same time had better go out together: two
//! messages in one turn cost half of what they cost in two. But a message that nothing follows
//! should not wait.
//!
//! So a turn lingers only while that has paid lately: it stops as soon as it has as much as the last
//! one had, lingers at most for a part of what a fan-out to everybody will take, the less the more it
//! has already, and half as long after each time that nothing came. Now and then it tries again. It is
//! counted in looks at the sockets, of about a microsecond each, and so knows no clock. What comes
//! into silence goes out without a look.

use super::{Hub, INBOX, Request};
use std::time::Duration;
use tokio::task::yield_now;

/// Looks at the most, however many the members are: some half a millisecond.
const MOST: usize = 512;
/// Looks that are worth it: fewer are over before anything can come.
const LEAST: usize = 4;
/// Nothing said for so long is silence: a look, which has to wake and ask the system, would be a good
/// part of what the first listener waits.
pub(super) const SILENCE: Duration = Duration::from_millis(2);
/// Turns after which lingering is tried again where it did not pay.
const TRY_AGAIN: u32 = 64;

/// Learns from each turn.
#[derive(Debug, Default)]
pub(super) struct Linger {
    /// So many times the last ones brought nothing.
    vain: u32,
    /// Turns since it was last tried.
    idle: u32,
    /// Messages that the last turn had which lingered.
    last: usize,
}

impl Linger {
    /// How often a turn for so many members, which has so many messages, may look for more: once for
    /// each write that a message costs. A write is 5 us and more, so that is for a fifth of a fan-out
    /// at most; and what two messages cost together is half as much each, of which less can be saved.
    pub(super) fn looks(&mut self, members: usize, messages: usize) -> usize {
        let most = (members / messages.max(1)).min(MOST);
        if most < LEAST {
            return 0;
        }
        let looks = most >> self.vain.min(usize::BITS - 1);
        if looks >= LEAST {
            return looks;
        }
        self.idle += 1;
        if self.idle < TRY_AGAIN {
            return 0;
        }
        self.idle = 0;
        most
    }

    /// Whether a turn that lingers has as much as it can hope for.
    pub(super) fn is_enough(&self, messages: usize) -> bool {
        messages >= self.last.max(2)
    }

    /// A turn lingered, and had so many messages before and after.
    pub(super) fn lingered(&mut self, before: usize, after: usize) {
        self.last = after;
        self.vain = if after > before { 0 } else { self.vain.saturating_add(1) };
    }
}

impl Hub {
    /// Takes what else there is when much is going on. Readers go first, and some of the last turn's
    /// fan-out: what comes meanwhile is one turn, not many.
    pub(super) async fn gather(&mut self, requests: &mut Vec<Request>) {
        self.look(requests).await;
        let before = messages(requests);
        let looks = self.linger.looks(self.members.len(), before);
        let mut looked = 0;
        while looked < looks && !self.linger.is_enough(messages(requests)) {
            self.look(requests).await;
            looked += 1;
        }
        // A turn that had enough at once tells nothing of what waiting brings.
        if looked > 0 {
            self.linger.lingered(before, messages(requests));
        }
    }

    async fn look(&mut self, requests: &mut Vec<Request>) {
        yield_now().await;
        while requests.len() < INBOX
            && let Ok(request) = self.inbox.try_recv()
        {
            requests.push(request);
        }
    }
}

/// What they will be, or what is as much work as one.
fn messages(requests: &[Request]) -> usize {
    requests.iter().map(|request| request.questions().map_or(1, |(_, questions)| questions)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_a_part_of_the_fan_out_and_has_an_end() {
        assert_eq!(Linger::default().looks(3, 1), 0, "a few members are written to at once");
        assert_eq!(Linger::default().looks(100, 1), 100);
        assert_eq!(Linger::default().looks(100, 4), 25);
        assert_eq!(Linger::default().looks(1_000_000, 1), MOST);
    }

    #[test]
    fn what_nothing_follows_waits_only_now_and_then() {
        let mut linger = Linger::default();
        let mut looks = 0;
        let mut tries = Vec::new();
        for turn in 0..1000 {
            let allowed = linger.looks(24, 1);
            if allowed > 0 {
                tries.push(turn);
                looks += allowed;
                linger.lingered(1, 1);
            }
        }
        assert_eq!(tries.get(..4), Some([0, 1, 2, 66].as_slice()));
        assert!(looks < 500, "less than half a look a turn: {looks}");
    }

    #[test]
    fn it_waits_while_that_pays_for_as_much_as_came_the_last_time() {
        let mut linger = Linger::default();
        for _ in 0..100 {
            assert_eq!(linger.looks(100, 1), 100);
            linger.lingered(1, 4);
        }
        assert!(!linger.is_enough(3));
        assert!(linger.is_enough(4));
    }
}
