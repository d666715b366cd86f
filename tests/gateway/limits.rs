//! Limits of keys: calls and tokens a minute, budgets, and the length of a body.

use std::sync::atomic::{AtomicUsize, Ordering};

use bedrock_chat::gateway::{KeyCounter, KeyUse};
use bedrock_chat::{
    AiMessage, Api, BoxFuture, Call, ChatRequest, Codec, Converse, Error, ErrorKind, Mode, ModelId, RateLimiter,
    Result, StreamDecoder, Timeouts,
};

use super::*;

#[tokio::test]
async fn gateway_key_waits_after_its_calls_a_minute() {
    let transport = MemoryTransport::new([claude(), claude()]);
    let settings = settings(json!({"keys": {"alice": {"key": KEY, "requestsPerMinute": 2}}}));
    let (gateway, calls) = watched(prepared(&transport).runtime(Still), settings);
    for _ in 0..2 {
        assert_eq!(answer(&gateway, hello(CLAUDE)).await.0, 200);
    }
    let response = gateway.handle(hello(CLAUDE)).await;
    let after: u64 = response.headers.get("retry-after").unwrap().parse().unwrap();
    assert_eq!((response.status, after), (429, 30));
    assert_eq!(transport.requests().len(), 2);
    let calls = calls.lock().unwrap();
    assert_eq!((calls.len(), calls[2].status, calls[2].path.as_str()), (3, 429, "/v1/chat/completions"));
}

#[tokio::test]
async fn gateway_key_waits_after_its_tokens_a_minute() {
    let transport = MemoryTransport::new([claude(), converse()]);
    let settings = settings(json!({"keys": {"alice": {"key": KEY, "tokensPerMinute": 1500}}}));
    let gateway = gateway(prepared(&transport).runtime(Still), settings);
    assert_eq!(answer(&gateway, hello(CLAUDE)).await.0, 200);
    assert_eq!(answer(&gateway, post(&format!("/model/{NOVA}/converse"), &json!({}))).await.0, 200);
    let (status, body) = answer(&gateway, hello(CLAUDE)).await;
    assert!(status == 429 && body["error"]["code"] == "rate_limit_exceeded", "{body}");
    assert_eq!(gateway.used("alice").tokens, 2000.0);
}

#[tokio::test]
async fn gateway_budget_ends_calls_and_survives_a_restart() {
    let price = json!({"id": CLAUDE, "price": {"input": 1000, "output": 2000}});
    let value = json!({"models": {"sonnet": price}, "keys": {"alice": {"key": KEY, "budget": 1.4}}});
    let chat = || prepared(&MemoryTransport::new([claude()])).runtime(Still);
    let (first, calls) = watched(chat(), settings(value.clone()));
    assert_eq!(answer(&first, hello("sonnet")).await.0, 200);
    // 600 tokens of input and 400 of output.
    assert_eq!(calls.lock().unwrap()[0].cost, Some(1.4));
    let second = gateway(chat(), settings(value));
    second.restore("alice", first.used("alice"));
    for gateway in [&first, &second] {
        let response = gateway.handle(hello("sonnet")).await;
        assert_eq!(response.headers.get("x-should-retry"), Some("false"));
        let (status, body) = text(response).await;
        assert!(status == 429 && body.contains("insufficient_quota") && body.contains("next month"), "{body}");
    }
}

#[tokio::test]
async fn gateway_budget_needs_the_price_of_the_model() {
    let gateway =
        gateway(prepared(&MemoryTransport::new([])), settings(json!({"keys": {"alice": {"key": KEY, "budget": 1}}})));
    let (status, body) = answer(&gateway, hello(CLAUDE)).await;
    assert!(status == 403 && body.to_string().contains("has no price"), "{body}");
}

#[tokio::test]
async fn gateway_refuses_a_body_beyond_its_limit() {
    let mut settings = open();
    settings.max_body_bytes = 100;
    let gateway = gateway(prepared(&MemoryTransport::new([])), settings);
    let long = json!({"model": CLAUDE, "messages": "x".repeat(100)});
    let (status, body) = answer(&gateway, post("/v1/messages", &long)).await;
    assert_eq!((status, &body["error"]["type"]), (413, &json!("request_too_large")));
    assert!(body.to_string().contains("longer than 100 bytes; send less"), "{body}");
    let mut stated = hello(CLAUDE);
    stated.headers.push("content-length", "101");
    assert_eq!(answer(&gateway, stated).await.0, 413);
}

/// Counts in one gateway for several others.
#[derive(Clone)]
struct Central {
    gateway: Gateway,
    asked: Arc<AtomicUsize>,
}

impl Central {
    fn new(settings: GatewaySettings) -> Self {
        Self { gateway: gateway(prepared(&MemoryTransport::new([])).runtime(Still), settings), asked: Arc::default() }
    }
}

impl KeyCounter for Central {
    fn admit<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<KeyUse>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Box::pin(async move { self.gateway.admit(key) })
    }

    fn record(&self, key: &str, tokens: u64, cost: f64) {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.gateway.record(key, tokens, cost).unwrap();
    }
}

#[tokio::test]
async fn gateways_with_one_counter_share_calls_a_minute() {
    let value = json!({"keys": {"alice": {"key": KEY, "requestsPerMinute": 3}}});
    let central = Central::new(settings(value.clone()));
    let [first, second] = [(); 2].map(|()| prepared(&MemoryTransport::new([claude(), claude()])).runtime(Still));
    let [first, second] =
        [first, second].map(|chat| gateway(chat, settings(value.clone())).counted_by(central.clone()));
    for gateway in [&first, &second, &first] {
        assert_eq!(answer(gateway, hello(CLAUDE)).await.0, 200);
    }
    for gateway in [&first, &second] {
        let response = gateway.handle(hello(CLAUDE)).await;
        let after: u64 = response.headers.get("retry-after").unwrap().parse().unwrap();
        assert_eq!((response.status, after), (429, 20));
    }
    // Three calls that were counted twice, and two that were refused.
    assert_eq!(central.asked.load(Ordering::Relaxed), 8);
}

#[tokio::test]
async fn gateways_with_one_counter_share_a_budget() {
    let price = json!({"id": CLAUDE, "price": {"input": 1000, "output": 2000}});
    let value = json!({"models": {"sonnet": price}, "keys": {"alice": {"key": KEY, "budget": 1.4}}});
    let central = Central::new(settings(value.clone()));
    let [first, second] =
        [(); 2].map(|()| gateway(prepared(&MemoryTransport::new([claude()])), settings(value.clone())));
    assert_eq!(answer(&first.counted_by(central.clone()), hello("sonnet")).await.0, 200);
    let (status, body) = answer(&second.counted_by(central.clone()), hello("sonnet")).await;
    assert!(status == 429 && body["error"]["code"] == "insufficient_quota", "{body}");
    assert_eq!(central.gateway.used("alice").spent, 1.4);
}

#[tokio::test]
async fn gateway_key_without_limits_is_not_counted_elsewhere() {
    let central = Central::new(open());
    let gateway = gateway(prepared(&MemoryTransport::new([claude()])), open()).counted_by(central.clone());
    assert_eq!(answer(&gateway, hello(CLAUDE)).await.0, 200);
    let stranger = with(hello(CLAUDE), |request| request.headers = Headers::new());
    assert_eq!(answer(&gateway, stranger).await.0, 401);
    assert_eq!(central.asked.load(Ordering::Relaxed), 0);
}

/// A counter with a clock that differs, and one that fails.
struct Other(Result<KeyUse, &'static str>);

impl KeyCounter for Other {
    fn admit<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<KeyUse>> {
        Box::pin(async move { self.0.map_err(|text| Error::new(ErrorKind::Interrupted, text)) })
    }

    fn record(&self, _: &str, _: u64, _: f64) {}
}

#[tokio::test]
async fn gateway_decides_by_the_clock_of_its_counter() {
    let settings = settings(json!({"keys": {"alice": {"key": KEY, "requestsPerMinute": 2}}}));
    let mut used = KeyUse::default();
    // A year before this clock, by which all of it would be forgotten.
    (used.at, used.requests) = (1_764_000_000_000, 2.0);
    let chat = prepared(&MemoryTransport::new([claude()])).runtime(Still);
    let gateway = gateway(chat, settings).counted_by(Other(Ok(used)));
    assert_eq!(answer(&gateway, hello(CLAUDE)).await.0, 429);
}

#[tokio::test]
async fn gateway_refuses_calls_while_its_counter_fails() {
    let settings = settings(json!({"keys": {"alice": {"key": KEY, "requestsPerMinute": 2}}}));
    let transport = MemoryTransport::new([claude()]);
    let failing = Other(Err("the database of Eve is gone"));
    let (gateway, calls) = watched(prepared(&transport), settings);
    let (status, body) = answer(&gateway.counted_by(failing), hello(CLAUDE)).await;
    assert_eq!((status, body["error"]["code"].as_str()), (503, Some("server_is_overloaded")), "{body}");
    assert!(!body.to_string().contains("Eve") && transport.requests().is_empty(), "{body}");
    assert!(calls.lock().unwrap()[0].error.as_deref().unwrap().contains("Eve"));
}

/// Settings of a key with one call a minute, which may not use all models.
fn narrow() -> GatewaySettings {
    settings(json!({
        "models": {"sonnet": CLAUDE, "nova": NOVA, "opus": "us.anthropic.claude-opus-4-8"},
        "keys": {"alice": {"key": KEY, "models": ["sonnet", "nova"], "requestsPerMinute": 1}},
    }))
}

/// Requests that the gateway refuses before it calls Bedrock, with their statuses.
fn refused() -> Vec<(u16, GatewayRequest)> {
    let image = json!({"type": "image_url", "image_url": {"url": "data:image/heic;base64,AAAA"}});
    let chat = |more: Value| {
        let mut given = json!({"model": "nova", "messages": [{"role": "user", "content": "Hello?"}]});
        given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        post("/v1/chat/completions", &given)
    };
    vec![
        (403, hello("opus")),
        (404, hello("gpt-4.1")),
        (400, with(hello("sonnet"), |request| request.body = body("{"))),
        (400, post("/v1/messages", &json!({"messages": []}))),
        (400, post("/v1/messages", &json!({"model": "sonnet", "mcp_servers": [{"url": "https://example.com"}]}))),
        (400, chat(json!({"logprobs": true}))),
        (400, chat(json!({"stream": true, "logprobs": true}))),
        // The codec refuses this one.
        (400, chat(json!({"messages": [{"role": "user", "content": [image]}]}))),
        (400, post("/v1/messages/count_tokens", &json!({"model": "sonnet", "mcp_servers": [{}]}))),
        (403, post("/model/opus/converse", &json!({}))),
        (400, post("/model/nova/converse", &json!([]))),
        (404, post("/v1/embeddings", &json!({}))),
    ]
}

#[tokio::test]
async fn gateway_limits_do_not_count_requests_it_refuses() {
    let transport = MemoryTransport::new([claude()]);
    let gateway = gateway(prepared(&transport).runtime(Still), narrow());
    for (expected, request) in refused() {
        let target = request.target.clone();
        let (status, body) = answer(&gateway, request).await;
        assert_eq!((status, gateway.used("alice").requests), (expected, 0.0), "{target} {body}");
    }
    assert_eq!(answer(&gateway, hello("sonnet")).await.0, 200);
    assert_eq!((answer(&gateway, hello("sonnet")).await.0, transport.requests().len()), (429, 1));
    // A key that must wait learns first what it can never send.
    for (expected, request) in refused() {
        assert_eq!(answer(&gateway, request).await.0, expected);
    }
}

/// Converse, which counts the requests that it writes.
#[derive(Debug)]
struct Counting(Arc<AtomicUsize>);

impl Codec for Counting {
    fn encode(&self, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Call> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Converse.encode(model, request, mode)
    }

    fn decode(&self, call: &Call, body: &[u8], headers: &Headers) -> Result<AiMessage> {
        Converse.decode(call, body, headers)
    }

    fn stream(&self, call: &Call) -> Box<dyn StreamDecoder> {
        Converse.stream(call)
    }

    fn api(&self) -> Api {
        Api::Converse
    }
}

#[tokio::test]
async fn gateway_writes_a_translated_request_once() {
    for key in [json!({"key": KEY}), json!({"key": KEY, "requestsPerMinute": 1})] {
        let written = Arc::new(AtomicUsize::new(0));
        let chat = prepared(&MemoryTransport::new([converse()])).runtime(Still).codec(Counting(Arc::clone(&written)));
        let gateway = gateway(chat, settings(json!({"keys": {"alice": key.clone()}})));
        assert_eq!(answer(&gateway, hello(NOVA)).await.0, 200);
        assert_eq!(written.load(Ordering::Relaxed), 1, "{key}");
    }
}

#[tokio::test]
async fn gateway_counter_is_not_asked_about_refused_requests() {
    let central = Central::new(narrow());
    let gateway = gateway(prepared(&MemoryTransport::new([])).runtime(Still), narrow()).counted_by(central.clone());
    for (expected, request) in refused() {
        assert_eq!(answer(&gateway, request).await.0, expected);
    }
    assert_eq!(central.asked.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn gateway_limits_do_not_count_lists_of_models() {
    let lists = ["/v1/models", "/v1/models/sonnet", "/inference-profiles", "/foundation-models/amazon.nova-lite-v1:0"];
    let reply = || Reply::json(200, r#"{"inferenceProfileSummaries":[]}"#);
    let transport = MemoryTransport::new([reply(), reply(), claude(), reply(), reply()]);
    let gateway = gateway(prepared(&transport).runtime(Still), narrow());
    for path in lists {
        assert_eq!(answer(&gateway, get(path)).await.0, 200, "{path}");
    }
    assert_eq!(answer(&gateway, hello("sonnet")).await.0, 200);
    assert_eq!(answer(&gateway, hello("sonnet")).await.0, 429);
    for path in lists {
        assert_eq!(answer(&gateway, get(path)).await.0, 200, "{path}");
    }
}

#[tokio::test]
async fn gateway_call_that_falls_back_counts_once() {
    let throttled =
        || Reply::json(429, r#"{"message":"Too many tokens"}"#).with_header("x-amzn-errortype", "ThrottlingException");
    let settings = settings(json!({
        "models": {"best": {"id": CLAUDE, "fallbacks": ["us.anthropic.claude-opus-4-8", NOVA]}},
        "keys": {"alice": {"key": KEY, "requestsPerMinute": 9}},
    }));
    let once = bedrock_chat::RetryPolicy::default().with_max_attempts(1);
    let transport = MemoryTransport::new([throttled(), throttled(), converse()]);
    let gateway = gateway(prepared(&transport).retry(once).runtime(Still), settings);
    assert_eq!(answer(&gateway, hello("best")).await.0, 200);
    assert_eq!((transport.requests().len(), gateway.used("alice").requests), (3, 1.0));
}

#[test]
fn gateway_counts_no_key_that_its_settings_do_not_have() {
    let gateway = gateway(prepared(&MemoryTransport::new([])), open());
    for error in [gateway.admit("bob").unwrap_err(), gateway.record("bob", 1, 1.0).unwrap_err()] {
        assert!(error.kind() == ErrorKind::Config && error.to_string().contains("`bob`"), "{error}");
    }
}

/// A chat with a rate limiter, on a clock that stands still. A call that has to wait fails.
fn limited(transport: &MemoryTransport, limiter: RateLimiter) -> BedrockChatBuilder {
    let chat = prepared(transport).runtime(Still).rate_limiter(limiter);
    chat.timeouts(Timeouts::default().with_total(Duration::from_secs(1)))
}

/// Requests that pass on: to Claude, and in Bedrock's API.
fn passed(max_tokens: u64) -> [GatewayRequest; 2] {
    let messages = json!([{"role": "user", "content": "Hello?"}]);
    let converse = json!({"messages": [], "inferenceConfig": {"maxTokens": max_tokens}});
    [
        post("/v1/messages", &json!({"model": CLAUDE, "max_tokens": max_tokens, "messages": messages})),
        post(&format!("/model/{NOVA}/converse"), &converse),
    ]
}

#[tokio::test]
async fn gateway_passed_calls_wait_for_the_rate_limiter() {
    for second in [0, 1] {
        let list = Reply::json(200, r#"{"inferenceProfileSummaries":[]}"#);
        let transport = MemoryTransport::new([claude(), converse(), list]);
        // A limit of 6 a minute lets two calls pass at once.
        let gateway = gateway(limited(&transport, RateLimiter::new().requests_per_minute(6)), open());
        for request in passed(9) {
            assert_eq!(answer(&gateway, request).await.0, 200);
        }
        let (status, body) = answer(&gateway, passed(9).into_iter().nth(second).unwrap()).await;
        assert!(status == 504 && body.to_string().contains("rate limiter"), "{status} {body}");
        assert_eq!(transport.requests().len(), 2);
        // Lists do not wait for the rate limiter.
        assert_eq!(answer(&gateway, get("/inference-profiles")).await.0, 200);
    }
}

#[tokio::test]
async fn gateway_passed_calls_give_unused_tokens_back() {
    let transport = MemoryTransport::new([claude(), converse(), claude()]);
    // 5,000 tokens in the 10 seconds of a burst; a call takes 1,000, and its limit is 100,000.
    let gateway = gateway(limited(&transport, RateLimiter::new().tokens_per_minute(30_000)), open());
    for request in passed(100_000).into_iter().chain(passed(100_000).into_iter().take(1)) {
        let (status, body) = answer(&gateway, request).await;
        assert_eq!(status, 200, "{body}");
    }
}

#[tokio::test]
async fn gateway_passed_throttling_delays_calls_of_the_limiter() {
    for first in [0, 1] {
        let throttled = Reply::json(429, r#"{"message":"Too many tokens"}"#)
            .with_header("x-amzn-errortype", "ThrottlingException")
            .with_header("retry-after", "30");
        let transport = MemoryTransport::new([throttled]);
        let chat = limited(&transport, RateLimiter::new());
        let once = bedrock_chat::RetryPolicy::default().with_max_attempts(1);
        let gateway = gateway(chat.retry(once), open());
        assert_eq!(answer(&gateway, passed(9).into_iter().nth(first).unwrap()).await.0, 429);
        for request in passed(9) {
            assert_eq!(answer(&gateway, request).await.0, 504);
        }
        assert_eq!(transport.requests().len(), 1);
    }
}
