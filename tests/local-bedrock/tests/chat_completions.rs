//! OpenAI's Chat Completions API on both endpoints.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // Tests.

mod support;

use local_bedrock::LocalBedrock;
use serde_json::{Value, json};
use support::{Reply, post, post_mantle};

const OSS: &str = "openai.gpt-oss-120b";

fn hello(model: &str, more: Value) -> Value {
    let mut body = json!({"model": model, "messages": [{"role": "user", "content": "What is the weather in Paris?"}]});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body
}

fn weather() -> Value {
    json!({"type": "function", "function": {"name": "get_weather", "parameters":
        {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}})
}

async fn ask(bedrock: &LocalBedrock, model: &str, more: Value) -> Reply {
    let path = if model.starts_with("openai.gpt-oss") { "/v1/chat/completions" } else { "/openai/v1/chat/completions" };
    post_mantle(bedrock, path, &hello(model, more)).await
}

#[tokio::test]
async fn chat_completion_has_the_recorded_members() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let reply = ask(&bedrock, OSS, json!({})).await.json();
    let message = &reply["choices"][0]["message"];
    assert!(message["content"].as_str().unwrap().ends_with("What is the weather in Paris?"), "{reply}");
    assert!(message["reasoning"].as_str().unwrap().starts_with("The user says"), "{reply}");
    assert_eq!((&message["refusal"], &reply["service_tier"]), (&Value::Null, &json!("default")));
    assert!(reply["usage"].get("prompt_tokens_details").is_none(), "{reply}");
    assert_eq!(reply["id"].as_str().unwrap().len(), "chatcmpl-".len() + 36);
    let grok = ask(&bedrock, "xai.grok-4.3", json!({})).await.json();
    assert!(grok["choices"][0]["message"]["reasoning_content"].is_string(), "{grok}");
    let gpt = ask(&bedrock, "openai.gpt-5.6-luna", json!({"prompt_cache_key": "k"})).await.json();
    assert!(gpt["choices"][0]["message"].get("reasoning").is_none(), "{gpt}");
    assert!(gpt["usage"]["completion_tokens_details"]["reasoning_tokens"].as_u64().unwrap() > 0, "{gpt}");
}

#[tokio::test]
async fn chat_stream_ends_with_usage_and_done() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let more = json!({"stream": true, "stream_options": {"include_usage": true}, "tools": [weather()]});
    let reply = ask(&bedrock, OSS, more).await;
    assert!(!String::from_utf8(reply.body.clone()).unwrap().contains("event:"));
    let events = reply.sse();
    let [chunks @ .., finish, usage, done] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((done, &usage["choices"]), (&json!("[DONE]"), &json!([])));
    assert!(usage["usage"]["total_tokens"].as_u64().unwrap() > 0, "{usage}");
    assert_eq!(finish["choices"][0]["finish_reason"], "tool_calls");
    let joined = |pointer: &str| -> String {
        chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"].pointer(pointer)?.as_str()).collect()
    };
    assert_eq!(joined("/tool_calls/0/function/arguments"), r#"{"city":"Paris"}"#);
    assert_eq!(joined("/tool_calls/0/function/name"), "get_weather");
    assert!(joined("/reasoning").contains("echo model"));
    let without = ask(&bedrock, OSS, json!({"stream": true})).await.sse();
    assert!(without.iter().all(|chunk| chunk.get("usage").is_none()), "{without:?}");
}

#[tokio::test]
async fn chat_refusals_name_the_member() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let gpt = "openai.gpt-5.6-luna";
    let calls = json!([{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]);
    for (model, more, part) in [
        (gpt, json!({"max_tokens": 50}), "Unsupported parameter: 'max_tokens' is not supported with this model"),
        (gpt, json!({"tools": [weather()]}), "use /v1/responses or set reasoning_effort to 'none'."),
        (OSS, json!({"top_k": 5}), "Unknown parameter: 'top_k'."),
        (OSS, json!({"tools": [{"type": "function", "name": "f"}]}), "Unknown parameter: 'tools[0].name'."),
        (OSS, json!({"stream_options": {"include_usage": true}}), "only allowed when 'stream' is enabled"),
        (OSS, json!({"tool_choice": "required"}), "When using `tool_choice`, `tools` must be set."),
        (
            OSS,
            json!({"messages": [{"role": "assistant", "tool_calls": calls}, {"role": "user", "content": "x"}]}),
            "must be followed by tool messages",
        ),
        (
            OSS,
            json!({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "ftp://x"}}]}]}),
            "Invalid 'messages[0].content[0].image_url.url'",
        ),
    ] {
        let reply = ask(&bedrock, model, more.clone()).await;
        let (message, ..) = reply.openai_error();
        assert!(reply.status == 400 && message.contains(part), "{more}: {}", reply.json());
    }
    let allowed = ask(&bedrock, gpt, json!({"tools": [weather()], "reasoning_effort": "none"})).await.json();
    assert_eq!(allowed["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(ask(&bedrock, OSS, json!({"max_tokens": 50})).await.status, 200);
    let runtime = hello("openai.gpt-oss-120b-1:0", json!({}));
    assert_eq!(post(&bedrock, "/openai/v1/chat/completions", &runtime).await.status, 200);
}
