//! The event-stream decoder: public frames, every way of cutting a stream, every way of breaking one, and properties
//! compared with the `aws-smithy-eventstream` crate.

// Clippy exempts only `#[test]` functions, and these files have helpers too.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod chunking;
mod hostile;
mod properties;
mod vectors;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::DateTime;
use aws_smithy_types::event_stream::{Header, HeaderValue as AwsValue, Message};
use bedrock_chat::ErrorKind;
use bedrock_chat::eventstream::{Frame, FrameDecoder, HeaderValue};

/// The result of a stream: its frames in the form of `aws-smithy-types`, and the error if there is one.
#[derive(Debug, PartialEq)]
struct Outcome {
    frames: Vec<Message>,
    error: Option<(ErrorKind, String)>,
}

impl Outcome {
    fn error_kind(&self) -> Option<ErrorKind> {
        self.error.as_ref().map(|(kind, _)| *kind)
    }
}

/// Decodes the pieces as a client would, and checks that an error is the last result.
fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut decoder = FrameDecoder::new();
    let mut outcome = Outcome { frames: Vec::new(), error: None };
    for piece in pieces {
        decoder.push(piece);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => {
                    assert!(outcome.error.is_none(), "a frame after an error");
                    outcome.frames.push(message(&frame));
                }
                Ok(None) => break,
                Err(error) => {
                    assert!(outcome.error.is_none(), "a second error");
                    outcome.error = Some((error.kind(), error.to_string()));
                }
            }
        }
    }
    if let Err(error) = decoder.finish() {
        assert!(outcome.error.is_none(), "a second error, at the end");
        outcome.error = Some((error.kind(), error.to_string()));
    }
    assert!(decoder.finish().is_ok(), "the end is reported once");
    assert!(decoder.next_frame().unwrap().is_none());
    outcome
}

/// Converts a frame to the type of the AWS crates.
fn message(frame: &Frame<'_>) -> Message {
    let mut message = Message::new(frame.payload().to_vec());
    for (name, value) in frame.headers() {
        let value = match value {
            HeaderValue::Bool(value) => AwsValue::Bool(value),
            HeaderValue::Byte(value) => AwsValue::Byte(value),
            HeaderValue::Int16(value) => AwsValue::Int16(value),
            HeaderValue::Int32(value) => AwsValue::Int32(value),
            HeaderValue::Int64(value) => AwsValue::Int64(value),
            HeaderValue::Bytes(value) => AwsValue::ByteArray(value.to_vec().into()),
            HeaderValue::String(value) => AwsValue::String(value.to_owned().into()),
            HeaderValue::Timestamp(value) => AwsValue::Timestamp(DateTime::from_millis(value)),
            HeaderValue::Uuid(value) => AwsValue::Uuid(u128::from_be_bytes(value)),
        };
        message = message.add_header(Header::new(name.to_owned(), value));
    }
    message
}

fn encode(message: &Message) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_message_to(message, &mut bytes).unwrap();
    bytes
}

/// Builds a frame by hand, with any lengths and headers and with valid checksums.
fn frame_of(total_len: u32, headers_len: u32, rest: &[u8]) -> Vec<u8> {
    let mut bytes = [total_len.to_be_bytes(), headers_len.to_be_bytes(), [0; 4]].concat();
    bytes.extend_from_slice(rest);
    bytes.extend_from_slice(&[0; 4]);
    repair(&mut bytes);
    bytes
}

/// A frame with these bytes as its headers.
fn frame_with_headers(headers: &[u8]) -> Vec<u8> {
    let len = u32::try_from(headers.len()).unwrap();
    frame_of(len + 16, len, headers)
}

/// Sets both checksums of a frame to the computed values.
fn repair(frame: &mut [u8]) {
    let prelude = crc32fast::hash(&frame[..8]);
    frame[8..12].copy_from_slice(&prelude.to_be_bytes());
    let end = frame.len() - 4;
    let whole = crc32fast::hash(&frame[..end]);
    frame[end..].copy_from_slice(&whole.to_be_bytes());
}

/// The frame of the acceptance tests: an InvokeModel chunk of 230 bytes.
fn chunk() -> Vec<u8> {
    vectors::valid()[0].bytes.clone()
}

/// Three frames: a chunk, a frame with every type of header, an exception.
fn stream() -> Vec<u8> {
    let valid = vectors::valid();
    [&valid[0], valid.last().unwrap(), &valid[2]].map(|vector| vector.bytes.clone()).concat()
}

/// A small repeatable source of random numbers (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % limit.max(1)
    }
}
