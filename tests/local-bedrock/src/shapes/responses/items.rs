//! The items of a conversation: items of earlier responses that were kept, and items of the request.

use serde_json::{Value, json};

use super::Settings;
use crate::problem::Problem;
use crate::stored::Responses;

/// Returns all items that the model receives.
pub(super) fn all(settings: &Settings<'_>, kept: &Responses) -> Result<Vec<Value>, Problem> {
    let mut items = Vec::new();
    if let Some(id) = settings.body.get("previous_response_id").and_then(Value::as_str) {
        // CLIProxyAPI#2954, codex-lb#853: OpenAI answers 400.
        let mut problem =
            Problem::about("previous_response_id", format!("Previous response with id '{id}' not found."));
        problem.code = Some("previous_response_not_found");
        items.extend(kept.find(id).ok_or(problem)?.items);
    }
    let old = items.len();
    match settings.body.get("input") {
        Some(Value::String(text)) => items.push(json!({"role": "user", "content": text})),
        Some(Value::Array(sent)) => {
            for item in sent {
                items.push(resolve(item, kept)?);
            }
        }
        Some(_) => {
            return Err(Problem::about("input", "Invalid type for 'input': expected a string or an array of items."));
        }
        None => {}
    }
    if items.is_empty() {
        let message = "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id' must be provided.";
        return Err(Problem::about("input", message));
    }
    duplicates(items.get(old..).unwrap_or_default())?;
    Ok(items)
}

/// Replaces a reference by the kept item, and reasoning without its content by the kept reasoning.
fn resolve(item: &Value, kept: &Responses) -> Result<Value, Problem> {
    let kind = item.get("type").and_then(Value::as_str);
    let bare = kind == Some("reasoning")
        && item.get("encrypted_content").is_none()
        && item.get("content").and_then(Value::as_array).is_none_or(Vec::is_empty);
    if kind != Some("item_reference") && !bare {
        return Ok(item.clone());
    }
    let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
    let missing = || {
        let mut problem = Problem::not_found(format!(
            "Item with id '{id}' not found. Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove this item from your input."
        ));
        problem.param = Some("input".to_owned());
        problem
    };
    kept.item(id).ok_or_else(missing)
}

/// Refuses two items with one id, and two calls with one call id. The ids of calls begin at `call_0` in every response,
/// so a client must make them unique.
fn duplicates(items: &[Value]) -> Result<(), Problem> {
    let mut seen: Vec<(&str, &str)> = Vec::new();
    for item in items {
        let call = matches!(item.get("type").and_then(Value::as_str), Some("function_call" | "custom_tool_call"));
        let text = |key: &str| item.get(key).and_then(Value::as_str);
        let ids = [text("id").map(|id| ("id", id)), text("call_id").filter(|_| call).map(|id| ("call_id", id))];
        for (key, id) in ids.into_iter().flatten() {
            if seen.contains(&(key, id)) {
                return Err(Problem::about(
                    "input",
                    format!(
                        "Duplicate item found with {key} {id}. Remove duplicate items from your input and try again."
                    ),
                ));
            }
            seen.push((key, id));
        }
    }
    Ok(())
}
