//! Chat-completions models and Command R against the local Bedrock. It checks every key of a body
//! by the family, refuses tool results without their calls, and answers in the family's own form.

#![cfg(feature = "reqwest")]
// Clippy exempts only `#[test]` functions, and these files have helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use bedrock_chat::{
    AiMessage, BedrockChat, ChatOptions, Content, Credentials, ErrorKind, Json, Message, Reasoning, StopReason, Tool,
    ToolChoice,
};
use local_bedrock::{LocalBedrock, TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY};

const MODELS: [&str; 13] = [
    "openai.gpt-oss-120b-1:0",
    "qwen.qwen3-32b-v1:0",
    "deepseek.v3-v1:0",
    "mistral.mistral-large-2402-v1:0",
    "us.mistral.pixtral-large-2502-v1:0",
    "ai21.jamba-1-5-large-v1:0",
    "us.writer.palmyra-x5-v1:0",
    "moonshotai.kimi-k2.5",
    "minimax.minimax-m2",
    "zai.glm-4.7",
    "nvidia.nemotron-nano-9b-v2",
    "google.gemma-3-27b-it",
    "cohere.command-r-plus-v1:0",
];

fn chat(bedrock: &LocalBedrock, model: &str) -> BedrockChat {
    BedrockChat::builder(model)
        .region("us-east-1")
        .credentials(Credentials::new(TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY))
        .endpoint_url(bedrock.url())
        .max_tokens(1000)
        .build()
        .unwrap()
}

fn weather() -> Tool {
    let schema = r#"{"type":"object","properties":{"location":{"type":"string"}},"required":["location"]}"#;
    Tool::new("get_weather", "Get the weather in a place", Json::parse(schema).unwrap())
}

async fn streamed(chat: &BedrockChat, messages: &[Message]) -> AiMessage {
    let mut stream = chat.stream(messages).await.unwrap();
    while let Some(event) = stream.next().await {
        event.unwrap();
    }
    stream.so_far()
}

#[tokio::test]
async fn chat_conversation_round_trips_in_every_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in MODELS {
        let messages = [
            ("system", "You translate English to French."),
            ("human", "Good morning."),
            ("ai", "Bonjour."),
            ("human", "I love programming."),
        ];
        let reply = chat(&bedrock, model).invoke(messages).await.unwrap();
        assert_eq!(reply.text(), "J'adore la programmation.", "{model}");
        assert_eq!(reply.stop_reason, Some(StopReason::EndTurn), "{model}");
        assert!(reply.usage.is_some_and(|usage| usage.input_tokens > 0 && usage.output_tokens > 0), "{model}");
        assert_eq!(reply.thinking().is_empty(), !model.starts_with("openai"), "{model}");
    }
    assert!(bedrock.requests().iter().all(|request| request.verdict.is_accepted()));
}

#[tokio::test]
async fn stream_adds_up_to_the_invoked_reply() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in MODELS {
        let chat = chat(&bedrock, model);
        let messages = [Message::human("Say something about the sea, and be quick.")];
        let whole = chat.invoke(&messages[..]).await.unwrap();
        let streamed = streamed(&chat, &messages).await;
        assert_eq!((&streamed.content, &streamed.stop_reason), (&whole.content, &whole.stop_reason), "{model}");
        assert_eq!(streamed.usage, whole.usage, "{model}");
    }
}

#[tokio::test]
async fn tool_call_and_result_work_in_every_chat_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in MODELS {
        let chat = chat(&bedrock, model).bind_tools([weather()]);
        for as_stream in [false, true] {
            let mut messages = vec![Message::human("What is the weather in Paris?")];
            let reply =
                if as_stream { streamed(&chat, &messages).await } else { chat.invoke(&messages).await.unwrap() };
            assert_eq!(reply.stop_reason, Some(StopReason::ToolUse), "{model}");
            let calls: Vec<_> = reply.tool_calls().cloned().collect();
            assert_eq!(calls.len(), 1, "{model}: {reply:?}");
            assert_eq!(calls[0].name, "get_weather", "{model}");
            assert!(!calls[0].id.is_empty(), "{model}");
            messages.push(reply.into());
            messages.push(Message::tool(&calls[0].id, "18 degrees and rain"));
            let answer = chat.invoke(&messages).await.unwrap();
            assert!(answer.text().contains("18 degrees"), "{model}: {}", answer.text());
            // The conversation continues: the results are now history.
            messages.push(answer.into());
            messages.push(Message::human("Thank you."));
            assert!(!chat.invoke(&messages).await.unwrap().text().is_empty(), "{model}");
        }
    }
    assert!(bedrock.requests().iter().all(|request| request.status == Some(200)));
}

#[tokio::test]
async fn forced_tool_call_works_where_supported() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in MODELS {
        let mut other = weather();
        other.name = "get_time".into();
        let chat = chat(&bedrock, model).bind_tools([weather(), other]);
        for choice in [ToolChoice::Any, ToolChoice::Tool("get_time".into())] {
            let options = ChatOptions::default().with_tool_choice(choice.clone());
            let reply = chat.with_options(&options).invoke("Hello").await;
            if model.starts_with("cohere") {
                assert_eq!(reply.unwrap_err().kind(), ErrorKind::Unsupported);
                continue;
            }
            let reply = reply.unwrap();
            let called = reply.tool_calls().next().unwrap_or_else(|| panic!("{model}: {reply:?}"));
            assert!(choice == ToolChoice::Any || called.name == "get_time", "{model}");
        }
    }
}

#[tokio::test]
async fn options_are_fields_of_each_chat_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in MODELS {
        let options =
            ChatOptions::default().with_max_tokens(100).with_temperature(0.5).with_top_p(0.9).with_stop(["END"]);
        chat(&bedrock, model)
            .with_options(&options)
            .invoke("Hi")
            .await
            .unwrap_or_else(|error| panic!("{model}: {error}"));
    }
    let options = ChatOptions::default().with_reasoning(Reasoning::Effort("high".into()));
    for model in ["openai.gpt-oss-120b-1:0", "moonshot.kimi-k2-thinking", "zai.glm-4.7"] {
        chat(&bedrock, model).with_options(&options).invoke("Hi").await.unwrap();
    }
    let picture =
        Message::human("What is this?").with(Content::image("image/png", vec![137, 80, 78, 71, 13, 10, 26, 10]));
    for model in ["us.mistral.pixtral-large-2502-v1:0", "qwen.qwen3-vl-235b-a22b", "google.gemma-3-27b-it"] {
        let reply = chat(&bedrock, model).invoke(picture.clone()).await.unwrap();
        assert!(reply.text().to_lowercase().contains("png"), "{model}: {}", reply.text());
    }
}
