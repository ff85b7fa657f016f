//! The file against a model that keeps everything: pages, resumes and searches, whatever was said
//! in whatever turns, over restarts.

use super::rig::{Rig, chat, room, settings, text};
use crate::serve::history::Page;
use crate::wire::entry::{Entry, Event, Kind, Seq};
use crate::wire::nick::Nick;
use proptest::prelude::{ProptestConfig, Strategy, prop_assert_eq, prop_oneof, proptest};
use std::collections::BTreeMap;
use tokio::runtime::Runtime;

/// Few words, so that they meet.
const WORDS: [&str; 5] = ["Alpha", "beta", "Gamma's", "délta", "日本"];

/// What a run says: in which room, and how many of what.
type Turn = (usize, Vec<Said>);

/// Two words, or something else than words.
type Said = Option<(usize, usize)>;

fn turns() -> impl Strategy<Value = Vec<Turn>> {
    let event = proptest::option::weighted(0.9, (0..WORDS.len(), 0..WORDS.len()));
    // Mostly small turns, which are indexed at once, and some floods, which are not.
    let length = prop_oneof![8 => 1_usize..4, 1 => 65_usize..200];
    let events =
        length.prop_flat_map(move |length| proptest::collection::vec(event.clone(), length));
    proptest::collection::vec((0_usize..2, events), 1..25)
}

fn event(words: Option<(usize, usize)>) -> Event {
    match words {
        Some((a, b)) => chat(&format!("{} {}", WORDS[a], WORDS[b])),
        None => Event::Join { who: Nick::parse(b"Trinity").unwrap(), kind: Kind::User },
    }
}

fn seqs(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.seq.0).collect()
}

/// The last of what the model has before a number, and whether there is more.
fn last(of: &[u64], before: Option<u64>, limit: usize) -> (Vec<u64>, bool) {
    let end = of.partition_point(|seq| before.is_none_or(|before| *seq < before));
    let start = end.saturating_sub(limit);
    (of[start..end].to_vec(), start > 0)
}

fn shown(page: &Page) -> (Vec<u64>, bool) {
    assert!(!page.cut);
    (seqs(&page.entries), page.more)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn answers_are_what_the_model_says(
        runs in proptest::collection::vec(turns(), 1..4),
        limit in 1_usize..60,
        at in 0_u64..400,
    ) {
        let home = tempfile::tempdir().unwrap();
        let settings = settings(&home.path().join("h.db"));
        let rooms = [room("#lobby"), room("#ops")];
        let mut model: BTreeMap<usize, Vec<(u64, Said)>> = BTreeMap::new();
        let runtime = Runtime::new().unwrap();
        for turns in runs {
            let mut rig = runtime.block_on(async { Rig::open(&settings) });
            for (number, (in_room, said)) in turns.into_iter().enumerate() {
                let events = said.iter().copied().map(event).collect();
                let numbers = rig.say(&rooms[in_room], events);
                model.entry(in_room).or_default().extend(numbers.into_iter().zip(said));
                // Some commits take one turn, some take several.
                if number % 3 > 0 {
                    runtime.block_on(rig.recorded());
                }
            }
            runtime.block_on(rig.recorded());
            for (in_room, said) in &model {
                let name = &rooms[*in_room];
                let all: Vec<u64> = said.iter().map(|(seq, _)| *seq).collect();
                prop_assert_eq!(&all, &(1..=all.len() as u64).collect::<Vec<_>>());
                let history = &rig.history;
                runtime.block_on(async {
                    for before in [None, Some(at)] {
                        let page = history.before(name, before.map(Seq), limit, None).await.unwrap();
                        assert_eq!(shown(&page), last(&all, before, limit));
                        for (word, asked) in WORDS.into_iter().enumerate() {
                            let with: Vec<u64> = said
                                .iter()
                                .filter(|(_, words)| words.is_some_and(|(a, b)| a == word || b == word))
                                .map(|(seq, _)| *seq)
                                .collect();
                            let words = Some(asked);
                            let page = history.before(name, before.map(Seq), limit, words).await;
                            assert_eq!(shown(&page.unwrap()), last(&with, before, limit));
                        }
                    }
                    let past = history.after(name, Seq(at), limit).await.unwrap();
                    let rest: Vec<u64> = all.iter().copied().filter(|seq| *seq > at).collect();
                    assert_eq!(seqs(&past.entries), rest[..limit.min(rest.len())]);
                    assert_eq!((past.gone, past.more), (false, rest.len() > limit));
                });
            }
            runtime.block_on(rig.close());
        }
    }
}

/// What a quiet room says in a day is read in a few rows, not in one for each message.
#[tokio::test]
async fn small_segments_become_large_ones() {
    let home = tempfile::tempdir().unwrap();
    let settings = settings(&home.path().join("h.db"));
    let lobby = room("#lobby");
    let mut rig = Rig::open(&settings);
    for number in 0..600 {
        rig.say(&lobby, vec![chat(&format!("message {number}"))]);
        rig.recorded().await;
    }
    let page = rig.history.before(&lobby, None, 600, None).await.unwrap();
    assert_eq!(page.entries.len(), 600);
    assert!(page.entries.iter().zip(0..).all(|(e, at)| text(e) == format!("message {at}")));
    let page = rig.history.before(&lobby, None, 5, Some("message 77")).await.unwrap();
    assert_eq!(seqs(&page.entries), [78]);
    rig.close().await;
    let file = rusqlite::Connection::open(&settings.file).unwrap();
    let rows: u32 = file.query_row("SELECT count(*) FROM segments", (), |row| row.get(0)).unwrap();
    // Two of 256, up to 15 of 16, up to 15 of 1.
    assert!(rows <= 32, "{rows}");
}
