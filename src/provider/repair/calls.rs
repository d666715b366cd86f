//! Tool calls of a conversation: each is sent once, with a unique id.

use super::{Block, RawShape, Side, Turn, encode};
use crate::error::Result;
use crate::json::quoted;
use crate::message::{Content, InvalidToolCall, Message, Role, ToolCall, ToolResult};

/// Checks that only the model calls tools and reasons, and that each result is in a message of the user's side and names
/// its call. Over Converse, the model's turn may have results of tools that the service runs.
///
/// # Errors
/// `Encode`, with the index of the message.
pub(super) fn check_sides(at: usize, message: &Message, raw: RawShape) -> Result<()> {
    message.content.iter().try_for_each(|block| check_side(at, block, message.role, raw))
}

fn check_side(at: usize, block: &Content, role: Role, raw: RawShape) -> Result<()> {
    match block {
        Content::ToolCall(ToolCall { name, .. }) | Content::InvalidToolCall(InvalidToolCall { name, .. })
            if role != Role::Ai =>
        {
            let name = quoted(name);
            encode(format_args!(
                "message {at} calls the tool {name}, but is not an AI message; put the call into an AI message"
            ))
        }
        Content::Thinking(_) | Content::RedactedThinking(_) if role != Role::Ai => encode(format_args!(
            "message {at} has reasoning, but is not an AI message; put the reasoning into an AI message"
        )),
        Content::ToolResult(result) if result.tool_call_id.is_empty() => encode(format_args!(
            "message {at} has a tool result without an id; set `tool_call_id` to the id of its call"
        )),
        Content::ToolResult(result) if role == Role::System || (role == Role::Ai && raw != RawShape::Keyed) => {
            let id = quoted(&result.tool_call_id);
            let kind = if role == Role::Ai { "AI" } else { "system" };
            encode(format_args!(
                "message {at} is of the {kind} role and has the result of call {id}; put the result into a tool message"
            ))
        }
        _ => Ok(()),
    }
}

/// Checks that blocks which add or remove tools are in system messages after the first message.
///
/// # Errors
/// `Encode`, with the index of the message.
pub(super) fn check_changes(at: usize, message: &Message, begun: bool) -> Result<()> {
    if !message.content.iter().any(Content::is_tool_change) || (begun && message.role == Role::System) {
        return Ok(());
    }
    encode(format_args!(
        "tools cannot be changed in this message: message {at}; change them in a system message after a human message"
    ))
}

/// Renames the ids of calls that repeat an earlier turn's id, and those of their results: some models number their
/// calls again in every reply.
pub(super) fn rename_repeated_calls(turns: &mut [Turn<'_>]) {
    let mut seen: Vec<String> = Vec::new();
    let mut renamed: Vec<(String, String)> = Vec::new();
    for turn in turns {
        if turn.side == Side::Assistant {
            renamed.clear();
        }
        let known = seen.len();
        for block in &mut turn.blocks {
            let new = match &**block {
                Content::ToolCall(call) if seen.iter().take(known).any(|id| *id == call.id) => {
                    let new = format!("{}_{known}", call.id);
                    renamed.push((call.id.clone(), new.clone()));
                    Content::ToolCall(ToolCall { id: new, ..call.clone() })
                }
                Content::ToolCall(call) => {
                    seen.push(call.id.clone());
                    continue;
                }
                Content::ToolResult(result) => match renamed.iter().find(|(id, _)| *id == result.tool_call_id) {
                    Some((_, new)) => Content::ToolResult(ToolResult { tool_call_id: new.clone(), ..result.clone() }),
                    None => continue,
                },
                _ => continue,
            };
            if let Content::ToolCall(call) = &new {
                seen.push(call.id.clone());
            }
            *block = Block::new(new);
        }
    }
}

/// Drops a call that is twice in a turn: other libraries write a call both as a block and in a list of calls. Returns
/// the ids of the remaining calls, in their order.
pub(super) fn drop_repeated_calls(turn: &mut Turn<'_>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    turn.blocks.retain(|block| match &**block {
        Content::ToolCall(call) if seen.contains(&call.id) => false,
        Content::ToolCall(call) => {
            seen.push(call.id.clone());
            true
        }
        _ => true,
    });
    seen
}
