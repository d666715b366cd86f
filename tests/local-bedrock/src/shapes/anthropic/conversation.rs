//! The checks on the order of turns and on tool calls and their results.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::models::{Feature, refusal, thinks};
use super::{blocks, invalid, only_known, string};
use crate::model::Trusted;
use crate::problem::Problem;
use crate::shapes::Call;

/// One turn after the service has merged neighbors of one role. String content has become a
/// text block.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) user: bool,
    pub(super) blocks: Vec<Value>,
}

/// Checks `messages` and returns them in their merged form.
pub(super) fn check(body: &Value, call: &Call<'_>) -> Result<Vec<Message>, Problem> {
    let (model, settings) = (call.model.as_str(), &call.state.settings);
    let messages = body.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if messages.is_empty() {
        return Err(invalid("messages", "at least one message is required"));
    }
    let mut merged: Vec<Message> = Vec::new();
    for (number, message) in messages.iter().enumerate() {
        let at = format!("messages.{number}");
        only_known(message, &["role", "content"], &at)?;
        let user = match string(message, "role", &at)? {
            "user" => true,
            "assistant" => false,
            "system" => {
                let role_at = |number: usize| messages.get(number)?.get("role")?.as_str();
                let before = number.checked_sub(1).and_then(role_at);
                system_in_the_middle(model, number, before, role_at(number + 1))?;
                let said = content(message, true, false, &at, &settings.trusted)?;
                // The local model reads the message as part of the turn before it.
                merged.iter_mut().last().into_iter().for_each(|turn| turn.blocks.extend(said.clone()));
                continue;
            }
            other => {
                return Err(invalid(
                    "messages",
                    format!("Unexpected role \"{other}\". Allowed roles are \"user\" or \"assistant\""),
                ));
            }
        };
        if number == 0 && !user {
            return Err(invalid("messages", "first message must use the \"user\" role"));
        }
        let last = number + 1 == messages.len();
        let content = content(message, user, last, &at, &settings.trusted)?;
        match merged.last_mut() {
            Some(previous) if previous.user == user => {
                if settings.strict_alternation {
                    let role = if user { "user" } else { "assistant" };
                    return Err(invalid(
                        "messages",
                        format!(
                            "roles must alternate between \"user\" and \"assistant\", but found multiple \"{role}\" roles in a row"
                        ),
                    ));
                }
                previous.blocks.extend(content);
            }
            _ => merged.push(Message { user, blocks: content }),
        }
    }
    prefill(&merged)?;
    tool_pairs(&merged)?;
    let thinks = thinks(model, body.pointer("/thinking/type").and_then(Value::as_str));
    for (number, message) in merged.iter().enumerate().filter(|(_, message)| !message.user) {
        let is_thinking =
            |block: &Value| matches!(block.get("type").and_then(Value::as_str), Some("thinking" | "redacted_thinking"));
        let thoughts: Vec<bool> = message.blocks.iter().map(is_thinking).collect();
        final_thinking(number, &thoughts, number + 1 == merged.len(), thinks)?;
    }
    thinking_first(body, &merged)?;
    Ok(merged)
}

/// Checks the position of a system message among the others: directly after a user message, and at the end or before
/// an assistant message. See
/// <https://platform.claude.com/docs/en/build-with-claude/mid-conversation-system-messages>.
pub(in crate::shapes) fn system_in_the_middle(
    model: &str,
    number: usize,
    before: Option<&str>,
    after: Option<&str>,
) -> Result<(), Problem> {
    if let Some(words) = refusal(model, Feature::SystemInTheMiddle) {
        return Err(Problem::validation(words));
    }
    let at = format!("messages.{number}");
    match (before, after) {
        // gproxy#209.
        (None, _) => Err(invalid(
            at,
            "use the top-level 'system' parameter for the initial system prompt; the directive-only form (content: [] with output_config) is accepted at any position",
        )),
        (Some("user"), None | Some("assistant")) => Ok(()),
        _ => {
            Err(invalid(at, "a system message must follow a user message and be last or precede an assistant message"))
        }
    }
}

/// Refuses an assistant turn that ends in reasoning (hermes-agent#13010, forgecode#3073), and a last turn with
/// reasoning while reasoning is off (forgecode#1853). `thoughts` has one flag per block: whether it is reasoning.
pub(in crate::shapes) fn final_thinking(
    number: usize,
    thoughts: &[bool],
    is_last: bool,
    thinks: bool,
) -> Result<(), Problem> {
    let thought = thoughts.iter().position(|thought| *thought);
    if let (Some(position), true, false) = (thought, is_last, thinks) {
        return Err(invalid(
            format!("messages.{number}.content.{position}"),
            "When thinking is disabled, an `assistant` message in the final position cannot contain `thinking`. To use thinking blocks, enable `thinking` in your request.",
        ));
    }
    if thoughts.last() == Some(&true) {
        return Err(invalid(
            format!("messages.{number}"),
            "The final block in an assistant message cannot be `thinking`.",
        ));
    }
    Ok(())
}

fn content(message: &Value, user: bool, last: bool, at: &str, trusted: &Trusted) -> Result<Vec<Value>, Problem> {
    let empty =
        || invalid(at, "all messages must have non-empty content except for the optional final assistant message");
    // A last turn of the assistant may be empty, as the reply begins there.
    let optional = last && !user;
    match message.get("content") {
        None => Err(invalid(format!("{at}.content"), "Field required")),
        Some(Value::String(text)) if text.is_empty() => {
            if optional {
                Ok(Vec::new())
            } else {
                Err(empty())
            }
        }
        Some(Value::String(text)) => {
            blocks::not_blank(text, "messages")?;
            Ok(vec![json!({ "type": "text", "text": text })])
        }
        Some(Value::Array(content)) => {
            if content.is_empty() && !optional {
                return Err(empty());
            }
            let role = if user { "user" } else { "assistant" };
            for (number, block) in content.iter().enumerate() {
                blocks::check(block, role, &format!("{at}.content.{number}"), trusted)?;
            }
            Ok(content.clone())
        }
        Some(_) => Err(invalid(format!("{at}.content"), "Input should be a valid list")),
    }
}

fn prefill(messages: &[Message]) -> Result<(), Problem> {
    let Some(last) = messages.last().filter(|message| !message.user) else {
        return Ok(());
    };
    let text = last.blocks.last().and_then(|block| block.get("text")).and_then(Value::as_str).unwrap_or_default();
    if text.ends_with(char::is_whitespace) {
        return Err(invalid("messages", "final assistant content cannot end with trailing whitespace"));
    }
    Ok(())
}

fn ids<'a>(message: &'a Message, kind: &str, key: &str) -> Vec<&'a str> {
    message
        .blocks
        .iter()
        .filter(|block| block.get("type").and_then(Value::as_str) == Some(kind))
        .filter_map(|block| block.get(key).and_then(Value::as_str))
        .collect()
}

/// Checks tool calls. Every call has exactly one result at the start of the next turn. Every result has its call in the
/// previous turn. No id is used twice.
fn tool_pairs(messages: &[Message]) -> Result<(), Problem> {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut open: Vec<&str> = Vec::new();
    for (number, message) in messages.iter().enumerate() {
        let results = ids(message, "tool_result", "tool_use_id");
        for (position, id) in results.iter().enumerate() {
            if !open.contains(id) {
                return Err(invalid(
                    format!("messages.{number}.content.{position}"),
                    format!(
                        "unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
                    ),
                ));
            }
            if results.iter().filter(|other| *other == id).count() > 1 {
                return Err(invalid(
                    format!("messages.{number}.content.{position}"),
                    format!(
                        "each tool_use must have a single result. Found multiple `tool_result` blocks with id: {id}"
                    ),
                ));
            }
        }
        let is_result = |block: &Value| block.get("type").and_then(Value::as_str) == Some("tool_result");
        let leading = message.blocks.iter().take_while(|block| is_result(block)).count();
        let missing: Vec<&str> = open.iter().filter(|id| !results.contains(id)).copied().collect();
        let late = leading < results.len();
        if !missing.is_empty() || late {
            let named = if missing.is_empty() { &open } else { &missing };
            return Err(unanswered(number - 1, named));
        }
        let calls = ids(message, "tool_use", "id");
        for (position, id) in calls.iter().enumerate() {
            if !seen.insert(id) {
                return Err(invalid(format!("messages.{number}.content.{position}"), "`tool_use` ids must be unique"));
            }
        }
        open = calls;
    }
    if open.is_empty() { Ok(()) } else { Err(unanswered(messages.len() - 1, &open)) }
}

fn unanswered(number: usize, ids: &[&str]) -> Problem {
    invalid(
        format!("messages.{number}"),
        format!(
            "`tool_use` ids were found without `tool_result` blocks immediately after: {}. Each `tool_use` block must have a corresponding `tool_result` block in the next message.",
            ids.join(", ")
        ),
    )
}

/// Checks that in a tool loop with reasoning on, the assistant's turn starts with its reasoning.
fn thinking_first(body: &Value, messages: &[Message]) -> Result<(), Problem> {
    let enabled = body.pointer("/thinking/type").and_then(Value::as_str) == Some("enabled");
    let [.., assistant, user] = messages else {
        return Ok(());
    };
    let in_a_loop = user.user && !ids(user, "tool_result", "tool_use_id").is_empty();
    if !enabled || !in_a_loop {
        return Ok(());
    }
    let first =
        assistant.blocks.first().and_then(|block| block.get("type")).and_then(Value::as_str).unwrap_or_default();
    if matches!(first, "thinking" | "redacted_thinking") {
        return Ok(());
    }
    Err(invalid(
        format!("messages.{}.content.0.type", messages.len() - 2),
        format!(
            "Expected `thinking` or `redacted_thinking`, but found `{first}`. When `thinking` is enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and `tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid this requirement, disable `thinking`. Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
        ),
    ))
}
