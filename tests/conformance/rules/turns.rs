//! What the rules about messages do to the turns of a request, in Anthropic's form and in Converse's.

use serde_json::{Map, Value, json};

use super::messages::is_blank_block;
use super::requests::body_of;
use crate::suite::request::{Sent, normalised, text_block};

type Body = Map<String, Value>;

fn turns(body: &mut Body) -> Option<&mut Vec<Value>> {
    body.get_mut("messages")?.as_array_mut()
}

fn blocks(turn: &mut Value) -> Option<&mut Vec<Value>> {
    turn["content"].as_array_mut()
}

fn all_blocks(body: &mut Body) -> impl Iterator<Item = &mut Value> {
    turns(body).into_iter().flatten().filter_map(blocks).flatten()
}

/// Whether two neighbours are one turn.
type AreOne = fn(&Value, &Value) -> bool;

pub(super) fn merge_in(sent: &mut Sent, are_one: AreOne) {
    if let Some(body) = body_of(sent) {
        merge(body, are_one);
    }
}

fn is_result(block: &Value) -> bool {
    block["type"] == "tool_result" || block.get("toolResult").is_some()
}

fn holds_result(turn: &Value) -> bool {
    turn["content"].as_array().is_some_and(|blocks| blocks.iter().any(is_result))
}

pub(super) fn are_users(before: &Value, turn: &Value) -> bool {
    before["role"] == "user" && turn["role"] == "user"
}

pub(super) fn are_models(before: &Value, turn: &Value) -> bool {
    before["role"] == "assistant" && turn["role"] == "assistant"
}

pub(super) fn both_have_results(before: &Value, turn: &Value) -> bool {
    are_users(before, turn) && holds_result(before) && holds_result(turn)
}

pub(super) fn has_results(before: &Value, turn: &Value) -> bool {
    are_users(before, turn) && holds_result(before)
}

/// Makes one turn of neighbours that are one, with the results of tools first.
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

/// Drops the answers that are empty, or that a peer filled with a dot.
pub(super) fn drop_empty_answers(body: &mut Body) {
    let is_empty = |block: &Value| is_blank_block(block) || block["text"] == ".";
    if let Some(turns) = turns(body) {
        turns.retain(|turn| {
            let empty = turn["content"].as_array().is_some_and(|blocks| blocks.iter().all(is_empty));
            turn["role"] != "assistant" || !empty
        });
    }
}

/// Drops blank texts, and the dots that a peer put in their place.
pub(super) fn drop_blank_texts(body: &mut Body) {
    for turn in turns(body).into_iter().flatten() {
        if let Some(blocks) = blocks(turn) {
            blocks.retain(|block| !is_blank_block(block) && block["text"] != ".");
        }
    }
}

/// Takes the white space off the end of the last turn, if it is the model's.
pub(super) fn trim_end(body: &mut Body) {
    let last = turns(body).and_then(|turns| turns.last_mut()).filter(|turn| turn["role"] == "assistant");
    let Some(block) = last.and_then(blocks).and_then(|blocks| blocks.last_mut()) else { return };
    if let Some(text) = block["text"].as_str() {
        block["text"] = json!(text.trim_end());
    }
}

/// The result that answers a call, wherever it stands.
pub(super) fn result_of<'a>(body: &'a mut Body, id: &Value) -> Option<&'a mut Body> {
    all_blocks(body).find_map(|block| {
        if block["tool_use_id"] == *id {
            return block.as_object_mut();
        }
        block.get_mut("toolResult").filter(|result| result["toolUseId"] == *id)?.as_object_mut()
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

/// LangChain's reasoning block as Anthropic's, before all other blocks of its turn.
pub(super) fn reasoning_as_thinking(body: &mut Body) {
    for turn in turns(body).into_iter().flatten() {
        let Some(blocks) = blocks(turn).filter(|blocks| blocks.iter().any(|block| block["type"] == "reasoning")) else {
            continue;
        };
        for block in blocks.iter_mut().filter(|block| block["type"] == "reasoning") {
            let signature = block["extras"]["signature"].clone();
            *block = json!({"type": "thinking", "thinking": block["reasoning"], "signature": signature});
        }
        blocks.sort_by_key(|block| block["type"] != "thinking");
    }
}

/// The blocks of each message and of its turn, where every message but those of the system has its own turn.
fn aligned<'a>(messages: &'a [Value], body: &'a mut Body) -> Vec<(&'a Vec<Value>, &'a mut Vec<Value>)> {
    let messages: Vec<&Value> = messages.iter().filter(|message| message["role"] != "system").collect();
    let turns = turns(body).map(|turns| turns.iter_mut().collect::<Vec<_>>()).unwrap_or_default();
    if messages.len() != turns.len() {
        return Vec::new();
    }
    let pairs = messages.into_iter().zip(turns);
    pairs.filter_map(|(message, turn)| Some((message["content"].as_array()?, blocks(turn)?))).collect()
}

/// Puts back the blocks that have no meaning, at their places.
pub(super) fn restore_unknown(messages: &[Value], body: &mut Body) {
    const KNOWN: &[&str] = &[
        "text",
        "text_delta",
        "input_json_delta",
        "image",
        "image_url",
        "file",
        "document",
        "tool_use",
        "tool_result",
        "thinking",
        "redacted_thinking",
        "reasoning",
        "reasoning_content",
    ];
    for (said, sent) in aligned(messages, body) {
        for (at, block) in said.iter().enumerate() {
            let kind = block["type"].as_str().unwrap_or_default();
            let has_no_image = kind == "image_url" && block.get("image_url").is_none();
            if (!KNOWN.contains(&kind) || has_no_image) && !sent.contains(block) {
                sent.insert(at.min(sent.len()), normalised(block.clone()));
            }
        }
    }
}

/// Files with text that were sent as if they had been said, and names of files that were not sent.
pub(super) fn restore_files(messages: &[Value], body: &mut Body) {
    for (said, sent) in aligned(messages, body) {
        for block in said.iter().filter(|block| block["type"] == "file") {
            let flat = text_block(block["text"].as_str().unwrap_or_default());
            let is_same = |place: &Value| {
                *place == flat || (place["type"] == "document" && place["source"]["data"] == block["data"])
            };
            let Some(place) = sent.iter_mut().find(|place| is_same(place)) else { continue };
            if block["source_type"] == "text" {
                let source = json!({"type": "text", "media_type": "text/plain", "data": block["text"]});
                *place = json!({"type": "document", "source": source});
            }
            let name = ["title", "name", "filename"].iter().find_map(|key| block["metadata"][*key].as_str());
            if let Some(name) = name {
                place["title"] = json!(name);
            }
        }
    }
}

const IMAGES: [&str; 4] = ["png", "jpeg", "gif", "webp"];

/// Gives every image the name of its format.
///
/// # Errors
/// The type of an image that has none.
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

fn format_of(media_type: &str) -> Option<&'static str> {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let name = essence.strip_prefix("image/").unwrap_or(essence);
    let name = if name == "jpg" { "jpeg" } else { name };
    IMAGES.into_iter().find(|known| *known == name)
}

/// Calls and results as this crate tells them, in the place of a peer's words for them.
pub(super) fn tell_calls(messages: &[Value], body: &mut Body) {
    let calls: Vec<&Value> = messages.iter().flat_map(|message| message["tool_calls"].as_array()).flatten().collect();
    let results: Vec<&Value> = messages.iter().filter(|message| message["role"] == "tool").collect();
    let (mut calls, mut results) = (calls.into_iter(), results.into_iter());
    for block in all_blocks(body) {
        let Some(text) = block["text"].as_str() else { continue };
        let output = text.strip_prefix("[Tool output: ").and_then(|text| text.strip_suffix(']'));
        let id = |holder: &Value, key: &str| holder[key].as_str().unwrap_or_default().to_owned();
        let told = match (text.starts_with("[Called "), output) {
            (true, _) => calls.next().map(|call| {
                let name = call["name"].as_str().unwrap_or_default();
                format!("[tool call {}: {name} {}]", id(call, "id"), call["args"])
            }),
            (_, Some(output)) => {
                results.next().map(|result| format!("[tool result {}: {output}]", id(result, "tool_call_id")))
            }
            _ => None,
        };
        if let Some(told) = told {
            block["text"] = json!(told);
        }
    }
}
