//! The server of a world: the real hub and real sessions, on a clock that the world sets. Stands
//! between sessions and hub and puts what they ask in an order of its own, as the threads of a
//! machine might; what one session asks stays in its order.

use super::dice::Dice;
use super::tap::Tap;
use super::wire::Wire;
use crate::config::Limits;
use crate::log::Logs;
use crate::room::{Input, Known};
use crate::serve::admin::{Command, Report};
use crate::serve::hub::{Hub, HubHandle, INBOX, Legacy, Request};
use crate::serve::live::Live;
use crate::serve::metrics::{Counters, Stats};
use crate::serve::reception::Reception;
use crate::serve::seat::Seat;
use crate::serve::session::{self, Shared};
use crate::wire::entry::{Millis, Seq, SessionId};
use crate::wire::room_name::RoomName;
use std::cell::Cell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// When every world begins: 2026-01-01 UTC.
const BEGIN: u64 = 1_767_225_600_000;

thread_local! {
    /// When this thread's world began, and how far its clock was moved.
    static CLOCK: Cell<Option<(Instant, i64)>> = const { Cell::new(None) };
}

/// The clock of this thread's world.
fn clock() -> Millis {
    let (since, moved) = CLOCK.get().unwrap();
    let passed = u64::try_from(since.elapsed().as_millis()).unwrap();
    Millis((BEGIN + passed).saturating_add_signed(moved))
}

/// A world begins.
pub(super) fn wind(start: Instant) {
    CLOCK.set(Some((start, 0)));
}

/// Somebody sets the machine's clock.
pub(super) fn move_clock(by: i64) {
    CLOCK.set(CLOCK.get().map(|(since, moved)| (since, moved + by)));
}

/// What one run of the server leaves to the next.
#[derive(Debug, Clone, Default)]
pub(super) struct Left {
    pub(super) epoch: String,
    /// Above all numbers that were used.
    pub(super) floor: u64,
    pub(super) known: Vec<Known>,
    pub(super) bounced: HashMap<RoomName, Vec<(Seq, u8)>>,
}

pub(super) struct House {
    shared: Shared,
    to_hub: HubHandle,
    from_sessions: mpsc::Receiver<Request>,
    queues: BTreeMap<SessionId, VecDeque<Request>>,
    hub: JoinHandle<Logs>,
    _ringer: AbortOnDropHandle<()>,
    _live: watch::Sender<Arc<Limits>>,
    reception: Arc<Reception>,
    sessions: u64,
    floor: u64,
    pub(super) is_draining: bool,
    /// The most that one turn was asked to append.
    pub(super) most_at_once: usize,
    counters: Arc<Counters>,
}

impl House {
    pub(super) fn open(limits: &Limits, left: Left) -> Self {
        let counters = Arc::<Counters>::default();
        let (stop, floor) = (CancellationToken::new(), left.floor);
        let legacy = Legacy::simulated(&left.epoch, Seq(floor), left.known, left.bounced);
        let (mut hub, to_hub) = Hub::new(limits, counters.clone(), stop, legacy);
        hub.set_clock(clock);
        hub.take_up();
        let (sender, from_sessions) = mpsc::channel(INBOX);
        let (live, limits) = Live::new(limits.clone());
        let (tasks, ringer) = (TaskTracker::new(), hub.ringer());
        let ringer = tasks.spawn(async move { ringer.run().await });
        let shared = Shared {
            hub: to_hub.through(sender),
            limits,
            counters: counters.clone(),
            tracker: TaskTracker::new(),
            kill: CancellationToken::new(),
            last: Arc::default(),
        };
        Self {
            shared,
            to_hub,
            from_sessions,
            queues: BTreeMap::new(),
            hub: tasks.spawn(hub.run()),
            _ringer: AbortOnDropHandle::new(ringer),
            _live: live,
            reception: Reception::new(usize::MAX),
            sessions: 0,
            floor,
            is_draining: false,
            most_at_once: 0,
            counters,
        }
    }

    /// Every connection has an address of its own, by which it is known.
    pub(super) fn address(link: usize) -> SocketAddr {
        let [_, high, middle, low] = u32::try_from(link).unwrap().to_be_bytes();
        (Ipv4Addr::new(10, high, middle, low), 5000).into()
    }

    pub(super) fn connect(&mut self, link: usize, wire: &Arc<Wire>) {
        self.sessions += 1;
        let (read, write) = wire.halves();
        let (shared, session) = (self.shared.clone(), SessionId(self.sessions));
        let seat = Seat::new(shared.counters.clone());
        let addr = Self::address(link);
        let limits = self.shared.limits.now().clone();
        let visit = self.reception.arrive(&limits, session, addr.ip(), &seat).unwrap();
        let run = Box::pin(session::run(shared, session, addr, read, write, seat, visit));
        let run = self.shared.kill.clone().run_until_cancelled_owned(run);
        self.shared.tracker.spawn(run);
    }

    /// An administrator's command, in line with what the sessions ask.
    pub(super) fn ask(&mut self, command: Command) -> oneshot::Receiver<Report> {
        let (reply, report) = oneshot::channel();
        self.queue(Request::Admin(command, reply));
        report
    }

    /// Takes what the sessions have asked; whether there was anything.
    pub(super) fn collect(&mut self) -> bool {
        let mut any = false;
        while let Ok(request) = self.from_sessions.try_recv() {
            self.queue(request);
            any = true;
        }
        if self.hub.is_finished() && !self.from_sessions.is_closed() {
            // Whoever still waits for an answer learns that there is none.
            self.from_sessions.close();
            self.queues.clear();
            any = true;
        }
        any
    }

    /// The same, but waits for the first.
    pub(super) async fn asked(&mut self) {
        match self.from_sessions.recv().await {
            Some(request) => self.queue(request),
            None => std::future::pending().await,
        }
    }

    fn queue(&mut self, request: Request) {
        self.queues.entry(asker(&request)).or_default().push_back(request);
    }

    pub(super) fn has_requests(&self) -> bool {
        !self.queues.is_empty()
    }

    /// Gives the hub its next turn: at most so many requests, in any order that keeps each
    /// session's own. Returns how many.
    pub(super) fn turn(&mut self, dice: &mut Dice, most: usize, tap: &mut Tap) -> usize {
        let mut left = 1 + dice.index(most.min(INBOX / 2));
        let (mut given, mut appends) = (0, 0);
        while left > 0 && !self.queues.is_empty() {
            let askers: Vec<_> = self.queues.keys().copied().collect();
            let asker = dice.pick(&askers);
            let queue = self.queues.get_mut(&asker).unwrap();
            if tap.swaps(queue) {
                queue.swap(0, 1);
            }
            let request = queue.pop_front().unwrap();
            if queue.is_empty() {
                self.queues.remove(&asker);
            }
            (left, given) = (left - 1, given + 1);
            if tap.loses(&request) {
                continue;
            }
            appends += match &request {
                Request::Input(Input::Post { posts, .. }) => posts.len(),
                _ => 4,
            };
            self.to_hub.push(request);
        }
        self.most_at_once = self.most_at_once.max(appends);
        given
    }

    /// Begins to go down; what was asked before is carried out.
    pub(super) fn drain(&mut self) {
        self.is_draining = true;
        self.shared.tracker.close();
        // Behind all that has been asked: the world takes its time with the others.
        self.queues.entry(SessionId::PAST).or_default().push_back(Request::Drain);
    }

    /// Every session has ended, and the hub.
    pub(super) fn is_empty(&self) -> bool {
        self.hub.is_finished() && self.shared.tracker.is_empty()
    }

    /// From one moment to the next, nothing of it runs any more.
    pub(super) fn die(&mut self) {
        self.hub.abort();
        self.shared.kill.cancel();
        self.from_sessions.close();
        self.queues.clear();
    }

    /// A number that is greater than all that were given.
    pub(super) fn ceiling(&self) -> u64 {
        self.floor + self.to_hub.published().load(Ordering::Acquire) + 1
    }

    /// Connections that began, and that ended with a reason.
    pub(super) fn sessions(&self) -> (u64, u64) {
        let mut stats = Stats::default();
        self.counters.fill(&mut stats);
        (stats.connections, stats.closes.iter().map(|(_, count)| count).sum())
    }
}

/// Whose request it is.
fn asker(request: &Request) -> SessionId {
    match request {
        Request::Enter(enter) => enter.join.session,
        Request::Recent { session, .. }
        | Request::Input(Input::Leave { session, .. } | Input::About { session, .. }) => *session,
        other => other.questions().map_or(SessionId::CONSOLE, |(session, _)| session),
    }
}
