//! The file a bot's `state` is kept in: `.state/NAME.json` beside its script. Written through a
//! temporary file and a rename, so that it is always whole. Decides nothing about what is in it.

use super::diagnostic::Diagnostic;
use serde_json::{Map, Value};
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a change may wait for more before all of them are written: what a killed process
/// loses at the most.
const WINDOW: Duration = Duration::from_millis(200);

/// One bot's file.
#[derive(Debug)]
pub(super) struct Keeper {
    path: PathBuf,
    /// Since when there is something to write.
    changed: Option<Instant>,
}

/// Where the state of the script at `path` is kept.
pub(super) fn state_file(path: &Path) -> PathBuf {
    let folder = path.parent().unwrap_or(Path::new("")).join(".state");
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(".json");
    folder.join(name)
}

impl Keeper {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, changed: None }
    }

    /// What was kept; nothing, if there is no file yet. A file that is damaged is left as it is.
    pub(super) fn read(&self) -> Result<Map<String, Value>, Diagnostic> {
        let wrong = |why: String| {
            let file = self.path.display().to_string();
            Diagnostic::whole(
                &file,
                format!("the bot's state cannot be read: {why}; mend the file or remove it"),
            )
        };
        match fs::read(&self.path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Map::new()),
            Err(error) => Err(wrong(error.to_string())),
        }
    }

    pub(super) fn changed(&mut self) {
        self.changed.get_or_insert_with(Instant::now);
    }

    /// How long the thread may wait for something else to do; with nothing to write, for ever.
    pub(super) fn patience(&self) -> Option<Duration> {
        Some(WINDOW.saturating_sub(self.changed?.elapsed()))
    }

    /// Writes what there is to write.
    pub(super) fn save(&mut self, state: impl FnOnce() -> Map<String, Value>) {
        if self.changed.take().is_none() {
            return;
        }
        if let Err(error) = write(&self.path, &state()) {
            tracing::warn!("{} cannot be written: {error}", self.path.display());
        }
    }
}

fn write(path: &Path, state: &Map<String, Value>) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut text = serde_json::to_vec_pretty(state)?;
    text.push(b'\n');
    let temporary = path.with_extension("json.tmp");
    fs::write(&temporary, text)?;
    fs::rename(temporary, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_what_is_damaged_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = state_file(&home.path().join("chuck.rhai"));
        assert_eq!(path, home.path().join(".state/chuck.json"));
        let mut keeper = Keeper::new(path.clone());
        assert_eq!(keeper.read(), Ok(Map::new()));
        keeper.save(|| panic!("there is nothing to write"));
        assert_eq!(keeper.patience(), None);
        let state = Map::from_iter([("karma".to_owned(), Value::from(3))]);
        keeper.changed();
        assert!(keeper.patience().unwrap() <= WINDOW);
        keeper.save(|| state.clone());
        assert_eq!((keeper.read(), keeper.patience()), (Ok(state), None));
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        fs::write(&path, "{").unwrap();
        let wrong = keeper.read().unwrap_err().to_string();
        assert!(wrong.ends_with("; mend the file or remove it"), "{wrong}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "{");
    }
}
