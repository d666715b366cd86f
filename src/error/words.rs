//! What the body of an error says, in whatever shape.

use crate::json::{Kind, View};
use crate::text::lossy;

/// How much of a body that is not an error object goes into the message.
const SNIPPET: usize = 300;

/// The members that hold an error's message, in AWS's and in gateways' forms.
const MESSAGES: &[&str] =
    &["message", "Message", "errorMessage", "error_message", "error_description", "detail", "originalMessage", "msg"];

/// The members that hold an error's name.
const NAMES: &[&str] = &["__type", "code", "Code", "type", "status"];

/// The objects of a body that may describe an error: itself and those that it wraps. An unknown route is
/// answered with `{"Output":{"__type":…}}`; gateways write `{"error":{…}}` or `{"errors":[{…}]}`.
pub(super) fn holders(body: View<'_>) -> impl Iterator<Item = View<'_>> {
    let wrapped = ["Output", "error", "errors", "fault"].into_iter().filter_map(move |key| body.get(key));
    let inner =
        wrapped.filter_map(|value| if value.kind() == Kind::Array { value.items().next() } else { Some(value) });
    std::iter::once(body).chain(inner)
}

/// Returns the message of an error's body, if it has one in a form that is known.
pub(crate) fn error_message(body: View<'_>) -> Option<String> {
    let of = |holder: View<'_>| match holder.kind() {
        Kind::Object => MESSAGES.iter().find_map(|key| holder.get(key)?.string()),
        _ => holder.string(),
    };
    holders(body).find_map(|holder| of(holder).filter(|message| !message.trim().is_empty()))
}

/// Returns the names that a wrapped error has: `{"error":{"type":"overloaded_error","code":"…"}}`.
pub(super) fn wrapped_names(body: View<'_>) -> impl Iterator<Item = String> {
    holders(body).skip(1).flat_map(|holder| NAMES.iter().filter_map(move |key| holder.get(key)?.string()))
}

/// Returns the HTTP status that a body states in a number: `{"error":{"code":429}}`.
pub(super) fn stated_status(body: View<'_>) -> Option<u16> {
    let keys = ["code", "status", "statusCode", "status_code"];
    let mut stated = holders(body).flat_map(|holder| keys.iter().filter_map(move |key| holder.get(key)?.u64()));
    stated.find_map(|status| u16::try_from(status).ok().filter(|status| (400..600).contains(status)))
}

/// Returns the beginning of a body as text.
pub(crate) fn snippet(body: &[u8]) -> String {
    let text = lossy(body);
    let text = text.trim();
    let mut cut: String = text.chars().take(SNIPPET).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    if cut.is_empty() { "the service answered with white space only".into() } else { cut }
}
