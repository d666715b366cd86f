//! Replies and errors describe the HTTP response: a gateway's own message, response headers, causes.

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{Api, BedrockChat, Error, ErrorKind, Guardrail, GuardrailSource, RetryPolicy};
use local_bedrock::{Fault, LocalBedrock};

use crate::support::{CLAUDE, calling, calling_url, keys, over, soon};

/// Errors that gateways answer with status 200, and their messages.
const GATEWAY: &[&str] = &[
    r#"{"error":{"message":"the gateway is out of budget"}}"#,
    r#"{"error":"the gateway is out of budget"}"#,
    r#"{"message":"the gateway is out of budget"}"#,
    r#"{"Message":"the gateway is out of budget"}"#,
    r#"{"errorMessage":"the gateway is out of budget","errorType":"Budget"}"#,
    r#"{"errors":[{"message":"the gateway is out of budget"}]}"#,
    r#"{"detail":"the gateway is out of budget"}"#,
    r#"{"success":false,"reason":"the gateway is out of budget"}"#,
    r#""the gateway is out of budget""#,
    r#"["the gateway is out of budget"]"#,
    "the gateway is out of budget",
];

fn chat(model: &str, api: Option<Api>, reply: Reply) -> BedrockChat {
    let builder = BedrockChat::builder(model).region("us-east-1").credentials(keys()).retry(RetryPolicy::never());
    let builder = builder.guardrail(Guardrail::new("gr-1", "1")).transport(MemoryTransport::new([reply]));
    api.map_or(builder.clone(), |api| builder.api(api)).build().unwrap()
}

#[tokio::test]
async fn gateway_error_with_status_200_has_its_message() {
    let models = [
        (CLAUDE, Some(Api::Invoke)),
        (CLAUDE, Some(Api::Converse)),
        ("amazon.nova-pro-v1:0", Some(Api::Invoke)),
        ("openai.gpt-oss-120b-1:0", Some(Api::Invoke)),
        ("meta.llama3-8b-instruct-v1:0", Some(Api::Invoke)),
        ("mistral.mistral-7b-instruct-v0:2", Some(Api::Invoke)),
        ("cohere.command-r-v1:0", Some(Api::Invoke)),
        ("amazon.titan-text-express-v1", Some(Api::Invoke)),
        ("deepseek.r1-v1:0", Some(Api::Invoke)),
    ];
    for (model, api) in models {
        for body in GATEWAY {
            for content_type in ["application/json", "application/json; charset=utf-8", "text/plain"] {
                let reply = || Reply::new(200, content_type, *body);
                for error in [
                    chat(model, api, reply()).invoke("hello").await.unwrap_err(),
                    chat(model, api, reply()).stream("hello").await.unwrap_err(),
                ] {
                    assert!(error.message().contains("the gateway is out of budget"), "{model} {body}: {error}");
                }
            }
        }
    }
}

#[tokio::test]
async fn gateway_error_for_an_operation_has_its_message() {
    for body in GATEWAY {
        let chat = || chat(CLAUDE, None, Reply::json(200, *body));
        for error in [
            chat().count_tokens("hello").await.unwrap_err(),
            chat().apply_guardrail(GuardrailSource::Input, ["hello"]).await.unwrap_err(),
            chat().batch_job("arn:aws:bedrock:us-east-1:1:model-invocation-job/x").await.unwrap_err(),
        ] {
            assert!(error.message().contains("the gateway is out of budget"), "{body}: {error}");
        }
    }
}

#[tokio::test]
async fn gateway_error_with_status_200_and_a_known_name_has_its_kind() {
    for (body, kind, attempts) in [
        (r#"{"error":{"type":"rate_limit_error","message":"slow down"}}"#, ErrorKind::Throttled, 3),
        (r#"{"error":{"code":429,"message":"slow down"}}"#, ErrorKind::Throttled, 3),
        (r#"{"error":{"code":503,"message":"slow down"}}"#, ErrorKind::Service, 3),
        (r#"{"statusCode":504,"message":"slow down"}"#, ErrorKind::Service, 1),
        (r#"{"error":{"code":401,"message":"slow down"}}"#, ErrorKind::AccessDenied, 1),
    ] {
        for (api, stream) in [(Api::Invoke, false), (Api::Invoke, true), (Api::Converse, false), (Api::Converse, true)]
        {
            let transport = MemoryTransport::new((0..3).map(|_| Reply::json(200, body)));
            let chat = over(transport.clone()).api(api).build().unwrap();
            let error = match stream {
                true => chat.stream("hello").await.unwrap_err(),
                false => chat.invoke("hello").await.unwrap_err(),
            };
            assert_eq!((error.kind(), error.message()), (kind, "slow down"), "{body} {api:?}");
            assert_eq!(transport.requests().len(), attempts, "{body} {api:?}");
        }
    }
}

#[tokio::test]
async fn response_headers_are_on_replies_streams_and_errors() {
    let body = r#"{"content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn"}"#;
    let with = |reply: Reply| {
        let reply = reply.with_header("X-RateLimit-Remaining", "7").with_header("Set-Cookie", "session=SECRET");
        reply.with_header("x-filler", &"x".repeat(20_000))
    };
    let check = |headers: Option<&bedrock_chat::Headers>, printed: String| {
        let headers = headers.expect("response headers");
        assert_eq!(headers.get("x-ratelimit-remaining"), Some("7"));
        assert_eq!((headers.get("set-cookie"), headers.get("x-filler")), (Some("<secret>"), None));
        assert!(!printed.contains("SECRET"), "{printed}");
    };
    let reply = chat(CLAUDE, None, with(Reply::json(200, body))).invoke("hello").await.unwrap();
    check(reply.response_headers(), format!("{reply:?} {}", serde_json::to_string(&reply).unwrap()));

    let chunks = [
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"ok"}}"#,
        r#"{"type":"message_stop"}"#,
    ];
    let stream = chat(CLAUDE, None, with(Reply::chunks(chunks))).stream("hello").await.unwrap();
    check(Some(stream.response_headers()), format!("{stream:?}"));
    check(stream.message().await.unwrap().response_headers(), String::new());

    for reply in [
        Reply::json(429, "{}"),
        Reply::json(200, "{}"),
        Reply::chunks(["{}"]),
        Reply::chunks(chunks[..1].iter().copied()),
    ] {
        let chat = chat(CLAUDE, None, with(reply));
        let error = match chat.stream("hello").await {
            Ok(stream) => stream.message().await.unwrap_err(),
            Err(error) => error,
        };
        check(error.response_headers(), format!("{error} {error:?}"));
    }
    let error = calling_url("http://127.0.0.1:1").build().unwrap().invoke("hello").await.unwrap_err();
    assert!(error.response_headers().is_none(), "there was no response");
}

/// Returns everything that an error reporter prints: the error and its causes.
fn reported(error: &Error) -> String {
    let mut all = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        all.push_str(&format!("\nCaused by: {next}"));
        cause = next.source();
    }
    all
}

#[tokio::test]
async fn debug_of_an_error_reads_like_display() {
    let reply = Reply::json(429, r#"{"message":"Too many tokens"}"#)
        .with_header("x-amzn-errortype", "ThrottlingException")
        .with_header("x-amzn-requestid", "r-1")
        .with_header("retry-after", "2");
    let error = chat(CLAUDE, None, reply).invoke("hello").await.unwrap_err();
    let (display, debug) = (error.to_string(), format!("{error:?}"));
    assert!(debug.starts_with(&display), "{debug}");
    assert!(debug.contains("throttled") && debug.contains("retryable") && debug.contains("2000 ms"), "{debug}");
    for absent in ["None", "Some(", "partial", "conversation", "caused by"] {
        assert!(!debug.contains(absent), "{absent} in {debug}");
    }
    let error = BedrockChat::builder("").region("us-east-1").build().unwrap_err();
    assert_eq!(format!("{error:?}"), format!("{error} (kind config)"));
}

#[tokio::test]
async fn display_of_an_error_does_not_repeat_its_source() {
    let bedrock = LocalBedrock::start().await.unwrap();
    bedrock.faults().push(Fault::cut_after_bytes(10));
    let errors = [
        soon(calling_url("http://127.0.0.1:1").build().unwrap().invoke("hello")).await.unwrap_err(),
        soon(calling(&bedrock).build().unwrap().invoke("hello")).await.unwrap_err(),
    ];
    for (error, cause) in errors.iter().zip(["refused", "EOF"]) {
        let all = reported(error);
        assert!(error.message().contains(cause), "{all}");
        assert_eq!(all.matches(cause).count(), 1, "{all}");
        assert!(std::error::Error::source(error).is_some(), "{all}");
    }
}
