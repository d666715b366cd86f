//! A chat with others to fall back on.

mod breaker;
mod walk;

use self::walk::Walk;
pub use breaker::CircuitBreaker;

use std::fmt;
use std::sync::Arc;

use self::breaker::Breaker;
use self::walk::Course;
use super::BedrockChat;
use crate::client::ChatStream;
use crate::error::{Error, Result};
use crate::message::AiMessage;
use crate::platform::{BoxFuture, MaybeSend, MaybeSync};
use crate::request::ChatRequest;

/// Chats to fall back on, for [`BedrockChat::with_fallbacks`]: other models, regions, profiles, accounts or APIs. An
/// array or a `Vec` of chats converts into it.
///
/// ```
/// # use bedrock_chat::{BedrockChat, ErrorKind, Fallbacks};
/// # fn run(claude: BedrockChat, oregon: BedrockChat, nova: BedrockChat, long: BedrockChat) {
/// // Throttled or down: the same model in another region, then another model. Too long: a longer context.
/// let chat = claude
///     .with_fallbacks([oregon, nova])
///     .with_fallbacks(Fallbacks::new([long]).when(|error| error.kind() == ErrorKind::ContextOverflow));
/// # }
/// ```
#[derive(Clone)]
pub struct Fallbacks {
    chats: Vec<BedrockChat>,
    when: Arc<dyn When>,
    circuit_breaker: Option<CircuitBreaker>,
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
        f.debug_struct("Fallbacks")
            .field("chats", &self.chats)
            .field("circuit_breaker", &self.circuit_breaker)
            .finish_non_exhaustive()
    }
}

impl Fallbacks {
    /// Creates a list of chats, which are tried in this order.
    pub fn new(chats: impl IntoIterator<Item = BedrockChat>) -> Self {
        let chats = chats.into_iter().collect();
        Self { chats, when: Arc::new(Error::is_transient), circuit_breaker: Some(CircuitBreaker::default()) }
    }

    /// Sets which errors lead to these chats. Defaults to [`Error::is_transient`]: throttling, a quota, a service or
    /// network that fails, a timeout.
    #[must_use]
    pub fn when(mut self, condition: impl Fn(&Error) -> bool + MaybeSend + MaybeSync + 'static) -> Self {
        self.when = Arc::new(condition);
        self
    }

    /// Sets the circuit breakers of these chats, and of the first one unless it has one; `None` switches them off.
    /// Defaults to [`CircuitBreaker::default`], so that an outage does not cost every call the retries of a target
    /// that is down.
    #[must_use]
    pub fn circuit_breaker(mut self, breaker: impl Into<Option<CircuitBreaker>>) -> Self {
        self.circuit_breaker = breaker.into();
        self
    }
}

impl From<Vec<BedrockChat>> for Fallbacks {
    fn from(chats: Vec<BedrockChat>) -> Self {
        Self::new(chats)
    }
}

impl<const N: usize> From<[BedrockChat; N]> for Fallbacks {
    fn from(chats: [BedrockChat; N]) -> Self {
        Self::new(chats)
    }
}

/// A chat to fall back on.
#[derive(Clone)]
pub(super) struct Target {
    chat: BedrockChat,
    when: Arc<dyn When>,
    breaker: Option<Arc<Breaker>>,
}

/// The targets of a chat, behind a trait, so that programs without fallbacks do not link them.
pub(super) trait Targets: MaybeSend + MaybeSync {
    /// Same as [`BedrockChat::invoke`] for a request that each target writes.
    fn reply(&self, first: &BedrockChat, asked: Box<dyn Ask>) -> BoxFuture<'static, Result<AiMessage>>;

    /// Same as [`BedrockChat::stream`] for a request that each target writes.
    fn stream(&self, first: &BedrockChat, asked: Box<dyn Ask>) -> BoxFuture<'static, Result<ChatStream>>;

    /// Starts a call.
    fn walk(&self, first: &BedrockChat) -> Walk;

    /// Returns the same targets with a change of each chat.
    fn each(&self, change: &dyn Fn(&BedrockChat) -> BedrockChat) -> Arc<dyn Targets>;

    /// Returns the circuit breaker of the first chat, and the other targets.
    fn parts(&self) -> (Option<Arc<Breaker>>, &[Target]);
}

/// A request that a target writes for its own model.
pub(super) trait Ask: MaybeSend + MaybeSync {
    fn request(&self, chat: &BedrockChat) -> Result<ChatRequest>;
}

impl<F: Fn(&BedrockChat) -> Result<ChatRequest> + MaybeSend + MaybeSync> Ask for F {
    fn request(&self, chat: &BedrockChat) -> Result<ChatRequest> {
        self(chat)
    }
}

/// The targets after the first one.
struct Others {
    first_breaker: Option<Arc<Breaker>>,
    others: Vec<Target>,
}

impl Targets for Others {
    fn reply(&self, first: &BedrockChat, asked: Box<dyn Ask>) -> BoxFuture<'static, Result<AiMessage>> {
        Box::pin(walked(self.walk(first), asked, BedrockChat::reply, Walk::answered_by))
    }

    fn stream(&self, first: &BedrockChat, asked: Box<dyn Ask>) -> BoxFuture<'static, Result<ChatStream>> {
        Box::pin(walked(self.walk(first), asked, BedrockChat::open, Walk::answered_by_stream))
    }

    fn walk(&self, first: &BedrockChat) -> Walk {
        let (chat, breaker) = (first.alone(), self.first_breaker.clone());
        let first = Target { chat, when: Arc::new(|_: &Error| true), breaker };
        let (chat, course) = Course::begin(first, &self.others);
        Walk::new(chat, Box::new(course))
    }

    fn each(&self, change: &dyn Fn(&BedrockChat) -> BedrockChat) -> Arc<dyn Targets> {
        let others = self.others.iter().map(|target| Target { chat: change(&target.chat), ..target.clone() }).collect();
        Arc::new(Self { first_breaker: self.first_breaker.clone(), others })
    }

    fn parts(&self) -> (Option<Arc<Breaker>>, &[Target]) {
        (self.first_breaker.clone(), &self.others)
    }
}

/// Sends a request to one target after another until one answers. `note` adds to the answer what failed before.
async fn walked<T>(
    mut walk: Walk,
    asked: Box<dyn Ask>,
    send: fn(&BedrockChat, ChatRequest) -> BoxFuture<'_, Result<T>>,
    note: fn(&mut Walk, T) -> T,
) -> Result<T> {
    loop {
        let answer = match asked.request(walk.chat()) {
            Ok(request) => send(walk.chat(), request).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => return Ok(note(&mut walk, answer)),
            Err(error) => walk.failed(error)?,
        }
    }
}

impl BedrockChat {
    /// Returns this chat with others that answer when it fails, after its own retries. Everything that takes a chat
    /// takes it: typed output, toolboxes, batches, streams.
    ///
    /// - **When**: by default after an error whose cause may pass ([`Error::is_transient`]). [`Fallbacks::when`] sets
    ///   another condition. The next chat is the first behind the failed one whose condition holds. Further
    ///   `with_fallbacks` add chats with other conditions.
    /// - **Cost**: the failed call may have been paid for, and the next one is too. A stream that fails after its
    ///   first content is not repeated.
    /// - **Options**: each chat has its own. Tools, options and configurations that are set on the result are set on
    ///   all of them, so set them last. Each chat writes the conversation for its own model.
    /// - **Time**: each chat has its own [`Timeouts`](crate::Timeouts). A timeout around the whole call drops it, and
    ///   no other chat is tried.
    /// - **Circuit breakers**: after 5 failed calls in a row a chat is skipped for 30 seconds; [`CircuitBreaker`] has
    ///   the details. Clones share them. If all chats would be skipped, they are called.
    /// - **What happened**: if another chat answers, the response metadata of the reply has `fallback`, and so does the
    ///   [metadata](crate::RunConfig::metadata) of the run for observers: the number of the target, and which targets
    ///   failed or were skipped before, with the kinds of their errors. An error names the other targets that failed.
    ///
    /// The model, its capabilities, token counts, guardrails and lists of models are those of this chat alone.
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
    /// assert_eq!(
    ///     reply.metadata("fallback").map(|fallback| fallback.as_str()),
    ///     Some(concat!(
    ///         r#"{"target":1,"failed":[{"model":"us.anthropic.claude-sonnet-4-6","region":"us-east-1","#,
    ///         r#""api":"invoke","kind":"throttled","attempts":1}]}"#,
    ///     )),
    /// );
    /// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
    /// ```
    #[must_use]
    pub fn with_fallbacks(&self, fallbacks: impl Into<Fallbacks>) -> Self {
        let Fallbacks { chats, when, circuit_breaker } = fallbacks.into();
        let breaker = || circuit_breaker.map(|settings| Arc::new(Breaker::new(settings)));
        let (first, mut others) = self.targets();
        for chat in chats {
            let (own, behind) = chat.targets();
            let (when, breaker) = (Arc::clone(&when), own.or_else(breaker));
            others.push(Target { chat: chat.alone(), when, breaker });
            others.extend(behind);
        }
        let first_breaker = first.or_else(breaker);
        Self { fallbacks: Some(Arc::new(Others { first_breaker, others })), ..self.clone() }
    }

    fn targets(&self) -> (Option<Arc<Breaker>>, Vec<Target>) {
        let Some(targets) = &self.fallbacks else { return (None, Vec::new()) };
        let (first, others) = targets.parts();
        (first, others.to_vec())
    }

    /// Returns the chat without others to fall back on.
    fn alone(&self) -> Self {
        Self { fallbacks: None, ..self.clone() }
    }

    /// Starts a call that goes from target to target.
    pub(crate) fn walk(&self) -> Walk {
        match &self.fallbacks {
            Some(targets) => targets.walk(self),
            None => Walk::alone(self.clone()),
        }
    }

    /// Returns the chat with a change of it and of all chats to fall back on.
    pub(crate) fn each(&self, change: &dyn Fn(&Self) -> Self) -> Self {
        let fallbacks = self.fallbacks.as_ref().map(|targets| targets.each(change));
        Self { fallbacks, ..change(self) }
    }
}
