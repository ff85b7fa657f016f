//! `chaty admin`: one command and its answer, or a console at the other end of the socket.

use super::console::{self, Console, End, Input, Owner, Printer};
use super::remote::{Remote, RemoteError};
use super::words::{self, Asked};
use crate::wire::shown;
use std::io::{self, Write};
use tokio::runtime::Handle;

/// Why `chaty admin` failed: one line each.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// The server's own words.
    #[error("{0}")]
    Failed(String),
    #[error("say what to do, as in `chaty admin list`; `chaty admin --help` lists the commands")]
    Nothing,
    #[error("{0}")]
    Output(#[source] io::Error),
    #[error("cannot open a console on this terminal: {0}")]
    Console(#[source] io::Error),
}

/// Asks one line and prints what comes back, for people or as one JSON object.
pub async fn once(remote: &Remote, line: &str, json: bool) -> Result<(), AskError> {
    let answer = match words::parse(line) {
        Asked::Nothing => return Err(AskError::Nothing),
        _ => remote.ask(line).await?,
    };
    let mut out = io::stdout().lock();
    let printed = if json {
        writeln!(out, "{}", shown::json(&answer.report.to_string()))
    } else if answer.ok && !answer.text.is_empty() {
        writeln!(out, "{}", answer.text)
    } else {
        Ok(())
    };
    printed.and_then(|()| out.flush()).map_err(AskError::Output)?;
    if answer.ok { Ok(()) } else { Err(AskError::Failed(answer.text.replace('\n', "; "))) }
}

/// A console on this terminal, answered by the server at the other end.
pub async fn console(remote: Remote) -> Result<(), AskError> {
    let input = console::input();
    if input != Input::Terminal {
        return Err(AskError::Nothing);
    }
    // Better now than after the first command.
    remote.ask("").await?;
    let printer = Printer::new();
    let console = Console::start(input, remote, Leaves, &printer, Handle::current())
        .map_err(AskError::Console)?;
    console.ended().await;
    Ok(())
}

/// Ctrl-C and Ctrl-D both leave; the server does not notice.
struct Leaves;

impl Owner for Leaves {
    fn interrupted(&mut self) -> bool {
        false
    }

    fn ended(&mut self, _: End) {}
}
