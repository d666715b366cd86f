//! Anthropic Messages over InvokeModel.

mod blocks;
mod conversation;
mod options;
mod read;
mod write;

use serde_json::Value;

use super::{Call, native_reply, native_stream};
use crate::delivery::Reply;
use crate::model;
use crate::problem::Problem;
use crate::route::Operation;

pub(super) fn answer(call: &Call<'_>) -> Result<Reply, Problem> {
    let body = call.json()?;
    let guardrail = call.guardrail()?;
    options::check(&body, &call.model)?;
    let messages = conversation::check(&body, call.state.settings.strict_alternation)?;
    let mut prompt = read::prompt(&body, &messages);
    prompt.guarded = guardrail.is_some();
    if prompt.ledger.breakpoints() > 4 {
        return Err(Problem::validation(format!(
            "A maximum of 4 blocks with cache_control may be provided. Found {}.",
            prompt.ledger.breakpoints()
        )));
    }
    let answer = model::answer(&prompt);
    let input = call.state.cache.charge(&call.model, &prompt.ledger);
    let reply = write::Written {
        answer: &answer,
        input,
        guardrail,
        model: &call.model,
    };
    Ok(match call.operation {
        Operation::InvokeStream => native_stream(reply.events(), input, &answer),
        _ => native_reply(&reply.message(), input, &answer),
    })
}

/// A refusal that names where in the body the fault is.
fn invalid(at: impl std::fmt::Display, what: impl std::fmt::Display) -> Problem {
    Problem::validation(format!("{at}: {what}"))
}

/// Refuses keys that are not in `known`.
fn only_known(object: &Value, known: &[&str], at: &str) -> Result<(), Problem> {
    let unknown = object
        .as_object()
        .and_then(|map| map.keys().find(|key| !known.contains(&key.as_str())));
    unknown.map_or(Ok(()), |key| {
        Err(invalid(
            format!("{at}.{key}"),
            "Extra inputs are not permitted",
        ))
    })
}

/// A required string member.
fn string<'a>(object: &'a Value, key: &str, at: &str) -> Result<&'a str, Problem> {
    match object.get(key) {
        None => Err(invalid(format!("{at}.{key}"), "Field required")),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(invalid(
            format!("{at}.{key}"),
            "Input should be a valid string",
        )),
    }
}
