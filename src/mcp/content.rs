//! The result of an MCP tool as blocks that models accept.

use std::fmt;

use rmcp::model::{CallToolResult, ContentBlock, EmbeddedResource, ResourceContents};
use serde::Serialize;
use serde_json::Value;

use crate::base64;
use crate::json::Json;
use crate::media::{ENDINGS, sniff};
use crate::message::{Content, Document, JsonContent, Media, MediaSource};
use crate::text::{after_last, before, without_space};
use crate::toolbox::{Outcome, ToolOutput};

/// Returns the output of a tool, or its failure.
pub(super) fn outcome(result: CallToolResult) -> Outcome {
    let CallToolResult { content, structured_content, is_error, .. } = result;
    let failed = is_error == Some(true);
    // Servers should repeat structured content as text, for older clients.
    let has = |value: &Value| {
        let texts = content.iter().filter_map(ContentBlock::as_text);
        texts.filter_map(|text| serde_json::from_str::<Value>(&text.text).ok()).any(|json| json == *value)
    };
    let structured = structured_content.filter(|value| !has(value));
    let mut blocks: Vec<Content> = content.into_iter().flat_map(converted).collect();
    blocks.extend(structured.as_ref().map(json));
    let output = match (blocks.is_empty(), failed) {
        (false, _) => ToolOutput::new(blocks),
        (true, false) => ().into(),
        (true, true) => "the tool failed without a reason".into(),
    };
    if failed { Err(output) } else { Ok(output) }
}

fn converted(block: ContentBlock) -> Vec<Content> {
    match &block {
        ContentBlock::Text(text) => vec![Content::text(&text.text)],
        ContentBlock::Image(image) => vec![bytes(&image.data, &image.mime_type, None, &block)],
        ContentBlock::Audio(audio) => vec![bytes(&audio.data, &audio.mime_type, None, &block)],
        ContentBlock::Resource(resource) => embedded(resource, &block),
        // A link, and types that later versions of `rmcp` know.
        other => vec![json(other)],
    }
}

fn embedded(resource: &EmbeddedResource, block: &ContentBlock) -> Vec<Content> {
    let label = |uri: &str, media_type: Option<&str>| match media_type {
        Some(media_type) => format!("[resource {uri}, {media_type}]"),
        None => format!("[resource {uri}]"),
    };
    match &resource.resource {
        ResourceContents::TextResourceContents { uri, mime_type, text, .. } => {
            vec![Content::text(format!("{}\n{text}", label(uri, mime_type.as_deref())))]
        }
        ResourceContents::BlobResourceContents { uri, mime_type, blob, .. } => {
            let label = label(uri, mime_type.as_deref());
            match bytes(blob, mime_type.as_deref().unwrap_or_default(), Some(uri), block) {
                Content::Text(text) => vec![Content::text(format!("{label}\n{}", text.text))],
                // The description that replaces bytes already has the URI.
                described @ Content::Json(_) => vec![described],
                media => vec![Content::text(label), media],
            }
        }
        _ => vec![json(block)],
    }
}

/// Returns the block for bytes in base64. The media type that the bytes show is used, if there is one, as
/// declared ones are often wrong.
fn bytes(data: &str, declared: &str, uri: Option<&str>, block: &ContentBlock) -> Content {
    let mut bytes = Vec::new();
    if base64::decode(without_space(data).as_bytes(), &mut bytes).is_err() {
        return described(block, format_args!("{} characters that are not base64", data.len()));
    }
    let declared = before(declared, ";").trim().to_ascii_lowercase();
    let media_type = sniff(&bytes).unwrap_or(&declared);
    let size = bytes.len();
    let is_known = ENDINGS.iter().any(|(_, known)| *known == media_type);
    match (before(media_type, "/"), is_known) {
        // No API accepts audio in a tool result.
        ("audio", _) => {}
        ("image", true) => return Content::image(media_type, bytes),
        ("video", true) => return Content::Video(Media::new(media_type, MediaSource::Bytes(bytes.into()))),
        (kind, true) if kind != "text" => {
            let document = Document::new(media_type, MediaSource::Bytes(bytes.into()));
            let name = uri.and_then(|uri| after_last(uri, "/")).filter(|name| !name.is_empty());
            return Content::Document(Document { name: name.map(str::to_owned), ..document });
        }
        _ => {
            // Text types include `application/json`, `image/svg+xml` and many more.
            match String::from_utf8(bytes) {
                Ok(text) if !text.contains('\0') => return Content::text(text),
                _ => {}
            }
        }
    }
    described(block, format_args!("{size} bytes that the model cannot receive"))
}

/// Returns the JSON of a block with a note instead of its bytes. Their base64 would fill the model's context with
/// text that it cannot read.
fn described(block: &ContentBlock, note: fmt::Arguments<'_>) -> Content {
    let mut value = serde_json::to_value(block).unwrap_or_default();
    for at in ["/data", "/resource/blob"] {
        if let Some(data) = value.pointer_mut(at) {
            *data = Value::String(format!("({note})"));
        }
    }
    json(&value)
}

fn json(value: &impl Serialize) -> Content {
    Content::Json(JsonContent::new(Json::from_serialize(value).unwrap_or_else(|_| Json::empty_object())))
}
