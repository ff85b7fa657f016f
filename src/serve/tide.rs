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
use smallvec::SmallVec;
use std::collections::VecDeque;
use std::fmt;
use std::mem::{replace, take};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use tokio::task::yield_now;

/// How many a ringer takes on at once, and leaves to others: some tenths of a millisecond of writes.
const AT_ONCE: usize = 32;
/// How often it does so before all else gets a turn: what is said meanwhile goes out together.
const IN_A_ROW: usize = 3;

/// Somebody who waits at a room.
pub(super) trait Waiter: Send + Sync {
    /// Whether it waits for anything still.
    fn is_here(&self) -> bool;
    /// Is given what is handed out where it stands, and waits as `me` for what comes after it.
    /// Gives whether that is all there was to do for it; by itself it is given nothing.
    fn hand(&self, _me: &Arc<dyn Waiter>, _handout: &mut Handout<'_>) -> bool {
        false
    }
    /// Takes what is new, and waits as `me` for what comes after it.
    fn take(&self, me: &Arc<dyn Waiter>);
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
    /// The ringers know that it has moved.
    is_rung: AtomicBool,
    asleep: Mutex<Asleep>,
}

#[derive(Debug, Default)]
struct Asleep {
    /// How often all have been woken.
    wakes: u64,
    waiters: List,
    /// The list before this one, empty: it has the room that this crowd needs.
    spare: List,
    /// Places of those who went away without being woken.
    free: Vec<usize>,
}

/// Those who wait; places of those who went away are empty.
type List = Vec<Option<Arc<dyn Waiter>>>;

/// Whether somebody waits already, and at which place: one registration is good for one wake.
#[derive(Debug, Default)]
pub(super) struct Registered(Option<(u64, usize)>);

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

    /// Has it go on when the log has. Whoever looks at the log after this misses nothing. A room that
    /// is forgotten wakes nobody any more.
    pub(super) fn listen(&self, registered: &mut Registered, waiter: &Arc<dyn Waiter>) {
        let mut asleep = self.asleep();
        if registered.0.is_some_and(|(wakes, _)| wakes == asleep.wakes) {
            return;
        }
        let waiter = Some(waiter.clone());
        let place = match asleep.free.pop() {
            Some(place) => place,
            None => asleep.waiters.len(),
        };
        match asleep.waiters.get_mut(place) {
            Some(free) => *free = waiter,
            None => asleep.waiters.push(waiter),
        }
        registered.0 = Some((asleep.wakes, place));
    }

    /// Is woken no more: nothing of a session that ended is kept until a silent room moves.
    pub(super) fn leave(&self, registered: &mut Registered) {
        let Some((wakes, place)) = registered.0.take() else { return };
        let mut asleep = self.asleep();
        if wakes == asleep.wakes
            && let Some(waiter) = asleep.waiters.get_mut(place)
        {
            *waiter = None;
            asleep.free.push(place);
        }
    }

    /// Takes those who wait.
    fn wake(&self) -> List {
        let mut asleep = self.asleep();
        asleep.wakes += 1;
        asleep.free.clear();
        let spare = take(&mut asleep.spare);
        replace(&mut asleep.waiters, spare)
    }

    /// Takes the list back for the next time, unless most of the crowd that it was made for has
    /// gone.
    fn keep(&self, mut list: List, woken: usize) {
        list.clear();
        if list.capacity() <= AT_ONCE.max(4 * woken) {
            self.asleep().spare = list;
        }
    }

    fn asleep(&self) -> MutexGuard<'_, Asleep> {
        // A waiter more or less is all that can go wrong under it.
        self.asleep.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes whoever waits at the rooms that moved. Any number of tasks may run it side by side.
#[derive(Debug, Default)]
pub(super) struct Ringer {
    moved: Mutex<Moved>,
    rung: Notify,
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Moved {
    rooms: VecDeque<Ringing>,
}

/// A room that has moved.
#[derive(Debug)]
struct Ringing {
    tide: Arc<Tide>,
    /// Those who wait there, as far as they have not been woken yet, once somebody looked.
    list: Option<List>,
    woken: usize,
}

impl Moved {
    /// Takes those who are to be woken next: some of a room's, then some of the next one's, so that
    /// a small room does not wait for all of a large one. Gives whether there are more.
    fn take(&mut self, some: &mut SmallVec<[Arc<dyn Waiter>; AT_ONCE]>) -> bool {
        while some.len() < AT_ONCE
            && let Some(mut room) = self.rooms.pop_front()
        {
            let list = room.list.get_or_insert_with(|| {
                // Who listens from now on is rung for again.
                room.tide.is_rung.store(false, Ordering::Release);
                room.tide.wake()
            });
            let before = some.len();
            let rest = list.len().saturating_sub(AT_ONCE - before);
            some.extend(list.drain(rest..).flatten());
            room.woken += some.len() - before;
            if list.is_empty() {
                room.tide.keep(take(list), room.woken);
            } else {
                self.rooms.push_back(room);
            }
        }
        !self.rooms.is_empty()
    }
}

impl Ringer {
    pub(super) fn new(counters: Arc<Counters>) -> Self {
        Self { counters, ..Self::default() }
    }

    /// These rooms have moved. Called by the hub.
    pub(super) fn ring(&self, tides: impl Iterator<Item = Arc<Tide>>) {
        let tides = tides.filter(|tide| !tide.is_rung.swap(true, Ordering::AcqRel));
        let rooms = tides.map(|tide| Ringing { tide, list: None, woken: 0 });
        self.moved().rooms.extend(rooms);
        self.rung.notify_one();
    }

    /// Never ends.
    pub(super) async fn run(&self) {
        let mut round = 0;
        loop {
            self.rung.notified().await;
            while self.wake_some() {
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

    /// Wakes some of those who are to be woken. Gives whether there are more; another ringer is
    /// told of those.
    pub(super) fn wake_some(&self) -> bool {
        let mut some = SmallVec::<[_; AT_ONCE]>::new();
        let more = self.moved().take(&mut some);
        if more {
            self.rung.notify_one();
        }
        // All of them are looked at before any of them works: what they need of memory comes for
        // several at once (group prefetching: Chen et al., "Improving Hash Join Performance through
        // Prefetching", 2004).
        some.retain(|waiter| waiter.is_here());
        let mut handout = Handout::new(&self.counters);
        some.retain(|waiter| !waiter.hand(waiter, &mut handout));
        drop(handout);
        some.iter().for_each(|waiter| waiter.take(waiter));
        some.iter().for_each(|waiter| waiter.send());
        more
    }

    fn moved(&self) -> MutexGuard<'_, Moved> {
        // As with the tide's own.
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Waiter for Count {
        fn is_here(&self) -> bool {
            true
        }

        fn take(&self, _me: &Arc<dyn Waiter>) {}

        fn send(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    impl Count {
        fn taken(&self) -> usize {
            self.0.swap(0, Ordering::Relaxed)
        }
    }

    fn ring(tide: &Tide) {
        let mut list = tide.wake();
        let woken = list.drain(..).flatten().map(|waiter| waiter.send()).count();
        tide.keep(list, woken);
    }

    #[test]
    fn a_registration_is_good_for_one_wake() {
        let (tide, count) = (Tide::default(), Arc::<Count>::default());
        let waiter: Arc<dyn Waiter> = count.clone();
        let mut registered = Registered::default();
        tide.listen(&mut registered, &waiter);
        tide.listen(&mut registered, &waiter);
        ring(&tide);
        ring(&tide);
        assert_eq!(count.taken(), 1);
        tide.listen(&mut registered, &waiter);
        ring(&tide);
        assert_eq!(count.taken(), 1);
    }

    /// Who came and went in a silent room would be kept for ever.
    #[test]
    fn who_leaves_is_not_woken_and_its_place_is_used_again() {
        let (tide, count) = (Tide::default(), Arc::<Count>::default());
        let waiter: Arc<dyn Waiter> = count.clone();
        let mut stays = Registered::default();
        tide.listen(&mut stays, &waiter);
        for _ in 0..1000 {
            let mut registered = Registered::default();
            tide.listen(&mut registered, &waiter);
            tide.leave(&mut registered);
        }
        assert_eq!(tide.asleep().waiters.len(), 2);
        ring(&tide);
        assert_eq!(count.taken(), 1);
        // A registration of before the wake has no place any more.
        tide.listen(&mut Registered::default(), &waiter);
        tide.leave(&mut stays);
        ring(&tide);
        assert_eq!(count.taken(), 1);
    }

    /// Lists that went from room to room would make each as large as the largest.
    #[test]
    fn a_room_keeps_the_lists_of_its_own_crowd_until_that_has_gone() {
        let (tide, count) = (Tide::default(), Arc::<Count>::default());
        let waiter: Arc<dyn Waiter> = count.clone();
        let crowd = |many: usize| {
            (0..many).for_each(|_| tide.listen(&mut Registered::default(), &waiter));
            ring(&tide);
            assert_eq!(count.taken(), many);
            let asleep = tide.asleep();
            asleep.waiters.capacity() + asleep.spare.capacity()
        };
        assert!((10_000..40_000).contains(&crowd(10_000)));
        let twice = crowd(10_000);
        assert!((20_000..40_000).contains(&twice), "{twice}");
        assert_eq!(crowd(10_000), twice, "as much as it needs, once");
        crowd(1);
        let few = crowd(1);
        assert!(few <= 2 * AT_ONCE, "{few}");
    }

    #[tokio::test]
    async fn the_ringers_wake_everybody_at_the_rooms_that_moved_once() {
        let ringer = Ringer::default();
        let (tides, counts): (Vec<_>, Vec<_>) =
            (0..3).map(|_| (Arc::<Tide>::default(), Arc::<Count>::default())).unzip();
        for (tide, count) in tides.iter().zip(&counts) {
            let waiter: Arc<dyn Waiter> = count.clone();
            for _ in 0..1000 {
                tide.listen(&mut Registered::default(), &waiter);
            }
        }
        ringer.ring(tides.iter().take(2).cloned());
        let rung = async {
            while counts.iter().take(2).any(|count| count.0.load(Ordering::Relaxed) < 1000) {
                yield_now().await;
            }
        };
        tokio::select! {
            () = ringer.run() => {}
            () = ringer.run() => {}
            () = rung => {}
        }
        assert_eq!(counts.iter().map(|count| count.taken()).collect::<Vec<_>>(), [1000, 1000, 0]);
    }
}
