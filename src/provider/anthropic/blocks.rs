//! Content blocks in Anthropic's format.

use crate::error::{Error, ErrorKind, Result};
use crate::json::{Kind, View, Writer};
use crate::message::{CachePoint, Content, Document, MediaSource, ToolReference, ToolResult};
use crate::provider::media;
use crate::provider::words::{call_id, call_name};

/// Writes blocks as elements of an open array. A cache point becomes the `cache_control` of the block
/// before it.
pub(super) fn write_blocks(w: &mut Writer, blocks: &[&Content]) -> Result<()> {
    w.begin_array();
    let mut rest = blocks;
    while let [block, behind @ ..] = rest {
        rest = behind;
        if block.is_cache_point() {
            continue;
        }
        let mut point = None;
        while let [Content::CachePoint(next), behind @ ..] = rest {
            point = Some(*next);
            rest = behind;
        }
        write_block(w, block, point)?;
    }
    w.end_array();
    Ok(())
}

/// Returns the text of a block that can be written as a plain string: text without citations.
pub(super) fn plain_text(block: &Content) -> Option<&str> {
    match block {
        Content::Text(text) if text.citations.is_empty() => Some(&text.text),
        _ => None,
    }
}

/// Writes a cache point as a member of an open object.
pub(super) fn cache_control(w: &mut Writer, point: CachePoint) {
    w.object("cache_control");
    w.field("type", "ephemeral");
    w.opt_field("ttl", point.ttl.map(|ttl| ttl.as_str()));
    w.end_object();
}

fn write_block(w: &mut Writer, block: &Content, point: Option<CachePoint>) -> Result<()> {
    if let Content::Raw(raw) = block {
        return write_raw(w, raw.block.view(), point);
    }
    w.begin_object();
    match block {
        Content::Text(text) => text.write_members(w),
        Content::Image(image) => {
            let format = media::image_format(media::IMAGES, "an image", image)?;
            media::check_size(&image.source, media::CLAUDE_IMAGE, "an image")?;
            w.field("type", "image");
            write_base64_source(w, format.media_type(), &image.source, "an image")?;
        }
        Content::Document(document) => write_document(w, document)?,
        Content::Thinking(thinking) => {
            w.field("type", "thinking");
            w.field("thinking", &thinking.text);
            w.field("signature", thinking.signature.as_deref().unwrap_or_default());
        }
        Content::RedactedThinking(redacted) => {
            w.field("type", "redacted_thinking");
            w.field("data", &redacted.data);
        }
        Content::ToolCall(call) => {
            w.field("type", "tool_use");
            w.field("id", &call_id(&call.id));
            w.field("name", &call_name(&call.name));
            w.key("input");
            match call.args.view() {
                args if args.kind() == Kind::Object => w.raw(args),
                // The API accepts objects only; a call without arguments has an empty object.
                _ => {
                    w.begin_object();
                    w.end_object();
                }
            }
            call.extra.iter().for_each(|(key, value)| w.member(key, value.view()));
        }
        Content::ToolResult(result) => write_tool_result(w, result)?,
        Content::SearchResult(found) => {
            w.field("type", "search_result");
            w.field("source", &found.source);
            w.field("title", &found.title);
            w.array("content");
            for text in &found.content {
                write_block(w, &Content::text(text.as_str()), None)?;
            }
            w.end_array();
            write_citations_switch(w, found.citations);
        }
        Content::Json(json) => {
            w.field("type", "text");
            w.field("text", json.value.as_str());
        }
        Content::ToolAddition(tool) => write_tool_change(w, "tool_addition", tool),
        Content::ToolRemoval(tool) => write_tool_change(w, "tool_removal", tool),
        other => return Err(unsupported(other)),
    }
    if let Some(point) = point {
        cache_control(w, point);
    }
    w.end_object();
    Ok(())
}

/// Writes a raw block. Blocks of Converse have no `type` and are refused here, as the service's own refusal is
/// unclear.
fn write_raw(w: &mut Writer, block: View<'_>, point: Option<CachePoint>) -> Result<()> {
    if block.get("type").and_then(View::str).is_none() {
        return Err(Error::new(
            ErrorKind::Encode,
            "a raw block has no `type`, so it is not in Anthropic's format; use the Converse API for blocks of Converse",
        ));
    }
    match point {
        None => w.raw(block),
        Some(point) => {
            w.begin_object();
            for (key, value) in block.raw_entries().filter(|(key, _)| *key != "cache_control") {
                w.raw_member(key, value);
            }
            cache_control(w, point);
            w.end_object();
        }
    }
    Ok(())
}

fn write_base64_source(w: &mut Writer, media_type: &str, source: &MediaSource, what: &str) -> Result<()> {
    w.object("source");
    w.field("type", "base64");
    w.field("media_type", media_type);
    w.key("data");
    media::write_base64(w, source, what)?;
    w.end_object();
    Ok(())
}

fn write_text_source(w: &mut Writer, text: &str) {
    w.object("source");
    w.field("type", "text");
    w.field("media_type", "text/plain");
    w.field("data", text);
    w.end_object();
}

fn write_citations_switch(w: &mut Writer, on: bool) {
    if on {
        w.object("citations");
        w.key("enabled").bool(true);
        w.end_object();
    }
}

fn write_document(w: &mut Writer, document: &Document) -> Result<()> {
    w.field("type", "document");
    let media_type = media::essence(&document.media_type);
    let is_text = media_type.starts_with("text/") || matches!(media_type.as_str(), "application/json" | "txt" | "md");
    match &document.source {
        MediaSource::Text(text) => write_text_source(w, text),
        MediaSource::Blocks(texts) => {
            w.object("source");
            w.field("type", "content");
            w.array("content");
            for text in texts {
                write_block(w, &Content::text(text.as_str()), None)?;
            }
            w.end_array();
            w.end_object();
        }
        MediaSource::Bytes(bytes) if is_text => write_text_source(w, utf8(bytes)?),
        MediaSource::Base64(base64) if is_text => {
            write_text_source(w, utf8(&media::decoded(base64, "a document")?)?);
        }
        source if matches!(media_type.as_str(), "application/pdf" | "pdf") => {
            write_base64_source(w, "application/pdf", source, "a document")?;
        }
        MediaSource::Url(_) => media::write_base64(w, &document.source, "a document")?,
        _ => {
            return Err(Error::of(
                ErrorKind::Unsupported,
                format_args!(
                    "Anthropic's format has no documents of type `{}`; send PDF or text, or use the Converse API",
                    document.media_type
                ),
            ));
        }
    }
    w.opt_field("title", document.name.as_deref());
    w.opt_field("context", document.context.as_deref());
    write_citations_switch(w, document.citations);
    Ok(())
}

fn utf8(bytes: &[u8]) -> Result<&str> {
    std::str::from_utf8(bytes).map_err(|error| {
        Error::of(
            ErrorKind::Encode,
            format_args!("a text document is not UTF-8 at byte {}; convert it", error.valid_up_to()),
        )
    })
}

fn write_tool_result(w: &mut Writer, result: &ToolResult) -> Result<()> {
    w.field("type", "tool_result");
    w.field("tool_use_id", &call_id(&result.tool_call_id));
    w.key("content");
    match result.content.as_slice() {
        [block] if plain_text(block).is_some() => w.string(plain_text(block).unwrap_or_default()),
        blocks => write_blocks(w, &blocks.iter().collect::<Vec<_>>())?,
    }
    if result.is_error {
        w.key("is_error").bool(true);
    }
    Ok(())
}

fn write_tool_change(w: &mut Writer, kind: &str, tool: &ToolReference) {
    let default = if tool.server_name.is_some() { "mcp_tool_reference" } else { "tool_reference" };
    w.field("type", kind);
    w.object("tool");
    w.field("type", tool.reference_type.as_deref().unwrap_or(default));
    w.field("name", &tool.name);
    w.opt_field("server_name", tool.server_name.as_deref());
    w.end_object();
}

fn unsupported(block: &Content) -> Error {
    let (what, advice) = match block {
        Content::Audio(_) => ("audio", "use a model that accepts audio, such as Amazon Nova, with the Converse API"),
        Content::Video(_) => ("video", "use a model that accepts video, such as Amazon Nova, with the Converse API"),
        Content::Guard(_) => ("guard content", "use the Converse API"),
        _ => ("this block", "use the Converse API"),
    };
    Error::of(ErrorKind::Unsupported, format_args!("Anthropic's format does not have {what}; {advice}"))
}
