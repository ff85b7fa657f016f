//! The hub: the one task that owns the rooms and their logs. It drains its inbox in turns, applies
//! each input, appends what came of a turn as one chunk a room, and publishes the new tails once.
//! It does nothing per member in a turn, waits for nobody, and knows no socket.

mod bots;
mod clock;
mod handle;
mod legacy;
mod linger;
mod places;
mod publish;
mod report;

pub(super) use clock::now;
pub use handle::HubHandle;
pub(super) use handle::{Enter, Place, Recent, Request, ResumeAt};
pub(super) use legacy::Legacy;
pub(super) use places::LOOKED_THROUGH;
#[cfg(test)]
pub(super) use publish::MANY;

use super::metrics::{Counters, Rate};
use super::seat::Seat;
use super::session::{Private, Word};
use super::tide::{Ringer, Tide};
use crate::config::Limits;
use crate::log::Logs;
use crate::room::{Answer, Effects, Input, Refusal, Reply, Rooms};
use crate::wire::Dialect;
use crate::wire::close::CloseReason;
use crate::wire::entry::{MessageId, Millis, Ordinal, RoomId, Seq, SessionId};
use linger::{Linger, SILENCE};
use places::Entering;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Requests the hub holds before senders wait. Each is at most what one read of 32 KiB said, in at
/// most 512 messages of 100 bytes and their text: 10 MiB in all.
pub(in crate::serve) const INBOX: usize = 128;
/// Entries after which a turn begins another chunk, so that what is retained can be let go of in
/// pieces small beside the budget: of the shortest messages about 2 MiB, by their weight.
const CHUNK: u64 = 4096;
/// How long joins and leaves of a crowd are gathered before they are told.
const FOLD: Duration = Duration::from_secs(1);

/// What the hub keeps of a session to answer it.
#[derive(Debug)]
struct Member {
    dialect: Dialect,
    addr: SocketAddr,
    seat: Seat,
}

#[derive(Debug)]
pub(super) struct Hub {
    core: Rooms,
    logs: Logs,
    tides: BTreeMap<RoomId, Arc<Tide>>,
    ringer: Arc<Ringer>,
    members: BTreeMap<SessionId, Member>,
    /// Up to here the logs are whole and all answers are in their mailboxes, in the order of all
    /// rooms.
    published: Arc<AtomicU64>,
    /// Up to here what was applied is appended.
    committed: Ordinal,
    /// Rooms that have been appended to since somebody was woken for it.
    moved: Vec<RoomId>,
    /// Up to where somebody was.
    rung: Ordinal,
    /// Entries appended since then.
    unrung: u64,
    /// Something was appended that nobody should wait for.
    is_urgent: bool,
    /// When those who wait are woken if nothing urgent comes before.
    ring_at: Option<Instant>,
    inbox: mpsc::Receiver<Request>,
    epoch: Arc<str>,
    /// What an earlier run left, and what is recorded of this one.
    legacy: Legacy,
    counters: Arc<Counters>,
    /// Messages, second by second since the start.
    said: Rate,
    /// When it started; for people, too, whatever is done to the clock later.
    started: Instant,
    since: Millis,
    /// For people and records; a simulation has its own.
    clock: fn() -> Millis,
    /// Cancelled by the administrator's `shutdown`.
    shutdown: CancellationToken,
    effects: Effects,
    /// Admissions of this turn: their cursors exist once the turn is appended.
    entering: Vec<Entering>,
    /// Answers of this turn, in order: they are sent once the turn is appended.
    words: Vec<(SessionId, Private)>,
    linger: Linger,
    draining: bool,
}

impl Hub {
    pub(super) fn new(
        limits: &Limits,
        counters: Arc<Counters>,
        shutdown: CancellationToken,
        legacy: Legacy,
    ) -> (Self, HubHandle) {
        let (sender, inbox) = mpsc::channel(INBOX);
        let published = Arc::<AtomicU64>::default();
        let epoch = legacy.epoch.clone();
        let handle = HubHandle {
            inbox: sender,
            published: published.clone(),
            gate: Arc::default(),
            epoch: epoch.clone(),
            history: None,
            acks_wait: false,
        };
        let mut logs = Logs::new(limits.retained_bytes);
        logs.keep_behind(Ordinal::default());
        let hub = Self {
            core: Rooms::new(limits.rooms, limits.crowd),
            logs,
            tides: BTreeMap::new(),
            ringer: Arc::new(Ringer::new(counters.clone())),
            members: BTreeMap::new(),
            published,
            committed: Ordinal::default(),
            moved: Vec::new(),
            rung: Ordinal::default(),
            unrung: 0,
            is_urgent: false,
            ring_at: None,
            inbox,
            epoch,
            legacy,
            counters,
            said: Rate::default(),
            started: Instant::now(),
            since: now(),
            clock: now,
            shutdown,
            effects: Effects::default(),
            entering: Vec::new(),
            words: Vec::new(),
            linger: Linger::default(),
            draining: false,
        };
        (hub, handle)
    }

    /// Wakes the writers; to be run beside the hub.
    pub(super) fn ringer(&self) -> Arc<Ringer> {
        self.ringer.clone()
    }

    /// Works in turns until it is drained. Gives the logs back, without which nobody could read on.
    pub(super) async fn run(mut self) -> Logs {
        let mut requests = Vec::with_capacity(INBOX);
        let mut fold = None;
        let mut turned = Instant::now();
        while !self.draining {
            if self.core.wants_tick() {
                fold.get_or_insert_with(|| Instant::now() + FOLD);
            }
            let due = fold.into_iter().chain(self.ring_at).min();
            let taken = self.inbox.recv_many(&mut requests, INBOX);
            // Mostly nothing is due, and needs no timer.
            let taken = match due {
                Some(due) => tokio::select! {
                    biased;
                    () = sleep_until(due) => None,
                    taken = taken => Some(taken),
                },
                None => Some(taken.await),
            };
            match taken {
                Some(0) => break,
                Some(_) => {}
                None if due == self.ring_at => {
                    self.ring();
                    continue;
                }
                None => {
                    fold = None;
                    requests.push(Request::Input(Input::Tick));
                }
            }
            if turned.elapsed() < SILENCE {
                self.gather(&mut requests).await;
            }
            turned = self.turn(&mut requests);
        }
        self.inbox.close();
        for member in std::mem::take(&mut self.members).into_values() {
            member.seat.close(CloseReason::Shutdown, None);
        }
        self.logs
    }

    /// Gives when it ended.
    pub(super) fn turn(&mut self, requests: &mut Vec<Request>) -> Instant {
        let (at, began, before) = ((self.clock)(), Instant::now(), self.committed);
        for request in requests.drain(..) {
            let questions = request.questions();
            self.take(at, request);
            // Only now, when their answers are owed: at no moment are they neither.
            if let Some((session, questions)) = questions
                && let Some(member) = self.members.get(&session)
            {
                member.seat.heard(questions);
            }
            if self.core.ordinal().0 - self.committed.0 >= CHUNK {
                self.commit();
            }
        }
        self.commit();
        self.let_in();
        self.deliver();
        self.publish();
        let ended = Instant::now();
        self.counters.turned(self.committed.0 - before.0, ended.duration_since(began));
        let second = ended.duration_since(self.started).as_secs();
        self.said.note(second, self.counters.messages.get());
        ended
    }

    fn take(&mut self, at: Millis, request: Request) {
        match request {
            Request::Enter(enter) => self.enter(at, enter),
            Request::GoTo { session, room, after, id, alone } => {
                let enter = Input::Enter { session, room: room.clone(), id, alone };
                if self.core.makes_room(at, &enter) {
                    self.open(at, &room);
                }
                self.apply(at, enter, after);
            }
            Request::Input(Input::Whisper { session, to, id, .. }) if self.is_full(&to) => {
                let re = Some(id.unwrap_or_else(|| "whisper".into()));
                let refusal = Refusal::Unread(to);
                self.say(session, Word::Answer(Answer::Refused { re, refusal }));
            }
            Request::Input(input) => {
                if let Input::About { session, about } = &input {
                    self.heard_about(*session, about);
                }
                self.apply(at, input, None);
            }
            Request::Rename { session, to, reply } => {
                self.apply(at, Input::Rename { session, to }, None);
                let renamed = self.words.iter().any(|(to, private)| {
                    *to == session && matches!(private.word, Word::Answer(Answer::Renamed { .. }))
                });
                // A session that ended meanwhile does not need to know.
                let _gone = reply.send(renamed);
            }
            Request::AskTopic { session } => self.tell_topic(session),
            Request::Bots { session } => {
                let lines = self.bots();
                self.say(session, Word::Notice(lines));
            }
            Request::Why { session, room, seq } => match self.core.meant(session, room.as_ref()) {
                Ok(room) => {
                    let lines = self.why(room, seq);
                    self.say(session, Word::Notice(lines));
                }
                Err(refusal) => self.refuse(session, None, "why", refusal),
            },
            Request::Recent { session, room, before, limit, reply } => {
                // A session that ended meanwhile does not need to know.
                let _gone = reply.send(self.recent(session, room.as_ref(), before, limit));
            }
            Request::Reopen { room, after, reply } => {
                self.commit();
                let room = self.core.find(&room);
                let _gone = reply.send(room.and_then(|room| self.logs.after(room, after)));
            }
            Request::Tell { session, word } => self.say(session, word),
            Request::Refuse { session, re, refusal } => {
                self.say(session, Word::Answer(Answer::Refused { re, refusal }));
            }
            Request::Limits(limits) => {
                self.core.set_limits(limits.rooms, limits.crowd);
                self.logs.set_budget(limits.retained_bytes);
            }
            Request::Admin(command, reply) => {
                let report = self.admin(at, command);
                // `chaty admin` may have gone away without waiting.
                let _gone = reply.send(report);
            }
            Request::Names(reply) => {
                let names = self.core.members().map(|member| member.nick.to_string()).collect();
                let _gone = reply.send(names);
            }
            Request::Drain => self.draining = true,
        }
    }

    /// Applies an input and puts its answers in line. Who enters a room by it begins to read
    /// behind `after`.
    fn apply(&mut self, at: Millis, input: Input, after: Option<Seq>) {
        self.core.apply(at, input, &mut self.effects);
        self.make_rooms();
        let replies = std::mem::take(&mut self.effects.replies);
        for Reply { to: session, after: ordinal, answer } in replies {
            match answer {
                Answer::Close(reason, detail) => {
                    self.commit();
                    if reason == CloseReason::Quit {
                        // A last answer that says nothing: what stands before it in the log, the
                        // acks of what was just said above all, is still sent.
                        self.say(session, Word::Notice(Vec::new()));
                    }
                    self.flush_words(session);
                    if let Some(member) = self.members.remove(&session) {
                        member.seat.close(reason, detail);
                    }
                }
                Answer::Entered { re, room, row, alone, fresh } => {
                    let dialect = self.members.get(&session).map(|member| member.dialect);
                    let place = dialect
                        .filter(|_| fresh)
                        .and_then(|dialect| self.place(dialect, room, row.clone(), after));
                    let gap = place.as_ref().filter(|place| place.replay.is_none());
                    let gap = gap.and_then(|place| place.gap);
                    let mut place = place.map(Box::new);
                    let earlier = place.as_mut().map(|place| std::mem::take(&mut place.earlier));
                    let earlier = earlier.unwrap_or_default();
                    let unrecorded = self.legacy.leaves_out(&row.name);
                    let word =
                        Word::Entered { re, room, row, gap, place, earlier, alone, unrecorded };
                    self.put(session, ordinal, word);
                }
                answer => self.put(session, ordinal, Word::Answer(answer)),
            }
        }
    }

    fn refuse(&mut self, session: SessionId, id: Option<MessageId>, event: &str, refusal: Refusal) {
        let re = Some(id.unwrap_or_else(|| event.into()));
        self.say(session, Word::Answer(Answer::Refused { re, refusal }));
    }

    /// Puts a word in a session's line, at the place the rooms have reached.
    fn say(&mut self, session: SessionId, word: Word) {
        self.put(session, self.core.ordinal(), word);
    }

    fn put(&mut self, session: SessionId, after: Ordinal, word: Word) {
        if let Word::Answer(Answer::Refused { refusal, .. }) = &word {
            self.counters.refused(refusal.code());
        }
        if let Some(member) = self.members.get(&session) {
            member.seat.owe(word.weight());
        }
        self.words.push((session, Private { after, word }));
    }

    /// Whether the member of this name has enough to read.
    fn is_full(&self, name: &str) -> bool {
        let member = self.core.named(name).and_then(|member| self.members.get(&member.session));
        member.is_some_and(|member| member.seat.is_full())
    }

    fn deliver(&mut self) {
        for (session, private) in std::mem::take(&mut self.words) {
            self.post(session, private);
        }
    }

    /// Sends what a session is still owed before it is closed.
    fn flush_words(&mut self, session: SessionId) {
        let words = std::mem::take(&mut self.words);
        let (its, others) = words.into_iter().partition(|(to, _)| *to == session);
        self.words = others;
        for (session, private) in its {
            self.post(session, private);
        }
    }

    fn post(&mut self, session: SessionId, private: Private) {
        let Some(member) = self.members.get(&session) else {
            return;
        };
        if member.seat.put(private).is_err() {
            // More than its reader lets it ask for. It tells the room.
            member.seat.close(CloseReason::Lagged, None);
        }
    }
}

#[cfg(test)]
mod tests;
