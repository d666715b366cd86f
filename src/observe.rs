//! Observers of calls, for tracing, metrics and logs. They cannot change or fail a call.

#[cfg(feature = "langsmith")]
mod langsmith;
#[cfg(feature = "tracing")]
mod otel;

#[cfg(feature = "langsmith")]
pub use langsmith::{ChainRun, LangSmith, LangSmithBuilder};
#[cfg(feature = "tracing")]
pub use otel::TracingObserver;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::event::ChatEvent;
use crate::json::Json;
use crate::message::AiMessage;
use crate::model::ModelId;
use crate::platform::{MaybeSend, MaybeSync};
use crate::provider::Mode;
use crate::request::ChatRequest;

/// An observer of calls. It is notified when one starts and returns a [`Run`], which is notified of
/// the rest. Its methods must not block or fail.
///
/// ```
/// use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
/// use bedrock_chat::{AiMessage, Error, Observer, Run, RunStart};
///
/// /// Counts the tokens of all calls.
/// #[derive(Debug, Default, Clone)]
/// struct Tokens(Arc<AtomicU64>);
///
/// impl Observer for Tokens {
///     fn start(&self, _: &RunStart<'_>) -> Option<Box<dyn Run>> {
///         Some(Box::new(self.clone()))
///     }
/// }
///
/// impl Run for Tokens {
///     fn end(&mut self, message: &AiMessage) {
///         self.0.fetch_add(message.usage.map_or(0, |usage| usage.total_tokens()), Ordering::Relaxed);
///     }
/// }
/// ```
pub trait Observer: fmt::Debug + MaybeSend + MaybeSync + 'static {
    /// A call begins. Returns `None` if the observer does not follow this call.
    fn start(&self, start: &RunStart<'_>) -> Option<Box<dyn Run>>;
}

impl<O: Observer + ?Sized> Observer for Arc<O> {
    fn start(&self, start: &RunStart<'_>) -> Option<Box<dyn Run>> {
        (**self).start(start)
    }
}

/// The data of a call when it begins.
///
/// ```
/// fn name(start: &bedrock_chat::RunStart<'_>) -> String {
///     start.config.name.clone().unwrap_or_else(|| start.model.to_string())
/// }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct RunStart<'a> {
    /// The model.
    pub model: &'a ModelId,
    /// The region.
    pub region: Option<&'a str>,
    /// The host that is called.
    pub host: &'a str,
    /// Whether the answer is streamed.
    pub mode: Mode,
    /// The conversation and its options.
    pub request: &'a ChatRequest,
    /// The caller's description of the call.
    pub config: &'a RunConfig,
    /// The time, since 1970-01-01T00:00:00Z.
    pub now: Duration,
}

/// One call that is watched. Exactly one of `end`, `error` and `cancelled` is called, once, and nothing
/// after it.
///
/// ```
/// #[derive(Debug)]
/// struct Silent;
/// impl bedrock_chat::Run for Silent {}
/// ```
pub trait Run: fmt::Debug + MaybeSend {
    /// An event of a stream is about to be delivered.
    fn event(&mut self, event: &ChatEvent) {
        let _ = event;
    }

    /// The call was changed so that the model accepts it. `what` describes the change.
    fn adapted(&mut self, what: &str) {
        let _ = what;
    }

    /// An attempt failed, and another follows after a delay.
    fn retry(&mut self, attempt: u32, error: &Error, delay: Duration) {
        let _ = (attempt, error, delay);
    }

    /// The call has ended well.
    fn end(&mut self, message: &AiMessage) {
        let _ = message;
    }

    /// The call has failed.
    fn error(&mut self, error: &Error) {
        let _ = error;
    }

    /// The caller dropped the call or its stream before it had ended. Defaults to [`Run::error`] with an
    /// error of kind [`Cancelled`](crate::ErrorKind::Cancelled).
    fn cancelled(&mut self) {
        self.error(&Error::new(ErrorKind::Cancelled, "the call was dropped before it had ended"));
    }
}

/// The caller's description of a call for observers, under LangChain's names.
///
/// ```
/// use bedrock_chat::RunConfig;
/// let config = RunConfig::default().with_name("translate").with_tags(["test"]);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct RunConfig {
    /// The run's name. Defaults to the observer's choice.
    pub name: Option<String>,
    /// The run's id, a UUID. Defaults to the observer's choice.
    pub id: Option<String>,
    /// The id of the parent run. Defaults to none.
    pub parent_id: Option<String>,
    /// The position of the parent run in its trace: LangSmith's dotted order, as in the header `langsmith-trace`
    /// between processes. LangSmith needs it in addition to `parent_id`. Defaults to none.
    pub parent_dotted_order: Option<String>,
    /// Tags. Defaults to none.
    pub tags: Vec<String>,
    /// Metadata of the run. Defaults to none.
    pub metadata: Vec<(String, Json)>,
    /// An observer of these calls alone.
    pub(crate) watch: Watch,
}

/// An observer of some calls of a chat, such as those of a batch. It is ignored in comparisons.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch(pub(crate) Option<Arc<dyn Observer>>);

impl PartialEq for Watch {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl RunConfig {
    /// Sets the run's name. Defaults to the observer's choice.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Sets the run's id, a UUID. Defaults to the observer's choice.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the id of the parent run. Defaults to none.
    #[must_use]
    pub fn with_parent_id(mut self, id: impl Into<String>) -> Self {
        self.parent_id = Some(id.into());
        self
    }

    /// Sets LangSmith's dotted order of the parent run. Defaults to none.
    #[must_use]
    pub fn with_parent_dotted_order(mut self, order: impl Into<String>) -> Self {
        self.parent_dotted_order = Some(order.into());
        self
    }

    /// Sets the tags. Defaults to none.
    #[must_use]
    pub fn with_tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tags = tags.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the metadata. Defaults to none.
    #[must_use]
    pub fn with_metadata(mut self, metadata: impl IntoIterator<Item = (impl Into<String>, impl Into<Json>)>) -> Self {
        self.metadata = metadata.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        self
    }
}

/// The observers of one call. If it is dropped before the call's end, they are notified that the call was cancelled.
#[derive(Debug, Default)]
pub(crate) struct Runs(Vec<Box<dyn Run>>);

impl Drop for Runs {
    fn drop(&mut self) {
        self.0.drain(..).for_each(|mut run| run.cancelled());
    }
}

impl Runs {
    pub(crate) fn start<'a>(observers: impl Iterator<Item = &'a Arc<dyn Observer>>, start: &RunStart<'_>) -> Self {
        Self(observers.filter_map(|observer| observer.start(start)).collect())
    }

    pub(crate) fn push(&mut self, run: Box<dyn Run>) {
        self.0.push(run);
    }

    /// Returns whether there are no observers, so that nothing must be prepared for them.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn event(&mut self, event: &ChatEvent) {
        self.0.iter_mut().for_each(|run| run.event(event));
    }

    pub(crate) fn adapted(&mut self, what: &str) {
        self.0.iter_mut().for_each(|run| run.adapted(what));
    }

    pub(crate) fn retry(&mut self, attempt: u32, error: &Error, delay: Duration) {
        self.0.iter_mut().for_each(|run| run.retry(attempt, error, delay));
    }

    pub(crate) fn end(&mut self, message: &AiMessage) {
        self.0.drain(..).for_each(|mut run| run.end(message));
    }

    pub(crate) fn error(&mut self, error: &Error) {
        self.0.drain(..).for_each(|mut run| run.error(error));
    }
}
