//! Percent-encoding, as SigV4 and Bedrock's path labels want it.

/// Makes a model id, or any other text, one path segment: every byte but `A-Z a-z 0-9 - . _ ~`
/// becomes `%XX`, with upper-case hex digits.
///
/// This is the wire form. The signer encodes it once more for the canonical request, so that a
/// colon is sent as `%3A` and signed as `%253A`.
///
/// ```
/// use bedrock_chat::sigv4::encode_path_segment;
///
/// assert_eq!(encode_path_segment("anthropic.claude-3-haiku-20240307-v1:0"),
///     "anthropic.claude-3-haiku-20240307-v1%3A0");
/// assert_eq!(encode_path_segment("inference-profile/é"), "inference-profile%2F%C3%A9");
/// ```
#[must_use]
pub fn encode_path_segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2 * count_reserved(text.as_bytes(), false));
    push_encoded(&mut out, text.as_bytes(), false);
    out
}

/// Like [`encode_path_segment`], but leaves alone a model id that was encoded already, so that an
/// ARN copied from an URL gives the same path as the plain ARN.
///
/// An id counts as encoded when all of this holds:
///
/// - it is made of nothing but `A-Z a-z 0-9 - . _ ~` and `%XX`,
/// - it holds at least one `%XX`,
/// - decoding it once leaves no `%XX`.
///
/// No model id and no ARN holds a percent sign of its own, so nothing real is misread. Lower-case
/// hex digits (`%3a`) come out in upper case.
///
/// ```
/// use bedrock_chat::sigv4::encode_model_id;
///
/// let plain = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/abc";
/// let encoded = "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fabc";
/// assert_eq!(encode_model_id(plain), encoded);
/// assert_eq!(encode_model_id(encoded), encoded);
/// // Encoded twice: not an encoded id by the rule, so it is encoded a third time.
/// assert_eq!(encode_model_id("v1%253A0"), "v1%25253A0");
/// ```
#[must_use]
pub fn encode_model_id(id: &str) -> String {
    match decode_if_encoded(id) {
        Some(decoded) => {
            let mut out = String::with_capacity(id.len());
            push_encoded(&mut out, &decoded, false);
            out
        }
        None => encode_path_segment(id),
    }
}

/// The decoded bytes of an id that was percent-encoded exactly once, by the rule of
/// [`encode_model_id`].
fn decode_if_encoded(id: &str) -> Option<Vec<u8>> {
    let decoded = percent_decode(id.as_bytes(), false);
    let changed = decoded.len() < id.len();
    let escapes = (id.len() - decoded.len()) / 2;
    // Every reserved byte of the encoded text must be the `%` of an escape.
    let only_escapes = count_reserved(id.as_bytes(), false) == escapes;
    let still_encoded = percent_decode(&decoded, false).len() < decoded.len();
    (changed && only_escapes && !still_encoded).then_some(decoded)
}

/// Whether RFC 3986 calls the byte unreserved, which is also SigV4's list; or a `/` to be kept.
fn is_kept(byte: u8, keep_slash: bool) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') || (byte == b'/' && keep_slash)
}

/// How many bytes of `bytes` [`push_encoded`] will write as three.
pub(super) fn count_reserved(bytes: &[u8], keep_slash: bool) -> usize {
    bytes.iter().filter(|byte| !is_kept(**byte, keep_slash)).count()
}

/// Appends `bytes`, percent-encoded.
pub(super) fn push_encoded(out: &mut String, bytes: &[u8], keep_slash: bool) {
    for byte in bytes {
        if is_kept(*byte, keep_slash) {
            out.push(char::from(*byte));
        } else {
            out.push('%');
            push_hex(out, &[*byte], b"0123456789ABCDEF");
        }
    }
}

/// The digits that digests are written with.
pub(super) const LOWER_HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends two digits a byte.
pub(super) fn push_hex(out: &mut String, bytes: &[u8], digits: &[u8; 16]) {
    for byte in bytes {
        for nibble in [byte >> 4, byte & 15] {
            let digit = digits.get(usize::from(nibble)).copied().unwrap_or(b'0');
            out.push(char::from(digit));
        }
    }
}

/// Undoes percent-encoding. A `%` that two hex digits don't follow stands for itself; with
/// `plus_is_space`, a `+` is a space, as in forms.
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
