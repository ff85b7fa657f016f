//! One run from its first connection to its last delivery: everybody joins, a first message shows
//! that all hear, the publishers speak for as long as was asked, and what is under way is waited for.

use super::BenchError;
use super::clock::Clock;
use super::crowd::Crowd;
use super::ears::Ears;
use super::member::Manners;
use super::pace::Talk;
use super::process::{Memory, Process, own_cpu};
use super::progress::{Progress, Report};
use super::stamp::Stamp;
use crate::config::{BenchSettings, Pace, Speech};
use std::net::SocketAddr;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Handshakes at once. Enough that the server is never idle, few enough for small backlogs.
const AT_DOOR: usize = 64;
/// How long nothing may happen while everybody joins, or while the first message is on its way.
const PATIENCE: u64 = 30 * SECOND;
/// The end is waited for as long as deliveries come, with pauses of up to this …
const QUIET: u64 = 2 * SECOND;
/// … and for no longer than this in all.
const DRAIN: u64 = 30 * SECOND;
const SECOND: u64 = 1_000_000_000;
/// At full speed one message in so many has its time taken; reading a clock's worth of digits for
/// every delivery would be felt.
const ONE_IN: u32 = 16;
/// How long to wait for a connection before looking around.
const TICK: Duration = Duration::from_millis(10);
/// Letters for names: none that looks like another, so that no two names read alike.
const LETTERS: &[u8] = b"bcdfghkpqstxz";

/// What was seen, as it was counted.
#[derive(Debug)]
pub(super) struct Seen {
    pub joins_per_second: f64,
    pub ears: Ears,
    pub talk: Talk,
    pub gone: Vec<bool>,
    /// How many are gone, and why the first is.
    pub departed: usize,
    pub why: Option<String>,
    pub notice: Option<String>,
    /// Until publishing ended, and until the last delivery.
    pub spoke: Duration,
    pub lasted: Duration,
    /// Time on a processor: the server's and this thread's, from first message to last delivery.
    pub server_cpu: Option<Duration>,
    pub own_cpu: Duration,
    /// Until this side had nothing more to wait for.
    pub wall: Duration,
    pub memory: Option<Memory>,
    /// Nothing came any more at the end.
    pub is_still: bool,
    pub interrupted: bool,
}

/// A run under way.
pub(super) struct Load<'a> {
    settings: &'a BenchSettings,
    server: SocketAddr,
    process: Option<Process>,
    stop: &'a CancellationToken,
    report: &'a Report,
    crowd: Crowd,
    run: u16,
}

impl<'a> Load<'a> {
    pub(super) fn new(
        settings: &'a BenchSettings,
        server: SocketAddr,
        process: Option<Process>,
        stop: &'a CancellationToken,
        report: &'a Report,
    ) -> Result<Self, BenchError> {
        let BenchSettings { speech, ref room, size, .. } = *settings;
        let crowd = Crowd::new(Manners { speech, room: room.clone(), size })?;
        // Even numbers are for what is said before the run, odd ones for what is measured.
        #[expect(clippy::cast_possible_truncation, reason = "any number will do")]
        let run = (std::process::id() as u16) << 1;
        Ok(Self { settings, server, process, stop, report, crowd, run })
    }

    /// Everything, in its order. Only a run that has begun to speak gives anything if it is
    /// interrupted.
    pub(super) fn run(mut self) -> Result<Option<Seen>, BenchError> {
        let Some(joins_per_second) = self.join()? else { return Ok(None) };
        if !self.first_word()? {
            return Ok(None);
        }
        let BenchSettings { speech, pace, publishers, listeners, .. } = *self.settings;
        let one_in =
            if matches!(pace, Pace::Full { .. }) && speech != Speech::Raw { ONE_IN } else { 1 };
        let mut ears = Ears::new(self.run | 1, publishers, listeners, one_in);
        let mut talk = Talk::new(self.settings, self.run | 1);
        let (server_cpu, own) = (self.process.and_then(Process::cpu), own_cpu());
        let clock = Clock::start();
        self.load(&mut ears, &mut talk, clock)?;
        let spoke = clock.now();
        let is_still = self.drain(&mut ears, &talk, clock)?;
        let wall = clock.now();
        let since = |before: Duration| self.process?.cpu()?.checked_sub(before);
        Ok(Some(Seen {
            joins_per_second,
            gone: self.crowd.gone().to_vec(),
            departed: self.crowd.departed(),
            why: self.crowd.why().map(str::to_owned),
            notice: self.crowd.notice().map(str::to_owned),
            spoke: Duration::from_nanos(spoke),
            lasted: Duration::from_nanos(if ears.latest == 0 { wall } else { ears.latest }),
            server_cpu: server_cpu.and_then(since),
            own_cpu: own_cpu().saturating_sub(own),
            wall: Duration::from_nanos(wall),
            memory: self.process.and_then(Process::memory),
            is_still,
            interrupted: self.stop.is_cancelled(),
            ears,
            talk,
        }))
    }

    fn everybody(&self) -> usize {
        self.settings.publishers + self.settings.listeners
    }

    /// Lets everybody in, publishers first. Gives how many came in a second.
    fn join(&mut self) -> Result<Option<f64>, BenchError> {
        let clock = Clock::start();
        let (all, salt) = (self.everybody(), salt());
        let (mut dialled, mut came, mut when) = (0, 0, 0);
        while self.crowd.in_room() < all {
            while dialled < all && dialled - self.crowd.in_room() < AT_DOOR {
                let speaks = dialled < self.settings.publishers;
                let name = format!("{}{salt}{dialled}", if speaks { 'p' } else { 'h' });
                self.crowd
                    .dial(self.server, name, speaks)
                    .map_err(|error| BenchError::Dial { server: self.server, error })?;
                dialled += 1;
            }
            self.crowd.turn(TICK, clock, &mut |_, _, _| ())?;
            if self.crowd.departed() > 0 {
                let why = self.crowd.why().unwrap_or_default().into();
                return Err(BenchError::Join { came, all, why });
            }
            let now = clock.now();
            self.report.tell(now, || Progress::Joining { came, all });
            if self.crowd.in_room() > came {
                (came, when) = (self.crowd.in_room(), now);
            } else if now - when > PATIENCE {
                let why = self.crowd.notice().unwrap_or("the server does not answer").into();
                return Err(BenchError::Join { came, all, why });
            }
            if self.stop.is_cancelled() {
                return Ok(None);
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "some thousand members")]
        Ok(Some(all as f64 / Duration::from_nanos(clock.now().max(1)).as_secs_f64()))
    }

    /// One message that everybody has to hear: then all are in the room, and what was told of
    /// their coming is behind them. Says whether to go on.
    fn first_word(&mut self) -> Result<bool, BenchError> {
        let clock = Clock::start();
        let mut heard = 0;
        self.crowd.put(0, Stamp { run: self.run, publisher: 0, number: 0, at: 0 });
        self.crowd.flush(0);
        while heard + 1 < self.everybody() {
            let mut ears = |_, stamp: Stamp, _| heard += usize::from(stamp.run == self.run);
            self.crowd.turn(TICK, clock, &mut ears)?;
            if clock.now() > PATIENCE {
                let why = self.crowd.why().or(self.crowd.notice()).map(str::to_owned);
                let departed = self.crowd.departed();
                return Err(BenchError::Deaf { heard, all: self.everybody() - 1, departed, why });
            }
            if self.stop.is_cancelled() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn load(&mut self, ears: &mut Ears, talk: &mut Talk, clock: Clock) -> Result<(), BenchError> {
        loop {
            let now = clock.now();
            if talk.is_over(now) || self.stop.is_cancelled() || self.is_empty() {
                return Ok(());
            }
            self.report.tell(now, || Progress::Loading {
                since: Duration::from_nanos(now),
                of: self.settings.duration,
                deliveries: ears.tally.total(),
            });
            let wait = talk.speak(&mut self.crowd, ears, clock);
            self.crowd
                .turn(wait, clock, &mut |member, stamp, now| ears.hears(member, stamp, now))?;
        }
    }

    /// Waits for what is under way, while it comes and there is hope that all of it will. Says
    /// whether nothing came any more.
    fn drain(&mut self, ears: &mut Ears, talk: &Talk, clock: Clock) -> Result<bool, BenchError> {
        let began = clock.now();
        let members = self.everybody() as u64;
        let before = ears.tally.total();
        loop {
            let now = clock.now();
            // Who is gone hears nothing, but then the pause ends it.
            let left = (talk.total() * (members - 1)).saturating_sub(ears.tally.total());
            let waited = now - began;
            let came = ears.tally.total() - before;
            let is_hopeless = waited > QUIET && came * (DRAIN / SECOND) < left * (waited / SECOND);
            let is_quiet = now - ears.latest.max(began) > QUIET;
            if left == 0 || is_quiet || self.is_empty() {
                return Ok(true);
            }
            if is_hopeless || waited > DRAIN {
                return Ok(false);
            }
            self.report.tell(now, || Progress::Draining { left });
            self.crowd
                .turn(TICK, clock, &mut |member, stamp, now| ears.hears(member, stamp, now))?;
        }
    }

    fn is_empty(&self) -> bool {
        self.crowd.departed() == self.everybody()
    }
}

/// Letters that make this process' names its own.
fn salt() -> String {
    let mut number = std::process::id() as usize;
    let letters = std::iter::repeat_with(|| {
        let letter = char::from(LETTERS[number % LETTERS.len()]);
        number /= LETTERS.len();
        letter
    });
    letters.take(3).collect()
}
