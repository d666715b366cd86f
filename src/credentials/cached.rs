//! A cache of credentials.

use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Poll, Waker};
use std::time::Duration;

use super::flight::{Flight, Landed, Waiter};
use super::{Credentials, ProvideCredentials};
use crate::error::{Error, Result};
use crate::platform::{BoxFuture, Runtime, SINGLE_FLIGHT, SystemRuntime};

/// How long before their expiry credentials are replaced.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// How long before their expiry credentials are not used while another call replaces them.
const LAST_MINUTE: Duration = Duration::from_secs(60);

/// How long to wait after a failure before the provider is asked again, while there are credentials to use.
const PAUSE: Duration = Duration::from_secs(10);

/// A provider that caches the credentials of another provider until five minutes before they expire, or until half
/// of a shorter lifetime. Credentials without an expiry are kept until the service refuses them.
///
/// - Natively, concurrent calls share one request to the provider, and its failure. Each of them can drive it, so none
///   depends on a call that is not polled. The request is dropped with the last call that waits for it. (On wasm each
///   call may send one: there, a call that waits for another call's future can hang.)
/// - While one call asks the provider, others use the cached credentials until a minute before they expire.
/// - If the provider fails, the cached credentials are used until they expire. It is asked again after ten seconds.
///
/// Clones share one cache, so a clone for each chat asks the provider once for all chats.
///
/// ```
/// use bedrock_chat::{BedrockChat, CachedCredentials, Credentials};
/// let provider = CachedCredentials::new(|| async { Ok(Credentials::new("AKIDEXAMPLE", "secret")) });
/// let chat = BedrockChat::builder("us.anthropic.claude-sonnet-4-6")
///     .region("us-east-1")
///     .credentials_provider(provider)
///     .build()?;
/// # Ok::<(), bedrock_chat::Error>(())
/// ```
pub struct CachedCredentials<P> {
    provider: Arc<P>,
    runtime: Arc<dyn Runtime>,
    state: Arc<Mutex<State>>,
}

impl<P> Clone for CachedCredentials<P> {
    fn clone(&self) -> Self {
        Self {
            provider: Arc::clone(&self.provider),
            runtime: Arc::clone(&self.runtime),
            state: Arc::clone(&self.state),
        }
    }
}

type Answer = Result<Credentials>;

#[derive(Default)]
struct State {
    kept: Option<Kept>,
    /// The request to the provider that has no answer yet. Its waiters keep it alive.
    running: Weak<Flight<Answer>>,
    /// The number of requests to the provider.
    asked: u64,
    /// The number of the last request that failed, and its error.
    failed: Option<(u64, Error)>,
}

/// Cached credentials.
struct Kept {
    credentials: Credentials,
    /// When to replace them; `None` if they do not expire.
    fresh_until: Option<Duration>,
    /// The number of the request that returned them.
    request: u64,
}

impl Kept {
    fn new(credentials: Credentials, now: Duration, request: u64) -> Self {
        let early = |end: Duration| end.saturating_sub(MARGIN.min(end.saturating_sub(now) / 2));
        Self { fresh_until: credentials.expires_at().map(early), credentials, request }
    }

    /// Returns the credentials if they are still valid at a time.
    fn valid_at(&self, time: Duration) -> Option<Credentials> {
        self.credentials.expires_at().is_none_or(|end| end > time).then(|| self.credentials.clone())
    }
}

/// A call that waits for a request to the provider, and the number of the request.
struct Waiting {
    waiter: Waiter<Answer>,
    request: u64,
}

impl State {
    /// Returns what a call that waited for a request shares: its answer, or its failure. `None` if there is neither.
    ///
    /// The answer is used even if it expires at once by this machine's clock, which may be ahead. If the calls asked
    /// one after the other, the last one would wait for all of them.
    fn shared(&self, request: u64, now: Duration) -> Option<Answer> {
        let kept = self.kept.as_ref();
        if let Some(kept) = kept.filter(|kept| kept.request >= request) {
            return Some(Ok(kept.credentials.clone()));
        }
        let (_, failure) = self.failed.as_ref().filter(|(failed, _)| *failed >= request)?;
        let valid = kept.and_then(|kept| kept.valid_at(now));
        Some(valid.ok_or_else(|| failure.copied()))
    }
}

impl<P: ProvideCredentials> CachedCredentials<P> {
    /// Creates a cache for this provider.
    pub fn new(provider: P) -> Self {
        Self::with_runtime(provider, Arc::new(SystemRuntime))
    }

    /// Same as [`CachedCredentials::new`], with a custom clock.
    pub fn with_runtime(provider: P, runtime: Arc<dyn Runtime>) -> Self {
        Self { provider: Arc::new(provider), runtime, state: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can panic, so a poisoned lock is still valid.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns cached credentials that need not be replaced yet.
    fn fresh(&self) -> Option<Credentials> {
        let now = self.runtime.now();
        let state = self.state();
        let kept = state.kept.as_ref()?;
        kept.fresh_until.is_none_or(|end| end > now).then(|| kept.credentials.clone())
    }

    /// Returns cached credentials that are still usable, or the answer of a running or new request. Every waiting call polls
    /// that request.
    fn poll_shared(&self, waiting: &mut Option<Waiting>, waker: &Waker) -> Poll<Answer> {
        loop {
            // First: an answer that is stored after the look at the state wakes this call again.
            if let Some(waiting) = waiting {
                waiting.waiter.register(waker);
            }
            // Dropped after the lock is released: dropping the last waiter drops the provider's future.
            let mut _ended = None;
            let mut state = self.state();
            let now = self.runtime.now();
            if let Some(Waiting { waiter, request }) = waiting {
                if let Some(shared) = state.shared(*request, now) {
                    return Poll::Ready(shared);
                }
                // Without an answer it has ended if its credentials were refused at once, or if it panicked.
                if !std::ptr::eq(state.running.as_ptr(), Arc::as_ptr(waiter.flight())) {
                    _ended = waiting.take();
                }
            }
            let Waiting { waiter, request } = match waiting {
                Some(waiting) => waiting,
                None => {
                    let kept = state.kept.as_ref();
                    if let Some(kept) = kept.filter(|kept| kept.fresh_until.is_none_or(|end| end > now)) {
                        return Poll::Ready(Ok(kept.credentials.clone()));
                    }
                    let running = state.running.upgrade();
                    if let (Some(_), Some(kept)) =
                        (&running, kept.and_then(|kept| kept.valid_at(now.saturating_add(LAST_MINUTE))))
                    {
                        return Poll::Ready(Ok(kept));
                    }
                    let flight = running.unwrap_or_else(|| {
                        let provider = Arc::clone(&self.provider);
                        let flight = Flight::new(Box::pin(async move { provider.credentials().await }));
                        state.running = Arc::downgrade(&flight);
                        state.asked += 1;
                        flight
                    });
                    let joined = Waiting { waiter: Waiter::new(flight), request: state.asked };
                    joined.waiter.register(waker);
                    waiting.insert(joined)
                }
            };
            drop(state);
            match waiter.poll() {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Landed::Answer(answer)) => {
                    let answer = self.store(answer, *request);
                    waiter.wake_others();
                    return Poll::Ready(answer);
                }
                Poll::Ready(Landed::Crashed) => {
                    let mut state = self.state();
                    if std::ptr::eq(state.running.as_ptr(), Arc::as_ptr(waiter.flight())) {
                        state.running = Weak::new();
                    }
                }
            }
        }
    }

    /// Stores the answer to a request, and returns what its call uses: after a failure, credentials that are still
    /// valid.
    fn store(&self, answer: Answer, request: u64) -> Answer {
        let mut state = self.state();
        let now = self.runtime.now();
        state.running = Weak::new();
        match answer {
            Ok(fresh) => {
                state.kept = Some(Kept::new(fresh.clone(), now, request));
                state.failed = None;
                Ok(fresh)
            }
            Err(error) => {
                let error = error.with_causes_in_message();
                state.failed = Some((request, error.copied()));
                let kept = state.kept.as_mut();
                let valid = kept.and_then(|kept| {
                    kept.fresh_until = Some(now.saturating_add(PAUSE).min(kept.credentials.expires_at()?));
                    kept.valid_at(now)
                });
                valid.ok_or(error)
            }
        }
    }
}

impl<P: ProvideCredentials> ProvideCredentials for CachedCredentials<P> {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(async move {
            if SINGLE_FLIGHT {
                let mut waiting = None;
                return poll_fn(|context| self.poll_shared(&mut waiting, context.waker())).await;
            }
            if let Some(kept) = self.fresh() {
                return Ok(kept);
            }
            let request = {
                let mut state = self.state();
                state.asked += 1;
                state.asked
            };
            self.store(self.provider.credentials().await, request)
        })
    }

    fn forget(&self, rejected: &Credentials) {
        let mut state = self.state();
        if state.kept.as_ref().is_some_and(|kept| kept.credentials == *rejected) {
            state.kept = None;
        }
        drop(state);
        self.provider.forget(rejected);
    }

    fn waiting_for(&self) -> Option<String> {
        self.provider.waiting_for()
    }
}

impl<P> fmt::Debug for CachedCredentials<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedCredentials").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
