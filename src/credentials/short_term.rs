//! Short-term API keys: presigned requests instead of credentials.

use std::time::Duration;

use zeroize::Zeroizing;

use super::{Credentials, Parts};
use crate::base64;
use crate::error::{Error, ErrorKind, Result};
use crate::region;
use crate::sigv4::{AmzDate, Payload, SignableRequest, SigningKeyCache, SigningParams, presign};
use crate::text::split;

const HOST: &str = "bedrock.amazonaws.com";
const ACTION: &str = "Action=CallWithBearerToken";
const PREFIX: &str = "bedrock-api-key-";
const TOKEN: &str = "X-Amz-Security-Token=";
const SIGNATURE: &str = "X-Amz-Signature=";
/// Twelve hours.
const LONGEST_LIFE: Duration = Duration::from_secs(43_200);

/// Creates a short-term [Bedrock API key](https://docs.aws.amazon.com/bedrock/latest/userguide/api-keys.html)
/// from AWS credentials, without a call to AWS. It is meant for a browser or a job that calls Bedrock for some
/// minutes and must not have the credentials themselves.
///
/// The key has the permissions of the credentials, in this region only. It expires after `expires_in` (1 second
/// to 12 hours) or with the credentials, whichever is earlier. `now` is the time since 1970-01-01T00:00:00Z,
/// for instance [`Runtime::now`](crate::Runtime::now). Fractions of a second are ignored.
///
/// ```
/// use std::time::Duration;
/// use bedrock_chat::{Credentials, Runtime, SystemRuntime, short_term_api_key};
/// let credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
/// let key = short_term_api_key(&credentials, "us-east-1", Duration::from_secs(900), SystemRuntime.now())?;
/// assert!(key.starts_with("bedrock-api-key-"));
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
///
/// # Errors
/// `Config`, if the region is malformed or `expires_in` is out of range. `Credentials`, if the keys are empty,
/// or the credentials are an API key already.
pub fn short_term_api_key(
    credentials: &Credentials,
    region: &str,
    expires_in: Duration,
    now: Duration,
) -> Result<String> {
    credentials.check()?;
    region::check(region, true)?;
    if !(Duration::from_secs(1)..=LONGEST_LIFE).contains(&expires_in) {
        return Err(Error::new(
            ErrorKind::Config,
            "expires_in is out of range: a short-term API key is valid for 1 second to 12 hours",
        ));
    }
    let Parts::Keys { access_key_id, secret_access_key, session_token } = credentials.parts() else {
        return Err(Error::new(
            ErrorKind::Credentials,
            "credentials are an API key; a short-term API key needs an access key id and its secret",
        ));
    };
    let request = SignableRequest {
        method: "POST",
        path: "/",
        query: ACTION,
        headers: &[("host", HOST)],
        payload: Payload::Bytes(b""),
    };
    let params = SigningParams {
        access_key_id,
        secret_access_key,
        session_token,
        region,
        service: "bedrock",
        date: AmzDate::from_unix_seconds(now.as_secs())?,
    };
    let life = u32::try_from(expires_in.as_secs()).unwrap_or(u32::MAX);
    let query = Zeroizing::new(presign(&request, &params, life, &SigningKeyCache::new())?.into_query());
    // AWS's own generator for Python puts the session token before the signature.
    let token = split(&query, b'&').find(|part| part.starts_with(TOKEN));
    let mut url = Zeroizing::new(String::from(HOST));
    url.push_str("/?");
    for part in split(&query, b'&').filter(|part| !part.starts_with(TOKEN)) {
        if let Some(token) = token.filter(|_| part.starts_with(SIGNATURE)) {
            url.push_str(token);
            url.push('&');
        }
        url.push_str(part);
        url.push('&');
    }
    url.push_str("Version=1");
    let mut key = String::from(PREFIX);
    base64::encode(url.as_bytes(), &mut key);
    Ok(key)
}
