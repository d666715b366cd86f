//! Streams that are damaged, cut, or fall silent: exactly one error at once, with the partial message, and then
//! `None`.

use std::time::Duration;

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{ChatEvent, ErrorKind, RetryPolicy, Timeouts};
use local_bedrock::{Fault, LocalBedrock};
use serde_json::{Value, json};

use crate::support::{
    Clock, Course, EVENT_STREAM, THEN, calling, chunk, chunks, course, expire, frames_of, no_timeouts, over, soon,
};

fn delta(text: &str) -> Value {
    json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})
}

fn stop() -> Value {
    json!({"type": "message_stop"})
}

/// Reads a stream of these bytes. An error before the first event also counts as its error.
async fn read(bytes: Vec<u8>) -> Course {
    let transport = MemoryTransport::new([Reply::new(200, EVENT_STREAM, bytes)]);
    let chat = over(transport).retry(RetryPolicy::never()).build().unwrap();
    match soon(chat.stream("hello")).await {
        Ok(mut stream) => course(&mut stream).await,
        Err(error) => Course { events: Vec::new(), error: Some(error) },
    }
}

#[tokio::test]
async fn stream_cut_in_the_last_frame_is_truncated() {
    let good = chunks(&[delta("Bon"), delta("jour"), stop()]);
    let last = frames_of(&good)[2].clone();
    assert!(read(good.clone()).await.error.is_none());
    for end in last.start..last.end {
        let course = read(good[..end].to_vec()).await;
        assert_eq!(course.error().kind(), ErrorKind::Truncated, "at {end}");
        assert_eq!(course.text(), "Bonjour");
        assert_eq!(course.error().partial().unwrap().text(), "Bonjour");
        assert_eq!(course.error().partial().unwrap().stop_reason, None);
    }
}

#[tokio::test]
async fn stream_cut_after_message_stop_is_truncated() {
    let stopped = chunks(&[delta("Bonjour"), stop()]);
    let more = chunk(&json!({"type": "news"}));
    let course = read([&stopped[..], &more[..30]].concat()).await;
    assert_eq!((course.error().kind(), course.text().as_str()), (ErrorKind::Truncated, "Bonjour"));
}

#[tokio::test]
async fn stream_that_ends_before_message_stop_is_truncated() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    let whole = chat.stream("hello there").await.unwrap().message().await.unwrap();
    let frames = bedrock.requests()[0].frames_sent;
    assert!(frames > 6, "{frames}");
    let mut resent = 0;
    for count in 0..frames {
        bedrock.clear();
        bedrock.faults().push(Fault::end_after_frames(count));
        let mut stream = chat.stream("hello there").await.unwrap();
        if bedrock.requests().len() == 2 {
            // Nothing of the message had arrived.
            resent += 1;
            assert_eq!(stream.message().await.unwrap().text(), whole.text(), "after {count}");
            continue;
        }
        let course = course(&mut stream).await;
        let error = course.error();
        assert_eq!(error.kind(), ErrorKind::Truncated, "after {count}: {error}");
        assert!(error.is_transient() && !error.is_retryable(), "after {count}: {error}");
        let partial = error.partial().unwrap();
        assert!(
            !partial.text().is_empty() && whole.text().starts_with(&partial.text()) && partial.text() == course.text()
        );
        assert_eq!(partial, &stream.so_far(), "the stream tells what the error tells");
        assert_eq!(error.request_id(), stream.request_id());
        assert!(error.request_id().is_some() && error.attempts() == 1);
    }
    assert_eq!(resent, 3, "no frame, the start of the message, the start of its block");
}

#[tokio::test]
async fn stream_cut_inside_any_frame_is_truncated() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).retry(RetryPolicy::never()).build().unwrap();
    let whole = chat.stream("hello there").await.unwrap().message().await.unwrap();
    let frames = bedrock.requests()[0].frames_sent;
    for number in 0..frames {
        bedrock.faults().push(Fault::truncate_frame(number));
        let error = match chat.stream("hello there").await {
            Ok(mut stream) => course(&mut stream).await.error.expect("an error"),
            Err(error) => error,
        };
        assert_eq!(error.kind(), ErrorKind::Truncated, "{number}: {error}");
        let text = error.partial().map(|partial| partial.text()).unwrap_or_default();
        assert!(whole.text().starts_with(&text));
    }
}

#[tokio::test]
async fn broken_connection_differs_from_an_end_of_stream() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    for frames in [4, 5, 6] {
        bedrock.clear();
        bedrock.faults().push(Fault::cut_after_frames(frames));
        let mut stream = chat.stream("hello there").await.unwrap();
        let course = course(&mut stream).await;
        let error = course.error();
        assert_eq!(error.kind(), ErrorKind::Truncated);
        assert!(error.message().contains("connection"), "{error}");
        assert_eq!(error.partial().unwrap().text(), course.text());
        assert_eq!(bedrock.requests().len(), 1, "not sent again once something was delivered");
    }
    bedrock.clear();
    bedrock.faults().push(Fault::cut_after_bytes(30).times(2));
    assert!(chat.stream("hello").await.unwrap().message().await.is_ok(), "nothing was delivered, so it is sent again");
    assert_eq!(bedrock.requests().len(), 3);
}

#[tokio::test]
async fn stream_with_one_flipped_bit_is_a_frame_error() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).retry(RetryPolicy::never()).build().unwrap();
    let stream = chunks(&[delta("Bon"), delta("jour"), delta("!"), stop()]);
    let frame = frames_of(&stream)[2].clone();
    let (prelude, header, payload, checksum) = (0, 14, 120, frame.len() - 1);
    for place in [prelude, 5, 9, header, payload, checksum] {
        let fault = Fault::reply(200, EVENT_STREAM, &stream).chunk_size(50).flip(frame.start + place);
        let mut damaged = stream.clone();
        damaged[frame.start + place] ^= 1;
        bedrock.faults().push(Fault { flip_bit: None, ..fault }.body(damaged));
        let course = course(&mut chat.stream("hello").await.unwrap()).await;
        assert_eq!(course.error().kind(), ErrorKind::Frame, "{place}: {:?}", course.error);
        assert_eq!(course.text(), "Bonjour", "what was whole was delivered");
        assert_eq!(course.error().partial().unwrap().text(), "Bonjour");
    }
    for place in [0, 100, 300, 700] {
        bedrock.faults().push(Fault::flip_bit(place));
        let error = match chat.stream("hello there").await {
            Ok(mut stream) => course(&mut stream).await.error.expect("an error"),
            Err(error) => error,
        };
        assert_eq!(error.kind(), ErrorKind::Frame, "{place}: {error}");
        assert!(error.message().contains("checksum"), "{error}");
    }
}

#[tokio::test]
async fn frame_with_an_impossible_length_is_refused_at_once() {
    let prelude = |total: u32, headers: u32| {
        let mut bytes = [total.to_be_bytes(), headers.to_be_bytes()].concat();
        bytes.extend(crc32(&bytes).to_be_bytes());
        bytes
    };
    for (total, headers) in [(0, 0), (15, 0), (u32::MAX, 0), (16 * 1024 * 1024 + 1, 0), (100, 85), (100, u32::MAX)] {
        let mut bytes = chunk(&delta("Bon"));
        bytes.extend(prelude(total, headers));
        // The connection stays open: a decoder that waits for the rest would wait for ever.
        let transport = MemoryTransport::new([Reply::new(200, EVENT_STREAM, bytes).that_stalls()]);
        let chat = over(transport).timeouts(Timeouts::default().with_idle(None)).build().unwrap();
        let course = course(&mut chat.stream("hello").await.unwrap()).await;
        assert_eq!(course.error().kind(), ErrorKind::Frame, "{total} {headers}");
        assert_eq!(course.text(), "Bon");
    }
}

/// CRC-32 (IEEE), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { crc >> 1 ^ 0xEDB8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

#[tokio::test]
async fn frame_header_of_unknown_type_is_refused_in_a_stream() {
    let good = chunk(&delta("Bon"));
    let mut bad = chunk(&delta("jour"));
    let type_of_first_header = 12 + 1 + ":event-type".len();
    assert_eq!(bad[type_of_first_header], 7, "a string");
    bad[type_of_first_header] = 10;
    let end = bad.len() - 4;
    let checksum = crc32(&bad[..end]);
    bad[end..].copy_from_slice(&checksum.to_be_bytes());
    let course = read([good, bad].concat()).await;
    assert_eq!((course.error().kind(), course.text().as_str()), (ErrorKind::Frame, "Bon"));
}

#[tokio::test]
async fn stream_chunk_not_json_or_base64_is_a_decode_error() {
    use crate::support::event;
    let not_base64 = event("chunk", &json!({"bytes": "%%%"}));
    let not_json = event("chunk", &json!({"bytes": aws_smithy_types::base64::encode("{\"type\":")}));
    let not_even = crate::support::frame(&[(":event-type", "chunk"), (":message-type", "event")], b"\xff\xfe");
    for bad in [not_base64, not_json, not_even] {
        let course = read([chunk(&delta("Bon")), bad, chunk(&stop())].concat()).await;
        assert_eq!((course.error().kind(), course.text().as_str()), (ErrorKind::Decode, "Bon"));
    }
}

#[tokio::test]
async fn idle_timeout_is_an_error_with_the_partial_message() {
    let bedrock = LocalBedrock::builder().verify_signatures(false).start().await.unwrap();
    let clock = Clock::at(THEN);
    let limit = Duration::from_millis(150);
    let chat = calling(&bedrock).runtime(clock.clone()).timeouts(no_timeouts().with_idle(limit));
    let chat = chat.retry(RetryPolicy::never()).build().unwrap();
    bedrock.faults().push(Fault::hang_after_frames(4));
    let mut stream = chat.stream("hello there").await.unwrap();
    let mut said = String::new();
    while said.is_empty() {
        if let ChatEvent::Text { text, .. } = soon(stream.next()).await.unwrap().unwrap() {
            said.push_str(&text);
        }
    }
    let reading = tokio::spawn(async move { course(&mut stream).await });
    let course = expire(&clock, limit, reading).await;
    let error = course.error();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.message().contains("150 ms"), "{error}");
    assert_eq!(error.partial().unwrap().text(), said + &course.text());
}

#[tokio::test]
async fn idle_timeout_applies_after_the_response_headers() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let timeouts = Timeouts::default().with_idle(Duration::from_millis(60));
    let chat = calling(&bedrock).timeouts(timeouts).retry(RetryPolicy::never()).build().unwrap();
    bedrock.faults().push(Fault::hang_after_frames(0).forever());
    let error = soon(chat.stream("hello")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1));
    assert!(error.request_id().is_some(), "the headers had come: {error}");
    let error = soon(chat.invoke("hello")).await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Timeout, 1));
    assert!(error.request_id().is_some(), "the headers had come: {error}");
}

#[tokio::test]
async fn stream_without_a_frame_is_truncated() {
    let course = read(Vec::new()).await;
    assert_eq!(course.error().kind(), ErrorKind::Truncated);
}

#[tokio::test]
async fn text_stream_that_breaks_ends_with_the_error() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    bedrock.faults().push(Fault::cut_after_frames(6));
    let mut text = chat.stream("hello there").await.unwrap().text();
    let mut came = String::new();
    let error = loop {
        match soon(text.next()).await.expect("an error before the end") {
            Ok(piece) => came.push_str(&piece),
            Err(error) => break error,
        }
    };
    assert!(soon(text.next()).await.is_none());
    assert!(!came.is_empty() && text.so_far().text() == came);
    assert_eq!(error.into_partial().unwrap().text(), came);

    let gathering = calling(&bedrock).streaming(true).build().unwrap();
    bedrock.faults().push(Fault::end_after_frames(6).times(2));
    let streamed = chat.stream("hello there").await.unwrap().message().await.unwrap_err();
    let gathered = gathering.invoke("hello there").await.unwrap_err();
    assert!(!streamed.partial().unwrap().text().is_empty());
    assert_eq!(gathered.partial().unwrap().text(), streamed.partial().unwrap().text(), "invoke may stream beneath");
}
