//! Content blocks in Converse's format, which is also Nova's.

use std::borrow::Cow;
use std::fmt;

use super::names::Names;
use super::{Shape, fields};
use crate::capabilities::{Capabilities, Capability};
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Kind, View, Writer};
use crate::message::{CachePoint, Content, Document, Media, MediaSource, Text, ToolReference, ToolResult};
use crate::model::ModelId;
use crate::provider::guard::write_guard;
use crate::provider::media::{self, Format};
use crate::provider::repair::{Block, is_tool_block};
use crate::provider::words::{call_id, call_name, short_call_id};
use crate::text::join;

/// The formats of text documents.
const TEXTS: &[&str] = &["txt", "md", "html", "csv"];

/// A writer for the blocks of a conversation.
pub(super) struct Blocks<'a> {
    pub(super) w: &'a mut Writer,
    pub(super) model: &'a ModelId,
    pub(super) can: Capabilities,
    pub(super) shape: Shape,
    pub(super) names: Names,
}

/// Returns whether a cache point can follow a block. It cannot follow reasoning, which is sent exactly as it was
/// signed, or a document whose text the service extracts. Nova does not accept a point after tool blocks, also if they
/// are raw.
pub(super) fn takes_point(model: &ModelId, block: &Content) -> bool {
    match block {
        Content::Document(document) => media::essence(&document.media_type).ends_with("pdf"),
        Content::Thinking(_) | Content::RedactedThinking(_) => false,
        Content::ToolCall(_) | Content::ToolResult(_) => !fields::is_nova(model),
        Content::Raw(raw) => !fields::is_nova(model) || !is_tool_block(raw.block.view()),
        _ => true,
    }
}

fn encode(message: fmt::Arguments<'_>) -> Error {
    Error::of(ErrorKind::Encode, message)
}

impl Blocks<'_> {
    /// Writes blocks as an array.
    pub(super) fn list(&mut self, blocks: &[&Content]) -> Result<()> {
        self.w.begin_array();
        let mut rest = blocks;
        while let [block, behind @ ..] = rest {
            let block = *block;
            rest = behind;
            let mut point = None;
            while let [Content::CachePoint(next), behind @ ..] = rest {
                point = Some(*next);
                rest = behind;
            }
            // A point without a block before it has nothing to cache.
            if block.is_cache_point() {
                continue;
            }
            // Nova has only one lifetime, and no field for it.
            point = point.map(|point| if fields::is_nova(self.model) { CachePoint { ttl: None } } else { point });
            // In Converse a point is a separate block, in Nova's format a member of the block before it.
            let inside = if self.shape == Shape::Nova { point.take() } else { None };
            self.w.begin_object();
            self.block(block)?;
            if let Some(point) = inside {
                cache_point(self.w, point);
            }
            self.w.end_object();
            if let Some(point) = point {
                self.w.begin_object();
                cache_point(self.w, point);
                self.w.end_object();
            }
        }
        self.w.end_array();
        Ok(())
    }

    /// Writes the single member of a block.
    fn block(&mut self, block: &Content) -> Result<()> {
        match block {
            Content::Text(text) => self.text(text),
            Content::Image(image) => {
                if self.can.lacks(Capability::Images) {
                    return Err(Error::of(
                        ErrorKind::Unsupported,
                        format_args!("{} does not accept images; leave them out, or use another model", self.model),
                    ));
                }
                let format = media::image_format(media::IMAGES, "image", image)?;
                if fields::is_claude(self.model) {
                    media::check_size(&image.source, media::CLAUDE_IMAGE, "an image")?;
                }
                self.media_of("image", format, image)?;
            }
            Content::Video(video) => self.media("video", media::VIDEOS, video)?,
            Content::Audio(audio) => self.media("audio", media::AUDIO, audio)?,
            Content::Document(document) => self.document(document)?,
            Content::Thinking(thinking) => {
                self.w.object("reasoningContent");
                self.w.object("reasoningText");
                self.w.field("text", &thinking.text);
                self.w.opt_field("signature", thinking.signature.as_deref());
                self.end(2);
            }
            Content::RedactedThinking(redacted) => {
                self.w.object("reasoningContent");
                self.w.field("redactedContent", &redacted.data);
                self.end(1);
            }
            Content::ToolCall(call) => {
                self.w.object("toolUse");
                self.w.field("toolUseId", &self.id(&call.id));
                self.w.field("name", &call_name(&call.name));
                self.w.key("input");
                match call.args.view() {
                    args if args.kind() == Kind::Object => self.w.raw(args),
                    // The API accepts objects only; a call without arguments has an empty object.
                    _ => self.w.raw(Json::empty_object().view()),
                }
                self.end(1);
            }
            Content::ToolResult(result) => self.tool_result(result)?,
            Content::Guard(guard) => {
                self.native_takes_no("guard content")?;
                self.w.object("guardContent");
                write_guard(self.w, guard)?;
                self.end(1);
            }
            Content::SearchResult(found) => {
                self.native_takes_no("a search result")?;
                self.w.object("searchResult");
                self.w.field("source", &found.source);
                self.w.field("title", &found.title);
                self.w.key("content");
                text_list(self.w, &found.content);
                self.citations_switch(found.citations);
                self.end(1);
            }
            Content::Json(json) => self.w.field("text", json.value.as_str()),
            Content::ToolAddition(tool) => self.tool_change("toolAddition", tool)?,
            Content::ToolRemoval(tool) => self.tool_change("toolRemoval", tool)?,
            Content::Raw(raw) => self.raw(raw.block.view())?,
            // Repair has dropped invalid calls, and `list` writes cache points.
            Content::InvalidToolCall(_) | Content::CachePoint(_) => {}
        }
        Ok(())
    }

    /// Returns the id of a tool call as the model accepts it.
    fn id(&self, id: &str) -> String {
        if fields::of(self.model).short_ids { short_call_id(id) } else { call_id(id) }
    }

    fn end(&mut self, objects: usize) {
        for _ in 0..objects {
            self.w.end_object();
        }
    }

    fn unsupported(&self, what: &str) -> Error {
        Error::of(
            ErrorKind::Unsupported,
            format_args!("{} does not accept {what} in its native format; use the Converse API", self.model),
        )
    }

    /// Checks that the model accepts media from S3.
    ///
    /// See [supported models](https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-supported-models-features.html).
    fn check_s3(&self, what: &str, source: &MediaSource) -> Result<()> {
        if !matches!(source, MediaSource::S3 { .. }) || !self.can.lacks(Capability::MediaInS3) {
            return Ok(());
        }
        Err(Error::of(
            ErrorKind::Unsupported,
            format_args!("{} does not accept {what} from S3; send its bytes, or use Amazon Nova", self.model),
        ))
    }

    fn native_takes_no(&self, what: &str) -> Result<()> {
        if self.shape == Shape::Nova { Err(self.unsupported(what)) } else { Ok(()) }
    }

    /// Writes text with its citations. Citations of another API are left out.
    fn text(&mut self, text: &Text) {
        let ours = |citation: &&Json| citation.view().get("type").is_none();
        if self.shape == Shape::Nova || !text.citations.iter().any(|citation| ours(&citation)) {
            return self.w.field("text", &text.text);
        }
        self.w.object("citationsContent");
        self.w.key("content");
        text_list(self.w, std::slice::from_ref(&text.text));
        self.w.array("citations");
        text.citations.iter().filter(ours).for_each(|citation| self.w.raw(citation.view()));
        self.w.end_array();
        self.end(1);
    }

    fn media(&mut self, kind: &str, formats: &'static [Format], media: &Media) -> Result<()> {
        self.media_of(kind, media::declared(formats, kind, media)?, media)
    }

    fn media_of(&mut self, kind: &str, format: &Format, media: &Media) -> Result<()> {
        self.w.object(kind);
        self.w.field("format", format.name);
        self.check_s3(kind, &media.source)?;
        write_source(self.w, &media.source, kind)?;
        self.end(1);
        Ok(())
    }

    fn document(&mut self, document: &Document) -> Result<()> {
        self.native_takes_no("a document")?;
        let mut format = document_format(document)?;
        let mut source = Cow::Borrowed(&document.source);
        // The service accepts text as a string only to cite from it, and only as `txt`. It cannot cite from text that
        // is sent as bytes.
        match &document.source {
            MediaSource::Text(text) if !document.citations => {
                source = Cow::Owned(MediaSource::Bytes(text.clone().into()));
            }
            MediaSource::Blocks(texts) if !document.citations => {
                source = Cow::Owned(MediaSource::Bytes(join(&mut texts.iter().map(String::as_str), "\n").into()));
            }
            MediaSource::Text(_) | MediaSource::Blocks(_) => format = "txt",
            MediaSource::Bytes(bytes) if document.citations && TEXTS.contains(&format) => {
                (format, source) = ("txt", Cow::Owned(as_text(bytes.to_vec())?));
            }
            MediaSource::Base64(base64) if document.citations && TEXTS.contains(&format) => {
                (format, source) = ("txt", Cow::Owned(as_text(media::decoded(base64, "a document")?)?));
            }
            _ => {}
        }
        if fields::limits_documents(self.model, format) {
            media::check_size(&source, media::CONVERSE_DOCUMENT, "a document")?;
        }
        self.check_s3("document", &source)?;
        self.w.object("document");
        self.w.field("format", format);
        self.w.field("name", &self.names.next(document.name.as_deref(), format));
        match &*source {
            MediaSource::Text(text) => {
                self.w.object("source");
                self.w.field("text", text);
                self.end(1);
            }
            MediaSource::Blocks(texts) => {
                self.w.object("source");
                self.w.key("content");
                text_list(self.w, texts);
                self.end(1);
            }
            source => write_source(self.w, source, "a document")?,
        }
        self.w.opt_field("context", document.context.as_deref());
        self.citations_switch(document.citations);
        self.end(1);
        Ok(())
    }

    fn citations_switch(&mut self, on: bool) {
        if on {
            self.w.object("citations");
            self.w.key("enabled").bool(true);
            self.end(1);
        }
    }

    fn tool_result(&mut self, result: &ToolResult) -> Result<()> {
        self.w.object("toolResult");
        self.w.field("toolUseId", &self.id(&result.tool_call_id));
        self.w.array("content");
        for block in &result.content {
            self.w.begin_object();
            match block {
                Content::Text(text) => self.w.field("text", &text.text),
                Content::Json(json) => write_json(self.w, json.value.view()),
                Content::Image(_)
                | Content::Video(_)
                | Content::Document(_)
                | Content::SearchResult(_)
                | Content::Raw(_) => self.block(block)?,
                _ => {
                    return Err(encode(format_args!(
                        "the result of tool call `{}` has a block of another kind than text, JSON, images, video, documents and search results; leave it out",
                        crate::json::quoted(&result.tool_call_id)
                    )));
                }
            }
            self.w.end_object();
        }
        self.w.end_array();
        if result.is_error {
            self.w.field("status", "error");
        }
        self.end(1);
        Ok(())
    }

    fn tool_change(&mut self, kind: &str, tool: &ToolReference) -> Result<()> {
        self.native_takes_no("a change of its tools")?;
        self.w.object(kind);
        self.w.object("tool");
        self.w.opt_field("type", tool.reference_type.as_deref());
        self.w.field("name", &tool.name);
        self.w.opt_field("serverName", tool.server_name.as_deref());
        self.end(2);
        Ok(())
    }

    /// Writes the members of a raw block. Anthropic's blocks are refused here, as the service's own refusal is
    /// unclear.
    fn raw(&mut self, block: View<'_>) -> Result<()> {
        let shape = "send an object with one member, such as {\"toolUse\": {…}}";
        if !block.has_members() {
            return Err(encode(format_args!("a raw block has no members: it is a JSON {:?}; {shape}", block.kind())));
        }
        if block.get("type").and_then(View::str).is_some() {
            return Err(encode(format_args!(
                "a raw block of type `{}` is in Anthropic's format; send it over InvokeModel, or as an object with one member",
                block.word_at("type")
            )));
        }
        for (key, value) in block.raw_entries() {
            self.w.raw_member(key, value);
        }
        Ok(())
    }
}

/// Moves the cache points inside results to the position after the results, as the format has no cache points in
/// results. The last point is used.
pub(super) fn without_inner_points<'a>(blocks: Vec<Block<'a>>) -> Vec<Block<'a>> {
    let mut out = Vec::with_capacity(blocks.len());
    for block in blocks {
        let inner = match &*block {
            Content::ToolResult(result) => result.content.iter().rev().find(|block| block.is_cache_point()).cloned(),
            _ => None,
        };
        match (&*block, inner) {
            (Content::ToolResult(result), Some(point)) => {
                out.push(Block::result_without(result, Content::is_cache_point));
                out.push(Block::new(point));
            }
            _ => out.push(block),
        }
    }
    out
}

/// Writes a cache point as a member of an open object.
pub(super) fn cache_point(w: &mut Writer, point: CachePoint) {
    w.object("cachePoint");
    w.field("type", "default");
    w.opt_field("ttl", point.ttl.map(|ttl| ttl.as_str()));
    w.end_object();
}

fn text_list(w: &mut Writer, texts: &[String]) {
    w.begin_array();
    for text in texts {
        w.begin_object();
        w.field("text", text);
        w.end_object();
    }
    w.end_array();
}

/// Writes the JSON of a tool result, which must be an object. Another value is written as the member `result` of an
/// object.
fn write_json(w: &mut Writer, value: View<'_>) {
    w.key("json");
    if value.kind() == Kind::Object {
        return w.raw(value);
    }
    w.begin_object();
    w.member("result", value);
    w.end_object();
}

fn write_source(w: &mut Writer, source: &MediaSource, what: &str) -> Result<()> {
    w.object("source");
    match source {
        MediaSource::S3 { uri, bucket_owner } => {
            w.object("s3Location");
            w.field("uri", uri);
            w.opt_field("bucketOwner", bucket_owner.as_deref());
            w.end_object();
        }
        MediaSource::Text(_) | MediaSource::Blocks(_) => {
            return Err(encode(format_args!("the source of {what} is text; set its bytes, or its URI in S3")));
        }
        source => {
            w.key("bytes");
            media::write_base64(w, source, what)?;
        }
    }
    w.end_object();
    Ok(())
}

/// Returns the format of a document. Other types of text are sent as `txt`.
fn document_format(document: &Document) -> Result<&'static str> {
    let is_text = matches!(document.source, MediaSource::Text(_) | MediaSource::Blocks(_));
    let media_type = media::type_of(&document.media_type, &document.source, "a document")?;
    match media::find(media::DOCUMENTS, "a document", &media_type) {
        Ok(format) if !is_text || TEXTS.contains(&format.name) => Ok(format.name),
        Err(error) if !is_text && !media::essence(&media_type).starts_with("text/") => Err(error),
        _ => Ok("txt"),
    }
}

/// Returns a text document that was passed as bytes, as a string.
fn as_text(bytes: Vec<u8>) -> Result<MediaSource> {
    String::from_utf8(bytes).map(MediaSource::Text).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        encode(format_args!(
            "a text document to cite from is not UTF-8 at byte {at}; convert it, or switch `citations` off"
        ))
    })
}
