//! A client-side limit of requests and tokens a minute.

#[cfg(feature = "gateway")]
mod passed;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::{Error, ErrorKind, Resend};
use crate::message::{AiMessage, Content, Document, Media, MediaSource, Usage};
use crate::observe::Run;
use crate::platform::{MaybeSend, MaybeSync, Runtime};
use crate::request::ChatRequest;

/// A limit of requests and tokens a minute. Calls wait before they are sent, so that the service need not
/// throttle them. Clones share the limit: give one limiter to all chats that share a quota, for example all that
/// call one model in one region. [`BedrockChatBuilder::rate_limiter`](crate::BedrockChatBuilder::rate_limiter) sets
/// it.
///
/// Every attempt of `invoke`, `stream`, `complete` and of what uses them counts, and so does every chat of a gateway.
/// Calls are sent in the order in which they ask. After a pause, up to 10 seconds' worth of requests and tokens can be
/// sent at once.
///
/// # Tokens
/// Before a call, its tokens are estimated, as Bedrock does when it reserves them: 1 token for 4 bytes of the request
/// body, 1,600 for each image, document, audio or video, and `max_tokens` for the answer, or 1,000 if it is not set.
/// The usage of the reply replaces the estimate. Tokens read from the cache do not count. A call that the service
/// refuses returns its tokens.
///
/// # Throttling
/// If the service throttles a call nevertheless, its `retry-after` delays all calls of the limiter, by at most a minute.
/// The limits are also reduced by 30 percent, down to a tenth. Each success raises them by 5 percent, up to the set
/// limits. Without limits, only `retry-after` has an effect.
///
/// # Time
/// Waiting counts toward [`Timeouts::total`](crate::Timeouts::total). A call that would have to wait beyond it fails at
/// once with [`ErrorKind::Timeout`], and nothing is sent.
///
/// See [how tokens are counted for quotas](https://docs.aws.amazon.com/bedrock/latest/userguide/quotas-token-burndown.html).
///
/// ```
/// use bedrock_chat::{BedrockChat, Credentials, RateLimiter};
/// let limiter = RateLimiter::new().requests_per_minute(200).tokens_per_minute(400_000);
/// # let credentials = || Credentials::new("AKIDEXAMPLE", "secret");
/// let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6")
///     .region("us-east-1")
///     .rate_limiter(limiter.clone())
/// #   .credentials(credentials())
///     .build()?;
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct RateLimiter {
    shared: Arc<Shared>,
}

// Not derived, nor below: the text of its numbers would add 10 KB to the npm package's module after gzip.
impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter").finish_non_exhaustive()
    }
}

struct Shared {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Clone, Copy)]
struct Limits {
    requests: Option<f64>,
    tokens: Option<f64>,
    output_weight: f64,
}

/// The requests and tokens that are available now. A number below zero means that calls have reserved more than that.
struct State {
    requests: f64,
    tokens: f64,
    /// The time of these numbers, since 1970-01-01T00:00:00Z. It is in the future while calls are delayed.
    at: Duration,
    /// The part of the limits that is used, after throttling.
    factor: f64,
    /// How often the service has throttled. Waiting calls reserve again after that.
    throttled: u64,
}

/// How many seconds' worth of a limit can be saved up.
const BURST: f64 = 10.0;
/// The tokens of an image, a document, an audio recording or a video.
const MEDIUM: f64 = 1600.0;
/// The tokens of an answer without `max_tokens`.
const ANSWER: f64 = 1000.0;

/// The longest delay of all calls.
const MAX_PAUSE: Duration = Duration::from_secs(60);

impl Default for Shared {
    fn default() -> Self {
        Self::of(Limits { requests: None, tokens: None, output_weight: 1.0 })
    }
}

impl RateLimiter {
    /// Creates a limiter without limits, which obeys `retry-after` for all its calls.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the limit of requests a minute; `None` removes it. Defaults to `None`; 0 counts as 1. Earlier clones do
    /// not share the limiter that this returns.
    #[must_use]
    pub fn requests_per_minute(self, requests: impl Into<Option<u32>>) -> Self {
        let requests = requests.into().map(|requests| f64::from(requests.max(1)));
        Self::of(Limits { requests, ..self.shared.limits })
    }

    /// Sets the limit of tokens a minute, input and output together; `None` removes it. Defaults to `None`; 0 counts
    /// as 1. Earlier clones do not share the limiter that this returns.
    #[must_use]
    pub fn tokens_per_minute(self, tokens: impl Into<Option<u64>>) -> Self {
        let tokens = tokens.into().map(|tokens| tokens.max(1) as f64);
        Self::of(Limits { tokens, ..self.shared.limits })
    }

    /// Sets how many tokens of the quota one output token takes, AWS's burndown rate: 5 for Claude 3.7 and later.
    /// Defaults to 1. Earlier clones do not share the limiter that this returns.
    #[must_use]
    pub fn output_weight(self, weight: u32) -> Self {
        Self::of(Limits { output_weight: f64::from(weight), ..self.shared.limits })
    }

    fn of(limits: Limits) -> Self {
        Self { shared: Arc::new(Shared::of(limits)) }
    }

    fn begin(&self, estimate: f64, runtime: Arc<dyn Runtime>) -> (Box<dyn CallSlot>, Box<dyn Run>) {
        let shared = Arc::clone(&self.shared);
        let call = Arc::new(CountedCall { shared, runtime, estimate, throttled: AtomicU64::new(0) });
        (Box::new(Waiting { call: Arc::clone(&call), until: None }), Box::new(Ending { call }))
    }
}

/// A limit of calls, behind a trait, so that programs without a limiter do not link it.
pub(crate) trait Limit: fmt::Debug + MaybeSend + MaybeSync {
    /// Returns the slot of a call, and an observer that learns how it ends.
    fn call(&self, request: &ChatRequest, body: usize, runtime: Arc<dyn Runtime>) -> (Box<dyn CallSlot>, Box<dyn Run>);

    /// Same as [`Limit::call`], for a body that another client wrote and that passes on.
    #[cfg(feature = "gateway")]
    fn pass(&self, body: &[u8], runtime: Arc<dyn Runtime>) -> (Box<dyn CallSlot>, Box<dyn Run>);
}

/// The time slot of a call in the schedule of a limiter.
pub(crate) trait CallSlot: MaybeSend + MaybeSync {
    /// Returns how long the next attempt must wait; `None` if it may be sent now.
    fn wait(&mut self, now: Duration) -> Option<Duration>;
}

/// The message of [`no_slot`].
const NO_SLOT: &str =
    "rate limiter delays the call beyond its time limit; raise `Timeouts::total` or the limits of `RateLimiter`";

/// Returns the error of a call whose slot begins after its time limit.
pub(crate) fn no_slot() -> Error {
    Error::new(ErrorKind::Timeout, NO_SLOT).with_resend(Resend::Later)
}

/// Returns whether a call failed with [`no_slot`] before anything was sent, so that nothing is known about its target.
pub(crate) fn had_no_slot(error: &Error) -> bool {
    error.attempts() == 0 && error.kind() == ErrorKind::Timeout && error.message().starts_with(NO_SLOT)
}

impl Limit for RateLimiter {
    fn call(&self, request: &ChatRequest, body: usize, runtime: Arc<dyn Runtime>) -> (Box<dyn CallSlot>, Box<dyn Run>) {
        self.begin(estimate(request, body, self.shared.limits.output_weight), runtime)
    }

    #[cfg(feature = "gateway")]
    fn pass(&self, body: &[u8], runtime: Arc<dyn Runtime>) -> (Box<dyn CallSlot>, Box<dyn Run>) {
        self.begin(passed::estimate(body, self.shared.limits.output_weight), runtime)
    }
}

/// Returns the tokens that a call is expected to take.
fn estimate(request: &ChatRequest, body: usize, output_weight: f64) -> f64 {
    let (mut media, mut encoded) = (0.0, 0);
    for message in &request.messages {
        count_media(&message.content, &mut media, &mut encoded);
    }
    let answer = request.options.max_tokens.map_or(ANSWER, |tokens| tokens as f64);
    body.saturating_sub(encoded) as f64 / 4.0 + media * MEDIUM + answer * output_weight
}

/// Counts media, and the bytes that they take in a body.
fn count_media(content: &[Content], media: &mut f64, encoded: &mut usize) {
    for block in content {
        let source = match block {
            Content::Image(Media { source, .. }) | Content::Audio(Media { source, .. }) => source,
            Content::Video(Media { source, .. }) | Content::Document(Document { source, .. }) => source,
            Content::ToolResult(result) => {
                count_media(&result.content, media, encoded);
                continue;
            }
            _ => continue,
        };
        match source {
            MediaSource::Text(_) | MediaSource::Blocks(_) => continue,
            MediaSource::Bytes(bytes) => *encoded += bytes.len().div_ceil(3) * 4,
            MediaSource::Base64(text) => *encoded += text.len(),
            _ => {}
        }
        *media += 1.0;
    }
}

/// A call that the limiter counts.
struct CountedCall {
    shared: Arc<Shared>,
    runtime: Arc<dyn Runtime>,
    estimate: f64,
    /// How often the service had throttled when the last attempt was sent.
    throttled: AtomicU64,
}

/// A call that waits for the limiter, and until when.
struct Waiting {
    call: Arc<CountedCall>,
    until: Option<(Duration, u64)>,
}

impl CallSlot for Waiting {
    fn wait(&mut self, now: Duration) -> Option<Duration> {
        let CountedCall { shared, estimate, throttled, .. } = &*self.call;
        let mut state = shared.state();
        let (until, epoch) = match self.until {
            // Throttling has cleared all reservations.
            Some(known) if known.1 == state.throttled => known,
            _ => (state.reserve(&shared.limits, *estimate, now), state.throttled),
        };
        if now < until {
            self.until = Some((until, epoch));
            return Some(until.saturating_sub(now));
        }
        self.until = None;
        throttled.store(epoch, Ordering::Relaxed);
        None
    }
}

impl Drop for Waiting {
    /// Cancels a reservation that was not used.
    fn drop(&mut self) {
        let Some((_, epoch)) = self.until else { return };
        let mut state = self.call.shared.state();
        if epoch == state.throttled {
            state.requests += 1.0;
            state.tokens += self.call.estimate;
        }
    }
}

/// An observer that corrects the estimate and learns from throttling.
struct Ending {
    call: Arc<CountedCall>,
}

impl fmt::Debug for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ending").finish_non_exhaustive()
    }
}

impl Ending {
    fn failed(&self, error: &Error) {
        let CountedCall { shared, runtime, estimate, throttled } = &*self.call;
        let is_throttling = error.kind() == ErrorKind::Throttled && error.status().is_some();
        let mut state = shared.state();
        if is_throttling || error.status().is_some_and(|status| (400..500).contains(&status)) {
            state.tokens += estimate;
        }
        if is_throttling && throttled.load(Ordering::Relaxed) == state.throttled {
            state.throttle(error.retry_after().unwrap_or_default(), runtime.now());
        } else if is_throttling && let Some(pause) = error.retry_after() {
            state.delay(pause, runtime.now());
        }
    }
}

impl Run for Ending {
    fn retry(&mut self, _: u32, error: &Error, _: Duration) {
        self.failed(error);
    }

    fn end(&mut self, message: &AiMessage) {
        let CountedCall { shared, estimate, .. } = &*self.call;
        let mut state = shared.state();
        state.factor = (state.factor + 0.05).min(1.0);
        if let Some(usage) = message.usage {
            state.tokens += estimate - shared.limits.tokens_of(usage);
        }
    }

    fn error(&mut self, error: &Error) {
        self.failed(error);
    }

    fn cancelled(&mut self) {}
}

impl Limits {
    /// Returns the tokens that a usage takes from the quota.
    fn tokens_of(&self, usage: Usage) -> f64 {
        let input = usage.input_tokens.saturating_sub(usage.input_token_details.cache_read);
        input as f64 + usage.output_tokens as f64 * self.output_weight
    }
}

impl Shared {
    fn of(limits: Limits) -> Self {
        let saved = |limit: Option<f64>| limit.map_or(0.0, |limit| limit / 60.0 * BURST);
        let (requests, tokens) = (saved(limits.requests), saved(limits.tokens));
        let state = State { requests, tokens, at: Duration::ZERO, factor: 1.0, throttled: 0 };
        Self { limits, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Reserves a request with its tokens. Returns when it may be sent: when earlier reservations no longer exceed the
    /// limits.
    fn reserve(&mut self, limits: &Limits, estimate: f64, now: Duration) -> Duration {
        let passed = now.saturating_sub(self.at).as_secs_f64();
        // A clock that was set back must not delay calls for longer than a pause.
        let from = if self.at > now.saturating_add(MAX_PAUSE) { now } else { now.max(self.at) };
        self.at = from;
        let mut until = from;
        for (limit, free, cost) in
            [(limits.requests, &mut self.requests, 1.0), (limits.tokens, &mut self.tokens, estimate)]
        {
            let Some(limit) = limit else { continue };
            let rate = limit / 60.0 * self.factor;
            *free = (*free + passed * rate).min(rate * BURST);
            let debt = Duration::try_from_secs_f64(-*free / rate).unwrap_or_default();
            until = until.max(from.saturating_add(debt));
            *free -= cost;
        }
        until
    }

    /// Delays all calls.
    fn delay(&mut self, pause: Duration, now: Duration) {
        self.at = self.at.max(now.saturating_add(pause.min(MAX_PAUSE)));
    }

    /// Delays all calls, and reduces the limits.
    fn throttle(&mut self, pause: Duration, now: Duration) {
        self.throttled += 1;
        self.factor = (self.factor * 0.7).max(0.1);
        self.delay(pause, now);
        (self.requests, self.tokens) = (0.0, 0.0);
    }
}

#[cfg(test)]
mod tests;
