//! The log: appending a turn, and many cursors that take what it brought.

use crate::inputs::{BATCHES, SIZE, entry};
use chaty::log::{Cursor, Logs};
use chaty::wire::Dialect;
use chaty::wire::entry::{Entry, RoomId, Seq, SessionId};
use chaty::wire::room_name::RoomName;
use criterion::{BenchmarkId, Criterion, Throughput};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Who reads.
const CURSORS: u64 = 1000;
const ROOM: RoomId = RoomId(1);

pub(crate) fn bench(criterion: &mut Criterion) {
    append(criterion);
    cursors(criterion);
}

/// A log that lets go of as much as it is given.
fn full() -> (Logs, u64) {
    let mut logs = Logs::new(4 * 1024 * 1024);
    logs.open(ROOM, RoomName::lobby(), Seq(1));
    (logs, 0)
}

/// A turn's entries, after the last.
fn entries(last: &mut u64, batch: usize) -> Vec<Entry> {
    let mut next = || {
        *last += 1;
        entry(*last, 1 + *last % 4, SIZE)
    };
    (0..batch).map(|_| next()).collect()
}

fn append(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("append");
    for batch in BATCHES {
        let (mut logs, mut last) = full();
        group.throughput(Throughput::Elements(batch as u64));
        group.bench_function(BenchmarkId::new("batch", batch), |bencher| {
            bencher.iter_custom(|turns| {
                let mut spent = Duration::ZERO;
                for _ in 0..turns {
                    let turn = entries(&mut last, batch);
                    let began = Instant::now();
                    logs.append(ROOM, black_box(turn));
                    spent += began.elapsed();
                }
                spent
            });
        });
    }
}

/// Every cursor takes a chunk, and finds which of its bytes to write: all of them, or around what
/// its own member said.
fn cursors(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("cursor");
    group.throughput(Throughput::Elements(CURSORS));
    for (name, me) in [("others", SessionId(99)), ("author", SessionId(1))] {
        for batch in BATCHES {
            let (mut logs, mut last) = full();
            let place = logs.after(ROOM, Seq(0)).unwrap().0;
            let mut cursors: Vec<Cursor> = (0..CURSORS).map(|_| place.clone()).collect();
            group.bench_function(BenchmarkId::new(name, batch), |bencher| {
                bencher.iter_custom(|turns| {
                    let mut spent = Duration::ZERO;
                    for _ in 0..turns {
                        logs.append(ROOM, entries(&mut last, batch));
                        let began = Instant::now();
                        for cursor in &mut cursors {
                            black_box(take(cursor, me));
                        }
                        spent += began.elapsed();
                    }
                    spent
                });
            });
        }
    }
}

fn take(cursor: &mut Cursor, me: SessionId) -> usize {
    let mut bytes = 0;
    while let Some(slice) = cursor.next_slice(None) {
        let encoded = slice.chunk.encoded(Dialect::Line);
        slice.runs(me, |run| {
            if let chaty::log::Run::Others(entries) = run {
                bytes += encoded.range(entries).len();
            }
        });
    }
    bytes
}
