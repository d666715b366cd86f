//! Answers of Responses, Chat Completions and Messages, whole or as server-sent events.

use bedrock_chat::ErrorKind;
use serde_json::{Value, json};

use super::{Failure, kinds};
use crate::suite::case::{Response, Scenario};
use crate::suite::sse::{self, Event};

/// The error in an answer with status 200; `None` if it is a message.
pub(super) fn failure(scenario: &Scenario, response: &Response) -> Option<Failure> {
    // A whole answer is read even if the call requested a stream.
    if response.is_sse() && response.json().is_none() {
        return of_stream(scenario, response);
    }
    if response.body.is_empty() {
        return Some(Failure::new("empty_answer", &[ErrorKind::Truncated]));
    }
    let Some(body) = response.json() else { return Some(Failure::new("malformed_answer", &[ErrorKind::Decode])) };
    of_body(scenario, &body)
}

fn of_body(scenario: &Scenario, body: &Value) -> Option<Failure> {
    let operation = scenario.operation;
    if body["error"].is_object() {
        let rule = if body["status"] == "failed" { "failed_response" } else { "error_in_an_answer" };
        let failure = of_error(rule, &body["error"]);
        // The service reports its own failure.
        let again = [ErrorKind::Throttled, ErrorKind::Service];
        return Some(Failure { retryable: failure.kinds.iter().all(|kind| again.contains(kind)), ..failure });
    }
    let is_answer = match operation.name() {
        "count-tokens" => body["input_tokens"].is_u64(),
        _ if operation.is_responses() => body["output"].is_array(),
        _ if operation.is_chat() => body["choices"].is_array(),
        _ => body["content"].is_array(),
    };
    if is_answer { None } else { Some(Failure::new("malformed_answer", &[ErrorKind::Decode])) }
}

/// An error in any of the shapes.
fn of_error(rule: &'static str, error: &Value) -> Failure {
    let text = |key: &str| error[key].as_str().map(str::to_owned);
    let names: Vec<String> =
        ["code", "type"].iter().filter_map(|key| text(key)).filter(|name| name != "error").collect();
    let message = text("message").or_else(|| text("Message"));
    let found = kinds(&names, 0, message.as_deref().unwrap_or_default());
    // A bare message of AWS does not name its kind.
    let is_bare = names.is_empty();
    let kinds = if is_bare { &[ErrorKind::Service, ErrorKind::Throttled, ErrorKind::Validation] } else { found };
    Failure { names, message, ..Failure::new(rule, kinds) }
}

fn of_stream(scenario: &Scenario, response: &Response) -> Option<Failure> {
    let mut is_empty = true;
    let mut ended = false;
    let events = sse::events(&response.body);
    for event in &events {
        let Some(json) = &event.json else {
            if event.data.trim() == "[DONE]" {
                break;
            }
            // The rest of a stream that was cut is not an event.
            if !event.ended {
                break;
            }
            return Some(Failure::new("malformed_event", &[ErrorKind::Decode, ErrorKind::Frame]));
        };
        if let Some(failure) = of_event(event, json) {
            let again = [ErrorKind::Throttled, ErrorKind::Service];
            let retryable = is_empty && failure.kinds.iter().all(|kind| again.contains(kind));
            return Some(Failure { retryable, ..failure });
        }
        ended |= is_last(scenario, event, json);
        is_empty &= !has_content(json);
    }
    if ended {
        return None;
    }
    let rule = if response.body.is_empty() { "empty_stream" } else { "cut_stream" };
    Some(Failure { retryable: is_empty, ..Failure::new(rule, &[ErrorKind::Truncated]) })
}

/// The error in an event.
fn of_event(event: &Event, json: &Value) -> Option<Failure> {
    if json["type"] == "response.failed" {
        return Some(of_error("failed_response", &json["response"]["error"]));
    }
    if json["error"].is_object() {
        return Some(of_error("error_event", &json["error"]));
    }
    let is_known = json["type"].is_string() || json["choices"].is_array();
    let is_bare = !is_known && (json["message"].is_string() || json["Message"].is_string());
    (event.kind == "error" || json["type"] == "error" || is_bare).then(|| of_error("error_event", json))
}

/// Whether an event has more than the start of a message or of a part of it.
fn has_content(json: &Value) -> bool {
    let filled = |value: &Value| ![json!(null), json!(""), json!([])].contains(value);
    let delta = &json["choices"][0]["delta"];
    match json["type"].as_str() {
        Some("content_block_delta") => true,
        Some("content_block_start") => json["content_block"]["text"] != "",
        Some(kind) => {
            kind.ends_with(".delta") || (kind == "response.output_item.added" && json["item"]["name"].is_string())
        }
        None => {
            ["content", "reasoning", "reasoning_content", "refusal", "tool_calls"]
                .iter()
                .any(|key| filled(&delta[*key]))
                || json["choices"][0]["finish_reason"].is_string()
        }
    }
}

/// Returns whether an event is the last one of the message.
fn is_last(scenario: &Scenario, event: &Event, json: &Value) -> bool {
    let kind = json["type"].as_str().unwrap_or(&event.kind);
    if scenario.operation.is_responses() {
        return matches!(kind, "response.completed" | "response.incomplete");
    }
    if scenario.operation.is_messages() {
        return kind == "message_stop";
    }
    json["choices"].as_array().into_iter().flatten().any(|choice| choice["finish_reason"].is_string())
}
