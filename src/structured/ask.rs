//! The method by which a model must follow a schema, and the next method if the service refuses it.

use super::{Structured, StructuredMethod, read};
use crate::capabilities::{Capabilities, Capability};
use crate::chat::BedrockChat;
use crate::client::ChatStream;
use crate::error::{Error, ErrorKind, Result};
use crate::json::{Json, View};
use crate::message::{AiMessage, Message, Role};
use crate::provider::anthropic;
use crate::request::{ChatOptions, IntoMessages, ResponseFormat, Tool, ToolChoice, strict};
use crate::text::has;

/// The parts of a request that make a model follow a schema, as the service names them in errors.
const NAMES: &[&str] =
    &["strict", "output_config", "outputConfig", "tool_choice", "toolChoice", "schema", "Schema", "response_format"];

/// Advice for the final error if the service refuses the method.
const ADVICE: &str = "set another `method` of structured output, such as asking in the prompt";

impl<T> Structured<T> {
    /// Sets the description of the value for the model. Defaults to the description in the schema.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// Returns the schema that the model must follow: an object, with the member `value` if the value itself is not
    /// an object.
    pub fn schema(&self) -> &Json {
        &self.schema
    }

    /// Returns whether the value is the member `value` of the object that the model writes.
    pub fn is_member(&self) -> bool {
        self.is_member
    }

    /// Returns the method of the next call: the chosen one, or the best that the model is known to support.
    pub fn chosen_method(&self) -> StructuredMethod {
        self.method_for(&self.chat)
    }

    /// Same as [`Structured::chosen_method`], for one of the chats to fall back on.
    fn method_for(&self, chat: &BedrockChat) -> StructuredMethod {
        if let Some(method) = self.method {
            return method;
        }
        if can_force(chat) {
            let can = chat.capabilities();
            let is_strict = can.has(Capability::StrictTools) && strict::closed(self.schema.view()).is_ok();
            return if is_strict { StructuredMethod::StrictTool } else { StructuredMethod::ForcedTool };
        }
        self.without_force(chat)
    }

    /// Sends a conversation and returns the reply, whose value is not read.
    ///
    /// # Errors
    /// The errors of [`BedrockChat::invoke`].
    pub async fn reply(&self, messages: impl IntoMessages) -> Result<AiMessage> {
        let messages = messages.into_messages()?;
        let mut walk = self.chat.walk();
        loop {
            match self.reply_of(walk.chat(), &messages).await {
                Ok(reply) => return Ok(walk.answered_by(reply)),
                Err(error) => walk.failed(error)?,
            }
        }
    }

    /// Returns the reply of one chat.
    pub(super) async fn reply_of(&self, chat: &BedrockChat, messages: &[Message]) -> Result<AiMessage> {
        let method = self.method_for(chat);
        let (asking, asked) = self.prepared(chat, method, messages);
        let error = match Box::pin(asking.invoke(asked)).await {
            Err(error) if is_refusal(&error) => error,
            result => return result,
        };
        let Some(next) = self.after(chat, method, &error) else { return Err(advised(error)) };
        let (asking, asked) = self.prepared(chat, next, messages);
        Box::pin(fallen_back(asking, next).invoke(asked)).await.map_err(advised)
    }

    /// Sends a conversation and returns the events of the answer, from which no value is read.
    ///
    /// # Errors
    /// The errors of [`BedrockChat::stream`].
    pub async fn events(&self, messages: impl IntoMessages) -> Result<ChatStream> {
        self.open(messages).await.map(|(stream, _)| stream)
    }

    /// Opens the stream, and returns the method that was used.
    pub(super) async fn open(&self, messages: impl IntoMessages) -> Result<(ChatStream, StructuredMethod)> {
        let messages = messages.into_messages()?;
        let mut walk = self.chat.walk();
        loop {
            match self.stream_of(walk.chat(), &messages).await {
                Ok((stream, method)) => return Ok((walk.answered_by_stream(stream), method)),
                Err(error) => walk.failed(error)?,
            }
        }
    }

    /// Opens the stream of one chat.
    async fn stream_of(&self, chat: &BedrockChat, messages: &[Message]) -> Result<(ChatStream, StructuredMethod)> {
        let method = self.method_for(chat);
        let (asking, asked) = self.prepared(chat, method, messages);
        let error = match Box::pin(asking.stream(asked)).await {
            Err(error) if is_refusal(&error) => error,
            result => return result.map(|stream| (stream, method)),
        };
        let Some(next) = self.after(chat, method, &error) else { return Err(advised(error)) };
        let (asking, asked) = self.prepared(chat, next, messages);
        let stream = Box::pin(fallen_back(asking, next).stream(asked)).await.map_err(advised)?;
        Ok((stream, next))
    }

    /// Returns the best method without a forced tool.
    fn without_force(&self, chat: &BedrockChat) -> StructuredMethod {
        let takes_schema = chat.capabilities().has(Capability::JsonSchema);
        match takes_schema && strict::closed(self.schema.view()).is_ok() {
            true => StructuredMethod::JsonSchema,
            false => asked(chat),
        }
    }

    /// Returns the next method after one that the service refused; `None` for a chosen method.
    fn after(&self, chat: &BedrockChat, method: StructuredMethod, error: &Error) -> Option<StructuredMethod> {
        let names_choice = ["tool_choice", "toolChoice"].iter().any(|name| has(error.message(), name));
        match method {
            _ if self.method.is_some() => None,
            StructuredMethod::StrictTool if !names_choice => Some(StructuredMethod::ForcedTool),
            StructuredMethod::StrictTool | StructuredMethod::ForcedTool => Some(self.without_force(chat)),
            StructuredMethod::JsonSchema if can_force(chat) => Some(StructuredMethod::ForcedTool),
            StructuredMethod::JsonSchema => Some(asked(chat)),
            StructuredMethod::Tool => Some(StructuredMethod::Prompt),
            StructuredMethod::Prompt => None,
        }
    }

    /// Returns the chat and the conversation that ask for the value.
    fn prepared(
        &self,
        chat: &BedrockChat,
        method: StructuredMethod,
        messages: &[Message],
    ) -> (BedrockChat, Vec<Message>) {
        let mut messages = messages.to_vec();
        let mut options = ChatOptions::default();
        match method {
            StructuredMethod::ForcedTool | StructuredMethod::StrictTool | StructuredMethod::Tool => {
                let mut tool = Tool::new(&self.name, &self.description, self.schema.clone());
                tool.strict = (method == StructuredMethod::StrictTool).then_some(true);
                options.tools = vec![tool];
                options.tool_choice = Some(ToolChoice::Tool(self.name.clone()));
                if method == StructuredMethod::Tool {
                    // A choice that cannot be forced is sent as a system message.
                    let forms = Capabilities::of(&[Capability::AskedTools], &[Capability::ForcedTools]);
                    options.capabilities = forms;
                }
            }
            StructuredMethod::JsonSchema => {
                let mut format = ResponseFormat::new(&self.name, self.schema.clone());
                format.description = Some(self.description.clone()).filter(|text| !text.is_empty());
                options.response_format = Some(format);
            }
            StructuredMethod::Prompt => {
                let place = messages.iter().take_while(|message| message.role == Role::System).count();
                let schema = self.schema.as_str();
                let parts = ["Answer with one JSON value that fits this JSON Schema, and with nothing else:\n", schema];
                messages.insert(place, Message::system(parts.concat()));
            }
        }
        (chat.with_options(&options), messages)
    }

    /// Returns the value to show for incomplete JSON.
    pub(super) fn shown(&self, json: &str) -> Option<Json> {
        read::member(View::parse(json).ok()?, self.is_member).map(Json::from)
    }
}

/// Returns whether the model is known to accept a forced tool in the next call.
fn can_force(chat: &BedrockChat) -> bool {
    let can = chat.capabilities();
    can.has(Capability::ForcedTools)
        && (can.has(Capability::ForcedToolsWithReasoning) || !anthropic::is_on(can, chat.options()))
}

/// Returns the best method that does not need the service to enforce a schema or a tool call.
fn asked(chat: &BedrockChat) -> StructuredMethod {
    match chat.capabilities().has(Capability::AskedTools) {
        true => StructuredMethod::Tool,
        false => StructuredMethod::Prompt,
    }
}

/// Returns whether the service refused the method.
fn is_refusal(error: &Error) -> bool {
    error.kind() == ErrorKind::Validation && NAMES.iter().any(|name| has(error.message(), name))
}

fn advised(error: Error) -> Error {
    if is_refusal(&error) { error.with_advice(ADVICE) } else { error }
}

/// Adds metadata for observers: the call repeats one that was refused.
fn fallen_back(chat: BedrockChat, method: StructuredMethod) -> BedrockChat {
    let mut config = chat.config().clone();
    // The run of the refused call has the id.
    config.id = None;
    config.metadata.push(("structured_output_fallback".to_owned(), Json::string(method.as_str())));
    chat.with_config(config)
}
