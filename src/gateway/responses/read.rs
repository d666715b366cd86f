//! Requests for models that are called in another format.

use super::{input, tools};
use crate::gateway::dialect::{Asked, leave_out};
use crate::gateway::failure::Failure;
use crate::gateway::openai::members::{self, Row, left_out, read, refused};
use crate::gateway::openai::options;
use crate::json::{Kind, View};
use crate::message::Message;

const NOT_KEPT: &str = "the gateway keeps no responses; send the whole conversation in `input`";

/// The members of a request. A member is left out if the answer does not depend on it.
pub(super) const MEMBERS: &[Row] = &[
    read("model"),
    read("input"),
    read("instructions"),
    read("stream"),
    read("max_output_tokens"),
    read("temperature"),
    read("top_p"),
    read("tools"),
    read("tool_choice"),
    read("parallel_tool_calls"),
    read("reasoning"),
    read("text"),
    read("include"),
    read("service_tier"),
    read("metadata"),
    // The default at OpenAI is `true`. The gateway keeps nothing.
    left_out("store", &["false"]),
    left_out("user", &[]),
    left_out("safety_identifier", &[]),
    left_out("client_metadata", &["{}"]),
    left_out("prompt_cache_key", &[]),
    left_out("prompt_cache_retention", &[]),
    left_out("prompt_cache_options", &[]),
    // The padding of events.
    left_out("stream_options", &["{}"]),
    // A conversation that is too long is an error, as with `disabled`.
    left_out("truncation", &["\"disabled\""]),
    // It limits calls of tools that OpenAI runs. The gateway has no such tools.
    left_out("max_tool_calls", &[]),
    left_out("context_management", &["[]"]),
    refused("previous_response_id", &[], NOT_KEPT),
    refused("conversation", &[], NOT_KEPT),
    refused("prompt", &[], "the gateway keeps no prompts; send the text in `instructions` and `input`"),
    refused("background", &["false"], "leave it out, and read the answer as a stream"),
    refused("background_options", &[], "leave it out"),
    refused("top_logprobs", &["0"], "leave it out"),
    refused("moderation", &[], "use a guardrail"),
    refused("image", &[], "leave it out"),
    refused("access_programs", &[], "leave it out"),
];

/// Reads a request.
pub(super) fn asked(body: View<'_>) -> Result<Asked, Failure> {
    let mut asked = Asked::default();
    members::check(body, MEMBERS, &mut asked.removed)?;
    let names = tools::names(body);
    let mut more_tools = Vec::new();
    let given =
        body.get("input").ok_or_else(|| Failure::of_field("input", "`input` is missing; add a text or items"))?;
    asked.messages = input::messages(given, &names, &mut more_tools, &mut asked.removed)?;
    if let Some(instructions) = members::text(body, "instructions")?.filter(|text| !text.trim().is_empty()) {
        asked.messages.insert(0, Message::system(instructions));
    }
    options::read_common(body, &mut asked)?;
    tools::read(body, &more_tools, &mut asked)?;
    asked.options.max_tokens = members::count(body, "max_output_tokens")?;
    read_reasoning(body, &mut asked)?;
    read_text(body, &mut asked)?;
    check_include(body, &mut asked.removed)?;
    Ok(asked)
}

fn read_reasoning(body: View<'_>, asked: &mut Asked) -> Result<(), Failure> {
    let Some(reasoning) = members::object(body, "reasoning")? else { return Ok(()) };
    for (key, _) in reasoning.entries().filter(|(_, value)| !value.is_null()) {
        match &*key {
            "effort" | "summary" | "generate_summary" => {}
            // Which reasoning of earlier turns the model reads: each model has its own rule.
            "context" => leave_out(&mut asked.removed, "reasoning.context"),
            _ => return Err(Failure::of_field("reasoning", "`reasoning` has an unknown member; leave it out")),
        }
    }
    if let Some(effort) = reasoning.string_at("effort") {
        asked.options.reasoning = Some(options::effort(&effort));
    }
    asked.shows_reasoning = ["summary", "generate_summary"].iter().any(|key| reasoning.get(key).is_some());
    Ok(())
}

fn read_text(body: View<'_>, asked: &mut Asked) -> Result<(), Failure> {
    let Some(text) = members::object(body, "text")? else { return Ok(()) };
    for (key, value) in text.entries().filter(|(_, value)| !value.is_null()) {
        match &*key {
            "format" => options::read_format(value, value, "text.format", asked)?,
            // A wish about the style, which many clients send for every model.
            "verbosity" if value.word() == "medium" => {}
            "verbosity" => leave_out(&mut asked.removed, "text.verbosity"),
            _ => return Err(Failure::of_field("text", "`text` has an unknown member; leave it out")),
        }
    }
    Ok(())
}

/// Checks what the client wants in the answer beside its text.
fn check_include(body: View<'_>, removed: &mut Vec<String>) -> Result<(), Failure> {
    for value in members::list(body, "include")?.into_iter().flat_map(View::items) {
        match value.word() {
            // It is always included.
            "reasoning.encrypted_content" => {}
            "message.output_text.logprobs" => {
                let message =
                    "`include` has `message.output_text.logprobs`, which this model does not have; leave it out";
                return Err(Failure::of_field("include", message));
            }
            // The other values ask for results of tools that OpenAI runs. The gateway has no such tools.
            _ if value.kind() == Kind::String => leave_out(removed, "include"),
            _ => return Err(Failure::of_field("include", "`include` is not a list of strings")),
        }
    }
    Ok(())
}
