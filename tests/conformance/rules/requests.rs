//! Rules about requests: transport, parameters, messages.

use serde_json::{Map, Value, json};

use super::messages::refuse;
use super::{Right, Row, build};
use crate::suite::case::Scenario;
use crate::suite::request::{Request, Sent, normalised};

pub(super) const ROWS: &[Row] = &[
    Row {
        rule: "1.4",
        peers: &["jsbc", "pycb"],
        reason: "the ARN of a model or of a system-defined profile names the model, and so does a base model",
        right: Right::Request(|scenario, sent| {
            let names_claude = ["inference-profile/", "foundation-model/"].iter().any(|kind| {
                let name = scenario.model.split_once(kind).map(|(_, name)| name);
                name.is_some_and(|name| name.contains("anthropic.claude"))
            });
            // Stated as a base model, it is no less known.
            let is_claude = |base: &Value| base.as_str().is_some_and(|base| base.contains("anthropic.claude"));
            let names_claude = names_claude || scenario.option("base_model_id").is_some_and(is_claude);
            if matches!(sent, Sent::Refused(_)) && scenario.model.starts_with("arn:") && names_claude {
                replace(sent, build::anthropic(scenario));
            }
        }),
    },
    Row {
        rule: "1.4",
        peers: &["pycb"],
        reason: "an ARN that does not name its model is asked about, not looked up: the caller states the family",
        right: Right::Request(|scenario, sent| {
            let opaque = ["application-inference-profile/", "provisioned-model/", "custom-model", "imported-model/"];
            let is_opaque =
                scenario.model.starts_with("arn:") && opaque.iter().any(|kind| scenario.model.contains(kind));
            let is_stated = ["provider", "base_model_id"].iter().any(|key| scenario.option(key).is_some());
            if is_opaque && !is_stated && !scenario.operation.is_converse() && matches!(sent, Sent::Request(_)) {
                *sent = Sent::Refused("the family is not stated".into());
            }
        }),
    },
    Row {
        rule: "1.10",
        peers: &["jsbc"],
        reason: "a guardrail holds without a trace too: dropping it unsaid is dangerous",
        right: Right::Request(|scenario, sent| {
            let (Some(guardrail), Some(request)) = (scenario.option("guardrail"), request_of(sent)) else { return };
            for (name, key) in [("identifier", "identifier"), ("version", "version")] {
                let header = format!("x-amzn-bedrock-guardrail{name}");
                request.headers.entry(header).or_insert_with(|| guardrail[key].clone());
            }
        }),
    },
    Row {
        rule: "1.11",
        peers: &["jsbc", "pycb"],
        reason: "the tag suffix and the processing mode belong into the body, either of them alone too",
        right: Right::Request(|scenario, sent| {
            let (Some(guardrail), Some(body)) = (scenario.option("guardrail"), body_of(sent)) else { return };
            let fields = [("tagSuffix", "tag_suffix"), ("streamProcessingMode", "stream_processing_mode")];
            let config: Map<_, _> = fields
                .iter()
                .filter_map(|(field, option)| Some(((*field).to_owned(), guardrail.get(*option)?.clone())))
                .collect();
            if !config.is_empty() {
                body.insert("amazon-bedrock-guardrailConfig".into(), Value::Object(config));
            }
        }),
    },
    Row {
        rule: "2.3",
        peers: &["jsbc", "pycb"],
        reason: "what the caller puts into the body by hand is merged with the options; a contradiction is refused",
        right: Right::Request(|scenario, sent| {
            let kwargs = scenario.option("model_kwargs").filter(|_| scenario.provider == "anthropic");
            let is_other = |(key, value): (&String, &Value)| scenario.option(key).is_some_and(|option| option != value);
            if kwargs.and_then(Value::as_object).is_some_and(|kwargs| kwargs.iter().any(is_other)) {
                return refuse(sent, "an option and the kwargs contradict each other");
            }
            if let (Some(Value::Object(kwargs)), Some(request)) = (kwargs, request_of(sent)) {
                let mut body = request.body.as_object().cloned().unwrap_or_default();
                body.extend(kwargs.clone());
                request.body = normalised(Value::Object(body));
            }
        }),
    },
    Row {
        rule: "2.4",
        peers: &["jsbc"],
        reason: "no stop sequence is no list of stop sequences",
        right: Right::Request(|_, sent| {
            if let Some(body) = body_of(sent) {
                body.retain(|key, value| key != "stop_sequences" || *value != json!([]));
            }
        }),
    },
    Row {
        rule: "2.13",
        peers: &["aisdk"],
        reason: "the caller's limit is the limit, the budget for thinking included",
        right: Right::Request(|scenario, sent| {
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
        }),
    },
    Row {
        rule: "2.14",
        peers: &["pycb"],
        reason: "top_k belongs into the additional fields: it must not get lost on the way to Converse",
        right: Right::Request(|scenario, sent| {
            let top_k = scenario.option("model_kwargs").and_then(|kwargs| kwargs.get("top_k"));
            if let (true, Some(top_k), Some(body)) = (scenario.operation.is_converse(), top_k, body_of(sent)) {
                let fields = body.entry("additionalModelRequestFields").or_insert_with(|| json!({}));
                fields["top_k"] = json!(top_k.as_f64());
            }
        }),
    },
    Row {
        rule: "2.14",
        peers: &["jsbc"],
        reason: "Nova's native format is messages-v1, not Titan's",
        right: Right::Request(|scenario, sent| {
            if scenario.model.contains("amazon.nova")
                && body_of(sent).is_some_and(|body| body.contains_key("inputText"))
            {
                replace(sent, build::nova(scenario));
            }
        }),
    },
    Row {
        rule: "5.10",
        peers: &["jsbc"],
        reason: "what can stream is streamed",
        right: Right::Request(|scenario, sent| {
            // Jurassic-2 cannot.
            let streams = scenario.operation.is_stream() && !scenario.model.contains("ai21.j2");
            let Some(request) = request_of(sent).filter(|_| streams) else { return };
            if let Some(model) = request.path.strip_suffix("/invoke") {
                request.path = format!("{model}/invoke-with-response-stream");
            }
        }),
    },
];

/// The request, if one was sent.
pub(super) fn request_of(sent: &mut Sent) -> Option<&mut Request> {
    match sent {
        Sent::Request(request) => Some(request),
        Sent::Refused(_) => None,
    }
}

/// The body of the request, if one was sent.
pub(super) fn body_of(sent: &mut Sent) -> Option<&mut Map<String, Value>> {
    request_of(sent)?.body.as_object_mut()
}

/// Puts a request in the place of what the peer did, if one can be made.
pub(super) fn replace(sent: &mut Sent, request: Option<Request>) {
    if let Some(request) = request {
        *sent = Sent::Request(request);
    }
}

/// The stop sequences that the scenario asks for, if any.
pub(super) fn stop(scenario: &Scenario) -> Option<&Value> {
    scenario.option("stop").filter(|stop| stop.as_array().is_some_and(|list| !list.is_empty()))
}
