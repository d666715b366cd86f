//! For formats whose messages are plain strings: what blocks say, and what cannot be said. One
//! function for each small thing that codecs do over and over: it is their size.

use crate::error::{Error, ErrorKind, Result};
use crate::message::Content;
use crate::model::ModelId;

/// The text of a block, if it is one that is text. A cache point says nothing: formats of plain
/// strings have no place for it, and the answer is the same without.
pub(crate) fn text_of(block: &Content) -> Option<&str> {
    match block {
        Content::Text(text) => Some(&text.text),
        Content::Json(json) => Some(json.value.as_str()),
        Content::CachePoint(_) => Some(""),
        _ => None,
    }
}

/// The text of blocks that must all be text.
///
/// # Errors
/// `Unsupported`, where one is not.
pub(crate) fn joined(
    blocks: &mut dyn Iterator<Item = &Content>,
    separator: &str,
    model: &ModelId,
    format: &str,
) -> Result<String> {
    let mut all = String::new();
    for block in blocks {
        let text = text_of(block).ok_or_else(|| unsupported(block, model, format))?;
        if !all.is_empty() && !text.is_empty() {
            all.push_str(separator);
        }
        all.push_str(text);
    }
    Ok(all)
}

/// The id of a tool call as Claude and Converse take it: of letters, digits, `_` and `-`. A call of another
/// model that a conversation brings along may have other characters (Kimi's are
/// `functions.get_weather:0`); it and its result are changed alike.
///
/// See [ToolUseBlock](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolUseBlock.html).
pub(crate) fn call_id(id: &str) -> String {
    let mut plain = String::with_capacity(id.len());
    for c in id.chars() {
        plain.push(if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' });
    }
    plain
}

/// A block that a format has no place for.
pub(crate) fn unsupported(block: &Content, model: &ModelId, format: &str) -> Error {
    let what = match block {
        Content::Image(_) => "an image here",
        Content::Audio(_) => "audio",
        Content::Video(_) => "video",
        Content::Document(_) => "a document of this kind",
        Content::Guard(_) => "guard content",
        Content::SearchResult(_) => "a search result",
        Content::Raw(_) => "a provider's own block here",
        Content::ToolCall(_) | Content::ToolResult(_) => "a tool call or result here",
        _ => "a block of this kind",
    };
    let mut why = String::from("cannot be sent ");
    for part in [what, " in ", format, " format: leave it out, or use the Converse API"] {
        why.push_str(part);
    }
    refused(ErrorKind::Unsupported, model, &why)
}

/// That a model cannot do something, before anything is sent. `why` goes on after the model's id.
pub(crate) fn refused(kind: ErrorKind, model: &ModelId, why: &str) -> Error {
    Error::of(kind, format_args!("{model} {why}"))
}
