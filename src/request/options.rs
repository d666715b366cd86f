//! The options of a call. An option that is not set is not sent.

mod values;

pub use values::{
    Guardrail, GuardrailTrace, Latency, Reasoning, ReasoningDisplay, ResponseFormat, ServiceTier, StreamProcessing,
};

use std::fmt;

use super::{Tool, ToolChoice};
use crate::capabilities::Capabilities;
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Kind};
use crate::message::CachePoint;

/// Defines [`ChatOptions`], its setters and [`ChatOption`] from one table. A row has: how the option is set and
/// merged, the field, the setter with its argument, and the name in [`ChatOption`].
macro_rules! options {
    ($($(#[doc = $doc:literal])+ $kind:ident $field:ident: $type:ty, $with:ident($given:ty), $option:ident;)+) => {
        /// The options of a call. No option is set by default, and an unset option is not sent: the model's own
        /// default applies.
        ///
        /// ```
        /// use bedrock_chat::ChatOptions;
        /// let options = ChatOptions::default().with_temperature(0.5).with_stop(["END"]);
        /// ```
        ///
        /// # Precedence
        ///
        /// Options are set at several levels. A later level overrides an earlier one, option by option:
        ///
        /// 1. the setters of [`BedrockChatBuilder`](crate::BedrockChatBuilder) and
        ///    [`options`](crate::BedrockChatBuilder::options), in the order of the calls,
        /// 2. [`BedrockChat::with_options`](crate::BedrockChat::with_options),
        ///    [`bind_tools`](crate::BedrockChat::bind_tools) and the like, in the order of the calls; each
        ///    returns a new chat,
        /// 3. in JavaScript, the options of a call.
        ///
        /// A level is applied in two steps. First, the options that it removes with [`without`](Self::without)
        /// are removed, so the model's default applies again. Then its own options are set. Lists are replaced
        /// as a whole, and an empty list sets nothing. The members of [`model_kwargs`](Self::model_kwargs) and
        /// the [`capabilities`](Self::capabilities) are merged one by one.
        ///
        /// ```
        /// use bedrock_chat::{ChatOption, ChatOptions};
        /// let chat = ChatOptions::default().with_temperature(0.5).with_max_tokens(100);
        /// let call = ChatOptions::default().without(ChatOption::Temperature).with_max_tokens(200);
        /// let merged = chat.merged_with(&call);
        /// assert_eq!((merged.temperature, merged.max_tokens), (None, Some(200)));
        /// ```
        #[derive(Clone, Debug, Default, PartialEq)]
        #[non_exhaustive]
        pub struct ChatOptions {
            $($(#[doc = $doc])+ pub $field: $type,)+
            /// The options that are removed from lower levels.
            pub(crate) removed: Removed,
        }

        impl ChatOptions {
            $(
                #[doc = concat!("Sets [`", stringify!($field), "`](field@Self::", stringify!($field), ").")]
                #[doc = ""]
                $(#[doc = $doc])+
                #[must_use]
                pub fn $with(mut self, value: $given) -> Self {
                    self.$field = options!(@set $kind value);
                    self
                }
            )+

            /// Removes one option: from this set, and from every set that this set is [merged](Self::merged_with)
            /// over. See the [precedence](Self#precedence).
            #[must_use]
            pub fn without(mut self, option: ChatOption) -> Self {
                match option {
                    $(ChatOption::$option => self.$field = Default::default(),)+
                }
                self.removed.add(option);
                self
            }

            /// Returns these options with those of another set applied over them. See the
            /// [precedence](Self#precedence).
            #[must_use]
            pub fn merged_with(&self, over: &Self) -> Self {
                Self {
                    $($field: {
                        let base = (!over.removed.has(ChatOption::$option)).then_some(&self.$field);
                        options!(@merge $kind base, over.$field)
                    },)+
                    removed: self.removed.with(over.removed),
                }
            }
        }

        /// The name of an option, for [`ChatOptions::without`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ChatOption {
            $(
                #[doc = concat!("[`ChatOptions::", stringify!($field), "`]")]
                $option,
            )+
        }

        impl ChatOption {
            /// All options.
            pub const ALL: &'static [Self] = &[$(Self::$option),+];

            /// Returns the name of the field in [`ChatOptions`].
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$option => stringify!($field),)+
                }
            }
        }
    };
    (@set value $value:ident) => { Some($value.into()) };
    (@set object $value:ident) => { Some($value.into()) };
    (@set list $value:ident) => { $value.into_iter().map(Into::into).collect() };
    (@set pairs $value:ident) => {
        $value.into_iter().map(|(key, value)| (key.into(), value.into())).collect()
    };
    (@set members $value:ident) => { $value };
    (@merge value $base:ident, $over:expr) => { $over.as_ref().or($base.and_then(Option::as_ref)).cloned() };
    (@merge object $base:ident, $over:expr) => { merged_objects($base.and_then(Option::as_ref), $over.as_ref()) };
    (@merge list $base:ident, $over:expr) => { merged_lists($base, &$over) };
    (@merge pairs $base:ident, $over:expr) => { merged_lists($base, &$over) };
    (@merge members $base:ident, $over:expr) => { $base.copied().unwrap_or_default().overridden_by($over) };
}

options! {
    /// Maximum number of tokens to generate. Defaults to the model's default. Claude's API requires a
    /// number, so 4096 is sent there.
    value max_tokens: Option<u64>, with_max_tokens(u64), MaxTokens;
    /// Randomness, 0 to 1 for most models. Defaults to the model's default.
    value temperature: Option<f64>, with_temperature(f64), Temperature;
    /// Nucleus sampling: the share of probability to sample from, 0 to 1. Defaults to the model's default.
    value top_p: Option<f64>, with_top_p(f64), TopP;
    /// Samples from the `k` most likely tokens only. Defaults to the model's default.
    value top_k: Option<u64>, with_top_k(u64), TopK;
    /// Sequences that end the answer. Defaults to none.
    list stop: Vec<String>, with_stop(impl IntoIterator<Item = impl Into<String>>), Stop;
    /// Tools that the model may call. Defaults to none.
    list tools: Vec<Tool>, with_tools(impl IntoIterator<Item = Tool>), Tools;
    /// The tool that the model must call. Defaults to the model's choice.
    value tool_choice: Option<ToolChoice>, with_tool_choice(impl Into<ToolChoice>), ToolChoice;
    /// Whether several tools may be called in one turn, which is every model's default. `false` is an
    /// error for models that cannot be limited to one call.
    value parallel_tool_calls: Option<bool>, with_parallel_tool_calls(bool), ParallelToolCalls;
    /// How much the model reasons before it answers. Defaults to the model's default.
    value reasoning: Option<Reasoning>, with_reasoning(Reasoning), Reasoning;
    /// The format that the answer must have. Defaults to text.
    value response_format: Option<ResponseFormat>, with_response_format(ResponseFormat), ResponseFormat;
    /// The guardrail of the call. Defaults to none.
    value guardrail: Option<Guardrail>, with_guardrail(Guardrail), Guardrail;
    /// Latency-optimized or standard inference. Defaults to the service's default, standard.
    value latency: Option<Latency>, with_latency(Latency), Latency;
    /// The service tier. Defaults to the service's default.
    value service_tier: Option<ServiceTier>, with_service_tier(ServiceTier), ServiceTier;
    /// Cache points that are set by [`ChatRequest::with_cache_points`](crate::ChatRequest::with_cache_points)
    /// on every call of a chat whose model has prompt caching. Defaults to none.
    value prompt_caching: Option<CachePoint>, with_prompt_caching(CachePoint), PromptCaching;
    /// Whether tool calls without a result get a failed result, as providers refuse a conversation with unanswered
    /// calls: see [`ChatRequest::with_missing_tool_results`](crate::ChatRequest::with_missing_tool_results). Defaults
    /// to `false`.
    value fill_missing_tool_results: Option<bool>, with_fill_missing_tool_results(bool), FillMissingToolResults;
    /// The [project](https://docs.aws.amazon.com/bedrock/latest/userguide/projects.html) that the call is counted
    /// for: an id or ARN of at most 2,048 characters. It is a member of the body over Converse, and a header over
    /// other APIs. An application inference profile cannot have a project. Defaults to none.
    value project: Option<String>, with_project(impl Into<String>), Project;
    /// Keys and values for invocation logs, at most 16; over OpenAI's APIs the `metadata` of the reply. Defaults
    /// to none.
    pairs request_metadata: Vec<(String, String)>,
        with_request_metadata(impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>), RequestMetadata;
    /// Anthropic's beta features to switch on. An error for models of other providers. Defaults to none.
    list anthropic_beta: Vec<String>, with_anthropic_beta(impl IntoIterator<Item = impl Into<String>>), AnthropicBeta;
    /// A JSON object whose members are added to the body. They are merged with the members of the other options, one
    /// by one; a contradiction is an error. Over Converse they are added to `additionalModelRequestFields`. Defaults
    /// to none.
    object model_kwargs: Option<Json>, with_model_kwargs(impl Into<Json>), ModelKwargs;
    /// Converse only (an error elsewhere): JSON pointers into the model's native reply, whose values are
    /// returned. Defaults to none.
    list response_field_paths: Vec<String>,
        with_response_field_paths(impl IntoIterator<Item = impl Into<String>>), ResponseFieldPaths;
    /// Converse only (an error elsewhere): values for the variables of a managed prompt. Defaults to none.
    pairs prompt_variables: Vec<(String, String)>,
        with_prompt_variables(impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>), PromptVariables;
    /// Corrections of the library's table of capabilities, for models that are newer than the
    /// library. Never sent. Defaults to no correction.
    members capabilities: Capabilities, with_capabilities(Capabilities), Capabilities;
    /// Whether the text of the model's reasoning is returned: Claude 4.7 and later return none by
    /// default. An error for other models. Defaults to the model's default.
    value reasoning_display: Option<ReasoningDisplay>, with_reasoning_display(ReasoningDisplay), ReasoningDisplay;
}

/// A set of options, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Removed(u64);

impl Removed {
    fn add(&mut self, option: ChatOption) {
        self.0 |= 1 << option as u64;
    }

    fn has(self, option: ChatOption) -> bool {
        self.0 & (1 << option as u64) != 0
    }

    fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

fn merged_lists<T: Clone>(base: Option<&Vec<T>>, over: &[T]) -> Vec<T> {
    match base {
        Some(base) if over.is_empty() => base.clone(),
        _ => over.to_vec(),
    }
}

fn merged_objects(base: Option<&Json>, over: Option<&Json>) -> Option<Json> {
    match (base, over) {
        (Some(base), Some(over)) => Some(crate::json::merged(base.view(), over.view())),
        (base, over) => over.or(base).cloned(),
    }
}

impl ChatOptions {
    /// Checks the rules that do not depend on the model: the ranges of numbers, and that kwargs are an object.
    pub(crate) fn check(&self) -> Result<()> {
        let wrong =
            |field: &str, message: fmt::Arguments<'_>| Err(Error::of(ErrorKind::Config, message).with_field(field));
        for (name, value) in [("temperature", self.temperature), ("top_p", self.top_p)] {
            if value.is_some_and(|value| !value.is_finite() || value < 0.0) {
                return wrong(name, format_args!("`{name}` is not a finite number of at least 0"));
            }
        }
        if self.max_tokens == Some(0) {
            return wrong("max_tokens", format_args!("`max_tokens` is 0; set at least 1"));
        }
        if self.model_kwargs.as_ref().is_some_and(|kwargs| kwargs.view().kind() != Kind::Object) {
            return wrong("model_kwargs", format_args!("`model_kwargs` is not a JSON object"));
        }
        let fits = |project: &String| {
            (1..=2048).contains(&project.len()) && project.bytes().all(|byte| byte.is_ascii_graphic())
        };
        if !self.project.as_ref().is_none_or(fits) {
            let message = "`project` is not an id or ARN of 1 to 2048 visible ASCII characters";
            return wrong("project", format_args!("{message}"));
        }
        if self.request_metadata.len() > 16 {
            let count = self.request_metadata.len();
            return wrong("request_metadata", format_args!("`request_metadata` has {count} entries; the limit is 16"));
        }
        self.guardrail.as_ref().map_or(Ok(()), Guardrail::check)
    }
}
