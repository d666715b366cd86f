//! A cache of credentials.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use super::{Credentials, ProvideCredentials};
use crate::error::{Error, ErrorKind, Result};
use crate::platform::{BoxFuture, Runtime, SINGLE_FLIGHT, SystemRuntime};

/// How long before their expiry credentials are replaced.
const MARGIN: Duration = Duration::from_secs(5 * 60);

/// A provider that caches the credentials of another provider until five minutes before they expire.
/// Credentials without an expiry are kept until the service refuses them. Natively, concurrent calls share one
/// request to the provider, and its failure. (On wasm each call may send one: there, a call that waits for
/// another call's future can hang.) If the provider fails, the cached credentials are used until they expire.
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
    kept: Option<Credentials>,
    asking: bool,
    waiting: Vec<Waker>,
    /// The number of calls of the provider.
    asked: u64,
    /// The last failure, and the number of that call.
    failed: Option<(u64, ErrorKind, String)>,
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

    /// Returns the cached credentials if they have not expired. They are used until then if the provider fails.
    fn not_ended(&self, state: &State) -> Option<Credentials> {
        let now = self.runtime.now();
        state.kept.clone().filter(|kept| kept.expires_at().is_none_or(|end| end > now))
    }

    /// Returns fresh cached credentials, or `None` when this call must ask the provider. A call that waited for
    /// another one shares its failure: if each asked in turn, the last would wait for all of them.
    fn kept_or_turn(&self, waker: &Waker, waited_for: &mut Option<u64>) -> Poll<Result<Option<Credentials>>> {
        let mut state = self.state();
        let soon = self.runtime.now().saturating_add(MARGIN);
        let good = |kept: &&Credentials| kept.expires_at().is_none_or(|end| end > soon);
        if let Some(kept) = state.kept.as_ref().filter(good) {
            return Poll::Ready(Ok(Some(kept.clone())));
        }
        if let (Some(awaited), Some((failed, kind, message))) = (*waited_for, &state.failed)
            && *failed >= awaited
        {
            let failure = || Err(Error::new(*kind, message.as_str()));
            return Poll::Ready(self.not_ended(&state).map_or_else(failure, |kept| Ok(Some(kept))));
        }
        if state.asking && SINGLE_FLIGHT {
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
                match answer {
                    Ok(fresh) => {
                        state.kept = Some(fresh.clone());
                        Ok(fresh)
                    }
                    Err(error) => {
                        let error = error.with_causes_told();
                        state.failed = Some((state.asked, error.kind(), error.message().to_owned()));
                        self.not_ended(&state).ok_or(error)
                    }
                }
            };
            drop(turn);
            answer
        })
    }

    fn forget(&self, rejected: &Credentials) {
        let mut state = self.state();
        if state.kept.as_ref() == Some(rejected) {
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
}
