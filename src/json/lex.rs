//! Steps through JSON text that its checker and its reader share.

/// Returns the byte at `i`, or NUL after the end. JSON has no NUL outside strings, and inside them it is refused.
pub(super) fn at(bytes: &[u8], i: usize) -> u8 {
    bytes.get(i).copied().unwrap_or(0)
}

/// Returns the position of the first byte from `i` on that is not white space.
pub(super) fn skip_space(bytes: &[u8], mut i: usize) -> usize {
    while matches!(at(bytes, i), b' ' | b'\n' | b'\r' | b'\t') {
        i += 1;
    }
    i
}

const ONES: u64 = u64::MAX / 255;

/// Sets the highest bit of the first of eight bytes that equals `byte`. Later marks may be wrong, because a matching
/// byte (zero after the XOR) borrows from the next one.
pub(super) fn marks(word: u64, byte: u8) -> u64 {
    let zeros = word ^ (ONES * u64::from(byte));
    zeros.wrapping_sub(ONES) & !zeros & (ONES << 7)
}

/// Same as [`marks`], for the first byte that is a control character.
pub(super) fn control_marks(word: u64) -> u64 {
    word.wrapping_sub(ONES * 0x20) & !word & (ONES << 7)
}
