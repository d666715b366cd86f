//! Requests to the gateway.

use std::future::ready;
use std::hint::black_box;

use bedrock_chat::gateway::{Gateway, GatewayRequest, GatewaySettings, KeySettings, body};
use bedrock_chat::{
    BedrockChat, BoxFuture, Credentials, Headers, HttpRequest, HttpResponse, Method, Result, Transport,
};
use bytes::Bytes;
use futures_executor::block_on;

use super::Work;

/// A service that sends the same reply of Converse to every request.
#[derive(Debug)]
struct Answering;

impl Transport for Answering {
    fn send(&self, _: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>> {
        let reply = r#"{"output":{"message":{"role":"assistant","content":[{"text":"Hi."}]}},"stopReason":"end_turn"}"#;
        Box::pin(ready(Ok(HttpResponse::new(200, Headers::new(), body(reply)))))
    }
}

/// A request in Chat Completions to Amazon Nova. A limit must not make the gateway write it twice.
pub(super) fn translated(is_limited: bool) -> Work {
    let credentials = Credentials::new("AKIDEXAMPLE", "secret");
    let chat = BedrockChat::builder("us.amazon.nova-lite-v1:0").region("us-east-1").credentials(credentials);
    let key = KeySettings::new("gw-0123456789");
    let key = if is_limited { key.with_requests_per_minute(u32::MAX) } else { key };
    let gateway = Gateway::new(chat.transport(Answering), GatewaySettings::default().with_key("alice", key)).unwrap();
    let text = "I love programming. ".repeat(3277);
    let given = format!(r#"{{"model":"us.amazon.nova-lite-v1:0","messages":[{{"role":"user","content":"{text}"}}]}}"#);
    let given = Bytes::from(given);
    Box::new(move || {
        let mut headers = Headers::new();
        headers.push("authorization", "Bearer gw-0123456789");
        let request = GatewayRequest::new(Method::Post, "/v1/chat/completions", headers, body(given.clone()));
        let response = block_on(gateway.handle(request));
        assert_eq!(response.status, 200);
        black_box(response);
    })
}
