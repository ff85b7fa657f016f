//! The sidecar of the file, `FILE.mark`: which file it belongs to, and which numbers may have been
//! used that the file does not tell of. It is what makes a copy, a restored backup and a crash
//! different from a clean restart. Knows no database.
//!
//! It is written beside its place, synced, and put there whole. A file that was copied back, alone
//! or with its mark, is not the one that the mark was written for: the inode, its time of birth or
//! the time of its last change tell.

use super::db::beside;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::UNIX_EPOCH;

/// The mark's own version.
const VERSION: u8 = 1;

/// What is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    v: u8,
    /// The history's id.
    pub(super) id: String,
    /// Which opening of it this is.
    pub(super) run: String,
    itself: Node,
    file: Node,
    /// The file as it was closed; nothing as long as it is open, or when that went wrong.
    closed: Option<Rest>,
    /// No room that is not in the file has used more than this number.
    pub(super) others: u64,
    /// Rooms that used many numbers since the file was opened, and the last that each may use.
    pub(super) rooms: BTreeMap<String, u64>,
}

/// A file of the file system, by what a copy of it does not share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Node {
    inode: u64,
    /// Nanoseconds since 1970 when it was made; file systems without that leave it out.
    born: Option<u64>,
}

/// A file at rest: nobody has written it since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Rest {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// What a mark says of the file beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is as it was closed: its own numbers hold.
    Closed,
    /// It is the file that was open when the process or the machine died.
    Open(Mark),
    /// There is no mark, or it is another file's, or an older or newer state of this one.
    Strange,
}

/// What is to be written; the rest is looked up.
#[derive(Debug, Clone, Default)]
pub(super) struct Note {
    pub(super) id: String,
    pub(super) run: String,
    pub(super) others: u64,
    pub(super) rooms: BTreeMap<String, u64>,
}

/// Writes the mark of a file that is open.
pub(super) fn write_open(file: &Path, note: Note) -> io::Result<()> {
    write(file, note, None)
}

/// Writes the mark of a file that nobody has open any more.
pub(super) fn write_closed(file: &Path, note: Note) -> io::Result<()> {
    let rest = Rest::of(&fs::metadata(file)?);
    write(file, note, Some(rest))
}

fn write(file: &Path, note: Note, closed: Option<Rest>) -> io::Result<()> {
    let Note { id, run, others, rooms } = note;
    let (place, new) = (beside(file, ".mark"), beside(file, ".mark.new"));
    // A new inode each time: one that is written over would keep its birth.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Err(_) | Ok(()) => {}
    }
    let mut out = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
    let itself = Node::of(&out.metadata()?);
    let file_node = Node::of(&fs::metadata(file)?);
    let mark = Mark { v: VERSION, id, run, itself, file: file_node, closed, others, rooms };
    out.write_all(&serde_json::to_vec(&mark)?)?;
    out.sync_all()?;
    fs::rename(&new, &place)?;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

/// What the mark says of the file, which nobody has open and whose id and run are these.
pub(super) fn judge(file: &Path, at_rest: &Metadata, id: &str, run: &str) -> Verdict {
    let Some(mark) = read(file) else {
        return Verdict::Strange;
    };
    let is_this = mark.v == VERSION
        && (mark.id.as_str(), mark.run.as_str()) == (id, run)
        && mark.file == Node::of(at_rest);
    match mark.closed {
        _ if !is_this => Verdict::Strange,
        None => Verdict::Open(mark),
        Some(rest) if rest == Rest::of(at_rest) => Verdict::Closed,
        Some(_) => Verdict::Strange,
    }
}

/// The mark that is there, if it is the one that was written there.
fn read(file: &Path) -> Option<Mark> {
    let place = beside(file, ".mark");
    let mark: Mark = serde_json::from_slice(&fs::read(&place).ok()?).ok()?;
    (mark.itself == Node::of(&fs::metadata(&place).ok()?)).then_some(mark)
}

impl Node {
    fn of(meta: &Metadata) -> Self {
        let born = meta.created().ok().and_then(|born| born.duration_since(UNIX_EPOCH).ok());
        let born = born.and_then(|born| u64::try_from(born.as_nanos()).ok());
        Self { inode: meta.ino(), born }
    }
}

impl Rest {
    fn of(meta: &Metadata) -> Self {
        Self {
            size: meta.size(),
            modified: (meta.mtime(), meta.mtime_nsec()),
            changed: (meta.ctime(), meta.ctime_nsec()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    fn note(run: &str) -> Note {
        let rooms = BTreeMap::from([("#ops".to_owned(), 7)]);
        Note { id: "id".into(), run: run.into(), others: 5, rooms }
    }

    fn verdict(file: &Path, run: &str) -> Verdict {
        judge(file, &fs::metadata(file).unwrap(), "id", run)
    }

    fn a_file() -> (tempfile::TempDir, PathBuf) {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("h.db");
        fs::write(&file, "one").unwrap();
        (home, file)
    }

    #[test]
    fn a_closed_file_is_known_again_until_it_is_touched() {
        let (_home, file) = a_file();
        assert_eq!(verdict(&file, "r"), Verdict::Strange);
        write_closed(&file, note("r")).unwrap();
        assert_eq!(verdict(&file, "r"), Verdict::Closed);
        assert_eq!(verdict(&file, "other"), Verdict::Strange);
        fs::write(&file, "two").unwrap();
        assert_eq!(verdict(&file, "r"), Verdict::Strange);
    }

    #[test]
    fn an_open_file_may_be_written_and_not_replaced() {
        let (_home, file) = a_file();
        write_open(&file, note("r")).unwrap();
        fs::write(&file, "grown").unwrap();
        let Verdict::Open(mark) = verdict(&file, "r") else { panic!() };
        assert_eq!((mark.others, mark.rooms.get("#ops")), (5, Some(&7)));
        // A copy in its place is another file.
        let copy = file.with_extension("copy");
        fs::copy(&file, &copy).unwrap();
        fs::rename(&copy, &file).unwrap();
        assert_eq!(verdict(&file, "r"), Verdict::Strange);
    }

    #[test]
    fn a_mark_that_was_copied_back_is_no_mark() {
        let (_home, file) = a_file();
        write_open(&file, note("r")).unwrap();
        let old = fs::read(beside(&file, ".mark")).unwrap();
        write_open(&file, note("r")).unwrap();
        assert!(matches!(verdict(&file, "r"), Verdict::Open(_)));
        // In place: the inode stays, and it is the later mark's.
        fs::write(beside(&file, ".mark"), &old).unwrap();
        assert_eq!(verdict(&file, "r"), Verdict::Strange);
        for broken in [&b""[..], b"{}", b"\xff"] {
            fs::write(beside(&file, ".mark"), broken).unwrap();
            assert_eq!(verdict(&file, "r"), Verdict::Strange);
        }
    }
}
