//! HTTP headers, as little as the crate needs of them.

use std::fmt;

/// HTTP headers: names in lower case, in the order they were added.
///
/// A `HeaderMap` would do more and cost every wasm user several kilobytes for it.
///
/// ```
/// use bedrock_chat::Headers;
/// let mut headers = Headers::new();
/// headers.push("X-Amzn-RequestId", "r-1");
/// assert_eq!(headers.get("x-amzn-requestid"), Some("r-1"));
/// assert_eq!(headers.iter().count(), 1);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers(Vec<(String, String)>);

/// Headers that carry secrets: `Debug` shows that they are there, not what they say.
const SECRET: &[&str] = &[
    "authorization",
    "x-amz-security-token",
    "cf-aig-authorization",
    "x-api-key",
    "proxy-authorization",
    "cookie",
    "set-cookie",
];

impl Headers {
    /// No headers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a header; one of the same name stays beside it.
    pub fn push(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_ascii_lowercase(), value.into()));
    }

    /// The first value of a name; case does not count.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether the header of this name must stay out of logs.
    pub(crate) fn is_secret(name: &str) -> bool {
        SECRET.contains(&name)
    }
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(name, value)| (name, if Self::is_secret(name) { "<secret>" } else { value });
        f.debug_map().entries(self.iter().map(shown)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_printed() {
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
