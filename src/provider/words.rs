//! Text of blocks for formats whose messages are plain strings, ids of tool calls, and refusals.
//! Several codecs share each function, which keeps them small.

use std::borrow::Cow;

use crate::error::{Error, ErrorKind, Result};
use crate::message::Content;
use crate::model::ModelId;
use crate::request::Tool;

/// Returns the text of a text block. A cache point is empty text: formats of plain strings do not support it, and it
/// does not change the reply.
pub(crate) fn text_of(block: &Content) -> Option<&str> {
    match block {
        Content::Text(text) => Some(&text.text),
        Content::Json(json) => Some(json.value.as_str()),
        Content::CachePoint(_) => Some(""),
        _ => None,
    }
}

/// Returns the text of blocks that must all be text.
///
/// # Errors
/// `Unsupported`, if a block is not text.
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

/// The maximum length of a tool call's id.
pub(crate) const MAX_CALL_ID: usize = 64;

/// The digits of a hash of 64 bits in base 36.
pub(crate) const HASH_DIGITS: usize = 13;

/// Returns the id of a tool call as Claude and Converse accept it: at most 64 letters, digits, `_` and `-`. Calls of
/// other models may have longer ids or other characters, for instance Kimi's `functions.get_weather:0`. The ids of a
/// call and of its result are changed in the same way.
///
/// See [ToolUseBlock](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolUseBlock.html).
pub(crate) fn call_id(id: &str) -> String {
    let mut plain = String::with_capacity(id.len());
    for c in id.chars() {
        plain.push(if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' });
    }
    if plain.len() > MAX_CALL_ID {
        // Ids of one conversation often differ only at their ends.
        plain.truncate(MAX_CALL_ID - HASH_DIGITS);
        plain.push_str(&digest(id, HASH_DIGITS));
    }
    plain
}

/// The length of a tool call's id that Mistral's models accept.
const SHORT_CALL_ID: usize = 9;

/// Returns the id of a tool call as Mistral's models accept it: nine letters or digits. Ids of other models have other
/// forms. opencode#48843 and vercel/ai#11802 have the refusals over Converse.
pub(crate) fn short_call_id(id: &str) -> String {
    if id.len() == SHORT_CALL_ID && id.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return id.to_owned();
    }
    digest(id, SHORT_CALL_ID)
}

/// Returns the name of a tool call as the services accept it in a conversation: without characters other than letters,
/// digits, `_` and `-`, and with at most 64 of these. Models call tools that do not exist, such as `$READ_FILE`, and
/// later calls must be able to send such a call back (vercel/ai#10202).
pub(crate) fn call_name(name: &str) -> Cow<'_, str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if (1..=MAX_CALL_NAME).contains(&name.len()) && name.chars().all(fits) {
        return Cow::Borrowed(name);
    }
    let plain: String = name.chars().filter(|c| fits(*c)).take(MAX_CALL_NAME).collect();
    Cow::Owned(if plain.is_empty() { "_".to_owned() } else { plain })
}

/// The maximum length of a tool's name.
const MAX_CALL_NAME: usize = 64;

/// Returns the hash of a text (FNV-1a, 64 bits) as `digits` digits in base 36.
pub(crate) fn digest(text: &str, digits: usize) -> String {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    }
    let mut out = String::with_capacity(digits);
    for _ in 0..digits {
        out.push(char::from_digit((hash % 36) as u32, 36).unwrap_or('0'));
        hash /= 36;
    }
    out
}

/// Returns the text of a failed result, for formats without a field for failures: it begins with the word "error".
pub(crate) fn failed(text: &str) -> String {
    let begins = text.trim_start().get(.."error".len()).is_some_and(|first| first.eq_ignore_ascii_case("error"));
    [if begins { "" } else { "Error: " }, text].concat()
}

/// Returns the error for a block that a format does not support.
pub(crate) fn unsupported(block: &Content, model: &ModelId, format: &str) -> Error {
    let what = match block {
        Content::Image(_) => "an image here",
        Content::Audio(_) => "audio",
        Content::Video(_) => "video",
        Content::Document(_) => "a document of this kind",
        Content::Guard(_) => "guard content",
        Content::SearchResult(_) => "a search result",
        Content::ToolAddition(_) | Content::ToolRemoval(_) => "a change of its tools",
        Content::Raw(_) => "a raw block here",
        Content::ToolCall(_) | Content::ToolResult(_) => "a tool call or result here",
        _ => "a block of this kind",
    };
    Error::of(
        ErrorKind::Unsupported,
        format_args!("{model} does not accept {what} in {format} format; leave it out, or use the Converse API"),
    )
}

/// Checks that a tool has no members that exist only in Claude's format.
///
/// # Errors
/// `Unsupported`, with the name of the first such member.
pub(crate) fn check_extra(tool: &Tool, model: &ModelId) -> Result<()> {
    let Some((key, _)) = tool.extra.first() else { return Ok(()) };
    Err(Error::of(
        ErrorKind::Unsupported,
        format_args!(
            "the tool `{}` has the member `{key}`, which only Claude over InvokeModel accepts; leave it out for {model}",
            tool.name
        ),
    )
    .with_field("tools"))
}

/// Returns the error for a feature that a model does not support. `why` follows the model's id.
pub(crate) fn refused(kind: ErrorKind, model: &ModelId, why: &str) -> Error {
    Error::of(kind, format_args!("{model} {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tool_call_id_that_fits_is_unchanged() {
        for id in ["toolu_01A-b", "", &"x".repeat(64)] {
            assert_eq!(call_id(id), id);
        }
    }

    #[test]
    fn tool_call_id_has_invalid_characters_replaced() {
        assert_eq!(call_id("functions.get_weather:0"), "functions_get_weather_0");
        assert_eq!(call_id("é 1"), "__1");
    }

    #[test]
    fn short_tool_call_id_has_nine_letters_or_digits() {
        assert_eq!(short_call_id("aB3456789"), "aB3456789");
        for id in ["tooluse_bpe71yCfRu2b5i-nKGDr5g", "a", "", "call_1234"] {
            let short = short_call_id(id);
            assert!(short.len() == 9 && short.bytes().all(|b| b.is_ascii_alphanumeric()), "{id}: {short}");
        }
        assert_ne!(short_call_id("tooluse_Ac1"), short_call_id("tooluse_Ac2"));
    }

    #[test]
    fn tool_call_name_has_only_accepted_characters() {
        for (name, sent) in [
            ("get-weather_1", "get-weather_1"),
            ("$READ", "READ"),
            ("functions.get", "functionsget"),
            ("é!", "_"),
            ("", "_"),
        ] {
            assert_eq!(call_name(name), sent);
        }
        assert_eq!(call_name(&"x".repeat(100)), "x".repeat(64));
    }

    #[test]
    fn long_tool_call_ids_are_shortened_and_stay_unique() {
        let long = |end: &str| format!("call_{}{end}", "0123456789".repeat(7));
        let mut seen = std::collections::HashSet::new();
        let ends: Vec<_> =
            (0..1000).map(|n| n.to_string()).chain(["é:".into(), "é.".into(), "x".repeat(500)]).collect();
        for end in &ends {
            let id = call_id(&long(end));
            assert_eq!(id, call_id(&long(end)), "a call and its result find each other");
            assert!(id.len() == 64 && id.starts_with("call_0123456789"), "{id}");
            assert!(id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)), "{id}");
            assert!(seen.insert(id), "{end} has the id of another");
        }
    }
}
