//! A bot's ear, which hears everything in the room, and its script, which is called for little.

use chaty::bot::{Event, Limits, LoadOptions, Message, Stage, StageOptions};
use chaty::wire::entry::Kind;
use criterion::Criterion;
use std::hint::black_box;

/// When everything happens, in milliseconds.
const NOW: u64 = 1_700_000_000_000;

pub(crate) fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("bot");
    for (name, source) in [
        ("chuck", include_str!("../../../bots/chuck.rhai")),
        ("kudos", include_str!("../../../bots/kudos.rhai")),
    ] {
        let mut stage = stage(name, source);
        let ears = stage.ears().unwrap();
        let (for_others, for_it) = match name {
            "chuck" => ("the deploy is on friday, after the review", "I could fight a bear"),
            _ => ("the deploy is on friday, after the review", "!kudos Trinity for the review"),
        };
        let (other, its) = (said(for_others), said(for_it));
        assert!(!ears.notice(&other, NOW) && ears.notice(&its, NOW));
        group.bench_function(format!("hear_others_{name}"), |bencher| {
            bencher.iter(|| ears.notice(black_box(&other), NOW));
        });
        group.bench_function(format!("hear_its_own_{name}"), |bencher| {
            bencher.iter(|| ears.notice(black_box(&its), NOW));
        });
        let outcome = stage.act(&its, NOW);
        assert!(outcome.error.is_none() && !outcome.actions.is_empty(), "{outcome:?}");
        group.bench_function(format!("call_{name}"), |bencher| {
            bencher.iter(|| stage.act(black_box(&its), NOW));
        });
    }
}

fn stage(name: &str, source: &str) -> Stage {
    let load = LoadOptions {
        file: format!("bots/{name}.rhai"),
        name: name.into(),
        seed: 7,
        limits: Limits::default(),
        lib: None,
        extend: None,
    };
    // A room's manners would mute a bot that says the same a million times.
    let mut stage =
        Stage::new(StageOptions { load, state: serde_json::Map::new(), manners: false });
    stage.load(source, NOW).unwrap();
    stage
}

fn said(text: &str) -> Event {
    Event::Message(Message {
        seq: 42,
        room: "#lobby".into(),
        from: "Neo".into(),
        kind: Kind::User,
        text: text.into(),
        emote: false,
        whisper: false,
        hops: 0,
        at: NOW,
    })
}
