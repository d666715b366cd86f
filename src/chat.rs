//! [`BedrockChat`]: a chat model, and how to make one.

mod batch;
mod builder;
mod completion;
mod fallbacks;

pub use batch::{AdaptiveConcurrency, Batch};
pub use builder::BedrockChatBuilder;
pub use fallbacks::{CircuitBreaker, Fallbacks};

use std::sync::Arc;

use self::fallbacks::Targets;
use crate::capabilities::{Capabilities, Capability};
use crate::client::{ChatStream, Client};
use crate::error::Result;
use crate::message::{AiMessage, Message};
use crate::model::ModelId;
use crate::observe::RunConfig;
use crate::platform::{BoxFuture, MaybeSend, MaybeSync};
use crate::provider::{self, Mode};
use crate::request::{ChatOption, ChatOptions, ChatRequest, IntoMessages, Tool, ToolChoice};

/// A chat model on Amazon Bedrock. It is cheap to clone and immutable: setters return a new one.
///
/// ```no_run
/// use bedrock_chat::BedrockChat;
/// # async fn run() -> bedrock_chat::Result<()> {
/// let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6").region("us-east-1").build()?;
/// let reply = chat
///     .invoke([
///         ("system", "You are a helpful assistant that translates English to French. Translate the user sentence."),
///         ("human", "I love programming."),
///     ])
///     .await?;
/// println!("{}", reply.text());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct BedrockChat {
    client: Arc<Client>,
    options: Arc<ChatOptions>,
    config: Arc<RunConfig>,
    /// Whether `invoke` streams and collects the reply.
    streaming: bool,
    /// Maximum number of calls that a batch makes at a time.
    max_concurrency: usize,
    /// The chats to fall back on.
    fallbacks: Option<Arc<dyn Targets>>,
}

impl std::fmt::Debug for BedrockChat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BedrockChat")
            .field("model", &self.client.model)
            .field("region", &self.client.region)
            .field("endpoint", &self.client.endpoint.url())
            .field("codec", &self.client.codec)
            .finish_non_exhaustive()
    }
}

impl BedrockChat {
    /// Returns a builder for a model id: a model, an inference profile, or an ARN of any kind.
    pub fn builder(model: impl Into<String>) -> BedrockChatBuilder {
        BedrockChatBuilder::new(model.into())
    }

    /// The model.
    pub fn model(&self) -> &ModelId {
        &self.client.model
    }

    /// The options that every call has.
    pub fn options(&self) -> &ChatOptions {
        &self.options
    }

    /// Returns what the model can do over the API that is used, with the corrections in the options.
    pub fn capabilities(&self) -> Capabilities {
        self.client.codec.capabilities(&self.client.model).overridden_by(self.options.capabilities)
    }

    /// Sends a conversation and waits for the whole reply.
    ///
    /// # Errors
    /// Any kind of [`ErrorKind`](crate::ErrorKind): before the call is sent, for input that cannot be sent; otherwise
    /// errors of the service or the network, after the retries.
    pub async fn invoke(&self, messages: impl IntoMessages) -> Result<AiMessage> {
        let messages = messages.into_messages()?;
        self.reply_to(messages, |chat, messages| Ok(chat.request_of(messages)))?.await
    }

    /// Sends a conversation and returns the reply as it arrives. Waits for the first content.
    ///
    /// # Errors
    /// Same as [`BedrockChat::invoke`]; later errors are items of the stream.
    pub async fn stream(&self, messages: impl IntoMessages) -> Result<ChatStream> {
        let messages = messages.into_messages()?;
        self.stream_of(messages, |chat, messages| Ok(chat.request_of(messages)))?.await
    }

    /// Returns the same model with these options applied over its own. See the
    /// [precedence](ChatOptions#precedence).
    #[must_use]
    pub fn with_options(&self, options: &ChatOptions) -> Self {
        self.each(&|chat| Self { options: Arc::new(chat.options.merged_with(options)), ..chat.clone() })
    }

    /// Returns the same model without one of its options, so that the model's own default applies.
    #[must_use]
    pub fn without_option(&self, option: ChatOption) -> Self {
        self.with_options(&ChatOptions::default().without(option))
    }

    /// Returns the same model with these tools and no others; an empty list removes all tools.
    #[must_use]
    pub fn bind_tools(&self, tools: impl IntoIterator<Item = Tool>) -> Self {
        self.with_options(&ChatOptions::default().without(ChatOption::Tools).with_tools(tools))
    }

    /// Returns the same model with a tool that it must call.
    #[must_use]
    pub fn with_tool_choice(&self, choice: impl Into<ToolChoice>) -> Self {
        self.with_options(&ChatOptions::default().with_tool_choice(choice))
    }

    /// Returns the same model with this configuration of its calls for observers.
    #[must_use]
    pub fn with_config(&self, config: RunConfig) -> Self {
        let config = Arc::new(config);
        self.each(&|chat| Self { config: Arc::clone(&config), ..chat.clone() })
    }

    pub(crate) fn config(&self) -> &RunConfig {
        &self.config
    }

    pub(crate) fn is_streaming(&self) -> bool {
        self.streaming
    }

    pub(crate) fn client(&self) -> &Arc<Client> {
        &self.client
    }

    /// Sends a request and waits for the whole reply.
    fn reply(&self, request: ChatRequest) -> BoxFuture<'_, Result<AiMessage>> {
        let mode = if self.streaming { Mode::Stream } else { Mode::Invoke };
        self.client.invoke(self.client.prepare(request, mode), &self.config)
    }

    /// Returns the reply to an input. Each chat to fall back on writes the input for its own model.
    fn reply_to<I: Clone + MaybeSend + MaybeSync + 'static>(
        &self,
        input: I,
        write: fn(&Self, I) -> Result<ChatRequest>,
    ) -> Result<BoxFuture<'_, Result<AiMessage>>> {
        Ok(match &self.fallbacks {
            None => self.reply(write(self, input)?),
            Some(targets) => targets.reply(self, Box::new(move |chat: &Self| write(chat, input.clone()))),
        })
    }

    /// Same as [`BedrockChat::reply_to`], as a stream.
    fn stream_of<I: Clone + MaybeSend + MaybeSync + 'static>(
        &self,
        input: I,
        write: fn(&Self, I) -> Result<ChatRequest>,
    ) -> Result<BoxFuture<'_, Result<ChatStream>>> {
        Ok(match &self.fallbacks {
            None => self.open(write(self, input)?),
            Some(targets) => targets.stream(self, Box::new(move |chat: &Self| write(chat, input.clone()))),
        })
    }

    /// Sends a request and waits for the first content of the reply.
    fn open(&self, request: ChatRequest) -> BoxFuture<'_, Result<ChatStream>> {
        self.client.stream(self.client.prepare(request, Mode::Stream), &self.config)
    }

    pub(crate) fn request(&self, messages: impl IntoMessages) -> Result<ChatRequest> {
        messages.into_messages().map(|messages| self.request_of(messages))
    }

    fn request_of(&self, messages: Vec<Message>) -> ChatRequest {
        let mut request = ChatRequest::new(messages).with_options((*self.options).clone());
        if self.options.fill_missing_tool_results == Some(true) {
            request = request.with_missing_tool_results();
        }
        let Some(point) = self.options.prompt_caching else { return request };
        let base = self.model().base();
        let caches = |can: Capabilities| can.get(Capability::PromptCaching);
        // A custom codec may not know what its models can do.
        match caches(self.capabilities()).or_else(|| caches(provider::capabilities(self.model()))) {
            // Nova's tools are in front of the rest and cached with it, but have no point already.
            Some(true) => request.planned(point, !base.is_some_and(|base| base.starts_with("amazon.nova"))),
            // Only the caller knows the model of an opaque ARN.
            None if base.is_none() => request.planned(point, true),
            // The others do not cache, and refuse points over Converse.
            _ => request,
        }
    }
}
