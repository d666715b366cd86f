//! Corrections of tools, their calls and results, and the tool choice.

use serde_json::{Value, json};

use super::conditions::is_blank;
use super::messages::in_body;
use super::requests::body_of;
use super::steps::{Correct, Named};
use super::{restore, turns};
use crate::suite::case::Scenario;
use crate::suite::request::{Sent, text_block};

/// The text that this crate sends for an empty tool result.
const EMPTY_RESULT: &str = "(no output)";

pub(super) const CHANGES: Named<Correct> = &[
    ("empty_results", empty_results),
    ("calls_once", |_, sent| in_body(sent, turns::calls_once)),
    ("results_in_order", |_, sent| in_body(sent, turns::results_in_order)),
    ("result_status", result_status),
    ("tool_choice", tool_choice),
    ("all_tools", restore::all_tools),
    ("output_tool", output_tool),
    ("output_description", output_description),
    ("no_made_up_descriptions", no_made_up_descriptions),
    ("calls_as_text", |scenario, sent| in_body(sent, |body| restore::calls_as_text(scenario, body))),
];

fn results(scenario: &Scenario) -> impl Iterator<Item = &Value> {
    scenario.messages.iter().filter(|message| message["role"] == "tool")
}

fn empty_results(scenario: &Scenario, sent: &mut Sent) {
    let Some(body) = body_of(sent) else { return };
    for message in results(scenario).filter(|message| is_blank(&message["content"])) {
        turns::restore_result(body, &message["tool_call_id"]);
        if let Some((result, key)) = turns::openai_result_of(body, &message["tool_call_id"]) {
            result.insert(key.into(), json!([text_block(EMPTY_RESULT)]));
        }
        if let Some(result) = turns::result_of(body, &message["tool_call_id"]) {
            let is_native = result.contains_key("tool_use_id");
            let text = if is_native { text_block(EMPTY_RESULT) } else { json!({"text": EMPTY_RESULT}) };
            result.insert("content".into(), json!([text]));
        }
    }
}

fn result_status(scenario: &Scenario, sent: &mut Sent) {
    let Some(body) = body_of(sent) else { return };
    for message in results(scenario) {
        let Some(result) = turns::result_of(body, &message["tool_call_id"]) else { continue };
        let (key, error) = match result.contains_key("tool_use_id") {
            true => ("is_error", json!(true)),
            false => ("status", json!("error")),
        };
        if message["status"] == "error" {
            result.insert(key.into(), error);
        } else {
            result.remove(key);
        }
    }
}

fn tool_choice(scenario: &Scenario, sent: &mut Sent) {
    let (Some(choice), Some(body)) = (scenario.option("tool_choice"), body_of(sent)) else { return };
    let choice = match choice.as_str() {
        None => choice.clone(),
        Some(mode @ ("auto" | "any" | "none")) => json!({"type": mode}),
        Some(name) => json!({"type": "tool", "name": name}),
    };
    body.insert("tool_choice".into(), choice);
}

fn output_tool(scenario: &Scenario, sent: &mut Sent) {
    let (Some(output), Some(body)) = (scenario.option("structured_output"), body_of(sent)) else { return };
    body["tools"][0]["description"] = output["description"].clone();
    body.insert("tool_choice".into(), json!({"type": "tool", "name": output["name"]}));
}

fn output_description(scenario: &Scenario, sent: &mut Sent) {
    let Some(output) = scenario.option("structured_output") else { return };
    if let Some(tool) = turns::tool_of(sent, &output["name"]) {
        tool.insert("description".into(), output["description"].clone());
    }
}

fn no_made_up_descriptions(scenario: &Scenario, sent: &mut Sent) {
    let tools = scenario.option("tools").and_then(Value::as_array).into_iter().flatten();
    for tool in tools.filter(|tool| tool.get("description").is_none()) {
        if let Some(described) = turns::tool_of(sent, &tool["name"]) {
            described.remove("description");
        }
    }
}
