//! Failures on demand.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A failure for the next request (or the next few).
///
/// Every part is optional, so parts combine: a slow stream that breaks after three frames, an
/// error with a wrong clock. The same names are the JSON keys of `POST /_local/faults`.
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
    /// Only requests whose raw path contains this. Default: all.
    pub path_contains: Option<String>,
    /// How many matching requests pass unharmed first. Default 0.
    pub skip: u32,
    /// How many requests are hit. Default 1; with `forever` no limit.
    pub times: Option<u32>,
    /// Hits every matching request until the faults are cleared.
    pub forever: bool,
    /// Hits even a request whose signature is wrong. Default: such a request gets its 403.
    pub before_auth: bool,

    /// Answer with this status in place of the model's reply.
    pub status: Option<u16>,
    /// `x-amzn-errortype`, for example `ThrottlingException`.
    pub error_type: Option<String>,
    /// The message of the error body.
    pub message: Option<String>,
    /// The reply's body as text, in place of an error body.
    pub body: Option<String>,
    /// The reply's body as base64, for bytes that are not text.
    pub body_base64: Option<String>,
    /// Headers to set on the reply, whichever it is (`retry-after`, `content-type`, ...).
    pub headers: BTreeMap<String, String>,
    /// Hand the body over in pieces of this many bytes.
    pub chunk_size: Option<usize>,
    /// Added to the `Date` header, in seconds.
    pub date_offset: Option<i64>,

    /// Never answer; the connection stays open.
    pub hang: bool,
    /// Wait this long before the headers.
    pub delay_ms: Option<u64>,
    /// Wait this long before every frame or piece.
    pub drip_ms: Option<u64>,
    /// Be silent after this many frames or pieces; the connection stays open.
    pub hang_after_frames: Option<usize>,

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

/// A frame that the model did not send.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum InsertedFrame {
    /// A `:message-type: exception` frame; the stream ends with it.
    Exception {
        /// Put in before this frame, counted from 0.
        at: usize,
        /// `:exception-type`, for example `throttlingException`.
        exception_type: String,
        /// The payload is `{"message": ...}`.
        message: String,
    },
    /// A `:message-type: error` frame; the stream ends with it.
    Error {
        /// Put in before this frame, counted from 0.
        at: usize,
        /// `:error-code`
        code: String,
        /// `:error-message`
        message: String,
    },
    /// An `event` frame of any type; the stream goes on.
    Event {
        /// Put in before this frame, counted from 0.
        at: usize,
        /// `:event-type`
        event_type: String,
        /// The payload as it is on the wire.
        payload: Value,
    },
    /// An InvokeModel `chunk` with this as the model's JSON; the stream goes on.
    Chunk {
        /// Put in before this frame, counted from 0.
        at: usize,
        /// What `bytes` decodes to.
        json: Value,
    },
}

impl InsertedFrame {
    pub(crate) fn at(&self) -> usize {
        match self {
            Self::Exception { at, .. } | Self::Error { at, .. } | Self::Event { at, .. } | Self::Chunk { at, .. } => {
                *at
            }
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Constructors: each makes a fault for the next request.
impl Fault {
    /// Does nothing by itself.
    pub fn new() -> Self {
        Self::default()
    }

    /// An error reply: status, `x-amzn-errortype` and `{"message": ...}`.
    pub fn error(status: u16, error_type: &str, message: &str) -> Self {
        Self {
            status: Some(status),
            error_type: Some(error_type.to_owned()),
            message: Some(message.to_owned()),
            ..Self::default()
        }
    }

    /// A reply of exactly these bytes, for example a recorded one.
    pub fn reply(status: u16, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        Self { status: Some(status), ..Self::default() }.content_type(content_type).body(body)
    }

    /// Never answers.
    pub fn hang() -> Self {
        Self { hang: true, ..Self::default() }
    }

    /// Waits before the headers.
    pub fn delay(duration: Duration) -> Self {
        Self::new().with_delay(duration)
    }

    /// Waits before every frame or piece.
    pub fn drip(duration: Duration) -> Self {
        Self::new().with_drip(duration)
    }

    /// `count` frames, then silence.
    pub fn hang_after_frames(count: usize) -> Self {
        Self::new().silence_after(count)
    }

    /// A wrong `Date` header on an ordinary reply.
    pub fn skewed_date(seconds: i64) -> Self {
        Self::new().date_offset(seconds)
    }

    /// The connection breaks after `count` bytes of body.
    pub fn cut_after_bytes(count: usize) -> Self {
        Self::new().cut_bytes(count)
    }

    /// The connection breaks after `count` frames.
    pub fn cut_after_frames(count: usize) -> Self {
        Self::new().cut_frames(count)
    }

    /// A clean end of the reply after `count` frames.
    pub fn end_after_frames(count: usize) -> Self {
        Self::new().end_frames(count)
    }

    /// A clean end in the middle of frame `number`.
    pub fn truncate_frame(number: usize) -> Self {
        Self::new().truncate(number)
    }

    /// One bit of byte `position` of the body is wrong.
    pub fn flip_bit(position: usize) -> Self {
        Self::new().flip(position)
    }

    /// An exception frame before frame `at`, which ends the stream.
    pub fn exception_frame(at: usize, exception_type: &str, message: &str) -> Self {
        Self::new().exception(at, exception_type, message)
    }

    /// An error frame before frame `at`, which ends the stream.
    pub fn error_frame(at: usize, code: &str, message: &str) -> Self {
        Self::new().error_event(at, code, message)
    }

    /// An event of unknown type before frame `at`; the stream goes on.
    pub fn unknown_frame(at: usize) -> Self {
        Self::new().unknown(at)
    }

    /// An event of any type with any payload before frame `at`; the stream goes on.
    pub fn event_frame(at: usize, event_type: &str, payload: Value) -> Self {
        Self::new().event(at, event_type, payload)
    }

    /// An InvokeModel chunk with any JSON in it before frame `at`; the stream goes on.
    pub fn chunk_frame(at: usize, json: Value) -> Self {
        Self::new().chunk(at, json)
    }
}

/// Parts to chain.
impl Fault {
    /// Only requests whose raw path contains `part`.
    pub fn on_path(mut self, part: &str) -> Self {
        self.path_contains = Some(part.to_owned());
        self
    }

    /// Lets `count` matching requests pass first.
    pub fn skip(mut self, count: u32) -> Self {
        self.skip = count;
        self
    }

    /// Hits `count` requests. Default 1.
    pub fn times(mut self, count: u32) -> Self {
        self.times = Some(count);
        self
    }

    /// Hits every matching request.
    pub fn forever(mut self) -> Self {
        self.forever = true;
        self
    }

    /// Hits even requests with a wrong signature.
    pub fn before_auth(mut self) -> Self {
        self.before_auth = true;
        self
    }

    /// The reply's status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// A header of the reply.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_ascii_lowercase(), value.to_owned());
        self
    }

    /// The reply's content type.
    pub fn content_type(self, value: &str) -> Self {
        self.header("content-type", value)
    }

    /// The reply's body.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body_base64 = Some(base64::engine::general_purpose::STANDARD.encode(body));
        self
    }

    /// Hands the body over in pieces of `bytes` bytes.
    pub fn chunk_size(mut self, bytes: usize) -> Self {
        self.chunk_size = Some(bytes);
        self
    }

    /// Added to the `Date` header, in seconds.
    pub fn date_offset(mut self, seconds: i64) -> Self {
        self.date_offset = Some(seconds);
        self
    }

    /// Waits before the headers.
    pub fn with_delay(mut self, duration: Duration) -> Self {
        self.delay_ms = Some(millis(duration));
        self
    }

    /// Waits before every frame or piece.
    pub fn with_drip(mut self, duration: Duration) -> Self {
        self.drip_ms = Some(millis(duration));
        self
    }

    /// Silence after `count` frames.
    pub fn silence_after(mut self, count: usize) -> Self {
        self.hang_after_frames = Some(count);
        self
    }

    /// Breaks the connection after `count` bytes.
    pub fn cut_bytes(mut self, count: usize) -> Self {
        self.cut_after_bytes = Some(count);
        self
    }

    /// Breaks the connection after `count` frames.
    pub fn cut_frames(mut self, count: usize) -> Self {
        self.cut_after_frames = Some(count);
        self
    }

    /// Ends properly after `count` frames.
    pub fn end_frames(mut self, count: usize) -> Self {
        self.end_after_frames = Some(count);
        self
    }

    /// Ends properly in the middle of frame `number`.
    pub fn truncate(mut self, number: usize) -> Self {
        self.truncate_frame = Some(number);
        self
    }

    /// Flips a bit of byte `position`.
    pub fn flip(mut self, position: usize) -> Self {
        self.flip_bit = Some(position);
        self
    }

    /// An exception frame before frame `at`.
    pub fn exception(mut self, at: usize, exception_type: &str, message: &str) -> Self {
        self.insert.push(InsertedFrame::Exception {
            at,
            exception_type: exception_type.to_owned(),
            message: message.to_owned(),
        });
        self
    }

    /// An error frame before frame `at`.
    pub fn error_event(mut self, at: usize, code: &str, message: &str) -> Self {
        self.insert.push(InsertedFrame::Error { at, code: code.to_owned(), message: message.to_owned() });
        self
    }

    /// An event of unknown type before frame `at`.
    pub fn unknown(self, at: usize) -> Self {
        self.event(at, "eventOfTheFuture", serde_json::json!({ "p": "abc", "news": true }))
    }

    /// Any event before frame `at`.
    pub fn event(mut self, at: usize, event_type: &str, payload: Value) -> Self {
        self.insert.push(InsertedFrame::Event { at, event_type: event_type.to_owned(), payload });
        self
    }

    /// Any model JSON in a chunk before frame `at`.
    pub fn chunk(mut self, at: usize, json: Value) -> Self {
        self.insert.push(InsertedFrame::Chunk { at, json });
        self
    }
}

/// The faults that wait for a request. Clones share the list.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<VecDeque<Fault>>>);

impl Faults {
    /// Adds a fault behind those that are waiting.
    pub fn push(&self, fault: Fault) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(fault);
    }

    /// Forgets all that are waiting.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// How many are waiting; one that hits several requests counts once.
    pub fn pending(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// The first fault that hits a request to `path`, used up by one.
    pub(crate) fn take(&self, path: &str, authorized: bool) -> Option<Fault> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut hit = None;
        for (position, fault) in waiting.iter_mut().enumerate() {
            let matches = fault.path_contains.as_ref().is_none_or(|part| path.contains(part.as_str()));
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
