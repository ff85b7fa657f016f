//! What a transcript test is written with: the real binary on a free port, and clients of every
//! dialect that say a line and expect the next one to be exactly so. Every wait has a deadline,
//! and that something does not arrive is shown by a fence: the administrator says a word, and it
//! has to be the very next thing a client hears.

mod ancestor;
mod line;
mod native;
mod raw;
mod server;
mod wire;

pub(crate) use ancestor::{Ancestor, Received};
pub(crate) use line::Line;
pub(crate) use native::Native;
pub(crate) use raw::Raw;
pub(crate) use server::{Server, Start};
pub(crate) use wire::Wire;

use std::time::Duration;

/// How long anything may take before a test gives up: many times what it takes on a machine that
/// is busy with other tests.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// The greeting, to the byte.
pub(crate) const WELCOME: &str = "Connection successful, welcome to ChatyChaty !";

/// These, each with its end.
pub(crate) fn lines(lines: impl Iterator<Item = String>) -> String {
    lines.flat_map(|line| [line, "\n".to_owned()]).collect()
}

/// Somebody who hears the room.
pub(crate) trait Hears {
    /// The next thing heard is what the administrator says here.
    fn hears_server(&mut self, text: &str);
}
