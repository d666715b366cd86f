//! Partial values of typed output while it streams.

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{BedrockChat, Credentials, Json, StructuredMethod};
use local_bedrock::LocalBedrock;
use serde_json::{Value, json};

use crate::structured::{QUESTION, Trip};
use crate::{BOTH, CLAUDE, GPT_OSS, MISTRAL, NOVA, chat};

/// Returns whether a value is at least as complete as the one before: nothing is removed.
fn grows(before: &Value, after: &Value) -> bool {
    use Value::{Array, Object, String};
    match (before, after) {
        (Object(a), Object(b)) => a.iter().all(|(key, value)| b.get(key).is_some_and(|more| grows(value, more))),
        (Array(a), Array(b)) => a.len() <= b.len() && a.iter().zip(b).all(|(value, more)| grows(value, more)),
        (String(a), String(b)) => b.starts_with(a.as_str()),
        (a, b) => a == b || a.is_null() || a.is_number(),
    }
}

#[tokio::test]
async fn structured_stream_values_grow_to_the_whole_value() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in [CLAUDE, NOVA, MISTRAL, GPT_OSS] {
        for api in BOTH {
            let mut stream =
                chat(&bedrock, model, api).with_structured_output::<Trip>().stream(QUESTION).await.unwrap();
            let mut values: Vec<Value> = Vec::new();
            while let Some(partial) = stream.next().await {
                let partial = partial.unwrap_or_else(|error| panic!("{model} {api:?}: {error}"));
                values.push(serde_json::from_str(partial.as_str()).unwrap());
            }
            // Mistral's native format sends whole calls.
            assert!(values.len() > 1 || model == MISTRAL, "{model} {api:?}: {values:?}");
            for pair in values.windows(2) {
                assert!(grows(&pair[0], &pair[1]) && pair[0] != pair[1], "{model} {api:?}: {} {}", pair[0], pair[1]);
            }
            let whole = stream.value().unwrap();
            let last: Trip = serde_json::from_value(values.pop().unwrap()).unwrap();
            assert_eq!((whole.city.as_str(), &whole), ("Lisbon", &last), "{model} {api:?}");
        }
    }
}

/// Streams one reply of Claude's from these events, and returns the partial values and the whole value.
async fn streamed(method: StructuredMethod, events: &[Value]) -> (Vec<String>, Json) {
    let chunks: Vec<String> = events.iter().map(ToString::to_string).collect();
    let transport = MemoryTransport::new([Reply::chunks(chunks.iter().map(String::as_str))]);
    let chat = BedrockChat::builder(CLAUDE).region("us-east-1");
    let keys = Credentials::new("AKIDEXAMPLE", "secret");
    let chat = chat.credentials(keys).transport(transport).build().unwrap();
    let schema = json!({"type": "object", "properties": {"n": {"type": "integer"}}});
    let structured = chat.with_structured_schema::<Json>("answer", schema).method(method);
    let mut stream = structured.stream("a").await.unwrap();
    let mut values = Vec::new();
    while let Some(value) = stream.next().await {
        values.push(value.unwrap().as_str().to_owned());
    }
    (values, stream.value().unwrap())
}

#[tokio::test]
async fn structured_stream_keeps_text_and_tool_calls_apart() {
    let delta = |index: u32, delta: Value| json!({"type": "content_block_delta", "index": index, "delta": delta});
    let text = |index, text: &str| delta(index, json!({"type": "text_delta", "text": text}));
    let args = |index, args: &str| delta(index, json!({"type": "input_json_delta", "partial_json": args}));
    let call = |index: u32, name: &str| {
        let block = json!({"type": "tool_use", "id": "t", "name": name, "input": {}});
        json!({"type": "content_block_start", "index": index, "content_block": block})
    };
    let over = || json!({"type": "message_stop"});
    let events = [
        text(0, "First {\"n\":"),
        call(1, "other"),
        args(1, "{\"x\":1}"),
        call(2, "answer"),
        args(2, "{\"n\":1"),
        args(2, "2}"),
        over(),
    ];
    let (values, whole) = streamed(StructuredMethod::ForcedTool, &events).await;
    assert_eq!((values, whole.as_str()), (vec!["{}".to_owned(), r#"{"n":12}"#.to_owned()], r#"{"n":12}"#));
}

#[tokio::test]
async fn structured_stream_skips_brackets_in_prose() {
    let delta =
        |text: &str| json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}});
    let events = [
        delta("The list [1] and {braces}: {\"n\":1"),
        delta("2}"),
        delta(" See [2]."),
        json!({"type": "message_stop"}),
    ];
    let (values, whole) = streamed(StructuredMethod::Prompt, &events).await;
    assert_eq!((values, whole.as_str()), (vec!["{}".to_owned(), r#"{"n":12}"#.to_owned()], r#"{"n":12}"#));
}
