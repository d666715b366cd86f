//! Input items: a conversation in the format of the Responses API.

use std::cell::Cell;

use super::words::{CUSTOM_CALL, REFUSAL, original_id, sent_id};
use crate::api::Service;
use crate::capabilities::{Capabilities, Capability};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, View, Writer};
use crate::message::{Content, Document, Media, MediaSource, Message, Text, Thinking, ToolCall, ToolResult};
use crate::model::ModelId;
use crate::provider::repair::{Conversation, RawShape, Side, Turn, is_reasoning, is_sendable_reasoning};
use crate::provider::{media, words};

const FORMAT: &str = "the Responses API's";

/// An encoder for the items of one call.
pub(super) struct Encoder<'a> {
    model: &'a ModelId,
    can: Capabilities,
    service: Service,
    /// The calls of the conversation.
    calls: Vec<(&'a str, bool)>,
    /// The ids of items whose reasoning is not sent. The API refuses an item without "its required reasoning item",
    /// which the API finds by the id.
    without_reasoning: Vec<&'a Json>,
    /// The number of files so far, to make names.
    files: Cell<usize>,
}

impl<'a> Encoder<'a> {
    pub(super) fn new(
        model: &'a ModelId,
        can: Capabilities,
        service: Service,
        messages: &'a [Message],
        conversation: &'a Conversation<'_>,
    ) -> Self {
        let mut calls = Vec::new();
        for block in conversation.turns.iter().flat_map(|turn| &turn.blocks) {
            if let Content::ToolCall(call) = &**block {
                calls.push((call.id.as_str(), is_custom(call)));
            }
        }
        let is_unsent = |block: &Content| is_reasoning(block) && !is_sendable_reasoning(block, RawShape::Items, can);
        let mut without_reasoning = Vec::new();
        for message in messages.iter().filter(|message| message.content.iter().any(is_unsent)) {
            without_reasoning.extend(message.tool_calls().filter_map(|call| extra(&call.extra, "id")));
        }
        Self { model, can, service, calls, without_reasoning, files: Cell::new(0) }
    }

    /// Writes all items into an open array. System messages are items, too: they keep their position, and
    /// `instructions` is free for the caller. All recorded clients send them in this way.
    pub(super) fn write(&self, w: &mut Writer, conversation: &Conversation<'_>) -> Result<()> {
        self.write_message(w, "system", &conversation.system)?;
        conversation.turns.iter().try_for_each(|turn| self.write_turn(w, turn))
    }

    fn write_turn(&self, w: &mut Writer, turn: &Turn<'_>) -> Result<()> {
        let mut said: Vec<&Content> = Vec::new();
        for block in &turn.blocks {
            let block: &Content = block;
            let is_said = match block {
                Content::ToolCall(_) | Content::ToolResult(_) | Content::Thinking(_) => false,
                // The API caches only parts of the user's messages.
                Content::CachePoint(_) if turn.side == Side::Assistant => continue,
                Content::Raw(raw) => is_part(kind_of(raw.block.view())?),
                _ => true,
            };
            if is_said {
                said.push(block);
                continue;
            }
            self.flush(w, turn.side, &mut said)?;
            match block {
                Content::ToolCall(call) => self.write_call(w, call),
                Content::ToolResult(result) => self.write_result(w, result)?,
                Content::Thinking(thinking) => write_reasoning(w, thinking),
                Content::Raw(raw) => w.raw(raw.block.view()),
                _ => {}
            }
        }
        self.flush(w, turn.side, &mut said)
    }

    /// Writes the blocks so far as messages.
    fn flush(&self, w: &mut Writer, side: Side, said: &mut Vec<&Content>) -> Result<()> {
        let blocks = std::mem::take(said);
        match side {
            Side::Assistant => self.write_answer(w, &blocks),
            side => self.write_message(w, side.as_str(), &blocks),
        }
    }

    /// Writes a message of the user or the system.
    fn write_message(&self, w: &mut Writer, role: &str, blocks: &[&Content]) -> Result<()> {
        if blocks.iter().all(|block| block.is_cache_point()) {
            return Ok(());
        }
        w.begin_object();
        w.field("role", role);
        w.key("content");
        self.write_parts(w, blocks)?;
        w.end_object();
        Ok(())
    }

    /// Writes a value: a text alone as a string, and other blocks as parts.
    fn write_parts(&self, w: &mut Writer, blocks: &[&Content]) -> Result<()> {
        if let [block] = blocks
            && let Some(text) = words::text_of(block)
        {
            w.string(text);
            return Ok(());
        }
        w.begin_array();
        let mut rest = blocks;
        while let [block, behind @ ..] = rest {
            let points = behind.iter().take_while(|block| block.is_cache_point()).count();
            rest = behind.get(points..).unwrap_or_default();
            if block.is_cache_point() {
                continue;
            }
            // A cache point is written as a member of the part before it.
            self.write_part(w, block, points > 0 && self.can.has(Capability::PromptCaching))?;
        }
        w.end_array();
        Ok(())
    }

    fn write_part(&self, w: &mut Writer, block: &Content, is_cached: bool) -> Result<()> {
        if let Content::Raw(raw) = block {
            w.raw(raw.block.view());
            return Ok(());
        }
        w.begin_object();
        match block {
            Content::Image(image) => self.write_image(w, image)?,
            Content::Document(document) => self.write_file(w, document)?,
            block => {
                let text = words::text_of(block).ok_or_else(|| words::unsupported(block, self.model, FORMAT))?;
                w.field("type", "input_text");
                w.field("text", text);
            }
        }
        if is_cached {
            w.object("prompt_cache_breakpoint");
            w.field("mode", "explicit");
            w.end_object();
        }
        w.end_object();
        Ok(())
    }

    fn write_image(&self, w: &mut Writer, image: &Media) -> Result<()> {
        if self.can.lacks(Capability::Images) {
            let why = "does not accept images; leave them out, or use another model";
            return Err(words::refused(ErrorKind::Unsupported, self.model, why));
        }
        w.field("type", "input_image");
        w.opt_field("detail", image.detail.as_deref());
        w.key("image_url");
        if self.write_address(w, &image.source, "an image")? {
            return Ok(());
        }
        let format = media::format_with_detail(media::IMAGES, "an image", image)?;
        media::write_data_url(w, format.media_type(), &image.source, "an image")
    }

    fn write_file(&self, w: &mut Writer, document: &Document) -> Result<()> {
        const WHAT: &str = "a document";
        if document.citations || document.context.is_some() {
            let why = "does not accept `citations` and `context` of documents over the Responses API; leave them unset";
            return Err(words::refused(ErrorKind::Unsupported, self.model, why));
        }
        self.files.set(self.files.get() + 1);
        w.field("type", "input_file");
        if let MediaSource::Url(url) = &document.source
            && self.service == Service::Mantle
        {
            w.field("file_url", url);
            return Ok(());
        }
        let media_type = media::type_of(&document.media_type, &document.source, WHAT)?;
        let format = media::find(media::DOCUMENTS, WHAT, &media_type)?;
        let name = document.name.clone().unwrap_or_else(|| format!("document-{}", self.files.get()));
        // The service reads the type of a file from the extension of its name.
        let has_end = name.rsplit_once('.').is_some_and(|(_, end)| !end.is_empty() && end.len() <= 5);
        w.field("filename", &if has_end { name } else { [&name, ".", format.name].concat() });
        w.key("file_data");
        let text = match &document.source {
            MediaSource::Text(text) => text.clone(),
            MediaSource::Blocks(texts) => texts.join("\n\n"),
            source => return media::write_data_url(w, format.media_type(), source, WHAT),
        };
        media::write_data_url(w, format.media_type(), &MediaSource::Bytes(text.into_bytes().into()), WHAT)
    }

    /// Writes the address of media; returns `false` if they are in memory.
    fn write_address(&self, w: &mut Writer, source: &MediaSource, what: &str) -> Result<bool> {
        match source {
            // The runtime accepts only `data:` and `s3://`; on mantle the service decides.
            MediaSource::Url(url) if self.service == Service::Mantle => w.string(url),
            MediaSource::S3 { uri, bucket_owner: None } => w.string(uri),
            MediaSource::S3 { .. } => {
                return Err(Error::of(
                    ErrorKind::Unsupported,
                    format_args!(
                        "{what} in S3 has a `bucket_owner`, which the Responses API does not support; leave it unset"
                    ),
                ));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Writes the model's text. Consecutive blocks with the same extra members share a message.
    fn write_answer(&self, w: &mut Writer, blocks: &[&Content]) -> Result<()> {
        let mut rest = blocks;
        while let [first, ..] = rest {
            let extra = message_members(first);
            let length = rest.iter().take_while(|block| message_members(block) == extra).count();
            let (same, others) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            self.write_answer_message(w, &extra, same)?;
            rest = others;
        }
        Ok(())
    }

    fn write_answer_message(&self, w: &mut Writer, extra: &[&(String, Json)], parts: &[&Content]) -> Result<()> {
        w.begin_object();
        if !extra.is_empty() {
            w.field("type", "message");
        }
        w.field("role", "assistant");
        for (key, value) in extra.iter().filter(|(key, _)| !["type", "role", "content"].contains(&key.as_str())) {
            w.member(key, value.view());
        }
        w.key("content");
        match parts {
            [Content::Text(Text { text, citations, extra })] if citations.is_empty() && extra.is_empty() => {
                w.string(text)
            }
            parts => {
                w.begin_array();
                for part in parts {
                    self.write_answer_part(w, part)?;
                }
                w.end_array();
            }
        }
        w.end_object();
        Ok(())
    }

    fn write_answer_part(&self, w: &mut Writer, block: &Content) -> Result<()> {
        if let Content::Raw(raw) = block {
            w.raw(raw.block.view());
            return Ok(());
        }
        let text = words::text_of(block).ok_or_else(|| words::unsupported(block, self.model, FORMAT))?;
        w.begin_object();
        match block {
            Content::Text(Text { extra: members, .. }) if extra(members, REFUSAL).is_some() => {
                w.field("type", "refusal");
                w.field("refusal", text);
            }
            block => {
                w.field("type", "output_text");
                w.field("text", text);
                w.array("annotations");
                if let Content::Text(text) = block {
                    text.citations.iter().for_each(|citation| w.raw(citation.view()));
                }
                w.end_array();
            }
        }
        w.end_object();
        Ok(())
    }

    fn write_call(&self, w: &mut Writer, call: &ToolCall) {
        let is_custom = is_custom(call);
        w.begin_object();
        w.field("type", if is_custom { CUSTOM_CALL } else { "function_call" });
        for (key, value) in &call.extra {
            let is_orphan = key == "id" && self.without_reasoning.contains(&value);
            if key != "type" && !is_orphan {
                w.member(key, value.view());
            }
        }
        w.field("call_id", &sent_id(&call.id));
        w.field("name", &words::call_name(&call.name));
        match call.args.view().get("input").and_then(View::str) {
            Some(input) if is_custom => w.field("input", &input),
            _ if is_custom => w.field("input", call.args.as_str()),
            _ => w.field("arguments", call.args.as_str()),
        }
        w.end_object();
    }

    fn write_result(&self, w: &mut Writer, result: &ToolResult) -> Result<()> {
        let call = self.calls.iter().find(|(id, _)| *id == result.tool_call_id);
        w.begin_object();
        let is_custom = call.is_some_and(|(_, custom)| *custom);
        w.field("type", if is_custom { "custom_tool_call_output" } else { "function_call_output" });
        let id = if call.is_some() { &result.tool_call_id } else { original_id(&result.tool_call_id) };
        w.field("call_id", &sent_id(id));
        w.key("output");
        let blocks: Vec<&Content> = result.content.iter().filter(|block| !block.is_cache_point()).collect();
        match blocks.split_first().and_then(|(first, rest)| Some((words::text_of(first)?, rest))) {
            // The format has no field for a failed call, so the text must say it.
            Some((text, rest)) if result.is_error => {
                let failed = Content::text(words::failed(text));
                let blocks: Vec<&Content> = std::iter::once(&failed).chain(rest.iter().copied()).collect();
                self.write_parts(w, &blocks)?;
            }
            _ => self.write_parts(w, &blocks)?,
        }
        w.end_object();
        Ok(())
    }
}

/// Returns the members of the message that a text belongs to.
fn message_members(block: &Content) -> Vec<&(String, Json)> {
    match block {
        Content::Text(text) => text.extra.iter().filter(|(key, _)| key != REFUSAL).collect(),
        _ => Vec::new(),
    }
}

/// Returns one of the further members of a block.
fn extra<'a>(members: &'a [(String, Json)], key: &str) -> Option<&'a Json> {
    members.iter().find(|(known, _)| known == key).map(|(_, value)| value)
}

fn is_custom(call: &ToolCall) -> bool {
    extra(&call.extra, "type").is_some_and(|kind| kind.view().word() == CUSTOM_CALL)
}

/// Returns the type of a raw block.
///
/// # Errors
/// `Encode`, if there is no type.
fn kind_of(block: View<'_>) -> Result<&str> {
    match block.word_at("type") {
        "" => Err(Error::new(
            ErrorKind::Encode,
            "a raw block has no `type`, so it is not in the format of the Responses API; use the Converse API for it",
        )),
        kind => Ok(kind),
    }
}

/// Returns whether a type names a part of a message rather than an item.
fn is_part(kind: &str) -> bool {
    kind.starts_with("input_") || matches!(kind, "output_text" | "refusal")
}

/// Writes reasoning as it arrived: with its id, its parts and its encrypted content.
fn write_reasoning(w: &mut Writer, thinking: &Thinking) {
    w.begin_object();
    w.field("type", "reasoning");
    for (key, value) in thinking.extra.iter().filter(|(key, _)| key != "type" && key != "encrypted_content") {
        w.member(key, value.view());
    }
    if extra(&thinking.extra, "summary").is_none() {
        w.array("summary");
        if !thinking.text.is_empty() && extra(&thinking.extra, "content").is_none() {
            w.begin_object();
            w.field("type", "summary_text");
            w.field("text", &thinking.text);
            w.end_object();
        }
        w.end_array();
    }
    w.opt_field("encrypted_content", thinking.signature.as_deref());
    w.end_object();
}
