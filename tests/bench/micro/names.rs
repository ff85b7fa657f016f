//! The door's checks: is this a name, does it read like another, is this text harmless.

use crate::inputs::text;
use chaty::wire::nick::Nick;
use chaty::wire::text::Text;
use criterion::{BenchmarkId, Criterion, Throughput};
use std::hint::black_box;

pub(crate) fn bench(criterion: &mut Criterion) {
    names(criterion);
    texts(criterion);
}

fn names(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("name");
    for (script, name) in [("latin", "Trinity"), ("cyrillic", "Тринити"), ("han", "三位一体")]
    {
        group.bench_function(format!("check_{script}"), |bencher| {
            bencher.iter(|| Nick::parse(black_box(name.as_bytes())).unwrap());
        });
        let nick = Nick::parse(name.as_bytes()).unwrap();
        group.bench_function(format!("key_{script}"), |bencher| {
            bencher.iter(|| black_box(&nick).key());
        });
    }
    let (one, other) = (Nick::parse(b"Trinity").unwrap(), Nick::parse(b"Trinitu").unwrap());
    let (one, other) = (one.key(), other.key());
    group.bench_function("clash", |bencher| {
        bencher.iter(|| black_box(&one).clashes(black_box(&other)));
    });
}

/// Text as most of it is; as it is elsewhere; and as somebody sends it who means harm.
fn texts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("text");
    for size in [16, 64, 512, 4000] {
        let fill = |piece: &str| piece.repeat(size / piece.len() + 1);
        let utf8 = fill("schön 日本語 ");
        let hostile = fill("a\x1b[31m\u{202e}b\u{9b}\t");
        let cut = |text: &str| text.split_at(text.floor_char_boundary(size)).0.to_owned();
        let mut broken = fill("caf\u{e9} ").into_bytes();
        broken.truncate(size);
        broken.iter_mut().step_by(7).for_each(|byte| *byte = 0xff);
        group.throughput(Throughput::Bytes(size as u64));
        for (kind, bytes) in [
            ("ascii", text(size).into_bytes()),
            ("utf8", cut(&utf8).into_bytes()),
            ("hostile", cut(&hostile).into_bytes()),
            ("no_utf8", broken),
        ] {
            group.bench_function(BenchmarkId::new(kind, size), |bencher| {
                bencher.iter(|| Text::clean(black_box(&bytes)));
            });
        }
    }
}
