//! Tools that the model may call.

use super::cache_point::point_of_json;
use super::strict;
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, Kind, View};
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
    /// The name: 1 to 64 characters of `A-Z a-z 0-9 _ -`.
    pub name: String,
    /// The description: the purpose of the tool, and when to call it. Defaults to none.
    pub description: Option<String>,
    /// JSON Schema of the arguments, an object schema.
    pub schema: Json,
    /// Whether the provider enforces the schema. The schema must then be in the form that the provider accepts:
    /// [`Tool::strict`] does both. Defaults to the provider's default.
    pub strict: Option<bool>,
    /// A cache point after this tool; formats without prompt caching leave it out. Defaults to none.
    pub cache_point: Option<CachePoint>,
    /// Further members of the tool, for instance `defer_loading` or `input_examples`. They are sent unchanged
    /// in Claude's own format, and are an error in other formats. Defaults to none.
    pub extra: Vec<(String, Json)>,
    /// A tool in the provider's own format, sent instead of all fields above.
    pub native: Option<Json>,
}

impl Tool {
    /// Creates a tool with its name, description and the JSON Schema of its arguments.
    pub fn new(name: impl Into<String>, description: impl Into<String>, schema: impl Into<Json>) -> Self {
        let description = Some(description.into()).filter(|text: &String| !text.trim().is_empty());
        Self {
            name: name.into(),
            description,
            schema: schema.into(),
            strict: None,
            cache_point: None,
            extra: Vec::new(),
            native: None,
        }
    }

    /// Adds or replaces a further member.
    ///
    /// ```
    /// use bedrock_chat::{Json, Tool};
    /// let tool = Tool::new("search", "Search the archive", Json::empty_object())
    ///     .with_extra("defer_loading", Json::parse("true")?);
    /// assert_eq!(tool.extra("defer_loading").map(|value| value.as_str()), Some("true"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_extra(mut self, key: impl Into<String>, value: impl Into<Json>) -> Self {
        let (key, value) = (key.into(), value.into());
        match self.extra.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => self.extra.push((key, value)),
        }
        self
    }

    /// Returns one of the further members.
    pub fn extra(&self, key: &str) -> Option<&Json> {
        self.extra.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    /// Creates a tool from a Rust type. The tool's name is the type's name in snake case, its description the
    /// doc comment, and its schema the fields.
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

    /// Returns a tool from JSON in any of the common shapes: LangChain's (`name`, `description`, `schema`),
    /// OpenAI's (`type: "function"`), Anthropic's (`input_schema`) or Converse's (`toolSpec`). Other values
    /// with a type, such as server tools, are sent verbatim.
    ///
    /// Members that the crate has no field for are kept in [`Tool::extra`]. Members for the program that runs the
    /// tool, not for the model, are left out: MCP's `title`, `outputSchema`, `annotations`, `execution`, `icons` and
    /// `_meta`, and LangChain's settings.
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
    /// `Encode`, if the value is not a tool in any of these shapes.
    pub fn from_json(json: &Json) -> Result<Self> {
        let view = json.view();
        let no_tool =
            |why: &str| Err(Error::of(ErrorKind::Encode, format_args!("not a tool, {why}: {}", excerpt(view))));
        // The object with the name and the description, which also contains the schema.
        let inner = first(view, &["toolSpec", "function"]).unwrap_or(view);
        let schema = first(inner, &["input_schema", "inputSchema", "schema", "parameters", "args_schema"]);
        let name = first(inner, &["name", "title"]).and_then(View::string);
        let plain_schema = inner.get("properties").is_some() && inner.get("type").is_some();
        let own_type = view.get("type").is_some() && view.get("function").is_none();
        let is_schema = schema.is_none() && plain_schema;
        // A native tool may have a name and a schema too.
        let is_other = own_type && !TYPES.contains(&view.word_at("type"));
        // Converse's shape may get new members. Members that the crate has no field for are sent to Converse only.
        let is_newer = view.get("toolSpec").is_some() && inner.raw_entries().any(|(key, _)| !SPEC.contains(&key));
        let schema = match (schema, name.is_some()) {
            (Some(_), true) if is_other || is_newer => return Ok(Self::native(json.clone())),
            (Some(schema), true) => Json::from(schema.get("json").unwrap_or(schema)),
            // The tool is a JSON Schema with a title, as LangChain for Python passes classes.
            (None, true) if is_schema => Json::from(inner),
            (Some(_), false) => return no_tool("it has a schema but no name"),
            (None, named) if own_type || (!named && view.entries().count() == 1) => {
                return Ok(Self::native(json.clone()));
            }
            (None, true) => Json::empty_object(),
            (None, false) => return no_tool("it has neither name nor schema"),
        };
        let mut tool = Self::new(name.unwrap_or_default(), text(inner, "description"), schema);
        tool.strict = inner.get("strict").or_else(|| view.get("strict")).and_then(View::bool);
        let extras = view.get("extras").filter(|extras| extras.kind() == Kind::Object);
        let holders = [Some(view), first(view, &["toolSpec", "function"]), extras];
        let point = holders.iter().find_map(|holder| (*holder)?.get("cache_control"));
        tool.cache_point = point.map(point_of_json).transpose()?;
        // If the tool is a JSON Schema, all members belong to the schema.
        for holder in holders.into_iter().flatten().filter(|_| !is_schema) {
            for (key, value) in holder.entries() {
                if !KNOWN.contains(&&*key) && !value.is_null() {
                    tool = tool.with_extra(key, value);
                }
            }
        }
        Ok(tool)
    }

    /// Reads a JSON list of tools, each in any shape of [`Tool::from_json`]. A Converse cache point in the list
    /// belongs to the tool before it.
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
    /// `Encode`, if the value is not a list, or an element is not a tool. The message has the position.
    pub fn list_from_json(json: &Json) -> Result<Vec<Self>> {
        let view = json.view();
        if view.kind() != Kind::Array {
            return Err(Error::of(ErrorKind::Encode, format_args!("not a list of tools: {}", excerpt(view))));
        }
        let mut tools: Vec<Self> = Vec::new();
        for (at, item) in view.items().enumerate() {
            match (item.get("cachePoint"), tools.last_mut()) {
                (Some(point), Some(tool)) => tool.cache_point = Some(point_of_json(point)?),
                _ => tools.push(Self::from_json(&Json::from(item)).map_err(|error| {
                    Error::of(ErrorKind::Encode, format_args!("tool {at} of the list: {}", error.message()))
                })?),
            }
        }
        Ok(tools)
    }

    /// Returns the same tool, with a schema that the service enforces: no argument is missing or has another
    /// type. The schema is adapted, as the service requires closed objects and accepts no limits, which are
    /// moved to the descriptions. For models with structured outputs. An explicitly open object
    /// (`additionalProperties: true`) stays open, and the call is refused before sending.
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

    /// Creates a tool in the provider's own format, such as a server tool, which is sent verbatim.
    pub fn native(tool: impl Into<Json>) -> Self {
        let tool = tool.into();
        // In some formats the tool is the only member of an object, or is next to its type.
        let inside = || tool.view().entries().map(|(_, member)| member).find(|member| member.get("name").is_some());
        let named = tool.view().get("name").or_else(|| inside()?.get("name"));
        let name = named.and_then(View::string).unwrap_or_default();
        Self { native: Some(tool), ..Self::new(name, "", Json::empty_object()) }
    }
}

/// Types of tools that are fully described by name, description and schema.
const TYPES: &[&str] = &["function", "custom", "tool", "object", "dynamic"];

/// The members of Converse's `toolSpec`.
const SPEC: &[&str] = &["name", "description", "inputSchema", "strict", "cache_control"];

/// Members that are read, or that are not for the model.
const KNOWN: &[&str] = &[
    "type",
    "toolSpec",
    "function",
    "extras",
    "cache_control",
    "strict",
    "name",
    "description",
    "input_schema",
    "inputSchema",
    "schema",
    "parameters",
    "args_schema",
    // MCP: members for the program that runs the tool.
    "title",
    "outputSchema",
    "annotations",
    "execution",
    "icons",
    "_meta",
    // LangChain: settings for running and tracing the tool.
    "lc",
    "lc_namespace",
    "lc_serializable",
    "lc_kwargs",
    "returnDirect",
    "return_direct",
    "responseFormat",
    "response_format",
    "verbose",
    "verboseParsingErrors",
    "metadata",
    "tags",
    "callbacks",
    "output_schema",
    "handle_tool_error",
    "handle_validation_error",
    "defaultConfig",
];

fn first<'a>(view: View<'a>, keys: &[&str]) -> Option<View<'a>> {
    keys.iter().find_map(|key| view.get(key))
}

fn text(view: View<'_>, key: &str) -> String {
    view.text_at(key)
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
    /// Any one of the tools.
    Any,
    /// This tool.
    Tool(String),
    /// No tool.
    None,
}

impl From<&str> for ToolChoice {
    /// Converts LangChain's names: `auto`, `any` (also `required`), `none`. Any other text is a tool's name.
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
    use crate::message::CacheTtl;

    fn read(text: &str) -> Tool {
        Tool::from_json(&Json::parse(text).unwrap()).unwrap()
    }

    #[test]
    fn tool_is_read_from_every_usual_form() {
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
    fn native_tool_is_sent_unchanged() {
        for text in [r#"{"type":"bash_20250124","name":"bash"}"#, r#"{"systemTool":{"name":"nova_grounding"}}"#] {
            assert_eq!(read(text).native.unwrap().as_str(), text);
        }
        let cached = read(
            r#"{"name":"a","input_schema":{"type":"object"},"cache_control":{"type":"ephemeral","ttl":"1h"},"strict":true}"#,
        );
        assert_eq!((cached.cache_point.unwrap().ttl, cached.strict), (Some(CacheTtl::OneHour), Some(true)));
    }

    #[test]
    fn tool_members_without_a_field_are_kept_from_every_form() {
        let expected = r#"[["defer_loading",true],["input_examples",[{"a":1}]],["allowed_callers",["x"]]]"#;
        let more = r#""defer_loading":true,"input_examples":[{"a":1}],"allowed_callers":["x"]"#;
        for text in [
            format!(r#"{{"name":"f","input_schema":{{"type":"object"}},{more}}}"#),
            format!(r#"{{"name":"f","schema":{{"type":"object"}},"extras":{{{more}}}}}"#),
            format!(r#"{{"type":"function","function":{{"name":"f","parameters":{{}}}},{more}}}"#),
            format!(r#"{{"type":"function","function":{{"name":"f","parameters":{{}},{more}}}}}"#),
            format!(r#"{{"type":"custom","name":"f","input_schema":{{}},{more}}}"#),
        ] {
            let tool = read(&text);
            assert_eq!(serde_json::to_string(&tool.extra).unwrap(), expected, "{text}");
            assert_eq!((tool.name.as_str(), tool.native), ("f", None), "{text}");
        }
        let mcp =
            r#"{"name":"f","title":"F","inputSchema":{"type":"object"},"outputSchema":{},"annotations":{},"_meta":{}}"#;
        assert_eq!(read(mcp).extra, []);
        let titled = r#"{"title":"f","type":"object","properties":{},"required":[],"additionalProperties":false}"#;
        assert_eq!(read(titled).extra, []);
    }

    #[test]
    fn tools_of_other_types_or_newer_converse_members_stay_native() {
        for text in [
            r#"{"type":"memory_20250818","name":"memory","input_schema":{"type":"object"}}"#,
            r#"{"toolSpec":{"name":"f","inputSchema":{"json":{"type":"object"}},"newer":1}}"#,
        ] {
            let tool = read(text);
            assert_eq!(tool.native.unwrap().as_str(), text);
        }
    }

    #[test]
    fn invalid_tool_is_refused_and_shown() {
        for text in ["[]", r#"{"a":1,"b":2}"#, r#"{"parameters":{}}"#] {
            let error = Tool::from_json(&Json::parse(text).unwrap()).unwrap_err();
            assert!(error.message().contains(text), "{error}");
        }
    }
}
