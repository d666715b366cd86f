//! The values that options have: reasoning, response formats, guardrails, and names on the wire.

use crate::error::{Error, ErrorKind, Result};
use crate::json::Json;

/// How much the model reasons before it answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reasoning {
    /// No reasoning. An error for models whose reasoning cannot be switched off.
    Disabled,
    /// At most this number of tokens, which must be at least 1024 (Claude).
    Budget(u64),
    /// The model decides (newer Claude). An error for models without such an option and for models
    /// that always reason.
    Adaptive,
    /// An effort: `low`, `medium`, `high`, or another name that the model accepts (Nova 2, gpt-oss, newer
    /// Claude). For Claude models that accept only budgets it is sent as a budget: 1,024 tokens for
    /// `low`, 4,096 for `medium`, 16,384 for others, and less than `max_tokens` if that is set.
    Effort(String),
    /// A budget and an effort together (Claude Opus 4.5).
    BudgetWithEffort {
        /// Maximum number of tokens, at least 1024.
        tokens: u64,
        /// The effort: `low`, `medium` or `high`.
        effort: String,
    },
    /// Reasoning between tool calls only: the minimum that some models accept (Claude Sonnet 5.5).
    BetweenTools,
}

impl Reasoning {
    /// Returns the budget in tokens, if there is one.
    pub fn budget(&self) -> Option<u64> {
        match self {
            Self::Budget(tokens) | Self::BudgetWithEffort { tokens, .. } => Some(*tokens),
            _ => None,
        }
    }

    /// Returns the effort, if there is one.
    pub fn effort(&self) -> Option<&str> {
        match self {
            Self::Effort(effort) | Self::BudgetWithEffort { effort, .. } => Some(effort),
            _ => None,
        }
    }

    /// Returns whether the model is asked to reason.
    pub fn is_on(&self) -> bool {
        *self != Self::Disabled
    }
}

/// A format that the answer must have: JSON that fits a schema.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ResponseFormat {
    /// A name for the schema.
    pub name: String,
    /// A description of the answer. For Claude it is appended to the schema's own description. Defaults
    /// to none.
    pub description: Option<String>,
    /// The JSON Schema.
    pub schema: Json,
}

impl ResponseFormat {
    /// Creates a format with a name and a schema.
    pub fn new(name: impl Into<String>, schema: impl Into<Json>) -> Self {
        Self { name: name.into(), description: None, schema: schema.into() }
    }

    /// Sets the description of the answer. Defaults to none.
    #[must_use]
    pub fn with_description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }
}

/// The guardrail of a call, over InvokeModel (headers and body) and Converse.
///
/// See [guardrails](https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails.html).
///
/// ```
/// use bedrock_chat::{Guardrail, GuardrailTrace, StreamProcessing};
/// let guardrail = Guardrail::new("gr-123", "1")
///     .with_trace(GuardrailTrace::Enabled)
///     .with_stream_processing(StreamProcessing::Async);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Guardrail {
    /// The guardrail's id or ARN.
    pub identifier: String,
    /// Its version, a number or `DRAFT`.
    pub version: String,
    /// Whether the reply has the guardrail's trace. Defaults to the service's default, no trace.
    pub trace: Option<GuardrailTrace>,
    /// Whether a stream waits for the guardrail. Defaults to the service's default, `sync`.
    pub stream_processing: Option<StreamProcessing>,
    /// InvokeModel only (an error over Converse): the suffix of the tags around the content to evaluate. The crate
    /// puts [`Content::Guard`](crate::Content::Guard) between such tags; a text may already contain such tags. Up to
    /// 20 letters and digits. Use a new suffix for each call, so that a user cannot guess it and close the tag.
    /// Defaults to none.
    pub tag_suffix: Option<String>,
}

impl Guardrail {
    /// Creates a guardrail from its id and version.
    pub fn new(identifier: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            identifier: identifier.into(),
            version: version.into(),
            trace: None,
            stream_processing: None,
            tag_suffix: None,
        }
    }

    /// Sets whether the reply has the guardrail's trace. Defaults to no trace.
    #[must_use]
    pub fn with_trace(mut self, trace: GuardrailTrace) -> Self {
        self.trace = Some(trace);
        self
    }

    /// Sets whether a stream waits for the guardrail. Defaults to the service's default, `sync`.
    #[must_use]
    pub fn with_stream_processing(mut self, processing: StreamProcessing) -> Self {
        self.stream_processing = Some(processing);
        self
    }

    /// Sets the suffix of the tags around the content to evaluate, for InvokeModel only. Defaults to none.
    #[must_use]
    pub fn with_tag_suffix(mut self, suffix: impl Into<String>) -> Self {
        self.tag_suffix = Some(suffix.into());
        self
    }

    /// Both id and version are required; otherwise the call would run without the guardrail.
    pub(super) fn check(&self) -> Result<()> {
        let (field, missing) = match (self.identifier.trim().is_empty(), self.version.trim().is_empty()) {
            (false, false) => return Ok(()),
            (true, false) => ("guardrail.identifier", "its identifier"),
            (false, true) => ("guardrail.version", "its version"),
            (true, true) => ("guardrail", "identifier and version"),
        };
        Err(Error::of(
            ErrorKind::Config,
            format_args!("the guardrail is set without {missing}; set both, or no guardrail"),
        )
        .with_field(field))
    }
}

/// Makes an enum whose variants have fixed names on the wire.
macro_rules! wire_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// Returns the name on the wire, in lower case.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// Parses the name on the wire, case-insensitively.
            pub fn parse(text: &str) -> Option<Self> {
                [$(Self::$variant,)+].into_iter().find(|value| value.as_str().eq_ignore_ascii_case(text))
            }
        }
    };
}

wire_enum! {
    /// Whether a reply has the guardrail's trace.
    GuardrailTrace {
        /// With the trace.
        Enabled = "enabled",
        /// Without the trace.
        Disabled = "disabled",
        /// Enables the full trace, which includes content that was not blocked.
        EnabledFull = "enabled_full",
    }
}

wire_enum! {
    /// Whether a stream waits for its guardrail.
    StreamProcessing {
        /// Text is held back until the guardrail has evaluated it.
        Sync = "sync",
        /// Text is sent at once. An intervention may follow after it.
        Async = "async",
    }
}

wire_enum! {
    /// The latency of inference.
    ///
    /// See [latency-optimized inference](https://docs.aws.amazon.com/bedrock/latest/userguide/latency-optimized-inference.html).
    Latency {
        /// Standard latency.
        Standard = "standard",
        /// Faster, for some models and regions.
        Optimized = "optimized",
    }
}

wire_enum! {
    /// The service tier of a call.
    ///
    /// See [service tiers](https://docs.aws.amazon.com/bedrock/latest/userguide/service-tiers-inference.html).
    ServiceTier {
        /// The standard tier.
        Default = "default",
        /// Lower price, longer latency.
        Flex = "flex",
        /// Higher price, processed before others.
        Priority = "priority",
        /// Reserved capacity.
        Reserved = "reserved",
    }
}

wire_enum! {
    /// Whether the text of the reasoning is returned.
    ///
    /// See [adaptive thinking](https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html).
    ReasoningDisplay {
        /// A summary of the reasoning.
        Summarized = "summarized",
        /// Only its signature.
        Omitted = "omitted",
    }
}
