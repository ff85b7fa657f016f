//! Cuts a byte stream into lines, whatever the pieces it arrives in. Knows no dialect.

use memchr::memchr;

/// One line, or what is left of one that was too long.
#[derive(Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A whole line without its `\n` or `\r\n`.
    Whole(&'a [u8]),
    /// A line over the soft limit: its length; the bytes are gone and the stream goes on.
    TooLong(usize),
}

/// More bytes without a newline than a peer may send: the connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many bytes without a newline")]
pub struct Unframed;

/// Keeps the unfinished line between two reads. Holds at most `hard` bytes, and nothing at all
/// while the peer sends whole lines.
#[derive(Debug)]
pub struct Framer {
    unfinished: Vec<u8>,
    soft: usize,
    hard: usize,
}

impl Framer {
    /// Lines longer than `soft` bytes are reported as too long; more than `hard` bytes without a
    /// newline are an error.
    pub fn new(soft: usize, hard: usize) -> Self {
        Self {
            unfinished: Vec::new(),
            soft,
            hard,
        }
    }

    /// Hands every line that `bytes` completes to `take`, in order.
    pub fn feed(&mut self, bytes: &[u8], mut take: impl FnMut(Line<'_>)) -> Result<(), Unframed> {
        let mut rest = bytes;
        while let Some(end) = memchr(b'\n', rest) {
            let (head, tail) = rest.split_at(end);
            rest = tail.get(1..).unwrap_or_default();
            if self.unfinished.is_empty() {
                self.one(head, &mut take)?;
            } else {
                self.unfinished.extend_from_slice(head);
                let line = std::mem::take(&mut self.unfinished);
                self.one(&line, &mut take)?;
            }
        }
        if self.unfinished.len() + rest.len() > self.hard {
            return Err(Unframed);
        }
        self.unfinished.extend_from_slice(rest);
        Ok(())
    }

    fn one(&self, line: &[u8], take: &mut impl FnMut(Line<'_>)) -> Result<(), Unframed> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > self.hard {
            return Err(Unframed);
        }
        take(if line.len() > self.soft {
            Line::TooLong(line.len())
        } else {
            Line::Whole(line)
        });
        Ok(())
    }
}
