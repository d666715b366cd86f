//! Percent-encoding for SigV4 and for Bedrock's paths.

/// Encodes a model id, or any other text, as one path segment: every byte except `A-Z a-z 0-9 - . _ ~` becomes `%XX`,
/// with upper-case hex digits.
///
/// This is the form on the wire. The signer encodes it once more for the canonical request: a colon is sent as
/// `%3A` and signed as `%253A`.
///
/// ```
/// use bedrock_chat::sigv4::encode_path_segment;
///
/// assert_eq!(encode_path_segment("us.amazon.nova-2-lite-v1:0"),
///     "us.amazon.nova-2-lite-v1%3A0");
/// assert_eq!(encode_path_segment("inference-profile/é"), "inference-profile%2F%C3%A9");
/// ```
#[must_use]
pub fn encode_path_segment(text: &str) -> String {
    let mut out = Vec::with_capacity(3 * text.len());
    push_encoded(&mut out, text.as_bytes(), false);
    into_text(out)
}

/// Same as [`encode_path_segment`], for a model id that may already be percent-encoded, as a whole or only its slash.
/// The path is the same as for the plain id.
///
/// Model ids and ARNs have no percent signs, so decoding is unambiguous. Lower-case hex digits (`%3a`) become
/// upper case.
///
/// ```
/// use bedrock_chat::sigv4::encode_model_id;
///
/// let plain = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/abc";
/// let encoded = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fabc";
/// assert_eq!(encode_model_id(plain), encoded);
/// assert_eq!(encode_model_id(encoded), encoded);
/// assert_eq!(encode_model_id(&plain.replace('/', "%2F")), encoded);
/// ```
#[must_use]
pub fn encode_model_id(id: &str) -> String {
    encode_path_segment(&decoded_id(id))
}

/// Decodes a model id. A `%` without two hex digits after it is kept.
pub(crate) fn decoded_id(id: &str) -> String {
    String::from_utf8(percent_decode(id.as_bytes(), false)).unwrap_or_else(|_| id.to_owned())
}

/// `unreserved` of RFC 3986, which SigV4 uses as well.
const UNRESERVED: u8 = 1;
/// Characters that are not encoded in a path: `unreserved` and the slash.
const IN_PATH: u8 = 2;
/// `tchar` of RFC 9110: the characters of methods and header names.
const IN_TOKEN: u8 = 4;
/// `tchar` without capital letters.
const IN_LOWER_CASE_TOKEN: u8 = 8;

/// The classes of each byte.
#[expect(clippy::indexing_slicing, reason = "out of bounds, it would not compile")]
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        classes[byte as usize] = match byte {
            b'A'..=b'Z' => UNRESERVED | IN_PATH | IN_TOKEN,
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                UNRESERVED | IN_PATH | IN_TOKEN | IN_LOWER_CASE_TOKEN
            }
            b'!' | b'#'..=b'\'' | b'*' | b'+' | b'^' | b'`' | b'|' => IN_TOKEN | IN_LOWER_CASE_TOKEN,
            b'/' => IN_PATH,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

fn is_in(class: u8, byte: u8) -> bool {
    CLASSES.get(usize::from(byte)).is_some_and(|classes| classes & class != 0)
}

fn is_all(class: u8, text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| is_in(class, byte))
}

/// Returns whether the text can be a method or a header name.
pub(super) fn is_token(text: &str) -> bool {
    is_all(IN_TOKEN, text)
}

/// Returns whether the text can be a header name and is in lower case.
pub(super) fn is_lower_case_token(text: &str) -> bool {
    is_all(IN_LOWER_CASE_TOKEN, text)
}

/// Returns whether the text is not empty and needs no encoding.
pub(super) fn is_plain(text: &str) -> bool {
    is_all(UNRESERVED, text)
}

// Texts are assembled as bytes and converted once they are complete. They consist of `str`s and ASCII, so the two
// functions below never return their default.

pub(super) fn as_text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

pub(super) fn into_text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap_or_default()
}

/// Appends `bytes`, percent-encoded.
pub(super) fn push_encoded(out: &mut Vec<u8>, bytes: &[u8], keep_slash: bool) {
    let kept_class = if keep_slash { IN_PATH } else { UNRESERVED };
    let mut rest = bytes;
    loop {
        let kept = rest.iter().position(|byte| !is_in(kept_class, *byte)).unwrap_or(rest.len());
        let (run, tail) = rest.split_at_checked(kept).unwrap_or_default();
        out.extend_from_slice(run);
        let [byte, after @ ..] = tail else { return };
        out.extend_from_slice(&[b'%', digit(byte >> 4, b'A'), digit(byte & 15, b'A')]);
        rest = after;
    }
}

/// Appends a digest in lower-case hex digits.
pub(super) fn push_hex(out: &mut Vec<u8>, digest: &[u8; 32]) {
    let mut text = [[0; 2]; 32];
    for (digits, byte) in text.iter_mut().zip(digest) {
        *digits = [digit(byte >> 4, b'a'), digit(byte & 15, b'a')];
    }
    out.extend_from_slice(text.as_flattened());
}

/// Returns the hex digit for a number below 16; `ten` is the digit of ten.
fn digit(nibble: u8, ten: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { ten - 10 + nibble }
}

/// Decodes percent-encoding. A `%` without two hex digits after it is kept. With `plus_is_space`, a `+` is a
/// space, as in forms.
pub(super) fn percent_decode(text: &[u8], plus_is_space: bool) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        rest = tail;
        let mut byte = *first;
        match tail {
            [high, low, after @ ..] if byte == b'%' => {
                if let (Some(high), Some(low)) = (hex_value(*high), hex_value(*low)) {
                    byte = high << 4 | low;
                    rest = after;
                }
            }
            _ if plus_is_space && byte == b'+' => byte = b' ',
            _ => {}
        }
        decoded.push(byte);
    }
    decoded
}

fn hex_value(digit: u8) -> Option<u8> {
    // A hex digit is below 16.
    char::from(digit).to_digit(16).map(|value| value as u8)
}
