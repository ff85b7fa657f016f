//! The integration tests, in one binary: one link, one name to run. Each module is a subject.

#![expect(
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test that goes wrong panics, and says where"
)]

// Limits, signals and measures of another process are Linux's.
#[cfg(target_os = "linux")]
mod abuse;
mod advisories;
mod bench;
mod bots;
mod cli;
mod console;
// Only Linux can raise another process' limits.
#[cfg(target_os = "linux")]
mod full;
mod fuzz;
mod handshake;
mod history;
mod join;
mod kick;
mod killed;
mod lifetime;
mod limits;
mod line;
mod metrics;
mod model;
mod names;
mod native;
mod oracle;
mod order;
mod protocol;
mod raw;
mod recorded;
mod resume;
mod rooms;
mod soak;
mod split;
mod stuck;
mod support;
mod text;
mod tidy;
mod tools;
mod tui;
