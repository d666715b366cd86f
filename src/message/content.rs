//! The blocks that messages are made of.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::MediaSource;
use crate::json::{Json, Writer};

/// A block of a message.
///
/// Every block of Bedrock's APIs has a variant. A newer block is received as [`Content::Raw`] and sent back
/// unchanged.
///
/// ```
/// use bedrock_chat::Content;
/// let block = Content::text("hello");
/// assert_eq!(block.as_text(), Some("hello"));
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Content {
    /// Text.
    Text(Text),
    /// An image.
    Image(Media),
    /// An audio clip.
    Audio(Media),
    /// A video.
    Video(Media),
    /// A document.
    Document(Document),
    /// The model's reasoning.
    Thinking(Thinking),
    /// Reasoning that the provider encrypted.
    RedactedThinking(RedactedThinking),
    /// A call of a tool.
    ToolCall(ToolCall),
    /// A call of a tool whose arguments are invalid.
    InvalidToolCall(InvalidToolCall),
    /// The result of a tool call.
    ToolResult(ToolResult),
    /// A cache point: the provider may cache everything before it. It is left out for formats and models
    /// without prompt caching, as the answer is the same without it.
    CachePoint(CachePoint),
    /// Content for a guardrail to check.
    Guard(GuardContent),
    /// A search result that the model may cite.
    SearchResult(SearchResult),
    /// A JSON value, inside a tool result.
    Json(JsonContent),
    /// A provider's block, verbatim.
    Raw(Raw),
}

impl Content {
    /// Creates a text block.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(Text { text: text.into(), citations: Vec::new() })
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
        Self::CachePoint(CachePoint { ttl: None })
    }

    /// Creates a block in the provider's format, which is sent verbatim.
    pub fn raw(block: impl Into<Json>) -> Self {
        Self::Raw(Raw { block: block.into() })
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

/// Returns the text of all text blocks, joined.
pub(crate) fn joined_text(content: &[Content]) -> String {
    content.iter().filter_map(Content::as_text).collect()
}

/// Returns the tool calls in a list of blocks.
pub(crate) fn tool_calls(content: &[Content]) -> impl Iterator<Item = &ToolCall> {
    content.iter().filter_map(|block| match block {
        Content::ToolCall(call) => Some(call),
        _ => None,
    })
}

/// A text, with the sources that it cites.
///
/// ```
/// let text = bedrock_chat::Text { text: "Paris".into(), citations: vec![] };
/// assert!(text.citations.is_empty());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Text {
    /// The text.
    pub text: String,
    /// The provider's citations, unchanged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub citations: Vec<Json>,
}

impl Text {
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

/// An image, audio clip or video.
///
/// ```
/// use bedrock_chat::{Media, MediaSource};
/// let media = Media::new("image/jpg", MediaSource::Base64("/9j/".into()));
/// assert_eq!(media.media_type, "image/jpg");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Media {
    /// The MIME type, for instance `image/png`.
    pub media_type: String,
    /// The source of the bytes.
    pub source: MediaSource,
}

impl Media {
    /// Creates a medium of a MIME type.
    pub fn new(media_type: impl Into<String>, source: MediaSource) -> Self {
        Self { media_type: media_type.into(), source }
    }
}

/// A document.
///
/// ```
/// use bedrock_chat::{Document, MediaSource};
/// let mut document = Document::new("text/plain", MediaSource::Text("Grass is green.".into()));
/// document.citations = true;
/// assert!(document.name.is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The MIME type, for instance `application/pdf`.
    pub media_type: String,
    /// The source of the bytes.
    pub source: MediaSource,
    /// The name of the document. Defaults to a name made from its position in the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Context about the document, which the model does not cite.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// Whether the model should cite it. Defaults to `false`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub citations: bool,
}

impl Document {
    /// Creates a document without a name, context or citations.
    pub fn new(media_type: impl Into<String>, source: MediaSource) -> Self {
        Self { media_type: media_type.into(), source, name: None, context: None, citations: false }
    }
}

/// Reasoning of a model. With a signature, it can be sent back.
///
/// ```
/// let thinking = bedrock_chat::Thinking { text: "Hmm.".into(), signature: None };
/// assert!(thinking.signature.is_none(), "not signed, so it will not be replayed");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Thinking {
    /// The reasoning; empty if the provider does not return it.
    pub text: String,
    /// The provider's signature, unchanged. Reasoning without one is not sent back, as the provider would
    /// refuse it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// Reasoning that the provider encrypted.
///
/// ```
/// let block = bedrock_chat::RedactedThinking { data: "EmwKAhgB".into() };
/// assert_eq!(block.data, "EmwKAhgB");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RedactedThinking {
    /// The encrypted bytes in base64, unchanged.
    pub data: String,
}

/// A call of a tool.
///
/// ```
/// use bedrock_chat::{Json, ToolCall};
/// let call = ToolCall::new("toolu_1", "get_weather", Json::parse(r#"{"location":"Paris"}"#)?);
/// assert_eq!(call.args, serde_json::json!({"location": "Paris"}));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolCall {
    /// The id of the call. Its result must name it.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments: always a JSON object.
    pub args: Json,
    /// Further members of the call in Claude's own format, for instance `caller`. They are sent back in that
    /// format only. Defaults to none.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "super::reply::pairs_as_object")]
    pub extra: Vec<(String, Json)>,
}

impl ToolCall {
    /// Creates a call of a tool.
    pub fn new(id: impl Into<String>, name: impl Into<String>, args: impl Into<Json>) -> Self {
        Self { id: id.into(), name: name.into(), args: args.into(), extra: Vec::new() }
    }
}

/// A tool call whose arguments were cut short, or are not a JSON object. It is never run.
///
/// ```
/// use bedrock_chat::InvalidToolCall;
/// let call = InvalidToolCall {
///     id: "toolu_1".into(), name: "save".into(), args: r#"{"path":"a"#.into(), error: "cut short".into(),
/// };
/// assert_eq!(call.args, r#"{"path":"a"#);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InvalidToolCall {
    /// The call's id.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as far as they arrived.
    pub args: String,
    /// The reason why they are invalid.
    pub error: String,
}

/// The result of a tool call.
///
/// ```
/// use bedrock_chat::{Content, ToolResult};
/// let result = ToolResult::new("toolu_1", [Content::text("18 degrees")]);
/// assert!(!result.is_error);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The id of the call.
    pub tool_call_id: String,
    /// The result: text, JSON, images, documents, search results.
    pub content: Vec<Content>,
    /// Whether the tool failed. Defaults to `false`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_error: bool,
}

impl ToolResult {
    /// Creates a successful result.
    pub fn new(tool_call_id: impl Into<String>, content: impl Into<Vec<Content>>) -> Self {
        Self { tool_call_id: tool_call_id.into(), content: content.into(), is_error: false }
    }
}

/// A point up to which the provider may cache the prompt. A call can have four, those after tools included.
/// They are not sent to models without prompt caching: see [`Capability::PromptCaching`](crate::Capability).
///
/// See [prompt caching](https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html).
///
/// ```
/// use bedrock_chat::{CachePoint, CacheTtl};
/// let point = CachePoint { ttl: Some(CacheTtl::OneHour) };
/// assert_eq!(point.ttl.map(CacheTtl::as_str), Some("1h"));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CachePoint {
    /// The lifetime of the cached prompt. Defaults to the provider's default, 5 minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<CacheTtl>,
}

/// The lifetime of a cached prompt.
///
/// ```
/// assert_eq!(bedrock_chat::CacheTtl::parse("5m"), Some(bedrock_chat::CacheTtl::FiveMinutes));
/// ```
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

/// Content for a guardrail to check. If a conversation has such blocks, the guardrail checks nothing else. Over
/// InvokeModel the guardrail must have a [`tag_suffix`](crate::Guardrail::tag_suffix), and only text can be
/// checked.
///
/// See [GuardrailConverseContentBlock](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_GuardrailConverseContentBlock.html).
///
/// ```
/// let guard = bedrock_chat::GuardContent::text("Is this allowed?");
/// assert!(guard.image.is_none());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GuardContent {
    /// The text to check.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The qualifiers of the text: `grounding_source`, `query`, `guard_content`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub qualifiers: Vec<String>,
    /// The image to check, instead of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<Media>,
}

impl GuardContent {
    /// Creates a text without qualifiers.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }
}

/// A search result that the model may cite.
///
/// ```
/// let found = bedrock_chat::SearchResult {
///     source: "https://example.com".into(), title: "Example".into(), content: vec!["Text".into()], citations: true,
/// };
/// assert!(found.citations);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchResult {
    /// The source, for instance its URL.
    pub source: String,
    /// Its title.
    pub title: String,
    /// Its text, in pieces that can be cited.
    pub content: Vec<String>,
    /// Whether the model should cite it. Defaults to `false`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub citations: bool,
}

/// A JSON value inside a tool result.
///
/// ```
/// use bedrock_chat::{Json, JsonContent};
/// let block = JsonContent { value: Json::empty_object() };
/// assert_eq!(block.value.as_str(), "{}");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JsonContent {
    /// The value.
    pub value: Json,
}

/// A block in the provider's format, sent verbatim: one that is unknown to this crate, or your own.
///
/// ```
/// use bedrock_chat::{Json, Raw};
/// let raw = Raw { block: Json::parse(r#"{"type":"server_tool_use","id":"1"}"#)? };
/// assert_eq!(raw.block.view().get("id").and_then(|id| id.string()).as_deref(), Some("1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Raw {
    /// The block.
    pub block: Json,
}
