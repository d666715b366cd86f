//! SHA-256 (FIPS 180-4) for wasm32, where the rounds are a loop.
//!
//! `sha2` unrolls all 64 rounds, which is 8 KB of code that compresses badly. Native tests compare this module
//! with `sha2`.

use zeroize::Zeroize;

/// The first 32 bits of the fractional parts of the cube roots of the first 64 primes.
#[rustfmt::skip]
const ROUNDS: [u32; 64] = [
    0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
    0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
    0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
    0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
    0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
];

/// The first 32 bits of the fractional parts of the square roots of the first 8 primes.
const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// An incremental hash. It is wiped on drop, as its input may be a key.
#[derive(Clone)]
pub(crate) struct Sha256 {
    state: [u32; 8],
    /// The bytes of the incomplete block.
    block: [u8; 64],
    /// The number of bytes so far.
    len: u64,
}

impl Sha256 {
    pub(crate) fn new() -> Self {
        Self { state: START, block: [0; 64], len: 0 }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let begun = (self.len % 64) as usize;
        self.len += bytes.len() as u64;
        let missing = 64 - begun;
        let (first, rest) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
        if begun > 0 || first.len() < missing {
            for (slot, byte) in self.block.iter_mut().skip(begun).zip(first) {
                *slot = *byte;
            }
            if first.len() < missing {
                return;
            }
            compress(&mut self.state, &self.block);
        }
        let (blocks, rest) = if begun > 0 { rest.as_chunks() } else { bytes.as_chunks() };
        for block in blocks {
            compress(&mut self.state, block);
        }
        for (slot, byte) in self.block.iter_mut().zip(rest) {
            *slot = *byte;
        }
    }

    pub(crate) fn finish(mut self) -> [u8; 32] {
        let bits = self.len * 8;
        // A one bit, zeros up to the last 8 bytes of a block, and the length in them.
        self.update(&[0x80]);
        let zeros = (120 - self.len % 64) % 64;
        self.update([0; 64].get(..zeros as usize).unwrap_or_default());
        self.update(&bits.to_be_bytes());
        let mut out = [0; 32];
        for (slot, word) in out.as_chunks_mut().0.iter_mut().zip(&self.state) {
            *slot = word.to_be_bytes();
        }
        out
    }
}

impl Drop for Sha256 {
    fn drop(&mut self) {
        self.state.zeroize();
        self.block.zeroize();
    }
}

fn compress(state: &mut [u32; 8], block: &[u8; 64]) {
    let mut words = [0_u32; 64];
    for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    for at in 16..64 {
        let before = |n: usize| words.get(at - n).copied().unwrap_or_default();
        let (a, b) = (before(15), before(2));
        let a = a.rotate_right(7) ^ a.rotate_right(18) ^ (a >> 3);
        let b = b.rotate_right(17) ^ b.rotate_right(19) ^ (b >> 10);
        let next = before(16).wrapping_add(a).wrapping_add(before(7)).wrapping_add(b);
        if let Some(word) = words.get_mut(at) {
            *word = next;
        }
    }
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for (round, word) in ROUNDS.iter().zip(&words) {
        let s1 = e.rotate_right(6) ^ e.rotate_right(11) ^ e.rotate_right(25);
        let choice = (e & f) ^ (!e & g);
        let t1 = h.wrapping_add(s1).wrapping_add(choice).wrapping_add(*round).wrapping_add(*word);
        let s0 = a.rotate_right(2) ^ a.rotate_right(13) ^ a.rotate_right(22);
        let majority = (a & b) ^ (a & c) ^ (b & c);
        let t2 = s0.wrapping_add(majority);
        (h, g, f, e, d, c, b, a) = (g, f, e, d.wrapping_add(t1), c, b, a, t1.wrapping_add(t2));
    }
    for (sum, word) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *sum = sum.wrapping_add(word);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::Digest;

    #[test]
    fn sha256_of_empty_input_is_correct() {
        let hex: String = super::Sha256::new().finish().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }

    proptest! {
        #[test]
        fn sha256_in_pieces_matches_sha2(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..8),
        ) {
            let mut hash = super::Sha256::new();
            for piece in &pieces {
                hash.update(piece);
            }
            let theirs: [u8; 32] = sha2::Sha256::digest(pieces.concat()).into();
            prop_assert_eq!(hash.finish(), theirs);
        }
    }
}
