//! Lines from a pipe, a file or a simple terminal: no prompt but on a terminal, no editing.

use super::{End, Source};
use std::io::{self, BufRead, IsTerminal, Read, Write};

/// Bytes of a line; the rest of a longer one is left out. As much as the socket's requests.
const LINE: u64 = 32 * 1024;

/// A reader and whether its user wants to be prompted.
pub(super) struct Lines<R> {
    reader: R,
    prompts: bool,
}

impl Lines<io::StdinLock<'static>> {
    pub(super) fn stdin() -> Self {
        let prompts = io::stdin().is_terminal() && io::stdout().is_terminal();
        Self { reader: io::stdin().lock(), prompts }
    }
}

impl<R: BufRead> Lines<R> {
    fn read(&mut self) -> Result<String, End> {
        let mut line = Vec::new();
        let read = (&mut self.reader).take(LINE).read_until(b'\n', &mut line);
        if read.map_err(|_broken| End::Broken)? == 0 {
            return Err(End::EndOfInput);
        }
        if line.last() != Some(&b'\n') && line.len() as u64 == LINE {
            self.reader.skip_until(b'\n').map_err(|_broken| End::Broken)?;
        }
        let line = String::from_utf8_lossy(&line);
        Ok(line.trim_end_matches(['\r', '\n']).to_owned())
    }

    fn show(text: &str) {
        // Asked into the void, the question still has its answer on the next line.
        let _closed = io::stdout().write_all(text.as_bytes());
        let _closed = io::stdout().flush();
    }
}

impl<R: BufRead> Source for Lines<R> {
    fn next(&mut self, prompt: &str) -> Result<String, End> {
        if self.prompts {
            Self::show(prompt);
        }
        self.read()
    }

    fn ask(&mut self, question: &str) -> Result<String, End> {
        // The ancestor asks on a pipe as well; there the answer is not echoed, so the line ends.
        Self::show(&if self.prompts { question.to_owned() } else { format!("{question}\n") });
        self.read()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_bounded_and_end_quietly() {
        let long = "x".repeat(100_000);
        let input = format!("list\r\n{long}\nkick Neo");
        let mut lines = Lines { reader: input.as_bytes(), prompts: false };
        assert_eq!(lines.next(">>").unwrap(), "list");
        assert_eq!(lines.next(">>").unwrap(), "x".repeat(32 * 1024));
        assert_eq!(lines.next(">>").unwrap(), "kick Neo");
        assert_eq!(lines.next(">>"), Err(End::EndOfInput));
    }
}
