//! The thread a bot lives on: a stack of its own, one job at a time, and the file its `state` is
//! kept in. Knows no connection; who asks waits for the answer, so that events and reloads come
//! one after the other.

use super::diagnostic::Diagnostic;
use super::keeper::Keeper;
use super::script::{LoadOptions, STACK};
use super::stage::{Ears, Event, Outcome, Stage, StageOptions, Stats};
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use tokio::sync::oneshot;

/// Speaks to the thread, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Worker {
    file: String,
    jobs: SyncSender<Job>,
}

/// What is known of a version once it is loaded.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    pub name: Nick,
    pub ears: Ears,
    pub owner: Option<String>,
    /// Where it goes; into the lobby, if nowhere.
    pub rooms: Vec<RoomName>,
    /// It asks who is in the room.
    pub asks_who: bool,
    /// What it answers to, for people.
    pub answers: Vec<String>,
    /// The files it imports.
    pub imports: Vec<PathBuf>,
}

/// What came of a job.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub outcome: Outcome,
    /// When the bot has something to do of its own accord.
    pub due: Option<u64>,
    pub stats: Stats,
}

/// Why a version does not run.
#[derive(Debug)]
pub(super) enum Unloaded {
    /// It does not work.
    Script(Diagnostic),
    /// What the bot keeps cannot be read; of the version nothing is known.
    State(Diagnostic),
}

impl From<Diagnostic> for Unloaded {
    fn from(diagnostic: Diagnostic) -> Self {
        Self::Script(diagnostic)
    }
}

/// What is asked of the thread.
#[derive(Debug)]
pub(super) enum Task {
    Act(Event),
    Advance,
    Leave,
}

enum Job {
    Load(String, u64, oneshot::Sender<Result<(Loaded, Answer), Unloaded>>),
    Do(Task, u64, oneshot::Sender<Answer>),
}

impl Worker {
    /// Starts the thread; `state` is the file for what the script keeps.
    pub(super) fn start(options: LoadOptions, state: PathBuf) -> io::Result<Self> {
        let file = options.file.clone();
        // One job: whoever sends it waits for its answer before the next.
        let (jobs, received) = sync_channel(1);
        thread::Builder::new().name(format!("bot {}", options.name)).stack_size(STACK).spawn(
            move || Bench { options, keeper: Keeper::new(state), stage: None }.work(&received),
        )?;
        Ok(Self { file, jobs })
    }

    /// Loads a version and, if it is a good one, lets it take over between two events.
    pub(super) async fn load(
        &self,
        source: String,
        now: u64,
    ) -> Result<(Loaded, Answer), Unloaded> {
        let gone = || Diagnostic::whole(&self.file, "the bot's thread is gone");
        let (reply, answer) = oneshot::channel();
        self.jobs.try_send(Job::Load(source, now, reply)).map_err(|_gone| gone())?;
        answer.await.map_err(|_gone| gone())?
    }

    /// What the version that runs does.
    pub(super) async fn ask(&self, task: Task, now: u64) -> Answer {
        let (reply, answer) = oneshot::channel();
        match self.jobs.try_send(Job::Do(task, now, reply)) {
            Ok(()) => answer.await.unwrap_or_default(),
            Err(_gone) => Answer::default(),
        }
    }
}

/// The thread's own things.
struct Bench {
    options: LoadOptions,
    keeper: Keeper,
    stage: Option<Stage>,
}

impl Bench {
    fn work(mut self, jobs: &Receiver<Job>) {
        loop {
            let job = match self.keeper.patience() {
                None => jobs.recv().map_err(|_gone| RecvTimeoutError::Disconnected),
                Some(patience) => jobs.recv_timeout(patience),
            };
            match job {
                Ok(Job::Load(source, now, reply)) => {
                    let result = self.load(&source, now);
                    // Whoever asked may have left meanwhile.
                    reply.send(result).ok();
                }
                Ok(Job::Do(task, now, reply)) => {
                    let leaving = matches!(task, Task::Leave);
                    let answer = self.run(&task, now);
                    if leaving {
                        self.save();
                    }
                    reply.send(answer).ok();
                }
                Err(RecvTimeoutError::Timeout) => self.save(),
                Err(RecvTimeoutError::Disconnected) => break self.save(),
            }
        }
    }

    fn load(&mut self, source: &str, now: u64) -> Result<(Loaded, Answer), Unloaded> {
        if self.stage.is_none() {
            let state = self.keeper.read().map_err(Unloaded::State)?;
            let load = self.options.clone();
            self.stage = Some(Stage::new(StageOptions { load, state, manners: true }));
        }
        let broke = || Diagnostic::whole(&self.options.file, BROKE);
        let stage = self.stage.as_mut().ok_or_else(broke)?;
        let load = AssertUnwindSafe(|| stage.load(source, now));
        let outcome = catch_unwind(load).unwrap_or_else(|_panic| Err(broke()))?;
        let (script, ears) = stage.script().zip(stage.ears()).ok_or_else(broke)?;
        let loaded = Loaded {
            name: script.name().clone(),
            ears,
            owner: script.owner().map(str::to_owned),
            rooms: script.declaration().rooms.clone(),
            asks_who: script.asks_who(),
            answers: script.answers(),
            imports: script.imports(),
        };
        Ok((loaded, self.answer(outcome)))
    }

    fn run(&mut self, task: &Task, now: u64) -> Answer {
        let Some(stage) = &mut self.stage else { return Answer::default() };
        let work = || match task {
            Task::Act(event) => stage.act(event, now),
            Task::Advance => stage.advance(now).unwrap_or_default(),
            Task::Leave => stage.leave(now),
        };
        // The interpreter has places it says cannot be reached. A script that gets there costs its
        // author an answer, not everybody their bots.
        let outcome = catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_panic| {
            let error = Some(Diagnostic::whole(&self.options.file, BROKE));
            Outcome { error, ..Outcome::default() }
        });
        self.answer(outcome)
    }

    fn answer(&mut self, outcome: Outcome) -> Answer {
        if outcome.stored {
            self.keeper.changed();
        }
        let stage = self.stage.as_ref();
        Answer {
            outcome,
            due: stage.and_then(Stage::next_due),
            stats: stage.map(Stage::stats).unwrap_or_default(),
        }
    }

    fn save(&mut self) {
        if let Some(stage) = &self.stage {
            self.keeper.save(|| stage.state());
        }
    }
}

const BROKE: &str = "the interpreter itself failed at this script";
