//! Corrections of guardrails, options and body fields.

use serde_json::{Map, Value, json};

use super::steps::{Correct, Named};
use crate::suite::case::Scenario;
use crate::suite::request::{Request, Sent, normalized};

pub(super) const CHANGES: Named<Correct> = &[
    ("guardrail_headers", guardrail_headers),
    ("guardrail_config", guardrail_config),
    ("merged_kwargs", merged_kwargs),
    ("thinking_limits", thinking_limits),
    ("top_k_field", top_k_field),
];

fn guardrail_headers(scenario: &Scenario, sent: &mut Sent) {
    let (Some(guardrail), Some(request)) = (scenario.option("guardrail"), request_of(sent)) else { return };
    for key in ["identifier", "version"] {
        let header = format!("x-amzn-bedrock-guardrail{key}");
        request.headers.entry(header).or_insert_with(|| guardrail[key].clone());
    }
}

fn guardrail_config(scenario: &Scenario, sent: &mut Sent) {
    let (Some(guardrail), Some(body)) = (scenario.option("guardrail"), body_of(sent)) else { return };
    let fields = [("tagSuffix", "tag_suffix"), ("streamProcessingMode", "stream_processing_mode")];
    let config: Map<_, _> = fields
        .iter()
        .filter_map(|(field, option)| Some(((*field).to_owned(), guardrail.get(*option)?.clone())))
        .collect();
    if !config.is_empty() {
        body.insert("amazon-bedrock-guardrailConfig".into(), Value::Object(config));
    }
}

fn merged_kwargs(scenario: &Scenario, sent: &mut Sent) {
    let kwargs = scenario.option("model_kwargs").and_then(Value::as_object);
    if let (Some(kwargs), Some(request)) = (kwargs, request_of(sent)) {
        let mut body = request.body.as_object().cloned().unwrap_or_default();
        body.extend(kwargs.clone());
        request.body = normalized(Value::Object(body));
    }
}

/// Sends exactly the options that the caller set with a thinking budget.
fn thinking_limits(scenario: &Scenario, sent: &mut Sent) {
    let fields = scenario.option("additional_model_request_fields");
    let thinks = fields.is_some_and(|fields| fields["thinking"]["budget_tokens"].is_u64());
    let Some(body) = body_of(sent).filter(|_| thinks) else { return };
    let config = body.entry("inferenceConfig").or_insert_with(|| json!({}));
    let names = [("max_tokens", "maxTokens"), ("temperature", "temperature"), ("top_p", "topP")];
    for (option, field) in names {
        match scenario.option(option).and_then(Value::as_f64) {
            Some(value) => config[field] = json!(value),
            None => config.as_object_mut().into_iter().for_each(|config| drop(config.remove(field))),
        }
    }
}

fn top_k_field(scenario: &Scenario, sent: &mut Sent) {
    let top_k = scenario.option("model_kwargs").and_then(|kwargs| kwargs.get("top_k"));
    if let (Some(top_k), Some(body)) = (top_k, body_of(sent)) {
        let fields = body.entry("additionalModelRequestFields").or_insert_with(|| json!({}));
        fields["top_k"] = json!(top_k.as_f64());
    }
}

/// The request, if one was sent.
pub(super) fn request_of(sent: &mut Sent) -> Option<&mut Request> {
    match sent {
        Sent::Request(request) => Some(request),
        Sent::Refused(_) | Sent::Unrelated(_) => None,
    }
}

/// The body of the request, if one was sent.
pub(super) fn body_of(sent: &mut Sent) -> Option<&mut Map<String, Value>> {
    request_of(sent)?.body.as_object_mut()
}

/// Replaces the client's request, if a request could be built.
pub(super) fn replace(sent: &mut Sent, request: Option<Request>) {
    if let Some(request) = request {
        *sent = Sent::Request(request);
    }
}

/// The stop sequences of the scenario, if there are any.
pub(super) fn stop(scenario: &Scenario) -> Option<&Value> {
    scenario.option("stop").filter(|stop| stop.as_array().is_some_and(|list| !list.is_empty()))
}
