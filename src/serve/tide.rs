//! How far a room's log reaches, and who waits for it to go on. The hub says so at a turn's end, in the
//! same few steps whether ten or ten thousand wait: tasks of its own, the ringers, have them go on.
//! Those who wait are writers, and most of them write then, on the spot: it is here that a message is
//! handed out.
//!
//! They go on some at a time. Whoever has read as far as the one before is given the same, see
//! [`Handout`]. The rest go on in two steps: all of these take what is new, then all of them send it.
//! To send is mostly the kernel's work, which leaves the processor's caches with nothing of ours; so
//! what is ours is little, or is done several times between two such (as VPP handles packets in
//! vectors: Barach et al., "High-Speed Software Data Plane via Vectorized Packet Processing", 2018).

use super::handout::Handout;
use super::metrics::Counters;
use crate::wire::entry::SessionId;
use smallvec::SmallVec;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::task::yield_now;

/// How many a ringer takes on at once, and leaves to others: some tenths of a millisecond of writes.
const AT_ONCE: usize = 32;
/// How often it does so before all else gets a turn: what is said meanwhile goes out together.
const IN_A_ROW: usize = 3;

/// Somebody at a room, who may wait for it to go on.
pub(super) trait Waiter: Send + Sync {
    /// Is rung for. Gives whether it waits for that; then it does not any more, until it says so.
    fn ring(&self) -> bool;
    /// Is given what is handed out where it stands, and waits for what comes after it. Gives whether
    /// that is all there was to do for it; by itself it is given nothing.
    fn hand(&self, _handout: &mut Handout<'_>) -> bool {
        false
    }
    /// Takes what is new, and waits for what comes after it.
    fn take(&self);
    /// Sends what it took.
    fn send(&self);
}

impl fmt::Debug for dyn Waiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waiter")
    }
}

/// One room's.
#[derive(Debug, Default)]
pub(super) struct Tide {
    /// Weight of all that was ever appended, as in [`Tail::bytes`](crate::log::Tail::bytes).
    bytes: AtomicU64,
    /// It has moved since a ringer began to go round.
    is_rung: AtomicBool,
    /// It is among the ringer's rooms, under whose lock this changes.
    is_queued: AtomicBool,
    round: Mutex<Round>,
}

/// Who is there, and whose turn it is. The ringers go round, and when the room moves meanwhile they go
/// on until they are where they were then: nobody is rung for twice for the same news.
#[derive(Debug, Default)]
struct Round {
    waiters: BTreeMap<SessionId, Arc<dyn Waiter>>,
    /// These are next …
    next: Range<SessionId>,
    /// … and then those from the first on, up to this one.
    then: SessionId,
}

impl Tide {
    pub(super) fn new(bytes: u64) -> Self {
        Self { bytes: AtomicU64::new(bytes), ..Self::default() }
    }

    /// The log reaches so far.
    pub(super) fn rise(&self, bytes: u64) {
        self.bytes.store(bytes, Ordering::Release);
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Acquire)
    }

    /// Is rung for from now on. At a room that is forgotten nobody rings any more.
    pub(super) fn enter(&self, session: SessionId, waiter: Arc<dyn Waiter>) {
        self.round().waiters.insert(session, waiter);
    }

    pub(super) fn leave(&self, session: SessionId) {
        // What it was goes outside of the lock.
        let _gone = self.round().waiters.remove(&session);
    }

    /// Takes those who are to be rung for next, until there are so many. Gives whether there are more.
    fn take(&self, some: &mut SmallVec<[Arc<dyn Waiter>; AT_ONCE]>) -> bool {
        let mut round = self.round();
        let Round { waiters, next, then } = &mut *round;
        if self.is_rung.swap(false, Ordering::AcqRel) {
            (next.end, *then) = (SessionId(u64::MAX), next.start);
        }
        loop {
            for (session, waiter) in waiters.range(next.clone()) {
                if some.len() == AT_ONCE {
                    return true;
                }
                some.push(waiter.clone());
                next.start = SessionId(session.0 + 1);
            }
            if *then == SessionId::default() {
                return false;
            }
            *next = SessionId::default()..std::mem::take(then);
        }
    }

    fn round(&self) -> MutexGuard<'_, Round> {
        // Whoever is rung for once more or less is all that can go wrong under it.
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Rings for whoever waits at the rooms that moved. Any number of tasks may run it side by side.
#[derive(Debug, Default)]
pub(super) struct Ringer {
    /// These moved.
    rooms: Mutex<VecDeque<Arc<Tide>>>,
    rung: Notify,
    counters: Arc<Counters>,
}

impl Ringer {
    pub(super) fn new(counters: Arc<Counters>) -> Self {
        Self { counters, ..Self::default() }
    }

    /// These rooms have moved. Called by the hub.
    pub(super) fn ring(&self, tides: impl Iterator<Item = Arc<Tide>>) {
        let tides = tides.filter(|tide| !tide.is_rung.swap(true, Ordering::AcqRel));
        let mut rooms = self.rooms();
        rooms.extend(tides.filter(|tide| !tide.is_queued.swap(true, Ordering::Relaxed)));
        drop(rooms);
        self.rung.notify_one();
    }

    /// Never ends.
    pub(super) async fn run(&self) {
        let mut round = 0;
        loop {
            self.rung.notified().await;
            while self.ring_some() {
                round = self.after(round).await;
            }
            // A ring may have come already.
            round = self.after(round).await;
        }
    }

    /// Lets others go on every few rounds.
    async fn after(&self, round: usize) -> usize {
        if round + 1 < IN_A_ROW {
            return round + 1;
        }
        yield_now().await;
        0
    }

    /// Rings for some of those who wait. Gives whether there are more; another ringer is told of
    /// those.
    pub(super) fn ring_some(&self) -> bool {
        let mut some = SmallVec::<[_; AT_ONCE]>::new();
        let more = self.take(&mut some);
        if more {
            self.rung.notify_one();
        }
        // All of them are looked at before any of them works: what they need of memory comes for
        // several at once (group prefetching: Chen et al., "Improving Hash Join Performance through
        // Prefetching", 2004).
        some.retain(|waiter| waiter.ring());
        let mut handout = Handout::new(&self.counters);
        some.retain(|waiter| !waiter.hand(&mut handout));
        drop(handout);
        some.iter().for_each(|waiter| waiter.take());
        some.iter().for_each(|waiter| waiter.send());
        more
    }

    /// Takes some of a room's, then some of the next one's, so that a small room does not wait for all
    /// of a large one. Gives whether there are more.
    fn take(&self, some: &mut SmallVec<[Arc<dyn Waiter>; AT_ONCE]>) -> bool {
        let mut rooms = self.rooms();
        while some.len() < AT_ONCE
            && let Some(room) = rooms.pop_front()
        {
            if room.take(some) {
                rooms.push_back(room);
            } else {
                room.is_queued.store(false, Ordering::Relaxed);
            }
        }
        !rooms.is_empty()
    }

    fn rooms(&self) -> MutexGuard<'_, VecDeque<Arc<Tide>>> {
        // As with the tide's own.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ops::RangeInclusive;
    use std::sync::atomic::AtomicUsize;

    /// Counts how often it was rung for.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Waiter for Count {
        fn ring(&self) -> bool {
            true
        }

        fn take(&self) {}

        fn send(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn enter(tide: &Tide, sessions: RangeInclusive<u64>) -> Vec<Arc<Count>> {
        let enter = |session| {
            let count = Arc::<Count>::default();
            tide.enter(SessionId(session), count.clone());
            count
        };
        sessions.map(enter).collect()
    }

    fn ring<'a>(ringer: &Ringer, tides: impl IntoIterator<Item = &'a Arc<Tide>>) {
        ringer.ring(tides.into_iter().cloned());
    }

    fn ring_all(ringer: &Ringer) {
        while ringer.ring_some() {}
    }

    fn rung(counts: &[Arc<Count>]) -> Vec<usize> {
        counts.iter().map(|count| count.0.swap(0, Ordering::Relaxed)).collect()
    }

    #[test]
    fn everybody_is_rung_for_once_each_time() {
        let (tide, ringer) = (Arc::<Tide>::default(), Ringer::default());
        let first = enter(&tide, 1..=100);
        for _ in 0..3 {
            ring(&ringer, [&tide]);
            // Nobody has looked yet.
            ring(&ringer, [&tide]);
            ring_all(&ringer);
            assert_eq!(rung(&first), [1; 100]);
        }
        ring_all(&ringer);
        assert_eq!(rung(&first), [0; 100], "it has not moved");
        let later = enter(&tide, 101..=200);
        ring(&ringer, [&tide]);
        ring_all(&ringer);
        assert_eq!((rung(&first), rung(&later)), (vec![1; 100], vec![1; 100]));
    }

    /// Whoever had not had a turn yet would be given the one and then the other, one by one.
    #[test]
    fn a_room_that_moves_on_in_the_middle_of_a_round_is_gone_round_once() {
        let (tide, ringer) = (Arc::<Tide>::default(), Ringer::default());
        let counts = enter(&tide, 1..=100);
        ring(&ringer, [&tide]);
        assert!(ringer.ring_some());
        ring(&ringer, [&tide]);
        ring_all(&ringer);
        let rung = rung(&counts);
        let (before, behind) = rung.split_at(AT_ONCE);
        assert!(before.iter().all(|&times| times == 2), "{before:?}");
        assert!(behind.iter().all(|&times| times == 1), "{behind:?}");
    }

    #[test]
    fn who_comes_or_goes_in_the_middle_of_a_round_takes_nobodys_turn() {
        let (tide, ringer) = (Arc::<Tide>::default(), Ringer::default());
        let mut counts = enter(&tide, 1..=100);
        ring(&ringer, [&tide]);
        assert!(ringer.ring_some());
        // All of them, from there.
        ring(&ringer, [&tide]);
        counts.extend(enter(&tide, 101..=150));
        assert!(ringer.ring_some());
        (1..=20).chain(90..=110).for_each(|session| tide.leave(SessionId(session)));
        ring_all(&ringer);
        let rung: Vec<_> = (1..).zip(rung(&counts)).collect();
        let times = |session| match session {
            21..=32 => 2,
            90..=110 => 0,
            _ => 1,
        };
        assert!(rung.iter().all(|&(session, rung)| rung == times(session)), "{rung:?}");
    }

    #[test]
    fn nothing_is_kept_of_who_left() {
        let (tide, ringer) = (Arc::<Tide>::default(), Ringer::default());
        let counts = enter(&tide, 1..=100);
        (1..=100).for_each(|session| tide.leave(SessionId(session)));
        assert!(counts.iter().all(|count| Arc::strong_count(count) == 1));
        ring(&ringer, [&tide]);
        ring_all(&ringer);
        assert_eq!(rung(&counts), [0; 100]);
    }

    #[test]
    fn a_small_room_does_not_wait_for_all_of_a_large_one() {
        let (large, small, ringer) =
            (Arc::<Tide>::default(), Arc::<Tide>::default(), Ringer::default());
        let (many, few) = (enter(&large, 1..=1000), enter(&small, 1..=2));
        ring(&ringer, [&large, &small]);
        assert!(ringer.ring_some() && ringer.ring_some());
        assert_eq!(rung(&few), [1; 2]);
        ring_all(&ringer);
        assert_eq!(rung(&many), [1; 1000]);
    }

    #[tokio::test]
    async fn the_ringers_ring_for_everybody_at_the_rooms_that_moved() {
        let ringer = Ringer::default();
        let (tides, counts): (Vec<_>, Vec<_>) = (0..3)
            .map(|_| {
                let tide = Arc::<Tide>::default();
                let counts = enter(&tide, 1..=1000);
                (tide, counts)
            })
            .unzip();
        ring(&ringer, tides.iter().take(2));
        let moved = || counts.iter().take(2).flatten();
        let all = async {
            while moved().any(|count| count.0.load(Ordering::Relaxed) == 0) {
                yield_now().await;
            }
        };
        tokio::select! {
            () = ringer.run() => {}
            () = ringer.run() => {}
            () = all => {}
        }
        let rung: Vec<_> = counts.iter().map(|counts| rung(counts)).collect();
        assert_eq!(rung, [vec![1; 1000], vec![1; 1000], vec![0; 1000]]);
    }
}
