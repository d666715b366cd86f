//! A normal list of messages becomes one that Bedrock accepts: the local Bedrock refuses blank text,
//! orphaned results, calls without results and turns that do not alternate, as the service does.

use bedrock_chat::{
    Content, ErrorKind, InvalidToolCall, Json, Message, Role, Text, Thinking, Tool, ToolCall, ToolResult,
};
use local_bedrock::LocalBedrock;
use serde_json::{Value, json};

use crate::support::{calling, only_request};

fn tool() -> Tool {
    Tool::new("lookup", "Looks something up", Json::from(json!({"type": "object", "properties": {}})))
}

fn call(id: &str) -> Content {
    Content::ToolCall(ToolCall::new(id, "lookup", Json::from(json!({"q": id}))))
}

fn result(id: &str, content: Vec<Content>) -> Message {
    Message::new(Role::Tool, [Content::ToolResult(ToolResult::new(id, content))])
}

fn calls(ids: &[&str]) -> Message {
    Message::new(Role::Ai, ids.iter().map(|id| call(id)).collect::<Vec<_>>())
}

/// Returns the turns that the server received and accepted. It requires alternating turns.
async fn accepted(messages: &[Message]) -> Vec<Value> {
    let bedrock = LocalBedrock::builder().strict_alternation(true).start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap().bind_tools([tool()]);
    let reply = chat.invoke(messages.to_vec()).await.unwrap();
    assert!(reply.stop_reason.is_some());
    let request = only_request(&bedrock);
    assert_eq!(request.status, Some(200));
    request.json()["messages"].as_array().unwrap().clone()
}

/// `role: kind kind ...` of every turn.
fn shape(turns: &[Value]) -> Vec<String> {
    let kinds = |content: &Value| match content {
        Value::String(text) => format!("{text:?}"),
        blocks => {
            let blocks = blocks.as_array().unwrap().iter();
            let named = blocks.map(|block| match block["type"].as_str().unwrap() {
                "text" => format!("{:?}", block["text"].as_str().unwrap()),
                "tool_use" => format!("use {}", block["id"].as_str().unwrap()),
                "tool_result" => format!("result {}", block["tool_use_id"].as_str().unwrap()),
                other => other.to_owned(),
            });
            named.collect::<Vec<_>>().join(", ")
        }
    };
    turns.iter().map(|turn| format!("{}: {}", turn["role"].as_str().unwrap(), kinds(&turn["content"]))).collect()
}

#[tokio::test]
async fn tool_results_and_next_user_text_are_one_turn() {
    let picture = Content::image("image/png", b"\x89PNG\r\n\x1a\n".to_vec());
    let messages = [
        Message::human("Weather?"),
        calls(&["t1", "t2"]),
        Message::tool("t2", "55F"),
        result("t1", vec![Content::text("72F"), picture]),
        Message::human("ok"),
    ];
    let turns = accepted(&messages).await;
    assert_eq!(
        shape(&turns),
        [r#"user: "Weather?""#, "assistant: use t1, use t2", r#"user: result t1, result t2, "ok""#]
    );
    let results = turns[2]["content"].as_array().unwrap();
    assert_eq!(results[1]["content"], "55F");
    assert_eq!(results[0]["content"][0], json!({"type": "text", "text": "72F"}));
    assert_eq!(results[0]["content"][1]["source"]["media_type"], "image/png");
}

#[tokio::test]
async fn user_text_before_tool_results_is_moved_after_them() {
    let messages = [Message::human("a"), calls(&["t1"]), Message::human("are you there?"), Message::tool("t1", "yes")];
    assert_eq!(shape(&accepted(&messages).await)[2], r#"user: result t1, "are you there?""#);
}

#[tokio::test]
async fn neighboring_messages_of_one_role_are_merged() {
    let messages = [Message::human("a"), Message::human("b"), Message::ai("c"), Message::ai("d"), Message::human("e")];
    assert_eq!(shape(&accepted(&messages).await), [r#"user: "a", "b""#, r#"assistant: "c", "d""#, r#"user: "e""#]);
}

#[tokio::test]
async fn duplicate_tool_call_is_sent_once() {
    let doubled =
        Message::new(Role::Ai, [Content::text("Let me see."), call("t1"), Content::text("Done?"), call("t1")]);
    let messages = [Message::human("a"), doubled, Message::tool("t1", "r")];
    assert_eq!(shape(&accepted(&messages).await)[1], r#"assistant: "Let me see.", use t1, "Done?""#);
}

#[tokio::test]
async fn blank_text_next_to_a_tool_call_is_left_out() {
    for blanks in [["", " \n"], ["\t", "\u{a0}"]] {
        let [first, second] = blanks.map(Content::text);
        let messages =
            [Message::human("a"), Message::new(Role::Ai, [first, second, call("t1")]), Message::tool("t1", "r")];
        assert_eq!(shape(&accepted(&messages).await)[1], "assistant: use t1");
    }
}

#[tokio::test]
async fn empty_turn_is_removed_and_its_neighbors_merged() {
    let messages = [
        Message::human("a"),
        Message::new(Role::Ai, [Content::text(""), Content::text(" \n")]),
        Message::human("b"),
        Message::human(""),
        Message::ai("c"),
        Message::human(" "),
        Message::ai("d"),
        Message::human("e"),
    ];
    assert_eq!(shape(&accepted(&messages).await), [r#"user: "a", "b""#, r#"assistant: "c", "d""#, r#"user: "e""#]);
}

#[tokio::test]
async fn empty_tool_result_is_sent_as_no_output() {
    for content in [vec![], vec![Content::text("")], vec![Content::text(" "), Content::text("\n")]] {
        let messages = [Message::human("a"), calls(&["t1"]), result("t1", content)];
        let turns = accepted(&messages).await;
        let said = turns[2]["content"][0]["content"].as_str().unwrap().to_owned();
        assert!(!said.trim().is_empty(), "{turns:?}");
    }
}

#[tokio::test]
async fn last_assistant_turn_is_trimmed_at_its_end() {
    let messages = [Message::human(" a \n b "), Message::ai("c \n"), Message::human("d "), Message::ai("x \n")];
    let expected = [r#"user: " a \n b ""#, r#"assistant: "c \n""#, r#"user: "d ""#, r#"assistant: "x""#];
    assert_eq!(shape(&accepted(&messages).await), expected);
}

#[tokio::test]
async fn late_system_message_is_refused_before_sending() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    chat.invoke([("system", "one"), ("system", "two"), ("human", "hello")]).await.unwrap();
    let body = only_request(&bedrock).json();
    assert_eq!(body["system"], json!([{"type": "text", "text": "one"}, {"type": "text", "text": "two"}]));
    bedrock.clear();
    for (messages, says) in [
        (vec![("human", "a"), ("system", "late")], "message 1"),
        (vec![("system", "only")], "human message"),
        (vec![("human", " ")], "nothing to answer"),
        (vec![], "nothing to answer"),
        (vec![("narrator", "once")], "narrator"),
    ] {
        let error = chat.invoke(messages).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode);
        assert!(error.message().contains(says), "{error}");
    }
    assert!(bedrock.requests().is_empty());
}

#[tokio::test]
async fn cut_tool_call_is_replayed_only_if_answered() {
    let invalid = |id: &str| Content::InvalidToolCall(InvalidToolCall::new(id, "lookup", r#"{"path":"a"#, "cut"));
    let turn = Message::new(Role::Ai, [Content::text("Let me"), invalid("t1")]);
    let unanswered = [Message::human("a"), turn.clone(), Message::human("go on")];
    assert_eq!(shape(&accepted(&unanswered).await)[1], r#"assistant: "Let me""#);
    let answered = [Message::human("a"), turn, Message::tool_error("t1", "the arguments were cut short")];
    let turns = accepted(&answered).await;
    assert_eq!(shape(&turns)[1], r#"assistant: "Let me", use t1"#);
    assert!(turns[1]["content"][1]["input"].to_string().contains("path"), "the model sees what it wrote");
    assert_eq!(turns[2]["content"][0]["is_error"], true);
}

#[tokio::test]
async fn reasoning_without_a_signature_is_not_sent() {
    let thinking = |signature: Option<&str>| {
        let mut thinking = Thinking::new("hm");
        thinking.signature = signature.map(Into::into);
        Content::Thinking(thinking)
    };
    let messages = [
        Message::human("a"),
        Message::new(Role::Ai, [thinking(None), thinking(Some("")), Content::text("b")]),
        Message::human("c"),
    ];
    assert_eq!(shape(&accepted(&messages).await)[1], r#"assistant: "b""#);
}

#[tokio::test]
async fn messages_of_all_kinds_round_trip_through_json() {
    let cited = Text::new("Paris").with_citations([Json::from(json!({"type": "char_location", "n": 1}))]);
    let message = Message::new(
        Role::Ai,
        [
            Content::Text(cited),
            Content::image("image/png", vec![0, 255, 7]),
            Content::Thinking(Thinking::new("").with_signature("c2ln+/==")),
            call("t1"),
            Content::ToolResult(ToolResult::error("t1", [Content::text("é\u{0}😀")])),
            Content::cache_point(),
            Content::raw(Json::parse(r#"{"type":"hologram","n":2.5,"big":12345678901234567890}"#).unwrap()),
        ],
    );
    let text = serde_json::to_string(&message).unwrap();
    let back: Message = serde_json::from_str(&text).unwrap();
    assert_eq!(back, message);
    assert_eq!(serde_json::to_string(&back).unwrap(), text, "and again, byte for byte");
    assert!(text.contains("12345678901234567890"), "no detour through floats: {text}");
}
