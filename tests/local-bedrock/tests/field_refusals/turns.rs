//! The order of turns, tool results, and media.

use super::*;

const PNG: &str = "iVBORw0KGgo=";

fn call(id: &str) -> Value {
    json!({"toolUse": {"toolUseId": id, "name": "f", "input": {}}})
}

fn with_tools(messages: Value) -> Value {
    json!({"messages": messages, "toolConfig": {"tools": [spec(json!({"type": "object"}))]}})
}

fn text(text: &str) -> Value {
    json!([{"text": text}])
}

#[tokio::test]
async fn images_in_tool_results_are_refused_by_most_models() {
    let image = json!({"image": {"format": "png", "source": {"bytes": PNG}}});
    let inside = |part: Value| {
        let result = json!({"toolResult": {"toolUseId": "a", "content": [part]}});
        with_tools(json!([user(text("Hi")), assistant(json!([call("a")])), user(json!([result]))]))
    };
    let result = json!({"toolResult": {"toolUseId": "a", "content": [{"text": "see below"}]}});
    let beside = || with_tools(json!([user(text("Hi")), assistant(json!([call("a")])), user(json!([result, image]))]));
    let words = Some("This model doesn't support the image field for user messages");
    for model in ["us.openai.gpt-5.6-sol", "qwen.qwen3-vl-235b-a22b", "moonshotai.kimi-k2.5"] {
        check(vec![
            (model, "converse", inside(image.clone()), words),
            (model, "converse-stream", inside(image.clone()), words),
            (model, "converse", beside(), None),
        ])
        .await;
    }
    let takers =
        ["us.anthropic.claude-sonnet-4-6", "us.amazon.nova-lite-v1:0", "us.meta.llama4-scout-17b-instruct-v1:0"];
    for model in takers {
        check(vec![(model, "converse", inside(image.clone()), None)]).await;
    }
    let part = json!({"type": "image_url", "image_url": {"url": format!("data:image/png;base64,{PNG}")}});
    let messages = json!([
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "", "tool_calls": [{"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
        {"role": "tool", "tool_call_id": "a", "content": [part]},
    ]);
    let words = Some("Image URLs are only allowed for messages with role 'user'");
    check(vec![("qwen.qwen3-vl-235b-a22b", "invoke", json!({"messages": messages}), words)]).await;
}

#[tokio::test]
async fn empty_failed_tool_result_is_refused() {
    let failed = |content: Value| {
        let result = json!({"toolResult": {"toolUseId": "a", "status": "error", "content": content}});
        with_tools(json!([user(text("Hi")), assistant(json!([call("a")])), user(json!([result]))]))
    };
    let words =
        Some("The content field at messages.2.content.0.toolResult cannot be empty when status value is error.");
    let model = "us.anthropic.claude-sonnet-4-6";
    check(vec![(model, "converse", failed(json!([])), words), (model, "converse", failed(text("no")), None)]).await;
}

#[tokio::test]
async fn server_tool_use_without_type_or_status_is_refused() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let model = "us.amazon.nova-2-lite-v1:0";
    let tools = json!({"tools": [{"systemTool": {"name": "nova_grounding"}}]});
    let body = json!({"messages": [user(text("Search for it"))], "toolConfig": tools});
    let reply = send(&bedrock, model, "converse", &body).await.json();
    let content = reply["output"]["message"]["content"].clone();
    assert_eq!(content[0]["toolUse"]["type"], "server_tool_use");
    assert_eq!(
        (&content[1]["toolResult"]["status"], reply["stopReason"].as_str()),
        (&json!("success"), Some("end_turn"))
    );
    let frames = send(&bedrock, model, "converse-stream", &body).await.frames();
    assert!(frames.iter().any(|frame| frame.json()["start"]["toolResult"]["type"] == "nova_grounding_result"));

    let back = |content: &Value| {
        let turns = json!([user(text("Search for it")), assistant(content.clone()), user(text("And?"))]);
        json!({"messages": turns, "toolConfig": tools})
    };
    let reply = send(&bedrock, model, "converse", &back(&content)).await;
    assert_eq!(reply.status, 200, "{}", reply.message());
    for (block, kind, member) in [(0, "toolUse", "type"), (1, "toolResult", "type"), (1, "toolResult", "status")] {
        let mut lost = content.clone();
        lost[block][kind].as_object_mut().unwrap().remove(member);
        let reply = send(&bedrock, model, "converse", &back(&lost)).await;
        assert_eq!(reply.status, 400, "without {kind}.{member}");
    }
}

#[tokio::test]
async fn lone_surrogates_are_refused() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for half in ["\\ud83d", "\\udc00", "\\ud83d x", "\\ud83d\\u0041"] {
        let body = format!(r#"{{"messages":[{{"role":"user","content":[{{"text":"{half}"}}]}}]}}"#);
        let request =
            support::Request::raw("/model/us.anthropic.claude-sonnet-4-6/converse", body.clone().into_bytes());
        let reply = support::send(&bedrock, request).await;
        let words = "The request body is not valid JSON: no low surrogate in string: line 1 column";
        assert!(reply.message().starts_with(words), "{}: {body}", reply.message());
    }
}

#[tokio::test]
async fn system_message_in_the_middle_is_refused_by_most_models() {
    let system = json!({"role": "system", "content": [{"type": "text", "text": "Be brief."}]});
    let (ask, answer) = (user(json!("Hi")), assistant(json!("Hello")));
    let native = |turns: Value| claude(json!({"messages": turns}));
    let middle = || native(json!([ask, system, answer, ask]));
    let opus = "us.anthropic.claude-opus-4-8";
    check(vec![
        (opus, "invoke", middle(), None),
        (opus, "invoke", native(json!([ask, answer, ask, system])), None),
        (opus, "invoke", native(json!([system, ask])), Some("use the top-level 'system' parameter")),
        (opus, "invoke", native(json!([ask, answer, system, ask])), Some("must follow a user message")),
        (opus, "invoke", native(json!([ask, system, system])), Some("must follow a user message")),
        ("us.anthropic.claude-opus-5", "invoke", middle(), None),
        ("us.anthropic.claude-opus-4-7", "invoke", middle(), Some("role 'system' is not supported on this model")),
        ("us.anthropic.claude-sonnet-4-6", "invoke", middle(), Some("messages: Unexpected role \"system\".")),
    ])
    .await;
    let system = json!({"role": "system", "content": text("Be brief.")});
    let turns = json!([user(text("Hi")), system, assistant(text("Hello")), user(text("And?"))]);
    let over_converse = || json!({"messages": turns});
    check(vec![
        (opus, "converse", over_converse(), None),
        ("us.openai.gpt-5.6-sol", "converse", over_converse(), None),
        ("us.anthropic.claude-sonnet-4-6", "converse", over_converse(), Some("Unexpected role \"system\"")),
        ("us.amazon.nova-lite-v1:0", "converse", over_converse(), Some("doesn't support system messages in the")),
    ])
    .await;
}

#[tokio::test]
async fn tools_in_a_stream_are_refused_by_llama() {
    let body = || with_tools(json!([user(text("Hi"))]));
    let words = Some("This model doesn't support tool use in streaming mode.");
    let model = "us.meta.llama4-maverick-17b-instruct-v1:0";
    check(vec![(model, "converse-stream", body(), words), (model, "converse", body(), None)]).await;
}

#[tokio::test]
async fn media_in_s3_are_refused_except_by_nova() {
    let in_s3 = |kind: &str, format: &str| {
        let source = json!({"s3Location": {"uri": "s3://bucket/key"}});
        let mut medium = json!({"format": format, "source": source});
        if kind == "document" {
            medium["name"] = json!("a");
        }
        json!({"messages": [user(json!([{"text": "Read it"}, {kind: medium}]))]})
    };
    let words = Some("messages.0.content.1.document.source.type: Field required");
    check(vec![
        ("us.anthropic.claude-sonnet-4-6", "converse", in_s3("document", "pdf"), words),
        (
            "us.anthropic.claude-sonnet-4-6",
            "converse",
            in_s3("image", "png"),
            Some("image.source.type: Field required"),
        ),
        ("qwen.qwen3-vl-235b-a22b", "converse", in_s3("image", "png"), Some("image.source.type")),
        ("us.amazon.nova-lite-v1:0", "converse", in_s3("document", "pdf"), None),
        ("us.amazon.nova-lite-v1:0", "converse", in_s3("video", "mp4"), None),
    ])
    .await;
}

#[tokio::test]
async fn roles_out_of_mistral_order_are_refused() {
    let ask = json!({"role": "user", "content": "Hi"});
    let calls = json!([{"id": "a12345678", "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
    let called = json!({"role": "assistant", "content": "", "tool_calls": calls});
    let result = json!({"role": "tool", "tool_call_id": "a12345678", "content": "ok"});
    let said = json!({"role": "assistant", "content": "ok"});
    let system = json!({"role": "system", "content": "Be brief."});
    let body = |messages: Value| json!({"messages": messages});
    let user = "Unexpected role 'user' after role 'tool'";
    let model = "mistral.mistral-large-2402-v1:0";
    check(vec![
        (model, "invoke", body(json!([ask, called, result, ask])), Some(user)),
        (model, "invoke", body(json!([ask, called, result, said, ask])), None),
        (
            model,
            "invoke",
            body(json!([ask, said, system, ask])),
            Some("Unexpected role 'system' after role 'assistant'"),
        ),
        ("qwen.qwen3-32b-v1:0", "invoke", body(json!([ask, called, result, ask])), None),
    ])
    .await;
}

#[tokio::test]
async fn count_tokens_with_a_profile_is_refused() {
    let body = json!({"input": {"converse": converse(json!({}))}});
    let words = Some("The provided model doesn't support counting tokens.");
    let base = "anthropic.claude-sonnet-4-5-20250929-v1:0";
    let arn = format!("arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.{base}");
    let profiles = [format!("us.{base}"), format!("global.{base}"), arn.replace('/', "%2F")];
    for profile in &profiles {
        check(vec![(profile, "count-tokens", body.clone(), words)]).await;
    }
    check(vec![(base, "count-tokens", body, None)]).await;
}

#[tokio::test]
async fn tool_use_ids_that_repeat_are_refused_by_claude() {
    let result = json!({"toolResult": {"toolUseId": "a", "content": [{"text": "ok"}]}});
    let turn = || [assistant(json!([call("a")])), user(json!([result]))];
    let turns: Vec<Value> = [user(text("Hi"))].into_iter().chain(turn()).chain(turn()).collect();
    let words = Some("messages.3.content.0: `tool_use` ids must be unique");
    check(vec![
        ("us.anthropic.claude-sonnet-4-6", "converse", with_tools(json!(turns)), words),
        ("us.openai.gpt-5.6-sol", "converse", with_tools(json!(turns)), None),
    ])
    .await;
}
