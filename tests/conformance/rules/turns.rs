//! Corrections of the turns of a request, in any API's form.

use serde_json::{Map, Value, json};

use super::conditions::is_blank_block;
use super::requests::body_of;
use super::restore;
use super::steps::Named;
use crate::suite::request::{Sent, text_block};

pub(super) type Body = Map<String, Value>;

pub(super) fn turns(body: &mut Body) -> Option<&mut Vec<Value>> {
    let key = if body.contains_key("messages") { "messages" } else { "input" };
    body.get_mut(key)?.as_array_mut()
}

pub(super) fn blocks(turn: &mut Value) -> Option<&mut Vec<Value>> {
    turn.get_mut("content")?.as_array_mut()
}

pub(super) fn all_blocks(body: &mut Body) -> impl Iterator<Item = &mut Value> {
    turns(body).into_iter().flatten().filter_map(blocks).flatten()
}

/// Whether two neighboring turns become one.
type AreOne = fn(&Value, &Value) -> bool;

pub(super) const ARE_ONE: Named<AreOne> = &[
    ("users", are_users),
    ("assistants", |before, turn| before["role"] == "assistant" && have_one_role(before, turn)),
    ("results", |before, turn| are_users(before, turn) && has_result(before) && has_result(turn)),
    ("after_results", |before, turn| are_users(before, turn) && has_result(before)),
];

pub(super) fn merge_in(sent: &mut Sent, are_one: AreOne) {
    if let Some(body) = body_of(sent) {
        merge(body, are_one);
    }
}

fn is_result(block: &Value) -> bool {
    block["type"] == "tool_result" || block.get("toolResult").is_some()
}

fn has_result(turn: &Value) -> bool {
    turn["content"].as_array().is_some_and(|blocks| blocks.iter().any(is_result))
}

/// Whether two turns are both the user's, or both text of the assistant.
pub(super) fn have_one_role(before: &Value, turn: &Value) -> bool {
    let is_text = |turn: &Value| turn["content"].is_array() && turn.get("tool_calls").is_none();
    before["role"] == turn["role"] && turn["role"] != "tool" && is_text(before) && is_text(turn)
}

fn are_users(before: &Value, turn: &Value) -> bool {
    before["role"] == "user" && have_one_role(before, turn)
}

/// Merges neighboring turns, with tool results first.
pub(super) fn merge(body: &mut Body, are_one: AreOne) {
    let Some(turns) = turns(body) else { return };
    let mut merged: Vec<Value> = Vec::new();
    for mut turn in std::mem::take(turns) {
        match merged.last_mut() {
            Some(last) if are_one(last, &turn) => {
                let more = blocks(&mut turn).map(std::mem::take).unwrap_or_default();
                let Some(all) = blocks(last) else { continue };
                all.extend(more);
                all.sort_by_key(|block| !is_result(block));
            }
            _ => merged.push(turn),
        }
    }
    *turns = merged;
}

/// Drops assistant turns that are empty, or that a client filled with a dot.
pub(super) fn drop_empty_replies(body: &mut Body) {
    let is_empty = |block: &Value| is_blank_block(block) || block["text"] == ".";
    if let Some(turns) = turns(body) {
        turns.retain(|turn| {
            let empty = turn["content"].as_array().is_some_and(|blocks| blocks.iter().all(is_empty));
            turn["role"] != "assistant" || !empty
        });
    }
}

/// Drops blank text, and the dots that a client sent instead.
pub(super) fn drop_blank_texts(body: &mut Body) {
    let drop = |blocks: &mut Vec<Value>| blocks.retain(|block| !is_blank_block(block) && block["text"] != ".");
    for blocks in turns(body).into_iter().flatten().filter_map(blocks) {
        drop(blocks);
        blocks.iter_mut().filter_map(|block| block.get_mut("content")?.as_array_mut()).for_each(drop);
    }
}

/// Trims the end of the last turn, if it is an assistant turn.
pub(super) fn trim_end(body: &mut Body) {
    let last = turns(body).and_then(|turns| turns.last_mut()).filter(|turn| turn["role"] == "assistant");
    let Some(block) = last.and_then(blocks).and_then(|blocks| blocks.last_mut()) else { return };
    if let Some(text) = block["text"].as_str() {
        block["text"] = json!(text.trim_end());
    }
}

/// The result of a tool call, wherever it is.
pub(super) fn result_of<'a>(body: &'a mut Body, id: &Value) -> Option<&'a mut Body> {
    all_blocks(body).find_map(|block| {
        if block["tool_use_id"] == *id {
            return block.as_object_mut();
        }
        block.get_mut("toolResult").filter(|result| result["toolUseId"] == *id)?.as_object_mut()
    })
}

/// The result of a tool call in OpenAI's APIs, and the name of its text.
pub(super) fn openai_result_of<'a>(body: &'a mut Body, id: &Value) -> Option<(&'a mut Body, &'static str)> {
    let keys = [("tool_call_id", "content"), ("call_id", "output")];
    turns(body)?.iter_mut().find_map(|turn| {
        let (_, text) = keys.iter().find(|(key, text)| turn[*key] == *id && turn.get(*text).is_some())?;
        Some((turn.as_object_mut()?, *text))
    })
}

/// A tool by its name.
pub(super) fn tool_of<'a>(sent: &'a mut Sent, name: &Value) -> Option<&'a mut Body> {
    let body = body_of(sent)?;
    let (plain, nested) = (body.contains_key("tools"), body.contains_key("toolConfig"));
    let tools = match (plain, nested) {
        (true, _) => body.get_mut("tools"),
        (_, true) => body.get_mut("toolConfig").and_then(|config| config.get_mut("tools")),
        _ => None,
    };
    tools?.as_array_mut()?.iter_mut().find_map(|tool| {
        let tool = if nested { tool.get_mut("toolSpec")? } else { tool };
        (tool["name"] == *name).then(|| tool.as_object_mut())?
    })
}

/// Converts LangChain's reasoning blocks to Anthropic's, before all other blocks of their turn.
pub(super) fn reasoning_as_thinking(body: &mut Body) {
    for turn in turns(body).into_iter().flatten() {
        let Some(blocks) = blocks(turn).filter(|blocks| blocks.iter().any(|block| block["type"] == "reasoning")) else {
            continue;
        };
        for block in blocks.iter_mut().filter(|block| block["type"] == "reasoning") {
            let signature = block["extras"]["signature"].clone();
            *block = json!({"type": "thinking", "thinking": block["reasoning"], "signature": signature});
        }
    }
    thinking_first(body);
}

/// Moves reasoning before all other blocks of its turn.
pub(super) fn thinking_first(body: &mut Body) {
    for blocks in turns(body).into_iter().flatten().filter_map(blocks) {
        blocks.sort_by_key(|block| block["type"] != "thinking" && block["type"] != "redacted_thinking");
    }
}

/// Restores a result that a client replaced with a dot.
pub(super) fn restore_result(body: &mut Body, id: &Value) {
    if result_of(body, id).is_some() {
        return;
    }
    let dot = [text_block(".")];
    let lost = turns(body).into_iter().flatten().filter_map(blocks).find(|blocks| blocks.as_slice() == dot);
    if let Some(blocks) = lost {
        *blocks = vec![json!({"type": "tool_result", "tool_use_id": id})];
    }
}

const IMAGES: [&str; 4] = ["png", "jpeg", "gif", "webp"];

/// Sets the name of every image's format.
///
/// # Errors
/// The media type of an image with an unknown format.
pub(super) fn name_images(body: &mut Body) -> Result<(), String> {
    fn walk(value: &mut Value) -> Result<(), String> {
        if value["type"] == "image" && value["source"]["media_type"].is_string() {
            let given = value["source"]["media_type"].as_str().unwrap_or_default().to_owned();
            let format = format_of(&given).ok_or(given)?;
            value["source"]["media_type"] = json!(format!("image/{format}"));
        }
        if let Some(format) = value["image"]["format"].as_str() {
            let format = format_of(format).ok_or(format)?;
            value["image"]["format"] = json!(format);
        }
        match value {
            Value::Array(items) => items.iter_mut().try_for_each(walk),
            Value::Object(members) => members.values_mut().try_for_each(walk),
            _ => Ok(()),
        }
    }
    body.get_mut("messages").map_or(Ok(()), walk)
}

pub(super) fn format_of(media_type: &str) -> Option<&'static str> {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let name = essence.strip_prefix("image/").unwrap_or(essence);
    let name = if name == "jpg" { "jpeg" } else { name };
    IMAGES.into_iter().find(|known| *known == name)
}

/// Sorts tool results into the order of the calls in the turn before.
pub(super) fn results_in_order(body: &mut Body) {
    let mut order: Vec<Value> = Vec::new();
    for turn in turns(body).into_iter().flatten() {
        let Some(blocks) = blocks(turn) else { continue };
        let place = |block: &Value| {
            let id = block.get("tool_use_id").or_else(|| block["toolResult"].get("toolUseId"));
            order.iter().position(|call| id == Some(call)).unwrap_or(order.len())
        };
        let is_answered = blocks.iter().any(is_result);
        if is_answered {
            blocks.sort_by_key(place);
        }
        let ids = blocks.iter().filter_map(|block| match block["type"].as_str() {
            Some("tool_use") => block.get("id").cloned(),
            _ => block["toolUse"].get("toolUseId").cloned(),
        });
        order = ids.collect();
    }
}

/// Converts LangChain's data blocks to Anthropic's images and documents.
pub(super) fn data_blocks_as_native(body: &mut Body) {
    for block in all_blocks(body) {
        if let Some(native) = restore::data_block(block) {
            *block = native;
        }
    }
}

/// Keeps each tool call once, at its first position, and converts leftover stream deltas.
pub(super) fn calls_once(body: &mut Body) {
    let mut seen: Vec<Value> = Vec::new();
    for turn in turns(body).into_iter().flatten() {
        let Some(blocks) = blocks(turn) else { continue };
        blocks.retain(|block| {
            let is_call = block["type"] == "tool_use";
            let again = is_call && seen.contains(&block["id"]);
            if is_call {
                seen.push(block["id"].clone());
            }
            !again && block["type"] != "input_json_delta"
        });
        for block in blocks.iter_mut().filter(|block| block["type"] == "text_delta") {
            *block = text_block(block["text"].as_str().unwrap_or_default());
        }
    }
}
