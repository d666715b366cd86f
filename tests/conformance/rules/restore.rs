//! Restores the blocks that a client dropped or changed, from the question.

use serde_json::{Value, json};

use super::requests::body_of;
use super::steps::Named;
use super::turns::{Body, all_blocks, blocks, format_of, turns};
use crate::suite::case::Scenario;
use crate::suite::request::{Sent, normalized, text_block};

/// The blocks of each message and of its turn, if every message except system messages has its own turn.
fn aligned<'a>(messages: &'a [Value], body: &'a mut Body) -> Vec<(&'a Vec<Value>, &'a mut Vec<Value>)> {
    let messages: Vec<&Value> = messages.iter().filter(|message| message["role"] != "system").collect();
    let turns = turns(body).map(|turns| turns.iter_mut().collect::<Vec<_>>()).unwrap_or_default();
    if messages.len() != turns.len() {
        return Vec::new();
    }
    let pairs = messages.into_iter().zip(turns);
    pairs.filter_map(|(message, turn)| Some((message["content"].as_array()?, blocks(turn)?))).collect()
}

/// Forms of blocks, for `dropped`.
pub(super) const FORMS: Named<fn(&Value) -> Option<Value>> = &[
    ("thinking", thinking),
    ("converse_reasoning", converse_reasoning),
    ("native_image", native_image),
    ("data_block", data_block),
    ("unknown", unknown),
];

/// Inserts the blocks that a client dropped, at their positions, in the form that they should have.
pub(super) fn dropped(scenario: &Scenario, sent: &mut Sent, form: fn(&Value) -> Option<Value>) {
    let Some(body) = body_of(sent) else { return };
    for (given, sent) in aligned(&scenario.messages, body) {
        // Reasoning without its signature counts as dropped.
        let is_unsigned = |block: &Value| {
            let text = block["reasoningContent"].get("reasoningText");
            text.is_some_and(|text| text.get("signature").is_none())
        };
        if given.iter().any(|block| form(block).is_some()) {
            sent.retain(|block| !is_unsigned(block));
        }
        for (at, block) in given.iter().enumerate() {
            let Some(block) = form(block).map(normalized).filter(|block| !sent.contains(block)) else { continue };
            sent.insert(at.min(sent.len()), block);
        }
    }
}

/// Reasoning as Anthropic's own block.
fn thinking(block: &Value) -> Option<Value> {
    match block["type"].as_str()? {
        "thinking" | "redacted_thinking" => Some(block.clone()),
        "reasoning" => {
            let signature = &block["extras"]["signature"];
            Some(json!({"type": "thinking", "thinking": block["reasoning"], "signature": signature}))
        }
        _ => None,
    }
}

/// Reasoning in Converse's form.
fn converse_reasoning(block: &Value) -> Option<Value> {
    let signature = block["extras"]["signature"].as_str().filter(|_| block["type"] == "reasoning")?;
    Some(json!({"reasoningContent": {"reasoningText": {"text": block["reasoning"], "signature": signature}}}))
}

/// An image in Anthropic's own form.
fn native_image(block: &Value) -> Option<Value> {
    (block["type"] == "image" && block["source"].is_object()).then(|| block.clone())
}

/// An image or a document in LangChain's form for all providers, converted to Anthropic's.
pub(super) fn data_block(block: &Value) -> Option<Value> {
    let data = ["data", "base64"].iter().find_map(|key| block[*key].as_str())?;
    let media_type = ["mimeType", "mime_type"].iter().find_map(|key| block[*key].as_str())?;
    let kind = match block["type"].as_str()? {
        "image" => "image",
        "file" => "document",
        _ => return None,
    };
    Some(json!({"type": kind, "source": {"type": "base64", "media_type": media_type, "data": data}}))
}

/// A block of an unknown type.
fn unknown(block: &Value) -> Option<Value> {
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
    let kind = block["type"].as_str().unwrap_or_default();
    let has_no_image = kind == "image_url" && block.get("image_url").is_none();
    (!KNOWN.contains(&kind) || has_no_image).then(|| block.clone())
}

/// Restores each cache control at the block with the same text or image.
pub(super) fn cache_controls(messages: &[Value], body: &mut Body) {
    for (given, sent) in aligned(messages, body) {
        for block in given.iter().filter(|block| block.get("cache_control").is_some()) {
            let is_same = |sent: &&mut Value| {
                let is_text = sent["text"].is_string() && sent["text"] == block["text"];
                let is_image = data_url(block).is_some_and(|(_, data)| sent["source"]["data"] == data);
                is_text || is_image
            };
            if let Some(same) = sent.iter_mut().find(is_same) {
                same["cache_control"] = block["cache_control"].clone();
            }
        }
    }
}

/// Removes blank text that a client appended to the text before it.
pub(super) fn without_blank_tails(messages: &[Value], body: &mut Body) {
    let texts: Vec<&str> = messages
        .iter()
        .flat_map(|message| message["content"].as_array())
        .flatten()
        .filter_map(|block| block["text"].as_str())
        .collect();
    for block in all_blocks(body) {
        let Some(text) = block["text"].as_str() else { continue };
        let is_longer = |given: &&&str| text.strip_prefix(**given).is_some_and(|tail| tail.trim().is_empty());
        if let Some(given) = texts.iter().filter(|given| !given.trim().is_empty()).find(is_longer) {
            block["text"] = json!(given);
        }
    }
}

/// The media type and the data of an image in OpenAI's form.
fn data_url(block: &Value) -> Option<(&str, &str)> {
    let url = block["image_url"]["url"].as_str().or(block["image_url"].as_str())?;
    url.strip_prefix("data:")?.split_once(";base64,")
}

/// Restores the formats of images that a client left out.
pub(super) fn image_formats(messages: &[Value], body: &mut Body) {
    let blocks = messages.iter().flat_map(|message| message["content"].as_array()).flatten();
    let known: Vec<(&str, &str)> = blocks.filter_map(data_url).collect();
    for block in all_blocks(body) {
        let Some(image) = block.get_mut("image").filter(|image| image.get("format").is_none()) else { continue };
        let media_type = known.iter().find(|(_, data)| image["source"]["bytes"] == *data).map(|(kind, _)| *kind);
        if let Some(format) = media_type.and_then(format_of) {
            image["format"] = json!(format);
        }
    }
}

/// Restores the names of files for which a client made up other names.
pub(super) fn document_names(messages: &[Value], body: &mut Body) {
    let files = messages.iter().flat_map(|message| message["content"].as_array()).flatten();
    let names = files
        .filter(|block| block["type"] == "file")
        .map(|block| ["title", "name", "filename"].iter().find_map(|key| block["metadata"][*key].as_str()));
    let documents = all_blocks(body).filter_map(|block| block.get_mut("document"));
    for (document, name) in documents.zip(names) {
        if let Some(name) = name {
            document["name"] = json!(name);
        }
    }
}

/// Splits the text of neighboring messages that a client joined with line breaks into blocks.
pub(super) fn separate_texts(scenario: &Scenario, sent: &mut Sent, role: &str) {
    let mut runs: Vec<Vec<&str>> = vec![Vec::new()];
    for message in &scenario.messages {
        match message["content"].as_str().filter(|_| message["role"] == role) {
            Some(text) => runs.last_mut().into_iter().for_each(|run| run.push(text)),
            None => runs.push(Vec::new()),
        }
    }
    let Some(body) = body_of(sent) else { return };
    for run in runs.iter().filter(|run| run.len() > 1) {
        let joined = run.join("\n");
        for blocks in turns(body).into_iter().flatten().filter_map(blocks) {
            if let Some(at) = blocks.iter().position(|block| block["text"] == joined) {
                blocks.splice(at..=at, run.iter().map(|text| json!({"text": text})));
            }
        }
    }
}

/// Restores all tools if a client sent only the one that must be called.
pub(super) fn all_tools(scenario: &Scenario, sent: &mut Sent) {
    let tools = scenario.option("tools").and_then(Value::as_array).into_iter().flatten();
    let specs = tools.map(|tool| {
        let mut spec = json!({"name": tool["name"], "inputSchema": {"json": tool["input_schema"]}});
        if let Some(description) = tool.get("description") {
            spec["description"] = description.clone();
        }
        normalized(json!({"toolSpec": spec}))
    });
    let specs: Vec<Value> = specs.collect();
    let config = body_of(sent).and_then(|body| body.get_mut("toolConfig"));
    if let Some(config) = config.filter(|config| config["toolChoice"]["tool"].is_object()) {
        config["tools"] = json!(specs);
    }
}

/// The conversation with tool calls and results as text.
pub(super) fn calls_as_text(scenario: &Scenario, body: &mut Body) {
    let id = |holder: &Value, key: &str| holder[key].as_str().unwrap_or_default().to_owned();
    let turn = |message: &Value| {
        let text = super::build::text_of(&message["content"]);
        if message["role"] == "tool" {
            let text = format!("[tool result {}: {text}]", id(message, "tool_call_id"));
            return json!({"role": "user", "content": [{"text": text}]});
        }
        let calls = message["tool_calls"].as_array().into_iter().flatten();
        let calls = calls.map(|call| format!("[tool call {}: {} {}]", id(call, "id"), id(call, "name"), call["args"]));
        let texts = Some(text).filter(|text| !text.is_empty()).into_iter().chain(calls);
        let role = if message["role"] == "ai" { "assistant" } else { "user" };
        json!({"role": role, "content": texts.map(|text| json!({"text": text})).collect::<Vec<_>>()})
    };
    let messages = scenario.messages.iter().filter(|message| message["role"] != "system");
    body.insert("messages".into(), messages.map(turn).collect());
    super::turns::merge(body, super::turns::have_one_role);
}

/// Restores text files that were sent as plain text, and names of files that were not sent.
pub(super) fn files(messages: &[Value], body: &mut Body) {
    for (given, sent) in aligned(messages, body) {
        for block in given.iter().filter(|block| block["type"] == "file") {
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
