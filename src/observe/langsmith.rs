//! Runs posted to LangSmith, as LangChain posts them.

mod builder;
mod chain;
mod id;
mod queue;
mod run;
mod send;
mod worker;

pub use builder::LangSmithBuilder;
pub use chain::ChainRun;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use self::id::{TracePosition, is_uuid, uuid};
use self::run::{Chat, Ended, Outcome, Retry, Started, Work};
use self::worker::Shared;
use super::{Observer, Run, RunConfig, RunStart};
use crate::error::{Error, Result};
use crate::event::{Accumulator, ChatEvent};
use crate::json::Json;
use crate::message::AiMessage;
use crate::platform::crc32;

/// Changes inputs and outputs before they leave the process.
type Redact = dyn Fn(Json) -> Json + Send + Sync;

/// Maximum number of arrival times that a run keeps. The first one shows how long the model took to begin; more than
/// a thousand are not worth their bytes.
const MAX_TOKEN_TIMES: usize = 1000;

/// Posts every call to [LangSmith](https://docs.smith.langchain.com/) as a run,
/// in the form in which LangChain posts it: inputs, outputs, parameters, usage,
/// errors, tags, metadata, parents.
///
/// It never delays or fails a call. Runs wait in a queue that is bounded in number and bytes; when the queue is full,
/// the oldest run is dropped and [counted](Self::dropped). Natively, a separate thread (started with the first run)
/// collects runs for a quarter of a second and sends them together. [`flush`](Self::flush) waits until all are sent;
/// a program should call it before it ends. On wasm32 there are no threads, and `flush` itself sends the runs, in a
/// Worker for instance under `ctx.wait_until`.
///
/// Transient failures (HTTP 408, 425, 429, 5xx, no connection) are retried.
///
/// ```
/// use bedrock_chat::{BedrockChat, Credentials, LangSmith, RunConfig};
/// use bedrock_chat::testing::{MemoryTransport, Reply};
/// # futures_executor::block_on(async {
/// # let server = MemoryTransport::new([Reply::json(202, "{}")]);
/// let langsmith = LangSmith::builder("lsv2_pt_…").project("docs")
/// #   .transport(server.clone())
///     .build()?;
/// # let model = MemoryTransport::new([Reply::json(200, r#"{"content":[{"type":"text","text":"Bonjour"}]}"#)]);
/// let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6")
/// #   .region("us-east-1").credentials(Credentials::new("AKIDEXAMPLE", "secret")).transport(model)
///     .observer(langsmith.clone())
///     .build()?;
/// let config = RunConfig::default().with_name("greet").with_tags(["docs"]);
/// chat.with_config(config).invoke("Hello in French?").await?;
/// langsmith.flush().await?;
/// # let posted = String::from_utf8(server.requests()[0].body.to_vec()).unwrap();
/// # assert!(posted.contains("Bonjour") && posted.contains("greet"), "{posted}");
/// # Ok::<(), bedrock_chat::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct LangSmith {
    handle: Arc<Handle>,
}

/// When the last handle is dropped, the worker exits.
struct Handle {
    shared: Arc<Shared>,
    /// The share of traces that are posted.
    sampling_rate: f64,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl fmt::Debug for LangSmith {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = &self.handle.shared;
        f.debug_struct("LangSmith")
            .field("endpoint", &shared.sender.endpoint)
            .field("project", &shared.project)
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}

impl LangSmith {
    /// Creates a builder with an API key.
    pub fn builder(api_key: impl Into<String>) -> LangSmithBuilder {
        LangSmithBuilder::new(Some(api_key.into()))
    }

    /// Creates an observer from the environment; `None` unless tracing is on. See
    /// [`LangSmithBuilder::read`] for the variables.
    ///
    /// ```
    /// use bedrock_chat::{BedrockChat, LangSmith};
    /// # fn f() -> bedrock_chat::Result<()> {
    /// let mut builder = BedrockChat::builder("us.anthropic.claude-sonnet-4-6");
    /// if let Some(langsmith) = LangSmith::from_env()? {
    ///     builder = builder.observer(langsmith);
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// `Config`, if tracing is on but a setting is missing or wrong.
    pub fn from_env() -> Result<Option<Self>> {
        LangSmithBuilder::read(|name| std::env::var(name).ok())?.map(LangSmithBuilder::build).transpose()
    }

    /// Waits until all runs that are in the queue are sent, or have failed.
    ///
    /// # Errors
    /// The first error since the last flush that lost runs: `AccessDenied` for a wrong key, `Connect` if no server
    /// answers, and so on. The calls themselves are not affected.
    pub async fn flush(&self) -> Result<()> {
        self.handle.shared.flush().await
    }

    /// Returns how many posts were lost, because the queue was full or the server did not accept them.
    pub fn dropped(&self) -> u64 {
        self.handle.shared.state().queue.dropped
    }

    /// Begins a custom run, which can contain calls and other runs; see [`ChainRun`].
    pub fn chain(&self, config: &RunConfig, inputs: impl Into<Json>) -> ChainRun {
        let start = self.now();
        let (place, is_sampled) = self.position(config, start);
        let work = Work::Chain { inputs: inputs.into() };
        let run = Arc::new(Started::new(config, "chain", start, place, work));
        if is_sampled {
            self.handle.shared.begin(Arc::clone(&run));
        }
        ChainRun::new(self.clone(), run, is_sampled)
    }

    fn now(&self) -> Duration {
        self.handle.shared.sender.runtime.now()
    }

    /// Returns the position of a run that begins, and whether its trace is sampled.
    fn position(&self, config: &RunConfig, start: Duration) -> (TracePosition, bool) {
        let runtime = &self.handle.shared.sender.runtime;
        let id = config.id.as_ref().filter(|id| is_uuid(id)).cloned();
        let id = id.unwrap_or_else(|| uuid(start, || runtime.random()));
        let place = TracePosition::new(start, id, config.parent_dotted_order.as_deref());
        // The trace decides, so that either all of its runs are posted or none.
        let dice = f64::from(crc32(place.trace_id.as_bytes())) / 4_294_967_296.0;
        (place, dice < self.handle.sampling_rate)
    }

    /// Queues a call that begins. Returns `None`, without copying the call, if its trace is not sampled.
    fn begin(&self, config: &RunConfig, start: Duration, call: impl FnOnce() -> Chat) -> Option<Arc<Started>> {
        let (place, is_sampled) = self.position(config, start);
        let work = Work::Chat(Box::new(is_sampled.then(call)?));
        let run = Arc::new(Started::new(config, "BedrockChat", start, place, work));
        self.handle.shared.begin(Arc::clone(&run));
        Some(run)
    }

    fn end(&self, run: &Arc<Started>, outcome: Outcome, tokens: Vec<Duration>, retries: Vec<Retry>) {
        let ended = Ended { end: self.now(), outcome, tokens, retries };
        self.handle.shared.end(Arc::clone(run), ended);
    }
}

impl Observer for LangSmith {
    fn start(&self, start: &RunStart<'_>) -> Option<Box<dyn Run>> {
        let call = || Chat {
            model: start.model.clone(),
            region: start.region.map(str::to_owned),
            request: start.request.clone(),
        };
        Some(Box::new(TracedCall {
            langsmith: self.clone(),
            run: self.begin(start.config, start.now, call)?,
            tokens: Vec::new(),
            retries: Vec::new(),
            partial: Accumulator::new(),
            ended: false,
        }))
    }
}

/// A call that is traced.
struct TracedCall {
    langsmith: LangSmith,
    run: Arc<Started>,
    tokens: Vec<Duration>,
    retries: Vec<Retry>,
    /// The reply so far, for a call that is cancelled.
    partial: Accumulator,
    ended: bool,
}

impl fmt::Debug for TracedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracedCall").field("id", &self.run.place.id).finish_non_exhaustive()
    }
}

impl TracedCall {
    fn finish(&mut self, outcome: Outcome) {
        self.ended = true;
        let (tokens, retries) = (std::mem::take(&mut self.tokens), std::mem::take(&mut self.retries));
        self.langsmith.end(&self.run, outcome, tokens, retries);
    }
}

impl Run for TracedCall {
    /// A cancelled call is reported on drop, with the part that had arrived.
    fn cancelled(&mut self) {}

    fn event(&mut self, event: &ChatEvent) {
        let token =
            matches!(event, ChatEvent::Text { .. } | ChatEvent::Thinking { .. } | ChatEvent::ToolCallDelta { .. });
        if token && self.tokens.len() < MAX_TOKEN_TIMES {
            self.tokens.push(self.langsmith.now());
        }
        self.partial.push(event);
    }

    fn retry(&mut self, attempt: u32, error: &Error, delay: Duration) {
        // The next attempt begins a new message.
        self.partial = Accumulator::new();
        self.tokens.clear();
        self.retries.push(Retry { at: self.langsmith.now(), attempt, error: error.to_string(), delay });
    }

    fn end(&mut self, message: &AiMessage) {
        self.finish(Outcome::Message(message.clone()));
    }

    fn error(&mut self, error: &Error) {
        self.finish(Outcome::Failed { error: error.to_string(), partial: error.partial().cloned() });
    }
}

impl Drop for TracedCall {
    fn drop(&mut self) {
        if !self.ended {
            let partial = std::mem::take(&mut self.partial).partial();
            self.finish(Outcome::Failed { error: CANCELLED.to_owned(), partial: Some(partial) });
        }
    }
}

/// The error of a run that was dropped before it ended.
const CANCELLED: &str = "Cancelled: the caller gave up waiting";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::Message;
    use crate::model::ModelId;
    use crate::request::ChatRequest;
    use crate::testing::MemoryTransport;

    #[test]
    fn langsmith_does_not_copy_a_call_that_is_not_sampled() {
        for (rate, copies) in [(0.0, 0), (1.0, 1)] {
            let builder = LangSmith::builder("key").transport(MemoryTransport::default());
            let langsmith = builder.sampling_rate(rate).build().unwrap();
            let mut copied = 0;
            let run = langsmith.begin(&RunConfig::default(), Duration::ZERO, || {
                copied += 1;
                let request = ChatRequest::new([Message::human("hello")]);
                Chat { model: ModelId::parse("us.amazon.nova-lite-v1:0").unwrap(), region: None, request }
            });
            assert_eq!((run.is_some(), copied), (rate > 0.0, copies), "{rate}");
        }
    }
}
