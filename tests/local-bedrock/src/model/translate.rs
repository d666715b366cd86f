//! Conversion of a prompt to a Chat Completions request for another server, and of its reply to an answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Answer, Block, Choice, Media, Part, Prompt, Stop, Thinking, Turn, brain, thinking, tokens};
use crate::json::{self, put};

/// Sampling parameters, by their names in the bodies of the APIs.
const SAMPLING: [(&str, &[&str]); 2] = [
    ("temperature", &["/temperature", "/inferenceConfig/temperature", "/textGenerationConfig/temperature"]),
    ("top_p", &["/top_p", "/p", "/topP", "/inferenceConfig/topP", "/textGenerationConfig/topP"]),
];

/// Returns the request that asks `model` to answer a prompt. `body` is the body that the prompt was read from.
pub(crate) fn request(prompt: &Prompt, body: &Value, model: &str) -> Value {
    let mut messages: Vec<Value> = Vec::new();
    if !prompt.system.is_empty() {
        messages.push(json!({"role": "system", "content": prompt.system}));
    }
    for turn in &prompt.turns {
        if turn.user { user(turn, &mut messages) } else { assistant(turn, &mut messages) }
    }
    let mut request = json!({"model": model, "messages": messages, "stream": false});
    let tools: Vec<Value> = prompt
        .tools
        .iter()
        .map(|tool| {
            let mut function = json!({"name": tool.name, "parameters": tool.schema});
            if let Some(description) = &tool.description {
                put(&mut function, "description", description.as_str());
            }
            json!({"type": "function", "function": function})
        })
        .collect();
    if !tools.is_empty() {
        put(&mut request, "tools", tools);
        let choice = match &prompt.choice {
            Choice::Auto => json!("auto"),
            Choice::None => json!("none"),
            Choice::Any => json!("required"),
            Choice::Named(name) => json!({"type": "function", "function": {"name": name}}),
        };
        put(&mut request, "tool_choice", choice);
        if prompt.single_call {
            put(&mut request, "parallel_tool_calls", false);
        }
    }
    if let Some(schema) = &prompt.schema {
        let format = json!({"name": "answer", "schema": schema});
        put(&mut request, "response_format", json!({"type": "json_schema", "json_schema": format}));
    }
    if let Some(limit) = prompt.max_tokens.filter(|limit| *limit < usize::MAX) {
        put(&mut request, "max_tokens", limit);
    }
    if !prompt.stop.is_empty() {
        put(&mut request, "stop", prompt.stop.clone());
    }
    for (name, pointers) in SAMPLING {
        if let Some(value) = pointers.iter().find_map(|pointer| body.pointer(pointer)) {
            put(&mut request, name, value.clone());
        }
    }
    request
}

/// Writes the results of a turn, then the user's text.
fn user(turn: &Turn, messages: &mut Vec<Value>) {
    let mut content: Vec<Value> = Vec::new();
    for part in &turn.parts {
        match part {
            Part::ToolResult { id, text, failed, .. } => {
                let text = if *failed { format!("Error: {text}") } else { text.clone() };
                messages.push(json!({"role": "tool", "tool_call_id": id, "content": text}));
            }
            Part::Text(text) => content.push(json!({"type": "text", "text": text})),
            Part::Media(media) => content.push(self::media(media)),
            Part::Called { .. } | Part::Past => {}
        }
    }
    match content.as_slice() {
        [] => {}
        [only] if only.get("text").is_some() => messages.push(json!({"role": "user", "content": only.get("text")})),
        _ => messages.push(json!({"role": "user", "content": content})),
    }
}

fn assistant(turn: &Turn, messages: &mut Vec<Value>) {
    let mut said = String::new();
    let mut calls: Vec<Value> = Vec::new();
    for part in &turn.parts {
        match part {
            Part::Text(text) => said.push_str(text),
            Part::Called { id, name, arguments } => {
                calls.push(json!({"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}));
            }
            _ => {}
        }
    }
    let mut message = json!({"role": "assistant", "content": said});
    if !calls.is_empty() {
        put(&mut message, "tool_calls", calls);
    } else if said.is_empty() {
        return;
    }
    messages.push(message);
}

/// Returns an image as a data URL or by its address, a text unchanged, and any other media by its description.
fn media(media: &Media) -> Value {
    let address = media.title.as_deref().filter(|title| title.starts_with("https://") || title.starts_with("http://"));
    if media.media_type.starts_with("image") {
        let data = || format!("data:{};base64,{}", media.media_type, STANDARD.encode(&media.bytes));
        let url = address.filter(|_| media.bytes.is_empty()).map_or_else(data, str::to_owned);
        return json!({"type": "image_url", "image_url": {"url": url}});
    }
    let title = media.title.as_deref().unwrap_or("without a name");
    let text = match std::str::from_utf8(&media.bytes) {
        Ok(text) if media.media_type.starts_with("text/") => format!("The document {title}:\n{text}"),
        _ => format!("[A file {title} of type {} with {} bytes.]", media.media_type, media.bytes.len()),
    };
    json!({"type": "text", "text": text})
}

/// Returns the answer in a reply, and its input tokens. `None` if the reply is not a chat completion.
pub(crate) fn answer(prompt: &Prompt, reply: &Value) -> Option<(Answer, Option<usize>)> {
    let choice = reply.pointer("/choices/0")?;
    let message = choice.get("message")?;
    let text = |key: &str| message.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    let mut blocks = Vec::new();
    let thought = text("reasoning_content").or(text("reasoning")).filter(|_| prompt.thinking != Thinking::Off);
    if let Some(thought) = thought {
        let text = if prompt.thinking == Thinking::Omitted { String::new() } else { thought.to_owned() };
        let signature = thinking::sign_thinking(&text);
        blocks.push(Block::Thinking { text, signature });
    }
    blocks.extend(text("content").map(|text| Block::Text { text: text.to_owned(), citation: None }));
    let fingerprint = prompt.ledger.fingerprint();
    let calls = message.get("tool_calls").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    for (number, call) in calls.iter().enumerate() {
        let function = call.get("function")?;
        let raw = match function.get("arguments") {
            Some(Value::String(raw)) if !raw.is_empty() => raw.clone(),
            Some(object @ Value::Object(_)) => json::text(object),
            _ => "{}".to_owned(),
        };
        let input = serde_json::from_str(&raw).unwrap_or_else(|_| json!({}));
        let id = brain::call_id(prompt.call_ids, &fingerprint, number);
        blocks.push(Block::Call { id, name: function.get("name")?.as_str()?.to_owned(), input, raw });
    }
    let stop = match choice.get("finish_reason").and_then(Value::as_str) {
        Some("length") => Stop::MaxTokens,
        Some("content_filter") => Stop::Guardrail,
        _ if !calls.is_empty() => Stop::ToolUse,
        _ => Stop::EndTurn,
    };
    let number = |pointer: &str| reply.pointer(pointer).and_then(Value::as_u64).and_then(|n| usize::try_from(n).ok());
    let said = text("content").map_or(0, tokens::count);
    let thinking_tokens =
        number("/usage/completion_tokens_details/reasoning_tokens").unwrap_or_else(|| thought.map_or(0, tokens::count));
    let output_tokens = number("/usage/completion_tokens").unwrap_or(said + thinking_tokens);
    let answer = Answer { blocks, stop, output_tokens, thinking_tokens, fingerprint };
    Some((answer, number("/usage/prompt_tokens")))
}
