//! Events of a stream merge into the same message as a reply without a stream.

use bedrock_chat::{Accumulator, AiMessage, Api, BedrockChat, ChatOptions, Guardrail, Message, Reasoning};
use local_bedrock::LocalBedrock;

use crate::{CLAUDE, COMMAND_R, GPT_OSS, JAMBA, LLAMA, MISTRAL, NOVA, OLD_CLAUDE, PIXTRAL, QWEN, calling, weather};

/// One model of every shape and template.
pub(crate) const MODELS: [&str; 22] = [
    CLAUDE,
    OLD_CLAUDE,
    NOVA,
    MISTRAL,
    PIXTRAL,
    GPT_OSS,
    QWEN,
    JAMBA,
    COMMAND_R,
    LLAMA,
    "us.meta.llama4-maverick-17b-instruct-v1:0",
    "us.deepseek.r1-v1:0",
    "deepseek.v3-v1:0",
    "mistral.mixtral-8x7b-instruct-v0:1",
    "amazon.titan-text-express-v1",
    "cohere.command-text-v14",
    "anthropic.claude-v2:1",
    "writer.palmyra-x5-v1:0",
    "moonshotai.kimi-k2.5",
    "zai.glm-4.6",
    "minimax.minimax-m2",
    "google.gemma-3-27b-it",
];

/// Returns the message without the members that differ in every call.
fn comparable(mut message: AiMessage) -> AiMessage {
    (message.id, message.request_id) = (None, None);
    message.response_metadata.clear();
    message
}

async fn whole_and_streamed(chat: &BedrockChat, messages: &[Message]) -> bedrock_chat::Result<(AiMessage, AiMessage)> {
    let whole = chat.invoke(messages).await?;
    let mut stream = chat.stream(messages).await?;
    // Events go through JSON, as they do between processes.
    let mut sum = Accumulator::new();
    while let Some(event) = stream.next().await {
        let text = serde_json::to_string(&event?).unwrap();
        sum.push(&serde_json::from_str(&text).unwrap());
    }
    let sum = sum.finish();
    assert_eq!(comparable(sum.clone()), comparable(stream.so_far()), "the stream's own sum");
    Ok((comparable(whole), comparable(sum)))
}

#[tokio::test]
async fn streamed_message_equals_invoked_in_every_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let messages = [Message::human("Tell me a story about a lighthouse.")];
    for model in MODELS {
        for api in [Api::Invoke, Api::Converse] {
            for tokens in [200, 5] {
                let chat = calling(&bedrock, model, api).max_tokens(tokens).build().unwrap();
                let both = whole_and_streamed(&chat, &messages).await;
                let (whole, streamed) = both.unwrap_or_else(|error| panic!("{model} {api:?}: {error}"));
                assert_eq!(whole, streamed, "{model} {api:?} {tokens}");
                assert!(whole.stop_reason.is_some() && !whole.content.is_empty(), "{model} {api:?}: {whole:?}");
            }
        }
    }
}

#[tokio::test]
async fn stream_merges_tool_calls_reasoning_and_guardrails() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for api in [Api::Invoke, Api::Converse] {
        for model in [CLAUDE, NOVA, MISTRAL, GPT_OSS, QWEN, JAMBA, COMMAND_R] {
            let chat = calling(&bedrock, model, api).build().unwrap().bind_tools([weather()]);
            let asked = [Message::human("The weather in Paris and Rome?")];
            let (whole, streamed) = whole_and_streamed(&chat, &asked).await.unwrap();
            assert_eq!(whole, streamed, "{model} {api:?}");
            assert_eq!(streamed.tool_calls().count(), 2, "{model} {api:?}");
            // The token limit may cut anywhere: half a call is not a call, whole or streamed.
            for tokens in 1..32 {
                let chat = chat.with_options(&ChatOptions::default().with_max_tokens(tokens));
                let (whole, streamed) = whole_and_streamed(&chat, &asked).await.unwrap();
                let calls = |reply: &AiMessage| reply.tool_calls().cloned().collect::<Vec<_>>();
                assert_eq!(calls(&whole), calls(&streamed), "{model} {api:?} {tokens}");
                assert!(calls(&whole).iter().all(|call| call.args.as_str() != "{}"), "{model} {api:?} {tokens}");
                let invalid = |reply: &AiMessage| reply.invalid_tool_calls().count();
                assert_eq!(invalid(&whole), invalid(&streamed), "{model} {api:?} {tokens}: {whole:?}");
            }
            let chat = calling(&bedrock, model, api).guardrail(Guardrail::new("gr123", "1")).build().unwrap();
            let (whole, streamed) = whole_and_streamed(&chat, &[Message::human("BLOCKED")]).await.unwrap();
            assert_eq!(whole, streamed, "{model} {api:?}");
        }
        let chat = calling(&bedrock, CLAUDE, api).reasoning(Reasoning::Budget(1024)).build().unwrap();
        let asked = [Message::human("Some redacted thinking, please.")];
        let (whole, streamed) = whole_and_streamed(&chat, &asked).await.unwrap();
        assert_eq!(whole, streamed, "{api:?}");
        assert!(streamed.content.len() >= 3, "{streamed:?}");
    }
}

#[tokio::test]
async fn replies_round_trip_through_json() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in [CLAUDE, GPT_OSS, NOVA] {
        let chat = calling(&bedrock, model, Api::Invoke).build().unwrap().bind_tools([weather()]);
        let reply = chat.invoke("The weather in Rome?").await.unwrap();
        let text = serde_json::to_string(&reply).unwrap();
        assert_eq!(serde_json::from_str::<AiMessage>(&text).unwrap(), reply);
    }
}
