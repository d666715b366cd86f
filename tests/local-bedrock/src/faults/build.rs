//! The constructors and setters of [`Fault`].

use std::time::Duration;

use base64::Engine as _;
use serde_json::Value;

use super::{ErrorShape, Fault, InsertedFrame};

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Constructors: each makes a fault for the next request.
impl Fault {
    /// Creates a fault without any effect.
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

    /// Sends `count` frames, and then nothing.
    pub fn hang_after_frames(count: usize) -> Self {
        Self::new().silence_after(count)
    }

    /// Sends a wrong `Date` header with an ordinary reply.
    pub fn skewed_date(seconds: i64) -> Self {
        Self::new().date_offset(seconds)
    }

    /// Breaks the connection before the response headers.
    pub fn cut_before_headers() -> Self {
        Self { cut_before_headers: true, ..Self::default() }
    }

    /// Breaks the connection after `count` bytes of body.
    pub fn cut_after_bytes(count: usize) -> Self {
        Self::new().cut_bytes(count)
    }

    /// Breaks the connection after `count` frames.
    pub fn cut_after_frames(count: usize) -> Self {
        Self::new().cut_frames(count)
    }

    /// Ends the reply cleanly after `count` frames.
    pub fn end_after_frames(count: usize) -> Self {
        Self::new().end_frames(count)
    }

    /// Ends the reply cleanly in the middle of frame `number`.
    pub fn truncate_frame(number: usize) -> Self {
        Self::new().truncate(number)
    }

    /// Changes one bit of byte `position` of the body.
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

    /// Inserts an event of unknown type before frame `at`; the stream continues.
    pub fn unknown_frame(at: usize) -> Self {
        Self::new().unknown(at)
    }

    /// Inserts an event of any type with any payload before frame `at`; the stream continues.
    pub fn event_frame(at: usize, event_type: &str, payload: Value) -> Self {
        Self::new().event(at, event_type, payload)
    }

    /// Inserts an InvokeModel chunk with any JSON before frame `at`; the stream continues.
    pub fn chunk_frame(at: usize, json: Value) -> Self {
        Self::new().chunk(at, json)
    }
}

/// Constructors for errors in the shapes of the other APIs.
impl Fault {
    /// An error reply in OpenAI's shape.
    pub fn openai_error(status: u16, code: &str, message: &str) -> Self {
        Self { shape: Some(ErrorShape::Openai), ..Self::error(status, code, message) }
    }

    /// An error reply in Anthropic's shape.
    pub fn anthropic_error(status: u16, error_type: &str, message: &str) -> Self {
        Self { shape: Some(ErrorShape::Anthropic), ..Self::error(status, error_type, message) }
    }
}

/// Constructors for streams of server-sent events.
impl Fault {
    /// An event `response.failed` before event `at`, which ends the stream.
    pub fn failed_event(at: usize, code: &str, message: &str) -> Self {
        Self::new().inserted(InsertedFrame::Failed { at, code: code.to_owned(), message: message.to_owned() })
    }

    /// Inserts this text before event `at`; the stream continues.
    pub fn text(at: usize, text: &str) -> Self {
        Self::new().inserted(InsertedFrame::Text { at, text: text.to_owned() })
    }
}

/// Parts to chain.
impl Fault {
    /// Limits the fault to requests whose raw path contains `part`.
    pub fn on_path(mut self, part: &str) -> Self {
        self.path_contains = Some(part.to_owned());
        self
    }

    /// Only this operation of the identity services, for example `AssumeRole`.
    pub fn on_operation(mut self, name: &str) -> Self {
        self.operation = Some(name.to_owned());
        self
    }

    /// Lets `count` matching requests pass first.
    pub fn skip(mut self, count: u32) -> Self {
        self.skip = count;
        self
    }

    /// Applies the fault to `count` requests. Default: 1.
    pub fn times(mut self, count: u32) -> Self {
        self.times = Some(count);
        self
    }

    /// Applies the fault to every matching request.
    pub fn forever(mut self) -> Self {
        self.forever = true;
        self
    }

    /// Applies the fault even to requests with a wrong signature.
    pub fn before_auth(mut self) -> Self {
        self.before_auth = true;
        self
    }

    /// The reply's status.
    pub fn status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds a header to the reply.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.to_ascii_lowercase(), value.to_owned());
        self
    }

    /// Sets the reply's content type.
    pub fn content_type(self, value: &str) -> Self {
        self.header("content-type", value)
    }

    /// The reply's body.
    pub fn body(mut self, body: impl AsRef<[u8]>) -> Self {
        self.body_base64 = Some(base64::engine::general_purpose::STANDARD.encode(body));
        self
    }

    /// Sends the body in pieces of `bytes` bytes.
    pub fn chunk_size(mut self, bytes: usize) -> Self {
        self.chunk_size = Some(bytes);
        self
    }

    /// Sets the seconds to add to the `Date` header.
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

    /// Sends nothing after `count` frames.
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

    /// Ends the reply cleanly after `count` frames.
    pub fn end_frames(mut self, count: usize) -> Self {
        self.end_after_frames = Some(count);
        self
    }

    /// Ends the reply cleanly in the middle of frame `number`.
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

    /// Any inserted frame.
    pub fn inserted(mut self, frame: InsertedFrame) -> Self {
        self.insert.push(frame);
        self
    }

    /// Any model JSON in a chunk before frame `at`.
    pub fn chunk(mut self, at: usize, json: Value) -> Self {
        self.insert.push(InsertedFrame::Chunk { at, json });
        self
    }
}
