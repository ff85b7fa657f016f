//! Notices when scripts change: new text, a deleted file. Watches folders, because a watch on a
//! file is lost with the file that an editor replaces. Reads text, and never runs it.

mod file;
mod hints;
#[cfg(test)]
mod tests;

use super::find::is_script;
use file::{Found, Look, Memory};
use hints::{Hint, Hints};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval_at, sleep_until};
use tokio_util::sync::CancellationToken;

/// Quiet time after which a file that is being written is looked at, where the system does not
/// say that the writer has closed it.
const DEBOUNCE: Duration = Duration::from_millis(40);
/// How long a file may be empty or missing before that is taken seriously: editors truncate
/// before they write, and rename before they create.
const PATIENCE: Duration = Duration::from_millis(250);
/// Everything is looked at so often whatever was noticed: network folders say nothing, and a
/// full queue loses hints.
const RESCAN: Duration = Duration::from_secs(2);
/// Changes that may wait to be acted on; the watch waits when there are more.
const CHANGES: usize = 16;

/// What happened to a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// It has this text now. The path is as the user named it.
    Text { path: PathBuf, text: String, noticed: Instant },
    /// It cannot be read.
    Unreadable { path: PathBuf, why: String },
    /// It is gone.
    Gone { path: PathBuf },
    /// Everything there was at the beginning has been told.
    AllSeen,
}

/// What to watch, as the user named it.
#[derive(Debug, Clone, Default)]
pub(super) struct Watched {
    pub folders: Vec<PathBuf>,
    pub files: Vec<PathBuf>,
}

/// The task's state.
struct Watch {
    watched: Watched,
    /// Each watched folder by its absolute path, and as the user named it.
    folders: BTreeMap<PathBuf, PathBuf>,
    files: BTreeMap<PathBuf, Memory>,
    changes: mpsc::Sender<Change>,
    hints: Hints,
}

/// Starts to watch. Gives a task to be spawned, the changes (everything there is comes first), and
/// what is wrong with watching, if anything is: the rescan goes on all the same.
pub(super) fn start(
    watched: Watched,
    cancel: CancellationToken,
) -> (impl Future<Output = ()> + Send, mpsc::Receiver<Change>, Vec<String>) {
    let (changes, received) = mpsc::channel(CHANGES);
    let named = watched.files.iter().map(|file| folder_of(file));
    let folders = named
        .chain(watched.folders.iter().map(PathBuf::as_path))
        .map(|folder| {
            (std::path::absolute(folder).unwrap_or_else(|_| folder.into()), folder.into())
        })
        .collect::<BTreeMap<PathBuf, PathBuf>>();
    let (hints, problems) = Hints::start(folders.keys());
    let watch = Watch { watched, folders, files: BTreeMap::new(), changes, hints };
    let task = async move {
        tokio::select! {
            () = cancel.cancelled() => {}
            () = watch.run() => {}
        }
    };
    (task, received, problems)
}

/// The folder a file is in; `chuck.rhai` is in `.`, not in nothing.
fn folder_of(file: &Path) -> &Path {
    match file.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

impl Watch {
    async fn run(mut self) {
        // Fails when nobody wants to know any more.
        self.follow().await.ok();
    }

    async fn follow(&mut self) -> Result<(), mpsc::error::SendError<Change>> {
        self.rescan().await;
        self.look().await?;
        self.changes.send(Change::AllSeen).await?;
        let mut rescan = interval_at(Instant::now() + RESCAN, RESCAN);
        rescan.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let next = self.files.values().filter_map(|memory| memory.due).min();
            // With nothing due there is nothing to wait for but hints and the rescan.
            let due = next.unwrap_or_else(|| Instant::now() + RESCAN);
            tokio::select! {
                hint = self.hints.next() => self.take(&hint),
                () = sleep_until(due), if next.is_some() => {}
                _ = rescan.tick() => self.rescan().await,
            }
            self.look().await?;
        }
    }

    fn take(&mut self, hint: &Hint) {
        let now = Instant::now();
        match hint {
            Hint::Closed(path) => self.note(path, now, now),
            Hint::Touched(path) => self.note(path, now, now + DEBOUNCE),
            Hint::Lost => {
                for memory in self.files.values_mut() {
                    memory.hint(now, now);
                }
            }
        }
    }

    fn note(&mut self, path: &Path, now: Instant, due: Instant) {
        if let Some(path) = self.as_named(path) {
            self.files.entry(path).or_default().hint(now, due);
        }
    }

    /// The path as the user would name it, if it is one of ours.
    fn as_named(&self, path: &Path) -> Option<PathBuf> {
        let file = path.file_name()?;
        let folder = self.folders.get(path.parent()?)?;
        let path = folder.join(file);
        let in_folder = self.watched.folders.contains(folder) && is_script(&path);
        let named = self.watched.files.iter().find(|named| {
            **named == path || folder_of(named) == folder && named.file_name() == Some(file)
        });
        named.cloned().or(in_folder.then_some(path))
    }

    /// Looks for everything that could be there.
    async fn rescan(&mut self) {
        self.hints.renew();
        let mut paths: BTreeSet<PathBuf> = self.watched.files.iter().cloned().collect();
        for folder in &self.watched.folders {
            let Ok(mut entries) = tokio::fs::read_dir(folder).await else { continue };
            while let Ok(Some(entry)) = entries.next_entry().await {
                let path = folder.join(entry.file_name());
                if is_script(&path) {
                    paths.insert(path);
                }
            }
        }
        paths.extend(self.files.keys().cloned());
        for path in paths {
            let memory = self.files.entry(path.clone()).or_default();
            if memory.due.is_none() && memory.differs(&path).await {
                let now = Instant::now();
                memory.hint(now, now);
            }
        }
    }

    /// Looks at what is due.
    async fn look(&mut self) -> Result<(), mpsc::error::SendError<Change>> {
        let now = Instant::now();
        let mut gone = Vec::new();
        for (path, memory) in &mut self.files {
            if memory.due.is_none_or(|due| due > now) {
                continue;
            }
            let noticed = memory.noticed.unwrap_or(now);
            let change = match memory.look(path).await {
                Look::Same | Look::NotYet => continue,
                Look::New(Found::Text(text)) => Change::Text { path: path.clone(), text, noticed },
                Look::New(Found::Unreadable(why)) => Change::Unreadable { path: path.clone(), why },
                Look::New(Found::Missing) => {
                    // A file that was named may come back; it is remembered as missing.
                    if !self.watched.files.contains(path) {
                        gone.push(path.clone());
                    }
                    Change::Gone { path: path.clone() }
                }
            };
            self.changes.send(change).await?;
        }
        for path in gone {
            self.files.remove(&path);
        }
        Ok(())
    }
}
