//! The members of a response that are not its output, and the errors that it reports.

use crate::event::Events;
use crate::json::{Kind, View};
use crate::message::StopReason;
use crate::provider::invoke::{self, Counts};

/// The members that other functions read, and members that repeat the request.
const LEFT_OUT: &[&str] =
    &["id", "object", "model", "output", "output_text", "error", "instructions", "tools", "tool_choice", "text"];

/// Adds the metadata and the usage of a response.
pub(super) fn members(response: View<'_>, counts: &mut Counts, out: &mut Events) {
    for (key, value) in response.raw_entries().filter(|(key, value)| !LEFT_OUT.contains(key) && !value.is_null()) {
        match key {
            "usage" => {
                *counts = counts.or_later(read_counts(value));
                out.metadata("usage", value);
            }
            key if invoke::common_field(key, value, counts, out) => {}
            key => out.raw_metadata(key, value),
        }
    }
}

/// Returns the stop reason and the API's name for it.
pub(super) fn stop<'a>(response: View<'a>, status: &'a str, called: bool, refused: bool) -> (StopReason, &'a str) {
    let why = response.get("incomplete_details").map_or("", |details| details.word_at("reason"));
    match (status, why) {
        ("completed", _) if refused => (StopReason::Refusal, status),
        ("completed", _) if called => (StopReason::ToolUse, status),
        ("completed", _) => (StopReason::EndTurn, status),
        ("incomplete", "max_output_tokens") => (StopReason::MaxTokens, why),
        ("incomplete", why) if !why.is_empty() => (StopReason::parse(why), why),
        // Incomplete without a reason, cancelled, or not yet begun: `queued`.
        _ => (StopReason::Other(status.to_owned()), status),
    }
}

/// Reads the token counts of the API.
pub(crate) fn read_counts(usage: View<'_>) -> Counts {
    let detail = |holder: &str, key: &str| usage.get(holder)?.u64_at(key);
    let cache_read = detail("input_tokens_details", "cached_tokens");
    let cache_write = detail("input_tokens_details", "cache_write_tokens");
    let cached = cache_read.unwrap_or(0).saturating_add(cache_write.unwrap_or(0));
    Counts {
        // Here the input includes the cache; in `Counts` it does not.
        input: usage.u64_at("input_tokens").map(|all| all.saturating_sub(cached)),
        output: usage.u64_at("output_tokens"),
        cache_read,
        cache_write,
        reasoning: detail("output_tokens_details", "reasoning_tokens"),
        ..Counts::default()
    }
}

/// Returns whether an event without a type is an error.
pub(super) fn is_error(event: View<'_>) -> bool {
    event.get("error").is_some() || event.get("message").is_some_and(|message| message.kind() == Kind::String)
}
