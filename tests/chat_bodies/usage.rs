//! Usage and heartbeats in replies and streams.

use bedrock_chat::Api;
use bedrock_chat::testing::Reply;
use serde_json::{Value, json};

use crate::{CLAUDE, chat, streamed};

#[test]
fn usage_of_openai_over_converse_counts_cached_tokens_once() {
    let stream = |model: &str| {
        let usage =
            json!({"inputTokens": 4995, "outputTokens": 19, "totalTokens": 10007, "cacheWriteInputTokens": 4993});
        let events = [
            ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"text": "a"}}).to_string()),
            ("messageStop", json!({"stopReason": "end_turn"}).to_string()),
            ("metadata", json!({"usage": usage}).to_string()),
        ];
        streamed(model, Api::Converse, Reply::events(events)).unwrap().usage.unwrap()
    };
    assert_eq!(stream("us.openai.gpt-5.6-sol").input_tokens, 4995);
    assert_eq!(stream("us.openai.gpt-5.6-sol").input_token_details.cache_creation, 4993);
    assert_eq!(stream(CLAUDE).input_tokens, 4995 + 4993);
}

#[test]
fn stream_heartbeats_are_skipped_and_kept_with_their_name() {
    let text = json!({"contentBlockIndex": 0, "delta": {"text": "a"}}).to_string();
    let events = [
        ("heartbeat", String::new()),
        ("contentBlockDelta", text),
        ("heartbeat", "still here".to_owned()),
        ("futureEvent", json!({"x": 1}).to_string()),
        ("messageStop", json!({"stopReason": "end_turn"}).to_string()),
    ];
    let message = streamed(CLAUDE, Api::Converse, Reply::events(events)).unwrap();
    assert_eq!(message.text(), "a");
    assert_eq!(
        *message.metadata("unknown_events").unwrap(),
        json!([{"heartbeat": ""}, {"heartbeat": "still here"}, {"futureEvent": {"x": 1}}])
    );
    let chunk = |json: &Value| {
        let mut bytes = String::from("{\"bytes\":\"");
        bytes.push_str(&base64(json.to_string().as_bytes()));
        bytes + "\"}"
    };
    let events = [
        ("chunk", String::new()),
        ("chunk", "{\"bytes\":\"\"}".to_owned()),
        (
            "chunk",
            chunk(&json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "a"}})),
        ),
        ("heartbeat", "still here".to_owned()),
        ("chunk", chunk(&json!({"type": "message_stop"}))),
    ];
    let message = streamed(CLAUDE, Api::Invoke, Reply::events(events)).unwrap();
    assert_eq!(message.text(), "a");
    assert!(message.metadata("unknown_events").unwrap().as_str().contains("still here"));
}

fn base64(bytes: &[u8]) -> String {
    aws_smithy_types::base64::encode(bytes)
}

#[test]
fn usage_has_thinking_tokens_as_reasoning() {
    let usage = json!({"input_tokens": 1, "output_tokens": 200, "output_tokens_details": {"thinking_tokens": 180}});
    let whole = Reply::json(200, json!({"content": [], "usage": usage}).to_string());
    let whole = futures_executor::block_on(chat(CLAUDE, Api::Invoke, [whole]).0.invoke("Hi")).unwrap();
    let chunks = [
        json!({"type": "message_start", "message": {"usage": {"input_tokens": 1, "output_tokens": 1}}}).to_string(),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}).to_string(),
        json!({"type": "message_stop"}).to_string(),
    ];
    let stream = streamed(CLAUDE, Api::Invoke, Reply::chunks(chunks.iter().map(String::as_str))).unwrap();
    let fields = json!({"usage": {"output_tokens_details": {"thinking_tokens": 180}}});
    let converse = json!({"output": {"message": {"content": []}}, "usage": {"inputTokens": 1, "outputTokens": 200},
        "additionalModelResponseFields": fields});
    let (chat, _) = chat(CLAUDE, Api::Converse, [Reply::json(200, converse.to_string())]);
    let converse = futures_executor::block_on(chat.invoke("Hi")).unwrap();
    for reply in [whole, stream, converse] {
        assert_eq!(reply.usage.unwrap().output_token_details.reasoning, 180);
    }
}
