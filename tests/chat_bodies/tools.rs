//! Tools, tool calls and tool results in request bodies.

use bedrock_chat::testing::Reply;
use bedrock_chat::{Api, ChatOptions, Content, ErrorKind, Json, Message, Role, Tool, ToolCall, ToolResult};
use serde_json::{Value, json};

use crate::{CLAUDE, NOVA, QWEN, chat, kwargs, replays, sent, streamed, tool};

#[test]
fn tool_members_are_sent_to_claude_or_refused() {
    let more = json!({"defer_loading": true, "input_examples": [{"a": 1}], "eager_input_streaming": true,
        "allowed_callers": ["code_execution_20250825"], "newer": {"x": null}});
    let options = ChatOptions::default().with_tools([tool(&more)]);
    let body = sent(CLAUDE, Api::Invoke, &[Message::human("a")], &options).unwrap();
    for (key, value) in more.as_object().unwrap() {
        assert_eq!(body["tools"][0][key], *value, "{key}");
    }
    for (model, api) in [(CLAUDE, Api::Converse), (NOVA, Api::Invoke), (QWEN, Api::Invoke), (QWEN, Api::Converse)] {
        let error = sent(model, api, &[Message::human("a")], &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{model} {api:?}");
        assert!(error.message().contains("`allowed_callers`") && error.message().contains("`f`"), "{error}");
    }
}

#[test]
fn tool_call_caller_is_sent_back_from_answers_and_streams() {
    let call = json!({"type": "tool_use", "id": "t", "name": "f", "input": {},
        "caller": {"type": "code_execution_20250825", "tool_id": "s"}});
    let whole = Reply::json(200, json!({"content": [call], "stop_reason": "tool_use"}).to_string());
    let whole = futures_executor::block_on(chat(CLAUDE, Api::Invoke, [whole]).0.invoke("Hi")).unwrap();
    let chunks = [
        json!({"type": "content_block_start", "index": 0, "content_block": call}).to_string(),
        json!({"type": "content_block_stop", "index": 0}).to_string(),
        json!({"type": "message_stop"}).to_string(),
    ];
    let stream = streamed(CLAUDE, Api::Invoke, Reply::chunks(chunks.iter().map(String::as_str))).unwrap();
    assert_eq!(stream.tool_calls().count(), 1);
    for reply in [whole, stream] {
        for mut history in replays(&reply) {
            history[2] = Message::tool("t", "r");
            let body = sent(CLAUDE, Api::Invoke, &history, &ChatOptions::default()).unwrap();
            assert_eq!(body["messages"][1]["content"][0], call);
        }
    }
}

#[test]
fn lone_surrogates_in_json_are_sent_as_replacement_characters() {
    let broken = Json::parse(r#"{"a\udc00":["\ud800","\ud83d\ude00"]}"#).unwrap();
    let call = Content::ToolCall(ToolCall::new("t", "f", broken.clone()));
    let result = [Content::Json(bedrock_chat::JsonContent::new(broken.clone()))];
    let messages = [
        Message::human("a"),
        Message::new(Role::Ai, [call]),
        Message::new(Role::Tool, [Content::ToolResult(ToolResult::new("t", result))]),
    ];
    for (model, api) in [(CLAUDE, Api::Invoke), (CLAUDE, Api::Converse), (NOVA, Api::Invoke), (QWEN, Api::Invoke)] {
        let (chat, transport) = chat(model, api, [Reply::json(200, r#"{"content":[]}"#)]);
        let mut options = kwargs(json!({}));
        options.model_kwargs = Some(Json::parse(r#"{"own":"\udfff"}"#).unwrap());
        options.tools = vec![tool(&json!({}))];
        let _ = futures_executor::block_on(chat.with_options(&options).invoke(&messages));
        let body = String::from_utf8(transport.requests()[0].body.to_vec()).unwrap();
        for escape in ["ud800\\", "udfff", "udc00"] {
            assert!(!body.contains(escape), "{model} {api:?}: {body}");
        }
        assert!(body.contains("ud83d"), "{body}");
    }
}

#[test]
fn failed_tool_result_begins_with_error_in_chat_completions() {
    let call = Content::ToolCall(ToolCall::new("call00001", "f", Json::empty_object()));
    let options = ChatOptions::default().with_tools([tool(&json!({}))]);
    for (result, text) in [
        (Message::tool_error("call00001", "no such city"), "Error: no such city"),
        (Message::tool_error("call00001", "Error: no such city"), "Error: no such city"),
        (Message::tool_error("call00001", "error 404"), "error 404"),
        (Message::tool_error("call00001", ""), "Error: (no output)"),
        (Message::tool("call00001", "no such city"), "no such city"),
    ] {
        let messages = [Message::human("a"), Message::new(Role::Ai, [call.clone()]), result];
        let body = sent(QWEN, Api::Invoke, &messages, &options).unwrap();
        assert_eq!(body["messages"][2]["content"], json!(text));
    }
}

#[test]
fn server_tool_blocks_are_left_out_when_no_tools_are_sent() {
    let raw = |block: Value| Content::raw(Json::from(block));
    let call = raw(json!({"toolUse": {"toolUseId": "t", "name": "nova_grounding", "type": "server_tool_use",
        "input": {}}}));
    let result = raw(json!({"toolResult": {"toolUseId": "t", "status": "success", "type": "nova_grounding_result",
        "content": [{"text": "found"}]}}));
    let spoken = Message::new(Role::Ai, [call.clone(), result.clone(), Content::text("b")]);
    let silent = Message::new(Role::Ai, [call, result]);
    for api in [Api::Invoke, Api::Converse] {
        let history = [Message::human("a"), spoken.clone(), Message::human("c")];
        let body = sent(NOVA, api, &history, &ChatOptions::default()).unwrap();
        assert_eq!(body["messages"][1]["content"], json!([{"text": "b"}]), "{api:?}");
        let history = [Message::human("a"), silent.clone(), Message::human("c")];
        let body = sent(NOVA, api, &history, &ChatOptions::default()).unwrap();
        assert_eq!(body["messages"], json!([{"role": "user", "content": [{"text": "a"}, {"text": "c"}]}]), "{api:?}");
        // With the tool, the blocks are sent back unchanged.
        let grounding = Tool::native(Json::from(json!({"systemTool": {"name": "nova_grounding"}})));
        let options = ChatOptions::default().with_tools([grounding]);
        let history = [Message::human("a"), spoken.clone(), Message::human("c")];
        let body = sent(NOVA, api, &history, &options).unwrap();
        assert_eq!(body["messages"][1]["content"].as_array().unwrap().len(), 3, "{api:?}");
    }
}
