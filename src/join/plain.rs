//! `join` without a terminal, or for a screen reader: one message a line, no escape codes, no
//! repainting; lines of standard input are said.

use super::chat::{Input, Screen};
use super::out::Out;
use super::session::Session;
use super::style::Line;
use super::{Failed, stdin};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;

/// Standard output.
#[derive(Debug, Default)]
pub(super) struct Plain {
    out: Out,
}

impl Screen for Plain {
    async fn show(&mut self, _: &Session, lines: &[Line]) -> Result<(), Failed> {
        for line in lines {
            self.out.line(&line.plain());
        }
        self.out.flush().await.map_err(Failed::Output)
    }
}

/// Standard input as what the user says.
pub(super) fn input(tracker: &TaskTracker) -> Result<mpsc::Receiver<Input>, Failed> {
    let mut lines = stdin::lines().map_err(Failed::Input)?;
    // One at a time: the lines themselves wait in their own queue.
    let (sender, receiver) = mpsc::channel(1);
    tracker.spawn(async move {
        while let Some(line) = lines.recv().await {
            let input = line.map_or_else(Input::Failed, Input::Line);
            if sender.send(input).await.is_err() {
                return;
            }
        }
        // Whoever has gone does not need to know.
        sender.send(Input::End).await.ok();
    });
    Ok(receiver)
}
