//! Tools with their handlers, and the loop that runs them.

use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::sync::Arc;

use crate::chat::BedrockChat;
use crate::concurrent::Concurrent;
use crate::error::Result;
use crate::event::ChatEvent;
use crate::json::Json;
use crate::message::{AiMessage, Content, JsonContent, Message, Role, StopReason, ToolCall, ToolResult, Usage};
use crate::platform::{BoxFuture, MaybeSend, MaybeSync};
use crate::request::{IntoMessages, Tool, ToolChoice};

/// What a tool gives back: text, JSON, or any content.
///
/// ```
/// use bedrock_chat::{Content, ToolOutput};
/// assert_eq!(ToolOutput::from("18 degrees").content, [Content::text("18 degrees")]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ToolOutput {
    /// The content of the tool's result.
    pub content: Vec<Content>,
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
        Self { content: vec![Content::Json(JsonContent { value })] }
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
    /// The tool has done what it does and has nothing to say.
    fn from((): ()) -> Self {
        Self::from("done")
    }
}

type Outcome = std::result::Result<ToolOutput, String>;

// What a handler is; where there are threads it may go from one to another.
trait Handle: MaybeSend + MaybeSync {
    fn handle(&self, call: ToolCall) -> BoxFuture<'static, Outcome>;
}

impl<F: Fn(ToolCall) -> BoxFuture<'static, Outcome> + MaybeSend + MaybeSync> Handle for F {
    fn handle(&self, call: ToolCall) -> BoxFuture<'static, Outcome> {
        self(call)
    }
}

/// Tools with the functions that do their work, and the loop that lets a model
/// use them until it has its answer.
///
/// ```
/// # use bedrock_chat::{BedrockChat, Credentials, MemoryTransport, Reply};
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
/// # let chat = BedrockChat::builder("anthropic.claude-3-haiku-20240307-v1:0").region("us-east-1")
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

/// What happens while a toolbox runs, for those who want to see every step.
///
/// ```
/// fn show(step: bedrock_chat::Step<'_>) {
///     match step {
///         bedrock_chat::Step::Call(call) => println!("-> {} {}", call.name, call.args),
///         bedrock_chat::Step::Result(result) => println!("<- {}", result.tool_call_id),
///         _ => {}
///     }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Step<'a> {
    /// A piece of the model's reply, of a chat that is [`streaming`](crate::BedrockChatBuilder::streaming).
    Event(&'a ChatEvent),
    /// The model has replied.
    Reply(&'a AiMessage),
    /// A tool is about to be called.
    Call(&'a ToolCall),
    /// A tool has answered, or failed.
    Result(&'a ToolResult),
}

/// What came of a run.
///
/// ```
/// fn total(run: &bedrock_chat::ToolRun) -> u64 {
///     run.usage.total_tokens()
/// }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ToolRun {
    /// The model's last reply.
    pub reply: AiMessage,
    /// The whole conversation: what was given, and all that came of it.
    pub messages: Vec<Message>,
    /// How often the model replied.
    pub steps: usize,
    /// The tokens of all replies together.
    pub usage: Usage,
    /// Whether the model had more calls to make when the limit of steps was reached.
    pub cut_short: bool,
}

impl Toolbox {
    /// A toolbox without tools.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a tool whose arguments are a type of yours (see [`Tool::of`]). What
    /// the function fails with is told to the model.
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

    /// Adds a tool that you describe, with arguments of any type that can be read from JSON.
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
            match call.args.deserialize::<T>() {
                Ok(args) => {
                    let work = handler(args);
                    Box::pin(async move { work.await.map(Into::into).map_err(|error| error.to_string()) })
                }
                Err(error) => {
                    let message = format!("the arguments do not fit the tool's schema: {error}");
                    Box::pin(std::future::ready(Err(message)))
                }
            }
        };
        self.tools.push((tool, Arc::new(handle)));
        self
    }

    /// How often the model may reply before the run is cut short. Defaults to 10.
    #[must_use]
    pub fn max_steps(mut self, steps: usize) -> Self {
        self.max_steps = steps.max(1);
        self
    }

    /// How many calls of one reply run at a time. Defaults to 10.
    #[must_use]
    pub fn max_concurrency(mut self, calls: usize) -> Self {
        self.max_concurrency = calls;
        self
    }

    /// The tools, to be bound to a chat.
    pub fn tools(&self) -> Vec<Tool> {
        self.tools.iter().map(|(tool, _)| tool.clone()).collect()
    }

    /// Lets the model use the tools until it has its answer. The chat's own tools are set aside, but for
    /// [native](Tool::native) ones, which the provider runs by itself.
    ///
    /// # Errors
    /// Those of [`BedrockChat::invoke`]. A tool that fails is no error: the model
    /// is told, and goes on.
    pub async fn run(&self, chat: &BedrockChat, messages: impl IntoMessages) -> Result<ToolRun> {
        self.drive(chat, messages, |_| (), false).await
    }

    /// As [`Toolbox::run`], and tells every step as it happens. With a chat that is
    /// [`streaming`](crate::BedrockChatBuilder::streaming), replies are told piece by piece too.
    ///
    /// # Errors
    /// As [`Toolbox::run`].
    pub async fn run_with(
        &self,
        chat: &BedrockChat,
        messages: impl IntoMessages,
        watch: impl FnMut(Step<'_>),
    ) -> Result<ToolRun> {
        self.drive(chat, messages, watch, chat.is_streaming()).await
    }

    async fn drive(
        &self,
        chat: &BedrockChat,
        messages: impl IntoMessages,
        mut watch: impl FnMut(Step<'_>),
        by_pieces: bool,
    ) -> Result<ToolRun> {
        let mut tools = self.tools();
        // Tools that the provider runs itself need nobody here to run them.
        let own = |tool: &&Tool| tool.native.is_some() && !self.tools.iter().any(|(known, _)| known.name == tool.name);
        tools.extend(chat.options().tools.iter().filter(own).cloned());
        let chat = chat.bind_tools(tools);
        // A choice that forces a tool is for the first step: kept, the model could never answer.
        let free = match chat.options().tool_choice {
            Some(ToolChoice::Any | ToolChoice::Tool(_)) => chat.with_tool_choice(ToolChoice::Auto),
            _ => chat.clone(),
        };
        let mut messages = messages.into_messages()?;
        let mut usage = Usage::default();
        let mut steps = 0;
        loop {
            let asked = if steps == 0 { &chat } else { &free };
            let reply = match by_pieces {
                true => pieces(asked, &messages, &mut watch).await?,
                false => asked.invoke(&messages).await?,
            };
            steps += 1;
            usage = usage.plus(reply.usage.unwrap_or_default());
            watch(Step::Reply(&reply));
            messages.push(Message::from(&reply));
            let wants_tools = reply.tool_calls().next().is_some() || reply.invalid_tool_calls().next().is_some();
            // A turn of the provider's own tools that got long: it goes on when it is sent back.
            let paused = reply.stop_reason == Some(StopReason::PauseTurn);
            let cut_short = wants_tools || paused;
            if !cut_short || steps == self.max_steps {
                return Ok(ToolRun { reply, messages, steps, usage, cut_short });
            }
            if !wants_tools {
                continue;
            }
            let results = self.answer(&reply, &mut watch).await;
            messages.push(Message::new(Role::Tool, results.into_iter().map(Content::ToolResult).collect::<Vec<_>>()));
        }
    }

    /// Runs the calls of a reply, several at a time.
    async fn answer(&self, reply: &AiMessage, watch: &mut impl FnMut(Step<'_>)) -> Vec<ToolResult> {
        let mut work: VecDeque<BoxFuture<'static, ToolResult>> = VecDeque::new();
        for call in reply.tool_calls() {
            watch(Step::Call(call));
            work.push_back(self.call(call.clone()));
        }
        for call in reply.invalid_tool_calls() {
            let (id, why) = (call.id.clone(), format!("the call cannot be run: {}", call.error));
            work.push_back(Box::pin(std::future::ready(failed(id, why))));
        }
        let mut results: Vec<(usize, ToolResult)> = Vec::with_capacity(work.len());
        let mut running = Concurrent::new(work, self.max_concurrency);
        while let Some((place, result)) = running.next().await {
            watch(Step::Result(&result));
            // The model gets them in the order of its calls, whichever was first.
            let at = results.partition_point(|(other, _)| *other < place);
            results.insert(at, (place, result));
        }
        results.into_iter().map(|(_, result)| result).collect()
    }

    fn call(&self, call: ToolCall) -> BoxFuture<'static, ToolResult> {
        let id = call.id.clone();
        let Some((_, handler)) = self.tools.iter().find(|(tool, _)| tool.name == call.name) else {
            let names: Vec<_> = self.tools.iter().map(|(tool, _)| tool.name.as_str()).collect();
            let why = format!("there is no tool {}: the tools are {}", call.name, names.join(", "));
            return Box::pin(std::future::ready(failed(id, why)));
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

/// A reply that is told as it comes.
async fn pieces(chat: &BedrockChat, messages: &[Message], watch: &mut impl FnMut(Step<'_>)) -> Result<AiMessage> {
    let mut stream = chat.stream(messages).await?;
    while let Some(event) = stream.next().await {
        watch(Step::Event(&event?));
    }
    Ok(stream.so_far())
}

fn failed(id: String, why: String) -> ToolResult {
    ToolResult { is_error: true, ..ToolResult::new(id, [Content::text(why)]) }
}
