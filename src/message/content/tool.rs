//! Tool calls and their results.

use serde::{Deserialize, Serialize};

use super::Content;
use crate::json::Json;

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
    /// The call's id, which the result must name.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments: always a JSON object.
    pub args: Json,
    /// Further members of the call in the model's own format: Claude's `caller`, or the `id` of the item
    /// over the Responses API. They are sent back to models of the same vendor in that format; other formats do not
    /// support them. Defaults to none.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "crate::message::pairs")]
    pub extra: Vec<(String, Json)>,
}

impl ToolCall {
    /// Creates a call of a tool with its id and arguments.
    pub fn new(id: impl Into<String>, name: impl Into<String>, args: impl Into<Json>) -> Self {
        Self { id: id.into(), name: name.into(), args: args.into(), extra: Vec::new() }
    }

    /// Adds a member of the model's own format. Defaults to none.
    #[must_use]
    pub fn with_extra(mut self, key: impl Into<String>, value: impl Into<Json>) -> Self {
        self.extra.push((key.into(), value.into()));
        self
    }
}

/// A call whose arguments were cut short or are not a JSON object. It is never run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct InvalidToolCall {
    /// The call's id.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// The arguments as far as they were received.
    pub args: String,
    /// The reason why they cannot be used.
    pub error: String,
}

impl InvalidToolCall {
    /// Creates a call whose arguments cannot be used, with the reason.
    pub fn new(
        id: impl Into<String>,
        name: impl Into<String>,
        args: impl Into<String>,
        error: impl Into<String>,
    ) -> Self {
        Self { id: id.into(), name: name.into(), args: args.into(), error: error.into() }
    }
}

/// The result of a tool call.
///
/// ```
/// use bedrock_chat::{Content, ToolResult};
/// let result = ToolResult::new("toolu_1", [Content::text("18 degrees")]);
/// assert!(!result.is_error);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolResult {
    /// The id of the call that is answered.
    pub tool_call_id: String,
    /// The answer: text, JSON, images, documents, search results.
    pub content: Vec<Content>,
    /// Whether the tool failed. Defaults to `false`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_error: bool,
}

impl ToolResult {
    /// Creates the result of a call that succeeded.
    pub fn new(tool_call_id: impl Into<String>, content: impl Into<Vec<Content>>) -> Self {
        Self { tool_call_id: tool_call_id.into(), content: content.into(), is_error: false }
    }

    /// Creates the result of a call that failed.
    pub fn error(tool_call_id: impl Into<String>, content: impl Into<Vec<Content>>) -> Self {
        Self { is_error: true, ..Self::new(tool_call_id, content) }
    }
}

/// A tool that a system message makes available or withdraws in the middle of a conversation. The tool is
/// one of the call's own tools, or of an MCP server that the provider calls.
///
/// Claude supports it over both APIs. Over InvokeModel, the crate adds the required beta feature.
///
/// See [ToolAdditionBlock](https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ToolAdditionBlock.html).
///
/// ```
/// use bedrock_chat::{Content, Message, Role, ToolReference};
/// let note = Message::new(Role::System, [Content::ToolRemoval(ToolReference::new("get_weather"))]);
/// # assert_eq!(note.content.len(), 1);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolReference {
    /// The tool's name.
    pub name: String,
    /// The name of the MCP server that has the tool. Defaults to none: it is one of the call's own tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// The type of the reference, as the provider writes it. Defaults to none: Converse does not need one, and
    /// Claude's format uses `tool_reference`, or `mcp_tool_reference` with a server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_type: Option<String>,
}

impl ToolReference {
    /// Creates a reference to one of the call's own tools.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// Sets the MCP server that has the tool. Defaults to none.
    #[must_use]
    pub fn with_server_name(mut self, server: impl Into<String>) -> Self {
        self.server_name = Some(server.into());
        self
    }

    /// Sets the type of the reference, as the provider writes it. Defaults to none.
    #[must_use]
    pub fn with_reference_type(mut self, reference_type: impl Into<String>) -> Self {
        self.reference_type = Some(reference_type.into());
        self
    }
}
