//! Errors as HTTP answers.

use bedrock_chat::json::Writer;
use bedrock_chat::{Error, ErrorKind};
use worker::{Response, console_error};

/// An error response, as JSON: `{"type": "error", "error": {"type", "kind", "status", "message"}}`.
pub(crate) struct Refusal {
    status: u16,
    kind: &'static str,
    message: String,
    retry_after: Option<u64>,
}

impl Refusal {
    pub(crate) fn new(status: u16, kind: &'static str, message: impl Into<String>) -> Self {
        Self { status, kind, message: message.into(), retry_after: None }
    }

    /// The request is wrong.
    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "encode", message)
    }

    pub(crate) fn response(self) -> worker::Result<Response> {
        let mut w = Writer::new();
        w.begin_object();
        w.field("type", "error");
        w.key("error").begin_object();
        w.field("type", type_of(self.kind));
        w.field("kind", self.kind);
        w.key("status").u64(self.status.into());
        w.field("message", &self.message);
        w.end_object();
        w.end_object();
        let response = Response::ok(w.finish())?.with_status(self.status);
        response.headers().set("content-type", "application/json")?;
        if self.status == 405 {
            response.headers().set("allow", "POST")?;
        }
        if let Some(seconds) = self.retry_after {
            response.headers().set("retry-after", &seconds.to_string())?;
        }
        Ok(response)
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let (status, message) = status_and_text(&error);
        let retry_after = error.retry_after().map(|after| after.as_secs_f64().ceil() as u64);
        Self { status, kind: error.kind().as_str(), message, retry_after }
    }
}

impl From<worker::Error> for Refusal {
    fn from(error: worker::Error) -> Self {
        console_error!("{error}");
        Self::new(500, "internal", "the Worker failed; its log says why")
    }
}

/// Returns the status of an error, and the text that a client receives. Details for the operator, such as those of
/// credentials and access, are only logged.
fn status_and_text(error: &Error) -> (u16, String) {
    let status = match error.kind() {
        ErrorKind::Validation | ErrorKind::Encode | ErrorKind::ContextOverflow | ErrorKind::Unsupported => 400,
        ErrorKind::Throttled => 429,
        ErrorKind::Timeout => 504,
        _ => {
            console_error!("{error}");
            return (502, "the model could not be called".to_owned());
        }
    };
    (status, error.to_string())
}

/// A kind by Anthropic's name.
fn type_of(kind: &str) -> &'static str {
    match kind {
        "throttled" => "rate_limit_error",
        "timeout" => "timeout_error",
        "unauthorized" => "authentication_error",
        "not_found" => "not_found_error",
        "validation" | "encode" | "context_overflow" | "unsupported" | "method_not_allowed" => "invalid_request_error",
        _ => "api_error",
    }
}
