//! Standard output for lines that are asked for: each batch in one write, and a reader that has
//! gone away is no failure.

use super::Failed;
use std::io::{self, Write};

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

    /// Adds bytes that bring their newlines with them.
    pub(super) fn lines(&mut self) -> &mut Vec<u8> {
        &mut self.batch
    }

    /// Writes what was added. Waits for a slow reader, and through it the server does.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(&self.batch)?;
        self.batch.clear();
        stdout.flush()
    }
}

/// Nobody reads any more: the program is done, as `cat` would be.
pub(super) fn ended_quietly(outcome: Result<(), Failed>) -> Result<(), Failed> {
    match outcome {
        Err(Failed::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        outcome => outcome,
    }
}
