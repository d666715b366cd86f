//! Errors in the form of the API that was called, and pages of other origins.

use super::*;

/// A request of each API, to a model.
fn requests(model: &str) -> [(&'static str, GatewayRequest); 4] {
    let user = json!([{"role": "user", "content": "Hello?"}]);
    [
        ("messages", post("/v1/messages", &json!({"model": model, "max_tokens": 9, "messages": user}))),
        ("chat", post("/v1/chat/completions", &json!({"model": model, "messages": user}))),
        ("responses", post("/v1/responses", &json!({"model": model, "input": "Hello?"}))),
        ("bedrock", post(&format!("/model/{model}/converse"), &json!({}))),
    ]
}

#[tokio::test]
async fn gateway_errors_have_the_form_of_the_api() {
    let gateway = gateway(prepared(&MemoryTransport::new([])), open());
    for (api, request) in requests("no-model") {
        let response = gateway.handle(request).await;
        let exception = response.headers.get("x-amzn-errortype").map(str::to_owned);
        let (status, body) = text(response).await;
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(status, 404, "{api}");
        match api {
            "messages" => {
                assert_eq!((&body["type"], &body["error"]["type"]), (&json!("error"), &json!("not_found_error")))
            }
            "bedrock" => assert_eq!(
                (exception.as_deref(), body["message"].is_string()),
                (Some("ResourceNotFoundException"), true)
            ),
            _ => assert_eq!(body["error"]["code"], "model_not_found"),
        }
    }
}

#[tokio::test]
async fn gateway_hides_the_operators_errors_from_clients() {
    let denied =
        r#"{"message":"User arn:aws:iam::123456789012:user/x is not authorized to perform bedrock:InvokeModel"}"#;
    let denied = || Reply::json(403, denied).with_header("x-amzn-errortype", "AccessDeniedException");
    let (gateway, calls) = watched(prepared(&MemoryTransport::new([denied(), denied(), denied()])), open());
    for (api, request) in requests(NOVA).into_iter().take(3) {
        let (status, body) = answer(&gateway, request).await;
        assert!(status == 502 && !body.to_string().contains("arn:aws"), "{api}: {status} {body}");
    }
    let calls = calls.lock().unwrap();
    assert_eq!(calls.len(), 3);
    assert!(calls.iter().all(|call| call.status == 502 && call.error.as_ref().unwrap().contains("not authorized")));
}

#[tokio::test]
async fn gateway_passes_on_when_to_call_again() {
    let busy = Reply::json(429, r#"{"message":"Too many tokens"}"#).with_header("retry-after", "7");
    let chat = prepared(&MemoryTransport::new([busy.with_header("x-amzn-errortype", "ThrottlingException")]));
    let gateway = gateway(chat.retry(bedrock_chat::RetryPolicy::default().with_max_attempts(1)), open());
    let response = gateway.handle(hello(CLAUDE)).await;
    assert_eq!((response.status, response.headers.get("retry-after")), (429, Some("7")));
}

#[tokio::test]
async fn gateway_refuses_unknown_paths_methods_and_bodies() {
    let gateway = gateway(prepared(&MemoryTransport::new([])), open());
    let raw = |text: &'static str| with(hello(CLAUDE), |request| request.body = body(text));
    for (request, expected, part) in [
        (post("/v1/completions", &json!({})), 404, "no such path: `/v1/completions`; there are"),
        (post("/chat/completions", &json!({})), 404, "so that it calls `/v1/chat/completions`"),
        (post("/v1/v1/messages?beta=true", &json!({})), 404, "so that it calls `/v1/messages`"),
        (get("/v1/messages"), 405, "takes POST"),
        (post("/v1/models", &json!({})), 405, "takes GET"),
        (post("/model/x%2/converse", &json!({})), 400, "percent-encoded"),
        (post("/model/x/delete", &json!({})), 404, "no such path"),
        (post("/v1/embeddings", &json!({"model": "x", "input": "y"})), 404, "chat only"),
        (raw("{"), 400, "not JSON"),
        (raw("[]"), 400, "not a JSON object"),
        (raw("{}"), 400, "`model` is missing"),
        (raw(r#"{"model":"us.amazon.nova-lite-v1:0","stream":"yes"}"#), 400, "`stream`"),
    ] {
        let shown = format!("{request:?}");
        let (status, body) = answer(&gateway, request).await;
        assert!(status == expected && body.to_string().contains(part), "{shown}: {status} {body}");
    }
}

#[tokio::test]
async fn gateway_answers_pages_of_allowed_origins_only() {
    let mut settings = open();
    settings.cors_origins = vec!["https://chat.example.com".to_owned()];
    let gateway = gateway(prepared(&MemoryTransport::new([claude()])), settings);
    let preflight = |origin: &str| {
        let mut request = with(hello(CLAUDE), |request| request.method = Method::Options);
        request.headers = Headers::new();
        request.headers.push("origin", origin);
        request.headers.push("access-control-request-method", "POST");
        request.headers.push("access-control-request-headers", "authorization,x-api-key");
        request
    };
    let allowed = gateway.handle(preflight("https://chat.example.com")).await;
    assert_eq!(allowed.status, 204);
    assert_eq!(allowed.headers.get("access-control-allow-headers"), Some("authorization,x-api-key"));
    assert_eq!(allowed.headers.get("access-control-allow-origin"), Some("https://chat.example.com"));
    let other = gateway.handle(preflight("https://example.com")).await;
    assert!(other.status == 405 && other.headers.get("access-control-allow-origin").is_none());
    let mut request = hello(CLAUDE);
    request.headers.push("origin", "https://chat.example.com");
    let response = gateway.handle(request).await;
    assert!(response.status == 200 && response.headers.get("access-control-allow-origin").is_some());
}
