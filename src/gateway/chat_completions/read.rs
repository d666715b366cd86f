//! Requests for models that are called in another format.

use crate::gateway::dialect::Asked;
use crate::gateway::failure::Failure;
use crate::gateway::openai::members::{self, Row, left_out, read, refused};
use crate::gateway::openai::tools::{self, CallForm, ToolName, ToolNames};
use crate::gateway::openai::{options, reasoning, sampling};
use crate::interop;
use crate::json::{Json, Kind, View, Writer};
use crate::message::{Content, Message};
use crate::request::{Reasoning, Tool, ToolChoice};

/// The members of a request. A member is left out if the answer does not depend on it.
pub(super) const MEMBERS: &[Row] = &[
    read("model"),
    read("messages"),
    read("stream"),
    read("stream_options"),
    read("max_tokens"),
    read("max_completion_tokens"),
    read("temperature"),
    read("top_p"),
    read("stop"),
    read("tools"),
    read("tool_choice"),
    read("parallel_tool_calls"),
    read("response_format"),
    read("reasoning_effort"),
    read("service_tier"),
    read("metadata"),
    // Not OpenAI's: LiteLLM, vLLM and others accept them, and OpenAI's SDKs send them as `extra_body`.
    read("top_k"),
    read("thinking"),
    // Where OpenAI keeps the answer, whose it is, and what the next call costs.
    left_out("store", &["false"]),
    left_out("user", &[]),
    left_out("safety_identifier", &[]),
    left_out("prompt_cache_key", &[]),
    left_out("prompt_cache_retention", &[]),
    left_out("prompt_cache_options", &[]),
    // The delay until the answer.
    left_out("prediction", &[]),
    read("seed"),
    read("presence_penalty"),
    read("frequency_penalty"),
    // A wish about the style, which many clients send for every model.
    left_out("verbosity", &["\"medium\""]),
    refused("n", &["1"], "send one request for each answer"),
    refused("logprobs", &["false"], "leave it out"),
    refused("top_logprobs", &["0"], "leave it out"),
    // The numbers of tokens differ between models.
    refused("logit_bias", &["{}"], "leave it out"),
    refused("modalities", &["[\"text\"]"], "the answer is text; leave it out"),
    refused("audio", &[], "the answer is text; leave it out"),
    refused("web_search_options", &[], "leave it out, and give the model a tool that searches"),
    refused("moderation", &[], "use a guardrail"),
    refused("functions", &["[]"], "use `tools`"),
    refused("function_call", &["\"none\"", "\"auto\""], "use `tool_choice`"),
];

/// Reads a request.
pub(super) fn asked(body: View<'_>) -> Result<Asked, Failure> {
    let mut asked = Asked::default();
    members::check(body, MEMBERS, &mut asked.removed)?;
    asked.messages = messages(body)?;
    options::read_common(body, &mut asked)?;
    asked.sampling = sampling::read(body)?;
    read_tools(body, &mut asked)?;
    if let Some(format) = members::object(body, "response_format")? {
        options::read_format(format, format.get("json_schema").unwrap_or(format), "response_format", &mut asked)?;
    }
    let chosen = &mut asked.options;
    chosen.max_tokens = max_tokens(body)?;
    chosen.stop = stop(body)?;
    chosen.top_k = members::count(body, "top_k")?;
    chosen.reasoning = read_reasoning(body)?;
    asked.shows_reasoning = chosen.reasoning.as_ref().is_some_and(Reasoning::is_on);
    Ok(asked)
}

/// Returns the limit, whose name changed.
fn max_tokens(body: View<'_>) -> Result<Option<u64>, Failure> {
    let (old, new) = (members::count(body, "max_tokens")?, members::count(body, "max_completion_tokens")?);
    if old.is_some() && new.is_some() && old != new {
        let message = "`max_tokens` and `max_completion_tokens` differ; leave `max_tokens` out";
        return Err(Failure::of_field("max_tokens", message));
    }
    Ok(new.or(old))
}

fn stop(body: View<'_>) -> Result<Vec<String>, Failure> {
    let Some(stop) = body.get("stop") else { return Ok(Vec::new()) };
    let texts: Option<Vec<String>> = match stop.kind() {
        Kind::String => stop.string().map(|text| vec![text]),
        Kind::Array => stop.items().map(View::string).collect(),
        _ => None,
    };
    texts.ok_or_else(|| Failure::of_field("stop", "`stop` is neither a string nor a list of strings"))
}

/// Reads OpenAI's effort, or Anthropic's `thinking`.
fn read_reasoning(body: View<'_>) -> Result<Option<Reasoning>, Failure> {
    let effort = members::text(body, "reasoning_effort")?.map(|name| options::effort(&name));
    let Some(thinking) = members::object(body, "thinking")? else { return Ok(effort) };
    if effort.is_some() {
        let message = "`thinking` and `reasoning_effort` are both set; leave one out";
        return Err(Failure::of_field("thinking", message));
    }
    let reasoning = match (thinking.word_at("type"), thinking.u64_at("budget_tokens")) {
        ("enabled", Some(tokens)) => Reasoning::Budget(tokens),
        ("disabled", _) => Reasoning::Disabled,
        ("adaptive", _) => Reasoning::Adaptive,
        _ => {
            let message = "`thinking` has no known type; use `enabled` with `budget_tokens`, `adaptive` or `disabled`";
            return Err(Failure::of_field("thinking", message));
        }
    };
    Ok(Some(reasoning))
}

/// Returns the custom tools of a request.
pub(super) fn tool_names(body: View<'_>) -> ToolNames {
    let custom = body.list("tools").filter(|tool| tool.word_at("type") == "custom");
    let names = custom.filter_map(|tool| {
        let name = tool.get("custom")?.string_at("name")?;
        Some(ToolName { sent: name.clone(), name, namespace: None, form: CallForm::Custom })
    });
    ToolNames(names.collect())
}

fn read_tools(body: View<'_>, asked: &mut Asked) -> Result<(), Failure> {
    let tools = &mut asked.options.tools;
    for tool in members::list(body, "tools")?.into_iter().flat_map(View::items) {
        match (tool.word_at("type"), tool.get("custom")) {
            ("custom", Some(custom)) => tools.push(tools::custom_tool(&custom.text_at("name"), custom)),
            ("function", _) => {
                let read = Tool::from_json(&Json::from(tool));
                tools.push(read.map_err(|error| Failure::of_field("tools", error.message()))?);
            }
            _ => {
                return Err(Failure::of_field(
                    "tools",
                    "a tool has a missing or unknown `type`; use `function` or `custom`",
                ));
            }
        }
    }
    let Some(choice) = body.get("tool_choice") else { return Ok(()) };
    let name = |choice: View<'_>| Some(choice.get(choice.word_at("type"))?.string_at("name"))?;
    asked.options.tool_choice = match choice.word_at("type") {
        _ if choice.kind() != Kind::Object => tools::choice_of_word(choice)?,
        "function" | "custom" => match name(choice) {
            Some(name) => Some(ToolChoice::Tool(name)),
            None => return Err(tools::unknown_choice(choice)),
        },
        "allowed_tools" => {
            let allowed = choice.get("allowed_tools").unwrap_or(choice);
            let names: Vec<String> = allowed.list("tools").filter_map(name).collect();
            Some(tools::allow(tools, &names, allowed.word_at("mode"))?)
        }
        _ => return Err(tools::unknown_choice(choice)),
    };
    Ok(())
}

/// Reads the messages.
fn messages(body: View<'_>) -> Result<Vec<Message>, Failure> {
    let wrong = |message: String| Failure::of_field("messages", message);
    let Some(list) = members::list(body, "messages")? else {
        return Err(wrong("`messages` is missing; add a list of messages".to_owned()));
    };
    let mut w = Writer::new();
    w.begin_array();
    for (at, message) in list.items().enumerate() {
        if message.kind() != Kind::Object || message.get("role").is_none() {
            return Err(wrong(format!("message {at} is not an object with a `role`")));
        }
        if message.word_at("role") == "function" {
            return Err(wrong(format!("message {at} has the role `function`; use `tool` with `tool_call_id`")));
        }
        write_message(&mut w, message);
    }
    w.end_array();
    let mut messages = interop::read_messages(&Json::written(w)).map_err(|error| wrong(error.message().to_owned()))?;
    for (message, given) in messages.iter_mut().zip(list.items()) {
        add_reasoning(message, given).map_err(wrong)?;
    }
    Ok(messages)
}

/// Writes a message without the members that are read here, and with custom calls as calls of functions.
fn write_message(w: &mut Writer, message: View<'_>) {
    w.begin_object();
    for (key, value) in message.raw_entries() {
        match key {
            // LiteLLM's notes about a reply.
            "thinking_blocks" | "provider_specific_fields" => {}
            "tool_calls" => {
                w.array("tool_calls");
                value.items().for_each(|call| write_call(w, call));
                w.end_array();
            }
            _ => w.raw_member(key, value),
        }
    }
    w.end_object();
}

fn write_call(w: &mut Writer, call: View<'_>) {
    let Some(custom) = call.get("custom").filter(|_| call.word_at("type") == "custom") else { return w.raw(call) };
    w.begin_object();
    w.field("id", &call.text_at("id"));
    w.field("type", "function");
    w.object("function");
    w.field("name", &custom.text_at("name"));
    w.field("arguments", tools::input_args(&custom.text_at("input")).as_str());
    w.end_object();
    w.end_object();
}

/// Adds the reasoning in `thinking_blocks` at its place in the message. Without a position it is in front.
fn add_reasoning(message: &mut Message, given: View<'_>) -> Result<(), String> {
    for (front, entry) in given.list("thinking_blocks").enumerate() {
        let mut w = Writer::new();
        w.begin_object();
        for (key, value) in entry.raw_entries().filter(|(key, _)| !["index", "position", "model"].contains(key)) {
            w.raw_member(key, value);
        }
        w.end_object();
        let Some(block): Option<Content> = reasoning::block(Json::written(w).view()) else {
            return Err("`thinking_blocks` has a block of an unknown form; send it as it was received".to_owned());
        };
        let place = entry.u64_at("position").and_then(|at| usize::try_from(at).ok()).unwrap_or(front);
        message.content.insert(place.min(message.content.len()), block);
        message.model = message.model.take().or_else(|| entry.string_at("model"));
    }
    Ok(())
}
