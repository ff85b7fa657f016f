//! What the program says of itself: its help, and times in words.

use super::super::style::Line;
use crate::wire::command::COMMANDS;
use std::time::Duration;

/// The commands, a line each.
pub(super) fn help() -> Vec<Line> {
    let width = COMMANDS.iter().map(|(usage, _)| usage.len()).max().unwrap_or_default();
    let line = |(usage, what): &(&str, &str)| Line::note(format!("{usage:width$}  {what}"));
    let escape = ("//TEXT", "say a text that begins with /");
    COMMANDS.iter().chain([&escape]).map(line).collect()
}

/// A wait in words that do not pretend to be exact.
pub(super) fn about(wait: Duration) -> String {
    match wait.as_secs() {
        0 => "a moment".into(),
        1 => "a second".into(),
        n => format!("{n} seconds"),
    }
}
