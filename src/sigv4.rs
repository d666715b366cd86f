//! AWS Signature Version 4, as far as Bedrock needs it: signed headers and presigned queries.
//!
//! The module is pure: the time is an argument, and nothing is read from the environment. Each step of AWS's
//! documentation is a separate function:
//!
//! | step | here |
//! |---|---|
//! | 1. canonical request | [`canonical_request`] |
//! | 2. string to sign | [`string_to_sign`] |
//! | 3. signing key | [`SigningKey::derive`], remembered by [`SigningKeyCache`] |
//! | 4. signature | [`SigningKey::sign`] |
//! | 5. `Authorization` header | [`authorization`] |
//!
//! [`sign`] runs them all; [`presign`] puts the signature into a query instead.
//!
//! The signed bytes must be the sent bytes: build the path with [`encode_model_id`] once, sign that string and
//! send that string. AWS's page: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html>

mod canonical;
mod date;
mod encode;
mod key;
mod presign;

use std::fmt;

use crate::error::Result;
pub use canonical::{CanonicalRequest, canonical_request};
pub use date::AmzDate;
pub(crate) use encode::decoded_id;
pub use encode::{encode_model_id, encode_path_segment};
pub use key::{SigningKey, SigningKeyCache};
pub use presign::{Presigned, presign};

use encode::{into_text, push_hex};

/// AWS's name for the algorithm.
const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The signed part of a request, as on the wire.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "the parts of a canonical request are fixed by Signature Version 4")]
pub struct SignableRequest<'a> {
    /// `POST`, `GET`, …
    pub method: &'a str,
    /// The path as it is sent, percent-encoded once: `/model/us.amazon.nova-2-lite-v1%3A0/invoke`. It excludes any
    /// prefix that a gateway adds or removes on the way to AWS.
    pub path: &'a str,
    /// The query as it is sent, without the `?`; empty if there is no query.
    pub query: &'a str,
    /// Names and values of the headers to sign; `host` is required. Leave out headers that a proxy or the runtime may
    /// change on the way (`user-agent`, `connection`, `accept-encoding`, …). The signer adds `x-amz-date` and
    /// `x-amz-security-token`.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub payload: Payload<'a>,
}

/// The body of a request, or its hash.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Payload<'a> {
    /// The bytes that will be sent.
    Bytes(&'a [u8]),
    /// The SHA-256 of the bytes, if the caller already has it, for instance from an earlier attempt.
    Sha256([u8; 32]),
}

impl fmt::Debug for Payload<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Payload::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Payload::Sha256(_) => f.write_str("Sha256(..)"),
        }
    }
}

/// The parameters of a signature: credentials, region, service and time. `Debug` shows neither the secret nor
/// the token.
#[derive(Clone, Copy)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the inputs are fixed by Signature Version 4, and names keep five strings apart where positions would not"
)]
pub struct SigningParams<'a> {
    /// The access key id, such as `AKIDEXAMPLE`.
    pub access_key_id: &'a str,
    /// The secret access key.
    pub secret_access_key: &'a str,
    /// The token of temporary credentials. An empty token counts as no token.
    pub session_token: Option<&'a str>,
    /// The region that receives the request, such as `us-east-1`.
    pub region: &'a str,
    /// The signing name of the service: `bedrock`, also for the host `bedrock-runtime`.
    pub service: &'a str,
    /// The time of signing.
    pub date: AmzDate,
}

impl<'a> SigningParams<'a> {
    fn token(&self) -> Option<&'a str> {
        self.session_token.filter(|token| !token.is_empty())
    }

    /// Appends the credential scope, `20250102/us-east-1/bedrock/aws4_request`.
    fn push_scope(&self, out: &mut Vec<u8>) {
        for part in [&self.date.day_bytes(), self.region.as_bytes(), self.service.as_bytes()] {
            out.extend_from_slice(part);
            out.push(b'/');
        }
        out.extend_from_slice(b"aws4_request");
    }

    fn scope_len(&self) -> usize {
        "20250102///aws4_request".len() + self.region.len() + self.service.len()
    }
}

impl fmt::Debug for SigningParams<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningParams")
            .field("access_key_id", &self.access_key_id)
            .field("has_session_token", &self.token().is_some())
            .field("region", &self.region)
            .field("service", &self.service)
            .field("date", &self.date)
            .finish_non_exhaustive()
    }
}

/// The result of [`sign`]: the headers that carry the signature.
///
/// `Debug` shows neither the signature nor the token.
pub struct Signature<'a> {
    authorization: String,
    date: AmzDate,
    security_token: Option<&'a str>,
    canonical: CanonicalRequest,
    string_to_sign: String,
}

impl<'a> Signature<'a> {
    /// Returns the value of `authorization`.
    #[must_use]
    pub fn authorization(&self) -> &str {
        &self.authorization
    }

    /// Returns the value of `x-amz-date`.
    #[must_use]
    pub fn date(&self) -> &str {
        self.date.as_str()
    }

    /// Returns the value of `x-amz-security-token`, if there is a session token.
    #[must_use]
    pub fn security_token(&self) -> Option<&'a str> {
        self.security_token
    }

    /// Returns names and values of the two or three headers to add to the request.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [("x-amz-date", self.date.as_str()), ("authorization", self.authorization.as_str())]
            .into_iter()
            .chain(self.security_token.map(|token| ("x-amz-security-token", token)))
    }

    /// Returns the canonical request that was signed, to compare it with AWS's after a `SignatureDoesNotMatch`.
    /// It contains the session token, so do not log it.
    #[must_use]
    pub fn canonical_request(&self) -> &CanonicalRequest {
        &self.canonical
    }

    /// Returns the string that was signed, to compare it with AWS's after a `SignatureDoesNotMatch`.
    #[must_use]
    pub fn string_to_sign(&self) -> &str {
        &self.string_to_sign
    }
}

impl fmt::Debug for Signature<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signature")
            .field("date", &self.date)
            .field("signed_headers", &self.canonical.signed_headers())
            .field("has_security_token", &self.security_token.is_some())
            .finish_non_exhaustive()
    }
}

/// Signs a request by its headers.
///
/// ```
/// use bedrock_chat::sigv4::{AmzDate, Payload, SignableRequest, SigningKeyCache, SigningParams, sign};
///
/// let keys = SigningKeyCache::new();
/// let request = SignableRequest {
///     method: "POST",
///     path: "/model/us.amazon.nova-2-lite-v1%3A0/converse",
///     query: "",
///     headers: &[
///         ("content-type", "application/json"),
///         ("host", "bedrock-runtime.us-east-1.amazonaws.com"),
///     ],
///     payload: Payload::Bytes(br#"{"messages":[]}"#),
/// };
/// let params = SigningParams {
///     access_key_id: "AKIDEXAMPLE",
///     secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
///     session_token: None,
///     region: "us-east-1",
///     service: "bedrock",
///     date: AmzDate::from_unix_seconds(1_735_787_045)?,
/// };
/// let signature = sign(&request, &params, &keys)?;
/// assert_eq!(signature.date(), "20250102T030405Z");
/// assert_eq!(signature.authorization(), "AWS4-HMAC-SHA256 \
///     Credential=AKIDEXAMPLE/20250102/us-east-1/bedrock/aws4_request, \
///     SignedHeaders=content-type;host;x-amz-date, \
///     Signature=be139c45a72f6969c83fd542183ff196b3421e02db9ca61f2e6ef6095a490416");
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
///
/// # Errors
///
/// [`ErrorKind::Config`](crate::ErrorKind::Config). The message has the position of the fault and never quotes
/// a value that may be secret:
///
/// - a header value, key, secret or token with a line break, a control character or a character
///   outside ASCII,
/// - an empty key or secret, or a malformed region or service,
/// - no `host` among the headers, more than 100 headers, or an invalid header name,
/// - `authorization`, `x-amz-date` or `x-amz-security-token` among the headers,
/// - an invalid method, or `?` or `#` in the path.
pub fn sign<'a>(
    request: &SignableRequest<'_>,
    params: &SigningParams<'a>,
    keys: &SigningKeyCache,
) -> Result<Signature<'a>> {
    let canonical = canonical_request(request, params)?;
    let string_to_sign = string_to_sign(params, &canonical);
    let signature = keys.key(params)?.sign_last(&string_to_sign);
    Ok(Signature {
        authorization: authorization(params, &canonical, &signature),
        date: params.date,
        security_token: params.token(),
        canonical,
        string_to_sign,
    })
}

/// Step 2: returns the string to sign: the algorithm, the time, the scope and the hash of the canonical
/// request.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#create-string-to-sign>
#[must_use]
pub fn string_to_sign(params: &SigningParams<'_>, canonical: &CanonicalRequest) -> String {
    let date = params.date.as_bytes();
    let capacity = ALGORITHM.len() + date.len() + params.scope_len() + 64 + "\n\n\n".len();
    let mut text = Vec::with_capacity(capacity);
    text.extend_from_slice(ALGORITHM.as_bytes());
    text.push(b'\n');
    text.extend_from_slice(date);
    text.push(b'\n');
    params.push_scope(&mut text);
    text.push(b'\n');
    push_hex(&mut text, &canonical.sha256());
    into_text(text)
}

/// Step 5: returns the value of the `Authorization` header.
///
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html#add-signature-to-request>
#[must_use]
pub fn authorization(params: &SigningParams<'_>, canonical: &CanonicalRequest, signature: &[u8; 32]) -> String {
    let capacity = ALGORITHM.len()
        + " Credential=/, SignedHeaders=, Signature=".len()
        + params.access_key_id.len()
        + params.scope_len()
        + canonical.signed_header_bytes().len()
        + 2 * signature.len();
    let mut text = Vec::with_capacity(capacity);
    text.extend_from_slice(ALGORITHM.as_bytes());
    text.extend_from_slice(b" Credential=");
    text.extend_from_slice(params.access_key_id.as_bytes());
    text.push(b'/');
    params.push_scope(&mut text);
    text.extend_from_slice(b", SignedHeaders=");
    text.extend_from_slice(canonical.signed_header_bytes());
    text.extend_from_slice(b", Signature=");
    push_hex(&mut text, signature);
    into_text(text)
}
