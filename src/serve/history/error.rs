//! What can go wrong with the file, each in one line that says what to do. Never shows what was
//! said.

use rusqlite::ErrorCode;
use std::io;
use std::path::{Path, PathBuf};

/// Why the history cannot be opened, read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HistoryError {
    #[error(
        "{file} is no history of chaty's; name another file with --history FILE, or keep none with \
         --no-history",
        file = file.display()
    )]
    Foreign { file: PathBuf },
    #[error(
        "the history {file} was written by a newer chaty (its version is {version}, this one knows \
         {known}); update chaty, or name another file with --history FILE",
        file = file.display(), known = super::db::VERSION
    )]
    Newer { file: PathBuf, version: i64 },
    #[error(
        "the history {file} is damaged ({what}); move it aside, with {file}-wal and {file}-shm if \
         there are any, and start again, or name another file with --history FILE, or keep none \
         with --no-history",
        file = file.display()
    )]
    Damaged { file: PathBuf, what: String },
    #[error(
        "the history {file} is in use by another chaty; stop that one first, or name another file \
         with --history FILE",
        file = file.display()
    )]
    InUse { file: PathBuf },
    #[error(
        "the history {file} has {names} names (hard links), by each of which another chaty could \
         write it; copy it instead of linking it, and remove the other names",
        file = file.display()
    )]
    Linked { file: PathBuf, names: u64 },
    #[error("there is no history {file}; name one with --history FILE, or its server's --port", file = file.display())]
    Missing { file: PathBuf },
    #[error(
        "cannot use the history {file}: {what}; make room for it or let it be written, or name \
         another file with --history FILE, or keep none with --no-history",
        file = file.display()
    )]
    Unusable { file: PathBuf, what: String },
    #[error(
        "the history {file} was moved or deleted; put it back, and what waits is written, or start \
         the server anew, and it begins another one",
        file = file.display()
    )]
    Gone { file: PathBuf },
    #[error("the disk did not answer in {} s", super::reader::ANSWER.as_secs())]
    Late,
    /// The server is going down.
    #[error("the history is closed")]
    Closed,
}

impl HistoryError {
    pub(super) fn io(file: &Path, error: &io::Error) -> Self {
        Self::Unusable { file: file.to_owned(), what: error.to_string() }
    }

    pub(super) fn damaged(file: &Path, what: impl Into<String>) -> Self {
        Self::Damaged { file: file.to_owned(), what: what.into() }
    }

    /// What the database said, for whoever has to do something about it.
    pub(super) fn sql(file: &Path, error: &rusqlite::Error) -> Self {
        let file = file.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Foreign { file },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::InUse { file },
            Some(code) if code != ErrorCode::DatabaseCorrupt => {
                Self::Unusable { file, what: line(error) }
            }
            // Or else a table or a value is not what it has to be.
            Some(_) | None => Self::Damaged { file, what: line(error) },
        }
    }
}

/// An error's text in one line.
fn line(error: &rusqlite::Error) -> String {
    error.to_string().lines().collect::<Vec<_>>().join(" ")
}
