//! Where cursors stand, and what the logs know of places.

use super::{Log, Logs, PLENTY, ROOM, Tail, entry, log_of, rest};
use crate::wire::entry::{Ordinal, Seq, SessionId};
use crate::wire::room_name::RoomName;
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
