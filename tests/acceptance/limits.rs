//! Limits that calls keep by themselves: the rate limiter, and the concurrency of batches.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    BoxFuture, ErrorKind, HttpRequest, HttpResponse, RateLimiter, Result, RetryPolicy, Runtime, Transport,
};

use crate::support::{Clock, THEN, at_once, no_timeouts, over, soon};

const ANSWER: &str = r#"{"content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn"}"#;

fn seconds(durations: &[Duration]) -> Vec<u64> {
    durations.iter().map(Duration::as_secs).collect()
}

fn answering(statuses: &[u16]) -> MemoryTransport {
    MemoryTransport::new(statuses.iter().map(|status| Reply::json(*status, ANSWER)))
}

#[tokio::test]
async fn rate_limiter_is_shared_by_chats_and_delays_calls() {
    let clock = Clock::at(THEN).jumping();
    let transport = answering(&[200; 6]);
    let limiter = RateLimiter::new().requests_per_minute(6);
    let chat = |limiter: &RateLimiter| {
        let chat = over(transport.clone()).runtime(clock.clone()).timeouts(no_timeouts());
        chat.rate_limiter(limiter.clone()).build().unwrap()
    };
    let chats = [chat(&limiter), chat(&limiter)];
    for n in 0..4 {
        chats[n % 2].clone().invoke("hello").await.unwrap();
    }
    assert_eq!(seconds(&clock.slept()), [10, 10], "two at once, then one each 10 seconds");
    // A separate limiter does not wait.
    chat(&RateLimiter::new().requests_per_minute(6)).invoke("hello").await.unwrap();
    assert_eq!(clock.slept().len(), 2);
}

#[tokio::test]
async fn rate_limiter_counts_every_attempt_and_obeys_retry_after() {
    let clock = Clock::at(THEN).jumping();
    let transport = MemoryTransport::new([
        Reply::json(429, "{}").with_header("retry-after", "7"),
        Reply::json(200, ANSWER),
        Reply::json(200, ANSWER),
    ]);
    let limiter = RateLimiter::new();
    let chat = over(transport).runtime(clock.clone()).timeouts(no_timeouts()).rate_limiter(limiter.clone());
    let patient = chat.clone().retry(RetryPolicy::default()).build().unwrap();
    let impatient = chat.retry(RetryPolicy::never()).build().unwrap();
    // The next call waits for what the service told the last one.
    assert_eq!(impatient.invoke("hello").await.unwrap_err().kind(), ErrorKind::Throttled);
    assert!(clock.slept().is_empty());
    patient.invoke("hello").await.unwrap();
    assert_eq!(seconds(&clock.slept()), [7]);

    let clock = Clock::at(THEN).jumping();
    let limiter = RateLimiter::new().requests_per_minute(6);
    let chat = over(answering(&[503, 503, 200])).runtime(clock.clone()).timeouts(no_timeouts()).rate_limiter(limiter);
    chat.build().unwrap().invoke("hello").await.unwrap();
    assert_eq!(seconds(&clock.slept()), [0, 0, 9], "two delays of retries, and the limiter's before the third attempt");
}

#[tokio::test]
async fn rate_limiter_uses_the_usage_of_replies_and_streams() {
    let usage = r#"{"content":[],"usage":{"input_tokens":100,"output_tokens":20},"stop_reason":"end_turn"}"#;
    let stream = || {
        Reply::chunks([
            r#"{"type":"message_start","message":{"content":[],"usage":{"input_tokens":100,"output_tokens":1}}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"ok"}}"#,
            r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":20}}"#,
            r#"{"type":"message_stop"}"#,
        ])
    };
    let transport = MemoryTransport::new([Reply::json(200, usage), stream(), Reply::json(200, usage)]);
    let clock = Clock::at(THEN).jumping();
    // One token a second. The estimate has 1000 for the answer alone; the usage is 120.
    let limiter = RateLimiter::new().tokens_per_minute(60);
    let chat = over(transport).runtime(clock.clone()).timeouts(no_timeouts()).rate_limiter(limiter).build().unwrap();
    chat.invoke("hello").await.unwrap();
    chat.stream("hello").await.unwrap().message().await.unwrap();
    chat.invoke("hello").await.unwrap();
    let slept = seconds(&clock.slept());
    assert!(slept.len() == 2 && (109..=110).contains(&slept[0]) && (119..=120).contains(&slept[1]), "{slept:?}");
}

#[tokio::test]
async fn rate_limiter_fails_at_once_beyond_the_total_timeout() {
    let clock = Clock::at(THEN);
    let transport = answering(&[200, 200, 200]);
    let limiter = RateLimiter::new().requests_per_minute(1);
    let timeouts = no_timeouts().with_total(Duration::from_secs(30));
    let chat = over(transport.clone()).runtime(clock.clone()).timeouts(timeouts).rate_limiter(limiter);
    let chat = chat.build().unwrap();
    chat.invoke("hello").await.unwrap();
    let error = soon(chat.invoke("hello")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), transport.requests().len()), (ErrorKind::Timeout, 0, 1), "{error}");
    assert!(error.is_transient() && !error.is_retryable(), "another chat may answer");
    // The call that failed is not counted.
    clock.advance(Duration::from_secs(60));
    chat.invoke("hello").await.unwrap();
    let other = over(answering(&[200])).build().unwrap();
    assert_eq!(chat.with_fallbacks([other]).invoke("hello").await.unwrap().text(), "ok");
}

/// A service that answers a limited number of calls at a time and throttles the others. Time is counted in polls.
#[derive(Clone, Debug)]
struct Narrow {
    capacity: usize,
    running: Arc<AtomicUsize>,
    peaks: Arc<Mutex<VecDeque<usize>>>,
    throttled: Arc<AtomicUsize>,
}

/// Waits for some polls.
async fn polls(mut count: usize) {
    std::future::poll_fn(move |context| {
        count = count.saturating_sub(1);
        context.waker().wake_by_ref();
        if count == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await
}

impl Transport for Narrow {
    fn send(&self, request: HttpRequest) -> BoxFuture<'_, Result<HttpResponse>> {
        Box::pin(async move {
            let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.peaks.lock().unwrap().push_back(running);
            let fits = running <= self.capacity;
            polls(if fits { 20 } else { 2 }).await;
            self.running.fetch_sub(1, Ordering::SeqCst);
            let status = if fits { 200 } else { 429 };
            self.throttled.fetch_add(usize::from(!fits), Ordering::SeqCst);
            answering(&[status]).send(request).await
        })
    }
}

/// A millisecond is a poll.
#[derive(Debug)]
struct Polls;

impl Runtime for Polls {
    fn now(&self) -> Duration {
        THEN
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(polls(usize::try_from(duration.as_millis()).unwrap()))
    }

    fn random(&self) -> f64 {
        0.5
    }
}

#[tokio::test]
async fn batch_concurrency_adapts_to_throttling() {
    let batch = async |capacity: usize, max: usize| {
        let service = Narrow { capacity, running: Arc::default(), peaks: Arc::default(), throttled: Arc::default() };
        let retry =
            at_once().with_max_attempts(30).with_throttling_base_delay(Duration::from_millis(100)).with_quota(None);
        let chat = over(service.clone()).runtime(Polls).timeouts(no_timeouts()).retry(retry).max_concurrency(max);
        let replies = chat.build().unwrap().batch((0..400).map(|n| format!("Number {n}"))).await;
        assert!(replies.iter().all(|reply| reply.as_ref().is_ok_and(|reply| reply.text() == "ok")));
        let peaks = service.peaks.lock().unwrap().clone();
        let (first, last) = (peaks.iter().take(200), peaks.iter().skip(peaks.len() / 2));
        (*first.max().unwrap(), *last.max().unwrap(), service.throttled.load(Ordering::SeqCst))
    };
    // Without throttling it grows to the cap.
    assert_eq!(batch(1000, 40).await, (40, 40, 0));
    assert_eq!(batch(1000, 3).await, (3, 3, 0));
    // A service with room for 8 gets little more.
    let (first, last, throttled) = batch(8, 100).await;
    assert!((9..=20).contains(&first) && last <= 12 && throttled < 60, "{first} {last} {throttled}");
    // One call at a time is the least.
    let (_, last, throttled) = batch(1, 100).await;
    assert!(last <= 3 && throttled < 250, "{last} {throttled}");
}

#[tokio::test]
async fn adaptive_concurrency_counts_calls_of_all_targets() {
    let chat = |statuses: &[u16]| over(answering(statuses)).timeouts(no_timeouts()).retry(RetryPolicy::never()).build();
    let first = chat(&[200, 200, 429, 429]).unwrap();
    let other = chat(&[200, 429]).unwrap();
    let (chat, concurrency) = first.with_fallbacks([other]).adaptive_concurrency(None);
    assert_eq!(concurrency.limit(), 10);
    for _ in 0..2 {
        chat.clone().invoke("hello").await.unwrap();
    }
    assert_eq!(concurrency.limit(), 12);
    // Throttling of the first chat halves it, and the reply of the other adds a part of a call.
    chat.invoke("hello").await.unwrap();
    assert_eq!(concurrency.limit(), 6);
    assert_eq!(chat.invoke("hello").await.unwrap_err().kind(), ErrorKind::Throttled);
    assert_eq!(concurrency.limit(), 1);
    // The numbers are separate.
    assert_eq!(chat.adaptive_concurrency(3).1.limit(), 3);
    assert_eq!(chat.adaptive_concurrency(0).1.limit(), 1);
}
