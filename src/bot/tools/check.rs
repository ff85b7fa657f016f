//! `chaty bot check`: loads every script as a room would, with all that a bot does disabled, and
//! prints what is wrong.

use super::scripts::{self, count};
use crate::bot::diagnostic::Diagnostic;
use crate::bot::limits::Limits;
use crate::bot::script::Script;
use crate::wire::shown;
use serde_json::{Value, json};
use std::io::Write;
use std::path::PathBuf;

/// Checks scripts and folders of them; gives whether there was nothing to say.
pub fn check(paths: &[PathBuf], as_json: bool, out: &mut dyn Write) -> anyhow::Result<bool> {
    let sources = scripts::find(paths)?;
    let mistakes = |source: &scripts::Source| {
        Script::mistakes(&source.text, &source.options(0, Limits::default()))
    };
    let found: Vec<Vec<Diagnostic>> =
        scripts::on_a_bots_stack(|| sources.iter().map(mistakes).collect())?;
    let broken = found.iter().filter(|found| !found.is_empty()).count();
    let wrong: Vec<Diagnostic> = found.into_iter().flatten().collect();
    if as_json {
        let found = wrong.iter().map(diagnostic_json).collect::<Vec<_>>();
        let report =
            json!({ "ok": wrong.is_empty(), "checked": sources.len(), "diagnostics": found });
        writeln!(out, "{}", shown::json(&report.to_string()))?;
    } else {
        for diagnostic in &wrong {
            writeln!(out, "{diagnostic}\n")?;
        }
        let checked = count(sources.len(), "script");
        match broken {
            0 => writeln!(out, "{checked} checked: no mistakes")?,
            some => writeln!(out, "{checked} checked: {some} with mistakes")?,
        }
    }
    out.flush()?;
    Ok(wrong.is_empty())
}

/// A finding for editors and other programs.
pub(super) fn diagnostic_json(diagnostic: &Diagnostic) -> Value {
    json!({
        "file": diagnostic.file,
        "line": diagnostic.place.map(|(line, _)| line),
        "column": diagnostic.place.map(|(_, column)| column),
        "severity": "error",
        "message": diagnostic.message,
    })
}
