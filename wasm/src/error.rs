//! Errors on their way to JavaScript, as JSON that the package makes real `Error`s of.

use std::borrow::Cow;

use bedrock_chat::json::{JsonError, Writer};
use bedrock_chat::{Error, ErrorKind, Headers};
use wasm_bindgen::JsValue;

use crate::options::NAMES;

pub(crate) fn thrown(error: Error) -> JsValue {
    text(&error)
}

/// Returns an error as JSON.
pub(crate) fn text(error: &Error) -> JsValue {
    let mut w = Writer::new();
    write(&mut w, error);
    JsValue::from(w.finish())
}

pub(crate) fn write(w: &mut Writer, error: &Error) {
    w.begin_object();
    w.field("kind", error.kind().as_str());
    let mut message = error.to_string();
    if let Some(field) = error.field() {
        message = with_names(&message, field);
        w.field("field", &name(field));
    }
    w.field("message", &message);
    w.key("retryable").bool(error.is_retryable());
    w.key("transient").bool(error.is_transient());
    w.opt_u64("status", error.status().map(u64::from));
    w.opt_field("awsType", error.aws_type());
    w.opt_field("requestId", error.request_id());
    w.opt_field("model", error.model());
    w.opt_field("region", error.region());
    w.opt_u64("attempts", Some(error.attempts().into()).filter(|attempts| *attempts > 0));
    w.opt_u64("retryAfterMs", error.retry_after().and_then(|after| after.as_millis().try_into().ok()));
    if let Some(headers) = error.response_headers() {
        write_headers(w.key("responseHeaders"), headers);
    }
    if let Some(partial) = error.partial().and_then(crate::partial) {
        w.key("partial").raw(partial.view());
    }
    w.end_object();
}

/// Returns the name in JavaScript of an option, or of a part of one.
fn name(path: &str) -> Cow<'_, str> {
    let known = |path: &str| NAMES.iter().find(|(rust, _)| *rust == path).map(|(_, name)| *name);
    if let Some(name) = known(path) {
        return name.into();
    }
    let (option, part) = split_path(path);
    known(option).map_or(path.into(), |name| [name, part].concat().into())
}

/// Splits a path into the option, and the part of it with its `.`.
fn split_path(path: &str) -> (&str, &str) {
    let end = path.bytes().position(|byte| byte == b'.').unwrap_or(path.len());
    path.split_at_checked(end).unwrap_or_default()
}

/// Returns a message with the names of options in JavaScript. The message has them in backticks.
///
/// The option that the error is about, and its parts, are renamed anywhere. Other options are renamed in the advice
/// only, which is after the last `; `. Elsewhere, such a name may be the caller's: of a tool, or in `model_kwargs`.
fn with_names(message: &str, field: &str) -> String {
    let advice = message.as_bytes().windows(2).rposition(|pair| pair == b"; ").unwrap_or(message.len());
    let (own, _) = split_path(field);
    let mut text = String::new();
    let mut rest = message;
    while let Some(end) = rest.bytes().position(|byte| byte == b'`') {
        let Some((part, behind)) = rest.split_at_checked(end) else { break };
        let is_option = message.len() - rest.len() > advice || split_path(part).0 == own;
        text.push_str(&if is_option { name(part) } else { part.into() });
        text.push('`');
        rest = behind.get(1..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

/// Writes headers as an object. The values of one name are joined, as `fetch` joins them.
pub(crate) fn write_headers(w: &mut Writer, headers: &Headers) {
    w.begin_object();
    for (at, (name, _)) in headers.iter().enumerate() {
        let mut same = headers.iter().enumerate().filter(|(_, (other, _))| *other == name);
        if same.next().is_some_and(|(first, _)| first < at) {
            continue;
        }
        let mut joined = headers.get(name).unwrap_or_default().to_owned();
        for (_, (_, value)) in same {
            joined.push_str(", ");
            joined.push_str(value);
        }
        w.field(name, &joined);
    }
    w.end_object();
}

/// The error for text from JavaScript that is not JSON, which would be a bug of the package.
pub(crate) fn json(error: JsonError) -> Error {
    let mut message = String::from("not JSON: ");
    message.push_str(&error.to_string());
    Error::new(ErrorKind::Encode, message)
}
