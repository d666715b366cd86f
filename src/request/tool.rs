//! Tools: what the model may call.

use super::strict;
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Kind, View};
use crate::message::{CachePoint, CacheTtl};

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
    /// Whether the provider shall hold the model to the schema, which must then be as it wants it:
    /// [`Tool::strict`] sets both. Defaults to the provider's default.
    pub strict: Option<bool>,
    /// A cache point after this tool; formats without prompt caching leave it out. Defaults to none.
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

    /// A tool whose arguments are a type of yours: its name in snake case is the
    /// tool's name, its doc comment the description, its fields the schema.
    ///
    /// ```
    /// use bedrock_chat::Tool;
    ///
    /// /// Get the current weather in a place.
    /// #[derive(schemars::JsonSchema)]
    /// struct GetWeather {
    ///     /// The city, for instance Paris.
    ///     location: String,
    /// }
    ///
    /// let tool = Tool::of::<GetWeather>();
    /// assert_eq!(tool.name, "get_weather");
    /// assert_eq!(tool.description.as_deref(), Some("Get the current weather in a place."));
    /// ```
    #[cfg(feature = "schemars")]
    pub fn of<T: schemars::JsonSchema>() -> Self {
        let (schema, description) = super::schema::of::<T>();
        Self::new(super::schema::snake_case(&T::schema_name()), description, schema)
    }

    /// A tool from JSON in any of the usual shapes: LangChain's
    /// (`name`, `description`, `schema`), OpenAI's (`type: "function"`),
    /// Anthropic's (`input_schema`) or Converse's (`toolSpec`). Anything else that
    /// a provider may know, such as a server tool, is sent verbatim.
    ///
    /// ```
    /// use bedrock_chat::{Json, Tool};
    /// let tool = Tool::from_json(&Json::parse(
    ///     r#"{"type":"function","function":{"name":"now","description":"The time","parameters":{"type":"object"}}}"#,
    /// )?)?;
    /// assert_eq!(tool.name, "now");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// `Encode`, where the value is no tool in any shape.
    pub fn from_json(json: &Json) -> Result<Self> {
        let view = json.view();
        let no_tool =
            |why: &str| Err(Error::of(ErrorKind::Encode, format_args!("this is no tool, {why}: {}", excerpt(view))));
        // Where name and description are, and what holds the schema.
        let inner = first(view, &["toolSpec", "function"]).unwrap_or(view);
        let schema = first(inner, &["input_schema", "inputSchema", "schema", "parameters", "args_schema"]);
        let name = first(inner, &["name", "title"]).and_then(View::string);
        let plain_schema = inner.get("properties").is_some() && inner.get("type").is_some();
        let own_type = view.get("type").is_some() && view.get("function").is_none();
        let schema = match (schema, name.is_some()) {
            (Some(schema), true) => Json::from(schema.get("json").unwrap_or(schema)),
            // A JSON Schema with a title, as LangChain for Python passes classes.
            (None, true) if plain_schema => Json::from(inner),
            (Some(_), false) => return no_tool("it has a schema but no name"),
            (None, named) if own_type || (!named && view.entries().count() == 1) => {
                return Ok(Self::native(json.clone()));
            }
            (None, true) => Json::empty_object(),
            (None, false) => return no_tool("it has neither name nor schema"),
        };
        let mut tool = Self::new(name.unwrap_or_default(), text(inner, "description"), schema);
        tool.strict = inner.get("strict").or_else(|| view.get("strict")).and_then(View::bool);
        tool.cache_point = view.get("cache_control").map(cache_point);
        Ok(tool)
    }

    /// Tools from a JSON list, each in any shape of [`Tool::from_json`]. A cache point of Converse's in the
    /// list is one after the tool before it.
    ///
    /// ```
    /// use bedrock_chat::{Json, Tool};
    /// let tools = Tool::list_from_json(&Json::parse(
    ///     r#"[{"name":"now","description":"The time","schema":{"type":"object"}},
    ///         {"toolSpec":{"name":"here","inputSchema":{"json":{"type":"object"}}}},
    ///         {"cachePoint":{"type":"default"}}]"#,
    /// )?)?;
    /// assert_eq!((tools.len(), tools[1].cache_point.is_some()), (2, true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// `Encode`, with the place of what is no tool, or where the value is no list.
    pub fn list_from_json(json: &Json) -> Result<Vec<Self>> {
        let view = json.view();
        if view.kind() != Kind::Array {
            return Err(Error::of(ErrorKind::Encode, format_args!("this is no list of tools: {}", excerpt(view))));
        }
        let mut tools: Vec<Self> = Vec::new();
        for (at, item) in view.items().enumerate() {
            match (item.get("cachePoint"), tools.last_mut()) {
                (Some(point), Some(tool)) => tool.cache_point = Some(cache_point(point)),
                _ => tools.push(Self::from_json(&Json::from(item)).map_err(|error| {
                    Error::of(ErrorKind::Encode, format_args!("tool {at} of the list: {}", error.message()))
                })?),
            }
        }
        Ok(tools)
    }

    /// The same tool, to whose schema the service holds the model: no argument is missing or of another
    /// type. The schema is repaired for that, as the service wants every object closed and takes no
    /// limits, which are told in the descriptions instead. For models that have structured outputs.
    ///
    /// See [structured output](https://docs.aws.amazon.com/bedrock/latest/userguide/structured-output.html).
    ///
    /// ```
    /// use bedrock_chat::{Json, Tool};
    /// let schema = Json::parse(r#"{"type":"object","properties":{"n":{"type":"integer","minimum":1}}}"#)?;
    /// let tool = Tool::new("roll", "Roll n dice", schema).strict();
    /// assert_eq!(tool.strict, Some(true));
    /// assert_eq!(tool.schema, serde_json::json!({"type": "object", "additionalProperties": false,
    ///     "properties": {"n": {"type": "integer", "description": "minimum: 1"}}}));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.schema = strict::repaired(self.schema.view());
        self.strict = Some(true);
        self
    }

    /// A tool in the provider's own form, such as a server tool, sent verbatim.
    pub fn native(tool: impl Into<Json>) -> Self {
        let tool = tool.into();
        // In some formats the tool is the one member of an object, or stands beside its type.
        let inside = || tool.view().entries().map(|(_, member)| member).find(|member| member.get("name").is_some());
        let named = tool.view().get("name").or_else(|| inside()?.get("name"));
        let name = named.and_then(View::string).unwrap_or_default();
        Self { native: Some(tool), ..Self::new(name, "", Json::empty_object()) }
    }
}

fn first<'a>(view: View<'a>, keys: &[&str]) -> Option<View<'a>> {
    keys.iter().find_map(|key| view.get(key))
}

fn text(view: View<'_>, key: &str) -> String {
    view.text_at(key)
}

fn cache_point(view: View<'_>) -> CachePoint {
    CachePoint { ttl: CacheTtl::parse(view.word_at("ttl")) }
}

fn excerpt(view: View<'_>) -> String {
    view.raw().chars().take(80).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Tool {
        Tool::from_json(&Json::parse(text).unwrap()).unwrap()
    }

    #[test]
    fn every_usual_shape_gives_the_same_tool() {
        let schema = r#"{"type":"object","properties":{"location":{"type":"string"}}}"#;
        let expected = Tool::new("get_weather", "Get the weather", Json::parse(schema).unwrap());
        for shape in [
            format!(r#"{{"name":"get_weather","description":"Get the weather","schema":{schema}}}"#),
            format!(r#"{{"name":"get_weather","description":"Get the weather","input_schema":{schema}}}"#),
            format!(
                r#"{{"type":"function","function":{{"name":"get_weather","description":"Get the weather","parameters":{schema}}}}}"#
            ),
            format!(
                r#"{{"type":"function","name":"get_weather","description":"Get the weather","parameters":{schema}}}"#
            ),
            format!(
                r#"{{"toolSpec":{{"name":"get_weather","description":"Get the weather","inputSchema":{{"json":{schema}}}}}}}"#
            ),
        ] {
            assert_eq!(read(&shape), expected, "{shape}");
        }
        let titled = read(r#"{"title":"get_weather","description":"Get the weather","type":"object","properties":{}}"#);
        assert_eq!((titled.name.as_str(), titled.schema.view().get("type").is_some()), ("get_weather", true));
    }

    #[test]
    fn what_only_a_provider_knows_is_sent_verbatim() {
        for text in [r#"{"type":"bash_20250124","name":"bash"}"#, r#"{"systemTool":{"name":"nova_grounding"}}"#] {
            assert_eq!(read(text).native.unwrap().as_str(), text);
        }
        let cached = read(
            r#"{"name":"a","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral","ttl":"1h"},"strict":true}"#,
        );
        assert_eq!((cached.cache_point.unwrap().ttl, cached.strict), (Some(CacheTtl::OneHour), Some(true)));
    }

    #[test]
    fn what_is_no_tool_is_refused_and_shown() {
        for text in ["[]", r#"{"a":1,"b":2}"#, r#"{"parameters":{}}"#] {
            let error = Tool::from_json(&Json::parse(text).unwrap()).unwrap_err();
            assert!(error.message().contains(text), "{error}");
        }
    }
}
