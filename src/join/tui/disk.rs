//! What the full-screen chat keeps on disk: the lines that were sent, in a file that only its
//! owner can read; and the text on its way through the user's own editor. Decides nothing.

use super::past::REMEMBERED;
use std::env;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Only the owner may read it.
const PRIVATE: u32 = 0o600;

/// Bytes read back: many times what as many ordinary lines need.
const MOST: u64 = 4 * 1024 * 1024;

/// Where the lines are kept: `$XDG_STATE_HOME/chaty/input`, by default under `~/.local/state`.
pub(super) fn input_file() -> Option<PathBuf> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    Some(folder.join("chaty/input"))
}

/// The lines of earlier times, oldest first. A file that is not there has none.
pub(super) fn remembered(path: &Path) -> io::Result<Vec<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    // Each line is a JSON string: a text of several lines is one of them.
    let lines = BufReader::new(file.take(MOST)).lines().map_while(Result::ok);
    let mut lines: Vec<String> =
        lines.filter_map(|line| serde_json::from_str(&line).ok()).collect();
    if lines.len() > 2 * REMEMBERED {
        lines.drain(..lines.len() - REMEMBERED);
        // The file is begun anew before it grows without end.
        fs::remove_file(path)?;
        lines.iter().try_for_each(|line| remember(path, line))?;
    }
    Ok(lines)
}

/// Appends a line.
pub(super) fn remember(path: &Path, line: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    let mut file = OpenOptions::new().create(true).append(true).mode(PRIVATE).open(path)?;
    let mut line = serde_json::to_string(line)?;
    line.push('\n');
    file.write_all(line.as_bytes())
}

/// A file with a text in it, for an editor; removed when dropped.
#[derive(Debug)]
pub(super) struct Draft {
    path: PathBuf,
}

impl Draft {
    pub(super) fn new(text: &str) -> io::Result<Self> {
        let folder = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let folder = folder.filter(|path| path.is_dir()).unwrap_or_else(env::temp_dir);
        let path = folder.join(format!("chaty-{:016x}.txt", rand::random::<u64>()));
        // New, so that nobody has put a link there before.
        let mut file = OpenOptions::new().write(true).create_new(true).mode(PRIVATE).open(&path)?;
        let draft = Self { path };
        file.write_all(text.as_bytes())?;
        Ok(draft)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The text as it is now.
    pub(super) fn text(&self) -> io::Result<String> {
        let mut text = Vec::new();
        File::open(&self.path)?.take(MOST).read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text);
        Ok(text.replace("\r\n", "\n"))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // Gone already is as good.
        fs::remove_file(&self.path).ok();
    }
}

/// The user's editor, as they have named it; words behind it are its arguments.
pub(super) fn editor() -> Vec<String> {
    let named = ["VISUAL", "EDITOR"]
        .iter()
        .find_map(|name| env::var(name).ok().filter(|value| !value.trim().is_empty()));
    let named = named.unwrap_or_else(|| "vi".into());
    named.split_whitespace().map(ToOwned::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn lines_are_kept_in_a_private_file() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("a/chaty/input");
        assert_eq!(remembered(&path).unwrap(), [""; 0]);
        for line in ["one", "two\nlines", "\u{1b}[2J"] {
            remember(&path, line).unwrap();
        }
        assert_eq!(remembered(&path).unwrap(), ["one", "two\nlines", "\u{1b}[2J"]);
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, PRIVATE);
        fs::write(&path, "not json\n\"kept\"\n").unwrap();
        assert_eq!(remembered(&path).unwrap(), ["kept"]);
    }

    #[test]
    fn the_file_does_not_grow_without_end() {
        let temp = tempfile::tempdir().unwrap();
        let path = temp.path().join("input");
        let lines: Vec<String> = (0..=2 * REMEMBERED).map(|n| format!("\"{n}\"\n")).collect();
        fs::write(&path, lines.concat()).unwrap();
        assert_eq!(remembered(&path).unwrap().len(), REMEMBERED);
        assert_eq!(remembered(&path).unwrap().len(), REMEMBERED);
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), REMEMBERED);
    }

    #[test]
    fn a_draft_is_private_and_goes() {
        let draft = Draft::new("hello").unwrap();
        let path = draft.path().to_owned();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, PRIVATE);
        fs::write(&path, "changed\r\n").unwrap();
        assert_eq!(draft.text().unwrap(), "changed\n");
        drop(draft);
        assert!(!path.exists());
    }
}
