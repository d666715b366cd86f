//! Only options that are set, and fields that the API requires, are sent.

use bedrock_chat::{
    BedrockChatBuilder, CachePoint, CacheTtl, ChatOptions, Content, Error, ErrorKind, Json, Message, Reasoning,
    ResponseFormat, Role, Tool, ToolChoice,
};
use local_bedrock::LocalBedrock;
use serde_json::{Value, json};

use crate::support::{THINKER, calling, calling_model, only_request};

/// Returns the body that the server accepted. It is the same with and without a stream.
async fn accepted(change: impl Fn(BedrockChatBuilder) -> BedrockChatBuilder) -> Value {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = change(calling_model(&bedrock, THINKER)).build().unwrap();
    chat.invoke("hello").await.unwrap();
    chat.stream("hello").await.unwrap().message().await.unwrap();
    let requests = bedrock.requests();
    assert_eq!(requests[0].body, requests[1].body);
    assert!(requests[0].path.ends_with("/invoke") && requests[1].path.ends_with("/invoke-with-response-stream"));
    requests[0].json()
}

#[tokio::test]
async fn body_without_options_has_only_required_fields() {
    let body = accepted(|chat| chat).await;
    let expected = json!({
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 4096,
        "messages": [{"role": "user", "content": "hello"}],
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn empty_stop_sequences_are_not_sent() {
    let body = accepted(|chat| chat.stop(Vec::<String>::new())).await;
    assert!(body.get("stop_sequences").is_none(), "{body}");
}

#[tokio::test]
async fn options_are_sent_under_provider_names_with_their_digits() {
    let body = accepted(|chat| chat.max_tokens(100).temperature(0.1).top_k(5).stop(["\n\nHuman:", "END"])).await;
    assert_eq!(body["max_tokens"], 100);
    assert_eq!((&body["temperature"], &body["top_k"]), (&json!(0.1), &json!(5)));
    assert_eq!(body["stop_sequences"], json!(["\n\nHuman:", "END"]));
    assert!(body.get("top_p").is_none(), "{body}");
    assert_eq!(accepted(|chat| chat.temperature(0.0).top_p(1.0)).await["temperature"].as_f64(), Some(0.0));
}

#[tokio::test]
async fn call_options_override_chat_options_one_by_one() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let base = calling(&bedrock).temperature(0.5).max_tokens(100).build().unwrap();
    let chat = base.with_options(&ChatOptions::default().with_temperature(0.9));
    chat.invoke("hello").await.unwrap();
    let body = only_request(&bedrock).json();
    assert_eq!((&body["temperature"], &body["max_tokens"]), (&json!(0.9), &json!(100)));
}

#[tokio::test]
async fn model_kwargs_are_sent_unchanged_or_contradict() {
    let kwargs = Json::parse(r#"{"temperature":0.30,"metadata":{"user_id":"u1"},"top_k":7}"#).unwrap();
    let body = accepted(|chat| chat.max_tokens(10).model_kwargs(kwargs.clone())).await;
    assert_eq!((&body["temperature"], &body["top_k"], &body["max_tokens"]), (&json!(0.3), &json!(7), &json!(10)));
    assert_eq!(body["metadata"], json!({"user_id": "u1"}));
    let bedrock = LocalBedrock::start().await.unwrap();
    calling(&bedrock).model_kwargs(kwargs.clone()).build().unwrap().invoke("hello").await.unwrap();
    let text = String::from_utf8(only_request(&bedrock).body).unwrap();
    assert!(text.contains(r#""temperature":0.30"#), "to the digit: {text}");
    assert_eq!(text.matches("temperature").count(), 1, "once: {text}");
    let error = refused(ChatOptions::default().with_temperature(0.9).with_model_kwargs(kwargs)).await;
    assert!(error.message().contains("`temperature`") && error.message().contains("model_kwargs"), "{error}");
}

#[tokio::test]
async fn thinking_budget_raises_the_default_max_tokens() {
    let think =
        |chat: BedrockChatBuilder| chat.options(&ChatOptions::default().with_reasoning(Reasoning::Budget(2000)));
    let body = accepted(think).await;
    assert_eq!(body["thinking"], json!({"type": "enabled", "budget_tokens": 2000}));
    assert!(body["max_tokens"].as_u64().unwrap() > 2000, "{body}");
    assert_eq!(accepted(|chat| think(chat).max_tokens(2001)).await["max_tokens"], 2001);
    assert_eq!(accepted(|chat| think(chat).temperature(1.0)).await["temperature"].as_f64(), Some(1.0));
}

/// Returns the local error of options that contradict each other; no request is sent.
async fn refused(options: ChatOptions) -> Error {
    let bedrock = LocalBedrock::start().await.unwrap();
    let built = calling(&bedrock).options(&options).build();
    let errors = match built {
        Err(error) => vec![error],
        Ok(chat) => vec![chat.invoke("hello").await.unwrap_err(), chat.stream("hello").await.unwrap_err()],
    };
    assert!(bedrock.requests().is_empty(), "nothing was sent");
    let error = errors.into_iter().next().unwrap();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Config, 0), "{error}");
    error
}

#[tokio::test]
async fn conflicting_options_are_refused_and_both_named() {
    let base = ChatOptions::default().with_reasoning(Reasoning::Budget(2048)).with_tools([Tool::new(
        "save",
        "Saves",
        json!({"type": "object"}),
    )]);
    for (options, fields) in [
        (base.clone().with_temperature(0.5), ["reasoning", "temperature"]),
        (base.clone().with_top_k(5), ["reasoning", "top_k"]),
        (base.clone().with_tool_choice(ToolChoice::Any), ["reasoning", "tool_choice"]),
        (base.clone().with_tool_choice("save"), ["reasoning", "tool_choice"]),
        (base.clone().with_max_tokens(2048), ["reasoning", "max_tokens"]),
        (base.clone().with_max_tokens(1), ["reasoning", "max_tokens"]),
        (base.clone().with_reasoning(Reasoning::Budget(100)), ["reasoning", "1024"]),
        (ChatOptions::default().with_tool_choice(ToolChoice::Any), ["tool_choice", "tools"]),
        (ChatOptions::default().with_temperature(f64::NAN), ["temperature", "number"]),
        (ChatOptions::default().with_max_tokens(0), ["max_tokens", "at least 1"]),
        (ChatOptions::default().with_model_kwargs(json!([1])), ["model_kwargs", "object"]),
    ] {
        let error = refused(options).await;
        assert!(fields.iter().all(|field| error.message().contains(field)), "{fields:?} in {error}");
    }
}

#[tokio::test]
async fn cache_point_marks_the_block_before_it_with_its_ttl() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let hour = Content::CachePoint(CachePoint::default().with_ttl(CacheTtl::OneHour));
    let mut tool = Tool::new("save", "Saves", json!({"type": "object"}));
    tool.cache_point = Some(CachePoint::default().with_ttl(CacheTtl::OneHour));
    let model = "us.anthropic.claude-haiku-4-5-20251001-v1:0";
    let chat = calling_model(&bedrock, model).build().unwrap().bind_tools([tool]);
    let long = "A long instruction. ".repeat(800);
    let messages = [
        Message::new(Role::System, [Content::text(&long), hour]),
        Message::new(Role::Human, [Content::text("hello"), Content::cache_point()]),
    ];
    let first = chat.invoke(messages.to_vec()).await.unwrap().usage.unwrap();
    let second = chat.invoke(messages.to_vec()).await.unwrap().usage.unwrap();
    let body = bedrock.requests()[0].json();
    assert_eq!(body["system"][0]["cache_control"], json!({"type": "ephemeral", "ttl": "1h"}));
    assert_eq!(body["messages"][0]["content"][0]["cache_control"], json!({"type": "ephemeral"}));
    assert_eq!(body["tools"][0]["cache_control"], json!({"type": "ephemeral", "ttl": "1h"}));
    assert!(first.input_token_details.cache_creation > 0 && first.input_token_details.cache_read == 0, "{first:?}");
    assert_eq!(
        first.input_token_details.cache_creation_1h + first.input_token_details.cache_creation_5m,
        first.input_token_details.cache_creation
    );
    assert!(second.input_token_details.cache_read > 0, "{second:?}");
    assert_eq!(first.input_tokens, second.input_tokens, "cached or not, it was read");
}

#[tokio::test]
async fn media_schemas_and_beta_features_are_encoded() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let schema = json!({"type": "object", "properties": {"setup": {"type": "string"}}, "required": ["setup"],
        "additionalProperties": false});
    let options = ChatOptions::default()
        .with_response_format(ResponseFormat::new("joke", schema.clone()))
        .with_anthropic_beta(["context-1m-2025-08-07"]);
    let chat = calling_model(&bedrock, "anthropic.claude-haiku-4-5-20251001-v1:0").options(&options).build().unwrap();
    let message = Message::human("Read this")
        .with(Content::image("image/jpg", b"\xff\xd8\xff\xe0".to_vec()))
        .with(Content::document("application/pdf", b"%PDF-1.4".to_vec()))
        .with(Content::document("text/plain", "Grass is green."));
    let reply = chat.invoke(message).await.unwrap();
    let joke: Value = serde_json::from_str(&reply.text()).unwrap();
    assert!(joke["setup"].is_string(), "{joke}");
    let body = only_request(&bedrock).json();
    assert_eq!(body["output_config"]["format"], json!({"type": "json_schema", "schema": schema}));
    assert_eq!(body["anthropic_beta"], json!(["context-1m-2025-08-07"]));
    let content = &body["messages"][0]["content"];
    assert_eq!(content[1]["source"]["media_type"], "image/jpeg", "jpg is no media type");
    assert_eq!(content[2]["source"]["media_type"], "application/pdf");
    assert_eq!(content[3]["source"]["data"], "Grass is green.");
}
