//! The events are the same, however the bytes of a stream are cut on the way.

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{ChatEvent, Content, Usage};
use local_bedrock::{Fault, LocalBedrock};
use serde_json::{Value, json};

use crate::support::{EVENT_STREAM, calling, chunk, chunks, course, frames_of, over, vector};

/// A stream of the local Bedrock as it was on the wire: thinking, text in several scripts, two tool calls.
pub(crate) async fn recorded() -> Vec<u8> {
    let bedrock = LocalBedrock::builder().verify_signatures(false).start().await.unwrap();
    let url = format!("{}/model/anthropic.claude-3-haiku-20240307-v1%3A0/invoke-with-response-stream", bedrock.url());
    let body = json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 4000,
        "thinking": {"type": "enabled", "budget_tokens": 1024},
        "tools": [{"name": "get_weather", "description": "Weather in a city", "input_schema": {
            "type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]}}],
        "messages": [{"role": "user", "content": "redacted thinking: hé😀, what is the weather in Zürich and in Paris?"}],
    });
    // reqwest requires that the process is set up for TLS before any client.
    bedrock_chat::ReqwestTransport::new(None).unwrap();
    let answer = reqwest::Client::new().post(url).body(body.to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.bytes().await.unwrap().to_vec()
}

#[tokio::test]
async fn stream_events_do_not_depend_on_http_chunk_sizes() {
    let stream = recorded().await;
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    let mut whole: Option<Vec<ChatEvent>> = None;
    for size in [usize::MAX, 1, 2, 3, 11, 12, 13, 64, 1000, 4096] {
        bedrock.faults().push(Fault::reply(200, EVENT_STREAM, &stream).chunk_size(size));
        let mut events = chat.stream("hello").await.unwrap();
        let course = course(&mut events).await;
        assert!(course.error.is_none(), "{size}: {:?}", course.error);
        let message = events.so_far();
        assert!(message.thinking().contains("hé😀"), "{message:?}");
        assert!(message.content.iter().any(|block| matches!(block, Content::RedactedThinking(_))));
        assert!(message.tool_calls().count() == 2 && message.usage.is_some());
        match &whole {
            None => whole = Some(course.events),
            Some(whole) => assert_eq!(course.events, *whole, "in pieces of {size}"),
        }
    }
}

#[tokio::test]
async fn stream_events_do_not_depend_on_where_bytes_are_cut() {
    let delta =
        |text: &str| json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}});
    let stop: Value = json!({"type": "message_stop", "amazon-bedrock-invocationMetrics": {
        "inputTokenCount": 3, "outputTokenCount": 2}});
    let stream = chunks(&[delta("hé😀"), delta(" 漢字"), stop]);
    let expected =
        [ChatEvent::Text { index: 0, text: "hé😀".into() }, ChatEvent::Text { index: 0, text: " 漢字".into() }];
    let check = |pieces: Vec<Vec<u8>>| {
        let expected = &expected;
        async move {
            let transport = Pieces::new(pieces);
            let mut stream = over(transport).build().unwrap().stream("hello").await.unwrap();
            let course = course(&mut stream).await;
            assert!(course.error.is_none());
            assert_eq!(course.events[..2], *expected);
            assert_eq!(stream.so_far().usage, Some(Usage::new(3, 2)));
        }
    };
    for at in 0..=stream.len() {
        check(vec![stream[..at].to_vec(), stream[at..].to_vec()]).await;
    }
    let mut state = 0x2545_F491_u32;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    for _ in 0..50 {
        let mut pieces = Vec::new();
        let mut rest = &stream[..];
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(random(40).min(rest.len()));
            pieces.push(piece.to_vec());
            rest = after;
        }
        check(pieces).await;
    }
}

#[tokio::test]
async fn frame_from_botocore_tests_is_read() {
    let mut frame = vector(include_str!("vectors/chunk.hex"));
    assert_eq!(frames_of(&frame).first(), Some(&(0..230)));
    frame.extend(chunk(&json!({"type": "message_stop"})));
    let transport = MemoryTransport::new([Reply::new(200, EVENT_STREAM, frame).in_pieces(1)]);
    let message = over(transport).build().unwrap().stream("hello").await.unwrap().message().await.unwrap();
    assert_eq!(message.text(), "hé😀");
}

/// A transport whose reply arrives in exactly these pieces, including empty ones.
#[derive(Debug)]
struct Pieces(std::sync::Mutex<Option<Vec<Vec<u8>>>>);

impl Pieces {
    fn new(pieces: Vec<Vec<u8>>) -> Self {
        Self(std::sync::Mutex::new(Some(pieces)))
    }
}

impl bedrock_chat::Transport for Pieces {
    fn send(
        &self,
        request: bedrock_chat::HttpRequest,
    ) -> bedrock_chat::BoxFuture<'_, bedrock_chat::Result<bedrock_chat::HttpResponse>> {
        let pieces = self.0.lock().unwrap().take().unwrap();
        Box::pin(async move {
            let (by_hand, mut hand) = crate::support::ByHand::new();
            hand.stream();
            pieces.into_iter().for_each(|piece| hand.send(piece));
            hand.end();
            by_hand.send(request).await
        })
    }
}
