//! The hub's turn: what a message costs by how many are in a turn and how many members there are,
//! asleep at their cursors as the writers of a calm room are, or busy.

use crate::inputs::{BATCHES, SIZE, SIZES, nick, post};
use chaty::config::Limits;
use chaty::room::Post;
use chaty::serve::rig::{Listener, Rig};
use chaty::wire::Dialect;
use chaty::wire::entry::SessionId;
use criterion::{BenchmarkId, Criterion, Throughput};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::AsyncWrite;
use tokio::runtime::{Builder, Runtime};
use tokio::task::yield_now;

/// Members of the room, from a team to as many as one server takes by default.
const MEMBERS: [usize; 4] = [10, 100, 1000, 10_000];

pub(crate) fn bench(criterion: &mut Criterion) {
    turn_by_size(criterion);
    turn(criterion);
    asleep(criterion);
    with_ids(criterion);
}

/// A hub with so many members, and where each of them reads.
fn room(members: usize) -> (Rig, Vec<Listener>) {
    // A small log: what is said is let go of as fast as it comes, as in a room that has been busy
    // for a while.
    let limits = Limits { retained_bytes: 4 * 1024 * 1024, ..Limits::default() };
    let mut rig = Rig::new(&limits);
    let listeners = (0..members).map(|number| rig.join(nick(number), Dialect::Line).unwrap());
    let listeners = listeners.collect();
    (rig, listeners)
}

/// Times the turn alone: not the texts that are made for it, nor what its members do after it.
fn time_turns(rig: &mut Rig, speaker: SessionId, posts: &[Post], turns: u64) -> Duration {
    let mut spent = Duration::ZERO;
    for _ in 0..turns {
        rig.post(speaker, posts.to_vec());
        let began = Instant::now();
        rig.turn();
        spent += began.elapsed();
        rig.ring();
    }
    spent
}

/// Nobody waits: every writer has something to write still.
fn turn(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("turn");
    for members in MEMBERS {
        let (mut rig, listeners) = room(members);
        for batch in BATCHES {
            let posts = vec![post(SIZE); batch];
            group.throughput(Throughput::Elements(batch as u64));
            group.bench_function(BenchmarkId::new(format!("busy_{batch}"), members), |bencher| {
                let speaker = listeners[0].session();
                bencher.iter_custom(|turns| time_turns(&mut rig, speaker, &posts, turns));
            });
        }
    }
}

fn turn_by_size(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("turn_by_size");
    let (mut rig, listeners) = room(100);
    for size in SIZES {
        let posts = vec![post(size); 64];
        group.throughput(Throughput::Elements(64));
        group.bench_function(BenchmarkId::new("busy_64", size), |bencher| {
            let speaker = listeners[0].session();
            bencher.iter_custom(|turns| time_turns(&mut rig, speaker, &posts, turns));
        });
    }
}

/// Each message with an id of its own, as native clients give them, so that a resend is known.
fn with_ids(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("turn");
    let (mut rig, listeners) = room(100);
    let (speaker, batch) = (listeners[0].session(), 512);
    let mut number = 0_u64;
    group.throughput(Throughput::Elements(batch));
    group.bench_function(BenchmarkId::new("ids_512", 100), |bencher| {
        bencher.iter_custom(|turns| {
            let mut spent = Duration::ZERO;
            for _ in 0..turns {
                let posts = (0..batch).map(|_| {
                    number += 1;
                    Post { id: Some(format!("{number:08x}").into()), ..post(SIZE) }
                });
                rig.post(speaker, posts.collect());
                let began = Instant::now();
                rig.turn();
                spent += began.elapsed();
                rig.ring();
            }
            spent
        });
    });
}

/// One worker, so that the hub and its members take turns as they do on one core.
fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).build().unwrap()
}

/// Lets the others run until all of them have written.
async fn until(written: &AtomicU64, all: u64) {
    while written.load(Ordering::Relaxed) < all {
        yield_now().await;
    }
}

/// Takes what a member is written, and counts the writes.
struct Out(Arc<AtomicU64>);

impl AsyncWrite for Out {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Members whose writers are on standby, and how often they have written.
struct Asleep {
    runtime: Runtime,
    rig: Rig,
    speaker: SessionId,
    members: u64,
    written: Arc<AtomicU64>,
}

impl Asleep {
    fn new(members: usize) -> Self {
        let (runtime, written) = (runtime(), Arc::<AtomicU64>::default());
        let (mut rig, listeners) = room(1);
        let speaker = listeners[0].session();
        for number in 1..=members {
            let out = Out(written.clone());
            runtime.spawn(rig.join_writing(nick(number), Dialect::Line, out).unwrap());
        }
        runtime.spawn(rig.ringer());
        let asleep = Self { runtime, rig, speaker, members: members as u64, written };
        // What joins have brought meanwhile is not part of it.
        asleep.take_turns(&[post(SIZE)], 10).0
    }

    /// Takes turns, each when everybody waits again; returns the time of the turns, and of all.
    fn take_turns(self, posts: &[Post], turns: u64) -> (Self, Duration, Duration) {
        let Self { runtime, mut rig, speaker, members, written } = self;
        let handle = runtime.handle().clone();
        let (posts, watched) = (posts.to_vec(), written.clone());
        let work = async move {
            let (mut spent, mut all) = (Duration::ZERO, Duration::ZERO);
            for _ in 0..turns {
                rig.post(speaker, posts.clone());
                watched.store(0, Ordering::Relaxed);
                let began = Instant::now();
                rig.turn();
                spent += began.elapsed();
                until(&watched, members).await;
                all += began.elapsed();
            }
            (rig, spent, all)
        };
        let (rig, spent, all) = runtime.block_on(handle.spawn(work)).unwrap();
        (Self { runtime, rig, speaker, members, written }, spent, all)
    }
}

/// Everybody waits, and each writes what the turn brings. `round` is the turn and everybody's
/// write, without a socket.
fn asleep(criterion: &mut Criterion) {
    for (name, group) in [("asleep", "turn"), ("round", "round")] {
        let mut group = criterion.benchmark_group(group);
        for members in MEMBERS {
            let mut room = Some(Asleep::new(members));
            for batch in BATCHES {
                let posts = vec![post(SIZE); batch];
                group.throughput(Throughput::Elements(batch as u64));
                let id = BenchmarkId::new(format!("{name}_{batch}"), members);
                group.bench_function(id, |bencher| {
                    bencher.iter_custom(|turns| {
                        let (back, spent, all) = room.take().unwrap().take_turns(&posts, turns);
                        room = Some(back);
                        if name == "round" { all } else { spent }
                    });
                });
            }
        }
    }
}
