//! Errors in OpenAI's form.

use crate::gateway::failure::{Failure, Reason};
use crate::json::Writer;
use crate::text::replaced;

/// Returns OpenAI's type and code of an error. Clients decide by the code whether they try again.
pub(crate) fn names(failure: &Failure) -> (&'static str, Option<&'static str>) {
    const INVALID: &str = "invalid_request_error";
    match failure.reason {
        Reason::Invalid => (INVALID, None),
        // Clients shorten the conversation after this code.
        Reason::ContextOverflow => (INVALID, Some("context_length_exceeded")),
        Reason::Unauthenticated => (INVALID, Some("invalid_api_key")),
        Reason::Forbidden => (INVALID, Some("permission_denied")),
        Reason::NotFound if failure.field.as_deref() == Some("model") => (INVALID, Some("model_not_found")),
        Reason::NotFound => (INVALID, Some("not_found")),
        Reason::Method => (INVALID, Some("method_not_allowed")),
        Reason::TooLarge => (INVALID, Some("request_too_large")),
        Reason::Throttled => ("rate_limit_error", Some("rate_limit_exceeded")),
        Reason::Budget => ("insufficient_quota", Some("insufficient_quota")),
        Reason::Failed => ("server_error", Some("server_error")),
        Reason::Overloaded => ("server_error", Some("server_is_overloaded")),
        Reason::Timeout => ("server_error", Some("timeout")),
    }
}

/// The names that an API has for options of the crate: the option, and the member.
pub(crate) type MemberNames = &'static [(&'static str, &'static str)];

/// Returns the failure with the API's names of members instead of the crate's names of options.
pub(crate) fn renamed(failure: &Failure, members: MemberNames) -> Failure {
    let mut failure = failure.clone();
    let option = members.iter().find(|(option, _)| failure.field.as_deref() == Some(option));
    if let Some((option, member)) = option {
        failure.message = replaced(&failure.message, &["`", option, "`"].concat(), &["`", member, "`"].concat());
        failure.field = Some((*member).to_owned());
    }
    failure
}

/// Writes the members of an error.
pub(crate) fn write_members(w: &mut Writer, failure: &Failure) {
    let (kind, code) = names(failure);
    w.field("message", &failure.message);
    w.field("type", kind);
    write_or_null(w, "param", failure.field.as_deref());
    write_or_null(w, "code", code);
}

/// Returns the body of an error.
pub(crate) fn body(failure: &Failure, members: MemberNames) -> String {
    let mut w = Writer::new();
    w.begin_object();
    w.object("error");
    write_members(&mut w, &renamed(failure, members));
    w.end_object();
    w.end_object();
    w.finish()
}

/// Writes a string, or `null`.
pub(crate) fn write_or_null(w: &mut Writer, key: &str, text: Option<&str>) {
    match text {
        Some(text) => w.field(key, text),
        None => w.key(key).null(),
    }
}
