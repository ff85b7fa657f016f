//! Follows the rooms' logs for the history: a task that holds a cursor into each, hands what was
//! said to the writer when that is ready, and lets go of what the log does not retain any more
//! while the disk keeps the writer waiting. Encodes nothing and waits for no disk.

use super::db;
use super::error::HistoryError;
use super::follow::{Followed, LOOK, Reopen};
use super::open::OpenFile;
use super::reader::{self, History, Question};
use super::write::Packer;
use super::writer::{Job, State, Work, Writer};
use crate::config::{HistorySettings, HistorySync};
use crate::log::Cursor;
use crate::wire::entry::{Ordinal, Seq};
use crate::wire::room_name::RoomName;
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Rooms that are told of and not followed yet. The task takes them at once; a hub whose rooms
/// are bounded far below never fills this.
const ROOMS: usize = 4096;
/// How long a shutdown waits for a thread to see that it should end: longer than the database waits
/// for a file that others hold.
const THREAD: Duration = Duration::from_secs(15);
/// How long a shutdown waits for a disk that takes nothing.
const CLOSE: Duration = Duration::from_secs(3);
/// Commits are this part of what is promised apart: the rest is for the commit itself.
const NORMAL: u32 = 2;
/// With `sync = full` an acknowledgement waits for the commit: one follows the other more closely.
const FULL: u32 = 10;

/// How far everything is in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Durable {
    /// All entries of recorded rooms up to this place are in the file, or are told to be missing.
    pub upto: Ordinal,
    /// The disk takes nothing at the moment: nobody should wait for it.
    pub suspended: bool,
}

/// Called before each commit, in the writer's thread: how tests hold the disk.
pub type Gate = Arc<dyn Fn() + Send + Sync>;

/// The hub's side: it tells of rooms and that something was said. Nothing of it waits.
#[derive(Debug)]
pub struct Feed {
    rooms: mpsc::Sender<Told>,
    moved: watch::Sender<Ordinal>,
    taken: Arc<AtomicU64>,
    durable: watch::Receiver<Durable>,
}

#[derive(Debug)]
enum Told {
    Room { cursor: Cursor, last: Seq, recorded: bool },
    Gone(RoomName),
}

impl Feed {
    /// There is a room whose last number so far is `last`, with a cursor after it. One that is not
    /// recorded only has its numbers seen to.
    pub fn room(&self, cursor: Cursor, last: Seq, recorded: bool) {
        let told = Told::Room { cursor, last, recorded };
        if let Err(error) = self.rooms.try_send(told) {
            tracing::error!(%error, "a room is not recorded");
        }
    }

    /// Whether one more room can be told of: if not, there should be none for now.
    pub fn takes_rooms(&self) -> bool {
        self.rooms.capacity() > ROOMS / 2
    }

    /// A room ended; what is in its log is still recorded.
    pub fn gone(&self, room: RoomName) {
        if let Err(error) = self.rooms.try_send(Told::Gone(room)) {
            tracing::debug!(%error, "a room that ended is still followed");
        }
    }

    /// Up to where the recorder has what was said: the log need not keep that for it.
    pub fn taken(&self) -> Arc<AtomicU64> {
        self.taken.clone()
    }

    /// How far everything is in the file.
    pub fn durable(&self) -> Durable {
        *self.durable.borrow()
    }

    /// Everything up to here has been appended.
    pub fn moved(&self, upto: Ordinal) {
        self.moved.send_if_modified(|last| std::mem::replace(last, upto) != upto);
    }
}

/// The task.
#[derive(Debug)]
pub struct Recorder {
    told: mpsc::Receiver<Told>,
    moved: watch::Receiver<Ordinal>,
    rooms: HashMap<RoomName, Followed>,
    /// Everything up to here is being handed over …
    target: Ordinal,
    /// … in several batches, of which some have still to come.
    rest: bool,
    /// Everything up to here has been handed over, and the log is told so.
    done: Ordinal,
    taken: Arc<AtomicU64>,
    /// The first number that no unrecorded room has used.
    others: Seq,
    /// A room that is followed no more used numbers that the history does not know of.
    is_unsure: bool,
    jobs: SyncSender<Job>,
    ready: mpsc::Receiver<()>,
    pace: Duration,
    closing: CancellationToken,
}

/// A thread, and how its end is known without waiting for it.
#[derive(Debug)]
struct Thread {
    handle: JoinHandle<()>,
    ended: oneshot::Receiver<()>,
}

impl Thread {
    fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<Self> {
        let (end, ended) = oneshot::channel::<()>();
        let handle = thread::Builder::new().name(name.into()).spawn(move || {
            work();
            drop(end);
        })?;
        Ok(Self { handle, ended })
    }

    /// Waits for its end, unless a disk that does not answer holds it: the process' own end does then.
    async fn join(self) {
        // Nothing is ever sent: it is the end of the thread that ends this.
        match timeout(THREAD, self.ended).await {
            Err(_held) => tracing::error!("the disk does not answer; the history is left as it is"),
            Ok(_ended) => {
                if self.handle.join().is_err() {
                    tracing::error!("a thread of the history died, which is a bug of chaty's");
                }
            }
        }
    }
}

impl Recorder {
    /// Starts to record into an opened file. The tracker's wait ends after
    /// [`History::close`] has been called.
    pub fn start(
        opened: OpenFile,
        settings: &HistorySettings,
        reopen: Reopen,
        gate: Option<Gate>,
        tracker: &TaskTracker,
    ) -> Result<(Feed, History), HistoryError> {
        let store = opened.0;
        let file = store.file().to_owned();
        let key = store.key;
        let reading = db::open_to_read(&file)?;
        let (jobs, taken) = sync_channel(1);
        let (ready_sender, ready) = mpsc::channel(1);
        let (durable_sender, durable) = watch::channel(Durable::default());
        let (questions, asked) = reader::questions();
        let writer = Writer {
            packer: Packer::default(),
            store,
            jobs: taken,
            ready: ready_sender,
            durable: durable_sender,
            gate,
            state: State::default(),
        };
        let failed = |error: io::Error| HistoryError::io(&settings.file, &error);
        let reader = Thread::spawn("history-reader", move || {
            reader::answer(&file, &reading, asked);
        });
        let reader = reader.map_err(failed)?;
        let writer = Thread::spawn("history-writer", move || writer.run()).map_err(failed)?;

        let (told_sender, told) = mpsc::channel(ROOMS);
        let (moved_sender, moved) = watch::channel(Ordinal::default());
        let (closed_sender, closed) = watch::channel(false);
        let closing = CancellationToken::new();
        let taken = Arc::<AtomicU64>::default();
        let pace = match settings.sync {
            HistorySync::Normal => settings.commit / NORMAL,
            HistorySync::Full => settings.commit / FULL,
        };
        let recorder = Self {
            told,
            moved,
            rooms: HashMap::new(),
            target: Ordinal::default(),
            rest: false,
            done: Ordinal::default(),
            taken: taken.clone(),
            others: Seq::default(),
            is_unsure: false,
            jobs,
            ready,
            pace,
            closing: closing.clone(),
        };
        let asking = questions.clone();
        tracker.spawn(async move {
            let mut recorder = recorder;
            let missing = recorder.run(&reopen).await;
            // The reader goes first, so that the writer closes the file for all.
            let _gone = timeout(CLOSE, asking.send(Question::Stop)).await;
            reader.join().await;
            let Self { jobs, others, .. } = recorder;
            // A writer that is gone has said so; one that is busy sees that nobody is left.
            let _gone = jobs.try_send(Job::Close { missing, others });
            drop(jobs);
            writer.join().await;
            closed_sender.send_replace(true);
        });
        let feed =
            Feed { rooms: told_sender, moved: moved_sender, taken, durable: durable.clone() };
        let history = History { questions, durable, closing, closed, key };
        Ok((feed, history))
    }

    /// Records until the end; gives how many entries could not be handed over.
    async fn run(&mut self, reopen: &Reopen) -> u64 {
        let mut next = Instant::now();
        loop {
            if !self.rest && !self.something_was_said().await {
                break self.finish(reopen).await;
            }
            tokio::select! {
                () = sleep_until(next) => {}
                () = self.closing.cancelled() => break self.finish(reopen).await,
            }
            match self.writer_is_ready().await {
                Some(true) => {}
                Some(false) => break self.finish(reopen).await,
                None => break 0,
            }
            let work = self.collect(reopen).await;
            // A full batch is followed at once.
            next = if self.rest { Instant::now() } else { Instant::now() + self.pace };
            if self.jobs.try_send(Job::Write(work)).is_err() {
                break 0;
            }
        }
    }

    /// Hands over what is left; a disk that takes nothing is not waited for for ever. Gives how
    /// many entries it did not take.
    async fn finish(&mut self, reopen: &Reopen) -> u64 {
        let deadline = Instant::now() + CLOSE;
        let mut missing = 0;
        loop {
            let is_ready = matches!(timeout_at(deadline, self.ready.recv()).await, Ok(Some(())));
            let work = self.collect(reopen).await;
            if work.parts.is_empty() && !self.rest {
                // How many those are, nobody knows: at least one.
                let is_unsure = self.is_unsure || self.rooms.values().any(Followed::is_unsure);
                return missing.max(u64::from(is_unsure));
            }
            let entries = work.entries as u64;
            if !is_ready || self.jobs.try_send(Job::Write(work)).is_err() {
                missing += entries;
            }
        }
    }

    /// Whether something was said, or else this is the end.
    async fn something_was_said(&mut self) -> bool {
        tokio::select! {
            moved = self.moved.changed() => moved.is_ok(),
            () = self.closing.cancelled() => false,
        }
    }

    /// Waits for the writer, and holds nothing meanwhile that the logs have let go of. `None` is a
    /// writer that died, `false` the end.
    async fn writer_is_ready(&mut self) -> Option<bool> {
        loop {
            tokio::select! {
                biased;
                ready = self.ready.recv() => return ready.map(|()| true),
                () = self.closing.cancelled() => return Some(false),
                () = sleep_until(Instant::now() + LOOK) => self.let_go(),
            }
        }
    }

    fn let_go(&mut self) {
        self.take_told();
        for followed in self.rooms.values_mut() {
            followed.let_go();
            if !followed.recorded {
                self.others = self.others.max(followed.last.next());
            }
        }
    }

    fn take_told(&mut self) {
        while let Ok(told) = self.told.try_recv() {
            match told {
                Told::Room { cursor, last, recorded } => {
                    let room = self.rooms.entry(cursor.room().clone());
                    let followed = room.or_insert_with(|| Followed::new(last, recorded));
                    followed.gone = false;
                    followed.cursors.push_back(Some(cursor));
                }
                Told::Gone(room) => {
                    if let Some(followed) = self.rooms.get_mut(&room) {
                        followed.gone = true;
                    }
                }
            }
        }
    }

    /// Takes what was said since the last time, or as much of it as a commit takes.
    async fn collect(&mut self, reopen: &Reopen) -> Work {
        if !self.rest {
            // Read before the cursors are: what it counts is in them.
            self.target = *self.moved.borrow_and_update();
        }
        self.take_told();
        let mut work = Work::default();
        self.rest = false;
        let mut ended = Vec::new();
        for (room, followed) in &mut self.rooms {
            if followed.take(room, self.target, reopen, &mut work).await {
                self.rest = true;
            } else if followed.gone {
                ended.push(room.clone());
            }
            if !followed.recorded {
                self.others = self.others.max(followed.last.next());
            }
        }
        for room in ended {
            self.is_unsure |= self.rooms.remove(&room).is_some_and(|room| room.is_unsure());
        }
        if !self.rest {
            self.done = self.target;
            self.taken.store(self.done.0, Ordering::Release);
        }
        work.upto = self.done;
        work.others = self.others;
        work
    }
}
