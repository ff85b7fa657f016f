//! The log against a model that keeps everything.

mod places;

use super::{Cursor, Gap, Logs, Run, Tail};
use crate::wire::Dialect;
use crate::wire::entry::{Chat, Entry, Event, Kind, Millis, Ordinal, RoomId, Seq, SessionId};
use crate::wire::nick::Nick;
use crate::wire::room_name::RoomName;
use crate::wire::text::Text;
use proptest::prelude::{prop_assert, prop_assert_eq, proptest};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const PLENTY: usize = usize::MAX;

fn entry(seq: u64, author: u64) -> Entry {
    let chat = Chat {
        from: Nick::parse(b"Neo").unwrap(),
        kind: Kind::User,
        emote: false,
        text: Text::clean(format!("message {seq}").as_bytes()).unwrap(),
        cause: None,
        hops: 0,
        id: None,
        owner: None,
    };
    Entry {
        seq: Seq(seq),
        ordinal: Ordinal(seq),
        at: Millis(seq),
        author: SessionId(author),
        event: Event::Chat(chat),
    }
}

/// The logs of a server with one room.
struct Log(Logs);

const ROOM: RoomId = RoomId(1);

impl Log {
    fn new(room: RoomName, budget: usize) -> Self {
        let mut logs = Logs::new(budget);
        logs.open(ROOM, room, Seq(1));
        Self(logs)
    }

    fn append(&mut self, entries: Vec<Entry>) {
        self.0.append(ROOM, entries);
    }

    fn tail(&self) -> Tail {
        self.0.tail(ROOM)
    }

    fn after(&self, seq: Seq) -> (Cursor, Option<Gap>) {
        self.0.after(ROOM, seq).unwrap()
    }

    fn last(&self, count: usize, before: Option<Seq>) -> (Cursor, usize, bool) {
        self.0.get(ROOM).unwrap().last(count, before)
    }

    fn retained_bytes(&self) -> usize {
        self.0.retained_bytes()
    }

    fn retained_entries(&self) -> u64 {
        self.0.retained_entries()
    }
}

/// A log of turns of the given lengths.
fn log_of(turns: &[usize], budget: usize) -> Log {
    let mut log = Log::new(RoomName::lobby(), budget);
    append(&mut log, turns);
    log
}

fn append(log: &mut Log, turns: &[usize]) {
    for &length in turns {
        let next = log.tail().seq.0 + 1;
        log.append((next..next + length as u64).map(|seq| entry(seq, seq % 3)).collect());
    }
}

fn rest(cursor: &mut Cursor) -> Vec<u64> {
    let mut seqs = Vec::new();
    while let Some(slice) = cursor.next_slice(None) {
        seqs.extend(slice.iter().map(|entry| entry.seq.0));
    }
    seqs
}

#[test]
fn a_cursor_reads_everything_after_its_place_once() {
    let log = log_of(&[3, 1, 0, 4], PLENTY);
    for after in 0..=8 {
        let (mut cursor, gap) = log.after(Seq(after));
        assert_eq!(gap, None);
        assert_eq!(rest(&mut cursor), (after + 1..=8).collect::<Vec<_>>());
        assert!(rest(&mut cursor).is_empty(), "nothing twice");
    }
}

#[test]
fn a_waiting_cursor_goes_on_with_what_is_appended() {
    let mut log = log_of(&[], PLENTY);
    let (mut cursor, _) = log.after(Seq(0));
    assert!(cursor.next_slice(None).is_none());
    append(&mut log, &[2]);
    assert_eq!(rest(&mut cursor), [1, 2]);
    append(&mut log, &[1, 1]);
    assert_eq!(rest(&mut cursor), [3, 4]);
}

#[test]
fn a_cursor_stops_where_it_is_told() {
    let log = log_of(&[3, 3], PLENTY);
    let (mut cursor, _) = log.after(Seq(0));
    let mut upto = |until| {
        cursor.next_slice(Some(Ordinal(until))).map(|slice| slice.iter().map(|e| e.seq.0).collect())
    };
    assert_eq!(upto(2), Some(vec![1, 2]));
    assert_eq!(upto(2), None);
    assert_eq!(upto(4), Some(vec![3]));
    assert_eq!(upto(4), Some(vec![4]));
    assert_eq!(upto(4), None);
}

#[test]
fn what_falls_out_of_the_budget_is_lost_to_cursors_and_shown_as_a_gap() {
    let one = log_of(&[1], PLENTY).retained_bytes();
    let mut log = log_of(&[1, 1], one * 4);
    let (mut slow, _) = log.after(Seq(0));
    let (mut quick, _) = log.after(Seq(2));
    append(&mut log, &[1; 20]);
    assert!(slow.is_lost());
    assert!(quick.is_lost());
    assert!(log.retained_bytes() <= one * 4);
    let first = log.tail().seq.0 + 1 - log.retained_entries();
    let (mut late, gap) = log.after(Seq(1));
    assert_eq!(gap, Some(Gap { after: Seq(1), before: Seq(first) }));
    assert!(!late.is_lost());
    assert_eq!(rest(&mut late), (first..=22).collect::<Vec<_>>());
    // A lost cursor has what it stands in, and nothing of what came later.
    assert!(rest(&mut slow).starts_with(&[1]) && rest(&mut quick).is_empty());
    assert!(slow.is_lost() && quick.is_lost(), "and stays lost");
}

#[test]
fn a_caught_up_cursor_is_not_lost() {
    let one = log_of(&[1], PLENTY).retained_bytes();
    let mut log = log_of(&[1], one * 2);
    let (mut cursor, _) = log.after(Seq(0));
    for _ in 0..10 {
        rest(&mut cursor);
        append(&mut log, &[1]);
        assert!(!cursor.is_lost());
    }
}

/// However little may be retained, somebody has to read it.
#[test]
fn what_was_appended_last_stays_whatever_it_weighs() {
    let mut logs = Logs::new(1);
    let room = RoomId(1);
    let mut reads = logs.open(room, RoomName::lobby(), Seq(1));
    for seq in 1..=3 {
        logs.append(room, vec![entry(seq, 1)]);
        assert_eq!(logs.retained_entries(), 1);
        assert_eq!(rest(&mut reads), [seq]);
    }
}

/// What one room no longer retains is let go of before what another said later.
#[test]
fn rooms_share_one_budget_and_the_oldest_goes_first() {
    let one = log_of(&[1], PLENTY).retained_bytes();
    let mut logs = Logs::new(one * 4);
    let (quiet, busy) = (RoomId(1), RoomId(2));
    let start = logs.open(quiet, RoomName::lobby(), Seq(1));
    logs.open(busy, RoomName::parse("ops").unwrap(), Seq(1));
    logs.append(quiet, vec![entry(1, 1)]);
    assert!(!start.is_lost());
    for seq in 1..=3 {
        logs.append(busy, vec![Entry { ordinal: Ordinal(seq + 1), ..entry(seq, 1) }]);
    }
    assert_eq!(logs.get(quiet).unwrap().retained_entries(), 1);
    let mut read = logs.after(quiet, Seq(0)).unwrap().0;
    rest(&mut read);
    logs.append(busy, vec![entry(4, 1)]);
    assert_eq!(logs.get(quiet).unwrap().retained_entries(), 0);
    assert!(start.is_lost() && !read.is_lost());
    let (mut late, gap) = logs.after(quiet, Seq(0)).unwrap();
    assert_eq!(gap, Some(Gap { after: Seq(0), before: Seq(2) }));
    logs.append(quiet, vec![entry(2, 1)]);
    assert_eq!((rest(&mut late), rest(&mut read)), (vec![2], vec![2]), "and the room goes on");
    assert_eq!(logs.behind(busy, Ordinal(3)), 2);
    // A room that is forgotten can be read to its end, and goes as everything else does.
    let mut last = logs.after(busy, Seq(3)).unwrap().0;
    logs.forget(busy);
    assert_eq!(rest(&mut last), [4]);
    for seq in 3..=8 {
        logs.append(quiet, vec![entry(seq, 1)]);
        assert_eq!(rest(&mut read), [seq]);
    }
    assert!(logs.get(busy).is_none());
}

/// What is recorded has to be taken first: as long as it is not, the budget is no reason.
#[test]
fn what_is_not_taken_yet_is_kept_within_a_bound_of_its_own() {
    let one = log_of(&[1], PLENTY).retained_bytes();
    let mut log = log_of(&[1], one * 2);
    let taken = Arc::<AtomicU64>::default();
    log.0.keep_for(taken.clone());
    let mut recorder = log.after(Seq(0)).0;
    append(&mut log, &[1; 50]);
    assert_eq!(log.retained_entries(), 51);
    assert_eq!(rest(&mut recorder), (1..=51).collect::<Vec<_>>());
    taken.store(51, Ordering::Release);
    append(&mut log, &[1]);
    assert!(log.retained_bytes() <= one * 2);
    // Who does not take anything any more does not fill the memory.
    append(&mut log, &vec![1; 40 * 1024 * 1024 / one]);
    assert!(log.retained_bytes() < 33 * 1024 * 1024);
}

/// One slow reader kept everything alive that was said after what it stood in.
#[test]
fn a_cursor_keeps_nothing_alive_but_the_chunk_it_stands_in() {
    let one = log_of(&[1], PLENTY).retained_bytes();
    let mut log = log_of(&[2], one * 4);
    let mut slow = log.after(Seq(0)).0;
    let half = slow.next_slice(Some(Ordinal(1))).unwrap();
    append(&mut log, &[1]);
    let later = Arc::downgrade(&log.after(Seq(2)).0.next_slice(None).unwrap().chunk);
    append(&mut log, &[1; 20]);
    assert!(later.upgrade().is_none(), "it is gone");
    assert_eq!(half.chunk.entries().len(), 2, "and this is not");
    assert_eq!(rest(&mut slow), [2]);
    assert!(slow.is_lost());
}

#[test]
fn a_long_chain_is_freed_without_recursion() {
    let mut log = log_of(&[1], 1);
    let (cursor, _) = log.after(Seq(0));
    append(&mut log, &vec![1; 100_000]);
    drop(log);
    drop(cursor);
}

#[test]
fn own_entries_are_told_from_others() {
    let mut log = Log::new(RoomName::lobby(), PLENTY);
    log.append([1, 2, 2, 1, 3].iter().zip(1..).map(|(&who, seq)| entry(seq, who)).collect());
    let (mut cursor, _) = log.after(Seq(0));
    let slice = cursor.next_slice(None).unwrap();
    let runs = |me| {
        let mut runs = Vec::new();
        slice.runs(SessionId(me), |run| runs.push(run));
        runs
    };
    assert_eq!(runs(9), [Run::Others(0..5)]);
    assert_eq!(runs(2), [Run::Others(0..1), Run::Own(1), Run::Own(2), Run::Others(3..5)]);
    assert_eq!(runs(1), [Run::Own(0), Run::Others(1..3), Run::Own(3), Run::Others(4..5)]);
    assert_eq!(runs(3), [Run::Others(0..4), Run::Own(4)]);
}

#[test]
fn each_dialect_has_one_run_of_bytes_with_an_end_for_every_entry() {
    let log = log_of(&[3], PLENTY);
    let (mut cursor, _) = log.after(Seq(0));
    let slice = cursor.next_slice(None).unwrap();
    for dialect in [Dialect::Line, Dialect::Native] {
        let encoded = slice.chunk.encoded(dialect);
        let lines: Vec<&[u8]> = encoded.bytes.split_inclusive(|&byte| byte == b'\n').collect();
        assert_eq!(lines.len(), 3);
        for (index, line) in lines.iter().enumerate() {
            assert_eq!(&encoded.bytes[encoded.range(index..index + 1)], *line);
        }
        assert_eq!(encoded.range(0..3), 0..encoded.bytes.len());
        assert!(encoded.range(2..2).is_empty());
        assert!(encoded.bytes.len() <= slice.chunk.weight(), "the weight is an upper bound");
    }
}

proptest! {
    /// Whatever is appended and whoever reads when: a cursor that is not lost has read exactly
    /// what came after its place, in order, and a lost one was further behind than the budget.
    #[test]
    fn cursors_against_the_model(
        budget in 1_000_usize..20_000,
        steps in proptest::collection::vec((0_usize..6, 1_usize..9), 1..60),
    ) {
        let mut log = Log::new(RoomName::lobby(), budget);
        let mut readers: Vec<(Cursor, u64)> = Vec::new();
        for (what, size) in steps {
            match what {
                0 => {
                    let after = log.tail().seq.0.saturating_sub(size as u64);
                    let (cursor, gap) = log.after(Seq(after));
                    let from = gap.map_or(after, |gap| gap.before.0 - 1);
                    readers.push((cursor, from));
                }
                1 if !readers.is_empty() => {
                    let at = size % readers.len();
                    let (cursor, read) = &mut readers[at];
                    if cursor.is_lost() {
                        readers.swap_remove(at);
                        continue;
                    }
                    let seqs = rest(cursor);
                    prop_assert_eq!(&seqs, &(*read + 1..=log.tail().seq.0).collect::<Vec<_>>());
                    *read = log.tail().seq.0;
                }
                _ => append(&mut log, &[size]),
            }
            prop_assert!(log.retained_bytes() <= budget || log.retained_entries() <= 9);
            for (cursor, read) in &readers {
                if cursor.is_lost() {
                    prop_assert!(*read + 1 < log.tail().seq.0 + 1 - log.retained_entries() + 1);
                }
            }
        }
    }

    /// The last entries before a place, whatever is asked for.
    #[test]
    fn history_is_what_the_model_says(
        turns in proptest::collection::vec(1_usize..5, 0..12),
        count in 0_usize..30,
        before in proptest::option::of(0_u64..60),
    ) {
        let log = log_of(&turns, PLENTY);
        let all: Vec<u64> = (1..=log.tail().seq.0).collect();
        let wanted: Vec<u64> =
            all.into_iter().filter(|&seq| before.is_none_or(|before| seq < before)).collect();
        let wanted = &wanted[wanted.len().saturating_sub(count)..];
        let (mut cursor, found, more) = log.last(count, before.map(Seq));
        prop_assert_eq!(found, wanted.len());
        let read: Vec<u64> = rest(&mut cursor).into_iter().take(found).collect();
        prop_assert_eq!(&read, wanted);
        if let Some(&first) = wanted.first() {
            prop_assert_eq!(more, first > 1);
        }
    }
}

/// A client that asks for what is before the first entry it has, as long as there is more, went on
/// for ever: there was more, but not to be had.
#[test]
fn there_is_no_more_before_the_first_retained() {
    let one = log_of(&[1], PLENTY).retained_bytes();
    let log = log_of(&[1; 20], one * 4);
    let first = log.tail().seq.0 + 1 - log.retained_entries();
    assert!(first > 1);
    assert!(log.last(1, None).2);
    assert!(!log.last(100, None).2);
    let (_, found, more) = log.last(100, Some(Seq(first)));
    assert_eq!((found, more), (0, false));
}
