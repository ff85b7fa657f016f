//! The hub: the one task that owns the room and its log. It drains its inbox in turns, applies
//! each input, appends what came of a turn as one chunk, and publishes the new tail once. It does
//! nothing per member in a turn, waits for nobody, and knows no socket.

mod bots;
mod handle;
mod report;

pub use handle::HubHandle;
pub(super) use handle::{Admission, Enter, Request, ResumeAt};

use super::closer::Closer;
use super::session::{Mailbox, Past, Private, Word};
use super::stats::{self, Counters};
use crate::config::Limits;
use crate::log::{Cursor, Gap, Log, Tail};
use crate::room::{Answer, Effects, Input, Refusal, Reply, Room};
use crate::wire::Dialect;
use crate::wire::close::CloseReason;
use crate::wire::entry::{Entry, Event, Millis, Seq, SessionId};
use crate::wire::room_name::RoomName;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Requests the hub holds before senders wait. Each is at most what one read of 32 KiB said, in at
/// most 512 messages of 100 bytes and their text: 10 MiB in all.
const INBOX: usize = 128;
/// Entries after which a turn begins another chunk, so that what is retained can be let go of in
/// pieces small beside the budget: of the shortest messages about 2 MiB, by their weight.
const CHUNK: usize = 4096;
/// How long joins and leaves of a crowd are gathered before they are told.
const FOLD: Duration = Duration::from_secs(1);

/// What the hub keeps of a session to answer it.
#[derive(Debug)]
struct Member {
    dialect: Dialect,
    addr: SocketAddr,
    mailbox: Mailbox,
    closer: Closer,
    position: Arc<AtomicU64>,
}

#[derive(Debug)]
pub(super) struct Hub {
    room: Room,
    log: Log,
    members: HashMap<SessionId, Member>,
    tail: watch::Sender<Tail>,
    inbox: mpsc::Receiver<Request>,
    epoch: Arc<str>,
    counters: Arc<Counters>,
    started: Instant,
    /// Cancelled by the administrator's `shutdown`.
    shutdown: CancellationToken,
    effects: Effects,
    /// Admissions of this turn: their cursors exist once the turn is appended.
    entering: Vec<Entering>,
    /// Answers of this turn, in order: they are sent once the turn is appended.
    words: Vec<(SessionId, Private)>,
    draining: bool,
}

#[derive(Debug)]
struct Entering {
    session: SessionId,
    seq: Seq,
    members: usize,
    position: Arc<AtomicU64>,
    resume: Option<ResumeAt>,
    reply: oneshot::Sender<Result<Admission, Refusal>>,
}

impl Hub {
    pub(super) fn new(
        limits: &Limits,
        counters: Arc<Counters>,
        shutdown: CancellationToken,
    ) -> (Self, HubHandle) {
        let (sender, inbox) = mpsc::channel(INBOX);
        let (tail, tail_receiver) = watch::channel(Tail::default());
        let epoch: Arc<str> = format!("{:016x}", rand::random::<u64>()).into();
        let handle = HubHandle {
            inbox: sender,
            tail: tail_receiver,
            gate: Arc::default(),
            epoch: epoch.clone(),
        };
        let hub = Self {
            room: Room::new(limits.crowd),
            log: Log::new(RoomName::lobby(), limits.retained_bytes),
            members: HashMap::new(),
            tail,
            inbox,
            epoch,
            counters,
            started: Instant::now(),
            shutdown,
            effects: Effects::default(),
            entering: Vec::new(),
            words: Vec::new(),
            draining: false,
        };
        (hub, handle)
    }

    /// Works in turns until it is drained.
    pub(super) async fn run(mut self) {
        let mut requests = Vec::with_capacity(INBOX);
        let mut fold = None;
        while !self.draining {
            if self.room.wants_tick() {
                fold.get_or_insert_with(|| Instant::now() + FOLD);
            }
            tokio::select! {
                biased;
                () = sleep_until(fold.unwrap_or_else(Instant::now)), if fold.is_some() => {
                    fold = None;
                    requests.push(Request::Input(Input::Tick));
                }
                taken = self.inbox.recv_many(&mut requests, INBOX) => if taken == 0 { break },
            }
            self.turn(&mut requests);
            // Readers and writers go first: what they bring meanwhile is one turn, not many.
            yield_now().await;
        }
        self.inbox.close();
        for (_, member) in self.members.drain() {
            member.closer.close(CloseReason::Shutdown, None);
        }
    }

    fn turn(&mut self, requests: &mut Vec<Request>) {
        let at = now();
        for request in requests.drain(..) {
            if let Some((session, questions)) = request.questions()
                && let Some(member) = self.members.get(&session)
            {
                member.mailbox.heard(questions);
            }
            self.take(at, request);
            if self.effects.entries.len() >= CHUNK {
                self.commit();
            }
        }
        stats::add(&self.counters.turns, 1);
        self.commit();
        self.let_in();
        self.deliver();
        self.tail.send_if_modified(|tail| {
            let moved = *tail != self.log.tail();
            *tail = self.log.tail();
            moved
        });
    }

    /// Appends what the turn has brought so far.
    fn commit(&mut self) {
        let entries = std::mem::take(&mut self.effects.entries);
        if !entries.is_empty() {
            let is_chat = |entry: &&Entry| matches!(entry.event, Event::Chat(_));
            stats::add(&self.counters.messages, entries.iter().filter(is_chat).count());
            self.log.append(entries);
        }
    }

    fn take(&mut self, at: Millis, request: Request) {
        match request {
            Request::Enter(enter) => self.enter(at, enter),
            Request::Input(Input::Whisper { session, to, id, .. }) if self.is_full(&to) => {
                let re = Some(id.unwrap_or_else(|| "whisper".into()));
                let refusal = Refusal::Unread(to);
                self.say(session, Word::Answer(Answer::Refused { re, refusal }));
            }
            Request::Input(input) => self.apply(at, input),
            Request::Rename { session, to, reply } => {
                self.apply(at, Input::Rename { session, to });
                let renamed = self.words.iter().any(|(to, private)| {
                    *to == session && matches!(private.word, Word::Answer(Answer::Renamed { .. }))
                });
                // A session that ended meanwhile does not need to know.
                let _gone = reply.send(renamed);
            }
            Request::Rooms { session } => {
                let members = self.room.members().count();
                let line = format!("{}: {members} here", RoomName::lobby());
                self.say(session, Word::Notice(vec![line]));
            }
            Request::Bots { session } => {
                let lines = self.bots();
                self.say(session, Word::Notice(lines));
            }
            Request::Why { session, seq } => {
                let lines = self.why(seq);
                self.say(session, Word::Notice(lines));
            }
            Request::History { session, id: re, before, limit } => {
                // What was said before the question belongs to the answer.
                self.commit();
                let (cursor, count, more) = self.log.last(limit, before);
                self.say(session, Word::History(Past { re, cursor, count, more }));
            }
            Request::Tell { session, word } => self.say(session, word),
            Request::Refuse { session, re, refusal } => {
                self.say(session, Word::Answer(Answer::Refused { re, refusal }));
            }
            Request::Admin(command, reply) => {
                let report = self.admin(at, command);
                // `chaty admin` may have gone away without waiting.
                let _gone = reply.send(report);
            }
            Request::Names(reply) => {
                let names = self.room.members().map(|member| member.nick.to_string()).collect();
                let _gone = reply.send(names);
            }
            Request::Drain => self.draining = true,
        }
    }

    /// Applies an input and puts its answers in line.
    fn apply(&mut self, at: Millis, input: Input) {
        self.room.apply(at, input, &mut self.effects);
        let replies = std::mem::take(&mut self.effects.replies);
        for Reply { to: session, after, answer } in replies {
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
                        member.closer.close(reason, detail);
                    }
                }
                answer => self.put(session, after, Word::Answer(answer)),
            }
        }
    }

    fn enter(&mut self, at: Millis, enter: Enter) {
        let Enter { join, dialect, addr, resume, mailbox, closer, reply } = enter;
        let session = join.session;
        self.apply(at, Input::Join(join));
        // The door's answer is the last of a join, and goes to the door.
        match self.words.pop().map(|(_, private)| private.word) {
            Some(Word::Answer(Answer::Admitted { seq, members })) => {
                let position = Arc::new(AtomicU64::new(seq.0));
                let member = Member { dialect, addr, mailbox, closer, position: position.clone() };
                self.members.insert(session, member);
                self.entering.push(Entering { session, seq, members, position, resume, reply });
            }
            Some(Word::Answer(Answer::NotAdmitted(refusal))) => {
                self.counters.refused(refusal.code());
                let _gone = reply.send(Err(refusal));
            }
            _ => {}
        }
    }

    /// Puts a word in a session's line, at the place the room has reached.
    fn say(&mut self, session: SessionId, word: Word) {
        let after = self.effects.entries.last().map_or(self.log.tail().seq, |entry| entry.seq);
        self.put(session, after, word);
    }

    fn put(&mut self, session: SessionId, after: Seq, word: Word) {
        if let Word::Answer(Answer::Refused { refusal, .. }) = &word {
            self.counters.refused(refusal.code());
        }
        if let Some(member) = self.members.get(&session) {
            member.mailbox.owe();
        }
        self.words.push((session, Private { after, word }));
    }

    /// Whether the member of this name has enough to read.
    fn is_full(&self, name: &str) -> bool {
        let member = self.room.named(name).and_then(|member| self.members.get(&member.session));
        member.is_some_and(|member| member.mailbox.is_full())
    }

    fn let_in(&mut self) {
        for entering in std::mem::take(&mut self.entering) {
            // Also who was kicked in this very turn: its closer knows, and its writer says why.
            let Entering { session, seq, members, position, resume, reply } = entering;
            let (cursor, gap) = self.place(seq, resume);
            let admission = Admission { seq, members, cursor, gap, position };
            if reply.send(Ok(admission)).is_err() {
                // It left while it stood in the door; its leave is a turn of its own.
                let leave = Input::Leave { session, reason: CloseReason::Lost };
                self.apply(now(), leave);
            }
        }
        // A leave from the door appends; rare enough to cost a chunk of its own.
        self.commit();
    }

    /// Where a new member begins to read: after its own join, or where it left off.
    fn place(&self, joined: Seq, resume: Option<ResumeAt>) -> (Cursor, Option<Gap>) {
        match resume {
            None => (self.log.after(joined).0, None),
            // Nobody has seen what is still to come.
            Some(at) if at.epoch.as_deref().is_none_or(|epoch| *epoch == *self.epoch) => {
                self.log.after(at.after.min(joined))
            }
            Some(_) => {
                // Another log's numbers: all of this one is news, and what the other still had
                // is not to be had here.
                let (cursor, gap) = self.log.after(Seq(0));
                (cursor, gap.or(Some(Gap { after: Seq(0), before: Seq(1) })))
            }
        }
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
        if member.mailbox.put(private).is_err() {
            // More than its reader lets it ask for. It tells the room.
            member.closer.close(CloseReason::Lagged, None);
        }
    }
}

/// The server's clock. Only for people and records: every wait is measured by a steady clock.
fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
