//! Where cursors stand, and what the logs know of places.

use super::{Log, Logs, PLENTY, ROOM, Tail, entry, log_of, rest};
use crate::log::{Log as OneLog, NOT_TAKEN};
use crate::wire::entry::{Chat, Entry, Event, Ordinal, Seq, SessionId};
use crate::wire::room_name::RoomName;
use crate::wire::text::Text;
use std::sync::Arc;

#[test]
fn a_cursor_tells_where_it_stands() {
    let log = log_of(&[2, 3], PLENTY);
    let (mut cursor, _) = log.after(Seq(0));
    assert_eq!(cursor.room(), &RoomName::lobby());
    assert_eq!((cursor.last_read(), cursor.bytes_before()), (None, 0));
    assert_eq!(cursor.peek(), Some(Ordinal(1)));
    let first = cursor.next_slice(None).unwrap().chunk;
    assert_eq!(first.room(), &RoomName::lobby());
    assert_eq!(cursor.last_read(), Some((Seq(2), Ordinal(2))));
    assert_eq!(cursor.bytes_before(), first.weight() as u64, "all of it is read");
    assert_eq!(cursor.peek(), Some(Ordinal(3)));
    let half = cursor.next_slice(Some(Ordinal(4))).unwrap();
    assert_eq!(half.last(), Some(Ordinal(4)));
    assert_eq!(cursor.bytes_before(), first.weight() as u64, "the rest of its chunk is to come");
    rest(&mut cursor);
    let all = (first.weight() + half.chunk.weight()) as u64;
    assert_eq!((cursor.bytes_before(), log.tail().bytes), (all, all));
    assert_eq!((cursor.peek(), cursor.is_lost()), (None, false));
    let held = Arc::downgrade(&half.chunk);
    drop((log, first, half));
    cursor.let_go();
    assert!(held.upgrade().is_none(), "it keeps nothing alive");
    assert_eq!(cursor.room(), &RoomName::lobby());
    assert_eq!(cursor.last_read(), None);
}

#[test]
fn a_cursor_finds_the_next_entry_of_ones_own() {
    let mut log = Log::new(RoomName::lobby(), PLENTY);
    log.append([1, 2, 2, 3].iter().zip(1..).map(|(&who, seq)| entry(seq, who)).collect());
    let (mut cursor, _) = log.after(Seq(0));
    let mut own = |who, behind| cursor.next_own(SessionId(who), Ordinal(behind));
    assert_eq!(
        [own(2, 0), own(2, 1), own(2, 2)],
        [Some(2), Some(2), Some(3)].map(|n| n.map(Ordinal))
    );
    assert_eq!([own(2, 3), own(9, 0)], [None, None]);
    assert_eq!([own(1, 0), own(3, 0)], [Some(Ordinal(1)), Some(Ordinal(4))]);
}

#[test]
fn what_is_not_there_has_no_tail_and_no_cursor() {
    let mut logs = Logs::new(PLENTY);
    assert_eq!((logs.tail(ROOM), logs.behind(ROOM, Ordinal(0))), (Tail::default(), 0));
    assert!(logs.after(ROOM, Seq(0)).is_none() && logs.get(ROOM).is_none());
    logs.open(ROOM, RoomName::lobby(), Seq(7));
    assert_eq!(logs.tail(ROOM), Tail { seq: Seq(6), bytes: 0 });
    logs.append(ROOM, Vec::new());
    assert_eq!((logs.retained_bytes(), logs.retained_entries()), (0, 0));
    logs.forget(ROOM);
    assert!(logs.get(ROOM).is_none(), "there was nothing in it");
}

#[test]
fn how_much_is_behind_a_place_is_counted_over_chunks() {
    let log = log_of(&[3, 2, 4], PLENTY);
    let behind: Vec<u64> = (0..=9).map(|at| log.0.behind(ROOM, Ordinal(at))).collect();
    assert_eq!(behind, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    // By weight it is whole chunks: those that are not read to their end.
    let log = log.0.get(ROOM).unwrap();
    let chunks: Vec<u64> = {
        let (mut cursor, _) = log.after(Seq(0));
        let slices = std::iter::from_fn(|| cursor.next_slice(None));
        slices.map(|slice| slice.chunk.weight() as u64).collect()
    };
    let [first, second, third] = chunks[..] else { panic!("{} chunks", chunks.len()) };
    let all = first + second + third;
    for (at, weight) in [(0, all), (2, all), (3, second + third), (5, third), (8, third), (9, 0)] {
        assert_eq!(log.weight_behind(Ordinal(at)), weight, "behind {at}");
    }
}

#[test]
fn a_budget_is_kept_to_the_byte_and_can_be_changed() {
    let weight = log_of(&[1], PLENTY).retained_bytes();
    let mut log = log_of(&[1, 1], 2 * weight);
    assert_eq!(log.retained_entries(), 2, "as much as may be");
    log.append(vec![entry(3, 1)]);
    assert_eq!((log.retained_entries(), log.retained_bytes()), (2, 2 * weight));
    log.0.set_budget(3 * weight);
    log.append(vec![entry(4, 1)]);
    assert_eq!(log.retained_entries(), 3);
    log.0.set_budget(weight);
    log.append(vec![entry(5, 1)]);
    assert_eq!(log.retained_entries(), 1, "what is too much goes with the next turn");
    assert_eq!(NOT_TAKEN, 32 << 20, "as the documents say");
}

#[test]
fn who_stands_inside_of_what_is_let_go_of_is_lost() {
    let mut log = log_of(&[3, 2], PLENTY);
    let (mut inside, _) = log.after(Seq(0));
    inside.next_slice(Some(Ordinal(1))).unwrap();
    let (mut behind, _) = log.after(Seq(0));
    behind.next_slice(None).unwrap();
    log.0.set_budget(0);
    log.append(vec![entry(6, 1)]);
    assert!(inside.is_lost(), "the rest of its chunk is gone");
    assert!(behind.is_lost(), "and so is what comes after it");
    let (at_the_end, _) = log.after(Seq(6));
    assert!(!at_the_end.is_lost(), "who has read all misses nothing");
}

#[test]
fn who_stands_inside_of_what_is_let_go_of_is_lost_though_the_next_is_there() {
    let mut log = log_of(&[2, 1], PLENTY);
    let (mut inside, _) = log.after(Seq(0));
    inside.next_slice(Some(Ordinal(1))).unwrap();
    let two_turns = usize::try_from(log.tail().bytes).unwrap();
    log.0.set_budget(two_turns);
    log.append(vec![entry(4, 1)]);
    assert!(log.after(Seq(2)).1.is_none(), "only the first turn is gone");
    assert!(inside.is_lost());
}

#[test]
fn what_fits_to_the_byte_is_retained() {
    let mut log = log_of(&[1], PLENTY);
    let one = usize::try_from(log.tail().bytes).unwrap();
    log.0.set_budget(2 * one);
    log.append(vec![entry(2, 1)]);
    assert!(log.after(Seq(0)).1.is_none());
    log.0.set_budget(3 * one - 1);
    log.append(vec![entry(3, 1)]);
    assert!(log.after(Seq(0)).1.is_some());
}

#[test]
fn what_is_not_recorded_is_kept_to_the_byte_too() {
    let large = |seq: u64| {
        let text = Text::clean(&[b'x'; 4096]).unwrap();
        let Entry { event: Event::Chat(chat), .. } = entry(seq, 1) else { unreachable!() };
        Entry { event: Event::Chat(Chat { text, ..chat }), ..entry(seq, 1) }
    };
    let mut log = log_of(&[], PLENTY);
    let (mut seq, mut weight) = (0, 0);
    while weight <= NOT_TAKEN {
        seq += 1;
        log.append(vec![large(seq)]);
        weight = usize::try_from(log.tail().bytes).unwrap();
    }
    for (budget, is_kept) in [(weight - NOT_TAKEN, true), (weight - NOT_TAKEN - 1, false)] {
        let mut log = log_of(&[], budget);
        log.0.keep_for(Arc::default());
        (1..=seq).for_each(|seq| log.append(vec![large(seq)]));
        assert_eq!(log.after(Seq(0)).1.is_none(), is_kept);
    }
}

#[test]
fn a_log_that_has_nothing_lets_go_of_nothing() {
    let mut log = OneLog::new(RoomName::lobby(), Seq(1));
    assert_eq!([log.evict(), log.evict()], [0, 0]);
    let (mut cursor, gap) = log.after(Seq(0));
    assert!(gap.is_none());
    let weight = log.append(vec![entry(1, 1)]);
    assert_eq!(cursor.next_slice(None).map(|slice| slice.entries), Some(0..1));
    assert_eq!([log.evict(), log.evict()], [weight, 0]);
}
