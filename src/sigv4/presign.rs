//! Presigned queries: URLs that contain their signature.

use std::fmt;

use super::canonical::{CanonicalRequest, SortedHeaders, assemble, check_visible, config, push_canonical_query};
use super::encode::{as_text, into_text, percent_decode, push_hex};
use super::{ALGORITHM, SignableRequest, SigningKeyCache, SigningParams, string_to_sign};
use crate::error::Result;
use crate::text::{before, split};

/// Seven days, AWS's maximum lifetime of a presigned request.
const MAX_EXPIRES_IN_SECONDS: u32 = 604_800;

/// The result of [`presign`]. `Debug` shows neither the query nor the signature, as anyone can send the request
/// with them.
pub struct Presigned {
    query: String,
    canonical: CanonicalRequest,
    string_to_sign: String,
}

impl Presigned {
    /// Returns the query to send, without the `?`: the request's parameters and the `X-Amz-` parameters, sorted, with
    /// `X-Amz-Signature` last.
    #[must_use]
    pub fn query(&self) -> &str {
        &self.query
    }

    /// Returns the query, without a copy.
    #[must_use]
    pub fn into_query(self) -> String {
        self.query
    }

    /// Returns the canonical request that was signed. It contains the session token, so do not log it.
    #[must_use]
    pub fn canonical_request(&self) -> &CanonicalRequest {
        &self.canonical
    }

    /// Returns the string that was signed.
    #[must_use]
    pub fn string_to_sign(&self) -> &str {
        &self.string_to_sign
    }
}

impl fmt::Debug for Presigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presigned").field("signed_headers", &self.canonical.signed_headers()).finish_non_exhaustive()
    }
}

/// Signs a request in its query. Anyone can send the request within `expires_in_seconds`: 1 to 604,800 (seven days),
/// or until temporary credentials expire.
///
/// Bedrock's short-term API keys contain such a query, for `Action=CallWithBearerToken`:
///
/// ```
/// use bedrock_chat::sigv4::{AmzDate, Payload, SignableRequest, SigningKeyCache, SigningParams, presign};
///
/// let request = SignableRequest {
///     method: "POST",
///     path: "/",
///     query: "Action=CallWithBearerToken",
///     headers: &[("host", "bedrock.amazonaws.com")],
///     payload: Payload::Bytes(b""),
/// };
/// let params = SigningParams {
///     access_key_id: "AKIDEXAMPLE",
///     secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
///     session_token: None,
///     region: "us-east-1",
///     service: "bedrock",
///     date: AmzDate::from_unix_seconds(1_735_787_045)?,
/// };
/// let presigned = presign(&request, &params, 43_200, &SigningKeyCache::new())?;
/// assert!(presigned.query().starts_with(
///     "Action=CallWithBearerToken&X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIDEXAMPLE%2F"
/// ));
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
///
/// # Errors
///
/// Same as [`sign`](super::sign). Also [`ErrorKind::Config`](crate::ErrorKind::Config) for a time to live out of
/// range, and for a query that already has one of the `X-Amz-` parameters of a signature.
pub fn presign(
    request: &SignableRequest<'_>,
    params: &SigningParams<'_>,
    expires_in_seconds: u32,
    keys: &SigningKeyCache,
) -> Result<Presigned> {
    check_visible("session token", params.token().unwrap_or_default())?;
    check_expiry(expires_in_seconds)?;
    let headers = SortedHeaders::new(request.headers, &[])?;

    let mut signed_headers = Vec::new();
    headers.push_names(&mut signed_headers);
    let mut credential = Vec::from(params.access_key_id);
    credential.push(b'/');
    params.push_scope(&mut credential);
    let expires = expires_in_seconds.to_string();
    let added = [
        ("X-Amz-Algorithm", ALGORITHM),
        ("X-Amz-Credential", as_text(&credential)),
        ("X-Amz-Date", params.date.as_str()),
        ("X-Amz-Expires", &expires),
        ("X-Amz-SignedHeaders", as_text(&signed_headers)),
        ("X-Amz-Security-Token", params.token().unwrap_or_default()),
    ];
    check_query(request.query, &added)?;
    let added = if params.token().is_some() { &added[..] } else { &added[..5] };

    let mut query = Vec::new();
    push_canonical_query(&mut query, request.query, added);
    let canonical = assemble(request, &query, &headers)?;
    let string_to_sign = string_to_sign(params, &canonical);
    let signature = keys.key(params)?.sign_last(&string_to_sign);
    query.extend_from_slice(b"&X-Amz-Signature=");
    push_hex(&mut query, &signature);
    Ok(Presigned { query: into_text(query), canonical, string_to_sign })
}

fn check_expiry(seconds: u32) -> Result<()> {
    if (1..=MAX_EXPIRES_IN_SECONDS).contains(&seconds) {
        return Ok(());
    }
    Err(config(format_args!(
        "lifetime of a presigned request is out of range: {seconds} s; use 1 s to {MAX_EXPIRES_IN_SECONDS} s (7 days)"
    )))
}

/// Refuses a query that is already signed, or that has a parameter which [`presign`] writes.
fn check_query(query: &str, added: &[(&str, &str)]) -> Result<()> {
    for part in split(query, b'&') {
        let name = percent_decode(before(part, "=").as_bytes(), true);
        let ours = added.iter().map(|(name, _)| *name).chain(["X-Amz-Signature"]);
        for own in ours {
            if name.eq_ignore_ascii_case(own.as_bytes()) {
                return Err(config(format_args!(
                    "query to presign is signed already: it has `{own}`; pass it without a signature"
                )));
            }
        }
    }
    Ok(())
}
