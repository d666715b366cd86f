//! AWS event streams. Any chunking results in the same frames, and `aws-smithy-eventstream` decodes the same.
//!
//! Input: the size of the pieces; whether the lengths and checksums are made right; the stream. A stream whose
//! checksums are made right is a list of frames: the length of the headers, that of the payload, and both.

use aws_smithy_eventstream::frame::read_message_from;
use aws_smithy_types::event_stream::{Header, HeaderValue as TheirValue, Message};
use bedrock_chat::ErrorKind;
use bedrock_chat::eventstream::{Frame, FrameDecoder, HeaderValue};

use crate::input::{Input, pieces};
use crate::seeds;

/// Checks the invariants on one input.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let size = usize::from(input.byte());
    if !input.flag() {
        let bytes = input.rest();
        assert_same_at_any_size(bytes, size);
        return;
    }
    let mut stream = Vec::new();
    while !input.is_empty() {
        let (headers, payload) = (input.bytes(), input.bytes());
        let frame = frame(&headers, &payload);
        assert_same_as_smithy(&frame);
        stream.extend(frame);
    }
    assert_same_at_any_size(&stream, size);
}

/// Returns recorded streams, and the frames of the tests' vectors.
pub fn seeds() -> Vec<Vec<u8>> {
    let streams = seeds::recorded(4000).into_iter().filter(|call| call.operation.ends_with("-stream"));
    let mut all: Vec<Vec<u8>> = streams.map(|call| [&[7, 0], call.body.as_slice()].concat()).collect();
    let vectors = seeds::json("vectors/eventstream/frames.json");
    for vector in vectors["valid"].as_array().into_iter().flatten() {
        let hex = vector["hex"].as_str().unwrap_or_default().as_bytes();
        let byte = |pair: &[u8]| u8::from_str_radix(&String::from_utf8_lossy(pair), 16).unwrap_or_default();
        let bytes: Vec<u8> = hex.chunks(2).map(byte).collect();
        all.push([&[3, 0], bytes.as_slice()].concat());
        let headers_len = usize::from(bytes[7]);
        if let (Some(headers), true) = (bytes.get(12..12 + headers_len), headers_len < 250) {
            let payload = &bytes[12 + headers_len..bytes.len() - 4];
            let payload = &payload[..payload.len().min(250)];
            all.push([&[3, 1, headers_len as u8], headers, &[payload.len() as u8], payload].concat());
        }
    }
    all
}

/// Builds a frame with right lengths and checksums.
pub(crate) fn frame(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::new();
    frame.extend(((16 + headers.len() + payload.len()) as u32).to_be_bytes());
    frame.extend((headers.len() as u32).to_be_bytes());
    frame.extend(crc32(&frame).to_be_bytes());
    frame.extend(headers);
    frame.extend(payload);
    frame.extend(crc32(&frame).to_be_bytes());
    frame
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

fn assert_same_at_any_size(bytes: &[u8], size: usize) {
    let whole = decode(&[bytes]);
    assert_eq!(decode(&pieces(bytes, size)), whole, "in pieces of {size} bytes");
    assert_eq!(decode(&pieces(bytes, 1)), whole, "byte for byte");
}

/// AWS's decoder refuses an empty string or byte array as the last header, though its own encoder writes them. A
/// flag at the end keeps it from that.
fn assert_same_as_smithy(frame: &[u8]) {
    let headers_len = u32::from_be_bytes([frame[4], frame[5], frame[6], frame[7]]) as usize;
    let headers = [&frame[12..12 + headers_len], b"\x01z\x00"].concat();
    let frame = self::frame(&headers, &frame[12 + headers_len..frame.len() - 4]);
    let ours = decode(&[&frame]);
    match read_message_from(&mut frame.as_slice()) {
        Ok(message) => assert_eq!((ours.0, ours.1), (vec![message], None)),
        Err(error) => assert!(ours.1.is_some(), "smithy refuses it: {error}"),
    }
}

/// Returns the frames, and the kind and text of the error that ends them.
fn decode(pieces: &[&[u8]]) -> (Vec<Message>, Option<(ErrorKind, String)>) {
    let mut decoder = FrameDecoder::new();
    let (mut frames, mut error) = (Vec::new(), None);
    for piece in pieces {
        decoder.push(piece);
        loop {
            match decoder.next_frame() {
                Ok(Some(frame)) => {
                    assert!(error.is_none(), "a frame after an error");
                    frames.push(message(&frame));
                }
                Ok(None) => break,
                Err(found) => assert!(error.replace((found.kind(), found.to_string())).is_none(), "two errors"),
            }
        }
    }
    if let Err(found) = decoder.finish() {
        assert!(error.replace((found.kind(), found.to_string())).is_none(), "a second error at the end");
    }
    assert!(decoder.finish().is_ok(), "the end is reported once");
    (frames, error)
}

/// Returns a frame in the type of AWS's crates.
fn message(frame: &Frame<'_>) -> Message {
    let message = Message::new(frame.payload().to_vec());
    frame.headers().fold(message, |message, (name, value)| {
        let value = match value {
            HeaderValue::Bool(value) => TheirValue::Bool(value),
            HeaderValue::Byte(value) => TheirValue::Byte(value),
            HeaderValue::Int16(value) => TheirValue::Int16(value),
            HeaderValue::Int32(value) => TheirValue::Int32(value),
            HeaderValue::Int64(value) => TheirValue::Int64(value),
            HeaderValue::Bytes(value) => TheirValue::ByteArray(value.to_vec().into()),
            HeaderValue::String(value) => TheirValue::String(value.to_owned().into()),
            HeaderValue::Timestamp(value) => TheirValue::Timestamp(aws_smithy_types::DateTime::from_millis(value)),
            HeaderValue::Uuid(value) => TheirValue::Uuid(u128::from_be_bytes(value)),
        };
        message.add_header(Header::new(name.to_owned(), value))
    })
}
