//! The gateway: who may call which models, limits, errors in the client's API, streams, and calls that pass on. The
//! models are those of the local Bedrock, or prepared replies.

#![cfg(all(feature = "gateway", feature = "reqwest"))]
// Clippy exempts only `#[test]` functions, and these files have helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod access;
mod defaults;
mod efforts;
mod failures;
mod limits;
mod models;
mod passed;
mod records;
mod streams;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bedrock_chat::gateway::{Gateway, GatewayCall, GatewayRequest, GatewaySettings, KeySettings, body};
use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    BedrockChat, BedrockChatBuilder, BoxFuture, Credentials, Headers, HttpResponse, Json, Method, Runtime,
    SystemRuntime,
};
use futures_util::StreamExt;
use local_bedrock::{LocalBedrock, TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY};
use serde_json::{Value, json};

const KEY: &str = "gw-0123456789";
const CLAUDE: &str = "us.anthropic.claude-sonnet-4-6";
const NOVA: &str = "us.amazon.nova-lite-v1:0";

/// A chat with prepared replies.
fn prepared(transport: &MemoryTransport) -> BedrockChatBuilder {
    let chat = BedrockChat::builder(CLAUDE).region("us-east-1").credentials(Credentials::new("AKIDEXAMPLE", "secret"));
    chat.transport(transport.clone())
}

/// A chat of the local Bedrock.
fn local(bedrock: &LocalBedrock) -> BedrockChatBuilder {
    let credentials = Credentials::new(TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY);
    BedrockChat::builder(CLAUDE).region("us-east-1").credentials(credentials).endpoint_url(bedrock.url())
}

/// A clock that stands still in the middle of a month, so that limits do not depend on how long a test takes.
#[derive(Debug)]
struct Still;

impl Runtime for Still {
    fn now(&self) -> Duration {
        Duration::from_secs(1_795_000_000)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        SystemRuntime.sleep(duration)
    }

    fn random(&self) -> f64 {
        0.5
    }
}

/// Settings with one key for all models.
fn open() -> GatewaySettings {
    GatewaySettings::default().with_key("alice", KeySettings::new(KEY))
}

fn settings(value: Value) -> GatewaySettings {
    GatewaySettings::from_json(&Json::parse(&value.to_string()).unwrap()).unwrap()
}

fn gateway(chat: BedrockChatBuilder, settings: GatewaySettings) -> Gateway {
    Gateway::new(chat, settings).unwrap()
}

/// Returns a gateway with a list of its calls that have ended.
fn watched(chat: BedrockChatBuilder, settings: GatewaySettings) -> (Gateway, Arc<Mutex<Vec<GatewayCall>>>) {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&calls);
    (gateway(chat, settings).on_call(move |call| list.lock().unwrap().push(call.clone())), calls)
}

/// A request with the key.
fn post(path: &str, given: &Value) -> GatewayRequest {
    let mut headers = Headers::new();
    headers.push("authorization", format!("Bearer {KEY}"));
    headers.push("content-type", "application/json");
    GatewayRequest::new(Method::Post, path, headers, body(given.to_string()))
}

fn get(path: &str) -> GatewayRequest {
    with(post(path, &json!({})), |request| (request.method, request.body) = (Method::Get, body("")))
}

/// Returns a request with a change.
fn with(mut request: GatewayRequest, change: impl FnOnce(&mut GatewayRequest)) -> GatewayRequest {
    change(&mut request);
    request
}

/// A request of a short chat in OpenAI's API.
fn hello(model: &str) -> GatewayRequest {
    post("/v1/chat/completions", &json!({"model": model, "messages": [{"role": "user", "content": "Hello?"}]}))
}

async fn text(response: HttpResponse) -> (u16, String) {
    let mut all = Vec::new();
    let mut pieces = response.body;
    while let Some(piece) = pieces.next().await {
        all.extend_from_slice(&piece.unwrap());
    }
    (response.status, String::from_utf8(all).unwrap())
}

async fn answer(gateway: &Gateway, request: GatewayRequest) -> (u16, Value) {
    let (status, text) = text(gateway.handle(request).await).await;
    (status, serde_json::from_str(&text).unwrap())
}

/// A reply of Converse.
fn converse() -> Reply {
    let message = json!({"role": "assistant", "content": [{"text": "Hello!"}]});
    let usage = json!({"inputTokens": 600, "outputTokens": 400, "totalTokens": 1000});
    Reply::json(200, json!({"output": {"message": message}, "stopReason": "end_turn", "usage": usage}).to_string())
}

/// A reply of Claude over InvokeModel.
fn claude() -> Reply {
    let content = json!([{"type": "text", "text": "Hello!"}]);
    let usage = json!({"input_tokens": 600, "output_tokens": 400});
    let reply = json!({"id": "msg_1", "type": "message", "role": "assistant", "content": content,
        "stop_reason": "end_turn", "usage": usage});
    Reply::json(200, reply.to_string())
}
