//! Refused bodies in Anthropic's shape, and the messages of the errors.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // Tests.

mod support;

use local_bedrock::LocalBedrock;
use serde_json::{Value, json};
use support::{CLAUDE, Request, post, send};

/// A good body with one key replaced (or removed, when the value is null).
fn with(key: &str, value: Value) -> Value {
    let mut body = json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 2000, "messages": [{"role": "user", "content": "Hi"}]});
    match value {
        Value::Null => body.as_object_mut().unwrap().remove(key),
        value => body.as_object_mut().unwrap().insert(key.to_owned(), value),
    };
    body
}

fn and(mut body: Value, key: &str, value: Value) -> Value {
    body[key] = value;
    body
}

fn messages(turns: Value) -> Value {
    with("messages", turns)
}

fn content(blocks: Value) -> Value {
    messages(json!([{"role": "user", "content": blocks}]))
}

fn tool(name: &str) -> Value {
    json!({"name": name, "input_schema": {"type": "object"}})
}

fn call(id: &str) -> Value {
    json!({"type": "tool_use", "id": id, "name": "f", "input": {}})
}

fn result(id: &str) -> Value {
    json!({"type": "tool_result", "tool_use_id": id, "content": "ok"})
}

fn thinking() -> Value {
    json!({"type": "enabled", "budget_tokens": 1024})
}

async fn check(cases: Vec<(Value, &str)>) {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (body, words) in cases {
        let reply = post(&bedrock, &format!("{CLAUDE}/invoke"), &body).await;
        assert_eq!((reply.status, reply.error_type()), (400, "ValidationException"), "accepted: {body}");
        assert!(reply.message().contains(words), "wanted {words:?}, got {:?} for {body}", reply.message());
    }
}

#[tokio::test]
async fn anthropic_keys_missing_unknown_or_invalid_are_refused() {
    check(vec![
        (with("foo", json!(1)), "Malformed input request: #: extraneous key [foo] is not permitted, please reformat your input and try again."),
        (with("model", json!("x")), "extraneous key [model]"),
        (with("stream", json!(true)), "extraneous key [stream]"),
        (with("max_tokens", Value::Null), "#: required key [max_tokens] not found"),
        (with("anthropic_version", Value::Null), "#: required key [anthropic_version] not found"),
        (with("anthropic_version", json!("x")), "#/anthropic_version: x is not a valid enum value"),
        (with("messages", Value::Null), "#: required key [messages] not found"),
        (with("max_tokens", json!("5")), "#/max_tokens: expected type: Integer, found: String"),
        (with("max_tokens", json!(0)), "max_tokens: Input should be greater than or equal to 1"),
        (with("temperature", json!(1.5)), "#/temperature: 1.5 is not less or equal to 1"),
        (with("temperature", json!(-0.1)), "#/temperature: -0.1 is not greater or equal to 0"),
        (with("top_p", json!(2)), "#/top_p: 2 is not less or equal to 1"),
        (with("stop_sequences", json!(["ok", " "])), "each stop sequence must contain non-whitespace"),
        (with("output_config", json!({"effort": "extreme"})), "output_config.effort"),
        (with("output_config", json!({"format": {"type": "json_schema", "schema": {"type": "object"}}})), "'additionalProperties' must be explicitly set to false"),
    ])
    .await;
}

#[tokio::test]
async fn anthropic_body_not_json_or_two_sampling_keys_is_refused() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let reply = send(&bedrock, Request::raw(&format!("{CLAUDE}/invoke"), b"{\"a\":".to_vec())).await;
    assert_eq!(reply.status, 400);
    assert!(reply.message().contains("not valid JSON"), "{}", reply.message());
    let body = and(with("temperature", json!(0.5)), "top_p", json!(0.5));
    let reply = post(&bedrock, "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/invoke", &body).await;
    assert_eq!(
        reply.message(),
        "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
    );
    assert_eq!(post(&bedrock, &format!("{CLAUDE}/invoke"), &body).await.status, 200);
}

#[tokio::test]
async fn anthropic_turns_and_blank_text_are_checked() {
    let user = |text: &str| json!({"role": "user", "content": text});
    let assistant = |text: &str| json!({"role": "assistant", "content": text});
    check(vec![
        (messages(json!([])), "messages: at least one message is required"),
        (messages(json!([assistant("Hi")])), "messages: first message must use the \"user\" role"),
        (messages(json!([{"role": "system", "content": "x"}])), "Unexpected role \"system\""),
        (messages(json!([user("")])), "messages.0: all messages must have non-empty content"),
        (
            messages(json!([user("a"), assistant(""), user("b")])),
            "messages.1: all messages must have non-empty content",
        ),
        (messages(json!([user(" \n")])), "text content blocks must contain non-whitespace text"),
        (content(json!([{"type": "text", "text": ""}])), "messages: text content blocks must be non-empty"),
        (content(json!([])), "messages.0: all messages must have non-empty content"),
        (messages(json!([user("a"), assistant("So ")])), "final assistant content cannot end with trailing whitespace"),
        (
            messages(json!([{"role": "user", "content": "a", "name": "x"}])),
            "messages.0.name: Extra inputs are not permitted",
        ),
        (
            content(json!([{"type": "text", "text": "a", "index": 0}])),
            "messages.0.content.0.text.index: Extra inputs are not permitted",
        ),
        (content(json!([{"type": "image_url", "image_url": {}}])), "Input tag 'image_url' found using 'type'"),
        (
            with("system", json!([{"type": "text", "text": " "}])),
            "system: text content blocks must contain non-whitespace text",
        ),
    ])
    .await;
}

#[tokio::test]
async fn anthropic_neighbors_of_one_role_are_merged_or_refused() {
    let body = messages(json!([{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]));
    let bedrock = LocalBedrock::start().await.unwrap();
    let reply = post(&bedrock, &format!("{CLAUDE}/invoke"), &body).await;
    assert!(reply.json()["content"][0]["text"].as_str().unwrap().ends_with("a\nb"));
    let bedrock = LocalBedrock::builder().strict_alternation(true).start().await.unwrap();
    let reply = post(&bedrock, &format!("{CLAUDE}/invoke"), &body).await;
    assert_eq!(
        reply.message(),
        "messages: roles must alternate between \"user\" and \"assistant\", but found multiple \"user\" roles in a row"
    );
}

#[tokio::test]
async fn anthropic_tool_calls_and_results_are_checked() {
    let turns = |assistant: Value, user: Value| {
        messages(
            json!([{"role": "user", "content": "go"}, {"role": "assistant", "content": assistant}, {"role": "user", "content": user}]),
        )
    };
    check(vec![
        (content(json!([result("t1")])), "unexpected `tool_use_id` found in `tool_result` blocks: t1. Each `tool_result` block must have a corresponding `tool_use` block in the previous message."),
        (turns(json!([call("t1"), call("t2")]), json!([result("t1")])), "messages.1: `tool_use` ids were found without `tool_result` blocks immediately after: t2."),
        (turns(json!([call("t1")]), json!([{"type": "text", "text": "first"}, result("t1")])), "`tool_use` ids were found without `tool_result` blocks immediately after: t1."),
        (turns(json!([call("t1"), call("t1")]), json!([result("t1")])), "messages.1.content.1: `tool_use` ids must be unique"),
        (turns(json!([call("t1")]), json!([result("t1"), result("t1")])), "each tool_use must have a single result"),
        (messages(json!([{"role": "user", "content": "go"}, {"role": "assistant", "content": [call("t1")]}])), "`tool_use` ids were found without `tool_result`"),
        (turns(json!([call("t:1")]), json!([result("t:1")])), "tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"),
        (turns(json!([{"type": "tool_use", "id": "t1", "name": "f", "input": "{}"}]), json!([result("t1")])), "tool_use.input: Input should be a valid dictionary"),
        (turns(json!([{"type": "tool_use", "id": "t1", "name": "f"}]), json!([result("t1")])), "tool_use.input: Field required"),
        (turns(json!([call("t1")]), json!([{"type": "tool_result", "tool_use_id": "t1", "is_error": true, "content": [{"type": "image", "source": {}}]}])), "all content must be type `text` if `is_error` is true"),
    ])
    .await;
}

#[tokio::test]
async fn anthropic_tools_and_tool_choice_are_checked() {
    let long = "x".repeat(65);
    let choice = |choice: Value| and(with("tools", json!([tool("f")])), "tool_choice", choice);
    check(vec![
        (
            with("tools", json!([tool("get weather")])),
            "tools.0.custom.name: String should match pattern '^[a-zA-Z0-9_-]{1,64}$'",
        ),
        (with("tools", json!([tool(&long)])), "{1,64}"),
        (with("tools", json!([tool("f"), tool("f")])), "tools: Tool names must be unique."),
        (with("tools", json!([{"name": "f"}])), "tools.0.custom.input_schema: Field required"),
        (
            with("tools", json!([{"name": "f", "input_schema": {"type": "string"}}])),
            "input_schema.type: Input should be 'object'",
        ),
        (
            with("tools", json!([{"name": "f", "input_schema": {"type": "object"}, "parameters": {}}])),
            "tools.0.custom.parameters: Extra inputs are not permitted",
        ),
        (with("tool_choice", json!({"type": "auto"})), "`tool_choice` may only be specified while providing `tools`."),
        (choice(json!({"type": "tool", "name": "g"})), "Tool 'g' not found in provided tools"),
        (choice(json!({"type": "tool"})), "tool_choice.tool.name: Field required"),
        (choice(json!({"type": "required"})), "Input tag 'required' found using 'type'"),
    ])
    .await;
}

#[tokio::test]
async fn anthropic_thinking_conflicts_are_refused() {
    let on = || with("thinking", thinking());
    check(vec![
        (with("thinking", json!({"type": "enabled"})), "thinking.enabled.budget_tokens: Field required"),
        (
            with("thinking", json!({"type": "enabled", "budget_tokens": 1000})),
            "Input should be greater than or equal to 1024",
        ),
        (and(on(), "max_tokens", json!(1024)), "`max_tokens` must be greater than `thinking.budget_tokens`."),
        (and(on(), "temperature", json!(0.5)), "`temperature` may only be set to 1 when thinking is enabled."),
        (and(on(), "top_p", json!(0.5)), "`top_p` must be greater than or equal to 0.95"),
        (and(on(), "top_k", json!(5)), "`top_k` must be unset when thinking is enabled."),
        (
            and(and(on(), "tools", json!([tool("f")])), "tool_choice", json!({"type": "any"})),
            "Thinking may not be enabled when tool_choice forces tool use.",
        ),
        (with("thinking", json!({"type": "on"})), "Input tag 'on' found using 'type'"),
    ])
    .await;
    let bedrock = LocalBedrock::start().await.unwrap();
    let reply = post(&bedrock, &format!("{CLAUDE}/invoke"), &and(on(), "temperature", json!(1))).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn anthropic_images_and_documents_are_checked() {
    let image = |source: Value| content(json!([{"type": "image", "source": source}]));
    let document =
        |source: Value| content(json!([{"type": "document", "source": source}, {"type": "text", "text": "x"}]));
    let base64 = |media: &str, data: &str| json!({"type": "base64", "media_type": media, "data": data});
    check(vec![
        (
            image(json!({"type": "url", "url": "https://example.com/a.png"})),
            "messages.0.content.0.image.source: URL sources are not supported",
        ),
        (image(base64("image/png", "not base64!")), "image.source.base64.data: invalid base64 data"),
        (
            image(base64("image/jpg", "/9j/4AAQ")),
            "media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'",
        ),
        (
            image(base64("image/png", "/9j/4AAQ")),
            "specified using the image/png media type, but the image appears to be a image/jpeg image",
        ),
        (image(base64("image/png", "")), "image cannot be empty"),
        (
            document(json!({"type": "url", "url": "https://example.com/a.pdf"})),
            "document.source: URL sources are not supported",
        ),
        (document(base64("text/plain", "aGk=")), "Input should be 'application/pdf'"),
        (document(json!({"type": "text", "media_type": "text/plain", "data": ""})), "must be non-empty"),
    ])
    .await;
}

#[tokio::test]
async fn anthropic_cache_points_and_guardrails_are_checked() {
    let marked = |ttl: &str| json!({"type": "text", "text": "x", "cache_control": {"type": "ephemeral", "ttl": ttl}});
    check(vec![
        (
            content(json!([marked("5m"), marked("5m"), marked("5m"), marked("1h"), marked("1h")])),
            "A maximum of 4 blocks with cache_control may be provided. Found 5.",
        ),
        (content(json!([marked("1d")])), "ttl: Input should be '5m' or '1h'"),
    ])
    .await;
    let bedrock = LocalBedrock::start().await.unwrap();
    for (name, value, words) in [
        ("x-amzn-bedrock-guardrailidentifier", "g", "guardrail version is required"),
        ("x-amzn-bedrock-guardrailversion", "1", "guardrail identifier is required"),
    ] {
        let request = Request::post(&format!("{CLAUDE}/invoke"), &with("top_k", json!(1))).header(name, value);
        let reply = send(&bedrock, request).await;
        assert_eq!(reply.status, 400);
        assert!(reply.message().contains(words), "{}", reply.message());
    }
}
