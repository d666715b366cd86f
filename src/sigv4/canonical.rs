//! Step 1: the canonical request, which client and server compute alike.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request>

use std::fmt;
use std::ops::Range;

use super::encode::{as_text, is_lower_case_token, is_token, percent_decode, push_encoded, push_hex};
use super::{Payload, SignableRequest, SigningParams};
use crate::error::{Error, ErrorKind, Result};
use crate::json::quoted;
use crate::platform::sha256;
use crate::text::{split, split_once};

/// Maximum number of signed headers. Calls of Bedrock sign about five.
const MAX_SIGNED_HEADERS: usize = 100;

/// Headers that the signer writes. A copy from the caller would break the signature.
const WRITTEN_BY_THE_SIGNER: [&str; 3] = ["authorization", "x-amz-date", "x-amz-security-token"];

/// A canonical request, which is hashed and signed.
///
/// Created by [`canonical_request`]. To find out why a signature is refused, compare it with the text in AWS's
/// `SignatureDoesNotMatch` error.
///
/// The text contains the session token, if there is one; `Debug` leaves it out.
#[derive(Clone, PartialEq, Eq)]
pub struct CanonicalRequest {
    text: Vec<u8>,
    signed_headers: Range<usize>,
}

impl CanonicalRequest {
    /// Returns the whole text, as in AWS's documentation.
    #[must_use]
    pub fn as_str(&self) -> &str {
        as_text(&self.text)
    }

    /// Returns the names of the signed headers, sorted and joined by `;`.
    #[must_use]
    pub fn signed_headers(&self) -> &str {
        as_text(self.signed_header_bytes())
    }

    pub(super) fn signed_header_bytes(&self) -> &[u8] {
        self.text.get(self.signed_headers.clone()).unwrap_or_default()
    }

    /// Returns the SHA-256 of the text.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        sha256(&self.text)
    }
}

impl fmt::Debug for CanonicalRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CanonicalRequest")
            .field("signed_headers", &self.signed_headers())
            .field("len", &self.text.len())
            .finish_non_exhaustive()
    }
}

/// Returns the canonical request for a signature in the headers.
///
/// `x-amz-date` and, with a session token, `x-amz-security-token` are added to the signed headers.
///
/// - **Path**: percent-encoded once more than on the wire, but `/` is kept. Before that, `.` and `..` segments are
///   resolved and empty segments removed, as in all AWS signers except S3's. So `/a//b/./c/../d` signs as `/a/b/d`,
///   and `/model/x%3A0/invoke` as `/model/x%253A0/invoke`. The path on the wire does not change.
/// - **Query**: parameters are decoded, encoded again according to RFC 3986, and sorted; a parameter without `=` gets
///   one; `+` is a space.
/// - **Headers**: names are in lower case and sorted; values are trimmed, and several spaces become one; repeated
///   headers are joined by `,` in their order.
///
/// # Errors
///
/// [`ErrorKind::Config`], if the request is not valid: see [`sign`](super::sign).
pub fn canonical_request(request: &SignableRequest<'_>, params: &SigningParams<'_>) -> Result<CanonicalRequest> {
    let token = params.token();
    check_visible("session token", token.unwrap_or_default())?;
    let both = [("x-amz-date", params.date.as_str()), ("x-amz-security-token", token.unwrap_or_default())];
    let added = if token.is_some() { &both[..] } else { &both[..1] };
    let headers = SortedHeaders::new(request.headers, added)?;
    let mut query = Vec::new();
    if !request.query.is_empty() {
        push_canonical_query(&mut query, request.query, &[]);
    }
    assemble(request, &query, &headers)
}

/// Joins the parts; `query` must already be canonical.
pub(super) fn assemble(
    request: &SignableRequest<'_>,
    query: &[u8],
    headers: &SortedHeaders<'_>,
) -> Result<CanonicalRequest> {
    check_method(request.method)?;
    check_path(request.path)?;
    // An upper bound of the length, so that the text is allocated once.
    let capacity =
        request.method.len() + 3 * request.path.len() + query.len() + headers.text_len() + 2 * 32 + "/\n\n\n\n\n".len();
    let mut text = Vec::with_capacity(capacity);
    text.extend_from_slice(request.method.as_bytes());
    text.push(b'\n');
    push_canonical_path(&mut text, request.path);
    text.push(b'\n');
    text.extend_from_slice(query);
    text.push(b'\n');
    headers.push_lines(&mut text);
    text.push(b'\n');
    let names_start = text.len();
    headers.push_names(&mut text);
    let signed_headers = names_start..text.len();
    text.push(b'\n');
    let hash = match request.payload {
        Payload::Bytes(bytes) => sha256(bytes),
        Payload::Sha256(hash) => hash,
    };
    push_hex(&mut text, &hash);
    Ok(CanonicalRequest { text, signed_headers })
}

fn check_method(method: &str) -> Result<()> {
    if is_token(method) {
        return Ok(());
    }
    Err(config(format_args!("invalid HTTP method: {}", quoted(method))))
}

/// Refuses text that cannot be part of credentials, without quoting it.
pub(super) fn check_visible(what: &str, text: &str) -> Result<()> {
    let faulty = |byte: u8| !byte.is_ascii_graphic();
    if !any_byte(text, faulty) {
        return Ok(());
    }
    let at = text.bytes().position(faulty).unwrap_or_default();
    Err(config(format_args!(
        "{what} has a space, a line break or a non-ASCII character at byte {at} of {}; copy the value alone",
        text.len()
    )))
}

/// Returns whether any byte passes the test. It reads all bytes instead of stopping at the first match: the compiler
/// can vectorize that, and a match is rare.
fn any_byte(text: &str, test: impl Fn(u8) -> bool) -> bool {
    text.as_bytes().iter().fold(0, |found, byte| found | u8::from(test(*byte))) != 0
}

/// Same as [`any_byte`], for each pair of adjacent bytes.
fn any_pair(text: &str, test: impl Fn(u8, u8) -> bool) -> bool {
    let left = text.as_bytes();
    let right = left.get(1..).unwrap_or_default();
    left.iter().zip(right).fold(0, |found, (left, right)| found | u8::from(test(*left, *right))) != 0
}

fn check_path(path: &str) -> Result<()> {
    let is_delimiter = |byte| byte == b'?' || byte == b'#';
    if !any_byte(path, is_delimiter) {
        return Ok(());
    }
    let at = path.bytes().position(is_delimiter).unwrap_or_default();
    Err(config(format_args!(
        "path to sign contains `?` or `#` at byte {at}; pass the query separately, and percent-encode the path"
    )))
}

/// Appends the canonical URI of a path that is encoded once, as on the wire.
fn push_canonical_path(out: &mut Vec<u8>, path: &str) {
    let is_special = |left, right| left == b'/' && (right == b'/' || right == b'.');
    if path.starts_with('/') && !any_pair(path, is_special) {
        push_encoded(out, path.as_bytes(), true);
        return;
    }
    let mut kept: Vec<&str> = Vec::new();
    let mut ends_in_directory = false;
    for segment in split(path, b'/') {
        ends_in_directory = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            name => kept.push(name),
        }
    }
    for segment in &kept {
        out.push(b'/');
        push_encoded(out, segment.as_bytes(), false);
    }
    if ends_in_directory || kept.is_empty() {
        out.push(b'/');
    }
}

/// Appends the parameters of the raw `query` and the plain ones in `added`, encoded and sorted.
pub(super) fn push_canonical_query(out: &mut Vec<u8>, query: &str, added: &[(&str, &str)]) {
    let encoded = |bytes: &[u8]| {
        let mut text = Vec::with_capacity(bytes.len());
        push_encoded(&mut text, bytes, false);
        text
    };
    // Parameters are inserted in order, as `sort` adds about 2 KB to a module: see `SortedHeaders::sort`. AWS's own
    // signers also sort by the encoded text.
    let mut parameters: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
    let mut add = |parameter| {
        let at = parameters.partition_point(|other| *other <= parameter);
        parameters.insert(at, parameter);
    };
    for part in split(query, b'&').filter(|part| !part.is_empty()) {
        let (name, value) = split_once(part, "=").unwrap_or((part, ""));
        add((encoded(&percent_decode(name.as_bytes(), true)), encoded(&percent_decode(value.as_bytes(), true))));
    }
    for (name, value) in added {
        add((encoded(name.as_bytes()), encoded(value.as_bytes())));
    }
    for (name, value) in &parameters {
        if !out.is_empty() {
            out.push(b'&');
        }
        out.extend_from_slice(name);
        out.push(b'=');
        out.extend_from_slice(value);
    }
}

/// The headers to sign, in canonical order, without a copy of any of them.
pub(super) struct SortedHeaders<'a> {
    given: &'a [(&'a str, &'a str)],
    added: &'a [(&'a str, &'a str)],
    /// Positions in `given` followed by `added`. Only the first `len` are used.
    order: [u8; MAX_SIGNED_HEADERS],
    len: usize,
    /// Whether names and values are already canonical, which is nearly always the case.
    verbatim: bool,
}

impl<'a> SortedHeaders<'a> {
    pub(super) fn new(given: &'a [(&'a str, &'a str)], added: &'a [(&'a str, &'a str)]) -> Result<Self> {
        let len = given.len() + added.len();
        if len > MAX_SIGNED_HEADERS {
            return Err(config(format_args!(
                "too many headers to sign: {len}, the limit is {MAX_SIGNED_HEADERS}; leave out headers that AWS does not read"
            )));
        }
        let mut verbatim = true;
        for (name, value) in given {
            verbatim &= is_lower_case_token(name) && !any_byte(value, |byte| !byte.is_ascii_graphic());
            check_header(name, value, verbatim)?;
        }
        if !given.iter().any(|(name, value)| name.eq_ignore_ascii_case("host") && !value.is_empty()) {
            return Err(config(format_args!("no `host` among the headers to sign, or it is empty; add it")));
        }
        let order = [0; MAX_SIGNED_HEADERS];
        let mut headers = SortedHeaders { given, added, order, len, verbatim };
        headers.sort();
        Ok(headers)
    }

    /// An insertion sort. It is stable, so repeated headers keep their order. For a few headers that are mostly
    /// sorted it takes less time than std's sort. Its code adds 1.8 KB to the module with all models, after gzip.
    fn sort(&mut self) {
        for (new, next) in (0_u8..).take(self.len).enumerate() {
            let name = self.header(next).0;
            let place = self
                .iter()
                .take(new)
                .rposition(|(earlier, _)| !is_before(name, earlier))
                .map_or(0, |earlier| earlier + 1);
            self.order.copy_within(place..new, place + 1);
            if let Some(slot) = self.order.get_mut(place) {
                *slot = next;
            }
        }
    }

    fn header(&self, position: u8) -> (&'a str, &'a str) {
        let position = usize::from(position);
        self.given
            .get(position)
            .or_else(|| self.added.get(position.wrapping_sub(self.given.len())))
            .copied()
            .unwrap_or_default()
    }

    fn iter(&self) -> impl DoubleEndedIterator<Item = (&'a str, &'a str)> + ExactSizeIterator {
        self.order.iter().take(self.len).map(|position| self.header(*position))
    }

    /// Returns an upper bound of the bytes that [`push_lines`](Self::push_lines) and
    /// [`push_names`](Self::push_names) write together.
    fn text_len(&self) -> usize {
        self.iter().map(|(name, value)| 2 * name.len() + value.len() + ":\n;".len()).sum()
    }

    /// Appends `name:value` lines.
    fn push_lines(&self, out: &mut Vec<u8>) {
        let mut previous = "";
        for (name, value) in self.iter() {
            if name.eq_ignore_ascii_case(previous) {
                // A comma replaces the line break after the previous value.
                out.pop();
                out.push(b',');
            } else {
                self.push_name(out, name);
                out.push(b':');
            }
            self.push_value(out, value);
            out.push(b'\n');
            previous = name;
        }
    }

    fn push_name(&self, out: &mut Vec<u8>, name: &str) {
        let start = out.len();
        out.extend_from_slice(name.as_bytes());
        if !self.verbatim {
            out.get_mut(start..).unwrap_or_default().make_ascii_lowercase();
        }
    }

    /// Appends a value without blanks at its ends, which HTTP does not transmit, and with single spaces inside.
    /// Tabs inside stay, as in AWS's signers.
    fn push_value(&self, out: &mut Vec<u8>, value: &str) {
        if self.verbatim {
            out.extend_from_slice(value.as_bytes());
            return;
        }
        let words = split(value.trim_ascii(), b' ').filter(|word| !word.is_empty());
        for (index, word) in words.enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            out.extend_from_slice(word.as_bytes());
        }
    }

    /// Appends `name;name;name`, each name once.
    pub(super) fn push_names(&self, out: &mut Vec<u8>) {
        let mut previous = "";
        for (name, _) in self.iter() {
            if name.eq_ignore_ascii_case(previous) {
                continue;
            }
            if !previous.is_empty() {
                out.push(b';');
            }
            self.push_name(out, name);
            previous = name;
        }
    }
}

/// Checks a header. `is_plain` means that name and value have no unusual characters.
fn check_header(name: &str, value: &str, is_plain: bool) -> Result<()> {
    if WRITTEN_BY_THE_SIGNER.iter().any(|own| name.eq_ignore_ascii_case(own)) {
        return Err(config(format_args!("header to sign is written by the signer: `{name}`; leave it out")));
    }
    if is_plain {
        return Ok(());
    }
    if !is_token(name) {
        return Err(config(format_args!("invalid header name: {}", quoted(name))));
    }
    // The message does not quote the value, which may be a secret.
    match value.bytes().position(|byte| !matches!(byte, b' '..=b'~' | b'\t')) {
        None => Ok(()),
        Some(at) => Err(config(format_args!(
            "header value is not printable ASCII: `{name}` at byte {at}; remove or encode that character"
        ))),
    }
}

fn is_before(left: &str, right: &str) -> bool {
    let left = left.bytes().map(|byte| byte.to_ascii_lowercase());
    left.lt(right.bytes().map(|byte| byte.to_ascii_lowercase()))
}

pub(super) fn config(message: fmt::Arguments<'_>) -> Error {
    Error::of(ErrorKind::Config, message)
}

const _: () = assert!(MAX_SIGNED_HEADERS <= u8::MAX as usize);
