//! `chaty tail`: the room on standard output, one line each, until interrupted.

use super::Failed;
use crate::wire::entry::Seq;
use crate::wire::nick::Nick;

/// What to show.
#[derive(Debug, Clone)]
pub struct TailOptions {
    /// `HOST:PORT`.
    pub server: String,
    /// See [`default_nick`].
    pub nick: Nick,
    /// The server's events as they are, one JSON object a line.
    pub json: bool,
    /// Begin with what came after this entry; with `None`, with what is said from now on.
    pub after: Option<Seq>,
}

/// The name without one of its own: `tail-PID`.
///
/// # Panics
///
/// Never: that is a name.
pub fn default_nick() -> Nick {
    let name = format!("tail-{}", std::process::id());
    Nick::parse(name.as_bytes()).expect("a word and a number are a name")
}

/// Not here yet.
pub async fn run(options: TailOptions) -> Result<(), Failed> {
    let TailOptions { server, .. } = options;
    Err(Failed::Closed(crate::client::Closed::Unreachable { server, why: "not yet".into() }))
}
