//! The refusals that users report: each refused request, with the reported message, next to a request that is
//! accepted.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // Tests.

#[path = "../support/mod.rs"]
mod support;

mod cache_points;
mod reasoning;
mod sampling;
mod schemas;
mod turns;

use local_bedrock::LocalBedrock;
use serde_json::{Value, json};
use support::{Reply, post};

/// One request: the model, the operation, the body, and a part of its refusal; `None` if it is accepted.
type Case<'a> = (&'a str, &'a str, Value, Option<&'a str>);

async fn send(bedrock: &LocalBedrock, model: &str, operation: &str, body: &Value) -> Reply {
    post(bedrock, &format!("/model/{}/{operation}", model.replace(':', "%3A")), body).await
}

async fn check(cases: Vec<Case<'_>>) {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (model, operation, body, words) in cases {
        let reply = send(&bedrock, model, operation, &body).await;
        match words {
            None => assert_eq!(reply.status, 200, "{model} {operation}: {} for {body}", reply.message()),
            Some(words) => {
                assert_eq!((reply.status, reply.error_type()), (400, "ValidationException"), "{model} takes {body}");
                assert!(reply.message().contains(words), "{model}: wanted {words:?}, got {:?}", reply.message());
            }
        }
    }
}

fn and(mut body: Value, parts: Value) -> Value {
    body.as_object_mut().unwrap().extend(parts.as_object().unwrap().clone());
    body
}

/// Returns a request in Claude's native format.
fn claude(parts: Value) -> Value {
    let messages = json!([{"role": "user", "content": "Hi"}]);
    and(json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 4000, "messages": messages}), parts)
}

fn user(blocks: Value) -> Value {
    json!({"role": "user", "content": blocks})
}

fn assistant(blocks: Value) -> Value {
    json!({"role": "assistant", "content": blocks})
}

/// Returns a Converse request.
fn converse(parts: Value) -> Value {
    and(json!({"messages": [user(json!([{"text": "Hi"}]))]}), parts)
}

/// Returns a Converse tool.
fn spec(schema: Value) -> Value {
    json!({"toolSpec": {"name": "f", "inputSchema": {"json": schema}}})
}
