//! The Chat Completions API: the model is in the body, events have `data` only, and there are members of OpenAI's API
//! that InvokeModel does not have.

use serde_json::{Value, json};

use super::rows::{Dialect, Reasons, Row};
use super::{Written, read};
use crate::catalog;
use crate::delivery::Reply;
use crate::endpoint::Endpoint;
use crate::ids;
use crate::model::Thinking;
use crate::problem::Problem;
use crate::shapes::keys::{Key, Kind, may, must};
use crate::shapes::{Call, openai};
use crate::sse;

const WHOLE: Kind = Kind::Whole(1, u64::MAX);

/// The members of a request, from openai (npm) 7.59.0.
const KEYS: [Key; 32] = [
    must("model", Kind::Text),
    must("messages", Kind::List),
    may("stream", Kind::Flag),
    may("stream_options", Kind::Object),
    may("max_completion_tokens", WHOLE),
    may("max_tokens", WHOLE),
    may("temperature", Kind::Number(0.0, 2.0)),
    may("top_p", Kind::Number(0.0, 1.0)),
    may("stop", Kind::Any),
    may("n", Kind::Whole(1, 1)),
    may("seed", Kind::Whole(0, u64::MAX)),
    may("frequency_penalty", Kind::Number(-2.0, 2.0)),
    may("presence_penalty", Kind::Number(-2.0, 2.0)),
    may("logit_bias", Kind::Object),
    may("logprobs", Kind::Flag),
    may("top_logprobs", Kind::Whole(0, 20)),
    may("tools", Kind::List),
    may("tool_choice", Kind::Any),
    may("parallel_tool_calls", Kind::Flag),
    may("response_format", Kind::Object),
    may("reasoning_effort", Kind::OneOf(&["none", "minimal", "low", "medium", "high", "xhigh", "max"])),
    may("verbosity", Kind::OneOf(&["low", "medium", "high"])),
    may("prompt_cache_key", Kind::Text),
    may("prompt_cache_retention", Kind::OneOf(&["in_memory", "in-memory", "24h"])),
    may("prompt_cache_options", Kind::Object),
    may("service_tier", Kind::OneOf(&["auto", "default", "flex", "priority"])),
    may("metadata", Kind::Object),
    may("store", Kind::Flag),
    may("user", Kind::Text),
    may("safety_identifier", Kind::Text),
    may("modalities", Kind::Texts(1)),
    may("prediction", Kind::Object),
];

/// Answers one request.
pub(in crate::shapes) fn answer(call: &Call<'_>, sent: &Value, endpoint: Endpoint) -> Result<Reply, Problem> {
    let body = openai::without_nulls(sent);
    check(&body, &call.model)?;
    let row = row(&call.model, endpoint);
    let guardrail = call.guardrail()?;
    let mut prompt = read::prompt(&body, &row)?;
    prompt.guarded = guardrail.is_some();
    if body.get("reasoning_effort").and_then(Value::as_str) == Some("none") {
        prompt.thinking = Thinking::Off;
    }
    let (answer, input) = call.answer(&prompt, &body)?;
    let id = format!("chatcmpl-{}", ids::uuid(&call.state.request_id()));
    let written = Written {
        row: &row,
        answer: &answer,
        input,
        model: &call.model_id,
        body: &body,
        id: Some((&id, call.state.clock.now())),
    };
    if body.get("stream") == Some(&Value::Bool(true)) {
        let chunks = written.chunks();
        let events = chunks.iter().map(|chunk| sse::Dialect::Chat.event(chunk)).chain([sse::done()]).collect();
        return Ok(Reply::events(events, sse::Dialect::Chat));
    }
    Ok(Reply::json(&written.completion()))
}

/// The differences between models.
fn row(model: &str, endpoint: Endpoint) -> Row {
    let reasons = match model {
        _ if !catalog::reasons(model) => Reasons::Never,
        _ if catalog::is_gpt(model) => Reasons::Hidden,
        // xAI's own name of the member.
        _ if model.starts_with("xai.") => Reasons::Member("reasoning_content"),
        _ => Reasons::Member("reasoning"),
    };
    Row { ids: &[], keys: &KEYS, reasons, limit: usize::MAX, dialect: Dialect::Api(endpoint) }
}

fn check(body: &Value, model: &str) -> Result<(), Problem> {
    openai::check(body, &KEYS, "")?;
    openai::metadata(body)?;
    if catalog::is_gpt_5_6_or_later(model) {
        gpt_5_6(body, model)?;
    }
    if let Some(options) = body.get("stream_options") {
        if body.get("stream") != Some(&Value::Bool(true)) {
            return Err(Problem::about(
                "stream_options",
                "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            ));
        }
        let keys = [may("include_usage", Kind::Flag), may("include_obfuscation", Kind::Flag)];
        openai::check(options, &keys, "stream_options")?;
    }
    if body.get("max_tokens").is_some() && body.get("max_completion_tokens").is_some() {
        let message = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.";
        return Err(Problem::about("max_tokens", message));
    }
    match body.get("stop") {
        None | Some(Value::String(_)) => {}
        Some(Value::Array(stops)) if stops.len() <= 4 && stops.iter().all(Value::is_string) => {}
        Some(_) => return Err(Problem::about("stop", "Invalid 'stop': expected a string or at most 4 strings.")),
    }
    if body.get("top_logprobs").is_some() && body.get("logprobs") != Some(&Value::Bool(true)) {
        return Err(Problem::about(
            "top_logprobs",
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
        ));
    }
    tools(body)?;
    format(body)
}

/// sample-apj-sup-sa#230 and #231. litellm#34569: the default applies if there is no effort.
fn gpt_5_6(body: &Value, model: &str) -> Result<(), Problem> {
    if body.get("max_tokens").is_some() {
        let mut problem = Problem::about(
            "max_tokens",
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        );
        problem.code = Some("unsupported_parameter");
        return Err(problem);
    }
    if body.get("stop").is_some() {
        let mut problem = Problem::about("stop", "Unsupported parameter: 'stop' is not supported with this model.");
        problem.code = Some("unsupported_parameter");
        return Err(problem);
    }
    let tools = body.get("tools").and_then(Value::as_array).is_some_and(|tools| !tools.is_empty());
    let reasons = body.get("reasoning_effort").and_then(Value::as_str) != Some("none");
    if tools && reasons {
        let name = model.trim_start_matches("openai.");
        return Err(Problem::about(
            "reasoning_effort",
            format!(
                "Function tools with reasoning_effort are not supported for {name} in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'."
            ),
        ));
    }
    Ok(())
}

fn tools(body: &Value) -> Result<(), Problem> {
    let mut names: Vec<&str> = Vec::new();
    for (number, tool) in body.get("tools").and_then(Value::as_array).into_iter().flatten().enumerate() {
        let at = format!("tools[{number}]");
        openai::check(tool, &[must("type", Kind::OneOf(&["function"])), must("function", Kind::Object)], &at)?;
        let function = tool.get("function").unwrap_or(&Value::Null);
        let at = format!("{at}.function");
        let keys = [
            must("name", Kind::Text),
            may("description", Kind::Text),
            may("parameters", Kind::Object),
            may("strict", Kind::Flag),
        ];
        openai::check(function, &keys, &at)?;
        let name = function.get("name").and_then(Value::as_str).unwrap_or_default();
        openai::name(name, &format!("{at}.name"))?;
        if names.contains(&name) {
            return Err(Problem::about(&at, format!("Duplicate tool name: '{name}'.")));
        }
        names.push(name);
        if let Some(schema) = function.get("parameters") {
            let strict = function.get("strict") == Some(&Value::Bool(true));
            openai::schema(schema, strict, &format!("function '{name}'"), &format!("{at}.parameters"))?;
        }
    }
    Ok(())
}

fn format(body: &Value) -> Result<(), Problem> {
    let Some(format) = body.get("response_format") else { return Ok(()) };
    let kinds = ["text", "json_schema", "json_object"];
    match format.get("type").and_then(Value::as_str).unwrap_or_default() {
        "json_schema" => {
            openai::check(format, &[must("type", Kind::Text), must("json_schema", Kind::Object)], "response_format")?;
            let inner = format.get("json_schema").unwrap_or(&Value::Null);
            let at = "response_format.json_schema";
            let keys = [
                must("name", Kind::Text),
                may("schema", Kind::Object),
                may("strict", Kind::Flag),
                may("description", Kind::Text),
            ];
            openai::check(inner, &keys, at)?;
            let name = inner.get("name").and_then(Value::as_str).unwrap_or_default();
            openai::name(name, &format!("{at}.name"))?;
            let strict = inner.get("strict") == Some(&Value::Bool(true));
            let any = json!({"type": "object"});
            let schema = inner.get("schema").unwrap_or(&any);
            openai::schema(schema, strict, &format!("response_format '{name}'"), &format!("{at}.schema"))
        }
        "text" | "json_object" => openai::check(format, &[must("type", Kind::Text)], "response_format"),
        other => Err(openai::not_among("response_format.type", other, &kinds)),
    }
}
