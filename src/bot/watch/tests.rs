//! Real files, real events: however an editor saves, what is noticed is whole and comes once.

use super::{Change, PATIENCE, Watched, start};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Far longer than anything here takes: a busy machine must not decide a test.
const LONG: Duration = Duration::from_secs(20);

/// A folder that is watched, with `chuck.rhai` in it, told already.
struct Watching {
    home: TempDir,
    changes: mpsc::Receiver<Change>,
    cancel: CancellationToken,
    tracker: TaskTracker,
}

impl Watching {
    async fn new(name_the_file: bool) -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join("chuck.rhai"), "one").unwrap();
        fs::write(home.path().join("notes.txt"), "nothing").unwrap();
        let folder = home.path().to_owned();
        let watched = if name_the_file {
            Watched { folders: Vec::new(), files: vec![folder.join("chuck.rhai")] }
        } else {
            Watched { folders: vec![folder], files: Vec::new() }
        };
        let (cancel, tracker) = (CancellationToken::new(), TaskTracker::new());
        let (task, changes, problems) = start(watched, cancel.clone());
        assert!(problems.is_empty(), "{problems:?}");
        tracker.spawn(task);
        let mut this = Self { home, changes, cancel, tracker };
        this.expect("chuck.rhai", "one").await;
        assert_eq!(this.next().await, Change::AllSeen);
        this
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    async fn next(&mut self) -> Change {
        timeout(LONG, self.changes.recv()).await.expect("a change in time").unwrap()
    }

    async fn expect(&mut self, name: &str, wanted: &str) {
        match self.next().await {
            Change::Text { path, text, .. } => {
                assert_eq!((path, text.as_str()), (self.path(name), wanted));
            }
            other => panic!("{wanted}: {other:?}"),
        }
    }

    /// Nothing but this is told: a second file, written now, is the next that is heard of.
    async fn nothing_more(&mut self) {
        fs::write(self.path("zz.rhai"), "marker").unwrap();
        self.expect("zz.rhai", "marker").await;
        fs::remove_file(self.path("zz.rhai")).unwrap();
        assert_eq!(self.next().await, Change::Gone { path: self.path("zz.rhai") });
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        self.cancel.cancel();
        self.tracker.close();
    }
}

fn rename_over(path: &Path, text: &str) {
    let other = path.with_extension("tmp");
    fs::write(&other, text).unwrap();
    fs::rename(other, path).unwrap();
}

fn like_vim(path: &Path, text: &str) {
    let backup = path.with_extension("rhai~");
    fs::rename(path, &backup).unwrap();
    fs::write(path, text).unwrap();
    fs::remove_file(backup).unwrap();
}

#[tokio::test]
async fn every_way_to_save_is_noticed_once_and_whole() {
    let mut watching = Watching::new(false).await;
    let path = watching.path("chuck.rhai");
    for turn in 0..5 {
        fs::write(&path, format!("in place {turn}")).unwrap();
        watching.expect("chuck.rhai", &format!("in place {turn}")).await;
        rename_over(&path, &format!("rename {turn}"));
        watching.expect("chuck.rhai", &format!("rename {turn}")).await;
        like_vim(&path, &format!("vim {turn}"));
        watching.expect("chuck.rhai", &format!("vim {turn}")).await;
    }
    watching.nothing_more().await;
}

#[tokio::test]
async fn a_named_file_is_followed_through_its_folder_and_no_other_is() {
    let mut watching = Watching::new(true).await;
    let path = watching.path("chuck.rhai");
    fs::write(watching.path("other.rhai"), "other").unwrap();
    like_vim(&path, "two");
    watching.expect("chuck.rhai", "two").await;
    fs::remove_file(&path).unwrap();
    assert_eq!(watching.next().await, Change::Gone { path: path.clone() });
    fs::write(&path, "back").unwrap();
    watching.expect("chuck.rhai", "back").await;
}

#[tokio::test]
async fn a_truncated_file_is_waited_for() {
    let mut watching = Watching::new(false).await;
    let path = watching.path("chuck.rhai");
    // Truncated and closed, then written by somebody else: two closes, one change.
    File::create(&path).unwrap();
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    file.write_all(b"whole").unwrap();
    drop(file);
    watching.expect("chuck.rhai", "whole").await;
    watching.nothing_more().await;
    // One that stays empty is told in the end.
    let before = std::time::Instant::now();
    File::create(&path).unwrap();
    watching.expect("chuck.rhai", "").await;
    assert!(before.elapsed() >= PATIENCE);
}

#[tokio::test]
async fn files_come_and_go_and_only_scripts_count() {
    let mut watching = Watching::new(false).await;
    for other in ["a.txt", ".hidden.rhai", "chuck.rhai~", "4913"] {
        fs::write(watching.path(other), "no").unwrap();
    }
    fs::write(watching.path("max.rhai"), "max").unwrap();
    watching.expect("max.rhai", "max").await;
    fs::rename(watching.path("max.rhai"), watching.path("maxi.rhai")).unwrap();
    let mut seen = [watching.next().await, watching.next().await];
    seen.sort_by_key(|change| matches!(change, Change::Gone { .. }));
    assert!(matches!(&seen[0], Change::Text { path, .. } if *path == watching.path("maxi.rhai")));
    assert_eq!(seen[1], Change::Gone { path: watching.path("max.rhai") });
}

#[tokio::test]
async fn what_cannot_be_read_is_told_and_so_is_its_mending() {
    let mut watching = Watching::new(false).await;
    let path = watching.path("chuck.rhai");
    rename_over(&path, "");
    watching.expect("chuck.rhai", "").await;
    fs::write(&path, b"caf\xe9").unwrap();
    let why = "it is not UTF-8 text".to_owned();
    assert_eq!(watching.next().await, Change::Unreadable { path: path.clone(), why });
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let why = "it is not a file".to_owned();
    assert_eq!(watching.next().await, Change::Unreadable { path: path.clone(), why });
    fs::remove_dir(&path).unwrap();
    fs::write(&path, "good").unwrap();
    watching.expect("chuck.rhai", "good").await;
}

#[tokio::test]
async fn a_folder_that_is_replaced_is_found_again() {
    let mut watching = Watching::new(false).await;
    let folder = watching.home.path().to_owned();
    let aside = folder.with_extension("aside");
    fs::rename(&folder, &aside).unwrap();
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("chuck.rhai"), "new folder").unwrap();
    watching.expect("chuck.rhai", "new folder").await;
    fs::remove_dir_all(aside).unwrap();
}
