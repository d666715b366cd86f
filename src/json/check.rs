//! Validation of JSON text.

use std::fmt;

use super::lex::{at, control_marks, marks, skip_space};

/// Maximum nesting of arrays and objects.
const MAX_DEPTH: u32 = 128;

/// The reason for which deeper JSON is refused.
const TOO_DEEP: &str = "at most 128 levels of nesting";

/// The reason and the position of invalid JSON.
///
/// ```
/// let error = bedrock_chat::json::View::parse("{\"a\":}").unwrap_err();
/// assert_eq!(error.position(), 5);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JsonError {
    position: usize,
    expected: &'static str,
}

impl JsonError {
    pub(super) fn new(position: usize, expected: &'static str) -> Self {
        Self { position, expected }
    }

    /// Returns whether the JSON nests too deep for this crate. It may be valid.
    pub(crate) fn is_too_deep(&self) -> bool {
        self.expected == TOO_DEEP
    }

    /// Returns the position of the first invalid byte.
    pub fn position(&self) -> usize {
        self.position
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} at byte {}", self.expected, self.position)
    }
}

impl std::error::Error for JsonError {}

fn check_string(bytes: &[u8], mut i: usize) -> Result<usize, JsonError> {
    let fail = |position, expected| Err(JsonError { position, expected });
    i += 1;
    loop {
        // Eight bytes at a time, up to one that matters.
        while let Some(word) = bytes.get(i..).and_then(<[u8]>::first_chunk) {
            let word = u64::from_le_bytes(*word);
            let found = marks(word, b'"') | marks(word, b'\\') | control_marks(word);
            // Without a mark these are 64 bits: the whole word.
            i += found.trailing_zeros() as usize / 8;
            if found != 0 {
                break;
            }
        }
        match at(bytes, i) {
            b'"' => return Ok(i + 1),
            b'\\' => {
                match at(bytes, i + 1) {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => i += 2,
                    b'u' => {
                        for k in i + 2..i + 6 {
                            if !at(bytes, k).is_ascii_hexdigit() {
                                return fail(k, "four hexadecimal digits");
                            }
                        }
                        i += 6;
                    }
                    _ => return fail(i + 1, "an escape character"),
                };
            }
            c if c < 0x20 => {
                let expected = if i >= bytes.len() { "the end of the string" } else { "no control character" };
                return fail(i, expected);
            }
            _ => i += 1,
        }
    }
}

fn check_digits(bytes: &[u8], mut i: usize) -> Result<usize, JsonError> {
    if !at(bytes, i).is_ascii_digit() {
        return Err(JsonError { position: i, expected: "a digit" });
    }
    while at(bytes, i).is_ascii_digit() {
        i += 1;
    }
    Ok(i)
}

fn check_number(bytes: &[u8], mut i: usize) -> Result<usize, JsonError> {
    if at(bytes, i) == b'-' {
        i += 1;
    }
    i = if at(bytes, i) == b'0' { i + 1 } else { check_digits(bytes, i)? };
    if at(bytes, i) == b'.' {
        i = check_digits(bytes, i + 1)?;
    }
    if matches!(at(bytes, i), b'e' | b'E') {
        i += 1;
        if matches!(at(bytes, i), b'+' | b'-') {
            i += 1;
        }
        i = check_digits(bytes, i)?;
    }
    Ok(i)
}

/// Checks one whole value from `i` on, without recursion, so no input can exhaust the stack. `open` has one bit for each
/// open container: 1 for an object, 0 for an array.
pub(super) fn check(bytes: &[u8], i: usize) -> Result<usize, JsonError> {
    check_within(bytes, i, MAX_DEPTH)
}

/// Same as [`check`], for a value that may nest this deep.
fn check_within(bytes: &[u8], mut i: usize, max_depth: u32) -> Result<usize, JsonError> {
    let fail = |position, expected| Err(JsonError { position, expected });
    let mut open: u128 = 0;
    let mut depth: u32 = 0;
    loop {
        i = skip_space(bytes, i);
        // A value starts here.
        let c = at(bytes, i);
        match c {
            b'{' | b'[' => {
                if depth == max_depth {
                    return fail(i, TOO_DEEP);
                }
                let object = c == b'{';
                depth += 1;
                open = (open << 1) | u128::from(object);
                i = skip_space(bytes, i + 1);
                if at(bytes, i) != if object { b'}' } else { b']' } {
                    if object {
                        i = check_key(bytes, i)?.1;
                    }
                    continue;
                }
            }
            b'"' => i = check_string(bytes, i)?,
            b'-' | b'0'..=b'9' => i = check_number(bytes, i)?,
            b't' | b'f' | b'n' => {
                let word: &[u8] = match c {
                    b't' => b"true",
                    b'f' => b"false",
                    _ => b"null",
                };
                if bytes.get(i..i + word.len()) != Some(word) {
                    return fail(i, "a value");
                }
                i += word.len();
            }
            _ => return fail(i, "a value"),
        }
        // A value ended here (or a container is about to): close what closes, find what follows.
        loop {
            if depth == 0 {
                return Ok(i);
            }
            i = skip_space(bytes, i);
            let object = open & 1 == 1;
            match (at(bytes, i), object) {
                (b',', _) => {
                    i = skip_space(bytes, i + 1);
                    if object {
                        i = check_key(bytes, i)?.1;
                    }
                    break;
                }
                (b'}', true) | (b']', false) => {
                    open >>= 1;
                    depth -= 1;
                    i += 1;
                }
                (_, true) => return fail(i, "`,` or `}`"),
                (_, false) => return fail(i, "`,` or `]`"),
            }
        }
    }
}

/// Checks the text of an object. Passes each key, as raw text without its quotes, and its value to `each`. Returns
/// `false` for a value of another type, which is not checked.
pub(super) fn check_members<'a>(text: &'a str, each: &mut dyn FnMut(&'a str, &'a str)) -> Result<bool, JsonError> {
    let bytes = text.as_bytes();
    let slice = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let mut i = skip_space(bytes, 0);
    if at(bytes, i) != b'{' {
        return Ok(false);
    }
    i = skip_space(bytes, i + 1);
    let mut is_open = at(bytes, i) != b'}';
    while is_open {
        let (key_end, after_colon) = check_key(bytes, i)?;
        let key = slice(i + 1, key_end - 1);
        let start = skip_space(bytes, after_colon);
        let end = check_within(bytes, start, MAX_DEPTH - 1)?;
        each(key, slice(start, end));
        i = skip_space(bytes, end);
        match at(bytes, i) {
            b',' => i = skip_space(bytes, i + 1),
            b'}' => is_open = false,
            _ => return Err(JsonError { position: i, expected: "`,` or `}`" }),
        }
    }
    let end = skip_space(bytes, i + 1);
    if end == bytes.len() { Ok(true) } else { Err(JsonError { position: end, expected: "the end of the text" }) }
}

/// Checks a key and its colon. Returns the end of the key and the end of the colon.
fn check_key(bytes: &[u8], i: usize) -> Result<(usize, usize), JsonError> {
    if at(bytes, i) != b'"' {
        return Err(JsonError { position: i, expected: "a key in double quotes" });
    }
    let key_end = check_string(bytes, i)?;
    let i = skip_space(bytes, key_end);
    if at(bytes, i) != b':' {
        return Err(JsonError { position: i, expected: "`:`" });
    }
    Ok((key_end, i + 1))
}
