//! One bot in the room: its connection, its script's thread, and the file it follows. Everything
//! happens one after the other here, so that a new version takes over between two events.

use super::diagnostic::Diagnostic;
use super::host::Action;
use super::limits::Limits;
use super::message::Message;
use super::notice::{Notice, Report};
use super::repeats::Repeats;
use super::script::LoadOptions;
use super::worker::{Loaded, Worker};
use crate::client::{self, Closed, Event, Handle, Retry};
use crate::wire::entry::Kind;
use crate::wire::native::{Chat, Say, ServerEvent, Welcome};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a goodbye may take: the server has only to read it.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long the same refusal is not told again.
const REFUSALS: Duration = Duration::from_mins(1);

/// The file's state, as the watch found it; the last one counts.
#[derive(Debug, Clone)]
pub(super) enum Order {
    Run { text: String, noticed: Instant },
    Unreadable { why: String },
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
    pub limits: Limits,
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
    seed: u64,
    worker: Worker,
    running: Option<Running>,
    link: Option<Link>,
    repeats: Repeats,
    /// The last refusal that was told, and when: a muted bot is refused at every message.
    refused: Option<(String, Instant)>,
    /// Lines that found no room on their way out, since the last that did.
    dropped: usize,
}

/// The version that runs.
struct Running {
    loaded: Loaded,
    /// The time of day it was loaded, for the diagnostics of the ones that are not.
    since: String,
}

/// A connection.
struct Link {
    handle: Handle,
    events: mpsc::Receiver<Event>,
    /// Per room: up to here it is history, which is not answered.
    past: BTreeMap<String, u64>,
}

impl Member {
    pub(super) fn new(
        house: House,
        file: String,
        name: String,
        seed: u64,
    ) -> std::io::Result<Self> {
        Ok(Self {
            worker: Worker::start(&name)?,
            house,
            file,
            default_name: name,
            seed,
            running: None,
            link: None,
            repeats: Repeats::default(),
            refused: None,
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

    async fn follow(&mut self, order: Order) {
        match order {
            Order::Run { text, noticed } => self.load(text, noticed).await,
            Order::Unreadable { why } => {
                self.wrong(Diagnostic::whole(&self.file, format!("cannot be read: {why}")));
            }
        }
    }

    async fn load(&mut self, text: String, noticed: Instant) {
        let options = LoadOptions {
            file: self.file.clone(),
            name: self.default_name.clone(),
            seed: self.seed,
            limits: self.house.limits.clone(),
        };
        let loaded = match self.worker.load(text, options).await {
            Ok(loaded) => loaded,
            Err(diagnostic) => return self.wrong(diagnostic),
        };
        self.repeats.clear();
        let since = time_of_day();
        let before = self.running.replace(Running { loaded, since });
        let renamed =
            before.as_ref().is_some_and(|before| before.loaded.name.to_string() != self.name());
        if before.is_some() {
            let file = self.short_file();
            (self.house.report)(Notice::Reloaded { file, took: noticed.elapsed() });
        }
        if renamed && let Some(link) = self.link.take() {
            link.close().await;
        }
        if self.link.is_none() {
            self.connect();
        }
    }

    fn connect(&mut self) {
        let Some(running) = &self.running else { return };
        let options = client::Options {
            server: self.house.server.clone(),
            nick: running.loaded.name.clone(),
            kind: Kind::Bot,
            after: None,
            retry: self.house.retry,
        };
        // The handle's drop ends the connection; a cancelled one could not say goodbye.
        let (handle, events) =
            client::connect(options, &self.house.tracker, CancellationToken::new());
        self.link = Some(Link { handle, events, past: BTreeMap::new() });
    }

    /// A finding about a version that does not run, with what runs instead.
    fn wrong(&self, diagnostic: Diagnostic) {
        let note = match &self.running {
            Some(running) => format!("still running the version loaded at {}", running.since),
            None => "waiting for a version that works".to_owned(),
        };
        (self.house.report)(Notice::Wrong(diagnostic.noting(note)));
    }

    fn short_file(&self) -> String {
        self.file.rsplit(['/', std::path::MAIN_SEPARATOR]).next().unwrap_or(&self.file).to_owned()
    }

    /// Acts on what the connection says; gives the reason if that was its end.
    async fn take(&mut self, event: Option<Event>) -> Option<Closed> {
        let name = self.name();
        let report = &self.house.report;
        match event {
            Some(Event::Online { welcome, .. }) => {
                report(Notice::Online { name });
                self.arrive(&welcome);
            }
            Some(Event::Server(ServerEvent::Chat(chat))) => self.hear(chat).await,
            Some(Event::Server(ServerEvent::Refused(refused))) => {
                self.refused(refused.text.into_owned());
            }
            Some(Event::Server(_)) => {}
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

    fn arrive(&mut self, welcome: &Welcome<'_>) {
        if let Some(link) = &mut self.link {
            let past =
                |room: &crate::wire::native::RoomState<'_>| (room.room.to_string(), room.seq);
            link.past = welcome.rooms.iter().map(past).collect();
        }
    }

    async fn hear(&mut self, chat: Chat<'static>) {
        let (Some(running), Some(link)) = (&self.running, &self.link) else { return };
        if link.past.get(&*chat.room).is_some_and(|past| chat.seq <= *past) {
            return; // replayed: it was said while nobody was listening
        }
        let (seq, room) = (chat.seq, chat.room.to_string());
        let Some(heard) = running.loaded.hearing.hear(&message(chat)) else { return };
        let outcome = self.worker.handle(heard).await;
        for line in outcome.log {
            (self.house.report)(Notice::Log { name: self.name(), line });
        }
        if let Some(diagnostic) = outcome.error
            && let Some(diagnostic) = self.repeats.admit(diagnostic, Instant::now())
        {
            (self.house.report)(Notice::Wrong(diagnostic));
        }
        for action in outcome.actions {
            self.act(action, &room, seq).await;
        }
    }

    /// Says a line. It never waits: acks come between the events, which would wait for us. What
    /// finds no room is dropped, because an answer that is a minute late answers nothing.
    async fn act(&mut self, action: Action, room: &str, cause: u64) {
        let Some(link) = &self.link else { return };
        let Action::Say { text, emote } = action;
        let say = Say {
            id: None,
            room: Some(room.to_owned()),
            text: text.to_string(),
            emote,
            cause: Some(cause),
        };
        if link.handle.is_full() {
            self.dropped += 1;
        } else if link.handle.say(say).await.is_ok() && self.dropped > 0 {
            let (dropped, name) = (std::mem::take(&mut self.dropped), self.name());
            let text = format!("{dropped} lines of {name} found no room and were dropped");
            (self.house.report)(Notice::Warning(text));
        }
    }

    async fn goodbye(mut self) {
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

/// The next event of a connection; without one, never.
async fn next(link: &mut Option<Link>) -> Option<Event> {
    match link {
        Some(link) => link.events.recv().await,
        None => std::future::pending().await,
    }
}

/// Now, where the author is.
fn time_of_day() -> String {
    let now = TimeZone::system().to_datetime(Timestamp::now());
    format!("{:02}:{:02}:{:02}", now.hour(), now.minute(), now.second())
}

fn message(chat: Chat<'static>) -> Message {
    Message {
        seq: chat.seq,
        room: chat.room.into_owned(),
        from: chat.from.into_owned(),
        kind: chat.kind,
        text: chat.text.into_owned(),
        emote: chat.emote,
        hops: chat.hops,
        at: chat.at,
    }
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member").field("file", &self.file).finish_non_exhaustive()
    }
}
