//! Calls of Bedrock's own API, and bodies that pass on unchanged.

use bedrock_chat::{ChatOptions, Guardrail, ServiceTier};

use super::*;

#[tokio::test]
async fn gateway_signs_bedrock_calls_and_passes_them_on() {
    let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
    let (gateway, calls) = watched(local(&bedrock), open());
    let user = json!([{"role": "user", "content": [{"text": "Hello?"}]}]);
    let (status, body) = answer(&gateway, post(&format!("/model/{NOVA}/converse"), &json!({"messages": user}))).await;
    assert!(status == 200 && body["output"]["message"]["content"][0]["text"].as_str().unwrap().contains("Hello?"));
    let path = "/model/us.amazon.nova-lite-v1%3A0/converse-stream";
    let response = gateway.handle(post(path, &json!({"messages": user}))).await;
    assert_eq!(response.headers.get("content-type"), Some("application/vnd.amazon.eventstream"));
    let mut bytes = 0;
    let mut pieces = response.body;
    while let Some(piece) = pieces.next().await {
        bytes += piece.unwrap().len();
    }
    assert!(bytes > 500);
    let calls = calls.lock().unwrap();
    assert_eq!(calls.len(), 2);
    assert!(calls.iter().all(|call| call.usage.input_tokens > 0 && call.usage.output_tokens > 0), "{calls:?}");
    let requests = bedrock.requests();
    assert!(requests.iter().all(|request| matches!(request.verdict, local_bedrock::Verdict::Signed { .. })));
}

#[tokio::test]
async fn gateway_passes_an_error_of_bedrock_on_as_it_is() {
    let refused = Reply::json(400, r#"{"message":"not this"}"#).with_header("x-amzn-errortype", "ValidationException");
    let gateway = gateway(prepared(&MemoryTransport::new([refused])), open());
    let response = gateway.handle(post(&format!("/model/{NOVA}/converse"), &json!({}))).await;
    assert_eq!(response.headers.get("x-amzn-errortype"), Some("ValidationException"));
    assert_eq!(text(response).await, (400, r#"{"message":"not this"}"#.to_owned()));
}

#[tokio::test]
async fn gateway_renews_its_own_expired_keys_for_a_passed_call() {
    let expired = Reply::json(403, r#"{"message":"The security token included in the request is expired"}"#);
    let transport =
        MemoryTransport::new([expired.with_header("x-amzn-errortype", "ExpiredTokenException"), converse()]);
    let renewed = std::sync::atomic::AtomicU32::new(0);
    let provider = bedrock_chat::CachedCredentials::new(move || {
        let round = renewed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        async move { Ok(Credentials::new(format!("AKIDEXAMPLE{round}"), "secret")) }
    });
    let gateway = gateway(prepared(&transport).credentials_provider(provider), open());
    assert_eq!(answer(&gateway, post(&format!("/model/{NOVA}/converse"), &json!({}))).await.0, 200);
    let keys: Vec<String> =
        transport.requests().iter().map(|request| request.headers.get("authorization").unwrap().to_owned()).collect();
    assert!(keys[0].contains("AKIDEXAMPLE0/") && keys[1].contains("AKIDEXAMPLE1/"), "{keys:?}");
}

#[tokio::test]
async fn gateway_body_for_claude_passes_byte_for_byte() {
    let transport = MemoryTransport::new([claude()]);
    let gateway = gateway(prepared(&transport), open());
    let messages = r#"[{"role":"user","content":[{"type":"text","text":"caf\u00e9 \/ 1.0e2","cache_control":{"type":"ephemeral"}}] }]"#;
    let given = format!(r#"{{"model":"{CLAUDE}", "max_tokens":9,"messages":{messages},"stream":false}}"#);
    let request = with(post("/v1/messages?beta=true", &json!({})), |request| request.body = body(given));
    assert_eq!(answer(&gateway, request).await.0, 200);
    let sent = &transport.requests()[0];
    let sent_body = std::str::from_utf8(&sent.body).unwrap();
    assert!(sent_body.contains(messages) && !sent_body.contains("\"stream\""), "{sent_body}");
    assert!(sent.headers.get("x-amzn-bedrock-request-metadata").unwrap().contains(r#""gateway_key":"alice""#));
    assert!(!format!("{:?}", sent.headers).contains(KEY));
    assert!(sent.headers.iter().all(|(_, value)| !value.contains(KEY)));
}

#[tokio::test]
async fn gateway_guardrail_holds_for_passed_calls_too() {
    let transport = MemoryTransport::new([claude(), claude()]);
    let gateway = gateway(prepared(&transport).guardrail(Guardrail::new("gr-1", "2")), open());
    let chat = json!({"model": CLAUDE, "max_tokens": 9, "messages": [{"role": "user", "content": "Hello?"}]});
    assert_eq!(answer(&gateway, post("/v1/messages", &chat)).await.0, 200);
    let mut own = post(&format!("/model/{CLAUDE}/invoke"), &json!({}));
    own.headers.push("x-amzn-bedrock-guardrailidentifier", "gr-of-the-client");
    assert_eq!(answer(&gateway, own).await.0, 200);
    for request in transport.requests() {
        let named: Vec<&str> = request
            .headers
            .iter()
            .filter(|(name, _)| name.ends_with("guardrailidentifier"))
            .map(|(_, value)| value)
            .collect();
        assert_eq!(named, ["gr-1"]);
    }
    // Neither does a client limit it to the text between tags.
    let tags = json!({"tagSuffix": "x"});
    let tagged = json!({"model": CLAUDE, "max_tokens": 9, "messages": [], "amazon-bedrock-guardrailConfig": tags});
    for path in [format!("/model/{NOVA}/converse"), format!("/model/{CLAUDE}/invoke"), "/v1/messages".to_owned()] {
        let (status, body) = answer(&gateway, post(&path, &tagged)).await;
        assert!(status == 403 && body.to_string().contains("guardrail"), "{path}: {body}");
    }
    // Nor by a second member, or a body that only the service can read.
    let twice = format!(r#"{{"amazon-bedrock-guardrailConfig":null,"amazon-bedrock-\u0067uardrailConfig":{tags}}}"#);
    for text in [twice, "\u{feff}{}".to_owned()] {
        let request = with(post(&format!("/model/{CLAUDE}/invoke"), &json!({})), |request| request.body = body(text));
        assert_eq!(answer(&gateway, request).await.0, 403);
    }
    // `bedrock-mantle` applies no guardrail.
    let gpt = json!({"model": "openai.gpt-5.5", "input": "Hello?"});
    assert_eq!(answer(&gateway, post("/v1/responses", &gpt)).await.0, 403);
    assert_eq!(transport.requests().len(), 2);
}

#[tokio::test]
async fn gateway_counts_tokens_for_claude_and_for_other_models() {
    let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
    let gateway = gateway(local(&bedrock), open());
    for model in [CLAUDE, NOVA] {
        let given = json!({"model": model, "messages": [{"role": "user", "content": "Hello?"}]});
        let (status, body) = answer(&gateway, post("/v1/messages/count_tokens", &given)).await;
        assert!(status == 200 && body["input_tokens"].as_u64().unwrap() > 0, "{model}: {body}");
    }
}

#[tokio::test]
async fn gateway_lists_profiles_of_bedrock() {
    let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
    let gateway = gateway(local(&bedrock), open());
    let (status, body) = answer(&gateway, get("/inference-profiles?type=SYSTEM_DEFINED&maxResults=2")).await;
    assert_eq!((status, body["inferenceProfileSummaries"].as_array().unwrap().len()), (200, 2));
}

#[tokio::test]
async fn gateway_body_for_gpt_passes_without_what_the_service_refuses() {
    let reply = || {
        Reply::json(
            200,
            r#"{"id":"resp_1","object":"response","status":"completed","output":[],"usage":{"input_tokens":5,"output_tokens":6}}"#,
        )
    };
    let error = r#"{"error":{"message":"Unknown parameter: 'x'.","type":"invalid_request_error","param":"x","code":"unknown_parameter"}}"#;
    let transport = MemoryTransport::new([reply(), Reply::json(400, error)]);
    let (gateway, calls) = watched(prepared(&transport), open());
    let given =
        json!({"model": "openai.gpt-5.6-luna", "input": "Hello?", "client_metadata": {"a": "b"}, "store": false});
    let response = gateway.handle(post("/v1/responses", &given)).await;
    assert_eq!(response.headers.get("x-gateway-removed"), Some("client_metadata"));
    assert_eq!(text(response).await.0, 200);
    let sent: Value = serde_json::from_slice(&transport.requests()[0].body).unwrap();
    assert_eq!(sent, json!({"model": "openai.gpt-5.6-luna", "input": "Hello?", "store": false}));
    assert_eq!(calls.lock().unwrap()[0].usage.output_tokens, 6);
    // Its tokens would not be known.
    let later = json!({"model": "openai.gpt-5.6-luna", "input": "Hello?", "background": true});
    assert_eq!(answer(&gateway, post("/v1/responses", &later)).await.0, 400);
    // The service's own error has members that the gateway does not know.
    assert_eq!(text(gateway.handle(post("/v1/responses", &given)).await).await, (400, error.to_owned()));
}

#[tokio::test]
async fn gateway_hides_its_own_rights_from_clients_of_bedrock() {
    let denied = r#"{"message":"User: arn:aws:sts::123456789012:assumed-role/x is not authorized"}"#;
    let denied = Reply::json(403, denied).with_header("x-amzn-errortype", "AccessDeniedException");
    let (gateway, calls) = watched(prepared(&MemoryTransport::new([denied])), open());
    let (status, body) = answer(&gateway, post(&format!("/model/{NOVA}/converse"), &json!({}))).await;
    assert!(status == 502 && !body.to_string().contains("arn:aws"), "{body}");
    assert!(calls.lock().unwrap()[0].error.as_ref().unwrap().contains("not authorized"));
}

#[tokio::test]
async fn gateway_alone_says_which_pages_may_read_a_passed_answer() {
    let reply = converse().with_header("access-control-allow-origin", "*").with_header("x-amzn-requestid", "id-1");
    let gateway = gateway(prepared(&MemoryTransport::new([reply])), open());
    let response = gateway.handle(post(&format!("/model/{NOVA}/converse"), &json!({}))).await;
    assert_eq!(response.headers.get("access-control-allow-origin"), None);
    assert_eq!(response.headers.get("x-amzn-requestid"), Some("id-1"));
}

#[tokio::test]
async fn gateway_sends_the_metadata_of_client_and_key() {
    let transport = MemoryTransport::new([converse()]);
    let settings = settings(json!({"keys": {"alice": {"key": KEY, "metadata": {"team": "search"}}}}));
    let given = json!({"model": NOVA, "messages": [{"role": "user", "content": "Hello?"}],
        "metadata": {"user": "me", "team": "other"}});
    let response = gateway(prepared(&transport), settings).handle(post("/v1/chat/completions", &given)).await;
    assert_eq!(response.headers.get("x-gateway-removed"), Some("metadata.team"));
    assert_eq!(response.status, 200);
    let sent: Value = serde_json::from_slice(&transport.requests()[0].body).unwrap();
    assert_eq!(sent["requestMetadata"], json!({"team": "search", "gateway_key": "alice", "user": "me"}));
}

#[tokio::test]
async fn gateway_tier_wins_over_the_tier_of_a_client() {
    let given = json!({"model": CLAUDE, "max_tokens": 9, "service_tier": "priority",
        "messages": [{"role": "user", "content": "Hello?"}]});
    for (chat, expected) in
        [(ChatOptions::default(), "priority"), (ChatOptions::default().with_service_tier(ServiceTier::Flex), "flex")]
    {
        let transport = MemoryTransport::new([claude()]);
        let gateway = gateway(prepared(&transport).options(&chat), open());
        assert_eq!(answer(&gateway, post("/v1/messages", &given)).await.0, 200);
        let sent = &transport.requests()[0].headers;
        let tiers: Vec<&str> =
            sent.iter().filter(|(name, _)| name.ends_with("service-tier")).map(|(_, tier)| tier).collect();
        assert_eq!(tiers, [expected]);
    }
}

#[tokio::test]
async fn gateway_errors_show_only_the_start_of_long_names() {
    let gateway = gateway(prepared(&MemoryTransport::new([])), open());
    let long = "x".repeat(5000);
    let mut member = json!({"model": NOVA, "max_tokens": 9, "messages": [{"role": "user", "content": "Hello?"}]});
    let mut tool = member.clone();
    member[&long] = json!(1);
    tool["tools"] = json!([{"type": long, "name": "f"}]);
    for given in [member, tool] {
        let (status, body) = answer(&gateway, post("/v1/messages", &given)).await;
        assert!(status == 400 && body.to_string().len() < 500, "{body}");
    }
}

#[tokio::test]
async fn gateway_metadata_wins_in_passed_calls() {
    let settings = || settings(json!({"keys": {"alice": {"key": KEY, "metadata": {"team": "search"}}}}));
    let own = r#"{"gateway_key":"bob","team":"other","user":"me"}"#;
    let text = format!(r#"{{"messages": [ ],"requestMetadata":{own},"request\u004detadata":{{"gateway_key":"eve"}}}}"#);
    let transport = MemoryTransport::new([converse(), claude()]);
    let gateway = gateway(prepared(&transport), settings());
    let request = with(post(&format!("/model/{NOVA}/converse"), &json!({})), |request| request.body = body(text));
    let response = gateway.handle(request).await;
    let removed = ["gateway_key", "team", "gateway_key"].map(|name| format!("requestMetadata.{name}")).join(", ");
    assert_eq!((response.status, response.headers.get("x-gateway-removed")), (200, Some(removed.as_str())));
    let expected = json!({"team": "search", "gateway_key": "alice", "user": "me"});
    let sent = String::from_utf8(transport.requests()[0].body.to_vec()).unwrap();
    assert!(sent.starts_with(r#"{"messages":[ ],"#), "{sent}");
    assert_eq!(serde_json::from_str::<Value>(&sent).unwrap()["requestMetadata"], expected);
    // InvokeModel has them in a header.
    let request = with(post(&format!("/model/{CLAUDE}/invoke"), &json!({})), |request| {
        request.headers.push("x-amzn-bedrock-request-metadata", own);
    });
    assert_eq!(gateway.handle(request).await.status, 200);
    let requests = transport.requests();
    let all: Vec<&str> =
        requests[1].headers.iter().filter(|(name, _)| name.ends_with("request-metadata")).map(|(_, it)| it).collect();
    assert_eq!(all.len(), 1);
    assert_eq!(serde_json::from_str::<Value>(all[0]).unwrap(), expected);
    // The service may read other metadata in a body that the gateway cannot read.
    for text in ["\u{feff}{}", "[]", r#"{"requestMetadata":7}"#] {
        let request = with(post(&format!("/model/{NOVA}/converse"), &json!({})), |request| request.body = body(text));
        assert_eq!(gateway.handle(request).await.status, 400, "{text}");
    }
    assert_eq!(transport.requests().len(), 2);
}
