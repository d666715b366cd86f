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

/// A provider that counts its calls and returns what `answer` makes of their number. It needs more polls than a test
/// has calls, so that all of them wait for it.
fn answering(
    asked: &Arc<AtomicU64>,
    answer: impl Fn(u64) -> Result<Credentials> + Send + Sync + 'static,
) -> impl ProvideCredentials {
    let asked = Arc::clone(asked);
    move || {
        let answer = answer(asked.fetch_add(1, Ordering::SeqCst));
        async move {
            for _ in 0..50 {
                tokio::task::yield_now().await;
            }
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

/// Counts how often it is woken.
#[derive(Default)]
struct Counter(AtomicU64);

impl std::task::Wake for Counter {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A call that is polled by hand.
type Call<'a> = BoxFuture<'a, Result<Credentials>>;

fn poll(call: &mut Call<'_>, waker: &Waker) -> Poll<Result<Credentials>> {
    call.as_mut().poll(&mut std::task::Context::from_waker(waker))
}

/// Returns a provider that waits for a sender, and the senders.
fn sending() -> (impl ProvideCredentials, Arc<Mutex<Vec<tokio::sync::oneshot::Sender<Credentials>>>>) {
    let senders = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&senders);
    let provider = move || {
        let (sender, receiver) = tokio::sync::oneshot::channel();
        kept.lock().unwrap().push(sender);
        async move { receiver.await.map_err(|_| Error::new(ErrorKind::Credentials, "the sender is gone")) }
    };
    (provider, senders)
}

#[test]
fn credentials_refresh_is_driven_by_every_waiting_call() {
    let (provider, senders) = sending();
    let cached = CachedCredentials::new(provider);
    let wakers: [Arc<Counter>; 3] = Default::default();
    let mut calls: Vec<_> = wakers.iter().map(|_| cached.credentials()).collect();
    for (call, waker) in calls.iter_mut().zip(&wakers) {
        assert!(poll(call, &waker.clone().into()).is_pending());
    }
    let sender = senders.lock().unwrap().pop().unwrap();
    assert!(senders.lock().unwrap().is_empty(), "one request for all calls");
    sender.send(until(3600)).unwrap();
    for waker in &wakers {
        assert_eq!(waker.0.load(Ordering::SeqCst), 1);
    }
    // The call that began the request is not polled, and not dropped either.
    for call in calls.iter_mut().skip(1) {
        assert!(matches!(poll(call, Waker::noop()), Poll::Ready(Ok(found)) if found == until(3600)));
    }
    assert!(matches!(poll(&mut calls[0], Waker::noop()), Poll::Ready(Ok(found)) if found == until(3600)));
}

#[test]
fn credentials_refresh_is_dropped_with_its_last_call() {
    let (provider, senders) = sending();
    let cached = CachedCredentials::new(provider);
    let mut calls = [cached.credentials(), cached.credentials()];
    for call in &mut calls {
        assert!(poll(call, Waker::noop()).is_pending());
    }
    let sender = senders.lock().unwrap().pop().unwrap();
    let [first, second] = calls;
    drop(first);
    assert!(!sender.is_closed());
    drop(second);
    assert!(sender.is_closed());
    let mut next = cached.credentials();
    assert!(poll(&mut next, Waker::noop()).is_pending());
    let sender = senders.lock().unwrap().pop().unwrap();
    sender.send(until(3600)).unwrap();
    assert!(poll(&mut next, Waker::noop()).is_ready());
}

#[test]
fn waiting_calls_ask_again_after_a_panic_of_the_provider() {
    let asked = AtomicU64::new(0);
    let is_over = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let over = Arc::clone(&is_over);
    let cached = CachedCredentials::new(move || {
        let (first, over) = (asked.fetch_add(1, Ordering::SeqCst) == 0, Arc::clone(&over));
        poll_fn(move |_| match over.load(Ordering::SeqCst) {
            false => Poll::Pending,
            true if first => panic!("the provider panics"),
            true => Poll::Ready(Ok(until(3600))),
        })
    });
    let waker = Arc::new(Counter::default());
    let (mut first, mut second) = (cached.credentials(), cached.credentials());
    assert!(poll(&mut first, Waker::noop()).is_pending());
    assert!(poll(&mut second, &waker.clone().into()).is_pending());
    is_over.store(true, Ordering::SeqCst);
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll(&mut first, Waker::noop()).is_ready())).unwrap_err();
    assert_eq!(waker.0.load(Ordering::SeqCst), 1);
    assert!(matches!(poll(&mut second, Waker::noop()), Poll::Ready(Ok(found)) if found == until(3600)));
}

#[tokio::test]
async fn waiting_calls_share_credentials_that_expire_at_once() {
    let (asked, clock) = (Arc::new(AtomicU64::new(0)), Arc::new(Clock::default()));
    clock.0.store(2 * 3600, Ordering::SeqCst);
    let cached = Arc::new(CachedCredentials::with_runtime(answering(&asked, |_| Ok(until(3600))), clock));
    let calls: Vec<_> = (0..20)
        .map(|_| {
            let cached = cached.clone();
            tokio::spawn(async move { cached.credentials().await.unwrap() })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), until(3600));
    }
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[test]
fn waiting_call_woken_during_a_poll_is_woken_again() {
    let (polls, barrier) = (Arc::new(AtomicU64::new(0)), Arc::new(std::sync::Barrier::new(2)));
    let at = Arc::clone(&barrier);
    let cached = CachedCredentials::new(move || {
        let (polls, barrier) = (Arc::clone(&polls), Arc::clone(&at));
        poll_fn(move |context| match polls.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => Poll::Pending,
            2 => {
                context.waker().wake_by_ref();
                barrier.wait();
                barrier.wait();
                Poll::Pending
            }
            _ => Poll::Ready(Ok(until(3600))),
        })
    });
    let waker = Arc::new(Counter::default());
    let (mut first, mut second) = (cached.credentials(), cached.credentials());
    assert!(poll(&mut first, Waker::noop()).is_pending());
    assert!(poll(&mut second, &waker.clone().into()).is_pending());
    std::thread::scope(|scope| {
        let polled = scope.spawn(|| poll(&mut first, Waker::noop()).is_pending());
        barrier.wait();
        assert_eq!(waker.0.load(Ordering::SeqCst), 1);
        let is_pending = poll(&mut second, &waker.clone().into()).is_pending();
        barrier.wait();
        assert!(is_pending && polled.join().unwrap());
    });
    assert_eq!(waker.0.load(Ordering::SeqCst), 2);
    assert!(matches!(poll(&mut second, Waker::noop()), Poll::Ready(Ok(found)) if found == until(3600)));
}
