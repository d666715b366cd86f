//! `additionalModelRequestFields`: options that Converse has no field for, as fields of the model's family.

use super::kwargs;
use crate::api::Api;
use crate::capabilities::{Capabilities, Capability};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, View, Writer};
use crate::model::ModelId;
use crate::provider::table::{ConverseFields, ReasoningField, family_of};
use crate::provider::{anthropic, facts, tools};
use crate::request::{ChatOptions, Reasoning, Tool, ToolChoice};

/// The results of writing a conversation that the rest of the request depends on.
pub(super) struct Written<'a> {
    /// Claude's settings of reasoning.
    pub(super) thinking: anthropic::ThinkingFields<'a>,
    pub(super) leaves_reasoning_out: bool,
    /// Whether system messages with text follow other messages.
    pub(super) has_notes: bool,
}

/// Returns the fields of the model's family.
pub(super) fn of(model: &ModelId) -> &'static ConverseFields {
    family_of(model).over_converse
}

/// Checks the rules between options, as far as the family is known.
pub(super) fn check(model: &ModelId, can: Capabilities, options: &ChatOptions) -> Result<()> {
    if is_claude(model) {
        return anthropic::check(model, can, options);
    }
    if options.reasoning_display.is_some() {
        return Err(Error::of(
            ErrorKind::Unsupported,
            format_args!("{model} does not support `reasoning_display`; leave it unset (only Claude supports it)"),
        )
        .with_field("reasoning_display"));
    }
    check_inference(model, can, options)?;
    tools::check_format(model, can, options)?;
    let high = matches!(&options.reasoning, Some(Reasoning::Effort(effort)) if effort == "high");
    if is_nova(model) && high {
        let set = [
            ("max_tokens", options.max_tokens.is_some()),
            ("temperature", options.temperature.is_some()),
            ("top_p", options.top_p.is_some()),
        ];
        if let Some((name, _)) = set.into_iter().find(|(_, set)| *set) {
            return Err(Error::of(
                ErrorKind::Config,
                format_args!("reasoning with effort `high` and `{name}` exclude each other; leave `{name}` unset"),
            )
            .with_field(name));
        }
    }
    Ok(())
}

/// Refuses options that the model has no field for.
fn check_inference(model: &ModelId, can: Capabilities, options: &ChatOptions) -> Result<()> {
    let (sampling, stops) = (can.lacks(Capability::Sampling), can.lacks(Capability::StopSequences));
    let refused = [
        ("temperature", sampling && options.temperature.is_some()),
        ("top_p", sampling && options.top_p.is_some()),
        ("stop", stops && !options.stop.is_empty()),
    ];
    let Some((name, _)) = refused.into_iter().find(|(_, is_refused)| *is_refused) else { return Ok(()) };
    Err(Error::of(
        ErrorKind::Unsupported,
        format_args!("{model} does not accept `{name}` over Converse; leave it unset, or use another API"),
    )
    .with_field(name))
}

/// Returns whether the tool choice is written to the additional fields. A call to Claude can forbid parallel tool
/// calls, or name a tool that is in the additional fields, only there. The API refuses a choice in both places.
pub(super) fn takes_tool_choice(model: &ModelId, options: &ChatOptions) -> bool {
    let is_typed = |tool: &Tool| typed_tool(tool).is_some();
    let chooses_typed = match &options.tool_choice {
        Some(ToolChoice::Tool(name)) => options.tools.iter().any(|tool| tool.name == *name && is_typed(tool)),
        Some(ToolChoice::Any) => options.tools.iter().all(is_typed),
        _ => false,
    };
    is_claude(model)
        && (options.parallel_tool_calls == Some(false) || chooses_typed || kwargs::has_tool_choice(options))
}

/// Returns whether the model is known to be Claude. Claude also accepts tools in Anthropic's form, and has a separate
/// limit on the size of images.
pub(super) fn is_claude(model: &ModelId) -> bool {
    of(model).reasoning == ReasoningField::Thinking
}

/// Returns whether the model is known to be an Amazon Nova.
pub(crate) fn is_nova(model: &ModelId) -> bool {
    of(model).reasoning == ReasoningField::ReasoningConfig
}

/// Returns whether the API's limit on the size of documents applies. Newer models have no limit for the formats that
/// they read natively; for an unknown model the service decides.
pub(super) fn limits_documents(model: &ModelId, format: &str) -> bool {
    match model.base() {
        Some(base) if base.starts_with("amazon.nova") => !["pdf", "docx"].contains(&format),
        Some(base) if base.starts_with("anthropic.") && !base.starts_with("anthropic.claude-3") => format != "pdf",
        base => base.is_some(),
    }
}

/// Returns the effort, if it is written to the API's own `outputConfig.effort`.
pub(super) fn output_effort<'a>(model: &ModelId, options: &'a ChatOptions) -> Option<&'a str> {
    match &options.reasoning {
        Some(Reasoning::Effort(effort)) if of(model).reasoning == ReasoningField::OutputConfig => Some(effort),
        _ => None,
    }
}

/// Returns the object of additional fields; `None` if there are none.
pub(super) fn additional(
    model: &ModelId,
    written: &Written<'_>,
    options: &ChatOptions,
    has_tools: bool,
) -> Result<Option<Json>> {
    let fields = of(model);
    let mut w = Writer::new();
    w.begin_object();
    match (fields.top_k, options.top_k) {
        ([object, key], Some(top_k)) => {
            w.object(object);
            w.key(key).u64(top_k);
            w.end_object();
        }
        ([key, ..], Some(top_k)) => w.key(key).u64(top_k),
        _ => {}
    }
    let mut betas = options.anthropic_beta.clone();
    if is_claude(model) {
        written.thinking.write(&mut w);
        if let Some(effort) = written.thinking.effort {
            w.object("output_config");
            w.field("effort", effort);
            w.end_object();
        }
        betas = anthropic::betas(&written.thinking, written.has_notes, options);
    } else if let Some(reasoning) = &options.reasoning {
        write_reasoning(&mut w, model, fields.reasoning, reasoning)?;
    }
    let typed = options.tools.iter().filter_map(typed_tool);
    if has_tools && typed.clone().next().is_some() {
        w.array("tools");
        typed.for_each(|tool| w.raw(tool));
        w.end_array();
    }
    if has_tools && (options.parallel_tool_calls == Some(false) || takes_tool_choice(model, options)) {
        write_calls(&mut w, model, options)?;
    }
    w.strings("anthropic_beta", &betas);
    w.end_object();
    let all = kwargs::with_kwargs(Json::written(w), options)?;
    Ok(all.view().has_members().then_some(all))
}

/// Returns a tool in Anthropic's own form, which has a `type`.
pub(super) fn typed_tool(tool: &Tool) -> Option<View<'_>> {
    let native = tool.native.as_ref()?.view();
    native.get("type").and_then(View::str).map(|_| native)
}

fn write_reasoning(w: &mut Writer, model: &ModelId, field: ReasoningField, reasoning: &Reasoning) -> Result<()> {
    let effort = match reasoning {
        _ if field == ReasoningField::ReasoningConfig => return write_nova_reasoning(w, model, reasoning),
        Reasoning::Effort(effort) => effort.as_str(),
        Reasoning::Disabled if field == ReasoningField::Reasoning => "none",
        // The models with other fields reason always or never: reasoning cannot be switched off.
        Reasoning::Disabled => return Ok(()),
        _ => return Err(efforts_only(model)),
    };
    match field {
        ReasoningField::ReasoningEffort => w.field("reasoning_effort", effort),
        ReasoningField::Reasoning => {
            w.object("reasoning");
            w.field("effort", effort);
            w.end_object();
        }
        _ => {}
    }
    Ok(())
}

/// Writes Nova's `reasoningConfig`.
pub(super) fn write_nova_reasoning(w: &mut Writer, model: &ModelId, reasoning: &Reasoning) -> Result<()> {
    let (kind, effort) = match reasoning {
        Reasoning::Disabled => ("disabled", None),
        Reasoning::Effort(effort) => ("enabled", Some(effort.as_str())),
        _ => return Err(efforts_only(model)),
    };
    w.object("reasoningConfig");
    w.field("type", kind);
    w.opt_field("maxReasoningEffort", effort);
    w.end_object();
    Ok(())
}

fn efforts_only(model: &ModelId) -> Error {
    Error::of(
        ErrorKind::Unsupported,
        format_args!(
            "{model} accepts only an effort for reasoning; set one, such as `low`, or state the family `anthropic` if it is Claude"
        ),
    )
    .with_field("reasoning")
}

/// Writes the tool choice of [`takes_tool_choice`], and whether parallel tool calls are forbidden.
fn write_calls(w: &mut Writer, model: &ModelId, options: &ChatOptions) -> Result<()> {
    let is_serial = options.parallel_tool_calls == Some(false);
    if is_serial && facts::of_call(model, Api::Converse, options).lacks(Capability::SerialTools) {
        return Err(Error::of(
            ErrorKind::Unsupported,
            format_args!(
                "{model} has no `parallel_tool_calls` over Converse; leave it unset, or set the model's own field in `model_kwargs`"
            ),
        )
        .with_field("parallel_tool_calls"));
    }
    if is_claude(model) {
        w.object("tool_choice");
        match &options.tool_choice {
            Some(ToolChoice::Any) => w.field("type", "any"),
            Some(ToolChoice::Tool(name)) => {
                w.field("type", "tool");
                w.field("name", name);
            }
            _ => w.field("type", "auto"),
        }
        if is_serial {
            w.key("disable_parallel_tool_use").bool(true);
        }
        w.end_object();
    } else if is_serial {
        w.key("parallel_tool_calls").bool(false);
    }
    Ok(())
}
