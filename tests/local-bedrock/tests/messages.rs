//! Anthropic's Messages API on mantle.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // Tests.

mod support;

use local_bedrock::LocalBedrock;
use serde_json::{Value, json};
use support::{Reply, Request, post_mantle, send};

const PATH: &str = "/anthropic/v1/messages";

fn hello(more: Value) -> Value {
    let mut body = json!({"model": "anthropic.claude-sonnet-5-5", "max_tokens": 500, "messages": [{"role": "user", "content": "Hello"}]});
    for (key, value) in more.as_object().unwrap() {
        body[key] = value.clone();
    }
    body.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    body
}

async fn ask(bedrock: &LocalBedrock, more: Value) -> Reply {
    post_mantle(bedrock, PATH, &hello(more)).await
}

fn error(reply: &Reply) -> (u16, String, String) {
    let body = reply.json();
    assert_eq!(body["type"], "error", "{body}");
    assert!(body["request_id"].as_str().unwrap().starts_with("req_"), "{body}");
    let text = |key: &str| body["error"][key].as_str().unwrap().to_owned();
    (reply.status, text("type"), text("message"))
}

#[tokio::test]
async fn messages_reply_and_stream_agree() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let reply = ask(&bedrock, json!({"thinking": {"type": "adaptive"}})).await.json();
    assert_eq!((&reply["content"][0]["type"], &reply["content"][1]["type"]), (&json!("thinking"), &json!("text")));
    assert_eq!((&reply["model"], &reply["usage"]["service_tier"]), (&json!("claude-sonnet-5-5"), &json!("standard")));
    let streamed = ask(&bedrock, json!({"thinking": {"type": "adaptive"}, "stream": true})).await;
    let raw = String::from_utf8(streamed.body.clone()).unwrap();
    assert!(raw.starts_with("event: message_start\ndata: {\"type\":\"message_start\""), "{raw}");
    let events = streamed.sse();
    assert_eq!(events.last().unwrap()["type"], "message_stop");
    let said: String = events.iter().filter_map(|event| event["delta"]["text"].as_str()).collect();
    assert_eq!(said, reply["content"][1]["text"].as_str().unwrap());
    let replayed = json!({"messages": [{"role": "user", "content": "Hello"},
        {"role": "assistant", "content": reply["content"]}, {"role": "user", "content": "And?"}]});
    assert_eq!(ask(&bedrock, replayed).await.status, 200);
}

#[tokio::test]
async fn messages_refusals_have_anthropics_shape() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (more, part) in [
        (json!({"max_tokens": null}), "max_tokens: Field required"),
        (json!({"anthropic_version": "bedrock-2023-05-31"}), "anthropic_version: Extra inputs are not permitted"),
        (json!({"anthropic_beta": ["x"]}), "anthropic_beta: Extra inputs are not permitted"),
        (json!({"messages": []}), "messages: at least one message is required"),
        (json!({"thinking": {"type": "disabled"}}), "\"thinking.type.disabled\" is not supported for this model."),
    ] {
        let (status, kind, message) = error(&ask(&bedrock, more.clone()).await);
        assert_eq!((status, kind.as_str()), (400, "invalid_request_error"), "{more}: {message}");
        assert!(message.starts_with(part), "{more}: {message}");
    }
    let (status, kind, message) = error(&ask(&bedrock, json!({"model": "us.anthropic.claude-sonnet-5-5"})).await);
    assert_eq!(
        (status, kind.as_str(), message.as_str()),
        (404, "not_found_error", "model: us.anthropic.claude-sonnet-5-5")
    );
    let mut request = Request::post(PATH, &hello(json!({})));
    request.service = "bedrock-mantle".into();
    let (_, _, message) = error(&send(&bedrock, request).await);
    assert!(message.starts_with("anthropic-version"), "{message}");
}

#[tokio::test]
async fn messages_tokens_are_counted_as_they_are_charged() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let tool = json!({"name": "get_weather", "input_schema": {"type": "object"}});
    let more = json!({"system": "Be kind.", "tools": [tool]});
    let charged = ask(&bedrock, more.clone()).await.json()["usage"]["input_tokens"].clone();
    let mut body = hello(more);
    body.as_object_mut().unwrap().remove("max_tokens");
    let path = format!("{PATH}/count_tokens");
    assert_eq!(post_mantle(&bedrock, &path, &body).await.json(), json!({"input_tokens": charged}));
    body["max_tokens"] = json!(5);
    assert_eq!(error(&post_mantle(&bedrock, &path, &body).await).2, "max_tokens: Extra inputs are not permitted");
}

#[tokio::test]
async fn bearer_key_reaches_mantle_at_its_own_port() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let body = json!({"model": "openai.gpt-5.6-luna", "input": "Hi"});
    let mut request = Request::post("/openai/v1/responses", &body).header("host", "127.0.0.1");
    let key = format!("Bearer {}", bedrock.test_credentials().bearer_key);
    request = request.header("authorization", &key);
    let at = async |port: u16| support::exchange(port, &request.to_bytes()).await;
    assert_eq!(at(bedrock.mantle_port()).await.status, 200);
    assert_eq!(at(bedrock.port()).await.status, 400, "GPT needs a profile on the other endpoint");
    let endpoints: Vec<String> = bedrock.requests().iter().map(|request| format!("{:?}", request.endpoint)).collect();
    assert_eq!(endpoints, ["Mantle", "Runtime"]);
}
