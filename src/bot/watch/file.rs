//! One watched file: what was last seen of it, and whether what is there now is worth a change.
//! Reads it; decides nothing about its text.

use super::PATIENCE;
use crate::bot::limits::Limits;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::SystemTime;
use tokio::fs::{self, File};
use tokio::io::AsyncReadExt;
use tokio::time::Instant;

/// What was last seen, and when to look again.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// When to look; not at all if there is no reason to.
    pub due: Option<Instant>,
    /// When the first hint of the change that is due came.
    pub noticed: Option<Instant>,
    /// What was last told, as a hash.
    told: Option<u64>,
    /// How the file looked from outside when it was last read.
    outside: Option<Outside>,
    /// Since when it is empty or missing, which may be an editor at work.
    doubtful: Option<Instant>,
}

type Outside = (Option<SystemTime>, u64);

/// What is there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Found {
    Text(String),
    Unreadable(String),
    Missing,
}

/// What came of looking.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// As before.
    Same,
    /// Look again soon: it may be in the middle of being saved.
    NotYet,
    New(Found),
}

impl Memory {
    /// Something may have happened: look at `due`.
    pub(super) fn hint(&mut self, now: Instant, due: Instant) {
        self.noticed.get_or_insert(now);
        self.due = Some(due);
    }

    /// Whether the file looks different from outside than when it was read.
    pub(super) async fn differs(&self, path: &Path) -> bool {
        self.told.is_none() || outside(path).await != self.outside
    }

    pub(super) async fn look(&mut self, path: &Path) -> Look {
        // Before reading: what changes meanwhile is found by the next rescan.
        let outside = outside(path).await;
        let found = read(path).await;
        let now = Instant::now();
        if matches!(&found, Found::Missing) || found == Found::Text(String::new()) {
            let since = *self.doubtful.get_or_insert(now);
            let known = self.told == Some(hash(&found));
            if !known && now < since + PATIENCE {
                self.due = Some(since + PATIENCE);
                return Look::NotYet;
            }
        } else {
            self.doubtful = None;
        }
        self.due = None;
        self.noticed = None;
        self.outside = outside;
        let told = Some(hash(&found));
        if self.told == told {
            return Look::Same;
        }
        self.told = told;
        Look::New(found)
    }
}

/// When it was written, and how long it is. None if it is not there.
async fn outside(path: &Path) -> Option<Outside> {
    let metadata = fs::metadata(path).await.ok()?;
    Some((metadata.modified().ok(), metadata.len()))
}

async fn read(path: &Path) -> Found {
    match try_read(path).await {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => Found::Text(text),
            Err(_) => Found::Unreadable("it is not UTF-8 text".into()),
        },
        Err(error) if error.kind() == ErrorKind::NotFound => Found::Missing,
        Err(error) => Found::Unreadable(error.to_string()),
    }
}

/// Reads of a file that changes under them; whoever goes on writing is read once more when it
/// closes the file.
const ATTEMPTS: u32 = 5;

/// Reads no more than one byte over what a script may have; the script's own check says the rest.
async fn try_read(path: &Path) -> io::Result<Vec<u8>> {
    // A pipe of that name would be waited for, for ever.
    if !fs::metadata(path).await?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let limit = u64::try_from(Limits::default().source + 1).unwrap_or(u64::MAX);
    let mut bytes = Vec::new();
    for _ in 0..ATTEMPTS {
        let mut file = File::open(path).await?;
        let before = version(&file).await?;
        bytes.clear();
        (&mut file).take(limit).read_to_end(&mut bytes).await?;
        if version(&file).await? == before {
            break;
        }
        // Somebody saved while we read: the beginning of one text and the end of another.
    }
    Ok(bytes)
}

async fn version(file: &File) -> io::Result<(u64, Option<SystemTime>)> {
    let metadata = file.metadata().await?;
    Ok((metadata.len(), metadata.modified().ok()))
}

fn hash(found: &Found) -> u64 {
    let mut hasher = DefaultHasher::new();
    found.hash(&mut hasher);
    hasher.finish()
}
