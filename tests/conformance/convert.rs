//! Converts neutral options and LangChain-shaped messages to this crate's API.

mod tools;

use bedrock_chat::{
    Anthropic, Api, BedrockChat, ChatOptions, Credentials, Guardrail, GuardrailTrace, Json, Latency, Message, Result,
    ServiceTier, StreamProcessing, interop,
};
use serde_json::Value;

use super::case::Scenario;
use super::run::{Immediately, Recorded};

/// The chat model of a scenario, over a transport with the recorded answer.
pub(crate) fn chat(scenario: &Scenario, transport: Recorded) -> Result<BedrockChat> {
    let mut model = scenario.model.as_str();
    let mut family = text(scenario, "base_model_id").or_else(|| text(scenario, "provider"));
    if let Some(profile) = text(scenario, "application_inference_profile") {
        // The profile replaces the model, which then only selects the format.
        family = family.or(Some(model));
        model = profile;
    }
    let mut credentials = Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
    if let Some(token) = text(scenario, "session_token") {
        credentials = credentials.with_session_token(token);
    }
    let mut builder = BedrockChat::builder(model)
        .region(&scenario.region)
        .credentials(credentials)
        .transport(transport)
        .runtime(Immediately)
        .options(&options(scenario)?)
        .api(if scenario.operation.is_converse() { Api::Converse } else { Api::Invoke })
        .streaming(scenario.option("streaming").and_then(Value::as_bool).unwrap_or(false));
    if let Some(family) = family {
        builder = builder.family(family);
    }
    // Some models have two formats, one for prompts and one for messages (4.1). Which of them a scenario means
    // only shows in what the clients sent.
    match in_messages(scenario) {
        Some(true) if scenario.is_legacy_claude() => builder = builder.codec(Anthropic),
        Some(false) if scenario.model.contains("mistral.mistral-large-2402") => {
            builder = builder.family("mistral.mistral-7b-instruct-v0:2");
        }
        _ => {}
    }
    builder.build()
}

fn text<'a>(scenario: &'a Scenario, key: &str) -> Option<&'a str> {
    scenario.option(key).and_then(Value::as_str)
}

/// Whether the clients sent messages or a prompt; `None` if they differ or sent nothing.
fn in_messages(scenario: &Scenario) -> Option<bool> {
    let mut all = scenario.peers.iter().filter_map(|peer| Some(peer.request.as_ref()?.body.get("prompt").is_none()));
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}

/// Options that are converted. Any other option is a gap in this conversion.
const KNOWN: &[&str] = &[
    "additional_model_request_fields",
    "additional_model_response_field_paths",
    "application_inference_profile",
    "base_model_id",
    "guardrail",
    "max_tokens",
    "model_kwargs",
    "performance_config",
    "prompt",
    "provider",
    "request_metadata",
    "response_chunking",
    "service_tier",
    "session_token",
    "stop",
    "streaming",
    "structured_output",
    "temperature",
    "tool_choice",
    "tool_format",
    "tools",
    "top_k",
    "top_p",
];

/// The options of a scenario that are not converted.
pub(crate) fn unknown_options(scenario: &Scenario) -> Vec<&str> {
    scenario.options.keys().map(String::as_str).filter(|key| !KNOWN.contains(key)).collect()
}

fn options(scenario: &Scenario) -> Result<ChatOptions> {
    let number = |key: &str| scenario.option(key).and_then(Value::as_f64);
    let count = |key: &str| scenario.option(key).and_then(Value::as_u64);
    let extra = ["model_kwargs", "additional_model_request_fields"];
    let mut options = ChatOptions::default();
    options.max_tokens = count("max_tokens");
    options.temperature = number("temperature");
    options.top_p = number("top_p");
    options.top_k = count("top_k");
    options.stop = strings(scenario.option("stop"));
    options.guardrail = scenario.option("guardrail").map(guardrail);
    options.service_tier = text(scenario, "service_tier")
        .map(|tier| ServiceTier::parse(tier).unwrap_or_else(|| panic!("{tier:?} is not a service tier")));
    options.request_metadata = pairs(scenario.option("request_metadata"));
    options.latency =
        scenario.option("performance_config").and_then(|config| Latency::parse(config["latency"].as_str()?));
    options.response_field_paths = strings(scenario.option("additional_model_response_field_paths"));
    options.model_kwargs = extra.iter().find_map(|key| scenario.option(key)).cloned().map(Json::from);
    tools::set(scenario, &mut options)?;
    Ok(options)
}

fn strings(value: Option<&Value>) -> Vec<String> {
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

fn pairs(value: Option<&Value>) -> Vec<(String, String)> {
    let entries = value.and_then(Value::as_object).into_iter().flatten();
    entries.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

fn guardrail(value: &Value) -> Guardrail {
    let text = |key: &str| value[key].as_str();
    let mut guardrail = Guardrail::new(text("identifier").unwrap_or_default(), text("version").unwrap_or_default());
    guardrail.trace = match &value["trace"] {
        Value::Bool(true) => Some(GuardrailTrace::Enabled),
        // A missing trace is not the same as `Disabled`.
        Value::String(name) => Some(GuardrailTrace::parse(name).unwrap()),
        _ => None,
    };
    guardrail.tag_suffix = text("tag_suffix").map(str::to_owned);
    let mode = text("stream_processing_mode").or(text("stream_processing_mode_converse"));
    guardrail.stream_processing = mode.map(|mode| {
        if mode.to_ascii_lowercase().starts_with("async") { StreamProcessing::Async } else { StreamProcessing::Sync }
    });
    guardrail
}

/// The conversation, read from LangChain's form.
///
/// # Errors
/// If it cannot be read.
pub(crate) fn messages(scenario: &Scenario) -> Result<Vec<Message>> {
    interop::read_messages(&Json::from(Value::Array(scenario.messages.clone())))
}
