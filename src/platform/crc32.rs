//! CRC-32 for wasm32: IEEE 802.3, the variant of zip and of AWS event streams.
//!
//! Eight tables allow eight bytes per step. They are computed at the first use. 8 KB of tables barely
//! compress, and the loop that computes them is a few dozen bytes of code. Native targets use `crc32fast`, which uses the
//! processor's own instructions.

use std::sync::OnceLock;

/// The polynomial 0x04C11DB7 with its bits reversed.
const POLYNOMIAL: u32 = 0xEDB8_8320;

type Tables = [[u32; 256]; 8];

fn tables() -> &'static Tables {
    static TABLES: OnceLock<Tables> = OnceLock::new();
    TABLES.get_or_init(|| {
        let mut tables: Tables = [[0; 256]; 8];
        let mut previous = [0_u32; 256];
        for (slot, index) in previous.iter_mut().zip(0_u32..) {
            let mut crc = index;
            for _ in 0..8 {
                crc = if crc & 1 == 1 { (crc >> 1) ^ POLYNOMIAL } else { crc >> 1 };
            }
            *slot = crc;
        }
        // Table k holds the effect of a byte that is followed by k zero bytes.
        let one_byte = previous;
        for table in &mut tables {
            *table = previous;
            for slot in &mut previous {
                *slot = (*slot >> 8) ^ look_up(&one_byte, *slot);
            }
        }
        tables
    })
}

/// Returns the table's entry for the lowest byte of `value`; a byte cannot be out of range.
#[inline(always)]
fn look_up(table: &[u32; 256], value: u32) -> u32 {
    let [lowest, ..] = value.to_le_bytes();
    table.get(usize::from(lowest)).copied().unwrap_or_default()
}

/// An incremental CRC-32.
#[derive(Clone, Debug)]
pub(crate) struct Crc32 {
    state: u32,
}

impl Crc32 {
    pub(crate) fn new() -> Self {
        Crc32 { state: !0 }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let [t0, t1, t2, t3, t4, t5, t6, t7] = tables();
        let mut crc = self.state;
        let (groups, rest) = bytes.as_chunks::<8>();
        for &[a, b, c, d, e, f, g, h] in groups {
            let low = crc ^ u32::from_le_bytes([a, b, c, d]);
            let high = u32::from_le_bytes([e, f, g, h]);
            crc = look_up(t7, low)
                ^ look_up(t6, low >> 8)
                ^ look_up(t5, low >> 16)
                ^ look_up(t4, low >> 24)
                ^ look_up(t3, high)
                ^ look_up(t2, high >> 8)
                ^ look_up(t1, high >> 16)
                ^ look_up(t0, high >> 24);
        }
        for byte in rest {
            crc = (crc >> 8) ^ look_up(t0, crc ^ u32::from(*byte));
        }
        self.state = crc;
    }

    pub(crate) fn finish(self) -> u32 {
        !self.state
    }
}

#[cfg(test)]
mod tests {
    use super::Crc32;
    use proptest::prelude::*;

    fn crc32(bytes: &[u8]) -> u32 {
        let mut crc = Crc32::new();
        crc.update(bytes);
        crc.finish()
    }

    #[test]
    fn crc32_matches_the_check_value() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(crc32(b""), 0);
    }

    proptest! {
        #[test]
        fn crc32_in_pieces_matches_crc32fast(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8),
        ) {
            let mut crc = Crc32::new();
            for piece in &pieces {
                crc.update(piece);
            }
            prop_assert_eq!(crc.finish(), crc32fast::hash(&pieces.concat()));
        }
    }
}
