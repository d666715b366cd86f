//! Records of calls: what was left out, the model of an error, and requests without a known key.

use super::*;

/// A request for Claude with parts that are left out.
fn with_beta(model: &str) -> GatewayRequest {
    let given = json!({"model": model, "max_tokens": 9, "speed": "fast", "betas": ["nonsense-2026-01-01"],
        "messages": [{"role": "user", "content": "Hello?"}]});
    post("/v1/messages", &given)
}

#[tokio::test]
async fn gateway_record_names_what_was_removed() {
    let transport = MemoryTransport::new([claude(), converse()]);
    let (gateway, calls) = watched(prepared(&transport), open());
    for model in [CLAUDE, NOVA] {
        let response = gateway.handle(with_beta(model)).await;
        let header = response.headers.get("x-gateway-removed").unwrap().to_owned();
        assert_eq!(text(response).await.0, 200);
        let call = calls.lock().unwrap().pop().unwrap();
        assert_eq!(call.removed, ["anthropic-beta: nonsense-2026-01-01", "speed"], "{model}");
        assert_eq!(header, call.removed.join(", "));
        assert!(call.to_json().as_str().contains(r#""removed":["anthropic-beta: nonsense-2026-01-01","speed"]"#));
    }
    transport.push(claude());
    assert_eq!(answer(&gateway, hello(CLAUDE)).await.0, 200);
    assert!(!calls.lock().unwrap()[0].to_json().as_str().contains("removed"));
}

#[tokio::test]
async fn gateway_record_does_not_grow_with_a_clients_list() {
    let (gateway, calls) = watched(prepared(&MemoryTransport::new([claude()])), open());
    let betas: Vec<String> = (0..5000).map(|at| format!("nonsense-{at}")).collect();
    let given =
        json!({"model": CLAUDE, "max_tokens": 9, "betas": betas, "messages": [{"role": "user", "content": "x"}]});
    assert_eq!(answer(&gateway, post("/v1/messages", &given)).await.0, 200);
    let length = calls.lock().unwrap()[0].to_json().as_str().len();
    assert!((1000..4000).contains(&length), "{length}");
}

#[tokio::test]
async fn gateway_error_names_the_model_and_what_was_removed() {
    let wrong = || Reply::json(400, r#"{"message":"no"}"#).with_header("x-amzn-errortype", "ValidationException");
    let settings = settings(json!({"models": {"best": {"id": CLAUDE}, "nova": NOVA}, "keys": {"alice": KEY}}));
    let (gateway, calls) = watched(prepared(&MemoryTransport::new([wrong(), wrong(), wrong()])), settings);
    for (name, id) in [("best", CLAUDE), ("nova", NOVA)] {
        let response = gateway.handle(with_beta(name)).await;
        assert_eq!((response.status, response.headers.get("x-gateway-model")), (400, Some(id)));
        let removed = Some("anthropic-beta: nonsense-2026-01-01, speed");
        assert_eq!(response.headers.get("x-gateway-removed"), removed);
        assert_eq!(calls.lock().unwrap().pop().unwrap().removed.len(), 2);
    }
    let response = gateway.handle(post("/model/nova/converse", &json!({}))).await;
    assert_eq!((response.status, response.headers.get("x-gateway-model")), (400, Some(NOVA)));
    // Requests that fail before a model is called.
    let refused = json!({"model": "best", "max_tokens": 9, "container": {"x": 1}, "messages": []});
    let response = gateway.handle(post("/v1/messages", &refused)).await;
    assert_eq!((response.status, response.headers.get("x-gateway-model")), (400, Some(CLAUDE)));
    let response = gateway.handle(hello("none")).await;
    assert_eq!((response.status, response.headers.get("x-gateway-model")), (404, None));
}

#[tokio::test]
async fn gateway_reports_requests_without_a_known_key() {
    let (gateway, calls) = watched(prepared(&MemoryTransport::new([])).runtime(Still), open());
    let long = format!("/v1/models/{}", "x".repeat(1000));
    for (path, expected) in [
        ("/v1/chat/completions?key=gw-secret-in-query", 401),
        ("/model/x/converse", 403),
        (long.as_str(), 401),
        ("/v1/none", 404),
    ] {
        let request = with(post(path, &json!({})), |request| {
            request.headers = Headers::new();
            request.headers.push("x-api-key", "gw-of-a-stranger");
            if path.starts_with("/v1/models") {
                request.method = Method::Get;
            }
        });
        assert_eq!(gateway.handle(request).await.status, expected, "{path}");
    }
    let shown: Vec<(String, String, u16)> = calls
        .lock()
        .unwrap()
        .drain(..)
        .map(|call| (call.key, call.path.chars().take(20).collect(), call.status))
        .collect();
    let path = |text: &str| text.to_owned();
    assert_eq!(
        shown,
        [
            (String::new(), path("/v1/chat/completions"), 401),
            (String::new(), path("/model/x/converse"), 403),
            (String::new(), path("/v1/models/xxxxxxxxx"), 401),
        ]
    );
    // Many such requests make few records, and no record has the key.
    for _ in 0..500 {
        assert_eq!(gateway.handle(with(hello(CLAUDE), |request| request.headers = Headers::new())).await.status, 401);
    }
    let calls = calls.lock().unwrap();
    // With the three above, ten a minute.
    assert_eq!(calls.len(), 7);
    for call in calls.iter() {
        let line = call.to_json().as_str().to_owned();
        assert!(line.contains("no key;") && !line.contains("gw-") && line.len() < 800, "{line}");
    }
}

#[tokio::test]
async fn gateway_record_of_a_long_path_is_short_without_a_key() {
    let (gateway, calls) = watched(prepared(&MemoryTransport::new([])), open());
    let request = with(post(&format!("/model/{}/converse", "x".repeat(5000)), &json!({})), |request| {
        request.headers = Headers::new();
    });
    assert_eq!(gateway.handle(request).await.status, 403);
    assert_eq!(calls.lock().unwrap()[0].path.len(), 200);
}

#[tokio::test]
async fn gateway_names_reasoning_of_another_vendor() {
    let thinking = json!({"type": "thinking", "thinking": "hm", "signature": "EqQBClaude"});
    let redacted = json!({"type": "redacted_thinking", "data": "EqQBClaude"});
    let hidden = json!({"role": "assistant", "content": "Hi.", "reasoning_content": "hm",
        "thinking_blocks": [{"type": "thinking", "thinking": "hm", "signature": "s", "model": "claude-sonnet-4-6"}]});
    let user = json!({"role": "user", "content": "Hello?"});
    let said = |block: &Value| json!({"role": "assistant", "content": [block, {"type": "text", "text": "Hi."}]});
    for (path, assistant, expected) in [
        ("/v1/messages", said(&thinking), Some("earlier reasoning")),
        ("/v1/messages", said(&redacted), Some("earlier reasoning")),
        ("/v1/chat/completions", hidden, Some("earlier reasoning")),
        ("/v1/chat/completions", json!({"role": "assistant", "content": "Hi."}), None),
    ] {
        let transport = MemoryTransport::new([converse()]);
        let given = json!({"model": NOVA, "max_tokens": 9, "messages": [user, assistant, user]});
        let response = gateway(prepared(&transport), open()).handle(post(path, &given)).await;
        assert_eq!((response.status, response.headers.get("x-gateway-removed")), (200, expected), "{given}");
        let sent = String::from_utf8(transport.requests()[0].body.to_vec()).unwrap();
        assert!(!sent.contains("reasoningContent"), "{sent}");
    }
}
