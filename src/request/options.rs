//! The options of a call. What is not set is not sent.

use super::{Tool, ToolChoice};
use crate::capabilities::Capabilities;
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Kind};
use crate::message::CachePoint;

/// The options of a call. Every one defaults to "not set", and what is not set is
/// not sent: the model's own default holds.
///
/// ```
/// use bedrock_chat::ChatOptions;
/// let base = ChatOptions { temperature: Some(0.5), max_tokens: Some(100), ..ChatOptions::default() };
/// let call = ChatOptions { temperature: Some(0.9), ..ChatOptions::default() };
/// let merged = base.merged_with(&call);
/// assert_eq!((merged.temperature, merged.max_tokens), (Some(0.9), Some(100)));
/// ```
#[derive(Debug, Default, PartialEq)]
pub struct ChatOptions {
    /// Most tokens to answer with. Not set: the model's default, except for
    /// Anthropic's API, which requires it and gets 4096.
    pub max_tokens: Option<u64>,
    /// Randomness, 0 to 1 for most models.
    pub temperature: Option<f64>,
    /// Nucleus sampling: the share of probability to sample from, 0 to 1.
    pub top_p: Option<f64>,
    /// Sample from the k likeliest tokens only.
    pub top_k: Option<u64>,
    /// Sequences that end the answer.
    pub stop: Vec<String>,
    /// Tools that the model may call.
    pub tools: Vec<Tool>,
    /// Which tool the model must call.
    pub tool_choice: Option<ToolChoice>,
    /// Whether several tools may be called in one turn. `true` is what all models do by themselves;
    /// `false` is an error where a model cannot be told.
    pub parallel_tool_calls: Option<bool>,
    /// How much the model thinks before it answers.
    pub reasoning: Option<Reasoning>,
    /// The form that the answer must have.
    pub response_format: Option<ResponseFormat>,
    /// The guardrail that watches the call.
    pub guardrail: Option<Guardrail>,
    /// Latency optimised inference or the standard.
    pub latency: Option<Latency>,
    /// The service tier.
    pub service_tier: Option<ServiceTier>,
    /// Cache points where they pay, set by [`ChatRequest::with_cache_points`](crate::ChatRequest::with_cache_points)
    /// on every call of a chat whose model caches.
    pub prompt_caching: Option<CachePoint>,
    /// Whether tool calls without a result get a failed one, as providers refuse a conversation with
    /// unanswered calls: see [`ChatRequest::with_missing_tool_results`](crate::ChatRequest::with_missing_tool_results).
    /// Defaults to `false`.
    pub fill_missing_tool_results: Option<bool>,
    /// Keys and values for your invocation logs, at most 16.
    pub request_metadata: Vec<(String, String)>,
    /// Anthropic's beta features to switch on. An error for models of others.
    pub anthropic_beta: Vec<String>,
    /// A JSON object whose members go into the body as they are. They are merged with what the other
    /// options wrote, member by member; a contradiction is an error. With Converse they go into
    /// `additionalModelRequestFields`.
    pub model_kwargs: Option<Json>,
    /// Converse only (an error elsewhere): JSON pointers into the model's native reply that shall be returned.
    pub response_field_paths: Vec<String>,
    /// Converse only (an error elsewhere): values for the variables of a managed prompt.
    pub prompt_variables: Vec<(String, String)>,
    /// Corrections of what the library knows about the model, for models that are newer than the
    /// library. Never sent. Defaults to no correction.
    pub capabilities: Capabilities,
    /// Whether the text of the model's reasoning is returned: Claude 4.7 and later return none unless
    /// asked. An error for other models. Defaults to the model's default.
    pub reasoning_display: Option<ReasoningDisplay>,
}

impl Clone for ChatOptions {
    /// As merging with nothing, whose code does the same.
    fn clone(&self) -> Self {
        self.merged_with(&Self::default())
    }
}

impl ChatOptions {
    /// These options, with those that the other sets in their place. Lists that
    /// the other leaves empty stay; members of `model_kwargs` are merged one by one.
    #[must_use]
    pub fn merged_with(&self, over: &Self) -> Self {
        fn option<T: Clone>(base: &Option<T>, over: &Option<T>) -> Option<T> {
            over.as_ref().or(base.as_ref()).cloned()
        }
        fn list<T: Clone>(base: &[T], over: &[T]) -> Vec<T> {
            if over.is_empty() { base.to_vec() } else { over.to_vec() }
        }
        Self {
            max_tokens: over.max_tokens.or(self.max_tokens),
            temperature: over.temperature.or(self.temperature),
            top_p: over.top_p.or(self.top_p),
            top_k: over.top_k.or(self.top_k),
            stop: list(&self.stop, &over.stop),
            tools: list(&self.tools, &over.tools),
            tool_choice: option(&self.tool_choice, &over.tool_choice),
            parallel_tool_calls: over.parallel_tool_calls.or(self.parallel_tool_calls),
            reasoning: option(&self.reasoning, &over.reasoning),
            response_format: option(&self.response_format, &over.response_format),
            guardrail: option(&self.guardrail, &over.guardrail),
            latency: over.latency.or(self.latency),
            service_tier: over.service_tier.or(self.service_tier),
            prompt_caching: over.prompt_caching.or(self.prompt_caching),
            fill_missing_tool_results: over.fill_missing_tool_results.or(self.fill_missing_tool_results),
            request_metadata: list(&self.request_metadata, &over.request_metadata),
            anthropic_beta: list(&self.anthropic_beta, &over.anthropic_beta),
            model_kwargs: match (&self.model_kwargs, &over.model_kwargs) {
                (Some(base), Some(over)) => Some(crate::json::merged(base.view(), over.view())),
                (base, over) => option(base, over),
            },
            response_field_paths: list(&self.response_field_paths, &over.response_field_paths),
            prompt_variables: list(&self.prompt_variables, &over.prompt_variables),
            capabilities: self.capabilities.overridden_by(over.capabilities),
            reasoning_display: over.reasoning_display.or(self.reasoning_display),
        }
    }

    /// The checks that need no model: numbers that are numbers, kwargs that are an object.
    pub(crate) fn check(&self) -> Result<()> {
        let config = |message: String| Err(Error::new(ErrorKind::Config, message));
        for (name, value) in [("temperature", self.temperature), ("top_p", self.top_p)] {
            if value.is_some_and(|value| !value.is_finite() || value < 0.0) {
                return config(format!("{name} must be a finite number from 0 on"));
            }
        }
        if self.max_tokens == Some(0) {
            return config("max_tokens must be at least 1, it is 0".into());
        }
        if self.model_kwargs.as_ref().is_some_and(|kwargs| kwargs.view().kind() != Kind::Object) {
            return config("model_kwargs must be a JSON object".into());
        }
        if self.request_metadata.len() > 16 {
            let count = self.request_metadata.len();
            return config(format!("request_metadata may have 16 entries, it has {count}"));
        }
        self.guardrail.as_ref().map_or(Ok(()), Guardrail::check)
    }
}

/// How much the model thinks before it answers.
///
/// ```
/// use bedrock_chat::Reasoning;
/// let reasoning = Reasoning::Budget(2048);
/// assert_eq!(reasoning.budget(), Some(2048));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reasoning {
    /// Not at all, where the model lets itself be told.
    Disabled,
    /// At most so many tokens, at least 1024 (Claude).
    Budget(u64),
    /// As much as the model finds right (newer Claude). An error for models without such an option, also
    /// for those that always reason.
    Adaptive,
    /// By effort: `low`, `medium`, `high`, or a model's own word (Nova 2, gpt-oss, newer Claude). Claude
    /// models that take budgets only get one by effort: 1,024 tokens for `low`, 4,096 for `medium`,
    /// 16,384 for others, and less than `max_tokens` if that is set.
    Effort(String),
    /// By a budget and an effort together (Claude Opus 4.5).
    BudgetWithEffort {
        /// At most so many tokens, at least 1024.
        tokens: u64,
        /// The effort: `low`, `medium` or `high`.
        effort: String,
    },
    /// Between tool calls only: the least that some models accept (Claude Sonnet 5.5).
    BetweenTools,
}

impl Reasoning {
    /// The budget of tokens, where there is one.
    pub fn budget(&self) -> Option<u64> {
        match self {
            Self::Budget(tokens) | Self::BudgetWithEffort { tokens, .. } => Some(*tokens),
            _ => None,
        }
    }

    /// The effort, where there is one.
    pub fn effort(&self) -> Option<&str> {
        match self {
            Self::Effort(effort) | Self::BudgetWithEffort { effort, .. } => Some(effort),
            _ => None,
        }
    }

    /// Whether the model is asked to think.
    pub fn is_on(&self) -> bool {
        *self != Self::Disabled
    }
}

/// The form that an answer must have: JSON that fits a schema.
///
/// ```
/// use bedrock_chat::{Json, ResponseFormat};
/// let format = ResponseFormat::new("joke", Json::parse(r#"{"type":"object"}"#)?);
/// assert_eq!(format.name, "joke");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ResponseFormat {
    /// A name for the schema.
    pub name: String,
    /// A description of the answer. Claude's own format has it in the schema, behind the schema's own.
    pub description: Option<String>,
    /// The JSON Schema.
    pub schema: Json,
}

impl ResponseFormat {
    /// A form with its name and schema.
    pub fn new(name: impl Into<String>, schema: impl Into<Json>) -> Self {
        Self { name: name.into(), description: None, schema: schema.into() }
    }
}

/// The guardrail that watches a call, on InvokeModel (headers and body) and Converse alike.
///
/// See [guardrails](https://docs.aws.amazon.com/bedrock/latest/userguide/guardrails.html).
///
/// ```
/// use bedrock_chat::{Guardrail, GuardrailTrace};
/// let guardrail = Guardrail::new("gr-123", "1").with_trace(GuardrailTrace::Enabled);
/// assert_eq!(guardrail.version, "1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Guardrail {
    /// The guardrail's id or ARN.
    pub identifier: String,
    /// Its version, a number or `DRAFT`.
    pub version: String,
    /// Whether the reply says what the guardrail saw. Defaults to not asking, which the service takes as no.
    pub trace: Option<GuardrailTrace>,
    /// Whether a stream waits for the guardrail. Defaults to the service's default, `sync`.
    pub stream_processing: Option<StreamProcessing>,
    /// InvokeModel only (an error over Converse): the suffix of the tags around what it shall look at.
    /// [`Content::Guard`](crate::Content::Guard) is put between such tags; write them yourself, or not.
    /// Up to 20 letters and digits, best new for each call, so that nobody can close the tag. Defaults to none.
    pub tag_suffix: Option<String>,
}

impl Guardrail {
    /// A guardrail with its id and version.
    pub fn new(identifier: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            identifier: identifier.into(),
            version: version.into(),
            trace: None,
            stream_processing: None,
            tag_suffix: None,
        }
    }

    /// The same guardrail with a trace.
    #[must_use]
    pub fn with_trace(mut self, trace: GuardrailTrace) -> Self {
        self.trace = Some(trace);
        self
    }

    /// Half a guardrail is none, and a call that should have been watched must not go unwatched.
    fn check(&self) -> Result<()> {
        let missing = match (self.identifier.trim().is_empty(), self.version.trim().is_empty()) {
            (false, false) => return Ok(()),
            (true, false) => "guardrail version is set but its identifier is not",
            (false, true) => "guardrail identifier is set but its version is not",
            (true, true) => "guardrail is set without identifier and version",
        };
        Err(Error::of(ErrorKind::Config, format_args!("{missing}: set both, or no guardrail")))
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
            /// The name on the wire, in lower case.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)+ }
            }

            /// Reads the name on the wire; case does not count.
            pub fn parse(text: &str) -> Option<Self> {
                [$(Self::$variant,)+].into_iter().find(|value| value.as_str().eq_ignore_ascii_case(text))
            }
        }
    };
}

wire_enum! {
    /// Whether a reply says what a guardrail saw.
    ///
    /// ```
    /// use bedrock_chat::GuardrailTrace;
    /// assert_eq!(GuardrailTrace::parse("ENABLED"), Some(GuardrailTrace::Enabled));
    /// ```
    GuardrailTrace {
        /// It does.
        Enabled = "enabled",
        /// It does not.
        Disabled = "disabled",
        /// It does, at length.
        EnabledFull = "enabled_full",
    }
}

wire_enum! {
    /// Whether a stream waits for its guardrail.
    ///
    /// ```
    /// assert_eq!(bedrock_chat::StreamProcessing::Sync.as_str(), "sync");
    /// ```
    StreamProcessing {
        /// Text waits until the guardrail has seen it.
        Sync = "sync",
        /// Text goes out at once and may be taken back.
        Async = "async",
    }
}

wire_enum! {
    /// The latency of inference.
    ///
    /// See [latency optimised inference](https://docs.aws.amazon.com/bedrock/latest/userguide/latency-optimized-inference.html).
    ///
    /// ```
    /// assert_eq!(bedrock_chat::Latency::Optimized.as_str(), "optimized");
    /// ```
    Latency {
        /// The standard.
        Standard = "standard",
        /// Faster, for some models and regions.
        Optimized = "optimized",
    }
}

wire_enum! {
    /// The service tier of a call.
    ///
    /// See [service tiers](https://docs.aws.amazon.com/bedrock/latest/userguide/service-tiers-inference.html).
    ///
    /// ```
    /// assert_eq!(bedrock_chat::ServiceTier::Flex.as_str(), "flex");
    /// ```
    ServiceTier {
        /// The standard.
        Default = "default",
        /// Cheaper and slower.
        Flex = "flex",
        /// Dearer and first.
        Priority = "priority",
        /// Capacity that you reserved.
        Reserved = "reserved",
    }
}

wire_enum! {
    /// Whether the text of the reasoning is returned.
    ///
    /// See [adaptive thinking](https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-adaptive-thinking.html).
    ReasoningDisplay {
        /// A summary of it.
        Summarized = "summarized",
        /// Only its signature.
        Omitted = "omitted",
    }
}
