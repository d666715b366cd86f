//! The loop of a toolbox: calls the model and runs its tool calls, until there are no more tool calls.

use std::collections::VecDeque;
use std::fmt;

use super::{Toolbox, failed};
use crate::chat::BedrockChat;
use crate::concurrent::Concurrent;
use crate::error::{Error, Result};
use crate::event::ChatEvent;
use crate::message::{AiMessage, Content, Message, Role, StopReason, ToolCall, ToolResult, Usage};
use crate::platform::BoxFuture;
use crate::request::{IntoMessages, Tool, ToolChoice};

/// An event of a running toolbox, for callers that show every step.
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
    /// An event of the model's reply, if the chat is [`streaming`](crate::BedrockChatBuilder::streaming).
    Event(&'a ChatEvent),
    /// The model has replied.
    Reply(&'a AiMessage),
    /// A tool is about to be called.
    Call(&'a ToolCall),
    /// A tool has returned a result, or failed.
    Result(&'a ToolResult),
}

impl Step<'_> {
    /// The messages that the step adds to the conversation: a reply, or the result of a tool.
    ///
    /// ```
    /// # use bedrock_chat::{AiMessage, Message, Step};
    /// let mut messages = vec![Message::human("What is the weather in Paris?")];
    /// let mut watch = |step: Step<'_>| messages.extend(step.message());
    /// # watch(Step::Reply(&AiMessage::default()));
    /// # assert_eq!(messages.len(), 2);
    /// ```
    pub fn message(&self) -> Option<Message> {
        match *self {
            Step::Reply(reply) => Some(reply.into()),
            Step::Result(result) => Some(Message::new(Role::Tool, [Content::ToolResult(result.clone())])),
            Step::Event(_) | Step::Call(_) => None,
        }
    }
}

/// The result of a run.
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
    /// The whole conversation, from the first message to the last reply.
    pub messages: Vec<Message>,
    /// How often the model replied.
    pub steps: usize,
    /// The tokens of all replies together.
    pub usage: Usage,
    /// Whether the limit of steps was reached before the model's last tool calls were run. Another run with these
    /// messages runs these calls.
    pub cut_short: bool,
}

/// The error of a [`Toolbox`] run, with the conversation so far. Another run can continue from this conversation.
///
/// `Display` and [`source`](std::error::Error::source) are the same as for the [`error`](Self::error). `Debug` counts
/// the messages and does not print them. The `?` operator converts it into an [`Error`], which drops the
/// conversation.
#[non_exhaustive]
pub struct ToolRunError {
    /// The error of the call that failed.
    pub error: Error,
    /// The given messages, all replies, and the results of finished tools.
    pub conversation: Vec<Message>,
    /// The tokens of all complete replies. A reply that broke off has its own usage in [`Error::partial`].
    pub usage: Usage,
}

impl fmt::Debug for ToolRunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, conversation of {} messages", self.error, self.conversation.len())
    }
}

impl fmt::Display for ToolRunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for ToolRunError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.error.source()
    }
}

impl From<ToolRunError> for Error {
    fn from(failed: ToolRunError) -> Self {
        failed.error
    }
}

impl Toolbox {
    pub(super) async fn drive(
        &self,
        chat: &BedrockChat,
        messages: impl IntoMessages,
        mut watch: impl FnMut(Step<'_>),
        by_pieces: bool,
    ) -> std::result::Result<ToolRun, ToolRunError> {
        let (reply, usage) = (AiMessage::default(), Usage::default());
        let messages = match messages.into_messages() {
            Ok(messages) => messages,
            Err(error) => return Err(ToolRunError { error, conversation: Vec::new(), usage }),
        };
        let mut run = ToolRun { reply, messages, steps: 0, usage, cut_short: false };
        match self.advance(chat, &mut run, &mut watch, by_pieces).await {
            Ok(()) => Ok(run),
            Err(error) => Err(ToolRunError { error, conversation: run.messages, usage: run.usage }),
        }
    }

    async fn advance(
        &self,
        chat: &BedrockChat,
        run: &mut ToolRun,
        watch: &mut impl FnMut(Step<'_>),
        by_pieces: bool,
    ) -> Result<()> {
        // The provider runs native tools itself, so they stay bound: each chat to fall back on has its own.
        let own = |tool: &&Tool| tool.native.is_some() && !self.tools.iter().any(|(known, _)| known.name == tool.name);
        let chat = chat.each(&|chat| {
            let mut tools = self.tools();
            tools.extend(chat.options().tools.iter().filter(own).cloned());
            chat.bind_tools(tools)
        });
        // With a forced choice, the model could never reply without a tool call.
        let free = match chat.options().tool_choice {
            Some(ToolChoice::Any | ToolChoice::Tool(_)) => chat.with_tool_choice(ToolChoice::Auto),
            _ => chat.clone(),
        };
        loop {
            let open = open_calls(&run.messages);
            if !open.is_empty() {
                let results = self.answer(open, watch).await.into_iter().map(Content::ToolResult);
                run.messages.push(Message::new(Role::Tool, results.collect::<Vec<_>>()));
            }
            let is_first = run.steps == 0 && run.messages.last().is_none_or(|message| message.role != Role::Tool);
            let asked = if is_first { &chat } else { &free };
            let reply = match by_pieces {
                true => pieces(asked, &run.messages, watch).await?,
                false => asked.invoke(&run.messages).await?,
            };
            run.steps += 1;
            run.usage += reply.usage.unwrap_or_default();
            watch(Step::Reply(&reply));
            run.messages.push(Message::from(&reply));
            let wants_tools = reply.tool_calls().next().is_some() || reply.invalid_tool_calls().next().is_some();
            // A long turn of the provider's own tools continues when it is sent back.
            let paused = reply.stop_reason == Some(StopReason::PauseTurn);
            run.cut_short = wants_tools || paused;
            run.reply = reply;
            if !run.cut_short || run.steps == self.max_steps {
                return Ok(());
            }
        }
    }

    /// Runs calls, several at a time.
    async fn answer(&self, calls: Vec<Content>, watch: &mut impl FnMut(Step<'_>)) -> Vec<ToolResult> {
        let mut work: VecDeque<BoxFuture<'static, ToolResult>> = VecDeque::new();
        for call in calls {
            match call {
                Content::ToolCall(call) => {
                    watch(Step::Call(&call));
                    work.push_back(self.call(call));
                }
                Content::InvalidToolCall(call) => {
                    let why = format!("the call cannot be run: {}", call.error);
                    work.push_back(Box::pin(std::future::ready(failed(call.id, why.into()))));
                }
                _ => {}
            }
        }
        let mut results: Vec<(usize, ToolResult)> = Vec::with_capacity(work.len());
        let mut running = Concurrent::new(work, self.max_concurrency);
        while let Some((place, result)) = running.next().await {
            watch(Step::Result(&result));
            results.push((place, result));
        }
        // The model receives the results in the order of its calls.
        results.sort_by_key(|(place, _)| *place);
        results.into_iter().map(|(_, result)| result).collect()
    }
}

/// The calls at the end of a conversation that have no result.
fn open_calls(messages: &[Message]) -> Vec<Content> {
    let answers = messages.iter().rev().take_while(|message| message.role == Role::Tool).count();
    let (before, answers) = messages.split_at(messages.len() - answers);
    let asking = before.last().filter(|message| message.role == Role::Ai);
    let answered = answers.iter().flat_map(|message| &message.content).filter_map(|block| match block {
        Content::ToolResult(result) => Some(result.tool_call_id.as_str()),
        _ => None,
    });
    let mut known: Vec<&str> = answered.collect();
    let mut open = Vec::new();
    for block in asking.into_iter().flat_map(|message| &message.content) {
        let id = match block {
            Content::ToolCall(call) => &call.id,
            Content::InvalidToolCall(call) => &call.id,
            _ => continue,
        };
        // A call may occur twice in the messages of other libraries.
        if !known.contains(&id.as_str()) {
            known.push(id);
            open.push(block.clone());
        }
    }
    open
}

/// A streamed reply.
async fn pieces(chat: &BedrockChat, messages: &[Message], watch: &mut impl FnMut(Step<'_>)) -> Result<AiMessage> {
    let mut stream = chat.stream(messages).await?;
    while let Some(event) = stream.next().await {
        watch(Step::Event(&event?));
    }
    Ok(stream.so_far())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Json;

    fn ids(messages: &[Message]) -> Vec<String> {
        let id = |call: Content| match call {
            Content::ToolCall(call) => call.id,
            other => panic!("{other:?}"),
        };
        open_calls(messages).into_iter().map(id).collect()
    }

    fn calling(ids: &[&str]) -> Message {
        let call = |id: &&str| Content::ToolCall(ToolCall::new(*id, "f", Json::empty_object()));
        Message::new(Role::Ai, ids.iter().map(call).collect::<Vec<_>>())
    }

    #[test]
    fn open_tool_calls_have_no_result() {
        assert_eq!(ids(&[Message::human("Go."), calling(&["1", "2", "1"])]), ["1", "2"]);
        assert_eq!(ids(&[calling(&["1", "2", "3"]), Message::tool("3", "c"), Message::tool("1", "a")]), ["2"]);
        assert!(ids(&[calling(&["1"]), Message::tool("1", "a")]).is_empty());
    }

    #[test]
    fn earlier_tool_calls_without_a_result_are_not_run() {
        assert!(ids(&[calling(&["1"]), Message::human("Never mind.")]).is_empty());
        assert!(ids(&[calling(&["1"]), Message::ai("I leave it.")]).is_empty());
        assert!(ids(&[Message::tool("1", "a")]).is_empty() && ids(&[]).is_empty());
    }
}
