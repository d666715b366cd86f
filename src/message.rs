//! Messages to and from models.
//!
//! One [`Message`] type serves every provider: a [`Role`] and a list of
//! [`Content`] blocks. A model's reply is an [`AiMessage`]: the same blocks with
//! the reply's metadata. It becomes a [`Message`] again for the next turn
//! with nothing lost.

mod citation;
mod content;
mod guardrail;
mod pairs;
mod reply;
mod source;
mod usage;

pub use citation::{Citation, CitationLocation, CitedRange};
pub use content::{
    CachePoint, CacheTtl, Content, Document, GuardContent, InvalidToolCall, JsonContent, Media, Raw, RedactedThinking,
    SearchResult, Text, Thinking, ToolCall, ToolReference, ToolResult,
};
pub use guardrail::{AppliedGuardrail, GuardrailOrigin, GuardrailOutcome};
pub use reply::{AiMessage, StopReason};
pub use source::MediaSource;
pub use usage::{InputTokenDetails, OutputTokenDetails, Usage};

use serde::{Deserialize, Serialize};

/// The role of a message's author.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Role {
    /// Instructions for the model.
    System,
    /// The user.
    Human,
    /// The model.
    Ai,
    /// Results of tools.
    Tool,
}

impl Role {
    /// Parses LangChain's names (`system`, `human`, `ai`, `tool`) and other common ones (`developer`, `user`,
    /// `assistant`, `model`, `function`).
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "system" | "developer" => Self::System,
            "human" | "user" => Self::Human,
            "ai" | "assistant" | "model" => Self::Ai,
            "tool" | "function" => Self::Tool,
            _ => return None,
        })
    }

    /// Returns LangChain's name of the role.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Human => "human",
            Self::Ai => "ai",
            Self::Tool => "tool",
        }
    }

    /// Returns the name of the role in formats in which results of tools belong to the user.
    pub(crate) fn chat_name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Human | Self::Tool => "user",
            Self::Ai => "assistant",
        }
    }
}

/// A message of a conversation.
///
/// ```
/// use bedrock_chat::{Content, Message, Role};
/// let message = Message::human("What is in this image?").with(Content::image("image/png", vec![1, 2, 3]));
/// assert_eq!(message.role, Role::Human);
/// assert_eq!(message.content.len(), 2);
/// assert_eq!(message.text(), "What is in this image?");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// The role of the author.
    pub role: Role,
    /// The content blocks.
    pub content: Vec<Content>,
    /// The id of the model that wrote the message, if known. Signed reasoning is sent back to models of the
    /// same vendor only. Defaults to unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

impl Message {
    /// Creates a message with any content.
    pub fn new(role: Role, content: impl Into<Vec<Content>>) -> Self {
        Self { role, content: content.into(), model: None }
    }

    /// Creates a system message: instructions for the model.
    pub fn system(text: impl Into<String>) -> Self {
        Self::new(Role::System, [Content::text(text)])
    }

    /// Creates a human message: the user's text.
    pub fn human(text: impl Into<String>) -> Self {
        Self::new(Role::Human, [Content::text(text)])
    }

    /// Creates an AI message: the model's text in the history, or the beginning of its next answer.
    pub fn ai(text: impl Into<String>) -> Self {
        Self::new(Role::Ai, [Content::text(text)])
    }

    /// Creates a message with a tool's result for the call with this id.
    pub fn tool(tool_call_id: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(Role::Tool, [Content::ToolResult(ToolResult::new(tool_call_id, [Content::text(text)]))])
    }

    /// Creates a message with a failed result for the call with this id, for the model to read.
    pub fn tool_error(tool_call_id: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(Role::Tool, [Content::ToolResult(ToolResult::error(tool_call_id, [Content::text(text)]))])
    }

    /// Sets the id of the model that wrote the message. Defaults to unknown.
    #[must_use]
    pub fn with_model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// Appends one block.
    #[must_use]
    pub fn with(mut self, block: Content) -> Self {
        self.content.push(block);
        self
    }

    /// Returns the text of all text blocks, joined.
    pub fn text(&self) -> String {
        content::joined_text(&self.content)
    }

    /// Returns the tool calls in the message.
    pub fn tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        content::tool_calls(&self.content)
    }
}

impl From<&str> for Message {
    /// Creates a human message.
    fn from(text: &str) -> Self {
        Self::human(text)
    }
}

impl From<String> for Message {
    /// Creates a human message.
    fn from(text: String) -> Self {
        Self::human(text)
    }
}

impl From<AiMessage> for Message {
    /// Converts a reply to a message of the history.
    fn from(reply: AiMessage) -> Self {
        Self { role: Role::Ai, content: reply.content, model: reply.model }
    }
}

impl From<&AiMessage> for Message {
    /// Converts a reply to a message of the history.
    fn from(reply: &AiMessage) -> Self {
        Self { role: Role::Ai, content: reply.content.clone(), model: reply.model.clone() }
    }
}
