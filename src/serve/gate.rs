//! Back-pressure: publishers wait here while most readers cannot keep up. Holds no queue and
//! knows no session.
//!
//! A writer that is more than [`HIGH`] behind counts itself as congested, until it is less than
//! [`LOW`] behind or makes no progress at all. Publishers wait while more than half of all readers
//! are congested: then the machine or the network is the limit, and reading faster than it can
//! deliver would only push healthy readers out of the retained log. A minority, slow or hostile,
//! delays nobody. Who takes nothing is no reader: any number of them changes nothing for the
//! others. And nobody waits for ever: see [`LONGEST_WAIT`].

use super::metrics::{Counter, Waits, nanos};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

/// Weight behind the tail at which a reader counts as congested: a few turns of a busy room, and
/// a small part of what is retained.
pub(super) const HIGH: u64 = 2 * 1024 * 1024;
/// … and at which it no longer does.
pub(super) const LOW: u64 = 512 * 1024;
/// A publisher goes on after this even if the gate is closed, so that not even a majority of
/// slow readers stops the room: at worst it carries one read of each publisher a second.
const LONGEST_WAIT: Duration = Duration::from_secs(1);

/// Counts readers and the congested among them.
#[derive(Debug, Default)]
pub(super) struct Gate {
    readers: AtomicUsize,
    congested: AtomicUsize,
    opened: Notify,
    waits: Counter,
    waited_nanos: Counter,
}

/// One reader's part in the count; leaves it when dropped.
#[derive(Debug)]
pub(super) struct Reader {
    gate: Arc<Gate>,
    pace: Pace,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    Even,
    Congested,
    /// It takes nothing, and is not counted.
    Stuck,
}

impl Gate {
    fn is_open(&self) -> bool {
        self.congested.load(Ordering::Relaxed) * 2 <= self.readers.load(Ordering::Relaxed)
    }

    /// Waits until publishing may go on.
    pub(super) async fn pass(&self) {
        if !self.is_open() {
            Box::pin(self.wait()).await;
        }
    }

    async fn wait(&self) {
        let opened = async {
            loop {
                let notified = self.opened.notified();
                if self.is_open() {
                    return;
                }
                notified.await;
            }
        };
        let since = Instant::now();
        // Passing late is as good as passing: the wait itself was the back-pressure.
        let _passed = timeout(LONGEST_WAIT, opened).await;
        self.waits.add(1);
        self.waited_nanos.add(nanos(since.elapsed()));
    }

    /// How often publishers waited here, and how long in all.
    pub(super) fn waits(&self) -> Waits {
        let time = Duration::from_nanos(self.waited_nanos.get());
        Waits { count: self.waits.get(), time }
    }

    fn notify(&self) {
        if self.is_open() {
            self.opened.notify_waiters();
        }
    }
}

impl Reader {
    pub(super) fn new(gate: Arc<Gate>) -> Self {
        gate.readers.fetch_add(1, Ordering::Relaxed);
        Self { gate, pace: Pace::Even }
    }

    /// Says how far behind the tail this reader is.
    #[inline]
    pub(super) fn behind(&mut self, bytes: u64) {
        let mark = if self.pace == Pace::Congested { LOW } else { HIGH };
        self.set(if bytes > mark { Pace::Congested } else { Pace::Even });
    }

    /// Says that this reader takes nothing: it must not hold up the others.
    pub(super) fn stuck(&mut self) {
        self.set(Pace::Stuck);
    }

    #[inline]
    fn set(&mut self, pace: Pace) {
        if self.pace != pace {
            self.change(pace);
        }
    }

    fn change(&mut self, pace: Pace) {
        let before = std::mem::replace(&mut self.pace, pace);
        let Gate { readers, congested, .. } = &*self.gate;
        match before {
            Pace::Stuck => _ = readers.fetch_add(1, Ordering::Relaxed),
            Pace::Congested => _ = congested.fetch_sub(1, Ordering::Relaxed),
            Pace::Even => {}
        }
        match pace {
            Pace::Stuck => _ = readers.fetch_sub(1, Ordering::Relaxed),
            Pace::Congested => _ = congested.fetch_add(1, Ordering::Relaxed),
            Pace::Even => {}
        }
        self.gate.notify();
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        // What is stuck is not counted any more.
        self.set(Pace::Stuck);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_minority_delays_nobody_and_a_majority_for_a_bounded_time() {
        let gate = Arc::new(Gate::default());
        let mut readers: Vec<Reader> = (0..4).map(|_| Reader::new(gate.clone())).collect();
        let start = Instant::now();
        readers[0].behind(HIGH + 1);
        readers[1].behind(HIGH + 1);
        gate.pass().await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(gate.waits(), Waits::default());
        readers[2].behind(HIGH + 1);
        gate.pass().await;
        assert_eq!(start.elapsed(), LONGEST_WAIT);
        assert_eq!(gate.waits(), Waits { count: 1, time: LONGEST_WAIT });
    }

    #[tokio::test(start_paused = true)]
    async fn readers_that_take_nothing_do_not_open_the_gate_for_a_flood() {
        let gate = Arc::new(Gate::default());
        let mut dead: Vec<Reader> = (0..1000).map(|_| Reader::new(gate.clone())).collect();
        dead.iter_mut().for_each(Reader::stuck);
        let mut healthy: Vec<Reader> = (0..3).map(|_| Reader::new(gate.clone())).collect();
        for reader in healthy.iter_mut().take(2) {
            reader.behind(HIGH + 1);
        }
        let start = Instant::now();
        gate.pass().await;
        assert_eq!(start.elapsed(), LONGEST_WAIT, "it is the healthy that count");
        // Whoever takes something again is a reader again.
        for reader in &mut dead {
            reader.behind(0);
        }
        assert!(gate.is_open());
        drop((dead, healthy));
        assert_eq!(gate.readers.load(Ordering::Relaxed), 0);
        assert_eq!(gate.congested.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn it_opens_when_a_reader_catches_up_stalls_or_leaves() {
        let gate = Arc::new(Gate::default());
        let acts: [fn(&mut Vec<Reader>); 3] =
            [|r| r[0].behind(LOW), |r| r[0].stuck(), |r| drop(r.remove(0))];
        for act in acts {
            let mut readers = vec![Reader::new(gate.clone())];
            readers[0].behind(HIGH + 1);
            readers[0].behind(HIGH - 1);
            let start = Instant::now();
            assert!(!gate.is_open(), "between the marks nothing changes");
            let (waiting, act_on) = (gate.pass(), async { act(&mut readers) });
            tokio::join!(waiting, act_on);
            assert_eq!(start.elapsed(), Duration::ZERO);
        }
    }
}
