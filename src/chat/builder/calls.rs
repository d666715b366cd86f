//! How calls are made: retries, limits, timeouts, observers.

use std::sync::Arc;

use super::BedrockChatBuilder;
use crate::client::Timeouts;
use crate::limiter::RateLimiter;
use crate::observe::Observer;
use crate::platform::Runtime;
use crate::retry::RetryPolicy;

impl BedrockChatBuilder {
    /// The clock, timer and randomness. Defaults to the system's.
    pub fn runtime(mut self, runtime: impl Runtime) -> Self {
        self.set.runtime = Arc::new(runtime);
        self
    }

    /// Sets when failed calls are sent again. Defaults to 3 attempts with short delays, and a quota of retries that
    /// all clones share: see [`RetryPolicy`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.set.retry = policy;
        self
    }

    /// Sets the limit of requests and tokens a minute. Clones of the chat share it, and so do other chats that get a
    /// clone of the limiter. Defaults to none.
    pub fn rate_limiter(mut self, limiter: RateLimiter) -> Self {
        self.set.limiter = Some(Arc::new(limiter));
        self
    }

    /// How long the parts of a call may take. See [`Timeouts`] for the defaults.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.set.timeouts = timeouts;
        self
    }

    /// Sets whether `invoke` streams and collects the events, so that the idle limit applies to long
    /// answers. One that breaks off after part of its content is requested again only if
    /// [`RetryPolicy::with_paid_resend`] allows it. Defaults to `false`.
    pub fn streaming(mut self, on: bool) -> Self {
        self.set.streaming = on;
        self
    }

    /// Sets the maximum number of calls that a [batch](crate::BedrockChat::batch) makes at a time. Below it, a batch adapts
    /// to what the service accepts. Defaults to 32; 0 counts as 1.
    pub fn max_concurrency(mut self, calls: usize) -> Self {
        self.set.max_concurrency = calls;
        self
    }

    /// Adds an observer of every call; there may be several. Defaults to none.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.set.observers.push(Arc::new(observer));
        self
    }
}
