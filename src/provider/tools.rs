//! Tools, tool choices and schemas, as all formats send them.

use std::borrow::Cow;

use crate::capabilities::{Capabilities, Capability};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Kind, Writer, quoted};
use crate::model::ModelId;
use crate::request::object::flat;
use crate::request::strict::closed;
use crate::request::{ChatOptions, ResponseFormat, Tool, ToolChoice};

/// The parts of a tool in a request, other than its name.
pub(crate) struct ToolSpec<'a> {
    pub(crate) description: Option<Cow<'a, str>>,
    /// The schema of one object, closed if the tool is strict.
    pub(crate) schema: Cow<'a, Json>,
    pub(crate) strict: Option<bool>,
}

/// Returns the parts of a tool. Its schema is one object, and closed if the tool is strict. Rules that the schema
/// then cannot express are in the description.
///
/// # Errors
/// `Encode`, for a name that the providers do not accept. `Config`, for a schema that is not an object's, or that
/// cannot be closed although the tool is strict. `Unsupported`, for a model without strict tools.
pub(crate) fn spec(can: Capabilities, tool: &Tool) -> Result<ToolSpec<'_>> {
    check_tool_name(&tool.name)?;
    let strict = sent_strict(can, tool)?;
    let flat = flat(&tool.schema).map_err(|why| {
        let shown: String = tool.schema.as_str().chars().take(80).collect();
        let parts = ["the schema of the tool ", &quoted(&tool.name), " ", why, ": ", &shown];
        Error::new(ErrorKind::Config, parts.concat()).with_field("tools")
    })?;
    let description = match (&tool.description, flat.rule.is_empty()) {
        (Some(text), true) => Some(Cow::Borrowed(text.as_str())),
        (None, true) => None,
        (Some(text), false) => Some(Cow::Owned([text, "\n", &flat.rule].concat())),
        (None, false) => Some(Cow::Owned(flat.rule)),
    };
    let mut schema = flat.schema;
    if strict == Some(true) {
        schema = Cow::Owned(closed(with_properties(schema).view()).map_err(|why| {
            let parts = [
                "the tool ",
                &quoted(&tool.name),
                " cannot be strict, as its schema is open: ",
                why,
                "; leave `strict` unset",
            ];
            Error::new(ErrorKind::Config, parts.concat()).with_field("tools")
        })?);
    }
    Ok(ToolSpec { description, schema, strict })
}

/// Returns the tool choice as an error names it, if the call forces the model to call a tool.
pub(crate) fn forced_choice(options: &ChatOptions) -> Option<String> {
    match &options.tool_choice {
        Some(ToolChoice::Any) => Some("`any`".to_owned()),
        Some(ToolChoice::Tool(name)) => Some(format!("the tool `{name}`")),
        _ => None,
    }
}

/// Checks that the model can be forced to call a tool, if the call does so.
///
/// # Errors
/// `Unsupported`, if the model is known not to support this.
pub(crate) fn check_choice(model: &ModelId, can: Capabilities, options: &ChatOptions) -> Result<()> {
    match forced_choice(options) {
        Some(choice) if can.lacks(Capability::ForcedTools) => Err(Error::of(
            ErrorKind::Unsupported,
            format_args!(
                "{model} cannot be forced to call a tool: `tool_choice` is {choice}; leave it unset, and ask in the system message"
            ),
        )
        .with_field("tool_choice")),
        _ => Ok(()),
    }
}

/// Checks that the model supports a response format, if the call has one.
///
/// # Errors
/// `Unsupported`, if the model is known not to accept a JSON Schema.
pub(crate) fn check_format(model: &ModelId, can: Capabilities, options: &ChatOptions) -> Result<()> {
    if options.response_format.is_none() || !can.lacks(Capability::JsonSchema) {
        return Ok(());
    }
    Err(Error::of(
        ErrorKind::Unsupported,
        format_args!(
            "{model} does not accept a JSON Schema for its reply; leave `response_format` unset, or use a tool with that schema"
        ),
    )
    .with_field("response_format"))
}

/// Returns the schema of a response format, closed, as the service requires it.
///
/// # Errors
/// `Config`, for a schema that cannot be closed.
pub(crate) fn format_schema(format: &ResponseFormat) -> Result<Json> {
    closed(format.schema.view()).map_err(|why| {
        let parts = [
            "the schema of `response_format` ",
            &quoted(&format.name),
            " cannot be closed: ",
            why,
            "; use another method, such as a tool",
        ];
        Error::new(ErrorKind::Config, parts.concat()).with_field("response_format")
    })
}

/// Returns a schema with a description, for formats without a separate description. The schema's own
/// description is first.
pub(crate) fn described(schema: Json, description: &str) -> Json {
    let own = schema.view().string_at("description").unwrap_or_default();
    if description.trim().is_empty() || own == description || schema.view().kind() != Kind::Object {
        return schema;
    }
    let mut w = Writer::new();
    w.begin_object();
    for (key, value) in schema.view().raw_entries().filter(|(key, _)| *key != "description") {
        w.raw_member(key, value);
    }
    let separator = if own.is_empty() { "" } else { "\n" };
    w.field("description", &[&own, separator, description].concat());
    w.end_object();
    Json::written(w)
}

/// Returns the `strict` to send. `false` is the default, so it is sent only to models with strict tools.
///
/// # Errors
/// `Unsupported`, for a strict tool and a model without strict tools.
fn sent_strict(can: Capabilities, tool: &Tool) -> Result<Option<bool>> {
    match tool.strict {
        Some(true) if can.lacks(Capability::StrictTools) => Err(Error::of(
            ErrorKind::Unsupported,
            format_args!("this model has no strict tools: the tool `{}` is strict; leave `strict` unset", tool.name),
        )
        .with_field("tools")),
        Some(false) if !can.has(Capability::StrictTools) => Ok(None),
        strict => Ok(strict),
    }
}

/// Checks that a tool's name fits the pattern that all providers share.
///
/// # Errors
/// `Encode`, with the pattern.
fn check_tool_name(name: &str) -> Result<()> {
    let fits = (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    if fits {
        return Ok(());
    }
    Err(Error::of(
        ErrorKind::Encode,
        format_args!("the tool name is invalid: `{name}`; use 1 to 64 of A-Z a-z 0-9 _ and -"),
    ))
}

/// Adds empty `properties` to a schema without them. It then means "no arguments" and can be closed.
fn with_properties(schema: Cow<'_, Json>) -> Cow<'_, Json> {
    let view = schema.view();
    let is_open = view.get("additionalProperties").is_some_and(|open| open.bool() != Some(false));
    if view.get("properties").is_some() || is_open {
        return schema;
    }
    let mut w = Writer::new();
    w.begin_object();
    for (key, value) in view.raw_entries() {
        w.raw_member(key, value);
    }
    w.object("properties");
    w.end_object();
    w.end_object();
    Cow::Owned(Json::written(w))
}
