//! A cache of credentials.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

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
/// - Natively, concurrent calls share one request to the provider, and its failure. (On wasm each call may send one:
///   there, a call that waits for another call's future can hang.)
/// - While one call asks the provider, others use the cached credentials until a minute before they expire.
/// - If the provider fails, the cached credentials are used until they expire. It is asked again after ten seconds.
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
    provider: P,
    runtime: Arc<dyn Runtime>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    kept: Option<Kept>,
    asking: bool,
    waiting: Vec<Waker>,
    /// The number of calls of the provider.
    asked: u64,
    /// The last failure, and the number of that call.
    failed: Option<(u64, Error)>,
}

/// Cached credentials.
struct Kept {
    credentials: Credentials,
    /// When to replace them; `None` if they do not expire.
    fresh_until: Option<Duration>,
}

impl Kept {
    fn new(credentials: Credentials, now: Duration) -> Self {
        let early = |end: Duration| end.saturating_sub(MARGIN.min(end.saturating_sub(now) / 2));
        Self { fresh_until: credentials.expires_at().map(early), credentials }
    }

    /// Returns the credentials if they are still valid at a time.
    fn valid_at(&self, time: Duration) -> Option<Credentials> {
        self.credentials.expires_at().is_none_or(|end| end > time).then(|| self.credentials.clone())
    }
}

impl<P: ProvideCredentials> CachedCredentials<P> {
    /// Creates a cache for this provider.
    pub fn new(provider: P) -> Self {
        Self::with_runtime(provider, Arc::new(SystemRuntime))
    }

    /// Same as [`CachedCredentials::new`], with a custom clock.
    pub fn with_runtime(provider: P, runtime: Arc<dyn Runtime>) -> Self {
        Self { provider, runtime, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can panic, so a poisoned lock is still valid.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns cached credentials, or `None` when this call must ask the provider. A call that waited for
    /// another one shares its failure: if each asked in turn, the last would wait for all of them.
    fn kept_or_turn(&self, waker: &Waker, waited_for: &mut Option<u64>) -> Poll<Result<Option<Credentials>>> {
        let mut state = self.state();
        let now = self.runtime.now();
        let kept = state.kept.as_ref();
        if let Some(kept) = kept.filter(|kept| kept.fresh_until.is_none_or(|end| end > now)) {
            return Poll::Ready(Ok(Some(kept.credentials.clone())));
        }
        if let (Some(awaited), Some((failed, failure))) = (*waited_for, &state.failed)
            && *failed >= awaited
        {
            let valid = kept.and_then(|kept| kept.valid_at(now));
            return Poll::Ready(valid.map_or_else(|| Err(failure.copied()), |kept| Ok(Some(kept))));
        }
        if state.asking && SINGLE_FLIGHT {
            if let Some(kept) = kept.and_then(|kept| kept.valid_at(now.saturating_add(LAST_MINUTE))) {
                return Poll::Ready(Ok(Some(kept)));
            }
            waited_for.get_or_insert(state.asked);
            if !state.waiting.iter().any(|known| known.will_wake(waker)) {
                state.waiting.push(waker.clone());
            }
            return Poll::Pending;
        }
        state.asking = true;
        state.asked += 1;
        Poll::Ready(Ok(None))
    }
}

/// Releases the turn to ask, also when the call that holds it is dropped while it waits.
struct RefreshGuard<'a, P: ProvideCredentials>(&'a CachedCredentials<P>);

impl<P: ProvideCredentials> Drop for RefreshGuard<'_, P> {
    fn drop(&mut self) {
        let waiting = {
            let mut state = self.0.state();
            state.asking = false;
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl<P: ProvideCredentials> ProvideCredentials for CachedCredentials<P> {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials>> {
        Box::pin(async move {
            let mut waited_for = None;
            let kept = std::future::poll_fn(|context| self.kept_or_turn(context.waker(), &mut waited_for)).await?;
            if let Some(kept) = kept {
                return Ok(kept);
            }
            let turn = RefreshGuard(self);
            let answer = self.provider.credentials().await;
            let answer = {
                let mut state = self.state();
                let now = self.runtime.now();
                match answer {
                    Ok(fresh) => {
                        state.kept = Some(Kept::new(fresh.clone(), now));
                        state.failed = None;
                        Ok(fresh)
                    }
                    Err(error) => {
                        let error = error.with_causes_told();
                        state.failed = Some((state.asked, error.copied()));
                        let kept = state.kept.as_mut();
                        let valid = kept.and_then(|kept| {
                            kept.fresh_until = Some(now.saturating_add(PAUSE).min(kept.credentials.expires_at()?));
                            kept.valid_at(now)
                        });
                        valid.ok_or(error)
                    }
                }
            };
            drop(turn);
            answer
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
}

impl<P> fmt::Debug for CachedCredentials<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CachedCredentials").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::error::ErrorKind;

    #[derive(Debug, Default)]
    struct Clock(AtomicU64);

    impl Runtime for Clock {
        fn now(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::SeqCst))
        }
        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::ready(()))
        }
        fn random(&self) -> f64 {
            0.0
        }
    }

    fn counted(asked: &Arc<AtomicU64>, lifetime: u64) -> impl ProvideCredentials {
        let asked = Arc::clone(asked);
        move || {
            let asked = Arc::clone(&asked);
            async move {
                tokio::task::yield_now().await;
                let n = asked.fetch_add(1, Ordering::SeqCst);
                Ok(Credentials::new(format!("AKID{n}"), "s").with_expiry(Duration::from_secs(lifetime * (n + 1))))
            }
        }
    }

    #[tokio::test]
    async fn concurrent_calls_share_one_credentials_refresh() {
        let (asked, clock) = (Arc::new(AtomicU64::new(0)), Arc::new(Clock::default()));
        let cached = Arc::new(CachedCredentials::with_runtime(counted(&asked, 3600), clock.clone()));
        let calls: Vec<_> = (0..20)
            .map(|_| {
                tokio::spawn({
                    let cached = cached.clone();
                    async move { cached.credentials().await.unwrap() }
                })
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap().access_key_id(), Some("AKID0"));
        }
        clock.0.store(3600 - 301, Ordering::SeqCst);
        assert_eq!(cached.credentials().await.unwrap().access_key_id(), Some("AKID0"));
        clock.0.store(3600 - 299, Ordering::SeqCst);
        assert_eq!(cached.credentials().await.unwrap().access_key_id(), Some("AKID1"));
        assert_eq!(asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn dropped_credentials_refresh_passes_to_the_next_call() {
        let asked = Arc::new(AtomicU64::new(0));
        let cached = CachedCredentials::with_runtime(counted(&asked, 3600), Arc::new(Clock::default()));
        {
            let mut first = cached.credentials();
            let started = std::future::poll_fn(|context| Poll::Ready(first.as_mut().poll(context).is_pending())).await;
            assert!(started);
        }
        assert_eq!(cached.credentials().await.unwrap().access_key_id(), Some("AKID0"));
    }

    #[tokio::test]
    async fn refused_credentials_are_removed_from_the_cache() {
        let asked = Arc::new(AtomicU64::new(0));
        let cached = CachedCredentials::with_runtime(counted(&asked, 3600), Arc::new(Clock::default()));
        let first = cached.credentials().await.unwrap();
        cached.forget(&Credentials::new("other", "s"));
        assert_eq!(cached.credentials().await.unwrap(), first);
        cached.forget(&first);
        assert_ne!(cached.credentials().await.unwrap(), first);
    }

    /// A provider that counts its calls and returns what `answer` makes of their number.
    fn answering(
        asked: &Arc<AtomicU64>,
        answer: impl Fn(u64) -> Result<Credentials> + Send + Sync + 'static,
    ) -> impl ProvideCredentials {
        let asked = Arc::clone(asked);
        move || {
            let answer = answer(asked.fetch_add(1, Ordering::SeqCst));
            async move {
                tokio::task::yield_now().await;
                answer
            }
        }
    }

    fn until(seconds: u64) -> Credentials {
        Credentials::new("AKID", "s").with_expiry(Duration::from_secs(seconds))
    }

    #[tokio::test]
    async fn credentials_are_used_after_a_failed_refresh_until_expiry() {
        let (asked, clock) = (Arc::new(AtomicU64::new(0)), Arc::new(Clock::default()));
        let answer = |n| if n == 0 { Ok(until(3600)) } else { Err(Error::new(ErrorKind::Credentials, "down")) };
        let cached = CachedCredentials::with_runtime(answering(&asked, answer), clock.clone());
        for (now, calls) in [(0, 1), (3299, 1), (3300, 2), (3309, 2), (3310, 3), (3599, 4)] {
            clock.0.store(now, Ordering::SeqCst);
            assert_eq!(cached.credentials().await.unwrap(), until(3600), "{now}");
            assert_eq!(asked.load(Ordering::SeqCst), calls, "{now}");
        }
        clock.0.store(3600, Ordering::SeqCst);
        assert_eq!(cached.credentials().await.unwrap_err().message(), "down");
    }

    #[tokio::test]
    async fn short_credentials_are_cached_for_half_of_their_lifetime() {
        let (asked, clock) = (Arc::new(AtomicU64::new(0)), Arc::new(Clock::default()));
        let cached = CachedCredentials::with_runtime(answering(&asked, |n| Ok(until(60 * (n + 1)))), clock.clone());
        for (now, calls) in [(0, 1), (29, 1), (30, 2), (74, 2), (75, 3)] {
            clock.0.store(now, Ordering::SeqCst);
            cached.credentials().await.unwrap();
            assert_eq!(asked.load(Ordering::SeqCst), calls, "{now}");
        }
    }

    #[tokio::test]
    async fn cached_credentials_are_used_during_a_refresh() {
        let (asked, clock) = (Arc::new(AtomicU64::new(0)), Arc::new(Clock::default()));
        let cached = CachedCredentials::with_runtime(answering(&asked, |n| Ok(until(3600 * (n + 1)))), clock.clone());
        cached.credentials().await.unwrap();
        for (now, waits) in [(3400, false), (3540, true)] {
            clock.0.store(now, Ordering::SeqCst);
            let mut refresh = cached.credentials();
            let poll = |future: &mut BoxFuture<'_, Result<Credentials>>| {
                future.as_mut().poll(&mut std::task::Context::from_waker(Waker::noop()))
            };
            assert!(poll(&mut refresh).is_pending());
            let mut other = cached.credentials();
            match poll(&mut other) {
                Poll::Ready(found) => assert!(!waits && found.unwrap() == until(3600), "{now}"),
                Poll::Pending => assert!(waits, "{now}"),
            }
        }
    }

    #[tokio::test]
    async fn waiting_calls_share_the_whole_error_of_a_refresh() {
        let asked = Arc::new(AtomicU64::new(0));
        let failure = |_| Err(Error::new(ErrorKind::Credentials, "down").with_retryable(true));
        let cached = Arc::new(CachedCredentials::new(answering(&asked, failure)));
        let calls: Vec<_> = (0..5)
            .map(|_| {
                let cached = cached.clone();
                tokio::spawn(async move { cached.credentials().await.unwrap_err() })
            })
            .collect();
        for call in calls {
            let error = call.await.unwrap();
            assert!(error.is_retryable() && error.message() == "down", "{error:?}");
        }
        assert_eq!(asked.load(Ordering::SeqCst), 1);
    }
}
