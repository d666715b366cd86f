//! Names of models, and models to fall back on.

use super::*;

fn paths(transport: &MemoryTransport) -> Vec<String> {
    let requests = transport.requests();
    requests.iter().map(|request| request.url.split_once("/model/").unwrap().1.to_owned()).collect()
}

#[tokio::test]
async fn gateway_names_become_ids_and_the_longest_pattern_wins() {
    let transport = MemoryTransport::new([claude(), claude(), claude()]);
    let settings = settings(json!({
        "models": {
            "claude-*": "us.anthropic.claude-*",
            "claude-haiku-*": "eu.anthropic.claude-haiku-4-5-20251001-v1:0",
            "claude-haiku-9": "global.anthropic.claude-haiku-9",
        },
        "keys": {"alice": {"key": KEY}},
    }));
    let gateway = gateway(prepared(&transport), settings);
    for model in ["claude-sonnet-4-6", "claude-haiku-4-5", "claude-haiku-9"] {
        assert_eq!(answer(&gateway, hello(model)).await.0, 200, "{model}");
    }
    let expected = [
        "us.anthropic.claude-sonnet-4-6/invoke",
        "eu.anthropic.claude-haiku-4-5-20251001-v1%3A0/invoke",
        "global.anthropic.claude-haiku-9/invoke",
    ];
    assert_eq!(paths(&transport), expected);
}

#[tokio::test]
async fn gateway_accepts_ids_of_bedrock_and_no_others() {
    let arn = "arn:aws:bedrock:us-west-2:123456789012:application-inference-profile/abc";
    let transport = MemoryTransport::new([claude(), converse()]);
    let any = gateway(prepared(&transport), open());
    for (model, expected) in [(CLAUDE, 200), (arn, 200), ("gpt-4.1", 404), ("claude-sonnet-4-6", 404), ("amazon", 404)]
    {
        assert_eq!(answer(&any, hello(model)).await.0, expected, "{model}");
    }
    assert!(transport.requests()[1].url.starts_with("https://bedrock-runtime.us-west-2."));
    let mut listed = open();
    listed.any_model = false;
    let listed = gateway(prepared(&MemoryTransport::new([])), listed);
    let (status, body) = answer(&listed, hello(CLAUDE)).await;
    assert_eq!((status, &body["error"]["code"]), (404, &json!("model_not_found")));
}

#[tokio::test]
async fn gateway_falls_back_to_other_models_while_the_cause_may_pass() {
    let throttled =
        || Reply::json(429, r#"{"message":"Too many tokens"}"#).with_header("x-amzn-errortype", "ThrottlingException");
    let settings = settings(json!({
        "models": {"best": {"id": CLAUDE, "fallbacks": ["us.anthropic.claude-opus-4-8", NOVA]}},
        "keys": {"alice": {"key": KEY}},
    }));
    let once = bedrock_chat::RetryPolicy::default().with_max_attempts(1);
    let transport = MemoryTransport::new([throttled(), throttled(), converse()]);
    let (gateway, calls) = watched(prepared(&transport).retry(once), settings.clone());
    let response = gateway.handle(hello("best")).await;
    assert_eq!((response.status, response.headers.get("x-gateway-model")), (200, Some(NOVA)));
    assert_eq!(calls.lock().unwrap()[0].model_id, NOVA);
    // A wrong request is wrong for all of them.
    let wrong = Reply::json(400, r#"{"message":"max_tokens is too large"}"#)
        .with_header("x-amzn-errortype", "ValidationException");
    let transport = MemoryTransport::new([wrong]);
    let (status, body) = answer(&super::gateway(prepared(&transport), settings), hello("best")).await;
    assert_eq!((status, transport.requests().len()), (400, 1));
    assert!(body["error"]["message"].as_str().unwrap().contains("max_tokens is too large"), "{body}");
}

#[tokio::test]
async fn gateway_calls_models_without_native_tools_over_converse() {
    let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
    let gateway = gateway(local(&bedrock), open());
    let function =
        json!({"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}});
    for model in ["meta.llama3-3-70b-instruct-v1:0", NOVA, "mistral.mistral-large-2402-v1:0"] {
        let given = json!({"model": model, "messages": [{"role": "user", "content": "weather in Paris?"}],
            "tools": [{"type": "function", "function": function}]});
        let (status, body) = answer(&gateway, post("/v1/chat/completions", &given)).await;
        assert_eq!(status, 200, "{model}: {body}");
        assert!(bedrock.requests().last().unwrap().path.ends_with("/converse"), "{model}");
    }
}

#[tokio::test]
async fn gateway_lowers_max_tokens_to_the_limit_of_the_model() {
    let error = r#"{"message":"The maximum tokens you requested exceeds the model limit of 8192. Try again with a maximum tokens value that is lower than 8192."}"#;
    let refused = || Reply::json(400, error).with_header("x-amzn-errortype", "ValidationException");
    let transport = MemoryTransport::new([refused(), converse()]);
    let given =
        |limit: u64| json!({"model": NOVA, "max_tokens": limit, "messages": [{"role": "user", "content": "Hello?"}]});
    let response = gateway(prepared(&transport), open()).handle(post("/v1/messages", &given(32_000))).await;
    assert_eq!(response.headers.get("x-gateway-removed"), Some("max_tokens 32000 (the model's limit is 8192)"));
    assert_eq!(response.status, 200);
    let sent: Value = serde_json::from_slice(&transport.requests()[1].body).unwrap();
    assert_eq!(sent["inferenceConfig"]["maxTokens"], 8192);
    // A limit that is not lower would not help.
    let transport = MemoryTransport::new([refused()]);
    let (status, _) = answer(&gateway(prepared(&transport), open()), post("/v1/messages", &given(8000))).await;
    assert_eq!((status, transport.requests().len()), (400, 1));
}

#[tokio::test]
async fn gateway_without_a_table_lists_the_models_of_bedrock() {
    let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
    let gateway =
        gateway(local(&bedrock), settings(json!({"keys": {"alice": {"key": KEY, "models": ["us.anthropic.*"]}}})));
    let (status, body) = answer(&gateway, get("/v1/models")).await;
    let ids: Vec<&str> = body["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap()).collect();
    assert!(status == 200 && ids.len() > 3 && ids.iter().all(|id| id.starts_with("us.anthropic.")), "{ids:?}");
}

#[tokio::test]
async fn gateway_lists_the_names_that_its_patterns_accept() {
    let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
    let models = json!({
        "claude-*": "us.anthropic.claude-*",
        "claude-haiku-4-5*": "us.anthropic.claude-haiku-4-5-20251001-v1:0",
        "claude-opus-*": "us.anthropic.claude-absent-*",
        "nova-*": "us.amazon.nova-*",
    });
    let keys = json!({"alice": {"key": KEY, "models": ["claude-*"]}});
    for any in [true, false] {
        let settings = settings(json!({"models": models, "keys": keys, "anyModel": any}));
        let gateway = gateway(local(&bedrock), settings);
        let (status, body) = answer(&gateway, get("/v1/models")).await;
        let names = body["data"].as_array().unwrap().iter().map(|model| model["id"].as_str().unwrap());
        let names: Vec<&str> = names.collect();
        assert!(status == 200 && names.contains(&"claude-sonnet-5-5"), "{names:?}");
        assert_eq!(names.iter().filter(|name| **name == "claude-haiku-4-5").count(), 1, "{names:?}");
        let is_wrong = |name: &&&str| !name.starts_with("claude-") || name.starts_with("claude-opus");
        assert_eq!(names.iter().find(is_wrong), None);
        for name in names {
            assert_eq!(answer(&gateway, get(&format!("/v1/models/{name}"))).await.0, 200, "{name}");
        }
    }
}

#[tokio::test]
async fn gateway_error_of_an_unknown_model_names_the_patterns() {
    let models = json!({"claude-*": "us.anthropic.claude-*", "gpt-*": "openai.gpt-*", "fast": NOVA});
    let bob = json!({"key": "gw-bob-56789", "models": ["claude-haiku-*", "fast"]});
    let value = json!({"models": models, "keys": {"alice": {"key": KEY}, "bob": bob}});
    let gateway = gateway(prepared(&MemoryTransport::new([])), settings(value));
    let (status, body) = answer(&gateway, hello("gemini-3")).await;
    let text = body["error"]["message"].as_str().unwrap();
    assert!(status == 404 && text.contains("`claude-*`, `gpt-*`") && text.contains("/v1/models"), "{text}");
    let bobs = with(hello("gemini-3"), |request| {
        request.headers = Headers::new();
        request.headers.push("x-api-key", "gw-bob-56789");
    });
    let (_, body) = answer(&gateway, bobs).await;
    let text = body["error"]["message"].as_str().unwrap();
    assert!(text.contains("`claude-*`") && !text.contains("gpt-*"), "{text}");
}

#[tokio::test]
async fn gateway_names_the_tools_of_a_search_to_other_models() {
    let transport = MemoryTransport::new([converse()]);
    let found = json!([{"type": "tool_reference", "tool_name": "get_weather"}]);
    let given = json!({"model": NOVA, "max_tokens": 9, "tools": [{"name": "ToolSearch", "input_schema": {"type": "object"}}],
        "messages": [{"role": "user", "content": "Hello?"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": "t1", "name": "ToolSearch", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": found}]}]});
    assert_eq!(answer(&gateway(prepared(&transport), open()), post("/v1/messages", &given)).await.0, 200);
    let sent: Value = serde_json::from_slice(&transport.requests()[0].body).unwrap();
    assert_eq!(sent["messages"][2]["content"][0]["toolResult"]["content"], json!([{"text": "tool: get_weather"}]));
}
