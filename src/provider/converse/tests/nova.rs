//! Amazon Nova over InvokeModel.

use serde_json::json;

use super::*;
use crate::chat::BedrockChat;
use crate::credentials::Credentials;
use crate::error::ErrorKind;
use crate::headers::Headers;
use crate::json::View;
use crate::message::{AiMessage, CachePoint, CacheTtl, Document, GuardContent, MediaSource, SearchResult, StopReason};
use crate::request::{Guardrail, Reasoning, ResponseFormat, Tool, ToolChoice};
use crate::testing::{MemoryTransport, Reply};

#[test]
fn nova_body_has_all_parameters_in_inference_config() {
    let options = ChatOptions {
        max_tokens: Some(100),
        temperature: Some(0.7),
        top_p: Some(0.9),
        top_k: Some(20),
        stop: vec!["END".into()],
        tools: vec![Tool::new("f", "does", Json::empty_object())],
        tool_choice: Some(ToolChoice::Any),
        reasoning: Some(Reasoning::Effort("low".into())),
        model_kwargs: Some(self::json(r#"{"extra":1}"#)),
        ..ChatOptions::default()
    };
    let messages = [Message::system("Be terse."), Message::human("a").with(Content::image("image/jpg", vec![1, 2, 3]))];
    assert_eq!(
        nova(&messages, &options).unwrap(),
        json!({
            "schemaVersion": "messages-v1",
            "system": [{"text": "Be terse."}],
            "messages": [{"role": "user", "content": [
                {"text": "a"}, {"image": {"format": "jpeg", "source": {"bytes": "AQID"}}},
            ]}],
            "inferenceConfig": {
                "maxTokens": 100, "temperature": 0.7, "topP": 0.9, "topK": 20, "stopSequences": ["END"],
                "reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"},
            },
            "toolConfig": {
                "tools": [{"toolSpec": {"name": "f", "description": "does",
                    "inputSchema": {"json": {"type": "object", "properties": {}}}}}],
                "toolChoice": {"any": {}},
            },
            "extra": 1,
        })
    );
}

#[test]
fn nova_guardrail_is_sent_in_headers() {
    let options = ChatOptions { guardrail: Some(Guardrail::new("gr-1", "1")), ..ChatOptions::default() };
    let request = ChatRequest::new([Message::human("a")]).with_options(options);
    let call = Nova.encode(&ModelId::parse(NOVA).unwrap(), &request, Mode::Stream).unwrap();
    assert!(call.path.ends_with("/invoke-with-response-stream"), "{}", call.path);
    assert_eq!(call.headers.get("x-amzn-bedrock-guardrailidentifier"), Some("gr-1"));
}

#[test]
fn nova_cache_point_is_a_member_of_the_block_before_it() {
    let message = Message::human("a").with(Content::cache_point()).with(Content::text("b"));
    let raw = Message::system("s").with(Content::cache_point());
    let body = nova(&[raw, message], &ChatOptions::default()).unwrap();
    assert_eq!(member(&body, &["system"]), json!([{"text": "s", "cachePoint": {"type": "default"}}]));
    assert_eq!(
        member(&body, &["messages", "0", "content"]),
        json!([{"text": "a", "cachePoint": {"type": "default"}}, {"text": "b"}])
    );
}

#[test]
fn nova_cache_point_follows_raw_blocks_except_tool_blocks() {
    let found = r#"{"searchResult":{"source":"s","title":"t","content":[]}}"#;
    let result = r#"{"toolResult":{"toolUseId":"t1","content":[],"type":"x"}}"#;
    let kinds = |raw: &str| {
        let message =
            Message::human("a").with(Content::raw(self::json(raw))).with(Content::cache_point()).with("b".into());
        let tool = ChatOptions { tools: vec![Tool::new("now", "", Json::empty_object())], ..ChatOptions::default() };
        let body = body(NOVA, &[message], &tool);
        let blocks = member(&body, &["messages", "0", "content"]);
        let key = |block: View<'_>| block.raw_entries().next().map(|(key, _)| key.to_owned()).unwrap();
        blocks.view().items().map(key).collect::<Vec<_>>()
    };
    assert_eq!(kinds(found), ["text", "searchResult", "cachePoint", "text"]);
    assert_eq!(kinds(result), ["text", "cachePoint", "toolResult", "text"]);
}

#[test]
fn nova_refuses_blocks_that_only_converse_accepts() {
    let refused = |block: Content| nova(&[Message::human("a").with(block)], &ChatOptions::default()).unwrap_err();
    let document = Document::new("text/plain", MediaSource::Text("a".into()));
    for block in [
        Content::Document(document),
        Content::Guard(GuardContent::text("a")),
        Content::SearchResult(SearchResult::default()),
    ] {
        let error = refused(block);
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains(NOVA) && error.message().contains("Converse"), "{error}");
    }
    let hour = refused(Content::CachePoint(CachePoint { ttl: Some(CacheTtl::OneHour) }));
    assert!(hour.message().contains("5 minutes"), "{hour}");
    let format = Some(ResponseFormat::new("x", Json::empty_object()));
    let options = ChatOptions { response_format: format, ..ChatOptions::default() };
    assert!(nova(&[Message::human("a")], &options).unwrap_err().message().contains("response_format"));
    let options = ChatOptions { reasoning: Some(Reasoning::Budget(2048)), ..ChatOptions::default() };
    assert_eq!(nova(&[Message::human("a")], &options).unwrap_err().kind(), ErrorKind::Unsupported);
}

fn streamed(chunks: &[&str]) -> Result<AiMessage, Error> {
    let chat = BedrockChat::builder("us.amazon.nova-lite-v1:0")
        .region("us-east-1")
        .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
        .transport(MemoryTransport::new([Reply::chunks(chunks.iter().copied())]))
        .build()
        .unwrap();
    futures_executor::block_on(async { chat.stream("Hi").await?.message().await })
}

#[test]
fn nova_reply_and_its_stream_are_the_same_message() {
    let message = streamed(&[
        r#"{"messageStart":{"role":"assistant"}}"#,
        r#"{"contentBlockDelta":{"delta":{"text":"Hel"},"contentBlockIndex":0}}"#,
        r#"{"contentBlockDelta":{"delta":{"text":"lo"},"contentBlockIndex":0}}"#,
        r#"{"contentBlockStop":{"contentBlockIndex":0}}"#,
        r#"{"contentBlockStart":{"start":{"toolUse":{"toolUseId":"t","name":"f"}},"contentBlockIndex":1}}"#,
        r#"{"contentBlockDelta":{"delta":{"toolUse":{"input":"{\"x\":1}"}},"contentBlockIndex":1}}"#,
        r#"{"contentBlockStop":{"contentBlockIndex":1}}"#,
        r#"{"messageStop":{"stopReason":"tool_use"}}"#,
        r#"{"metadata":{"usage":{"inputTokens":4,"outputTokens":2,"cacheReadInputTokenCount":6},"metrics":{},"trace":{}},"amazon-bedrock-invocationMetrics":{"inputTokenCount":4,"outputTokenCount":2,"cacheReadInputTokenCount":6}}"#,
    ])
    .unwrap();
    let whole = r#"{"output":{"message":{"role":"assistant","content":[
        {"text":"Hello"},{"toolUse":{"toolUseId":"t","name":"f","input":{"x":1}}}]}},"stopReason":"tool_use",
        "usage":{"inputTokens":4,"outputTokens":2,"cacheReadInputTokenCount":6}}"#;
    let whole = Nova.decode(&crate::provider::Call::default(), whole.as_bytes(), &Headers::new()).unwrap();
    assert_eq!((&message.content, message.usage), (&whole.content, whole.usage));
    assert_eq!(message.usage.unwrap().input_tokens, 10);
    assert_eq!(message.stop_reason, Some(StopReason::ToolUse));
    assert!(message.metadata("amazon-bedrock-invocationMetrics").is_some());
}

#[test]
fn nova_guardrail_intervention_is_the_stop_reason() {
    let whole = r#"{"output":{"message":{"content":[{"text":"Blocked."}]}},"stopReason":"end_turn",
        "amazon-bedrock-guardrailAction":"INTERVENED","amazon-bedrock-trace":{"guardrail":{}}}"#;
    let message = Nova.decode(&crate::provider::Call::default(), whole.as_bytes(), &Headers::new()).unwrap();
    assert_eq!(message.stop_reason, Some(StopReason::GuardrailIntervened));
    assert!(message.metadata("amazon-bedrock-trace").is_some());
}

#[test]
fn nova_stream_without_an_end_is_truncated() {
    let text = r#"{"contentBlockDelta":{"delta":{"text":"Hel"},"contentBlockIndex":0}}"#;
    assert_eq!(streamed(&[text]).unwrap_err().kind(), ErrorKind::Truncated);
    let error = streamed(&[text, r#"{"throttlingException":{"message":"slow down"}}"#]).unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Throttled, "slow down"));
}
