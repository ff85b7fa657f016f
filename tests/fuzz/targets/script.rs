//! Any text as a script, read as `chaty bot check` reads it and then brought into a room; and any
//! values as the arguments of the functions that scripts have. What is wrong is said with its place,
//! and what a bot says is a text as anybody's.

use super::bytes::Bytes;
use super::text::harmless;
use chaty::bot::{
    Action, Event, FUNCTIONS, Limits, LoadOptions, Message, Outcome, STACK, Script, Stage,
    StageOptions, To, Who,
};
use chaty::wire::entry::Kind;
use std::fmt::Write;
use std::panic::resume_unwind;
use std::thread;
use std::time::Duration;

/// A build that looks at every access has frames several times as large.
const ROOM_FOR_LOOKING: usize = 8;
const NOW: u64 = 1_700_000_000_000;
/// Values inside values of an argument.
const DEPTH: u8 = 4;
/// Time that passes in the room, for plans and timers.
const LATER: u64 = 60_000;

pub(super) fn target(data: &[u8]) {
    let (kind, rest) = data.split_first().unwrap_or((&0, &[]));
    let source = match kind {
        b'=' => calls(&mut Bytes(rest)),
        _ => String::from_utf8_lossy(data).into_owned(),
    };
    let thread = thread::Builder::new().stack_size(STACK * ROOM_FOR_LOOKING);
    let tried = thread.spawn(move || tried(&source)).expect("a thread").join();
    tried.unwrap_or_else(|panic| resume_unwind(panic));
}

fn options() -> LoadOptions {
    // A machine that is busy with looking is no slow script: the steps alone are counted.
    let patient = Duration::from_secs(20);
    LoadOptions {
        file: "fuzz.rhai".into(),
        name: "Fuzz".into(),
        seed: 7,
        limits: Limits { wall: patient, reading: patient, ..Limits::default() },
        lib: None,
        extend: None,
    }
}

fn tried(source: &str) {
    let mistakes = Script::mistakes(source, &options());
    let found = load(source);
    assert_eq!(mistakes.is_empty(), found.is_some(), "what has no mistakes loads");
    let lines = source.replace("\r\n", "\n").replace('\r', "\n");
    let lines: Vec<&str> = lines.split('\n').collect();
    for mistake in &mistakes {
        let said = mistake.to_string();
        said.lines().for_each(harmless);
        assert!(!mistake.message.trim().is_empty(), "{said}");
        if let Some((line, column)) = mistake.place {
            assert!((1..=lines.len()).contains(&line), "{said}: line {line} of {}", lines.len());
            let found = lines.get(line - 1).expect("it was counted");
            assert!((1..=found.chars().count() + 1).contains(&column), "{said} in {found:?}");
        }
    }
    if let Some(mut stage) = found {
        let heard: Vec<Outcome> = room(&mut stage);
        heard.iter().flat_map(|outcome| &outcome.actions).for_each(said);
        let mut other = load(source).expect("it loaded before");
        assert_eq!(room(&mut other), heard, "the same seed, the same words");
    }
}

fn load(source: &str) -> Option<Stage> {
    let kept = StageOptions { load: options(), state: serde_json::Map::new(), manners: true };
    let mut stage = Stage::new(kept);
    Script::load(source, &options()).ok()?;
    // An `on_load` that fails is no mistake of the text; the stage is empty then, and says nothing.
    let _begun = stage.load(source, NOW);
    Some(stage)
}

/// A little of everything that can happen to a bot.
fn room(stage: &mut Stage) -> Vec<Outcome> {
    let who = || Who { name: "Neo".into(), kind: Kind::User };
    let message = |text: &str, whisper| {
        Event::Message(Message {
            seq: if whisper { 0 } else { 42 },
            room: "#lobby".into(),
            from: "Neo".into(),
            kind: Kind::User,
            text: text.into(),
            emote: false,
            whisper,
            hops: 0,
            at: NOW,
        })
    };
    let room = || "#lobby".to_owned();
    let events = [
        Event::Roster { room: room(), members: vec![who()] },
        Event::Join { room: room(), who: who(), seq: 41 },
        message("Fuzz: hello, what is the work of 2d6 bots?", false),
        message("!a b c", false),
        message("psst", true),
        Event::Rename { room: room(), from: "Neo".into(), to: "Trin".into() },
        Event::Leave { room: room(), who: who(), seq: 43 },
    ];
    let mut outcomes: Vec<Outcome> = events.iter().map(|event| stage.take(event, NOW)).collect();
    outcomes.extend(stage.advance_to(NOW + LATER).into_iter().map(|(_, outcome)| outcome));
    outcomes.push(stage.leave(NOW + LATER));
    outcomes
}

fn said(action: &Action) {
    harmless(&action.text);
    match &action.to {
        To::Room(room) => assert!(room.starts_with('#'), "{room:?}"),
        To::Member(name) => harmless(name),
    }
}

/// A script whose handlers call functions of the table with any values.
fn calls(data: &mut Bytes<'_>) -> String {
    let mut script = String::new();
    for handler in ["on_message(msg)", "on_join(who)", "on_whisper(msg)"] {
        let _infallible = writeln!(script, "fn {handler} {{");
        for _ in 0..=data.byte() % 4 {
            let function = &FUNCTIONS[usize::from(data.byte()) % FUNCTIONS.len()];
            let arguments: Vec<String> = (0..data.byte() % 4).map(|_| value(data, DEPTH)).collect();
            let _infallible =
                writeln!(script, "  let v = {}({});", function.name, arguments.join(", "));
        }
        script.push_str("  v\n}\n");
    }
    script
}

/// A value as it is written in a script.
fn value(data: &mut Bytes<'_>, depth: u8) -> String {
    let list = |data: &mut Bytes<'_>| -> Vec<String> {
        (0..data.byte() % 4).map(|_| value(data, depth - 1)).collect()
    };
    match data.byte() % 10 {
        0 => i64::from_le_bytes(data.number().to_le_bytes()).to_string(),
        1 => i8::from_le_bytes([data.byte()]).to_string(),
        2 => {
            let number = f64::from_bits(data.number());
            if number.is_finite() { format!("{number:?}") } else { "(0.0/0.0)".into() }
        }
        3 => "()".into(),
        4 => data.bit().to_string(),
        5 => "msg".into(),
        6 if depth > 0 => format!("[{}]", list(data).join(", ")),
        7 if depth > 0 => {
            let values = list(data).into_iter().enumerate();
            let entries: Vec<String> =
                values.map(|(at, value)| format!("k{at}: {value}")).collect();
            format!("#{{{}}}", entries.join(", "))
        }
        _ => quoted(&data.text()),
    }
}

/// A text as a literal of the language.
fn quoted(text: &str) -> String {
    text.chars().fold("\"".to_owned(), |mut quoted, c| {
        let _infallible = match c {
            ' '..='~' if !matches!(c, '"' | '\\') => write!(quoted, "{c}"),
            _ => write!(quoted, "\\U{:08x}", u32::from(c)),
        };
        quoted
    }) + "\""
}
