//! Whole replies, of Converse and of Nova.

use super::*;
use crate::error::ErrorKind;
use crate::headers::Headers;
use crate::message::{AiMessage, Media, MediaSource, RedactedThinking, StopReason, Text, Thinking, ToolCall};
use crate::request::Tool;

fn answer(body: &str) -> AiMessage {
    Converse.decode(&crate::provider::Call::default(), body.as_bytes(), &Headers::new()).unwrap()
}

/// Returns the blocks of a reply.
fn blocks(content: &str) -> Vec<Content> {
    answer(&format!(r#"{{"output":{{"message":{{"role":"assistant","content":{content}}}}}}}"#)).content
}

#[test]
fn reply_blocks_of_known_types_are_read() {
    let content = blocks(
        r#"[
        {"reasoningContent":{"reasoningText":{"text":"hm","signature":"s"}}},
        {"reasoningContent":{"redactedContent":"EmwK"}},
        {"text":"a"},
        {"citationsContent":{"content":[{"text":"Gre"},{"text":"en"}],"citations":[{"title":"Doc"}]}},
        {"toolUse":{"toolUseId":"t1","name":"f","input":{"x":1}}},
        {"toolUse":{"toolUseId":"t2","name":"g"}},
        {"image":{"format":"png","source":{"bytes":"AQID"}}},
        {"audio":{"format":"mp3","source":{"s3Location":{"uri":"s3://b/k","bucketOwner":"1"}}}},
        {"video":{"format":"three_gp","source":{"bytes":"AQID"}}}
    ]"#,
    );
    let bytes = || MediaSource::Base64("AQID".into());
    let s3 = MediaSource::S3 { uri: "s3://b/k".into(), bucket_owner: Some("1".into()) };
    let expected = [
        Content::Thinking(Thinking { text: "hm".into(), signature: Some("s".into()), ..Thinking::default() }),
        Content::RedactedThinking(RedactedThinking { data: "EmwK".into() }),
        Content::text("a"),
        Content::Text(Text { text: "Green".into(), citations: vec![json(r#"{"title":"Doc"}"#)], ..Text::default() }),
        Content::ToolCall(ToolCall::new("t1", "f", json(r#"{"x":1}"#))),
        Content::ToolCall(ToolCall::new("t2", "g", Json::empty_object())),
        Content::Image(Media::new("image/png", bytes())),
        Content::Audio(Media::new("audio/mpeg", s3)),
        Content::Video(Media::new("video/3gpp", bytes())),
    ];
    assert_eq!(content, expected);
}

#[test]
fn unknown_and_incomplete_blocks_stay_raw() {
    for block in [
        r#"{"futureBlock":{"x":1}}"#,
        r#"{"toolUse":{"toolUseId":"s","name":"nova_grounding","input":{},"type":"server_tool_use"}}"#,
        r#"{"toolResult":{"toolUseId":"s","content":[{"text":"r"}],"type":"nova_grounding_result"}}"#,
        r#"{"image":{"format":"png","error":{"message":"filtered"}}}"#,
        r#"{"image":{"format":"tiff","source":{"bytes":"AQID"}}}"#,
        r#"{"citationsContent":{"content":[{"future":1}],"citations":[]}}"#,
        r#"{"reasoningContent":{"future":1}}"#,
    ] {
        assert_eq!(blocks(&format!("[{block}]")), [Content::raw(json(block))]);
    }
    assert_eq!(blocks("[]"), []);
}

#[test]
fn reply_blocks_are_replayed_unchanged() {
    let content = r#"[
        {"reasoningContent":{"reasoningText":{"text":"hm","signature":"s"}}},
        {"reasoningContent":{"redactedContent":"EmwK"}},
        {"citationsContent":{"content":[{"text":"Green"}],"citations":[{"title":"Doc","source":"x"}]}},
        {"image":{"format":"jpeg","source":{"bytes":"AQID"}}},
        {"toolUse":{"toolUseId":"s","name":"g","input":{},"type":"server_tool_use"}},
        {"futureBlock":{"x":1}},
        {"text":"a"}
    ]"#;
    let reply = AiMessage { content: blocks(content), ..AiMessage::default() };
    let options = ChatOptions { tools: vec![Tool::new("g", "d", Json::empty_object())], ..ChatOptions::default() };
    let body = body(CLAUDE, &[Message::human("a"), reply.into(), Message::human("b")], &options);
    assert_eq!(member(&body, &["messages", "1", "content"]), json(content));
}

#[test]
fn usage_counts_cache_tokens_by_ttl() {
    let reply = answer(
        r#"{"output":{"message":{"role":"assistant","content":[{"text":"a"}]}},"stopReason":"end_turn",
        "usage":{"inputTokens":3,"outputTokens":50,"totalTokens":8007,"cacheReadInputTokens":7854,
        "cacheReadInputTokenCount":7854,"cacheWriteInputTokens":100,"serverToolUsage":{},
        "cacheDetails":[{"ttl":"1h","inputTokens":70},{"ttl":"5m","inputTokens":30}]}}"#,
    );
    let usage = reply.usage.unwrap();
    assert_eq!((usage.input_tokens, usage.output_tokens, usage.total_tokens()), (7957, 50, 8007));
    let details = usage.input_token_details;
    assert_eq!((details.cache_read, details.cache_creation), (7854, 100));
    assert_eq!((details.cache_creation_1h, details.cache_creation_5m), (70, 30));
    assert!(reply.metadata("usage").unwrap().view().get("serverToolUsage").is_some());
}

#[test]
fn unknown_fields_of_a_reply_are_metadata() {
    let reply = answer(
        r#"{"output":{"message":{"role":"assistant","content":[],"note":1},"more":2},"stopReason":"brand_new",
        "metrics":{"latencyMs":712},"trace":{"guardrail":{"actionReason":"x"}},"performanceConfig":{"latency":"standard"},
        "serviceTier":{"type":"flex"},"additionalModelResponseFields":{"delta":{"stop_sequence":"END"}},
        "nothing":null,"future":[1]}"#,
    );
    assert_eq!(reply.stop_reason, Some(StopReason::Other("brand_new".into())));
    assert_eq!(reply.stop_sequence.as_deref(), Some("END"));
    let keys: Vec<_> = reply.response_metadata.iter().map(|(key, _)| key.as_str()).collect();
    let expected =
        "more note stop_reason metrics trace performanceConfig serviceTier additionalModelResponseFields future";
    assert_eq!(keys, expected.split(' ').collect::<Vec<_>>());
}

#[test]
fn stop_reasons_of_the_api_are_known() {
    for word in [
        "end_turn",
        "tool_use",
        "max_tokens",
        "stop_sequence",
        "guardrail_intervened",
        "content_filtered",
        "malformed_model_output",
        "malformed_tool_use",
        "model_context_window_exceeded",
    ] {
        let body = format!(r#"{{"output":{{"message":{{"content":[]}}}},"stopReason":"{word}"}}"#);
        let reason = answer(&body).stop_reason.unwrap();
        assert!(!matches!(reason, StopReason::Other(_)), "{word}");
        assert_eq!(reason.as_str(), word);
    }
}

#[test]
fn tool_call_cut_by_max_tokens_is_invalid() {
    let reply = answer(
        r#"{"output":{"message":{"content":[{"toolUse":{"toolUseId":"t","name":"f","input":"{\"a"}}]}},"stopReason":"max_tokens"}"#,
    );
    assert_eq!(reply.tool_calls().count(), 0);
    assert_eq!(reply.invalid_tool_calls().count(), 1);
}

#[test]
fn reply_in_another_format_is_an_error() {
    for body in ["", "{", "[]", "{}", r#"{"output":{}}"#, r#"{"output":{"message":{"content":"a"}}}"#, "{\"output\":1}"]
    {
        let error = Converse.decode(&crate::provider::Call::default(), body.as_bytes(), &Headers::new()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Decode, "{body}");
    }
}
