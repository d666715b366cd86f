//! The checks on all members except the messages.

use serde_json::Value;

use super::models::{Feature, refusal};
use super::{invalid, only_known, string};
use crate::problem::Problem;
use crate::shapes::keys::{self, Key, Kind, may, must};
use crate::shapes::schemas;

/// The keys of a body, except `model` and `stream`.
const KEYS: [Key; 23] = [
    must("anthropic_version", Kind::Text),
    must("max_tokens", Kind::Whole(0, u64::MAX)),
    must("messages", Kind::List),
    may("anthropic_beta", Kind::Texts(100)),
    may("cache_control", Kind::Object),
    may("container", Kind::Any),
    may("context_management", Kind::Object),
    may("diagnostics", Kind::Any),
    may("inference_geo", Kind::Text),
    may("mcp_servers", Kind::List),
    may("metadata", Kind::Object),
    may("output_config", Kind::Object),
    may("output_format", Kind::Object),
    may("speed", Kind::Text),
    may("stop_sequences", Kind::Texts(8_191)),
    may("system", Kind::Any),
    may("temperature", Kind::Number(0.0, 1.0)),
    may("thinking", Kind::Object),
    may("tool_choice", Kind::Object),
    may("tools", Kind::List),
    may("top_k", Kind::Whole(0, 500)),
    may("top_p", Kind::Number(0.0, 1.0)),
    may("user_profile_id", Kind::Text),
];

const THINKING_DOCS: &str =
    "Please consult our documentation at https://docs.claude.com/en/docs/build-with-claude/extended-thinking";

/// Checks the options, but not whether their names are known.
pub(super) fn check(body: &Value, model: &str) -> Result<(), Problem> {
    sampling(body, model)?;
    system(body)?;
    tools(body, model)?;
    thinking(body, model)?;
    output_config(body, model)
}

/// Refuses a feature that this model does not have.
fn taken(model: &str, feature: Feature) -> Result<(), Problem> {
    refusal(model, feature).map_or(Ok(()), |words| Err(Problem::validation(words)))
}

/// Checks the names of an InvokeModel body's members, and the options.
pub(crate) fn check_body(body: &Value, model: &str) -> Result<(), Problem> {
    schema(body)?;
    check(body, model)
}

/// The JSON schema check of InvokeModel, which collects all violations in one message.
fn schema(body: &Value) -> Result<(), Problem> {
    let mut violations = keys::violations(body, &KEYS, "#");
    if let Some(version) = body.get("anthropic_version").and_then(Value::as_str) {
        let dated = version.len() == 10 && version.split('-').all(|part| part.parse::<u32>().is_ok());
        if version != "bedrock-2023-05-31" && !dated {
            violations.push(format!("#/anthropic_version: {version} is not a valid enum value"));
        }
    }
    if violations.is_empty() { Ok(()) } else { Err(Problem::malformed(&violations.join(""))) }
}

fn sampling(body: &Value, model: &str) -> Result<(), Problem> {
    if body.get("max_tokens").and_then(Value::as_u64) == Some(0) {
        return Err(invalid("max_tokens", "Input should be greater than or equal to 1"));
    }
    if let Some(words) = refusal(model, Feature::Sampling) {
        let is_set = |key: &str| body.get(key).is_some_and(|value| key != "temperature" || value.as_f64() != Some(1.0));
        if let Some(key) = ["temperature", "top_p", "top_k"].into_iter().find(|key| is_set(key)) {
            return Err(Problem::validation(format!("`{key}` {words}")));
        }
    }
    let one_only = ["claude-opus-4-1", "claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4-5"];
    if body.get("temperature").is_some()
        && body.get("top_p").is_some()
        && one_only.iter().any(|name| model.contains(name))
    {
        return Err(Problem::validation(
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one.",
        ));
    }
    let sequences = body.get("stop_sequences").and_then(Value::as_array).into_iter().flatten();
    for (number, sequence) in sequences.enumerate() {
        match sequence.as_str() {
            None => {
                return Err(invalid(format!("stop_sequences.{number}"), "Input should be a valid string"));
            }
            Some(text) if text.trim().is_empty() => {
                return Err(invalid("stop_sequences", "each stop sequence must contain non-whitespace"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn system(body: &Value) -> Result<(), Problem> {
    match body.get("system") {
        None | Some(Value::String(_)) => Ok(()),
        Some(Value::Array(blocks)) => {
            for (number, block) in blocks.iter().enumerate() {
                let at = format!("system.{number}");
                only_known(block, &["type", "text", "cache_control", "citations"], &at)?;
                if string(block, "type", &at)? != "text" {
                    return Err(invalid(format!("{at}.type"), "Input should be 'text'"));
                }
                let text = string(block, "text", &at)?;
                super::blocks::not_blank(text, "system")?;
                super::blocks::cache_control(block, &at)?;
            }
            Ok(())
        }
        Some(_) => Err(invalid("system", "Input should be a valid string or a list of text blocks")),
    }
}

/// The members of a custom tool. claude-code#63532 reports that CountTokens refuses `eager_input_streaming`.
const TOOL: &[&str] = &[
    "type",
    "name",
    "description",
    "input_schema",
    "cache_control",
    "strict",
    "defer_loading",
    "input_examples",
    "allowed_callers",
    "eager_input_streaming",
];

fn tools(body: &Value, model: &str) -> Result<(), Problem> {
    let tools = body.get("tools").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let longest = if model.contains("claude-3-") { 64 } else { 128 };
    let mut names: Vec<&str> = Vec::new();
    for (number, tool) in tools.iter().enumerate() {
        let built_in = tool.get("type").and_then(Value::as_str).is_some_and(|kind| kind != "custom");
        let at = if built_in { format!("tools.{number}") } else { format!("tools.{number}.custom") };
        let name = string(tool, "name", &at)?;
        super::blocks::identifier(name, longest, &format!("{at}.name"))?;
        if names.contains(&name) {
            return Err(invalid("tools", "Tool names must be unique."));
        }
        names.push(name);
        super::blocks::cache_control(tool, &at)?;
        if built_in {
            continue;
        }
        only_known(tool, TOOL, &at)?;
        if tool.get("strict").is_some() && refusal(model, Feature::StrictTools).is_some() {
            return Err(invalid(format!("{at}.strict"), "Extra inputs are not permitted"));
        }
        match tool.get("input_schema") {
            None => return Err(invalid(format!("{at}.input_schema"), "Field required")),
            Some(schema) if schema.get("type").and_then(Value::as_str) != Some("object") => {
                return Err(invalid(format!("{at}.input_schema.type"), "Input should be 'object'"));
            }
            Some(schema) => {
                if let Some(words) = schemas::union_at_the_top(schema) {
                    return Err(invalid(format!("{at}.input_schema"), words));
                }
                if let Some(words) = strict_refusal(tool, schema) {
                    return Err(invalid(at, words));
                }
            }
        }
        if tool.get("description").is_some_and(|description| !description.is_string()) {
            return Err(invalid(format!("{at}.description"), "Input should be a valid string"));
        }
    }
    tool_choice(body, &names, model)
}

fn strict_refusal(tool: &Value, schema: &Value) -> Option<String> {
    (tool.get("strict") == Some(&Value::Bool(true))).then(|| schemas::refusal(schema))?
}

fn tool_choice(body: &Value, names: &[&str], model: &str) -> Result<(), Problem> {
    let Some(choice) = body.get("tool_choice") else {
        return Ok(());
    };
    if names.is_empty() {
        return Err(Problem::validation("`tool_choice` may only be specified while providing `tools`."));
    }
    let kind = string(choice, "type", "tool_choice")?;
    if matches!(kind, "any" | "tool") {
        taken(model, Feature::ForcedTools)?;
    }
    let at = format!("tool_choice.{kind}");
    match kind {
        "auto" | "any" => only_known(choice, &["type", "disable_parallel_tool_use"], &at),
        "none" => only_known(choice, &["type"], &at),
        "tool" => {
            only_known(choice, &["type", "name", "disable_parallel_tool_use"], &at)?;
            let name = string(choice, "name", &at)?;
            if names.contains(&name) {
                return Ok(());
            }
            Err(Problem::validation(format!("Tool '{name}' not found in provided tools")))
        }
        other => Err(invalid(
            "tool_choice",
            format!(
                "Input tag '{other}' found using 'type' does not match any of the expected tags: 'auto', 'any', 'tool', 'none'"
            ),
        )),
    }
}

fn thinking(body: &Value, model: &str) -> Result<(), Problem> {
    let Some(thinking) = body.get("thinking") else {
        return Ok(());
    };
    let kind = string(thinking, "type", "thinking")?;
    match kind {
        "disabled" => return taken(model, Feature::DisabledThinking),
        "enabled" => {
            taken(model, Feature::BudgetThinking)?;
            let Some(budget) = thinking.get("budget_tokens") else {
                return Err(invalid("thinking.enabled.budget_tokens", "Field required"));
            };
            let budget = budget.as_u64().unwrap_or(0);
            if budget < 1_024 {
                return Err(invalid("thinking.enabled.budget_tokens", "Input should be greater than or equal to 1024"));
            }
            if body.get("max_tokens").and_then(Value::as_u64).unwrap_or(0) <= budget {
                return Err(Problem::validation(format!(
                    "`max_tokens` must be greater than `thinking.budget_tokens`. {THINKING_DOCS}#max-tokens-and-context-window-size"
                )));
            }
        }
        "adaptive" | "between_tools" => {
            taken(model, Feature::AdaptiveThinking)?;
            if let Some(display) = thinking.get("display")
                && !["omitted", "summarized"].contains(&display.as_str().unwrap_or_default())
            {
                return Err(invalid("thinking.adaptive.display", "Input should be 'omitted' or 'summarized'"));
            }
        }
        other => {
            return Err(invalid(
                "thinking",
                format!(
                    "Input tag '{other}' found using 'type' does not match any of the expected tags: 'disabled', 'enabled', 'adaptive'"
                ),
            ));
        }
    }
    if body.get("temperature").and_then(Value::as_f64).is_some_and(|temperature| temperature != 1.0) {
        return Err(Problem::validation(format!(
            "`temperature` may only be set to 1 when thinking is enabled. {THINKING_DOCS}#important-considerations-when-using-extended-thinking"
        )));
    }
    if body.get("top_p").and_then(Value::as_f64).is_some_and(|top_p| top_p < 0.95) {
        return Err(Problem::validation(format!(
            "`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled. {THINKING_DOCS}"
        )));
    }
    if body.get("top_k").is_some() {
        return Err(Problem::validation(format!("`top_k` must be unset when thinking is enabled. {THINKING_DOCS}")));
    }
    let choice = body.pointer("/tool_choice/type").and_then(Value::as_str);
    if matches!(choice, Some("any" | "tool")) {
        return taken(model, Feature::ForcedToolsWhileThinking);
    }
    Ok(())
}

/// The efforts of models that accept fewer than the others, with the service's words. coder/coder#25356 and
/// can1357/oh-my-pi#7924 have the replies.
static EFFORTS: [(&str, &[&str], &str); 4] = [
    ("anthropic.claude-opus-4-5", &["low", "medium", "high"], "'low', 'medium' or 'high'"),
    ("anthropic.claude-opus-4-6", &["low", "medium", "high", "max"], "'low', 'medium', 'high' or 'max'"),
    ("anthropic.claude-sonnet-4-6", &["low", "medium", "high", "max"], "'low', 'medium', 'high' or 'max'"),
    ("", &["low", "medium", "high", "xhigh", "max"], "'low', 'medium', 'high', 'xhigh' or 'max'"),
];

/// Refuses an effort that the model does not have.
fn check_effort(model: &str, effort: &str) -> Result<(), Problem> {
    match EFFORTS.iter().find(|(id, ..)| model.starts_with(id)) {
        Some((_, efforts, words)) if !efforts.contains(&effort) => {
            Err(invalid("output_config.effort", format_args!("Input should be {words}")))
        }
        _ => Ok(()),
    }
}

fn output_config(body: &Value, model: &str) -> Result<(), Problem> {
    let Some(config) = body.get("output_config") else {
        return Ok(());
    };
    only_known(config, &["effort", "format"], "output_config")?;
    if let Some(effort) = config.get("effort").map(|effort| effort.as_str().unwrap_or_default()) {
        check_effort(model, effort)?;
    }
    if config.get("effort").is_some() {
        taken(model, Feature::Effort)?;
    }
    let Some(format) = config.get("format") else {
        return Ok(());
    };
    taken(model, Feature::JsonFormat)?;
    only_known(format, &["type", "schema"], "output_config.format")?;
    if string(format, "type", "output_config.format")? != "json_schema" {
        return Err(invalid("output_config.format.type", "Input should be 'json_schema'"));
    }
    match format.get("schema") {
        None => Err(invalid("output_config.format.schema", "Field required")),
        Some(schema) => match schemas::refusal(schema) {
            Some(words) => Err(invalid("output_config.format.schema", words)),
            None => Ok(()),
        },
    }
}
