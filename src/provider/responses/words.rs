//! Ids of tool calls, and the text fields that events add to.
//!
//! GPT numbers its calls again in every response: `call_0`, `call_1`. Two turns of a conversation then have calls with
//! the same id. This breaks other APIs, and callers that key results by id. A decoder does not have the conversation,
//! so it makes such an id unique: it appends a hash of the response's id. Calls and results are
//! sent with that id, which the service accepts (pydantic-ai also sends its own unique ids). A result has the original
//! id only if its call is not in the request, because `previous_response_id` replaces it.

use std::borrow::Cow;

use crate::provider::words::{HASH_DIGITS, MAX_CALL_ID, call_id, digest};

/// The type of a custom tool's call. The call has it among its further members.
pub(super) const CUSTOM_CALL: &str = "custom_tool_call";

/// The type of a refusal, and the name of the member with its text.
pub(super) const REFUSAL: &str = "refusal";

/// Returns an id that is unique in every conversation.
pub(super) fn unique_id(id: String, response_id: &str) -> String {
    match is_numbered(&id) && !response_id.is_empty() {
        true => [&id, "-", &digest(response_id, HASH_DIGITS)].concat(),
        false => id,
    }
}

/// Returns the id of a call as the service sent it.
pub(super) fn original_id(id: &str) -> &str {
    let Some((number, hash)) = id.len().checked_sub(HASH_DIGITS).and_then(|at| id.split_at_checked(at)) else {
        return id;
    };
    let is_hash = hash.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    number.strip_suffix('-').filter(|number| is_hash && is_numbered(number)).unwrap_or(id)
}

/// Returns an id as the API accepts it: longer ids are answered with "string too long". Calls of other models may have
/// longer ids.
pub(super) fn sent_id(id: &str) -> Cow<'_, str> {
    if id.len() <= MAX_CALL_ID { Cow::Borrowed(id) } else { Cow::Owned(call_id(id)) }
}

/// Returns whether an id ends with a short number after a separator. The numbers in random ids follow letters, or are
/// longer.
fn is_numbered(id: &str) -> bool {
    let word = id.trim_end_matches(|c: char| c.is_ascii_digit());
    (1..=4).contains(&(id.len() - word.len())) && !word.ends_with(|c: char| c.is_alphanumeric())
}

/// A field of an item that arrives in pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// The text of a message.
    Text,
    /// The text of a refusal.
    Refusal,
    /// A part of the summary of reasoning.
    Summary,
    /// A part of the text of reasoning.
    Reasoning,
    /// The arguments of a function call.
    Arguments,
    /// The input of a custom tool's call.
    Input,
}

/// Returns the field of an event's type, and whether the event has all of its text.
pub(super) fn field_of(kind: &str) -> Option<(Field, bool)> {
    let rest = kind.strip_prefix("response.")?;
    let (name, is_whole) = match rest.strip_suffix(".delta") {
        Some(name) => (name, false),
        None => (rest.strip_suffix(".done")?, true),
    };
    let field = match name {
        "output_text" => Field::Text,
        "function_call_arguments" => Field::Arguments,
        "reasoning_summary_text" => Field::Summary,
        "reasoning_text" => Field::Reasoning,
        "refusal" => Field::Refusal,
        "custom_tool_call_input" => Field::Input,
        _ => return None,
    };
    Some((field, is_whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbered_call_ids_become_unique_and_back() {
        for id in ["call_0", "call_12", "functions.get_weather:0", "7"] {
            let (a, b) = (unique_id(id.into(), "resp_a"), unique_id(id.into(), "resp_b"));
            assert!(a != b && a.starts_with(id) && a.len() <= MAX_CALL_ID, "{a} {b}");
            assert_eq!((original_id(&a), original_id(&b)), (id, id));
            assert_eq!(unique_id(id.into(), ""), id, "without the id of the response");
            assert_eq!(original_id(id), id);
        }
        let of_peer = "resp_wnitg2x6bntg7x2ypw4bgrwzuvffgpzicw2pglaoczy7dsnz7yze:call_0";
        for id in ["call_7rrupbzn26e3cxh475c26tzb", "toolu_01A9", "", "call_12345", "é1", of_peer] {
            assert_eq!(original_id(id), id);
        }
        assert_eq!(unique_id("call_7rrupbzn26e3cxh475c26tzb".into(), "resp_a"), "call_7rrupbzn26e3cxh475c26tzb");
    }

    #[test]
    fn long_call_ids_are_shortened_for_the_api() {
        let long = "functions.a:".repeat(9);
        assert_eq!(sent_id(&long).len(), MAX_CALL_ID);
        assert_eq!(sent_id("functions.a:0"), "functions.a:0");
    }
}
