//! Cuts a byte stream into lines, whatever the pieces it arrives in. Knows no dialect.

use memchr::memchr;

/// One line, or what is left of one that was too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
        Self { unfinished: Vec::new(), soft, hard }
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
        // Before the `\r` is taken off: it counts the same whether it came with its `\n` or alone.
        if line.len() > self.hard {
            return Err(Unframed);
        }
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        take(if line.len() > self.soft { Line::TooLong(line.len()) } else { Line::Whole(line) });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SOFT: usize = 8;
    const HARD: usize = 32;

    /// What came of feeding these pieces: lines (`Err` holds a too long one's length), and
    /// whether the stream went on.
    type Outcome = (Vec<Result<Vec<u8>, usize>>, bool);

    fn feed_all<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
        let mut framer = Framer::new(SOFT, HARD);
        let mut lines = Vec::new();
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
            assert!(framer.unfinished.len() <= HARD, "holds more than its bound");
        }
        (lines, true)
    }

    fn whole(lines: &[&str]) -> Vec<Result<Vec<u8>, usize>> {
        lines.iter().map(|line| Ok(line.as_bytes().to_vec())).collect()
    }

    #[test]
    fn newlines_part_lines_and_one_carriage_return_goes_with_them() {
        let (lines, open) = feed_all([b"a\nb\r\n\n\r\nc\r\r\nd\re\nrest".as_slice()]);
        assert_eq!(lines, whole(&["a", "b", "", "", "c\r", "d\re"]));
        assert!(open);
    }

    #[test]
    fn a_line_over_the_soft_bound_is_reported_and_the_next_one_is_whole() {
        let (lines, open) = feed_all([b"12345678\n123456789\n12345678\r\nok\n".as_slice()]);
        let mut expected = whole(&["12345678", "12345678", "ok"]);
        expected.insert(1, Err(9));
        assert_eq!(lines, expected);
        assert!(open);
    }

    #[test]
    fn the_hard_bound_is_exact_and_the_same_however_the_bytes_arrive() {
        let at = [&[b'x'; HARD][..], b"\n"].concat();
        assert_eq!(feed_all([at.as_slice()]), (vec![Err(HARD)], true));
        assert_eq!(feed_all([&at[..HARD], b"\n"]), (vec![Err(HARD)], true));
        for over in [[b'x'; HARD + 1].to_vec(), [&[b'x'; HARD][..], b"\r"].concat()] {
            let over = [over, b"\n".to_vec()].concat();
            assert_eq!(feed_all([over.as_slice()]), (vec![], false));
            for cut in 1..over.len() {
                assert_eq!(feed_all([&over[..cut], &over[cut..]]), (vec![], false), "at {cut}");
            }
        }
    }

    #[test]
    fn nothing_is_kept_after_a_whole_line() {
        let mut framer = Framer::new(SOFT, HARD);
        framer.feed(b"ab", |_| panic!("no line yet")).unwrap();
        framer.feed(b"c\n", |line| assert_eq!(line, Line::Whole(b"abc"))).unwrap();
        assert_eq!(framer.unfinished.capacity(), 0);
    }

    /// Streams with many newlines, many `\r` and runs near both bounds.
    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"\n".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"\r".to_vec()),
            proptest::collection::vec(any::<u8>(), 0..4),
            (0..HARD + 4).prop_map(|length| vec![b'x'; length]),
        ];
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn two_pieces_cut_anywhere_give_the_same_lines(bytes in stream()) {
            let expected = feed_all([bytes.as_slice()]);
            for cut in 0..=bytes.len() {
                let (head, tail) = bytes.split_at(cut);
                prop_assert_eq!(&feed_all([head, tail]), &expected, "cut at {}", cut);
            }
        }

        #[test]
        fn byte_by_byte_gives_the_same_lines(bytes in stream()) {
            prop_assert_eq!(feed_all(bytes.chunks(1)), feed_all([bytes.as_slice()]));
        }

        #[test]
        fn no_line_is_lost_or_changed(words in proptest::collection::vec("[a-z ]{0,8}", 0..20)) {
            let bytes = words.iter().flat_map(|word| [word.as_str(), "\n"]).collect::<String>();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            prop_assert_eq!(feed_all([bytes.as_bytes()]), (whole(&words), true));
        }
    }
}
