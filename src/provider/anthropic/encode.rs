//! Requests in Anthropic's format.

use super::blocks::{cache_control, plain_text, write_blocks};
use super::thinking::{self, ThinkingFields, check};
use crate::api::{Api, Service};
use crate::capabilities::{Capabilities, Capability};
use crate::error::{Error, ErrorKind, Result};
use crate::json::Writer;
use crate::message::Content;
use crate::model::ModelId;
use crate::provider::cache_points::{check as check_points, settle};
use crate::provider::repair::{Block, RawShape, Side, repair};
use crate::provider::{Mode, facts, openai, tools};
use crate::request::{ChatOptions, ChatRequest, Tool, ToolChoice, tool_lives};

/// The version that Bedrock requires in every body.
pub(crate) const VERSION: &str = "bedrock-2023-05-31";

/// The beta feature for tools that are added or removed in a conversation.
const TOOL_CHANGES_BETA: &str = "mid-conversation-tool-changes-2026-07-01";

/// The `max_tokens` that is sent if the caller does not set it, as the API requires it.
pub(crate) const DEFAULT_MAX_TOKENS: u64 = 4096;

/// The body of a call, and the data that is sent with it.
pub(super) struct Body {
    pub(super) writer: Writer,
    /// Changes of the call for the model, as text for observers.
    pub(super) adaptations: Vec<&'static str>,
    /// The beta features of the call. Over InvokeModel they are in the body.
    pub(super) betas: Vec<String>,
}

/// Writes the body of a call over InvokeModel or Messages.
pub(super) fn body(model: &ModelId, request: &ChatRequest, mode: Mode, api: Api) -> Result<Body> {
    let options = &request.options;
    let target = facts::target(model, api, RawShape::Typed, options);
    let mut conversation = repair(&request.messages, target)?;
    check(model, target.can, options)?;
    let mut thinking = ThinkingFields::of(model, target.can, options)?;
    let mut adaptations = Vec::new();
    if thinking.fit(&conversation) {
        adaptations.push(thinking::LEFT_OUT);
    }
    // A cache point cannot follow reasoning, which is sent exactly as it was signed.
    let takes = |block: &Content| !matches!(block, Content::Thinking(_) | Content::RedactedThinking(_));
    let system = settle(&mut conversation, target.can, !options.tools.is_empty(), &takes);
    check_points(model, target.can, &mut options.tools.iter().filter_map(tool_lives), &system, &conversation)?;
    let mut w = Writer::new();
    w.begin_object();
    if api == Api::Messages {
        w.field("model", openai::model_id(Service::Mantle, model));
        if mode == Mode::Stream {
            w.key("stream").bool(true);
        }
    } else {
        w.field("anthropic_version", VERSION);
    }
    w.key("max_tokens").u64(options.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS.saturating_add(thinking.budget())));
    write_system(&mut w, &system)?;
    w.array("messages");
    for turn in &conversation.turns {
        if turn.side == Side::System {
            check_system(&turn.blocks)?;
        }
        w.begin_object();
        w.field("role", turn.side.as_str());
        w.key("content");
        match turn.blocks.as_slice() {
            [block] if plain_text(block).is_some() => w.string(plain_text(block).unwrap_or_default()),
            blocks => write_blocks(&mut w, &blocks.iter().map(|block| &**block).collect::<Vec<_>>())?,
        }
        w.end_object();
    }
    w.end_array();
    w.opt_f64("temperature", options.temperature);
    w.opt_f64("top_p", options.top_p);
    w.opt_u64("top_k", options.top_k);
    w.strings("stop_sequences", &options.stop);
    write_tools(&mut w, target.can, options)?;
    thinking.write(&mut w);
    write_output(&mut w, &thinking, options)?;
    let has_notes = conversation.turns.iter().any(|turn| turn.side == Side::System);
    let mut betas = thinking::betas(&thinking, has_notes, options);
    let mut blocks = conversation.turns.iter().flat_map(|turn| &turn.blocks);
    if blocks.any(|block| block.is_tool_change()) && !betas.iter().any(|beta| beta == TOOL_CHANGES_BETA) {
        betas.push(TOOL_CHANGES_BETA.to_owned());
    }
    if api != Api::Messages {
        w.strings("anthropic_beta", &betas);
    }
    w.end_object();
    Ok(Body { writer: w, adaptations, betas })
}

/// Returns the members of the body that are defaults of this crate: `model_kwargs` may replace them.
pub(super) fn defaults(options: &ChatOptions) -> Vec<&'static str> {
    let mut defaults = vec!["anthropic_version"];
    if options.max_tokens.is_none() {
        defaults.push("max_tokens");
    }
    if options.tool_choice.is_none() {
        defaults.push("tool_choice.type");
    }
    defaults
}

/// Checks that system messages are text or raw blocks.
fn check_system(system: &[Block<'_>]) -> Result<()> {
    let is_other = |block: &Block<'_>| {
        !matches!(
            **block,
            Content::Text(_) | Content::Json(_) | Content::CachePoint(_) | Content::Raw(_) | Content::Guard(_)
        ) && !block.is_tool_change()
    };
    match system.iter().any(is_other) {
        true => Err(Error::new(
            ErrorKind::Encode,
            "a system message has a block that is not text; put images, documents and tool blocks into a human message",
        )),
        false => Ok(()),
    }
}

fn write_system(w: &mut Writer, system: &[Block<'_>]) -> Result<()> {
    check_system(system)?;
    match system {
        [] => {}
        [block] if plain_text(block).is_some() => w.opt_field("system", plain_text(block)),
        blocks => {
            w.key("system");
            write_blocks(w, &blocks.iter().map(|block| &**block).collect::<Vec<_>>())?;
        }
    }
    Ok(())
}

fn write_tools(w: &mut Writer, can: Capabilities, options: &ChatOptions) -> Result<()> {
    if !options.tools.is_empty() {
        w.array("tools");
        for tool in &options.tools {
            write_tool(w, can, tool)?;
        }
        w.end_array();
    }
    let serial = options.parallel_tool_calls == Some(false) && !options.tools.is_empty();
    // A choice in `model_kwargs` may hold only `disable_parallel_tool_use`, but the API requires a type.
    let has_more = || options.model_kwargs.as_ref().is_some_and(|kwargs| kwargs.view().get("tool_choice").is_some());
    let choice = match &options.tool_choice {
        Some(choice) if !options.tools.is_empty() => choice,
        None if serial || has_more() => &ToolChoice::Auto,
        _ => return Ok(()),
    };
    w.object("tool_choice");
    match choice {
        ToolChoice::Auto => w.field("type", "auto"),
        ToolChoice::Any => w.field("type", "any"),
        ToolChoice::None => w.field("type", "none"),
        ToolChoice::Tool(name) => {
            w.field("type", "tool");
            w.field("name", name);
        }
    }
    if serial && *choice != ToolChoice::None {
        w.key("disable_parallel_tool_use").bool(true);
    }
    w.end_object();
    Ok(())
}

fn write_tool(w: &mut Writer, can: Capabilities, tool: &Tool) -> Result<()> {
    if let Some(native) = &tool.native {
        if native.view().get("type").is_none() {
            return Err(Error::of(
                ErrorKind::Encode,
                format_args!(
                    "the native tool {} has no `type`, so it is not in Anthropic's format; use the Converse API",
                    crate::json::quoted(&tool.name)
                ),
            ));
        }
        w.raw(native.view());
        return Ok(());
    }
    let spec = tools::spec(can, tool)?;
    w.begin_object();
    w.field("name", &tool.name);
    w.opt_field("description", spec.description.as_deref());
    w.member("input_schema", spec.schema.view());
    if let Some(strict) = spec.strict {
        w.key("strict").bool(strict);
    }
    if let Some(point) = tool.cache_point.filter(|_| !can.lacks(Capability::PromptCaching)) {
        cache_control(w, point);
    }
    tool.extra.iter().for_each(|(key, value)| w.member(key, value.view()));
    w.end_object();
    Ok(())
}

/// Writes `output_config`. It is merged with an `output_config` in `model_kwargs`.
fn write_output(w: &mut Writer, thinking: &ThinkingFields<'_>, options: &ChatOptions) -> Result<()> {
    if thinking.effort.is_none() && options.response_format.is_none() {
        return Ok(());
    }
    w.object("output_config");
    w.opt_field("effort", thinking.effort);
    if let Some(format) = &options.response_format {
        w.object("format");
        w.field("type", "json_schema");
        let schema = tools::format_schema(format)?;
        let description = format.description.as_deref().unwrap_or_default();
        w.member("schema", tools::described(schema, description).view());
        w.end_object();
    }
    w.end_object();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;
    use crate::message::{Message, RedactedThinking, Role, Thinking, ToolCall};

    fn answer(messages: &[Message]) -> Json {
        let model = ModelId::parse("anthropic.claude-sonnet-4-6").unwrap();
        let body = Json::written(body(&model, &ChatRequest::new(messages), Mode::Invoke, Api::Invoke).unwrap().writer);
        let turn = body.view().get("messages").unwrap().items().nth(1).unwrap();
        let types = turn.get("content").unwrap().items().map(|block| block.get("type").unwrap().raw());
        Json::parse(&format!("[{}]", types.collect::<Vec<_>>().join(","))).unwrap()
    }

    #[test]
    fn turn_with_reasoning_begins_with_reasoning() {
        let thinking =
            Content::Thinking(Thinking { text: "hm".into(), signature: Some("s".into()), ..Thinking::default() });
        let redacted = Content::RedactedThinking(RedactedThinking { data: "d".into() });
        let call = Content::ToolCall(ToolCall::new("1", "f", Json::empty_object()));
        let human = Message::human("a");
        let second = Message::new(Role::Ai, [redacted, thinking.clone(), call.clone()]);
        assert_eq!(
            answer(&[human.clone(), Message::ai("b"), second]),
            serde_json::json!(["redacted_thinking", "thinking", "text", "tool_use"])
        );
        let interleaved = Message::new(Role::Ai, [thinking.clone(), Content::text("b"), thinking, call]);
        assert_eq!(answer(&[human, interleaved]), serde_json::json!(["thinking", "text", "thinking", "tool_use"]));
    }
}
