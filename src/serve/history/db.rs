//! The database file: its tables, who may open it, and how it is made safe to write. Knows no
//! entry and no number.

use super::error::HistoryError;
use crate::config::HistorySync;
use rusqlite::{Connection, OpenFlags, OptionalExtension, Params, Row, Transaction};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// `chat` in ASCII: what the file is, in its header.
const APPLICATION: i64 = 0x6368_6174;
/// Of the tables below.
pub(super) const VERSION: i64 = 1;
/// A page of a quiet room's commit is written whole: as small as most disks' own.
const PAGE: u32 = 4096;
/// Pages after which the write-ahead log goes into the file: 16 MiB, so that a busy second costs
/// two waits for the disk and not ten.
const CHECKPOINT: u32 = 4096;
/// How long a statement waits for another process (`chaty history …`) to let go of the file.
const PATIENCE: Duration = Duration::from_secs(2);
/// Statements kept prepared: more than there are in the house.
const STATEMENTS: usize = 64;

/// `text` holds words as [`Words`](super::words::Words) makes them, already folded, with one space
/// between two: the tokenizer only parts them. The index alone is kept, as the text is in the
/// segments.
const TABLES: &str = "
    CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE rooms (
        id INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        next INTEGER NOT NULL,
        gone INTEGER NOT NULL DEFAULT 0,
        topic TEXT
    ) STRICT;
    CREATE TABLE segments (
        id INTEGER PRIMARY KEY,
        room INTEGER NOT NULL,
        first INTEGER NOT NULL,
        last INTEGER NOT NULL,
        count INTEGER NOT NULL,
        last_at INTEGER NOT NULL,
        size INTEGER NOT NULL,
        blob BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX by_place ON segments (room, first, last, count, size);
    CREATE INDEX by_age ON segments (last_at);
    CREATE TABLE backlog (segment INTEGER PRIMARY KEY) STRICT;
    CREATE TABLE holes (
        room INTEGER NOT NULL,
        after INTEGER NOT NULL,
        before INTEGER NOT NULL,
        PRIMARY KEY (room, after)
    ) STRICT, WITHOUT ROWID;
    CREATE VIRTUAL TABLE words USING fts5 (
        text, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii'
    );
";

/// Only its owner may read what was said.
const PRIVATE: u32 = 0o600;

/// Keeps every other chaty from writing the same file, as long as it lives.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

impl Lock {
    /// Takes the file's lock, beside it as the file itself is the database's to lock.
    pub(super) fn take(file: &Path) -> Result<Self, HistoryError> {
        let failed = |error: &io::Error| HistoryError::io(file, error);
        let mut options = OpenOptions::new();
        let options = options.create(true).truncate(false).write(true).mode(PRIVATE);
        let lock = options.open(beside(file, ".lock")).map_err(|error| failed(&error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _file: lock }),
            Err(TryLockError::WouldBlock) => Err(HistoryError::InUse { file: file.to_owned() }),
            Err(TryLockError::Error(error)) => Err(failed(&error)),
        }
    }
}

/// The file's name with more behind it: its own, where a link leads to it. By that name alone, two
/// servers know that they have the same one.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let file = fs::canonicalize(file).unwrap_or_else(|_not_there_yet| file.to_owned());
    let mut name = file.into_os_string();
    name.push(suffix);
    name.into()
}

/// Makes the folder of the file, for its owner alone, if it is not there.
pub(super) fn make_folder(file: &Path) -> Result<(), HistoryError> {
    let Some(folder) = file.parent().filter(|folder| !folder.as_os_str().is_empty()) else {
        return Ok(());
    };
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .map_err(|error| HistoryError::io(file, &error))
}

/// Opens the file to write it, and makes it if there is none. Whoever calls holds its lock.
pub(super) fn open_to_write(file: &Path, sync: HistorySync) -> Result<Connection, HistoryError> {
    // Made here, so that nobody else can read it from its first byte; the log beside it takes
    // over the file's mode.
    match OpenOptions::new().create_new(true).write(true).mode(PRIVATE).open(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(HistoryError::io(file, &error));
        }
        Err(_) | Ok(_) => {}
    }
    check_is_file(file)?;
    let connection = open(file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    // Looked at before anything is changed: it may be somebody else's.
    let is_new = !check_version(file, &connection)?;
    prepare(&connection, sync)
        .and_then(|()| if is_new { create(&connection) } else { Ok(()) })
        .map_err(|error| HistoryError::sql(file, &error))?;
    Ok(connection)
}

/// Opens the file to read it, also while a server writes it.
pub(super) fn open_to_read(file: &Path) -> Result<Connection, HistoryError> {
    if !file.exists() {
        return Err(HistoryError::Missing { file: file.to_owned() });
    }
    check_is_file(file)?;
    let connection = open(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    if check_version(file, &connection)? {
        Ok(connection)
    } else {
        Err(HistoryError::Foreign { file: file.to_owned() })
    }
}

fn check_is_file(file: &Path) -> Result<(), HistoryError> {
    let meta = fs::metadata(file).map_err(|error| HistoryError::io(file, &error))?;
    if !meta.is_file() {
        return Err(HistoryError::Foreign { file: file.to_owned() });
    }
    // Nobody can know by which of its names it is in use, and the database has a log for each.
    if meta.nlink() > 1 {
        return Err(HistoryError::Linked { file: file.to_owned(), names: meta.nlink() });
    }
    Ok(())
}

fn open(file: &Path, flags: OpenFlags) -> Result<Connection, HistoryError> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    // A bare `:memory:` would be no file at all.
    let place = if file.is_absolute() { file.to_owned() } else { Path::new(".").join(file) };
    let open = || {
        let connection = Connection::open_with_flags(&place, flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cell_size_check", true)?;
        Ok(connection)
    };
    open().map_err(|error| HistoryError::sql(file, &error))
}

fn prepare(connection: &Connection, sync: HistorySync) -> rusqlite::Result<()> {
    // The first two are for a new file and leave one that is there as it is.
    connection.pragma_update(None, "page_size", PAGE)?;
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT)?;
    synchronous(connection, sync)
}

/// What a commit waits for from now on.
pub(super) fn synchronous(connection: &Connection, sync: HistorySync) -> rusqlite::Result<()> {
    let level = match sync {
        HistorySync::Normal => "NORMAL",
        HistorySync::Full => "FULL",
    };
    connection.pragma_update(None, "synchronous", level)
}

/// Whether there is a history of this version; `false` is a file with nothing in it.
fn check_version(file: &Path, connection: &Connection) -> Result<bool, HistoryError> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let read = || {
        let tables = "SELECT count(*) FROM sqlite_schema";
        Ok((
            number("application_id")?,
            number("user_version")?,
            connection.query_row(tables, (), |row| row.get::<_, i64>(0))?,
        ))
    };
    match read().map_err(|error| HistoryError::sql(file, &error))? {
        (0, 0, 0) => Ok(false),
        (APPLICATION, VERSION, _) => Ok(true),
        (APPLICATION, version, _) if version > VERSION => {
            Err(HistoryError::Newer { file: file.to_owned(), version })
        }
        _ => Err(HistoryError::Foreign { file: file.to_owned() }),
    }
}

fn create(connection: &Connection) -> rusqlite::Result<()> {
    let made = connection.unchecked_transaction()?;
    made.execute_batch(TABLES)?;
    made.pragma_update(None, "application_id", APPLICATION)?;
    made.pragma_update(None, "user_version", VERSION)?;
    set_meta(&made, "id", format!("{:016x}", rand::random::<u64>()))?;
    set_meta(&made, "key", rand::random::<[u8; 16]>())?;
    set_meta(&made, "next", 1)?;
    set_meta(&made, "run", "")?;
    made.commit()
}

pub(super) fn set_meta(
    transaction: &Transaction<'_>,
    name: &str,
    value: impl rusqlite::ToSql,
) -> rusqlite::Result<()> {
    let sql = "INSERT INTO meta (name, value) VALUES (?1, ?2)
               ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    transaction.prepare_cached(sql)?.execute((name, value)).map(drop)
}

pub(super) fn meta<T: rusqlite::types::FromSql>(
    connection: &Connection,
    name: &str,
) -> rusqlite::Result<T> {
    let sql = "SELECT value FROM meta WHERE name = ?1";
    connection.prepare_cached(sql)?.query_row([name], |row| row.get(0))
}

/// The first row of a question, if there is one.
pub(super) fn first<T>(
    connection: &Connection,
    sql: &str,
    params: impl Params,
    take: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<Option<T>> {
    connection.prepare_cached(sql)?.query_row(params, take).optional()
}

/// A number as the database has it. None of ours comes near its bound.
pub(super) fn int(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number of the database's as ours. None of them is negative.
pub(super) fn uint(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
