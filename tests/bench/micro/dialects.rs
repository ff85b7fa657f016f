//! From bytes to messages and back, by dialect and by the size of a message.

use crate::inputs::{SIZES, entry, nick, sent};
use chaty::log::Log;
use chaty::serve::rig::Talker;
use chaty::wire::entry::{Entry, Seq};
use chaty::wire::room_name::RoomName;
use chaty::wire::{Dialect, line, raw};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use std::hint::black_box;

/// What a reader asks the socket for at once.
const READ: usize = 32 * 1024;
/// Messages of a chunk.
const CHUNK: u64 = 64;

pub(crate) fn bench(criterion: &mut Criterion) {
    decode(criterion);
    encode(criterion);
    raw_parts(criterion);
}

/// The bytes of one read become posts.
fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    for dialect in [Dialect::Line, Dialect::Native] {
        for size in SIZES {
            let one = sent(dialect, 0, size).len();
            let count = READ / one;
            let read: Vec<u8> = (0..count).flat_map(|number| sent(dialect, number, size)).collect();
            group.throughput(Throughput::Elements(count as u64));
            group.bench_function(BenchmarkId::new(dialect.name(), size), |bencher| {
                let mut talker = Talker::new(dialect, nick(0));
                bencher.iter(|| {
                    let posts: usize = talker.say(black_box(&read)).map(|said| said.len()).sum();
                    assert_eq!(posts, count);
                });
            });
        }
    }
}

/// A chunk's bytes, made once for all who read it.
fn encode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    group.throughput(Throughput::Elements(CHUNK));
    for dialect in [Dialect::Line, Dialect::Native] {
        for size in SIZES {
            let entries: Vec<Entry> = (1..=CHUNK).map(|seq| entry(seq, 1, size)).collect();
            let chunk = || {
                let mut log = Log::new(RoomName::lobby(), Seq(1));
                let mut cursor = log.after(Seq(0)).0;
                log.append(entries.clone());
                cursor.next_slice(None).unwrap().chunk
            };
            group.bench_function(BenchmarkId::new(dialect.name(), size), |bencher| {
                bencher.iter_batched_ref(
                    chunk,
                    |chunk| chunk.encoded(dialect).bytes.len(),
                    BatchSize::SmallInput,
                );
            });
        }
    }
}

/// The raw dialect's messages, made for each reader by itself.
fn raw_parts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    group.throughput(Throughput::Elements(CHUNK));
    for size in SIZES {
        let entries: Vec<Entry> = (1..=CHUNK).map(|seq| entry(seq, 1, size)).collect();
        group.bench_function(BenchmarkId::new(Dialect::Raw.name(), size), |bencher| {
            bencher.iter(|| {
                let mut messages = 0;
                for entry in black_box(&entries) {
                    let mut bytes = Vec::new();
                    let tag = line::put(entry, &mut bytes);
                    let said = String::from_utf8_lossy(&bytes);
                    let (tag, text) = said.trim_end_matches('\n').split_at(tag);
                    messages += raw::parts(tag, text).map(black_box).count();
                }
                messages
            });
        });
    }
}
