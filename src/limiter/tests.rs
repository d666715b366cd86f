use super::*;
use crate::error::{ServiceAnswer, from_response};
use crate::headers::Headers;
use crate::message::{Message, Role, ToolResult};
use crate::platform::SystemRuntime;
use crate::request::ChatOptions;
use crate::retry::asked_delay;

const fn at(secs: u64) -> Duration {
    Duration::from_secs(1_735_787_045 + secs)
}

/// A clock at the time 0 of these tests.
#[derive(Debug)]
struct Still;

impl Runtime for Still {
    fn now(&self) -> Duration {
        at(0)
    }

    fn sleep(&self, duration: Duration) -> crate::platform::BoxFuture<'static, ()> {
        SystemRuntime.sleep(duration)
    }

    fn random(&self) -> f64 {
        0.5
    }
}

/// Returns the slot of a call of this many tokens, and its observer.
fn call(limiter: &RateLimiter, tokens: u64) -> (Box<dyn CallSlot>, Box<dyn Run>) {
    let request = ChatRequest::new([]).with_options(ChatOptions::default().with_max_tokens(tokens));
    limiter.call(&request, 0, Arc::new(Still))
}

/// Returns how many milliseconds a call of this many tokens waits at a time in seconds. Its slot is not dropped.
fn waits(limiter: &RateLimiter, tokens: u64, now: u64) -> u128 {
    let (mut slot, run) = call(limiter, tokens);
    let wait = slot.wait(at(now)).map_or(0, |wait| wait.as_millis());
    std::mem::forget((slot, run));
    wait
}

fn throttled(retry_after: &str) -> Error {
    let mut headers = Headers::new();
    headers.push("retry-after", retry_after);
    from_response(&ServiceAnswer {
        status: 429,
        error_type: Some("ThrottlingException"),
        request_id: None,
        is_aws: true,
        retry_after: asked_delay(&headers, 0),
        body: b"{}",
    })
}

fn reply(input: u64, cache_read: u64, output: u64) -> AiMessage {
    let mut usage = Usage::new(input, output);
    usage.input_token_details.cache_read = cache_read;
    AiMessage { usage: Some(usage), ..AiMessage::default() }
}

#[test]
fn rate_limiter_spaces_requests_after_a_burst() {
    let limiter = RateLimiter::new().requests_per_minute(12);
    // 12 a minute are one each 5 seconds, and 2 in the 10 seconds of a burst.
    let waited: Vec<u128> = (0..6).map(|_| waits(&limiter, 0, 0)).collect();
    assert_eq!(waited, [0, 0, 0, 5_000, 10_000, 15_000]);
    // Ten seconds later, two of the three that waited are paid for.
    assert_eq!(waits(&limiter, 0, 10), 10_000);
    assert_eq!(waits(&limiter, 0, 1000), 0);
    let unlimited = limiter.requests_per_minute(None);
    assert!((0..100).all(|_| waits(&unlimited, 1_000_000, 0) == 0));
}

#[test]
fn rate_limiter_counts_tokens_and_corrects_the_estimate() {
    let limiter = RateLimiter::new().tokens_per_minute(6000);
    // 100 tokens a second. A call is sent while anything is free, also if it takes more.
    assert_eq!(waits(&limiter, 3000, 0), 0);
    assert_eq!(waits(&limiter, 0, 0), 20_000);
    // The reply took 1000 tokens less, as 400 were read from the cache.
    let (mut slot, mut run) = call(&limiter, 2000);
    assert_eq!(slot.wait(at(0)), Some(Duration::from_secs(20)));
    assert_eq!(slot.wait(at(20)), None);
    run.end(&reply(1000, 400, 400));
    assert_eq!(waits(&limiter, 0, 20), 10_000);
    // Output tokens can weigh more.
    let weighted = limiter.output_weight(5);
    assert_eq!(waits(&weighted, 400, 0), 0);
    let (mut slot, mut run) = call(&weighted, 0);
    assert_eq!(slot.wait(at(10)), None);
    run.end(&reply(0, 0, 300));
    assert_eq!(waits(&weighted, 0, 10), 15_000);
}

#[test]
fn rate_limiter_cancels_unused_reservations() {
    let limiter = RateLimiter::new().tokens_per_minute(6000);
    assert_eq!(waits(&limiter, 2000, 0), 0);
    let (mut slot, _run) = call(&limiter, 6000);
    assert_eq!(slot.wait(at(0)), Some(Duration::from_secs(10)));
    assert_eq!(waits(&limiter, 0, 0), 70_000);
    drop(slot);
    assert_eq!(waits(&limiter, 0, 0), 10_000, "a call that is dropped while it waits");
    let (mut slot, mut run) = call(&limiter, 6000);
    assert_eq!(slot.wait(at(10)), None);
    run.error(&Error::new(ErrorKind::Truncated, "it may have been paid for"));
    assert_eq!(waits(&limiter, 0, 10), 60_000);
    let refused = from_response(&ServiceAnswer {
        status: 400,
        error_type: Some("ValidationException"),
        request_id: None,
        is_aws: true,
        retry_after: None,
        body: b"{}",
    });
    run.error(&refused);
    assert_eq!(waits(&limiter, 0, 10), 0);
}

#[test]
fn rate_limiter_learns_from_throttling() {
    let limiter = RateLimiter::new().requests_per_minute(60);
    let mut sent: Vec<_> = (0..3).map(|_| call(&limiter, 0)).collect();
    assert!(sent.iter_mut().all(|(slot, _)| slot.wait(at(0)).is_none()));
    let (mut waiting, _run) = call(&limiter, 0);
    (0..8).for_each(|_| assert_eq!(waits(&limiter, 0, 0), 0));
    assert!(waiting.wait(at(0)).is_some());
    // All calls wait for 20 seconds, and the rate falls to 0.7 a second. The three failures are one signal.
    sent.iter_mut().for_each(|(_, run)| run.retry(1, &throttled("20"), Duration::ZERO));
    assert_eq!(waits(&limiter, 0, 1), 19_000);
    assert_eq!(waits(&limiter, 0, 1), 19_000 + 1_428);
    // A call that waited already is sent after them.
    assert_eq!(waiting.wait(at(2)).unwrap().as_millis(), 18_000 + 2 * 1_428 + 1);
    // Each success raises the rate by 0.05.
    (0..6).for_each(|_| sent[0].1.end(&AiMessage::default()));
    assert_eq!(waits(&limiter, 0, 100), 0);
    (0..10).for_each(|_| assert_eq!(waits(&limiter, 0, 100), 0));
    assert_eq!(waits(&limiter, 0, 100), 1_000);
    // A pause is a minute at most, and a clock that is set back does not make it longer.
    let (mut slot, mut run) = call(&limiter, 0);
    assert!(slot.wait(at(1000)).is_none());
    run.error(&throttled("86400"));
    assert_eq!(waits(&limiter, 0, 0), 0);
}

#[test]
fn rate_limiter_without_limits_obeys_retry_after() {
    let limiter = RateLimiter::new();
    let (mut slot, mut run) = call(&limiter, 0);
    assert!(slot.wait(at(0)).is_none());
    run.error(&throttled("86400"));
    assert_eq!([waits(&limiter, 0, 0), waits(&limiter, 0, 0), waits(&limiter, 0, 59)], [60_000, 60_000, 1_000]);
    assert_eq!(waits(&limiter, 0, 60), 0);
}

#[test]
fn token_estimate_counts_text_media_and_the_answer() {
    let image = || Content::image("image/png", vec![0; 3000]);
    let result = ToolResult::new("t", [image()]);
    let messages = [
        Message::new(Role::Human, [Content::text("look"), image()]),
        Message::new(Role::Tool, [Content::ToolResult(result)]),
    ];
    let request = ChatRequest::new(messages);
    assert_eq!(estimate(&request, 2 * 4000 + 400, 1.0), 100.0 + 2.0 * 1600.0 + 1000.0);
    let request = ChatRequest::new([]).with_options(ChatOptions::default().with_max_tokens(70));
    assert_eq!(estimate(&request, 40, 5.0), 10.0 + 350.0);
}
