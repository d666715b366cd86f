//! CountTokens and ApplyGuardrail.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::keys::{self, Kind, may, must};
use super::{Call, Native, check_guardrail_version, converse, guardrail_assessment, unknown_model};
use crate::delivery::Reply;
use crate::model::BLOCKED_TEXT;
use crate::problem::Problem;
use crate::route::Operation;

pub(super) fn count_tokens(call: &Call<'_>) -> Result<Reply, Problem> {
    // pydantic-ai#3367, litellm#34272: the operation accepts the id of a model, but not that of a profile.
    let foundation = call.model_id.contains(":foundation-model/");
    if call.model_id != call.model && !foundation {
        return Err(Problem::validation("The provided model doesn't support counting tokens."));
    }
    let body = call.json()?;
    keys::check(&body, &[must("input", Kind::Object)])?;
    let input = body.get("input").unwrap_or(&Value::Null);
    let found = keys::violations(input, &[may("converse", Kind::Object), may("invokeModel", Kind::Object)], "#/input");
    if !found.is_empty() {
        return Err(Problem::malformed(&found.join("")));
    }
    let prompt = match (input.get("converse"), input.get("invokeModel")) {
        (Some(converse), None) => {
            const KEYS: [keys::Key; 4] = [
                may("messages", Kind::List),
                may("system", Kind::List),
                may("toolConfig", Kind::Object),
                may("additionalModelRequestFields", Kind::Any),
            ];
            let found = keys::violations(converse, &KEYS, "#/input/converse");
            if !found.is_empty() {
                return Err(Problem::malformed(&found.join("")));
            }
            converse::read_converse(call, converse, false)?.0
        }
        (None, Some(invoke)) => {
            let data = invoke.get("body").and_then(Value::as_str).unwrap_or_default();
            let native = STANDARD
                .decode(data)
                .map_err(|_| Problem::validation("The value at input.invokeModel.body is not valid base64."))?;
            let inner = Call {
                model_id: call.model_id.clone(),
                model: call.model.clone(),
                operation: Operation::Invoke,
                headers: &[],
                body: &native,
                state: call.state,
            };
            inner.json()?;
            Native::of(&inner).ok_or_else(unknown_model)?.read(&inner)?
        }
        _ => return Err(Problem::validation("Exactly one of input.converse and input.invokeModel must be set.")),
    };
    Ok(Reply::json(&json!({"inputTokens": prompt.ledger.total()})))
}

/// The pattern of a project's id or ARN in the service model.
pub(super) const PROJECT: &str = "([a-zA-Z0-9_-]+|arn:aws(|-us-gov|-cn|-iso|-iso-b|-iso-f|-eusc):bedrock:[0-9a-z-]{1,20}:[0-9]{12}:project/[a-zA-Z0-9_-]+)";

/// Checks the project of a request. An application inference profile does not accept a project.
pub(super) fn project(call: &Call<'_>, project: Option<&str>) -> Result<(), Problem> {
    let Some(project) = project else { return Ok(()) };
    let named = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    let arn = project.strip_prefix("arn:aws").and_then(|arn| arn.split_once(":project/"));
    if !named(project) && !arn.is_some_and(|(start, id)| named(id) && start.contains(":bedrock:")) {
        return Err(Problem::validation(format!(
            "1 validation error detected: Value '{project}' at 'projectIdentifier' failed to satisfy constraint: Member must satisfy regular expression pattern: {PROJECT}"
        )));
    }
    if call.model_id.contains(":application-inference-profile/") {
        return Err(Problem::validation("A project cannot be specified with an application inference profile."));
    }
    Ok(())
}

/// `POST /guardrail/{id}/version/{version}/apply`: the only blocked word is `BLOCKED`.
pub(crate) fn apply_guardrail(guardrail: &str, version: &str, body: &[u8]) -> Result<Reply, Problem> {
    let named =
        guardrail.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) || guardrail.starts_with("arn:");
    if !named {
        return Err(Problem::validation(format!(
            "1 validation error detected: Value '{guardrail}' at 'guardrailIdentifier' failed to satisfy constraint: Member must satisfy regular expression pattern: (([a-z0-9]+)|(arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{{1,20}}:[0-9]{{12}}:guardrail/[a-z0-9]+))"
        )));
    }
    check_guardrail_version(version)?;
    let body: Value = serde_json::from_slice(body)
        .map_err(|_| Problem::new(400, "SerializationException", "The request body is not valid JSON."))?;
    keys::check(&body, &[must("source", Kind::Text), must("content", Kind::List), may("outputScope", Kind::Text)])?;
    for (key, options) in [("source", ["INPUT", "OUTPUT"]), ("outputScope", ["INTERVENTIONS", "FULL"])] {
        let value = body.get(key).and_then(Value::as_str);
        if let Some(value) = value.filter(|value| !options.contains(value)) {
            return Err(Problem::validation(format!(
                "1 validation error detected: Value '{value}' at '{key}' failed to satisfy constraint: Member must satisfy enum value set: [{}]",
                options.join(", ")
            )));
        }
    }
    let content = body.get("content").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if content.is_empty() {
        return Err(Problem::validation(
            "1 validation error detected: Value at 'content' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ));
    }
    let mut characters = 0;
    let mut blocked = false;
    let mut texts = Vec::new();
    for (number, block) in content.iter().enumerate() {
        let at = format!("#/content/{number}");
        let mut found = keys::violations(block, &[may("text", Kind::Object), may("image", Kind::Object)], &at);
        if let Some(text) = block.get("text") {
            found.extend(keys::violations(
                text,
                &[must("text", Kind::Text), may("qualifiers", Kind::Texts(3))],
                &format!("{at}/text"),
            ));
        }
        if !found.is_empty() {
            return Err(Problem::malformed(&found.join("")));
        }
        let text = block.pointer("/text/text").and_then(Value::as_str).unwrap_or_default();
        characters += text.chars().count();
        blocked |= text.contains("BLOCKED");
        texts.push(text);
    }
    let outputs = if blocked { json!([{"text": BLOCKED_TEXT}]) } else { json!([]) };
    Ok(Reply::json(&json!({
        "usage": {
            "topicPolicyUnits": 0,
            "contentPolicyUnits": 0,
            "wordPolicyUnits": characters.div_ceil(1_000),
            "sensitiveInformationPolicyUnits": 0,
            "sensitiveInformationPolicyFreeUnits": 0,
            "contextualGroundingPolicyUnits": 0,
        },
        "action": if blocked { "GUARDRAIL_INTERVENED" } else { "NONE" },
        "actionReason": if blocked { "Guardrail blocked." } else { "No action." },
        "outputs": outputs,
        "assessments": [guardrail_assessment(blocked)],
        "guardrailCoverage": {"textCharacters": {"guarded": characters, "total": characters}},
    })))
}
