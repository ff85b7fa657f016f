//! One bot in the room: its connection, its script's thread, and the file it follows. Everything
//! happens one after the other here, so that a new version takes over between two events.

mod clock;
mod rooms;
mod versions;
mod voice;

use super::events::happening;
use super::notice::{Notice, Report};
use super::repeats::Repeats;
use super::script::LoadOptions;
use super::stage::{Note, Outcome, Stats};
use super::worker::{Answer, Task, Worker};
use crate::client::{self, Closed, Event, Handle, Retry};
use crate::wire::entry::Kind;
use crate::wire::native::ServerEvent;
use clock::Clock;
use std::collections::BTreeMap;
use std::mem::Discriminant;
use std::path::PathBuf;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use versions::{Running, Tried};

/// How long a goodbye may take: the server has only to read it.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long the same refusal is not told again.
const REFUSALS: Duration = Duration::from_mins(1);

/// Milliseconds in which news for `/bots` are gathered before they are told.
const ABOUT: u64 = 2_000;

/// How often each file of a library was found changed.
pub(super) type Edits = BTreeMap<PathBuf, u64>;

/// The file's state, as the watch found it; the last one counts.
#[derive(Debug, Clone)]
pub(super) enum Order {
    Run {
        text: String,
        noticed: Instant,
        /// What has become of the files it may import.
        edits: Edits,
    },
    Unreadable {
        why: String,
    },
}

/// How a bot is, for whoever runs it.
#[derive(Debug, Clone)]
pub(super) enum State {
    /// It is on its way, in the room, or waits for a version that works.
    Fine,
    /// It is out until its script is saved again.
    Out { name: String, why: Closed },
}

/// What all bots of a process have in common.
#[derive(Clone)]
pub(super) struct House {
    pub server: String,
    pub retry: Retry,
    pub report: Report,
    pub tracker: TaskTracker,
}

/// One bot.
pub(super) struct Member {
    house: House,
    /// The file as the user named it.
    file: String,
    /// What the bot is called if it does not say.
    default_name: String,
    worker: Worker,
    clock: Clock,
    /// When the bot has something to do of its own accord.
    due: Option<u64>,
    /// What it did so far, and when the server is told.
    stats: Stats,
    tell_at: Option<u64>,
    running: Option<Running>,
    tried: Option<Tried>,
    /// When a state that could not be read is looked at again.
    look_at: Option<u64>,
    link: Option<Link>,
    repeats: Repeats,
    /// The last refusal that was told, and when: a muted bot is refused at every message.
    refused: Option<(String, Instant)>,
    /// When a kind of note was last told, and how many were not since.
    notes: Vec<(Discriminant<Note>, Instant, usize)>,
    /// Lines that found no room on their way out, since the last that did.
    dropped: usize,
}

/// A connection.
struct Link {
    handle: Handle,
    events: mpsc::Receiver<Event>,
    /// Per room: up to here it is history, which is not answered.
    past: BTreeMap<String, u64>,
}

impl Member {
    pub(super) fn new(house: House, options: LoadOptions, state: PathBuf) -> std::io::Result<Self> {
        let (file, default_name) = (options.file.clone(), options.name.clone());
        Ok(Self {
            worker: Worker::start(options, state)?,
            house,
            file,
            default_name,
            clock: Clock::default(),
            due: None,
            stats: Stats::default(),
            tell_at: None,
            running: None,
            tried: None,
            look_at: None,
            link: None,
            repeats: Repeats::default(),
            refused: None,
            notes: Vec::new(),
            dropped: 0,
        })
    }

    /// Lives until it is told to leave, or until nobody holds the orders: its file is gone.
    pub(super) async fn run(
        mut self,
        mut orders: watch::Receiver<Order>,
        states: watch::Sender<State>,
        leave: CancellationToken,
    ) {
        orders.mark_changed();
        loop {
            tokio::select! {
                biased; // to leave comes first, then a new version, then what is said
                () = leave.cancelled() => return self.goodbye().await,
                changed = orders.changed() => {
                    if changed.is_err() {
                        break;
                    }
                    let order = orders.borrow_and_update().clone();
                    self.follow(order).await;
                    if self.link.is_some() {
                        states.send_replace(State::Fine);
                    }
                }
                () = self.clock.at(self.due) => {
                    let answer = self.worker.ask(Task::Advance, self.clock.now()).await;
                    self.settle(answer).await;
                }
                () = self.clock.at(self.tell_at) => self.tell_about().await,
                () = self.clock.at(self.look_at) => self.try_again().await,
                event = next(&mut self.link) => {
                    if let Some(why) = self.take(event).await {
                        states.send_replace(State::Out { name: self.name(), why });
                    }
                }
            }
        }
        let (name, file) = (self.name(), self.file.clone());
        let report = self.house.report.clone();
        self.goodbye().await;
        report(Notice::Left { name, file });
    }

    fn name(&self) -> String {
        match &self.running {
            Some(running) => running.loaded.name.to_string(),
            None => self.default_name.clone(),
        }
    }

    fn connect(&mut self) {
        let Some(running) = &self.running else { return };
        let options = client::Options {
            server: self.house.server.clone(),
            nick: running.loaded.name.clone(),
            kind: Kind::Bot,
            rooms: running.loaded.rooms.clone(),
            after: None,
            retry: self.house.retry,
        };
        // The handle's drop ends the connection; a cancelled one could not say goodbye.
        let (handle, events) =
            client::connect(options, &self.house.tracker, CancellationToken::new());
        self.link = Some(Link { handle, events, past: BTreeMap::new() });
    }

    /// Acts on what the connection says; gives the reason if that was its end.
    async fn take(&mut self, event: Option<Event>) -> Option<Closed> {
        let name = self.name();
        let report = &self.house.report;
        match event {
            Some(Event::Online { welcome, .. }) => {
                report(Notice::Online { name });
                self.arrive(&welcome);
                self.move_to_rooms().await;
                self.ask_who().await;
                self.tell_about().await;
            }
            Some(Event::Server(ServerEvent::Refused(refused))) => {
                self.refused(refused.text.into_owned());
            }
            Some(Event::Server(ServerEvent::Crowd(crowd))) => self.ask_who_in(&crowd.room).await,
            Some(Event::Server(ServerEvent::Entered(entered))) => {
                self.entered(&entered.state);
                self.part_others().await;
                self.ask_who_in(&entered.state.room).await;
            }
            Some(Event::Server(ServerEvent::Parted(parted))) => self.parted(&parted.room),
            Some(Event::Server(event)) => self.hear(event).await,
            Some(Event::Offline { why, retry_in }) => {
                report(Notice::Offline { name, why, retry_in });
            }
            Some(Event::Closed { why }) => {
                self.link = None;
                report(Notice::Out { name, why: why.to_string() });
                return Some(why);
            }
            None => self.link = None,
        }
        None
    }

    /// Tells of a refusal, the same one once a minute.
    fn refused(&mut self, why: String) {
        let told = |(text, at): &(String, Instant)| *text == why && at.elapsed() < REFUSALS;
        if !self.refused.as_ref().is_some_and(told) {
            let text = format!("{} was refused: {why}", self.name());
            (self.house.report)(Notice::Warning(text));
            self.refused = Some((why, Instant::now()));
        }
    }

    async fn hear(&mut self, event: ServerEvent<'static>) {
        let (Some(running), Some(link)) = (&self.running, &self.link) else { return };
        let now = self.clock.now();
        let Some((happening, place)) = happening(event) else { return };
        if let Some((room, seq)) = place
            && link.past.get(&room).is_some_and(|past| seq <= *past)
        {
            return; // replayed: it happened while nobody was listening
        }
        if running.loaded.ears.notice(&happening, now) {
            let answer = self.worker.ask(Task::Act(happening), now).await;
            self.settle(answer).await;
        }
    }

    /// Does what came of a call, and tells what there is to tell.
    async fn settle(&mut self, answer: Answer) {
        let Answer { outcome, due, stats } = answer;
        self.due = due;
        if stats != self.stats {
            self.stats = stats;
            self.tell_at.get_or_insert(self.clock.now() + ABOUT);
        }
        let Outcome { actions, log, error, notes, .. } = outcome;
        for line in log {
            (self.house.report)(Notice::Log { name: self.name(), line });
        }
        if let Some(diagnostic) = error
            && let Some(diagnostic) = self.repeats.admit(diagnostic, Instant::now())
        {
            (self.house.report)(Notice::Wrong(diagnostic));
        }
        for note in notes {
            self.note(&note);
        }
        for action in actions {
            self.act(action).await;
        }
    }

    async fn goodbye(mut self) {
        let answer = self.worker.ask(Task::Leave, self.clock.now()).await;
        self.settle(answer).await;
        if let Some(link) = self.link.take() {
            link.close().await;
        }
    }
}

impl Link {
    /// Says goodbye, and waits for the end.
    async fn close(mut self) {
        let end = async {
            self.handle.quit().await;
            while let Some(event) = self.events.recv().await {
                if matches!(event, Event::Closed { .. }) {
                    break;
                }
            }
        };
        // A server that does not listen is left without a goodbye.
        timeout(GOODBYE, end).await.ok();
    }
}

/// A file's name without its folders.
fn short(file: &str) -> &str {
    file.rsplit(['/', std::path::MAIN_SEPARATOR]).next().unwrap_or(file)
}

/// The next event of a connection; without one, never.
async fn next(link: &mut Option<Link>) -> Option<Event> {
    match link {
        Some(link) => link.events.recv().await,
        None => std::future::pending().await,
    }
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member").field("file", &self.file).finish_non_exhaustive()
    }
}
