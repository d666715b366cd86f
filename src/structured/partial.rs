//! Values of an answer that is still arriving.

use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::{Structured, StructuredMethod};
use crate::client::ChatStream;
use crate::error::Result;
use crate::event::ChatEvent;
use crate::json::{Json, PartialJson};
use crate::message::AiMessage;

/// Increasingly complete values of an answer that is still arriving, from [`Structured::stream`].
///
/// Numbers and words appear when they are complete, strings as they grow. In a long answer, the next value waits
/// until the text has grown by a fraction, so that reading all values stays cheap.
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
    method: StructuredMethod,
    /// The arguments of the call that contains the value, and the index of its block.
    call: Option<(u32, PartialJson)>,
    text: PartialJson,
    ready: VecDeque<Json>,
    last: Option<Json>,
    ended: bool,
}

impl<T: DeserializeOwned> PartialStream<T> {
    pub(super) fn new(stream: ChatStream, structured: Structured<T>, method: StructuredMethod) -> Self {
        let text = if structured.is_member { PartialJson::any() } else { PartialJson::new() };
        let ready = VecDeque::new();
        Self { stream, structured, method, call: None, text, ready, last: None, ended: false }
    }

    /// Returns the next value, which is more complete than the one before; `None` after the last.
    pub async fn next(&mut self) -> Option<Result<Json>> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Returns the reply as far as it was delivered.
    pub fn so_far(&self) -> AiMessage {
        self.stream.so_far()
    }

    /// Returns the whole value, once the stream has ended.
    ///
    /// # Errors
    /// `Decode`, if the answer is not such a value, or not yet.
    pub fn value(&self) -> Result<T> {
        self.structured.read(&self.stream.so_far())
    }

    /// Adds an event to the reply and the value.
    fn take(&mut self, event: &ChatEvent) {
        let is_tool = !matches!(self.method, StructuredMethod::JsonSchema | StructuredMethod::Prompt);
        match (event, &mut self.call) {
            (ChatEvent::ToolCallStart { index, name, .. }, None) if *name == self.structured.name => {
                self.call = Some((*index, PartialJson::new()));
            }
            (ChatEvent::ToolCallDelta { index, args }, Some((own, json))) if index == own => {
                json.push(args);
                let value = json.next_value();
                self.show(value);
            }
            (ChatEvent::Text { text, .. }, None) => {
                self.text.push(text);
                // A model that must call a tool may write text before the call.
                if !is_tool {
                    let value = self.text.next_value();
                    self.show(value);
                }
            }
            _ => {}
        }
    }

    fn show(&mut self, json: Option<String>) {
        let value = json.and_then(|json| self.structured.shown(&json));
        if value.is_some() && value != self.last {
            self.ready.extend(value.clone());
            self.last = value;
        }
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
            if self.ended {
                return Poll::Ready(None);
            }
            match ready!(Pin::new(&mut self.stream).poll_next(context)) {
                Some(Ok(event)) => self.take(&event),
                Some(Err(error)) => {
                    self.ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
                None => {
                    self.ended = true;
                    let json = match &mut self.call {
                        Some((_, json)) => json.last_value(),
                        None => self.text.last_value(),
                    };
                    self.show(json);
                }
            }
        }
    }
}
