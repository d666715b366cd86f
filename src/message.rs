//! Messages: what goes to a model and what comes back.
//!
//! One [`Message`] type serves every provider: a [`Role`] and a list of
//! [`Content`] blocks. A model's reply is an [`AiMessage`]: the same blocks with
//! the reply's metadata, and it becomes a [`Message`] again for the next turn
//! with nothing lost.

mod content;
mod reply;
mod source;
mod usage;

pub use content::{
    CachePoint, CacheTtl, Content, Document, GuardContent, InvalidToolCall, JsonContent, Media, Raw, RedactedThinking,
    SearchResult, Text, Thinking, ToolCall, ToolResult,
};
pub use reply::{AiMessage, GuardrailOutcome, StopReason};
pub use source::MediaSource;
pub use usage::{InputTokenDetails, OutputTokenDetails, Usage};

use serde::{Deserialize, Serialize};

/// Who speaks.
///
/// ```
/// use bedrock_chat::Role;
/// assert_eq!(Role::parse("assistant"), Some(Role::Ai));
/// assert_eq!(Role::Human.as_str(), "human");
/// ```
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
    /// Reads LangChain's names (`system`, `human`, `ai`, `tool`) and the field's
    /// other usual ones (`developer`, `user`, `assistant`, `model`, `function`).
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "system" | "developer" => Self::System,
            "human" | "user" => Self::Human,
            "ai" | "assistant" | "model" => Self::Ai,
            "tool" | "function" => Self::Tool,
            _ => return None,
        })
    }

    /// LangChain's name of the role.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Human => "human",
            Self::Ai => "ai",
            Self::Tool => "tool",
        }
    }
}

/// One turn of a conversation.
///
/// ```
/// use bedrock_chat::{Content, Message, Role};
/// let message = Message::human("What is in this picture?").with(Content::image("image/png", vec![1, 2, 3]));
/// assert_eq!(message.role, Role::Human);
/// assert_eq!(message.content.len(), 2);
/// assert_eq!(message.text(), "What is in this picture?");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, block by block.
    pub content: Vec<Content>,
    /// The id of the model that wrote the message, as far as it is known. Signed reasoning is sent back
    /// to models of the same vendor only. Defaults to unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

impl Message {
    /// A message of one role with any content.
    pub fn new(role: Role, content: impl Into<Vec<Content>>) -> Self {
        Self { role, content: content.into(), model: None }
    }

    /// Instructions for the model.
    pub fn system(text: impl Into<String>) -> Self {
        Self::new(Role::System, [Content::text(text)])
    }

    /// The user's words.
    pub fn human(text: impl Into<String>) -> Self {
        Self::new(Role::Human, [Content::text(text)])
    }

    /// The model's words, as history or as the beginning of its next answer.
    pub fn ai(text: impl Into<String>) -> Self {
        Self::new(Role::Ai, [Content::text(text)])
    }

    /// What a tool answered to the call with this id.
    pub fn tool(tool_call_id: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(Role::Tool, [Content::ToolResult(ToolResult::new(tool_call_id, [Content::text(text)]))])
    }

    /// How a tool failed, told to the model.
    pub fn tool_error(tool_call_id: impl Into<String>, text: impl Into<String>) -> Self {
        let mut result = ToolResult::new(tool_call_id, [Content::text(text)]);
        result.is_error = true;
        Self::new(Role::Tool, [Content::ToolResult(result)])
    }

    /// The same message with one more block.
    #[must_use]
    pub fn with(mut self, block: Content) -> Self {
        self.content.push(block);
        self
    }

    /// All text blocks, joined.
    pub fn text(&self) -> String {
        content::joined_text(&self.content)
    }

    /// The tool calls in the message.
    pub fn tool_calls(&self) -> impl Iterator<Item = &ToolCall> {
        content::tool_calls(&self.content)
    }
}

impl From<&str> for Message {
    /// A human message.
    fn from(text: &str) -> Self {
        Self::human(text)
    }
}

impl From<String> for Message {
    /// A human message.
    fn from(text: String) -> Self {
        Self::human(text)
    }
}

impl From<AiMessage> for Message {
    /// The reply as history.
    fn from(reply: AiMessage) -> Self {
        Self { role: Role::Ai, content: reply.content, model: reply.model }
    }
}

impl From<&AiMessage> for Message {
    /// The reply as history.
    fn from(reply: &AiMessage) -> Self {
        Self { role: Role::Ai, content: reply.content.clone(), model: reply.model.clone() }
    }
}
