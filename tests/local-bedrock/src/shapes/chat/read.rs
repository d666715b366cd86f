//! Converts a chat-completions body to the model's prompt.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::rows::{Dialect, Reasons, Row};
use super::text_of;
use crate::json;
use crate::model::{CallIds, Choice, Part, Prompt, Thinking, Tool, Ttl, Turn};
use crate::problem::Problem;
use crate::shapes::keys::kind_of;
use crate::shapes::{media_part, parts};

fn invalid(at: impl std::fmt::Display, what: impl std::fmt::Display) -> Problem {
    Problem::validation(format!("{at}: {what}"))
}

pub(super) fn prompt(body: &Value, row: &Row) -> Result<Prompt, Problem> {
    let mut prompt = Prompt {
        call_ids: if row.dialect == Dialect::Mistral { CallIds::Mistral } else { CallIds::ChatCompletions },
        single_call: body.get("parallel_tool_calls") == Some(&Value::Bool(false)),
        ..Prompt::default()
    };
    if row.reasons != Reasons::Never {
        prompt.thinking = Thinking::On;
    }
    tools(body, &mut prompt)?;
    prompt.choice = choice(body, row.dialect, &prompt.tools)?;
    let format = body.get("response_format");
    prompt.schema = match format.map(|format| text_of(format, "type")) {
        Some("json_schema") => Some(
            format
                .and_then(|format| format.pointer("/json_schema/schema"))
                .cloned()
                .unwrap_or_else(|| json!({"type": "object"})),
        ),
        Some("json_object") => {
            Some(json!({"type": "object", "required": ["answer"], "properties": {"answer": {"type": "string"}}}))
        }
        _ => None,
    };
    let limit = ["max_completion_tokens", "max_tokens"].iter().find_map(|key| body.get(*key)).and_then(Value::as_u64);
    prompt.max_tokens = Some(limit.and_then(|n| usize::try_from(n).ok()).unwrap_or(row.limit));
    prompt.stop = match body.get("stop") {
        Some(Value::String(stop)) => vec![stop.clone()],
        Some(Value::Array(stops)) => stops.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    for document in body.get("documents").and_then(Value::as_array).into_iter().flatten() {
        prompt.ledger.text(&json::text(document));
    }
    messages(body, row.dialect, &mut prompt)?;
    if body.get("prompt_cache_key").is_some() {
        prompt.ledger.breakpoint(Ttl::FiveMinutes);
    }
    Ok(prompt)
}

fn tools(body: &Value, prompt: &mut Prompt) -> Result<(), Problem> {
    for (number, tool) in body.get("tools").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let at = format!("tools[{number}]");
        if text_of(tool, "type") != "function" {
            return Err(invalid(at, "type must be 'function'"));
        }
        let Some(function) = tool.get("function") else { return Err(invalid(at, "function is required")) };
        let name = text_of(function, "name");
        let good = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        if name.is_empty() || name.len() > 64 || !good {
            return Err(invalid(at, format!("function.name '{name}' does not match '^[a-zA-Z0-9_-]{{1,64}}$'")));
        }
        let schema = function.get("parameters").cloned().unwrap_or_else(|| json!({"type": "object"}));
        if !schema.is_object() {
            return Err(invalid(at, "function.parameters must be an object"));
        }
        prompt.ledger.text(&json::text(function));
        let description = function.get("description").and_then(Value::as_str).map(str::to_owned);
        prompt.tools.push(Tool { name: name.to_owned(), description, schema });
    }
    Ok(())
}

fn choice(body: &Value, dialect: Dialect, tools: &[Tool]) -> Result<Choice, Problem> {
    let Some(choice) = body.get("tool_choice") else { return Ok(Choice::Auto) };
    if tools.is_empty() {
        return Err(Problem::validation("When using `tool_choice`, `tools` must be set."));
    }
    match (choice.as_str(), dialect) {
        (Some("auto"), _) => Ok(Choice::Auto),
        (Some("none"), _) => Ok(Choice::None),
        (Some("any"), Dialect::Mistral) => Ok(Choice::Any),
        (Some("required"), Dialect::OpenAi | Dialect::Api(_) | Dialect::Jamba | Dialect::Palmyra) => Ok(Choice::Any),
        (None, Dialect::OpenAi | Dialect::Api(_) | Dialect::Jamba | Dialect::Palmyra) => {
            let name = choice.pointer("/function/name").and_then(Value::as_str).unwrap_or_default();
            if tools.iter().any(|tool| tool.name == name) {
                return Ok(Choice::Named(name.to_owned()));
            }
            Err(invalid("tool_choice", format!("the function '{name}' is not among the tools")))
        }
        _ => Err(invalid("tool_choice", format!("{choice} is not a valid choice"))),
    }
}

fn messages(body: &Value, dialect: Dialect, prompt: &mut Prompt) -> Result<(), Problem> {
    let messages = body.get("messages").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if messages.is_empty() {
        return Err(Problem::malformed("#/messages: expected minimum item count: 1, found: 0"));
    }
    // Calls without a result so far, by id.
    let mut open: BTreeMap<String, String> = BTreeMap::new();
    for (number, message) in messages.iter().enumerate() {
        let at = format!("messages[{number}]");
        let role = text_of(message, "role");
        if role != "tool" && !open.is_empty() {
            let ids: Vec<&str> = open.keys().map(String::as_str).collect();
            return Err(invalid(
                at,
                format!(
                    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: {}",
                    ids.join(", ")
                ),
            ));
        }
        if dialect == Dialect::Mistral {
            order(messages, number, role)?;
        }
        let known: &[&str] = match role {
            "assistant" => &["role", "content", "name", "tool_calls", "reasoning_content", "reasoning", "refusal"],
            "tool" => &["role", "content", "name", "tool_call_id"],
            "system" | "user" | "developer" => &["role", "content", "name"],
            other => {
                return Err(invalid(at, format!("'{other}' is not one of ['system', 'assistant', 'user', 'tool']")));
            }
        };
        if let Some(key) = message.as_object().and_then(|map| map.keys().find(|key| !known.contains(&key.as_str()))) {
            return Err(invalid(at, format!("extraneous key [{key}] is not permitted")));
        }
        prompt.ledger.text(role);
        match role {
            "system" | "developer" => {
                let text = plain(&content(message, &at, dialect, prompt)?);
                if !prompt.system.is_empty() {
                    prompt.system.push('\n');
                }
                prompt.system.push_str(&text);
            }
            "user" => {
                let parts = content(message, &at, dialect, prompt)?;
                if plain(&parts).trim().is_empty() && !parts.iter().any(|part| matches!(part, Part::Media(_))) {
                    return Err(invalid(at, "content must not be empty"));
                }
                push(prompt, true, parts);
            }
            "tool" => {
                if message.get("content").and_then(Value::as_array).into_iter().flatten().any(is_image) {
                    return Err(Problem::validation(format!(
                        "Invalid '{at}'. Image URLs are only allowed for messages with role 'user', but this message with role 'tool' contains an image URL."
                    )));
                }
                let id = text_of(message, "tool_call_id");
                let Some(name) = open.remove(id) else {
                    return Err(invalid(
                        at,
                        format!(
                            "messages with role 'tool' must be a response to a preceding message with 'tool_calls'; '{id}' has none"
                        ),
                    ));
                };
                let text = plain(&content(message, &at, dialect, prompt)?);
                push(prompt, true, vec![Part::ToolResult { id: id.to_owned(), name, text, failed: false }]);
            }
            _ => {
                let calls = calls(message, &at, prompt)?;
                let said = content(message, &at, dialect, prompt)?;
                if calls.is_empty() && plain(&said).is_empty() {
                    return Err(invalid(at, "an assistant message must have content or tool_calls"));
                }
                let called = message.get("tool_calls").and_then(Value::as_array).into_iter().flatten().map(called);
                push(prompt, false, said.into_iter().chain(called).collect());
                open = calls;
            }
        }
    }
    Ok(())
}

/// Checks Mistral's order of roles: hermes-agent#20154. The order is that of mistral-common's validator.
fn order(messages: &[Value], number: usize, role: &str) -> Result<(), Problem> {
    let Some(before) = number.checked_sub(1).and_then(|before| messages.get(before)) else { return Ok(()) };
    let before = text_of(before, "role");
    let may_follow: &[&str] = match before {
        "assistant" => &["assistant", "user", "tool"],
        "tool" => &["assistant", "tool"],
        _ => &["user", "assistant", "system"],
    };
    if may_follow.contains(&role) {
        return Ok(());
    }
    Err(Problem::validation(format!("Unexpected role '{role}' after role '{before}'")))
}

/// Adds to the last turn if it is of the same side.
fn push(prompt: &mut Prompt, user: bool, parts: Vec<Part>) {
    match prompt.turns.last_mut() {
        Some(turn) if turn.user == user => turn.parts.extend(parts),
        _ => prompt.turns.push(Turn { user, parts }),
    }
}

/// A call in an assistant's message.
fn called(call: &Value) -> Part {
    let text = |pointer: &str| call.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    Part::Called { id: text("/id"), name: text("/function/name"), arguments: text("/function/arguments") }
}

fn is_image(part: &Value) -> bool {
    text_of(part, "type") == "image_url"
}

fn plain(parts: &[Part]) -> String {
    let texts: Vec<&str> = parts
        .iter()
        .filter_map(|part| match part {
            Part::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    texts.join("\n")
}

fn content(message: &Value, at: &str, dialect: Dialect, prompt: &mut Prompt) -> Result<Vec<Part>, Problem> {
    match message.get("content").unwrap_or(&Value::Null) {
        Value::String(text) => {
            prompt.ledger.text(text);
            Ok(vec![Part::Text(text.clone())])
        }
        Value::Null if text_of(message, "role") == "assistant" => Ok(Vec::new()),
        object @ Value::Object(_) if dialect == Dialect::Palmyra => {
            let text = text_of(object, "text").to_owned();
            prompt.ledger.text(&text);
            Ok(vec![Part::Text(text)])
        }
        Value::Array(items) if dialect != Dialect::Jamba => items
            .iter()
            .enumerate()
            .map(|(number, item)| part(item, &format!("{at}.content[{number}]"), dialect, prompt))
            .collect(),
        other => Err(invalid(format!("{at}.content"), format!("expected type: String, found: {}", kind_of(other)))),
    }
}

fn part(item: &Value, at: &str, dialect: Dialect, prompt: &mut Prompt) -> Result<Part, Problem> {
    match text_of(item, "type") {
        "refusal" => {
            let text = text_of(item, "refusal").to_owned();
            prompt.ledger.text(&text);
            Ok(Part::Text(text))
        }
        "file" if matches!(dialect, Dialect::Api(_)) => {
            let file = item.get("file").unwrap_or(&Value::Null);
            let name = file.get("filename").and_then(Value::as_str);
            parts::file_data(text_of(file, "file_data"), name, &format!("{at}.file.file_data"), &mut prompt.ledger)
        }
        "text" => {
            let text = text_of(item, "text").to_owned();
            prompt.ledger.text(&text);
            Ok(Part::Text(text))
        }
        "image_url" => {
            let url = match item.get("image_url") {
                Some(Value::String(url)) => url.as_str(),
                Some(object) => text_of(object, "url"),
                None => "",
            };
            if let Dialect::Api(endpoint) = dialect {
                return parts::image(url, &format!("{at}.image_url.url"), endpoint, &mut prompt.ledger);
            }
            let data = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
            match data {
                Some((media_type, data)) => media_part(data, media_type, &mut prompt.ledger),
                None => Err(invalid(at, "image_url must be a base64 data URL")),
            }
        }
        other => Err(invalid(at, format!("the content type '{other}' is not supported"))),
    }
}

fn calls(message: &Value, at: &str, prompt: &mut Prompt) -> Result<BTreeMap<String, String>, Problem> {
    let mut calls = BTreeMap::new();
    for (number, call) in message.get("tool_calls").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let at = format!("{at}.tool_calls[{number}]");
        let id = text_of(call, "id");
        let name = call.pointer("/function/name").and_then(Value::as_str).unwrap_or_default();
        if id.is_empty() || name.is_empty() {
            return Err(invalid(at, "id and function.name are required"));
        }
        let Some(arguments) = call.pointer("/function/arguments").and_then(Value::as_str) else {
            return Err(invalid(at, "function.arguments must be a string"));
        };
        if serde_json::from_str::<Value>(arguments).is_err() {
            return Err(invalid(at, "function.arguments is not valid JSON"));
        }
        prompt.ledger.text(name);
        prompt.ledger.text(arguments);
        if calls.insert(id.to_owned(), name.to_owned()).is_some() {
            return Err(invalid(at, format!("the id '{id}' is used twice")));
        }
    }
    Ok(calls)
}
