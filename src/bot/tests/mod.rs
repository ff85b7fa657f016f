//! The bots' engine, tried without a server: every script on the stack a bot has.

mod bombs;
mod citizens;
mod contract;
mod diagnostics;
mod hostile;
mod library;
mod life;
mod manners;
mod properties;
mod room;
mod rooms;
mod stage;

use super::diagnostic::Diagnostic;
use super::limits::Limits;
use super::message::Message;
use super::script::{LoadOptions, STACK};
use super::stage::{Event, Outcome, Stage, StageOptions};
use crate::wire::entry::Kind;
use std::cell::RefCell;
use std::time::Duration;

/// The time at which everything in these tests begins, in milliseconds.
const START: u64 = 1_700_000_000_000;

/// The limits, but for the clock: a busy machine must not decide a test.
fn patient() -> Limits {
    Limits { wall: Duration::from_secs(20), ..Limits::default() }
}

fn options(seed: u64) -> LoadOptions {
    LoadOptions {
        file: "bots/test.rhai".into(),
        name: "Test".into(),
        seed,
        limits: patient(),
        lib: None,
        extend: None,
    }
}

/// A bot whose manners are not what the test is about.
#[derive(Debug)]
struct Bot(RefCell<Stage>);

impl Bot {
    fn load(source: &str, load: LoadOptions) -> Result<Self, Diagnostic> {
        let mut stage =
            Stage::new(StageOptions { load, state: serde_json::Map::new(), manners: false });
        stage.load(source, START)?;
        Ok(Self(RefCell::new(stage)))
    }

    fn answer(&self, message: &Message) -> Outcome {
        self.0.borrow_mut().take(&Event::Message(message.clone()), START)
    }
}

fn load(source: &str) -> Result<Bot, Diagnostic> {
    Bot::load(source, options(7))
}

fn said(text: &str) -> Message {
    Message {
        seq: 42,
        room: "#lobby".into(),
        from: "Neo".into(),
        kind: Kind::User,
        text: text.into(),
        emote: false,
        whisper: false,
        hops: 0,
        at: START,
    }
}

fn lines(outcome: &Outcome) -> Vec<String> {
    assert_eq!(outcome.error, None);
    outcome.actions.iter().map(|action| action.text.to_string()).collect()
}

/// Runs a test on a bot's stack; the test harness gives its threads a quarter of it.
#[track_caller]
fn on_a_bots_stack<T: Send + 'static>(test: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(test).unwrap();
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What a script answers to one text.
#[track_caller]
fn answer(source: &str, text: &str) -> Outcome {
    let (source, text) = (source.to_owned(), text.to_owned());
    on_a_bots_stack(move || match load(&source) {
        Ok(script) => script.answer(&said(&text)),
        Err(diagnostic) => panic!("{diagnostic}"),
    })
}

/// What keeps a script from being loaded.
#[track_caller]
fn refused(source: &str) -> Diagnostic {
    let source = source.to_owned();
    on_a_bots_stack(move || load(&source).expect_err("it must not load"))
}
