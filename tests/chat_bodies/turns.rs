//! Turns that the model would misread, or that the service refuses: repaired, or refused before sending.

use bedrock_chat::{
    Api, ChatOptions, Content, Error, ErrorKind, Json, Media, MediaSource, Message, Reasoning, ReasoningDisplay,
    ResponseFormat, Role, Tool, ToolCall, ToolReference, ToolResult,
};
use serde_json::{Value, json};

use crate::{CLAUDE, read, sent};

const QWEN: &str = "qwen.qwen3-vl-235b-a22b";
const GPT: &str = "us.openai.gpt-5.6-sol";

fn sent_plain(model: &str, api: Api, messages: &[Message]) -> Result<Value, Error> {
    sent(model, api, messages, &ChatOptions::default())
}

/// Same as [`sent_plain`], with the tool `f`: without tools, results are sent to Converse as text.
fn sent_with_tool(model: &str, api: Api, messages: &[Message]) -> Result<Value, Error> {
    let tools = vec![Tool::new("f", "", Json::empty_object())];
    sent(model, api, messages, &ChatOptions::default().with_tools(tools))
}

fn image() -> Content {
    Content::Image(Media::new("image/png", MediaSource::Base64("iVBORw0KGgo=".into())))
}

fn pdf() -> Content {
    Content::document("application/pdf", "%PDF-1.7")
}

fn call(id: &str) -> Content {
    Content::ToolCall(ToolCall::new(id, "f", Json::empty_object()))
}

fn result(id: &str, content: impl Into<Vec<Content>>) -> Message {
    Message::new(Role::Tool, [Content::ToolResult(ToolResult::new(id, content))])
}

#[test]
fn s3_image_is_refused_for_models_without_s3_media() {
    let uri = MediaSource::S3 { uri: "s3://b/a.png".into(), bucket_owner: None };
    let image = Content::Image(Media::new("image/png", uri));
    for model in
        [GPT, QWEN, "moonshotai.kimi-k2.5", "zai.glm-5", "google.gemma-3-27b-it", "nvidia.nemotron-nano-12b-v2"]
    {
        let error = sent_plain(model, Api::Converse, &[Message::new(Role::Human, [image.clone()])]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{model}: {error}");
        assert!(error.message().contains("S3"), "{error}");
    }
}

#[test]
fn tool_changes_of_claude_have_its_format_and_beta() {
    const OPUS: &str = "us.anthropic.claude-opus-4-8";
    const BETA: &str = "mid-conversation-tool-changes-2026-07-01";
    let addition = Content::ToolAddition(ToolReference::new("search").with_server_name("docs"));
    let removal = Content::ToolRemoval(ToolReference::new("f"));
    let messages = [Message::human("a"), Message::new(Role::System, [removal, addition])];
    let body = sent_with_tool(OPUS, Api::Invoke, &messages).unwrap();
    let expected = json!({"role": "system", "content": [
        {"type": "tool_removal", "tool": {"type": "tool_reference", "name": "f"}},
        {"type": "tool_addition", "tool": {"type": "mcp_tool_reference", "name": "search", "server_name": "docs"}},
    ]});
    assert_eq!(body["messages"][1], expected);
    let betas = |body: &Value| {
        let betas = body["anthropic_beta"].as_array().into_iter().flatten();
        betas.filter(|beta| **beta == json!(BETA)).count()
    };
    assert_eq!(betas(&body), 1, "{body}");
    let plain = sent_with_tool(OPUS, Api::Invoke, &messages[..1]).unwrap();
    assert_eq!(betas(&plain), 0, "{plain}");
    // Members that the crate has no field for, for instance a tool's definition, are sent unchanged.
    for block in [
        json!({"type": "tool_addition", "tool": {"type": "tool_definition", "definition": {"name": "g"}}}),
        json!({"type": "tool_removal", "tool": {"type": "mcp_toolset_reference", "server_name": "docs"}}),
    ] {
        let messages = json!([{"role": "user", "content": "a"}, {"role": "system", "content": [block]}]);
        let body = sent_with_tool(OPUS, Api::Invoke, &read(&messages).unwrap()).unwrap();
        assert_eq!(body["messages"][1]["content"][0], block);
    }
}

#[test]
fn media_of_a_tool_result_is_moved_and_named_at_both_places() {
    let one = [Message::human("a"), Message::new(Role::Ai, [call("t1")]), result("t1", [pdf()])];
    let body = sent_with_tool(QWEN, Api::Converse, &one).unwrap();
    let turn = body["messages"][2]["content"].as_array().unwrap();
    let said = turn[0]["toolResult"]["content"][0]["text"].as_str().unwrap();
    assert!(said.contains("below"), "{said}");
    assert!(turn[1]["text"].as_str().unwrap().contains("t1"), "{turn:?}");
    assert!(turn[2]["document"].is_object(), "{turn:?}");

    let two = [
        Message::human("a"),
        Message::new(Role::Ai, [call("t1"), call("t2")]),
        result("t1", [image()]),
        result("t2", [Content::text("found"), image(), image()]),
    ];
    let body = sent_with_tool(QWEN, Api::Converse, &two).unwrap();
    let turn = body["messages"][2]["content"].as_array().unwrap();
    let kinds: Vec<&str> =
        turn.iter().map(|block| block.as_object().unwrap().keys().next().unwrap().as_str()).collect();
    assert_eq!(kinds, ["toolResult", "toolResult", "text", "image", "text", "image", "image"]);
    assert!(turn[2]["text"].as_str().unwrap().contains("t1") && turn[4]["text"].as_str().unwrap().contains("t2"));
}

#[test]
fn tool_call_or_result_of_the_wrong_side_is_refused() {
    let calls = [Message::human("a"), Message::new(Role::Human, [Content::text("b"), call("t1")])];
    let results = [
        Message::human("a"),
        Message::new(Role::Ai, [call("t1"), Content::ToolResult(ToolResult::new("t1", [Content::text("r")]))]),
    ];
    for (model, api) in [
        (CLAUDE, Api::Invoke),
        (CLAUDE, Api::Converse),
        ("openai.gpt-oss-120b-1:0", Api::Invoke),
        ("cohere.command-r-v1:0", Api::Invoke),
        ("meta.llama3-8b-instruct-v1:0", Api::Invoke),
    ] {
        for (messages, is_result) in [(&calls, false), (&results, true)] {
            // Over Converse, the model's turn may have results of tools that the service runs.
            if is_result && api == Api::Converse {
                continue;
            }
            let error = sent_plain(model, api, messages).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Encode, "{model}: {error}");
            assert!(error.message().starts_with("message 1"), "{model}: {error}");
        }
    }
}

#[test]
fn unknown_cache_ttl_in_json_is_refused() {
    for message in [
        json!({"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral", "ttl": "2h"}}]}),
        json!({"role": "user", "content": [{"text": "a"}, {"cachePoint": {"type": "default", "ttl": "9h"}}]}),
        json!({"role": "user", "content": "a", "cache_control": {"type": "ephemeral", "ttl": "2h"}}),
        json!({"role": "user", "content": "a", "cache_control": {"type": "ephemeral", "ttl": 300}}),
        json!({"role": "tool", "tool_call_id": "t", "content": "a", "cache_control": {"ttl": "1d"}}),
    ] {
        let error = read(&json!([message])).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode);
        assert!(error.message().contains("5m") && error.message().contains("1h"), "{error}");
    }
    for tools in [
        json!([{"name": "f", "input_schema": {"type": "object"}, "cache_control": {"ttl": "2h"}}]),
        json!([{"name": "f", "input_schema": {"type": "object"}}, {"cachePoint": {"type": "default", "ttl": "9h"}}]),
    ] {
        let error = Tool::list_from_json(&Json::from(tools)).unwrap_err();
        assert!(error.message().contains("5m") && error.message().contains("1h"), "{error}");
    }
    assert!(read(&json!([{"role": "user", "content": "a", "cache_control": {"ttl": null}}])).is_ok());
}

#[test]
fn s3_source_in_json_is_read_without_media_type() {
    for (kind, name, media) in
        [("image", "a.png", "image"), ("document", "a.pdf", "document"), ("video", "a.mp4", "video")]
    {
        let uri = format!("s3://b/{name}");
        let block = json!({"type": kind, "source": {"type": "s3", "uri": uri, "bucketOwner": "111122223333"}});
        let messages = read(&json!([{"role": "user", "content": [block, {"type": "text", "text": "b"}]}])).unwrap();
        let body = sent_plain("us.amazon.nova-pro-v1:0", Api::Converse, &messages).unwrap();
        let source = &body["messages"][0]["content"][0][media];
        assert_eq!(source["source"]["s3Location"], json!({"uri": uri, "bucketOwner": "111122223333"}), "{body}");
        assert_eq!(source["format"], name[2..]);
    }
}

#[test]
fn tool_result_without_id_is_refused() {
    for message in
        [json!({"role": "tool", "content": "r"}), json!({"role": "tool", "tool_call_id": "", "content": "r"})]
    {
        let messages =
            json!(["a", {"role": "ai", "content": "", "tool_calls": [{"id": "t", "name": "f", "args": {}}]}, message]);
        let error = read(&messages).and_then(|messages| sent_plain(CLAUDE, Api::Converse, &messages)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode);
        assert!(error.message().starts_with("message 2") && error.message().contains("id"), "{error}");
    }
}

#[test]
fn image_in_a_system_message_is_refused_for_claude() {
    let messages = [Message::new(Role::System, [Content::text("a"), image()]), Message::human("b")];
    for api in [Api::Invoke, Api::Converse] {
        let error = sent_plain(CLAUDE, api, &messages).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode);
        assert!(error.message().contains("system message"), "{error}");
    }
}

#[test]
fn reasoning_display_without_reasoning_is_refused() {
    let options =
        ChatOptions::default().with_reasoning(Reasoning::Disabled).with_reasoning_display(ReasoningDisplay::Summarized);
    for api in [Api::Invoke, Api::Converse] {
        let error = sent("anthropic.claude-sonnet-4-6", api, &[Message::human("a")], &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.message().contains("reasoning_display"), "{error}");
    }
}

#[test]
fn image_is_refused_for_models_without_images_over_converse() {
    let messages = [Message::new(Role::Human, [Content::text("a"), image()])];
    for (model, api) in [
        ("us.amazon.nova-micro-v1:0", Api::Converse),
        ("us.amazon.nova-micro-v1:0", Api::Invoke),
        ("anthropic.claude-v2:1", Api::Converse),
    ] {
        let error = sent_plain(model, api, &messages).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{model}");
        assert!(error.message().contains("image"), "{error}");
    }
}

#[test]
fn duplicate_tool_calls_with_other_arguments_are_refused() {
    let twin = |input: Value, args: Value| {
        read(&json!([{"type": "ai", "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": input}],
            "tool_calls": [{"id": "t1", "name": "f", "args": args}]}]))
    };
    let error = twin(json!({"a": 1}), json!({"a": 2})).unwrap_err();
    assert!(error.message().starts_with("message 0") && error.message().contains("t1"), "{error}");
    for (input, args) in
        [(json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1})), (json!(""), json!({"a": 1})), (json!({}), json!({"a": 1}))]
    {
        assert!(twin(input, args).is_ok());
    }
}

#[test]
fn open_object_schema_is_not_closed_silently() {
    for open in [json!(true), json!({})] {
        let schema = Json::from(
            json!({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": open}),
        );
        let mut strict = Tool::new("f", "", schema.clone());
        strict.strict = Some(true);
        for tool in [strict, Tool::new("f", "", schema.clone()).strict()] {
            let options = ChatOptions::default().with_tools([tool]);
            let error = sent(CLAUDE, Api::Invoke, &[Message::human("a")], &options).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.message().contains("any keys") && error.message().len() <= 220, "{error}");
        }
        let format = ResponseFormat::new("f", schema);
        let options = ChatOptions::default().with_response_format(format);
        let error = sent(CLAUDE, Api::Converse, &[Message::human("a")], &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}
