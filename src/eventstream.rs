//! AWS event streams (`application/vnd.amazon.eventstream`): bytes in, frames out.
//!
//! A frame is, with all numbers big-endian:
//!
//! ```text
//! total_len u32 | headers_len u32 | CRC-32 of these 8 bytes | headers | payload | CRC-32 of all before
//! ```
//!
//! [`FrameDecoder`] accepts bytes in pieces of any size, and returns each frame once it is complete and
//! verified. It copies each byte once, allocates nothing per frame, and trusts no length before its checksum. A
//! stream ends in one of these ways:
//!
//! | input | result |
//! |---|---|
//! | a frame with a wrong checksum, length or header | one [`ErrorKind::Frame`] error, then `None` |
//! | the end, between frames | [`finish`](FrameDecoder::finish) is `Ok` |
//! | the end, inside a frame | [`finish`](FrameDecoder::finish) is an [`ErrorKind::Truncated`] error |
//!
//! The decoder does not interpret frames: exceptions, unknown events and a missing last event are left to its
//! caller.
//!
//! [`ErrorKind::Frame`]: crate::ErrorKind::Frame
//! [`ErrorKind::Truncated`]: crate::ErrorKind::Truncated

mod frame;
mod header;

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::platform::crc32;
pub use frame::Frame;
pub use header::{FrameHeaders, HeaderValue};

/// The length of the prelude: both lengths and their checksum.
const PRELUDE_LEN: usize = 12;

/// The length of the checksum at the end.
const TRAILER_LEN: usize = 4;

/// The default maximum length of a frame, 16 MiB: see [`FrameDecoder::with_max_frame_len`]. A frame of a chat
/// is a few hundred bytes.
pub const DEFAULT_MAX_FRAME_LEN: usize = 16 * 1024 * 1024;

/// A decoder that splits a stream of bytes into frames.
///
/// ```
/// use bedrock_chat::eventstream::FrameDecoder;
///
/// fn count_events(pieces: &[&[u8]]) -> bedrock_chat::Result<usize> {
///     let mut decoder = FrameDecoder::new();
///     let mut events = 0;
///     for piece in pieces {
///         decoder.push(piece);
///         while let Some(frame) = decoder.next_frame()? {
///             events += usize::from(frame.message_type() == Some("event"));
///         }
///     }
///     decoder.finish()?;
///     Ok(events)
/// }
/// assert_eq!(count_events(&[])?, 0);
/// assert_eq!(count_events(&[b"\0\0\0"]).unwrap_err().kind(), bedrock_chat::ErrorKind::Truncated);
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
pub struct FrameDecoder {
    buffer: Vec<u8>,
    /// The position of the first byte that was not returned in a frame yet; never past the end.
    start: usize,
    /// The lengths of the frame that begins at `start`, once they are verified.
    prelude: Option<Prelude>,
    max_frame_len: usize,
    /// Whether an error was reported.
    over: bool,
}

#[derive(Clone, Copy)]
struct Prelude {
    frame_len: usize,
    headers_len: usize,
}

impl FrameDecoder {
    /// Creates a decoder for frames of up to [`DEFAULT_MAX_FRAME_LEN`] bytes.
    #[must_use]
    pub fn new() -> Self {
        FrameDecoder { buffer: Vec::new(), start: 0, prelude: None, max_frame_len: DEFAULT_MAX_FRAME_LEN, over: false }
    }

    /// Sets the maximum length of a frame in bytes, headers and checksums included. Defaults to
    /// [`DEFAULT_MAX_FRAME_LEN`].
    ///
    /// The decoder holds at most one incomplete frame, so this limits its memory.
    #[must_use]
    pub fn with_max_frame_len(self, max_frame_len: usize) -> Self {
        FrameDecoder { max_frame_len, ..self }
    }

    /// Adds the next bytes of the stream, possibly none. After an error they are ignored.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.over {
            return;
        }
        // Making room moves the bytes that are left. It is done only when at least as many were returned since
        // the last time, so every byte is moved about once at most.
        if self.start >= self.buffer.len() - self.start {
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Returns the next complete frame, or `None` if more bytes are needed. Call it until it returns `None`
    /// after each [`push`](Self::push).
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Frame`] for a corrupt frame: a wrong checksum, an impossible length, a length above the
    /// limit, or an unreadable header. Lengths are checked as soon as the first 12 bytes are there. The error
    /// is reported once. As the start of the next frame is unknown, the decoder returns `None` from then on.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>> {
        let unread = self.buffer.get(self.start..).unwrap_or_default();
        let prelude = match (self.prelude, unread.first_chunk()) {
            (Some(prelude), _) => prelude,
            (None, None) => return Ok(None),
            (None, Some(bytes)) => match read_prelude(bytes, self.max_frame_len) {
                Ok(prelude) => *self.prelude.insert(prelude),
                Err(error) => return Err(self.give_up(error)),
            },
        };
        let Some(frame) = unread.get(..prelude.frame_len) else {
            return Ok(None);
        };
        if let Err(error) = check_frame(frame, prelude.headers_len) {
            return Err(self.give_up(error));
        }
        let begin = self.start;
        self.start += prelude.frame_len;
        self.prelude = None;
        let (headers, payload) = self
            .buffer
            .get(begin..self.start)
            .and_then(|frame| split_frame(frame, prelude.headers_len))
            .unwrap_or_default();
        Ok(Some(Frame::new(headers, payload)))
    }

    /// Checks that the stream ended between frames. Call it when [`next_frame`](Self::next_frame) has no more
    /// frames.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Truncated`] if bytes are left over: the connection was lost inside a frame. Like
    /// any error, it is reported once.
    pub fn finish(&mut self) -> Result<()> {
        let left = self.buffer.len() - self.start;
        if left == 0 {
            return Ok(());
        }
        let of = match self.prelude {
            Some(prelude) => format!("of {}", prelude.frame_len),
            None => "of unknown length".to_owned(),
        };
        Err(self.give_up(Error::of(
            ErrorKind::Truncated,
            format_args!("event stream ended inside a frame, after {left} bytes {of}: the connection was cut, the response is incomplete"),
        )))
    }

    /// Drops all bytes, as nothing after a corrupt frame can be trusted.
    #[cold]
    fn give_up(&mut self, error: Error) -> Error {
        self.over = true;
        self.buffer = Vec::new();
        self.start = 0;
        self.prelude = None;
        error
    }
}

impl Default for FrameDecoder {
    fn default() -> Self {
        Self::new()
    }
}

/// Prints sizes only, as the buffer holds a conversation.
impl fmt::Debug for FrameDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameDecoder")
            .field("buffered", &(self.buffer.len() - self.start))
            .field("max_frame_len", &self.max_frame_len)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

fn read_prelude(bytes: &[u8; PRELUDE_LEN], max_frame_len: usize) -> Result<Prelude> {
    let [t0, t1, t2, t3, h0, h1, h2, h3, checksum @ ..] = *bytes;
    let lengths = [t0, t1, t2, t3, h0, h1, h2, h3];
    let (computed, found) = (crc32(&lengths), u32::from_be_bytes(checksum));
    if computed != found {
        let hint = if bytes.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()) {
            "; the bytes are text, so the server may not be Bedrock"
        } else {
            ""
        };
        return Err(corrupt(format!("checksum of the lengths is {computed:#010x}, expected {found:#010x}{hint}")));
    }
    let frame_len = u32::from_be_bytes([t0, t1, t2, t3]) as usize;
    let headers_len = u32::from_be_bytes([h0, h1, h2, h3]) as usize;
    let Some(space) = frame_len.checked_sub(PRELUDE_LEN + TRAILER_LEN) else {
        return Err(corrupt(format!("frame length is {frame_len}, the minimum is 16")));
    };
    if frame_len > max_frame_len {
        return Err(corrupt(format!("frame length is {frame_len}, the limit is {max_frame_len}")));
    }
    if headers_len > space {
        return Err(corrupt(format!("headers length is {headers_len} in a frame of {frame_len} bytes")));
    }
    Ok(Prelude { frame_len, headers_len })
}

/// Checks the rest of a frame whose prelude is verified.
fn check_frame(frame: &[u8], headers_len: usize) -> Result<()> {
    if let Some((checked, checksum)) = frame.split_last_chunk() {
        let (computed, found) = (crc32(checked), u32::from_be_bytes(*checksum));
        if computed != found {
            return Err(corrupt(format!(
                "checksum of a frame of {} bytes is {computed:#010x}, expected {found:#010x}",
                frame.len()
            )));
        }
    }
    let (headers, _) = split_frame(frame, headers_len).unwrap_or_default();
    header::check(headers)
}

/// Returns headers and payload of a frame; never `None` once the prelude is verified.
fn split_frame(frame: &[u8], headers_len: usize) -> Option<(&[u8], &[u8])> {
    let (_, rest) = frame.split_first_chunk::<PRELUDE_LEN>()?;
    let (rest, _) = rest.split_last_chunk::<TRAILER_LEN>()?;
    rest.split_at_checked(headers_len)
}

#[cold]
fn corrupt(what: String) -> Error {
    Error::of(ErrorKind::Frame, format_args!("corrupt event stream: {what}"))
}

#[cfg(test)]
mod tests {
    use super::{FrameDecoder, crc32};

    /// Returns the shortest frame: 16 bytes without headers and payload.
    fn empty_frame() -> Vec<u8> {
        let mut frame = [16_u32.to_be_bytes(), 0_u32.to_be_bytes()].concat();
        for _ in 0..2 {
            frame.extend(crc32(&frame).to_be_bytes());
        }
        frame
    }

    /// If `push` moved the unread bytes each time, reading from a large buffer would take quadratic time.
    #[test]
    fn frame_decoder_push_moves_each_byte_once_at_most() {
        let frame = empty_frame();
        let mut decoder = FrameDecoder::new();
        decoder.push(&frame.repeat(1000));
        let (mut pushed, mut moved) = (frame.len() * 1000, 0);
        for _ in 0..3000 {
            assert!(decoder.next_frame().unwrap().is_some());
            let (start, unread) = (decoder.start, decoder.buffer.len() - decoder.start);
            decoder.push(&frame);
            pushed += frame.len();
            if decoder.start < start {
                moved += unread;
            }
        }
        assert!(moved > 0 && moved <= pushed, "{moved} bytes moved of {pushed}");
    }
}
