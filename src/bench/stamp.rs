//! What a measured message carries: which run and publisher it is of, its number, and when it was
//! sent. Fixed places and hexadecimal digits, so that reading one costs a few instructions and a
//! person who looks into the room can read it too.

/// Where a stamp begins, as no text of a person would.
pub(super) const MARK: [u8; 2] = *b"@~";
/// Bytes of a stamp: the mark, run and publisher (4 digits each), number (8) and time (16).
pub(super) const STAMP: usize = 34;
/// What a message is filled up with.
const FILL: u8 = b'.';
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The head of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    /// Which run it belongs to: others may measure in the same room.
    pub run: u16,
    pub publisher: u16,
    /// The publisher's messages, counted from 0.
    pub number: u32,
    /// Nanoseconds since the run began; at a fixed rate, when it should have been sent.
    pub at: u64,
}

impl Stamp {
    /// Appends a message of `size` bytes, which is not less than [`STAMP`].
    pub(super) fn put(self, size: usize, out: &mut Vec<u8>) {
        let begin = out.len();
        out.extend_from_slice(&MARK);
        put_hex(u64::from(self.run), 4, out);
        put_hex(u64::from(self.publisher), 4, out);
        put_hex(u64::from(self.number), 8, out);
        put_hex(self.at, 16, out);
        out.resize(begin + size, FILL);
    }

    /// Reads the head of a message that begins with the mark. Digits are not checked: the run has
    /// to be the right one anyway.
    pub(super) fn of(message: &[u8]) -> Option<Self> {
        let (mark, rest) = message.split_first_chunk::<2>()?;
        let (who, rest) = rest.split_first_chunk::<8>()?;
        let (number, rest) = rest.split_first_chunk::<8>()?;
        let (early, rest) = rest.split_first_chunk::<8>()?;
        let late = rest.first_chunk::<8>()?;
        if *mark != MARK {
            return None;
        }
        let [run_high, run_low, by_high, by_low] = hex(*who).to_be_bytes();
        Some(Self {
            run: u16::from_be_bytes([run_high, run_low]),
            publisher: u16::from_be_bytes([by_high, by_low]),
            number: hex(*number),
            at: u64::from(hex(*early)) << 32 | u64::from(hex(*late)),
        })
    }
}

fn put_hex(value: u64, digits: u32, out: &mut Vec<u8>) {
    out.extend((0..digits).rev().map(|place| DIGITS[(value >> (4 * place) & 15) as usize]));
}

/// Eight digits at once: the value of each in its own byte, then neighbours joined three times,
/// from bytes to pairs to fours to all.
fn hex(digits: [u8; 8]) -> u32 {
    let text = u64::from_le_bytes(digits);
    let is_letter = text >> 6 & 0x0101_0101_0101_0101;
    let values = (text & 0x0f0f_0f0f_0f0f_0f0f) + is_letter * 9;
    // The digit before counts sixteen times as much, and lies in the lower byte.
    let pairs = values.wrapping_mul(16 << 8 | 1) >> 8 & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(1 << 24 | 1) >> 16 & 0x0000_ffff_0000_ffff;
    (fours.wrapping_mul(1 << 48 | 1) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, proptest};

    proptest! {
        #[test]
        fn what_is_put_is_read(run: u16, publisher: u16, number: u32, at: u64, more in 0..40_usize) {
            let stamp = Stamp { run, publisher, number, at };
            let mut message = Vec::new();
            stamp.put(STAMP + more, &mut message);
            assert_eq!(message.len(), STAMP + more);
            assert_eq!(Stamp::of(&message), Some(stamp));
        }

        #[test]
        fn no_bytes_are_too_strange(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            assert!(Stamp::of(&bytes).is_none() || bytes.starts_with(&MARK));
        }
    }

    #[test]
    fn a_person_can_read_it() {
        let mut message = Vec::new();
        Stamp { run: 0x2a, publisher: 3, number: 255, at: 0xdead_beef }.put(36, &mut message);
        assert_eq!(message, b"@~002a0003000000ff00000000deadbeef..");
        assert_eq!(Stamp::of(&message[..STAMP - 1]), None);
    }
}
