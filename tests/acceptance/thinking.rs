//! Reasoning round trips: it is streamed, gathered, serialized, read back, and sent again byte for byte. The local
//! Bedrock signs its reasoning, and refuses it if one byte differs.

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{AiMessage, BedrockChat, ChatOptions, Content, Message, Reasoning, Role, Thinking, Tool};
use local_bedrock::LocalBedrock;
use serde_json::{Value, json};

use crate::support::{THINKER, calling_model, chunk, course, over, streamed, through_json};

fn thinker(bedrock: &LocalBedrock) -> BedrockChat {
    let schema = json!({"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]});
    let options = ChatOptions::default()
        .with_reasoning(Reasoning::Budget(1024))
        .with_max_tokens(4000)
        .with_tools([Tool::new("get_weather", "The weather in a city", schema)]);
    calling_model(bedrock, THINKER).options(&options).build().unwrap()
}

fn kinds(content: &[Content]) -> Vec<&'static str> {
    let kind = |block: &Content| match block {
        Content::Thinking(_) => "thinking",
        Content::RedactedThinking(_) => "redacted",
        Content::Text(_) => "text",
        Content::ToolCall(_) => "call",
        _ => "other",
    };
    content.iter().map(kind).collect()
}

#[tokio::test]
async fn thinking_round_trips_with_a_valid_signature() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = thinker(&bedrock);
    let question = "redacted thinking: what is the weather in Zürich? \"é😀\"";
    let streamed = chat.stream(question).await.unwrap().message().await.unwrap();
    let whole = chat.invoke(question).await.unwrap();
    assert_eq!(streamed.content, whole.content);
    assert_eq!(kinds(&streamed.content), ["thinking", "redacted", "text", "call"]);

    let id = whole.tool_calls().next().unwrap().id.clone();
    let as_message = |reply: &AiMessage| -> Message {
        let text = serde_json::to_string(&Message::from(reply)).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    for reply in [through_json(&streamed).into(), as_message(&whole), streamed.clone().into()] {
        bedrock.clear();
        let history = vec![Message::human(question), reply, Message::tool(&id, "18 degrees")];
        let next = chat.invoke(history).await.unwrap();
        assert!(next.text().contains("18 degrees"));
        let sent = bedrock.requests()[0].json()["messages"][1]["content"].clone();
        let Content::Thinking(thinking) = &streamed.content[0] else { panic!() };
        assert_eq!(sent[0]["thinking"], thinking.text);
        assert_eq!(sent[0]["signature"], thinking.signature.clone().unwrap());
        let Content::RedactedThinking(redacted) = &streamed.content[1] else { panic!() };
        assert_eq!(sent[1]["data"], redacted.data);
        let kinds: Vec<_> = sent.as_array().unwrap().iter().map(|block| block["type"].clone()).collect();
        assert_eq!(kinds, ["thinking", "redacted_thinking", "text", "tool_use"]);
    }
}

#[tokio::test]
async fn thinking_with_one_changed_byte_is_refused() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = thinker(&bedrock);
    let reply = chat.invoke("hello").await.unwrap();
    let mut tampered = Message::from(&reply);
    let Content::Thinking(thinking) = &mut tampered.content[0] else { panic!("{tampered:?}") };
    thinking.text.push('.');
    let error = chat.invoke(vec![Message::human("hello"), tampered, Message::human("b")]).await.unwrap_err();
    assert!(error.message().contains("signature"), "{error}");
}

/// Returns the request body for a history with this turn of the model.
async fn replayed(turn: Message) -> Value {
    let transport = MemoryTransport::new([Reply::json(200, r#"{"content":[]}"#)]);
    let history = vec![Message::human("a"), turn, Message::human("b")];
    over(transport.clone()).build().unwrap().invoke(history).await.unwrap();
    let body: Value = serde_json::from_slice(&transport.requests()[0].body).unwrap();
    body["messages"][1]["content"].clone()
}

fn block(index: u32, block: Value) -> Value {
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

fn delta(index: u32, delta: Value) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": delta})
}

fn end(index: u32) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

#[tokio::test]
async fn thinking_and_signature_deltas_are_joined_in_order() {
    let data = "EmwKAhgBEgy3va3pzix/LafPsn4aDFIT2Xlxh0L5L8rLVyIwxtE3rAFBa8cr3qpPkNRj2YfWXGmKDxH4mPnZ5sQ7vB9URj2pLmN3kF8/dW5hR7xJ0aP1oLs9yTcMnKVf2wRpEGjH9XZaBt4UvDcPrQ==";
    let stream = [
        block(0, json!({"type": "thinking", "thinking": "", "signature": ""})),
        delta(0, json!({"type": "thinking_delta", "thinking": "I think\n"})),
        delta(0, json!({"type": "thinking_delta", "thinking": "  therefore "})),
        delta(0, json!({"type": "signature_delta", "signature": "c2lnbmF0"})),
        delta(0, json!({"type": "signature_delta", "signature": "dXJl+/=="})),
        end(0),
        block(1, json!({"type": "redacted_thinking", "data": data})),
        end(1),
        block(2, json!({"type": "text", "text": ""})),
        delta(2, json!({"type": "text_delta", "text": "I am"})),
        end(2),
        block(3, json!({"type": "thinking", "thinking": "", "signature": ""})),
        delta(3, json!({"type": "signature_delta", "signature": "b25seQ=="})),
        end(3),
        json!({"type": "message_stop"}),
    ];
    let message = through_json(&streamed(&stream).await.message().await.unwrap());
    let expected = json!([
        {"type": "thinking", "thinking": "I think\n  therefore ", "signature": "c2lnbmF0dXJl+/=="},
        {"type": "redacted_thinking", "data": data},
        {"type": "text", "text": "I am"},
    ]);
    // The service refuses an assistant message that ends in reasoning.
    assert_eq!(message.content.len(), 4);
    assert_eq!(replayed(message.into()).await, expected);
}

#[tokio::test]
async fn reasoning_with_only_a_signature_is_kept() {
    let thinking = |text: &str, signature: Option<&str>| {
        let mut thinking = Thinking::new(text);
        thinking.signature = signature.map(Into::into);
        Content::Thinking(thinking)
    };
    let turn = Message::new(Role::Ai, [thinking("", Some("s")), thinking("x", None), Content::text("b")]);
    let expected = json!([{"type": "thinking", "thinking": "", "signature": "s"}, {"type": "text", "text": "b"}]);
    assert_eq!(replayed(turn).await, expected);
}

#[tokio::test]
async fn thinking_block_with_a_cut_signature_is_not_sent() {
    let head = [
        block(0, json!({"type": "thinking", "thinking": "whole", "signature": "d2hvbGU="})),
        end(0),
        block(1, json!({"type": "thinking", "thinking": "", "signature": ""})),
        delta(1, json!({"type": "thinking_delta", "thinking": "half a"})),
        delta(1, json!({"type": "signature_delta", "signature": "aGFs"})),
    ];
    // Every early end of the stream: a clean end, a cut frame, a caller that stops reading.
    let bytes: Vec<u8> = head.iter().flat_map(chunk).collect();
    let reply = |bytes: &[u8]| Reply::new(200, crate::support::EVENT_STREAM, bytes.to_vec());
    let cut = [&bytes[..], &bytes[..20]].concat();
    let transport = MemoryTransport::new([reply(&bytes), reply(&cut), reply(&bytes)]);
    let chat = over(transport).build().unwrap();
    let mut partials = Vec::new();
    for _ in 0..2 {
        let mut stream = chat.stream("a").await.unwrap();
        let partial = course(&mut stream).await.error.unwrap().into_partial().unwrap();
        assert_eq!(stream.so_far(), partial, "the stream and its error agree on what came");
        partials.push(partial);
    }
    let mut stopped = chat.stream("a").await.unwrap();
    while !stopped.so_far().thinking().contains("half") {
        stopped.next().await.unwrap().unwrap();
    }
    stopped.next().await.unwrap().unwrap();
    partials.push(stopped.so_far());
    for mut partial in partials {
        assert_eq!(partial.thinking(), "wholehalf a", "the caller may show it");
        partial.content.push(Content::text("b"));
        let sent = replayed(partial.into()).await;
        let expected =
            json!([{"type": "thinking", "thinking": "whole", "signature": "d2hvbGU="}, {"type": "text", "text": "b"}]);
        assert_eq!(sent, expected);
    }
}
