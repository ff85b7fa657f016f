//! A recorded conversation, heard by bots that were not there: what they would have said. The
//! record is what `chaty tail --json` wrote.

use crate::bot::diagnostic::Diagnostic;
use crate::bot::events::happening;
use crate::bot::stage::Event;
use crate::bot::tools::check::diagnostic_json;
use crate::bot::tools::play::{Moment, Play};
use crate::bot::tools::scripts::{self, Source};
use crate::wire::native::ServerEvent;
use crate::wire::text::scrub;
use anyhow::{Context, bail};
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

/// One event of the record.
struct Recorded {
    at: u64,
    /// `#12 Neo: hello`.
    shown: String,
    seq: u64,
    event: Event,
}

/// What a bot said to one of them.
struct Said {
    seq: u64,
    lines: Vec<String>,
    errors: Vec<Diagnostic>,
}

/// Lets every script hear the record; gives whether none of them failed.
pub(super) fn run(
    sources: &[Source],
    file: &Path,
    seed: u64,
    as_json: bool,
    out: &mut dyn Write,
) -> anyhow::Result<bool> {
    let record = read(file)?;
    let heard = scripts::on_a_bots_stack(|| {
        let hear = |source: &Source| hear(source, &record, seed);
        sources.iter().map(hear).collect::<Vec<_>>()
    })?;
    let mut is_well = true;
    let mut bots = Vec::new();
    for (source, heard) in sources.iter().zip(heard) {
        let (name, said) = match heard {
            Ok(heard) => heard,
            Err(diagnostic) => {
                is_well = false;
                if as_json {
                    bots.push(
                        json!({ "file": source.file, "failure": diagnostic_json(&diagnostic) }),
                    );
                } else {
                    writeln!(out, "{diagnostic}\n")?;
                }
                continue;
            }
        };
        is_well &= said.iter().all(|said| said.errors.is_empty());
        if as_json {
            let said: Vec<Value> = said.iter().map(said_json).collect();
            bots.push(json!({ "file": source.file, "name": name, "said": said }));
        } else {
            show(source, &name, &record, &said, out)?;
        }
    }
    if as_json {
        let report = json!({ "ok": is_well, "events": record.len(), "seed": seed, "bots": bots });
        writeln!(out, "{report}")?;
    }
    out.flush()?;
    Ok(is_well)
}

fn said_json(said: &Said) -> Value {
    let errors: Vec<Value> = said.errors.iter().map(diagnostic_json).collect();
    json!({ "seq": said.seq, "lines": said.lines, "errors": errors })
}

fn show(
    source: &Source,
    name: &str,
    record: &[Recorded],
    said: &[Said],
    out: &mut dyn Write,
) -> anyhow::Result<()> {
    for said in said {
        let to = record.iter().find(|recorded| recorded.seq == said.seq);
        let to = to.map_or("(a timer)", |recorded| &recorded.shown);
        writeln!(out, "{to}")?;
        for line in &said.lines {
            writeln!(out, "  < {line}")?;
        }
        for error in &said.errors {
            writeln!(out, "{error}")?;
        }
    }
    let lines: usize = said.iter().map(|said| said.lines.len()).sum();
    let lines = scripts::count(lines, "line");
    let events = scripts::count(record.len(), "event");
    writeln!(out, "{}: {name} says {lines} to {events}\n", source.file)?;
    Ok(())
}

/// With a room's manners: what would have been muted is not said here either.
fn hear(
    source: &Source,
    record: &[Recorded],
    seed: u64,
) -> Result<(String, Vec<Said>), Diagnostic> {
    let begin = record.first().map_or(0, |recorded| recorded.at);
    let (mut play, _) = Play::begin(source, seed, begin, true)?;
    let mut all = Vec::new();
    let mut note = |seq, moment: Moment| {
        if !moment.lines.is_empty() || !moment.errors.is_empty() {
            all.push(Said { seq, lines: moment.lines, errors: moment.errors });
        }
    };
    for recorded in record {
        note(0, play.until(recorded.at));
        note(recorded.seq, play.happens(&recorded.event));
    }
    // What keeps the pace comes a little later.
    note(0, play.until(play.now() + 30_000));
    Ok((play.name(), all))
}

fn read(file: &Path) -> anyhow::Result<Vec<Recorded>> {
    let shown = file.display();
    let text = std::fs::read_to_string(file).with_context(|| format!("{shown} cannot be read"))?;
    let mut record = Vec::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        match serde_json::from_str::<ServerEvent<'_>>(line) {
            Ok(event) => record.extend(recorded(event)),
            // An event that a newer server writes.
            Err(_) if serde_json::from_str::<serde_json::Map<String, Value>>(line).is_ok() => {}
            Err(_) => bail!(
                "{shown}:{}: this is no line of a record: write one with `chaty tail --json`",
                at + 1
            ),
        }
    }
    Ok(record)
}

/// What happened in a room, and how it is shown.
fn recorded(event: ServerEvent<'_>) -> Option<Recorded> {
    let at = match &event {
        ServerEvent::Chat(chat) => chat.at,
        ServerEvent::Join(presence) | ServerEvent::Leave(presence) => presence.at,
        ServerEvent::Rename(rename) => rename.at,
        _ => return None,
    };
    let (event, place) = happening(event)?;
    let (_room, seq) = place?;
    let shown = match &event {
        Event::Message(message) => format!("#{seq} {}: {}", message.from, message.text),
        Event::Join { who, .. } => format!("#{seq} {} joins", who.name),
        Event::Leave { who, .. } => format!("#{seq} {} leaves", who.name),
        Event::Rename { from, to, .. } => format!("#{seq} {from} is now known as {to}"),
        Event::Roster { .. } => return None,
    };
    Some(Recorded { at, shown: scrub(&shown), seq, event })
}
