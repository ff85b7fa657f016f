//! The programs a person or a script uses to be in a room: `join`, `send` and `tail`. Knows the
//! server only through `client`, and never lets a peer's text reach a terminal uncleaned.

pub mod send;
mod signals;
mod stdin;
pub mod tail;

use crate::client::Closed;
use crate::wire::nick::Nick;
use std::io;

/// `chaty join user NAME`.
#[derive(Debug, Clone)]
pub struct JoinOptions {
    /// `HOST:PORT`.
    pub server: String,
    pub nick: Nick,
    /// One message a line and no escape codes, also on a terminal.
    pub plain: bool,
}

/// Why one of the programs failed: its `Display` is the one line for standard error, and the exit
/// code is 1.
#[derive(Debug, thiserror::Error)]
pub enum Failed {
    #[error("{0}")]
    Closed(Closed),
    #[error("{refused} of {total} messages were refused")]
    Refused { refused: u64, total: u64 },
    /// The connection ended before everything was acknowledged.
    #[error("{why}; {acked} messages are known to have arrived, the others may not have")]
    Unacked { why: Closed, acked: u64 },
    #[error("interrupted before everything was acknowledged")]
    Interrupted,
    #[error("cannot read standard input: {0}")]
    Input(#[source] io::Error),
    #[error("cannot write to standard output: {0}")]
    Output(#[source] io::Error),
    #[error("cannot use this terminal: {0}; try --plain")]
    Terminal(#[source] io::Error),
}

/// Joins the room and stays until the user leaves (`Ok`) or the server ends it. Must run inside a
/// tokio runtime; reads standard input and writes standard output.
pub async fn run(options: JoinOptions) -> Result<(), Failed> {
    let JoinOptions { server, nick: _, plain: _ } = options;
    let why = "this build cannot join yet".into();
    Err(Failed::Closed(Closed::Unreachable { server, why }))
}
