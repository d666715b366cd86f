//! What Converse has no field for and takes in `additionalModelRequestFields`: each family's own.

use std::fmt;

use super::kwargs;
use crate::capabilities::Capabilities;
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, View, Writer};
use crate::model::ModelId;
use crate::provider::{anthropic, tools};
use crate::request::{ChatOptions, Reasoning, Tool, ToolChoice};

/// What is known once a conversation is written.
pub(super) struct Written<'a> {
    /// What Claude's fields say about reasoning.
    pub(super) thinking: anthropic::Thinking<'a>,
    pub(super) leaves_reasoning_out: bool,
    /// Whether it has system messages with text behind other messages.
    pub(super) has_notes: bool,
}

/// How a family says what Converse does not.
struct Family {
    prefix: &'static str,
    top_k: Option<&'static str>,
    reasoning: Style,
}

/// How a family is told to reason.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Style {
    /// `thinking`, `output_config`.
    Claude,
    /// `reasoningConfig`.
    Nova,
    /// `reasoning_effort`.
    Flat,
    /// `reasoning.effort`.
    Nested,
    /// The API's own `outputConfig.effort`.
    Neutral,
}

const fn family(prefix: &'static str, top_k: Option<&'static str>, reasoning: Style) -> Family {
    Family { prefix, top_k, reasoning }
}

/// The first row that fits counts.
static FAMILIES: &[Family] = &[
    family("anthropic.", Some("top_k"), Style::Claude),
    // Its `topK` is in an object of its own: see `additional`.
    family("amazon.nova", None, Style::Nova),
    family("openai.gpt-oss", Some("top_k"), Style::Flat),
    family("openai.", Some("top_k"), Style::Nested),
    family("moonshot", Some("top_k"), Style::Flat),
    family("zai.", Some("top_k"), Style::Flat),
    family("cohere.", Some("k"), Style::Neutral),
];

/// All others, and ARNs that do not say what they are.
static ANY: Family = family("", Some("top_k"), Style::Neutral);

fn of(model: &ModelId) -> &'static Family {
    let base = model.family().unwrap_or_default();
    FAMILIES.iter().find(|family| base.starts_with(family.prefix)).unwrap_or(&ANY)
}

/// The rules between options, as far as the family is known.
pub(super) fn check(model: &ModelId, can: Capabilities, options: &ChatOptions) -> Result<()> {
    let config = |message: fmt::Arguments<'_>| Err(Error::of(ErrorKind::Config, message));
    let style = of(model).reasoning;
    if style == Style::Claude {
        return anthropic::check(model, can, options);
    }
    if options.reasoning_display.is_some() {
        return Err(Error::of(
            ErrorKind::Unsupported,
            format_args!("{model} has no reasoning display: leave `reasoning_display` unset (it is Claude's)"),
        ));
    }
    tools::check_format(model, can, options)?;
    let high = matches!(&options.reasoning, Some(Reasoning::Effort(effort)) if effort == "high");
    if style == Style::Nova && high {
        let set = [
            ("max_tokens", options.max_tokens.is_some()),
            ("temperature", options.temperature.is_some()),
            ("top_p", options.top_p.is_some()),
        ];
        if let Some((name, _)) = set.into_iter().find(|(_, set)| *set) {
            return config(format_args!(
                "reasoning with effort \"high\" and {name} exclude each other: leave {name} unset"
            ));
        }
    }
    Ok(())
}

/// Whether the tool choice goes with the additional fields: Claude's says there, and only there,
/// that calls are not to be made side by side, and which of the tools it is that stand there. The API
/// refuses to be told in two places.
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

/// Whether the model is known to be Claude, which takes tools in a form of Anthropic's beside those
/// of Converse, and has a limit of its own on pictures.
pub(super) fn is_claude(model: &ModelId) -> bool {
    of(model).reasoning == Style::Claude
}

/// Whether the model is known to be one of Amazon's Nova.
pub(super) fn is_nova(model: &ModelId) -> bool {
    of(model).reasoning == Style::Nova
}

/// Whether ConverseStream reports input tokens that include those read from and written to the
/// cache. AWS documents that they are excluded, and Converse does so; for OpenAI's models
/// ConverseStream was measured to include them and to count them twice in `totalTokens`.
pub(super) fn stream_input_has_cached(model: &ModelId) -> bool {
    of(model).prefix.starts_with("openai.")
}

/// Whether the API's limit on the size of documents holds: newer models are free of it for the
/// formats that they read by themselves, and unknown ones are not held to it.
pub(super) fn limits_documents(model: &ModelId, format: &str) -> bool {
    match model.base() {
        Some(base) if base.starts_with("amazon.nova") => !["pdf", "docx"].contains(&format),
        Some(base) if base.starts_with("anthropic.") && !base.starts_with("anthropic.claude-3") => format != "pdf",
        base => base.is_some(),
    }
}

/// The effort, where the API's own field is the one to say it.
pub(super) fn neutral_effort<'a>(model: &ModelId, options: &'a ChatOptions) -> Option<&'a str> {
    match &options.reasoning {
        Some(Reasoning::Effort(effort)) if of(model).reasoning == Style::Neutral => Some(effort),
        _ => None,
    }
}

/// The object of additional fields; `None` where there are none.
pub(super) fn additional(
    model: &ModelId,
    written: &Written<'_>,
    options: &ChatOptions,
    has_tools: bool,
) -> Result<Option<Json>> {
    let family = of(model);
    let mut w = Writer::new();
    w.begin_object();
    match (family.top_k, options.top_k) {
        (Some(key), top_k) => w.opt_u64(key, top_k),
        (None, Some(top_k)) => {
            w.object("inferenceConfig");
            w.key("topK").u64(top_k);
            w.end_object();
        }
        (None, None) => {}
    }
    let mut betas = options.anthropic_beta.clone();
    if family.reasoning == Style::Claude {
        written.thinking.write(&mut w);
        if let Some(effort) = written.thinking.effort {
            w.object("output_config");
            w.field("effort", effort);
            w.end_object();
        }
        betas = anthropic::betas(&written.thinking, written.has_notes, options);
    } else if let Some(reasoning) = &options.reasoning {
        write_reasoning(&mut w, model, family.reasoning, reasoning)?;
    }
    let typed = options.tools.iter().filter_map(typed_tool);
    if has_tools && typed.clone().next().is_some() {
        w.array("tools");
        typed.for_each(|tool| w.raw(tool));
        w.end_array();
    }
    if has_tools && (options.parallel_tool_calls == Some(false) || takes_tool_choice(model, options)) {
        write_calls(&mut w, model, family, options)?;
    }
    w.strings("anthropic_beta", &betas);
    w.end_object();
    let all = kwargs::with_kwargs(Json::from(w), options)?;
    Ok(all.view().has_members().then_some(all))
}

/// A tool in Anthropic's own form.
pub(super) fn typed_tool(tool: &Tool) -> Option<View<'_>> {
    let native = tool.native.as_ref()?.view();
    native.get("type").and_then(View::str).map(|_| native)
}

fn write_reasoning(w: &mut Writer, model: &ModelId, style: Style, reasoning: &Reasoning) -> Result<()> {
    let effort = match reasoning {
        Reasoning::Effort(effort) => Some(effort.as_str()),
        Reasoning::Disabled if style == Style::Nested => Some("none"),
        _ => None,
    };
    if style == Style::Nova {
        return write_nova_reasoning(w, model, reasoning);
    }
    match (style, effort, reasoning) {
        (Style::Flat, Some(effort), _) => w.field("reasoning_effort", effort),
        (Style::Nested, Some(effort), _) => {
            w.object("reasoning");
            w.field("effort", effort);
            w.end_object();
        }
        (_, Some(_), _) => {}
        // These models think by nature, or not at all: there is nothing to switch off.
        (_, None, Reasoning::Disabled) => {}
        _ => return Err(efforts_only(model)),
    }
    Ok(())
}

/// Writes Nova's `reasoningConfig`, which Converse takes among the additional fields.
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
            "{model} takes only an effort for reasoning: use one, such as \"low\", or state the family \"anthropic\" if it is Claude"
        ),
    )
}

/// Says which tool is to be called, where only these fields can, and that calls are to be made one after
/// the other.
fn write_calls(w: &mut Writer, model: &ModelId, family: &Family, options: &ChatOptions) -> Result<()> {
    if family.reasoning == Style::Claude {
        w.object("tool_choice");
        match &options.tool_choice {
            Some(ToolChoice::Any) => w.field("type", "any"),
            Some(ToolChoice::Tool(name)) => {
                w.field("type", "tool");
                w.field("name", name);
            }
            _ => w.field("type", "auto"),
        }
        if options.parallel_tool_calls == Some(false) {
            w.key("disable_parallel_tool_use").bool(true);
        }
        w.end_object();
        return Ok(());
    }
    if family.prefix.starts_with("openai.") {
        w.key("parallel_tool_calls").bool(false);
        return Ok(());
    }
    Err(Error::of(
        ErrorKind::Unsupported,
        format_args!(
            "{model} cannot be told by Converse to call tools one at a time: leave parallel_tool_calls unset, or put the model's own field into model_kwargs"
        ),
    ))
}
