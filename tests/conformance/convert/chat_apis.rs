//! Options of Responses, Chat Completions and Messages.

use bedrock_chat::{ChatOptions, Json, Reasoning, ReasoningDisplay, ResponseFormat, Result, ServiceTier, Tool};
use serde_json::{Map, Value, json};

use crate::suite::case::Scenario;

/// Options that only scenarios of these APIs have.
pub(super) const KNOWN: &[&str] = &[
    "background",
    "custom_tools",
    "effort",
    "include",
    "instructions",
    "metadata",
    "parallel_tool_calls",
    "previous_response_id",
    "project",
    "prompt_cache_key",
    "prompt_cache_retention",
    "reasoning",
    "safety_identifier",
    "store",
    "stream_usage",
    "system_role",
    "thinking",
    "truncation",
    "verbosity",
];

/// Members of the body that have the option's name, and that this crate has no option for.
const MEMBERS: [&str; 9] = [
    "background",
    "include",
    "instructions",
    "previous_response_id",
    "prompt_cache_key",
    "prompt_cache_retention",
    "safety_identifier",
    "store",
    "truncation",
];

/// Sets the options of a scenario. Options that this crate does not have are members of the body.
///
/// # Errors
/// An error, if a tool cannot be read.
pub(super) fn set(scenario: &Scenario, options: &mut ChatOptions) -> Result<()> {
    let mut body = scenario.option("model_kwargs").and_then(Value::as_object).cloned().unwrap_or_default();
    for key in MEMBERS {
        body.extend(scenario.option(key).map(|value| (key.to_owned(), value.clone())));
    }
    options.project = super::text(scenario, "project").map(str::to_owned);
    options.parallel_tool_calls = scenario.option("parallel_tool_calls").and_then(Value::as_bool);
    for tool in scenario.option("custom_tools").and_then(Value::as_array).into_iter().flatten() {
        options.tools.push(Tool::from_json(&Json::from(tool.clone()))?);
    }
    if let Some(output) = scenario.option("structured_output") {
        let text = |key: &str| output[key].as_str().unwrap_or_default();
        let format = ResponseFormat::new(text("name"), output["schema"].clone());
        let described = |format: ResponseFormat| match text("description") {
            "" => format,
            description => format.with_description(description),
        };
        options.response_format = Some(described(format));
    }
    metadata(scenario, options, &mut body);
    service_tier(scenario, &mut body);
    verbosity(scenario, &mut body);
    reasoning(scenario, options, &mut body);
    thinking(scenario, options, &mut body);
    options.model_kwargs = Some(body).filter(|body| !body.is_empty()).map(|body| Json::from(Value::Object(body)));
    Ok(())
}

/// OpenAI's metadata are keys and values for the caller, and Anthropic's is the id of a user.
fn metadata(scenario: &Scenario, options: &mut ChatOptions, body: &mut Map<String, Value>) {
    let Some(metadata) = scenario.option("metadata") else { return };
    if scenario.operation.is_messages() {
        body.insert("metadata".into(), metadata.clone());
    } else {
        options.request_metadata = super::pairs(Some(metadata));
    }
}

/// Anthropic's tiers differ from Bedrock's.
fn service_tier(scenario: &Scenario, body: &mut Map<String, Value>) {
    if let Some(tier) = super::text(scenario, "service_tier").filter(|tier| ServiceTier::parse(tier).is_none()) {
        body.insert("service_tier".into(), json!(tier));
    }
}

fn verbosity(scenario: &Scenario, body: &mut Map<String, Value>) {
    let Some(verbosity) = scenario.option("verbosity") else { return };
    if scenario.operation.is_responses() {
        body.insert("text".into(), json!({"verbosity": verbosity}));
    } else {
        body.insert("verbosity".into(), verbosity.clone());
    }
}

/// The reasoning of OpenAI's APIs.
fn reasoning(scenario: &Scenario, options: &mut ChatOptions, body: &mut Map<String, Value>) {
    let Some(reasoning) = scenario.option("reasoning") else { return };
    options.reasoning = reasoning["effort"].as_str().map(|effort| Reasoning::Effort(effort.to_owned()));
    let mut rest = reasoning.as_object().cloned().unwrap_or_default();
    rest.remove("effort");
    if !rest.is_empty() {
        body.insert("reasoning".into(), Value::Object(rest));
    }
}

/// The reasoning of Anthropic's API. This crate's own effort also switches reasoning on, so that an effort alone is a
/// member of the body.
fn thinking(scenario: &Scenario, options: &mut ChatOptions, body: &mut Map<String, Value>) {
    let effort = super::text(scenario, "effort").map(str::to_owned);
    let Some(thinking) = scenario.option("thinking") else {
        body.extend(effort.map(|effort| ("output_config".to_owned(), json!({"effort": effort}))));
        return;
    };
    options.reasoning = Some(match (thinking["type"].as_str().unwrap_or_default(), effort) {
        ("enabled", effort) => {
            let tokens = thinking["budget_tokens"].as_u64().unwrap_or_default();
            body.extend(effort.map(|effort| ("output_config".to_owned(), json!({"effort": effort}))));
            Reasoning::Budget(tokens)
        }
        ("adaptive", Some(effort)) => Reasoning::Effort(effort),
        ("adaptive", None) => Reasoning::Adaptive,
        ("disabled", _) => Reasoning::Disabled,
        (other, _) => panic!("{other:?} is not a type of thinking"),
    });
    options.reasoning_display = thinking["display"].as_str().and_then(ReasoningDisplay::parse);
}
