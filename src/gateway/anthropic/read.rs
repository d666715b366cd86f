//! Requests for models that are not Claude: Anthropic's members become messages and options.

use super::betas::{betas, shown};
use super::filter::Filter;
use super::signature::unmark;
use crate::capabilities::Capabilities;
use crate::error::Error;
use crate::gateway::dialect::{Asked, Given, leave_out};
use crate::gateway::failure::Failure;
use crate::gateway::fit::EARLIER_REASONING;
use crate::interop;
use crate::json::{Json, Kind, View, Writer, unescaped};
use crate::message::{Content, Message, Raw};
use crate::request::{
    ChatOptions, Reasoning, ReasoningDisplay, ResponseFormat, ServiceTier, Tool, ToolChoice, point_of_json,
};

/// Reads a request.
pub(super) fn read(given: &Given<'_>) -> Result<Asked, Failure> {
    // Beta features are Claude's.
    let removed = betas(given, None)?.removed.iter().map(|name| ["anthropic-beta: ", name].concat()).collect();
    let can = Capabilities::unknown();
    let mut filter = Filter { model: None, can, betas: &[], checks_signatures: false, removed };
    let mut reading = Reading::default();
    for (key, value) in given.body.raw_entries() {
        let name = unescaped(key);
        if let ("service_tier", Some(tier)) = (&*name, ServiceTier::parse(value.word())) {
            reading.options.service_tier = Some(tier);
            continue;
        }
        match filter.member(&name, value)? {
            None => {}
            Some(_) if value.is_null() => {}
            Some(None) => reading.member(&name, value)?,
            Some(Some(text)) => {
                let kept = View::parse(&text).map_err(|error| Failure::of_field(&name, error.to_string()))?;
                reading.member(&name, kept)?;
            }
        }
    }
    reading.finish(filter.removed)
}

/// The parts of a request that are read so far.
#[derive(Default)]
struct Reading {
    system: Option<Message>,
    messages: Vec<Message>,
    options: ChatOptions,
    thinking: Option<Reasoning>,
    effort: Option<String>,
    removed: Vec<String>,
}

impl Reading {
    fn member(&mut self, name: &str, value: View<'_>) -> Result<(), Failure> {
        let options = &mut self.options;
        match name {
            // The gateway has read these, and other models have no such version or features.
            "model" | "stream" | "anthropic_version" | "anthropic_beta" | "betas" => {}
            "messages" => self.messages = messages(value, &mut self.removed)?,
            "system" => self.system = Some(system(value)?),
            "max_tokens" => options.max_tokens = Some(whole(name, value)?),
            "temperature" => options.temperature = Some(number(name, value)?),
            "top_p" => options.top_p = Some(number(name, value)?),
            "top_k" => options.top_k = Some(whole(name, value)?),
            "stop_sequences" => options.stop = texts(name, value)?,
            "tools" => options.tools = tools(value)?,
            "tool_choice" => read_choice(value, options)?,
            "thinking" => self.thinking = read_thinking(value, options)?,
            "output_config" => self.output(value)?,
            "output_format" => options.response_format = Some(format(name, value)?),
            // Anthropic then places the cache points, as the planner of this crate does.
            "cache_control" => {
                options.prompt_caching = Some(point_of_json(value).map_err(|error| of_member(name, error))?);
            }
            // Ids of Anthropic's accounts and of the end user, and the editing of long contexts on its servers. Other
            // models have no counterpart, and the answer is the same.
            "metadata" | "user_profile_id" | "workspace_id" | "context_management" => {
                self.removed.push(name.to_owned());
            }
            _ => return Err(unknown(name)),
        }
        Ok(())
    }

    fn output(&mut self, value: View<'_>) -> Result<(), Failure> {
        for (key, value) in object("output_config", value)?.filter(|(_, value)| !value.is_null()) {
            match &*unescaped(key) {
                "effort" => self.effort = Some(text("output_config.effort", value)?),
                "format" => self.options.response_format = Some(format("output_config.format", value)?),
                other => return Err(unknown(&["output_config.", other].concat())),
            }
        }
        Ok(())
    }

    fn finish(mut self, removed: Vec<String>) -> Result<Asked, Failure> {
        self.removed.splice(0..0, removed);
        if self.messages.is_empty() {
            return Err(Failure::of_field("messages", "`messages` is empty; send at least one message"));
        }
        self.options.reasoning = match (self.thinking, self.effort) {
            (Some(Reasoning::Budget(tokens)), Some(effort)) => Some(Reasoning::BudgetWithEffort { tokens, effort }),
            (Some(Reasoning::Adaptive) | None, Some(effort)) => Some(Reasoning::Effort(effort)),
            // An effort without reasoning is about the length of the answer. Only Claude supports that.
            (Some(other), Some(_)) => {
                self.removed.push("output_config.effort".to_owned());
                Some(other)
            }
            (thinking, None) => thinking,
        };
        let mut messages = self.messages;
        messages.splice(0..0, self.system);
        Ok(Asked { messages, options: self.options, removed: self.removed, ..Asked::default() })
    }
}

fn of_member(name: &str, error: Error) -> Failure {
    let failure = Failure::from(error);
    Failure { field: failure.field.or_else(|| Some(name.to_owned())), ..failure }
}

fn wrong(name: &str, what: &str) -> Failure {
    Failure::of_field(name, format!("`{name}` must be {what}; see the Messages API reference"))
}

fn unknown(name: &str) -> Failure {
    let name = &*shown(name);
    Failure::of_field(name, format!("`{name}` cannot be sent to this model; leave it out, or use a Claude model"))
}

fn whole(name: &str, value: View<'_>) -> Result<u64, Failure> {
    value.u64().ok_or_else(|| wrong(name, "a whole number"))
}

fn number(name: &str, value: View<'_>) -> Result<f64, Failure> {
    value.f64().ok_or_else(|| wrong(name, "a number"))
}

fn text(name: &str, value: View<'_>) -> Result<String, Failure> {
    value.string().ok_or_else(|| wrong(name, "a string"))
}

fn texts(name: &str, value: View<'_>) -> Result<Vec<String>, Failure> {
    let all: Option<_> = value.items().map(View::string).collect();
    all.filter(|_| value.kind() == Kind::Array).ok_or_else(|| wrong(name, "a list of strings"))
}

fn object<'a>(name: &str, value: View<'a>) -> Result<impl Iterator<Item = (&'a str, View<'a>)>, Failure> {
    match value.kind() {
        Kind::Object => Ok(value.raw_entries()),
        _ => Err(wrong(name, "an object")),
    }
}

fn messages(value: View<'_>, removed: &mut Vec<String>) -> Result<Vec<Message>, Failure> {
    if value.kind() != Kind::Array {
        return Err(wrong("messages", "a list of messages"));
    }
    let mut messages = interop::read_messages(&Json::from(value)).map_err(|error| of_member("messages", error))?;
    if unmark(&mut messages) {
        leave_out(removed, EARLIER_REASONING);
    }
    messages.iter_mut().for_each(|message| name_tools(&mut message.content));
    Ok(messages)
}

/// Writes the tools that Claude Code's search found as text. Other models have no search, and receive all tools.
fn name_tools(content: &mut [Content]) {
    for block in content {
        match block {
            Content::ToolResult(result) => name_tools(&mut result.content),
            Content::Raw(Raw { block: raw }) if raw.view().word_at("type") == "tool_reference" => {
                *block = Content::text(["tool: ", &raw.view().text_at("tool_name")].concat());
            }
            _ => {}
        }
    }
}

/// Reads the system prompt, a string or a list of blocks, as a message.
fn system(value: View<'_>) -> Result<Message, Failure> {
    let mut w = Writer::new();
    w.begin_object();
    w.field("role", "system");
    w.member("content", value);
    w.end_object();
    interop::read_message(&Json::written(w)).map_err(|error| of_member("system", error))
}

fn tools(value: View<'_>) -> Result<Vec<Tool>, Failure> {
    if value.kind() != Kind::Array {
        return Err(wrong("tools", "a list of tools"));
    }
    let native = value.items().map(|tool| tool.word_at("type")).find(|kind| !matches!(*kind, "" | "custom"));
    if let Some(kind) = native.map(shown) {
        let message = format!(
            "the tool type `{kind}` cannot be sent to this model; send a tool with `input_schema`, or use a Claude model"
        );
        return Err(Failure::of_field("tools", message));
    }
    Tool::list_from_json(&Json::from(value)).map_err(|error| of_member("tools", error))
}

fn read_choice(value: View<'_>, options: &mut ChatOptions) -> Result<(), Failure> {
    for (key, value) in object("tool_choice", value)? {
        match &*unescaped(key) {
            "type" | "name" => {}
            // Several calls in one turn are every model's default.
            "disable_parallel_tool_use" => {
                options.parallel_tool_calls = value.bool().filter(|disable| *disable).map(|_| false)
            }
            other => return Err(unknown(&["tool_choice.", other].concat())),
        }
    }
    options.tool_choice = Some(match value.word_at("type") {
        "auto" => ToolChoice::Auto,
        "any" => ToolChoice::Any,
        "none" => ToolChoice::None,
        "tool" => match value.string_at("name") {
            Some(name) => ToolChoice::Tool(name),
            None => return Err(wrong("tool_choice.name", "the name of a tool")),
        },
        _ => return Err(wrong("tool_choice.type", "`auto`, `any`, `tool` or `none`")),
    });
    Ok(())
}

fn read_thinking(value: View<'_>, options: &mut ChatOptions) -> Result<Option<Reasoning>, Failure> {
    for (key, value) in object("thinking", value)?.filter(|(_, value)| !value.is_null()) {
        match &*unescaped(key) {
            "type" | "budget_tokens" => {}
            "display" => {
                let display = ReasoningDisplay::parse(value.word());
                options.reasoning_display =
                    Some(display.ok_or_else(|| wrong("thinking.display", "`summarized` or `omitted`"))?);
            }
            other => return Err(unknown(&["thinking.", other].concat())),
        }
    }
    Ok(Some(match value.word_at("type") {
        "enabled" => Reasoning::Budget(
            value.u64_at("budget_tokens").ok_or_else(|| wrong("thinking.budget_tokens", "a whole number"))?,
        ),
        "adaptive" => Reasoning::Adaptive,
        "disabled" => Reasoning::Disabled,
        "between_tools" => Reasoning::BetweenTools,
        _ => return Err(wrong("thinking.type", "`enabled`, `adaptive` or `disabled`")),
    }))
}

fn format(name: &str, value: View<'_>) -> Result<ResponseFormat, Failure> {
    for (key, _) in object(name, value)? {
        if !matches!(&*unescaped(key), "type" | "schema" | "name") {
            return Err(unknown(&[name, ".", &unescaped(key)].concat()));
        }
    }
    match (value.word_at("type"), value.get("schema")) {
        // Anthropic's formats have no name, and other APIs require one.
        ("json_schema", Some(schema)) => {
            Ok(ResponseFormat::new(value.string_at("name").unwrap_or_else(|| "response".to_owned()), schema))
        }
        _ => Err(wrong(name, "an object with the type `json_schema` and a `schema`")),
    }
}
