//! Errors on their way to JavaScript, as JSON that the package makes real `Error`s of.

use std::borrow::Cow;

use bedrock_chat::json::{JsonError, Writer};
use bedrock_chat::{Error, ErrorKind, Headers};
use wasm_bindgen::JsValue;

use crate::options::NAMES;

pub(crate) fn thrown(error: Error) -> JsValue {
    let mut w = Writer::new();
    write(&mut w, &error);
    JsValue::from(w.finish())
}

pub(crate) fn write(w: &mut Writer, error: &Error) {
    w.begin_object();
    w.field("kind", error.kind().as_str());
    let mut message = error.to_string();
    if let Some(field) = error.field() {
        message = with_names(&message);
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
    let end = path.bytes().position(|byte| byte == b'.').unwrap_or(path.len());
    let (option, part) = path.split_at_checked(end).unwrap_or_default();
    known(option).map_or(path.into(), |name| [name, part].concat().into())
}

/// Returns a message with the names of options in JavaScript. The message has them in backticks.
fn with_names(mut message: &str) -> String {
    let mut text = String::new();
    while let Some(end) = message.bytes().position(|byte| byte == b'`') {
        let Some((part, rest)) = message.split_at_checked(end) else { break };
        text.push_str(&name(part));
        text.push('`');
        message = rest.get(1..).unwrap_or_default();
    }
    text.push_str(message);
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
