//! Messages on mantle: the body of InvokeModel with `model` and `stream`, and with the version in a header.

use serde_json::{Value, json};

use super::{Written, conversation, invalid, options, read, too_many_breakpoints};
use crate::delivery::Reply;
use crate::json::put;
use crate::model::Prompt;
use crate::problem::Problem;
use crate::shapes::Call;
use crate::shapes::keys::{self, Key, Kind, may, must};
use crate::sse::Dialect;

/// The members of a request, from @anthropic-ai/sdk 1.14.0. Betas are in a header.
const KEYS: [Key; 25] = [
    must("model", Kind::Text),
    must("max_tokens", Kind::Whole(0, u64::MAX)),
    must("messages", Kind::List),
    may("cache_control", Kind::Object),
    may("container", Kind::Any),
    may("context_management", Kind::Object),
    may("diagnostics", Kind::Any),
    may("inference_geo", Kind::Text),
    may("mcp_servers", Kind::List),
    may("metadata", Kind::Object),
    may("output_config", Kind::Object),
    may("output_format", Kind::Object),
    may("service_tier", Kind::OneOf(&["auto", "standard_only"])),
    may("speed", Kind::OneOf(&["standard", "fast"])),
    may("stop_sequences", Kind::Texts(8_191)),
    may("stream", Kind::Flag),
    may("system", Kind::Any),
    may("temperature", Kind::Number(0.0, 1.0)),
    may("thinking", Kind::Object),
    may("tool_choice", Kind::Object),
    may("tools", Kind::List),
    may("top_k", Kind::Whole(0, 500)),
    may("top_p", Kind::Number(0.0, 1.0)),
    may("user_profile_id", Kind::Text),
    may("workspace_id", Kind::Text),
];

/// The members of a request to count tokens.
const COUNTED: [&str; 11] = [
    "model",
    "messages",
    "system",
    "tools",
    "tool_choice",
    "thinking",
    "output_config",
    "output_format",
    "cache_control",
    "context_management",
    "mcp_servers",
];

/// Answers `POST /anthropic/v1/messages`.
pub(in crate::shapes) fn answer_messages(call: &Call<'_>, body: &Value) -> Result<Reply, Problem> {
    version(call)?;
    let prompt = prompt(call, body)?;
    let (answer, input) = call.answer(&prompt, body)?;
    let written = Written { answer: &answer, input, model: &call.model };
    if body.get("stream") == Some(&Value::Bool(true)) {
        let mut events = written.events();
        for event in &mut events {
            if let Some(message) = event.get_mut("message") {
                complete(message);
            }
        }
        let events = events.iter().map(|event| Dialect::Messages.event(event)).collect();
        return Ok(Reply::events(events, Dialect::Messages));
    }
    let mut message = written.message();
    complete(&mut message);
    Ok(Reply::json(&message))
}

/// Answers `POST /anthropic/v1/messages/count_tokens`.
pub(in crate::shapes) fn count_messages(call: &Call<'_>, body: &Value) -> Result<Reply, Problem> {
    version(call)?;
    let unknown = body.as_object().and_then(|map| map.keys().find(|key| !COUNTED.contains(&key.as_str())));
    if let Some(key) = unknown {
        return Err(invalid(key, "Extra inputs are not permitted"));
    }
    let mut body = body.clone();
    // A count has no limit of tokens, but the checks of reasoning require one.
    put(&mut body, "max_tokens", u64::from(u32::MAX));
    let prompt = prompt(call, &body)?;
    Ok(Reply::json(&json!({"input_tokens": prompt.ledger.total()})))
}

fn prompt(call: &Call<'_>, body: &Value) -> Result<Prompt, Problem> {
    members(body)?;
    options::check(body, &call.model)?;
    let messages = conversation::check(body, call)?;
    let prompt = read::prompt(body, &messages);
    too_many_breakpoints(&prompt)?;
    Ok(prompt)
}

/// The header is required, with a date: AWS's page of the Messages API and the SDKs.
fn version(call: &Call<'_>) -> Result<(), Problem> {
    let Some(version) = call.header("anthropic-version") else {
        return Err(Problem::validation("anthropic-version: header is required"));
    };
    if ["2023-06-01", "2026-10-21"].contains(&version) {
        return Ok(());
    }
    Err(Problem::validation(format!("anthropic-version: '{version}' is not a valid version")))
}

/// Checks the members, with the messages of Anthropic's own API.
fn members(body: &Value) -> Result<(), Problem> {
    let Some(map) = body.as_object() else {
        return Err(Problem::validation("Input should be a valid dictionary"));
    };
    if let Some(key) = KEYS.iter().find(|key| key.required && !map.contains_key(key.name)) {
        return Err(invalid(key.name, "Field required"));
    }
    if let Some(name) = map.keys().find(|name| !KEYS.iter().any(|key| key.name == *name)) {
        return Err(invalid(name, "Extra inputs are not permitted"));
    }
    match keys::violations(body, &KEYS, "#").first() {
        Some(violation) => Err(Problem::validation(violation.trim_start_matches("#/"))),
        None => Ok(()),
    }
}

/// Adds the members that only mantle's messages have.
fn complete(message: &mut Value) {
    if let Some(usage) = message.get_mut("usage") {
        put(usage, "service_tier", "standard");
    }
}
