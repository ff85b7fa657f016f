//! The thread a bot's script lives on: a stack of its own, one job at a time. Knows no connection;
//! who asks waits for the answer, so that events and reloads come one after the other.

use super::diagnostic::Diagnostic;
use super::hearing::Hearing;
use super::message::Heard;
use super::script::{LoadOptions, Outcome, STACK, Script};
use crate::wire::nick::Nick;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use tokio::sync::{mpsc, oneshot};

/// Speaks to the thread, which ends when this is dropped.
#[derive(Debug)]
pub(super) struct Worker {
    jobs: mpsc::Sender<Job>,
}

/// What is known of a version once it is loaded.
#[derive(Debug, Clone)]
pub(super) struct Loaded {
    pub name: Nick,
    pub hearing: Arc<Hearing>,
}

enum Job {
    Load(String, Box<LoadOptions>, oneshot::Sender<Result<Loaded, Diagnostic>>),
    Handle(Heard, oneshot::Sender<Outcome>),
}

impl Worker {
    /// Starts the thread; the name is for debuggers.
    pub(super) fn start(name: &str) -> io::Result<Self> {
        // One job: whoever sends it waits for its answer before the next.
        let (jobs, received) = mpsc::channel(1);
        thread::Builder::new()
            .name(format!("bot {name}"))
            .stack_size(STACK)
            .spawn(move || work(received))?;
        Ok(Self { jobs })
    }

    /// Loads a version and, if it is a good one, lets it take over between two events.
    pub(super) async fn load(
        &self,
        source: String,
        options: LoadOptions,
    ) -> Result<Loaded, Diagnostic> {
        let file = options.file.clone();
        let (reply, answer) = oneshot::channel();
        let job = Job::Load(source, Box::new(options), reply);
        let gone = || Diagnostic::whole(&file, "the bot's thread is gone");
        self.jobs.send(job).await.map_err(|_gone| gone())?;
        answer.await.map_err(|_gone| gone())?
    }

    /// What the version that runs does about a message.
    pub(super) async fn handle(&self, heard: Heard) -> Outcome {
        let (reply, answer) = oneshot::channel();
        match self.jobs.send(Job::Handle(heard, reply)).await {
            Ok(()) => answer.await.unwrap_or_default(),
            Err(_gone) => Outcome::default(),
        }
    }
}

fn work(mut jobs: mpsc::Receiver<Job>) {
    let mut current: Option<Script> = None;
    let mut file = String::new();
    while let Some(job) = jobs.blocking_recv() {
        match job {
            Job::Load(source, options, reply) => {
                file.clone_from(&options.file);
                let result = load(&source, &options, &mut current);
                // Whoever asked may have left meanwhile.
                reply.send(result).ok();
            }
            Job::Handle(heard, reply) => {
                let answer = || current.as_ref().map(|script| script.handle(&heard));
                // The interpreter has places it says cannot be reached. A script that gets there
                // costs its author an answer, not everybody their bots.
                let outcome = catch_unwind(AssertUnwindSafe(answer)).unwrap_or_else(|_panic| {
                    Some(Outcome { error: Some(broke(&file)), ..Outcome::default() })
                });
                reply.send(outcome.unwrap_or_default()).ok();
            }
        }
    }
}

fn load(
    source: &str,
    options: &LoadOptions,
    current: &mut Option<Script>,
) -> Result<Loaded, Diagnostic> {
    let mut script = catch_unwind(|| Script::load(source, options))
        .unwrap_or_else(|_panic| Err(broke(&options.file)))?;
    if let Some(before) = current {
        script.continue_from(before);
    }
    let loaded = Loaded { name: script.name().clone(), hearing: script.hearing() };
    *current = Some(script);
    Ok(loaded)
}

fn broke(file: &str) -> Diagnostic {
    Diagnostic::whole(file, "the interpreter itself failed at this script")
}
