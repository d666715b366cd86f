//! Tests of whole requests: the members of the body.

use serde_json::json;

use super::*;
use crate::error::ErrorKind;
use crate::message::{CachePoint, CacheTtl, GuardContent, InvalidToolCall, Role, ToolCall, ToolReference, ToolResult};
use crate::request::{
    Guardrail, GuardrailTrace, Latency, ResponseFormat, ServiceTier, StreamProcessing, Tool, ToolChoice,
};

fn weather() -> Tool {
    Tool::new("get_weather", "Get the weather", self::json(r#"{"type":"object","properties":{}}"#))
}

fn with_tools(tools: impl IntoIterator<Item = Tool>) -> ChatOptions {
    ChatOptions { tools: tools.into_iter().collect(), ..ChatOptions::default() }
}

fn called_and_answered() -> Vec<Message> {
    let mut failed = ToolResult::new("t2", [Content::text("timeout")]);
    failed.is_error = true;
    vec![
        Message::human("W?"),
        Message::new(
            Role::Ai,
            [
                Content::ToolCall(ToolCall::new("t1", "get_weather", self::json(r#"{"location":"LA"}"#))),
                Content::ToolCall(ToolCall::new("t2", "get_weather", Json::empty_object())),
            ],
        ),
        Message::new(Role::Tool, [Content::ToolResult(failed)]),
        Message::tool("t1", "72F"),
        Message::human("And in C?"),
    ]
}

#[test]
fn unset_options_are_not_sent() {
    let body = body(CLAUDE, &[Message::human("Hi")], &ChatOptions::default());
    assert_eq!(body, json!({"messages": [{"role": "user", "content": [{"text": "Hi"}]}]}));
}

#[test]
fn every_option_is_sent() {
    let options = ChatOptions {
        max_tokens: Some(100),
        temperature: Some(0.0),
        top_p: Some(0.5),
        stop: vec!["END".into()],
        guardrail: Some(Guardrail::new("gr-1", "DRAFT").with_trace(GuardrailTrace::EnabledFull)),
        latency: Some(Latency::Optimized),
        service_tier: Some(ServiceTier::Priority),
        request_metadata: vec![("team".into(), "a".into())],
        response_field_paths: vec!["/delta/stop_sequence".into()],
        prompt_variables: vec![("city".into(), "Paris".into())],
        ..ChatOptions::default()
    };
    let messages = [Message::system("Be terse."), Message::human("Hi")];
    assert_eq!(
        body(CLAUDE, &messages, &options),
        json!({
            "system": [{"text": "Be terse."}],
            "messages": [{"role": "user", "content": [{"text": "Hi"}]}],
            "inferenceConfig": {"maxTokens": 100, "temperature": 0, "topP": 0.5, "stopSequences": ["END"]},
            "guardrailConfig": {"guardrailIdentifier": "gr-1", "guardrailVersion": "DRAFT", "trace": "enabled_full"},
            "additionalModelResponseFieldPaths": ["/delta/stop_sequence"],
            "promptVariables": {"city": {"text": "Paris"}},
            "requestMetadata": {"team": "a"},
            "performanceConfig": {"latency": "optimized"},
            "serviceTier": {"type": "priority"},
        })
    );
}

#[test]
fn guardrail_stream_processing_is_sent_only_in_streams() {
    let mut guardrail = Guardrail::new("gr-1", "1");
    guardrail.stream_processing = Some(StreamProcessing::Async);
    let options = ChatOptions { guardrail: Some(guardrail), ..ChatOptions::default() };
    let request = ChatRequest::new([Message::human("Hi")]).with_options(options);
    let config = |mode| {
        let call = Converse.encode(&ModelId::parse(LLAMA).unwrap(), &request, mode).unwrap();
        member(&self::json(std::str::from_utf8(&call.body).unwrap()), &["guardrailConfig"])
    };
    assert_eq!(config(Mode::Invoke), json!({"guardrailIdentifier": "gr-1", "guardrailVersion": "1"}));
    assert_eq!(
        config(Mode::Stream),
        json!({"guardrailIdentifier": "gr-1", "guardrailVersion": "1", "streamProcessingMode": "async"})
    );
}

#[test]
fn system_prompt_with_other_blocks_is_refused() {
    let system = Message::system("a")
        .with(Content::Guard(GuardContent::text("b")))
        .with(Content::CachePoint(CachePoint { ttl: Some(CacheTtl::OneHour) }));
    let human = Message::human("Hi");
    assert_eq!(
        member(&body(CLAUDE, &[system, Message::system("c"), human.clone()], &ChatOptions::default()), &["system"]),
        json!([
            {"text": "a"},
            {"guardContent": {"text": {"text": "b"}}},
            {"cachePoint": {"type": "default", "ttl": "1h"}},
            {"text": "c"},
        ])
    );
    let picture = Message::system("a").with(Content::image("image/png", vec![1]));
    let error = refusal(CLAUDE, &[picture, human], &ChatOptions::default());
    assert_eq!(error.kind(), ErrorKind::Encode);
    assert!(error.message().contains("system message"), "{error}");
}

#[test]
fn tool_results_have_the_order_of_their_calls() {
    let body = body(CLAUDE, &called_and_answered(), &with_tools([weather()]));
    assert_eq!(
        member(&body, &["messages"]),
        json!([
            {"role": "user", "content": [{"text": "W?"}]},
            {"role": "assistant", "content": [
                {"toolUse": {"toolUseId": "t1", "name": "get_weather", "input": {"location": "LA"}}},
                {"toolUse": {"toolUseId": "t2", "name": "get_weather", "input": {}}},
            ]},
            {"role": "user", "content": [
                {"toolResult": {"toolUseId": "t1", "content": [{"text": "72F"}]}},
                {"toolResult": {"toolUseId": "t2", "content": [{"text": "timeout"}], "status": "error"}},
                {"text": "And in C?"},
            ]},
        ])
    );
}

#[test]
fn tool_calls_without_tools_are_sent_as_text() {
    let expected = json!([
        {"role": "user", "content": [{"text": "W?"}]},
        {"role": "assistant", "content": [
            {"text": "[tool call t1: get_weather {\"location\":\"LA\"}]"},
            {"text": "[tool call t2: get_weather {}]"},
        ]},
        {"role": "user", "content": [
            {"text": "[tool result t1: 72F]"},
            {"text": "[tool error t2: timeout]"},
            {"text": "And in C?"},
        ]},
    ]);
    let none = ChatOptions { tool_choice: Some(ToolChoice::None), ..with_tools([weather()]) };
    for options in [ChatOptions::default(), none] {
        let body = body(CLAUDE, &called_and_answered(), &options);
        assert_eq!(member(&body, &["messages"]), expected);
        assert_eq!(member(&body, &["toolConfig"]), json!(null));
    }
}

#[test]
fn reasoning_before_a_server_call_that_is_left_out_goes_too() {
    let call = r#"{"toolUse":{"toolUseId":"s","name":"nova_grounding","input":{},"type":"server_tool_use"}}"#;
    let reasoning = || Content::RedactedThinking(crate::message::RedactedThinking::new("data"));
    let messages = [
        Message::human("a"),
        Message::new(Role::Ai, [reasoning(), Content::text("b"), reasoning(), Content::raw(self::json(call))]),
        Message::human("c"),
    ];
    assert_eq!(
        member(&body(CLAUDE, &messages, &ChatOptions::default()), &["messages", "1", "content"]),
        json!([{"reasoningContent": {"redactedContent": "data"}}, {"text": "b"}])
    );
    // The white space before it is then at the end of the conversation.
    let last = Message::new(Role::Ai, [Content::text("b \n"), Content::raw(self::json(call))]);
    let body = body(CLAUDE, &[Message::human("a"), last], &ChatOptions::default());
    assert_eq!(member(&body, &["messages", "1", "content"]), json!([{"text": "b"}]));
}

#[test]
fn images_in_results_sent_as_text_stay_images() {
    let picture = Content::image("image/png", vec![1, 2, 3]);
    let json = Content::Json(crate::message::JsonContent { value: self::json("[1]") });
    let result = ToolResult::new("t1", [Content::text("a"), picture, json]);
    let messages = [
        Message::human("W?"),
        Message::new(Role::Ai, [Content::ToolCall(ToolCall::new("t1", "f", Json::empty_object()))]),
        Message::new(Role::Tool, [Content::ToolResult(result)]),
    ];
    assert_eq!(
        member(&body(CLAUDE, &messages, &ChatOptions::default()), &["messages", "2", "content"]),
        json!([{"text": "[tool result t1: a\n[1]]"}, {"image": {"format": "png", "source": {"bytes": "AQID"}}}])
    );
}

#[test]
fn tool_call_arguments_are_sent_as_an_object() {
    let call = InvalidToolCall { id: "t".into(), name: "f".into(), args: "{\"a".into(), error: "cut".into() };
    let messages = [
        Message::human("a"),
        Message::new(Role::Ai, [Content::InvalidToolCall(call)]),
        Message::tool_error("t", "bad arguments"),
    ];
    let input = ["messages", "1", "content", "0", "toolUse", "input"];
    assert_eq!(member(&body(CLAUDE, &messages, &with_tools([weather()])), &input), json!({"rawInvalidInput": "{\"a"}));
    let odd = Content::ToolCall(ToolCall::new("t", "f", self::json("[1]")));
    let messages = [Message::human("a"), Message::new(Role::Ai, [odd]), Message::tool("t", "r")];
    assert_eq!(member(&body(CLAUDE, &messages, &with_tools([weather()])), &input), json!({}));
}

#[test]
fn tools_are_specs_system_tools_and_cache_points() {
    let mut strict = weather();
    strict.strict = Some(true);
    strict.cache_point = Some(CachePoint { ttl: Some(CacheTtl::FiveMinutes) });
    let mut blank = Tool::new("noop", "x", Json::empty_object());
    blank.description = Some(" ".into());
    let native = Tool::native(self::json(r#"{"systemTool":{"name":"nova_grounding"}}"#));
    let options =
        ChatOptions { tool_choice: Some(ToolChoice::Tool("noop".into())), ..with_tools([strict, blank, native]) };
    assert_eq!(
        member(&body("newvendor.model", &[Message::human("a")], &options), &["toolConfig"]),
        json!({
            "tools": [
                {"toolSpec": {
                    "name": "get_weather", "description": "Get the weather",
                    "inputSchema": {"json": {"type": "object", "properties": {}, "additionalProperties": false}},
                    "strict": true,
                }},
                {"cachePoint": {"type": "default", "ttl": "5m"}},
                {"toolSpec": {"name": "noop", "inputSchema": {"json": {"type": "object", "properties": {}}}}},
                {"systemTool": {"name": "nova_grounding"}},
            ],
            "toolChoice": {"tool": {"name": "noop"}},
        })
    );
}

#[test]
fn tool_choice_none_sends_no_tools() {
    let choice = |choice| {
        let options = ChatOptions { tool_choice: Some(choice), ..with_tools([weather()]) };
        member(&body(CLAUDE, &[Message::human("a")], &options), &["toolConfig", "toolChoice"])
    };
    assert_eq!(choice(ToolChoice::Auto), json!({"auto": {}}));
    assert_eq!(choice(ToolChoice::Any), json!({"any": {}}));
    let none = ChatOptions { tool_choice: Some(ToolChoice::None), ..with_tools([weather()]) };
    assert_eq!(member(&body(LLAMA, &[Message::human("a")], &none), &["toolConfig"]), json!(null));
}

#[test]
fn tool_choice_of_a_family_is_adapted_or_refused() {
    let other = Tool::new("other", "", Json::empty_object());
    let forced = |choice| ChatOptions { tool_choice: Some(choice), ..with_tools([weather(), other.clone()]) };
    for model in [LLAMA, "cohere.command-r-plus-v1:0"] {
        for choice in [ToolChoice::Any, ToolChoice::Tool("other".into())] {
            let error = refusal(model, &[Message::human("a")], &forced(choice));
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.message().contains(model) && error.message().contains("tool_choice"), "{error}");
        }
    }
    // Mistral's models cannot be forced to call a tool by its name. If only one tool is sent, `any` has the same
    // effect.
    let mistral = "mistral.mistral-large-2407-v1:0";
    let config = |choice| member(&body(mistral, &[Message::human("a")], &forced(choice)), &["toolConfig"]);
    let config = config(ToolChoice::Tool("other".into()));
    assert_eq!(member(&config, &["toolChoice"]), json!({"any": {}}));
    assert_eq!(member(&config, &["tools"]).view().items().count(), 1);
}

#[test]
fn response_format_schema_is_a_json_string() {
    let mut format = ResponseFormat::new("joke", self::json(r#"{"type":"object","properties":{}}"#));
    format.description = Some("A joke.".into());
    let options = ChatOptions { response_format: Some(format), ..ChatOptions::default() };
    assert_eq!(
        member(&body(CLAUDE, &[Message::human("a")], &options), &["outputConfig"]),
        json!({"textFormat": {
            "type": "json_schema",
            "structure": {"jsonSchema": {
                "schema": "{\"type\":\"object\",\"properties\":{},\"additionalProperties\":false}", "name": "joke", "description": "A joke.",
            }},
        }})
    );
}

#[test]
fn document_without_text_is_refused() {
    let document = Content::document("application/pdf", vec![1]);
    let blank = Message::new(Role::Human, [document.clone(), Content::text(" ")]);
    let error = refusal(CLAUDE, &[blank], &ChatOptions::default());
    assert_eq!(error.kind(), ErrorKind::Encode);
    assert!(error.message().contains("what to do with it"), "{error}");
    body(CLAUDE, &[Message::human("Read this."), Message::new(Role::Human, [document])], &ChatOptions::default());
}

#[test]
fn raw_system_messages_between_turns_change_the_tools() {
    let removal = self::json(r#"{"toolRemoval":{"tool":{"name":"get_weather"}}}"#);
    let messages = [
        Message::human("a"),
        Message::ai("b"),
        Message::new(Role::System, [Content::raw(removal.clone())]),
        Message::human("c"),
    ];
    let body = body(CLAUDE, &messages, &with_tools([weather()]));
    assert_eq!(
        member(&body, &["messages", "2"]),
        json!({"role": "system", "content": [{"toolRemoval": {"tool": {"name": "get_weather"}}}]})
    );
    assert_eq!(member(&body, &["messages", "3", "role"]), json!("user"));
}

#[test]
fn system_messages_between_turns_add_and_remove_tools() {
    let addition = ToolReference::new("search").with_server_name("docs").with_reference_type("mcp");
    let blocks = [Content::ToolAddition(addition), Content::ToolRemoval(ToolReference::new("get_weather"))];
    let messages =
        [Message::human("a"), Message::ai("b"), Message::new(Role::System, blocks.clone()), Message::human("c")];
    assert_eq!(
        member(&body(CLAUDE, &messages, &with_tools([weather()])), &["messages", "2"]),
        json!({"role": "system", "content": [
            {"toolAddition": {"tool": {"type": "mcp", "name": "search", "serverName": "docs"}}},
            {"toolRemoval": {"tool": {"name": "get_weather"}}},
        ]})
    );
    for (messages, place) in [
        (vec![Message::new(Role::System, blocks.clone()), Message::human("a")], "message 0"),
        (vec![Message::human("a"), Message::new(Role::Human, blocks.clone())], "message 1"),
        (vec![Message::human("a"), Message::new(Role::Ai, blocks)], "message 1"),
    ] {
        let error = refusal(CLAUDE, &messages, &with_tools([weather()]));
        assert!(error.kind() == ErrorKind::Encode && error.message().contains(place), "{error}");
    }
}

#[test]
fn managed_prompt_needs_no_messages() {
    let arn = "arn:aws:bedrock:us-east-1:123456789012:prompt/ABCDEFGHIJ:1";
    let options = ChatOptions { prompt_variables: vec![("x".into(), "y".into())], ..ChatOptions::default() };
    assert_eq!(body(arn, &[], &options), json!({"promptVariables": {"x": {"text": "y"}}}));
    assert_eq!(refusal(CLAUDE, &[], &options).kind(), ErrorKind::Encode);
}

#[test]
fn paths_and_headers_match_the_operation() {
    let arn = "arn:aws:bedrock:eu-west-1:123456789012:application-inference-profile/abc";
    let request = ChatRequest::new([Message::human("a")]);
    for (mode, operation) in [(Mode::Invoke, "converse"), (Mode::Stream, "converse-stream")] {
        let call = Converse.encode(&ModelId::parse(arn).unwrap(), &request, mode).unwrap();
        let path = "/model/arn%3Aaws%3Abedrock%3Aeu-west-1%3A123456789012%3Aapplication-inference-profile%2Fabc/";
        assert_eq!(call.path, format!("{path}{operation}"));
        assert_eq!(call.headers.iter().collect::<Vec<_>>(), [("content-type", "application/json")]);
        assert_eq!(call.streams, mode == Mode::Stream);
    }
}
