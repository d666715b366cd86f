//! An encoder for requests of text completion.

use super::{PromptMedia, Row, Streams, video};
use crate::api::Api;
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, View, Writer};
use crate::message::{Content, Media, Message};
use crate::model::ModelId;
use crate::provider::facts;
use crate::provider::media::{self, IMAGES};
use crate::provider::repair::{RawShape, Side, repair};
use crate::provider::template::PromptPart;
use crate::provider::{Call, Mode, invoke};
use crate::request::{ChatOptions, ChatRequest, Reasoning};
use crate::text::{self, has};

/// The advice for a feature that a format does not have.
const ADVICE: &str = "leave it out, or use the Converse API if the model supports it there";

pub(super) fn call(row: &Row, model: &ModelId, request: &ChatRequest, mode: Mode) -> Result<Call> {
    check(row, model, &request.options)?;
    let mut w = Writer::new();
    w.begin_object();
    if request.raw {
        w.field(row.prompt, &raw(row, request)?);
    } else {
        write_conversation(&mut w, row, model, request)?;
    }
    let mode = if row.streams == Streams::No { Mode::Invoke } else { mode };
    // The crate's own maximum is only a default, so the caller may replace it.
    let defaults: &[&str] = if request.options.max_tokens.is_none() { &[row.max_tokens] } else { &[] };
    if let (Some(path), Some(format)) = (row.schema, &request.options.response_format) {
        video::write_format(&mut w, path, format);
    }
    let Some(config) = row.config else {
        write_parameters(&mut w, row, &request.options);
        if row.streams == Streams::Asked && mode == Mode::Stream {
            w.key("stream").bool(true);
        }
        w.end_object();
        return invoke::call(model, request, mode, w, defaults);
    };
    let mut inner = Writer::new();
    inner.begin_object();
    write_parameters(&mut inner, row, &request.options);
    inner.end_object();
    let mut inner = Json::written(inner);
    let mut outer = None;
    if let Some(kwargs) = &request.options.model_kwargs {
        // The caller's parameters next to the object with the other parameters.
        let is_outer = |key: &str| key == row.prompt || key == config || key.starts_with("amazon-bedrock-");
        inner = invoke::with_kwargs(inner.view(), members(kwargs.view(), &|key| !is_outer(key)).view(), defaults)?;
        outer = Some(members(kwargs.view(), &is_outer));
    }
    if inner.view().has_members() {
        w.member(config, inner.view());
    }
    w.end_object();
    invoke::call_with(model, &request.options, mode, w, outer.as_ref().map(Json::view), &[])
}

fn members(object: View<'_>, wanted: &dyn Fn(&str) -> bool) -> Json {
    let mut w = Writer::new();
    w.begin_object();
    for (key, value) in object.raw_entries().filter(|(key, _)| wanted(key)) {
        w.raw_member(key, value);
    }
    w.end_object();
    Json::written(w)
}

fn cannot(model: &ModelId, what: &str) -> Error {
    Error::of(ErrorKind::Unsupported, format_args!("{model} does not accept {what} in its native format; {ADVICE}"))
}

/// Refuses options that the format has no name for.
fn check(row: &Row, model: &ModelId, options: &ChatOptions) -> Result<()> {
    if !row.reasoning.tags.is_empty() && options.reasoning.is_some() {
        return Err(Error::of(
            ErrorKind::Unsupported,
            format_args!(
                "{model} always reasons, and its native format has no option for it; leave `reasoning` unset, or use the Converse API"
            ),
        )
        .with_field("reasoning"));
    }
    let reasoning_fits = !options.reasoning.as_ref().is_some_and(Reasoning::is_on);
    let field = if !options.tools.is_empty() {
        "tools"
    } else if !options.stop.is_empty() && row.stop.is_none() {
        "stop"
    } else if options.top_p.is_some() && row.top_p.is_none() {
        "top_p"
    } else if options.top_k.is_some() && row.top_k.is_none() {
        "top_k"
    } else if options.response_format.is_some() && row.schema.is_none() {
        "response_format"
    } else if !reasoning_fits {
        "reasoning"
    } else if options.reasoning_display.is_some() {
        "reasoning_display"
    } else if !options.anthropic_beta.is_empty() {
        "anthropic_beta"
    } else {
        return Ok(());
    };
    Err(cannot(model, &["`", field, "`"].concat()).with_field(field))
}

fn write_parameters(w: &mut Writer, row: &Row, options: &ChatOptions) {
    w.opt_u64(row.max_tokens, options.max_tokens.or(row.default_max_tokens));
    w.opt_f64("temperature", options.temperature);
    if let Some(key) = row.top_p {
        w.opt_f64(key, options.top_p);
    }
    if let Some(key) = row.top_k {
        w.opt_u64(key, options.top_k);
    }
    if let Some(key) = row.stop {
        w.strings(key, &options.stop);
    }
}

/// Returns the caller's raw prompt.
fn raw(row: &Row, request: &ChatRequest) -> Result<String> {
    let prompt: String = request.messages.iter().map(Message::text).collect();
    if prompt.trim().is_empty() {
        return Err(Error::new(ErrorKind::Encode, "the prompt is empty; add text to complete"));
    }
    Ok(match row.frame {
        Some((before, behind)) if !has(&prompt, before.trim_end()) => {
            text::join(&mut [before, &prompt, behind].into_iter(), "")
        }
        _ => prompt,
    })
}

fn write_conversation(w: &mut Writer, row: &Row, model: &ModelId, request: &ChatRequest) -> Result<()> {
    let conversation = repair(&request.messages, facts::target(model, Api::Invoke, RawShape::None, &request.options))?;
    let mut system = Vec::new();
    for block in &conversation.system {
        if let Some(text) = text(block, model)? {
            join(&mut system, text);
        }
    }
    let mut turns: Vec<(Side, Vec<PromptPart>)> = Vec::new();
    let mut all_media: Vec<&Media> = Vec::new();
    for turn in &conversation.turns {
        let mut parts = match turns.pop() {
            // The turn between the two turns had nothing that can be sent.
            Some((side, parts)) if side == turn.side => parts,
            before => {
                turns.extend(before);
                Vec::new()
            }
        };
        for block in &turn.blocks {
            match (&**block, row.media) {
                (Content::Image(image), PromptMedia::Images(_)) if turn.side == Side::User => {
                    all_media.push(image);
                    parts.push(PromptPart::Image);
                }
                (Content::Video(video), PromptMedia::Video(_)) if turn.side == Side::User => all_media.push(video),
                (block, _) => {
                    if let Some(text) = text(block, model)? {
                        join(&mut parts, text);
                    }
                }
            }
        }
        if !parts.is_empty() {
            turns.push((turn.side, parts));
        }
    }
    if !matches!(turns.first(), Some((Side::User, _))) {
        return Err(Error::new(
            ErrorKind::Encode,
            "there is no message to reply to: the first human message has no text; add some",
        ));
    }
    let mut system = match system.into_iter().next() {
        Some(PromptPart::Text(text)) => text,
        _ => String::new(),
    };
    if let (PromptMedia::Video(_), [(_, parts)], false) = (row.media, turns.as_mut_slice(), system.is_empty()) {
        // One prompt about one video does not need labels.
        system.push_str("\n\n");
        parts.insert(0, PromptPart::Text(std::mem::take(&mut system)));
    }
    w.field(row.prompt, &row.template.render(&system, &turns));
    match row.media {
        PromptMedia::Images(key) if !all_media.is_empty() => {
            w.array(key);
            for image in all_media {
                media::image_format(IMAGES, "an image", image)?;
                media::write_base64(w, &image.source, "an image")?;
            }
            w.end_array();
        }
        PromptMedia::Video(key) => video::write(w, model, key, &all_media)?,
        _ => {}
    }
    Ok(())
}

/// Adds a text, as a new paragraph if there is text before it.
fn join(parts: &mut Vec<PromptPart>, more: &str) {
    match parts.last_mut() {
        Some(PromptPart::Text(text)) => {
            text.push_str("\n\n");
            text.push_str(more);
        }
        _ => parts.push(PromptPart::Text(more.to_owned())),
    }
}

/// Returns the text of a block, or `None` for a block that is left out.
fn text<'a>(block: &'a Content, model: &ModelId) -> Result<Option<&'a str>> {
    let what = match block {
        Content::Text(text) => return Ok(Some(&text.text)),
        Content::Thinking(_) | Content::RedactedThinking(_) | Content::CachePoint(_) => return Ok(None),
        Content::Image(_) => "images",
        Content::Audio(_) => "audio",
        Content::Video(_) => "video",
        Content::Document(_) => "documents",
        Content::ToolCall(_) | Content::InvalidToolCall(_) | Content::ToolResult(_) => "tool calls or results",
        Content::SearchResult(_) => "search results",
        Content::Guard(_) => "guard content",
        Content::ToolAddition(_) | Content::ToolRemoval(_) => "changes of its tools",
        Content::Json(_) | Content::Raw(_) => "blocks other than text",
    };
    Err(cannot(model, what))
}
