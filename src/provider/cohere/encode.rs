//! An encoder for requests in Command R's format.

use super::parameters::write_definitions;
use crate::api::Api;
use crate::capabilities::{Capabilities, Capability};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Kind, View, Writer};
use crate::message::{Content, Document, MediaSource, ToolCall, ToolResult};
use crate::model::ModelId;
use crate::provider::repair::{Conversation, RawShape, Side, Turn, repair};
use crate::provider::{facts, tools, words};
use crate::request::{ChatOptions, ChatRequest, Reasoning, Tool, ToolChoice};

const FORMAT: &str = "Command R's";

/// Writes the body of a call.
pub(super) fn body(model: &ModelId, request: &ChatRequest) -> Result<Writer> {
    let options = &request.options;
    let conversation = repair(&request.messages, facts::target(model, Api::Invoke, RawShape::None, options))?;
    check(model, options)?;
    let calls = ToolCallIndex::of(&conversation);
    let refused = |kind: ErrorKind, why: &str| Err(words::refused(kind, model, why));
    let Some((last, past)) = conversation.turns.split_last().filter(|(last, _)| last.side == Side::User) else {
        let why =
            "replies only to a user message or tool results: the last message is the model's; add a human message";
        return refused(ErrorKind::Encode, why);
    };
    let message = text_of_turn(model, last)?;
    let results = results(last);
    match (message.is_empty(), results.is_empty()) {
        (true, true) => return refused(ErrorKind::Encode, "needs text: the last message has no text; add some"),
        (false, false) => {
            let why = "accepts tool results only without text: the last turn has both; send the text after the reply, or use the Converse API";
            return refused(ErrorKind::Encode, why);
        }
        _ => {}
    }

    let mut w = Writer::new();
    w.begin_object();
    w.field("message", &message);
    w.array("chat_history");
    for turn in past {
        write_past(&mut w, model, turn, &calls)?;
    }
    w.end_array();
    let preamble = words::joined(&mut conversation.system.iter().copied(), "\n\n", model, FORMAT)?;
    if !preamble.is_empty() {
        w.field("preamble", &preamble);
    }
    write_documents(&mut w, model, &conversation)?;
    w.opt_u64("max_tokens", options.max_tokens);
    w.opt_f64("temperature", options.temperature);
    w.opt_f64("p", options.top_p);
    w.opt_u64("k", options.top_k);
    w.strings("stop_sequences", &options.stop);
    // No tools are sent with the tool choice "none".
    let no_tools = options.tool_choice == Some(ToolChoice::None) && results.is_empty();
    // Results need the tools of their calls. A tool that is not bound is made from its call.
    let needed = if options.tools.is_empty() && !results.is_empty() { calls.tools() } else { Vec::new() };
    let tools = if no_tools {
        &needed
    } else if needed.is_empty() {
        &options.tools
    } else {
        &needed
    };
    if !tools.is_empty() {
        w.array("tools");
        for tool in tools {
            write_tool(&mut w, model, tool)?;
        }
        w.end_array();
    }
    if !results.is_empty() {
        write_results(&mut w, model, &results, &calls)?;
    }
    w.end_object();
    Ok(w)
}

/// Checks for options that Command R does not support.
fn check(model: &ModelId, options: &ChatOptions) -> Result<()> {
    // The format has no field for it, even if the caller's capabilities say otherwise.
    tools::check_choice(model, Capabilities::unknown().with(Capability::ForcedTools, false), options)?;
    let (field, why) = if options.parallel_tool_calls == Some(false) {
        ("parallel_tool_calls", "cannot be limited to one tool call at a time; leave `parallel_tool_calls` unset")
    } else if options.tools.iter().any(|tool| tool.strict == Some(true)) {
        ("tools", "cannot be made to follow a tool's schema; leave `strict` unset, and check the arguments")
    } else if options.response_format.is_some() {
        (
            "response_format",
            "cannot be made to follow a JSON Schema; ask for JSON in the system message, and check the answer",
        )
    } else if options.reasoning.as_ref().is_some_and(Reasoning::is_on) {
        ("reasoning", "does not reason before it answers; leave `reasoning` unset")
    } else if options.reasoning_display.is_some() {
        ("reasoning_display", "does not reason before it answers; leave `reasoning_display` unset")
    } else {
        return Ok(());
    };
    Err(words::refused(ErrorKind::Unsupported, model, why).with_field(field))
}

/// All tool calls of a conversation by their ids, as Command R needs the call itself in each result.
struct ToolCallIndex<'a>(Vec<&'a ToolCall>);

impl<'a> ToolCallIndex<'a> {
    fn of(conversation: &'a Conversation<'_>) -> Self {
        let mut all = Self(Vec::new());
        conversation.turns.iter().for_each(|turn| all.add(turn));
        all
    }

    fn add(&mut self, turn: &'a Turn<'_>) {
        for block in &turn.blocks {
            if let Content::ToolCall(call) = &**block {
                self.0.push(call);
            }
        }
    }

    /// Returns a tool for each call, without parameters.
    fn tools(&self) -> Vec<Tool> {
        let mut tools: Vec<Tool> = Vec::new();
        for call in &self.0 {
            if !tools.iter().any(|tool| tool.name == call.name) {
                tools.push(Tool::new(&call.name, "", Json::empty_object()));
            }
        }
        tools
    }

    fn find(&self, id: &str) -> Result<&'a ToolCall> {
        self.0.iter().rev().find(|call| call.id == id).copied().ok_or_else(|| {
            Error::of(
                ErrorKind::Encode,
                format_args!(
                    "a tool result has no call in the conversation: {}; add the call, which Command R needs",
                    crate::json::quoted(id)
                ),
            )
        })
    }
}

fn results<'a>(turn: &'a Turn<'_>) -> Vec<&'a ToolResult> {
    let mut results = Vec::new();
    for block in &turn.blocks {
        if let Content::ToolResult(result) = &**block {
            results.push(result);
        }
    }
    results
}

/// Returns the text of a turn. Its other blocks are written elsewhere.
fn text_of_turn(model: &ModelId, turn: &Turn<'_>) -> Result<String> {
    let elsewhere = |block: &&Content| {
        matches!(
            block,
            Content::ToolCall(_)
                | Content::ToolResult(_)
                | Content::Document(_)
                | Content::SearchResult(_)
                // Reasoning that another provider signed cannot be sent in this format.
                | Content::Thinking(_)
                | Content::RedactedThinking(_)
        )
    };
    let mut words = turn.blocks.iter().map(|block| &**block).filter(|block| !elsewhere(block));
    words::joined(&mut words, "\n", model, FORMAT)
}

/// Writes a turn of the history. Tool results are a separate turn.
fn write_past(w: &mut Writer, model: &ModelId, turn: &Turn<'_>, all: &ToolCallIndex<'_>) -> Result<()> {
    let results = results(turn);
    if !results.is_empty() {
        w.begin_object();
        w.field("role", "TOOL");
        write_results(w, model, &results, all)?;
        w.end_object();
    }
    let message = text_of_turn(model, turn)?;
    let mut calls = ToolCallIndex(Vec::new());
    calls.add(turn);
    if message.is_empty() && calls.0.is_empty() {
        return Ok(());
    }
    w.begin_object();
    let role = match turn.side {
        Side::User => "USER",
        Side::Assistant => "CHATBOT",
        Side::System => "SYSTEM",
    };
    w.field("role", role);
    w.field("message", &message);
    if !calls.0.is_empty() {
        w.array("tool_calls");
        calls.0.iter().for_each(|call| write_call(w, call));
        w.end_array();
    }
    w.end_object();
    Ok(())
}

fn write_call(w: &mut Writer, call: &ToolCall) {
    w.begin_object();
    w.field("name", &call.name);
    w.key("parameters");
    if call.args.view().kind() == Kind::Object {
        w.raw(call.args.view());
    } else {
        w.begin_object();
        w.end_object();
    }
    w.end_object();
}

fn write_results(w: &mut Writer, model: &ModelId, results: &[&ToolResult], calls: &ToolCallIndex<'_>) -> Result<()> {
    w.array("tool_results");
    for result in results {
        w.begin_object();
        w.key("call");
        write_call(w, calls.find(&result.tool_call_id)?);
        w.array("outputs");
        for block in &result.content {
            write_output(w, model, block, result.is_error)?;
        }
        w.end_array();
        w.end_object();
    }
    w.end_array();
    Ok(())
}

/// Writes an output, which is an object. JSON objects are sent unchanged, other content inside an object.
fn write_output(w: &mut Writer, model: &ModelId, block: &Content, is_error: bool) -> Result<()> {
    let objects: Vec<View<'_>> = match block {
        Content::CachePoint(_) => return Ok(()),
        Content::Json(json) if json.value.view().kind() == Kind::Array => json.value.view().items().collect(),
        Content::Json(json) => vec![json.value.view()],
        _ => Vec::new(),
    };
    if !is_error && !objects.is_empty() && objects.iter().all(|view| view.kind() == Kind::Object) {
        objects.iter().for_each(|object| w.raw(*object));
        return Ok(());
    }
    let text = words::text_of(block).ok_or_else(|| words::unsupported(block, model, FORMAT))?;
    w.begin_object();
    w.field(if is_error { "error" } else { "text" }, text);
    w.end_object();
    Ok(())
}

/// A further field of a document: its name and text.
type Field<'a> = (&'a str, &'a str);

fn write_documents(w: &mut Writer, model: &ModelId, conversation: &Conversation<'_>) -> Result<()> {
    // Title, text and one more field, as documents of Command R may have any fields.
    let mut found: Vec<(&str, &str, Option<Field<'_>>)> = Vec::new();
    for turn in &conversation.turns {
        for block in &turn.blocks {
            match &**block {
                Content::Document(document) => {
                    let title = document.name.as_deref().unwrap_or_default();
                    let texts = texts(document).ok_or_else(|| words::unsupported(block, model, FORMAT))?;
                    let context = document.context.as_deref().map(|context| ("context", context));
                    texts.into_iter().for_each(|text| found.push((title, text, context)));
                }
                Content::SearchResult(result) => {
                    let title = if result.title.is_empty() { &result.source } else { &result.title };
                    let source = Some(("source", result.source.as_str())).filter(|(_, source)| *source != title);
                    result.content.iter().for_each(|text| found.push((title, text, source)));
                }
                _ => {}
            }
        }
    }
    if found.is_empty() {
        return Ok(());
    }
    w.array("documents");
    for (title, snippet, more) in found {
        w.begin_object();
        if !title.is_empty() {
            w.field("title", title);
        }
        w.field("snippet", snippet);
        if let Some((key, text)) = more {
            w.field(key, text);
        }
        w.end_object();
    }
    w.end_array();
    Ok(())
}

/// Returns the texts of a text document.
fn texts(document: &Document) -> Option<Vec<&str>> {
    match &document.source {
        MediaSource::Text(text) => Some(vec![text]),
        MediaSource::Blocks(texts) => Some(texts.iter().map(String::as_str).collect()),
        MediaSource::Bytes(bytes) if document.media_type.starts_with("text/") => {
            std::str::from_utf8(bytes).ok().map(|text| vec![text])
        }
        _ => None,
    }
}

fn write_tool(w: &mut Writer, model: &ModelId, tool: &Tool) -> Result<()> {
    if let Some(native) = &tool.native {
        w.raw(native.view());
        return Ok(());
    }
    words::check_extra(tool, model)?;
    let spec = tools::spec(Capabilities::unknown(), tool)?;
    words::check_extra(tool, model)?;
    w.begin_object();
    w.field("name", &tool.name);
    // Command R requires a description.
    w.field("description", spec.description.as_deref().unwrap_or(&tool.name));
    write_definitions(w, model, &tool.name, spec.schema.view())?;
    w.end_object();
    Ok(())
}
