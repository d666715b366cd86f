//! Converse, Nova's own format, token counts and guardrails against the local Bedrock, which checks every body against
//! the service's own model.

#![cfg(feature = "reqwest")]
// Clippy exempts only `#[test]` functions, and these files have helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bedrock_chat::{
    Api, BedrockChat, BedrockChatBuilder, CachePoint, CacheTtl, ChatEvent, ChatOptions, Content, Credentials, Document,
    ErrorKind, GuardContent, Guardrail, GuardrailSource, GuardrailTrace, Json, Latency, MediaSource, Message,
    Reasoning, Role, ServiceTier, StopReason, StreamProcessing, Tool, ToolChoice, ToolResult,
};
use local_bedrock::{LocalBedrock, TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY};

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const NOVA: &str = "us.amazon.nova-lite-v1:0";

/// Models of every vendor, each over Converse.
const MODELS: [&str; 10] = [
    CLAUDE,
    NOVA,
    "us.meta.llama4-maverick-17b-instruct-v1:0",
    "eu.mistral.pixtral-large-2502-v1:0",
    "cohere.command-r-plus-v1:0",
    "openai.gpt-oss-120b-1:0",
    "qwen.qwen3-32b-v1:0",
    "ai21.jamba-1-5-large-v1:0",
    "newvendor.model-v1:0",
    "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123",
];

fn builder(bedrock: &LocalBedrock, model: &str) -> BedrockChatBuilder {
    BedrockChat::builder(model)
        .region("us-east-1")
        .credentials(Credentials::new(TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY))
        .endpoint_url(bedrock.url())
}

fn chat(bedrock: &LocalBedrock, model: &str) -> BedrockChat {
    builder(bedrock, model).api(Api::Converse).build().unwrap()
}

fn weather() -> Tool {
    let schema = r#"{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}"#;
    Tool::new("get_weather", "The weather in a city", Json::parse(schema).unwrap())
}

#[tokio::test]
async fn converse_stream_equals_reply_for_every_model() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let messages = [
        ("system", "You are a helpful assistant that translates English to French. Translate the user sentence."),
        ("human", "I love programming."),
    ];
    for model in MODELS {
        let chat = chat(&bedrock, model);
        let whole = chat.invoke(messages).await.unwrap();
        assert_eq!(whole.text(), "J'adore la programmation.", "{model}");
        assert_eq!(whole.stop_reason, Some(StopReason::EndTurn), "{model}");
        let mut stream = chat.stream(messages).await.unwrap();
        let mut pieces = 0;
        while let Some(event) = stream.next().await {
            pieces += usize::from(matches!(event.unwrap(), ChatEvent::Text { .. }));
        }
        let streamed = stream.so_far();
        assert!(pieces > 1, "{model}");
        assert_eq!((&streamed.content, streamed.usage), (&whole.content, whole.usage), "{model}");
        assert!(streamed.metadata("metrics").is_some(), "{model}: read after the end");
    }
    assert!(bedrock.requests().iter().all(|request| request.verdict.is_accepted()));
}

#[tokio::test]
async fn converse_tool_call_is_answered_and_replayed() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (model, api) in [(CLAUDE, Api::Converse), (NOVA, Api::Converse), (NOVA, Api::Invoke)] {
        let chat = builder(&bedrock, model).api(api).build().unwrap().bind_tools([weather()]);
        let question = Message::human("What is the weather in Paris and in Rome?");
        let mut stream = chat.stream([question.clone()]).await.unwrap();
        while let Some(event) = stream.next().await {
            event.unwrap();
        }
        let reply = stream.so_far();
        assert_eq!(reply.stop_reason, Some(StopReason::ToolUse), "{model}");
        let results = reply.tool_calls().map(|call| {
            assert_eq!(call.name, "get_weather");
            Content::ToolResult(ToolResult::new(&call.id, [Content::text(format!("18C for {}", call.args))]))
        });
        let results: Vec<_> = results.collect();
        assert_eq!(results.len(), 2, "{model}");
        let conversation = [question, reply.into(), Message::new(Role::Tool, results)];
        let reply = chat.invoke(conversation.to_vec()).await.unwrap();
        assert!(reply.text().contains("18C"), "{model}: {}", reply.text());
        // The same history, in a call without tools.
        let toolless = builder(&bedrock, model).api(api).build().unwrap();
        let reply = toolless.invoke(conversation.to_vec()).await;
        assert!(reply.is_ok(), "{model}: {reply:?}");
    }
}

#[tokio::test]
async fn converse_tool_choice_none_sends_no_tools() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = chat(&bedrock, CLAUDE).bind_tools([weather()]);
    for choice in [ToolChoice::Any, ToolChoice::Tool("get_weather".into())] {
        let reply = chat.with_tool_choice(choice.clone()).invoke("Hello").await.unwrap();
        assert_eq!(reply.tool_calls().count(), 1, "{choice:?}");
        // With one call at a time, the choice is sent to Claude in another field.
        let options = ChatOptions::default().with_parallel_tool_calls(false);
        let chat = chat.with_tool_choice(choice).with_options(&options);
        chat.invoke("What is the weather in Paris?").await.unwrap();
    }
    let reply = chat.with_tool_choice(ToolChoice::None).invoke("What is the weather in Paris?").await.unwrap();
    assert_eq!(reply.tool_calls().count(), 0);
}

#[tokio::test]
async fn converse_reasoning_is_signed_and_replayed() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let thinking = ChatOptions::default().with_reasoning(Reasoning::Budget(2048));
    let chat = chat(&bedrock, CLAUDE).with_options(&thinking);
    let question = Message::human("Show me redacted thinking, please.");
    let streamed = chat.stream([question.clone()]).await.unwrap().message().await.unwrap();
    assert!(!streamed.thinking().is_empty());
    assert!(streamed.content.iter().any(|block| matches!(block, Content::RedactedThinking(_))));
    let whole = chat.invoke([question.clone()]).await.unwrap();
    assert_eq!(streamed.content, whole.content);
    // The service checks signatures and encrypted parts.
    let reply = chat.invoke([question, streamed.into(), Message::human("And now?")]).await.unwrap();
    assert_eq!(reply.stop_reason, Some(StopReason::EndTurn));
}

#[tokio::test]
async fn converse_options_and_blocks_fit_the_service_model() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let mut guardrail = Guardrail::new("gr1", "1").with_trace(GuardrailTrace::Enabled);
    guardrail.stream_processing = Some(StreamProcessing::Async);
    let mut tool = weather();
    let hour = CachePoint::default().with_ttl(CacheTtl::OneHour);
    tool.cache_point = Some(hour);
    let options = ChatOptions::default()
        .with_max_tokens(500)
        .with_temperature(0.5)
        .with_top_k(20)
        .with_stop(["END"])
        .with_tools([tool])
        .with_guardrail(guardrail)
        .with_latency(Latency::Standard)
        .with_service_tier(ServiceTier::Default)
        .with_request_metadata([("team", "a")])
        .with_response_field_paths(["/delta/stop_sequence"]);
    let named = |name: &str| {
        let mut document = Document::new("text/plain", MediaSource::Text("Grass is green.".into()));
        (document.name, document.citations) = (Some(name.into()), true);
        Content::Document(document)
    };
    let message = Message::human("Compare.")
        .with(Content::image("image/jpg", vec![0xFF, 0xD8, 0xFF]))
        .with(named("My  file #1.txt"))
        .with(named("My file 1"))
        .with(Content::document("application/pdf", b"%PDF-1.4".to_vec()))
        .with(Content::Guard(GuardContent::text("Judge me.")))
        .with(Content::cache_point());
    let messages = [Message::system("Be terse.").with(Content::CachePoint(hour)), message];
    let chat = chat(&bedrock, CLAUDE).with_options(&options);
    chat.invoke(messages.to_vec()).await.unwrap();
    let streamed = chat.stream(messages.to_vec()).await.unwrap().message().await.unwrap();
    assert!(streamed.usage.unwrap().input_token_details.cache_read > 0, "the first call filled the cache");
}

#[tokio::test]
async fn converse_guardrail_intervention_has_its_reason() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let guardrail = Guardrail::new("gr1", "1").with_trace(GuardrailTrace::Enabled);
    for (model, api) in [(CLAUDE, Api::Converse), (NOVA, Api::Invoke)] {
        let chat = builder(&bedrock, model).api(api).guardrail(guardrail.clone()).build().unwrap();
        let whole = chat.invoke("BLOCKED words").await.unwrap();
        assert_eq!(whole.stop_reason, Some(StopReason::GuardrailIntervened), "{model}");
        assert!(whole.usage.is_some(), "{model}");
        let streamed = chat.stream("BLOCKED words").await.unwrap().message().await.unwrap();
        assert_eq!(streamed.stop_reason, Some(StopReason::GuardrailIntervened), "{model}");
    }
    let chat = builder(&bedrock, CLAUDE).guardrail(guardrail).build().unwrap();
    let seen = chat.apply_guardrail(GuardrailSource::Input, ["BLOCKED words"]).await.unwrap();
    assert!(seen.intervened && !seen.outputs.is_empty());
    assert!(!chat.apply_guardrail(GuardrailSource::Output, ["Good words"]).await.unwrap().intervened);
}

#[tokio::test]
async fn count_tokens_is_the_same_over_both_apis() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for api in [Api::Invoke, Api::Converse] {
        let chat = builder(&bedrock, CLAUDE).api(api).build().unwrap();
        let few = chat.count_tokens("Hello").await.unwrap();
        let more = chat.bind_tools([weather()]).count_tokens("Hello there, how are you today?").await.unwrap();
        assert!(few > 0 && more > few, "{api:?}: {few} and {more}");
    }
}

#[tokio::test]
async fn converse_refusal_is_a_typed_error_with_its_message() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = builder(&bedrock, "us.meta.llama4-maverick-17b-instruct-v1:0").api(Api::Converse).temperature(1.5);
    let error = chat.build().unwrap().invoke("Hello").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Validation);
    assert!(error.message().contains("temperature"), "{error}");
    assert!(error.request_id().is_some());
}
