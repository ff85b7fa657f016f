//! Numbers and strings in a segment's bytes. Whatever the bytes are, reading them ends in a value or
//! in [`Damaged`], never in a panic.

use crate::wire::limits;

/// Bytes that no encoder wrote, or that have changed since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damaged;

/// A sum of all the bytes. Each step can be undone, so that a change in one word always shows.
pub(super) fn sum(bytes: &[u8]) -> u64 {
    let mut sum = bytes.len() as u64;
    let (words, rest) = bytes.as_chunks::<8>();
    let step = |sum: u64, word: u64| {
        // The odd constant of the golden ratio spreads a bit over the word.
        (sum ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
    };
    for word in words {
        sum = step(sum, u64::from_le_bytes(*word));
    }
    rest.iter().fold(sum, |sum, &byte| step(sum, u64::from(byte)))
}

pub(super) fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    out.push((number & 0x7f) as u8);
}

pub(super) fn take(bytes: &mut &[u8]) -> Result<u64, Damaged> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = take_byte(bytes)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(Damaged)
}

pub(super) fn take_u32(bytes: &mut &[u8]) -> Result<u32, Damaged> {
    u32::try_from(take(bytes)?).map_err(|_large| Damaged)
}

pub(super) fn take_byte(bytes: &mut &[u8]) -> Result<u8, Damaged> {
    let (&first, rest) = bytes.split_first().ok_or(Damaged)?;
    *bytes = rest;
    Ok(first)
}

pub(super) fn take_bytes<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], Damaged> {
    let (taken, rest) = bytes.split_at_checked(length).ok_or(Damaged)?;
    *bytes = rest;
    Ok(taken)
}

/// A string with its length in front; none is longer than a line.
pub(super) fn take_str<'a>(bytes: &mut &'a [u8]) -> Result<&'a str, Damaged> {
    let length = usize::try_from(take(bytes)?).map_err(|_long| Damaged)?;
    if length > limits::LINE {
        return Err(Damaged);
    }
    str::from_utf8(take_bytes(bytes, length)?).map_err(|_not_text| Damaged)
}

pub(super) fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

pub(super) fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}
