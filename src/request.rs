//! Requests: a conversation with options.

mod answers;
mod cache_point;
mod caching;
pub(crate) mod lookup;
mod messages;
pub(crate) mod object;
mod options;
#[cfg(feature = "schemars")]
pub(crate) mod schema;
pub(crate) mod strict;
mod tool;

pub(crate) use cache_point::point_of_json;
pub(crate) use caching::{MAX_CACHE_POINTS, native_life, tool_lives};
pub use messages::{IntoMessage, IntoMessages};
pub use options::{
    ChatOption, ChatOptions, Guardrail, GuardrailTrace, Latency, Reasoning, ReasoningDisplay, ResponseFormat,
    ServiceTier, StreamProcessing,
};
pub use tool::{Tool, ToolChoice};

use crate::message::Message;

/// A conversation with the options of a call, the input of a [`Codec`](crate::Codec).
///
/// ```
/// use bedrock_chat::{ChatRequest, Message};
/// let request = ChatRequest::new([Message::human("hello")]);
/// assert_eq!(request.messages.len(), 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ChatRequest {
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// The options of the call.
    pub options: ChatOptions,
    /// Whether the text of the messages is the whole prompt, to be sent without a chat template.
    /// Only codecs that [take prompts](crate::Codec::takes_prompts) read it. Defaults to `false`.
    pub raw: bool,
}

impl ChatRequest {
    /// Creates a request without options.
    pub fn new(messages: impl Into<Vec<Message>>) -> Self {
        Self { messages: messages.into(), ..Self::default() }
    }

    /// Creates a request to continue a text, which is sent unchanged.
    ///
    /// ```
    /// assert!(bedrock_chat::ChatRequest::prompt("Once upon a time").raw);
    /// ```
    pub fn prompt(text: impl Into<String>) -> Self {
        Self { messages: vec![Message::human(text)], raw: true, ..Self::default() }
    }

    /// Sets the options.
    #[must_use]
    pub fn with_options(mut self, options: ChatOptions) -> Self {
        self.options = options;
        self
    }
}
