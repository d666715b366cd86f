//! The arguments of tool calls, which arrive in pieces cut anywhere, or not at all.

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{AiMessage, Json, Message, StopReason, Tool};
use local_bedrock::{Fault, LocalBedrock};
use serde_json::{Value, json};

use crate::support::{EVENT_STREAM, calling, chunks, over, streamed, through_json};

fn start(index: u32, id: &str) -> Value {
    let block = json!({"type": "tool_use", "id": id, "name": "save", "input": {}});
    json!({"type": "content_block_start", "index": index, "content_block": block})
}

fn args(index: u32, json: &str) -> Value {
    json!({"type": "content_block_delta", "index": index, "delta": {"type": "input_json_delta", "partial_json": json}})
}

fn end(index: u32) -> Value {
    json!({"type": "content_block_stop", "index": index})
}

fn stopped(why: &str) -> [Value; 2] {
    [json!({"type": "message_delta", "delta": {"stop_reason": why}}), json!({"type": "message_stop"})]
}

async fn message(blocks: &[Value], why: &str) -> AiMessage {
    streamed(&[blocks, &stopped(why)].concat()).await.message().await.unwrap()
}

async fn arguments(blocks: &[Value]) -> Vec<(String, Json)> {
    let message = message(blocks, "tool_use").await;
    assert_eq!(message.invalid_tool_calls().count(), 0, "{message:?}");
    message.tool_calls().map(|call| (call.id.clone(), call.args.clone())).collect()
}

fn one(id: &str, args: Value) -> Vec<(String, Json)> {
    vec![(id.to_owned(), Json::from(args))]
}

#[tokio::test]
async fn tool_call_with_no_arguments_has_an_empty_object() {
    for deltas in [&[][..], &[""], &["", ""], &["{}"], &["\"\""], &[" "]] {
        let mut blocks = vec![start(0, "t1")];
        blocks.extend(deltas.iter().map(|json| args(0, json)));
        blocks.push(end(0));
        assert_eq!(arguments(&blocks).await, one("t1", json!({})), "{deltas:?}");
    }
}

#[tokio::test]
async fn tool_call_with_no_arguments_is_replayed_as_an_object() {
    let reply = message(&[start(0, "t1"), args(0, ""), end(0)], "tool_use").await;
    let transport = MemoryTransport::new([Reply::json(200, r#"{"content":[]}"#)]);
    let history = [Message::human("a"), through_json(&reply).into(), Message::tool("t1", "saved")];
    over(transport.clone()).build().unwrap().invoke(history).await.unwrap();
    let body: Value = serde_json::from_slice(&transport.requests()[0].body).unwrap();
    assert_eq!(body["messages"][1]["content"][0]["input"], json!({}));
}

#[tokio::test]
async fn tool_call_deltas_that_alternate_are_joined_by_index() {
    let blocks = [
        start(0, "t1"),
        start(1, "t2"),
        args(1, r#"{"path":"#),
        args(0, r#"{"path": "a"#),
        args(1, r#""b","n":1"#),
        args(0, r#"", "n": -2.5e3}"#),
        end(0),
        args(1, "}"),
        end(1),
    ];
    let expected = [one("t1", json!({"path": "a", "n": -2500.0})), one("t2", json!({"path": "b", "n": 1}))].concat();
    let found = arguments(&blocks).await;
    assert_eq!(found.len(), 2);
    for ((id, args), (expected_id, expected)) in found.iter().zip(&expected) {
        assert_eq!(id, expected_id);
        assert_eq!(args.read_as::<Value>().unwrap()["path"], expected.read_as::<Value>().unwrap()["path"]);
    }
    assert_eq!(found[0].1.as_str(), r#"{"path": "a", "n": -2.5e3}"#, "the number keeps its digits");
}

#[tokio::test]
async fn tool_call_arguments_can_be_cut_at_any_byte() {
    let whole = r#"{"text":"caf\u00e9 \ud83d\ude00 \"q\" é😀","n":-12.5e+3,"ok":true,"none":null,"list":[1,[]]}"#;
    let expected = one("t1", serde_json::from_str(whole).unwrap());
    for at in (0..=whole.len()).filter(|at| whole.is_char_boundary(*at)) {
        let blocks = [start(0, "t1"), args(0, &whole[..at]), args(0, &whole[at..]), end(0)];
        assert_eq!(arguments(&blocks).await, expected, "cut at {at}");
    }
    let mut blocks = vec![start(0, "t1")];
    blocks.extend(whole.chars().map(|c| args(0, c.encode_utf8(&mut [0; 4]))));
    blocks.push(end(0));
    assert_eq!(arguments(&blocks).await, expected, "one character a piece");
}

#[tokio::test]
async fn tool_call_cut_by_max_tokens_keeps_its_partial_text() {
    for ending in [vec![end(0)], vec![]] {
        let mut blocks = vec![start(0, "t1"), args(0, r#"{"path":"#), args(0, r#""a"#)];
        blocks.extend(ending);
        let message = message(&blocks, "max_tokens").await;
        assert_eq!(message.stop_reason, Some(StopReason::MaxTokens));
        assert_eq!(message.tool_calls().count(), 0, "never {{}} and never half of it");
        let invalid: Vec<_> = message.invalid_tool_calls().collect();
        assert_eq!((invalid.len(), invalid[0].args.as_str()), (1, r#"{"path":"a"#));
        assert_eq!((invalid[0].id.as_str(), invalid[0].name.as_str()), ("t1", "save"));
        assert!(!invalid[0].error.is_empty());
        assert_eq!(through_json(&message), message);
    }
}

#[tokio::test]
async fn tool_call_cut_before_its_arguments_is_invalid() {
    let message = message(&[start(0, "t1"), end(0)], "max_tokens").await;
    assert_eq!((message.tool_calls().count(), message.invalid_tool_calls().count()), (0, 1));
}

#[tokio::test]
async fn stream_cut_inside_tool_call_arguments_is_invalid() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let stream = chunks(&[start(0, "t1"), args(0, r#"{"path":"a"}"#), end(0), start(1, "t2"), args(1, r#"{"pa"#)]);
    bedrock.faults().push(Fault::reply(200, EVENT_STREAM, stream));
    let error = calling(&bedrock).build().unwrap().stream("hello").await.unwrap().message().await.unwrap_err();
    let partial = error.into_partial().unwrap();
    assert_eq!(partial.tool_calls().map(|call| call.id.as_str()).collect::<Vec<_>>(), ["t1"], "this one was whole");
    assert_eq!(partial.invalid_tool_calls().map(|call| call.id.as_str()).collect::<Vec<_>>(), ["t2"]);
}

#[tokio::test]
async fn tool_call_arguments_not_an_object_are_not_emptied() {
    for text in ["[1]", "3", r#""x""#, r#"{"a":}"#, r#"{"a":1"#] {
        let message = message(&[start(0, "t1"), args(0, text), end(0)], "tool_use").await;
        assert_eq!(message.tool_calls().count(), 0, "{text}");
        assert_eq!(message.invalid_tool_calls().next().unwrap().args, text);
    }
}

fn weather() -> Tool {
    let schema = json!({"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]});
    Tool::new("get_weather", "The weather in a city", schema)
}

fn time() -> Tool {
    Tool::new("get_time", "The time", json!({}))
}

#[tokio::test]
async fn tool_call_conversation_is_the_same_when_streamed() {
    let bedrock = LocalBedrock::builder().strict_alternation(true).start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap().bind_tools([weather(), time()]);
    let question = "What is the weather in Zürich and in New York, and what time is it?";
    let whole = chat.invoke(question).await.unwrap();
    let streamed = chat.stream(question).await.unwrap().message().await.unwrap();
    assert_eq!(whole.content, streamed.content);
    assert_eq!((&whole.stop_reason, whole.usage), (&streamed.stop_reason, streamed.usage));
    assert_eq!(whole.stop_reason, Some(StopReason::ToolUse));
    let calls: Vec<_> = whole.tool_calls().cloned().collect();
    let summary: Vec<_> = calls.iter().map(|call| format!("{} {}", call.name, call.args)).collect();
    assert_eq!(summary.len(), 3, "{summary:?}");
    assert!(calls.iter().any(|call| call.args == json!({"location": "Zürich"})), "{summary:?}");
    assert!(calls.iter().any(|call| call.name == "get_time" && call.args == json!({})), "{summary:?}");

    for reply in [whole, streamed] {
        let mut history = vec![Message::human(question), Message::from(through_json(&reply))];
        history.extend(calls.iter().map(|call| Message::tool(&call.id, format!("result of {}", call.id))));
        let last = chat.invoke(history).await.unwrap();
        assert!(calls.iter().all(|call| last.text().contains(&format!("result of {}", call.id))), "{}", last.text());
    }
}

#[tokio::test]
async fn forced_tool_call_is_made() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap().bind_tools([weather(), time()]);
    let forced = chat.with_tool_choice("get_time");
    let reply = forced.invoke("Just say hello.").await.unwrap();
    assert_eq!(reply.tool_calls().map(|call| call.name.as_str()).collect::<Vec<_>>(), ["get_time"]);
    let never = chat.with_tool_choice("none").invoke("What is the weather in Paris?").await.unwrap();
    assert_eq!(never.tool_calls().count(), 0);
}
