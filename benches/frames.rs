//! Splits an event stream into frames with this crate and with `aws-smithy-eventstream`. The stream has a thousand frames
//! of 230 bytes, which arrive in network pieces of 1,400 bytes.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a benchmark may panic, and criterion's macros make public functions"
)]

use std::hint::black_box;

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder, write_message_to};
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bedrock_chat::eventstream::FrameDecoder;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const FRAMES: usize = 1000;
const PIECE: usize = 1400;

/// A chunk of InvokeModel: three headers and 139 bytes of payload.
fn chunk() -> Vec<u8> {
    let payload = format!(r#"{{"bytes":"{}","p":"abcd"}}"#, "eyJ0".repeat(29));
    let mut message = Message::new(payload);
    for (name, value) in [(":event-type", "chunk"), (":content-type", "application/json"), (":message-type", "event")] {
        message = message.add_header(Header::new(name, HeaderValue::String(value.into())));
    }
    let mut bytes = Vec::new();
    write_message_to(&message, &mut bytes).unwrap();
    bytes
}

fn ours(stream: &[u8]) -> usize {
    let mut decoder = FrameDecoder::new();
    let mut bytes = 0;
    for piece in stream.chunks(PIECE) {
        decoder.push(piece);
        while let Some(frame) = decoder.next_frame().unwrap() {
            assert_eq!(black_box(&frame).event_type(), Some("chunk"));
            bytes += frame.payload().len();
        }
    }
    decoder.finish().unwrap();
    bytes
}

fn theirs(stream: &[u8]) -> usize {
    let mut decoder = MessageFrameDecoder::new();
    let mut buffer = bytes::BytesMut::new();
    let mut bytes = 0;
    for piece in stream.chunks(PIECE) {
        buffer.extend_from_slice(piece);
        while let DecodedFrame::Complete(message) = decoder.decode_frame(&mut buffer).unwrap() {
            let event_type = message.headers().iter().find(|header| header.name().as_str() == ":event-type");
            assert_eq!(event_type.unwrap().value().as_string().unwrap().as_str(), "chunk");
            bytes += black_box(&message).payload().len();
        }
    }
    bytes
}

fn frames(criterion: &mut Criterion) {
    let frame = chunk();
    assert_eq!(frame.len(), 230);
    let stream = frame.repeat(FRAMES);
    assert_eq!(ours(&stream), theirs(&stream), "both must do the same work");

    let mut group = criterion.benchmark_group("1000 frames");
    group.throughput(Throughput::Elements(FRAMES as u64));
    group.bench_function("bedrock-chat", |bencher| bencher.iter(|| ours(black_box(&stream))));
    group.bench_function("aws-smithy-eventstream", |bencher| {
        bencher.iter(|| theirs(black_box(&stream)));
    });
    group.finish();
}

criterion_group!(benches, frames);
criterion_main!(benches);
