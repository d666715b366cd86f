//! A call's headers, with its signature or API key.

use std::sync::atomic::Ordering;

use super::check::no_region;
use super::{Client, ForwardingGateway};
use crate::api::Service;
use crate::credentials::{Credentials, Parts};
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind, Result};
use crate::headers::Headers;
use crate::provider::Call;
use crate::sigv4::{AmzDate, Payload, SignableRequest, SigningParams, sign};

impl Client {
    /// Returns the call's headers and the caller's, with a signature or key that is valid now.
    pub(super) fn authorized(
        &self,
        call: &Call,
        endpoint: &Endpoint,
        path: &str,
        hash: [u8; 32],
        credentials: &Credentials,
    ) -> Result<Headers> {
        let mut headers = call.headers.clone();
        match credentials.parts() {
            Parts::Anonymous => {}
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
                    method: call.method.as_str(),
                    path,
                    query: &call.query,
                    headers: &signed,
                    payload: Payload::Sha256(hash),
                };
                let params = SigningParams {
                    access_key_id,
                    secret_access_key,
                    session_token,
                    region,
                    service: self.signing_name(call, endpoint),
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
            headers.push_hidden(name, value);
        }
        if let Some((name, value)) = self.gateway.as_ref().and_then(ForwardingGateway::header) {
            headers.push(name, value);
        }
        Ok(headers)
    }
}

impl Client {
    /// Returns the service's name in the signature of a call.
    fn signing_name(&self, call: &Call, endpoint: &Endpoint) -> &str {
        match (&self.signing_name, endpoint.aws_host()) {
            (Some(name), _) => name,
            // A custom codec does not state its service.
            (None, Some(host)) if host.service == Service::Mantle.as_str() => Service::Mantle.signing_name(),
            _ => call.service.signing_name(),
        }
    }

    /// Returns the service's time, in seconds since 1970-01-01T00:00:00Z.
    fn now(&self) -> u64 {
        self.runtime.now().as_secs().saturating_add_signed(self.skew.load(Ordering::Relaxed))
    }
}

/// Refuses to send a bearer key in clear text to another machine, where others could read and use it. A signature
/// is bound to its request, so signed calls may be sent to a gateway in the same network. The caller's own header
/// `authorization` is a key, too. Refuses to send a call without credentials to AWS.
///
/// # Errors
/// `Credentials`, for anonymous credentials and a host of AWS.
/// `Config`, for a key and an `http://` address that is not a loopback address.
pub(super) fn check_transport_security(to: &Endpoint, credentials: &Credentials, headers: &Headers) -> Result<()> {
    match credentials.parts() {
        Parts::Anonymous if to.aws_host().is_some() => Err(Error::of(
            ErrorKind::Credentials,
            format_args!(
                "AWS refuses calls without credentials: {}; set credentials, or the URL of a gateway that signs",
                to.host()
            ),
        )),
        Parts::Anonymous if headers.get("authorization").is_some() => {
            to.check_confidential("the header `authorization`", "").map_err(|error| error.with_field("header"))
        }
        Parts::Bearer(_) => {
            let checked = to.check_confidential("an API key", ", or sign with AWS keys");
            checked.map_err(|error| error.with_field("endpoint_url"))
        }
        _ => Ok(()),
    }
}

/// AWS refuses its own headers if they are not signed. Headers that a proxy may change on the way are not signed;
/// AWS's load balancers do change the trace id.
fn matters_to_aws(name: &str) -> bool {
    name.starts_with("x-amz") && name != "x-amzn-trace-id"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bearer_key_over_http_is_refused_unless_loopback() {
        let check = |url: &str, credentials: Credentials| {
            check_transport_security(&Endpoint::custom(url).unwrap(), &credentials, &Headers::new())
                .map_err(|error| error.kind())
        };
        let key = || Credentials::bearer("a-key");
        for url in [
            "https://gateway.example",
            "http://localhost:4566",
            "http://127.0.0.1",
            "http://127.8.9.1:80/x",
            "http://[::1]:8080",
            "HTTP://LOCALHOST:80",
        ] {
            assert_eq!(check(url, key()), Ok(()), "{url}");
        }
        for url in [
            "http://gateway.example",
            "HTTP://Gateway.Example",
            "http://localhost.",
            "http://127.evil.example",
            // A URL parser reads 0.0.0.127.
            "http://127.",
            "http://127.1",
            "http://127.0.0.1.1",
            "http://127..0.1",
            "http://0x7f.0.0.1",
            "http://2130706433",
            "http://[::ffff:127.0.0.1]",
            "http://[0:0:0:0:0:0:0:1]",
            "http://127.0.0.1.evil.example",
            "http://localhost.evil.example",
            "http://10.0.0.1",
            "http://[::2]",
            "http://[fe80::1]:80",
        ] {
            assert_eq!(check(url, key()), Err(ErrorKind::Config), "{url}");
            assert_eq!(check(url, Credentials::new("AKID", "secret")), Ok(()), "{url}");
        }
    }
}
