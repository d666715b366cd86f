//! A chat with others to fall back on.

use std::fmt;
use std::sync::Arc;

use super::BedrockChat;
use crate::client::ChatStream;
use crate::error::{Error, Result};
use crate::message::AiMessage;
use crate::platform::{MaybeSend, MaybeSync};
use crate::request::IntoMessages;

/// Chats of which the next is tried when one fails: other models, other regions,
/// other accounts. From [`BedrockChat::with_fallbacks`].
///
/// ```
/// # use bedrock_chat::{BedrockChat, Credentials, RetryPolicy};
/// # use bedrock_chat::testing::{MemoryTransport, Reply};
/// # futures_executor::block_on(async {
/// # let chat = |region: &str, reply: Reply| BedrockChat::builder("us.anthropic.claude-sonnet-4-6")
/// #     .region(region).credentials(Credentials::new("AKIDEXAMPLE", "secret"))
/// #     .retry(RetryPolicy::never()).transport(MemoryTransport::new([reply])).build();
/// # let throttled = Reply::json(429, "{}");
/// # let answers = Reply::json(200, r#"{"content":[{"type":"text","text":"Bonjour"}]}"#);
/// let virginia = chat("us-east-1", throttled)?;
/// let oregon = chat("us-west-2", answers)?;
/// let reply = virginia.with_fallbacks([oregon]).invoke("Hello in French?").await?;
/// assert_eq!(reply.text(), "Bonjour");
/// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Fallbacks {
    first: BedrockChat,
    others: Vec<BedrockChat>,
    when: Arc<dyn When>,
}

/// The condition of a fallback; where there are threads it is shared between them.
trait When: MaybeSend + MaybeSync {
    fn holds(&self, error: &Error) -> bool;
}

impl<F: Fn(&Error) -> bool + MaybeSend + MaybeSync> When for F {
    fn holds(&self, error: &Error) -> bool {
        self(error)
    }
}

impl fmt::Debug for Fallbacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fallbacks").field("first", &self.first).field("others", &self.others).finish_non_exhaustive()
    }
}

impl BedrockChat {
    /// Returns this chat with others that are tried in their order when it fails, after its own retries,
    /// with an error whose cause may pass ([`Error::is_transient`]): throttling, a quota, a service or
    /// network that fails, a timeout. The failed call may have been paid for, and the next one is too.
    ///
    /// A time limit per chat is [`Timeouts::total`](crate::Timeouts::total). A timeout around the whole
    /// call drops it, and no other chat is tried.
    #[must_use]
    pub fn with_fallbacks(&self, others: impl IntoIterator<Item = Self>) -> Fallbacks {
        Fallbacks { first: self.clone(), others: others.into_iter().collect(), when: Arc::new(Error::is_transient) }
    }
}

impl Fallbacks {
    /// Sets which errors lead to the next chat. Defaults to [`Error::is_transient`].
    #[must_use]
    pub fn when(mut self, when: impl Fn(&Error) -> bool + MaybeSend + MaybeSync + 'static) -> Self {
        self.when = Arc::new(when);
        self
    }

    /// Same as [`BedrockChat::invoke`], on the first chat that does not fail.
    ///
    /// # Errors
    /// The last chat's, or the first that is not to be fallen back on.
    pub async fn invoke(&self, messages: impl IntoMessages) -> Result<AiMessage> {
        let messages = messages.into_messages()?;
        let mut answer = self.first.invoke(&messages).await;
        for other in &self.others {
            match answer {
                Err(error) if self.when.holds(&error) => answer = other.invoke(&messages).await,
                answer => return answer,
            }
        }
        answer
    }

    /// Same as [`BedrockChat::stream`], on the first chat whose stream begins. Once
    /// an event was delivered, no other chat is tried.
    ///
    /// # Errors
    /// The last chat's, or the first that is not to be fallen back on.
    pub async fn stream(&self, messages: impl IntoMessages) -> Result<ChatStream> {
        let messages = messages.into_messages()?;
        let mut answer = self.first.stream(&messages).await;
        for other in &self.others {
            match answer {
                Err(error) if self.when.holds(&error) => answer = other.stream(&messages).await,
                answer => return answer,
            }
        }
        answer
    }
}
