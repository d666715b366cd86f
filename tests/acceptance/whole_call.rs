//! The limit on a whole call, calls that are dropped, and the notifications of observers about both.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{AiMessage, BedrockChat, Error, ErrorKind, Observer, RetryPolicy, Run, RunStart, Timeouts};
use local_bedrock::{Fault, LocalBedrock};
use serde_json::json;

use crate::support::{ByHand, Clock, THEN, calling, chunk, expire, over, soon, until};

/// An observer that records its notifications.
#[derive(Clone, Debug, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn add(&self, note: String) {
        self.0.lock().unwrap().push(note);
    }

    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

impl Observer for Notes {
    fn start(&self, _: &RunStart<'_>) -> Option<Box<dyn Run>> {
        Some(Box::new(self.clone()))
    }
}

impl Run for Notes {
    fn retry(&mut self, _: u32, error: &Error, _: Duration) {
        self.add(format!("retry {}", error.kind().as_str()));
    }

    fn end(&mut self, _: &AiMessage) {
        self.add("end".into());
    }

    fn error(&mut self, error: &Error) {
        self.add(format!("error {}", error.kind().as_str()));
    }
}

fn total(limit: Duration) -> Timeouts {
    Timeouts::default().with_total(limit)
}

fn delta(text: &str) -> serde_json::Value {
    json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn total_timeout_ends_a_hanging_call_and_is_observed() {
    let bedrock = LocalBedrock::builder().verify_signatures(false).start().await.unwrap();
    let (notes, limit) = (Notes::default(), Duration::from_millis(80));
    for (stream, fault) in [
        (false, Fault::hang()),
        (true, Fault::hang()),
        (false, Fault::new().chunk_size(10).silence_after(3)),
        (true, Fault::hang_after_frames(1)),
    ] {
        bedrock.clear();
        bedrock.faults().push(fault.forever());
        let clock = Clock::at(THEN);
        let chat = calling(&bedrock).runtime(clock.clone()).timeouts(total(limit)).observer(notes.clone());
        // The limit also applies if the caller allows calls that may be paid for twice: the whole call is over.
        let chat = chat.retry(RetryPolicy::default().with_paid_resend(true)).build().unwrap();
        let call = tokio::spawn(async move {
            match stream {
                true => chat.stream("hello").await.map(drop),
                false => chat.invoke("hello").await.map(drop),
            }
        });
        until("the request arrives", || bedrock.requests().len() == 1).await;
        let error = expire(&clock, limit, call).await.unwrap_err();
        assert_eq!((error.kind(), bedrock.requests().len()), (ErrorKind::Timeout, 1), "{error}");
        assert!(error.message().contains("whole call") && error.message().contains("80 ms"), "{error}");
        assert!(error.is_transient() && !error.is_retryable());
        assert_eq!(notes.taken(), ["error timeout"]);
    }
}

#[tokio::test]
async fn total_timeout_while_waiting_for_credentials_says_so() {
    let clock = Clock::at(THEN);
    let never = std::future::pending::<bedrock_chat::Result<bedrock_chat::Credentials>>;
    let chat = over(MemoryTransport::default()).credentials_provider(never).runtime(clock.clone());
    let chat = chat.timeouts(total(MINUTE)).build().unwrap();
    let call = tokio::spawn(async move { chat.invoke("hello").await.map(drop) });
    let error = expire(&clock, MINUTE, call).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 0), "{error}");
    assert!(error.message().contains("60000 ms; it was still waiting for credentials"), "{error}");
}

#[tokio::test]
async fn total_timeout_covers_attempts_and_the_pauses_between_them() {
    let refusals = || MemoryTransport::new((0..3).map(|_| Reply::json(503, "{}").with_header("retry-after", "20")));
    for (limit, attempts) in [(MINUTE, 3), (MINUTE / 2, 2), (MINUTE / 4, 1)] {
        let (transport, clock, notes) = (refusals(), Clock::at(THEN).jumping(), Notes::default());
        let timeouts = total(limit).with_first_byte(None).with_idle(None);
        // The clock also jumps for the deadline's own timer, so the deadline would pass at once.
        let clock_of_call = SleepsOnly(clock.clone(), limit);
        let chat = over(transport.clone()).timeouts(timeouts).runtime(clock_of_call).observer(notes.clone());
        let error = soon(chat.retry(RetryPolicy::default()).build().unwrap().invoke("hello")).await.unwrap_err();
        assert_eq!((error.kind(), transport.requests().len()), (ErrorKind::Service, attempts), "{limit:?}: {error}");
        assert_eq!(notes.taken().len(), attempts, "a pause that outlasts the limit is not begun");
    }
}

/// A clock whose sleeps return at once, except sleeps of one length, which never end.
#[derive(Debug)]
struct SleepsOnly(Clock, Duration);

impl bedrock_chat::Runtime for SleepsOnly {
    fn now(&self) -> Duration {
        self.0.now()
    }

    fn sleep(&self, duration: Duration) -> bedrock_chat::BoxFuture<'static, ()> {
        if duration == self.1 {
            return Box::pin(std::future::pending());
        }
        self.0.sleep(duration)
    }

    fn random(&self) -> f64 {
        self.0.random()
    }
}

#[tokio::test]
async fn total_timeout_ends_an_endless_stream() {
    let (transport, mut hand) = ByHand::new();
    let (clock, notes) = (Clock::at(THEN), Notes::default());
    let chat = over(transport).runtime(clock.clone()).timeouts(total(MINUTE * 10)).observer(notes.clone());
    let chat = chat.build().unwrap();
    hand.stream();
    hand.send(chunk(&delta("0")));
    let mut stream = soon(chat.stream("hello")).await.unwrap();
    let mut minutes = 0;
    let error = loop {
        match soon(stream.next()).await.unwrap() {
            Ok(_) => {
                minutes += 1;
                clock.advance(MINUTE);
                hand.send(chunk(&delta("x")));
            }
            Err(error) => break error,
        }
    };
    assert_eq!((error.kind(), minutes), (ErrorKind::Timeout, 10));
    assert_eq!(error.partial().unwrap().text(), "0xxxxxxxxx");
    assert!(soon(stream.next()).await.is_none());
    hand.let_go().await;
    drop(stream);
    assert_eq!(notes.taken(), ["error timeout"], "once");
}

#[tokio::test]
async fn total_timeout_does_not_affect_a_fast_call() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let notes = Notes::default();
    for streaming in [false, true] {
        let chat = calling(&bedrock).timeouts(total(MINUTE)).streaming(streaming).observer(notes.clone());
        let chat = chat.build().unwrap();
        assert!(chat.invoke("hello").await.unwrap().text().contains("hello"));
        assert!(chat.stream("hello").await.unwrap().message().await.unwrap().text().contains("hello"));
        assert_eq!(notes.taken(), ["end", "end"]);
    }
}

/// Calls that do not end by themselves.
async fn hanging(bedrock: &LocalBedrock, notes: &Notes) -> BedrockChat {
    bedrock.clear();
    bedrock.faults().push(Fault::hang().forever());
    calling(bedrock).observer(notes.clone()).build().unwrap()
}

#[tokio::test]
async fn dropped_call_is_reported_as_cancelled_once() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let notes = Notes::default();
    let limit = Duration::from_millis(60);
    let chat = hanging(&bedrock, &notes).await;
    assert!(tokio::time::timeout(limit, chat.invoke("hello")).await.is_err());
    assert_eq!(notes.taken(), ["error cancelled"]);
    assert!(tokio::time::timeout(limit, chat.stream("hello")).await.is_err());
    assert_eq!(notes.taken(), ["error cancelled"]);

    // Drops a stream, and the text of a stream, before their end.
    bedrock.clear();
    let chat = calling(&bedrock).observer(notes.clone()).build().unwrap();
    let mut stream = chat.stream("hello there").await.unwrap();
    stream.next().await.unwrap().unwrap();
    drop(stream);
    assert_eq!(notes.taken(), ["error cancelled"]);
    drop(chat.stream("hello there").await.unwrap().text());
    assert_eq!(notes.taken(), ["error cancelled"]);

    // Drops a call while it waits for its next attempt.
    bedrock.faults().push(Fault::error(503, "ServiceUnavailableException", "later"));
    let patient = RetryPolicy::default().with_base_delay(MINUTE).with_max_delay(MINUTE);
    let clock = Clock::at(THEN);
    let transport = MemoryTransport::new([Reply::json(503, "{}")]);
    let chat = over(transport).runtime(clock).retry(patient).observer(notes.clone()).build().unwrap();
    assert!(tokio::time::timeout(limit, chat.invoke("hello")).await.is_err());
    assert_eq!(notes.taken(), ["retry service", "error cancelled"]);
}

#[tokio::test]
async fn call_that_ends_or_fails_is_not_reported_as_cancelled() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let notes = Notes::default();
    let chat = calling(&bedrock).observer(notes.clone()).build().unwrap();
    chat.invoke("hello").await.unwrap();
    chat.stream("hello").await.unwrap().message().await.unwrap();
    assert_eq!(notes.taken(), ["end", "end"]);
    bedrock.faults().push(Fault::error(400, "ValidationException", "no"));
    chat.invoke("hello").await.unwrap_err();
    bedrock.faults().push(Fault::end_after_frames(5));
    let mut stream = chat.stream("hello there").await.unwrap();
    while let Some(Ok(_)) = stream.next().await {}
    drop(stream);
    assert_eq!(notes.taken(), ["error validation", "error truncated"]);
}

#[tokio::test]
async fn expired_credentials_retry_is_reported_to_observers() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let notes = Notes::default();
    bedrock.faults().push(Fault::error(403, "ExpiredTokenException", "expired"));
    let fresh = std::sync::atomic::AtomicUsize::new(0);
    let provider = move || {
        let n = fresh.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let keys = crate::support::keys();
        std::future::ready(Ok(if n == 0 { keys.with_expiry(Duration::from_secs(1)) } else { keys }))
    };
    let chat = calling(&bedrock).credentials_provider(provider).observer(notes.clone()).build().unwrap();
    chat.invoke("hello").await.unwrap();
    assert_eq!(notes.taken(), ["retry expired_credentials", "end"]);
}
