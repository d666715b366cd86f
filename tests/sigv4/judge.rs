//! AWS's `aws-sigv4` as the judge of a signature. `fuzz/` uses this file, too.

use std::time::{Duration, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest as AwsRequest, SignatureLocation, SigningSettings};
use aws_sigv4::sign::v4;
use bedrock_chat::sigv4::{AmzDate, Payload, SignableRequest, SigningParams};

/// A request to sign.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) seconds: u64,
    pub(crate) access_key_id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
    pub(crate) region: String,
    pub(crate) service: String,
}

impl Case {
    pub(crate) fn headers(&self) -> Vec<(&str, &str)> {
        self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    pub(crate) fn params(&self) -> SigningParams<'_> {
        SigningParams {
            access_key_id: &self.access_key_id,
            secret_access_key: &self.secret,
            session_token: self.token.as_deref(),
            region: &self.region,
            service: &self.service,
            date: AmzDate::from_unix_seconds(self.seconds).unwrap(),
        }
    }

    pub(crate) fn request<'a>(&'a self, headers: &'a [(&'a str, &'a str)]) -> SignableRequest<'a> {
        SignableRequest {
            method: self.method,
            path: &self.path,
            query: &self.query,
            headers,
            payload: Payload::Bytes(&self.body),
        }
    }

    /// The signature that `aws-sigv4` makes, and its `authorization` header if it makes one.
    pub(crate) fn judge(&self, presigned_for: Option<Duration>) -> (String, Option<String>) {
        let mut settings = SigningSettings::default();
        if presigned_for.is_some() {
            settings.signature_location = SignatureLocation::QueryParams;
            settings.expires_in = presigned_for;
        }
        let token = self.token.clone();
        let credentials = Credentials::new(&self.access_key_id, &self.secret, token, None, "a test");
        let identity = credentials.into();
        let params = v4::SigningParams::builder()
            .identity(&identity)
            .region(&self.region)
            .name(&self.service)
            .time(UNIX_EPOCH + Duration::from_secs(self.seconds))
            .settings(settings)
            .build()
            .unwrap()
            .into();
        let uri = format!("https://example.amazonaws.com{}?{}", self.path, self.query);
        let headers = self.headers();
        let body = SignableBody::Bytes(&self.body);
        let request = AwsRequest::new(self.method, uri, headers.into_iter(), body).unwrap();
        let (instructions, signature) = aws_sigv4::http_request::sign(request, &params).unwrap().into_parts();
        let authorization = instructions.headers().find(|(name, _)| *name == "authorization");
        (signature, authorization.map(|(_, value)| value.to_owned()))
    }
}

fn contains_high_escape(query: &str) -> bool {
    query.as_bytes().windows(2).any(|pair| pair[0] == b'%' && pair[1] > b'7')
}

/// Returns whether the escapes of a query are UTF-8 together, as the judge replaces others. A stray `%` can join
/// with the letters after it.
pub(crate) fn aws_reads_utf8(query: &str) -> bool {
    if !contains_high_escape(query) {
        return true;
    }
    let mut bytes = Vec::new();
    let mut rest = query.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let escape = tail.get(..2).filter(|_| *first == b'%').and_then(|digits| {
            let digits = std::str::from_utf8(digits).ok()?;
            let hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
            hex.then(|| u8::from_str_radix(digits, 16).unwrap())
        });
        match escape {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => bytes.push(*first),
        }
    }
    bytes.split(|byte| matches!(byte, b'&' | b'=')).all(|part| std::str::from_utf8(part).is_ok())
}
