//! Runs the bots of some files and folders until it is told to stop: one member for each script,
//! more and fewer as the files come and go. Reads no script itself.

use super::find::bot_name;
use super::keeper::state_file;
use super::limits::Limits;
use super::member::{Edits, House, Member, Order, State};
use super::notice::{self, Notice, Report};
use super::script::{LoadOptions, STACK, Script};
use super::watch::{self, Change, Watched};
use crate::client::Retry;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch as channel;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long all goodbyes together may take.
const GOODBYES: Duration = Duration::from_secs(3);

/// What `chaty bot` and `chaty join bot` are told.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Script files and folders of them. A folder is watched for new and deleted scripts too.
    pub paths: Vec<PathBuf>,
    /// `HOST:PORT`.
    pub server: String,
    /// Under a server: wait for it however long it takes, and end when standard input does.
    pub supervised: bool,
    /// Makes what the bots draw repeatable; each bot's own name is mixed in.
    pub seed: Option<u64>,
    /// The log is for programs: diagnostics are events of it, too.
    pub as_json: bool,
}

/// Why the bots ended, or could not begin. One line each, which says what to do.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    #[error("there is no {}: name a script, or a folder of scripts", .0.display())]
    Missing(PathBuf),
    #[error("{} cannot be read: {why}", .path.display())]
    Unreadable { path: PathBuf, why: io::Error },
    /// Its diagnostic was shown.
    #[error("{} does not work yet: mend it and start again", .0.display())]
    Broken(PathBuf),
    #[error("{name}: {why}")]
    Out { name: String, why: String },
    #[error("cannot start a thread for {name}: {why}")]
    Thread { name: String, why: io::Error },
}

/// Runs the bots until `shutdown`, or until none of them can be in the room. Returns once every
/// bot has left it. What there is to tell goes to the log, and diagnostics are printed among its lines.
pub async fn run(
    options: RunOptions,
    shutdown: impl Future<Output = ()>,
    print: impl Fn(&str) + Send + Sync + 'static,
) -> Result<(), RunError> {
    let report = notice::to_log(options.as_json, print);
    run_telling(options, shutdown, report).await
}

/// As [`run`], with somebody else to tell.
pub async fn run_telling(
    options: RunOptions,
    shutdown: impl Future<Output = ()>,
    report: Arc<dyn Fn(Notice) + Send + Sync>,
) -> Result<(), RunError> {
    let mut watched = sort(&options)?;
    let seed = options.seed.unwrap_or_else(rand::random);
    for file in &watched.files {
        check(file, &report)?;
    }
    let stop = CancellationToken::new();
    if options.supervised {
        end_with_stdin(stop.clone());
    }
    let libs = libs_of(&watched);
    watched.folders.extend(libs.iter().cloned());
    let mut bots = Bots::new(options, seed, libs, report);
    let (watching, mut changes, problems) = watch::start(watched, bots.leave.clone());
    for problem in problems {
        (bots.house.report)(Notice::Warning(problem));
    }
    bots.house.tracker.spawn(watching);
    let mut shutdown = std::pin::pin!(shutdown);
    let result = loop {
        tokio::select! {
            () = &mut shutdown => break Ok(()),
            () = stop.cancelled() => break Ok(()),
            Some(change) = changes.recv() => if let Err(error) = bots.follow(change) {
                break Err(error);
            },
            () = bots.changed() => if let Some(error) = bots.nobody_left() {
                break Err(error);
            },
        }
    };
    bots.leave().await;
    result
}

/// The folders that the scripts import from; one that was named is a folder of bots.
fn libs_of(watched: &Watched) -> BTreeSet<PathBuf> {
    let beside = watched.files.iter().map(|file| lib_of(file));
    let inside = watched.folders.iter().map(|folder| folder.join("lib"));
    beside.chain(inside).filter(|lib| !watched.folders.contains(lib)).collect()
}

/// Tells files from folders.
fn sort(options: &RunOptions) -> Result<Watched, RunError> {
    let mut watched = Watched::default();
    for path in &options.paths {
        if path.is_dir() {
            watched.folders.push(path.clone());
        } else if path.exists() {
            watched.files.push(path.clone());
        } else {
            return Err(RunError::Missing(path.clone()));
        }
    }
    Ok(watched)
}

/// A script that is named and broken from the start is an error at once; in a folder it is one
/// bot of several, and waits.
fn check(file: &Path, report: &Report) -> Result<(), RunError> {
    let unreadable = |why| RunError::Unreadable { path: file.to_owned(), why };
    let mut text = String::new();
    // One byte more than a script may have, so that the script's own check says what is wrong.
    let limit = u64::try_from(Limits::default().source + 1).unwrap_or(u64::MAX);
    std::fs::File::open(file)
        .and_then(|file| file.take(limit).read_to_string(&mut text))
        .map_err(unreadable)?;
    let options = LoadOptions {
        file: file.display().to_string(),
        name: bot_name(file).unwrap_or_default(),
        seed: 0,
        limits: Limits::default(),
        lib: Some(lib_of(file)),
        extend: None,
    };
    let load = move || Script::load(&text, &options).map(drop);
    let loaded =
        std::thread::Builder::new().stack_size(STACK).spawn(load).map_err(unreadable)?.join();
    match loaded {
        Ok(Ok(())) => Ok(()),
        Ok(Err(diagnostic)) => {
            report(Notice::Wrong(diagnostic));
            Err(RunError::Broken(file.to_owned()))
        }
        Err(_panic) => Err(RunError::Broken(file.to_owned())),
    }
}

/// Where the scripts beside this one import from.
fn lib_of(script: &Path) -> PathBuf {
    script.parent().unwrap_or(Path::new("")).join("lib")
}

/// A server that dies takes its end of our standard input along, however it dies.
fn end_with_stdin(stop: CancellationToken) {
    // Reading blocks, and cannot be cut short: a task of the runtime would hold up its end.
    let wait = move || {
        io::copy(&mut io::stdin().lock(), &mut io::sink()).ok();
        stop.cancel();
    };
    // Without the thread the bots outlive the server for a while, and find nobody to talk to.
    std::thread::Builder::new().name("stdin".into()).spawn(wait).ok();
}

/// All the bots there are.
struct Bots {
    house: House,
    supervised: bool,
    seed: u64,
    /// Every script there was at the beginning has its member.
    all_seen: bool,
    /// Folders of files that are no bots: those of one are loaded anew with what they import.
    libs: BTreeSet<PathBuf>,
    /// How often each file in them was found changed.
    edits: Edits,
    members: BTreeMap<PathBuf, Handle>,
    leave: CancellationToken,
    /// Wakes the runner when a member's state changes.
    woken: Arc<tokio::sync::Notify>,
}

/// A member's task. Dropping it is how a bot whose file is gone learns of it.
struct Handle {
    orders: channel::Sender<Order>,
    state: channel::Receiver<State>,
}

impl Bots {
    fn new(options: RunOptions, seed: u64, libs: BTreeSet<PathBuf>, report: Report) -> Self {
        let retry = if options.supervised { Retry::Always } else { Retry::AfterFirst };
        Self {
            house: House { server: options.server, retry, report, tracker: TaskTracker::new() },
            supervised: options.supervised,
            seed,
            all_seen: false,
            libs,
            edits: Edits::new(),
            members: BTreeMap::new(),
            leave: CancellationToken::new(),
            woken: Arc::default(),
        }
    }

    fn follow(&mut self, change: Change) -> Result<(), RunError> {
        if let Change::Text { path, .. } | Change::Unreadable { path, .. } | Change::Gone { path } =
            &change
            && path.parent().is_some_and(|folder| self.libs.contains(folder))
        {
            self.imported(path);
            return Ok(());
        }
        let (path, order) = match change {
            Change::Text { path, text, noticed } => {
                (path, Order::Run { text, noticed, edits: self.edits.clone() })
            }
            Change::Unreadable { path, why } => (path, Order::Unreadable { why }),
            Change::Gone { path } => {
                self.members.remove(&path);
                return Ok(());
            }
            Change::AllSeen => {
                self.all_seen = true;
                self.woken.notify_one();
                return Ok(());
            }
        };
        match self.members.get(&path) {
            Some(member) => {
                member.orders.send_replace(order);
                Ok(())
            }
            None => self.begin(path, order),
        }
    }

    /// Something that scripts import is another one now: whoever has it loads it.
    fn imported(&mut self, library: &Path) {
        if !self.all_seen {
            return; // they have only just been read
        }
        *self.edits.entry(library.to_owned()).or_default() += 1;
        for (script, member) in &self.members {
            if library.parent() != Some(lib_of(script).as_path()) {
                continue;
            }
            member.orders.send_modify(|order| {
                if let Order::Run { noticed, edits, .. } = order {
                    *noticed = Instant::now();
                    edits.clone_from(&self.edits);
                }
            });
        }
    }

    fn begin(&mut self, path: PathBuf, order: Order) -> Result<(), RunError> {
        let file = path.display().to_string();
        let name = bot_name(&path).unwrap_or_else(|| file.clone());
        let options = LoadOptions {
            file,
            seed: mixed(self.seed, &name),
            name: name.clone(),
            limits: Limits::default(),
            lib: Some(lib_of(&path)),
            extend: None,
        };
        let member = Member::new(self.house.clone(), options, state_file(&path))
            .map_err(|why| RunError::Thread { name, why })?;
        let (orders, received) = channel::channel(order);
        let (states, state) = channel::channel(State::Fine);
        let mut watched = state.clone();
        let (leave, woken) = (self.leave.clone(), self.woken.clone());
        self.house.tracker.spawn(member.run(received, states, leave));
        self.house.tracker.spawn(async move {
            while watched.changed().await.is_ok() {
                woken.notify_one();
            }
        });
        self.members.insert(path, Handle { orders, state });
        Ok(())
    }

    async fn changed(&self) {
        self.woken.notified().await;
    }

    /// With every bot out of the room, and nobody to start the server again, there is nothing to
    /// run for: the reason why the first of them is out.
    fn nobody_left(&self) -> Option<RunError> {
        // Bots that have not begun yet may do better.
        if self.supervised || !self.all_seen {
            return None;
        }
        let mut first = None;
        for member in self.members.values() {
            match &*member.state.borrow() {
                State::Fine => return None,
                State::Out { name, why } => {
                    let out = || RunError::Out { name: name.clone(), why: why.to_string() };
                    first = first.or_else(|| Some(out()));
                }
            }
        }
        first
    }

    /// Everybody says goodbye.
    async fn leave(self) {
        self.leave.cancel();
        self.house.tracker.close();
        // Who has not left by then is cut off with the process.
        timeout(GOODBYES, self.house.tracker.wait()).await.ok();
    }
}

/// A seed of its own for every bot, the same for the same name (FNV-1a).
fn mixed(seed: u64, name: &str) -> u64 {
    name.bytes().fold(seed ^ 0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
