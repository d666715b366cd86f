//! The checks on single content blocks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::{invalid, only_known, string};
use crate::model::Trusted;
use crate::problem::Problem;

/// Checks one block of a turn. `at` is its path, for example `messages.0.content.1`.
pub(super) fn check(block: &Value, role: &str, at: &str, trusted: &Trusted) -> Result<(), Problem> {
    let kind = string(block, "type", at)?;
    let here = format!("{at}.{kind}");
    let allowed: &[&str] = match role {
        "user" => &["text", "image", "document", "tool_result", "search_result"],
        // The last types are from tools that run on the provider's side, and from compaction.
        _ => &[
            "text",
            "tool_use",
            "thinking",
            "redacted_thinking",
            "server_tool_use",
            "web_search_tool_result",
            "web_fetch_tool_result",
            "code_execution_tool_result",
            "bash_code_execution_tool_result",
            "text_editor_code_execution_tool_result",
            "tool_search_tool_result",
            "mcp_tool_use",
            "mcp_tool_result",
            "container_upload",
            "compaction",
        ],
    };
    if !allowed.contains(&kind) {
        let tags: Vec<String> = allowed.iter().map(|tag| format!("'{tag}'")).collect();
        return Err(invalid(
            at,
            format!(
                "Input tag '{kind}' found using 'type' does not match any of the expected tags: {}",
                tags.join(", ")
            ),
        ));
    }
    match kind {
        "text" => {
            only_known(block, &["type", "text", "cache_control", "citations"], &here)?;
            not_blank(string(block, "text", &here)?, "messages")?;
        }
        "image" => image(block, &here)?,
        "document" => document(block, &here)?,
        "search_result" => {
            only_known(block, &["type", "source", "title", "content", "citations", "cache_control"], &here)?;
            string(block, "source", &here)?;
            string(block, "title", &here)?;
            if block.get("content").and_then(Value::as_array).is_none_or(Vec::is_empty) {
                return Err(invalid(format!("{here}.content"), "Field required"));
            }
        }
        "tool_result" => tool_result(block, &here, trusted)?,
        "tool_use" => {
            only_known(block, &["type", "id", "name", "input", "cache_control", "caller"], &here)?;
            identifier(string(block, "id", &here)?, usize::MAX, &format!("{here}.id"))?;
            identifier(string(block, "name", &here)?, 200, &format!("{here}.name"))?;
            match block.get("input") {
                None => return Err(invalid(format!("{here}.input"), "Field required")),
                Some(Value::Object(_)) => {}
                Some(_) => {
                    return Err(invalid(format!("{here}.input"), "Input should be a valid dictionary"));
                }
            }
        }
        "thinking" => {
            only_known(block, &["type", "thinking", "signature"], &here)?;
            let text = string(block, "thinking", &here)?;
            let signature = string(block, "signature", &here)?;
            if !trusted.is_signature(text, signature) {
                return Err(invalid(at, "Invalid `signature` in `thinking` block"));
            }
        }
        "redacted_thinking" => {
            only_known(block, &["type", "data"], &here)?;
            if !trusted.is_redacted(string(block, "data", &here)?) {
                return Err(invalid(at, "Invalid `data` in `redacted_thinking` block"));
            }
        }
        // zeph#1626: clients must send the summary back unchanged.
        "compaction" => {
            only_known(block, &["type", "content", "encrypted_content", "cache_control"], &here)?;
            // The service writes null when it could not make a summary.
            if block.get("content").is_some_and(|content| !content.is_string() && !content.is_null()) {
                return Err(invalid(format!("{here}.content"), "Input should be a valid string"));
            }
        }
        "server_tool_use" | "mcp_tool_use" => {
            string(block, "id", &here)?;
            string(block, "name", &here)?;
            if !block.get("input").is_some_and(Value::is_object) {
                return Err(invalid(format!("{here}.input"), "Input should be a valid dictionary"));
            }
        }
        _ => {}
    }
    cache_control(block, &here)
}

/// Blank text is refused.
pub(super) fn not_blank(text: &str, at: &str) -> Result<(), Problem> {
    if text.is_empty() {
        return Err(invalid(at, "text content blocks must be non-empty"));
    }
    if text.trim().is_empty() {
        return Err(invalid(at, "text content blocks must contain non-whitespace text"));
    }
    Ok(())
}

/// `^[a-zA-Z0-9_-]{1,longest}$`
pub(super) fn identifier(text: &str, longest: usize, at: &str) -> Result<(), Problem> {
    let good = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if good && (1..=longest).contains(&text.len()) {
        return Ok(());
    }
    let length = if longest == usize::MAX { "+".to_owned() } else { format!("{{1,{longest}}}") };
    Err(invalid(at, format!("String should match pattern '^[a-zA-Z0-9_-]{length}$'")))
}

pub(super) fn cache_control(block: &Value, at: &str) -> Result<(), Problem> {
    let Some(control) = block.get("cache_control").filter(|control| !control.is_null()) else {
        return Ok(());
    };
    let at = format!("{at}.cache_control");
    only_known(control, &["type", "ttl", "scope"], &format!("{at}.ephemeral"))?;
    if string(control, "type", &at)? != "ephemeral" {
        return Err(invalid(format!("{at}.type"), "Input should be 'ephemeral'"));
    }
    match control.get("ttl").map(|ttl| ttl.as_str().unwrap_or_default()) {
        None | Some("5m" | "1h") => Ok(()),
        Some(_) => Err(invalid(format!("{at}.ephemeral.ttl"), "Input should be '5m' or '1h'")),
    }
}

fn image(block: &Value, at: &str) -> Result<(), Problem> {
    only_known(block, &["type", "source", "cache_control"], at)?;
    let (media_type, bytes) = base64_source(block, at)?;
    if !["image/jpeg", "image/png", "image/gif", "image/webp"].contains(&media_type) {
        return Err(invalid(
            format!("{at}.source.base64.media_type"),
            "Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'",
        ));
    }
    if bytes.is_empty() {
        return Err(invalid(format!("{at}.source.base64"), "image cannot be empty"));
    }
    match sniff(&bytes) {
        Some(found) if found != media_type => Err(invalid(
            format!("{at}.source.base64"),
            format!(
                "The image was specified using the {media_type} media type, but the image appears to be a {found} image"
            ),
        )),
        _ => Ok(()),
    }
}

fn sniff(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\x89PNG") {
        Some("image/png")
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        Some("image/jpeg")
    } else if bytes.starts_with(b"GIF8") {
        Some("image/gif")
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some("image/webp")
    } else {
        None
    }
}

/// Returns a source that must be base64: Bedrock does not support URLs and files here.
fn base64_source<'a>(block: &'a Value, at: &str) -> Result<(&'a str, Vec<u8>), Problem> {
    let Some(source) = block.get("source") else {
        return Err(invalid(format!("{at}.source"), "Field required"));
    };
    let kind = string(source, "type", &format!("{at}.source"))?;
    match kind {
        "base64" => {}
        "url" | "file" => {
            let name = if kind == "url" { "URL" } else { "File" };
            return Err(invalid(format!("{at}.source"), format!("{name} sources are not supported")));
        }
        other => {
            return Err(invalid(
                format!("{at}.source"),
                format!(
                    "Input tag '{other}' found using 'type' does not match any of the expected tags: 'base64', 'url'"
                ),
            ));
        }
    }
    let here = format!("{at}.source.base64");
    only_known(source, &["type", "media_type", "data"], &here)?;
    let media_type = string(source, "media_type", &here)?;
    let bytes = STANDARD
        .decode(string(source, "data", &here)?)
        .map_err(|_| invalid(format!("{here}.data"), "invalid base64 data"))?;
    Ok((media_type, bytes))
}

fn document(block: &Value, at: &str) -> Result<(), Problem> {
    only_known(block, &["type", "source", "title", "context", "citations", "cache_control"], at)?;
    let source = block.get("source").ok_or_else(|| invalid(format!("{at}.source"), "Field required"))?;
    match string(source, "type", &format!("{at}.source"))? {
        "text" => {
            let here = format!("{at}.source.text");
            if string(source, "media_type", &here)? != "text/plain" {
                return Err(invalid(format!("{here}.media_type"), "Input should be 'text/plain'"));
            }
            not_blank(string(source, "data", &here)?, &format!("{here}.data"))
        }
        "content" => match source.get("content") {
            Some(Value::String(_) | Value::Array(_)) => Ok(()),
            _ => Err(invalid(format!("{at}.source.content.content"), "Field required")),
        },
        _ => {
            let (media_type, bytes) = base64_source(block, at)?;
            if media_type != "application/pdf" {
                return Err(invalid(format!("{at}.source.base64.media_type"), "Input should be 'application/pdf'"));
            }
            if bytes.is_empty() {
                return Err(invalid(format!("{at}.source.base64"), "The PDF specified was empty."));
            }
            Ok(())
        }
    }
}

fn tool_result(block: &Value, at: &str, trusted: &Trusted) -> Result<(), Problem> {
    only_known(block, &["type", "tool_use_id", "content", "is_error", "cache_control"], at)?;
    string(block, "tool_use_id", at)?;
    if block.get("is_error").is_some_and(|flag| !flag.is_boolean()) {
        return Err(invalid(format!("{at}.is_error"), "Input should be a valid boolean"));
    }
    let failed = block.get("is_error") == Some(&Value::Bool(true));
    match block.get("content") {
        None | Some(Value::String(_)) => Ok(()),
        Some(Value::Array(parts)) => {
            for (number, part) in parts.iter().enumerate() {
                let here = format!("{at}.content.{number}");
                let kind = string(part, "type", &here)?;
                if !["text", "image", "document", "search_result"].contains(&kind) {
                    return Err(invalid(
                        here,
                        format!(
                            "Input tag '{kind}' found using 'type' does not match any of the expected tags: 'document', 'image', 'search_result', 'text'"
                        ),
                    ));
                }
                if failed && kind != "text" {
                    return Err(invalid(at, "all content must be type `text` if `is_error` is true"));
                }
                check(part, "user", &here, trusted)?;
            }
            Ok(())
        }
        Some(_) => Err(invalid(format!("{at}.content"), "Input should be a valid string or a valid list")),
    }
}
