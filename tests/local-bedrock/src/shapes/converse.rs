//! Converse and ConverseStream, and Nova's `messages-v1`, which is nearly the same body.

mod features;
mod read;
mod rules;
mod service_model;
mod tool_rules;
mod write;

use serde_json::{Value, json};

use super::{Call, Guardrail};
use crate::delivery::Reply;
use crate::model::Prompt;
use crate::problem::Problem;

pub(crate) use write::Written;

/// Answers Converse and ConverseStream.
pub(super) fn answer(call: &Call<'_>) -> Result<Reply, Problem> {
    let body = call.json()?;
    let stream = call.operation.streams();
    let (prompt, guardrail) = read_converse(call, &body, stream)?;
    let (answer, input) = call.answer(&prompt, &body)?;
    let written = Written {
        answer: &answer,
        input,
        guardrail,
        body: &body,
        model: &call.model,
        model_id: &call.model_id,
        signed: call.model.starts_with("anthropic."),
    };
    Ok(if stream { write::stream(&written) } else { Reply::json(&written.message()) })
}

/// Checks a Converse body and reads it.
pub(super) fn read_converse(
    call: &Call<'_>,
    body: &Value,
    stream: bool,
) -> Result<(Prompt, Option<Guardrail>), Problem> {
    service_model::check(body, if stream { "ConverseStreamRequest" } else { "ConverseRequest" })?;
    features::check(body, &call.model, stream)?;
    super::operations::project(call, body.get("projectIdentifier").and_then(Value::as_str))?;
    rules::check(body, call)?;
    let guardrail = guardrail(body)?;
    let mut prompt = read::prompt(body, &call.model)?;
    prompt.guarded = guardrail.is_some();
    Ok((prompt, guardrail))
}

/// Checks Nova's native body and reads it.
pub(super) fn read_nova(call: &Call<'_>) -> Result<Prompt, Problem> {
    let mut body = call.json()?;
    points_apart(&mut body);
    service_model::check(&body, "NovaRequest")?;
    features::check(&body, &call.model, call.operation.streams())?;
    rules::check(&body, call)?;
    read::prompt(&body, &call.model)
}

/// In Nova's native format, a cache point is a member of the block before it. This makes it a separate block.
fn points_apart(body: &mut Value) {
    let apart = |blocks: Option<&mut Value>| {
        let Some(Value::Array(blocks)) = blocks else { return };
        let whole = std::mem::take(blocks);
        for mut block in whole {
            let members = block.as_object().map_or(0, serde_json::Map::len);
            let point = block.as_object_mut().filter(|_| members == 2).and_then(|block| block.remove("cachePoint"));
            blocks.push(block);
            blocks.extend(point.map(|point| json!({"cachePoint": point})));
        }
    };
    apart(body.get_mut("system"));
    for message in body.get_mut("messages").and_then(Value::as_array_mut).into_iter().flatten() {
        apart(message.get_mut("content"));
    }
}

fn guardrail(body: &Value) -> Result<Option<Guardrail>, Problem> {
    let Some(config) = body.get("guardrailConfig") else { return Ok(None) };
    let text = |key: &str| config.get(key).and_then(Value::as_str).unwrap_or_default();
    match (text("guardrailIdentifier"), text("guardrailVersion")) {
        ("", "") => Ok(None),
        ("", _) => {
            Err(Problem::validation("The guardrail identifier is required when a guardrail version is provided."))
        }
        (_, "") => {
            Err(Problem::validation("The guardrail version is required when a guardrail identifier is provided."))
        }
        (_, version) => {
            super::check_guardrail_version(version)?;
            Ok(Some(Guardrail { trace: matches!(text("trace"), "enabled" | "enabled_full") }))
        }
    }
}
