//! When who says what: as fast as it goes, with so many messages under way; or at a rate, where
//! every message has its time, and its latency counts from then, whether it could be sent or not.

use super::clock::Clock;
use super::crowd::Crowd;
use super::ears::Ears;
use super::histogram::Histogram;
use super::stamp::Stamp;
use crate::config::{BenchSettings, Pace};
use std::time::Duration;

/// Bytes put at once, however many messages that is.
const PUT: usize = 256 * 1024;
/// How long to wait for anything to happen, when nothing is to be said.
const IDLE: Duration = Duration::from_millis(10);
/// Below this a wait is spent looking: the kernel's own waits are no finer.
const FINEST: Duration = Duration::from_millis(2);
/// How long behind the end messages are still said, for whom the connection is full: nanoseconds.
const GRACE: u64 = 1_000_000_000;
const SECOND: f64 = 1e9;

/// The publishers' side of a run.
#[derive(Debug)]
pub(super) struct Talk {
    pace: Pace,
    run: u16,
    size: usize,
    /// When speaking ends, in nanoseconds: a message whose time is later is not said.
    end: u64,
    /// Messages said so far, by publisher.
    pub(super) sent: Vec<u32>,
    total: u64,
    /// Who begins the next turn, so that nobody is always first.
    first: usize,
    /// How much later than planned messages were put by this side, at a rate.
    pub(super) late: Histogram,
}

impl Talk {
    pub(super) fn new(settings: &BenchSettings, run: u16) -> Self {
        let BenchSettings { pace, size, publishers, duration, .. } = *settings;
        let sent = vec![0; publishers];
        let end = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        Self { pace, run, size, end, sent, total: 0, first: 0, late: Histogram::default() }
    }

    /// Says what can be said now. Gives the time there is until there is more to say.
    pub(super) fn speak(&mut self, crowd: &mut Crowd, ears: &mut Ears, clock: Clock) -> Duration {
        match self.pace {
            Pace::Full { window, batch } => self.at_full_speed(window, batch, crowd, ears, clock),
            Pace::Rate(rate) => self.at_a_rate(rate, crowd, ears, clock),
        }
    }

    fn at_full_speed(
        &mut self,
        window: Option<u64>,
        batch: u32,
        crowd: &mut Crowd,
        ears: &mut Ears,
        clock: Clock,
    ) -> Duration {
        let publishers = self.sent.len();
        let mut room = window.map_or(u64::MAX, |window| {
            let heard = ears.tally.slowest(crowd.gone()).unwrap_or(self.total);
            window.saturating_sub(self.total.saturating_sub(heard))
        });
        let mut can_go_on = false;
        self.first = (self.first + 1) % publishers;
        for publisher in (self.first..publishers).chain(0..self.first) {
            let most = (PUT / self.size).max(1) as u64;
            let count = u64::from(batch).min(room).min(most);
            if count == 0 || !crowd.can_speak(publisher) {
                continue;
            }
            let now = clock.now();
            for _ in 0..count {
                self.say(publisher, now, crowd, ears);
            }
            room -= count;
            can_go_on |= crowd.flush(publisher);
        }
        if can_go_on && room > 0 { Duration::ZERO } else { IDLE }
    }

    fn at_a_rate(
        &mut self,
        rate: f64,
        crowd: &mut Crowd,
        ears: &mut Ears,
        clock: Clock,
    ) -> Duration {
        let mut next = u64::MAX;
        for publisher in 0..self.sent.len() {
            let mut put = 0;
            let mut due = self.due(publisher, rate);
            let now = clock.now();
            while due <= now && due < self.end && put < PUT && crowd.can_speak(publisher) {
                self.say(publisher, due, crowd, ears);
                self.late.add(now - due);
                put += self.size;
                due = self.due(publisher, rate);
            }
            if put > 0 {
                crowd.flush(publisher);
            }
            next = next.min(due);
        }
        let wait = Duration::from_nanos(next.saturating_sub(clock.now()));
        wait.saturating_sub(FINEST).min(IDLE)
    }

    /// When a publisher's next message has its time: they take turns.
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a few billion messages, and positive times far below 2^52 nanoseconds"
    )]
    fn due(&self, publisher: usize, rate: f64) -> u64 {
        let turn = u64::from(self.sent[publisher]) * self.sent.len() as u64 + publisher as u64;
        (turn as f64 * SECOND / rate) as u64
    }

    fn say(&mut self, publisher: usize, at: u64, crowd: &mut Crowd, ears: &mut Ears) {
        let number = self.sent[publisher];
        ears.says(publisher, number, crowd.in_room().saturating_sub(1));
        let by = u16::try_from(publisher).unwrap_or(u16::MAX);
        crowd.put(publisher, Stamp { run: self.run, publisher: by, number, at });
        self.sent[publisher] += 1;
        self.total += 1;
    }

    /// Whether the time is over, and everything said that had its time before: a thread that was
    /// kept waiting has still to say it.
    pub(super) fn is_over(&self, now: u64) -> bool {
        let is_said = |publisher| match self.pace {
            Pace::Full { .. } => true,
            Pace::Rate(rate) => self.due(publisher, rate) >= self.end,
        };
        now >= self.end && (now > self.end + GRACE || (0..self.sent.len()).all(is_said))
    }

    /// Messages said so far.
    pub(super) fn total(&self) -> u64 {
        self.total
    }
}
