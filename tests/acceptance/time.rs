//! Timeouts, with a clock that the tests advance and with the system's clock.

use std::time::Duration;

use bedrock_chat::{BedrockChat, ChatEvent, ErrorKind, RetryPolicy, Timeouts};
use local_bedrock::{Fault, LocalBedrock, Outcome};
use serde_json::{Value, json};

use crate::support::{ByHand, Clock, Hand, THEN, calling, chunk, over, settle, soon, until};

fn delta(text: &str) -> Value {
    json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})
}

fn by_hand(timeouts: Timeouts) -> (BedrockChat, Hand, Clock) {
    let (transport, hand) = ByHand::new();
    let clock = Clock::at(THEN);
    let chat = over(transport).runtime(clock.clone()).timeouts(timeouts).retry(RetryPolicy::never());
    (chat.build().unwrap(), hand, clock)
}

fn idle(limit: Duration) -> Timeouts {
    Timeouts::default().with_idle(limit)
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn no_first_byte_timeout_by_default() {
    for minutes in [3, 50] {
        let (chat, mut hand, clock) = by_hand(Timeouts::default());
        let call = tokio::spawn(async move { chat.invoke("hello").await });
        settle().await;
        clock.advance(MINUTE * minutes);
        settle().await;
        assert!(!call.is_finished());
        hand.head("application/json");
        hand.send(r#"{"content":[{"type":"text","text":"at last"}]}"#);
        hand.end();
        assert_eq!(soon(call).await.unwrap().unwrap().text(), "at last");
    }
}

#[tokio::test]
async fn first_byte_timeout_applies_to_a_slow_server_over_http() {
    let bedrock = LocalBedrock::builder().verify_signatures(false).start().await.unwrap();
    let clock = Clock::at(THEN);
    for (limit, fault) in [(None, Fault::delay(Duration::from_millis(150))), (Some(MINUTE * 2), Fault::hang())] {
        bedrock.clear();
        bedrock.faults().push(fault);
        let timeouts = limit.map_or(Timeouts::default(), |limit| Timeouts::default().with_first_byte(limit));
        let chat = calling(&bedrock).runtime(clock.clone()).timeouts(timeouts).retry(RetryPolicy::never());
        let chat = chat.build().unwrap();
        let call = tokio::spawn(async move { chat.invoke("hello").await });
        until("the request arrives", || bedrock.requests().len() == 1).await;
        clock.advance(MINUTE * 3);
        let answer = soon(call).await.unwrap();
        assert_eq!(answer.is_ok(), limit.is_none(), "{answer:?}");
        if let Err(error) = answer {
            assert_eq!(error.kind(), ErrorKind::Timeout);
            assert!(error.message().contains("120000 ms") && error.message().contains("head"), "{error}");
        }
    }
}

#[tokio::test]
async fn idle_timeout_does_not_end_a_slow_stream() {
    let (chat, mut hand, clock) = by_hand(idle(MINUTE));
    hand.stream();
    hand.send(chunk(&delta("0")));
    let mut stream = soon(chat.stream("hello")).await.unwrap();
    soon(stream.next()).await.unwrap().unwrap();
    for n in 1..50 {
        let waiting = tokio::spawn(async move {
            let item = stream.next().await;
            (stream, item)
        });
        settle().await;
        clock.advance(MINUTE.mul_f64(0.9));
        settle().await;
        assert!(!waiting.is_finished(), "after {n} drops");
        hand.send(chunk(&delta("x")));
        let (back, item) = soon(waiting).await.unwrap();
        assert!(matches!(item, Some(Ok(ChatEvent::Text { .. }))), "{n}: {item:?}");
        stream = back;
    }
    hand.send(chunk(&json!({"type": "message_stop"})));
    hand.end();
    assert!(soon(stream.message()).await.is_ok());
}

#[tokio::test]
async fn idle_timeout_restarts_with_every_piece() {
    let (chat, mut hand, clock) = by_hand(idle(MINUTE));
    hand.stream();
    hand.send(chunk(&delta("a")));
    let mut stream = soon(chat.stream("hello")).await.unwrap();
    soon(stream.next()).await.unwrap().unwrap();
    // Half a frame also restarts the timeout.
    let second = chunk(&delta("b"));
    let waiting = tokio::spawn(async move {
        let item = stream.next().await;
        (stream, item)
    });
    settle().await;
    clock.advance(MINUTE.mul_f64(0.9));
    hand.send(second[..20].to_vec());
    settle().await;
    clock.advance(MINUTE.mul_f64(0.9));
    settle().await;
    assert!(!waiting.is_finished());
    clock.advance(MINUTE * 2);
    let (mut stream, item) = soon(waiting).await.unwrap();
    let error = item.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.partial().unwrap().text().as_str()), (ErrorKind::Timeout, "a"));
    assert!(stream.next().await.is_none());
    hand.let_go().await;
}

#[tokio::test]
async fn idle_timeout_is_accurate_within_a_few_percent() {
    for last_piece in [0.02, 0.3, 0.5, 0.9, 0.98] {
        let (chat, mut hand, clock) = by_hand(idle(MINUTE));
        hand.stream();
        hand.send(chunk(&delta("a")));
        let mut stream = soon(chat.stream("hello")).await.unwrap();
        soon(stream.next()).await.unwrap().unwrap();
        let waiting = tokio::spawn(async move { stream.message().await.unwrap_err() });
        settle().await;
        // Pieces arrive, the last one within the timer's minute.
        for _ in 0..10 {
            clock.advance(MINUTE.mul_f64(last_piece / 10.0));
            hand.send(chunk(&delta("b")));
            settle().await;
        }
        let timers = clock.slept().len();
        for _ in 0..97 {
            clock.advance(MINUTE.mul_f64(0.01));
            settle().await;
            assert!(!waiting.is_finished(), "before the limit, {last_piece}");
        }
        for _ in 0..6 {
            clock.advance(MINUTE.mul_f64(0.01));
            settle().await;
        }
        assert!(waiting.is_finished(), "103 % of the limit after the last piece, {last_piece}");
        assert_eq!(waiting.await.unwrap().kind(), ErrorKind::Timeout);
        assert!(timers <= 3, "there must not be a timer for each piece: {timers}");
    }
}

#[tokio::test]
async fn idle_timeout_ignores_a_slow_reader() {
    let (chat, mut hand, clock) = by_hand(idle(MINUTE));
    hand.stream();
    hand.send(chunk(&delta("a")));
    let mut stream = soon(chat.stream("hello")).await.unwrap();
    soon(stream.next()).await.unwrap().unwrap();
    let waiting = tokio::spawn(async move {
        let item = stream.next().await;
        (stream, item)
    });
    settle().await;
    hand.send(chunk(&delta("b")));
    let (mut stream, _) = soon(waiting).await.unwrap();
    hand.send(chunk(&delta("c")));
    // The caller does not poll for an hour. Pieces that have arrived are still there.
    clock.advance(MINUTE * 60);
    let item = soon(stream.next()).await;
    assert!(matches!(&item, Some(Ok(ChatEvent::Text { text, .. })) if text == "c"), "{item:?}");
    clock.advance(MINUTE * 60);
    hand.send(chunk(&json!({"type": "message_stop"})));
    hand.end();
    assert!(soon(stream.message()).await.is_ok());
}

#[tokio::test]
async fn idle_timeout_with_the_real_clock_allows_a_slow_stream() {
    let bedrock = LocalBedrock::start().await.unwrap();
    // A pause on a busy machine is shorter than the limit.
    let limit = Duration::from_secs(3);
    let chat = calling(&bedrock).timeouts(idle(limit)).retry(RetryPolicy::never()).build().unwrap();
    let pause = Duration::from_millis(100);
    bedrock.faults().push(Fault::drip(pause));
    let question = &"a question of some length, so that the answer is as long again and has many pieces; ".repeat(3);
    let mut stream = chat.stream(question.as_str()).await.unwrap();
    let mut pieces = 0;
    while let Some(event) = stream.next().await {
        event.unwrap();
        pieces += 1;
    }
    assert!(stream.so_far().text().contains(question));
    assert!(pause * pieces > limit, "{pieces} pieces");
}

#[tokio::test]
async fn first_byte_timeout_ends_a_hanging_call() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let timeouts = Timeouts::default().with_first_byte(Duration::from_millis(60));
    let chat = calling(&bedrock).timeouts(timeouts).retry(RetryPolicy::never()).build().unwrap();
    bedrock.faults().push(Fault::hang().forever());
    let error = soon(chat.invoke("hello")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1));
    // A busy machine may not have sent the request.
    until("the connection is closed", || bedrock.requests().iter().all(|request| request.closed_by_client())).await;
    let error = soon(chat.stream("hello")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn timeouts_of_the_longest_durations_work() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for longest in [Duration::MAX, Duration::from_secs(u64::MAX), Duration::from_secs(30 * 24 * 3600)] {
        let timeouts =
            Timeouts::default().with_connect(longest).with_first_byte(longest).with_idle(longest).with_total(longest);
        let policy = RetryPolicy::default().with_max_delay(longest).with_base_delay(Duration::ZERO);
        let chat = calling(&bedrock).timeouts(timeouts).retry(policy).build().unwrap();
        bedrock.faults().push(Fault::error(503, "ServiceUnavailableException", "x"));
        bedrock.faults().push(Fault::new().with_drip(Duration::from_millis(2)));
        assert!(soon(chat.stream("hello").await.unwrap().message()).await.is_ok());
        assert!(soon(chat.invoke("hello")).await.is_ok());
    }
    // A delay of thirty years does not overflow.
    bedrock.clear();
    bedrock.faults().push(Fault::error(429, "ThrottlingException", "x").header("retry-after", "1e9"));
    let patient = RetryPolicy::default().with_max_delay(Duration::MAX);
    let chat = calling(&bedrock).retry(patient).build().unwrap();
    let call = tokio::spawn(async move { chat.invoke("hello").await });
    until("the first attempt fails", || {
        bedrock.requests().first().is_some_and(|request| request.outcome == Outcome::Complete)
    })
    .await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!call.is_finished());
    assert_eq!(bedrock.requests().len(), 1);
    call.abort();
}

#[tokio::test]
async fn call_without_timeouts_waits_for_any_time() {
    let (chat, mut hand, clock) = by_hand(crate::support::no_timeouts());
    let call = tokio::spawn(async move { chat.invoke("hello").await });
    settle().await;
    clock.advance(MINUTE * 60 * 24 * 365);
    settle().await;
    assert!(!call.is_finished() && clock.slept().is_empty());
    hand.head("application/json");
    hand.send(r#"{"content":[]}"#);
    hand.end();
    assert!(soon(call).await.unwrap().is_ok());
}
