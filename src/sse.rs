//! Server-sent events (`text/event-stream`): bytes in, events out.
//!
//! [`SseDecoder`] follows the rules for [interpreting an event stream] of the WHATWG. It accepts bytes in pieces of
//! any length, and returns each event as soon as its blank line has arrived. Each byte is read once and moved at most
//! twice, and an event costs no allocation once the buffers have grown.
//!
//! | input | result |
//! |---|---|
//! | lines that end with CR, LF or CRLF, also mixed | the same events |
//! | a byte order mark at the start | skipped |
//! | `: comment` | skipped |
//! | several `data` lines | joined with LF |
//! | `event`, `id`, `retry` | [`SseEvent::event`], [`SseEvent::id`], [`SseEvent::retry`] |
//! | another field, an `id` with NUL, a `retry` that is not a number | ignored |
//! | a blank line without a `data` line before it | no event |
//! | the end without a last blank line | [`SseDecoder::finish`] returns the incomplete event |
//! | a line or an event above the limit | one [`ErrorKind::Frame`] error, then nothing |
//!
//! The caller interprets the events, including a last event such as `[DONE]`.
//!
//! [interpreting an event stream]: https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
//! [`ErrorKind::Frame`]: crate::ErrorKind::Frame

use std::fmt;
use std::ops::Range;

use crate::error::{Error, ErrorKind, Result};

/// The default limit of a line and of an event: 16 MiB. An event of a chat has a few hundred bytes; the last
/// event of the Responses API repeats the whole answer.
pub const DEFAULT_MAX_EVENT_LEN: usize = 16 * 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// A decoder that splits a stream of bytes into server-sent events.
///
/// ```
/// use bedrock_chat::sse::SseDecoder;
///
/// let mut decoder = SseDecoder::new();
/// let mut events = Vec::new();
/// for piece in ["event: ping\ndata: {", "}\n", "\ndata: [DONE]\n\n"] {
///     decoder.push(piece.as_bytes());
///     while let Some(event) = decoder.next_event()? {
///         events.push(format!("{} {}", event.event(), String::from_utf8_lossy(event.data())));
///     }
/// }
/// assert_eq!(events, ["ping {}", "message [DONE]"]);
/// assert!(decoder.finish()?.is_none(), "every event has its blank line");
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
pub struct SseDecoder {
    buffer: Vec<u8>,
    /// The start of the next line.
    line: usize,
    /// Where the search for the end of that line continues: `line <= scanned <= buffer.len()`.
    scanned: usize,
    /// The data of the pending event, already joined. It ends at or before `line`.
    data: Option<Range<usize>>,
    event: String,
    /// Whether the pending event was returned, so that `event` belongs to the last event.
    returned: bool,
    id: String,
    retry: Option<u64>,
    /// Whether a byte order mark may still follow.
    at_start: bool,
    /// Whether the last line ended with CR, so that an LF after it belongs to the same line end.
    after_cr: bool,
    max_event_len: usize,
    /// Whether an error was reported, or the stream has ended.
    over: bool,
}

/// A server-sent event. It borrows from the decoder.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SseEvent<'a> {
    event: &'a str,
    data: &'a [u8],
    id: &'a str,
    retry: Option<u64>,
}

impl<'a> SseEvent<'a> {
    /// Returns the event's type: the value of its last `event` line, or `message` if there is none.
    #[must_use]
    pub fn event(&self) -> &'a str {
        if self.event.is_empty() { "message" } else { self.event }
    }

    /// Returns whether the event has an `event` line that is not empty.
    #[must_use]
    pub fn is_named(&self) -> bool {
        !self.event.is_empty()
    }

    /// Returns the values of the `data` lines, joined with LF. The bytes are returned as they arrived: they should be
    /// UTF-8, but this is not checked.
    #[must_use]
    pub fn data(&self) -> &'a [u8] {
        self.data
    }

    /// Returns the last event id of the stream so far. Empty if there was no id.
    #[must_use]
    pub fn id(&self) -> &'a str {
        self.id
    }

    /// Returns the reconnection time in milliseconds that the server set last.
    #[must_use]
    pub fn retry(&self) -> Option<u64> {
        self.retry
    }
}

/// Omits the data, which holds a conversation.
impl fmt::Debug for SseEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SseEvent")
            .field("event", &self.event())
            .field("data_len", &self.data.len())
            .field("id", &self.id)
            .field("retry", &self.retry)
            .finish()
    }
}

impl SseDecoder {
    /// Creates a decoder with the limit [`DEFAULT_MAX_EVENT_LEN`].
    #[must_use]
    pub fn new() -> Self {
        SseDecoder {
            buffer: Vec::new(),
            line: 0,
            scanned: 0,
            data: None,
            event: String::new(),
            returned: false,
            id: String::new(),
            retry: None,
            at_start: true,
            after_cr: false,
            max_event_len: DEFAULT_MAX_EVENT_LEN,
            over: false,
        }
    }

    /// Sets the maximum length in bytes of a line, and of an event's data. Defaults to
    /// [`DEFAULT_MAX_EVENT_LEN`].
    ///
    /// The decoder holds at most the pieces of one event that are not yet returned, so this bounds its memory.
    #[must_use]
    pub fn with_max_event_len(self, max_event_len: usize) -> Self {
        SseDecoder { max_event_len, ..self }
    }

    /// Adds the next bytes of the stream. An empty slice is allowed. After an error, bytes are ignored.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.over {
            return;
        }
        // Making room moves the bytes that are still needed. It happens only when at least as many bytes are not
        // needed any more, so each byte moves at most about once.
        let used = self.data.as_ref().map_or(self.line, |data| data.start);
        if used > 0 && used >= self.buffer.len() - used {
            self.buffer.drain(..used);
            self.line -= used;
            self.scanned -= used;
            if let Some(data) = &mut self.data {
                *data = data.start - used..data.end - used;
            }
        }
        // Comments and ignored fields inside an event are after its data.
        if let Some(data) = &self.data {
            let ignored = self.line.saturating_sub(data.end + 1);
            if ignored > 0 && ignored >= self.buffer.len() - self.line {
                self.buffer.drain(data.end + 1..self.line);
                self.line -= ignored;
                self.scanned -= ignored;
            }
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns the next event, or `None` if more bytes are needed. Call it until it returns `None` after each
    /// [`push`](Self::push).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Frame`] for a line or an event above the limit. The error is reported once; later calls return
    /// `None`.
    pub fn next_event(&mut self) -> Result<Option<SseEvent<'_>>> {
        if self.over || !self.is_past_byte_order_mark() {
            return Ok(None);
        }
        if self.returned {
            self.returned = false;
            self.event.clear();
        }
        while let Some(line) = self.next_line() {
            if line.is_empty() {
                if let Some(data) = self.data.take() {
                    return Ok(Some(self.take_event(data)));
                }
                self.event.clear();
            } else {
                self.read_field(line);
                self.check_len(self.data.as_ref().map_or(0, Range::len), "an event")?;
            }
        }
        self.check_len(self.scanned - self.line, "a line")?;
        Ok(None)
    }

    /// Ends the stream, and returns the last event if its blank line is missing. Call it when
    /// [`next_event`](Self::next_event) has returned `None`.
    ///
    /// The WHATWG's rules discard such an event, since it may be cut. Use it if its data shows that it is whole, for
    /// example by valid JSON.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Frame`] for an event above the limit.
    pub fn finish(&mut self) -> Result<Option<SseEvent<'_>>> {
        if self.over {
            return Ok(None);
        }
        let line = self.line..self.buffer.len();
        if !line.is_empty() {
            self.read_field(line);
        }
        self.over = true;
        match self.data.take() {
            Some(data) => {
                self.check_len(data.len(), "an event")?;
                Ok(Some(self.take_event(data)))
            }
            None => Ok(None),
        }
    }

    /// Skips a byte order mark at the start of the stream. Returns `false` if more bytes are needed.
    fn is_past_byte_order_mark(&mut self) -> bool {
        if self.at_start {
            if self.buffer.starts_with(BYTE_ORDER_MARK) {
                (self.line, self.scanned) = (BYTE_ORDER_MARK.len(), BYTE_ORDER_MARK.len());
            } else if BYTE_ORDER_MARK.starts_with(&self.buffer) {
                return false;
            }
            self.at_start = false;
        }
        true
    }

    /// Returns the range of the next whole line, without its end.
    fn next_line(&mut self) -> Option<Range<usize>> {
        if self.after_cr {
            let byte = *self.buffer.get(self.line)?;
            self.after_cr = false;
            if byte == b'\n' {
                self.line += 1;
                self.scanned = self.line;
            }
        }
        let unread = self.buffer.get(self.scanned..)?;
        let Some(length) = position_of_line_end(unread) else {
            self.scanned = self.buffer.len();
            return None;
        };
        let end = self.scanned + length;
        self.after_cr = unread.get(length) == Some(&b'\r');
        let line = self.line..end;
        self.line = end + 1;
        self.scanned = self.line;
        Some(line)
    }

    /// Adds a line that is not blank to the pending event.
    fn read_field(&mut self, range: Range<usize>) {
        let Some(line) = self.buffer.get(range.clone()) else { return };
        // Nearly every line is `data: …`, so the colon is expected at this place first.
        let colon = match line.get(4) {
            Some(b':') if line.starts_with(b"data") => Some(4),
            _ => line.iter().position(|byte| *byte == b':'),
        };
        let (name, value) = match colon.and_then(|at| line.split_at_checked(at)) {
            Some((name, value)) => (name, value.get(1..).unwrap_or_default()),
            None => (line, Default::default()),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => {
                let value = range.end - value.len()..range.end;
                self.add_data(value);
            }
            b"event" => {
                self.event.clear();
                self.event.push_str(&String::from_utf8_lossy(value));
            }
            b"id" if !value.contains(&0) => {
                self.id.clear();
                self.id.push_str(&String::from_utf8_lossy(value));
            }
            b"retry" if value.iter().all(u8::is_ascii_digit) => {
                self.retry = std::str::from_utf8(value).ok().and_then(|digits| digits.parse().ok()).or(self.retry);
            }
            _ => {}
        }
    }

    /// Joins a value to the pending data, inside the buffer. The field's name before the value leaves room for the
    /// LF.
    fn add_data(&mut self, value: Range<usize>) {
        match &mut self.data {
            None => self.data = Some(value),
            Some(data) => {
                if let Some(byte) = self.buffer.get_mut(data.end) {
                    *byte = b'\n';
                }
                let length = value.len();
                self.buffer.copy_within(value, data.end + 1);
                data.end += 1 + length;
            }
        }
    }

    fn take_event(&mut self, data: Range<usize>) -> SseEvent<'_> {
        self.returned = true;
        let data = self.buffer.get(data).unwrap_or_default();
        SseEvent { event: &self.event, data, id: &self.id, retry: self.retry }
    }

    fn check_len(&mut self, length: usize, what: &str) -> Result<()> {
        if length <= self.max_event_len {
            return Ok(());
        }
        let limit = self.max_event_len;
        self.over = true;
        self.buffer = Vec::new();
        (self.line, self.scanned, self.data) = (0, 0, None);
        Err(Error::of(
            ErrorKind::Frame,
            format_args!("{what} of the event stream is too long: more than {limit} bytes"),
        ))
    }
}

impl Default for SseDecoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows sizes only, as the buffer holds a conversation.
impl fmt::Debug for SseDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SseDecoder")
            .field("buffered", &(self.buffer.len() - self.line))
            .field("max_event_len", &self.max_event_len)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

/// Returns the position of the first CR or LF. It skips blocks of 16 bytes without one, which the compiler
/// turns into vector instructions.
fn position_of_line_end(bytes: &[u8]) -> Option<usize> {
    let is_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
    let (blocks, _) = bytes.as_chunks::<16>();
    let blocks_before =
        blocks.iter().take_while(|block| !block.iter().fold(false, |found, byte| found | is_end(byte))).count();
    let skipped = blocks_before * 16;
    let rest = bytes.get(skipped..)?.iter().position(is_end)?;
    Some(skipped + rest)
}

#[cfg(test)]
mod tests {
    use super::SseDecoder;

    #[test]
    fn sse_decoder_memory_is_bounded_for_an_event_without_end() {
        for endless in [": comment\n", "unknown: x\n", "retry: 1\r\n", ":\r"] {
            let mut decoder = SseDecoder::new();
            decoder.push(b"data: a\n");
            for _ in 0..10_000 {
                decoder.push(endless.as_bytes());
                assert!(decoder.next_event().unwrap().is_none());
            }
            assert!(decoder.buffer.len() < 100, "{} bytes for {endless:?}", decoder.buffer.len());
            decoder.push(b"data: b\n\n");
            assert_eq!(decoder.next_event().unwrap().unwrap().data(), b"a\nb");
        }
    }
}
