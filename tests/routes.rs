//! The routes of a model: the API and the service of a call, with path, id, headers and framing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    Api, BedrockChat, BedrockChatBuilder, Credentials, ErrorKind, Guardrail, Json, Method, Service, StopReason,
};
use serde_json::Value;

const CHAT: &str = r#"{"id":"chatcmpl-1","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}"#;
const MESSAGE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn","usage":{"input_tokens":3,"output_tokens":1}}"#;

fn builder(model: &str, replies: Vec<Reply>) -> (BedrockChatBuilder, MemoryTransport) {
    let transport = MemoryTransport::new(replies);
    let credentials = Credentials::new("AKIDEXAMPLE", "secret");
    let builder = BedrockChat::builder(model).region("us-east-1").credentials(credentials);
    (builder.environment(|_: &str| None).transport(transport.clone()), transport)
}

/// Sends one message and returns the URL, the scope of the signature and the body.
async fn sent(
    model: &str,
    set: impl FnOnce(BedrockChatBuilder) -> BedrockChatBuilder,
    reply: &str,
) -> (String, String, Value) {
    let (builder, transport) = builder(model, vec![Reply::json(200, reply.to_owned())]);
    let answer = set(builder).build().unwrap().invoke("hello").await.unwrap();
    assert_eq!(answer.text(), "hi");
    let request = transport.requests().remove(0);
    assert_eq!(request.method, Method::Post);
    let scope = request.headers.get("authorization").unwrap().split('/').nth(3).unwrap().to_owned();
    (request.url, scope, serde_json::from_slice(&request.body).unwrap())
}

#[tokio::test]
async fn route_decides_host_path_model_id_and_signature() {
    let mantle = "https://bedrock-mantle.us-east-1.api.aws";
    let runtime = "https://bedrock-runtime.us-east-1.amazonaws.com";
    let chat = |service| move |b: BedrockChatBuilder| b.api(Api::ChatCompletions).service(service);
    for (model, service, url, id) in [
        ("openai.gpt-5.6-sol", Service::Mantle, format!("{mantle}/openai/v1/chat/completions"), "openai.gpt-5.6-sol"),
        (
            "us.openai.gpt-5.6-sol",
            Service::Mantle,
            format!("{mantle}/openai/v1/chat/completions"),
            "openai.gpt-5.6-sol",
        ),
        (
            "us.openai.gpt-5.6-sol",
            Service::Runtime,
            format!("{runtime}/openai/v1/chat/completions"),
            "us.openai.gpt-5.6-sol",
        ),
        ("openai.gpt-oss-120b-1:0", Service::Mantle, format!("{mantle}/v1/chat/completions"), "openai.gpt-oss-120b"),
        (
            "openai.gpt-oss-120b-1:0",
            Service::Runtime,
            format!("{runtime}/openai/v1/chat/completions"),
            "openai.gpt-oss-120b-1:0",
        ),
        ("qwen.qwen3-32b-v1:0", Service::Mantle, format!("{mantle}/v1/chat/completions"), "qwen.qwen3-32b"),
        ("google.gemma-4-31b", Service::Mantle, format!("{mantle}/openai/v1/chat/completions"), "google.gemma-4-31b"),
        ("xai.grok-4.3", Service::Mantle, format!("{mantle}/openai/v1/chat/completions"), "xai.grok-4.3"),
    ] {
        let (to, scope, body) = sent(model, chat(service), CHAT).await;
        assert_eq!((to, scope.as_str(), body["model"].as_str()), (url, service.signing_name(), Some(id)), "{model}");
        assert!(body.get("stream").is_none(), "{body}");
    }
    for set in [
        (|b| b.api(Api::Messages)) as fn(BedrockChatBuilder) -> BedrockChatBuilder,
        |b| b.service(Service::Mantle),
        |b| b.endpoint_url("https://bedrock-mantle.us-east-1.api.aws"),
    ] {
        let (to, scope, body) = sent("us.anthropic.claude-sonnet-5-5", set, MESSAGE).await;
        assert_eq!(
            (to.as_str(), scope.as_str()),
            ("https://bedrock-mantle.us-east-1.api.aws/anthropic/v1/messages", "bedrock-mantle")
        );
        assert_eq!(body["model"], "anthropic.claude-sonnet-5-5");
        assert!(body.get("anthropic_version").is_none() && body["max_tokens"].is_u64(), "{body}");
    }
}

#[tokio::test]
async fn messages_headers_have_version_and_betas() {
    let headers = |set: fn(BedrockChatBuilder) -> BedrockChatBuilder| async move {
        let (builder, transport) = builder("anthropic.claude-sonnet-4-6", vec![Reply::json(200, MESSAGE)]);
        let options = bedrock_chat::ChatOptions::default().with_anthropic_beta(["one-2025", "two-2025"]);
        set(builder.api(Api::Messages).options(&options)).build().unwrap().invoke("hello").await.unwrap();
        let request = transport.requests().remove(0);
        let all = |name: &str| -> Vec<String> {
            request.headers.iter().filter(|(key, _)| *key == name).map(|(_, value)| value.to_owned()).collect()
        };
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert!(body.get("anthropic_beta").is_none(), "{body}");
        (all("anthropic-version"), all("anthropic-beta"))
    };
    assert_eq!(headers(|b| b).await, (vec!["2023-06-01".to_owned()], vec!["one-2025,two-2025".to_owned()]));
    let set = headers(|b| b.header("anthropic-version", "2026-10-21").header("anthropic-beta", "three-2025")).await;
    assert_eq!(set.0, ["2026-10-21"]);
    assert_eq!(set.1, ["one-2025,two-2025", "three-2025"]);
}

#[tokio::test]
async fn chat_stream_is_read_from_server_sent_events() {
    let chunks = [
        r#"{"id":"c","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"Bon"}}]}"#,
        r#"{"id":"c","choices":[{"index":0,"delta":{"content":"jour"}}]}"#,
        r#"{"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#,
        r#"{"id":"c","choices":[],"usage":{"prompt_tokens":7,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":4}}}"#,
        "[DONE]",
    ];
    for bytes in [1, 7, 100_000] {
        let (builder, transport) = builder("openai.gpt-5.6-sol", vec![Reply::sse(chunks).in_pieces(bytes)]);
        let chat = builder.api(Api::ChatCompletions).build().unwrap();
        let message = chat.stream("hello").await.unwrap().message().await.unwrap();
        assert_eq!((message.text().as_str(), message.stop_reason), ("Bonjour", Some(StopReason::EndTurn)));
        let usage = message.usage.unwrap();
        assert_eq!((usage.input_tokens, usage.output_tokens, usage.input_token_details.cache_read), (7, 2, 4));
        let body: Value = serde_json::from_slice(&transport.requests()[0].body).unwrap();
        assert_eq!((&body["stream"], &body["stream_options"]["include_usage"]), (&true.into(), &true.into()));
    }
}

#[tokio::test]
async fn messages_stream_is_read_from_server_sent_events() {
    let events = [
        r#"{"type":"message_start","message":{"id":"msg_1","model":"m","content":[],"usage":{"input_tokens":3,"output_tokens":1}}}"#,
        r#"{"type":"ping"}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Bonjour"}}"#,
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":5}}"#,
        r#"{"type":"message_stop"}"#,
    ];
    let whole = events.iter().map(|data| data.len() + 8).sum::<usize>();
    let last = events[6].len() + 8;
    for (cut, complete) in [(whole, true), (whole - 1, true), (whole - last, false), (whole - last - 40, false)] {
        let (builder, _) = builder("anthropic.claude-sonnet-4-6", vec![Reply::sse(events).cut_after(cut)]);
        let chat = builder.api(Api::Messages).build().unwrap();
        let message = chat.stream("hello").await.unwrap().message().await;
        match message {
            Ok(message) => assert!(complete && message.text() == "Bonjour", "{cut}"),
            Err(error) => {
                assert!(!complete && error.kind() == ErrorKind::Truncated, "{cut} {error}");
                assert_eq!(error.partial().unwrap().text(), "Bonjour");
            }
        }
    }
}

#[tokio::test]
async fn stream_error_of_each_shape_has_its_kind() {
    let text = r#"{"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"hi"}}]}"#;
    for (event, kind) in [
        (r#"{"error":{"type":"server_error","code":"rate_limit_exceeded","message":"slow"}}"#, ErrorKind::Throttled),
        (r#"{"type":"error","error":{"type":"overloaded_error","message":"busy"}}"#, ErrorKind::Throttled),
        (r#"{"type":"error","code":"server_error","message":"broken"}"#, ErrorKind::Service),
        (r#"{"message":"Too many tokens, please wait before trying again."}"#, ErrorKind::Service),
        (r#"{"error":{"code":"context_length_exceeded","message":"long"}}"#, ErrorKind::ContextOverflow),
    ] {
        let (builder, _) = builder("openai.gpt-5.6-sol", vec![Reply::sse([text, event])]);
        let chat = builder.api(Api::ChatCompletions).build().unwrap();
        let error = chat.stream("hello").await.unwrap().message().await.unwrap_err();
        assert_eq!((error.kind(), error.partial().unwrap().text().as_str()), (kind, "hi"), "{event}");
    }
}

#[tokio::test]
async fn http_error_of_each_shape_has_its_kind_and_request_id() {
    for (status, body, kind) in [
        (
            400,
            r#"{"error":{"code":"validation_error","message":"The model 'x' does not support the '/v1/chat/completions' API","param":null,"type":"invalid_request_error"}}"#,
            ErrorKind::Validation,
        ),
        (
            404,
            r#"{"error":{"message":"The model doesn't exist.","type":"not_found_error","param":null,"code":"model_not_found"}}"#,
            ErrorKind::NotFound,
        ),
        (
            403,
            r#"{"Message":"Authentication failed: Please make sure your API Key is valid."}"#,
            ErrorKind::AccessDenied,
        ),
        (
            529,
            r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}"#,
            ErrorKind::Throttled,
        ),
        (429, r#"{"error":{"type":"insufficient_quota","message":"You exceeded your quota"}}"#, ErrorKind::Throttled),
    ] {
        let reply = Reply::json(status, body).with_header("x-request-id", "req_1");
        let (builder, _) = builder("openai.gpt-5.6-sol", vec![reply]);
        let chat = builder.api(Api::ChatCompletions).retry(bedrock_chat::RetryPolicy::never()).build().unwrap();
        let error = chat.invoke("hello").await.unwrap_err();
        assert_eq!((error.kind(), error.request_id()), (kind, Some("req_1")), "{body}");
    }
}

#[test]
fn api_or_service_that_does_not_serve_a_model_is_refused() {
    let build = |model: &str, api: Option<Api>, service: Option<Service>| {
        let mut b = builder(model, vec![]).0;
        if let Some(api) = api {
            b = b.api(api);
        }
        if let Some(service) = service {
            b = b.service(service);
        }
        b.build()
    };
    for (model, api, service, field) in [
        ("us.anthropic.claude-sonnet-4-6", Some(Api::Responses), None, "api"),
        ("us.anthropic.claude-sonnet-4-6", Some(Api::Converse), Some(Service::Mantle), "service"),
        ("google.gemma-4-31b", Some(Api::Converse), None, "api"),
        ("google.gemma-4-31b", None, Some(Service::Runtime), "service"),
        ("amazon.nova-lite-v1:0", None, Some(Service::Mantle), "service"),
        ("amazon.nova-lite-v1:0", Some(Api::Messages), None, "api"),
    ] {
        let error = build(model, api, service).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Unsupported, Some(field)), "{model} {error}");
        assert!(error.message().contains("; use "), "{error}");
    }
    let gemma = build("google.gemma-4-31b", Some(Api::Invoke), None).unwrap_err();
    assert!(
        gemma.message().ends_with("use Responses over bedrock-mantle, Chat Completions over bedrock-mantle"),
        "{gemma}"
    );
}

#[tokio::test]
async fn options_that_an_api_lacks_are_refused() {
    let guardrail = || bedrock_chat::ChatOptions::default().with_guardrail(Guardrail::new("g", "1"));
    let beta = bedrock_chat::ChatOptions::default().with_anthropic_beta(["a-2025"]);
    let arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc";
    let tier = bedrock_chat::ChatOptions::default().with_service_tier(bedrock_chat::ServiceTier::Flex);
    for (model, api, options, field) in [
        ("anthropic.claude-sonnet-4-6", Api::Messages, guardrail(), "guardrail"),
        ("openai.gpt-5.6-sol", Api::ChatCompletions, guardrail(), "guardrail"),
        ("anthropic.claude-sonnet-4-6", Api::Messages, tier, "service_tier"),
        (arn, Api::ChatCompletions, beta.clone(), "anthropic_beta"),
        (arn, Api::Responses, beta, "anthropic_beta"),
    ] {
        let (builder, transport) = builder(model, vec![]);
        let error = builder.api(api).options(&options).build().unwrap().invoke("hello").await.unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Unsupported, Some(field)), "{error}");
        assert!(transport.requests().is_empty());
    }
    let (builder, transport) = builder("us.openai.gpt-5.6-sol", vec![Reply::json(200, CHAT)]);
    let chat =
        builder.api(Api::ChatCompletions).options(&guardrail()).model_kwargs(Json::parse(r#"{"seed":7}"#).unwrap());
    chat.build().unwrap().invoke("hello").await.unwrap();
    let request = &transport.requests()[0];
    assert_eq!(request.headers.get("x-amzn-bedrock-guardrailidentifier"), Some("g"));
    assert_eq!(serde_json::from_slice::<Value>(&request.body).unwrap()["seed"], 7);
}

#[tokio::test]
async fn project_is_a_body_member_or_a_header_by_api() {
    let sent = |model: &'static str, api: Api, reply: &'static str| async move {
        let (builder, transport) = builder(model, vec![Reply::json(200, reply)]);
        let options = bedrock_chat::ChatOptions::default().with_project("proj-1");
        builder.api(api).options(&options).build().unwrap().invoke("hello").await.unwrap();
        let request = transport.requests().remove(0);
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let names: Vec<String> =
            request.headers.iter().filter(|(_, value)| *value == "proj-1").map(|(name, _)| name.to_owned()).collect();
        (names.join(","), body["projectIdentifier"].as_str().map(str::to_owned))
    };
    let converse = r#"{"output":{"message":{"role":"assistant","content":[{"text":"hi"}]}},"stopReason":"end_turn"}"#;
    let header = |name: &str| (name.to_owned(), None);
    let claude = "us.anthropic.claude-sonnet-4-6";
    assert_eq!(sent(claude, Api::Converse, converse).await, (String::new(), Some("proj-1".to_owned())));
    assert_eq!(sent(claude, Api::Invoke, MESSAGE).await, header("x-amzn-bedrock-projectidentifier"));
    assert_eq!(sent(claude, Api::Messages, MESSAGE).await, header("anthropic-workspace-id"));
    assert_eq!(sent("xai.grok-4.3", Api::ChatCompletions, CHAT).await, header("openai-project"));
}
