//! A call's headers, with its signature or API key.

use std::sync::atomic::Ordering;

use super::Client;
use crate::credentials::{Credentials, Parts};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::headers::Headers;
use crate::provider::Call;
use crate::sigv4::{AmzDate, Payload, SignableRequest, SigningParams, sign};

impl Client {
    /// The call's headers and the caller's, authorised for now.
    pub(super) fn authorised(
        &self,
        call: &Call,
        endpoint: &Endpoint,
        path: &str,
        hash: [u8; 32],
        credentials: &Credentials,
    ) -> Result<Headers> {
        let mut headers = call.headers.clone();
        match credentials.parts() {
            Parts::Bearer(key) => headers.push("authorization", format!("Bearer {key}")),
            Parts::Keys { access_key_id, secret_access_key, session_token } => {
                let region = self.region.as_deref().ok_or_else(no_region)?;
                let mut signed = vec![("host", endpoint.host())];
                for (name, value) in call.headers.iter() {
                    if name == "content-type" || matters_to_aws(name) {
                        signed.push((name, value));
                    }
                }
                for (name, value) in self.headers.iter() {
                    if matters_to_aws(name) {
                        signed.push((name, value));
                    }
                }
                let request = SignableRequest {
                    method: call.method,
                    path,
                    query: "",
                    headers: &signed,
                    payload: Payload::Sha256(hash),
                };
                let params = SigningParams {
                    access_key_id,
                    secret_access_key,
                    session_token,
                    region,
                    service: &self.service,
                    date: AmzDate::from_unix_seconds(self.now())?,
                };
                let signature = sign(&request, &params, &self.keys)?;
                headers.push("x-amz-date", signature.date());
                if let Some(token) = signature.security_token() {
                    headers.push("x-amz-security-token", token);
                }
                headers.push("authorization", signature.authorization());
            }
        }
        for (name, value) in self.headers.iter() {
            headers.push(name, value);
        }
        Ok(headers)
    }
}

impl Client {
    /// The time that the service has, in seconds since 1970-01-01T00:00:00Z.
    fn now(&self) -> u64 {
        self.runtime.now().as_secs().saturating_add_signed(self.skew.load(Ordering::Relaxed))
    }
}

/// AWS wants its own headers signed, and refuses them otherwise. What a proxy may change on the way is
/// not signed; AWS's load balancers do change the trace id.
fn matters_to_aws(name: &str) -> bool {
    name.starts_with("x-amz") && name != "x-amzn-trace-id"
}

/// What is said where a region is needed and not known.
pub(crate) fn no_region() -> Error {
    Error::new(
        ErrorKind::Config,
        "no region: give one, or set AWS_REGION or AWS_DEFAULT_REGION (an ARN as the model brings its own)",
    )
}
