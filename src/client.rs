//! The single call path: encode, credentials, sign, send, retry, decode.

mod attempts;
mod body;
mod check;
mod gateway;
#[cfg(feature = "gateway")]
mod passing;
mod reading;
mod received;
mod sign;
mod stream;

#[cfg(feature = "gateway")]
pub(crate) use body::Body;
pub(crate) use check::no_region;
pub use gateway::CloudflareGateway;
pub(crate) use gateway::ForwardingGateway;
#[cfg(feature = "gateway")]
pub(crate) use passing::{Passing, PassingBody};
#[cfg(feature = "gateway")]
pub(crate) use reading::check_frame;
#[cfg(feature = "gateway")]
pub(crate) use received::request_id;
pub use stream::{ChatStream, TextStream};

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::time::Duration;

use crate::credentials::ProvideCredentials;
use crate::endpoint::Endpoint;
use crate::error::Result;
use crate::headers::Headers;
use crate::limiter::Limit;
use crate::message::AiMessage;
use crate::model::ModelId;
use crate::observe::{Observer, RunConfig, RunStart, Runs};
use crate::platform::{BoxFuture, Runtime};
use crate::provider::{Call, Codec, Mode, forms, refusals};
use crate::request::ChatRequest;
use crate::retry::{RetryPolicy, RetryQuota};
use crate::sigv4::SigningKeyCache;
use crate::transport::Transport;

use attempts::Attempts;
use body::in_time;
use received::Received;

/// Time limits of a call, for its parts and as a whole. By default, the whole call has no limit: a healthy answer may
/// take an hour, and the idle limit detects dead connections.
///
/// ```
/// use std::time::Duration;
/// use bedrock_chat::Timeouts;
/// let timeouts = Timeouts::default().with_idle(Duration::from_secs(30)).with_first_byte(None);
/// assert_eq!(timeouts.connect, Some(Duration::from_secs(10)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Limit on making a connection; `None` switches it off. Defaults to 10 seconds. Without effect on wasm32, where
    /// the runtime connects.
    pub connect: Option<Duration>,
    /// Limit on waiting for the response headers; `None` switches it off.
    /// Defaults to one hour, the longest that AWS says a model may take.
    pub first_byte: Option<Duration>,
    /// Limit on silence between two pieces of the answer; `None` switches it off.
    /// Defaults to 5 minutes.
    pub idle: Option<Duration>,
    /// Limit on the whole call: all attempts, the pauses between them, waiting for a
    /// [`RateLimiter`](crate::RateLimiter), and the stream to its end. A call
    /// that reaches it fails with [`ErrorKind::Timeout`](crate::ErrorKind::Timeout), which observers
    /// receive and [fallbacks](crate::BedrockChat::with_fallbacks) act on; each of their chats has its own
    /// limit. A retry that could only begin after it is not waited for. Defaults to `None`.
    ///
    /// Prefer this limit to a timeout around the call. Such a timeout drops the call: it counts as
    /// [cancelled](crate::Run::cancelled), and no fallback is tried.
    pub total: Option<Duration>,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Some(Duration::from_secs(10)),
            first_byte: Some(Duration::from_secs(3600)),
            idle: Some(Duration::from_secs(300)),
            total: None,
        }
    }
}

impl Timeouts {
    /// Returns timeouts without any limit.
    pub fn none() -> Self {
        Self { connect: None, first_byte: None, idle: None, total: None }
    }

    /// Sets the limit on making a connection; `None` switches it off. Defaults to 10 seconds.
    #[must_use]
    pub fn with_connect(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.connect = limit.into();
        self
    }

    /// Sets the limit on waiting for the response headers; `None` switches it off. Defaults to one hour.
    #[must_use]
    pub fn with_first_byte(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.first_byte = limit.into();
        self
    }

    /// Sets the limit on silence between two parts of the answer; `None` switches it off. Defaults to
    /// 5 minutes.
    #[must_use]
    pub fn with_idle(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.idle = limit.into();
        self
    }

    /// Sets the limit on the whole call; `None` switches it off. Defaults to `None`.
    #[must_use]
    pub fn with_total(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.total = limit.into();
        self
    }
}

/// The parts that all calls of a chat share.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) model: ModelId,
    pub(crate) codec: Arc<dyn Codec>,
    pub(crate) region: Option<String>,
    /// The service's name in signatures, if the caller set it.
    pub(crate) signing_name: Option<String>,
    pub(crate) endpoint: Endpoint,
    pub(crate) gateway: Option<ForwardingGateway>,
    /// Headers of the caller.
    pub(crate) headers: Headers,
    pub(crate) credentials: Provider,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) retry: RetryPolicy,
    pub(crate) retry_quota: RetryQuota,
    pub(crate) timeouts: Timeouts,
    pub(crate) limiter: Option<Arc<dyn Limit>>,
    pub(crate) runtime: Arc<dyn Runtime>,
    pub(crate) keys: SigningKeyCache,
    /// The number of seconds by which the service's clock is ahead of the local one, learned from errors of the
    /// service.
    pub(crate) skew: AtomicI64,
    pub(crate) observers: Vec<Arc<dyn Observer>>,
}

/// A provider of credentials that is never printed.
#[derive(Clone)]
pub(crate) struct Provider(pub(crate) Arc<dyn ProvideCredentials>);

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<credentials>")
    }
}

/// A request, and the call that it was written as.
pub(crate) struct Prepared {
    request: ChatRequest,
    mode: Mode,
    call: Result<Call>,
}

impl Prepared {
    /// Returns whether the request could be written, so that it will be sent.
    #[cfg(feature = "gateway")]
    pub(crate) fn is_written(&self) -> bool {
        self.call.is_ok()
    }
}

impl Client {
    /// Writes a request in the model's format. Nothing is sent and no observer is notified yet.
    pub(crate) fn prepare(&self, request: ChatRequest, mode: Mode) -> Prepared {
        let call = self.encode(&request, mode);
        Prepared { request, mode, call }
    }

    /// Sends a request and waits for the whole answer, which may arrive as a stream. A stream that breaks off after
    /// part of its content is requested again only if the retry policy allows it. The model has already worked for it.
    ///
    /// # Errors
    /// The error of a request that could not be written, or the last attempt's.
    pub(crate) fn invoke<'a>(
        self: &'a Arc<Self>,
        prepared: Prepared,
        config: &RunConfig,
    ) -> BoxFuture<'a, Result<AiMessage>> {
        let attempts = self.begin(prepared, config);
        Box::pin(async move {
            let mut attempts = attempts?;
            let attempts = &mut *attempts;
            loop {
                let response = attempts.next().await?;
                let Attempts { call, deadline, runs, .. } = &mut *attempts;
                let message = match call.streams {
                    true => match in_time(deadline, ChatStream::open(self, call, response)).await {
                        Ok(stream) => stream.gathered(deadline, runs).await,
                        Err(error) => Err(error),
                    },
                    false => in_time(deadline, response.whole()).await.and_then(|whole| self.decode(call, &whole)),
                };
                match message {
                    Ok(message) => {
                        attempts.succeeded();
                        attempts.runs.end(&message);
                        return Ok(message);
                    }
                    Err(error) => attempts.failed(error)?,
                }
            }
        })
    }

    /// Sends a request and waits for the first content of the answer.
    ///
    /// # Errors
    /// Same as [`Client::invoke`].
    pub(crate) fn stream<'a>(
        self: &'a Arc<Self>,
        prepared: Prepared,
        config: &RunConfig,
    ) -> BoxFuture<'a, Result<ChatStream>> {
        let attempts = self.begin(prepared, config);
        Box::pin(async move {
            let mut attempts = attempts?;
            loop {
                let response = attempts.next().await?;
                let Attempts { call, deadline, .. } = &mut *attempts;
                let stream = match call.streams {
                    true => in_time(deadline, ChatStream::open(self, call, response)).await,
                    false => in_time(deadline, response.whole()).await.and_then(|whole| {
                        let message = self.decode(call, &whole)?;
                        Ok(ChatStream::of_message(Arc::clone(self), &whole.head, message))
                    }),
                };
                match stream {
                    Ok(stream) => {
                        attempts.succeeded();
                        return Ok(stream.watched(attempts.runs, attempts.deadline));
                    }
                    Err(error) => attempts.failed(error)?,
                }
            }
        })
    }

    /// Begins a call. Keeps its request only if the service may refuse one of its forms and another form exists.
    fn begin(self: &Arc<Self>, prepared: Prepared, config: &RunConfig) -> Result<Box<Attempts<'_>>> {
        let Prepared { request, mode, call } = prepared;
        let mut runs = self.watch(&request, config, mode);
        match call {
            Ok(call) => {
                call.adaptations.iter().for_each(|what| runs.adapted(what));
                let slot = self.limiter.as_ref().map(|limiter| {
                    let (slot, run) = limiter.call(&request, call.body.len(), Arc::clone(&self.runtime));
                    runs.push(run);
                    slot
                });
                let mut attempts = Attempts::new(self, call, runs);
                attempts.slot = slot;
                attempts.adaptable = refusals::has_other_forms(&request, mode).then(|| Box::new((request, mode)));
                Ok(Box::new(attempts))
            }
            Err(error) => {
                runs.error(&error);
                Err(error)
            }
        }
    }

    /// Sends a call of an operation that is not a chat and reads the answer with a function.
    pub(crate) async fn operation<T>(self: &Arc<Self>, call: Call, read: fn(&[u8]) -> Result<T>) -> Result<T> {
        let mut attempts = Attempts::new(self, call, Runs::default());
        loop {
            let response = attempts.next().await?;
            let whole = in_time(&mut attempts.deadline, response.whole()).await;
            match whole.and_then(|Received { head, body }| read(&body).map_err(|error| head.explain(error, &body))) {
                Ok(value) => {
                    attempts.succeeded();
                    return Ok(value);
                }
                Err(error) => attempts.failed(error)?,
            }
        }
    }

    fn watch(&self, request: &ChatRequest, config: &RunConfig, mode: Mode) -> Runs {
        if self.observers.is_empty() && config.watch.0.is_none() {
            return Runs::default();
        }
        let (model, region, host) = (&self.model, self.region.as_deref(), self.endpoint.host());
        let now = self.runtime.now();
        let observers = self.observers.iter().chain(&config.watch.0);
        Runs::start(observers, &RunStart { model, region, host, mode, request, config, now })
    }

    pub(crate) fn encode(&self, request: &ChatRequest, mode: Mode) -> Result<Call> {
        let can = || self.codec.capabilities(&self.model).overridden_by(request.options.capabilities);
        let fitted = forms::fitted(request, can);
        let asks = fitted.is_some();
        let request = fitted.as_ref().unwrap_or(request);
        check::check(&request.options, &self.model, self.codec.api(), self.codec.service())
            .and_then(|()| match check::tagged(request, self.codec.api())? {
                Some(tagged) => self.codec.encode(&self.model, &tagged, mode),
                None => self.codec.encode(&self.model, request, mode),
            })
            .map(|mut call| {
                call.adaptations.extend(asks.then_some(forms::ASKED));
                call
            })
            .and_then(|call| check::merge_headers(call, &self.headers))
            .map_err(|error| error.with_call(self.model.as_str(), self.region.as_deref(), 0))
    }

    fn decode(&self, call: &Call, Received { head, body }: &Received) -> Result<AiMessage> {
        let message = self.codec.decode(call, body, &head.headers);
        let mut message = message.map_err(|error| head.explain(error, body))?;
        message.request_id = head.request_id().map(str::to_owned);
        message.set_response_headers(&head.kept);
        self.name(&mut message.model);
        Ok(message)
    }

    /// Sets the model of a reply to the requested one, if the reply does not name it.
    fn name(&self, model: &mut Option<String>) {
        model.get_or_insert_with(|| self.model.as_str().to_owned());
    }
}
