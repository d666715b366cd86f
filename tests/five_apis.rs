//! One conversation over all five APIs, with a tool, an image, reasoning and typed output: the messages are equal.

#![cfg(feature = "reqwest")]
// Clippy exempts only `#[test]` functions, and this file has helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bedrock_chat::{
    AiMessage, Api, BedrockChat, Capabilities, Capability, ChatOptions, Content, Credentials, Json, Message, Reasoning,
    Role, Service, StopReason, Tool, ToolResult,
};
use local_bedrock::{LocalBedrock, TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY};
use serde_json::{Value, json};

/// Models with the APIs and services that serve them.
const ROUTES: &[(&str, Api, Service)] = &[
    ("us.anthropic.claude-sonnet-4-6", Api::Invoke, Service::Runtime),
    ("us.anthropic.claude-sonnet-4-6", Api::Converse, Service::Runtime),
    ("us.anthropic.claude-sonnet-4-6", Api::Messages, Service::Mantle),
    ("us.openai.gpt-5.6-sol", Api::Responses, Service::Runtime),
    ("openai.gpt-5.6-sol", Api::Responses, Service::Mantle),
    ("us.openai.gpt-5.6-sol", Api::Converse, Service::Runtime),
    ("google.gemma-4-31b", Api::Responses, Service::Mantle),
    ("google.gemma-4-31b", Api::ChatCompletions, Service::Mantle),
    ("xai.grok-4.3", Api::Responses, Service::Mantle),
    ("xai.grok-4.3", Api::ChatCompletions, Service::Mantle),
    ("openai.gpt-oss-120b-1:0", Api::Responses, Service::Mantle),
    ("openai.gpt-oss-120b-1:0", Api::ChatCompletions, Service::Runtime),
    ("openai.gpt-oss-120b-1:0", Api::ChatCompletions, Service::Mantle),
];

/// A PNG of one pixel.
const PNG: &[u8] = &[
    137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 0, 13, 73, 72, 68, 82, 0, 0, 0, 1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 31, 21, 196,
    137, 0, 0, 0, 13, 73, 68, 65, 84, 120, 218, 99, 252, 207, 192, 240, 31, 0, 5, 5, 2, 0, 95, 200, 241, 210, 0, 0, 0,
    0, 73, 69, 78, 68, 174, 66, 96, 130,
];

fn chat(bedrock: &LocalBedrock, (model, api, service): (&str, Api, Service), options: ChatOptions) -> BedrockChat {
    let credentials = Credentials::new(TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY);
    let builder = BedrockChat::builder(model).region("us-east-1").credentials(credentials).endpoint_url(bedrock.url());
    builder.api(api).service(service).options(&options).build().unwrap()
}

fn weather() -> Tool {
    let schema = json!({"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]});
    Tool::new("get_weather", "Returns the weather of a city.", Json::parse(&schema.to_string()).unwrap())
}

/// The parts of a message that all APIs have: the text, the calls, and the reason why it ended.
fn parts(message: &AiMessage) -> Value {
    let calls: Vec<Value> = message
        .tool_calls()
        .map(|call| json!([call.name, serde_json::from_str::<Value>(call.args.as_str()).unwrap()]))
        .collect();
    json!({"text": message.text(), "calls": calls, "stop": format!("{:?}", message.stop_reason)})
}

async fn ask(chat: &BedrockChat, messages: &[Message], streamed: bool) -> AiMessage {
    match streamed {
        true => chat.stream(messages.to_vec()).await.unwrap().message().await.unwrap(),
        false => chat.invoke(messages.to_vec()).await.unwrap(),
    }
}

/// Asks with a tool, answers the call, and returns both replies.
async fn tool_turns(chat: &BedrockChat, streamed: bool) -> [AiMessage; 2] {
    let mut messages = vec![Message::system("Be brief."), Message::human("What is the weather in Paris?")];
    let first = ask(chat, &messages, streamed).await;
    assert_eq!(first.stop_reason, Some(StopReason::ToolUse), "{first:?}");
    let ids: Vec<String> = first.tool_calls().map(|call| call.id.clone()).collect();
    messages.push(first.clone().into());
    let results =
        ids.into_iter().map(|id| Content::ToolResult(ToolResult::new(id, [Content::text("18 degrees and sunny")])));
    messages.push(Message::new(Role::Tool, results.collect::<Vec<_>>()));
    let second = ask(chat, &messages, streamed).await;
    [first, second]
}

#[tokio::test]
async fn tool_turns_are_equal_over_all_apis() {
    let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
    let mut expected = None;
    for route in ROUTES {
        for streamed in [false, true] {
            let chat = chat(&bedrock, *route, ChatOptions::default().with_tools([weather()]));
            let turns = tool_turns(&chat, streamed).await;
            let found = turns.each_ref().map(parts);
            assert_eq!(&found, expected.get_or_insert(found.clone()), "{route:?} streamed: {streamed}");
            for turn in &turns {
                let usage = turn.usage.as_ref().unwrap_or_else(|| panic!("{route:?} has usage"));
                assert!(usage.input_tokens > 0 && usage.output_tokens > 0, "{route:?} {usage:?}");
            }
        }
    }
}

#[tokio::test]
async fn image_is_read_over_all_apis() {
    let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
    let mut expected = None;
    for route in ROUTES.iter().filter(|(model, ..)| !model.contains("gpt-oss") && !model.contains("grok")) {
        let image = Content::image("image/png", PNG.to_vec());
        let message = Message::new(Role::Human, [Content::text("What is this?"), image]);
        let reply = ask(&chat(&bedrock, *route, ChatOptions::default()), &[message], true).await;
        let found = reply.text();
        assert_eq!(&found, expected.get_or_insert(found.clone()), "{route:?}");
        assert!(found.contains("png"), "{found}");
    }
}

#[tokio::test]
async fn reasoning_is_returned_and_accepted_back_over_all_apis() {
    let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
    // Over Chat Completions only gpt-oss returns the text of its reasoning. Gemma has no effort.
    let returns_reasoning = |(model, api, _): &&(&str, Api, Service)| {
        !model.contains("gemma") && (*api != Api::ChatCompletions || model.contains("gpt-oss"))
    };
    for route in ROUTES.iter().filter(returns_reasoning) {
        let options = ChatOptions::default().with_reasoning(Reasoning::Effort("low".into()));
        let chat = chat(&bedrock, *route, options);
        for streamed in [false, true] {
            let mut messages = vec![Message::human("Think about it: 2 + 2?")];
            let first = ask(&chat, &messages, streamed).await;
            let is_reasoning = |block: &Content| {
                matches!(block, Content::Thinking(_) | Content::RedactedThinking(_) | Content::Raw(_))
            };
            assert!(first.content.iter().any(is_reasoning), "{route:?} streamed: {streamed} {first:?}");
            messages.push(first.into());
            messages.push(Message::human("And 3 + 3?"));
            let second = ask(&chat, &messages, streamed).await;
            assert_eq!(second.stop_reason, Some(StopReason::EndTurn), "{route:?}");
        }
    }
}

#[tokio::test]
async fn typed_output_is_equal_over_all_apis() {
    #[derive(Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
    struct City {
        name: String,
        is_capital: bool,
    }
    let bedrock = LocalBedrock::builder().region("us-east-1").start().await.unwrap();
    let mut expected = None;
    for route in ROUTES {
        // For gpt-oss the table does not know whether Responses accepts a schema.
        let schemas = Capabilities::unknown().with(Capability::JsonSchema, true);
        let options = match route.0.contains("gpt-oss") {
            true => ChatOptions::default().with_capabilities(schemas),
            false => ChatOptions::default(),
        };
        let structured = chat(&bedrock, *route, options).with_structured_output::<City>();
        let city = structured.invoke("Tell me about Paris.").await.unwrap_or_else(|error| panic!("{route:?} {error}"));
        let found = format!("{city:?}");
        assert_eq!(&found, expected.get_or_insert(found.clone()), "{route:?}");
    }
}
