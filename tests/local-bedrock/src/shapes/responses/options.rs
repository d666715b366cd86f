//! The checks on all members except the input.

use serde_json::Value;

use super::{Settings, tools};
use crate::catalog;
use crate::endpoint::Endpoint;
use crate::problem::Problem;
use crate::shapes::keys::{Key, Kind, may, must};
use crate::shapes::openai;

const EFFORTS: Kind = Kind::OneOf(&["none", "minimal", "low", "medium", "high", "xhigh", "max"]);

/// The members of a request, from openai (npm) 7.59.0.
const KEYS: [Key; 33] = [
    must("model", Kind::Text),
    may("input", Kind::Any),
    may("instructions", Kind::Text),
    may("stream", Kind::Flag),
    may("stream_options", Kind::Object),
    may("max_output_tokens", Kind::Whole(1, u64::MAX)),
    may("max_tool_calls", Kind::Whole(1, u64::MAX)),
    may("temperature", Kind::Number(0.0, 2.0)),
    may("top_p", Kind::Number(0.0, 1.0)),
    may("top_logprobs", Kind::Whole(0, 20)),
    may("tools", Kind::List),
    may("tool_choice", Kind::Any),
    may("parallel_tool_calls", Kind::Flag),
    may("reasoning", Kind::Object),
    may("text", Kind::Object),
    may("include", Kind::Texts(100)),
    may("store", Kind::Flag),
    may("previous_response_id", Kind::Text),
    may("conversation", Kind::Any),
    may("metadata", Kind::Object),
    may("prompt", Kind::Object),
    may("prompt_cache_key", Kind::Text),
    may("prompt_cache_retention", Kind::OneOf(&["in_memory", "in-memory", "24h"])),
    may("prompt_cache_options", Kind::Object),
    may("safety_identifier", Kind::Text),
    may("service_tier", Kind::OneOf(&["auto", "default", "flex", "priority"])),
    may("truncation", Kind::OneOf(&["auto", "disabled"])),
    may("background", Kind::Flag),
    may("user", Kind::Text),
    may("moderation", Kind::Any),
    may("context_management", Kind::List),
    may("frequency_penalty", Kind::Number(-2.0, 2.0)),
    may("presence_penalty", Kind::Number(-2.0, 2.0)),
];

const INCLUDE: [&str; 8] = [
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
    "file_search_call.results",
    "message.input_image.image_url",
    "message.output_text.logprobs",
    "reasoning.encrypted_content",
    "web_search_call.action.sources",
    "web_search_call.results",
];

pub(super) fn check(settings: &Settings<'_>, endpoint: Endpoint) -> Result<(), Problem> {
    let body = settings.body;
    openai::check(body, &KEYS, "")?;
    openai::metadata(body)?;
    let least = if catalog::is_gpt(settings.model) { 16 } else { 1 };
    if let Some(limit) = body.get("max_output_tokens").and_then(Value::as_u64).filter(|limit| *limit < least) {
        return Err(Problem::about(
            "max_output_tokens",
            format!(
                "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= {least}, but got {limit} instead."
            ),
        ));
    }
    stream_options(body)?;
    endpoint_rules(body, endpoint)?;
    reasoning(body, settings, endpoint)?;
    text(body)?;
    let include = body.get("include").and_then(Value::as_array).into_iter().flatten();
    for (number, value) in include.filter_map(Value::as_str).enumerate() {
        if !INCLUDE.contains(&value) {
            return Err(openai::not_among(&format!("include[{number}]"), value, &INCLUDE));
        }
    }
    tools::check(body, endpoint)
}

fn stream_options(body: &Value) -> Result<(), Problem> {
    let Some(options) = body.get("stream_options") else { return Ok(()) };
    if body.get("stream") != Some(&Value::Bool(true)) {
        return Err(Problem::about(
            "stream_options",
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
        ));
    }
    openai::check(options, &[may("include_obfuscation", Kind::Flag)], "stream_options")
}

/// The differences between the endpoints. LiteLLM 1.110.2 quotes the messages of both.
fn endpoint_rules(body: &Value, endpoint: Endpoint) -> Result<(), Problem> {
    let background = body.get("background") == Some(&Value::Bool(true));
    if endpoint == Endpoint::Runtime && background {
        return Err(Problem::about("background", "The background parameter is not supported."));
    }
    if background && body.get("store") == Some(&Value::Bool(false)) {
        return Err(Problem::about("background", "Background mode requires store to be true."));
    }
    if let (Endpoint::Mantle, Some(tier)) = (endpoint, body.get("service_tier").and_then(Value::as_str))
        && !["auto", "default"].contains(&tier)
    {
        return Err(openai::not_among("service_tier", tier, &["auto", "default"]));
    }
    for key in ["conversation", "prompt", "moderation"] {
        if body.get(key).is_some() {
            return Err(Problem::about(key, format!("The {key} parameter is not supported.")));
        }
    }
    Ok(())
}

fn reasoning(body: &Value, settings: &Settings<'_>, endpoint: Endpoint) -> Result<(), Problem> {
    let Some(reasoning) = body.get("reasoning") else { return Ok(()) };
    let keys = [
        may("effort", EFFORTS),
        may("summary", Kind::OneOf(&["auto", "concise", "detailed"])),
        may("generate_summary", Kind::OneOf(&["auto", "concise", "detailed"])),
        may("context", Kind::OneOf(&["all_turns", "last_turn"])),
    ];
    openai::check(reasoning, &keys, "reasoning")?;
    let summary = reasoning.get("summary").and_then(Value::as_str);
    if let (Endpoint::Mantle, Some(summary)) = (endpoint, summary)
        && summary != "auto"
    {
        return Err(openai::not_among("reasoning.summary", summary, &["auto"]));
    }
    let asked = reasoning.get("effort").and_then(Value::as_str).is_some_and(|effort| effort != "none");
    if asked && !catalog::reasons(settings.model) {
        return Err(Problem::about(
            "reasoning.effort",
            "Unsupported parameter: 'reasoning.effort' is not supported with this model.",
        ));
    }
    Ok(())
}

fn text(body: &Value) -> Result<(), Problem> {
    let Some(text) = body.get("text") else { return Ok(()) };
    openai::check(
        text,
        &[may("format", Kind::Object), may("verbosity", Kind::OneOf(&["low", "medium", "high"]))],
        "text",
    )?;
    let Some(format) = text.get("format") else { return Ok(()) };
    let kinds = ["text", "json_schema", "json_object"];
    match format.get("type").and_then(Value::as_str).unwrap_or_default() {
        "json_schema" => {
            let keys = [
                must("type", Kind::Text),
                must("name", Kind::Text),
                must("schema", Kind::Object),
                may("strict", Kind::Flag),
                may("description", Kind::Text),
            ];
            openai::check(format, &keys, "text.format")?;
            let name = format.get("name").and_then(Value::as_str).unwrap_or_default();
            openai::name(name, "text.format.name")?;
            let strict = format.get("strict") == Some(&Value::Bool(true));
            let schema = format.get("schema").unwrap_or(&Value::Null);
            openai::schema(schema, strict, &format!("response_format '{name}'"), "text.format.schema")
        }
        "text" | "json_object" => openai::check(format, &[must("type", Kind::Text)], "text.format"),
        other => Err(openai::not_among("text.format.type", other, &kinds)),
    }
}
