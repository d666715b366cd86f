//! Bodies of Responses, Chat Completions and Messages in a comparable form. Only members without a meaning for the
//! service are removed; `rules.json` corrects the differences of clients.

use serde_json::{Map, Value, json};

use super::case::Scenario;

/// Members that belong to the caller: their content is unchanged.
const VERBATIM: &[&str] = &["input", "input_schema", "parameters", "schema", "metadata"];

/// A body in a comparable form.
pub(crate) fn body(scenario: &Scenario, body: Value) -> Value {
    let Value::Object(mut body) = body else { return body };
    body.retain(|key, value| !(key == "stream" && *value == false));
    if is_auto(body.get("tool_choice")) {
        body.remove("tool_choice");
    }
    // In Responses, the turns have the name that a tool's arguments have in Messages.
    let input = body.remove("input").map(|input| match input {
        Value::String(text) => json!([{"role": "user", "content": text}]),
        input => input,
    });
    let mut body = comparable(Value::Object(body));
    if let Some(items) = input {
        body["input"] = comparable(items);
    }
    for turns in ["input", "messages"] {
        if let Some(turns) = body.get_mut(turns).and_then(Value::as_array_mut) {
            if scenario.operation.is_responses() {
                turns.iter_mut().for_each(item);
            }
            merge(turns);
        }
    }
    body
}

/// Drops defaults of this crate that the scenario does not set. A conversation over Responses is not stored, and its
/// encrypted reasoning is sent back instead.
pub(crate) fn drop_own_defaults(scenario: &Scenario, body: &mut Value) {
    let Value::Object(body) = body else { return };
    if !scenario.operation.is_responses() {
        return;
    }
    for (option, default) in [("store", json!(false)), ("include", json!(["reasoning.encrypted_content"]))] {
        if scenario.option(option).is_none() && body.get(option) == Some(&default) {
            body.remove(option);
        }
    }
}

fn is_auto(choice: Option<&Value>) -> bool {
    choice.is_some_and(|choice| *choice == "auto" || *choice == json!({"type": "auto"}))
}

fn comparable(value: Value) -> Value {
    match value {
        Value::Object(object) => Value::Object(members(object)),
        Value::Array(items) => items.into_iter().map(comparable).collect(),
        Value::Number(number) => number.as_f64().map_or(Value::Number(number), |float| json!(float)),
        other => other,
    }
}

fn members(object: Map<String, Value>) -> Map<String, Value> {
    let mut members = Map::new();
    for (key, value) in object {
        let value = match (key.as_str(), value) {
            // Defaults of the APIs.
            ("is_error" | "strict", Value::Bool(false)) | ("content", Value::Null) => continue,
            ("detail", value) if value == "auto" => continue,
            ("annotations" | "logprobs", Value::Array(items)) if items.is_empty() => continue,
            ("description", value) if value == "" || value.is_null() => continue,
            ("content" | "system" | "output", Value::String(text)) => json!([{"type": "text", "text": text}]),
            ("arguments", Value::String(text)) => {
                numbers(serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.clone())))
            }
            (key, value) if VERBATIM.contains(&key) => numbers(value),
            (_, value) => comparable(value),
        };
        members.insert(key, value);
    }
    members
}

/// Numbers are compared by value.
fn numbers(value: Value) -> Value {
    match value {
        Value::Object(object) => object.into_iter().map(|(key, value)| (key, numbers(value))).collect(),
        Value::Array(items) => items.into_iter().map(numbers).collect(),
        Value::Number(number) => number.as_f64().map_or(Value::Number(number), |float| json!(float)),
        other => other,
    }
}

/// Removes what the role of an item of the Responses API implies: its type, and the types of its texts.
fn item(item: &mut Value) {
    let Some(members) = item.as_object_mut() else { return };
    if members.contains_key("role") {
        members.remove("type");
        members.retain(|key, value| !(key == "status" && *value == "completed"));
    }
    for parts in ["content", "output"] {
        for part in members.get_mut(parts).and_then(Value::as_array_mut).into_iter().flatten() {
            if ["input_text", "output_text"].iter().any(|kind| part["type"] == *kind) {
                part["type"] = json!("text");
            }
        }
    }
}

/// Merges neighboring user messages, and neighboring system messages: one message or several have the same meaning.
fn merge(turns: &mut Vec<Value>) {
    let is_open =
        |turn: &Value| ["user", "system"].iter().any(|role| turn["role"] == *role) && turn["content"].is_array();
    let mut merged: Vec<Value> = Vec::new();
    for mut turn in std::mem::take(turns) {
        match merged.last_mut().filter(|last| is_open(last) && is_open(&turn) && last["role"] == turn["role"]) {
            Some(last) => {
                let more = std::mem::take(turn["content"].as_array_mut().unwrap());
                last["content"].as_array_mut().unwrap().extend(more);
            }
            None => merged.push(turn),
        }
    }
    *turns = merged;
}
