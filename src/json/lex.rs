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
