//! The fuzz targets: each takes any bytes and says what must hold of them, not only that nothing
//! panics. `cargo fuzz` feeds them what it finds (`just fuzz`), the tests the kept corpus.
//!
//! An input of several parts is cut at bytes that no UTF-8 has, so that a corpus reads as text.

mod bytes;
mod config;
mod framing;
mod handshake;
mod import;
mod native;
mod raw;
mod script;
mod text;

use std::path::Path;
use tempfile::TempDir;

/// A target by its name: the name of its program, its corpus and its dictionary.
pub(super) type Target = (&'static str, fn(&[u8]));

pub(super) const TARGETS: [Target; 8] = [
    ("framing", framing::target),
    ("handshake", handshake::target),
    ("raw", raw::target),
    ("native", native::target),
    ("import", import::target),
    ("config", config::target),
    ("text", text::target),
    ("script", script::target),
];

/// The target of this name.
pub(super) fn named(name: &str) -> fn(&[u8]) {
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    found.map(|(_, target)| *target).expect("every program is named after a target")
}

/// A folder for one input; in memory where the system has a place for it, as nothing in it is to
/// outlive anything.
fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder")
}
