//! The public writer of Anthropic's server-sent events.

use std::fmt;

use super::events::AnthropicEvents;
use super::problem;
use crate::error::Error;
use crate::event::ChatEvent;
use crate::gateway::dialect::{EventWriter, nonce};
use crate::gateway::failure::Failure;
use crate::platform::SystemRuntime;

/// A writer of the events of an answer as Anthropic's Messages API streams them, for a server with its own paths.
///
/// Each method returns server-sent events to send at once, or an empty string. One writer is for one answer. Signatures
/// of reasoning are written as the model made them, so that a client can send them back to the same model.
///
/// ```
/// use bedrock_chat::gateway::AnthropicSse;
/// use bedrock_chat::{ChatStream, Result};
///
/// /// Returns all events of an answer. A server sends each as soon as it is written.
/// async fn written(mut answer: ChatStream) -> String {
///     let mut sse = AnthropicSse::new("claude-sonnet-4-6");
///     let mut all = String::new();
///     while let Some(event) = answer.next().await {
///         match event {
///             Ok(event) => all.push_str(&sse.event(event)),
///             Err(error) => return all + &sse.error(&error),
///         }
///     }
///     all + &sse.end()
/// }
/// # use bedrock_chat::{BedrockChat, Credentials, testing::{MemoryTransport, Reply}};
/// # futures_executor::block_on(async {
/// # let transport = MemoryTransport::new([Reply::events([
/// #     ("messageStart", r#"{"role":"assistant"}"#.to_owned()),
/// #     ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"text":"Hello!"}}"#.to_owned()),
/// #     ("contentBlockStop", r#"{"contentBlockIndex":0}"#.to_owned()),
/// #     ("messageStop", r#"{"stopReason":"end_turn"}"#.to_owned()),
/// # ])]);
/// # let chat = BedrockChat::builder("us.amazon.nova-lite-v1:0").region("us-east-1").api(bedrock_chat::Api::Converse)
/// #     .credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(transport).build()?;
/// let text = written(chat.stream("Hello?").await?).await;
/// assert!(text.starts_with("event: message_start\ndata: {"));
/// assert!(text.contains(r#"{"type":"text_delta","text":"Hello!"}"#));
/// assert!(text.ends_with("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"));
/// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
/// ```
pub struct AnthropicSse {
    events: AnthropicEvents,
    /// The start of the answer, until the next event: that may be the number of input tokens, which the start contains.
    start: Option<ChatEvent>,
}

impl AnthropicSse {
    /// Creates a writer. `model` is the model's name in the answer.
    pub fn new(model: &str) -> Self {
        Self { events: AnthropicEvents::new(model, &nonce(&SystemRuntime)).unmarked(), start: None }
    }

    /// Writes an event. Returns an empty string for events that the API does not have, and for events that are written
    /// with a later one.
    pub fn event(&mut self, event: ChatEvent) -> String {
        let mut out = String::new();
        match event {
            ChatEvent::Start { .. } => self.start = Some(event),
            ChatEvent::Usage { .. } => {
                self.events.event(event, &mut out);
                self.begin(&mut out);
            }
            event => {
                self.begin(&mut out);
                self.events.event(event, &mut out);
            }
        }
        out
    }

    /// Writes the end of an answer that is complete.
    pub fn end(&mut self) -> String {
        let mut out = String::new();
        self.begin(&mut out);
        self.events.end(&mut out);
        out
    }

    /// Writes the event that ends an answer which broke off. It has the error's message only if the error concerns the
    /// client's request. Errors of credentials and access, for example, concern the operator: log them.
    pub fn error(&mut self, error: &Error) -> String {
        problem::event(&Failure::of_stream(error))
    }

    fn begin(&mut self, out: &mut String) {
        if let Some(start) = self.start.take() {
            self.events.event(start, out);
        }
    }
}

impl fmt::Debug for AnthropicSse {
    /// Prints nothing of the conversation.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnthropicSse").finish_non_exhaustive()
    }
}
