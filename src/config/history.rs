//! Settings of the history: where its file is, what an acknowledgement waits for, and how much is
//! kept. Makes no folder and opens no file.

use crate::wire::room_name::RoomName;
use std::env;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How the server records what is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistorySettings {
    pub file: PathBuf,
    pub sync: HistorySync,
    pub keep: Keep,
    /// Rooms of which nothing is ever written.
    pub unrecorded: Vec<RoomName>,
    /// The longest that what is said waits for its commit.
    pub commit: Duration,
    /// Lines of the past shown to who comes in with a client that cannot ask for them.
    pub lines: usize,
}

/// What a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HistorySync {
    /// The kernel has it: it outlives the process, not a power cut.
    #[default]
    Normal,
    /// The disk has it.
    Full,
}

/// How much is kept. The oldest goes first, in every room alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Bytes of the file. A GiB is some seven million messages, and small beside any disk.
    pub bytes: u64,
    /// Days since it was said.
    pub days: Option<u64>,
    /// Entries in all rooms together.
    pub messages: Option<u64>,
}

impl Default for Keep {
    fn default() -> Self {
        Self { bytes: 1 << 30, days: None, messages: None }
    }
}

/// Half a small terminal.
const LINES: usize = 10;

/// What is promised of a commit: what was said is in the file after so long.
const COMMIT: Duration = Duration::from_millis(50);

/// What the flags and the config file say of the history, before it is known which port it is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recording {
    /// Nothing is recorded.
    pub off: bool,
    /// Where, if not in the data folder.
    pub file: Option<PathBuf>,
    pub sync: HistorySync,
    pub keep: Keep,
    pub unrecorded: Vec<RoomName>,
    pub lines: Option<usize>,
}

/// There is no folder for the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "there is no home folder to keep the history in; name a file with --history FILE, or --no-history"
)]
pub struct NoHome;

impl Recording {
    /// What a server that listens at `HOST:PORT` records, if anything. A port that is another one
    /// each time has no history unless a file is named: nobody would find it again.
    pub fn settings(&self, listen: &str) -> Result<Option<HistorySettings>, NoHome> {
        if self.off {
            return Ok(None);
        }
        let port = listen.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(0);
        let file = match &self.file {
            Some(file) => file.clone(),
            None if port == 0 => return Ok(None),
            None => history_file(port).ok_or(NoHome)?,
        };
        let mut settings = HistorySettings::new(file);
        settings.sync = self.sync;
        settings.keep = self.keep;
        settings.unrecorded.clone_from(&self.unrecorded);
        settings.lines = self.lines.unwrap_or(settings.lines);
        Ok(Some(settings))
    }
}

impl HistorySettings {
    /// The defaults, in this file.
    pub fn new(file: PathBuf) -> Self {
        Self {
            file,
            sync: HistorySync::default(),
            keep: Keep::default(),
            unrecorded: Vec::new(),
            commit: COMMIT,
            lines: LINES,
        }
    }
}

/// The history of the server on this port: `$XDG_DATA_HOME/chaty/history-PORT.db`, or in
/// `~/.local/share/chaty` where there is no such variable; `None` where there is no home either.
pub fn history_file(port: u16) -> Option<PathBuf> {
    let named = |name| env::var_os(name).map(PathBuf::from);
    Some(data_folder(named("XDG_DATA_HOME"), named("HOME"))?.join(format!("history-{port}.db")))
}

fn data_folder(data: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let absolute = |path: Option<PathBuf>| path.filter(|path| path.is_absolute());
    let data = absolute(data).or_else(|| Some(absolute(home)?.join(".local/share")))?;
    Some(data.join(Path::new("chaty")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_in_the_data_folder_or_at_home() {
        let data = |data: Option<&str>, home: Option<&str>| {
            data_folder(data.map(PathBuf::from), home.map(PathBuf::from))
        };
        assert_eq!(data(Some("/data"), Some("/home/neo")), Some("/data/chaty".into()));
        let at_home = Some("/home/neo/.local/share/chaty".into());
        assert_eq!(data(None, Some("/home/neo")), at_home);
        assert_eq!(data(Some("relative"), Some("/home/neo")), at_home);
        assert_eq!(data(None, Some("")), None);
        assert_eq!(data(None, None), None);
    }
}
