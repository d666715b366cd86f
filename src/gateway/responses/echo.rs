//! The members of a response that repeat the request.

use crate::gateway::dialect::Given;
use crate::json::{Json, Writer};

/// The members that repeat the request, with the value of a request without them.
const REPEATED: &[(&str, &str)] = &[
    ("instructions", "null"),
    ("max_output_tokens", "null"),
    ("max_tool_calls", "null"),
    ("parallel_tool_calls", "true"),
    ("prompt_cache_key", "null"),
    ("reasoning", r#"{"effort":null,"summary":null}"#),
    ("safety_identifier", "null"),
    ("service_tier", "\"default\""),
    ("temperature", "null"),
    ("text", r#"{"format":{"type":"text"}}"#),
    ("tool_choice", "\"auto\""),
    ("tools", "[]"),
    ("top_p", "null"),
    ("user", "null"),
    ("metadata", "{}"),
];

/// Members whose value does not depend on the request: the gateway keeps nothing and cuts no input.
const FIXED: &[(&str, &str)] = &[
    ("background", "false"),
    ("previous_response_id", "null"),
    ("store", "false"),
    ("top_logprobs", "0"),
    ("truncation", "\"disabled\""),
];

/// Returns the members that every response to a request has, as an object.
pub(super) fn members(given: &Given<'_>) -> Json {
    let mut w = Writer::new();
    w.begin_object();
    w.field("id", &["resp_", given.nonce].concat());
    w.field("object", "response");
    w.key("created_at").u64(given.now);
    w.field("model", given.model);
    for (key, default) in REPEATED {
        match given.body.get(key) {
            Some(value) => w.member(key, value),
            None => w.raw_text(key, default),
        }
    }
    for (key, value) in FIXED {
        w.raw_text(key, value);
    }
    w.end_object();
    Json::written(w)
}
