//! What came back: the head of an answer, and what its body says of it.

use super::stream::ChatStream;
use crate::error::{Error, ErrorKind, Result, ServiceAnswer, from_response};
use crate::headers::Headers;
use crate::json::View;

/// An answer that is no error.
pub(super) struct Received {
    pub(super) head: Head,
    /// All of it; empty where there is a stream.
    pub(super) body: Vec<u8>,
    /// A stream that has begun.
    pub(super) stream: Option<ChatStream>,
}

impl Received {
    /// An answer with its whole body, unless that is an error.
    pub(super) fn whole(head: Head, body: Vec<u8>) -> Result<Self> {
        if head.status != 200 || is_unknown_operation(&body) {
            return Err(head.error(&body));
        }
        Ok(Self { head, body, stream: None })
    }
}

/// An unknown route is answered with HTTP 200 and `{"Output":{"__type":…}}`.
fn is_unknown_operation(body: &[u8]) -> bool {
    body.len() < 4096
        && View::from_bytes(body)
            .is_ok_and(|view| view.get("Output").is_some_and(|output| output.get("__type").is_some()))
}

/// The head of an answer.
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) headers: Headers,
}

impl Head {
    pub(super) fn request_id(&self) -> Option<&str> {
        self.headers.get("x-amzn-requestid")
    }

    fn content_type(&self) -> &str {
        self.headers.get("content-type").unwrap_or_default()
    }

    pub(super) fn is_event_stream(&self) -> bool {
        self.status == 200 && self.content_type().starts_with("application/vnd.amazon.eventstream")
    }

    /// The same error, of a body that could not be read.
    pub(super) fn explain(&self, error: Error, body: &[u8]) -> Error {
        let error = if error.kind() == ErrorKind::Decode { self.not_json(error, body) } else { error };
        error.with_request_id(self.request_id())
    }

    /// The same error, which says of an answer in another format what that is. Text is shown, as it is
    /// some proxy's and not the model's.
    fn not_json(&self, error: Error, body: &[u8]) -> Error {
        let kind = self.content_type();
        if kind.is_empty() || kind.starts_with("application/json") {
            return error;
        }
        let mut message = format!("asked for application/json, got {kind}: {}", error.message());
        if kind.starts_with("text/") {
            message.push_str(": ");
            message.push_str(self.error(body).message());
        }
        Error::new(ErrorKind::Decode, message)
    }

    /// What is wrong with an answer that should have been a stream and is none.
    pub(super) fn no_stream(&self, body: &[u8]) -> Error {
        let (kind, error) = (self.content_type(), self.error(body));
        Error::of(ErrorKind::Decode, format_args!("asked for an event stream, got \"{kind}\": {}", error.message()))
            .with_request_id(self.request_id())
    }

    fn error(&self, body: &[u8]) -> Error {
        from_response(&ServiceAnswer {
            status: self.status,
            error_type: self.headers.get("x-amzn-errortype"),
            request_id: self.request_id(),
            retry_after: self.headers.get("retry-after"),
            body,
        })
    }
}
