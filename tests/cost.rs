//! Guards of what the way of a message costs, which no busy machine disturbs: allocations are
//! counted, and times are only compared with others of the same run. How long it all takes is in
//! docs/BENCHMARKS.md.

#![expect(clippy::unwrap_used, reason = "a test that goes wrong panics, and says where")]

use allocation_counter::measure;
use chaty::config::Limits;
use chaty::room::Post;
use chaty::serve::rig::{Listener, Rig, Talker};
use chaty::wire::Dialect;
use chaty::wire::nick::Nick;
use chaty::wire::text::Text;
use std::time::{Duration, Instant};

/// Retains all that is said here.
const ALL: usize = 64 * 1024 * 1024;
/// Retains nothing but the last turn: each lets go of the one before, as in a room that has been
/// busy for long.
const LAST: usize = 1;
/// Messages of a turn: a busy publisher's read.
const TURN: usize = 512;

/// A hub with so many members, which retains so much.
fn room(members: usize, retained_bytes: usize) -> (Rig, Vec<Listener>) {
    let mut rig = Rig::new(&Limits { retained_bytes, ..Limits::default() });
    let name = |number: usize| {
        let letters = format!("{number:04}").into_bytes();
        let letters = letters.iter().map(|digit| char::from(digit - b'0' + b'a'));
        Nick::parse(format!("q{}", letters.collect::<String>()).as_bytes()).unwrap()
    };
    let listeners = (0..members).map(|number| rig.join(name(number), Dialect::Line).unwrap());
    let listeners = listeners.collect();
    (rig, listeners)
}

fn posts(count: usize) -> Vec<Post> {
    vec![Post::plain(Text::clean(&[b'x'; 64]).unwrap()); count]
}

/// The bytes of one read, whose ids begin with `first`.
fn read(dialect: Dialect, first: usize) -> Vec<u8> {
    let text = "x".repeat(64);
    let line = |number: usize| match dialect {
        Dialect::Native => format!("{{\"say\":{{\"text\":\"{text}\",\"id\":\"{number:08x}\"}}}}\n"),
        Dialect::Line | Dialect::Raw => format!("{text}\n"),
    };
    (first..first + TURN).flat_map(|number| line(number).into_bytes()).collect()
}

/// Allocations of a read's messages on their way to the bytes that all readers share, by message.
fn allocations(dialect: Dialect) -> f64 {
    let (mut rig, mut listeners) = room(3, ALL);
    let mut talker = Talker::new(dialect, Nick::parse(b"Neo").unwrap());
    let (speaker, listener) = (listeners[0].session(), &mut listeners[1]);
    let mut way = |read: &[u8]| {
        for posts in talker.say(read) {
            rig.post(speaker, posts);
        }
        rig.turn();
        rig.ring();
        let mut bytes = 0;
        while let Some(slice) = listener.take() {
            bytes += slice.chunk.encoded(dialect).range(slice.entries).len();
        }
        assert!(bytes > TURN * 64, "only {bytes} bytes");
    };
    // What is kept from turn to turn is there afterwards.
    way(&read(dialect, 0));
    let second = read(dialect, TURN);
    let counted = measure(|| way(&second));
    let messages = f64::from(u32::try_from(TURN).unwrap());
    f64::from(u32::try_from(counted.count_total).unwrap()) / messages
}

#[test]
fn a_message_of_the_line_dialect_allocates_its_text_and_hardly_more() {
    let each = allocations(Dialect::Line);
    assert!((1.0..1.2).contains(&each), "{each} allocations a message");
}

#[test]
fn a_message_of_the_native_dialect_allocates_its_text_its_id_and_little_more() {
    let each = allocations(Dialect::Native);
    assert!((3.0..6.2).contains(&each), "{each} allocations a message");
}

#[test]
fn a_reader_that_follows_allocates_nothing() {
    let (mut rig, mut listeners) = room(100, ALL);
    let speaker = listeners[0].session();
    rig.post(speaker, posts(TURN));
    rig.turn();
    let mut follow = |listener: &mut Listener| {
        while let Some(slice) = listener.take() {
            let bytes = slice.chunk.encoded(Dialect::Line).range(slice.entries);
            assert!(!bytes.is_empty());
        }
    };
    // The first one encodes, for all.
    follow(&mut listeners[0]);
    let counted = measure(|| listeners.iter_mut().skip(1).for_each(&mut follow));
    assert_eq!(counted.count_total, 0);
}

#[test]
fn a_turn_allocates_the_same_however_many_members_there_are() {
    let count = |members: usize| {
        let (mut rig, listeners) = room(members, LAST);
        let speaker = listeners[0].session();
        let mut turn = || {
            rig.post(speaker, posts(TURN));
            rig.turn();
            rig.ring();
        };
        turn();
        measure(turn).count_total
    };
    assert_eq!(count(10), count(1000));
}

/// A walk over all members for a message would make it cost more than a hundred times as much; the
/// figure promised is 1.5, and docs/BENCHMARKS.md has what it really is.
#[test]
fn a_message_costs_the_hub_the_same_with_many_members_as_with_few() {
    let mut rooms = [room(10, LAST), room(1000, LAST)];
    let mut least = [Duration::MAX; 2];
    // The least of many turns in turn: what else the machine does only ever adds.
    for _ in 0..200 {
        for ((rig, listeners), least) in rooms.iter_mut().zip(&mut least) {
            rig.post(listeners[0].session(), posts(1));
            let began = Instant::now();
            rig.turn();
            *least = began.elapsed().min(*least);
            rig.ring();
        }
    }
    let [few, many] = least;
    assert!(many < few * 3, "{many:?} with 1000 members, {few:?} with 10");
}
