//! Tests of answers that pass to the client.

use super::super::relay::{StreamRelay, WholeRelay};
use crate::error::{ErrorKind, Result};
use crate::gateway::dialect::Relay;
use crate::testing::Reply;

const CHUNKS: &[&str] = &[
    r#"{"type":"message_start","message":{"id":"msg_1","usage":{"input_tokens":3,"cache_read_input_tokens":20,"cache_creation_input_tokens":100,"cache_creation":{"ephemeral_5m_input_tokens":40,"ephemeral_1h_input_tokens":60},"output_tokens":1}}}"#,
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
    r#"{ "index":0, "type" : "content_block_delta","delta":{"type":"text_delta","text":"h\u00e9 \/ 😀"}}"#,
    "{\"type\":\"content_block_delta\",\n \"index\":0,\r\n\"delta\":{\"type\":\"text_delta\",\"text\":\"b\"}}",
    r#"{"type":"content_block_stop","index":0}"#,
    r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":9,"output_tokens_details":{"thinking_tokens":4}}}"#,
    r#"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":3,"outputTokenCount":10}}"#,
];

fn relayed(relay: &mut dyn Relay, pieces: &[&[u8]]) -> (String, Result<()>) {
    let mut out = Vec::new();
    let mut pushed = Ok(());
    for piece in pieces {
        pushed = pushed.and_then(|()| relay.push(piece, &mut out));
    }
    let finished = pushed.and_then(|()| relay.finish(&mut out));
    (String::from_utf8(out).unwrap(), finished)
}

fn expected() -> String {
    let event = |kind: &str, data: &str| format!("event: {kind}\ndata: {data}\n\n");
    let kinds = [
        "message_start",
        "content_block_start",
        "content_block_delta",
        "content_block_delta",
        "content_block_stop",
        "message_delta",
        "message_stop",
    ];
    let lines = |chunk: &str| chunk.replace(['\n', '\r'], "\ndata: ");
    kinds.iter().zip(CHUNKS).map(|(kind, chunk)| event(kind, &lines(chunk))).collect()
}

#[test]
fn relayed_stream_has_the_bytes_of_every_chunk() {
    let bytes = Reply::chunks(CHUNKS.iter().copied()).bytes();
    for size in [1, 2, 3, 7, 64, 1000, bytes.len()] {
        let mut relay = StreamRelay::default();
        let pieces: Vec<&[u8]> = bytes.chunks(size).collect();
        let (out, finished) = relayed(&mut relay, &pieces);
        assert_eq!(out, expected(), "{size}");
        finished.unwrap();
        let usage = relay.used().usage;
        let cache = usage.input_token_details;
        assert_eq!((usage.input_tokens, usage.output_tokens, usage.output_token_details.reasoning), (123, 10, 4));
        assert_eq!((cache.cache_read, cache.cache_creation), (20, 100));
        assert_eq!((cache.cache_creation_5m, cache.cache_creation_1h), (40, 60));
    }
}

#[test]
fn relayed_stream_is_the_same_for_every_split() {
    let bytes = Reply::chunks(CHUNKS.iter().copied()).bytes();
    for at in 0..=bytes.len() {
        let (head, tail) = bytes.split_at(at);
        let mut relay = StreamRelay::default();
        let (out, finished) = relayed(&mut relay, &[head, tail]);
        assert!(finished.is_ok() && out == expected(), "{at}");
    }
}

#[test]
fn relayed_stream_that_is_cut_is_truncated() {
    let bytes = Reply::chunks(CHUNKS.iter().copied()).bytes();
    for at in (0..bytes.len()).step_by(13).chain([bytes.len() - 1]) {
        let (out, finished) = relayed(&mut StreamRelay::default(), &[&bytes[..at]]);
        assert_eq!(finished.unwrap_err().kind(), ErrorKind::Truncated, "{at}");
        assert!(expected().starts_with(&out) && !out.contains("message_stop"), "{at}");
    }
    let (_, inside) = relayed(&mut StreamRelay::default(), &[&bytes[..bytes.len() - 1]]);
    assert!(inside.unwrap_err().message().contains("inside a frame"));
    // After `message_stop`, nothing is missing.
    let (out, finished) = relayed(&mut StreamRelay::default(), &[&bytes, &bytes[..20]]);
    assert!(finished.is_ok() && out == expected());
    let unended = Reply::chunks(CHUNKS[..6].iter().copied()).bytes();
    let (_, finished) = relayed(&mut StreamRelay::default(), &[&unended]);
    assert_eq!(finished.unwrap_err().kind(), ErrorKind::Truncated);
}

#[test]
fn relayed_stream_with_an_exception_or_error_event_fails() {
    let throttled = Reply::chunks(CHUNKS[..2].iter().copied())
        .with_exception("throttlingException", r#"{"message":"Too many tokens"}"#);
    let (out, finished) = relayed(&mut StreamRelay::default(), &[&throttled.bytes()]);
    let error = finished.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Throttled, "Too many tokens"));
    assert!(out.ends_with("\n\n") && out.contains("content_block_start"), "{out}");
    let event = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let (out, finished) = relayed(&mut StreamRelay::default(), &[&Reply::chunks([event]).bytes()]);
    assert!(finished.unwrap_err().message().contains("Overloaded") && out.is_empty(), "{out}");
}

#[test]
fn relayed_stream_skips_heartbeats_and_events_of_the_service() {
    let chunk = |json: &str| {
        let mut payload = String::from("{\"p\":\"abc\",\"bytes\":\"");
        crate::base64::encode(json.as_bytes(), &mut payload);
        ("chunk", payload + "\"}")
    };
    let metrics = r#"{"amazon-bedrock-invocationMetrics":{"inputTokenCount":5,"outputTokenCount":6}}"#;
    let events = [
        ("chunk", String::new()),
        ("other", "{}".to_owned()),
        ("chunk", "{\"p\":1}".to_owned()),
        chunk(r#"{"type":"ping"}"#),
        chunk(metrics),
        chunk(r#"{"type":"message_stop"}"#),
    ];
    let mut relay = StreamRelay::default();
    let (out, finished) = relayed(&mut relay, &[&Reply::events(events).bytes()]);
    finished.unwrap();
    assert_eq!(
        out,
        "event: ping\ndata: {\"type\":\"ping\"}\n\nevent: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"
    );
    assert_eq!((relay.used().usage.input_tokens, relay.used().usage.output_tokens), (5, 6));
}

#[test]
fn relayed_stream_that_is_corrupt_fails() {
    let mut bytes = Reply::chunks(CHUNKS.iter().copied()).bytes();
    let last = bytes.len() - 20;
    bytes[last] ^= 1;
    let (out, finished) = relayed(&mut StreamRelay::default(), &[&bytes]);
    assert_eq!(finished.unwrap_err().kind(), ErrorKind::Frame);
    assert!(expected().starts_with(&out));
}

#[test]
fn relayed_answer_has_the_same_bytes_and_its_usage() {
    let body = r#" { "type":"message","content":[],"usage":{"input_tokens":4,"output_tokens":5} }"#;
    let (head, tail) = body.split_at(20);
    for pieces in [vec![body.as_bytes()], vec![head.as_bytes(), tail.as_bytes()]] {
        let mut relay = WholeRelay::default();
        let (out, finished) = relayed(&mut relay, &pieces);
        finished.unwrap();
        assert_eq!(out, body);
        assert_eq!((relay.used().usage.input_tokens, relay.used().usage.output_tokens), (4, 5));
    }
    let (out, finished) = relayed(&mut WholeRelay::default(), &[head.as_bytes()]);
    assert!(finished.is_err() && out.is_empty());
    let error = br#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let (out, finished) = relayed(&mut WholeRelay::default(), &[error]);
    assert!(finished.unwrap_err().message().contains("Overloaded") && out.is_empty());
}
