//! The deterministic model, the same behind every wire shape.
//!
//! A shape converts its body to a [`Prompt`]. [`answer`] makes an [`Answer`] of the prompt, and the shape encodes it
//! in its own JSON.

mod brain;
mod cache;
mod fill;
mod pattern;
mod question;
mod thinking;
mod tokens;
#[cfg(feature = "server")]
pub(crate) mod translate;

use serde_json::Value;

#[cfg(feature = "server")]
pub(crate) use brain::is_blocked;
pub(crate) use brain::{BLOCKED_TEXT, answer};
pub(crate) use cache::{InputTokens, Ledger, PromptCache, Ttl};
pub(crate) use thinking::{Trusted, seal_reasoning};
pub(crate) use tokens::{deltas, json_deltas, split as tokens};

/// The beginning of the default reply; the user's text follows.
pub const ECHO_PREFIX: &str = "I am the local Bedrock's echo model. You said: ";

/// A request in the form that the model receives.
#[derive(Debug, Default)]
pub(crate) struct Prompt {
    pub(crate) system: String,
    pub(crate) turns: Vec<Turn>,
    pub(crate) tools: Vec<Tool>,
    /// The names of the server tools.
    pub(crate) service_tools: Vec<String>,
    pub(crate) choice: Choice,
    /// Whether an answer may have at most one tool call.
    pub(crate) single_call: bool,
    /// The JSON schema that the answer must fit.
    pub(crate) schema: Option<Value>,
    pub(crate) thinking: Thinking,
    pub(crate) stop: Vec<String>,
    pub(crate) max_tokens: Option<usize>,
    pub(crate) guarded: bool,
    /// The message of the reply if the prompt is not in the model's template.
    pub(crate) confusion: Option<String>,
    /// Everything that costs input tokens, with the cache breakpoints.
    pub(crate) ledger: Ledger,
    /// Whether the prompt is plain text to continue, without a conversation.
    pub(crate) raw: bool,
    pub(crate) call_ids: CallIds,
}

/// The form of tool call ids.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CallIds {
    /// `toolu_bdrk_...`
    #[default]
    Anthropic,
    /// `tooluse_...`
    Converse,
    /// `chatcmpl-tool-...`
    ChatCompletions,
    /// Nine letters and digits.
    Mistral,
}

#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) user: bool,
    pub(crate) parts: Vec<Part>,
}

#[derive(Debug, Clone)]
pub(crate) enum Part {
    Text(String),
    Media(Media),
    ToolResult {
        /// The id of the call.
        id: String,
        name: String,
        text: String,
        failed: bool,
    },
    /// An earlier call of a tool.
    Called {
        id: String,
        name: String,
        /// JSON.
        arguments: String,
    },
    /// Parts without an effect, such as reasoning of earlier turns.
    Past,
}

/// An image, a document, a video or audio.
#[derive(Debug, Clone)]
pub(crate) struct Media {
    /// `image/png`, `application/pdf`, ...
    pub(crate) media_type: String,
    /// The bytes; empty if the media is at an address, which is then the title.
    pub(crate) bytes: Vec<u8>,
    pub(crate) title: Option<String>,
    /// Set when the request asks for citations of this document.
    pub(crate) cite: Option<String>,
    /// The document's index among the request's documents.
    pub(crate) document_index: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct Tool {
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) schema: Value,
}

#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    #[default]
    Auto,
    Any,
    Named(String),
    None,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Thinking {
    #[default]
    Off,
    On,
    /// The block has its signature, but not its text.
    Omitted,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) blocks: Vec<Block>,
    pub(crate) stop: Stop,
    pub(crate) output_tokens: usize,
    /// The number of output tokens that were thinking.
    pub(crate) thinking_tokens: usize,
    /// A short text that is the same for equal requests; used in ids.
    pub(crate) fingerprint: String,
}

#[derive(Debug, Clone)]
pub(crate) enum Block {
    Thinking {
        text: String,
        signature: String,
    },
    Redacted(String),
    /// A call of a server tool, with its result.
    ServiceCall {
        id: String,
        name: String,
        input: Value,
        result: String,
    },
    Text {
        text: String,
        citation: Option<Citation>,
    },
    Call {
        id: String,
        name: String,
        input: Value,
        raw: String,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Citation {
    pub(crate) quote: String,
    pub(crate) document_index: usize,
    pub(crate) title: Option<String>,
    /// Documents with pages are cited by page, others by character.
    pub(crate) pages: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stop {
    EndTurn,
    MaxTokens,
    Sequence(String),
    ToolUse,
    Guardrail,
}

impl Answer {
    /// Returns all thinking that is not encrypted.
    pub(crate) fn thinking(&self) -> String {
        let texts = self.blocks.iter().filter_map(|block| match block {
            Block::Thinking { text, .. } => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    /// Returns all text of the answer, without thinking.
    pub(crate) fn text(&self) -> String {
        let texts = self.blocks.iter().filter_map(|block| match block {
            Block::Text { text, .. } => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }
}
