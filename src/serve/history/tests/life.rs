//! What is said is read back; numbers go on; ends that are clean and ends that are not.

use super::rig::{Rig, chat, room, settings, text};
use crate::serve::history::{HistoryError, OpenFile, stats};
use crate::wire::entry::{Event, Ordinal, Seq, SessionId};
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[tokio::test]
async fn what_is_said_is_read_back_in_its_order() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&home.path().join("made/h.db"));
    let (lobby, ops) = (room("#lobby"), room("#ops"));
    let mut rig = Rig::open(&settings);
    assert_eq!(rig.say(&lobby, vec![chat("one"), chat("two")]), [1, 2]);
    assert_eq!(rig.say(&ops, vec![chat("elsewhere")]), [1]);
    assert_eq!(rig.say(&lobby, vec![chat("three")]), [3]);
    rig.recorded().await;

    let past = rig.history.after(&lobby, Seq(1), 10).await.unwrap();
    assert_eq!(past.entries.iter().map(text).collect::<Vec<_>>(), ["two", "three"]);
    assert!(!past.gone && !past.more);
    let entry = &past.entries[0];
    assert_eq!((entry.seq, entry.ordinal, entry.author), (Seq(2), Ordinal(0), SessionId::PAST));
    let past = rig.history.after(&lobby, Seq(0), 1).await.unwrap();
    assert_eq!((past.entries.len(), past.more), (1, true));
    let page = rig.history.before(&lobby, Some(Seq(3)), 1, None).await.unwrap();
    assert_eq!((text(&page.entries[0]), page.more), ("two", true));
    let page = rig.history.before(&ops, None, 5, None).await.unwrap();
    assert_eq!((page.entries.len(), page.more), (1, false));
    let none = rig.history.before(&room("#none"), None, 5, None).await.unwrap();
    assert!(none.entries.is_empty());
    rig.close().await;

    let mode = |path: &str| fs::metadata(home.path().join(path)).unwrap().permissions().mode();
    assert_eq!(mode("made") & 0o777, 0o700);
    for file in ["made/h.db", "made/h.db.mark", "made/h.db.lock"] {
        assert_eq!(mode(file) & 0o777, 0o600, "{file}");
    }
    assert!(!home.path().join("made/h.db-wal").exists(), "closed as a whole");
}

#[tokio::test]
async fn a_clean_restart_goes_on_with_the_next_number() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&home.path().join("h.db"));
    let lobby = room("#lobby");
    let mut epoch = None;
    for run in 0..3_u64 {
        let mut rig = Rig::open(&settings);
        let this = rig.opened.epoch.clone();
        assert_eq!(*epoch.get_or_insert(this.clone()), this);
        let topic = rig.opened.rooms.first().and_then(|room| room.topic.clone());
        assert_eq!(topic.is_some(), run > 0);
        let Event::Chat(said) = chat("about this") else { panic!() };
        let topic = Event::Topic { by: said.from, kind: said.kind, topic: Some(said.text) };
        assert_eq!(rig.say(&lobby, vec![chat("hi"), topic]), [run * 2 + 1, run * 2 + 2]);
        rig.close().await;
    }
    assert_eq!(stats(&settings.file).unwrap().entries, 6);
}

#[tokio::test]
async fn one_file_has_one_server() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&home.path().join("h.db"));
    let rig = Rig::open(&settings);
    assert!(matches!(OpenFile::open(&settings), Err(HistoryError::InUse { .. })));
    rig.close().await;
    Rig::open(&settings).close().await;
}
