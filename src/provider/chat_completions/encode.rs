//! An encoder for requests in the chat-completions format.

use super::ChatCompletions;
use crate::capabilities::{Capabilities, Capability};
use crate::error::{ErrorKind, Result};
use crate::json::{Kind, Writer};
use crate::message::{Content, Media, ToolCall};
use crate::model::ModelId;
use crate::provider::repair::{RawShape, Side, Turn, repair};
use crate::provider::{Codec, Mode, facts, media, openai, tools, words};
use crate::request::{ChatOptions, ChatRequest, Reasoning, Tool, ToolChoice};

const FORMAT: &str = "the chat-completions";

/// An encoder for one call.
#[derive(Clone, Copy)]
struct Encoder<'a> {
    family: &'a ChatCompletions,
    model: &'a ModelId,
    can: Capabilities,
}

/// Writes the body of a call.
pub(super) fn body(family: &ChatCompletions, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Writer> {
    let options = &request.options;
    let known = facts::target(model, family.api(), RawShape::None, options);
    let encoder = Encoder { family, model, can: known.can };
    let conversation = repair(&request.messages, known)?;
    encoder.check(options)?;
    let mut w = Writer::new();
    w.begin_object();
    if let Some(service) = family.service {
        w.field("model", openai::model_id(service, model));
        openai::write_options(&mut w, options);
        if mode == Mode::Stream {
            w.key("stream").bool(true);
            w.object("stream_options");
            w.key("include_usage").bool(true);
            w.end_object();
        }
    }
    w.array("messages");
    let system = words::joined(&mut conversation.system.iter().copied(), "\n\n", model, FORMAT)?;
    if !system.is_empty() {
        let blocks = conversation.system.iter().copied().filter(|block| !block.is_cache_point());
        w.begin_object();
        w.field("role", "system");
        w.key("content");
        match family.service {
            Some(_) => encoder.write_content(&mut w, Side::System, &blocks.collect::<Vec<_>>())?,
            None => w.string(&system),
        }
        w.end_object();
    }
    for turn in &conversation.turns {
        encoder.write_turn(&mut w, turn)?;
    }
    w.end_array();
    w.opt_u64(family.max_tokens, options.max_tokens);
    w.opt_f64("temperature", options.temperature);
    w.opt_f64("top_p", options.top_p);
    w.strings("stop", &options.stop);
    encoder.write_tools(&mut w, options)?;
    match &options.reasoning {
        Some(Reasoning::Effort(effort)) => w.field("reasoning_effort", effort),
        Some(Reasoning::Disabled) if encoder.can.has(Capability::ReasoningOff) => w.field("reasoning_effort", "none"),
        _ => {}
    }
    if let Some(format) = &options.response_format {
        w.object("response_format");
        w.field("type", "json_schema");
        w.object("json_schema");
        w.field("name", &format.name);
        w.opt_field("description", format.description.as_deref());
        w.member("schema", tools::format_schema(format)?.view());
        // The model must follow the schema only with `strict`.
        w.key("strict").bool(true);
        w.end_object();
        w.end_object();
    }
    w.end_object();
    Ok(w)
}

impl Encoder<'_> {
    /// Checks for options that this model or format does not support.
    fn check(self, options: &ChatOptions) -> Result<()> {
        let can = self.can;
        let takes_effort = can.has(Capability::ReasoningEffort);
        let (field, why) = match &options.reasoning {
            _ if options.reasoning_display.is_some() => {
                ("reasoning_display", "does not support `reasoning_display`; leave it unset (only Claude supports it)")
            }
            Some(reasoning) if reasoning.is_on() && !matches!(reasoning, Reasoning::Effort(_)) && takes_effort => {
                ("reasoning", "accepts only an effort for reasoning; use `low`, `medium` or `high`")
            }
            Some(reasoning) if reasoning.is_on() && !takes_effort => (
                "reasoning",
                "has no known option for reasoning; leave `reasoning` unset, or put the model's own field into `model_kwargs`",
            ),
            _ if options.top_k.is_some() => (
                "top_k",
                "has no `top_k` in the chat-completions format; leave it unset, or put the model's own field into `model_kwargs`",
            ),
            _ if options.parallel_tool_calls == Some(false) && can.lacks(Capability::SerialTools) => (
                "parallel_tool_calls",
                "cannot be limited to one tool call at a time; leave `parallel_tool_calls` unset",
            ),
            _ if options.response_format.is_some() && can.lacks(Capability::JsonSchema) => (
                "response_format",
                "does not accept a JSON Schema for its reply; bind one tool with that schema and set `tool_choice` to `any`",
            ),
            _ => return tools::check_choice(self.model, can, options),
        };
        Err(words::refused(ErrorKind::Unsupported, self.model, why).with_field(field))
    }

    fn write_turn(self, w: &mut Writer, turn: &Turn<'_>) -> Result<()> {
        let mut said: Vec<&Content> = Vec::new();
        let mut calls: Vec<&ToolCall> = Vec::new();
        for block in &turn.blocks {
            match &**block {
                Content::ToolResult(result) => {
                    w.begin_object();
                    w.field("role", "tool");
                    w.field("tool_call_id", &self.id(&result.tool_call_id));
                    let mut text = words::joined(&mut result.content.iter(), "\n", self.model, FORMAT)?;
                    // The format has no field for a failed call, so the text must say it.
                    if result.is_error {
                        text = words::failed(&text);
                    }
                    w.field("content", &text);
                    w.end_object();
                }
                Content::ToolCall(call) => calls.push(call),
                // Reasoning that another provider signed cannot be sent in this format.
                Content::Thinking(_) | Content::RedactedThinking(_) | Content::CachePoint(_) => {}
                block => said.push(block),
            }
        }
        if said.is_empty() && calls.is_empty() {
            return Ok(());
        }
        w.begin_object();
        w.field("role", turn.side.as_str());
        // InvokeModel's formats require the member, even in a message that only calls tools.
        if !said.is_empty() || self.family.service.is_none() {
            w.key("content");
            self.write_content(w, turn.side, &said)?;
        }
        if !calls.is_empty() {
            w.array("tool_calls");
            calls.iter().for_each(|call| self.write_call(w, call));
            w.end_array();
        }
        w.end_object();
        Ok(())
    }

    /// Writes text as a plain string if possible, as not every family accepts lists on InvokeModel.
    fn write_content(self, w: &mut Writer, side: Side, blocks: &[&Content]) -> Result<()> {
        let is_joined = self.family.service.is_none() || blocks.len() < 2;
        if is_joined && blocks.iter().all(|block| words::text_of(block).is_some()) {
            w.string(&words::joined(&mut blocks.iter().copied(), "\n", self.model, FORMAT)?);
            return Ok(());
        }
        w.begin_array();
        for block in blocks {
            match block {
                Content::Image(image) if side == Side::User => self.write_image(w, image)?,
                Content::Raw(raw) => w.raw(raw.block.view()),
                block => {
                    let text = words::text_of(block).ok_or_else(|| words::unsupported(block, self.model, FORMAT))?;
                    w.begin_object();
                    w.field("type", "text");
                    w.field("text", text);
                    w.end_object();
                }
            }
        }
        w.end_array();
        Ok(())
    }

    fn write_image(self, w: &mut Writer, image: &Media) -> Result<()> {
        if self.can.lacks(Capability::Images) {
            let why = "does not accept images; leave them out, or use another model";
            return Err(words::refused(ErrorKind::Unsupported, self.model, why));
        }
        // Models on InvokeModel have no such member.
        let format = match self.family.service {
            Some(_) => media::format_with_detail(media::IMAGES, "an image", image)?,
            None => media::image_format(media::IMAGES, "an image", image)?,
        };
        w.begin_object();
        w.field("type", "image_url");
        w.object("image_url");
        w.key("url");
        media::write_data_url(w, format.media_type(), &image.source, "an image")?;
        w.opt_field("detail", image.detail.as_deref());
        w.end_object();
        w.end_object();
        Ok(())
    }

    fn write_call(self, w: &mut Writer, call: &ToolCall) {
        w.begin_object();
        w.field("id", &self.id(&call.id));
        w.field("type", "function");
        w.object("function");
        w.field("name", &words::call_name(&call.name));
        let is_object = call.args.view().kind() == Kind::Object;
        w.field("arguments", if is_object { call.args.as_str() } else { "{}" });
        w.end_object();
        w.end_object();
    }

    /// Returns the id of a tool call as the family accepts it.
    fn id(self, id: &str) -> String {
        if self.family.short_ids { words::short_call_id(id) } else { id.to_owned() }
    }

    fn write_tools(self, w: &mut Writer, options: &ChatOptions) -> Result<()> {
        if options.tools.is_empty() {
            return Ok(());
        }
        // Only the chosen tool is sent if no tool can be chosen by its name.
        let only = match &options.tool_choice {
            Some(ToolChoice::Tool(name)) if self.can.lacks(Capability::NamedTools) => Some(name),
            _ => None,
        };
        let is_wanted = |tool: &&Tool| only.is_none_or(|name| tool.name == *name);
        w.array("tools");
        for tool in options.tools.iter().filter(is_wanted) {
            write_tool(w, self.model, self.can, tool)?;
        }
        w.end_array();
        match &options.tool_choice {
            Some(ToolChoice::Tool(name)) if !self.can.lacks(Capability::NamedTools) => {
                w.object("tool_choice");
                w.field("type", "function");
                w.object("function");
                w.field("name", name);
                w.end_object();
                w.end_object();
            }
            Some(ToolChoice::Any | ToolChoice::Tool(_)) => w.field("tool_choice", self.family.any_tool),
            Some(ToolChoice::Auto) => w.field("tool_choice", "auto"),
            Some(ToolChoice::None) => w.field("tool_choice", "none"),
            None => {}
        }
        // All models call tools in parallel by default.
        if options.parallel_tool_calls == Some(false) {
            w.key("parallel_tool_calls").bool(false);
        }
        Ok(())
    }
}

fn write_tool(w: &mut Writer, model: &ModelId, can: Capabilities, tool: &Tool) -> Result<()> {
    if let Some(native) = &tool.native {
        w.raw(native.view());
        return Ok(());
    }
    words::check_extra(tool, model)?;
    let spec = tools::spec(can, tool)?;
    w.begin_object();
    w.field("type", "function");
    w.object("function");
    w.field("name", &tool.name);
    w.opt_field("description", spec.description.as_deref());
    w.member("parameters", spec.schema.view());
    if let Some(strict) = spec.strict {
        w.key("strict").bool(strict);
    }
    w.end_object();
    w.end_object();
    Ok(())
}
