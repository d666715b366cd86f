//! Ids in the forms of the APIs. The same seed always results in the same id.

use sha2::{Digest as _, Sha256};

fn digest(seed: &str) -> [u8; 32] {
    Sha256::digest(seed.as_bytes()).into()
}

/// 32 hexadecimal digits.
pub(crate) fn hex(seed: &str) -> String {
    digest(seed).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

/// A UUID.
pub(crate) fn uuid(seed: &str) -> String {
    let digits = hex(seed);
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

/// 52 characters of base 32.
pub(crate) fn base32(seed: &str) -> String {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut out = String::new();
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in digest(seed).into_iter().chain([0]) {
        held = (held << 8) | u32::from(byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            let digit = usize::try_from((held >> bits) & 31).unwrap_or(0);
            out.push(char::from(DIGITS.get(digit).copied().unwrap_or(b'a')));
        }
    }
    out.truncate(52);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_recorded_lengths() {
        assert_eq!(base32("a").len(), 52);
        assert_ne!(base32("a"), base32("b"));
        assert_eq!(hex("a").len(), 32);
        assert_eq!(uuid("a").len(), 36);
    }
}
