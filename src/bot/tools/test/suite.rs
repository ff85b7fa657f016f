//! Everything one script says it does, tried out: the examples in its comments and its `test_*`
//! functions, each with a bot that has just come in.

use super::difference::{difference, fits};
use super::examples::{self, Example, Happens};
use crate::bot::diagnostic::Diagnostic;
use crate::bot::host::lock;
use crate::bot::limits::Limits;
use crate::bot::lint;
use crate::bot::script::{LoadOptions, Script};
use crate::bot::tools::play::{MORNING, Moment, Play, patient};
use crate::bot::tools::scripts::Source;
use crate::bot::tools::testing::{self, Scene};
use std::sync::{Arc, Mutex};

/// How the functions that are tests begin.
const TEST: &str = "test_";
/// Steps of the interpreter for one test: many times a handler's, because it stands for many.
const STEPS: u64 = 20_000_000;
/// Lines of the conversation that are shown with a failure.
const SHOWN: usize = 12;

/// One example or test, and what came of it.
#[derive(Debug)]
pub(super) struct Case {
    /// `test_votes_count_once`, or `example of cmd_vote`.
    pub name: String,
    pub line: usize,
    pub failure: Option<Diagnostic>,
}

/// Tries a script; a script that does not load is one failed case.
pub(super) fn run(source: &Source, seed: u64) -> Vec<Case> {
    let script = match Script::load(&source.text, &source.options(seed, patient())) {
        Ok(script) => script,
        Err(diagnostic) => {
            let line = diagnostic.place.map_or(1, |(line, _)| line);
            return vec![Case { name: "loading".into(), line, failure: Some(diagnostic) }];
        }
    };
    let mut cases = match examples::parse(&source.text) {
        Ok(examples) => examples.iter().map(|example| of_example(source, example, seed)).collect(),
        Err(unclear) => {
            let failure = Some(at_line(source, unclear.line, unclear.why));
            vec![Case { name: "an example".into(), line: unclear.line, failure }]
        }
    };
    let mut tests: Vec<(usize, &str)> = script
        .functions()
        .filter(|name| name.starts_with(TEST))
        .map(|name| (lint::find_fn(&source.text, name).map_or(1, |(line, _)| line), name))
        .collect();
    tests.sort_unstable();
    for (line, name) in tests {
        let failure = if script.has(name, 0) {
            of_test(source, name, seed).err()
        } else {
            Some(at_line(source, line, format!("a test is given nothing: `fn {name}()`")))
        };
        cases.push(Case { name: name.to_owned(), line, failure });
    }
    cases
}

fn of_example(source: &Source, example: &Example, seed: u64) -> Case {
    let name = match example.name.as_str() {
        "" => "the file's example".to_owned(),
        function => format!("example of {function}"),
    };
    let failure = try_example(source, example, seed).err();
    Case { name, line: example.line, failure }
}

fn try_example(source: &Source, example: &Example, seed: u64) -> Result<(), Diagnostic> {
    let (mut play, _) = Play::begin(source, seed, MORNING, false)?;
    for step in &example.steps {
        let moment = match &step.happens {
            Happens::Says { from, text } => {
                play.says(from, text).map_err(|why| at_line(source, step.line, why))?
            }
            Happens::Joins(name) => play.joins(name),
            Happens::Leaves(name) => play.leaves(name),
            Happens::Passes(millis) => play.advance(*millis),
        };
        let Moment { lines, errors, .. } = moment;
        if let Some(error) = errors.into_iter().next() {
            return Err(error.noting(conversation(&play)));
        }
        let said: Vec<&str> = lines.iter().map(String::as_str).collect();
        let expected: Vec<&str> = step.answers.iter().map(|(_, text)| text.as_str()).collect();
        let fit = expected.iter().zip(&said).take_while(|(expected, said)| fits(expected, said));
        let fit = fit.count();
        if fit < expected.len().max(said.len()) {
            let line = step.answers.get(fit).map_or(step.line, |(line, _)| *line);
            let name = play.name();
            let message = match (expected.len(), said.len()) {
                (_, 0) => format!("{name} says nothing"),
                (0, _) => format!("{name} says something here"),
                _ => format!("{name} says something else"),
            };
            let expected = expected.get(fit..).unwrap_or_default();
            let difference = difference(expected, said.get(fit..).unwrap_or_default());
            let note = format!("{difference}{}", conversation(&play));
            return Err(at_line(source, line, message).noting(note));
        }
    }
    Ok(())
}

fn of_test(source: &Source, name: &str, seed: u64) -> Result<(), Diagnostic> {
    let (mut play, _) = Play::begin(source, seed, MORNING, false)?;
    let (mind, world) = play.stage().insides();
    let scene = Arc::new(Mutex::new(Scene::new(play, mind.clone())));
    let running = Some(scene.clone());
    let options = LoadOptions {
        extend: Some(Arc::new(move |engine| testing::register(engine, &running))),
        ..source.options(seed, Limits { operations: STEPS, ..patient() })
    };
    // The test's own engine has the bot's memory, so that `state.x` is what the bot has stored.
    let test = Script::load_into(&source.text, &options, mind, world)?;
    let (_, ended) = test.run(name);
    ended.map_err(|diagnostic| {
        let scene = lock(&scene);
        let mut detail = scene.detail.clone().unwrap_or_default();
        if !detail.is_empty() && !detail.ends_with('\n') {
            detail.push('\n');
        }
        diagnostic.noting(format!("{detail}{}", conversation(&scene.play)))
    })
}

/// What led to a failure.
fn conversation(play: &Play) -> String {
    let record = play.record();
    let from = record.len().saturating_sub(SHOWN);
    let mut text = String::from(if from == 0 { "  so far:" } else { "  so far: …" });
    for line in record.iter().skip(from) {
        text.push_str("\n    ");
        text.push_str(line);
    }
    text
}

/// About a line of the file, with the mark where its text begins.
fn at_line(source: &Source, line: usize, message: impl Into<String>) -> Diagnostic {
    let text = source.text.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let column = text.chars().position(|c| c == '<' || c == '>').unwrap_or(0) + 1;
    Diagnostic::at(&source.file, &source.text, (line, column), message)
}
