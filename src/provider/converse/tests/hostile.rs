//! Replies that no server would send.

use proptest::prelude::*;

use super::*;
use crate::event::{Accumulator, Events};
use crate::headers::Headers;
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

/// Any JSON that uses texts of the format.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        (-2i64..9).prop_map(Into::into),
        Just(u64::MAX.into()),
        word().prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::Array),
            prop::collection::vec((word(), inner), 0..4).prop_map(|members| {
                serde_json::Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
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
    fn arbitrary_replies_do_not_panic(content in any_json(), rest in any_json()) {
        let whole = serde_json::json!({"output": {"message": {"content": [content]}}, "usage": rest, "stopReason": rest});
        for body in [whole.to_string(), rest.to_string()] {
            if let Ok(message) = Converse.decode(&crate::provider::Call::default(), body.as_bytes(), &Headers::new()) {
                replayed(message);
            }
        }
    }

    #[test]
    fn arbitrary_streams_do_not_panic(events in prop::collection::vec((word(), any_json()), 0..12)) {
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
