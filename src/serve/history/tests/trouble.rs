//! What a disk does to the history, and what the history does to nobody: slow disks, full ones,
//! damage, and a file that may only be so large.

use super::rig::{Rig, chat, room, settings};
use crate::config::{HistorySettings, Keep};
use crate::serve::history::{Durable, Gate, HistoryError, OpenFile, stats};
use crate::wire::entry::Seq;
use rusqlite::Connection;
use std::fs;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// A disk that can be held.
#[derive(Debug, Clone, Default)]
struct Disk(Arc<(Mutex<bool>, Condvar)>);

impl Disk {
    fn gate(&self) -> Gate {
        let disk = self.0.clone();
        Arc::new(move || drop(disk.1.wait_while(disk.0.lock().unwrap(), |held| *held)))
    }

    fn hold(&self, held: bool) {
        *self.0.0.lock().unwrap() = held;
        self.0.1.notify_all();
    }
}

#[tokio::test]
async fn a_slow_disk_loses_nothing_that_the_log_retains() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&home.path().join("h.db"));
    let (disk, lobby) = (Disk::default(), room("#lobby"));
    let mut rig = Rig::try_open(&settings, Some(disk.gate())).unwrap();
    disk.hold(true);
    let began = Instant::now();
    for number in 0..500 {
        rig.say(&lobby, vec![chat(&format!("message {number}"))]);
    }
    assert!(began.elapsed() < Duration::from_secs(1), "who speaks does not wait");
    assert_eq!(*rig.history.durable().borrow(), Durable::default());
    disk.hold(false);
    rig.recorded().await;
    let past = rig.history.after(&lobby, Seq(0), 1000).await.unwrap();
    assert_eq!((past.entries.len(), past.gone), (500, false));
    rig.close().await;
}

/// Held for so long that the log lets go: that much is missing, is counted, and is told to who
/// reads across it.
#[tokio::test]
async fn what_the_log_lets_go_of_is_a_hole_that_is_told() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&home.path().join("h.db"));
    let (disk, lobby) = (Disk::default(), room("#lobby"));
    let mut rig = Rig::try_open(&settings, Some(disk.gate())).unwrap();
    rig.say(&lobby, vec![chat("before")]);
    rig.recorded().await;
    disk.hold(true);
    // The writer takes this one and waits with it.
    rig.say(&lobby, vec![chat("taken")]);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let mut last = 0;
    for _ in 0..40 {
        last = rig.say(&lobby, vec![chat("x"); 1000])[999];
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    disk.hold(false);
    rig.recorded().await;
    let stats = rig.history.stats().await.unwrap();
    assert!(stats.missing > 1000 && stats.missing + stats.entries == last, "{stats:?}");
    // Up to the hole, and then that there is one.
    let past = rig.history.after(&lobby, Seq(0), 1000).await.unwrap();
    assert_eq!((past.entries.len(), past.gone, past.more), (2, false, true));
    let past = rig.history.after(&lobby, Seq(2), 1000).await.unwrap();
    assert_eq!((past.entries[0].seq.0, past.gone), (stats.missing + 3, true));
    let past = rig.history.after(&lobby, Seq(stats.missing + 10), 1000).await.unwrap();
    assert!(!past.gone);
    rig.close().await;
    assert_eq!(Rig::open(&settings).opened.numbers.first(&lobby), Seq(last + 1));
}

/// A disk that takes nothing more: recording is suspended and goes on, and nothing is lost.
#[tokio::test]
async fn a_full_disk_suspends_recording_until_there_is_room() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&home.path().join("h.db"));
    let lobby = room("#lobby");
    let mut rig = Rig::open(&settings);
    rig.say(&lobby, vec![chat("before")]);
    rig.recorded().await;
    // Another writer in the same file is refused by the lock; one that ignores it is a disk that
    // does not take anything.
    let other = Connection::open(&settings.file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut numbers = Vec::new();
    for _ in 0..3 {
        numbers.extend(rig.say(&lobby, vec![chat("meanwhile")]));
    }
    let mut durable = rig.history.durable();
    durable.wait_for(|durable| durable.suspended).await.unwrap();
    let past = rig.history.after(&lobby, Seq(0), 9).await.unwrap();
    assert_eq!(past.entries.len(), 1, "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    rig.recorded().await;
    assert!(!rig.history.durable().borrow().suspended);
    let past = rig.history.after(&lobby, Seq(0), 9).await.unwrap();
    assert_eq!((past.entries.len(), past.gone), (4, false));
    rig.close().await;
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_a_disk_for_ever() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&home.path().join("h.db"));
    let lobby = room("#lobby");
    let mut rig = Rig::open(&settings);
    rig.say(&lobby, vec![chat("before")]);
    rig.recorded().await;
    let other = Connection::open(&settings.file).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let last = rig.say(&lobby, vec![chat("lost")])[0];
    tokio::time::timeout(Duration::from_secs(20), rig.close()).await.unwrap();
    drop(other);
    let next = Rig::open(&settings).opened.numbers.first(&lobby).0;
    assert!(next > last + 1000, "the number of what was lost is not given again: {next}");
}

#[tokio::test]
async fn the_oldest_goes_when_the_file_is_large_enough() {
    let home = tempfile::tempdir().unwrap();
    let mut settings = settings(&home.path().join("h.db"));
    settings.keep.bytes = 2 << 20;
    let lobby = room("#lobby");
    let mut rig = Rig::open(&settings);
    let mut last = rig.say(&lobby, vec![chat("the first of all")])[0];
    for turn in 0..200 {
        let said = (0..200).map(|n| chat(&format!("turn {turn} message {n} {}", "x".repeat(60))));
        last = rig.say(&lobby, said.collect())[199];
        rig.recorded().await;
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    // The file is small at first, too, as long as most of it is in the log beside it: then only a few
    // may be gone.
    loop {
        let past = rig.history.after(&lobby, Seq(0), 1).await.unwrap();
        let is_past_many = past.gone && past.entries.iter().all(|entry| entry.seq.0 > 1000);
        if is_past_many && fs::metadata(&settings.file).unwrap().len() <= 3 << 20 {
            break;
        }
        assert!(Instant::now() < deadline, "{past:?} {:?}", stats(&settings.file));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let page = rig.history.before(&lobby, None, 1, None).await.unwrap();
    assert_eq!(page.entries[0].seq.0, last);
    let found = rig.history.before(&lobby, None, 9, Some("first of all")).await.unwrap();
    assert!(found.entries.is_empty(), "what is gone is not found: {found:?}");
    rig.close().await;
}

/// As it was, the file stayed large until something was said again.
#[tokio::test]
async fn what_is_taken_out_while_nothing_is_said_makes_the_file_smaller() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&home.path().join("h.db"));
    let lobby = room("#lobby");
    let mut rig = Rig::open(&settings);
    for turn in 0..20 {
        let said = (0..200).map(|n| chat(&format!("turn {turn} message {n} {}", "x".repeat(60))));
        rig.say(&lobby, said.collect());
        rig.recorded().await;
    }
    rig.close().await;
    let size = || fs::metadata(&settings.file).unwrap().len();
    let before = size();
    let keep = Keep { messages: Some(100), ..settings.keep };
    let rig = Rig::open(&HistorySettings { keep, ..settings.clone() });
    let deadline = Instant::now() + Duration::from_secs(30);
    while size() > before / 2 {
        assert!(Instant::now() < deadline, "{before} {:?}", stats(&settings.file));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    rig.close().await;
}

#[test]
fn a_reader_in_the_way_of_settling_is_noticed() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&home.path().join("h.db"));
    let (OpenFile(mut store), _) = OpenFile::open(&settings).unwrap();
    let reader = Connection::open(&settings.file).unwrap();
    let version = |sql| reader.query_row(sql, (), |_| Ok(())).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    version("SELECT count(*) FROM rooms");
    let more = "INSERT INTO rooms (name, next) VALUES ('#more', 1)";
    store.connection.execute(more, ()).unwrap();
    assert!(!store.settle().unwrap(), "the reader needs the file as it was");
    reader.execute_batch("COMMIT").unwrap();
    assert!(store.settle().unwrap());
}

#[tokio::test]
async fn messages_are_kept_by_number_and_by_age() {
    let home = tempfile::tempdir().unwrap();
    let mut settings = settings(&home.path().join("h.db"));
    let lobby = room("#lobby");
    settings.keep = Keep { messages: Some(1000), ..Keep::default() };
    let mut rig = Rig::open(&settings);
    for _ in 0..30 {
        rig.say(&lobby, vec![chat("x"); 100]);
        rig.recorded().await;
    }
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let entries = rig.history.stats().await.unwrap().entries;
        assert!(entries >= 1000, "{entries}");
        if entries < 1000 + 1024 {
            break;
        }
        assert!(Instant::now() < deadline, "{entries}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    rig.close().await;

    // The rig's clock stands in 2023.
    settings.keep = Keep { days: Some(7), ..Keep::default() };
    let rig = Rig::open(&settings);
    while rig.history.stats().await.unwrap().entries > 0 {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(rig.opened.numbers.first(&lobby), Seq(3001));
    rig.close().await;
}

/// A bit in each text of one part: that part is left out, and said to be.
#[test]
fn what_has_changed_on_the_disk_is_left_out_and_the_rest_is_read() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&home.path().join("h.db"));
    let lobby = room("#lobby");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut rig = Rig::open(&settings);
        for turn in 0..3 {
            rig.say(&lobby, vec![chat(&format!("turn number {turn}")); 100]);
            rig.recorded().await;
        }
        rig.close().await;
    });
    let mut bytes = fs::read(&settings.file).unwrap();
    let word = b"turn number 1";
    let mut rest = &mut bytes[..];
    while let Some(at) = rest.windows(word.len()).position(|window| window == word) {
        rest[at] ^= 1;
        rest = &mut rest[at + 1..];
    }
    fs::write(&settings.file, &bytes).unwrap();
    runtime.block_on(async {
        let rig = Rig::open(&settings);
        let page = rig.history.before(&lobby, None, 999, None).await.unwrap();
        assert_eq!((page.entries.len(), page.cut), (200, true));
        let page = rig.history.before(&lobby, None, 999, Some("number")).await.unwrap();
        assert_eq!((page.entries.len(), page.cut), (200, true));
        let past = rig.history.after(&lobby, Seq(50), 999).await.unwrap();
        assert_eq!((past.entries.len(), past.gone, past.more), (50, false, true));
        let past = rig.history.after(&lobby, Seq(100), 999).await.unwrap();
        assert_eq!((past.entries[0].seq, past.gone, past.more), (Seq(201), true, false));
        rig.close().await;
    });
}

/// Damage anywhere in the file: it is refused in one line, or what is left is read; no panic, and
/// nothing that nobody said.
#[test]
fn damage_anywhere_is_survived() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("h.db");
    let lobby = room("#lobby");
    let settings = settings(&file);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut rig = Rig::open(&settings);
        for turn in 0..60 {
            rig.say(&lobby, vec![chat(&format!("honest words {turn}")); 1 + turn % 3 * 40]);
            rig.recorded().await;
        }
        rig.close().await;
    });
    let whole = fs::read(&file).unwrap();
    let mut read = 0;
    let step = whole.len() / 150;
    for at in (0..whole.len()).step_by(step.max(1)) {
        for cut in [false, true] {
            let mut damaged = whole.clone();
            if cut {
                damaged.truncate(at);
            } else {
                for byte in damaged.iter_mut().skip(at).take(16) {
                    *byte ^= 0x55;
                }
            }
            fs::write(&file, &damaged).unwrap();
            for beside in ["-wal", "-shm"] {
                let _none = fs::remove_file(super::super::db::beside(&file, beside));
            }
            runtime.block_on(async {
                let mut rig = match Rig::try_open(&settings, None) {
                    Ok(rig) => rig,
                    Err(error) => {
                        assert!(!error.to_string().contains('\n'), "{error}");
                        return;
                    }
                };
                for search in [None, Some("honest")] {
                    match rig.history.before(&lobby, None, 5000, search).await {
                        Ok(page) => {
                            read += 1;
                            let is_honest = |e| super::rig::text(e).starts_with("honest words ");
                            assert!(page.entries.iter().all(is_honest));
                        }
                        Err(error) => assert!(matches!(error, HistoryError::Damaged { .. })),
                    }
                }
                rig.say(&lobby, vec![chat("honest words after")]);
                tokio::time::timeout(Duration::from_secs(20), rig.close()).await.unwrap();
            });
        }
    }
    assert!(read > 100, "most damage is nowhere near what is asked for: {read}");
    fs::write(&file, &whole).unwrap();
    drop(OpenFile::open(&settings).unwrap());
}

/// It was written to all the same, and gone with the server.
#[tokio::test]
async fn a_file_that_is_moved_away_suspends_the_recording_until_it_is_back() {
    let home = tempfile::tempdir().unwrap();
    let (file, moved) = (home.path().join("h.db"), home.path().join("moved.db"));
    let (settings, lobby) = (settings(&file), room("#lobby"));
    let mut rig = Rig::open(&settings);
    rig.say(&lobby, vec![chat("before")]);
    rig.recorded().await;
    fs::rename(&file, &moved).unwrap();
    rig.say(&lobby, vec![chat("meanwhile")]);
    let mut durable = rig.history.durable();
    durable.wait_for(|durable| durable.suspended).await.unwrap();
    fs::rename(&moved, &file).unwrap();
    rig.recorded().await;
    assert!(!durable.borrow().suspended);
    assert_eq!(rig.history.stats().await.unwrap().entries, 2);
    // What is left at the end goes to wherever it is.
    fs::rename(&file, &moved).unwrap();
    rig.say(&lobby, vec![chat("after")]);
    rig.close().await;
    fs::rename(&moved, &file).unwrap();
    let rig = Rig::open(&settings);
    assert_eq!(rig.history.stats().await.unwrap().entries, 3);
    rig.close().await;
}

/// Both wrote into it.
#[tokio::test]
async fn a_link_to_a_file_that_is_in_use_is_in_use() {
    let home = tempfile::tempdir().unwrap();
    let (file, link) = (home.path().join("h.db"), home.path().join("link.db"));
    let rig = Rig::open(&settings(&file));
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let second = Rig::try_open(&settings(&link), None);
    assert!(matches!(second, Err(HistoryError::InUse { .. })));
    rig.close().await;
    Rig::open(&settings(&link)).close().await;
    assert!(!home.path().join("link.db.mark").exists());
}

/// It has no one name, and both wrote into it.
#[tokio::test]
async fn a_second_name_of_a_file_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let (file, link) = (home.path().join("h.db"), home.path().join("link.db"));
    let rig = Rig::open(&settings(&file));
    fs::hard_link(&file, &link).unwrap();
    let second = Rig::try_open(&settings(&link), None);
    assert!(matches!(second, Err(HistoryError::Linked { names: 2, .. })));
    assert!(matches!(stats(&link), Err(HistoryError::Linked { .. })));
    rig.close().await;
    fs::remove_file(&link).unwrap();
    Rig::open(&settings(&file)).close().await;
}
