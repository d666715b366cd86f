//! Tools in Converse's format, and tool calls in requests without tools.

use super::{Shape, blocks, fields};
use crate::capabilities::{Capabilities, Capability};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{View, Writer};
use crate::message::{CachePoint, Content, ToolResult};
use crate::model::ModelId;
use crate::provider::facts;
use crate::provider::repair::{Block, Conversation, Side, drop_last_reasoning, is_tool_block, trim_end, without_empty};
use crate::provider::{tools, words};
use crate::request::{ChatOptions, Tool, ToolChoice};

/// Returns whether tools are sent: not with the tool choice "none".
pub(super) fn are_sent(options: &ChatOptions) -> bool {
    !options.tools.is_empty() && options.tool_choice != Some(ToolChoice::None)
}

/// Writes `toolConfig`.
///
/// # Errors
/// `Encode`, for a tool that is not in Converse's format; `Unsupported`, for a member or a choice that the
/// model does not accept.
pub(super) fn write_config(w: &mut Writer, model: &ModelId, shape: Shape, options: &ChatOptions) -> Result<()> {
    check_typed(model, shape, options)?;
    let can = facts::of_call(model, shape.api(), options);
    let choice = choice_for(model, can, options)?;
    // Only the chosen tool is sent if no tool can be chosen by its name.
    let only = match (&options.tool_choice, choice) {
        (Some(ToolChoice::Tool(name)), Some(ToolChoice::Any)) => Some(name),
        _ => None,
    };
    let sent = |tool: &&Tool| fields::typed_tool(tool).is_none() && only.is_none_or(|name| tool.name == *name);
    let mut tools = options.tools.iter().filter(sent).peekable();
    if tools.peek().is_none() {
        return Ok(());
    }
    w.object("toolConfig");
    w.array("tools");
    for tool in tools {
        w.begin_object();
        write_tool(w, model, can, tool)?;
        w.end_object();
        let has_point = !fields::is_nova(model) && !can.lacks(Capability::PromptCaching);
        if let Some(point) = tool.cache_point.filter(|_| has_point) {
            w.begin_object();
            blocks::cache_point(w, point);
            w.end_object();
        }
    }
    w.end_array();
    if shape == Shape::Nova || !fields::takes_tool_choice(model, options) {
        write_choice(w, choice);
    }
    w.end_object();
    Ok(())
}

/// Returns the cache point of a tool, if the model accepts it only in messages.
pub(super) fn moved_point(model: &ModelId, can: Capabilities, options: &ChatOptions) -> Option<CachePoint> {
    let moves = fields::is_nova(model) && !can.lacks(Capability::PromptCaching);
    options.tools.iter().rev().find_map(|tool| tool.cache_point).filter(|_| moves)
}

/// Returns the tool choice, or the closest one that the model accepts.
///
/// See [ToolChoice](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolChoice.html).
fn choice_for<'a>(model: &ModelId, can: Capabilities, options: &'a ChatOptions) -> Result<Option<&'a ToolChoice>> {
    let choice = options.tool_choice.as_ref();
    tools::check_choice(model, can, options)?;
    match choice {
        Some(ToolChoice::Tool(_)) if can.lacks(Capability::NamedTools) => Ok(Some(&ToolChoice::Any)),
        _ => Ok(choice),
    }
}

/// Refuses tools in Anthropic's format for models other than Claude.
fn check_typed(model: &ModelId, shape: Shape, options: &ChatOptions) -> Result<()> {
    let typed = options.tools.iter().find(|tool| fields::typed_tool(tool).is_some());
    match typed {
        Some(tool) if shape == Shape::Nova || !fields::is_claude(model) => Err(Error::of(
            ErrorKind::Encode,
            format_args!(
                "the native tool {} has a `type`, so it is in Anthropic's format; write it with one member, such as {{\"systemTool\": {{\"name\": …}}}}",
                crate::json::quoted(&tool.name)
            ),
        )),
        _ => Ok(()),
    }
}

fn write_tool(w: &mut Writer, model: &ModelId, can: Capabilities, tool: &Tool) -> Result<()> {
    if let Some(native) = &tool.native {
        for (key, value) in native.view().raw_entries() {
            w.raw_member(key, value);
        }
        return Ok(());
    }
    words::check_extra(tool, model)?;
    let spec = tools::spec(can, tool)?;
    words::check_extra(tool, model)?;
    w.object("toolSpec");
    w.field("name", &tool.name);
    w.opt_field("description", spec.description.as_deref().filter(|text| !text.trim().is_empty()));
    w.object("inputSchema");
    w.member("json", spec.schema.view());
    w.end_object();
    if let Some(strict) = spec.strict {
        w.key("strict").bool(strict);
    }
    w.end_object();
    Ok(())
}

fn write_choice(w: &mut Writer, choice: Option<&ToolChoice>) {
    let (kind, name) = match choice {
        // The format has no `none`, so no tools are sent instead.
        None | Some(ToolChoice::None) => return,
        Some(ToolChoice::Auto) => ("auto", None),
        Some(ToolChoice::Any) => ("any", None),
        Some(ToolChoice::Tool(name)) => ("tool", Some(name.as_str())),
    };
    w.object("toolChoice");
    w.object(kind);
    w.opt_field("name", name);
    w.end_object();
    w.end_object();
}

/// Rewrites tool calls and results as text, as the API refuses them in a request without tools.
///
/// Without these turns, the model would not have a record of its calls. With tools, or a placeholder, it could call a
/// tool that no one runs. Ids are kept, so that each result still belongs to its call; images and documents stay
/// blocks. Calls of tools that the service runs are left out, with their results.
///
/// # Errors
/// `Encode`, if no message is left.
pub(super) fn flatten(conversation: &mut Conversation<'_>) -> Result<()> {
    for turn in &mut conversation.turns {
        let is_reply = turn.side == Side::Assistant;
        let blocks = std::mem::take(&mut turn.blocks);
        for block in blocks {
            match &*block {
                Content::ToolCall(call) => {
                    let text = format!("[tool call {}: {} {}]", call.id, call.name, call.args);
                    turn.blocks.push(Block::new(Content::text(text)));
                }
                Content::ToolResult(result) => {
                    let (text, others) = result_as_text(result);
                    turn.blocks.push(Block::new(Content::text(text)));
                    turn.blocks.extend(others.into_iter().map(Block::new));
                }
                Content::Raw(raw) if is_reply && is_tool_block(raw.block.view()) => {}
                Content::Raw(raw) => turn.blocks.push(match raw_as_text(raw.block.view()) {
                    Some(text) => Block::new(Content::text(text)),
                    None => block,
                }),
                _ => turn.blocks.push(block),
            }
        }
        if is_reply {
            // A call that was left out may have been all that followed it.
            drop_last_reasoning(turn);
        }
    }
    conversation.turns = without_empty(std::mem::take(&mut conversation.turns));
    trim_end(&mut conversation.turns);
    match conversation.turns.is_empty() {
        true => Err(Error::new(ErrorKind::Encode, "there is no message to reply to; add a human message with content")),
        false => Ok(()),
    }
}

/// Returns a raw tool result as text.
fn raw_as_text(block: View<'_>) -> Option<String> {
    let result = block.get("toolResult")?;
    Some(format!("[tool result {}: {}]", result.text_at("toolUseId"), result.get("content")?.raw()))
}

fn result_as_text(result: &ToolResult) -> (String, Vec<Content>) {
    let kind = if result.is_error { "error" } else { "result" };
    let mut out = format!("[tool {kind} {}:", result.tool_call_id);
    let mut others = Vec::new();
    for block in &result.content {
        let text = match block {
            Content::Text(text) => text.text.as_str(),
            Content::Json(json) => json.value.as_str(),
            other => {
                others.push(other.clone());
                continue;
            }
        };
        out.push(if out.ends_with(':') { ' ' } else { '\n' });
        out.push_str(text);
    }
    out.push(']');
    (out, others)
}
