//! Frames of a stream that are not chunks: exceptions, errors and unknown events.

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{ChatEvent, Content, ErrorKind, StopReason};
use local_bedrock::{Fault, LocalBedrock};
use serde_json::{Value, json};

use crate::support::{
    Course, EVENT_STREAM, at_once, calling, chunk, chunks, course, event, frame, over, streamed, vector,
};

fn delta(text: &str) -> Value {
    json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})
}

fn stop() -> Value {
    json!({"type": "message_stop"})
}

async fn read(bytes: Vec<u8>) -> Course {
    let transport = MemoryTransport::new([Reply::new(200, EVENT_STREAM, bytes)]);
    course(&mut over(transport).build().unwrap().stream("hello").await.unwrap()).await
}

#[tokio::test]
async fn stream_exception_after_content_is_not_retried() {
    let bytes = [chunks(&[delta("Bon"), delta("jour")]), vector(include_str!("vectors/exception.hex"))].concat();
    let transport = MemoryTransport::new([Reply::new(200, EVENT_STREAM, bytes), Reply::chunks([])]);
    let chat = over(transport.clone()).build().unwrap();
    let course = course(&mut chat.stream("hello").await.unwrap()).await;
    assert_eq!(course.events.len(), 2);
    let error = course.error();
    assert_eq!((error.kind(), error.aws_type()), (ErrorKind::Throttled, Some("throttlingException")));
    assert_eq!(error.message(), "Too many tokens");
    assert!(error.is_transient() && !error.is_retryable(), "the model has worked for it");
    assert_eq!(error.partial().unwrap().text(), "Bonjour");
    assert_eq!((error.attempts(), transport.requests().len()), (1, 1));
}

#[tokio::test]
async fn stream_exceptions_have_their_kinds_over_http() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    for (name, kind, retryable) in [
        ("throttlingException", ErrorKind::Throttled, true),
        ("modelStreamErrorException", ErrorKind::Service, true),
        ("internalServerException", ErrorKind::Service, true),
        ("serviceUnavailableException", ErrorKind::Service, true),
        ("modelTimeoutException", ErrorKind::Timeout, false),
        ("validationException", ErrorKind::Validation, false),
    ] {
        bedrock.clear();
        bedrock.faults().push(Fault::exception_frame(4, name, "so it is").forever());
        let mut stream = chat.stream("hello there").await.unwrap();
        let later = course(&mut stream).await;
        let error = later.error();
        assert_eq!((error.kind(), error.is_retryable()), (kind, false), "{name}: the model has worked for it");
        assert_eq!((error.aws_type(), error.message()), (Some(name), "so it is"));
        assert_eq!(error.partial().unwrap().text(), later.text());
        assert!(!later.text().is_empty() && error.request_id().is_some());
        assert_eq!(bedrock.requests().len(), 1, "not sent again");

        bedrock.clear();
        bedrock.faults().push(Fault::exception_frame(0, name, "so it is").forever());
        let error = chat.stream("hello there").await.unwrap_err();
        assert_eq!((error.kind(), error.message()), (kind, "so it is"));
        let attempts = if retryable { 3 } else { 1 };
        assert_eq!((error.attempts(), bedrock.requests().len()), (attempts, attempts as usize), "{name} comes first");
        assert!(error.request_id().is_some());
    }
}

#[tokio::test]
async fn stream_exception_before_content_is_retried() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    bedrock.faults().push(Fault::exception_frame(0, "throttlingException", "Too many tokens").times(2));
    let reply = chat.stream("hello").await.unwrap().message().await.unwrap();
    assert!(reply.text().contains("hello"));
    assert_eq!(bedrock.requests().len(), 3);
}

#[tokio::test]
async fn gathered_stream_is_resent_if_paid_resend_is_allowed() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).streaming(true).retry(at_once().with_paid_resend(true)).build().unwrap();
    for failure in [
        Fault::exception_frame(5, "throttlingException", "Too many tokens"),
        Fault::error_frame(4, "internalFailure", "boom"),
        Fault::error(503, "ServiceUnavailableException", "Down"),
    ] {
        bedrock.clear();
        bedrock.faults().push(failure.clone().times(2));
        let reply = chat.invoke("hello there").await.unwrap_or_else(|error| panic!("{failure:?}: {error}"));
        assert!(reply.text().ends_with("You said: hello there"), "all of it, and once: {}", reply.text());
        assert_eq!(bedrock.requests().len(), 3, "{failure:?}");
    }
    bedrock.clear();
    bedrock.faults().push(Fault::exception_frame(5, "throttlingException", "Too many tokens").forever());
    let error = chat.invoke("hello there").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), bedrock.requests().len()), (ErrorKind::Throttled, 3, 3));
    assert!(!error.partial().unwrap().text().is_empty(), "what came of the last attempt is kept");
    bedrock.clear();
    bedrock.faults().push(Fault::exception_frame(5, "validationException", "No"));
    assert_eq!(chat.invoke("hello there").await.unwrap_err().kind(), ErrorKind::Validation);
    assert_eq!(bedrock.requests().len(), 1, "what cannot help is not done");
    // A call that may have been paid for is not sent again without this setting.
    let chat = calling(&bedrock).streaming(true).build().unwrap();
    bedrock.clear();
    bedrock.faults().push(Fault::cut_after_frames(6));
    let error = chat.invoke("hello there").await.unwrap_err();
    assert_eq!((error.kind(), bedrock.requests().len()), (ErrorKind::Truncated, 1));
    assert!(error.is_transient() && !error.is_retryable() && !error.partial().unwrap().text().is_empty());
}

#[tokio::test]
async fn context_overflow_in_a_stream_has_its_kind() {
    let bedrock = LocalBedrock::start().await.unwrap();
    bedrock.faults().push(Fault::exception_frame(0, "validationException", "Input is too long for requested model."));
    let error = calling(&bedrock).build().unwrap().stream("hello").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ContextOverflow);
}

#[tokio::test]
async fn stream_error_frame_is_read_from_its_headers() {
    let bedrock = LocalBedrock::start().await.unwrap();
    bedrock.faults().push(Fault::error_frame(4, "internalFailure", "boom"));
    let course = course(&mut calling(&bedrock).build().unwrap().stream("hello there").await.unwrap()).await;
    let error = course.error();
    assert_eq!(
        (error.kind(), error.aws_type(), error.message()),
        (ErrorKind::Service, Some("internalFailure"), "boom")
    );
    assert!(error.partial().is_some());
}

#[tokio::test]
async fn stream_exception_without_message_or_name_is_an_error() {
    let nameless = frame(&[(":message-type", "exception")], "");
    let wordless = frame(&[(":message-type", "exception"), (":exception-type", "newException")], "{}");
    let no_json = frame(&[(":message-type", "exception"), (":exception-type", "newException")], "it broke");
    let no_code = frame(&[(":message-type", "error")], "");
    for bytes in [nameless, wordless, no_json, no_code] {
        let course = read([chunk(&delta("Bon")), bytes].concat()).await;
        assert_eq!((course.error().kind(), course.text().as_str()), (ErrorKind::Service, "Bon"));
        assert!(!course.error().message().is_empty() && !course.error().is_retryable());
    }
}

#[tokio::test]
async fn provider_error_in_a_stream_chunk_is_an_error() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let overloaded = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
    let chat = calling(&bedrock).build().unwrap();
    bedrock.faults().push(Fault::chunk_frame(4, overloaded.clone()));
    let later = course(&mut chat.stream("hello there").await.unwrap()).await;
    let error = later.error();
    assert_eq!((error.aws_type(), error.message()), (Some("overloaded_error"), "Overloaded"));
    assert!(error.is_transient() && !error.is_retryable() && !later.text().is_empty());
    assert_eq!(error.partial().unwrap().text(), later.text());
    bedrock.clear();
    bedrock.faults().push(Fault::chunk_frame(0, overloaded));
    assert!(chat.stream("hello there").await.unwrap().message().await.is_ok(), "it came first, so it was tried again");
    assert_eq!(bedrock.requests().len(), 2);
}

#[tokio::test]
async fn unknown_stream_frames_and_events_are_kept() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    let plain = chat.stream("hello there").await.unwrap().message().await.unwrap();
    let of_the_future = json!({"type": "mood_event", "mood": "good"});
    bedrock.faults().push(Fault::unknown_frame(0).unknown(4).chunk(5, of_the_future.clone()));
    let mut stream = chat.stream("hello there").await.unwrap();
    let course = course(&mut stream).await;
    assert!(course.error.is_none());
    let names: Vec<&str> = course
        .events
        .iter()
        .filter_map(|event| match event {
            ChatEvent::Unknown { name, .. } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(names, ["eventOfTheFuture", "eventOfTheFuture", "mood_event"]);
    let message = stream.so_far();
    assert_eq!((message.text(), &message.stop_reason), (plain.text(), &plain.stop_reason));
    let kept = message.metadata("unknown_events").unwrap().read_as::<Vec<Value>>().unwrap();
    assert_eq!(kept.len(), 3);
    assert_eq!(kept[2], of_the_future);
}

#[tokio::test]
async fn stream_pings_and_extra_members_are_ignored() {
    let bare = |json: &Value| {
        let payload = json!({"bytes": aws_smithy_types::base64::encode(json.to_string()), "news": [1]});
        frame(&[(":event-type", "chunk"), (":message-type", "event")], payload.to_string())
    };
    let pings = [chunk(&json!({"type": "ping"})), event("ping", &json!({}))].concat();
    let stream = [pings.clone(), bare(&delta("Bon")), pings, bare(&delta("jour")), bare(&stop())].concat();
    let course = read(stream).await;
    assert!(course.error.is_none());
    assert_eq!(course.text(), "Bonjour");
}

#[tokio::test]
async fn unknown_block_is_kept_and_replayed() {
    let news = json!({"type": "hologram", "id": "h1", "beams": [1, 2.50]});
    let stream = [
        json!({"type": "content_block_start", "index": 0, "content_block": news}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "glitter_delta", "glitter": 3}}),
        json!({"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Bonjour"}}),
        json!({"type": "content_block_stop", "index": 1}),
        json!({"type": "message_delta", "delta": {"stop_reason": "brand_new", "stop_sequence": null}}),
        stop(),
    ];
    let message = streamed(&stream).await.message().await.unwrap();
    let Content::Raw(raw) = &message.content[0] else { panic!("{message:?}") };
    assert_eq!(raw.block, news);
    assert_eq!(message.text(), "Bonjour");
    assert_eq!(message.stop_reason, Some(StopReason::Other("brand_new".into())));
    assert!(message.metadata("unknown_events").unwrap().as_str().contains("glitter"));

    let transport = MemoryTransport::new([Reply::json(200, r#"{"content":[]}"#)]);
    let history = [bedrock_chat::Message::human("hello"), message.into(), bedrock_chat::Message::human("again")];
    over(transport.clone()).build().unwrap().invoke(history).await.unwrap();
    let body: Value = serde_json::from_slice(&transport.requests()[0].body).unwrap();
    assert_eq!(body["messages"][1]["content"], json!([news, {"type": "text", "text": "Bonjour"}]));
}
