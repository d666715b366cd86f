//! Blocks of replies and other clients: replayed, converted or refused.

use bedrock_chat::testing::Reply;
use bedrock_chat::{
    Api, ChatOptions, Content, ErrorKind, Json, Message, Reasoning, Role, Text, Thinking, Tool, ToolCall, ToolResult,
};
use serde_json::{Value, json};

use crate::{CLAUDE, NOVA, chat, read, replays, sent, sent_of, streamed};

#[test]
fn compaction_and_unknown_deltas_are_merged_and_replayed() {
    let deltas = |deltas: &[Value]| {
        let mut chunks = vec![
            json!({"type": "content_block_start", "index": 0, "content_block": {"type": "compaction", "content": null}}),
        ];
        chunks.extend(deltas.iter().map(|delta| json!({"type": "content_block_delta", "index": 0, "delta": delta})));
        chunks.push(json!({"type": "content_block_stop", "index": 0}));
        chunks.push(json!({"type": "message_stop"}));
        let chunks: Vec<String> = chunks.iter().map(Value::to_string).collect();
        streamed(CLAUDE, Api::Invoke, Reply::chunks(chunks.iter().map(String::as_str))).unwrap()
    };
    for (given, block) in [
        (
            vec![
                json!({"type": "compaction_delta", "content": "The user ", "encrypted_content": "abc"}),
                json!({"type": "compaction_delta", "content": "asked."}),
            ],
            json!({"type": "compaction", "content": "The user asked.", "encrypted_content": "abc"}),
        ),
        (vec![json!({"type": "compaction_delta", "content": null})], json!({"type": "compaction", "content": null})),
        (
            vec![
                json!({"type": "future_delta", "list": [1], "thinking": "a"}),
                json!({"type": "thinking_delta", "thinking": "b"}),
                json!({"type": "citations_delta", "citation": {"n": 1}}),
            ],
            json!({"type": "compaction", "content": null, "list": [1], "thinking": "ab", "citations": [{"n": 1}]}),
        ),
    ] {
        for history in replays(&deltas(&given)) {
            let body = sent(CLAUDE, Api::Invoke, &history, &ChatOptions::default()).unwrap();
            assert_eq!(body["messages"][1]["content"], json!([block]));
        }
    }
}

#[test]
fn nova_grounding_blocks_are_replayed_unchanged() {
    let blocks = json!([
        {"toolUse": {"toolUseId": "s", "name": "nova_grounding", "type": "server_tool_use", "input": {}, "new": 1}},
        {"toolResult": {"toolUseId": "s", "type": "nova_grounding_result", "status": "success", "content": [{"text": "x"}]}},
        {"text": "Found."},
    ]);
    let tools = vec![Tool::native(Json::from(json!({"systemTool": {"name": "nova_grounding"}})))];
    let options = ChatOptions::default().with_tools(tools);
    for api in [Api::Converse, Api::Invoke] {
        let answer = json!({"output": {"message": {"role": "assistant", "content": blocks}}, "stopReason": "end_turn"});
        let (chat, _) = chat(NOVA, api, [Reply::json(200, answer.to_string())]);
        let reply = futures_executor::block_on(chat.invoke("Hi")).unwrap();
        for history in replays(&reply) {
            let body = sent(NOVA, api, &history, &options).unwrap();
            assert_eq!(body["messages"][1]["content"], blocks, "{api:?}");
        }
    }
    let start = |at: u32, start: Value| json!({"contentBlockIndex": at, "start": start}).to_string();
    let delta = |at: u32, delta: Value| json!({"contentBlockIndex": at, "delta": delta}).to_string();
    let stop = |at: u32| json!({"contentBlockIndex": at}).to_string();
    let events = [
        (
            "contentBlockStart",
            start(
                0,
                json!({"toolUse": {"toolUseId": "s", "name": "nova_grounding", "type": "server_tool_use", "new": 1}}),
            ),
        ),
        ("contentBlockStop", stop(0)),
        (
            "contentBlockStart",
            start(1, json!({"toolResult": {"toolUseId": "s", "type": "nova_grounding_result", "status": "success"}})),
        ),
        ("contentBlockDelta", delta(1, json!({"toolResult": [{"text": "x"}]}))),
        ("contentBlockStop", stop(1)),
        ("contentBlockDelta", delta(2, json!({"text": "Found."}))),
        ("contentBlockStop", stop(2)),
        ("messageStop", json!({"stopReason": "end_turn"}).to_string()),
    ];
    let chunks: Vec<String> = events.iter().map(|(name, event)| format!("{{\"{name}\":{event}}}")).collect();
    let native = streamed(NOVA, Api::Invoke, Reply::chunks(chunks.iter().map(String::as_str))).unwrap();
    let converse = streamed(NOVA, Api::Converse, Reply::events(events)).unwrap();
    for (api, reply) in [(Api::Invoke, native), (Api::Converse, converse)] {
        for history in replays(&reply) {
            let body = sent(NOVA, api, &history, &options).unwrap();
            assert_eq!(body["messages"][1]["content"], blocks, "{api:?}");
        }
    }
}

#[test]
fn blocks_of_other_clients_are_converted_or_refused() {
    let user = |block: Value| json!([{"role": "user", "content": [{"type": "text", "text": "a"}, block]}]);
    let png = "data:image/png;base64,iVBORw0KGgo=";
    let image =
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}});
    for block in [
        json!({"type": "input_image", "image_url": png}),
        json!({"type": "image", "image": "iVBORw0KGgo=", "mediaType": "image/png"}),
        json!({"type": "non_standard", "value": {"type": "image_url", "image_url": {"url": png}}}),
    ] {
        let body = sent_of(CLAUDE, Api::Invoke, &user(block)).unwrap();
        assert_eq!(body["messages"][0]["content"][1], image);
    }
    for block in [
        json!({"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,JVBERi0="}),
        json!({"type": "file", "file": {"filename": "a.pdf", "file_data": "JVBERi0="}}),
    ] {
        let body = sent_of(CLAUDE, Api::Invoke, &user(block)).unwrap();
        assert_eq!(body["messages"][0]["content"][1]["source"]["media_type"], json!("application/pdf"));
    }
    let body = sent_of(CLAUDE, Api::Invoke, &user(json!({"type": "text-plain", "text": "words"}))).unwrap();
    assert_eq!(body["messages"][0]["content"][1]["source"]["data"], json!("words"));
    for (block, word) in [
        (json!({"type": "input_image", "file_id": "file-1"}), "file-1"),
        (json!({"type": "input_file", "file_id": "file-2"}), "file-2"),
        (json!({"type": "image", "source": {"type": "file", "file_id": "file-3"}}), "file-3"),
        (json!({"type": "file", "file": {"file_id": "file-4"}}), "file-4"),
        (json!({"type": "server_tool_call", "id": "1", "name": "f", "args": {}}), "`server_tool_call`"),
        (json!({"type": "tool-call", "toolCallId": "1"}), "`tool-call`"),
        (json!({"type": "web_search_call", "id": "1"}), "`web_search_call`"),
        (json!({"inlineData": {"mimeType": "image/png"}}), "`inlineData`"),
        (json!({"type": "input_audio"}), "`input_audio`"),
        (json!({"type": "image_url", "image_url": {"url": png}, "x": 1}), "\"x\""),
    ] {
        let error = read(&user(block)).unwrap_err();
        assert!(error.kind() == ErrorKind::Encode && error.message().contains(word), "{error}");
    }
}

#[test]
fn members_of_json_messages_and_blocks_are_sent_or_refused() {
    let point = json!({"type": "ephemeral"});
    for message in [
        json!({"role": "user", "content": "a", "cache_control": point}),
        json!({"role": "user", "content": [{"type": "text", "text": "a", "cache_control": point}]}),
        json!({"role": "user", "content": [{"type": "text", "text": "a", "extras": {"cache_control": point}}]}),
        json!({"role": "user", "content": [{"text": "a", "cachePoint": {"type": "default"}}]}),
    ] {
        let body = sent_of(CLAUDE, Api::Invoke, &json!([message])).unwrap();
        assert_eq!(body["messages"][0]["content"][0]["cache_control"], point, "{message}");
    }
    let newer = json!({"type": "text", "text": "a", "newer": {"b": 1}});
    let messages = json!([{"role": "user", "content": [newer]}]);
    assert_eq!(sent_of(CLAUDE, Api::Invoke, &messages).unwrap()["messages"][0]["content"], json!([newer]));
    let error = sent_of(CLAUDE, Api::Converse, &messages).unwrap_err();
    assert!(error.message().contains("`text`"), "{error}");
    let error = read(&json!([{"role": "user", "content": "a", "documents": [1]}])).unwrap_err();
    assert!(error.message().contains("\"documents\""), "{error}");
    let guard =
        json!([{"role": "user", "content": [{"guardContent": {"text": {"text": "q", "qualifiers": ["query"]}}}]}]);
    assert_eq!(sent_of(CLAUDE, Api::Converse, &guard).unwrap()["messages"][0]["content"], guard[0]["content"]);
}

#[test]
fn text_with_citations_alone_in_a_turn_is_sent_as_a_block() {
    let citation = json!({"type": "char_location", "cited_text": "x", "document_index": 0});
    let text = || Content::Text(Text::new("Green").with_citations([Json::from(citation.clone())]));
    let expected = json!([{"type": "text", "text": "Green", "citations": [citation]}]);
    let history = [Message::human("a"), Message::new(Role::Ai, [text()]), Message::human("b")];
    let body = sent(CLAUDE, Api::Invoke, &history, &ChatOptions::default()).unwrap();
    assert_eq!(body["messages"][1]["content"], expected);
    let call = Content::ToolCall(ToolCall::new("t", "f", Json::empty_object()));
    let result = Content::ToolResult(ToolResult::new("t", [text()]));
    let history = [Message::human("a"), Message::new(Role::Ai, [call]), Message::new(Role::Tool, [result])];
    let body = sent(CLAUDE, Api::Invoke, &history, &ChatOptions::default()).unwrap();
    assert_eq!(body["messages"][2]["content"][0]["content"], expected);
}

#[test]
fn signed_thinking_is_left_out_for_claude_2_over_converse() {
    let signed = Content::Thinking(Thinking::new("hm").with_signature("s"));
    let messages = [Message::human("a"), Message::new(Role::Ai, [signed, Content::text("b")]), Message::human("c")];
    for model in ["anthropic.claude-v2:1", "anthropic.claude-instant-v1"] {
        let body = sent(model, Api::Converse, &messages, &ChatOptions::default()).unwrap();
        assert_eq!(body["messages"][1]["content"], json!([{"text": "b"}]), "{model}");
        for reasoning in [Reasoning::Effort("low".into()), Reasoning::Budget(2048), Reasoning::Adaptive] {
            let options = ChatOptions::default().with_reasoning(reasoning);
            let error = sent(model, Api::Converse, &messages, &options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        }
    }
}
