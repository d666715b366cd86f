//! A frame, borrowed from the decoder's buffer.

use std::fmt;

use super::header::{self, FrameHeaders, HeaderValue};

/// A complete frame with verified checksums and headers.
///
/// It borrows from the decoder, so copy what is needed before the next call.
///
/// ```
/// use bedrock_chat::eventstream::FrameDecoder;
///
/// let mut decoder = FrameDecoder::new();
/// # let hex = "0000006b0000004b6ace012d0b3a6576656e742d747970650700056368756e6b0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070005\
/// # 6576656e747b226279746573223a226533303d227d3651dbfe";
/// # let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
/// decoder.push(&bytes);
/// let frame = decoder.next_frame()?.ok_or("more bytes are needed")?;
/// assert_eq!(frame.message_type(), Some("event"));
/// assert_eq!(frame.event_type(), Some("chunk"));
/// assert_eq!(frame.payload(), br#"{"bytes":"e30="}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Frame<'a> {
    headers: &'a [u8],
    payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Creates a frame. The caller must have checked the headers.
    pub(super) fn new(headers: &'a [u8], payload: &'a [u8]) -> Self {
        Frame { headers, payload }
    }

    /// Returns the payload, which is JSON for Bedrock, and empty in an `error` message.
    #[must_use]
    pub fn payload(&self) -> &'a [u8] {
        self.payload
    }

    /// Returns names and values of all headers, in their order.
    #[must_use]
    pub fn headers(&self) -> FrameHeaders<'a> {
        FrameHeaders::new(self.headers)
    }

    /// Returns the value of the first header of a name. Names are case-sensitive, as the format defines.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<HeaderValue<'a>> {
        header::find(self.headers, name)
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        self.header(name)?.as_str()
    }

    /// Returns `:message-type`: `event`, `exception` or `error`.
    #[must_use]
    pub fn message_type(&self) -> Option<&'a str> {
        self.text(":message-type")
    }

    /// Returns `:event-type` of an event: `chunk` for InvokeModel, `contentBlockDelta` and others for Converse.
    #[must_use]
    pub fn event_type(&self) -> Option<&'a str> {
        self.text(":event-type")
    }

    /// Returns `:exception-type` of an exception, such as `throttlingException`.
    #[must_use]
    pub fn exception_type(&self) -> Option<&'a str> {
        self.text(":exception-type")
    }

    /// Returns `:error-code` of an error message.
    #[must_use]
    pub fn error_code(&self) -> Option<&'a str> {
        self.text(":error-code")
    }

    /// Returns `:error-message` of an error message.
    #[must_use]
    pub fn error_message(&self) -> Option<&'a str> {
        self.text(":error-message")
    }

    /// Returns `:content-type` of the payload; it may be missing.
    #[must_use]
    pub fn content_type(&self) -> Option<&'a str> {
        self.text(":content-type")
    }
}

/// Prints the structure only, as the payload is a conversation.
impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("message_type", &self.message_type())
            .field("event_type", &self.event_type())
            .field("exception_type", &self.exception_type())
            .field("error_code", &self.error_code())
            .field("payload_len", &self.payload.len())
            .finish_non_exhaustive()
    }
}
