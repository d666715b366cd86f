//! A request: the conversation, and the options that shape the answer.

mod messages;
mod options;
mod tool;

pub use messages::{IntoMessage, IntoMessages};
pub use options::{
    ChatOptions, Guardrail, GuardrailTrace, Latency, Reasoning, ResponseFormat, ServiceTier, StreamProcessing,
};
pub use tool::{Tool, ToolChoice};

use crate::message::Message;

/// A conversation with the options of one call: what a [`Codec`](crate::Codec) encodes.
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
    /// How to answer.
    pub options: ChatOptions,
}

impl ChatRequest {
    /// A request without options.
    pub fn new(messages: impl Into<Vec<Message>>) -> Self {
        Self { messages: messages.into(), options: ChatOptions::default() }
    }

    /// The same request with options.
    #[must_use]
    pub fn with_options(mut self, options: ChatOptions) -> Self {
        self.options = options;
        self
    }
}
