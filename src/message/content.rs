//! The blocks that messages are made of.

mod cache_point;
mod tool;

pub use cache_point::{CachePoint, CacheTtl};
pub use tool::{InvalidToolCall, ToolCall, ToolReference, ToolResult};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::MediaSource;
use crate::json::{Json, Writer};

/// One block of a message.
///
/// Every block that Bedrock's APIs have today has a variant. A block of a new type is received as
/// [`Content::Raw`] and is sent back unchanged.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// Text.
    Text(Text),
    /// An image.
    Image(Media),
    /// An audio recording.
    Audio(Media),
    /// A video.
    Video(Media),
    /// A document to read.
    Document(Document),
    /// The model's reasoning.
    Thinking(Thinking),
    /// Reasoning that the provider encrypted.
    RedactedThinking(RedactedThinking),
    /// A call of a tool.
    ToolCall(ToolCall),
    /// A call of a tool whose arguments cannot be used.
    InvalidToolCall(InvalidToolCall),
    /// The result of a tool call.
    ToolResult(ToolResult),
    /// Everything before this point may be cached by the provider. It is left out for formats and models without
    /// prompt caching, as it does not change the answer.
    CachePoint(CachePoint),
    /// Content for a guardrail to evaluate.
    Guard(GuardContent),
    /// A search result that the model may cite.
    SearchResult(SearchResult),
    /// A JSON value, inside a tool result.
    Json(JsonContent),
    /// Makes a tool available from here on. In a system message after the first human message.
    ToolAddition(ToolReference),
    /// Withdraws a tool from here on. In a system message after the first human message.
    ToolRemoval(ToolReference),
    /// A provider's block, verbatim.
    Raw(Raw),
}

impl Content {
    /// Returns whether the block adds or removes a tool.
    pub(crate) fn is_tool_change(&self) -> bool {
        matches!(self, Self::ToolAddition(_) | Self::ToolRemoval(_))
    }

    /// Returns whether the block is a cache point.
    pub(crate) fn is_cache_point(&self) -> bool {
        matches!(self, Self::CachePoint(_))
    }

    /// Creates a text block.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Text::new(text))
    }

    /// Creates an image block from bytes; the media type is for instance `image/png`.
    pub fn image(media_type: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self::Image(Media::new(media_type, MediaSource::Bytes(bytes.into())))
    }

    /// Creates a document block from bytes; the media type is for instance `application/pdf`.
    pub fn document(media_type: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self::Document(Document::new(media_type, MediaSource::Bytes(bytes.into())))
    }

    /// Creates a cache point with the provider's default time to live (5 minutes).
    pub fn cache_point() -> Self {
        Self::CachePoint(CachePoint::default())
    }

    /// Creates a block in the provider's own format, which is sent verbatim.
    pub fn raw(block: impl Into<Json>) -> Self {
        Self::Raw(Raw::new(block))
    }

    /// Returns the text of a text block.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(block) => Some(&block.text),
            _ => None,
        }
    }
}

impl From<&str> for Content {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Content {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

/// All text blocks, joined.
pub(crate) fn joined_text(content: &[Content]) -> String {
    content.iter().filter_map(Content::as_text).collect()
}

/// The tool calls among some blocks.
pub(crate) fn tool_calls(content: &[Content]) -> impl Iterator<Item = &ToolCall> {
    content.iter().filter_map(|block| match block {
        Content::ToolCall(call) => Some(call),
        _ => None,
    })
}

/// Text, with the sources that it cites if there are any.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Text {
    /// The text.
    pub text: String,
    /// The provider's citations, unchanged. [`Text::read_citations`] reads them in one form. Defaults to none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub citations: Vec<Json>,
    /// Further members that the model's message had over the Responses API, for instance `phase`. They are sent back
    /// over that API; other APIs do not support them. Defaults to none.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "crate::message::pairs")]
    pub extra: Vec<(String, Json)>,
}

impl Text {
    /// Creates text without citations.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Sets the citations, in the provider's format. Defaults to none.
    #[must_use]
    pub fn with_citations(mut self, citations: impl IntoIterator<Item = impl Into<Json>>) -> Self {
        self.citations = citations.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a further member of the Responses API. Defaults to none.
    #[must_use]
    pub fn with_extra(mut self, key: impl Into<String>, value: impl Into<Json>) -> Self {
        self.extra.push((key.into(), value.into()));
        self
    }

    /// Writes the members of a text block, which are the same in Anthropic's and in LangChain's format.
    pub(crate) fn write_members(&self, w: &mut Writer) {
        w.field("type", "text");
        w.field("text", &self.text);
        if !self.citations.is_empty() {
            w.array("citations");
            self.citations.iter().for_each(|citation| w.raw(citation.view()));
            w.end_array();
        }
    }
}

/// An image, an audio recording or a video.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Media {
    /// The MIME type, for instance `image/png`.
    pub media_type: String,
    /// Where the bytes are.
    pub source: MediaSource,
    /// The resolution in which a model reads an image over Responses and Chat Completions: `low`, `high` or another
    /// name that the model accepts. An error over the other APIs. Defaults to the model's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Media {
    /// Creates media of a MIME type.
    pub fn new(media_type: impl Into<String>, source: MediaSource) -> Self {
        Self { media_type: media_type.into(), source, detail: None }
    }

    /// Sets the resolution in which a model reads an image. Defaults to the model's default.
    #[must_use]
    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }
}

/// A document.
///
/// ```
/// use bedrock_chat::{Document, MediaSource};
/// let document = Document::new("text/plain", MediaSource::Text("Grass is green.".into()))
///     .with_name("facts")
///     .with_citations(true);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Document {
    /// The MIME type, for instance `application/pdf`.
    pub media_type: String,
    /// Where the bytes are.
    pub source: MediaSource,
    /// The document's name. Defaults to a name made from its position in the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Further context. The model can read it, but must not cite it. Defaults to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Whether the model must cite it. Defaults to `false`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub citations: bool,
}

impl Document {
    /// Creates a document of a MIME type.
    pub fn new(media_type: impl Into<String>, source: MediaSource) -> Self {
        Self { media_type: media_type.into(), source, name: None, context: None, citations: false }
    }

    /// Sets the document's name. Defaults to a name made from its position in the conversation.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets further context. The model can read it, but must not cite it. Defaults to none.
    #[must_use]
    pub fn with_context(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }

    /// Sets whether the model must cite the document. Defaults to `false`.
    #[must_use]
    pub fn with_citations(mut self, on: bool) -> Self {
        self.citations = on;
        self
    }
}

/// Reasoning of a model, with the signature that the provider requires in later turns.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Thinking {
    /// The reasoning; empty if the provider does not return it.
    pub text: String,
    /// The provider's signature, byte for byte; over the Responses API the `encrypted_content`. Reasoning
    /// without one is not sent back: the provider would refuse it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Further members that the reasoning had over the Responses API: its `id`, and the parts of its text as they
    /// arrived. They are sent back over that API; other APIs do not support them. Defaults to none.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "crate::message::pairs")]
    pub extra: Vec<(String, Json)>,
}

impl Thinking {
    /// Creates reasoning without a signature, which is not sent back.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    /// Sets the provider's signature. Defaults to none.
    #[must_use]
    pub fn with_signature(mut self, signature: impl Into<String>) -> Self {
        self.signature = Some(signature.into());
        self
    }

    /// Adds a further member of the Responses API. Defaults to none.
    #[must_use]
    pub fn with_extra(mut self, key: impl Into<String>, value: impl Into<Json>) -> Self {
        self.extra.push((key.into(), value.into()));
        self
    }
}

/// Reasoning that the provider encrypted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct RedactedThinking {
    /// The encrypted bytes in base64, unchanged.
    pub data: String,
}

impl RedactedThinking {
    /// Creates a block from the provider's base64.
    pub fn new(data: impl Into<String>) -> Self {
        Self { data: data.into() }
    }
}

/// Content for a guardrail to evaluate. If a conversation has any such block, the guardrail evaluates
/// these blocks only. Over InvokeModel the guardrail must have a
/// [`tag_suffix`](crate::Guardrail::tag_suffix), and only text can be evaluated.
///
/// See [GuardrailConverseContentBlock](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_GuardrailConverseContentBlock.html).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct GuardContent {
    /// The text to evaluate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The qualifiers of the text: `grounding_source`, `query`, `guard_content`. Defaults to none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub qualifiers: Vec<String>,
    /// The image to evaluate, instead of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Media>,
}

impl GuardContent {
    /// Creates text to evaluate, without qualifiers.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// Creates an image to evaluate.
    pub fn image(image: Media) -> Self {
        Self { image: Some(image), ..Self::default() }
    }

    /// Sets the qualifiers of the text. Defaults to none.
    #[must_use]
    pub fn with_qualifiers(mut self, qualifiers: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.qualifiers = qualifiers.into_iter().map(Into::into).collect();
        self
    }
}

/// A search result that the model may cite.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SearchResult {
    /// The URL or name of its source.
    pub source: String,
    /// Its title.
    pub title: String,
    /// Its text, in parts.
    pub content: Vec<String>,
    /// Whether the model must cite it. Defaults to `false`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub citations: bool,
}

impl SearchResult {
    /// Creates a search result from its source, its title and the parts of its text.
    pub fn new(
        source: impl Into<String>,
        title: impl Into<String>,
        content: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        let content = content.into_iter().map(Into::into).collect();
        Self { source: source.into(), title: title.into(), content, citations: false }
    }

    /// Sets whether the model must cite it. Defaults to `false`.
    #[must_use]
    pub fn with_citations(mut self, on: bool) -> Self {
        self.citations = on;
        self
    }
}

/// A JSON value inside a tool result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct JsonContent {
    /// The value.
    pub value: Json,
}

impl JsonContent {
    /// Creates a block from a value.
    pub fn new(value: impl Into<Json>) -> Self {
        Self { value: value.into() }
    }
}

/// A block in the provider's own format, sent and received verbatim: one without a variant in [`Content`],
/// or one that the caller wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Raw {
    /// The block.
    pub block: Json,
}

impl Raw {
    /// Creates a block that is sent verbatim.
    pub fn new(block: impl Into<Json>) -> Self {
        Self { block: block.into() }
    }
}
