//! Lines of standard input, read on a thread of its own: a read cannot be called off, and nothing
//! may wait for one when the program ends.

use crate::wire::limits;
use std::io::{self, BufRead};
use std::thread;
use tokio::sync::mpsc;

/// Lines read ahead of whoever takes them. When it is full, reading waits.
const AHEAD: usize = 16;

/// Standard input's lines without their newlines; what is not UTF-8 is replaced. The channel ends
/// with the input.
pub(super) fn lines() -> io::Result<mpsc::Receiver<io::Result<String>>> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    thread::Builder::new().name("stdin".into()).spawn(move || {
        let mut input = io::stdin().lock();
        while let Some(line) = next_line(&mut input).transpose() {
            let is_last = line.is_err();
            if sender.blocking_send(line).is_err() || is_last {
                return;
            }
        }
    })?;
    Ok(receiver)
}

/// The next line, cut to what is too long in any case: input without newlines must not fill the
/// memory.
fn next_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let mut read_any = false;
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            break;
        }
        read_any = true;
        let end = memchr::memchr(b'\n', bytes);
        let piece = bytes.get(..end.unwrap_or(bytes.len())).unwrap_or_default();
        let room = limits::UNFRAMED.saturating_sub(line.len());
        line.extend_from_slice(piece.get(..room).unwrap_or(piece));
        let used = end.map_or(bytes.len(), |end| end + 1);
        input.consume(used);
        if end.is_some() {
            break;
        }
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(read_any.then(|| String::from_utf8_lossy(&line).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    fn all(bytes: &[u8], buffer: usize) -> Vec<String> {
        let mut input = BufReader::with_capacity(buffer, bytes);
        std::iter::from_fn(|| next_line(&mut input).unwrap()).collect()
    }

    #[test]
    fn lines_are_the_same_whatever_the_pieces() {
        for buffer in 1..20 {
            let expected = ["a", "", "b\u{e9}", "c\u{fffd}", "last"];
            assert_eq!(
                all(
                    "a\n\nb\u{e9}\r\n"
                        .as_bytes()
                        .iter()
                        .chain(b"c\xff\nlast")
                        .copied()
                        .collect::<Vec<_>>()
                        .as_slice(),
                    buffer
                ),
                expected
            );
        }
    }

    #[test]
    fn endless_lines_are_cut() {
        let mut bytes = vec![b'x'; 100_000];
        bytes.extend_from_slice(b"\nnext\n");
        let lines = all(&bytes, 8192);
        assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), [limits::UNFRAMED, 4]);
    }
}
