//! Puts the hub and the history together at the start: what the file knows goes into the hub, and
//! from then on the recorder follows what the hub appends.

use super::history::{Feed, Gate, History, HistoryError, OpenFile, Recorder, Remembered, Reopen};
use super::hub::{Hub, HubHandle, LOOKED_THROUGH, Legacy};
use super::metrics::Counters;
use crate::config::{HistorySettings, Limits};
use crate::wire::entry::{Entry, Event};
use std::sync::Arc;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// A hub that goes on where the file ends, and is recorded. Tests hold the disk with a gate.
pub(super) async fn begin(
    settings: &HistorySettings,
    limits: &Limits,
    counters: Arc<Counters>,
    shutdown: &CancellationToken,
    gate: Option<Gate>,
) -> Result<(Hub, HubHandle), HistoryError> {
    let (file, remembered) = open(settings.clone()).await?;
    let legacy = Legacy::of(remembered, settings, limits.rooms);
    let rooms = if settings.lines == 0 { Vec::new() } else { legacy.rooms() };
    let (mut hub, mut handle) = Hub::new(limits, counters, shutdown.clone(), legacy);
    let (feed, history) = follow(file, settings, &handle, gate)?;
    for room in rooms {
        let page = history.before(&room, None, LOOKED_THROUGH, None).await?;
        let is_said = |entry: &Entry| matches!(entry.event, Event::Chat(_));
        let said = page.entries.into_iter().filter(is_said).collect();
        hub.said_before(room, said);
    }
    hub.record(feed);
    hub.take_up();
    handle.keep(history, settings.sync);
    Ok((hub, handle))
}

/// Opening may have to wait for the disk, and to read a journal.
async fn open(settings: HistorySettings) -> Result<(OpenFile, Remembered), HistoryError> {
    let opened = spawn_blocking(move || OpenFile::open(&settings)).await;
    opened.unwrap_or(Err(HistoryError::Closed))
}

fn follow(
    file: OpenFile,
    settings: &HistorySettings,
    hub: &HubHandle,
    gate: Option<Gate>,
) -> Result<(Feed, History), HistoryError> {
    let hub = hub.clone();
    let reopen: Reopen = Arc::new(move |room, after| {
        let hub = hub.clone();
        Box::pin(async move { hub.reopen(room, after).await.map(|(cursor, _gap)| cursor) })
    });
    // Not among the sessions: it ends after them, by being closed.
    Recorder::start(file, settings, reopen, gate, &TaskTracker::new())
}
