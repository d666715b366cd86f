//! The contents of spans, after OpenTelemetry's exporter and protocol.

use std::time::Duration;

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{BedrockChat, Content, Credentials, Guardrail, Json, Message, RunConfig, Tool, TracingObserver};
use local_bedrock::{Fault, LocalBedrock};
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::{Value, json};

use crate::exported::{Exporting, Span};
use crate::recorder::Recorder;
use crate::support::{CLAUDE, calling, over, saying};

async fn world() -> (LocalBedrock, Recorder, Exporting) {
    let collector = Recorder::start().await;
    let exporting = Exporting::to(&collector.url);
    (LocalBedrock::start().await.unwrap(), collector, exporting)
}

fn watched(bedrock: &LocalBedrock) -> BedrockChat {
    calling(bedrock).observer(TracingObserver::new()).build().unwrap()
}

/// Returns all text of a span, to check that it has no secrets.
fn all(span: &Span) -> String {
    format!("{span:?}")
}

#[tokio::test]
async fn otel_call_is_a_client_span_with_standard_attributes() {
    let (bedrock, collector, exporting) = world().await;
    let chat = calling(&bedrock)
        .observer(TracingObserver::new())
        .max_tokens(100)
        .temperature(0.5)
        .stop(["END", "STOP"])
        .guardrail(Guardrail::new("gr-1", "1"))
        .build()
        .unwrap();
    let reply = chat.invoke("Hello").await.unwrap();
    let span = exporting.span(&collector).await;
    assert_eq!((span.name.as_str(), span.kind), (format!("chat {CLAUDE}").as_str(), SpanKind::Client));
    let port: u16 = bedrock.port();
    let expected = json!({
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "aws.bedrock",
        "gen_ai.request.model": CLAUDE,
        "gen_ai.request.max_tokens": 100,
        "gen_ai.request.temperature": 0.5,
        "gen_ai.request.stop_sequences": r#"["END","STOP"]"#,
        "gen_ai.response.id": reply.id.unwrap(),
        "gen_ai.response.model": reply.model.unwrap(),
        "gen_ai.response.finish_reasons": r#"["end_turn"]"#,
        "gen_ai.usage.input_tokens": reply.usage.unwrap().input_tokens,
        "gen_ai.usage.output_tokens": reply.usage.unwrap().output_tokens,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "gen_ai.usage.cache_creation.input_tokens": 0,
        "aws.bedrock.guardrail.id": "gr-1",
        "aws.request_id": reply.request_id.unwrap(),
        "cloud.region": "us-east-1",
        "server.address": "127.0.0.1",
        "server.port": port,
    });
    // The attributes without those of tracing about code and threads.
    let own = |name: &&String| {
        ["gen_ai", "aws", "cloud", "server", "error", "otel"].contains(&name.split('.').next().unwrap())
    };
    let found: Vec<_> = span.attributes.keys().filter(own).collect();
    let known: Vec<_> = expected.as_object().unwrap().keys().collect();
    assert_eq!(found, known);
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(span.get(name), *value, "{name}");
    }
    assert!(span.status.is_none_or(|status| status.code() == StatusCode::Unset), "as the conventions want it");
}

#[tokio::test]
async fn otel_stream_span_has_usage_and_time_to_first_chunk() {
    let (bedrock, collector, exporting) = world().await;
    bedrock.faults().push(Fault::delay(Duration::from_millis(60)));
    let reply = watched(&bedrock).stream("Hello").await.unwrap().message().await.unwrap();
    let span = exporting.span(&collector).await;
    assert_eq!(span.get("gen_ai.request.stream"), true);
    assert_eq!(span.get("gen_ai.usage.output_tokens"), reply.usage.unwrap().output_tokens);
    assert!(span.get("gen_ai.response.time_to_first_chunk").as_f64().unwrap() >= 0.06, "{span:?}");
}

#[tokio::test]
async fn otel_usage_of_cached_tokens_is_input_and_separate() {
    let (_, collector, exporting) = world().await;
    let usage =
        r#"{"input_tokens":3,"output_tokens":5,"cache_read_input_tokens":7000,"cache_creation_input_tokens":40}"#;
    let reply = format!(r#"{{"content":[],"stop_reason":"end_turn","usage":{usage}}}"#);
    let chat = over(MemoryTransport::new([Reply::json(200, reply)])).observer(TracingObserver::new()).build().unwrap();
    chat.invoke("Hello").await.unwrap();
    let span = exporting.span(&collector).await;
    let tokens = ["input_tokens", "output_tokens", "cache_read.input_tokens", "cache_creation.input_tokens"];
    assert_eq!(tokens.map(|name| span.get(&format!("gen_ai.usage.{name}"))), [7043, 5, 7000, 40].map(Value::from));
}

#[tokio::test]
async fn otel_call_span_is_a_child_of_the_current_span() {
    use tracing::Instrument;
    let (bedrock, collector, exporting) = world().await;
    let chat = watched(&bedrock);
    let outer = tracing::info_span!("outer");
    chat.invoke("Hello").instrument(outer).await.unwrap();
    let spans = exporting.spans(&collector).await;
    let [call, outer] = spans.as_slice() else { panic!("{spans:#?}") };
    assert_eq!((outer.name.as_str(), &call.parent), ("outer", &outer.id));
}

#[tokio::test]
async fn otel_spans_have_no_content_by_default() {
    let (bedrock, collector, exporting) = world().await;
    let chat = watched(&bedrock).bind_tools([Tool::new("look", "a secret tool", Json::parse("{}").unwrap())]);
    chat.invoke([("system", "a secret prompt"), ("human", "a secret question")]).await.unwrap();
    bedrock.faults().push(Fault::error(400, "ValidationException", "your secret question is too long"));
    chat.invoke("a secret question").await.unwrap_err();
    bedrock.faults().push(Fault::error(503, "ServiceUnavailableException", "secret trouble"));
    chat.stream("a secret question").await.unwrap().message().await.unwrap();
    for span in exporting.spans(&collector).await {
        assert!(!all(&span).contains("secret"), "{span:#?}");
    }
}

#[tokio::test]
async fn otel_spans_have_content_if_enabled() {
    let (_, collector, exporting) = world().await;
    let reply = json!({
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "t2", "name": "look", "input": {"at": 2}},
        ],
        "stop_reason": "tool_use",
    });
    let transport = MemoryTransport::new([Reply::json(200, reply.to_string())]);
    let observer = TracingObserver::new().with_content(true);
    let look = Tool::new("look", "Looks.", Json::parse(r#"{"type":"object"}"#).unwrap());
    let chat = over(transport).observer(observer).build().unwrap().bind_tools([look]);
    let call = bedrock_chat::ToolCall::new("t1", "look", Json::parse(r#"{"at":1}"#).unwrap());
    chat.invoke([
        Message::system("Be brief."),
        Message::human("What is this?").with(Content::image("image/png", &b"\x89PNG\r\n\x1a\n"[..])),
        Message::new(bedrock_chat::Role::Ai, [Content::ToolCall(call)]),
        Message::tool("t1", "a dot"),
    ])
    .await
    .unwrap();
    let span = exporting.span(&collector).await;
    assert_eq!(span.json("gen_ai.system_instructions"), json!([{"type": "text", "content": "Be brief."}]));
    let expected = json!([
        {"role": "user", "parts": [
            {"type": "text", "content": "What is this?"},
            {"type": "blob", "modality": "image", "mime_type": "image/png", "content": "iVBORw0KGgo="},
        ]},
        {"role": "assistant", "parts": [{"type": "tool_call", "id": "t1", "name": "look", "arguments": {"at": 1}}]},
        {"role": "tool", "parts": [{"type": "tool_call_response", "id": "t1", "response": "a dot"}]},
    ]);
    assert_eq!(span.json("gen_ai.input.messages"), expected);
    let parts = json!([
        {"type": "reasoning", "content": "hm"},
        {"type": "text", "content": "I look."},
        {"type": "tool_call", "id": "t2", "name": "look", "arguments": {"at": 2}},
    ]);
    let expected = json!([{"role": "assistant", "parts": parts, "finish_reason": "tool_call"}]);
    assert_eq!(span.json("gen_ai.output.messages"), expected);
    let tool = json!([{"type": "function", "name": "look", "description": "Looks.", "parameters": {"type": "object"}}]);
    assert_eq!(span.json("gen_ai.tool.definitions"), tool);
}

#[tokio::test]
async fn otel_failed_call_has_a_low_cardinality_error_type() {
    let (bedrock, collector, exporting) = world().await;
    bedrock.faults().push(Fault::error(403, "AccessDeniedException", "You may not"));
    let error = watched(&bedrock).invoke("Hello").await.unwrap_err();
    let span = exporting.span(&collector).await;
    assert_eq!(span.get("error.type"), "AccessDeniedException");
    assert_eq!(span.get("aws.request_id"), error.request_id().unwrap());
    let status = span.status.unwrap();
    assert_eq!((status.code(), status.message.as_str()), (StatusCode::Error, "AccessDeniedException (HTTP 403)"));
}

#[tokio::test]
async fn otel_local_error_has_the_name_of_its_kind() {
    let (_, collector, exporting) = world().await;
    let chat = saying(&[]).observer(TracingObserver::new()).build().unwrap();
    chat.invoke(Vec::<Message>::new()).await.unwrap_err();
    let span = exporting.span(&collector).await;
    assert_eq!((span.get("error.type"), span.status.unwrap().code()), (json!("encode"), StatusCode::Error));
}

#[tokio::test]
async fn otel_broken_stream_has_its_usage() {
    let (bedrock, collector, exporting) = world().await;
    bedrock.faults().push(Fault::end_after_frames(6));
    watched(&bedrock).stream("Hello").await.unwrap().message().await.unwrap_err();
    let span = exporting.span(&collector).await;
    assert_eq!(span.get("error.type"), "truncated");
    assert!(span.get("gen_ai.usage.input_tokens").as_u64().unwrap() > 0);
    assert!(span.get("gen_ai.response.model").is_string());
}

#[tokio::test]
async fn otel_failed_attempts_are_span_events() {
    let (bedrock, collector, exporting) = world().await;
    bedrock.faults().push(Fault::error(429, "ThrottlingException", "Too many tokens").times(2));
    watched(&bedrock).invoke("Hello").await.unwrap();
    let span = exporting.span(&collector).await;
    assert_eq!(span.get("error.type"), Value::Null, "the call went well");
    let [(name, first), (_, second)] = span.events.as_slice() else { panic!("{span:#?}") };
    assert_eq!((name.as_str(), &first["attempt"], &second["attempt"]), ("attempt failed", &json!(1), &json!(2)));
    assert_eq!(first["error.type"], "ThrottlingException");
    assert!(first["delay_seconds"].is_number());
}

#[tokio::test]
async fn otel_retried_stream_has_the_last_attempt_only() {
    let (bedrock, collector, exporting) = world().await;
    bedrock.faults().push(Fault::exception_frame(5, "throttlingException", "Too many tokens"));
    let chat = calling(&bedrock)
        .streaming(true)
        .retry(bedrock_chat::RetryPolicy::default().with_paid_resend(true))
        .observer(TracingObserver::new())
        .build()
        .unwrap();
    let reply = chat.invoke("Hello there").await.unwrap();
    let span = exporting.span(&collector).await;
    assert_eq!(span.get("error.type"), Value::Null, "the call went well");
    assert_eq!(span.events[0].0, "attempt failed");
    assert_eq!(span.get("gen_ai.usage.output_tokens"), reply.usage.unwrap().output_tokens, "counted once");
}

#[tokio::test]
async fn otel_dropped_call_ends_its_span_as_cancelled() {
    let (bedrock, collector, exporting) = world().await;
    let chat = watched(&bedrock);
    bedrock.faults().push(Fault::hang());
    tokio::time::timeout(Duration::from_millis(50), chat.invoke("Hello")).await.unwrap_err();
    let span = exporting.span(&collector).await;
    assert_eq!(span.get("error.type"), "cancelled");
    assert_eq!(span.events[0].0, "given up by the caller");
}

#[tokio::test]
async fn otel_dropped_stream_ends_its_span_without_error() {
    let (bedrock, collector, exporting) = world().await;
    bedrock.faults().push(Fault::hang_after_frames(6));
    let mut text = watched(&bedrock).stream("Hello").await.unwrap().text();
    text.next().await.unwrap().unwrap();
    drop(text);
    let span = exporting.span(&collector).await;
    assert_eq!(span.get("error.type"), Value::Null);
    assert!(span.get("gen_ai.response.model").is_string(), "it was reported at the beginning");
    assert_eq!(span.events[0].0, "given up by the caller");
}

#[tokio::test]
async fn otel_span_has_the_conversation_id() {
    let (_, collector, exporting) = world().await;
    let chat = saying(&["hi"]).observer(TracingObserver::new()).build().unwrap();
    let metadata = vec![("thread_id", Json::string("th-1"))];
    chat.with_config(RunConfig::default().with_metadata(metadata)).invoke("Hello").await.unwrap();
    assert_eq!(exporting.span(&collector).await.get("gen_ai.conversation.id"), "th-1");
}

#[tokio::test]
async fn otel_span_has_port_and_operation_name() {
    let (_, collector, exporting) = world().await;
    let reply = Reply::json(200, r#"{"generation":"there was","stop_reason":"stop"}"#);
    let chat = BedrockChat::builder("meta.llama3-8b-instruct-v1:0")
        .region("eu-west-1")
        .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
        .transport(MemoryTransport::new([reply]))
        .observer(TracingObserver::new())
        .build()
        .unwrap();
    chat.complete("Once upon a time").await.unwrap();
    let span = exporting.span(&collector).await;
    assert_eq!(span.name, "text_completion meta.llama3-8b-instruct-v1:0");
    assert_eq!(span.get("server.address"), "bedrock-runtime.eu-west-1.amazonaws.com");
    assert_eq!(span.get("server.port"), 443);
}

#[tokio::test]
async fn otel_without_a_subscriber_observes_nothing() {
    let chat = saying(&["hi"]).observer(TracingObserver::new().with_content(true)).build().unwrap();
    assert_eq!(chat.invoke("Hello").await.unwrap().text(), "hi");
}
