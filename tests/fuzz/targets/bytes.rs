//! Values out of a fuzzer's bytes, taken from the front; what is missing at the end is zero or
//! empty. Knows no target.

/// What is left of the input.
#[derive(Debug, Clone)]
pub(super) struct Bytes<'a>(pub(super) &'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn take(&mut self, count: usize) -> &'a [u8] {
        let (head, tail) = self.0.split_at(count.min(self.0.len()));
        self.0 = tail;
        head
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    pub(super) fn bit(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    pub(super) fn number(&mut self) -> u64 {
        let mut number = [0; 8];
        let bytes = self.take(8);
        number[..bytes.len()].copy_from_slice(bytes);
        u64::from_le_bytes(number)
    }

    /// Up to the next byte that no UTF-8 has, or the end.
    pub(super) fn piece(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|byte| *byte >= CUT);
        let piece = self.take(end.unwrap_or(self.0.len()));
        self.take(1);
        piece
    }

    pub(super) fn text(&mut self) -> String {
        String::from_utf8_lossy(self.piece()).into_owned()
    }

    pub(super) fn some<T>(&mut self, take: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.bit().then(|| take(self))
    }
}

/// Parts an input. Neither this byte nor [`PAUSE`] is in any UTF-8.
pub(super) const CUT: u8 = 0xfe;
/// Parts an input where time passes.
pub(super) const PAUSE: u8 = 0xff;
