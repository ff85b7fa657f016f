//! `chaty bot test`: tries what a script says of itself, and tells what came of it so that a
//! person sees the difference and a program reads it. Reaches no server.

pub(super) mod difference;
mod examples;
mod replay;
mod suite;

use super::check::diagnostic_json;
use super::scripts::{self, Source, count};
use crate::wire::shown;
use serde_json::json;
use std::io::Write;
use std::path::PathBuf;
use suite::Case;

/// What `chaty bot test` is told.
#[derive(Debug, Clone)]
pub struct TestOptions {
    pub paths: Vec<PathBuf>,
    /// What is drawn follows from this; another one each time if it is not said.
    pub seed: Option<u64>,
    pub json: bool,
    /// A recorded conversation to hear instead.
    pub replay: Option<PathBuf>,
}

/// Tests scripts and folders of them; gives whether all went well.
pub fn test(options: &TestOptions, out: &mut dyn Write) -> anyhow::Result<bool> {
    let sources = scripts::find(&options.paths)?;
    // Short enough to be typed again.
    let seed = options.seed.unwrap_or_else(|| rand::random::<u16>().into());
    if let Some(file) = &options.replay {
        return replay::run(&sources, file, seed, options.json, out);
    }
    let results: Vec<Vec<Case>> = scripts::on_a_bots_stack(|| {
        sources.iter().map(|source| suite::run(source, seed)).collect()
    })?;
    let failed = |cases: &[Case]| cases.iter().filter(|case| case.failure.is_some()).count();
    let failures: usize = results.iter().map(|cases| failed(cases)).sum();
    let all: usize = results.iter().map(Vec::len).sum();
    if options.json {
        let tests: Vec<_> = sources
            .iter()
            .zip(&results)
            .flat_map(|(source, cases)| cases.iter().map(|case| as_json(source, case)))
            .collect();
        let report = json!({
            "ok": failures == 0,
            "passed": all - failures,
            "failed": failures,
            "seed": seed,
            "tests": tests,
        });
        writeln!(out, "{}", shown::json(&report.to_string()))?;
        out.flush()?;
        return Ok(failures == 0);
    }
    for (source, cases) in sources.iter().zip(&results) {
        for diagnostic in cases.iter().filter_map(|case| case.failure.as_ref()) {
            writeln!(out, "{diagnostic}\n")?;
        }
        let passed = cases.len() - failed(cases);
        match (cases.len(), passed) {
            (0, _) => writeln!(out, "{}: no examples and no tests", source.file)?,
            (all, passed) if all == passed => writeln!(out, "{}: {passed} passed", source.file)?,
            (all, passed) => writeln!(
                out,
                "{}: {passed} passed, {} failed: {}",
                source.file,
                all - passed,
                names(cases)
            )?,
        }
    }
    writeln!(out)?;
    if failures == 0 {
        writeln!(out, "{} passed", count(all, "test"))?;
    } else {
        let paths: Vec<String> =
            options.paths.iter().map(|path| path.display().to_string()).collect();
        let paths = paths.join(" ");
        writeln!(out, "{failures} of {} failed; the same dice again:", count(all, "test"))?;
        writeln!(out, "  chaty bot test {paths} --seed {seed}")?;
    }
    out.flush()?;
    Ok(failures == 0)
}

fn names(cases: &[Case]) -> String {
    let failed = cases.iter().filter(|case| case.failure.is_some());
    failed.map(|case| case.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn as_json(source: &Source, case: &Case) -> serde_json::Value {
    json!({
        "file": source.file,
        "name": case.name,
        "line": case.line,
        "ok": case.failure.is_none(),
        "failure": case.failure.as_ref().map(|diagnostic| {
            let mut failure = diagnostic_json(diagnostic);
            failure["detail"] = diagnostic.note.clone().into();
            failure
        }),
    })
}
