//! Tools: what the model may call.

use crate::json::Json;
use crate::message::CachePoint;

/// A tool that the model may call.
///
/// ```
/// use bedrock_chat::{Json, Tool};
/// let schema = Json::parse(r#"{"type":"object","properties":{"location":{"type":"string"}}}"#)?;
/// let tool = Tool::new("get_weather", "Get the current weather in a place", schema);
/// assert_eq!(tool.name, "get_weather");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Tool {
    /// The name, at most 64 of `A-Z a-z 0-9 _ -`.
    pub name: String,
    /// What the tool does and when to call it. Defaults to none.
    pub description: Option<String>,
    /// JSON Schema of the arguments, an object schema.
    pub schema: Json,
    /// Whether the provider shall hold the model to the schema. Defaults to the provider's default.
    pub strict: Option<bool>,
    /// A cache point after this tool. Defaults to none.
    pub cache_point: Option<CachePoint>,
    /// A tool in the provider's own form, sent in place of all the above.
    pub native: Option<Json>,
}

impl Tool {
    /// A tool with its name, description and the JSON Schema of its arguments.
    pub fn new(name: impl Into<String>, description: impl Into<String>, schema: impl Into<Json>) -> Self {
        let description = Some(description.into()).filter(|text: &String| !text.trim().is_empty());
        Self { name: name.into(), description, schema: schema.into(), strict: None, cache_point: None, native: None }
    }

    /// A tool in the provider's own form, such as a server tool, sent verbatim.
    pub fn native(tool: impl Into<Json>) -> Self {
        let tool = tool.into();
        let name = tool.view().get("name").and_then(crate::json::View::string).unwrap_or_default();
        Self { native: Some(tool), ..Self::new(name, "", Json::empty_object()) }
    }
}

/// Which tool the model must call, if any.
///
/// ```
/// use bedrock_chat::ToolChoice;
/// assert_eq!(ToolChoice::from("any"), ToolChoice::Any);
/// assert_eq!(ToolChoice::from("get_weather"), ToolChoice::Tool("get_weather".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolChoice {
    /// The model decides.
    Auto,
    /// One of the tools.
    Any,
    /// This tool.
    Tool(String),
    /// No tool.
    None,
}

impl From<&str> for ToolChoice {
    /// LangChain's names: `auto`, `any` (also `required`), `none`, else a tool's name.
    fn from(name: &str) -> Self {
        match name {
            "auto" => Self::Auto,
            "any" | "required" => Self::Any,
            "none" => Self::None,
            tool => Self::Tool(tool.to_owned()),
        }
    }
}
