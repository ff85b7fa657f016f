//! Standard output for lines that are asked for: each batch in one write, and a reader that has
//! gone away is no failure.

use super::Failed;
use crate::wire::native::{self, ServerEvent};
use crate::wire::shown;
use std::io;
use tokio::io::AsyncWriteExt;

/// Lines gathered for one write.
#[derive(Debug, Default)]
pub(super) struct Out {
    batch: Vec<u8>,
}

impl Out {
    /// Adds a line.
    pub(super) fn line(&mut self, line: &str) {
        self.batch.extend_from_slice(line.as_bytes());
        self.batch.push(b'\n');
    }

    /// Adds an event as a line of JSON.
    pub(super) fn event(&mut self, event: &ServerEvent<'_>) {
        let start = self.batch.len();
        native::put(event, &mut self.batch);
        shown::escape(&mut self.batch, start);
    }

    /// Writes what was added. Waits for a slow reader, and through it the server does.
    pub(super) async fn flush(&mut self) -> io::Result<()> {
        let mut stdout = tokio::io::stdout();
        stdout.write_all(&self.batch).await?;
        self.batch.clear();
        stdout.flush().await
    }
}

/// Nobody reads any more: the program is done, as `cat` would be.
pub(super) fn ended_quietly(outcome: Result<(), Failed>) -> Result<(), Failed> {
    match outcome {
        Err(Failed::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}
