//! The meaning of a failed `fetch`: whether the request was sent, and whether the call was wrong.
//!
//! `fetch` rejects with a `TypeError` for every failure. Node, Bun and Deno add a code or a text to the error or its
//! causes. Browsers and Workers add nothing. The model may have run, unless it is known that nothing was sent.

use js_sys::Reflect;
use wasm_bindgen::prelude::*;

use crate::error::{Error, ErrorKind};
use crate::text::has;

/// Codes of errors without a connection: nothing was sent. The last three are Bun's.
const UNCONNECTED: &[&str] = &[
    "ECONNREFUSED",
    "ENOTFOUND",
    "EAI_AGAIN",
    "EHOSTUNREACH",
    "ENETUNREACH",
    "UND_ERR_CONNECT_TIMEOUT",
    "ERR_SSL_WRONG_VERSION_NUMBER",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
    "ConnectionRefused",
    "FailedToOpenSocket",
    "DNSResolveFailed",
];

/// Texts of errors without a connection, from Deno and Bun.
const UNCONNECTED_TEXTS: &[&str] = &["(Connect)", "Unable to connect"];

/// Texts of errors about how `fetch` was called.
const MISUSE: &[&str] =
    &["Illegal invocation", "Failed to execute", "Failed to parse URL", "invalid header value", "bad port"];

/// The details of a thrown value and its causes.
#[derive(Default)]
struct Thrown {
    text: String,
    unconnected: bool,
    late: bool,
    aborted: bool,
    misused: bool,
}

impl Thrown {
    fn new(error: &JsValue) -> Self {
        let mut thrown = Self::default();
        let mut next = Some(error.clone());
        // An error may be its own cause.
        for _ in 0..4 {
            let Some(error) = next.take() else { break };
            thrown.note(&error);
            // Node tries all addresses of a host: the error contains one error for each address.
            next = member(&error, "cause").or_else(|| member(&member(&error, "errors")?, "0"));
        }
        if thrown.text.is_empty() {
            thrown.text.push_str("fetch failed");
        }
        thrown
    }

    fn note(&mut self, error: &JsValue) {
        let text = |key| member(error, key).and_then(|value| value.as_string()).unwrap_or_default();
        let mut message = text("message");
        if message.is_empty() {
            message = error.as_string().unwrap_or_default();
        }
        let (name, code, syscall) = (text("name"), text("code"), text("syscall"));
        let is_any_of = |parts: &[&str]| parts.iter().any(|part| has(&message, part));
        self.unconnected |= UNCONNECTED.contains(&&*code)
            || has(&code, "CERT")
            || syscall == "connect"
            || syscall == "getaddrinfo"
            || is_any_of(UNCONNECTED_TEXTS);
        self.late |= name == "TimeoutError" || code == "UND_ERR_HEADERS_TIMEOUT" || code == "UND_ERR_BODY_TIMEOUT";
        self.aborted |= name == "AbortError";
        self.misused |= code.starts_with("ERR_INVALID") || is_any_of(MISUSE);
        if !has(&self.text, &message) {
            // Node puts the details into the cause.
            self.text.push_str(if self.text.is_empty() { "" } else { ": " });
            self.text.push_str(&message);
        }
    }

    fn error(self, kind: ErrorKind, what: &str) -> Error {
        Error::new(kind, [what, ": ", &self.text].concat())
    }
}

/// Returns a member of a value; `None` if it is null or absent, or reading it fails.
#[inline(never)]
pub(super) fn member(value: &JsValue, key: &str) -> Option<JsValue> {
    Reflect::get(value, &key.into()).ok().filter(|value| !value.is_null_or_undefined())
}

/// Returns the error of a `fetch` that was rejected before the response headers.
pub(super) fn rejected(error: &JsValue) -> Error {
    let thrown = Thrown::new(error);
    // A browser that is offline sends nothing.
    let online = member(&js_sys::global(), "navigator").and_then(|navigator| member(&navigator, "onLine"));
    let (kind, what) = if thrown.unconnected || online.is_some_and(|online| online.is_falsy()) {
        (ErrorKind::Connect, "the service was not reached")
    } else if thrown.late {
        (ErrorKind::Timeout, "a time limit of `fetch` ended the wait for the answer")
    } else if thrown.aborted {
        (ErrorKind::Cancelled, "`fetch` aborted the request")
    } else if thrown.misused {
        (ErrorKind::Config, MISUSED)
    } else {
        (ErrorKind::Interrupted, "`fetch` failed, and the request may have been sent")
    };
    thrown.error(kind, what)
}

const MISUSED: &str = "`fetch` was called in an invalid way";

/// Returns the error of a `fetch` that throws instead of returning a promise. A correct `fetch` never throws.
pub(super) fn threw(error: &JsValue) -> Error {
    Thrown::new(error).error(ErrorKind::Config, MISUSED)
}

/// Returns the error of a `fetch` that returns something other than an unread `Response`.
pub(super) fn no_response(what: &str) -> Error {
    Error::new(ErrorKind::Config, ["the custom `fetch` does not return a usable `Response`: ", what].concat())
}

/// Returns the error of a body that broke off.
pub(super) fn broke_off(error: &JsValue) -> Error {
    let thrown = Thrown::new(error);
    if thrown.late {
        return thrown.error(ErrorKind::Timeout, "a time limit of `fetch` ended the answer");
    }
    // The call may be retried as long as nothing was delivered.
    thrown.error(ErrorKind::Truncated, "the connection broke off").with_retryable(true)
}
