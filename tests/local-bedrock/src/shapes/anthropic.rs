//! Anthropic Messages, over InvokeModel and on mantle.

mod blocks;
mod conversation;
mod messages;
mod models;
mod options;
mod read;
mod write;

use serde_json::Value;

use super::Call;
use crate::model::Prompt;
use crate::problem::Problem;

pub(super) use conversation::{final_thinking, system_in_the_middle};
pub(super) use messages::{answer_messages, count_messages};
pub(super) use models::thinks;
pub(super) use options::check_body as check_options;
pub(super) use write::Written;

/// Checks the body and reads it.
pub(super) fn read(call: &Call<'_>) -> Result<Prompt, Problem> {
    let body = call.json()?;
    options::check_body(&body, &call.model)?;
    let messages = conversation::check(&body, call)?;
    let prompt = read::prompt(&body, &messages);
    too_many_breakpoints(&prompt)?;
    Ok(prompt)
}

/// Refuses more than four cache breakpoints, and a longer lifetime after a shorter one.
fn too_many_breakpoints(prompt: &Prompt) -> Result<(), Problem> {
    if prompt.ledger.breakpoints() > 4 {
        return Err(Problem::validation(format!(
            "A maximum of 4 blocks with cache_control may be provided. Found {}.",
            prompt.ledger.breakpoints()
        )));
    }
    if prompt.ledger.longer_after_shorter() {
        return Err(invalid("messages", LONGER_AFTER_SHORTER));
    }
    Ok(())
}

/// strands#3758, Portkey-AI/gateway#1762.
pub(in crate::shapes) const LONGER_AFTER_SHORTER: &str = "a ttl='1h' cache_control block must not come after a ttl='5m' cache_control block. Note that blocks are processed in the following order: `tools`, `system`, `messages`.";

/// Returns a refusal that names the place of the error in the body.
fn invalid(at: impl std::fmt::Display, what: impl std::fmt::Display) -> Problem {
    Problem::validation(format!("{at}: {what}"))
}

/// Refuses keys that are not in `known`.
fn only_known(object: &Value, known: &[&str], at: &str) -> Result<(), Problem> {
    let unknown = object.as_object().and_then(|map| map.keys().find(|key| !known.contains(&key.as_str())));
    unknown.map_or(Ok(()), |key| Err(invalid(format!("{at}.{key}"), "Extra inputs are not permitted")))
}

/// A required string member.
fn string<'a>(object: &'a Value, key: &str, at: &str) -> Result<&'a str, Problem> {
    match object.get(key) {
        None => Err(invalid(format!("{at}.{key}"), "Field required")),
        Some(Value::String(text)) => Ok(text),
        Some(_) => Err(invalid(format!("{at}.{key}"), "Input should be a valid string")),
    }
}
