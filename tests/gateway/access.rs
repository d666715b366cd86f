//! Keys, and what they open.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

#[tokio::test]
async fn gateway_refuses_requests_without_a_known_key() {
    let transport = MemoryTransport::new([]);
    let gateway = gateway(prepared(&transport), open());
    let key = |name: &str, value: &str| {
        let mut headers = Headers::new();
        headers.push(name, value);
        with(hello(CLAUDE), |request| request.headers = headers)
    };
    for (name, value, advice) in [
        ("x-other", "1", "no key"),
        ("authorization", "Bearer gw-0123456780", "unknown key"),
        ("authorization", "Bearer ", "no key"),
        ("authorization", "Basic Z3c6MQ==", "no key"),
        ("x-api-key", "gw-012345678", "unknown key"),
        ("authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101", "AWS_BEARER_TOKEN_BEDROCK"),
    ] {
        let (status, body) = answer(&gateway, key(name, value)).await;
        let message = body["error"]["message"].as_str().unwrap();
        assert!(status == 401 && message.contains(advice), "{name}: {value}: {status} {body}");
        assert!(!message.contains("gw-"), "{message}");
    }
    assert!(transport.requests().is_empty());
    for (name, value) in [("x-api-key", KEY.to_owned()), ("authorization", format!("bearer {KEY}"))] {
        transport.push(claude());
        assert_eq!(answer(&gateway, key(name, &value)).await.0, 200, "{name}");
    }
}

#[tokio::test]
async fn gateway_refuses_long_names_and_empty_keys() {
    let transport = MemoryTransport::new([]);
    let (gateway, calls) = watched(prepared(&transport), open());
    let name = format!("us.anthropic.{}", "x".repeat(3000));
    let (status, body) = answer(&gateway, hello(&name)).await;
    assert!(status == 404 && body.to_string().len() < 500, "{body}");
    assert_eq!(calls.lock().unwrap()[0].model, "");
    for key in ["", "abc", "1234567"] {
        let short = GatewaySettings::default().with_key("alice", KeySettings::new(key));
        let error = Gateway::new(prepared(&transport), short).unwrap_err();
        assert!(error.to_string().contains("keys.alice.key"), "{error}");
    }
}

/// Returns a body of pieces of 200,000 bytes, and the number of pieces that were read.
fn counted(pieces: usize) -> (bedrock_chat::ByteStream, Arc<AtomicUsize>) {
    let read = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&read);
    let body = futures_util::stream::iter(0..pieces).map(move |_| {
        count.fetch_add(1, Ordering::Relaxed);
        Ok(vec![b' '; 200_000].into())
    });
    (Box::pin(body), read)
}

#[tokio::test]
async fn gateway_reads_the_body_of_a_refused_client() {
    let gateway = gateway(prepared(&MemoryTransport::new([])), open());
    // Up to a megabyte, so that a stranger cannot upload without end.
    for (pieces, expected) in [(3, 3), (9, 6)] {
        let (body, read) = counted(pieces);
        let request = with(hello(CLAUDE), |request| {
            request.headers = Headers::new();
            request.body = body;
        });
        assert_eq!(gateway.handle(request).await.status, 401);
        assert_eq!(read.load(Ordering::Relaxed), expected);
    }
}

#[tokio::test]
async fn gateway_reads_the_body_of_every_request_that_fails() {
    let value = json!({"keys": {"alice": {"key": KEY, "requestsPerMinute": 1}}, "maxBodyBytes": 300_000});
    let gateway = gateway(prepared(&MemoryTransport::new([])), settings(value));
    // The first is too long, and refused at once.
    for (path, status, expected) in [
        ("/v1/messages", 413, 2),
        ("/v1/embeddings", 404, 4),
        ("/model/amazon.x/converse", 413, 2),
        ("/model/unknown/converse", 404, 4),
    ] {
        let (body, read) = counted(4);
        let request = with(post(path, &json!({})), |request| request.body = body);
        assert_eq!(gateway.handle(request).await.status, status, "{path}");
        assert_eq!(read.load(Ordering::Relaxed), expected, "{path} {status}");
    }
}

#[tokio::test]
async fn gateway_without_keys_is_not_healthy() {
    let gateway = gateway(prepared(&MemoryTransport::new([])), GatewaySettings::default());
    let (status, body) = answer(&gateway, hello(CLAUDE)).await;
    assert!(status == 401 && body.to_string().contains("no keys yet"), "{body}");
    let (status, body) = answer(&gateway, get("/health")).await;
    assert_eq!((status, &body["status"]), (503, &json!("no_keys")), "{body}");
    let gateway = super::gateway(prepared(&MemoryTransport::new([])), open());
    assert_eq!(answer(&gateway, get("/health")).await, (200, json!({"status": "ok"})));
    let head = gateway.handle(with(get("/"), |request| request.method = Method::Head)).await;
    assert_eq!(text(head).await, (200, String::new()));
}

#[tokio::test]
async fn gateway_key_opens_only_its_models() {
    let transport = MemoryTransport::new([claude(), claude(), converse()]);
    let settings = settings(json!({
        "models": {"sonnet": CLAUDE, "nova": NOVA},
        "keys": {"alice": {"key": KEY, "models": ["sonnet", "us.anthropic.*"]}, "bob": {"key": "gw-bob-56789"}},
    }));
    let gateway = gateway(prepared(&transport), settings);
    for (model, expected) in
        [("sonnet", 200), ("us.anthropic.claude-haiku-4-5-20251001-v1:0", 200), ("nova", 403), (NOVA, 403)]
    {
        let (status, body) = answer(&gateway, hello(model)).await;
        assert_eq!(status, expected, "{model}: {body}");
    }
    let (_, list) = answer(&gateway, get("/v1/models")).await;
    assert_eq!(list["data"].as_array().unwrap().len(), 1, "{list}");
    assert_eq!(list["data"][0]["id"], "sonnet");
    // The same for calls that pass on.
    let (status, body) = answer(&gateway, post(&format!("/model/{NOVA}/converse"), &json!({}))).await;
    assert_eq!(
        (status, body["message"].as_str()),
        (403, Some("this key may not use the model `us.amazon.nova-lite-v1:0`"))
    );
}

#[tokio::test]
async fn gateway_key_in_the_settings_may_be_a_hash() {
    // The SHA-256 of `gw-0123456789`.
    let hash = "sha256:0f7f0e0bc0e1f5a0";
    let wrong = Json::parse(&json!({"keys": {"alice": {"key": hash}}}).to_string()).unwrap();
    let error = GatewaySettings::from_json(&wrong).unwrap_err();
    assert!(error.to_string().contains("keys.alice.key") && !error.to_string().contains("0f7f"), "{error}");
    let hash = format!("sha256:{}", sha256_hex(KEY));
    let gateway =
        gateway(prepared(&MemoryTransport::new([claude()])), settings(json!({"keys": {"alice": {"key": hash}}})));
    assert_eq!(answer(&gateway, hello(CLAUDE)).await.0, 200);
}

fn sha256_hex(text: &str) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn gateway_settings_errors_name_the_member() {
    for (value, path) in [
        (json!({"model": {}}), "unknown field `model`"),
        (json!({"keys": {"a": {"key": "short"}}}), "keys.a.key"),
        (json!({"keys": {"a": {"key": KEY, "requestsPerMinute": 0}}}), "keys.a.requestsPerMinute"),
        (json!({"keys": {"a": {"key": KEY, "budget": -1}}}), "keys.a.budget"),
        (json!({"models": {"a*b": "x"}}), "models.a*b"),
        (json!({"models": {"a": "x.*"}}), "models.a.id"),
        (json!({"models": {"a": " "}}), "models.a.id"),
        (json!({"models": {"a": {"id": "x", "price": {"input": -1, "output": 1}}}}), "models.a.price"),
        (json!({"models": {"a": {"id": "x", "prise": 1}}}), "prise"),
    ] {
        let error = GatewaySettings::from_json(&Json::parse(&value.to_string()).unwrap()).unwrap_err();
        assert!(error.to_string().contains(path), "{value}: {error}");
    }
}

#[test]
fn gateway_debug_hides_keys() {
    let shown = format!("{:?}", gateway(prepared(&MemoryTransport::new([])), open()));
    assert!(shown.contains("alice") && !shown.contains(KEY) && !shown.contains("secret"), "{shown}");
    let shown = format!("{:?}", hello(CLAUDE));
    assert!(!shown.contains(KEY) && !shown.contains("Hello"), "{shown}");
}
