//! Step 1: the canonical request, the one spelling of a request that both ends agree on.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-canonical-request>

use std::fmt;
use std::ops::Range;

use sha2::{Digest, Sha256};

use super::encode::{LOWER_HEX, count_reserved, percent_decode, push_encoded, push_hex};
use super::{Payload, SignableRequest, SigningParams};
use crate::error::{Error, ErrorKind, Result};

/// More signed headers than this are refused. Bedrock calls sign about five.
const MAX_SIGNED_HEADERS: usize = 100;

/// Headers that the signer itself writes. A second copy from the caller would break the signature,
/// or be one that was not asked for.
const WRITTEN_BY_THE_SIGNER: [&str; 3] = ["authorization", "x-amz-date", "x-amz-security-token"];

/// The canonical request: what is hashed and signed.
///
/// Made by [`canonical_request`]. Compare it with the text that AWS puts into the message of a
/// `SignatureDoesNotMatch` error to see where two signers differ.
///
/// The text holds the session token, if there is one; `Debug` leaves it out.
#[derive(Clone, PartialEq, Eq)]
pub struct CanonicalRequest {
    text: String,
    signed_headers: Range<usize>,
}

impl CanonicalRequest {
    /// The whole text, as AWS's documentation shows it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names of the signed headers, sorted and joined by `;`.
    #[must_use]
    pub fn signed_headers(&self) -> &str {
        self.text.get(self.signed_headers.clone()).unwrap_or_default()
    }

    /// The SHA-256 of the text.
    #[must_use]
    pub fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.text).into()
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

/// Writes the canonical request of a request whose signature goes into its headers.
///
/// `x-amz-date` and, with a session token, `x-amz-security-token` are added to the signed headers.
///
/// - **Path**: percent-encoded once more than on the wire, `/` kept; before that `.` and `..`
///   segments are resolved and empty ones removed, as every AWS signer but S3's does. So
///   `/a//b/./c/../d` signs as `/a/b/d`, and `/model/x%3A0/invoke` as `/model/x%253A0/invoke`. The
///   path on the wire is not touched.
/// - **Query**: parameters are decoded, encoded again the strict way, and sorted; a parameter with
///   no `=` gets one; `+` is a space.
/// - **Headers**: names in lower case and sorted; values trimmed, runs of spaces made one; repeated
///   headers joined by `,` in their order.
///
/// # Errors
///
/// [`ErrorKind::Config`] for whatever can't be a valid request: see [`sign`](super::sign).
pub fn canonical_request(request: &SignableRequest<'_>, params: &SigningParams<'_>) -> Result<CanonicalRequest> {
    let token = params.token();
    let both = [("x-amz-date", params.date.as_str()), ("x-amz-security-token", token.unwrap_or_default())];
    let added = if token.is_some() { &both[..] } else { &both[..1] };
    let headers = SortedHeaders::new(request.headers, added)?;
    let mut query = String::new();
    if !request.query.is_empty() {
        push_canonical_query(&mut query, request.query, &[]);
    }
    assemble(request, &query, &headers)
}

/// Joins the parts; `query` is canonical already.
pub(super) fn assemble(
    request: &SignableRequest<'_>,
    query: &str,
    headers: &SortedHeaders<'_>,
) -> Result<CanonicalRequest> {
    check_method(request.method)?;
    check_path(request.path)?;
    // Exact but for what normalisation takes away, so that the text is allocated once.
    let capacity = request.method.len()
        + request.path.len()
        + 2 * count_reserved(request.path.as_bytes(), true)
        + query.len()
        + headers.text_len()
        + 2 * Sha256::output_size()
        + "/\n\n\n\n\n".len();
    let mut text = String::with_capacity(capacity);
    text.push_str(request.method);
    text.push('\n');
    push_canonical_path(&mut text, request.path);
    text.push('\n');
    text.push_str(query);
    text.push('\n');
    headers.push_lines(&mut text);
    text.push('\n');
    let names_start = text.len();
    headers.push_names(&mut text);
    let signed_headers = names_start..text.len();
    text.push('\n');
    let hash = match request.payload {
        Payload::Bytes(bytes) => Sha256::digest(bytes).into(),
        Payload::Sha256(hash) => hash,
    };
    push_hex(&mut text, &hash, LOWER_HEX);
    Ok(CanonicalRequest { text, signed_headers })
}

fn check_method(method: &str) -> Result<()> {
    if is_token(method) {
        return Ok(());
    }
    Err(config(format!("`{}` is not an HTTP method", method.escape_debug())))
}

fn check_path(path: &str) -> Result<()> {
    match path.find(['?', '#']) {
        None => Ok(()),
        Some(at) => Err(config(format!(
            "the path to sign holds `?` or `#` at byte {at}: pass the query by itself, and percent-encode the rest"
        ))),
    }
}

/// Appends the canonical URI of a path that is encoded once, as on the wire.
fn push_canonical_path(out: &mut String, path: &str) {
    let relative = path.strip_prefix('/').unwrap_or(path);
    out.push('/');
    let last = relative.rsplit('/').next().unwrap_or_default();
    let directory = matches!(last, "" | "." | "..");
    let inner_is_plain = || !relative.split('/').rev().skip(1).any(|segment| matches!(segment, "" | "." | ".."));
    if !matches!(last, "." | "..") && inner_is_plain() {
        push_encoded(out, relative.as_bytes(), true);
        return;
    }
    let mut kept: Vec<&str> = Vec::new();
    for segment in relative.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                kept.pop();
            }
            name => kept.push(name),
        }
    }
    for (index, segment) in kept.iter().enumerate() {
        if index > 0 {
            out.push('/');
        }
        push_encoded(out, segment.as_bytes(), false);
    }
    if directory && !kept.is_empty() {
        out.push('/');
    }
}

/// Appends the parameters of the raw `query` and the plain ones in `added`, encoded and sorted.
pub(super) fn push_canonical_query(out: &mut String, query: &str, added: &[(&str, &str)]) {
    let encoded = |bytes: &[u8]| {
        let mut text = String::with_capacity(bytes.len());
        push_encoded(&mut text, bytes, false);
        text
    };
    let mut parameters: Vec<(String, String)> = Vec::new();
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        parameters
            .push((encoded(&percent_decode(name.as_bytes(), true)), encoded(&percent_decode(value.as_bytes(), true))));
    }
    for (name, value) in added {
        parameters.push((encoded(name.as_bytes()), encoded(value.as_bytes())));
    }
    // By the encoded text, which is what AWS's own signers sort by.
    parameters.sort_unstable();
    for (name, value) in &parameters {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        out.push_str(value);
    }
}

/// The headers to sign, in canonical order, without a copy of any of them.
pub(super) struct SortedHeaders<'a> {
    given: &'a [(&'a str, &'a str)],
    added: &'a [(&'a str, &'a str)],
    /// Positions in `given` followed by `added`; the first `len` count.
    order: [u8; MAX_SIGNED_HEADERS],
    len: usize,
}

impl<'a> SortedHeaders<'a> {
    pub(super) fn new(given: &'a [(&'a str, &'a str)], added: &'a [(&'a str, &'a str)]) -> Result<Self> {
        let len = given.len() + added.len();
        if len > MAX_SIGNED_HEADERS {
            return Err(config(format!(
                "{len} headers are too many to sign (at most {MAX_SIGNED_HEADERS}): leave those unsigned that AWS does not read"
            )));
        }
        for (name, value) in given {
            check_header(name, value)?;
        }
        if !given.iter().any(|(name, value)| name.eq_ignore_ascii_case("host") && !value.is_empty()) {
            return Err(config("the `host` header must be among the signed ones, and not be empty"));
        }
        let mut headers = SortedHeaders { given, added, order: [0; MAX_SIGNED_HEADERS], len };
        headers.sort();
        Ok(headers)
    }

    /// Insertion sort: it is stable, so repeated headers keep their order, and a handful of headers
    /// that mostly come in order takes less code and time than the library's sort.
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

    /// At least the bytes that [`push_lines`](Self::push_lines) and
    /// [`push_names`](Self::push_names) write together.
    fn text_len(&self) -> usize {
        self.iter().map(|(name, value)| 2 * name.len() + value.len() + ":\n;".len()).sum()
    }

    /// `name:value` lines.
    fn push_lines(&self, out: &mut String) {
        let mut previous = "";
        for (name, value) in self.iter() {
            if name.eq_ignore_ascii_case(previous) {
                // The line break of the value before gives way to the comma.
                out.pop();
                out.push(',');
            } else {
                push_lower_case(out, name);
                out.push(':');
            }
            push_trimmed(out, value);
            out.push('\n');
            previous = name;
        }
    }

    /// `name;name;name`, each name once.
    pub(super) fn push_names(&self, out: &mut String) {
        let mut previous = "";
        for (name, _) in self.iter() {
            if name.eq_ignore_ascii_case(previous) {
                continue;
            }
            if !previous.is_empty() {
                out.push(';');
            }
            push_lower_case(out, name);
            previous = name;
        }
    }
}

fn check_header(name: &str, value: &str) -> Result<()> {
    if !is_token(name) {
        return Err(config(format!("`{}` is not a header name", name.escape_debug())));
    }
    if WRITTEN_BY_THE_SIGNER.iter().any(|own| name.eq_ignore_ascii_case(own)) {
        return Err(config(format!(
            "the header `{name}` is written by the signer: leave it out of the headers to sign"
        )));
    }
    // The value itself stays out of the message: it may be a secret.
    match value.bytes().position(|byte| !matches!(byte, b' '..=b'~' | b'\t')) {
        None => Ok(()),
        Some(at) => Err(config(format!(
            "the value of the header `{name}` has a line break, a control character or a character outside ASCII at byte {at}, which HTTP cannot carry unchanged: remove or encode it"
        ))),
    }
}

/// Whether the text can be a method or a header name (RFC 9110, `token`).
fn is_token(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}

fn is_before(left: &str, right: &str) -> bool {
    let left = left.bytes().map(|byte| byte.to_ascii_lowercase());
    left.lt(right.bytes().map(|byte| byte.to_ascii_lowercase()))
}

fn push_lower_case(out: &mut String, name: &str) {
    out.extend(name.chars().map(|letter| letter.to_ascii_lowercase()));
}

/// Appends a value without blanks at its ends, which HTTP does not carry, and with single spaces
/// inside. Tabs inside stay: AWS's signers leave them alone.
fn push_trimmed(out: &mut String, value: &str) {
    let value = value.trim_matches([' ', '\t']);
    if !value.contains("  ") {
        out.push_str(value);
        return;
    }
    for (index, word) in value.split(' ').filter(|word| !word.is_empty()).enumerate() {
        if index > 0 {
            out.push(' ');
        }
        out.push_str(word);
    }
}

pub(super) fn config(message: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, message)
}

/// Checks what the scope and the credential are made of, so that nothing can slip a separator into
/// them.
pub(super) fn check_params(params: &SigningParams<'_>) -> Result<()> {
    let name = |what: &str, text: &str| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if !text.is_empty() && text.bytes().all(plain) {
            return Ok(());
        }
        Err(config(format!(
            "`{}` cannot be {what}: it must be letters, digits and `-`, such as `us-east-1` or `bedrock`",
            text.escape_debug()
        )))
    };
    let visible = |what: &str, text: &str| match text.bytes().position(|byte| !byte.is_ascii_graphic()) {
        None => Ok(()),
        Some(at) => Err(config(format!(
            "the {what} has a space, a line break or a character outside ASCII at byte {at} of {}: was it copied with its surroundings?",
            text.len()
        ))),
    };
    if params.access_key_id.is_empty() || params.secret_access_key.is_empty() {
        return Err(config("the access key id and the secret access key must not be empty"));
    }
    if params.access_key_id.contains(['/', ',']) {
        return Err(config("the access key id holds `/` or `,`: was it exchanged with the secret access key?"));
    }
    name("a region", params.region)?;
    name("a service", params.service)?;
    visible("access key id", params.access_key_id)?;
    visible("secret access key", params.secret_access_key)?;
    visible("session token", params.session_token.unwrap_or_default())
}

const _: () = assert!(MAX_SIGNED_HEADERS <= u8::MAX as usize);
