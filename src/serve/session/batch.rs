//! What a writer is about to send: runs of the shared log's bytes and a few of the session's own,
//! handed to the socket in as few calls as it takes. Copies nothing that the log already has.

use crate::log::Chunk;
use crate::wire::Dialect;
use smallvec::SmallVec;
use std::io::{self, IoSlice};
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::AsyncWrite;

/// Bytes in one batch: what a socket's send buffer may take at once, with some to spare.
pub(in crate::serve) const BYTES: usize = 512 * 1024;
/// Pieces in one vectored write, as many as fit on a stack comfortably.
const PIECES: usize = 64;

/// Pieces still to be written, in order.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// One in place, which is all that a quiet session ever has.
    pieces: SmallVec<[Piece; 1]>,
    /// Bytes of the first piece that are written already.
    written: usize,
    bytes: usize,
}

#[derive(Debug)]
enum Piece {
    Shared { chunk: Arc<Chunk>, dialect: Dialect, bytes: Range<usize> },
    Own(Vec<u8>),
}

impl Piece {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Shared { chunk, dialect, bytes } => {
                chunk.encoded(*dialect).bytes.get(bytes.clone()).unwrap_or_default()
            }
            Self::Own(bytes) => bytes,
        }
    }
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Whether enough is gathered for one go.
    pub(super) fn is_full(&self) -> bool {
        self.bytes >= BYTES || self.pieces.len() >= PIECES
    }

    /// Adds entries of a chunk.
    pub(super) fn shared(&mut self, chunk: &Arc<Chunk>, dialect: Dialect, entries: Range<usize>) {
        let bytes = chunk.encoded(dialect).range(entries);
        self.bytes += bytes.len();
        self.pieces.push(Piece::Shared { chunk: chunk.clone(), dialect, bytes });
    }

    /// Adds bytes of the session's own.
    pub(super) fn own(&mut self, bytes: Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        self.bytes += bytes.len();
        if let Some(Piece::Own(last)) = self.pieces.last_mut() {
            last.extend_from_slice(&bytes);
        } else {
            self.pieces.push(Piece::Own(bytes));
        }
    }

    /// Leaves only the rest of the line that is half written, if one is, and copies that.
    pub(super) fn keep_line(&mut self) {
        let first = self.pieces.first().map(Piece::bytes).unwrap_or_default();
        let (written, rest) = first.split_at(self.written.min(first.len()));
        let is_half = written.last().is_some_and(|&byte| byte != b'\n');
        let line = rest.split_inclusive(|&byte| byte == b'\n').next().filter(|_| is_half);
        let line = line.unwrap_or_default().to_vec();
        *self = Self::default();
        self.own(line);
    }

    /// Writes what the socket takes now; `Ready` with how much.
    pub(super) fn poll_write<W: AsyncWrite + Unpin>(
        &mut self,
        out: &mut W,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let out = Pin::new(out);
        let sent = match self.pieces.as_slice() {
            [one] => {
                let rest = one.bytes().get(self.written..).unwrap_or_default();
                ready!(out.poll_write(cx, rest))?
            }
            several => {
                let mut slices = [IoSlice::new(&[]); PIECES];
                let mut skip = self.written;
                let mut used = 0;
                for (slice, piece) in slices.iter_mut().zip(several) {
                    *slice = IoSlice::new(piece.bytes().get(skip..).unwrap_or_default());
                    skip = 0;
                    used += 1;
                }
                ready!(out.poll_write_vectored(cx, slices.get(..used).unwrap_or_default()))?
            }
        };
        self.advance(sent);
        Poll::Ready(Ok(sent))
    }

    /// So many of its bytes are written.
    pub(super) fn advance(&mut self, sent: usize) {
        if sent >= self.bytes {
            (self.bytes, self.written) = (0, 0);
            self.pieces.clear();
        } else {
            self.bytes -= sent;
            self.written += sent;
            let mut done = 0;
            while let Some(first) = self.pieces.get(done).map(|piece| piece.bytes().len())
                && self.written >= first
            {
                self.written -= first;
                done += 1;
            }
            self.pieces.drain(..done);
        }
        if self.pieces.is_empty() && self.pieces.capacity() > PIECES {
            self.pieces.shrink_to_fit();
        }
    }
}
