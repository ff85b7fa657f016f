//! Hints from the operating system that a file may have changed. Hints only: whether it did is
//! found out by looking.

use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use tokio::sync::mpsc;

/// Hints that may wait. When there is no room they are lost, and the rescan makes up for it.
const HINTS: usize = 256;

/// What may have happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hint {
    /// Somebody who wrote it has closed it, or it was renamed into place: it is whole.
    Closed(PathBuf),
    /// Something about it is different, and may not be finished.
    Touched(PathBuf),
    /// The system lost count.
    Lost,
}

/// Watches folders for as long as it lives.
pub(super) struct Hints {
    /// None if the system would not watch at all.
    watcher: Option<RecommendedWatcher>,
    received: mpsc::Receiver<Hint>,
    /// Kept so that waiting for hints never ends, also without a watcher.
    _keep: mpsc::Sender<Hint>,
    /// Which folder of a name is watched: a deleted one takes its watch along.
    folders: BTreeMap<PathBuf, Option<u64>>,
}

impl Hints {
    /// Watches the folders, and says which it cannot.
    pub(super) fn start<'a>(folders: impl Iterator<Item = &'a PathBuf>) -> (Self, Vec<String>) {
        let (sender, received) = mpsc::channel(HINTS);
        let to_us = sender.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            for hint in hints_of(event) {
                // Full, or nobody there: the rescan finds what is lost here.
                to_us.try_send(hint).ok();
            }
        });
        let folders = folders.map(|folder| (folder.clone(), None)).collect();
        let (watcher, mut problems) = match watcher {
            Ok(watcher) => (Some(watcher), Vec::new()),
            Err(error) => (None, vec![slow(&error)]),
        };
        let mut this = Self { watcher, received, _keep: sender, folders };
        problems.extend(this.renew());
        (this, problems)
    }

    /// Watches anew the folders that are other ones by now; says which it cannot watch.
    pub(super) fn renew(&mut self) -> Vec<String> {
        let mut problems = Vec::new();
        let Some(watcher) = &mut self.watcher else { return problems };
        for (folder, watched) in &mut self.folders {
            let here = identity(folder);
            if here.is_some() && here != *watched {
                match watcher.watch(folder, RecursiveMode::NonRecursive) {
                    Ok(()) => {}
                    Err(error) => problems.push(slow(&error)),
                }
            }
            *watched = here;
        }
        problems
    }

    pub(super) async fn next(&mut self) -> Hint {
        self.received.recv().await.unwrap_or(Hint::Lost)
    }
}

fn slow(error: &notify::Error) -> String {
    format!("changes are noticed every two seconds only: {error}")
}

#[cfg(unix)]
fn identity(folder: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(folder).ok().map(|metadata| metadata.ino())
}

#[cfg(not(unix))]
fn identity(folder: &Path) -> Option<u64> {
    fs::metadata(folder).ok().map(|_| 0)
}

fn hints_of(event: notify::Result<Event>) -> Vec<Hint> {
    let Ok(event) = event else { return vec![Hint::Lost] };
    if event.need_rescan() {
        return vec![Hint::Lost];
    }
    let whole = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write))
        | EventKind::Modify(ModifyKind::Name(RenameMode::To | RenameMode::Both)) => true,
        // Our own reading among others.
        EventKind::Access(_) => return Vec::new(),
        _ => false,
    };
    event.paths.into_iter().map(if whole { Hint::Closed } else { Hint::Touched }).collect()
}
