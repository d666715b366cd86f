//! Whole replies.

use super::read;
use crate::gateway::dialect::Given;
use crate::gateway::openai::citations::{UrlCitation, is_refusal, length};
use crate::gateway::openai::problem::write_or_null;
use crate::gateway::openai::tools::{self, CallForm, ToolNames};
use crate::gateway::openai::usage;
use crate::interop;
use crate::json::{Json, Writer};
use crate::message::{AiMessage, Content, StopReason, Text};

/// Returns OpenAI's name of a stop reason.
pub(super) fn finish_reason(reason: Option<&StopReason>, has_calls: bool) -> &'static str {
    match reason {
        Some(StopReason::MaxTokens | StopReason::ContextWindowExceeded) => "length",
        Some(StopReason::Refusal | StopReason::ContentFiltered | StopReason::GuardrailIntervened) => "content_filter",
        Some(StopReason::ToolUse) => "tool_calls",
        _ if has_calls => "tool_calls",
        _ => "stop",
    }
}

/// Writes the members that begin a reply and each of its chunks.
pub(super) fn write_head(w: &mut Writer, given: &Given<'_>, object: &str) {
    w.field("id", &["chatcmpl-", given.nonce].concat());
    w.field("object", object);
    w.key("created").u64(given.now);
    w.field("model", given.model);
}

/// Returns a whole reply.
pub(super) fn message(given: &Given<'_>, reply: &AiMessage) -> String {
    let names = read::tool_names(given.body);
    let has_calls = reply.content.iter().any(|block| call_of(block).is_some());
    let mut w = Writer::new();
    w.begin_object();
    write_head(&mut w, given, "chat.completion");
    w.array("choices");
    w.begin_object();
    w.key("index").u64(0);
    w.object("message");
    write_message(&mut w, reply, &names);
    w.end_object();
    w.key("logprobs").null();
    w.field("finish_reason", finish_reason(reply.stop_reason.as_ref(), has_calls));
    w.end_object();
    w.end_array();
    usage::write_chat(&mut w, reply.usage.unwrap_or_default());
    w.end_object();
    w.finish()
}

fn write_message(w: &mut Writer, reply: &AiMessage, names: &ToolNames) {
    w.field("role", "assistant");
    let (mut content, mut refusal, mut citations) = (String::new(), String::new(), Vec::new());
    for block in &reply.content {
        if let Content::Text(text) = block {
            match text.extra.iter().any(|(key, value)| is_refusal(key, value.view())) {
                true => refusal.push_str(&text.text),
                false => add_text(text, &mut content, &mut citations),
            }
        }
    }
    write_or_null(w, "content", Some(&*content).filter(|text| !text.is_empty()));
    write_or_null(w, "refusal", Some(&*refusal).filter(|text| !text.is_empty()));
    write_annotations(w, &citations);
    let thinking = reply.thinking();
    if !thinking.is_empty() {
        w.field("reasoning_content", &thinking);
    }
    let places = (0u64..).zip(&reply.content);
    let signed: Vec<Json> = places.filter_map(|(at, block)| signed_block(block, at, reply.model.as_deref())).collect();
    write_signed(w, &signed);
    let mut calls = reply.content.iter().filter_map(call_of).peekable();
    if calls.peek().is_some() {
        w.array("tool_calls");
        for (id, name, args) in calls {
            w.begin_object();
            write_call(w, id, name, args, names.form(name));
            w.end_object();
        }
        w.end_array();
    }
}

/// A citation, and the characters of the content that it is about.
pub(super) type CitedText = (UrlCitation, usize, usize);

fn add_text(text: &Text, content: &mut String, citations: &mut Vec<CitedText>) {
    let start = length(content);
    content.push_str(&text.text);
    let end = length(content);
    citations.extend(text.citations.iter().filter_map(UrlCitation::read).map(|citation| (citation, start, end)));
}

/// Writes citations of websites.
pub(super) fn write_annotations(w: &mut Writer, citations: &[CitedText]) {
    w.array("annotations");
    for (citation, start, end) in citations {
        w.begin_object();
        w.field("type", "url_citation");
        w.object("url_citation");
        citation.write_members(w, *start, *end);
        w.end_object();
        w.end_object();
    }
    w.end_array();
}

/// Returns the id, name and arguments of a call.
fn call_of(block: &Content) -> Option<(&str, &str, &str)> {
    match block {
        Content::ToolCall(call) => Some((&call.id, &call.name, call.args.as_str())),
        Content::InvalidToolCall(call) => Some((&call.id, &call.name, &call.args)),
        _ => None,
    }
}

/// Writes the members of a call.
pub(super) fn write_call(w: &mut Writer, id: &str, name: &str, args: &str, form: CallForm) {
    w.field("id", id);
    let (kind, key) = if form == CallForm::Custom { ("custom", "input") } else { ("function", "arguments") };
    w.field("type", kind);
    w.object(kind);
    w.field("name", name);
    match form {
        CallForm::Custom => w.field(key, &tools::input_of(args)),
        _ => w.field(key, args),
    }
    w.end_object();
}

/// Returns reasoning that the model accepts back, in the form of LiteLLM's `thinking_blocks`: Anthropic's blocks. Two
/// members are added: the place in the reply, as the order counts, and the model.
pub(super) fn signed_block(block: &Content, position: u64, model: Option<&str>) -> Option<Json> {
    match block {
        Content::Thinking(thinking) if thinking.signature.is_some() => {}
        Content::RedactedThinking(_) => {}
        _ => return None,
    }
    let mut inner = Writer::new();
    interop::write_block(&mut inner, block);
    let mut w = Writer::new();
    w.begin_object();
    for (key, value) in Json::written(inner).view().raw_entries() {
        w.raw_member(key, value);
    }
    w.key("position").u64(position);
    w.opt_field("model", model);
    w.end_object();
    Some(Json::written(w))
}

/// Writes the reasoning that the model accepts back. OpenAI's SDKs add up the lists of a stream by their `index`.
pub(super) fn write_signed(w: &mut Writer, blocks: &[Json]) {
    if blocks.is_empty() {
        return;
    }
    w.array("thinking_blocks");
    for (index, block) in (0u64..).zip(blocks) {
        w.begin_object();
        block.view().raw_entries().for_each(|(key, value)| w.raw_member(key, value));
        w.key("index").u64(index);
        w.end_object();
    }
    w.end_array();
}
