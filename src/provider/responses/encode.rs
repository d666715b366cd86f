//! Requests in the format of the Responses API.

use super::{items, tools as wire_tools};
use crate::api::{Api, Service};
use crate::capabilities::{Capabilities, Capability};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Kind, View, Writer};
use crate::model::ModelId;
use crate::provider::repair::{RawShape, repair};
use crate::provider::{Mode, cache_points, facts, openai, tools, words};
use crate::request::{ChatOptions, ChatRequest, Reasoning, ReasoningDisplay};

/// The value of `include` for reasoning that can be sent back without stored state.
const ENCRYPTED_REASONING: &str = "reasoning.encrypted_content";

/// Writes the body of a call.
pub(super) fn body(service: Service, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Writer> {
    let options = &request.options;
    let known = facts::target(model, Api::Responses, RawShape::Items, options);
    let can = known.can;
    check(model, can, options)?;
    check_background(service, options)?;
    let conversation = repair(&request.messages, known)?;
    let system: Vec<_> = conversation.system.iter().copied().map(crate::provider::repair::Block::Borrowed).collect();
    cache_points::check(model, can, &mut std::iter::empty(), &system, &conversation)?;
    let mut w = Writer::new();
    w.begin_object();
    w.field("model", openai::model_id(service, model));
    w.array("input");
    items::Encoder::new(model, can, service, &request.messages, &conversation).write(&mut w, &conversation)?;
    w.end_array();
    w.opt_u64("max_output_tokens", options.max_tokens);
    w.opt_f64("temperature", options.temperature);
    w.opt_f64("top_p", options.top_p);
    wire_tools::write(&mut w, model, can, options)?;
    write_reasoning(&mut w, options);
    write_format(&mut w, options)?;
    openai::write_options(&mut w, options);
    write_state(&mut w, can, options);
    if mode == Mode::Stream {
        w.key("stream").bool(true);
    }
    w.end_object();
    Ok(w)
}

/// Checks for options that the API or the model does not support.
fn check(model: &ModelId, can: Capabilities, options: &ChatOptions) -> Result<()> {
    tools::check_format(model, can, options)?;
    let lacks_effort = can.lacks(Capability::ReasoningEffort);
    let (field, why) = if !options.stop.is_empty() {
        ("stop", "does not accept stop sequences over the Responses API; leave `stop` unset, or use another API")
    } else if options.top_k.is_some() {
        ("top_k", "has no `top_k` over the Responses API; leave it unset")
    } else if options.guardrail.is_some() {
        (
            "guardrail",
            "does not accept a guardrail over the Responses API; use Converse, or check the text with `apply_guardrail`",
        )
    } else if options.latency.is_some() {
        ("latency", "has no `latency` over the Responses API; leave it unset")
    } else if !options.response_field_paths.is_empty() {
        ("response_field_paths", "has no `response_field_paths` over the Responses API; the metadata has all fields")
    } else if !options.prompt_variables.is_empty() {
        ("prompt_variables", "does not accept `prompt_variables` over the Responses API; use Converse")
    } else if !options.anthropic_beta.is_empty() {
        ("anthropic_beta", "does not accept `anthropic_beta` over the Responses API; leave it empty")
    } else if let Some(reasoning) = &options.reasoning {
        match reasoning {
            Reasoning::Disabled if can.lacks(Capability::ReasoningOff) => {
                ("reasoning", "cannot have its reasoning switched off; set a low effort")
            }
            Reasoning::Disabled => return Ok(()),
            _ if lacks_effort => ("reasoning", "has no known option for reasoning; leave `reasoning` unset"),
            Reasoning::Effort(_) => return Ok(()),
            _ => (
                "reasoning",
                "accepts only an effort for reasoning over the Responses API; use `low`, `medium` or `high`",
            ),
        }
    } else if options.reasoning_display.is_some() && lacks_effort {
        ("reasoning_display", "does not reason; leave `reasoning_display` unset")
    } else {
        return Ok(());
    };
    Err(words::refused(ErrorKind::Unsupported, model, why).with_field(field))
}

/// Checks that a call in the background is not sent to `bedrock-runtime`, which refuses it.
fn check_background(service: Service, options: &ChatOptions) -> Result<()> {
    let background = options.model_kwargs.as_ref().and_then(|kwargs| kwargs.view().get("background")?.bool());
    if service == Service::Runtime && background == Some(true) {
        let message = "`background` is not supported on bedrock-runtime; leave it out, or use bedrock-mantle";
        return Err(Error::new(ErrorKind::Unsupported, message).with_field("model_kwargs"));
    }
    Ok(())
}

fn write_reasoning(w: &mut Writer, options: &ChatOptions) {
    let effort = match &options.reasoning {
        Some(Reasoning::Disabled) => Some("none"),
        other => other.as_ref().and_then(Reasoning::effort),
    };
    // Without `summary` the text of the reasoning is left out.
    let is_shown = options.reasoning_display == Some(ReasoningDisplay::Summarized);
    if effort.is_none() && !is_shown {
        return;
    }
    w.object("reasoning");
    w.opt_field("effort", effort);
    // `bedrock-mantle` accepts no other value.
    w.opt_field("summary", is_shown.then_some("auto"));
    w.end_object();
}

fn write_format(w: &mut Writer, options: &ChatOptions) -> Result<()> {
    let Some(format) = &options.response_format else { return Ok(()) };
    w.object("text");
    w.object("format");
    w.field("type", "json_schema");
    w.field("name", &format.name);
    w.opt_field("description", format.description.as_deref());
    w.member("schema", tools::format_schema(format)?.view());
    w.key("strict").bool(true);
    w.end_object();
    w.end_object();
    Ok(())
}

/// Writes `store` as `false`, and requests reasoning in full instead.
fn write_state(w: &mut Writer, can: Capabilities, options: &ChatOptions) {
    let kwargs = options.model_kwargs.as_ref().map(Json::view);
    let given = |key: &str| kwargs.and_then(|kwargs| kwargs.get_or_null(key));
    w.key("store").bool(false);
    let is_stored = given("store").and_then(View::bool) == Some(true);
    let is_replaced = given("include").is_some_and(|include| include.kind() != Kind::Array);
    if can.has(Capability::SignedReasoning) && !is_stored && !is_replaced {
        w.array("include");
        w.string(ENCRYPTED_REASONING);
        w.end_array();
    }
}
