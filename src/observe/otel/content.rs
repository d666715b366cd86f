//! Conversations in the JSON forms of OpenTelemetry's GenAI conventions.

use ::tracing::Span;

use crate::json::Writer;
use crate::message::{AiMessage, Content, Media, MediaSource, Message, Role, StopReason};
use crate::request::{ChatRequest, Tool};

/// The system prompt, the conversation and the tools.
pub(super) fn record_request(span: &Span, request: &ChatRequest) {
    let is_system = |message: &&Message| message.role == Role::System;
    if request.messages.iter().any(|message| is_system(&message)) {
        let mut w = Writer::new();
        w.begin_array();
        request.messages.iter().filter(is_system).for_each(|message| write_parts(&mut w, &message.content));
        w.end_array();
        span.record("gen_ai.system_instructions", w.finish().as_str());
    }
    let mut w = Writer::new();
    w.begin_array();
    for message in request.messages.iter().filter(|message| !is_system(message)) {
        w.begin_object();
        w.field("role", role(message));
        w.key("parts").begin_array();
        write_parts(&mut w, &message.content);
        w.end_array();
        w.end_object();
    }
    w.end_array();
    span.record("gen_ai.input.messages", w.finish().as_str());
    if !request.options.tools.is_empty() {
        let mut w = Writer::new();
        w.begin_array();
        request.options.tools.iter().for_each(|tool| write_tool(&mut w, tool));
        w.end_array();
        span.record("gen_ai.tool.definitions", w.finish().as_str());
    }
}

/// The answer.
pub(super) fn record_reply(span: &Span, reply: &AiMessage) {
    let mut w = Writer::new();
    w.begin_array();
    w.begin_object();
    w.field("role", "assistant");
    w.key("parts").begin_array();
    write_parts(&mut w, &reply.content);
    w.end_array();
    w.field("finish_reason", finish_reason(reply.stop_reason.as_ref()));
    w.end_object();
    w.end_array();
    span.record("gen_ai.output.messages", w.finish().as_str());
}

fn role(message: &Message) -> &'static str {
    match message.role {
        Role::Human => "user",
        Role::Ai => "assistant",
        Role::Tool => "tool",
        Role::System => "system",
    }
}

/// Returns OpenTelemetry's value, if it defines one for the reason.
fn finish_reason(reason: Option<&StopReason>) -> &str {
    match reason {
        Some(StopReason::EndTurn | StopReason::StopSequence) => "stop",
        Some(StopReason::MaxTokens | StopReason::ContextWindowExceeded) => "length",
        Some(StopReason::ToolUse) => "tool_call",
        Some(StopReason::Refusal | StopReason::GuardrailIntervened | StopReason::ContentFiltered) => "content_filter",
        Some(StopReason::Error | StopReason::MalformedModelOutput | StopReason::MalformedToolUse) | None => "error",
        Some(other) => other.as_str(),
    }
}

fn write_tool(w: &mut Writer, tool: &Tool) {
    if let Some(native) = &tool.native {
        return w.raw(native.view());
    }
    w.begin_object();
    w.field("type", "function");
    w.field("name", &tool.name);
    w.opt_field("description", tool.description.as_deref());
    w.key("parameters").raw(tool.schema.view());
    w.end_object();
}

fn write_parts(w: &mut Writer, content: &[Content]) {
    content.iter().for_each(|block| write_part(w, block));
}

fn write_part(w: &mut Writer, block: &Content) {
    if let Content::Raw(raw) = block {
        return w.raw(raw.block.view());
    }
    w.begin_object();
    match block {
        Content::Text(text) => text_part(w, "text", &text.text),
        Content::Thinking(thinking) => text_part(w, "reasoning", &thinking.text),
        Content::ToolCall(call) => {
            w.field("type", "tool_call");
            w.field("id", &call.id);
            w.field("name", &call.name);
            w.key("arguments").raw(call.args.view());
        }
        Content::InvalidToolCall(call) => {
            w.field("type", "tool_call");
            w.field("id", &call.id);
            w.field("name", &call.name);
            w.field("arguments", &call.args);
            w.field("error", &call.error);
        }
        Content::ToolResult(result) => {
            w.field("type", "tool_call_response");
            w.field("id", &result.tool_call_id);
            w.key("response");
            match result.content.as_slice() {
                [Content::Text(text)] => w.string(&text.text),
                [Content::Json(json)] => w.raw(json.value.view()),
                parts => {
                    w.begin_array();
                    write_parts(w, parts);
                    w.end_array();
                }
            }
            if result.is_error {
                w.key("is_error").bool(true);
            }
        }
        Content::Image(media) => write_media(w, "image", media),
        Content::Audio(media) => write_media(w, "audio", media),
        Content::Video(media) => write_media(w, "video", media),
        Content::Document(document) => write_source(w, "document", &document.media_type, &document.source),
        Content::Json(json) => {
            w.field("type", "json");
            w.key("content").raw(json.value.view());
        }
        Content::SearchResult(found) => {
            w.field("type", "search_result");
            w.field("source", &found.source);
            w.field("title", &found.title);
            w.strings("content", &found.content);
        }
        Content::Guard(guard) => {
            w.field("type", "guard_content");
            w.opt_field("content", guard.text.as_deref());
        }
        // Content that only the provider can read.
        Content::RedactedThinking(_) => w.field("type", "redacted_reasoning"),
        Content::CachePoint(_) => w.field("type", "cache_point"),
        Content::ToolAddition(tool) => text_part(w, "tool_addition", &tool.name),
        Content::ToolRemoval(tool) => text_part(w, "tool_removal", &tool.name),
        Content::Raw(_) => {}
    }
    w.end_object();
}

fn text_part(w: &mut Writer, kind: &str, text: &str) {
    w.field("type", kind);
    w.field("content", text);
}

fn write_media(w: &mut Writer, modality: &str, media: &Media) {
    write_source(w, modality, &media.media_type, &media.source);
}

fn write_source(w: &mut Writer, modality: &str, media_type: &str, source: &MediaSource) {
    let kind = match source {
        MediaSource::Bytes(_) | MediaSource::Base64(_) => "blob",
        MediaSource::S3 { .. } | MediaSource::Url(_) => "uri",
        MediaSource::Text(_) | MediaSource::Blocks(_) => "text",
    };
    w.field("type", kind);
    w.field("modality", modality);
    if !media_type.is_empty() {
        w.field("mime_type", media_type);
    }
    match source {
        MediaSource::Bytes(bytes) => w.key("content").base64(bytes),
        MediaSource::Base64(text) | MediaSource::Text(text) => w.field("content", text),
        MediaSource::S3 { uri, .. } | MediaSource::Url(uri) => w.field("uri", uri),
        MediaSource::Blocks(texts) => w.field("content", &texts.join("\n")),
    }
}
