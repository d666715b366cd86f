//! Guardrails, service tier, latency, metadata and log probabilities: in headers or in the body, as each API has them.

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    Api, ChatOptions, Content, Credentials, Guardrail, GuardrailSource, GuardrailTrace, Json, Latency, Message,
    ServiceTier, StopReason,
};
use local_bedrock::LocalBedrock;

use crate::{BOTH, CLAUDE, GPT_OSS, LLAMA, MISTRAL, NOVA, calling, chat, sent};

#[tokio::test]
async fn guardrail_intervention_is_the_same_in_every_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in [CLAUDE, NOVA, MISTRAL, GPT_OSS, LLAMA] {
        for api in BOTH {
            let guardrail = Guardrail::new("gr123", "1").with_trace(GuardrailTrace::Enabled);
            let chat = calling(&bedrock, model, api).guardrail(guardrail).build().unwrap();
            let whole = chat.invoke("Is this BLOCKED?").await.unwrap();
            let streamed = chat.stream("Is this BLOCKED?").await.unwrap().message().await.unwrap();
            for reply in [whole, streamed] {
                let outcome = reply.guardrail().unwrap_or_else(|| panic!("{model} {api:?}: {reply:?}"));
                assert!(outcome.intervened && outcome.trace.is_some(), "{model} {api:?}: {reply:?}");
                assert_eq!(reply.stop_reason, Some(StopReason::GuardrailIntervened), "{model} {api:?}");
                assert!(reply.text().contains("guardrail"), "{model} {api:?}: {}", reply.text());
            }
            let reply = chat.invoke("Is this fine?").await.unwrap();
            assert!(reply.guardrail().is_none_or(|outcome| !outcome.intervened), "{model} {api:?}");
        }
    }
}

#[tokio::test]
async fn guard_content_is_tagged_or_a_converse_block() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let ask = |guarded: &str| {
        Message::human("Translate this.").with(Content::Guard(bedrock_chat::GuardContent::text(guarded)))
    };
    for model in [CLAUDE, NOVA, MISTRAL, GPT_OSS, LLAMA] {
        for (api, suffix) in [(Api::Invoke, Some("x7k2")), (Api::Converse, None)] {
            let mut guardrail = Guardrail::new("gr123", "1");
            guardrail.tag_suffix = suffix.map(str::to_owned);
            let chat = calling(&bedrock, model, api).guardrail(guardrail).build().unwrap();
            chat.invoke(ask("Good morning.")).await.unwrap_or_else(|error| panic!("{model} {api:?}: {error}"));
            let body = sent(&bedrock).to_string();
            let tagged = "<amazon-bedrock-guardrails-guardContent_x7k2>Good morning.</amazon-bedrock-guardrails-guardContent_x7k2>";
            assert_eq!(body.contains(tagged), api == Api::Invoke, "{model}: {body}");
            assert_eq!(body.contains("guardContent\":"), api == Api::Converse, "{model}: {body}");
            let reply = chat.invoke(ask("BLOCKED")).await.unwrap();
            assert_eq!(reply.stop_reason, Some(StopReason::GuardrailIntervened), "{model} {api:?}");
        }
        // There are no tags without a suffix, and the content is not sent unmarked.
        let chat = calling(&bedrock, model, Api::Invoke).guardrail(Guardrail::new("gr123", "1")).build().unwrap();
        let error = chat.invoke(ask("Good morning.")).await.unwrap_err();
        assert!(error.message().contains("guard content"), "{model}: {error}");
    }
}

#[tokio::test]
async fn apply_guardrail_checks_text_without_a_model() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock, CLAUDE, Api::Invoke).guardrail(Guardrail::new("gr123", "1")).build().unwrap();
    assert!(chat.apply_guardrail(GuardrailSource::Output, ["BLOCKED"]).await.unwrap().intervened);
    let fine = chat.apply_guardrail(GuardrailSource::Input, ["fine"]).await.unwrap();
    assert!(!fine.intervened && fine.outputs.is_empty());
}

#[tokio::test]
async fn tier_latency_and_metadata_are_headers_or_fields() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let options = ChatOptions::default()
        .with_service_tier(ServiceTier::Flex)
        .with_latency(Latency::Optimized)
        .with_request_metadata([("team", "blå")]);
    for model in [CLAUDE, NOVA, GPT_OSS] {
        for streamed in [false, true] {
            for api in BOTH {
                let chat = chat(&bedrock, model, api).with_options(&options);
                match streamed {
                    true => chat.stream("a").await.unwrap().message().await.unwrap(),
                    false => chat.invoke("a").await.unwrap(),
                };
                let request = bedrock.requests().pop().unwrap();
                let header = |name: &str| request.header(name).map(str::to_owned);
                let body = request.json();
                if api == Api::Invoke {
                    assert_eq!(header("x-amzn-bedrock-service-tier").as_deref(), Some("flex"), "{model}");
                    assert_eq!(header("x-amzn-bedrock-performanceconfig-latency").as_deref(), Some("optimized"));
                    let metadata = header("x-amzn-bedrock-request-metadata").unwrap();
                    assert_eq!(Json::parse(&metadata).unwrap(), serde_json::json!({"team": "blå"}));
                    for key in ["serviceTier", "performanceConfig", "requestMetadata"] {
                        assert!(body.get(key).is_none(), "{model}: {body}");
                    }
                } else {
                    assert_eq!(body["serviceTier"], serde_json::json!({"type": "flex"}), "{model}");
                    assert_eq!(body["performanceConfig"], serde_json::json!({"latency": "optimized"}));
                    assert_eq!(body["requestMetadata"], serde_json::json!({"team": "blå"}));
                    assert_eq!(header("x-amzn-bedrock-service-tier"), None);
                }
            }
        }
    }
}

#[tokio::test]
async fn log_probabilities_are_kept_in_metadata() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let kwargs = serde_json::json!({"logprobs": true, "top_logprobs": 1});
    let chat = calling(&bedrock, GPT_OSS, Api::Invoke).model_kwargs(kwargs).build().unwrap();
    let whole = chat.invoke("hello").await.unwrap();
    // Each token by its text, one after the other.
    let text = |reply: &bedrock_chat::AiMessage| {
        let logprobs = reply.metadata("logprobs").unwrap_or_else(|| panic!("{reply:?}"));
        let tokens = logprobs.view().get("content").into_iter().flat_map(|content| content.items());
        tokens.filter_map(|token| token.get("token")?.string()).collect::<String>()
    };
    assert!(text(&whole).contains("hello"), "{whole:?}");
    let streamed = chat.stream("hello").await.unwrap().message().await.unwrap();
    assert_eq!(text(&streamed), text(&whole), "those of all chunks");
}

#[test]
fn log_probabilities_are_kept_in_every_family() {
    let token = r#"{"token":"hi","logprob":-0.5}"#;
    for (model, key, answer) in [
        (
            "deepseek.v3-v1:0",
            "logprobs",
            r#"{"choices":[{"message":{"content":"hi"},"logprobs":{"content":[TOKEN]},"finish_reason":"stop"}]}"#,
        ),
        (
            "cohere.command-text-v14",
            "token_likelihoods",
            r#"{"generations":[{"text":"hi","finish_reason":"COMPLETE","token_likelihoods":[TOKEN]}]}"#,
        ),
        (
            "ai21.j2-ultra-v1",
            "tokens",
            r#"{"completions":[{"data":{"text":"hi","tokens":[TOKEN]},"finishReason":{"reason":"endoftext"}}]}"#,
        ),
        (
            "us.meta.llama3-3-70b-instruct-v1:0",
            "logprobs",
            r#"{"generation":"hi","stop_reason":"stop","logprobs":[TOKEN]}"#,
        ),
    ] {
        let transport = MemoryTransport::new([Reply::json(200, answer.replace("TOKEN", token))]);
        let chat = bedrock_chat::BedrockChat::builder(model)
            .region("us-east-1")
            .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
            .transport(transport)
            .api(Api::Invoke)
            .build()
            .unwrap();
        let reply = futures_executor::block_on(chat.invoke("hi")).unwrap();
        let kept = reply.metadata(key).unwrap_or_else(|| panic!("{model}: {reply:?}")).to_string();
        assert!(kept.contains("-0.5") && reply.text() == "hi", "{model}: {kept}");
    }
}

#[tokio::test]
async fn model_kwargs_are_placed_where_each_api_reads_them() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (api, pointer) in [(Api::Invoke, "/top_k"), (Api::Converse, "/additionalModelRequestFields/top_k")] {
        let chat =
            calling(&bedrock, CLAUDE, api).top_k(7).model_kwargs(serde_json::json!({"top_k": 7})).build().unwrap();
        chat.invoke("a").await.unwrap();
        assert_eq!(sent(&bedrock).pointer(pointer), Some(&serde_json::json!(7)), "{api:?}");
    }
}
