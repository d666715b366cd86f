//! Tokens are counted once, including those of the cache, even if an answer ends early.

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{Api, ChatEvent, Usage};
use local_bedrock::{Fault, LocalBedrock};
use serde_json::{Value, json};

use crate::support::{calling, course, over, streamed};

fn start(usage: Value) -> Value {
    json!({"type": "message_start", "message": {"id": "m", "usage": usage, "content": []}})
}

fn text() -> Value {
    json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}})
}

fn sum(events: &[ChatEvent]) -> Usage {
    events
        .iter()
        .filter_map(|event| match event {
            ChatEvent::Usage { usage } => Some(*usage),
            _ => None,
        })
        .sum()
}

fn figures(usage: Usage) -> (u64, u64, u64, u64, u64) {
    let details = usage.input_token_details;
    (usage.input_tokens, usage.output_tokens, usage.total_tokens(), details.cache_read, details.cache_creation)
}

#[tokio::test]
async fn usage_in_three_stream_events_is_counted_once() {
    let stream = [
        start(json!({"input_tokens": 3, "cache_read_input_tokens": 7854, "cache_creation_input_tokens": 100,
            "output_tokens": 1})),
        text(),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 50}}),
        json!({"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 3,
            "outputTokenCount": 50, "cacheReadInputTokenCount": 7854, "cacheWriteInputTokenCount": 100,
            "invocationLatency": 1200, "firstByteLatency": 300}}),
    ];
    let mut stream = streamed(&stream).await;
    let course = course(&mut stream).await;
    let message = stream.so_far();
    assert_eq!(figures(message.usage.unwrap()), (7957, 50, 8007, 7854, 100));
    assert_eq!(sum(&course.events), message.usage.unwrap(), "the parts add up to the whole");
    let metrics = message.metadata("amazon-bedrock-invocationMetrics").unwrap().read_as::<Value>().unwrap();
    assert_eq!(metrics["firstByteLatency"], 300, "the rest is at hand");
}

#[tokio::test]
async fn usage_in_any_one_stream_event_is_enough() {
    let metrics = json!({"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 3,
        "outputTokenCount": 50, "cacheReadInputTokenCount": 10}});
    let message = streamed(&[text(), metrics]).await.message().await.unwrap();
    assert_eq!(figures(message.usage.unwrap()), (13, 50, 63, 10, 0));
    let delta = json!({"type": "message_delta", "delta": {}, "usage": {"input_tokens": 3, "output_tokens": 50,
        "cache_creation_input_tokens": 7}});
    let message = streamed(&[text(), delta, json!({"type": "message_stop"})]).await.message().await.unwrap();
    assert_eq!(figures(message.usage.unwrap()), (10, 50, 60, 0, 7));
    let message = streamed(&[text(), json!({"type": "message_stop"})]).await.message().await.unwrap();
    assert_eq!(message.usage, None, "nothing was said, and nothing is made up");
}

#[tokio::test]
async fn usage_in_body_and_headers_is_counted_once() {
    let body = json!({"content": [], "usage": {"input_tokens": 3, "output_tokens": 50,
        "cache_read_input_tokens": 7854, "cache_creation_input_tokens": 100,
        "cache_creation": {"ephemeral_5m_input_tokens": 60, "ephemeral_1h_input_tokens": 40}}});
    let reply = Reply::json(200, body.to_string())
        .with_header("x-amzn-bedrock-input-token-count", "3")
        .with_header("x-amzn-bedrock-output-token-count", "50")
        .with_header("x-amzn-bedrock-cache-read-input-token-count", "7854")
        .with_header("x-amzn-bedrock-cache-write-input-token-count", "100");
    let usage = over(MemoryTransport::new([reply])).build().unwrap().invoke("hello").await.unwrap().usage.unwrap();
    assert_eq!(figures(usage), (7957, 50, 8007, 7854, 100));
    let details = usage.input_token_details;
    assert_eq!((details.cache_creation_5m, details.cache_creation_1h), (60, 40));
}

#[tokio::test]
async fn usage_is_the_same_streamed_or_not() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    let whole = chat.invoke("hello there").await.unwrap().usage.unwrap();
    let mut stream = chat.stream("hello there").await.unwrap();
    let events = course(&mut stream).await.events;
    assert_eq!(stream.so_far().usage, Some(whole));
    assert_eq!(sum(&events), whole);
    assert!(whole.input_tokens > 0 && whole.output_tokens > 0);
}

#[tokio::test]
async fn usage_of_an_answer_cut_by_max_tokens_is_kept() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).max_tokens(3).build().unwrap();
    let whole = chat.invoke("hello there").await.unwrap();
    let streamed = chat.stream("hello there").await.unwrap().message().await.unwrap();
    for reply in [whole, streamed] {
        assert_eq!(reply.stop_reason.unwrap().as_str(), "max_tokens");
        assert_eq!(reply.usage.unwrap().output_tokens, 3);
    }
}

#[tokio::test]
async fn usage_of_a_broken_stream_is_in_its_partial_message() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    bedrock.faults().push(Fault::exception_frame(5, "modelStreamErrorException", "boom"));
    let error = chat.stream("hello there").await.unwrap().message().await.unwrap_err();
    let usage = error.partial().unwrap().usage.unwrap();
    assert!(usage.input_tokens > 0, "the prompt was paid for: {usage:?}");
}

#[tokio::test]
async fn usage_with_huge_counts_does_not_overflow() {
    let huge = u64::MAX;
    let start = start(json!({"input_tokens": huge, "cache_read_input_tokens": huge, "output_tokens": huge}));
    let message = streamed(&[start, text(), json!({"type": "message_stop"})]).await.message().await.unwrap();
    assert_eq!(message.usage.unwrap().total_tokens(), huge);
    let odd = json!({"type": "message_delta", "delta": {}, "usage": {"input_tokens": -1, "output_tokens": "many"}});
    let message = streamed(&[text(), odd, json!({"type": "message_stop"})]).await.message().await.unwrap();
    assert_eq!(message.usage.unwrap_or_default(), Usage::default());
}

#[tokio::test]
async fn usage_after_message_stop_is_read_from_converse() {
    let event = |name: &'static str, payload: Value| (name, payload.to_string());
    let reply = Reply::events([
        event("messageStart", json!({"role": "assistant"})),
        event("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"text": "hi"}})),
        event("contentBlockStop", json!({"contentBlockIndex": 0})),
        event("messageStop", json!({"stopReason": "end_turn"})),
        event(
            "metadata",
            json!({"usage": {"inputTokens": 3, "outputTokens": 50, "totalTokens": 8007,
            "cacheReadInputTokens": 7854, "cacheWriteInputTokens": 100}, "metrics": {"latencyMs": 12}}),
        ),
    ]);
    let chat = over(MemoryTransport::new([reply])).api(Api::Converse).build().unwrap();
    let mut stream = chat.stream("hello").await.unwrap();
    let course = course(&mut stream).await;
    assert!(course.error.is_none());
    let usage = stream.so_far().usage.unwrap();
    assert_eq!(figures(usage), (7957, 50, 8007, 7854, 100));
    assert_eq!(sum(&course.events), usage);
}

#[tokio::test]
async fn usage_of_converse_is_the_same_streamed_or_not() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).api(Api::Converse).build().unwrap();
    let whole = chat.invoke("hello there").await.unwrap();
    let streamed = chat.stream("hello there").await.unwrap().message().await.unwrap();
    assert_eq!((whole.text(), whole.usage), (streamed.text(), streamed.usage));
    assert!(whole.usage.unwrap().output_tokens > 0);
}
