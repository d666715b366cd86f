//! Streams of Converse, frame by frame.

use super::*;
use crate::chat::BedrockChat;
use crate::credentials::Credentials;
use crate::error::ErrorKind;
use crate::event::ChatEvent;
use crate::message::{AiMessage, Media, MediaSource, RedactedThinking, StopReason, Thinking};
use crate::testing::{MemoryTransport, Reply};

fn chat(reply: Reply) -> BedrockChat {
    BedrockChat::builder(LLAMA)
        .api(crate::api::Api::Converse)
        .region("us-east-1")
        .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
        .transport(MemoryTransport::new([reply]))
        .build()
        .unwrap()
}

/// Reads a stream of events: each line has a type and a payload.
fn reply(lines: &str) -> Reply {
    let lines = lines.lines().map(str::trim).filter(|line| !line.is_empty());
    let events = lines.map(|line| line.split_once(' ').unwrap()).map(|(name, payload)| (name, payload.to_owned()));
    Reply::events(events.collect::<Vec<_>>())
}

fn streamed(lines: &str) -> AiMessage {
    let whole = gathered(reply(lines)).unwrap();
    assert_eq!(gathered(reply(lines).in_pieces(1)).unwrap(), whole);
    whole
}

fn gathered(reply: Reply) -> Result<AiMessage, Error> {
    futures_executor::block_on(async { chat(reply).stream("Hi").await?.message().await })
}

const END: &str = r#"
    messageStop {"stopReason":"end_turn","p":"abc"}
    metadata {"usage":{"inputTokens":3,"outputTokens":5,"totalTokens":8,"cacheReadInputTokens":10},"metrics":{"latencyMs":9},"p":"abcd"}
"#;

#[test]
fn reply_and_its_stream_are_the_same_message() {
    let message = streamed(&format!(
        r#"
        messageStart {{"role":"assistant","p":"ab"}}
        contentBlockDelta {{"contentBlockIndex":0,"delta":{{"reasoningContent":{{"text":"Need "}}}},"p":"a"}}
        contentBlockDelta {{"contentBlockIndex":0,"delta":{{"reasoningContent":{{"text":"it."}}}}}}
        contentBlockDelta {{"contentBlockIndex":0,"delta":{{"reasoningContent":{{"signature":"EqoB"}}}}}}
        contentBlockStop {{"contentBlockIndex":0}}
        contentBlockDelta {{"contentBlockIndex":1,"delta":{{"text":"h\u00e9"}}}}
        contentBlockDelta {{"contentBlockIndex":1,"delta":{{"text":"llo"}}}}
        contentBlockDelta {{"contentBlockIndex":1,"delta":{{"citation":{{"title":"Doc"}}}}}}
        contentBlockStop {{"contentBlockIndex":1}}
        contentBlockStart {{"contentBlockIndex":2,"start":{{"toolUse":{{"toolUseId":"t1","name":"f"}}}}}}
        contentBlockDelta {{"contentBlockIndex":2,"delta":{{"toolUse":{{"input":"{{\"x\""}}}}}}
        contentBlockDelta {{"contentBlockIndex":2,"delta":{{"toolUse":{{"input":":1}}"}}}}}}
        contentBlockStop {{"contentBlockIndex":2}}
        contentBlockStart {{"contentBlockIndex":3,"start":{{"toolUse":{{"toolUseId":"t2","name":"g"}}}}}}
        contentBlockStop {{"contentBlockIndex":3}}
        {END}"#
    ));
    let whole = r#"{"output":{"message":{"role":"assistant","content":[
        {"reasoningContent":{"reasoningText":{"text":"Need it.","signature":"EqoB"}}},
        {"citationsContent":{"content":[{"text":"h\u00e9llo"}],"citations":[{"title":"Doc"}]}},
        {"toolUse":{"toolUseId":"t1","name":"f","input":{"x":1}}},
        {"toolUse":{"toolUseId":"t2","name":"g","input":{}}}]}},
        "stopReason":"end_turn",
        "usage":{"inputTokens":3,"outputTokens":5,"totalTokens":8,"cacheReadInputTokens":10},"metrics":{"latencyMs":9}}"#;
    let whole = futures_executor::block_on(chat(Reply::json(200, whole)).invoke("Hi"));
    assert_eq!(message, whole.unwrap());
    assert_eq!(message.usage.unwrap().input_tokens, 13, "the usage came after the end");
}

#[test]
fn redacted_reasoning_is_joined_as_bytes() {
    // Two pieces of base64 that end in padding cannot be joined as text.
    let message = streamed(&format!(
        r#"
        contentBlockDelta {{"contentBlockIndex":0,"delta":{{"reasoningContent":{{"redactedContent":"AQ=="}}}}}}
        contentBlockDelta {{"contentBlockIndex":0,"delta":{{"reasoningContent":{{"redactedContent":"AgM="}}}}}}
        contentBlockStop {{"contentBlockIndex":0}}
        {END}"#
    ));
    assert_eq!(message.content, [Content::RedactedThinking(RedactedThinking { data: "AQID".into() })]);
}

#[test]
fn service_tool_calls_stay_raw_blocks() {
    let message = streamed(&format!(
        r#"
        contentBlockStart {{"contentBlockIndex":0,"start":{{"toolUse":{{"toolUseId":"s","name":"g","type":"server_tool_use"}}}}}}
        contentBlockDelta {{"contentBlockIndex":0,"delta":{{"toolUse":{{"input":"{{\"q\":"}}}}}}
        contentBlockDelta {{"contentBlockIndex":0,"delta":{{"toolUse":{{"input":"1}}"}}}}}}
        contentBlockStop {{"contentBlockIndex":0}}
        contentBlockStart {{"contentBlockIndex":1,"start":{{"toolResult":{{"toolUseId":"s","type":"g_result","status":"success"}}}}}}
        contentBlockDelta {{"contentBlockIndex":1,"delta":{{"toolResult":[{{"text":"fo"}}]}}}}
        contentBlockDelta {{"contentBlockIndex":1,"delta":{{"toolResult":[{{"text":"und"}},{{"json":{{"n":1}}}}]}}}}
        contentBlockStop {{"contentBlockIndex":1}}
        contentBlockStart {{"contentBlockIndex":2,"start":{{"toolUse":{{"toolUseId":"s2","name":"g","type":"server_tool_use"}}}}}}
        {END}"#
    ));
    let raw = |text: &str| Content::raw(json(text));
    assert_eq!(
        message.content,
        [
            raw(r#"{"toolUse":{"toolUseId":"s","name":"g","type":"server_tool_use","input":{"q":1}}}"#),
            raw(
                r#"{"toolResult":{"toolUseId":"s","type":"g_result","status":"success","content":[{"text":"found"},{"json":{"n":1}}]}}"#
            ),
            raw(r#"{"toolUse":{"toolUseId":"s2","name":"g","type":"server_tool_use","input":{}}}"#),
        ]
    );
}

#[test]
fn streamed_images_are_joined_and_errors_kept() {
    let message = streamed(&format!(
        r#"
        contentBlockStart {{"contentBlockIndex":0,"start":{{"image":{{"format":"png"}}}}}}
        contentBlockDelta {{"contentBlockIndex":0,"delta":{{"image":{{"source":{{"bytes":"AQ=="}}}}}}}}
        contentBlockDelta {{"contentBlockIndex":0,"delta":{{"image":{{"source":{{"bytes":"AgM="}}}}}}}}
        contentBlockStop {{"contentBlockIndex":0}}
        contentBlockStart {{"contentBlockIndex":1,"start":{{"image":{{"format":"png"}}}}}}
        contentBlockDelta {{"contentBlockIndex":1,"delta":{{"image":{{"error":{{"message":"filtered"}}}}}}}}
        contentBlockStop {{"contentBlockIndex":1}}
        contentBlockStart {{"contentBlockIndex":2,"start":{{"image":{{"format":"png"}}}}}}
        contentBlockDelta {{"contentBlockIndex":2,"delta":{{"image":{{"source":{{"s3Location":{{"uri":"s3://b/k"}}}}}}}}}}
        contentBlockStop {{"contentBlockIndex":2}}
        {END}"#
    ));
    let s3 = MediaSource::S3 { uri: "s3://b/k".into(), bucket_owner: None };
    assert_eq!(
        message.content,
        [
            Content::Image(Media::new("image/png", MediaSource::Base64("AQID".into()))),
            Content::raw(json(r#"{"image":{"format":"png","error":{"message":"filtered"}}}"#)),
            Content::Image(Media::new("image/png", s3)),
        ]
    );
}

#[test]
fn unknown_events_are_kept_in_a_stream() {
    let message = streamed(&format!(
        r#"
        messageStart {{"role":"assistant"}}
        contentBlockStart {{"contentBlockIndex":0,"start":{{}}}}
        futureEvent {{"x":1}}
        contentBlockDelta {{"contentBlockIndex":0,"delta":{{"futureDelta":{{"y":2}}}}}}
        contentBlockDelta {{"contentBlockIndex":0,"delta":{{"text":"Hi"}}}}
        contentBlockDelta {{"contentBlockIndex":0}}
        contentBlockStop {{"contentBlockIndex":0}}
        contentBlockStart {{"contentBlockIndex":1,"start":{{"futureBlock":{{"z":3}}}}}}
        contentBlockStop {{"contentBlockIndex":1}}
        {END}"#
    ));
    assert_eq!(message.content, [Content::text("Hi"), Content::raw(json(r#"{"futureBlock":{"z":3}}"#))]);
    assert_eq!(message.metadata("unknown_events").unwrap().view().items().count(), 3);
}

#[test]
fn stream_end_has_stop_reason_and_sequence() {
    let message = streamed(
        r#"
        contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"Hi"}}
        messageStop {"stopReason":"stop_sequence","additionalModelResponseFields":{"delta":{"stop_sequence":"END"}}}
        metadata {"trace":{"promptRouter":{"invokedModelId":"m"}},"performanceConfig":{"latency":"optimized"},"serviceTier":{"type":"flex"}}
        "#,
    );
    assert_eq!(message.stop_reason, Some(StopReason::StopSequence));
    assert_eq!(message.stop_sequence.as_deref(), Some("END"));
    for key in ["additionalModelResponseFields", "trace", "performanceConfig", "serviceTier"] {
        assert!(message.metadata(key).is_some(), "{key}");
    }
}

#[test]
fn streamed_tool_call_cut_by_max_tokens_is_invalid() {
    let message = streamed(
        r#"
        contentBlockStart {"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"t","name":"f"}}}
        contentBlockDelta {"contentBlockIndex":0,"delta":{"toolUse":{"input":"{\"path\":\"a"}}}
        contentBlockStop {"contentBlockIndex":0}
        messageStop {"stopReason":"max_tokens"}
        "#,
    );
    assert_eq!(message.tool_calls().count(), 0);
    assert_eq!(message.invalid_tool_calls().next().unwrap().args, "{\"path\":\"a");
}

#[test]
fn stream_without_an_end_is_truncated() {
    let cut = r#"
        contentBlockDelta {"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"hm"}}}
        contentBlockDelta {"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"half"}}}
        "#;
    let error = gathered(reply(cut)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
    let thinking = Thinking { text: "hm".into(), signature: None, ..Thinking::default() };
    assert_eq!(error.into_partial().unwrap().content, [Content::Thinking(thinking)]);
    let redacted =
        r#"contentBlockDelta {"contentBlockIndex":0,"delta":{"reasoningContent":{"redactedContent":"AQ=="}}}"#;
    assert_eq!(gathered(reply(redacted)).unwrap_err().into_partial(), None, "half of it would be refused");
}

#[test]
fn exception_frame_is_a_typed_error_after_earlier_events() {
    let begun = reply(r#"contentBlockDelta {"contentBlockIndex":0,"delta":{"text":"Hi"}}"#);
    let begun = begun.with_exception("throttlingException", r#"{"message":"Too many tokens"}"#);
    futures_executor::block_on(async {
        let mut stream = chat(begun).stream("Hi").await.unwrap();
        assert!(matches!(stream.next().await, Some(Ok(ChatEvent::Text { .. }))));
        let error = stream.next().await.unwrap().unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Throttled, "Too many tokens"));
        assert!(stream.next().await.is_none());
    });
}

#[test]
fn damaged_frame_payload_is_a_decode_error() {
    for line in [
        "contentBlockDelta nonsense",
        r#"contentBlockDelta {"contentBlockIndex":0,"delta":{"reasoningContent":{"redactedContent":"!"}}}"#,
    ] {
        assert_eq!(gathered(reply(line)).unwrap_err().kind(), ErrorKind::Decode, "{line}");
    }
}
