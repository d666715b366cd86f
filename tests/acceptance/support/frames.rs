//! Frames, encoded by `aws-smithy-eventstream`.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use serde_json::{Value, json};

/// A frame with string headers.
pub(crate) fn frame(headers: &[(&str, &str)], payload: impl AsRef<[u8]>) -> Vec<u8> {
    let mut message = Message::new(payload.as_ref().to_vec());
    for (name, value) in headers {
        message = message.add_header(Header::new((*name).to_owned(), HeaderValue::String((*value).to_owned().into())));
    }
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes
}

/// An event of any type.
pub(crate) fn event(event_type: &str, payload: &Value) -> Vec<u8> {
    let headers = [(":event-type", event_type), (":content-type", "application/json"), (":message-type", "event")];
    frame(&headers, payload.to_string())
}

/// A chunk of InvokeModel with a model's JSON in it.
pub(crate) fn chunk(json: &Value) -> Vec<u8> {
    let bytes = aws_smithy_types::base64::encode(json.to_string());
    event("chunk", &json!({"bytes": bytes, "p": "abcd"}))
}

/// A whole stream of chunks.
pub(crate) fn chunks(all: &[Value]) -> Vec<u8> {
    all.iter().flat_map(chunk).collect()
}

/// Returns the ranges of the frames in a stream.
pub(crate) fn frames_of(stream: &[u8]) -> Vec<std::ops::Range<usize>> {
    let mut frames = Vec::new();
    let mut at = 0;
    while let Some(length) = stream.get(at..at + 4) {
        let length = u32::from_be_bytes(length.try_into().unwrap()) as usize;
        frames.push(at..at + length);
        at += length;
    }
    assert_eq!(at, stream.len(), "whole frames");
    frames
}

/// The bytes of a vector, a file of hexadecimal digits.
pub(crate) fn vector(hex: &str) -> Vec<u8> {
    let hex = hex.trim();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}
