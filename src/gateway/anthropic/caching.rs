//! The cache point of a whole request, which Bedrock does not have.

use super::rewrite::{Change, elements, members};
use crate::gateway::failure::Failure;
use crate::json::{Kind, View};

/// Returns the messages with a cache point after their last block, or nothing, if that block cannot have one or has one
/// already.
///
/// Anthropic places the `cache_control` of a request like this. Bedrock refuses the member, but not the point
/// (LiteLLM#26320). Without the point, each call would be billed in full.
pub(super) fn with_point(messages: View<'_>, point: &str) -> Result<Option<String>, Failure> {
    let Some(last) = messages.items().count().checked_sub(1) else { return Ok(None) };
    let mut at = 0..;
    elements(messages, &mut |message| {
        if at.next() != Some(last) {
            return Ok(Change::Keep);
        }
        let text = members(message, &mut |name, content| {
            Ok(if name == "content" { content_with_point(content, point).into() } else { Change::Keep })
        })?;
        Ok(text.into())
    })
}

fn content_with_point(content: View<'_>, point: &str) -> Option<String> {
    if content.kind() == Kind::String {
        let is_empty = content.raw() == "\"\"";
        let parts = ["[{\"type\":\"text\",\"text\":", content.raw(), ",\"cache_control\":", point, "}]"];
        return (!is_empty).then(|| parts.concat());
    }
    let last = content.items().last()?;
    let is_free = last.get("cache_control").is_none() && last.kind() == Kind::Object;
    // The API refuses a point after reasoning and after empty text.
    let takes_point = match last.word_at("type") {
        "thinking" | "redacted_thinking" => false,
        "text" => !last.text_at("text").is_empty(),
        _ => true,
    };
    // The last block ends with the array, but for white space and one brace each.
    let head = content.raw().strip_suffix(']')?.trim_ascii_end().strip_suffix('}')?;
    (is_free && takes_point).then(|| [head, ",\"cache_control\":", point, "}]"].concat())
}
