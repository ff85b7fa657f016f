//! Standard output for what authors are shown: each line harmless, whatever is in a script, in its
//! name or in what it says. Knows nothing of what the lines are about.

use crate::wire::shown::Shown;
use std::io::{self, Write};

/// Writes whole lines on, each made harmless.
#[derive(Debug)]
pub struct Shows<W> {
    out: W,
    /// The line that is not at its end yet.
    begun: Vec<u8>,
}

impl<W: Write> Shows<W> {
    pub fn new(out: W) -> Self {
        Self { out, begun: Vec::new() }
    }

    fn put(&mut self, ends: bool) -> io::Result<()> {
        let line = std::mem::take(&mut self.begun);
        let line = Shown::new(&String::from_utf8_lossy(&line));
        self.out.write_all(line.as_bytes())?;
        if ends { self.out.write_all(b"\n") } else { Ok(()) }
    }
}

impl<W: Write> Write for Shows<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let line = piece.strip_suffix(b"\n");
            self.begun.extend_from_slice(line.unwrap_or(piece));
            if line.is_some() {
                self.put(true)?;
            }
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.begun.is_empty() {
            self.put(false)?;
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_harmless_wherever_the_pieces_are_cut() {
        let text = "a\u{1b}[2J\u{9b}b\n\n\u{202e}c: d\r\nend\u{7}";
        for cut in 0..=text.len() {
            let (head, tail) = text.as_bytes().split_at(cut);
            let mut shows = Shows::new(Vec::new());
            shows.write_all(head).unwrap();
            shows.write_all(tail).unwrap();
            shows.flush().unwrap();
            let shown = String::from_utf8(shows.out).unwrap();
            assert_eq!(shown, "a␛[2J\u{fffd}b\n\nc: d␍\nend␇", "cut at {cut}");
        }
    }
}
