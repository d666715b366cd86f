//! A chat with others to fall back on.

use super::BedrockChat;
use crate::client::ChatStream;
use crate::error::{Error, Result};
use crate::message::AiMessage;
use crate::request::IntoMessages;

/// Chats of which the next is tried when one fails: other models, other regions,
/// other accounts. From [`BedrockChat::with_fallbacks`].
///
/// ```
/// # use bedrock_chat::{BedrockChat, Credentials, MemoryTransport, Reply, RetryPolicy};
/// # futures_executor::block_on(async {
/// # let chat = |region: &str, reply: Reply| BedrockChat::builder("anthropic.claude-3-haiku-20240307-v1:0")
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
#[derive(Clone, Debug)]
pub struct Fallbacks {
    first: BedrockChat,
    others: Vec<BedrockChat>,
    when: fn(&Error) -> bool,
}

impl BedrockChat {
    /// This chat, with others that are tried in their order when it fails after
    /// its own retries with an error that is worth retrying: throttling, a
    /// service or network that fails, a timeout.
    #[must_use]
    pub fn with_fallbacks(&self, others: impl IntoIterator<Item = Self>) -> Fallbacks {
        Fallbacks { first: self.clone(), others: others.into_iter().collect(), when: Error::is_retryable }
    }
}

impl Fallbacks {
    /// The same chats, falling back on other errors than those worth retrying.
    #[must_use]
    pub fn when(mut self, when: fn(&Error) -> bool) -> Self {
        self.when = when;
        self
    }

    /// As [`BedrockChat::invoke`], on the first chat that does not fail.
    ///
    /// # Errors
    /// The last chat's, or the first that is not to be fallen back on.
    pub async fn invoke(&self, messages: impl IntoMessages) -> Result<AiMessage> {
        let messages = messages.into_messages()?;
        let mut answer = self.first.invoke(&messages).await;
        for other in &self.others {
            match answer {
                Err(error) if (self.when)(&error) => answer = other.invoke(&messages).await,
                answer => return answer,
            }
        }
        answer
    }

    /// As [`BedrockChat::stream`], on the first chat whose stream begins. Once
    /// an event was delivered there is no falling back.
    ///
    /// # Errors
    /// The last chat's, or the first that is not to be fallen back on.
    pub async fn stream(&self, messages: impl IntoMessages) -> Result<ChatStream> {
        let messages = messages.into_messages()?;
        let mut answer = self.first.stream(&messages).await;
        for other in &self.others {
            match answer {
                Err(error) if (self.when)(&error) => answer = other.stream(&messages).await,
                answer => return answer,
            }
        }
        answer
    }
}
