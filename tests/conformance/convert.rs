//! Converts neutral options and LangChain-shaped messages to this crate's API.

mod chat_apis;
mod tools;

use bedrock_chat::{
    Anthropic, Api, BedrockChat, CachePoint, CacheTtl, ChatOptions, Content, Credentials, Guardrail, GuardrailTrace,
    Json, Latency, Message, Result, Service, ServiceTier, StreamProcessing, interop,
};
use serde_json::Value;

use super::case::{Operation, Scenario};
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
    let mut credentials = match text(scenario, "auth") {
        Some("bearer") => Credentials::bearer("bedrock-api-key-EXAMPLE"),
        _ => Credentials::new("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    };
    if let Some(token) = scenario.option("session_token") {
        // Some recordings only say whether there was a token.
        credentials = credentials.with_session_token(token.as_str().unwrap_or("session-token-EXAMPLE"));
    }
    let mut builder = BedrockChat::builder(model)
        .region(&scenario.region)
        .credentials(credentials)
        .transport(transport)
        .runtime(Immediately)
        .options(&options(scenario)?)
        .api(api(scenario))
        .service(if scenario.at_mantle { Service::Mantle } else { Service::Runtime })
        .streaming(scenario.option("streaming").and_then(Value::as_bool).unwrap_or(false));
    if let Some(family) = family {
        builder = builder.family(family);
    }
    // Some models have two formats, one for prompts and one for messages. Only the requests of the clients show
    // which format a scenario means.
    match in_messages(scenario) {
        Some(true) if scenario.is_legacy_claude() => builder = builder.codec(Anthropic),
        Some(false) if scenario.model.contains("mistral.mistral-large-2402") => {
            builder = builder.family("mistral.mistral-7b-instruct-v0:2");
        }
        _ => {}
    }
    builder.build()
}

/// The API of a scenario. Messages at the runtime endpoint is InvokeModel, by AWS's documentation.
fn api(scenario: &Scenario) -> Api {
    match scenario.operation {
        Operation::Converse | Operation::ConverseStream => Api::Converse,
        Operation::Responses | Operation::ResponsesStream => Api::Responses,
        Operation::Chat | Operation::ChatStream => Api::ChatCompletions,
        Operation::Messages | Operation::MessagesStream | Operation::CountTokens if scenario.at_mantle => Api::Messages,
        _ => Api::Invoke,
    }
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

/// Options that are converted, besides those of `chat_apis`. Any other option is a gap in this conversion.
const KNOWN: &[&str] = &[
    "additional_model_request_fields",
    "additional_model_response_field_paths",
    "application_inference_profile",
    "auth",
    "base_model_id",
    "cache_control",
    "default_retries",
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
    let is_known =
        |key: &str| KNOWN.contains(&key) || (scenario.operation.is_sse_api() && chat_apis::KNOWN.contains(&key));
    scenario.options.keys().map(String::as_str).filter(|key| !is_known(key)).collect()
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
    options.service_tier = text(scenario, "service_tier").and_then(|tier| {
        let parsed = ServiceTier::parse(tier);
        assert!(parsed.is_some() || scenario.operation.is_messages(), "{tier:?} is not a service tier");
        parsed
    });
    options.request_metadata = pairs(scenario.option("request_metadata"));
    options.latency =
        scenario.option("performance_config").and_then(|config| Latency::parse(config["latency"].as_str()?));
    options.response_field_paths = strings(scenario.option("additional_model_response_field_paths"));
    options.model_kwargs = extra.iter().find_map(|key| scenario.option(key)).cloned().map(Json::from);
    tools::set(scenario, &mut options)?;
    if scenario.operation.is_sse_api() {
        chat_apis::set(scenario, &mut options)?;
    }
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
/// An error, if the conversation cannot be read.
pub(crate) fn messages(scenario: &Scenario) -> Result<Vec<Message>> {
    let mut messages = interop::read_messages(&Json::from(Value::Array(scenario.messages.clone())))?;
    // LangChain's option caches the whole conversation.
    if let (Some(control), Some(last)) = (scenario.option("cache_control"), messages.last_mut()) {
        let ttl = control["ttl"].as_str().and_then(CacheTtl::parse);
        last.content
            .push(Content::CachePoint(ttl.map_or_else(CachePoint::default, |ttl| CachePoint::default().with_ttl(ttl))));
    }
    Ok(messages)
}
