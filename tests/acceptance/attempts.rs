//! Attempts of a call: the parts that are new in each attempt, delays and limits.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    BoxFuture, Credentials, Error, ErrorKind, Observer, RetryPolicy, Run, RunStart, Runtime, SystemRuntime,
};
use local_bedrock::{Fault, LocalBedrock, Verdict};

use crate::support::{Clock, THEN, at_once, calling, keys, no_timeouts, over};

/// The real time, except for the pauses between attempts: each pause advances it by six minutes at once, also for the
/// server.
#[derive(Debug)]
struct SixMinutesAPause {
    bedrock: Arc<LocalBedrock>,
    paused: Mutex<Duration>,
}

const SIX_MINUTES: Duration = Duration::from_secs(360);

impl Runtime for SixMinutesAPause {
    fn now(&self) -> Duration {
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        since_epoch + *self.paused.lock().unwrap()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        let mut paused = self.paused.lock().unwrap();
        *paused += SIX_MINUTES;
        self.bedrock.set_clock_offset(i64::try_from(paused.as_secs()).unwrap());
        Box::pin(std::future::ready(()))
    }

    fn random(&self) -> f64 {
        SystemRuntime.random()
    }
}

/// A provider that returns the first key once, then the second.
fn rotating() -> (impl bedrock_chat::ProvideCredentials, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let provider = move || {
        let first = counter.fetch_add(1, Ordering::SeqCst) == 0;
        let keys = if first { keys() } else { Credentials::new("AKIDROTATED", "another-secret") };
        std::future::ready(Ok(keys))
    };
    (provider, asked)
}

#[tokio::test]
async fn retry_is_signed_again_with_the_same_body() {
    let bedrock = LocalBedrock::builder().credential("AKIDROTATED", "another-secret").start().await.unwrap();
    let bedrock = Arc::new(bedrock);
    for stream in [false, true] {
        bedrock.clear();
        bedrock.set_clock_offset(0);
        bedrock.faults().push(Fault::error(429, "ThrottlingException", "Too many tokens"));
        let (provider, asked) = rotating();
        let runtime = SixMinutesAPause { bedrock: Arc::clone(&bedrock), paused: Mutex::default() };
        let chat = calling(&bedrock).credentials_provider(provider).runtime(runtime).timeouts(no_timeouts());
        let chat = chat.build().unwrap();
        let reply =
            if stream { chat.stream("hello").await.unwrap().message().await } else { chat.invoke("hello").await };
        assert!(reply.unwrap().text().contains("hello"));

        let requests = bedrock.requests();
        let [first, second] = requests.as_slice() else { panic!("{requests:?}") };
        assert_eq!(asked.load(Ordering::SeqCst), 2);
        assert_ne!(first.header("x-amz-date"), second.header("x-amz-date"));
        assert_ne!(first.header("authorization"), second.header("authorization"));
        assert_eq!(first.body, second.body);
        // A signature of six minutes ago would have been refused.
        let key = |request: &local_bedrock::RecordedRequest| match &request.verdict {
            Verdict::Signed { access_key_id, .. } => access_key_id.clone(),
            other => panic!("{other:?}"),
        };
        assert_eq!((key(first).as_str(), key(second).as_str()), ("AKIDEXAMPLE", "AKIDROTATED"));
    }
}

#[tokio::test]
async fn credentials_error_in_a_retry_is_reported() {
    let bedrock = LocalBedrock::start().await.unwrap();
    bedrock.faults().push(Fault::error(429, "ThrottlingException", "Too many tokens"));
    let asked = AtomicUsize::new(0);
    let provider = move || {
        std::future::ready(match asked.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(keys()),
            _ => Err(Error::new(ErrorKind::Credentials, "the vault is closed")),
        })
    };
    let chat = calling(&bedrock).credentials_provider(provider).build().unwrap();
    let error = chat.invoke("hello").await.unwrap_err();
    assert_eq!((error.kind(), error.message()), (ErrorKind::Credentials, "the vault is closed"));
    assert_eq!((error.attempts(), bedrock.requests().len()), (1, 1));
}

#[tokio::test]
async fn retry_after_of_the_service_is_obeyed() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (name, asked, waited) in [
        ("retry-after", "2", Duration::from_secs(2)),
        ("retry-after", "0.5", Duration::from_millis(500)),
        ("retry-after", "Wed, 21 Oct 2015 07:28:00 GMT", Duration::ZERO),
        ("retry-after-ms", "250", Duration::from_millis(250)),
        ("x-amz-retry-after", "1500", Duration::from_millis(1500)),
        ("x-amz-retry-after", "60000", Duration::from_millis(5500)),
    ] {
        bedrock.faults().push(Fault::error(429, "ThrottlingException", "slow down").header(name, asked));
        let clock = running_clock();
        let chat = calling(&bedrock).retry(RetryPolicy::default()).timeouts(no_timeouts()).runtime(clock.clone());
        chat.build().unwrap().invoke("hello").await.unwrap();
        assert_eq!(clock.slept(), [waited]);
    }
}

#[tokio::test]
async fn retry_after_beyond_the_limit_is_an_error() {
    let bedrock = LocalBedrock::start().await.unwrap();
    bedrock.faults().push(Fault::error(429, "ThrottlingException", "tomorrow").header("retry-after", "86400"));
    let chat = calling(&bedrock).retry(RetryPolicy::default()).build().unwrap();
    let error = chat.invoke("hello").await.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(86_400)));
    assert_eq!(bedrock.requests().len(), 1);
}

#[tokio::test]
async fn retry_delays_grow_and_have_jitter() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let policy = RetryPolicy::default().with_max_attempts(5).with_max_delay(Duration::from_secs(3));
    let mut slept = Vec::new();
    for (status, exception, random) in [
        (429, "ThrottlingException", 0.25),
        (429, "ThrottlingException", 0.75),
        (503, "ServiceUnavailableException", 0.25),
        (503, "ServiceUnavailableException", 1.0),
    ] {
        bedrock.clear();
        bedrock.faults().push(Fault::error(status, exception, "later").forever());
        let clock = running_clock();
        clock.set_random(random);
        let chat = calling(&bedrock).retry(policy).timeouts(no_timeouts()).runtime(clock.clone()).build().unwrap();
        let error = chat.invoke("hello").await.unwrap_err();
        assert_eq!(error.attempts(), 5);
        slept.push(clock.slept().iter().map(Duration::as_millis).collect::<Vec<_>>());
    }
    assert_eq!(slept[0], [250, 500, 750, 750]);
    assert_eq!(slept[1], [750, 1500, 2250, 2250]);
    assert_eq!(slept[2], [12, 25, 50, 100]);
    assert_eq!(slept[3], [50, 100, 200, 400]);
    let drawn: Vec<f64> = (0..50).map(|_| SystemRuntime.random()).collect();
    assert!(drawn.iter().all(|random| (0.0..1.0).contains(random)));
    assert!(drawn.iter().any(|random| *random < 0.4) && drawn.iter().any(|random| *random > 0.6), "{drawn:?}");
}

#[tokio::test]
async fn retry_quota_is_shared_by_clones_and_refilled() {
    let answer = r#"{"content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn"}"#;
    let transport = MemoryTransport::default();
    let answers = |statuses: &[u16]| {
        statuses
            .iter()
            .for_each(|status| transport.push(Reply::json(*status, if *status == 200 { answer } else { "{}" })));
    };
    let notes = Retries::default();
    let chat = over(transport.clone()).retry(at_once().with_quota(33)).observer(notes.clone()).build().unwrap();
    let other = chat.clone();
    // Two retries take 28 of the 33 tokens. The last one is given back, as it succeeded.
    answers(&[503, 503, 200]);
    chat.invoke("hello").await.unwrap();
    assert_eq!(notes.taken(), [1, 2]);
    // 19 are left: one retry after an error, then one after throttling.
    answers(&[503, 503]);
    let error = other.invoke("hello").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Service, 2));
    assert!(error.message().contains("quota of retries is empty"), "{error}");
    answers(&[429, 400]);
    assert_eq!(chat.invoke("hello").await.unwrap_err().kind(), ErrorKind::Validation);
    answers(&[429]);
    let error = chat.stream("hello").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Throttled, 1));
    assert!(error.is_retryable(), "later");
    // Each success without a retry returns one token.
    answers(&[200, 200, 200, 200, 200, 429, 200]);
    for _ in 0..6 {
        chat.invoke("hello").await.unwrap();
    }
    assert_eq!(notes.taken(), [1, 1, 1]);
    // A separate client has its own quota, and a quota can be switched off.
    let free = over(transport.clone()).retry(at_once().with_quota(None)).build().unwrap();
    for _ in 0..40 {
        answers(&[503, 503, 503]);
        assert_eq!(free.invoke("hello").await.unwrap_err().attempts(), 3);
    }
}

/// The numbers of the attempts that were followed by another.
#[derive(Clone, Debug, Default)]
struct Retries(Arc<Mutex<Vec<u32>>>);

impl Retries {
    fn taken(&self) -> Vec<u32> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Retries {
    fn start(&self, _: &RunStart<'_>) -> Option<Box<dyn Run>> {
        Some(Box::new(self.clone()))
    }
}

impl Run for Retries {
    fn retry(&mut self, attempt: u32, _: &Error, _: Duration) {
        self.0.lock().unwrap().push(attempt);
    }
}

#[tokio::test]
async fn retry_policy_never_sends_once() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for policy in [RetryPolicy::never(), at_once().with_max_attempts(1), at_once().with_max_attempts(0)] {
        bedrock.clear();
        bedrock.faults().push(Fault::error(503, "ServiceUnavailableException", "later").forever());
        calling(&bedrock).retry(policy).build().unwrap().invoke("hello").await.unwrap_err();
        assert_eq!(bedrock.requests().len(), 1);
    }
}

/// A clock that shows the real time, and whose sleeps return at once.
fn running_clock() -> Clock {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    assert!(now > THEN);
    Clock::at(now).jumping()
}

#[tokio::test]
async fn clock_skew_is_corrected_from_the_response_and_kept() {
    for (minutes, back) in [(-30, 0), (45, 1), (60 * 24 * 40, -7)] {
        let bedrock = LocalBedrock::start().await.unwrap();
        bedrock.set_clock_offset(minutes * 60);
        // The correction is not one of the retries, which are switched off.
        let chat = calling(&bedrock).retry(RetryPolicy::never()).build().unwrap();
        assert!(chat.invoke("hello").await.unwrap().text().contains("hello"), "{minutes} minutes");
        assert_eq!(bedrock.requests().len(), 2, "one refusal, and one signature with the service's time");
        bedrock.clear();
        chat.stream("hello").await.unwrap().message().await.unwrap();
        chat.clone().invoke("hello").await.unwrap();
        assert_eq!(bedrock.requests().len(), 2, "the next calls know");
        // The correction is wrong once the clock is set right.
        bedrock.clear();
        bedrock.set_clock_offset(back * 60 * 60);
        chat.stream("hello").await.unwrap().message().await.unwrap();
        assert_eq!(bedrock.requests().len(), 2);
    }
}

#[tokio::test]
async fn clock_skew_correction_is_tried_once() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    for (says, requests) in [
        ("Signature expired: 20250102T030405Z is now earlier than 20250102T031405Z (20250102T031905Z - 5 min.)", 2),
        ("Signature not yet current: 20250102T030405Z is still later than it may be", 1),
        ("Signature expired: (20250102T0319", 1),
        ("The request signature we calculated does not match (20250102T031905Z)", 1),
    ] {
        bedrock.clear();
        bedrock.faults().push(Fault::error(403, "InvalidSignatureException", says).before_auth().forever());
        let error = chat.invoke("hello").await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::AccessDenied, says));
        assert_eq!(bedrock.requests().len(), requests, "{says}");
    }
}

/// Counts hashes, and computes them with the default runtime.
#[derive(Debug)]
struct Hashing(Arc<AtomicUsize>);

impl Runtime for Hashing {
    fn now(&self) -> Duration {
        SystemRuntime.now()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }

    fn random(&self) -> f64 {
        0.5
    }

    fn sha256<'a>(&'a self, body: &'a [u8]) -> BoxFuture<'a, [u8; 32]> {
        self.0.fetch_add(1, Ordering::SeqCst);
        SystemRuntime.sha256(body)
    }
}

#[tokio::test]
async fn body_is_hashed_once_and_not_for_bearer_keys() {
    let answer = r#"{"content":[{"type":"text","text":"ok"}],"stop_reason":"end_turn"}"#;
    for (credentials, times) in [(keys(), 1), (Credentials::bearer("a-key"), 0)] {
        let hashed = Arc::new(AtomicUsize::new(0));
        let replies = MemoryTransport::new([Reply::json(503, "{}"), Reply::json(200, answer)]);
        let chat =
            over(replies).runtime(Arc::new(Hashing(Arc::clone(&hashed)))).credentials(credentials).build().unwrap();
        assert_eq!(chat.invoke("hello").await.unwrap().text(), "ok");
        assert_eq!(hashed.load(Ordering::SeqCst), times);
    }
}
