//! Checks for members of blocks and messages that the crate has no field for, so that none is dropped.

use crate::error::{Error, ErrorKind, Result};
use crate::json::{Kind, View, quoted};

/// Members that every block may have: its index in a stream, and ids and notes of libraries.
const ANY: &[&str] =
    &["type", "index", "id", "cache_control", "prompt_cache_breakpoint", "extras", "annotations", "metadata"];

/// Media and documents in the forms of LangChain v0 and v1, Anthropic and the AI SDK.
const MEDIA: &[&str] = &[
    "source",
    "source_type",
    "mime_type",
    "mimeType",
    "mediaType",
    "media_type",
    "data",
    "base64",
    "image",
    "url",
    "fileUri",
    "text",
    "title",
    "name",
    "filename",
    "context",
    "citations",
    "bucket_owner",
    "file",
];

/// The members that the crate reads, by type of block.
const BLOCKS: &[(&str, &[&str])] = &[
    ("text", &["text", "citations", "source_type", "phase", "refusal"]),
    ("text_delta", &["text", "citations"]),
    ("input_text", &["text"]),
    ("output_text", &["text", "logprobs", "status", "phase"]),
    ("refusal", &["refusal"]),
    ("image_url", &["image_url", "detail"]),
    ("input_image", &["image_url", "detail"]),
    ("video_url", &["video_url"]),
    ("input_audio", &["input_audio"]),
    ("input_file", &["file_data", "file_url", "filename"]),
    ("image", MEDIA),
    ("audio", MEDIA),
    ("video", MEDIA),
    ("document", MEDIA),
    ("file", MEDIA),
    ("text-plain", MEDIA),
    ("thinking", &["thinking", "signature", "summary", "content", "status"]),
    ("redacted_thinking", &["data"]),
    ("reasoning", &["reasoning", "text", "signature", "summary", "content", "encrypted_content", "status"]),
    (
        "reasoning_content",
        &["reasoningText", "reasoning_content", "reasoningContent", "redactedContent", "text", "signature"],
    ),
    ("tool_result", &["tool_use_id", "content", "is_error"]),
    ("function_call_output", &["call_id", "output", "status"]),
    ("cache_point", &["cachePoint"]),
    ("guard_content", &["text", "qualifiers", "image"]),
    ("guardrail_converse_content", &["text", "qualifiers", "image"]),
    ("search_result", &["source", "title", "content", "citations"]),
    ("json", &["json"]),
    ("tool_addition", &["tool"]),
    ("tool_removal", &["tool"]),
];

/// The members that the crate reads from the object that is named after its block's type, as in OpenAI's form.
const INNER: &[(&str, &[&str])] = &[
    ("image_url", &["url", "detail"]),
    ("video_url", &["url"]),
    ("input_audio", &["data", "format"]),
    ("file", &["file_data", "filename"]),
];

/// Types of Anthropic's blocks. A block of these types with members that are newer than this version is sent verbatim
/// in Anthropic's format, and refused in others.
const ANTHROPIC: &[&str] =
    &["text", "image", "document", "search_result", "thinking", "redacted_thinking", "tool_addition", "tool_removal"];

/// Block types of other APIs that Bedrock has no block for.
const FOREIGN: &[&str] = &[
    "server_tool_call",
    "server_tool_call_chunk",
    "server_tool_call_result",
    "server_tool_result",
    "tool-call",
    "tool-result",
    "tool-approval-request",
    "reasoning-file",
    "media",
    "item_reference",
    "computer_call",
    "computer_call_output",
    "computer_screenshot",
    "web_search_call",
    "file_search_call",
    "code_interpreter_call",
    "image_generation_call",
    "local_shell_call",
    "mcp_call",
    "mcp_list_tools",
    "mcp_approval_request",
];

/// Members of Google's blocks, which have no type.
const GOOGLE: &[&str] = &["functionCall", "functionResponse", "inlineData", "fileData", "executableCode"];

/// Checks that nothing of a block of a known type is lost. Returns `false` if the whole block must be sent verbatim.
///
/// # Errors
/// `Encode`, with the name of the member that would be lost.
pub(super) fn are_known(kind: &str, view: View<'_>) -> Result<bool> {
    let Some((_, known)) = BLOCKS.iter().find(|(name, _)| *name == kind) else { return Ok(true) };
    if file_id(view).is_some() {
        check_unread(view)?;
    }
    if let Some((key, known)) = INNER.iter().find(|(name, _)| *name == kind)
        && let Some(inner) = view.get(key).filter(|inner| inner.kind() == Kind::Object)
    {
        check_inner(kind, inner, known)?;
    }
    // Converse's blocks are sometimes written with their type, which is the name of their one member.
    let is_read = |key: &str| ANY.contains(&key) || known.contains(&key) || (kind == "image" && key == "detail");
    let is_new =
        |(key, value): &(&str, View<'_>)| !is_read(key) && *key != kind && *key != "cachePoint" && !value.is_null();
    let extras = view.get("extras").filter(|extras| extras.kind() == Kind::Object && kind != "reasoning");
    let mut unknown = view.raw_entries().find(is_new);
    if let (None, Some(extras)) = (unknown, extras) {
        unknown = extras.raw_entries().find(is_new);
    }
    match unknown {
        None => Ok(true),
        Some(_) if ANTHROPIC.contains(&kind) && view.get("extras").is_none() => Ok(false),
        Some((key, _)) => Err(Error::of(
            ErrorKind::Encode,
            format_args!("a block of type `{kind}` has the unknown member {}; leave it out", quoted(key)),
        )),
    }
}

/// Checks that nothing of an object inside a block is lost.
///
/// # Errors
/// `Encode`, with the name of the member that would be lost.
pub(super) fn check_inner(kind: &str, inner: View<'_>, known: &[&str]) -> Result<()> {
    let unknown = inner.raw_entries().find(|(key, value)| !known.contains(key) && !value.is_null());
    let Some((key, _)) = unknown else { return Ok(()) };
    Err(Error::of(
        ErrorKind::Encode,
        format_args!("a block of type `{kind}` has the unknown member {}; leave it out", quoted(key)),
    ))
}

/// Refuses an unrecognized block if the service's own error would be less helpful.
///
/// # Errors
/// `Encode`, with the type.
pub(super) fn check_unread(view: View<'_>) -> Result<()> {
    let kind = view.word_at("type");
    if let Some(id) = file_id(view) {
        return Err(Error::of(
            ErrorKind::Encode,
            format_args!(
                "block of type `{kind}` has the file id {}; Bedrock stores no files, so send the bytes",
                quoted(&id)
            ),
        ));
    }
    let foreign = GOOGLE.iter().find(|key| kind.is_empty() && view.get(key).is_some());
    let shown = foreign.copied().unwrap_or(kind);
    let why = if foreign.is_some() || FOREIGN.contains(&kind) {
        "has no counterpart on Bedrock; leave it out, or write it as text"
    } else if BLOCKS.iter().any(|(name, _)| *name == kind) && !ANTHROPIC.contains(&kind) {
        "lacks its content; see the documentation of `interop` for the forms"
    } else {
        return Ok(());
    };
    Err(Error::of(ErrorKind::Encode, format_args!("a block of type `{shown}` {why}")))
}

/// Returns the id of a file that another provider stores.
fn file_id(view: View<'_>) -> Option<String> {
    let holders = [Some(view), view.get("source"), view.get("file"), view.get("image_url")];
    let read = |holder: View<'_>| ["file_id", "fileId"].iter().find_map(|key| holder.string_at(key));
    // A block of Anthropic's code execution has nothing but an id.
    let is_other = view.word_at("type") != "container_upload";
    let by_type = || view.string_at("id").filter(|_| view.word_at("source_type") == "id");
    holders.into_iter().flatten().find_map(read).or_else(by_type).filter(|_| is_other)
}

/// The members of messages that are read, or that only describe a message's origin.
const MESSAGE: &[&str] = &[
    // Read.
    "role",
    "type",
    "content",
    "tool_calls",
    "invalid_tool_calls",
    "tool_call_id",
    "status",
    "refusal",
    "additional_kwargs",
    "cache_control",
    // Names and ids, which no model on Bedrock receives.
    "id",
    "name",
    // Notes that libraries and responses add to a message.
    "object",
    "model",
    "response_metadata",
    "usage_metadata",
    "usage",
    "stop_reason",
    "stop_sequence",
    "stop_details",
    "finish_reason",
    "container",
    "context_management",
    "artifact",
    "metadata",
    "example",
    "tool_call_chunks",
    "annotations",
    "logprobs",
    "created",
    "createdAt",
    "created_at",
    "timestamp",
    // Unsigned reasoning.
    "reasoning",
    "reasoning_content",
    "reasoning_details",
];

/// Checks that nothing of a message is lost.
///
/// # Errors
/// `Encode`, with the name of the member that would be lost.
pub(super) fn check_message(at: usize, message: View<'_>) -> Result<()> {
    let is_new = |(key, value): &(&str, View<'_>)| {
        let is_empty = value.kind() == Kind::Array && value.items().next().is_none();
        !MESSAGE.contains(key) && !key.starts_with("lc_") && !value.is_null() && !is_empty
    };
    let unknown = message.raw_entries().find(is_new);
    let Some((key, _)) = unknown else { return Ok(()) };
    Err(Error::of(
        ErrorKind::Encode,
        format_args!("message {at} has the unknown member {}; leave it out, or write it into `content`", quoted(key)),
    ))
}
