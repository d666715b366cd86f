//! Corrections for models that accept a prompt, and for Command R and chat completions.

use serde_json::{Map, Value, json};

use super::requests::{body_of, stop};
use super::steps::{Correct, Named};
use super::{build, template};
use crate::suite::case::Scenario;
use crate::suite::request::{Sent, normalized};

pub(super) const CHANGES: Named<Correct> = &[
    ("published_prompt", published_prompt),
    ("prompt_options", prompt_options),
    ("titan_stop", titan_stop),
    ("titan_kwargs", titan_kwargs),
    ("text_model_options", text_model_options),
    ("chat_tools", chat_tools),
];

/// Replaces the client's prompt with the prompt that the vendor publishes.
fn published_prompt(scenario: &Scenario, sent: &mut Sent) {
    let Some(prompt) = template::prompt(scenario) else { return };
    if let Some(body) = body_of(sent).filter(|body| !body.contains_key("messages")) {
        let key = if scenario.model.contains("amazon.titan") { "inputText" } else { "prompt" };
        body.insert(key.into(), json!(prompt));
    }
}

fn prompt_options(scenario: &Scenario, sent: &mut Sent) {
    if let Some(body) = body_of(sent) {
        build::options(scenario, body, "max_tokens", "stop");
        normalize(body);
    }
}

fn titan_stop(scenario: &Scenario, sent: &mut Sent) {
    if let (Some(stop), Some(config)) = (stop(scenario), titan_config(sent)) {
        config.remove("stop_sequences");
        config.insert("stopSequences".into(), stop.clone());
    }
}

/// Moves the fields of `model_kwargs` from the body into Titan's configuration.
fn titan_kwargs(scenario: &Scenario, sent: &mut Sent) {
    let keys = scenario.option("model_kwargs").and_then(Value::as_object).into_iter().flatten();
    for (key, _) in keys {
        let moved = body_of(sent).and_then(|body| body.remove(key));
        if let (Some(value), Some(config)) = (moved, titan_config(sent)) {
            config.insert(key.clone(), value);
        }
    }
}

/// Stop sequences of all text models, and Jurassic's token limit.
fn text_model_options(scenario: &Scenario, sent: &mut Sent) {
    let provider = scenario.provider.as_str();
    if let Some(stop) = stop(scenario) {
        match titan_config(sent) {
            Some(config) => config.insert("stopSequences".into(), stop.clone()),
            None => body_of(sent).and_then(|body| {
                let key = match provider {
                    "anthropic-legacy" | "cohere" => "stop_sequences",
                    "ai21" => "stopSequences",
                    _ => "stop",
                };
                body.insert(key.into(), stop.clone())
            }),
        };
    }
    if let (Some(limit), "ai21") = (scenario.option("max_tokens"), provider) {
        body_of(sent).and_then(|body| body.insert("maxTokens".into(), json!(limit.as_f64())));
    }
}

/// Writes tools and the tool choice in the form of chat completions.
fn chat_tools(scenario: &Scenario, sent: &mut Sent) {
    let tools = scenario.option("tools").and_then(Value::as_array);
    let (Some(tools), Some(body)) = (tools, body_of(sent)) else { return };
    let function = |tool: &Value| {
        let function =
            json!({"name": tool["name"], "description": tool["description"], "parameters": tool["input_schema"]});
        json!({"type": "function", "function": function})
    };
    body.insert("tools".into(), tools.iter().map(function).collect());
    let choice = match scenario.option("tool_choice").and_then(Value::as_str) {
        None => None,
        Some("any") => Some(json!("required")),
        Some(mode @ ("auto" | "none")) => Some(json!(mode)),
        Some(name) => Some(json!({"type": "function", "function": {"name": name}})),
    };
    body.extend(choice.map(|choice| ("tool_choice".to_owned(), choice)));
    normalize(body);
}

fn normalize(body: &mut Map<String, Value>) {
    let whole = std::mem::take(body);
    *body = build::object(normalized(Value::Object(whole)));
}

pub(super) fn prompt_of(sent: &mut Sent) -> Option<&str> {
    let body = body_of(sent)?;
    ["prompt", "inputText"].iter().find_map(|key| body.get(*key)?.as_str())
}

fn titan_config(sent: &mut Sent) -> Option<&mut Map<String, Value>> {
    let body = body_of(sent)?;
    if !body.contains_key("inputText") {
        return None;
    }
    // The normalization has dropped an empty configuration.
    body.entry("textGenerationConfig").or_insert_with(|| json!({})).as_object_mut()
}
