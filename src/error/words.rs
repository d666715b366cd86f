//! Messages and names in the body of an error response, in AWS's and in gateways' forms.

use crate::json::{Kind, View};
use crate::text::lossy;

/// Maximum number of characters of a body that is quoted in a message.
const SNIPPET: usize = 300;

/// The members that hold an error's message, in AWS's and in gateways' forms.
const MESSAGES: &[&str] =
    &["message", "Message", "errorMessage", "error_message", "error_description", "detail", "originalMessage", "msg"];

/// The members that hold an error's name.
const NAMES: &[&str] = &["__type", "code", "Code", "type", "status"];

/// Returns the objects of a body that may describe an error: the body and wrapped objects. AWS answers an
/// unknown route with `{"Output":{"__type":…}}`; gateways write `{"error":{…}}` or `{"errors":[{…}]}`.
pub(super) fn holders(body: View<'_>) -> Vec<View<'_>> {
    let mut holders = vec![body];
    for key in ["Output", "error", "errors", "fault"] {
        match body.get(key) {
            Some(list) if list.kind() == Kind::Array => holders.extend(list.items().next()),
            value => holders.extend(value),
        }
    }
    holders
}

/// Returns the message in an error's body, if its form is known.
pub(crate) fn error_message(body: View<'_>) -> Option<String> {
    for holder in holders(body) {
        let message = match holder.kind() {
            Kind::Object => MESSAGES.iter().find_map(|key| holder.get(key)?.string()),
            _ => holder.string(),
        };
        if message.as_ref().is_some_and(|message| !message.trim().is_empty()) {
            return message;
        }
    }
    None
}

/// Returns the names in a wrapped error: `{"error":{"type":"overloaded_error","code":"…"}}`.
pub(super) fn wrapped_names(body: View<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for holder in holders(body).iter().skip(1) {
        for name in NAMES {
            names.extend(holder.get(name).and_then(View::string));
        }
    }
    names
}

/// Returns the HTTP status that a body states as a number, as in `{"error":{"code":429}}`.
pub(super) fn stated_status(body: View<'_>) -> Option<u16> {
    let keys = ["code", "status", "statusCode", "status_code"];
    for holder in holders(body) {
        for key in keys {
            let status = holder.get(key).and_then(View::u64).unwrap_or_default();
            if (400..600).contains(&status) {
                return u16::try_from(status).ok();
            }
        }
    }
    None
}

/// Returns the beginning of a body as text.
pub(crate) fn snippet(body: &[u8]) -> String {
    let text = lossy(body);
    let text = text.trim();
    let mut cut: String = text.chars().take(SNIPPET).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    if cut.is_empty() { "the response is empty".into() } else { cut }
}
