//! Typed output: values of a type or schema instead of text.

mod ask;
mod partial;
mod read;

pub use partial::PartialStream;
pub use read::structured_value;

use std::fmt;
use std::marker::PhantomData;

use serde::de::DeserializeOwned;

use crate::chat::BedrockChat;
use crate::error::{Error, ErrorKind, Result};
use crate::json::Json;
use crate::message::AiMessage;
use crate::request::{IntoMessages, strict};

/// A method to obtain a value that fits a schema.
///
/// The default is the first of these methods that the model is [known](crate::capabilities) to support:
///
/// 1. `StrictTool`, if a tool can be forced, the service enforces the schemas of tools, and the schema can be closed. A
///    model that reasons must accept a forced tool while it does;
/// 2. `ForcedTool`, if a tool can be forced;
/// 3. `JsonSchema`, if the service enforces the schema of a reply, and the schema can be closed;
/// 4. `Tool`, if the model follows a system message that asks for a tool call;
/// 5. `Prompt`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StructuredMethod {
    /// A response format: the service makes the reply fit the schema.
    JsonSchema,
    /// A forced tool, whose arguments are the value. The service makes them fit the schema.
    StrictTool,
    /// A forced tool, whose arguments are the value. The service does not enforce the schema.
    ForcedTool,
    /// A tool that a system message asks for, whose arguments are the value. The service enforces neither the
    /// call nor the schema. Without a call, the text of the reply is searched for JSON.
    Tool,
    /// A system message with the schema. The text of the reply is searched for JSON.
    Prompt,
}

impl StructuredMethod {
    /// Returns the name, for instance `strict_tool`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::JsonSchema => "json_schema",
            Self::StrictTool => "strict_tool",
            Self::ForcedTool => "forced_tool",
            Self::Tool => "tool",
            Self::Prompt => "prompt",
        }
    }
}

/// A chat that answers with values of a type. From [`BedrockChat::with_structured_output`].
///
/// ```
/// # use bedrock_chat::{BedrockChat, Credentials};
/// # use bedrock_chat::testing::{MemoryTransport, Reply};
/// /// A joke to tell the user.
/// #[derive(Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
/// struct Joke { setup: String, punchline: String }
///
/// # futures_executor::block_on(async {
/// # let transport = MemoryTransport::new([Reply::json(200,
/// #     r#"{"content":[{"type":"tool_use","id":"t1","name":"joke","input":{"setup":"Why?","punchline":"Because."}}],"stop_reason":"tool_use"}"#)]);
/// # let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6").region("us-east-1")
/// #     .credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(transport).build()?;
/// let joke: Joke = chat.with_structured_output::<Joke>().invoke("Tell me a joke").await?;
/// assert_eq!(joke.punchline, "Because.");
/// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
/// ```
pub struct Structured<T> {
    chat: BedrockChat,
    name: String,
    description: String,
    schema: Json,
    /// Whether the value is a member of the object that the model writes, because the value itself is not an object.
    is_member: bool,
    method: Option<StructuredMethod>,
    value: PhantomData<fn() -> T>,
}

// A derived implementation would require `T: Clone`.
impl<T> Clone for Structured<T> {
    fn clone(&self) -> Self {
        Self {
            chat: self.chat.clone(),
            name: self.name.clone(),
            description: self.description.clone(),
            schema: self.schema.clone(),
            is_member: self.is_member,
            method: self.method,
            value: PhantomData,
        }
    }
}

impl<T> fmt::Debug for Structured<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Structured").field("name", &self.name).field("method", &self.method).finish_non_exhaustive()
    }
}

/// A reply with its value, or with the reason why there is no value.
///
/// ```
/// fn show(reply: bedrock_chat::StructuredReply<u32>) {
///     match reply.parsed {
///         Ok(value) => println!("{value}"),
///         Err(error) => println!("{error}: {}", reply.raw.text()),
///     }
/// }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct StructuredReply<T> {
    /// The reply itself.
    pub raw: AiMessage,
    /// The value.
    pub parsed: Result<T>,
}

impl BedrockChat {
    /// Returns a chat that answers with values of a type. The model receives the type's schema by the best
    /// [method](StructuredMethod) that it is known to support. If the service refuses the method, the call uses the
    /// next one, and observers are notified.
    #[cfg(feature = "schemars")]
    #[must_use]
    pub fn with_structured_output<T: DeserializeOwned + schemars::JsonSchema>(&self) -> Structured<T> {
        let (schema, description) = crate::request::schema::of::<T>();
        self.structured(crate::request::schema::snake_case(&T::schema_name()), description, schema)
    }

    /// Same as [`BedrockChat::with_structured_output`], with a custom schema. `T` may be [`Json`] or
    /// `serde_json::Value`.
    #[must_use]
    pub fn with_structured_schema<T: DeserializeOwned>(
        &self,
        name: impl Into<String>,
        schema: impl Into<Json>,
    ) -> Structured<T> {
        let schema = schema.into();
        let description = schema.view().text_at("description");
        self.structured(name.into(), description, schema)
    }

    fn structured<T>(&self, name: String, description: String, schema: Json) -> Structured<T> {
        let wrapped = strict::wrapped(schema.view());
        let is_member = wrapped.is_some();
        let schema = wrapped.unwrap_or(schema);
        Structured { chat: self.clone(), name, description, schema, is_member, method: None, value: PhantomData }
    }
}

impl<T: DeserializeOwned> Structured<T> {
    /// Sets the method. Defaults to the best that the model is known to support. A method that is set is not replaced
    /// by another. If the service refuses `strict` or a forced tool, the call is sent without it.
    #[must_use]
    pub fn method(mut self, method: StructuredMethod) -> Self {
        self.method = Some(method);
        self
    }

    /// Sends a conversation and waits for the value.
    ///
    /// # Errors
    /// The errors of [`BedrockChat::invoke`]; `Decode`, with the path and the text,
    /// where the model's answer is not such a value. [`Error::partial`] has the reply. A
    /// [condition](crate::Fallbacks::when) that holds for `Decode` leads to the next chat.
    pub async fn invoke(&self, messages: impl IntoMessages) -> Result<T> {
        let messages = messages.into_messages()?;
        let mut walk = self.chat.walk();
        loop {
            let value = match self.reply_of(walk.chat(), &messages).await {
                Ok(reply) => {
                    let reply = walk.answered_by(reply);
                    self.read(&reply).map_err(|error| error.with_partial(reply))
                }
                Err(error) => Err(error),
            };
            match value {
                Ok(value) => return Ok(value),
                Err(error) => walk.failed(error)?,
            }
        }
    }

    /// Same as [`Structured::invoke`], but also returns the reply.
    ///
    /// # Errors
    /// The errors of [`BedrockChat::invoke`]. An answer that does not fit the schema is not an error here: `parsed`
    /// has the reason.
    pub async fn invoke_raw(&self, messages: impl IntoMessages) -> Result<StructuredReply<T>> {
        let raw = self.reply(messages).await?;
        let parsed = self.read(&raw);
        Ok(StructuredReply { raw, parsed })
    }

    /// Sends a conversation and returns increasingly complete values as JSON, while the answer arrives.
    /// [`PartialStream::value`] then returns the whole value.
    ///
    /// # Errors
    /// Same as [`BedrockChat::stream`].
    pub async fn stream(&self, messages: impl IntoMessages) -> Result<PartialStream<T>> {
        let (stream, method) = self.open(messages).await?;
        Ok(PartialStream::new(stream, self.clone(), method))
    }

    /// Returns the value in a reply. The error says where it does not fit the schema.
    fn read(&self, reply: &AiMessage) -> Result<T> {
        let is_tool = !matches!(self.chosen_method(), StructuredMethod::JsonSchema | StructuredMethod::Prompt);
        let value = read::structured_value(reply, &self.name, self.is_member, is_tool)?;
        let mut deserializer = serde_json::Deserializer::from_str(&value);
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let (path, what) = (error.path().to_string(), error.inner().to_string());
            let at = if path == "." { "" } else { " at " };
            let path = if at.is_empty() { "" } else { &path };
            let stopped = read::stopped(reply);
            let separator = if stopped.is_empty() { "" } else { "; " };
            let shown = read::excerpt(&value);
            let parts = ["the answer does not fit", at, path, ": ", &what, separator, &stopped, "; it is: ", &shown];
            Error::new(ErrorKind::Decode, parts.concat())
        })
    }
}
