//! The real binary against those who mean harm, over real sockets: what one of them, or a thousand,
//! can do to the others. Small in every run of the tests, where nothing is measured that a busy
//! machine could change; with `CHATY_ABUSE` set, as `just abuse` does, in full and with figures.

mod clock;
mod descriptors;
mod door;
mod kinds;
mod latency;
mod lives;
mod member;
mod memory;
pub(crate) mod process;
mod scripts;

use crate::support::{Server, Start};
use std::ffi::OsStr;

/// Settings of a server that lets everybody say as much as they like, where that is the subject.
const UNLIMITED: &str = "[limits]\nflood = false\n";

/// Whether this is `just abuse`.
fn is_full() -> bool {
    std::env::var_os("CHATY_ABUSE").is_some()
}

/// One size for every run of the tests, another for `just abuse`.
fn size(small: usize, full: usize) -> usize {
    if is_full() { full } else { small }
}

/// A server; in `just abuse` on a core that it does not share with those who load it.
#[track_caller]
fn serve(start: &Start<'_>) -> Server {
    let pinned = ["taskset", "-c", "0"];
    let under = if is_full() && start.under.is_empty() { &pinned[..] } else { start.under };
    // A panic that is printed with its stack costs memory and time that nobody means to measure.
    let env = [start.env, &[("RUST_BACKTRACE", OsStr::new("0"))]].concat();
    Server::run(&Start { under, env: &env, ..*start })
}

/// A server with a config file of this text, and every other setting at its default.
#[track_caller]
fn serve_with(config: &str) -> Server {
    serve(&Start { config, args: &[], ..Start::default() })
}
