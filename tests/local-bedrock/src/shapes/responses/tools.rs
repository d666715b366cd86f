//! The checks on tools and on the tool choice.

use serde_json::Value;

use crate::endpoint::Endpoint;
use crate::problem::Problem;
use crate::shapes::keys::{Kind, may, must};
use crate::shapes::openai;

/// The kinds of tools on `bedrock-runtime`, and on `bedrock-mantle`: LiteLLM 1.110.2.
const ON_RUNTIME: [&str; 7] = ["function", "mcp", "custom", "apply_patch", "namespace", "tool_search", "computer"];
const ON_MANTLE: [&str; 6] = ["function", "mcp", "custom", "namespace", "tool_search", "web_search"];

/// The kind of a tool. A version may follow the name of a server tool.
fn kind(tool: &Value) -> &str {
    let kind = tool.get("type").and_then(Value::as_str).unwrap_or_default();
    if kind.starts_with("web_search") { "web_search" } else { kind }
}

/// Returns whether the model calls a tool and the caller runs it.
pub(super) fn is_client_tool(tool: &Value) -> bool {
    matches!(kind(tool), "function" | "custom")
}

/// Whether the provider runs a tool that the local model can call.
pub(super) fn is_search(tool: &Value) -> bool {
    kind(tool) == "web_search"
}

pub(super) fn check(body: &Value, endpoint: Endpoint) -> Result<(), Problem> {
    let tools = body.get("tools").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let known: &[&str] = if endpoint == Endpoint::Runtime { &ON_RUNTIME } else { &ON_MANTLE };
    let mut names: Vec<&str> = Vec::new();
    for (number, tool) in tools.iter().enumerate() {
        let at = format!("tools[{number}]");
        let type_at = format!("{at}.type");
        let Some(sent) = tool.get("type").and_then(Value::as_str) else {
            return Err(Problem::about(&type_at, format!("Missing required parameter: '{type_at}'.")));
        };
        if !known.contains(&kind(tool)) {
            return Err(openai::not_among(&type_at, sent, known));
        }
        if !is_client_tool(tool) {
            continue;
        }
        let name = one(tool, &at)?;
        if names.contains(&name) {
            return Err(Problem::about(&at, format!("Duplicate tool name: '{name}'.")));
        }
        names.push(name);
    }
    choice(body, tools, &names)
}

/// Checks a function or a custom tool and returns its name.
fn one<'a>(tool: &'a Value, at: &str) -> Result<&'a str, Problem> {
    let name = tool.get("name").and_then(Value::as_str).unwrap_or_default();
    if kind(tool) == "custom" {
        let keys = [
            must("type", Kind::Text),
            must("name", Kind::Text),
            may("description", Kind::Text),
            may("format", Kind::Object),
            may("defer_loading", Kind::Flag),
        ];
        openai::check(tool, &keys, at)?;
    } else {
        let keys = [
            must("type", Kind::Text),
            must("name", Kind::Text),
            may("description", Kind::Text),
            may("parameters", Kind::Object),
            may("strict", Kind::Flag),
            may("defer_loading", Kind::Flag),
            may("allowed_callers", Kind::List),
        ];
        openai::check(tool, &keys, at)?;
        if let Some(schema) = tool.get("parameters") {
            let strict = tool.get("strict") == Some(&Value::Bool(true));
            openai::schema(schema, strict, &format!("function '{name}'"), &format!("{at}.parameters"))?;
        }
    }
    openai::name(name, &format!("{at}.name"))?;
    Ok(name)
}

fn choice(body: &Value, tools: &[Value], names: &[&str]) -> Result<(), Problem> {
    let Some(choice) = body.get("tool_choice") else { return Ok(()) };
    if let Some(word) = choice.as_str() {
        if !["none", "auto", "required"].contains(&word) {
            return Err(openai::not_among("tool_choice", word, &["none", "auto", "required"]));
        }
        if word == "required" && tools.is_empty() {
            return Err(Problem::about(
                "tool_choice",
                "Tool choice 'required' must be specified with 'tools' parameter.",
            ));
        }
        return Ok(());
    }
    match choice.get("type").and_then(Value::as_str).unwrap_or_default() {
        "function" | "custom" => {
            openai::check(choice, &[must("type", Kind::Text), must("name", Kind::Text)], "tool_choice")?;
            let name = choice.get("name").and_then(Value::as_str).unwrap_or_default();
            if names.contains(&name) {
                return Ok(());
            }
            Err(Problem::about(
                "tool_choice",
                format!("Tool choice 'function' '{name}' not found in 'tools' parameter."),
            ))
        }
        "allowed_tools" => openai::check(
            choice,
            &[must("type", Kind::Text), must("mode", Kind::OneOf(&["auto", "required"])), must("tools", Kind::List)],
            "tool_choice",
        ),
        kind if tools.iter().any(|tool| tool.get("type").and_then(Value::as_str) == Some(kind)) => Ok(()),
        other => Err(Problem::about("tool_choice", format!("Tool choice '{other}' not found in 'tools' parameter."))),
    }
}
