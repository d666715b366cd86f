//! HTTP headers.

use std::fmt;

/// HTTP headers: names in lower case, in the order they were added.
///
/// The `HeaderMap` of `http` would add several kilobytes to a wasm module.
///
/// ```
/// use bedrock_chat::Headers;
/// let mut headers = Headers::new();
/// headers.push("X-Amzn-RequestId", "r-1");
/// assert_eq!(headers.get("x-amzn-requestid"), Some("r-1"));
/// assert_eq!(headers.iter().count(), 1);
/// ```
#[derive(Clone, Default)]
pub struct Headers(Vec<Header>);

#[derive(Clone)]
struct Header {
    name: String,
    value: String,
    /// Whether `Debug` hides the value whatever the name is.
    is_hidden: bool,
}

/// Headers of this crate and of servers whose values `Debug` shows. Any other may be a secret of a gateway, so `Debug`
/// shows its name alone. Headers that the caller sets are hidden whatever their names are.
const SHOWN: &[&str] = &[
    "accept",
    "content-length",
    "content-type",
    "date",
    "retry-after",
    "retry-after-ms",
    "server",
    "user-agent",
    "x-amz-date",
    "x-amz-retry-after",
    "x-amzn-errortype",
    "x-amzn-requestid",
];

/// Headers whose values are secrets. Replies and errors do not keep them.
const SECRET: &[&str] = &["authorization", "proxy-authorization", "set-cookie", "www-authenticate", "x-api-key"];

/// Maximum number of bytes of response headers that a reply or an error keeps.
const MAX_KEPT: usize = 16 * 1024;

impl Headers {
    /// Creates an empty list of headers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a header. Existing headers of the same name are kept.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        self.add(name, value.into(), false);
    }

    /// Adds a header of the caller, whose value `Debug` hides.
    pub(crate) fn push_hidden(&mut self, name: &str, value: impl Into<String>) {
        self.add(name, value.into(), true);
    }

    fn add(&mut self, name: &str, value: String, is_hidden: bool) {
        self.0.push(Header { name: name.to_ascii_lowercase(), value, is_hidden });
    }

    /// Returns the first value of a header. Names are case-insensitive.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Returns an iterator over names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|header| (header.name.as_str(), header.value.as_str()))
    }

    /// Returns an iterator over names and values, and whether each value must stay out of logs.
    pub(crate) fn with_secrecy(&self) -> impl Iterator<Item = (&str, &str, bool)> {
        self.0.iter().map(|Header { name, value, is_hidden }| {
            (name.as_str(), value.as_str(), *is_hidden || !SHOWN.contains(&name.as_str()))
        })
    }

    /// Returns whether a text can be the value of a header: visible ASCII, spaces and tabs. A line break would
    /// begin another header.
    pub(crate) fn is_value(text: &str) -> bool {
        text.bytes().all(|byte| byte == b'\t' || (32..127).contains(&byte))
    }

    /// Returns a copy for replies and errors: without the values of secrets, and at most [`MAX_KEPT`] bytes, so
    /// that a server cannot exhaust memory.
    pub(crate) fn shown(&self) -> Self {
        let mut kept = Self::new();
        let mut left = MAX_KEPT;
        for (name, value) in self.iter() {
            let value = if is_key(name) { "<secret>" } else { value };
            let Some(rest) = left.checked_sub(name.len() + value.len()) else { continue };
            left = rest;
            kept.push(name, value);
        }
        kept
    }

    /// Returns the values that are keys, without the scheme before them, such as `Basic`.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &str> {
        let keys = self.iter().filter(|(name, _)| is_key(name));
        keys.map(|(_, value)| value.split_once(' ').map_or(value, |(_, key)| key))
    }
}

/// Returns whether a header has a key, by its name.
fn is_key(name: &str) -> bool {
    SECRET.contains(&name) || ["-token", "-authorization", "-key"].iter().any(|end| name.ends_with(end))
}

impl PartialEq for Headers {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Headers {}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(name, value, is_secret)| (name, if is_secret { "<hidden>" } else { value });
        f.debug_map().entries(self.with_secrecy().map(shown)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn response_headers_are_bounded_and_without_secrets() {
        let mut headers = Headers::new();
        headers.push("Set-Cookie", "session=SECRET");
        headers.push("x-large", "x".repeat(MAX_KEPT));
        headers.push("x-limit", "7");
        let kept = headers.shown();
        assert_eq!(
            (kept.get("set-cookie"), kept.get("x-large"), kept.get("x-limit")),
            (Some("<secret>"), None, Some("7"))
        );
    }

    #[test]
    fn custom_header_value_is_not_in_debug() {
        let mut headers = Headers::new();
        for name in ["api-key", "x-goog-api-key", "x-portkey-api-key", "helicone-auth", "x-anything"] {
            headers.push(name, "VALUE");
        }
        headers.push("content-type", "text/html");
        headers.push_hidden("User-Agent", "VALUE");
        assert_eq!(headers.get("user-agent"), Some("VALUE"));
        let printed = format!("{headers:?}");
        assert!(!printed.contains("VALUE") && printed.contains("helicone-auth"), "{printed}");
        assert!(printed.contains("text/html"), "{printed}");
    }

    #[test]
    fn debug_of_headers_hides_secrets() {
        let mut headers = Headers::new();
        headers.push("Authorization", "AWS4-HMAC-SHA256 Signature=abc");
        headers.push("X-Amz-Security-Token", "TOKEN");
        let printed = format!("{headers:?}");
        assert!(
            printed.contains("authorization") && !printed.contains("abc") && !printed.contains("TOKEN"),
            "{printed}"
        );
    }
}
