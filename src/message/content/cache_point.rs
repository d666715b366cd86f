//! Cache points.

use serde::{Deserialize, Serialize};

/// A point up to which the provider may cache the prompt. A call can have four, including points after tools. It is
/// not sent to models without prompt caching: see [`Capability::PromptCaching`](crate::Capability).
///
/// See [prompt caching](https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html).
///
/// ```
/// use bedrock_chat::{CachePoint, CacheTtl};
/// let point = CachePoint::default().with_ttl(CacheTtl::OneHour);
/// assert_eq!(point.ttl.map(CacheTtl::as_str), Some("1h"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CachePoint {
    /// The time to live of the cached prompt. Defaults to the provider's default, 5 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<CacheTtl>,
}

impl CachePoint {
    /// Sets the time to live of the cached prompt. Defaults to the provider's default, 5 minutes.
    #[must_use]
    pub fn with_ttl(mut self, ttl: CacheTtl) -> Self {
        self.ttl = Some(ttl);
        self
    }
}

/// The time to live of a cached prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub enum CacheTtl {
    /// Five minutes.
    #[serde(rename = "5m")]
    FiveMinutes,
    /// One hour.
    #[serde(rename = "1h")]
    OneHour,
}

impl CacheTtl {
    /// Returns the name on the wire: `5m` or `1h`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FiveMinutes => "5m",
            Self::OneHour => "1h",
        }
    }

    /// Parses `5m` or `1h`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "5m" => Some(Self::FiveMinutes),
            "1h" => Some(Self::OneHour),
            _ => None,
        }
    }
}
