//! Many conversations at once.

mod adaptive;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;

use super::BedrockChat;
use crate::concurrent::Concurrent;
use crate::error::Result;
use crate::message::AiMessage;
use crate::platform::BoxFuture;
use crate::request::IntoMessages;

pub use adaptive::AdaptiveConcurrency;

impl BedrockChat {
    /// Sends many conversations, several at a time, and waits for all replies. They are in the order of the
    /// conversations, and one failure does not affect the others.
    ///
    /// The number of calls at a time adapts to the service, between 1 and
    /// [`max_concurrency`](crate::BedrockChatBuilder::max_concurrency). It begins with 10. Each reply adds one, until
    /// the service throttles for the first time. Throttling halves the number, also where a retry succeeds; from then
    /// on it grows by one with each round of replies.
    ///
    /// ```
    /// # use bedrock_chat::{BedrockChat, Credentials};
    /// # use bedrock_chat::testing::{MemoryTransport, Reply};
    /// # futures_executor::block_on(async {
    /// # let reply = |text: &str| Reply::json(200, format!(r#"{{"content":[{{"type":"text","text":"{text}"}}]}}"#));
    /// # let transport = MemoryTransport::new([reply("Bonjour"), reply("Au revoir")]);
    /// # let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6").region("us-east-1")
    /// #     .credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(transport).build()?;
    /// let replies = chat.batch(["Hello in French?", "Goodbye in French?"]).await;
    /// assert_eq!(replies[0].as_ref().map(|reply| reply.text()).ok().as_deref(), Some("Bonjour"));
    /// assert_eq!(replies.len(), 2);
    /// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
    /// ```
    pub async fn batch<M: IntoMessages>(&self, inputs: impl IntoIterator<Item = M>) -> Vec<Result<AiMessage>> {
        self.concurrent(inputs).all().await
    }

    /// Same as [`BedrockChat::batch`], but returns each reply with its index as soon as it is complete: for progress, and
    /// for work that need not wait.
    ///
    /// When a call has ended, the next one starts only when the next reply is asked for.
    pub fn batch_as_completed<M: IntoMessages>(&self, inputs: impl IntoIterator<Item = M>) -> Batch {
        let calls = self.concurrent(inputs);
        let total = calls.len();
        Batch { calls, total, done: 0 }
    }

    /// Returns the same model, and how many of its calls may run at a time, for programs that start the calls of a batch
    /// themselves. Each call of the returned model adapts the number, which is at most `max`; `None` means
    /// [`max_concurrency`](crate::BedrockChatBuilder::max_concurrency), 0 counts as 1.
    ///
    /// [`with_config`](BedrockChat::with_config) replaces what adapts the number, so call it before.
    ///
    /// ```
    /// # use bedrock_chat::{BedrockChat, Credentials};
    /// # let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6").region("us-east-1")
    /// #     .credentials(Credentials::new("AKIDEXAMPLE", "secret")).build()?;
    /// let (chat, concurrency) = chat.adaptive_concurrency(50);
    /// assert_eq!(concurrency.limit(), 10);
    /// # Ok::<(), bedrock_chat::Error>(())
    /// ```
    pub fn adaptive_concurrency(&self, max: impl Into<Option<usize>>) -> (Self, AdaptiveConcurrency) {
        let concurrency = AdaptiveConcurrency::new(max.into().unwrap_or(self.max_concurrency));
        let chat = self.each(&|chat| {
            let mut config = (*chat.config).clone();
            config.watch = concurrency.watch();
            Self { config: Arc::new(config), ..chat.clone() }
        });
        (chat, concurrency)
    }

    fn concurrent<M: IntoMessages>(
        &self,
        inputs: impl IntoIterator<Item = M>,
    ) -> Concurrent<'static, Result<AiMessage>> {
        let (chat, concurrency) = self.adaptive_concurrency(None);
        let calls = inputs.into_iter().map(|input| -> BoxFuture<'static, Result<AiMessage>> {
            let (chat, messages) = (chat.clone(), input.into_messages());
            Box::pin(async move { chat.invoke(messages?).await })
        });
        Concurrent::with_limit(calls, concurrency.published())
    }
}

/// The replies of a batch in the order in which they come, from
/// [`BedrockChat::batch_as_completed`]. Dropping it gives up what is not done.
///
/// ```
/// # use bedrock_chat::{BedrockChat, Credentials};
/// # use bedrock_chat::testing::{MemoryTransport, Reply};
/// # futures_executor::block_on(async {
/// # let transport = MemoryTransport::new([Reply::json(200, r#"{"content":[]}"#)]);
/// # let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6").region("us-east-1")
/// #     .credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(transport).build()?;
/// let mut batch = chat.batch_as_completed(["one"]);
/// while let Some((place, reply)) = batch.next().await {
///     println!("{} of {}: number {place} is {}", batch.done(), batch.total(), if reply.is_ok() { "there" } else { "lost" });
/// }
/// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
/// ```
#[must_use = "a batch does nothing unless it is read"]
pub struct Batch {
    calls: Concurrent<'static, Result<AiMessage>>,
    total: usize,
    done: usize,
}

impl Batch {
    /// The next reply with its place; `None` after the last.
    pub async fn next(&mut self) -> Option<(usize, Result<AiMessage>)> {
        std::future::poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// How many conversations there are.
    pub fn total(&self) -> usize {
        self.total
    }

    /// How many replies have come.
    pub fn done(&self) -> usize {
        self.done
    }
}

impl std::fmt::Debug for Batch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Batch").field("total", &self.total).field("done", &self.done).finish_non_exhaustive()
    }
}

impl Stream for Batch {
    type Item = (usize, Result<AiMessage>);

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut self.calls).poll_next(context);
        if matches!(next, Poll::Ready(Some(_))) {
            self.done += 1;
        }
        next
    }
}
