//! Typed output: a schema goes in, a value comes out.

use std::collections::VecDeque;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use crate::capabilities::Capability;
use crate::chat::BedrockChat;
use crate::client::ChatStream;
use crate::error::{Error, ErrorKind, Result};
use crate::event::ChatEvent;
use crate::json::{Json, View, completed, embedded};
use crate::message::{AiMessage, Content, Message, StopReason};
use crate::request::strict;
use crate::request::{ChatOptions, IntoMessages, Reasoning, ResponseFormat, Tool, ToolChoice};

/// How a model is held to a schema.
///
/// ```
/// assert_ne!(bedrock_chat::StructuredMethod::ForcedTool, bedrock_chat::StructuredMethod::Prompt);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StructuredMethod {
    /// The model's own JSON mode with a schema, to which the service holds it.
    JsonSchema,
    /// A tool that it must call, whose arguments are the answer; the service holds them to the schema.
    StrictTool,
    /// A tool that it must call, whose arguments are the answer. The schema is advice.
    ForcedTool,
    /// It is asked to, in the system prompt, and its text is searched for JSON.
    Prompt,
}

/// A chat that answers with values of a type. From [`BedrockChat::with_structured_output`].
///
/// ```
/// # use bedrock_chat::{BedrockChat, Credentials, MemoryTransport, Reply};
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
    /// Whether the value is a member of the object that the model writes, as it is none itself.
    is_member: bool,
    method: Option<StructuredMethod>,
    value: PhantomData<fn() -> T>,
}

// Neither needs the same of the type.
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

/// A reply with the value in it, or with the reason why there is none.
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
    /// A chat that answers with values of a type: its schema tells the model
    /// what to say. The best method that the model has is used: a tool that it must
    /// call, strict where the service holds the model to such a schema; for models
    /// that cannot be made to call one, or think, their JSON mode; else it is asked.
    #[cfg(feature = "schemars")]
    #[must_use]
    pub fn with_structured_output<T: DeserializeOwned + schemars::JsonSchema>(&self) -> Structured<T> {
        let (schema, description) = crate::request::schema::of::<T>();
        self.structured(crate::request::schema::snake_case(&T::schema_name()), description, schema)
    }

    /// As [`BedrockChat::with_structured_output`], with a schema that you give.
    /// `T` may be [`Json`] or `serde_json::Value`.
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
    /// The same, by a method of your choice. Defaults to the best that the model has.
    #[must_use]
    pub fn method(mut self, method: StructuredMethod) -> Self {
        self.method = Some(method);
        self
    }

    /// Sends a conversation and waits for the value.
    ///
    /// # Errors
    /// Those of [`BedrockChat::invoke`]; `Decode`, with the path and the text,
    /// where the model's answer is not such a value. [`Error::partial`] has the reply.
    pub async fn invoke(&self, messages: impl IntoMessages) -> Result<T> {
        let reply = self.invoke_raw(messages).await?;
        reply.parsed.map_err(|error| error.with_partial(reply.raw))
    }

    /// As [`Structured::invoke`], with the reply itself beside the value.
    ///
    /// # Errors
    /// Those of [`BedrockChat::invoke`]. An answer that is no such value is none:
    /// `parsed` says what is wrong with it.
    pub async fn invoke_raw(&self, messages: impl IntoMessages) -> Result<StructuredReply<T>> {
        let (chat, messages) = self.prepared(messages)?;
        let raw = chat.invoke(messages).await?;
        let parsed = self.read(&raw);
        Ok(StructuredReply { raw, parsed })
    }

    /// Sends a conversation and gives ever more complete values while the answer
    /// comes, as JSON; [`PartialStream::value`] then has the whole.
    ///
    /// # Errors
    /// As [`BedrockChat::stream`].
    pub async fn stream(&self, messages: impl IntoMessages) -> Result<PartialStream<T>> {
        let (chat, messages) = self.prepared(messages)?;
        let stream = chat.stream(messages).await?;
        Ok(PartialStream { stream, structured: self.clone(), text: String::new(), last: None, ready: VecDeque::new() })
    }

    /// The method: the caller's, or the best that the model's format and the options allow.
    fn chosen(&self) -> StructuredMethod {
        if let Some(method) = self.method {
            return method;
        }
        let can = self.chat.capabilities();
        let reasoning = self.chat.options().reasoning.as_ref();
        let thinks = reasoning.map_or(can.has(Capability::ReasoningByDefault), Reasoning::is_on);
        let is_closable = strict::is_closable(self.schema.view());
        if can.has(Capability::ForcedTools) && !thinks {
            let is_strict = can.has(Capability::StrictTools) && is_closable;
            return if is_strict { StructuredMethod::StrictTool } else { StructuredMethod::ForcedTool };
        }
        match can.has(Capability::JsonSchema) && is_closable {
            true => StructuredMethod::JsonSchema,
            false => StructuredMethod::Prompt,
        }
    }

    /// The chat and the conversation that ask for the value.
    fn prepared(&self, messages: impl IntoMessages) -> Result<(BedrockChat, Vec<Message>)> {
        let mut messages = messages.into_messages()?;
        let mut options = ChatOptions::default();
        match self.chosen() {
            method @ (StructuredMethod::ForcedTool | StructuredMethod::StrictTool) => {
                let tool = Tool::new(&self.name, &self.description, self.schema.clone());
                options.tools = vec![if method == StructuredMethod::StrictTool { tool.strict() } else { tool }];
                options.tool_choice = Some(ToolChoice::Tool(self.name.clone()));
            }
            StructuredMethod::JsonSchema => {
                let mut format = ResponseFormat::new(&self.name, strict::repaired(self.schema.view()));
                format.description = Some(self.description.clone()).filter(|text| !text.is_empty());
                options.response_format = Some(format);
            }
            StructuredMethod::Prompt => {
                let place = messages.iter().take_while(|message| message.role == crate::message::Role::System).count();
                messages.insert(
                    place,
                    Message::system(format!(
                        "Answer with one JSON value that fits this JSON Schema, and with nothing else:\n{}",
                        self.schema
                    )),
                );
            }
        }
        Ok((self.chat.with_options(&options), messages))
    }

    /// The value in a reply.
    fn read(&self, reply: &AiMessage) -> Result<T> {
        if let Some(call) = reply.tool_calls().find(|call| call.name == self.name) {
            return self.parse(call.args.as_str(), reply);
        }
        let called = reply.content.iter().find_map(|block| match block {
            Content::InvalidToolCall(call) if call.name == self.name => Some(call),
            _ => None,
        });
        if let Some(call) = called {
            let parts = ["the value is not whole (", &call.error, &stopped(reply), "): ", &call.args];
            return Err(Error::new(ErrorKind::Decode, parts.concat()));
        }
        self.parse(embedded(&reply.text()), reply)
    }

    /// Reads a value and says where it does not fit.
    fn parse(&self, text: &str, reply: &AiMessage) -> Result<T> {
        let object = if self.is_member { View::parse(text).ok() } else { None };
        // It may well be null.
        let member = object.and_then(|object| object.entries().find(|(key, _)| key == strict::VALUE));
        let text = member.map_or(text, |(_, value)| value.raw());
        let mut deserializer = serde_json::Deserializer::from_str(text);
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let shown: String = text.chars().take(300).collect();
            let (path, what) = (error.path().to_string(), error.inner().to_string());
            let at = if path == "." { "" } else { " at " };
            let path = if at.is_empty() { "" } else { &path };
            let parts = ["the answer does not fit", at, path, ": ", &what, &stopped(reply), "; it is: ", &shown];
            Error::new(ErrorKind::Decode, parts.concat())
        })
    }
}

/// Why the model stopped, where it was not because it had said all: that explains what is missing.
fn stopped(reply: &AiMessage) -> String {
    match &reply.stop_reason {
        None | Some(StopReason::EndTurn | StopReason::ToolUse | StopReason::StopSequence) => String::new(),
        Some(reason) => ["; the model stopped with ", reason.as_str()].concat(),
    }
}

/// Ever more complete values of an answer that is still coming, from [`Structured::stream`].
///
/// ```no_run
/// # async fn run(chat: bedrock_chat::BedrockChat) -> bedrock_chat::Result<()> {
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Joke { setup: String, punchline: String }
///
/// let mut stream = chat.with_structured_output::<Joke>().stream("Tell me a joke").await?;
/// while let Some(partial) = stream.next().await {
///     println!("{}", partial?); // {"setup":"Why did"}
/// }
/// let joke: Joke = stream.value()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream does nothing unless it is read"]
pub struct PartialStream<T> {
    stream: ChatStream,
    structured: Structured<T>,
    text: String,
    last: Option<String>,
    ready: VecDeque<Json>,
}

impl<T: DeserializeOwned> PartialStream<T> {
    /// The next value, more complete than the one before; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<Json>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// The reply as far as it was delivered.
    pub fn so_far(&self) -> AiMessage {
        self.stream.so_far()
    }

    /// The whole value, once the stream has ended.
    ///
    /// # Errors
    /// `Decode`, where the answer is not such a value, or not yet.
    pub fn value(&self) -> Result<T> {
        self.structured.read(&self.stream.so_far())
    }
}

impl<T> fmt::Debug for PartialStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PartialStream").field("structured", &self.structured).finish_non_exhaustive()
    }
}

impl<T> Unpin for PartialStream<T> {}

impl<T: DeserializeOwned> Stream for PartialStream<T> {
    type Item = Result<Json>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(value) = self.ready.pop_front() {
                return Poll::Ready(Some(Ok(value)));
            }
            match ready!(Pin::new(&mut self.stream).poll_next(context)) {
                Some(Ok(ChatEvent::ToolCallDelta { args: more, .. } | ChatEvent::Text { text: more, .. })) => {
                    self.text.push_str(&more);
                    // Prose before the value, or a fence, is not part of it.
                    let start = self.text.find(['{', '[']).unwrap_or(self.text.len());
                    let whole = self.text.get(start..).and_then(completed);
                    if whole.is_some() && whole != self.last {
                        let value = whole.as_deref().and_then(|text| View::parse(text).ok());
                        let value = if self.structured.is_member {
                            value.and_then(|value| value.get(strict::VALUE))
                        } else {
                            value
                        };
                        self.ready.extend(value.map(Json::from));
                        self.last = whole;
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }
}
