//! Tools and the choice of a tool.

use crate::capabilities::{Capabilities, Capability};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{View, Writer, quoted};
use crate::model::ModelId;
use crate::provider::{tools, words};
use crate::request::{ChatOptions, Tool, ToolChoice};

/// Writes the members of a call's tools.
pub(super) fn write(w: &mut Writer, model: &ModelId, can: Capabilities, options: &ChatOptions) -> Result<()> {
    if options.tools.is_empty() {
        return Ok(());
    }
    tools::check_choice(model, can, options)?;
    if options.parallel_tool_calls == Some(false) && can.lacks(Capability::SerialTools) {
        let why = "cannot be limited to one tool call at a time; leave `parallel_tool_calls` unset";
        return Err(words::refused(ErrorKind::Unsupported, model, why).with_field("parallel_tool_calls"));
    }
    w.array("tools");
    for tool in &options.tools {
        write_tool(w, can, tool)?;
    }
    w.end_array();
    match &options.tool_choice {
        Some(ToolChoice::Tool(name)) => {
            let is_custom = |tool: &Tool| tool.name == *name && native_type(tool) == Some("custom");
            w.object("tool_choice");
            w.field("type", if options.tools.iter().any(is_custom) { "custom" } else { "function" });
            w.field("name", name);
            w.end_object();
        }
        Some(ToolChoice::Any) => w.field("tool_choice", "required"),
        Some(ToolChoice::Auto) => w.field("tool_choice", "auto"),
        Some(ToolChoice::None) => w.field("tool_choice", "none"),
        None => {}
    }
    if options.parallel_tool_calls == Some(false) {
        w.key("parallel_tool_calls").bool(false);
    }
    Ok(())
}

fn native_type(tool: &Tool) -> Option<&str> {
    tool.native.as_ref().map(|native| native.view().word_at("type"))
}

fn write_tool(w: &mut Writer, can: Capabilities, tool: &Tool) -> Result<()> {
    if let Some(native) = &tool.native {
        if native.view().get("type").and_then(View::str).is_none() {
            return Err(Error::of(
                ErrorKind::Encode,
                format_args!(
                    "the native tool {} has no `type`, so it is not in the format of the Responses API; add a `type`",
                    quoted(&tool.name)
                ),
            ));
        }
        w.raw(native.view());
        return Ok(());
    }
    let spec = tools::spec(can, tool)?;
    w.begin_object();
    w.field("type", "function");
    w.field("name", &tool.name);
    w.opt_field("description", spec.description.as_deref());
    w.member("parameters", spec.schema.view());
    // Tools are strict by default in this API, and their schemas would be refused.
    w.key("strict").bool(spec.strict.unwrap_or(false));
    tool.extra.iter().for_each(|(key, value)| w.member(key, value.view()));
    w.end_object();
    Ok(())
}
