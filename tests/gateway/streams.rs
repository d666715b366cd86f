//! Streams: events as they arrive, errors in the middle, clients that leave, and long silences.

use std::sync::atomic::{AtomicU64, Ordering};

use bedrock_chat::{HttpRequest, Transport};
use local_bedrock::soon;

use super::*;

fn streamed(model: &str) -> GatewayRequest {
    let messages = json!([{"role": "user", "content": "Hello?"}]);
    post("/v1/messages", &json!({"model": model, "max_tokens": 99, "stream": true, "messages": messages}))
}

const DELTA: &str = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Bon"}}"#;
const BEGIN: [&str; 2] = [
    r#"{"type":"message_start","message":{"id":"msg_1","usage":{"input_tokens":7,"output_tokens":1}}}"#,
    r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
];

#[tokio::test]
async fn gateway_stream_of_claude_passes_its_events_unchanged() {
    let end = [
        r#"{"type":"content_block_stop","index":0}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}"#,
        r#"{"type":"message_stop"}"#,
    ];
    let events: Vec<&str> = BEGIN.into_iter().chain([DELTA]).chain(end).collect();
    let (gateway, calls) =
        watched(prepared(&MemoryTransport::new([Reply::chunks(events.clone()).in_pieces(11)])), open());
    let (status, text) = text(gateway.handle(streamed(CLAUDE)).await).await;
    let received: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("data: ")).collect();
    assert_eq!((status, received), (200, events));
    let call = calls.lock().unwrap()[0].clone();
    assert_eq!((call.usage.input_tokens, call.usage.output_tokens, call.error), (7, 3, None));
    assert_eq!((call.key.as_str(), call.path.as_str(), call.streamed), ("alice", "/v1/messages", true));
}

#[tokio::test]
async fn gateway_stream_that_fails_ends_with_an_error_event() {
    let exception = r#"{"message":"the model broke at 10.0.0.7"}"#;
    let broken =
        || Reply::chunks(BEGIN.into_iter().chain([DELTA])).with_exception("modelStreamErrorException", exception);
    let cut = || Reply::chunks(BEGIN.into_iter().chain([DELTA]));
    for reply in [broken(), cut()] {
        let (gateway, calls) = watched(prepared(&MemoryTransport::new([reply])), open());
        let (status, text) = text(gateway.handle(streamed(CLAUDE)).await).await;
        assert!(status == 200 && text.contains("Bon"), "{text}");
        let last = text.trim_end().rsplit("\n\n").next().unwrap();
        assert!(last.starts_with("event: error\n") && !last.contains("10.0.0.7"), "{last}");
        let calls = calls.lock().unwrap();
        assert!(calls.len() == 1 && calls[0].error.is_some() && calls[0].usage.input_tokens == 7, "{calls:?}");
    }
}

#[tokio::test]
async fn gateway_stream_that_fails_before_content_has_a_status() {
    let exception = r#"{"message":"Too many tokens"}"#;
    let early = || Reply::chunks([]).with_exception("throttlingException", exception);
    let settings = settings(json!({
        "models": {"best": {"id": CLAUDE, "fallbacks": ["us.anthropic.claude-opus-4-8"]}}, "keys": {"alice": {"key": KEY}},
    }));
    let transport = MemoryTransport::new([early()]);
    let (status, body) = answer(&gateway(prepared(&transport), open()), streamed(CLAUDE)).await;
    assert_eq!((status, &body["error"]["type"]), (429, &json!("rate_limit_error")));
    // And another model can answer.
    let whole = Reply::chunks(BEGIN.into_iter().chain([DELTA, r#"{"type":"message_stop"}"#]));
    let transport = MemoryTransport::new([early(), whole]);
    let (status, text) = text(gateway(prepared(&transport), settings).handle(streamed("best")).await).await;
    assert!(status == 200 && text.contains("Bon"), "{text}");
}

#[tokio::test]
async fn gateway_call_of_a_client_that_leaves_is_recorded_once() {
    let stalled = Reply::chunks(BEGIN.into_iter().chain([DELTA])).that_stalls();
    let (gateway, calls) = watched(prepared(&MemoryTransport::new([stalled])), open());
    let mut response = gateway.handle(streamed(CLAUDE)).await;
    assert!(response.body.next().await.unwrap().is_ok());
    assert!(calls.lock().unwrap().is_empty());
    drop(response);
    let calls = calls.lock().unwrap();
    assert_eq!(calls.len(), 1);
    assert!(calls[0].error.as_ref().unwrap().contains("the client left") && calls[0].usage.input_tokens == 7);
}

#[tokio::test]
async fn gateway_records_a_client_that_leaves_before_the_answer() {
    let late = Late(MemoryTransport::new([claude()]));
    let (gateway, calls) = watched(prepared(&MemoryTransport::new([])).transport(late), open());
    let mut answer = Box::pin(gateway.handle(hello(CLAUDE)));
    assert!(futures_util::poll!(answer.as_mut()).is_pending());
    drop(answer);
    let calls = calls.lock().unwrap();
    assert_eq!((calls.len(), calls[0].status), (1, 499));
}

#[tokio::test]
async fn gateway_estimates_the_usage_of_a_stream_that_is_left() {
    let text = "x".repeat(400);
    let events = [
        ("messageStart", json!({"role": "assistant"})),
        ("contentBlockDelta", json!({"contentBlockIndex": 0, "delta": {"text": text}})),
    ];
    let reply = Reply::events(events.map(|(name, value)| (name, value.to_string()))).that_stalls();
    let (gateway, calls) = watched(prepared(&MemoryTransport::new([reply])), open());
    let mut response = gateway.handle(streamed(NOVA)).await;
    while !String::from_utf8_lossy(&response.body.next().await.unwrap().unwrap()).contains("xxx") {}
    drop(response);
    let usage = calls.lock().unwrap()[0].usage;
    assert!(usage.output_tokens == 100 && usage.input_tokens > 20, "{usage:?}");
}

/// Streams of 100 pieces of 4 letters, in the form of each API, which end before their counts.
fn uncounted() -> Vec<(GatewayRequest, Reply, u64)> {
    let messages = json!([{"role": "user", "content": "Hello?"}]);
    let chat =
        |model: &str| post("/v1/chat/completions", &json!({"model": model, "stream": true, "messages": messages}));
    let own =
        |model: &str, operation: &str| post(&format!("/model/{model}/{operation}"), &json!({"messages": messages}));
    let responses = post("/v1/responses", &json!({"model": "openai.gpt-5.6-luna", "stream": true, "input": "Hello?"}));
    let delta = |delta: Value| json!({"type": "content_block_delta", "index": 0, "delta": delta}).to_string();
    let claude = |piece: Value| {
        let piece = delta(piece);
        Reply::chunks(BEGIN.into_iter().chain(std::iter::repeat_n(piece.as_str(), 100))).that_stalls()
    };
    let words = || claude(json!({"type": "text_delta", "text": "word"}));
    let events = |event: Value| Reply::sse(std::iter::repeat_n(event.to_string().as_str(), 100)).that_stalls();
    let piece =
        json!({"contentBlockIndex": 0, "delta": {"text": "word"}, "p": "abcdefghijklmnopqrstuvwxyz"}).to_string();
    let converse = || Reply::events(std::iter::repeat_n(("contentBlockDelta", piece.clone()), 100)).that_stalls();
    let chunk = json!({"id": "c", "choices": [{"index": 0, "delta": {"content": "word"}}], "obfuscation": "abcdefgh"});
    let output =
        json!({"type": "response.output_text.delta", "item_id": "m", "delta": "word", "obfuscation": "abcdefgh"});
    // Claude reports its first token at the start. Translated streams report all tokens at their end.
    vec![
        (streamed(CLAUDE), words(), 101),
        (streamed(CLAUDE), claude(json!({"type": "thinking_delta", "thinking": "word"})), 101),
        (streamed(CLAUDE), claude(json!({"type": "input_json_delta", "partial_json": "{\"a\""})), 101),
        (streamed(CLAUDE), claude(json!({"type": "signature_delta", "signature": "abcd"})), 1),
        (chat(CLAUDE), words(), 100),
        (chat("openai.gpt-5.6-luna"), events(chunk), 100),
        (responses, events(output), 100),
        (own(CLAUDE, "invoke-with-response-stream"), words(), 100),
        (own(NOVA, "converse-stream"), converse(), 100),
    ]
}

#[tokio::test]
async fn gateway_estimates_what_a_client_got_before_it_left() {
    for (at, (request, reply, expected)) in uncounted().into_iter().enumerate() {
        let (gateway, calls) = watched(prepared(&MemoryTransport::new([reply])), open());
        let mut response = gateway.handle(request).await;
        // Reads until the next piece has not arrived.
        while let std::task::Poll::Ready(piece) = futures_util::poll!(response.body.next()) {
            assert!(piece.unwrap().is_ok());
        }
        drop(response);
        let call = calls.lock().unwrap()[0].clone();
        assert_eq!(call.usage.output_tokens, expected, "{at}: {call:?}");
        assert!(call.usage.input_tokens > 0, "{at}: {call:?}");
        assert_eq!(call.usage_estimated, expected > 1, "{at}");
        assert_eq!(call.to_json().as_str().contains(r#""usageEstimated":true"#), expected > 1, "{at}");
    }
}

#[tokio::test]
async fn gateway_does_not_estimate_tokens_that_were_reported() {
    let end = [r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":3}}"#];
    let reply = Reply::chunks(BEGIN.into_iter().chain([DELTA]).chain(end)).that_stalls();
    let (gateway, calls) = watched(prepared(&MemoryTransport::new([reply, converse()])), open());
    let mut response = gateway.handle(streamed(CLAUDE)).await;
    while futures_util::poll!(response.body.next()).is_ready() {}
    drop(response);
    assert_eq!(answer(&gateway, hello(NOVA)).await.0, 200);
    for (call, output) in calls.lock().unwrap().iter().zip([3, 400]) {
        assert_eq!((call.usage.output_tokens, call.usage_estimated), (output, false));
        assert!(!call.to_json().as_str().contains("usageEstimated"));
    }
}

/// A clock whose timers fire at once.
#[derive(Debug, Default)]
struct Hurried(AtomicU64);

impl Runtime for Hurried {
    fn now(&self) -> Duration {
        Duration::from_secs(1_795_000_000 + self.0.load(Ordering::Relaxed))
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.fetch_add(duration.as_secs(), Ordering::Relaxed);
        Box::pin(tokio::task::yield_now())
    }

    fn random(&self) -> f64 {
        0.5
    }
}

#[tokio::test]
async fn gateway_does_not_wait_for_a_body_that_never_arrives() {
    let gateway = gateway(prepared(&MemoryTransport::new([])).runtime(Hurried::default()), open());
    let stated = |request: &mut GatewayRequest| request.headers.push("content-length", "25000001");
    for (path, change, status) in [
        ("/v1/none", (|_| {}) as fn(&mut GatewayRequest), 404),
        ("/v1/messages", stated, 413),
        ("/v1/messages", |request| request.headers = Headers::new(), 401),
    ] {
        let request = with(post(path, &json!({})), |request| {
            request.body = Box::pin(futures_util::stream::pending());
            change(request);
        });
        assert_eq!(gateway.handle(request).await.status, status, "{path}");
    }
}

/// A transport that answers late.
#[derive(Debug)]
struct Late(MemoryTransport);

impl Transport for Late {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, bedrock_chat::Result<HttpResponse>> {
        Box::pin(async move {
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
            self.0.send(request).await
        })
    }
}

#[tokio::test]
async fn gateway_sends_signs_of_life_while_a_model_is_silent() {
    let reply = Reply::chunks(BEGIN.into_iter().chain([DELTA, r#"{"type":"message_stop"}"#]));
    for reply in [reply, Reply::json(400, r#"{"message":"no"}"#).with_header("x-amzn-requestid", "id-9")] {
        let timeouts = bedrock_chat::Timeouts::none();
        let chat = prepared(&MemoryTransport::new([])).transport(Late(MemoryTransport::new([reply])));
        let (gateway, calls) = watched(chat.runtime(Hurried::default()).timeouts(timeouts), open());
        let (given, text) = text(gateway.handle(streamed(CLAUDE)).await).await;
        assert_eq!(given, 200);
        assert!(text.starts_with("event: ping\n"), "{text}");
        assert!(text.contains("message_stop") || text.contains("event: error"), "{text}");
        // An error after the response has begun is recorded as one before it.
        let is_error = text.contains("event: error");
        assert_eq!(calls.lock().unwrap()[0].request_id.as_deref() == Some("id-9"), is_error);
    }
}

#[tokio::test]
async fn gateway_time_limit_holds_for_passed_streams() {
    let own = |operation: &str| post(&format!("/model/{CLAUDE}/{operation}"), &json!({"messages": []}));
    for request in [streamed(CLAUDE), own("invoke-with-response-stream")] {
        let stalled = Reply::chunks(BEGIN.into_iter().chain([DELTA])).that_stalls();
        let timeouts = bedrock_chat::Timeouts::none().with_total(Duration::from_millis(50));
        let (gateway, calls) = watched(prepared(&MemoryTransport::new([stalled])).timeouts(timeouts), open());
        let response = gateway.handle(request).await;
        soon(async {
            let mut pieces = response.body;
            while pieces.next().await.is_some() {}
        })
        .await;
        let calls = calls.lock().unwrap();
        assert!(calls[0].error.as_ref().unwrap().contains("longer than its limit of 50 ms"), "{calls:?}");
    }
}
