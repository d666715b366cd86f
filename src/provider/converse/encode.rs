//! An encoder for requests in Converse's format, and in Nova's.

use super::blocks::{self, Blocks};
use super::fields::Written;
use super::names::Names;
use super::{Shape, fields, tools};
use crate::error::{Error, ErrorKind, Result};
use crate::json::Writer;
use crate::message::{CachePoint, Content};
use crate::model::ModelId;
use crate::provider::Mode;
use crate::provider::anthropic::{LEFT_OUT, ThinkingFields};
use crate::provider::cache_points::{check as check_points, settle};
use crate::provider::facts;
use crate::provider::repair::{Block, Conversation, RawShape, Side, Turn, repair};
use crate::provider::tools::format_schema;
use crate::request::{ChatOptions, ChatRequest, ResponseFormat, tool_lives};

/// Writes the body of a Converse or ConverseStream call.
pub(super) fn converse(model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<(Writer, Vec<&'static str>)> {
    let options = &request.options;
    let mut w = Writer::new();
    w.begin_object();
    let written = write_conversation(&mut w, model, Shape::Converse, request)?;
    let has_tools = tools::are_sent(options);
    write_inference(&mut w, model, Shape::Converse, options)?;
    if has_tools {
        tools::write_config(&mut w, model, Shape::Converse, options)?;
    }
    write_guardrail(&mut w, options, mode);
    let mut adaptations = Vec::new();
    if written.leaves_reasoning_out {
        adaptations.push(LEFT_OUT);
    }
    if let Some(fields) = fields::additional(model, &written, options, has_tools)? {
        w.member("additionalModelRequestFields", fields.view());
    }
    w.strings("additionalModelResponseFieldPaths", &options.response_field_paths);
    if !options.prompt_variables.is_empty() {
        w.object("promptVariables");
        for (name, value) in &options.prompt_variables {
            w.object(name);
            w.field("text", value);
            w.end_object();
        }
        w.end_object();
    }
    if !options.request_metadata.is_empty() {
        w.object("requestMetadata");
        options.request_metadata.iter().for_each(|(key, value)| w.field(key, value));
        w.end_object();
    }
    single(&mut w, "performanceConfig", "latency", options.latency.map(|latency| latency.as_str()));
    w.opt_field("projectIdentifier", options.project.as_deref());
    single(&mut w, "serviceTier", "type", options.service_tier.map(|tier| tier.as_str()));
    write_output(&mut w, options.response_format.as_ref(), fields::output_effort(model, options))?;
    w.end_object();
    Ok((w, adaptations))
}

/// Writes the body of an InvokeModel call of Nova.
pub(super) fn nova(model: &ModelId, request: &ChatRequest) -> Result<Writer> {
    let options = &request.options;
    let refused = [
        ("response_format", options.response_format.is_some()),
        ("parallel_tool_calls", options.parallel_tool_calls == Some(false)),
    ];
    if let Some((name, _)) = refused.into_iter().find(|(_, set)| *set) {
        return Err(Error::of(
            ErrorKind::Unsupported,
            format_args!(
                "{model} does not accept `{name}` in its native format; leave it unset, or use the Converse API"
            ),
        )
        .with_field(name));
    }
    let mut w = Writer::new();
    w.begin_object();
    w.field("schemaVersion", "messages-v1");
    write_conversation(&mut w, model, Shape::Nova, request)?;
    let has_tools = tools::are_sent(options);
    write_inference(&mut w, model, Shape::Nova, options)?;
    if has_tools {
        tools::write_config(&mut w, model, Shape::Nova, options)?;
    }
    w.end_object();
    Ok(w)
}

/// Writes `system` and `messages`.
fn write_conversation<'a>(
    w: &mut Writer,
    model: &ModelId,
    shape: Shape,
    request: &'a ChatRequest,
) -> Result<Written<'a>> {
    let options = &request.options;
    let target = facts::target(model, shape.api(), RawShape::Keyed, options);
    let can = target.can;
    fields::check(model, can, options)?;
    let mut thinking = match fields::is_claude(model) {
        true => ThinkingFields::of(model, can, options)?,
        false => ThinkingFields::default(),
    };
    // A managed prompt has its own messages.
    if request.messages.is_empty() && model.resource_type() == Some("prompt") {
        return Ok(Written { thinking, leaves_reasoning_out: false, has_notes: false });
    }
    let mut conversation = repair(&request.messages, target)?;
    if !tools::are_sent(options) && conversation.has_tool_blocks() {
        tools::flatten(&mut conversation)?;
    }
    let leaves_reasoning_out = thinking.fit(&conversation);
    for turn in &mut conversation.turns {
        turn.blocks = blocks::without_inner_points(std::mem::take(&mut turn.blocks));
    }
    let has_tools = tools::are_sent(options);
    let mut system = settle(&mut conversation, can, has_tools, &|block| blocks::takes_point(model, block));
    if let Some(point) = tools::moved_point(model, can, options).filter(|_| has_tools) {
        move_behind_tools(&mut system, &mut conversation, point, model);
    }
    let behind_tools = options.tools.iter().filter(|_| has_tools && !fields::is_nova(model));
    check_points(model, can, &mut behind_tools.filter_map(tool_lives), &system, &conversation)?;
    let mut blocks = Blocks { w, model, can, shape, names: Names::default() };
    write_system(&mut blocks, &system)?;
    blocks.w.array("messages");
    for turn in &conversation.turns {
        check_document(turn)?;
        blocks.w.begin_object();
        blocks.w.field("role", turn.side.as_str());
        blocks.w.key("content");
        blocks.list(&turn.blocks.iter().map(|block| &**block).collect::<Vec<_>>())?;
        blocks.w.end_object();
    }
    blocks.w.end_array();
    let is_text = |block: &Block<'_>| matches!(**block, Content::Text(_));
    let has_notes = conversation.turns.iter().any(|turn| turn.side == Side::System && turn.blocks.iter().any(is_text));
    Ok(Written { thinking, leaves_reasoning_out, has_notes })
}

/// Moves the cache point of a tool to the first block after the tools that accepts one. This also covers the tools.
fn move_behind_tools<'a>(
    system: &mut Vec<Block<'a>>,
    conversation: &mut Conversation<'a>,
    point: CachePoint,
    model: &ModelId,
) {
    let parts = std::iter::once(system).chain(conversation.turns.iter_mut().map(|turn| &mut turn.blocks));
    for part in parts {
        let fits = |block: &Block<'_>| !block.is_cache_point() && blocks::takes_point(model, block);
        let Some(at) = part.iter().position(fits) else { continue };
        let is_there = part.get(at + 1).is_some_and(|next| next.is_cache_point());
        if !is_there {
            part.insert(at + 1, Block::new(Content::CachePoint(point)));
        }
        return;
    }
}

fn write_system(blocks: &mut Blocks<'_>, system: &[Block<'_>]) -> Result<()> {
    let fits = |block: &Block<'_>| {
        matches!(**block, Content::Text(_) | Content::Guard(_) | Content::CachePoint(_) | Content::Raw(_))
    };
    if !system.iter().all(fits) {
        return Err(Error::new(
            ErrorKind::Encode,
            "a system message has a block that is not text, guard content or a cache point; put it into a human message",
        ));
    }
    if !system.iter().all(|block| block.is_cache_point()) {
        blocks.w.key("system");
        blocks.list(&system.iter().map(|block| &**block).collect::<Vec<_>>())?;
    }
    Ok(())
}

/// Refuses a document in a message without text, as the service does. The crate does not invent text.
fn check_document(turn: &Turn<'_>) -> Result<()> {
    let has = |fits: fn(&Content) -> bool| turn.blocks.iter().any(|block| fits(block));
    if has(|block| matches!(block, Content::Document(_))) && !has(|block| matches!(block, Content::Text(_))) {
        return Err(Error::new(
            ErrorKind::Encode,
            "a message has a document but no text; add text that says what to do with it",
        ));
    }
    Ok(())
}

fn write_inference(w: &mut Writer, model: &ModelId, shape: Shape, options: &ChatOptions) -> Result<()> {
    let mut config = Writer::new();
    config.begin_object();
    config.opt_u64("maxTokens", options.max_tokens);
    config.opt_f64("temperature", options.temperature);
    config.opt_f64("topP", options.top_p);
    if shape == Shape::Nova {
        config.opt_u64("topK", options.top_k);
    }
    config.strings("stopSequences", &options.stop);
    if let (Shape::Nova, Some(reasoning)) = (shape, &options.reasoning) {
        fields::write_nova_reasoning(&mut config, model, reasoning)?;
    }
    config.end_object();
    let config = crate::json::Json::written(config);
    if config.view().has_members() {
        w.member("inferenceConfig", config.view());
    }
    Ok(())
}

fn write_guardrail(w: &mut Writer, options: &ChatOptions, mode: Mode) {
    let Some(guardrail) = &options.guardrail else { return };
    w.object("guardrailConfig");
    w.field("guardrailIdentifier", &guardrail.identifier);
    w.field("guardrailVersion", &guardrail.version);
    w.opt_field("trace", guardrail.trace.map(|trace| trace.as_str()));
    if mode == Mode::Stream {
        w.opt_field("streamProcessingMode", guardrail.stream_processing.map(|processing| processing.as_str()));
    }
    w.end_object();
}

fn write_output(w: &mut Writer, format: Option<&ResponseFormat>, effort: Option<&str>) -> Result<()> {
    if format.is_none() && effort.is_none() {
        return Ok(());
    }
    w.object("outputConfig");
    if let Some(format) = format {
        w.object("textFormat");
        w.field("type", "json_schema");
        w.object("structure");
        w.object("jsonSchema");
        // The schema is a string with JSON.
        w.field("schema", format_schema(format)?.as_str());
        w.opt_field("name", Some(format.name.as_str()).filter(|name| !name.is_empty()));
        w.opt_field("description", format.description.as_deref());
        w.end_object();
        w.end_object();
        w.end_object();
    }
    w.opt_field("effort", effort);
    w.end_object();
    Ok(())
}

/// Writes an object with one string member, if there is a string.
fn single(w: &mut Writer, key: &str, inner: &str, value: Option<&str>) {
    if let Some(value) = value {
        w.object(key);
        w.field(inner, value);
        w.end_object();
    }
}
