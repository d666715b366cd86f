//! The rules about tools, their calls and their results.

use std::collections::BTreeSet;

use serde_json::Value;

use super::rules::{blocks, role};
use crate::problem::Problem;

fn refuse(message: impl Into<String>) -> Result<(), Problem> {
    Err(Problem::validation(message))
}

pub(super) fn check(body: &Value, turns: &[&Value], model: &str) -> Result<(), Problem> {
    definitions(body)?;
    let uses_tools = turns.iter().any(|message| {
        blocks(message).iter().any(|block| block.get("toolUse").is_some() || block.get("toolResult").is_some())
    });
    if uses_tools && body.get("toolConfig").is_none() {
        return refuse("The toolConfig field must be defined when using toolUse and toolResult content blocks.");
    }
    pairs(turns)?;
    if model.starts_with("mistral.") {
        short_ids(turns)?;
    }
    // Observed with Llama and Mistral; Claude and Nova accept both in one turn.
    if ["meta.", "mistral."].iter().any(|vendor| model.starts_with(vendor)) {
        for (number, message) in turns.iter().enumerate() {
            let results = blocks(message).iter().filter(|block| block.get("toolResult").is_some()).count();
            if results > 0 && results < blocks(message).len() {
                return refuse(format!(
                    "messages.{number}.content: Conversation blocks and tool result blocks cannot be provided in the same turn."
                ));
            }
        }
    }
    Ok(())
}

fn definitions(body: &Value) -> Result<(), Problem> {
    let tools = body.pointer("/toolConfig/tools").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for (number, tool) in tools.iter().enumerate() {
        let name =
            ["/toolSpec/name", "/systemTool/name"].iter().find_map(|at| tool.pointer(at)).and_then(Value::as_str);
        if let Some(name) = name
            && !names.insert(name)
        {
            return refuse(format!(
                "The tools at toolConfig.tools contain the name {name} twice. Give each tool its own name and try again."
            ));
        }
        if let Some(schema) = tool.pointer("/toolSpec/inputSchema/json")
            && schema.get("type").and_then(Value::as_str) != Some("object")
        {
            return refuse(format!(
                "The value at toolConfig.tools.{number}.toolSpec.inputSchema.json.type must be one of the following: object."
            ));
        }
    }
    let chosen = body.pointer("/toolConfig/toolChoice/tool/name").and_then(Value::as_str);
    match chosen {
        Some(name) if !names.contains(name) => {
            refuse(format!("The tool {name} at toolConfig.toolChoice.tool.name is not among toolConfig.tools."))
        }
        _ => Ok(()),
    }
}

/// Whether a call or a result belongs to a server tool: bifrost#3435, Nova's grounding. Both have a `type`, a result
/// also a `status`.
pub(super) fn is_of_the_service(block: &Value) -> bool {
    let text = |pointer: &str| block.pointer(pointer).and_then(Value::as_str);
    text("/toolUse/type") == Some("server_tool_use")
        || (text("/toolResult/type").is_some() && text("/toolResult/status").is_some())
}

fn ids<'a>(message: &'a Value, member: &str) -> Vec<&'a str> {
    let pointer = format!("/{member}/toolUseId");
    blocks(message)
        .iter()
        .filter(|block| !is_of_the_service(block))
        .filter_map(|block| block.pointer(&pointer).and_then(Value::as_str))
        .collect()
}

fn pairs(turns: &[&Value]) -> Result<(), Problem> {
    let mut open: Vec<&str> = Vec::new();
    for (number, message) in turns.iter().enumerate() {
        let results = ids(message, "toolResult");
        let missing: Vec<&str> = open.iter().filter(|id| !results.contains(id)).copied().collect();
        if role(message) == "user" && !missing.is_empty() {
            return refuse(format!(
                "Expected toolResult blocks at messages.{number}.content for the following Ids: {}",
                missing.join(", ")
            ));
        }
        let unique: BTreeSet<&&str> = results.iter().collect();
        if unique.len() < results.len() {
            return refuse(format!("The toolResult blocks at messages.{number}.content contain duplicate Ids."));
        }
        if results.len() > open.len() {
            return refuse(format!(
                "The number of toolResult blocks at messages.{number}.content exceeds the number of toolUse blocks of previous turn."
            ));
        }
        let calls = ids(message, "toolUse");
        let unique: BTreeSet<&&str> = calls.iter().collect();
        if unique.len() < calls.len() {
            return refuse(format!("The toolUse blocks at messages.{number}.content contain duplicate Ids."));
        }
        objects(message, number)?;
        open = calls;
    }
    if open.is_empty() {
        return Ok(());
    }
    refuse(format!(
        "Expected toolResult blocks at messages.{}.content for the following Ids: {}",
        turns.len(),
        open.join(", ")
    ))
}

/// Ids of tool calls for Mistral's models. opencode#48843 reports that ids of Bedrock are accepted, and vercel/ai#11802
/// that they are not. Both are accepted here, so that clients which send ids of Bedrock back can be tested.
fn short_ids(turns: &[&Value]) -> Result<(), Problem> {
    let is_short = |id: &str| id.len() == 9 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let is_ours = |id: &str| id.starts_with("tooluse_");
    let all = turns.iter().flat_map(|message| [ids(message, "toolUse"), ids(message, "toolResult")].concat());
    match all.into_iter().find(|id| !is_short(id) && !is_ours(id)) {
        Some(id) => refuse(format!(
            "The model returned the following errors: Tool call id was {id} but must be a-z, A-Z, 0-9, with a length of 9."
        )),
        None => Ok(()),
    }
}

/// Arguments and JSON results must be objects.
fn objects(message: &Value, number: usize) -> Result<(), Problem> {
    let must = |at: String| {
        refuse(format!(
            "The format of the value at {at} is invalid. Provide a json object for the field and try again."
        ))
    };
    for (position, block) in blocks(message).iter().enumerate() {
        if block.pointer("/toolUse/input").is_some_and(|input| !input.is_object()) {
            return must(format!("messages.{number}.content.{position}.toolUse.input"));
        }
        let parts = block.get("toolResult").map(blocks).unwrap_or_default();
        if let Some(part) = parts.iter().position(|part| part.get("json").is_some_and(|json| !json.is_object())) {
            return must(format!("messages.{number}.content.{position}.toolResult.content.{part}.json"));
        }
    }
    Ok(())
}
