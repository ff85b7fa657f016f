//! Measures the history by itself: how fast it takes what is said, and how quickly it answers
//! about a million messages. Prints one line a figure.
//!
//! ```text
//! cargo run --release --example history [ENTRIES] [FILE]
//! ```

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that goes wrong panics, and its figures go to standard output"
)]

use chaty::config::HistorySettings;
use chaty::log::Log;
use chaty::serve::history::{OpenFile, Recorder};
use chaty::wire::entry::{Chat, Entry, Event, Kind, Millis, Ordinal, Seq, SessionId};
use chaty::wire::nick::Nick;
use chaty::wire::room_name::RoomName;
use chaty::wire::text::Text;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio_util::task::TaskTracker;

const WORDS: [&str; 12] = [
    "deploy", "friday", "server", "coffee", "please", "review", "branch", "merge", "build", "test",
    "green", "lunch",
];
/// Entries of a turn at full load.
const TURN: u64 = 512;

fn entry(seq: u64, at: u64) -> Entry {
    let word = |n: u64| WORDS[usize::try_from(seq / n % 12).unwrap()];
    let mut text = format!("{} {} {} number {seq} {}", word(1), word(12), word(144), word(7));
    if seq % 100_000 == 77 {
        text.push_str(" needle");
    }
    while text.len() < 64 {
        text.push('.');
    }
    let event = Event::Chat(Chat {
        from: Nick::parse(format!("member{}", seq % 100).as_bytes()).unwrap(),
        kind: Kind::User,
        emote: false,
        text: Text::clean(text.as_bytes()).unwrap(),
        cause: None,
        hops: 0,
        id: Some(format!("{seq:08x}").into()),
        owner: Some(format!("{:032x}", seq % 100).into()),
    });
    Entry { seq: Seq(seq), ordinal: Ordinal(seq), at: Millis(at), author: SessionId(1), event }
}

/// What this process computed since then, all threads together.
fn cpu(since: Duration) -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10).saturating_sub(since)
}

#[tokio::main]
async fn main() {
    let mut args = std::env::args().skip(1);
    let count: u64 = args.next().map_or(1_000_000, |count| count.parse().unwrap());
    let home = tempfile::tempdir().unwrap();
    let file = args.next().map_or_else(|| home.path().join("h.db"), PathBuf::from);
    let settings = HistorySettings::new(file.clone());
    let room = RoomName::lobby();

    let tracker = TaskTracker::new();
    let (opened, _) = OpenFile::open(&settings).unwrap();
    let log = Arc::new(Mutex::new(Log::new(room.clone(), Seq(1))));
    let reopened = log.clone();
    let reopen = Arc::new(move |_, after| {
        let cursor = reopened.lock().unwrap().after(after).0;
        Box::pin(async move { Some(cursor) }) as _
    });
    let (feed, history) = Recorder::start(opened, &settings, reopen, None, &tracker).unwrap();
    let names: Vec<Entry> = (1..=count).map(|seq| entry(seq, 1_700_000_000_000 + seq)).collect();
    feed.room(log.lock().unwrap().after(Seq(0)).0, Seq(0), true);
    let mut durable = history.durable();
    let (began, computed) = (Instant::now(), cpu(Duration::ZERO));
    for turn in names.chunks(usize::try_from(TURN).unwrap()) {
        log.lock().unwrap().append(turn.to_vec());
        feed.moved(Ordinal(turn.last().unwrap().seq.0));
    }
    let said = (began.elapsed(), cpu(computed));
    durable.wait_for(|durable| durable.upto.0 >= count).await.unwrap();
    let (took, computed) = (began.elapsed(), cpu(computed));
    println!(
        "append: {count} in {took:?}, {computed:?} of computing ({:?} of it to say it)",
        said.1
    );
    println!("stats:  {} bytes", history.stats().await.unwrap().bytes);

    let began = Instant::now();
    let page = history.before(&room, Some(Seq(count / 2)), 500, None).await.unwrap();
    println!("page:   {} entries in {:?}", page.entries.len(), began.elapsed());
    let began = Instant::now();
    let past = history.after(&room, Seq(count / 2), 500).await.unwrap();
    println!("resume: {} entries in {:?}", past.entries.len(), began.elapsed());
    let began = Instant::now();
    let page = history.before(&room, None, 50, Some("needle")).await.unwrap();
    let (found, cut) = (page.entries.len(), page.cut);
    println!("search without an index: {found} (cut: {cut}) in {:?}", began.elapsed());

    let (began, computed) = (Instant::now(), cpu(Duration::ZERO));
    while history.stats().await.unwrap().unindexed > 0 {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    println!("index:  caught up in {:?}, {:?} of computing", began.elapsed(), cpu(computed));
    println!("stats:  {} bytes", history.stats().await.unwrap().bytes);
    for words in
        ["needle", "deploy", "deploy friday", "lunch coffee green", "number 500077", "nee*"]
    {
        let began = Instant::now();
        let page = history.before(&room, None, 50, Some(words)).await.unwrap();
        println!("search {words:?}: {} in {:?}", page.entries.len(), began.elapsed());
    }
    let began = Instant::now();
    history.close().await;
    println!("close:  {:?}", began.elapsed());
    let began = Instant::now();
    let (_opened, known) = OpenFile::open(&settings).unwrap();
    println!("open:   {:?}, {} ids known", began.elapsed(), known.known.len());
}
