//! Cancellation: dropping a call or a stream closes its connection, so that the model stops.
//! The server notices within a second and receives no further request.

use std::time::Duration;

use local_bedrock::{Fault, LocalBedrock, Outcome};

use crate::support::{ByHand, Clock, THEN, calling, chunk, expire, no_timeouts, over, soon, until};

fn delta(text: &str) -> serde_json::Value {
    serde_json::json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})
}

/// Enough time for another attempt to arrive, if it were made.
async fn a_while() {
    tokio::time::sleep(Duration::from_millis(80)).await;
}

#[tokio::test]
async fn cancelled_call_before_the_headers_closes_the_connection() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    bedrock.faults().push(Fault::hang().forever());
    for stream in [false, true] {
        bedrock.faults().push(Fault::hang().forever());
        let chat = chat.clone();
        let call = tokio::spawn(async move {
            match stream {
                true => chat.stream("hello").await.map(drop),
                false => chat.invoke("hello").await.map(drop),
            }
        });
        until("the request arrives", || bedrock.requests().len() == 1).await;
        assert_eq!(bedrock.requests()[0].outcome, Outcome::Pending);
        call.abort();
        until("the server sees the close", || bedrock.requests()[0].closed_by_client()).await;
        a_while().await;
        assert_eq!(bedrock.requests().len(), 1, "no further attempt");
        bedrock.clear();
    }
}

#[tokio::test]
async fn cancelled_stream_closes_the_connection() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    for as_text in [false, true] {
        bedrock.clear();
        bedrock.faults().push(Fault::drip(Duration::from_millis(15)));
        let mut stream = chat.stream("a long story that takes a while to tell").await.unwrap();
        stream.next().await.unwrap().unwrap();
        match as_text {
            true => {
                let mut text = stream.text();
                text.next().await.unwrap().unwrap();
                drop(text);
            }
            false => drop(stream),
        }
        until("the server sees the close", || bedrock.requests()[0].closed_by_client()).await;
        let sent = bedrock.requests()[0].frames_sent;
        a_while().await;
        let requests = bedrock.requests();
        assert_eq!((requests.len(), requests[0].frames_sent), (1, sent), "nothing more was made");
    }
}

#[tokio::test]
async fn cancelled_call_during_the_body_closes_the_connection() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    bedrock.faults().push(Fault::new().chunk_size(10).silence_after(3));
    let call = tokio::spawn(async move { chat.invoke("hello").await });
    until("a part is sent", || bedrock.requests().first().is_some_and(|request| request.frames_sent == 3)).await;
    call.abort();
    until("the server sees the close", || bedrock.requests()[0].closed_by_client()).await;
}

#[tokio::test]
async fn cancelled_call_between_retries_sends_no_more() {
    let bedrock = LocalBedrock::builder().verify_signatures(false).start().await.unwrap();
    for (stream, dropped) in [(false, true), (true, true), (false, false)] {
        bedrock.clear();
        bedrock.faults().push(Fault::error(503, "ServiceUnavailableException", "x").forever());
        let clock = Clock::at(THEN);
        let chat = calling(&bedrock).runtime(clock.clone()).timeouts(no_timeouts()).build().unwrap();
        let call = tokio::spawn(async move {
            match stream {
                true => chat.stream("hello").await.map(drop),
                false => chat.invoke("hello").await.map(drop),
            }
        });
        until("it waits to try again", || !clock.slept().is_empty()).await;
        if dropped {
            call.abort();
            assert!(call.await.unwrap_err().is_cancelled());
        }
        clock.advance(Duration::from_secs(3600));
        match dropped {
            true => a_while().await,
            false => until("else it would have", || bedrock.requests().len() == 2).await,
        }
        assert_eq!(bedrock.requests().len(), if dropped { 1 } else { 2 });
    }
}

#[tokio::test]
async fn idle_timeout_closes_the_connection() {
    let bedrock = LocalBedrock::builder().verify_signatures(false).start().await.unwrap();
    let (clock, limit) = (Clock::at(THEN), Duration::from_secs(60));
    let chat = calling(&bedrock).runtime(clock.clone()).timeouts(no_timeouts().with_idle(limit)).build().unwrap();
    bedrock.faults().push(Fault::hang_after_frames(4));
    let mut stream = chat.stream("hello there").await.unwrap();
    let reading = tokio::spawn(async move {
        while let Some(Ok(_)) = stream.next().await {}
        stream
    });
    let mut stream = expire(&clock, limit, reading).await;
    // The stream is not dropped yet. An ended stream must close the connection by itself.
    until("the server sees the close", || bedrock.requests()[0].closed_by_client()).await;
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn stream_error_closes_the_connection() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    bedrock.faults().push(Fault::flip_bit(2000).with_drip(Duration::from_millis(10)));
    let mut stream = chat.stream("a long story that takes a while to tell").await.unwrap();
    let mut failed = false;
    while let Some(item) = soon(stream.next()).await {
        failed = item.is_err();
    }
    assert!(failed);
    until("the server sees the close", || bedrock.requests()[0].closed_by_client()).await;
}

#[tokio::test]
async fn cancelled_stream_drops_its_body_with_any_transport() {
    let (transport, mut hand) = ByHand::new();
    let chat = over(transport).build().unwrap();
    hand.stream();
    hand.send(chunk(&delta("Bon")));
    let stream = soon(chat.stream("hello")).await.unwrap();
    drop(stream);
    hand.let_go().await;
}

#[tokio::test]
async fn cancelled_stream_has_a_partial_message() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    let mut stream = chat.stream("hello there").await.unwrap();
    while stream.so_far().text().is_empty() {
        stream.next().await.unwrap().unwrap();
    }
    let heard = stream.so_far();
    drop(stream);
    assert_eq!(heard.stop_reason, None);
    let history =
        vec![bedrock_chat::Message::human("hello there"), heard.into(), bedrock_chat::Message::human("go on")];
    assert!(chat.invoke(history).await.unwrap().text().contains("go on"));
}
