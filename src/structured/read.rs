//! The value in a reply. Rust, and the entries of the npm package, read it here.

use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Kind, View, embedded};
use crate::message::{AiMessage, Content, StopReason};
use crate::request::strict;

/// Returns the JSON of the value in a reply: the arguments of the call `name`, else the JSON in the text. With
/// `is_member`, the value is the member `value` of an object. With `is_tool`, the model was asked to call a tool.
/// A text that nests deeper than 128 levels is returned unchecked.
///
/// # Errors
/// `Decode`, if there is no JSON value, or if the model was stopped before it had written the value.
#[doc(hidden)] // For the npm package, where a reply may be one that LangChain has merged.
pub fn structured_value(reply: &AiMessage, name: &str, is_member: bool, is_tool: bool) -> Result<String> {
    let is_cut = matches!(reply.stop_reason, Some(StopReason::MaxTokens | StopReason::ContextWindowExceeded));
    let calls = || reply.content.iter().filter(|block| name_of(block) == Some(name));
    if let Some((block, call)) = calls().find_map(|block| Some((block, valid(block)?))) {
        // The arguments of a call that was cut may look complete: LangChain closes the brackets of partial JSON, and
        // so may a service. Models finish a call before they begin another block.
        let is_last = reply.content.last().is_some_and(|last| std::ptr::eq(last, block));
        return match is_cut && is_last {
            true => Err(missing("the value is incomplete", "", reply, call.as_str())),
            false => Ok(member(call.view(), is_member).unwrap_or(call.view()).raw().to_owned()),
        };
    }
    if let Some(Content::InvalidToolCall(call)) = calls().next() {
        return Err(missing("the value is incomplete", &call.error, reply, &call.args));
    }
    let text = reply.text();
    // The text before a call may have JSON that is not the value.
    let found = embedded(&text, is_member);
    match View::parse(found) {
        Ok(value) if !(is_tool && is_cut) => Ok(member(value, is_member).unwrap_or(value).raw().to_owned()),
        // The caller's parser of JSON may accept it.
        Err(error) if error.is_too_deep() && !is_cut => Ok(found.to_owned()),
        _ => Err(missing("there is no JSON value in the answer", "", reply, &text)),
    }
}

/// Returns the value inside the object that the model writes, if the value is a member of it. The value may be
/// null.
pub(super) fn member(value: View<'_>, is_member: bool) -> Option<View<'_>> {
    match value.kind() {
        // Some models leave the object out if the value is a list.
        Kind::Array => Some(value),
        _ if !is_member => Some(value),
        _ => value.get_or_null(strict::VALUE),
    }
}

fn name_of(block: &Content) -> Option<&str> {
    match block {
        Content::ToolCall(call) => Some(&call.name),
        Content::InvalidToolCall(call) => Some(&call.name),
        _ => None,
    }
}

fn valid(block: &Content) -> Option<&Json> {
    match block {
        Content::ToolCall(call) => Some(&call.args),
        _ => None,
    }
}

fn missing(what: &str, why: &str, reply: &AiMessage, found: &str) -> Error {
    let stopped = stopped(reply);
    let separator = if why.is_empty() || stopped.is_empty() { "" } else { "; " };
    let [begin, end] = if why.is_empty() && stopped.is_empty() { ["", ""] } else { [" (", ")"] };
    let colon = if found.is_empty() { "" } else { ": " };
    let parts = [what, begin, why, separator, &stopped, end, colon, &excerpt(found)];
    Error::new(ErrorKind::Decode, parts.concat())
}

/// Returns the first characters of a text, for an error.
pub(super) fn excerpt(text: &str) -> String {
    let mut shown: String = text.chars().take(300).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}

/// Returns the stop reason for an error message, unless the model finished its answer: it explains why a value is
/// incomplete.
pub(super) fn stopped(reply: &AiMessage) -> String {
    match &reply.stop_reason {
        None | Some(StopReason::EndTurn | StopReason::ToolUse | StopReason::StopSequence) => String::new(),
        Some(reason) => ["the model stopped with ", reason.as_str()].concat(),
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{MemoryTransport, Reply};
    use crate::{BedrockChat, Credentials, ErrorKind, Json, StructuredMethod};

    /// The npm package and its LangChain entry run the same vectors.
    #[tokio::test]
    async fn structured_value_of_each_reply_matches_the_vectors() {
        let file = include_str!("../../tests/vectors/structured/replies.json");
        let file: serde_json::Value = serde_json::from_str(file).unwrap();
        for vector in file["replies"].as_array().unwrap() {
            let transport = MemoryTransport::new([Reply::json(200, vector["reply"].to_string())]);
            let chat = BedrockChat::builder("anthropic.claude-3-5-sonnet-20240620-v1:0").region("us-east-1");
            let chat =
                chat.credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(transport).build().unwrap();
            let method = match vector["method"].as_str() {
                Some("jsonMode") => StructuredMethod::Prompt,
                _ => StructuredMethod::ForcedTool,
            };
            let kind = if vector["list"] == true { "array" } else { "object" };
            let schema = Json::parse(&serde_json::json!({"type": kind}).to_string()).unwrap();
            let structured = chat.with_structured_schema::<serde_json::Value>("t", schema).method(method);
            match (structured.invoke("x").await, vector.get("value")) {
                (Ok(found), value) => assert_eq!(Some(&found), value, "{vector}"),
                (Err(error), value) => {
                    assert_eq!((error.kind(), value), (ErrorKind::Decode, None), "{vector}: {error}");
                    assert_eq!(error.message(), vector["error"], "{vector}");
                    assert!(error.partial().is_some(), "{vector}");
                }
            }
        }
    }
}
