//! Base64 with the standard alphabet (RFC 4648, section 4), for the payloads of InvokeModel streams,
//! images, and short-term keys. The crate `base64` instead adds 3.3 KB to the module with all models, after gzip.
//!
//! Decoding is strict, as leniency would hide damage. It refuses characters outside the alphabet, white space
//! included, and bits left over in the last character. Padding may be missing, which loses nothing; if it is
//! there, it must be right.

use std::fmt;

use crate::text::visible;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The marker of a byte outside the alphabet. Its top bits survive every `|` with values below 64.
const INVALID: u8 = 0xFF;

/// The value of each character.
#[expect(clippy::indexing_slicing, reason = "out of bounds, it would not compile")]
const VALUES: [u8; 256] = {
    let mut values = [INVALID; 256];
    let mut rest: &[u8] = ALPHABET;
    let mut value = 0;
    while let [letter, tail @ ..] = rest {
        values[*letter as usize] = value;
        value += 1;
        rest = tail;
    }
    values
};

#[inline(always)]
fn value_of(letter: u8) -> u8 {
    VALUES.get(usize::from(letter)).copied().unwrap_or(INVALID)
}

/// Decodes `text` into `out`. The former content of `out` is dropped, its memory is reused.
///
/// # Errors
///
/// Returns the first character that is not valid, with its position. `out` is then empty.
pub(crate) fn decode(text: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
    out.clear();
    let decoded = try_decode(text, out);
    decoded.map_err(|at| {
        out.clear();
        DecodeError { byte: text.get(at).copied(), at, length: text.len() }
    })
}

/// Checks a text without keeping its bytes, which may be 20 MB of an image. The errors are those of [`decode`].
pub(crate) fn check(text: &[u8]) -> Result<(), DecodeError> {
    /// A multiple of the four characters of a group.
    const PIECE: usize = 4096;
    let mut bytes = Vec::new();
    for (index, piece) in text.chunks(PIECE).enumerate() {
        let start = index * PIECE;
        // Padding is valid only at the end of the whole text.
        let is_last = start + piece.len() == text.len();
        let early = piece.iter().position(|letter| value_of(*letter) == INVALID).filter(|_| !is_last);
        let checked = early.map_or_else(|| try_decode(piece, &mut bytes), Err);
        checked.map_err(|at| DecodeError { byte: piece.get(at).copied(), at: start + at, length: text.len() })?;
    }
    Ok(())
}

/// The position at which a text stops being base64.
#[derive(Debug)]
pub(crate) struct DecodeError {
    /// `None` at the end of the text.
    byte: Option<u8>,
    at: usize,
    length: usize,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { byte, at, length } = self;
        match byte {
            Some(byte) => write!(f, "invalid base64: `{}` at byte {at} of {length}", visible(&[*byte])),
            None => write!(f, "invalid base64: unexpected end at byte {at}"),
        }
    }
}

/// Decodes `text` into `out`. The error is the position of the first invalid byte.
fn try_decode(text: &[u8], out: &mut Vec<u8>) -> Result<(), usize> {
    let padding = text.iter().rev().take(2).take_while(|letter| **letter == b'=').count();
    let (body, _) = text.split_at_checked(text.len() - padding).unwrap_or_default();
    let (groups, last) = body.as_chunks::<4>();
    out.resize(groups.len() * 3, 0);
    let mut seen = 0;
    for (bytes, letters) in out.as_chunks_mut::<3>().0.iter_mut().zip(groups) {
        let [a, b, c, d] = *letters;
        let (a, b, c, d) = (value_of(a), value_of(b), value_of(c), value_of(d));
        seen |= a | b | c | d;
        let word = u32::from(a) << 18 | u32::from(b) << 12 | u32::from(c) << 6 | u32::from(d);
        let [_, high, middle, low] = word.to_be_bytes();
        *bytes = [high, middle, low];
    }
    if seen == INVALID || last.iter().any(|letter| value_of(*letter) == INVALID) {
        return Err(body.iter().position(|letter| value_of(*letter) == INVALID).unwrap_or_default());
    }
    // Two characters hold one byte and three hold two. The bits left over must be zero; otherwise the text was
    // cut, or is not base64.
    let (right_padding, left_over) = match *last {
        [] => (0, 0),
        [a, b] => {
            let (a, b) = (value_of(a), value_of(b));
            out.push(a << 2 | b >> 4);
            (2, b << 4)
        }
        [a, b, c] => {
            let (a, b, c) = (value_of(a), value_of(b), value_of(c));
            out.extend([a << 2 | b >> 4, b << 4 | c >> 2]);
            (1, c << 6)
        }
        _ => return Err(text.len()),
    };
    if left_over != 0 {
        return Err(body.len() - 1);
    }
    if padding != 0 && padding != right_padding {
        return Err(text.len().min(body.len() + right_padding));
    }
    Ok(())
}

/// Appends the base64 of `bytes`, padded, to `out`.
pub(crate) fn encode(bytes: &[u8], out: &mut String) {
    out.reserve(bytes.len().div_ceil(3) * 4);
    // A buffer on the stack lets the UTF-8 check run on one chunk at a time.
    let mut buffer = [b'='; 1024];
    for piece in bytes.chunks(buffer.len() / 4 * 3) {
        let (groups, last) = piece.as_chunks::<3>();
        let (slots, _) = buffer.as_chunks_mut::<4>();
        let mut slots = slots.iter_mut();
        for ([a, b, c], slot) in groups.iter().zip(&mut slots) {
            *slot = [a >> 2, a << 4 | b >> 4, b << 2 | c >> 6, *c].map(letter);
        }
        match (last, slots.next()) {
            ([a], Some(slot)) => *slot = [letter(a >> 2), letter(a << 4), b'=', b'='],
            ([a, b], Some(slot)) => {
                *slot = [letter(a >> 2), letter(a << 4 | b >> 4), letter(b << 2), b'='];
            }
            _ => {}
        }
        let written = buffer.get(..piece.len().div_ceil(3) * 4).unwrap_or_default();
        out.push_str(std::str::from_utf8(written).unwrap_or_default());
    }
}

/// Returns the character for the lowest six bits.
#[inline(always)]
fn letter(value: u8) -> u8 {
    ALPHABET.get(usize::from(value & 63)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{check, decode, encode};
    use aws_smithy_types::base64 as judge;
    use proptest::prelude::*;

    fn decoded(text: &str) -> Result<Vec<u8>, String> {
        let mut out = b"what was there before".to_vec();
        decode(text.as_bytes(), &mut out).map(|()| out).map_err(|error| error.to_string())
    }

    fn encoded(bytes: &[u8]) -> String {
        let mut out = String::from("before:");
        encode(bytes, &mut out);
        out.strip_prefix("before:").unwrap().to_owned()
    }

    #[test]
    fn base64_encodes_and_decodes_the_rfc_4648_examples() {
        for (plain, base64) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encoded(plain.as_bytes()), base64);
            assert_eq!(decoded(base64).unwrap(), plain.as_bytes());
            assert_eq!(decoded(base64.trim_end_matches('=')).unwrap(), plain.as_bytes(), "no padding");
        }
        assert_eq!(encoded(&[0xFB, 0xEF, 0xFF]), "++//");
        assert_eq!(decoded("++//").unwrap(), [0xFB, 0xEF, 0xFF]);
    }

    #[test]
    fn base64_check_finds_what_decoding_finds_at_each_place() {
        let clean = "Zm9v".repeat(3 * 1024);
        for end in ["", "Zg==", "Zg", "Zm8=", "Z", "Zh==", "="] {
            let whole = [&clean, end].concat();
            for at in (0..whole.len()).step_by(1021).chain(4090..4100).chain([whole.len() - 1]) {
                for letter in ['Z', '=', '\n', '-'] {
                    let mut text = whole.clone();
                    text.replace_range(at..=at, &letter.to_string());
                    let found = check(text.as_bytes()).map_err(|error| error.to_string());
                    assert_eq!(found, decoded(&text).map(drop), "{end:?} {letter:?} at {at}");
                }
            }
        }
    }

    #[test]
    fn invalid_base64_is_refused_with_its_position() {
        for (text, place) in [
            ("Zm9v\nYg==", "`\\x0a` at byte 4 of 9"),
            ("Zm 9", "` ` at byte 2 of 4"),
            ("-_8=", "`-` at byte 0 of 4"),
            ("Zm9vYm\u{e9}", "`\\xc3` at byte 6 of 8"),
            ("Zg=a", "`=` at byte 2 of 4"),
            ("=Zg=", "`=` at byte 0 of 4"),
            ("====", "`=` at byte 0 of 4"),
            ("Zm9v=", "`=` at byte 4 of 5"),
            ("Zm9v==", "`=` at byte 4 of 6"),
            ("Zm8==", "`=` at byte 4 of 5"),
            ("Zg=", "unexpected end at byte 3"),
            ("Z", "unexpected end at byte 1"),
            ("Zm9vZ", "unexpected end at byte 5"),
            ("Z===", "`=` at byte 1 of 4"),
            ("Zh==", "`h` at byte 1 of 4"),
            ("Zm9", "`9` at byte 2 of 3"),
        ] {
            let message = decoded(text).unwrap_err();
            assert!(message.contains(place), "{text:?}: {message}");
        }
    }

    #[test]
    fn failed_base64_decode_leaves_the_output_empty() {
        let mut out = b"before".to_vec();
        decode(b"Zm9vZm9v!", &mut out).unwrap_err();
        assert!(out.is_empty());
    }

    #[test]
    fn base64_decode_reuses_the_buffer() {
        let mut out = Vec::with_capacity(64);
        let memory = out.as_ptr();
        for text in ["Zm9vYmFy", "Zm9v", ""] {
            decode(text.as_bytes(), &mut out).unwrap();
        }
        assert_eq!(out.as_ptr(), memory);
    }

    proptest! {
        #[test]
        fn base64_round_trips_bytes_of_any_length(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
            let text = encoded(&bytes);
            prop_assert_eq!(&text, &judge::encode(&bytes));
            prop_assert_eq!(decoded(&text).unwrap(), bytes);
        }

        #[test]
        fn base64_accepts_the_same_text_as_the_aws_crates(text in "[A-Da-d+/=!]{0,12}") {
            let unpadded = !text.len().is_multiple_of(4) && !text.contains('=');
            let padded = if unpadded { format!("{text}{}", "=".repeat(4 - text.len() % 4)) } else { text.clone() };
            match judge::decode(&padded) {
                Ok(bytes) => prop_assert_eq!(decoded(&text).unwrap(), bytes),
                Err(_) => prop_assert!(decoded(&text).is_err()),
            }
        }
    }
}
