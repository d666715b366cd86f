//! Corrections of requests to Responses, Chat Completions and Messages.

use serde_json::{Map, Value, json};

use super::messages::in_body;
use super::requests::{body_of, request_of};
use super::steps::{Correct, Named};
use super::turns::{all_blocks, turns};
use crate::suite::case::{Auth, Scenario};
use crate::suite::request::{Sent, text_block};

pub(super) const CHANGES: Named<Correct> = &[
    ("mantle_path", mantle_path),
    ("mantle_service", mantle_service),
    ("bare_model", |scenario, sent| in_body(sent, |body| bare_model(scenario, body))),
    ("asked_for_tool", asked_for_tool),
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

/// Prefixes of ids of inference profiles.
const PROFILES: [&str; 8] = ["us.", "us-gov.", "eu.", "apac.", "au.", "jp.", "ca.", "global."];

/// `bedrock-mantle` accepts only the model's own id, without the prefix of a profile and without its version.
fn bare_model(scenario: &Scenario, body: &mut Map<String, Value>) {
    let Some(model) = body.get("model").and_then(Value::as_str).filter(|_| scenario.at_mantle) else { return };
    let model = PROFILES.iter().find_map(|prefix| model.strip_prefix(prefix)).unwrap_or(model);
    let is_version = |end: &str| end.trim_start_matches('v').split(':').all(|part| part.parse::<u32>().is_ok());
    let bare = match model.rsplit_once('-') {
        Some((name, end)) if end.contains(':') && is_version(end) => {
            let is_date = |end: &str| end.len() == 8 && end.parse::<u32>().is_ok();
            name.rsplit_once('-').filter(|(_, end)| is_date(end)).map_or(name, |(name, _)| name)
        }
        _ => model,
    };
    body.insert("model".into(), json!(bare));
}

/// Asks for a call in the system message, if the model cannot be forced to call a tool.
fn asked_for_tool(scenario: &Scenario, sent: &mut Sent) {
    let (Some(choice), Some(body)) = (scenario.option("tool_choice"), body_of(sent)) else { return };
    let named = choice["name"].as_str().or(choice["function"]["name"].as_str()).or(choice.as_str());
    let text = match named.filter(|name| !["any", "required"].contains(name)) {
        Some(name) => format!("Call the tool `{name}` now. Do not answer without that call."),
        None => "Call one of the tools now. Do not answer without a call.".to_owned(),
    };
    body.remove("tool_choice");
    let system = body.entry("system").or_insert_with(|| json!([]));
    system.as_array_mut().into_iter().for_each(|blocks| blocks.push(text_block(&text)));
}

/// Adds an option that the client dropped, as the member of that name.
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

/// Anthropic's format has neither name nor description, so the description is written into the schema.
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

/// Removes ids that the service does not use: it finds only reasoning by its id.
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

/// Drops reasoning that is neither stored by the service nor in the request.
fn without_lost_reasoning(body: &mut Map<String, Value>) {
    if let Some(items) = turns(body) {
        items.retain(|item| item["type"] != "reasoning" || item["encrypted_content"].is_string());
    }
}
