//! Tools with their handlers, and the loop that runs them.

mod run;

pub use run::{Step, ToolRun, ToolRunError};

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::chat::BedrockChat;
use crate::json::Json;
use crate::message::{Content, JsonContent, ToolCall, ToolResult};
use crate::platform::{BoxFuture, MaybeSend, MaybeSync};
use crate::request::{IntoMessages, Tool};

/// The output of a tool: text, JSON, or any content. Most handlers return a type that converts into it.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ToolOutput {
    /// The content of the tool's result.
    pub content: Vec<Content>,
}

impl ToolOutput {
    /// Creates an output from blocks of content.
    pub fn new(content: impl Into<Vec<Content>>) -> Self {
        Self { content: content.into() }
    }
}

impl From<&str> for ToolOutput {
    fn from(text: &str) -> Self {
        Self { content: vec![Content::text(text)] }
    }
}

impl From<String> for ToolOutput {
    fn from(text: String) -> Self {
        Self { content: vec![Content::text(text)] }
    }
}

impl From<Json> for ToolOutput {
    fn from(value: Json) -> Self {
        Self { content: vec![Content::Json(JsonContent::new(value))] }
    }
}

impl From<serde_json::Value> for ToolOutput {
    fn from(value: serde_json::Value) -> Self {
        Json::from(value).into()
    }
}

impl From<Vec<Content>> for ToolOutput {
    fn from(content: Vec<Content>) -> Self {
        Self { content }
    }
}

impl From<()> for ToolOutput {
    /// Returns the text `done`: a tool result must not be empty.
    fn from((): ()) -> Self {
        Self::from("done")
    }
}

/// The output of a handler. A failure also has content.
pub(crate) type Outcome = std::result::Result<ToolOutput, ToolOutput>;

/// A handler of a tool. It may move between threads on targets with threads.
trait Handle: MaybeSend + MaybeSync {
    fn handle(&self, call: ToolCall) -> BoxFuture<'static, Outcome>;
}

impl<F: Fn(ToolCall) -> BoxFuture<'static, Outcome> + MaybeSend + MaybeSync> Handle for F {
    fn handle(&self, call: ToolCall) -> BoxFuture<'static, Outcome> {
        self(call)
    }
}

/// Tools with their handlers, and the loop that runs them until the model replies without tool calls.
///
/// ```
/// # use bedrock_chat::{BedrockChat, Credentials};
/// # use bedrock_chat::testing::{MemoryTransport, Reply};
/// use bedrock_chat::Toolbox;
///
/// /// Get the current weather in a place.
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct GetWeather { location: String }
///
/// # futures_executor::block_on(async {
/// # let transport = MemoryTransport::new([
/// #     Reply::json(200, r#"{"content":[{"type":"tool_use","id":"t1","name":"get_weather","input":{"location":"Paris"}}],"stop_reason":"tool_use"}"#),
/// #     Reply::json(200, r#"{"content":[{"type":"text","text":"It is 18 degrees in Paris."}],"stop_reason":"end_turn"}"#),
/// # ]);
/// # let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6").region("us-east-1")
/// #     .credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(transport).build()?;
/// let toolbox = Toolbox::new().tool(|args: GetWeather| async move {
///     Ok::<_, std::convert::Infallible>(format!("18 degrees in {}", args.location))
/// });
/// let run = toolbox.run(&chat, "What is the weather in Paris?").await?;
/// assert_eq!(run.reply.text(), "It is 18 degrees in Paris.");
/// assert_eq!(run.messages.len(), 4); // the question, the call, its result, the answer
/// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Toolbox {
    tools: Vec<(Tool, Arc<dyn Handle>)>,
    max_steps: usize,
    max_concurrency: usize,
}

impl Default for Toolbox {
    fn default() -> Self {
        Self { tools: Vec::new(), max_steps: 10, max_concurrency: 10 }
    }
}

impl fmt::Debug for Toolbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.tools.iter().map(|(tool, _)| &tool.name)).finish()
    }
}

impl Toolbox {
    /// Creates a toolbox without tools.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tool whose arguments are a Rust type (see [`Tool::of`]). The model receives the error of a failed
    /// function.
    #[cfg(feature = "schemars")]
    #[must_use]
    pub fn tool<T, F, R, O, E>(self, handler: F) -> Self
    where
        T: serde::de::DeserializeOwned + schemars::JsonSchema,
        F: Fn(T) -> R + MaybeSend + MaybeSync + 'static,
        R: Future<Output = std::result::Result<O, E>> + MaybeSend + 'static,
        O: Into<ToolOutput>,
        E: fmt::Display,
    {
        self.tool_with(Tool::of::<T>(), handler)
    }

    /// Adds a tool with your own description, whose arguments are any type that can be deserialized.
    #[must_use]
    pub fn tool_with<T, F, R, O, E>(mut self, tool: Tool, handler: F) -> Self
    where
        T: serde::de::DeserializeOwned,
        F: Fn(T) -> R + MaybeSend + MaybeSync + 'static,
        R: Future<Output = std::result::Result<O, E>> + MaybeSend + 'static,
        O: Into<ToolOutput>,
        E: fmt::Display,
    {
        let handle = move |call: ToolCall| -> BoxFuture<'static, Outcome> {
            match call.args.read_as::<T>() {
                Ok(args) => {
                    let work = handler(args);
                    Box::pin(async move { work.await.map(Into::into).map_err(|error| error.to_string().into()) })
                }
                Err(error) => {
                    let message = format!("the arguments do not fit the tool's schema: {error}");
                    Box::pin(std::future::ready(Err(message.into())))
                }
            }
        };
        self.add(tool, handle);
        self
    }

    pub(crate) fn add(
        &mut self,
        tool: Tool,
        handler: impl Fn(ToolCall) -> BoxFuture<'static, Outcome> + MaybeSend + MaybeSync + 'static,
    ) {
        self.tools.push((tool, Arc::new(handler)));
    }

    /// Sets the maximum number of replies in a run. A limit of 1 lets a program review tool calls before another run
    /// makes them. Defaults to 10.
    #[must_use]
    pub fn max_steps(mut self, steps: usize) -> Self {
        self.max_steps = steps.max(1);
        self
    }

    /// Sets how many tool calls of one reply run at a time. Defaults to 10.
    #[must_use]
    pub fn max_concurrency(mut self, calls: usize) -> Self {
        self.max_concurrency = calls;
        self
    }

    /// Returns the tools, for [`BedrockChat::bind_tools`].
    pub fn tools(&self) -> Vec<Tool> {
        self.tools.iter().map(|(tool, _)| tool.clone()).collect()
    }

    /// Calls the model and runs its tool calls, until a reply has no tool calls. The chat's own tools are not used,
    /// except [native](Tool::native) tools, which the provider runs itself.
    ///
    /// A conversation that ends with tool calls continues with their results, so a run that was
    /// [cut short](ToolRun::cut_short) or failed can be resumed. A choice that forces a tool applies to the
    /// first reply only, and not if the conversation ends with tool results.
    ///
    /// # Errors
    /// Same as [`BedrockChat::invoke`], with the [conversation](ToolRunError::conversation) so far. A tool that
    /// fails is not an error: the model receives the failure as the result.
    ///
    /// ```
    /// # use bedrock_chat::{BedrockChat, Credentials, Result, RetryPolicy, ToolRun, Toolbox};
    /// # use bedrock_chat::testing::{MemoryTransport, Reply};
    /// # fn chat(replies: Vec<Reply>) -> Result<BedrockChat> {
    /// #     BedrockChat::builder("us.anthropic.claude-sonnet-4-6").region("us-east-1").retry(RetryPolicy::never())
    /// #         .credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(MemoryTransport::new(replies)).build()
    /// # }
    /// # async fn run(toolbox: Toolbox, chat: BedrockChat, other: BedrockChat, question: &str) -> Result<ToolRun> {
    /// match toolbox.run(&chat, question).await {
    ///     Err(failed) if failed.error.is_retryable() => {
    ///         // Tools that have run do not run again.
    ///         Ok(toolbox.run(&other, failed.conversation).await?)
    ///     }
    ///     run => Ok(run?),
    /// }
    /// # }
    /// # let call = r#"{"content":[{"type":"tool_use","id":"t1","name":"f","input":{}}],"stop_reason":"tool_use"}"#;
    /// # let answer = r#"{"content":[{"type":"text","text":"Done."}],"stop_reason":"end_turn"}"#;
    /// # futures_executor::block_on(async {
    /// # let first = chat(vec![Reply::json(200, call), Reply::json(503, "{}")])?;
    /// # let run = run(Toolbox::new(), first, chat(vec![Reply::json(200, answer)])?, "Go.").await?;
    /// # assert_eq!((run.reply.text().as_str(), run.messages.len()), ("Done.", 4));
    /// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
    /// ```
    pub async fn run(
        &self,
        chat: &BedrockChat,
        messages: impl IntoMessages,
    ) -> std::result::Result<ToolRun, ToolRunError> {
        self.drive(chat, messages, |_| (), false).await
    }

    /// Same as [`Toolbox::run`], and calls a function at every step. If the chat is
    /// [`streaming`](crate::BedrockChatBuilder::streaming), the function also receives the events of replies.
    ///
    /// Callers that add each [`Step::message`] to a conversation keep it even if the run does not end: if it is dropped,
    /// for instance by a timeout, or if a tool panics.
    ///
    /// # Errors
    /// Same as [`Toolbox::run`].
    pub async fn run_with(
        &self,
        chat: &BedrockChat,
        messages: impl IntoMessages,
        watch: impl FnMut(Step<'_>),
    ) -> std::result::Result<ToolRun, ToolRunError> {
        self.drive(chat, messages, watch, chat.is_streaming()).await
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'static, ToolResult> {
        let id = call.id.clone();
        let Some((_, handler)) = self.tools.iter().find(|(tool, _)| tool.name == call.name) else {
            let names: Vec<_> = self.tools.iter().map(|(tool, _)| tool.name.as_str()).collect();
            let why = format!("there is no tool `{}`; use one of {}", call.name, names.join(", "));
            return Box::pin(std::future::ready(failed(id, why.into())));
        };
        let work = handler.handle(call);
        Box::pin(async move {
            match work.await {
                Ok(output) => ToolResult::new(id, output.content),
                Err(why) => failed(id, why),
            }
        })
    }
}

fn failed(id: String, why: ToolOutput) -> ToolResult {
    ToolResult::error(id, why.content)
}
