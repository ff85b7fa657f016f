//! A hub's part in the history, without a hub: logs, a feed, and what is said in them.

use crate::config::HistorySettings;
use crate::log::Log;
use crate::serve::history::{Feed, Gate, History, HistoryError, OpenFile, Recorder, Remembered};
use crate::wire::entry::{Chat, Entry, Event, Kind, Millis, Ordinal, Seq, SessionId};
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use crate::wire::text::Text;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_util::task::TaskTracker;

/// What the rig's logs retain: little enough to fall out of.
pub(super) const RETAINED: usize = 4 << 20;

pub(super) fn settings(file: &Path) -> HistorySettings {
    let commit = Duration::from_millis(1);
    HistorySettings { commit, ..HistorySettings::new(file.to_owned()) }
}

pub(super) fn room(name: &str) -> RoomName {
    RoomName::parse(name).unwrap()
}

/// What is said: somebody says a text.
pub(super) fn chat(text: &str) -> Event {
    Event::Chat(Chat {
        from: Nick::parse(b"Neo").unwrap(),
        kind: Kind::User,
        emote: false,
        text: Text::clean(text.as_bytes()).unwrap(),
        cause: None,
        hops: 0,
        id: None,
        owner: None,
    })
}

pub(super) fn text(entry: &Entry) -> &str {
    match &entry.event {
        Event::Chat(chat) => &chat.text,
        other => panic!("{other:?}"),
    }
}

type Logs = Arc<Mutex<BTreeMap<RoomName, Log>>>;

/// A running history with its logs.
#[derive(Debug)]
pub(super) struct Rig {
    pub(super) history: History,
    pub(super) opened: Remembered,
    unrecorded: Vec<RoomName>,
    feed: Feed,
    logs: Logs,
    ordinal: Ordinal,
    retained: usize,
    clock: u64,
    tracker: TaskTracker,
}

impl Rig {
    #[track_caller]
    pub(super) fn open(settings: &HistorySettings) -> Self {
        Self::try_open(settings, None).unwrap()
    }

    pub(super) fn try_open(
        settings: &HistorySettings,
        gate: Option<Gate>,
    ) -> Result<Self, HistoryError> {
        let (file, opened) = OpenFile::open(settings)?;
        let logs = Logs::default();
        let tracker = TaskTracker::new();
        let reopened = logs.clone();
        let reopen = Arc::new(move |room: RoomName, after: Seq| {
            let cursor = reopened.lock().unwrap().get(&room).map(|log| log.after(after).0);
            Box::pin(async move { cursor }) as _
        });
        let (feed, history) = Recorder::start(file, settings, reopen, gate, &tracker)?;
        Ok(Self {
            history,
            opened,
            unrecorded: settings.unrecorded.clone(),
            feed,
            logs,
            ordinal: Ordinal(0),
            retained: 0,
            clock: 1_700_000_000_000,
            tracker,
        })
    }

    /// One turn in one room; gives the numbers.
    pub(super) fn say(&mut self, room: &RoomName, events: Vec<Event>) -> Vec<u64> {
        let mut logs = self.logs.lock().unwrap();
        let log = logs.entry(room.clone()).or_insert_with(|| {
            let log = Log::new(room.clone(), self.opened.numbers.first(room));
            let recorded = !self.unrecorded.contains(room);
            self.feed.room(log.after(log.tail().seq).0, log.tail().seq, recorded);
            log
        });
        let mut entries = Vec::new();
        for event in events {
            self.ordinal = self.ordinal.next();
            self.clock += 1;
            entries.push(Entry {
                seq: Seq(log.tail().seq.0 + 1 + entries.len() as u64),
                ordinal: self.ordinal,
                at: Millis(self.clock),
                author: SessionId(1),
                event,
            });
        }
        let numbers = entries.iter().map(|entry| entry.seq.0).collect();
        self.retained += log.append(entries);
        while self.retained > RETAINED {
            self.retained -= log.evict();
        }
        self.feed.moved(self.ordinal);
        numbers
    }

    /// Waits until everything said is in the file.
    pub(super) async fn recorded(&self) {
        let mut durable = self.history.durable();
        durable.wait_for(|durable| durable.upto >= self.ordinal).await.unwrap();
    }

    /// The end of a server that is not killed.
    pub(super) async fn close(self) {
        self.history.close().await;
        self.tracker.close();
        self.tracker.wait().await;
    }
}
