//! Whole replies in Anthropic's JSON, and what they share with streams.

use super::citation::write_citation;
use super::signature::{marked, marked_data};
use crate::interop;
use crate::json::{Json, Writer};
use crate::message::{AiMessage, Content, InvalidToolCall, StopReason, ToolCall, Usage};

/// Returns a whole reply. `model` is the name that the client asked for.
pub(super) fn message(model: &str, nonce: &str, reply: &AiMessage) -> String {
    let mut w = Writer::new();
    w.begin_object();
    w.field("id", &message_id(reply.id.as_deref(), nonce));
    w.field("type", "message");
    w.field("role", "assistant");
    w.field("model", model);
    w.array("content");
    let mut calls = 0;
    for (at, block) in (0u32..).zip(&reply.content) {
        match block {
            Content::CachePoint(_) => continue,
            Content::ToolCall(call) => {
                calls += 1;
                let id = call_id(&call.id, nonce, at);
                interop::write_block(&mut w, &Content::ToolCall(ToolCall { id, ..call.clone() }));
            }
            Content::InvalidToolCall(call) => {
                calls += 1;
                write_invalid(&mut w, &call_id(&call.id, nonce, at), call);
            }
            block => write_block(&mut w, block),
        }
    }
    w.end_array();
    let reason = reply.stop_reason.as_ref().map(|reason| stop_reason(reason, calls > 0));
    write_stop(&mut w, reason, reply.stop_sequence.as_deref());
    write_usage(&mut w, reply.usage.unwrap_or_default());
    w.end_object();
    w.finish()
}

/// Returns the id of a message. Ids of other APIs are replaced, as clients may expect Anthropic's form.
pub(super) fn message_id(id: Option<&str>, nonce: &str) -> String {
    match id {
        Some(id) if id.starts_with("msg_") => id.to_owned(),
        _ => ["msg_", nonce].concat(),
    }
}

/// Returns the id of a tool call. A model may write none, and clients could then not answer the call.
pub(super) fn call_id(id: &str, nonce: &str, at: u32) -> String {
    match id {
        "" => format!("toolu_{nonce}_{at}"),
        id => id.to_owned(),
    }
}

/// Begins the object of a tool call.
pub(super) fn begin_call(w: &mut Writer, id: &str, name: &str) {
    w.begin_object();
    w.field("type", "tool_use");
    w.field("id", id);
    w.field("name", name);
}

/// Writes a tool call whose arguments are not a JSON object, or were cut.
///
/// The API has no such call. It becomes a call without arguments: the client's check of the arguments fails, its
/// result says so, and the model tries again. With arguments that are repaired by a guess, the tool might run.
pub(super) fn write_invalid(w: &mut Writer, id: &str, call: &InvalidToolCall) {
    begin_call(w, id, &call.name);
    w.member("input", Json::empty_object().view());
    w.end_object();
}

/// Writes a block that is not a tool call.
pub(super) fn write_block(w: &mut Writer, block: &Content) {
    match block {
        // Clients expect a signature. Models other than Claude may not sign.
        Content::Thinking(thinking) => {
            w.begin_object();
            w.field("type", "thinking");
            w.field("thinking", &thinking.text);
            w.field("signature", &marked(thinking.signature.as_deref().unwrap_or_default(), &thinking.extra));
            w.end_object();
        }
        Content::RedactedThinking(redacted) => {
            w.begin_object();
            w.field("type", "redacted_thinking");
            w.field("data", &marked_data(&redacted.data));
            w.end_object();
        }
        Content::Text(text) if !text.citations.is_empty() => {
            w.begin_object();
            w.field("type", "text");
            w.field("text", &text.text);
            w.array("citations");
            text.citations.iter().for_each(|citation| write_citation(w, citation));
            w.end_array();
            text.extra.iter().for_each(|(key, value)| w.member(key, value.view()));
            w.end_object();
        }
        block => interop::write_block(w, block),
    }
}

/// Returns Anthropic's word for a stop reason. Clients run tools only after `tool_use`, and some models end their turn
/// with another word after a call.
pub(super) fn stop_reason(reason: &StopReason, has_calls: bool) -> &'static str {
    match reason {
        StopReason::EndTurn | StopReason::Other(_) | StopReason::ToolUse if has_calls => "tool_use",
        StopReason::MaxTokens => "max_tokens",
        StopReason::StopSequence => "stop_sequence",
        StopReason::ToolUse => "tool_use",
        StopReason::PauseTurn => "pause_turn",
        StopReason::Refusal | StopReason::GuardrailIntervened | StopReason::ContentFiltered => "refusal",
        StopReason::ContextWindowExceeded => "model_context_window_exceeded",
        _ => "end_turn",
    }
}

/// Writes the members about the end of a message.
pub(super) fn write_stop(w: &mut Writer, reason: Option<&str>, sequence: Option<&str>) {
    for (key, text) in [("stop_reason", reason), ("stop_sequence", sequence)] {
        w.key(key);
        match text {
            Some(text) => w.string(text),
            None => w.null(),
        }
    }
}

/// Writes the usage. Anthropic counts the tokens of the cache separately from the input.
pub(super) fn write_usage(w: &mut Writer, usage: Usage) {
    let cache = usage.input_token_details;
    let cached = cache.cache_read.saturating_add(cache.cache_creation);
    w.object("usage");
    w.key("input_tokens").u64(usage.input_tokens.saturating_sub(cached));
    w.key("cache_creation_input_tokens").u64(cache.cache_creation);
    w.key("cache_read_input_tokens").u64(cache.cache_read);
    if cache.cache_creation_5m > 0 || cache.cache_creation_1h > 0 {
        w.object("cache_creation");
        w.key("ephemeral_5m_input_tokens").u64(cache.cache_creation_5m);
        w.key("ephemeral_1h_input_tokens").u64(cache.cache_creation_1h);
        w.end_object();
    }
    w.key("output_tokens").u64(usage.output_tokens);
    if usage.output_token_details.reasoning > 0 {
        w.object("output_tokens_details");
        w.key("thinking_tokens").u64(usage.output_token_details.reasoning);
        w.end_object();
    }
    w.end_object();
}
