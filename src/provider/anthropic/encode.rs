//! Requests in Anthropic's format.

use std::fmt;

use std::borrow::Cow;

use super::blocks::{cache_control, write_blocks};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, View, Writer};
use crate::message::Content;
use crate::provider::repair::{Conversation, repair};
use crate::request::{ChatOptions, ChatRequest, Reasoning, Tool, ToolChoice};

/// What Bedrock wants in every body.
const VERSION: &str = "bedrock-2023-05-31";

/// The API requires `max_tokens`; this is what it gets when the caller set none.
pub(crate) const DEFAULT_MAX_TOKENS: u64 = 4096;

/// The body of a call.
pub(super) fn body(request: &ChatRequest) -> Result<Writer> {
    let options = &request.options;
    let conversation = repair(&request.messages)?;
    check(options)?;
    let mut w = Writer::new();
    w.begin_object();
    w.field("anthropic_version", VERSION);
    w.key("max_tokens").u64(max_tokens(options));
    write_system(&mut w, &conversation)?;
    w.array("messages");
    for turn in &conversation.turns {
        w.begin_object();
        w.field("role", turn.side.as_str());
        w.key("content");
        match turn.blocks.as_slice() {
            [block] if is_plain(block) => w.string(block.as_text().unwrap_or_default()),
            blocks => write_blocks(&mut w, &thinking_first(blocks))?,
        }
        w.end_object();
    }
    w.end_array();
    w.opt_f64("temperature", options.temperature);
    w.opt_f64("top_p", options.top_p);
    w.opt_u64("top_k", options.top_k);
    w.strings("stop_sequences", &options.stop);
    write_tools(&mut w, options)?;
    write_thinking(&mut w, options);
    w.strings("anthropic_beta", &options.anthropic_beta);
    w.end_object();
    Ok(w)
}

/// The API refuses a turn that has reasoning but does not begin with it, as one made of several messages may.
fn thinking_first<'a>(blocks: &'a [Cow<'a, Content>]) -> Vec<&'a Content> {
    let thinks = |block: &Content| matches!(block, Content::Thinking(_) | Content::RedactedThinking(_));
    let moves = !blocks.first().is_some_and(|first| thinks(first));
    let mut ordered = Vec::with_capacity(blocks.len());
    let mut thoughts = 0;
    for block in blocks {
        if moves && thinks(block) {
            ordered.insert(thoughts, &**block);
            thoughts += 1;
        } else {
            ordered.push(&**block);
        }
    }
    ordered
}

/// Text that a plain string says as well as a block.
fn is_plain(block: &Content) -> bool {
    matches!(block, Content::Text(_))
}

fn max_tokens(options: &ChatOptions) -> u64 {
    let budget = options.reasoning.as_ref().and_then(Reasoning::budget).unwrap_or(0);
    options.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS.saturating_add(budget))
}

fn write_system(w: &mut Writer, conversation: &Conversation<'_>) -> Result<()> {
    match conversation.system.as_slice() {
        [] => {}
        [Content::Text(text)] => w.field("system", &text.text),
        blocks => {
            w.key("system");
            write_blocks(w, blocks)?;
        }
    }
    Ok(())
}

/// The rules between options that the service enforces with less helpful words.
pub(crate) fn check(options: &ChatOptions) -> Result<()> {
    let config = |message: fmt::Arguments<'_>| Err(Error::of(ErrorKind::Config, message));
    let forced = match &options.tool_choice {
        Some(ToolChoice::Any) => Some("any".to_owned()),
        Some(ToolChoice::Tool(name)) => Some(format!("tool \"{name}\"")),
        _ => None,
    };
    let Some(reasoning) = options.reasoning.as_ref().filter(|reasoning| reasoning.is_on()) else { return Ok(()) };
    if options.temperature.is_some_and(|temperature| temperature != 1.0) {
        return config(format_args!(
            "reasoning and temperature exclude each other: leave temperature unset (or 1) while thinking is on"
        ));
    }
    if let Some(top_k) = options.top_k {
        return config(format_args!(
            "reasoning and top_k {top_k} exclude each other: leave top_k unset while thinking is on"
        ));
    }
    if let (Some(name), Reasoning::Budget(_)) = (forced, reasoning) {
        return config(format_args!(
            "reasoning and tool_choice {name} exclude each other: a thinking model chooses by itself (auto or none)"
        ));
    }
    if let Some(budget) = reasoning.budget() {
        if budget < 1024 {
            return config(format_args!("the reasoning budget of {budget} tokens is too small: it is at least 1024"));
        }
        if let Some(max) = options.max_tokens.filter(|max| *max <= budget) {
            return config(format_args!(
                "max_tokens ({max}) must be greater than the reasoning budget ({budget}): thinking counts as output"
            ));
        }
    }
    Ok(())
}

fn write_tools(w: &mut Writer, options: &ChatOptions) -> Result<()> {
    if !options.tools.is_empty() {
        w.array("tools");
        for tool in &options.tools {
            write_tool(w, tool)?;
        }
        w.end_array();
    }
    let serial = options.parallel_tool_calls == Some(false) && !options.tools.is_empty();
    let choice = match &options.tool_choice {
        Some(choice) if !options.tools.is_empty() => choice,
        None if serial => &ToolChoice::Auto,
        _ => return Ok(()),
    };
    w.object("tool_choice");
    match choice {
        ToolChoice::Auto => w.field("type", "auto"),
        ToolChoice::Any => w.field("type", "any"),
        ToolChoice::None => w.field("type", "none"),
        ToolChoice::Tool(name) => {
            w.field("type", "tool");
            w.field("name", name);
        }
    }
    if serial && *choice != ToolChoice::None {
        w.key("disable_parallel_tool_use").bool(true);
    }
    w.end_object();
    Ok(())
}

fn write_tool(w: &mut Writer, tool: &Tool) -> Result<()> {
    if let Some(native) = &tool.native {
        w.raw(native.view());
        return Ok(());
    }
    check_tool_name(&tool.name)?;
    w.begin_object();
    w.field("name", &tool.name);
    w.opt_field("description", tool.description.as_deref());
    w.member("input_schema", object_schema(&tool.schema).view());
    if let Some(strict) = tool.strict {
        w.key("strict").bool(strict);
    }
    if let Some(point) = tool.cache_point {
        cache_control(w, point);
    }
    w.end_object();
    Ok(())
}

/// A tool's name must fit the pattern that all providers share.
///
/// # Errors
/// `Encode`, with the pattern.
pub(crate) fn check_tool_name(name: &str) -> Result<()> {
    let fits = (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    if fits {
        return Ok(());
    }
    Err(Error::of(
        ErrorKind::Encode,
        format_args!("the tool name \"{name}\" does not fit: 1 to 64 of A-Z a-z 0-9 _ and -"),
    ))
}

/// A schema of arguments is an object schema; an empty one means "no arguments".
pub(crate) fn object_schema(schema: &Json) -> Cow<'_, Json> {
    if schema.view().get("type").is_some() || schema.view().raw_entries().any(|(key, _)| key == "$ref") {
        return Cow::Borrowed(schema);
    }
    let mut w = Writer::new();
    w.begin_object();
    w.field("type", "object");
    for (key, value) in schema.view().raw_entries() {
        w.raw_member(key, value);
    }
    if schema.view().get("properties").is_none() {
        w.object("properties");
        w.end_object();
    }
    w.end_object();
    Cow::Owned(Json::from(w))
}

/// Writes Claude's `thinking` as a member of an object that is open; Converse passes it on as it is.
pub(crate) fn write_reasoning(w: &mut Writer, reasoning: &Reasoning) {
    w.object("thinking");
    match reasoning {
        Reasoning::Disabled => w.field("type", "disabled"),
        Reasoning::Budget(tokens) => {
            w.field("type", "enabled");
            w.key("budget_tokens").u64(*tokens);
        }
        Reasoning::Adaptive | Reasoning::Effort(_) => w.field("type", "adaptive"),
    }
    w.end_object();
}

fn write_thinking(w: &mut Writer, options: &ChatOptions) {
    let effort = match &options.reasoning {
        Some(Reasoning::Effort(effort)) => Some(effort.as_str()),
        _ => None,
    };
    if let Some(reasoning) = &options.reasoning {
        write_reasoning(w, reasoning);
    }
    if effort.is_none() && options.response_format.is_none() {
        return;
    }
    // A caller's own `output_config` in model_kwargs replaces this one, as all kwargs do.
    w.object("output_config");
    w.opt_field("effort", effort);
    if let Some(format) = &options.response_format {
        w.object("format");
        w.field("type", "json_schema");
        let schema: View<'_> = format.schema.view();
        w.member("schema", schema);
        w.end_object();
    }
    w.end_object();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, RedactedThinking, Role, Thinking, ToolCall};

    fn answer(messages: &[Message]) -> Json {
        let body = Json::from(body(&ChatRequest::new(messages)).unwrap());
        let turn = body.view().get("messages").unwrap().items().nth(1).unwrap();
        let types = turn.get("content").unwrap().items().map(|block| block.get("type").unwrap().raw());
        Json::parse(&format!("[{}]", types.collect::<Vec<_>>().join(","))).unwrap()
    }

    #[test]
    fn a_turn_with_reasoning_begins_with_it_and_keeps_its_order_if_it_does() {
        let thinking = Content::Thinking(Thinking { text: "hm".into(), signature: Some("s".into()) });
        let redacted = Content::RedactedThinking(RedactedThinking { data: "d".into() });
        let call = Content::ToolCall(ToolCall::new("1", "f", Json::empty_object()));
        let human = Message::human("a");
        let second = Message::new(Role::Ai, [redacted, thinking.clone(), call.clone()]);
        assert_eq!(
            answer(&[human.clone(), Message::ai("b"), second]),
            serde_json::json!(["redacted_thinking", "thinking", "text", "tool_use"])
        );
        let interleaved = Message::new(Role::Ai, [thinking.clone(), Content::text("b"), thinking, call]);
        assert_eq!(answer(&[human, interleaved]), serde_json::json!(["thinking", "text", "thinking", "tool_use"]));
    }
}
