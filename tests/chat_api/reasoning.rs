//! Reasoning: requested in each family's form, shown as it arrives, and sent back unchanged.

use bedrock_chat::{Api, ChatEvent, Content, ErrorKind, Message, Reasoning};
use local_bedrock::LocalBedrock;

use crate::{BOTH, CLAUDE, COMMAND_R, GPT_OSS, JAMBA, calling, sent, weather};

const NOVA_2: &str = "us.amazon.nova-2-lite-v1:0";

fn low() -> Reasoning {
    Reasoning::Effort("low".into())
}

#[tokio::test]
async fn reasoning_is_before_text_over_both_apis() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (model, reasoning) in [
        (CLAUDE, Reasoning::Budget(2048)),
        ("us.anthropic.claude-opus-4-6-v1", Reasoning::Adaptive),
        ("us.anthropic.claude-opus-4-6-v1", low()),
        (NOVA_2, low()),
        (GPT_OSS, low()),
    ] {
        for api in BOTH {
            let chat = calling(&bedrock, model, api).reasoning(reasoning.clone()).build().unwrap();
            let reply = chat.invoke("Is 91 prime?").await;
            let reply = reply.unwrap_or_else(|error| panic!("{model} {api:?} {reasoning:?}: {error}"));
            assert!(!reply.thinking().is_empty(), "{model} {api:?} {reasoning:?}: {reply:?}");
            assert!(reply.text().contains("Is 91 prime?") && !reply.text().contains("<reasoning>"), "{model} {api:?}");
            let mut stream = chat.stream("Is 91 prime?").await.unwrap();
            let mut order = Vec::new();
            while let Some(event) = stream.next().await {
                match event.unwrap() {
                    ChatEvent::Thinking { .. } => order.push("thinking"),
                    ChatEvent::Text { .. } => order.push("text"),
                    _ => {}
                }
            }
            order.dedup();
            assert_eq!(order, ["thinking", "text"], "{model} {api:?}");
            assert_eq!(stream.so_far().thinking(), reply.thinking(), "{model} {api:?}");
        }
    }
}

#[tokio::test]
async fn signed_reasoning_is_replayed_also_with_tools() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for api in BOTH {
        let chat = calling(&bedrock, CLAUDE, api).reasoning(Reasoning::Budget(2048)).build().unwrap();
        let chat = chat.bind_tools([weather()]);
        for question in ["The weather in Rome?", "The weather in Rome, and some redacted thinking?"] {
            let mut messages = vec![Message::human(question)];
            let reply = chat.stream(&messages).await.unwrap().message().await.unwrap();
            let signed =
                reply.content.iter().any(|block| matches!(block, Content::Thinking(it) if it.signature.is_some()));
            assert!(signed, "{api:?}");
            let call = reply.tool_calls().next().unwrap().id.clone();
            messages.extend([reply.into(), Message::tool(call, "18 degrees")]);
            // The server checks every signature.
            let answer = chat.invoke(&messages).await.unwrap_or_else(|error| panic!("{api:?}: {error}"));
            assert!(answer.text().contains("18 degrees"), "{api:?}");
        }
    }
}

#[tokio::test]
async fn reasoning_mode_unknown_to_a_family_is_refused() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (model, api, reasoning) in [
        (GPT_OSS, Api::Invoke, Reasoning::Budget(1024)),
        (GPT_OSS, Api::Converse, Reasoning::Adaptive),
        (NOVA_2, Api::Invoke, Reasoning::Budget(1024)),
        (JAMBA, Api::Invoke, low()),
        (COMMAND_R, Api::Invoke, low()),
    ] {
        let chat = calling(&bedrock, model, api).reasoning(reasoning.clone()).build().unwrap();
        let error = chat.invoke("a").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{model} {api:?} {reasoning:?}: {error}");
    }
    for (reasoning, temperature) in [(Reasoning::Budget(100), None), (Reasoning::Budget(1024), Some(0.5))] {
        for api in BOTH {
            let mut builder = calling(&bedrock, CLAUDE, api).reasoning(reasoning.clone());
            if let Some(temperature) = temperature {
                builder = builder.temperature(temperature);
            }
            let error = builder.build().unwrap().invoke("a").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config, "{api:?}: {error}");
        }
    }
    assert!(bedrock.requests().is_empty());
}

#[tokio::test]
async fn reasoning_can_be_disabled() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for api in BOTH {
        let chat = calling(&bedrock, CLAUDE, api).reasoning(Reasoning::Disabled).build().unwrap();
        assert!(chat.invoke("a").await.unwrap().thinking().is_empty());
        assert!(sent(&bedrock).to_string().contains(r#""thinking":{"type":"disabled"}"#), "{api:?}");
    }
}
