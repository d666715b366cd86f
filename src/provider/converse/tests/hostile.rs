//! Replies that no server would send.

use proptest::prelude::*;

use super::*;
use crate::event::{Accumulator, Events};
use crate::headers::Headers;
use crate::json::arbitrary::any_json;
use crate::message::AiMessage;
use crate::provider::StreamDecoder;

/// Texts that have a meaning somewhere in the format, and some without a meaning.
const WORDS: &[&str] = &[
    "output",
    "message",
    "content",
    "role",
    "text",
    "toolUse",
    "toolUseId",
    "name",
    "input",
    "type",
    "toolResult",
    "reasoningContent",
    "reasoningText",
    "signature",
    "redactedContent",
    "citationsContent",
    "citations",
    "citation",
    "image",
    "audio",
    "video",
    "format",
    "source",
    "bytes",
    "s3Location",
    "uri",
    "error",
    "usage",
    "inputTokens",
    "cacheDetails",
    "ttl",
    "5m",
    "stopReason",
    "max_tokens",
    "additionalModelResponseFields",
    "delta",
    "start",
    "contentBlockIndex",
    "stop_sequence",
    "messageStop",
    "contentBlockStart",
    "contentBlockDelta",
    "contentBlockStop",
    "metadata",
    "amazon-bedrock-guardrailAction",
    "INTERVENED",
    "png",
    "AQID",
    "AQ==",
    "!",
    "{\"x\":",
    "future",
    "",
];

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(WORDS)
}

/// Asserts that a message can be replayed, or is refused with a reason.
fn replayed(message: AiMessage) {
    let messages = [Message::human("a"), message.into(), Message::human("b")];
    for codec in [&Converse as &dyn Codec, &Nova] {
        if let Ok(body) = encoded(codec, NOVA, &messages, &ChatOptions::default()) {
            assert!(body.view().get("messages").is_some());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_replies_do_not_panic(content in any_json(WORDS), rest in any_json(WORDS)) {
        let whole = serde_json::json!({"output": {"message": {"content": [content]}}, "usage": rest, "stopReason": rest});
        for body in [whole.to_string(), rest.to_string()] {
            if let Ok(message) = Converse.decode(&crate::provider::Call::default(), body.as_bytes(), &Headers::new()) {
                replayed(message);
            }
        }
    }

    #[test]
    fn arbitrary_streams_do_not_panic(events in prop::collection::vec((word(), any_json(WORDS)), 0..12)) {
        let mut chunks = crate::provider::converse::stream::NovaDecoder::default();
        let (mut out, mut counts) = (Events::default(), crate::provider::invoke::Counts::default());
        for (name, payload) in events {
            let chunk = self::json(&serde_json::json!({ name: payload }).to_string());
            if crate::provider::invoke::ChunkDecoder::chunk(&mut chunks, chunk.view(), &mut counts, &mut out).is_err() {
                break;
            }
        }
        let mut accumulator = Accumulator::new();
        accumulator.extend(&mut out);
        replayed(accumulator.clone().partial());
        replayed(accumulator.finish());
    }
}

#[test]
fn stream_without_events_is_truncated() {
    for codec in [&Converse as &dyn Codec, &Nova] {
        let mut decoder: Box<dyn StreamDecoder> = codec.stream(&crate::provider::Call::default());
        assert_eq!(decoder.finish(&mut Events::default()).unwrap_err().kind(), crate::error::ErrorKind::Truncated);
    }
}
