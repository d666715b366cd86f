//! Errors in Anthropic's JSON.
//!
//! See [Errors](https://docs.claude.com/en/api/errors).

use crate::gateway::failure::{Failure, Reason};
use crate::json::Writer;

/// Returns the body of an error.
pub(super) fn body(failure: &Failure) -> String {
    let mut w = Writer::new();
    w.begin_object();
    w.field("type", "error");
    w.object("error");
    w.field("type", kind(failure.reason));
    w.field("message", &failure.message);
    w.end_object();
    w.end_object();
    w.finish()
}

/// Returns the event of an error in a stream.
pub(super) fn event(failure: &Failure) -> String {
    ["event: error\ndata: ", &body(failure), "\n\n"].concat()
}

fn kind(reason: Reason) -> &'static str {
    match reason {
        Reason::Invalid | Reason::ContextOverflow | Reason::Method => "invalid_request_error",
        Reason::Unauthenticated => "authentication_error",
        Reason::Forbidden => "permission_error",
        Reason::NotFound => "not_found_error",
        Reason::TooLarge => "request_too_large",
        // Not `billing_error`: it has status 402 and is about an account at Anthropic.
        Reason::Throttled | Reason::Budget => "rate_limit_error",
        Reason::Failed => "api_error",
        Reason::Overloaded => "overloaded_error",
        Reason::Timeout => "timeout_error",
    }
}
