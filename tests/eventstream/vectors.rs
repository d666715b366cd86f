//! Frames from other projects, valid and corrupt.

use aws_smithy_eventstream::frame::read_message_from;
use bedrock_chat::ErrorKind;
use bedrock_chat::eventstream::{FrameDecoder, HeaderValue};
use serde_json::Value;

use crate::{decode, message, repair};

pub(crate) struct Vector {
    name: String,
    pub(crate) bytes: Vec<u8>,
    json: Value,
}

pub(crate) fn valid() -> Vec<Vector> {
    vectors("valid")
}

fn vectors(group: &str) -> Vec<Vector> {
    let file: Value = serde_json::from_str(include_str!("../vectors/eventstream/frames.json")).unwrap();
    let vectors = file[group].as_array().unwrap().iter().map(|json| {
        let hex = json["hex"].as_str().unwrap();
        Vector {
            name: json["name"].as_str().unwrap().to_owned(),
            bytes: (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect(),
            json: json.clone(),
        }
    });
    vectors.collect()
}

#[test]
fn frame_vectors_have_their_headers_and_payload() {
    let vectors = valid();
    assert_eq!(vectors.len(), 7);
    for vector in &vectors {
        let mut decoder = FrameDecoder::new();
        decoder.push(&vector.bytes);
        let frame = decoder.next_frame().unwrap().unwrap();
        assert_eq!(frame.payload(), vector.json["payload"].as_str().unwrap().as_bytes());
        for (read, expected) in frame.headers().zip(vector.json["headers"].as_array().into_iter().flatten()) {
            let value = HeaderValue::String(expected[1].as_str().unwrap());
            assert_eq!(read, (expected[0].as_str().unwrap(), value), "{}", vector.name);
        }
        let judged = read_message_from(&mut vector.bytes.as_slice()).unwrap();
        assert_eq!(message(&frame), judged, "{}", vector.name);
        assert!(decoder.next_frame().unwrap().is_none());
        decoder.finish().unwrap();
    }
}

#[test]
fn frame_getters_read_an_event() {
    let mut decoder = FrameDecoder::new();
    decoder.push(&valid()[0].bytes);
    let frame = decoder.next_frame().unwrap().unwrap();
    assert_eq!(frame.message_type(), Some("event"));
    assert_eq!(frame.event_type(), Some("chunk"));
    assert_eq!(frame.content_type(), Some("application/json"));
    assert_eq!((frame.exception_type(), frame.error_code(), frame.error_message()), (None, None, None));
}

#[test]
fn frame_getters_read_an_exception() {
    let mut decoder = FrameDecoder::new();
    decoder.push(&valid()[2].bytes);
    let frame = decoder.next_frame().unwrap().unwrap();
    assert_eq!(frame.message_type(), Some("exception"));
    assert_eq!(frame.exception_type(), Some("throttlingException"));
    assert_eq!(frame.event_type(), None);
}

#[test]
fn corrupt_frame_vectors_are_refused() {
    let vectors = vectors("corrupt");
    assert_eq!(vectors.len(), 8);
    for vector in &vectors {
        let refused = |bytes: &[u8], fault: &Value| {
            let outcome = decode([bytes]);
            assert!(outcome.frames.is_empty());
            let (kind, text) = outcome.error.unwrap();
            assert_eq!(kind, ErrorKind::Frame);
            assert!(text.contains(fault.as_str().unwrap()), "{}: {text}", vector.name);
        };
        refused(&vector.bytes, &vector.json["error"]);
        if let Some(fault) = vector.json.get("error_with_right_checksums") {
            let mut bytes = vector.bytes.clone();
            let len = u32::from_be_bytes(bytes[..4].try_into().unwrap());
            repair(&mut bytes[..usize::try_from(len).unwrap()]);
            refused(&bytes, fault);
        }
    }
}
