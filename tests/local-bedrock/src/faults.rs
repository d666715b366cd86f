//! Failures on demand.

mod build;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::json::put;
use crate::problem::{anthropic_error, openai_kind};

/// A failure for the next request, or the next few requests.
///
/// Every part is optional, and parts can be combined: a slow stream that breaks after three frames, an error with a
/// wrong clock. The same names are the JSON keys of `POST /_local/faults`.
///
/// ```
/// use std::time::Duration;
/// use local_bedrock::Fault;
///
/// let throttled = Fault::error(429, "ThrottlingException", "Too many tokens")
///     .header("retry-after", "2")
///     .times(3);
/// let flaky = Fault::drip(Duration::from_millis(50)).cut_frames(3).on_path("converse-stream");
/// let json = serde_json::json!({"status": 503, "error_type": "ServiceUnavailableException", "times": 2});
/// let from_json: Fault = serde_json::from_value(json).unwrap();
/// assert_eq!(from_json.times, Some(2));
/// # let _ = (throttled, flaky);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fault {
    /// Applies only to requests whose raw path contains this text. Default: all.
    pub path_contains: Option<String>,
    /// Applies only to this operation of the services that issue keys, for example `AssumeRole`. Default: all.
    pub operation: Option<String>,
    /// The number of matching requests before the fault applies. Default: 0.
    pub skip: u32,
    /// The number of requests that the fault applies to. Default: 1; no limit with `forever`.
    pub times: Option<u32>,
    /// Applies to every matching request until the faults are cleared.
    pub forever: bool,
    /// Applies even to a request with a wrong signature. Default: such a request is answered with 403.
    pub before_auth: bool,

    /// Answer with this status instead of the model's reply.
    pub status: Option<u16>,
    /// `x-amzn-errortype`, for example `ThrottlingException`.
    pub error_type: Option<String>,
    /// The shape of the error body. Default: AWS's.
    pub shape: Option<ErrorShape>,
    /// The message of the error body.
    pub message: Option<String>,
    /// The reply's body as text, instead of an error body.
    pub body: Option<String>,
    /// The reply's body as base64, for bytes that are not text.
    pub body_base64: Option<String>,
    /// Headers to set on any reply (`retry-after`, `content-type`, ...). An empty value removes the header: a reply
    /// without `x-amzn-requestid` is a gateway's.
    pub headers: BTreeMap<String, String>,
    /// Send the body in pieces of this many bytes.
    pub chunk_size: Option<usize>,
    /// Seconds to add to the `Date` header.
    pub date_offset: Option<i64>,

    /// Never answer; the connection stays open.
    pub hang: bool,
    /// Wait this long before the headers.
    pub delay_ms: Option<u64>,
    /// Wait this long before every frame or piece.
    pub drip_ms: Option<u64>,
    /// Send nothing after this many frames or pieces; the connection stays open.
    pub hang_after_frames: Option<usize>,

    /// Break the connection before the response headers.
    pub cut_before_headers: bool,
    /// Break the connection after this many bytes of body.
    pub cut_after_bytes: Option<usize>,
    /// Break the connection after this many frames or pieces.
    pub cut_after_frames: Option<usize>,
    /// End the reply properly after this many frames.
    pub end_after_frames: Option<usize>,
    /// End the reply properly in the middle of this frame (counted from 0).
    pub truncate_frame: Option<usize>,
    /// Flip the lowest bit of this byte of the body (counted from 0).
    pub flip_bit: Option<usize>,
    /// Frames to put into the stream.
    pub insert: Vec<InsertedFrame>,
}

/// The shape of an error body that is not AWS's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorShape {
    /// `{"error": {"message", "type", "param", "code"}}`; the fault's error type is the code.
    Openai,
    /// `{"type": "error", "error": {"type", "message"}}`; the fault's error type is the inner type.
    Anthropic,
}

impl ErrorShape {
    pub(crate) fn body(self, status: u16, error_type: Option<&str>, message: &str) -> Value {
        match self {
            Self::Openai => {
                let (kind, code) = openai_kind(status);
                let code = error_type.unwrap_or(code);
                json!({"error": {"message": message, "type": kind, "param": null, "code": code}})
            }
            Self::Anthropic => {
                let mut error = anthropic_error(status, message);
                if let Some(error_type) = error_type {
                    put(&mut error, "type", error_type);
                }
                json!({"type": "error", "error": error, "request_id": "req_fault"})
            }
        }
    }
}

/// A frame or event that the model did not send. In a stream of server-sent events, an exception or error is the
/// error event of that API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum InsertedFrame {
    /// A `:message-type: exception` frame; the stream ends with it.
    Exception {
        /// The fault inserts it before this frame, counted from 0.
        at: usize,
        /// `:exception-type`, for example `throttlingException`.
        exception_type: String,
        /// The payload is `{"message": ...}`.
        message: String,
    },
    /// A `:message-type: error` frame; the stream ends with it.
    Error {
        /// The fault inserts it before this frame, counted from 0.
        at: usize,
        /// `:error-code`
        code: String,
        /// `:error-message`
        message: String,
    },
    /// An event `response.failed` of the Responses API; the stream ends with it.
    Failed {
        /// The fault inserts it before this event, counted from 0.
        at: usize,
        /// The `code` of the response's `error`.
        code: String,
        /// The `message` of the response's `error`.
        message: String,
    },
    /// An `event` frame of any type; the stream continues.
    Event {
        /// The fault inserts it before this frame, counted from 0.
        at: usize,
        /// `:event-type`, or the `type` of a server-sent event's data.
        event_type: String,
        /// The payload as it is on the wire.
        payload: Value,
    },
    /// An InvokeModel `chunk` or a server-sent event with this JSON of the model; the stream continues.
    Chunk {
        /// The fault inserts it before this frame, counted from 0.
        at: usize,
        /// The value that is encoded in `bytes`.
        json: Value,
    },
    /// Text that is inserted unchanged, for example a comment or half an event; the stream continues.
    Text {
        /// The fault inserts it before this frame, counted from 0.
        at: usize,
        /// The characters.
        text: String,
    },
}

impl InsertedFrame {
    pub(crate) fn at(&self) -> usize {
        match self {
            Self::Exception { at, .. }
            | Self::Error { at, .. }
            | Self::Failed { at, .. }
            | Self::Event { at, .. }
            | Self::Chunk { at, .. }
            | Self::Text { at, .. } => *at,
        }
    }

    /// Returns whether the stream ends after the frame.
    pub(crate) fn ends_the_stream(&self) -> bool {
        matches!(self, Self::Exception { .. } | Self::Error { .. } | Self::Failed { .. })
    }
}

/// The queue of faults. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<VecDeque<Fault>>>);

impl Faults {
    /// Adds a fault to the end of the queue.
    pub fn push(&self, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(fault);
    }

    /// Clears the queue.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Returns the length of the queue. A fault for several requests counts once.
    pub fn pending(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Returns the first fault for a request to `path`, and counts the use. `operation` is one of the identity services.
    pub(crate) fn take(&self, path: &str, operation: Option<&str>, authorized: bool) -> Option<Fault> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut hit = None;
        for (position, fault) in waiting.iter_mut().enumerate() {
            let path_matches = fault.path_contains.as_ref().is_none_or(|part| path.contains(part.as_str()));
            let operation_matches = fault.operation.is_none() || fault.operation.as_deref() == operation;
            let matches = path_matches && operation_matches;
            if !matches || !(authorized || fault.before_auth) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            let left = fault.times.unwrap_or(1).saturating_sub(1);
            fault.times = Some(left);
            hit = Some((position, fault.clone(), left == 0 && !fault.forever));
            break;
        }
        let (position, fault, used_up) = hit?;
        if used_up {
            waiting.remove(position);
        }
        Some(fault)
    }
}
