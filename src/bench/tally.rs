//! What the members heard, checked as it comes: each publisher's numbers at each member (lost,
//! doubled, out of order), and one running hash a member over everything, by which their orders
//! are compared. Knows no socket and no clock.

use std::collections::HashMap;
use std::ops::Range;

/// Gaps remembered at once, of all members. A server that loses more is bad enough: what comes
/// late into a gap that is not remembered counts as doubled.
const GAPS: usize = 1 << 16;

/// One member's view of everything that was said, as far as it has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct View {
    count: u64,
    hash: u64,
}

impl View {
    fn hears(&mut self, publisher: usize, number: u32) {
        self.count += 1;
        let key = (publisher as u64) << 32 | u64::from(number);
        // Multiplying spreads upwards, the rotation brings it down again: the order matters.
        self.hash = (self.hash ^ key).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(31);
    }
}

/// Everything heard. The first `publishers` members are those who speak; they do not hear
/// themselves.
#[derive(Debug)]
pub(super) struct Tally {
    publishers: usize,
    views: Vec<View>,
    /// The number expected next, by member and publisher.
    next: Vec<u32>,
    /// What the first listener would have heard as each publisher, without its own messages: that
    /// is what the publishers' own views are compared with.
    without: Vec<View>,
    gaps: HashMap<usize, Vec<Range<u32>>>,
    remembered: usize,
    /// Members who heard something twice: their order is not comparable.
    stutter: Vec<bool>,
    doubled: u64,
    out_of_order: u64,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Verdict {
    /// Deliveries to all members, and as many as there should have been.
    pub heard: u64,
    pub expected: u64,
    /// Deliveries that never came, of messages that came to others, to members who are still there.
    pub lost: u64,
    /// Messages nobody has heard: the server has not taken them, or not yet.
    pub unheard: u64,
    pub doubled: u64,
    pub out_of_order: u64,
    /// Members whose orders could be compared, and whether all were the same.
    pub compared: usize,
    pub is_one_order: bool,
}

impl Tally {
    pub(super) fn new(publishers: usize, listeners: usize) -> Self {
        let members = publishers + listeners;
        Self {
            publishers,
            views: vec![View::default(); members],
            next: vec![0; members * publishers],
            without: vec![View::default(); publishers],
            gaps: HashMap::new(),
            remembered: 0,
            stutter: vec![false; members],
            doubled: 0,
            out_of_order: 0,
        }
    }

    /// A member hears a publisher's message.
    pub(super) fn hears(&mut self, member: usize, publisher: usize, number: u32) {
        let place = member * self.publishers + publisher;
        let (Some(next), Some(view)) = (self.next.get_mut(place), self.views.get_mut(member))
        else {
            return;
        };
        view.hears(publisher, number);
        if *next == number {
            *next = number.saturating_add(1);
        } else {
            self.odd(place, member, number);
        }
        if member == self.publishers {
            for (other, view) in self.without.iter_mut().enumerate() {
                if other != publisher {
                    view.hears(publisher, number);
                }
            }
        }
    }

    /// A number that was not the next one.
    #[cold]
    fn odd(&mut self, place: usize, member: usize, number: u32) {
        let next = &mut self.next[place];
        let gaps = self.gaps.entry(place).or_default();
        if number > *next {
            if self.remembered < GAPS {
                gaps.push(*next..number);
                self.remembered += 1;
            }
            *next = number.saturating_add(1);
        } else if let Some(at) = gaps.iter().position(|gap| gap.contains(&number)) {
            self.out_of_order += 1;
            let gap = gaps.swap_remove(at);
            gaps.extend(
                [gap.start..number, number + 1..gap.end].into_iter().filter(|g| !g.is_empty()),
            );
        } else {
            self.doubled += 1;
            self.stutter[member] = true;
        }
    }

    /// Deliveries so far.
    pub(super) fn total(&self) -> u64 {
        self.views.iter().map(|view| view.count).sum()
    }

    /// What the listener who is furthest behind has heard, of those who are there.
    pub(super) fn slowest(&self, gone: &[bool]) -> Option<u64> {
        let listeners = self.views.iter().zip(gone).skip(self.publishers);
        listeners.filter(|(_, gone)| !**gone).map(|(view, _)| view.count).min()
    }

    /// Judges what was heard of `sent` messages a publisher. Who is gone is not asked for more, and
    /// unless all `is_still`, what others have heard may be on its way to a member.
    pub(super) fn verdict(&self, sent: &[u32], gone: &[bool], is_still: bool) -> Verdict {
        let members = self.views.len();
        let place = |member: usize, publisher: usize| member * self.publishers + publisher;
        let (mut lost, mut unheard, mut expected) = (0, 0, 0);
        for (publisher, sent) in sent.iter().enumerate() {
            let hearers = (0..members).filter(|member| *member != publisher);
            let said = hearers.clone().map(|member| self.next[place(member, publisher)]).max();
            let said = said.unwrap_or(0);
            unheard += u64::from(sent.saturating_sub(said));
            expected += u64::from(*sent) * (members as u64 - 1);
            for member in hearers.filter(|member| !gone[*member]) {
                if is_still {
                    lost += u64::from(said - self.next[place(member, publisher)]);
                }
                lost += self.in_gaps(place(member, publisher));
            }
        }
        let heard = self.total();
        let (compared, is_one_order) = self.compare(gone);
        let (doubled, out_of_order) = (self.doubled, self.out_of_order);
        Verdict { heard, expected, lost, unheard, doubled, out_of_order, compared, is_one_order }
    }

    fn in_gaps(&self, place: usize) -> u64 {
        let gaps = self.gaps.get(&place).into_iter().flatten();
        gaps.map(|gap| u64::from(gap.end - gap.start)).sum()
    }

    /// Compares those who heard equally much, each once, without a gap; and the publishers with
    /// what the first listener heard.
    fn compare(&self, gone: &[bool]) -> (usize, bool) {
        let is_whole = |member: usize| {
            let places = member * self.publishers..(member + 1) * self.publishers;
            let has_gaps = self.remembered > 0 && places.into_iter().any(|at| self.in_gaps(at) > 0);
            !gone[member] && !self.stutter[member] && !has_gaps
        };
        let mut groups: HashMap<u64, Vec<u64>> = HashMap::new();
        for member in (self.publishers..self.views.len()).filter(|member| is_whole(*member)) {
            let View { count, hash } = self.views[member];
            groups.entry(count).or_default().push(hash);
        }
        groups.retain(|count, hashes| *count > 0 && hashes.len() > 1);
        let mut compared = groups.values().map(Vec::len).sum();
        let mut is_one = groups.values().flat_map(|all| all.windows(2)).all(|two| two[0] == two[1]);
        if is_whole(self.publishers) && self.views[self.publishers].count > 0 {
            for publisher in (0..self.publishers).filter(|member| is_whole(*member)) {
                let (own, other) = (self.views[publisher], self.without[publisher]);
                if own.count == other.count {
                    compared += 1;
                    is_one &= own == other;
                }
            }
        }
        (compared, is_one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLISHERS: usize = 2;
    const LISTENERS: usize = 3;
    const MEMBERS: usize = PUBLISHERS + LISTENERS;

    /// Two publishers in turn, five messages each.
    fn order() -> Vec<(usize, u32)> {
        (0..5).flat_map(|number| [(0, number), (1, number)]).collect()
    }

    /// Everybody hears the order, one of them as `change` made it.
    fn heard(member: usize, change: impl Fn(&mut Vec<(usize, u32)>)) -> Verdict {
        let mut tally = Tally::new(PUBLISHERS, LISTENERS);
        for at in 0..MEMBERS {
            let mut order = order();
            order.retain(|(publisher, _)| *publisher != at);
            if at == member {
                change(&mut order);
            }
            for (publisher, number) in order {
                tally.hears(at, publisher, number);
            }
        }
        tally.verdict(&[5, 5], &[false; MEMBERS], true)
    }

    const WELL: Verdict = Verdict {
        heard: 40,
        expected: 40,
        lost: 0,
        unheard: 0,
        doubled: 0,
        out_of_order: 0,
        compared: MEMBERS,
        is_one_order: true,
    };

    #[test]
    fn all_is_well_when_all_hear_all_in_one_order() {
        assert_eq!(heard(0, |_| ()), WELL);
    }

    #[test]
    fn a_swap_of_two_publishers_is_another_order() {
        for member in PUBLISHERS..MEMBERS {
            let verdict = heard(member, |order| order.swap(4, 5));
            assert_eq!(verdict, Verdict { is_one_order: false, ..WELL }, "member {member}");
        }
    }

    #[test]
    fn a_swap_of_one_publisher_is_out_of_order_too() {
        let verdict = heard(3, |order| order.swap(4, 6));
        assert_eq!(verdict, Verdict { is_one_order: false, out_of_order: 1, ..WELL });
        // A publisher's view is compared as well, with what a listener heard without it.
        let verdict = heard(1, |order| order.swap(0, 1));
        assert_eq!(verdict, Verdict { is_one_order: false, out_of_order: 1, ..WELL });
    }

    #[test]
    fn a_loss_is_found_in_the_middle_and_at_the_end_and_is_no_other_order() {
        for at in [0, 2, 4] {
            let verdict = heard(4, |order| order.retain(|said| *said != (0, at)));
            assert_eq!(verdict, Verdict { heard: 39, lost: 1, compared: MEMBERS - 1, ..WELL });
        }
        // Without the first listener there is nothing to compare the publishers with.
        let verdict = heard(PUBLISHERS, |order| order.retain(|said| *said != (1, 1)));
        assert_eq!((verdict.lost, verdict.compared, verdict.is_one_order), (1, 2, true));
    }

    #[test]
    fn a_double_is_found() {
        let verdict = heard(4, |order| order.insert(6, order[2]));
        assert_eq!(verdict, Verdict { heard: 41, doubled: 1, compared: MEMBERS - 1, ..WELL });
    }

    #[test]
    fn who_speaks_alone_hears_nothing_and_that_is_right() {
        let mut tally = Tally::new(1, 2);
        assert_eq!(tally.verdict(&[0], &[false; 3], true).compared, 0);
        tally.hears(1, 0, 0);
        tally.hears(2, 0, 0);
        let verdict = tally.verdict(&[1], &[false; 3], true);
        assert_eq!((verdict.heard, verdict.expected, verdict.compared), (2, 2, 3));
    }

    #[test]
    fn what_nobody_has_heard_is_not_lost() {
        let mut tally = Tally::new(1, 2);
        tally.hears(1, 0, 0);
        let verdict = tally.verdict(&[3], &[false; 3], true);
        assert_eq!((verdict.unheard, verdict.lost), (2, 1));
        // It may be on its way, while something comes.
        assert_eq!(tally.verdict(&[3], &[false; 3], false).lost, 0);
        // Who is gone is not asked for what it has missed.
        assert_eq!(tally.verdict(&[3], &[false, false, true], true).lost, 0);
        assert_eq!(tally.slowest(&[false; 3]), Some(0));
        assert_eq!(tally.slowest(&[false, false, true]), Some(1));
    }
}
