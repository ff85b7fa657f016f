//! Lines out of a stream, against the plainest way to say what they are, and cut anywhere.

use super::bytes::Bytes;
use chaty::wire::frame::{Framer, Line};

/// A line, or the length of one that was too long.
type Taken = Result<Vec<u8>, usize>;

/// Two bytes of bounds, one of how the pieces are cut, and the stream.
pub(super) fn target(data: &[u8]) {
    let mut data = Bytes(data);
    let soft = usize::from(data.byte());
    let hard = soft + usize::from(data.byte());
    let seed = data.byte();
    let stream = data.0;
    let expected = plainly(stream, soft, hard);
    assert_eq!(feed([stream], soft, hard), expected, "in one piece");
    assert_eq!(feed(stream.chunks(1), soft, hard), expected, "byte by byte");
    assert_eq!(feed(pieces(stream, seed), soft, hard), expected, "in pieces");
}

/// Bytes fed into a framer: its lines, and whether the stream went on.
fn feed<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
    soft: usize,
    hard: usize,
) -> (Vec<Taken>, bool) {
    let (mut framer, mut lines) = (Framer::new(soft, hard), Vec::new());
    for piece in pieces {
        let fed = framer.feed(piece, |line| {
            lines.push(match line {
                Line::Whole(line) => Ok(line.to_vec()),
                Line::TooLong(length) => Err(length),
            });
        });
        if fed.is_err() {
            return (lines, false);
        }
    }
    (lines, true)
}

/// The same, with all of the stream at hand.
fn plainly(stream: &[u8], soft: usize, hard: usize) -> (Vec<Taken>, bool) {
    let mut parts: Vec<&[u8]> = stream.split(|byte| *byte == b'\n').collect();
    let unfinished = parts.pop().unwrap_or_default();
    let mut lines = Vec::new();
    for part in parts {
        if part.len() > hard {
            return (lines, false);
        }
        let line = part.strip_suffix(b"\r").unwrap_or(part);
        lines.push(if line.len() > soft { Err(line.len()) } else { Ok(line.to_vec()) });
    }
    (lines, unfinished.len() <= hard)
}

/// The stream in pieces of 0 to 15 bytes, which follow from the seed.
fn pieces(stream: &[u8], seed: u8) -> Vec<&[u8]> {
    let (mut pieces, mut rest, mut state) = (Vec::new(), stream, u32::from(seed));
    while !rest.is_empty() {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let length = (state >> 28) as usize;
        let (head, tail) = rest.split_at(length.min(rest.len()));
        pieces.push(head);
        rest = tail;
    }
    pieces
}
