//! Corrections of requests to Responses, Chat Completions and Messages.

use serde_json::{Map, Value, json};

use super::messages::in_body;
use super::requests::{body_of, request_of};
use super::steps::{Correct, Named};
use super::turns::{all_blocks, turns};
use crate::suite::case::{Auth, Scenario};
use crate::suite::request::Sent;

pub(super) const CHANGES: Named<Correct> = &[
    ("mantle_path", mantle_path),
    ("mantle_service", mantle_service),
    ("reasoning_option", |scenario, sent| option_as(scenario, sent, "reasoning")),
    ("metadata_option", |scenario, sent| option_as(scenario, sent, "metadata")),
    ("format_description", format_description),
    ("schema_description", schema_description),
    ("document_titles", document_titles),
    ("cache_control_at_end", cache_control_at_end),
    ("system_role", system_role),
    ("without_item_ids", |_, sent| in_body(sent, without_item_ids)),
    ("whole_reasoning", whole_reasoning),
    ("without_lost_reasoning", |_, sent| in_body(sent, without_lost_reasoning)),
];

/// At `bedrock-mantle`, newer models are below `/openai/v1`, all others below `/v1`.
fn mantle_path(scenario: &Scenario, sent: &mut Sent) {
    let model = scenario.model.as_str();
    let is_gpt = model.starts_with("openai.gpt-") && !model.starts_with("openai.gpt-oss");
    let is_newer = is_gpt || model.starts_with("google.gemma-4") || model.starts_with("xai.");
    let Some(request) = request_of(sent).filter(|_| scenario.at_mantle) else { return };
    let bare = request.path.trim_start_matches("/openai").to_owned();
    request.path = if is_newer { format!("/openai{bare}") } else { bare };
}

fn mantle_service(scenario: &Scenario, sent: &mut Sent) {
    let request = request_of(sent).filter(|_| scenario.at_mantle);
    if let Some(Auth::Signature { service, .. }) = request.and_then(|request| request.auth.as_mut()) {
        *service = "bedrock-mantle".into();
    }
}

/// Sends an option that the client dropped, as the member of that name.
fn option_as(scenario: &Scenario, sent: &mut Sent, name: &str) {
    if let (Some(value), Some(body)) = (scenario.option(name), body_of(sent)) {
        body.insert(name.to_owned(), value.clone());
    }
}

/// The description that the scenario sets for structured output.
fn description(scenario: &Scenario) -> Option<&Value> {
    scenario.option("structured_output")?.get("description").filter(|text| **text != "")
}

fn member<'a>(body: &'a mut Map<String, Value>, path: &[&str]) -> Option<&'a mut Map<String, Value>> {
    let (first, rest) = path.split_first()?;
    let inner = rest.iter().try_fold(body.get_mut(*first)?, |value, key| value.get_mut(*key));
    inner?.as_object_mut()
}

fn format_description(scenario: &Scenario, sent: &mut Sent) {
    let (Some(description), Some(body)) = (description(scenario), body_of(sent)) else { return };
    for path in [["text", "format"], ["response_format", "json_schema"]] {
        if let Some(format) = member(body, &path) {
            format.insert("description".into(), description.clone());
        }
    }
}

/// Anthropic's format has neither name nor description, so that the schema has the description.
fn schema_description(scenario: &Scenario, sent: &mut Sent) {
    let Some(body) = body_of(sent) else { return };
    let Some(schema) = member(body, &["output_config", "format", "schema"]) else { return };
    schema.remove("title");
    if let Some(description) = description(scenario) {
        schema.insert("description".into(), description.clone());
    }
}

fn document_titles(scenario: &Scenario, sent: &mut Sent) {
    let given = scenario.messages.iter().flat_map(|message| message["content"].as_array()).flatten();
    let files: Vec<(&Value, &Value)> =
        given.filter_map(|block| Some((block.get("base64").or(block.get("data"))?, block.get("filename")?))).collect();
    let Some(body) = body_of(sent) else { return };
    for block in all_blocks(body).filter(|block| block["type"] == "document") {
        if let Some((_, name)) = files.iter().find(|(data, _)| **data == block["source"]["data"]) {
            block["title"] = (*name).clone();
        }
    }
}

/// The option caches the whole conversation.
fn cache_control_at_end(scenario: &Scenario, sent: &mut Sent) {
    let (Some(control), Some(body)) = (scenario.option("cache_control"), body_of(sent)) else { return };
    body.remove("cache_control");
    if let Some(block) = all_blocks(body).last() {
        block["cache_control"] = control.clone();
    }
}

fn system_role(_: &Scenario, sent: &mut Sent) {
    let Some(body) = body_of(sent) else { return };
    for turn in turns(body).into_iter().flatten().filter(|turn| turn["role"] == "developer") {
        turn["role"] = json!("system");
    }
}

/// Only reasoning is found by its id.
fn without_item_ids(body: &mut Map<String, Value>) {
    for item in turns(body).into_iter().flatten().filter_map(Value::as_object_mut) {
        if item.get("type").is_none_or(|kind| *kind != "reasoning") {
            item.remove("id");
        }
    }
}

/// Sends reasoning instead of a reference to it.
fn whole_reasoning(scenario: &Scenario, sent: &mut Sent) {
    let given: Vec<&Value> =
        scenario.messages.iter().flat_map(|message| message["content"].as_array()).flatten().collect();
    let Some(body) = body_of(sent) else { return };
    for item in turns(body).into_iter().flatten().filter(|item| item["type"] == "item_reference") {
        if let Some(reasoning) = given.iter().find(|block| block["type"] == "reasoning" && block["id"] == item["id"]) {
            *item = (*reasoning).clone();
        }
    }
}

/// Drops reasoning that neither the service has, as nothing is stored, nor the request.
fn without_lost_reasoning(body: &mut Map<String, Value>) {
    if let Some(items) = turns(body) {
        items.retain(|item| item["type"] != "reasoning" || item["encrypted_content"].is_string());
    }
}
