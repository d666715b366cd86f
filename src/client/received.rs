//! A response: its headers, its whole body, and the error that they describe.

use std::sync::Arc;

use super::Client;
use super::body::Body;
use crate::api::Framing;
use crate::credentials::Credentials;
use crate::endpoint::shown_url;
use crate::error::{
    Error, ErrorKind, Resend, Result, ServiceAnswer, error_in_success, error_message, from_response, snippet,
};
use crate::headers::Headers;
use crate::json::{Kind, View};
use crate::retry::asked_delay;

/// The header with AWS's id of a request.
const REQUEST_ID: &str = "x-amzn-requestid";

/// Maximum number of bytes read from the body of an error.
pub(super) const MAX_ERROR_BODY: usize = 64 * 1024;

/// Maximum number of bytes of an answer that is not a stream, so that a server cannot fill the memory. It is far above
/// the answers of models, also with log probabilities.
const MAX_BODY: usize = 256 * 1024 * 1024;

/// The attempt that a response belongs to.
#[derive(Clone, Default)]
pub(super) struct Sent {
    pub(super) credentials: Option<Credentials>,
    /// How often the call was sent.
    pub(super) attempts: u32,
}

impl Sent {
    /// Returns the error without the secrets of the attempt that its message may repeat: of the credentials, the
    /// caller's headers and the gateway.
    pub(super) fn concealed(&self, client: &Client, error: Error) -> Error {
        let error = match &self.credentials {
            Some(used) => error.concealing(&used.secrets()),
            None => error,
        };
        let error = client.headers.secrets().fold(error, |error, secret| error.concealing(&[secret]));
        match &client.gateway {
            Some(gateway) => error.concealing(&[gateway.secret()]),
            None => error,
        }
    }
}

impl Sent {
    /// Returns whether a body repeats a secret of the attempt.
    #[cfg(feature = "gateway")]
    pub(super) fn repeats_a_secret(&self, client: &Client, body: &[u8]) -> bool {
        let text = String::from_utf8_lossy(body);
        let secrets = self.credentials.as_ref().map(Credentials::secrets);
        let gateway = client.gateway.as_ref().map(|gateway| gateway.secret());
        let headers: Vec<_> = client.headers.secrets().collect();
        secrets
            .iter()
            .flatten()
            .chain(&gateway)
            .chain(&headers)
            .any(|secret| !secret.is_empty() && text.contains(secret))
    }
}

/// A response with status 200, whose body is still to be read.
pub(super) struct Response {
    pub(super) head: Head,
    pub(super) body: Body,
    pub(super) sent: Sent,
}

/// A response with its whole body.
pub(super) struct Received {
    pub(super) head: Head,
    pub(super) body: Vec<u8>,
}

impl Response {
    /// Reads the whole body.
    ///
    /// # Errors
    /// The error that ended the body early, or the error that the body describes.
    pub(super) async fn whole(mut self) -> Result<Received> {
        let (body, broken) = self.body.collect(MAX_BODY + 1).await;
        let head = self.head;
        if body.len() > MAX_BODY {
            let message = "the answer is larger than 256 MiB; check the endpoint, or use a stream";
            return Err(head.noted(Error::new(ErrorKind::Decode, message).after_content()));
        }
        match broken {
            // If the JSON is complete, nothing is missing.
            Some(error) if View::from_bytes(&body).is_err() => Err(head.broken(error, false)),
            _ if is_unknown_operation(&body) => Err(head.error(&body)),
            _ => Ok(Received { head, body }),
        }
    }

    /// Returns the error of a response that should have been a stream.
    pub(super) async fn no_stream(mut self) -> Error {
        match self.body.collect(MAX_ERROR_BODY).await {
            (body, Some(error)) if body.is_empty() => self.head.broken(error, true),
            (body, _) if is_unknown_operation(&body) => self.head.error(&body),
            (body, _) => self.head.no_stream(&body),
        }
    }
}

impl Received {
    pub(super) fn is_empty(&self) -> bool {
        self.body.trim_ascii().is_empty()
    }

    /// Returns the error of a response that is neither the stream that it should have been, nor a message.
    pub(super) fn no_stream(&self) -> Error {
        self.head.no_stream(&self.body)
    }
}

/// Returns the id of the request of a response: AWS's, else the one that OpenAI and Anthropic use.
pub(crate) fn request_id(headers: &Headers) -> Option<&str> {
    headers.get(REQUEST_ID).or_else(|| headers.get("x-request-id"))
}

/// An unknown route is answered with HTTP 200 and `{"Output":{"__type":…}}`.
fn is_unknown_operation(body: &[u8]) -> bool {
    body.len() < 4096
        && View::from_bytes(body)
            .is_ok_and(|view| view.get("Output").is_some_and(|output| output.get("__type").is_some()))
}

/// The headers and status of a response.
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) headers: Headers,
    /// The headers that replies and errors keep.
    pub(super) kept: Arc<Headers>,
    /// When the response arrived, in seconds since 1970-01-01T00:00:00Z.
    pub(super) at: u64,
}

impl Head {
    /// Returns the id of the request.
    pub(super) fn request_id(&self) -> Option<&str> {
        request_id(&self.headers)
    }

    fn content_type(&self) -> &str {
        self.headers.get("content-type").unwrap_or_default()
    }

    /// Returns whether the body is JSON.
    pub(super) fn is_json(&self) -> bool {
        self.content_type().starts_with("application/json")
    }

    /// Returns whether the body is a stream of this framing.
    pub(super) fn is_stream(&self, framing: Framing) -> bool {
        let expected = match framing {
            Framing::EventStream => "application/vnd.amazon.eventstream",
            Framing::Sse => "text/event-stream",
        };
        self.content_type().trim_start().get(..expected.len()).is_some_and(|is| is.eq_ignore_ascii_case(expected))
    }

    /// Returns the same error with the data of the response's head.
    pub(super) fn noted(&self, error: Error) -> Error {
        error.with_request_id(self.request_id()).with_headers(&self.kept)
    }

    /// Returns the error of a body that broke off. The headers of a whole reply arrive after the model has done all
    /// its work, those of a stream before it.
    fn broken(&self, error: Error, is_stream: bool) -> Error {
        self.noted(if is_stream { error.before_content() } else { error.after_content() })
    }

    /// Returns the error of a body that could not be read, with a description of the body.
    pub(super) fn explain(&self, error: Error, body: &[u8]) -> Error {
        let error = if error.kind() == ErrorKind::Decode { self.not_an_answer(error, body) } else { error };
        self.noted(error)
    }

    fn not_an_answer(&self, error: Error, body: &[u8]) -> Error {
        let kind = self.content_type();
        let is_json = kind.is_empty() || kind.starts_with("application/json");
        if body.trim_ascii().is_empty() {
            return empty().after_content();
        }
        if is_json && is_cut(body) {
            return Error::of(
                ErrorKind::Truncated,
                format_args!("the answer was cut after {} bytes, in the middle of its JSON", body.len()),
            )
            .after_content();
        }
        let mut message = match is_json {
            true => error.message().to_owned(),
            false => format!("asked for application/json, got {kind}: {}", error.message()),
        };
        match View::from_bytes(body) {
            Ok(view) if view.kind() == Kind::Object => {
                // A gateway's error, with the status of a success.
                if let Some(error) = error_in_success(&self.answer(body)) {
                    return error;
                }
                let said = error_message(view).unwrap_or_else(|| snippet(body));
                message.push_str(": the answer says: ");
                message.push_str(&said);
            }
            // The text is quoted, as it is from a proxy and not from the model.
            _ if is_json || kind.starts_with("text/") => {
                message.push_str(": ");
                message.push_str(&snippet(body));
            }
            _ => {}
        }
        Error::new(ErrorKind::Decode, message)
    }

    /// Returns the error of a response that should have been a stream.
    fn no_stream(&self, body: &[u8]) -> Error {
        if body.trim_ascii().is_empty() {
            return self.noted(empty());
        }
        if let Some(error) = error_in_success(&self.answer(body)) {
            return self.noted(error);
        }
        let (kind, said) = (self.content_type(), self.error(body));
        self.noted(Error::of(
            ErrorKind::Decode,
            format_args!("asked for an event stream, got \"{kind}\": {}", said.message()),
        ))
    }

    /// Returns the error that a body describes.
    pub(super) fn error(&self, body: &[u8]) -> Error {
        let redirect = self.headers.get("location").filter(|_| (300..400).contains(&self.status));
        let redirect = redirect.map(|to| {
            let to = shown_url(to);
            format!("redirects are not followed: {to}; if you trust that address, set it as the endpoint")
        });
        let body = redirect.as_ref().map_or(body, |text| text.as_bytes());
        let error = from_response(&self.answer(body)).with_headers(&self.kept);
        // This header of OpenAI's and Anthropic's APIs overrides what the status implies.
        match self.headers.get("x-should-retry") {
            Some("true") => error.with_resend(Resend::Safe),
            Some("false") => error.with_resend(Resend::Never),
            _ => error,
        }
    }

    fn answer<'a>(&'a self, body: &'a [u8]) -> ServiceAnswer<'a> {
        ServiceAnswer {
            status: self.status,
            error_type: self.headers.get("x-amzn-errortype"),
            request_id: self.request_id(),
            is_aws: self.headers.get(REQUEST_ID).is_some(),
            retry_after: asked_delay(&self.headers, self.at),
            body,
        }
    }
}

/// Returns the error of a success without a body: the service failed to produce an answer.
fn empty() -> Error {
    Error::new(ErrorKind::Truncated, "the answer is empty, although its status is 200").with_resend(Resend::Safe)
}

/// Returns whether a body is the beginning of a JSON object or array whose end is missing.
fn is_cut(body: &[u8]) -> bool {
    // The only error must be at the end, which may be inside a name such as `false` or inside a character.
    if View::from_bytes(body).err().is_none_or(|error| error.position() + 5 < body.len()) {
        return false;
    }
    let body = body.trim_ascii_start();
    if !matches!(body.first(), Some(b'{' | b'[')) {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0_usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => depth += 1,
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    in_string || depth > 0
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use bytes::Bytes;

    use super::*;

    /// A body of pieces of 1 MiB, one of which is in memory.
    struct Mebibytes(usize, Bytes);

    impl futures_core::Stream for Mebibytes {
        type Item = Result<Bytes>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
            Poll::Ready(self.0.checked_sub(1).map(|left| {
                self.0 = left;
                Ok(self.1.clone())
            }))
        }
    }

    #[test]
    fn answer_above_the_size_limit_is_refused() {
        let whole = |mebibytes| {
            let bytes = Box::pin(Mebibytes(mebibytes, vec![b' '; 1024 * 1024].into()));
            let body = Body::new(bytes, Arc::new(crate::platform::SystemRuntime), None);
            let head = Head { status: 200, headers: Headers::new(), kept: Arc::default(), at: 0 };
            futures_executor::block_on(Response { head, body, sent: Sent::default() }.whole())
        };
        let error = whole(257).err().unwrap();
        assert!(error.message().contains("larger than 256 MiB") && !error.is_retryable(), "{error}");
        assert!(whole(256).is_ok_and(|received| received.is_empty()));
    }

    #[test]
    fn json_cut_at_any_byte_is_recognized() {
        let whole = r#" {"a":["x\"}\\",1.5,true,{"é":null}],"b":""} "#.as_bytes();
        let end = whole.len() - 1;
        for length in 2..end {
            assert!(is_cut(&whole[..length]), "{length}");
        }
        for other in [whole, &whole[..end], b"", b"<html>", b"12", b"{]}", b"null", b"{not json", b"[1, oops, 2"] {
            assert!(!is_cut(other), "{:?}", String::from_utf8_lossy(other));
        }
    }
}
