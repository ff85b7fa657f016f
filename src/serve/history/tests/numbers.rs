//! No number is ever given twice: crashes, copies, backups that are put back in every way.

use super::rig::{RETAINED, Rig, chat, room, settings};
use crate::config::HistorySettings;
use crate::serve::history::store::SPAN;
use crate::serve::history::{HistoryError, OpenFile};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use tokio::runtime::Runtime;

/// Microseconds since 1970, some time in 2020: numbers after a restore are larger.
const CLOCK: u64 = 1_577_836_800_000_000;

/// Says so many messages in a new run, and ends it. Gives the first number.
fn run(settings: &HistorySettings, count: usize, end: End) -> u64 {
    let runtime = Runtime::new().unwrap();
    let lobby = room("#lobby");
    let mut rig = runtime.block_on(async { Rig::open(settings) });
    let first = runtime.block_on(async {
        let numbers = rig.say(&lobby, vec![chat("hi"); count]);
        rig.recorded().await;
        numbers[0]
    });
    match end {
        End::Clean => runtime.block_on(rig.close()),
        End::Crash => {
            runtime.shutdown_background();
            drop(rig);
            unlocked(settings);
        }
    }
    first
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Clean,
    Crash,
}

/// Waits until the threads of a run that was cut off are gone.
fn unlocked(settings: &HistorySettings) {
    let lock = File::open(super::super::db::beside(&settings.file, ".lock")).unwrap();
    lock.lock().unwrap();
}

fn files(file: &Path) -> Vec<PathBuf> {
    ["", ".mark"].iter().map(|end| super::super::db::beside(file, end)).collect()
}

/// What a backup has.
fn backup(file: &Path) -> Vec<Vec<u8>> {
    files(file).iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn after_a_crash_they_jump_over_what_was_reserved() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&home.path().join("h.db"));
    assert_eq!(run(&settings, 3, End::Crash), 1);
    let second = run(&settings, 3, End::Crash);
    assert_eq!(second, 4 + SPAN);
    let third = run(&settings, 3, End::Clean);
    assert_eq!(third, second + 3 + SPAN);
    assert_eq!(run(&settings, 3, End::Clean), third + 3);
}

#[test]
fn an_unclean_end_before_anything_is_recorded_counts_too() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&home.path().join("h.db"));
    let mut last = 0;
    for _ in 0..3 {
        let (file, opened) = OpenFile::open(&settings).unwrap();
        let first = opened.numbers.first(&room("#new")).0;
        assert!(first == 1 || first > last + SPAN / 2, "{first} {last}");
        last = first;
        drop(file);
    }
    assert!(last > SPAN);
}

#[test]
fn a_long_run_reserves_more_before_it_is_needed() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&home.path().join("h.db"));
    let lobby = room("#lobby");
    let runtime = Runtime::new().unwrap();
    let mut rig = runtime.block_on(async { Rig::open(&settings) });
    let mut last = 0;
    // Turns of what the log retains, each recorded before the next.
    let turn = RETAINED / 1024;
    while last < SPAN / 2 + 5000 {
        last = *rig.say(&lobby, vec![chat("x"); turn]).last().unwrap();
        runtime.block_on(rig.recorded());
    }
    runtime.shutdown_background();
    drop(rig);
    unlocked(&settings);
    let mark = fs::read_to_string(super::super::db::beside(&settings.file, ".mark")).unwrap();
    let mark: serde_json::Value = serde_json::from_str(&mark).unwrap();
    let reserved = mark["rooms"]["#lobby"].as_u64().unwrap();
    assert!(reserved > SPAN && reserved >= last, "{mark}");
    assert!(mark["others"].as_u64().unwrap() > SPAN, "{mark}");
    // Even if the file had lost everything of it.
    let (_file, opened) = OpenFile::open(&settings).unwrap();
    assert!(opened.numbers.first(&lobby).0 > reserved);
    assert!(opened.numbers.first(&room("#other")).0 > last);
}

#[test]
fn an_unrecorded_room_leaves_no_trace_but_its_numbers() {
    let home = tempfile::tempdir().unwrap();
    let secret = room("#secret");
    let mut settings = settings(&home.path().join("h.db"));
    settings.unrecorded = vec![secret.clone()];
    let mut next = 1;
    for _ in 0..3 {
        let runtime = Runtime::new().unwrap();
        runtime.block_on(async {
            let mut rig = Rig::open(&settings);
            let numbers = rig.say(&secret, vec![chat("whispered words"); 5]);
            assert!(numbers[0] >= next, "{numbers:?}");
            next = numbers[4] + 1;
            rig.say(&room("#lobby"), vec![chat("spoken words")]);
            rig.recorded().await;
            assert!(rig.history.before(&secret, None, 9, None).await.unwrap().entries.is_empty());
            rig.close().await;
        });
    }
    for path in files(&settings.file) {
        let bytes = fs::read(path).unwrap();
        let has = |word: &[u8]| bytes.windows(word.len()).any(|window| window == word);
        assert!(!has(b"whispered") && !has(b"secret"));
    }
    let bytes = fs::read(&settings.file).unwrap();
    assert!(bytes.windows(6).any(|window| window == b"spoken"), "the look would find it");
}

/// Every way to put a backup back, after a run that used numbers beyond it.
#[test]
fn a_restored_backup_never_gives_a_number_again() {
    type Restore = fn(&Path, &[Vec<u8>]);
    let in_place: Restore = |file, saved| {
        for (path, bytes) in files(file).iter().zip(saved) {
            fs::write(path, bytes).unwrap();
        }
    };
    let replaced: Restore = |file, saved| {
        for (path, bytes) in files(file).iter().zip(saved) {
            fs::remove_file(path).unwrap();
            fs::write(path, bytes).unwrap();
        }
    };
    let without_mark: Restore = |file, saved| {
        fs::write(file, &saved[0]).unwrap();
        fs::remove_file(&files(file)[1]).unwrap();
    };
    let under_the_old_mark: Restore = |file, saved| fs::write(file, &saved[0]).unwrap();
    for restore in [in_place, replaced, without_mark, under_the_old_mark] {
        for (before, after) in [
            (End::Clean, End::Clean),
            (End::Clean, End::Crash),
            (End::Crash, End::Clean),
            (End::Crash, End::Crash),
        ] {
            let home = tempfile::tempdir().unwrap();
            let settings = settings(&home.path().join("h.db"));
            run(&settings, 3, before);
            let saved = backup(&settings.file);
            let used = run(&settings, 50, after) + 49;
            restore(&settings.file, &saved);
            let next = run(&settings, 1, End::Clean);
            assert!(next > used && next > CLOCK, "{before:?} {after:?}: {next} after {used}");
            assert_eq!(run(&settings, 1, End::Clean), next + 1, "and then it goes on");
        }
    }
}

#[test]
fn a_copy_elsewhere_is_a_history_of_its_own() {
    let home = tempfile::tempdir().unwrap();
    let settings_of = |name: &str| settings(&home.path().join(name));
    run(&settings_of("a.db"), 3, End::Clean);
    for (from, to) in files(&home.path().join("a.db")).iter().zip(files(&home.path().join("b.db")))
    {
        fs::copy(from, to).unwrap();
    }
    assert!(run(&settings_of("b.db"), 1, End::Clean) > CLOCK);
    assert_eq!(run(&settings_of("a.db"), 1, End::Clean), 4, "the original goes on");
    // Taken away and made anew: another epoch, which begins at 1.
    fs::remove_file(home.path().join("a.db")).unwrap();
    assert_eq!(run(&settings_of("a.db"), 1, End::Clean), 1);
}

#[test]
fn files_that_are_no_history_are_refused_and_left_alone() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("h.db");
    let settings = settings(&file);
    let refused = |content: &[u8]| {
        fs::write(&file, content).unwrap();
        let error = OpenFile::open(&settings).unwrap_err();
        assert!(fs::read(&file).unwrap() == content, "left alone");
        assert!(!error.to_string().contains('\n'));
        assert!(error.to_string().contains("--history FILE"), "{error}");
        error
    };
    assert!(matches!(refused(&[b'x'; 5000]), HistoryError::Foreign { .. }));
    fs::remove_file(&file).unwrap();
    let other = rusqlite::Connection::open(&file).unwrap();
    other.execute_batch("CREATE TABLE t (x)").unwrap();
    drop(other);
    let other = fs::read(&file).unwrap();
    assert!(matches!(refused(&other), HistoryError::Foreign { .. }));

    fs::remove_file(&file).unwrap();
    run(&settings, 3, End::Clean);
    let newer = rusqlite::Connection::open(&file).unwrap();
    newer.pragma_update(None, "user_version", 2).unwrap();
    drop(newer);
    assert!(matches!(OpenFile::open(&settings), Err(HistoryError::Newer { version: 2, .. })));
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert!(matches!(OpenFile::open(&settings), Err(HistoryError::Foreign { .. })));
}
