//! Blocks, tools and options: each is sent, sent back unchanged, or refused.

// Clippy exempts only `#[test]` functions, and these files have helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    AiMessage, Api, BedrockChat, CachePoint, CacheTtl, Capabilities, Capability, ChatOptions, Content, Credentials,
    Error, ErrorKind, Guardrail, Json, Message, Reasoning, ResponseFormat, Role, Text, Thinking, Tool, ToolCall,
    ToolChoice, ToolResult, interop,
};
use serde_json::{Value, json};

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const NOVA: &str = "us.amazon.nova-2-lite-v1:0";
const QWEN: &str = "qwen.qwen3-32b-v1:0";

fn chat(model: &str, api: Api, replies: impl IntoIterator<Item = Reply>) -> (BedrockChat, MemoryTransport) {
    let transport = MemoryTransport::new(replies);
    let chat = BedrockChat::builder(model)
        .api(api)
        .region("us-east-1")
        .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
        .transport(transport.clone())
        .build()
        .unwrap();
    (chat, transport)
}

/// Returns the request body for these messages and options.
fn sent(model: &str, api: Api, messages: &[Message], options: &ChatOptions) -> Result<Value, Error> {
    let answer = json!({"content": [], "choices": [{"message": {"content": "a"}}],
        "output": {"message": {"content": []}}});
    let (chat, transport) = chat(model, api, [Reply::json(200, answer.to_string())]);
    futures_executor::block_on(chat.with_options(options).invoke(messages))?;
    Ok(serde_json::from_slice(&transport.requests()[0].body).unwrap())
}

fn read(json: &Value) -> Result<Vec<Message>, Error> {
    interop::read_messages(&Json::from(json.clone()))
}

/// Returns the request body for messages in JSON.
fn sent_of(model: &str, api: Api, messages: &Value) -> Result<Value, Error> {
    sent(model, api, &read(messages)?, &ChatOptions::default())
}

fn streamed(model: &str, api: Api, reply: Reply) -> Result<AiMessage, Error> {
    futures_executor::block_on(async { chat(model, api, [reply]).0.stream("Hi").await?.message().await })
}

fn kwargs(value: Value) -> ChatOptions {
    ChatOptions::default().with_model_kwargs(Json::from(value))
}

/// Returns the reply as history, also converted to LangChain's form and back.
fn replays(reply: &AiMessage) -> [Vec<Message>; 2] {
    let direct = vec![Message::human("a"), reply.into(), Message::human("b")];
    let read = interop::read_messages(&interop::to_langchain(&direct)).unwrap();
    [direct, read]
}

fn tool(more: &Value) -> Tool {
    let mut tool = json!({"name": "f", "input_schema": {"type": "object", "properties": {}}});
    tool.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Tool::from_json(&Json::from(tool)).unwrap()
}

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
fn model_kwargs_are_merged_or_contradict_options() {
    let hi = [Message::human("a")];
    let tools = || vec![tool(&json!({}))];
    let serial = json!({"tool_choice": {"disable_parallel_tool_use": true}});
    let any = kwargs(serial.clone()).with_tools(tools()).with_tool_choice(ToolChoice::Any);
    let merged = json!({"type": "any", "disable_parallel_tool_use": true});
    assert_eq!(sent(CLAUDE, Api::Invoke, &hi, &any).unwrap()["tool_choice"], merged);
    let converse = sent(CLAUDE, Api::Converse, &hi, &any).unwrap();
    assert_eq!(converse["additionalModelRequestFields"]["tool_choice"], merged);
    assert_eq!(converse["toolConfig"].get("toolChoice"), None, "the service refuses a choice in two places");
    let auto = kwargs(serial).with_tools(tools());
    let merged = json!({"type": "auto", "disable_parallel_tool_use": true});
    assert_eq!(sent(CLAUDE, Api::Invoke, &hi, &auto).unwrap()["tool_choice"], merged);

    let beta = kwargs(json!({"anthropic_beta": ["a", "b"]})).with_anthropic_beta(["a"]);
    assert_eq!(sent(CLAUDE, Api::Invoke, &hi, &beta).unwrap()["anthropic_beta"], json!(["a", "b"]));
    let more = kwargs(json!({"inferenceConfig": {"topK": 3}})).with_max_tokens(5);
    assert_eq!(sent(NOVA, Api::Invoke, &hi, &more).unwrap()["inferenceConfig"], json!({"maxTokens": 5, "topK": 3}));
    let mut guardrail = Guardrail::new("g", "1");
    guardrail.tag_suffix = Some("x".into());
    let more = json!({"amazon-bedrock-guardrailConfig": {"streamProcessingMode": "ASYNCHRONOUS"}});
    let guarded = kwargs(more).with_guardrail(guardrail);
    assert_eq!(
        sent(CLAUDE, Api::Invoke, &hi, &guarded).unwrap()["amazon-bedrock-guardrailConfig"],
        json!({"tagSuffix": "x", "streamProcessingMode": "ASYNCHRONOUS"})
    );
    // The library's defaults do not count as options that the caller set.
    let own = kwargs(json!({"max_tokens": 7, "anthropic_version": "bedrock-2023-05-31"}));
    assert_eq!(sent(CLAUDE, Api::Invoke, &hi, &own).unwrap()["max_tokens"], json!(7));

    for (model, api, path, options) in [
        (CLAUDE, Api::Invoke, "temperature", kwargs(json!({"temperature": 0.7})).with_temperature(0.5)),
        (CLAUDE, Api::Converse, "temperature", kwargs(json!({"temperature": 0.7})).with_temperature(0.5)),
        (CLAUDE, Api::Converse, "top_k", kwargs(json!({"top_k": 7})).with_top_k(5)),
        (QWEN, Api::Invoke, "stop", kwargs(json!({"stop": ["b"]})).with_stop(["a"])),
        (NOVA, Api::Invoke, "inferenceConfig.topP", kwargs(json!({"inferenceConfig": {"topP": 0.7}})).with_top_p(0.5)),
    ] {
        let error = sent(model, api, &hi, &options).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{model} {api:?}");
        assert!(error.message().contains(&format!("`{path}`")) && error.message().contains("model_kwargs"), "{error}");
    }
}

#[test]
fn header_that_contradicts_an_option_is_an_error() {
    let options = ChatOptions::default().with_guardrail(Guardrail::new("g", "1"));
    let chat = |id: &str| {
        let transport = MemoryTransport::new([Reply::json(200, r#"{"content":[]}"#)]);
        let builder =
            BedrockChat::builder(CLAUDE).region("us-east-1").credentials(Credentials::new("AKIDEXAMPLE", "s"));
        let builder = builder.transport(transport.clone()).header("x-amzn-bedrock-guardrailidentifier", id);
        (builder.options(&options).build().unwrap(), transport)
    };
    let error = futures_executor::block_on(chat("other").0.invoke("Hi")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.message().contains("x-amzn-bedrock-guardrailidentifier"), "{error}");
    let (same, transport) = chat("g");
    futures_executor::block_on(same.invoke("Hi")).unwrap();
    let headers = &transport.requests()[0].headers;
    assert_eq!(headers.iter().filter(|(name, _)| *name == "x-amzn-bedrock-guardrailidentifier").count(), 1);
}

#[test]
fn cache_points_move_to_the_nearest_allowed_place() {
    let thinking = || Content::Thinking(Thinking::new("hm").with_signature("s"));
    let reply = Message::new(Role::Ai, [thinking(), Content::cache_point(), Content::text("b")]);
    let mut reply = reply;
    reply.model = Some(CLAUDE.into());
    let history = [Message::human("a"), reply, Message::human("c")];
    let body = sent(CLAUDE, Api::Invoke, &history, &ChatOptions::default()).unwrap();
    assert_eq!(body["messages"][0]["content"][0]["cache_control"], json!({"type": "ephemeral"}), "{body}");
    let body = sent(CLAUDE, Api::Converse, &history, &ChatOptions::default()).unwrap();
    assert_eq!(body["messages"][0]["content"][1], json!({"cachePoint": {"type": "default"}}), "{body}");

    let call = Content::ToolCall(ToolCall::new("t", "f", Json::empty_object()));
    let five = Content::CachePoint(CachePoint::default().with_ttl(CacheTtl::FiveMinutes));
    let result = Message::tool("t", "r").with(five);
    let loops = [Message::human("a"), Message::new(Role::Ai, [call]), result];
    let mut cached = tool(&json!({}));
    cached.cache_point = Some(CachePoint::default());
    let options = ChatOptions::default().with_tools([cached]);
    let point = json!({"cachePoint": {"type": "default"}});
    let body = sent(NOVA, Api::Invoke, &loops, &options).unwrap();
    assert_eq!(body["messages"][0]["content"], json!([{"text": "a", "cachePoint": {"type": "default"}}]));
    let body = sent(NOVA, Api::Converse, &loops, &options).unwrap();
    assert_eq!(body["messages"][0]["content"], json!([{"text": "a"}, point]));
    assert_eq!(body["toolConfig"]["tools"].as_array().unwrap().len(), 1);

    let hour = Message::human("a").with(Content::CachePoint(CachePoint::default().with_ttl(CacheTtl::OneHour)));
    for api in [Api::Invoke, Api::Converse] {
        let error = sent(NOVA, api, std::slice::from_ref(&hour), &ChatOptions::default()).unwrap_err();
        assert!(error.message().contains("1h") && error.message().contains("5 minutes"), "{error}");
    }
    let early = Content::ToolResult(ToolResult::new("t", [Content::cache_point(), Content::text("r")]));
    let early = [loops[0].clone(), loops[1].clone(), Message::new(Role::Tool, [early])];
    let options = ChatOptions::default().with_tools([tool(&json!({}))]);
    let body = sent(CLAUDE, Api::Invoke, &early, &options).unwrap();
    assert_eq!(body["messages"][1]["content"][0]["cache_control"], json!({"type": "ephemeral"}), "{body}");
}

#[test]
fn count_tokens_uses_the_model_of_a_profile() {
    let arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/eu.anthropic.claude-sonnet-4-5-20250929-v1:0";
    for model in [CLAUDE, "global.anthropic.claude-sonnet-4-5-20250929-v1:0", arn] {
        for api in [Api::Invoke, Api::Converse] {
            let (chat, transport) = chat(model, api, [Reply::json(200, r#"{"inputTokens":3}"#)]);
            assert_eq!(futures_executor::block_on(chat.count_tokens("Hi")).unwrap(), 3);
            let url = &transport.requests()[0].url;
            assert!(url.ends_with("/model/anthropic.claude-sonnet-4-5-20250929-v1%3A0/count-tokens"), "{url}");
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
fn media_in_s3_have_the_type_of_their_name_or_an_error() {
    let at = |url: &str| json!([{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image", "url": url}]}]);
    let body = sent_of(NOVA, Api::Converse, &at("s3://bucket/a.PNG")).unwrap();
    assert_eq!(
        body["messages"][0]["content"][1],
        json!({"image": {"format": "png", "source": {"s3Location": {"uri": "s3://bucket/a.PNG"}}}})
    );
    let error = sent_of(NOVA, Api::Converse, &at("s3://bucket/a")).unwrap_err();
    assert!(error.message().contains("media type"), "{error}");
    for (model, api) in [(CLAUDE, Api::Converse), (CLAUDE, Api::Invoke)] {
        let error = sent_of(model, api, &at("s3://bucket/a.png")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.message().contains("S3") && !error.message().contains("Converse"), "{error}");
    }
}

#[test]
fn usage_of_openai_over_converse_counts_cached_tokens_once() {
    let stream = |model: &str| {
        let usage =
            json!({"inputTokens": 4995, "outputTokens": 19, "totalTokens": 10007, "cacheWriteInputTokens": 4993});
        let events = [
            ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"text": "a"}}).to_string()),
            ("messageStop", json!({"stopReason": "end_turn"}).to_string()),
            ("metadata", json!({"usage": usage}).to_string()),
        ];
        streamed(model, Api::Converse, Reply::events(events)).unwrap().usage.unwrap()
    };
    assert_eq!(stream("us.openai.gpt-5.6-sol").input_tokens, 4995);
    assert_eq!(stream("us.openai.gpt-5.6-sol").input_token_details.cache_creation, 4993);
    assert_eq!(stream(CLAUDE).input_tokens, 4995 + 4993);
}

#[test]
fn stream_heartbeats_are_skipped_and_kept_with_their_name() {
    let text = json!({"contentBlockIndex": 0, "delta": {"text": "a"}}).to_string();
    let events = [
        ("heartbeat", String::new()),
        ("contentBlockDelta", text),
        ("heartbeat", "still here".to_owned()),
        ("futureEvent", json!({"x": 1}).to_string()),
        ("messageStop", json!({"stopReason": "end_turn"}).to_string()),
    ];
    let message = streamed(CLAUDE, Api::Converse, Reply::events(events)).unwrap();
    assert_eq!(message.text(), "a");
    assert_eq!(
        *message.metadata("unknown_events").unwrap(),
        json!([{"heartbeat": ""}, {"heartbeat": "still here"}, {"futureEvent": {"x": 1}}])
    );
    let chunk = |json: &Value| {
        let mut bytes = String::from("{\"bytes\":\"");
        bytes.push_str(&base64(json.to_string().as_bytes()));
        bytes + "\"}"
    };
    let events = [
        ("chunk", String::new()),
        ("chunk", "{\"bytes\":\"\"}".to_owned()),
        (
            "chunk",
            chunk(&json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": "a"}})),
        ),
        ("heartbeat", "still here".to_owned()),
        ("chunk", chunk(&json!({"type": "message_stop"}))),
    ];
    let message = streamed(CLAUDE, Api::Invoke, Reply::events(events)).unwrap();
    assert_eq!(message.text(), "a");
    assert!(message.metadata("unknown_events").unwrap().as_str().contains("still here"));
}

fn base64(bytes: &[u8]) -> String {
    aws_smithy_types::base64::encode(bytes)
}

#[test]
fn batch_record_rejects_a_guardrail_that_would_be_lost() {
    let options = ChatOptions::default().with_guardrail(Guardrail::new("g", "1"));
    let record = |api| chat(CLAUDE, api, []).0.with_options(&options).batch_record("1", "hello");
    assert!(record(Api::Invoke).unwrap_err().message().contains("`guardrail`"));
    assert!(record(Api::Converse).unwrap().contains("guardrailConfig"));
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
fn usage_has_thinking_tokens_as_reasoning() {
    let usage = json!({"input_tokens": 1, "output_tokens": 200, "output_tokens_details": {"thinking_tokens": 180}});
    let whole = Reply::json(200, json!({"content": [], "usage": usage}).to_string());
    let whole = futures_executor::block_on(chat(CLAUDE, Api::Invoke, [whole]).0.invoke("Hi")).unwrap();
    let chunks = [
        json!({"type": "message_start", "message": {"usage": {"input_tokens": 1, "output_tokens": 1}}}).to_string(),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage}).to_string(),
        json!({"type": "message_stop"}).to_string(),
    ];
    let stream = streamed(CLAUDE, Api::Invoke, Reply::chunks(chunks.iter().map(String::as_str))).unwrap();
    let fields = json!({"usage": {"output_tokens_details": {"thinking_tokens": 180}}});
    let converse = json!({"output": {"message": {"content": []}}, "usage": {"inputTokens": 1, "outputTokens": 200},
        "additionalModelResponseFields": fields});
    let (chat, _) = chat(CLAUDE, Api::Converse, [Reply::json(200, converse.to_string())]);
    let converse = futures_executor::block_on(chat.invoke("Hi")).unwrap();
    for reply in [whole, stream, converse] {
        assert_eq!(reply.usage.unwrap().output_token_details.reasoning, 180);
    }
}

#[test]
fn text_documents_in_base64_may_have_line_breaks() {
    let messages = json!([{"role": "user", "content": [{"type": "text", "text": "a"},
        {"type": "document", "source": {"type": "base64", "media_type": "text/plain", "data": "aGVs\r\nbG8="}}]}]);
    let body = sent_of(CLAUDE, Api::Invoke, &messages).unwrap();
    assert_eq!(body["messages"][0]["content"][1]["source"]["data"], json!("hello"));
}

#[test]
fn members_inside_media_blocks_are_sent_or_refused() {
    let newer =
        json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBO", "x": 1}});
    let of = |block: &Value| json!([{"role": "user", "content": [{"type": "text", "text": "a"}, block]}]);
    assert_eq!(sent_of(CLAUDE, Api::Invoke, &of(&newer)).unwrap()["messages"][0]["content"][1], newer);
    let newer = json!({"image": {"format": "png", "source": {"bytes": "iVBO"}, "x": 1}});
    assert_eq!(sent_of(NOVA, Api::Converse, &of(&newer)).unwrap()["messages"][0]["content"][1], newer);
}

#[test]
fn response_format_description_is_in_the_schema_of_claude() {
    let format = |schema: Value| {
        let mut format = ResponseFormat::new("answer", Json::from(schema));
        format.description = Some("The answer.".into());
        let options = ChatOptions::default().with_response_format(format);
        let body = sent("us.anthropic.claude-sonnet-4-6", Api::Invoke, &[Message::human("a")], &options).unwrap();
        body["output_config"]["format"]["schema"]["description"].clone()
    };
    let properties = json!({"a": {"type": "string"}});
    assert_eq!(format(json!({"type": "object", "properties": properties})), json!("The answer."));
    let own = json!({"type": "object", "description": "One letter.", "properties": properties});
    assert_eq!(format(own), json!("One letter.\nThe answer."));
    let same = json!({"type": "object", "description": "The answer.", "properties": properties});
    assert_eq!(format(same), json!("The answer."));
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
fn members_inside_openai_and_guard_blocks_are_refused_by_name() {
    let user = |block: Value| read(&json!([{"role": "user", "content": [{"type": "text", "text": "a"}, block]}]));
    let url = "data:image/png;base64,iVBORw0KGgo=";
    for (block, name) in [
        (json!({"type": "image_url", "image_url": {"url": url, "detail": "high"}}), "detail"),
        (json!({"type": "image_url", "image_url": url, "detail": "low"}), "detail"),
        (json!({"type": "input_image", "image_url": url, "detail": "high"}), "detail"),
        (json!({"type": "image_url", "image_url": {"url": url, "fancy": 1}}), "fancy"),
        (json!({"type": "input_audio", "input_audio": {"data": "SUQz", "format": "mp3", "fancy": 1}}), "fancy"),
        (json!({"type": "file", "file": {"file_data": "JVBERi0=", "fancy": 1}}), "fancy"),
        (json!({"guardContent": {"text": {"text": "a", "fancy": 1}}}), "fancy"),
        (json!({"guardContent": {"text": {"text": "a"}, "fancy": 1}}), "fancy"),
    ] {
        let error = user(block).unwrap_err();
        assert!(error.kind() == ErrorKind::Encode && error.message().contains(name), "{error}");
        assert!(error.message().len() <= 160, "{error}");
    }
    for block in [
        json!({"type": "image_url", "image_url": {"url": url, "detail": "auto"}}),
        json!({"type": "input_image", "image_url": url, "detail": "auto"}),
        json!({"guardContent": {"text": {"text": "a", "qualifiers": ["query"]}}}),
    ] {
        user(block).unwrap();
    }
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
        // With the tool, they go back unchanged.
        let grounding = Tool::native(Json::from(json!({"systemTool": {"name": "nova_grounding"}})));
        let options = ChatOptions::default().with_tools([grounding]);
        let history = [Message::human("a"), spoken.clone(), Message::human("c")];
        let body = sent(NOVA, api, &history, &options).unwrap();
        assert_eq!(body["messages"][1]["content"].as_array().unwrap().len(), 3, "{api:?}");
    }
}

#[test]
fn cache_points_for_an_hour_are_refused_before_claude_4_5() {
    let hour = CachePoint::default().with_ttl(CacheTtl::OneHour);
    let by_hand = [Message::human("a").with(Content::CachePoint(hour))];
    let result = ToolResult::new("t", [Content::text("r"), Content::CachePoint(hour)]);
    let call = Content::ToolCall(ToolCall::new("t", "f", Json::empty_object()));
    let in_result =
        [Message::human("a"), Message::new(Role::Ai, [call]), Message::new(Role::Tool, [Content::ToolResult(result)])];
    let mut cached = tool(&json!({}));
    cached.cache_point = Some(hour);
    let planned = ChatOptions::default().with_prompt_caching(hour);
    let with = |tool: &Tool| ChatOptions::default().with_tools([tool.clone()]);
    for model in ["us.anthropic.claude-3-7-sonnet-20250219-v1:0", "us.anthropic.claude-opus-4-1-20250805-v1:0", NOVA] {
        for api in [Api::Invoke, Api::Converse] {
            for (messages, options) in [
                (&by_hand[..], ChatOptions::default()),
                (&in_result, with(&tool(&json!({})))),
                (&[Message::human("a")], planned.clone()),
                (&[Message::human("a")], with(&cached)),
            ] {
                let error = sent(model, api, messages, &options).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
                assert!(error.message().contains("5 minutes"), "{error}");
            }
        }
    }
    for api in [Api::Invoke, Api::Converse] {
        assert!(sent(CLAUDE, api, &by_hand, &planned).unwrap().to_string().contains("\"1h\""));
    }
}

#[test]
fn cache_points_are_left_out_for_models_that_do_not_cache() {
    let point = Content::cache_point;
    let call = Content::ToolCall(ToolCall::new("t", "f", Json::empty_object()));
    let result = ToolResult::new("t", [Content::text("r"), point()]);
    let history = [
        Message::system("s").with(point()),
        Message::human("a").with(point()),
        Message::new(Role::Ai, [call]),
        Message::new(Role::Tool, [Content::ToolResult(result)]),
    ];
    let mut cached = tool(&json!({}));
    cached.cache_point = Some(CachePoint::default());
    let options = ChatOptions::default().with_tools([cached]).with_prompt_caching(CachePoint::default());
    for (model, api) in [
        (QWEN, Api::Converse),
        ("us.meta.llama4-scout-17b-instruct-v1:0", Api::Converse),
        ("us.openai.gpt-5.6-sol", Api::Converse),
        ("anthropic.claude-3-haiku-20240307-v1:0", Api::Converse),
    ] {
        let body = sent(model, api, &history, &options).unwrap().to_string();
        assert!(!body.contains("cache") && !body.contains("\"text\":\"\""), "{model} {api:?}: {body}");
    }
    // Cache points are sent to models that the table does not have.
    assert!(
        sent("newvendor.model-v1:0", Api::Converse, &history, &options).unwrap().to_string().contains("cachePoint")
    );
}

#[test]
fn more_than_four_cache_points_are_refused_with_their_number() {
    let point = Content::cache_point;
    let mut cached = tool(&json!({}));
    cached.cache_point = Some(CachePoint::default());
    let options = |tools: usize| {
        let named = |at: usize| {
            let mut tool = cached.clone();
            tool.name = format!("f{at}");
            tool
        };
        ChatOptions::default().with_tools((0..tools).map(named))
    };
    // Three: consecutive points count once, and a point with nothing before it is left out.
    let history = [
        Message::system("s").with(point()).with(point()),
        Message::new(Role::Human, [point(), Content::text("a"), point(), Content::text("b"), point()]).with(point()),
        Message::ai("c"),
        Message::human("d"),
    ];
    for (model, api) in [(CLAUDE, Api::Invoke), (CLAUDE, Api::Converse)] {
        let body = sent(model, api, &history, &options(1)).unwrap().to_string();
        let count = body.matches("cachePoint").count() + body.matches("cache_control").count();
        assert_eq!(count, 4, "{model} {api:?}: {body}");
        let error = sent(model, api, &history, &options(2)).unwrap_err();
        assert!(error.kind() == ErrorKind::Encode && error.message().contains("too many cache points: 5"), "{error}");
    }
    let mut long = history.to_vec();
    long.extend([Message::human("e").with(point()), Message::ai("f"), Message::human("g").with(point())]);
    for api in [Api::Invoke, Api::Converse] {
        let error = sent(NOVA, api, &long, &ChatOptions::default()).unwrap_err();
        assert!(error.message().contains("too many cache points: 5"), "{error}");
    }
}

#[test]
fn sampling_options_are_refused_from_claude_opus_4_7_on() {
    let with = |temperature, top_p, top_k| {
        let mut options = ChatOptions::default();
        (options.temperature, options.top_p, options.top_k) = (temperature, top_p, top_k);
        options
    };
    for model in ["us.anthropic.claude-opus-4-7", "us.anthropic.claude-opus-4-8", "us.anthropic.claude-sonnet-5"] {
        for api in [Api::Invoke, Api::Converse] {
            for (name, options) in [
                ("`temperature`", with(Some(0.5), None, None)),
                ("`top_p`", with(Some(1.0), Some(0.9), None)),
                ("`top_k`", with(None, None, Some(5))),
            ] {
                let error = sent(model, api, &[Message::human("a")], &options).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
                assert!(error.message().contains(name) && error.message().contains("leave it unset"), "{error}");
            }
            // The default value is sent, and callers can override the capability.
            sent(model, api, &[Message::human("a")], &with(Some(1.0), None, None)).unwrap();
            let capabilities = Capabilities::unknown().with(Capability::Sampling, true);
            let options = with(Some(0.5), None, None).with_capabilities(capabilities);
            sent(model, api, &[Message::human("a")], &options).unwrap();
        }
    }
    sent("us.anthropic.claude-sonnet-4-6", Api::Invoke, &[Message::human("a")], &with(Some(0.5), None, None)).unwrap();
}
