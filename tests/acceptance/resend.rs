//! The calls that are sent again: never silently if they may have been paid for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{AiMessage, Api, BedrockChat, ChatEvent, Credentials, ErrorKind, ReqwestTransport, Result};
use local_bedrock::{Fault, LocalBedrock, RecordedRequest};
use tokio::net::TcpListener;

use crate::support::{
    ByHand, Clock, EVENT_STREAM, THEN, at_once, calling, calling_url, event, expire, keys, no_timeouts, over,
    read_request, soon, until,
};

/// Claude over both APIs, streamed directly and inside `invoke`.
fn streaming_chats(bedrock: &LocalBedrock) -> Vec<(BedrockChat, bool)> {
    let chat = |api, gathers| (calling(bedrock).api(api).streaming(gathers).build().unwrap(), gathers);
    [Api::Invoke, Api::Converse].into_iter().flat_map(|api| [chat(api, false), chat(api, true)]).collect()
}

async fn answer(chat: &BedrockChat, gathers: bool) -> Result<AiMessage> {
    match gathers {
        true => soon(chat.invoke("hello there")).await,
        false => soon(soon(chat.stream("hello there")).await?.message()).await,
    }
}

#[tokio::test]
async fn stream_that_ends_before_content_is_resent() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (chat, gathers) in streaming_chats(&bedrock) {
        for fault in [
            Fault::end_after_frames(0),
            Fault::end_after_frames(1),
            Fault::cut_after_frames(0),
            Fault::cut_after_frames(1),
            Fault::truncate_frame(0),
            Fault::reply(200, EVENT_STREAM, ""),
            Fault::reply(200, "application/json", ""),
        ] {
            bedrock.clear();
            bedrock.faults().push(fault.clone().times(2));
            let reply = answer(&chat, gathers).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
            assert!(reply.text().contains("hello there"));
            assert_eq!(bedrock.requests().len(), 3, "{fault:?}");
            bedrock.clear();
            bedrock.faults().push(fault.clone().forever());
            let error = answer(&chat, gathers).await.unwrap_err();
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::Truncated, 3), "{fault:?}: {error}");
            assert!(error.is_retryable() && error.is_transient(), "{fault:?}: {error}");
        }
    }
}

#[tokio::test]
async fn stream_without_a_frame_is_resent_for_every_family() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for model in [
        "anthropic.claude-v2:1",
        "amazon.nova-pro-v1:0",
        "openai.gpt-oss-120b-1:0",
        "meta.llama3-8b-instruct-v1:0",
        "mistral.mistral-7b-instruct-v0:2",
        "cohere.command-r-v1:0",
        "amazon.titan-text-express-v1",
        "deepseek.r1-v1:0",
    ] {
        for api in [Api::Invoke, Api::Converse] {
            let chat = BedrockChat::builder(model).region("us-east-1").credentials(keys()).api(api);
            let chat = chat.endpoint_url(bedrock.url()).retry(at_once()).build().unwrap();
            bedrock.clear();
            bedrock.faults().push(Fault::end_after_frames(0).times(2));
            let reply = answer(&chat, false).await.unwrap_or_else(|error| panic!("{model} {api:?}: {error}"));
            assert!(!reply.text().is_empty() && bedrock.requests().len() == 3, "{model} {api:?}");
        }
    }
}

#[tokio::test]
async fn unknown_events_are_held_back_up_to_a_limit() {
    let (transport, mut hand) = ByHand::new();
    let chat = over(transport).build().unwrap();
    hand.stream();
    for _ in 0..64 {
        hand.send(event("news", &serde_json::json!({})));
    }
    let mut stream = soon(chat.stream("hello")).await.unwrap();
    for _ in 0..64 {
        assert!(matches!(soon(stream.next()).await, Some(Ok(ChatEvent::Unknown { .. }))));
    }
}

#[tokio::test]
async fn stream_that_ends_after_content_is_not_resent() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (chat, gathers) in streaming_chats(&bedrock) {
        for fault in [Fault::end_after_frames(5), Fault::cut_after_frames(5), Fault::truncate_frame(5)] {
            bedrock.clear();
            bedrock.faults().push(fault.clone());
            let error = answer(&chat, gathers).await.unwrap_err();
            assert_eq!((error.kind(), bedrock.requests().len()), (ErrorKind::Truncated, 1), "{fault:?}: {error}");
            assert!(error.is_transient() && !error.is_retryable(), "{fault:?}: {error}");
            assert!(!error.partial().unwrap().text().is_empty());
        }
    }
    // The caller allows a second payment: a gathered reply is requested again, a delivered stream is not.
    for gathers in [true, false] {
        let chat = calling(&bedrock).streaming(gathers).retry(at_once().with_paid_resend(true)).build().unwrap();
        bedrock.clear();
        bedrock.faults().push(Fault::end_after_frames(5));
        assert_eq!(answer(&chat, gathers).await.is_ok(), gathers);
        assert_eq!(bedrock.requests().len(), if gathers { 2 } else { 1 });
    }
}

#[tokio::test]
async fn stream_cut_at_any_frame_is_resent_or_has_content() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (chat, gathers) in streaming_chats(&bedrock) {
        bedrock.clear();
        let whole = answer(&chat, gathers).await.unwrap();
        let frames = bedrock.requests()[0].frames_sent;
        let (mut resent, mut kept) = (0, 0);
        for count in 0..frames {
            for fault in [Fault::end_after_frames(count), Fault::cut_after_frames(count), Fault::truncate_frame(count)]
            {
                bedrock.clear();
                bedrock.faults().push(fault.clone());
                match (answer(&chat, gathers).await, bedrock.requests().len()) {
                    (Ok(reply), 2) => resent += usize::from(reply.text() == whole.text()),
                    // Nothing is missing if only the last frame is cut after the end of the message.
                    (Ok(reply), 1) => kept += usize::from(reply.text() == whole.text()),
                    (Err(error), 1) => kept += usize::from(!error.partial().unwrap().content.is_empty()),
                    (outcome, requests) => panic!("{fault:?}: {requests} requests, {outcome:?}"),
                }
            }
        }
        assert_eq!(resent + kept, 3 * frames);
        assert!(resent >= 3 && kept > resent, "{resent} {kept}");
    }
}

#[tokio::test]
async fn json_answer_cut_by_end_or_reset_is_the_same_error() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let whole = r#"{"content":[{"type":"text","text":"cut"}],"output":{"message":{"content":[{"text":"cut"}]}}}"#;
    for api in [Api::Invoke, Api::Converse] {
        let chat = calling(&bedrock).api(api).build().unwrap();
        for length in [1, 20, 40, whole.len() - 1] {
            for fault in [
                Fault::reply(200, "application/json", &whole[..length]).chunk_size(16),
                Fault::reply(200, "application/json", whole).cut_bytes(length),
            ] {
                bedrock.clear();
                bedrock.faults().push(fault.clone().forever());
                let error = soon(chat.invoke("hello")).await.unwrap_err();
                assert_eq!((error.kind(), bedrock.requests().len()), (ErrorKind::Truncated, 1), "{fault:?}: {error}");
                assert!(error.is_transient() && !error.is_retryable(), "{fault:?}: {error}");
                assert!(error.request_id().is_some());
            }
        }
        bedrock.clear();
        bedrock.faults().push(Fault::reply(200, "application/json", &whole[..40]).times(2));
        let chat = calling(&bedrock).api(api).retry(at_once().with_paid_resend(true)).build().unwrap();
        assert!(chat.invoke("hello").await.unwrap().text().contains("hello"), "allowed by the caller");
        assert_eq!(bedrock.requests().len(), 3);
    }
}

#[tokio::test]
async fn empty_success_is_not_resent_unless_allowed() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for api in [Api::Invoke, Api::Converse] {
        let chat = calling(&bedrock).api(api).build().unwrap();
        for fault in [
            Fault::reply(200, "application/json", ""),
            Fault::reply(200, "application/json", " \n"),
            Fault::reply(200, "application/json", "{}").cut_bytes(0),
        ] {
            bedrock.clear();
            bedrock.faults().push(fault.clone());
            let error = soon(chat.invoke("hello")).await.unwrap_err();
            assert_eq!((error.kind(), bedrock.requests().len()), (ErrorKind::Truncated, 1), "{fault:?}: {error}");
            assert!(error.is_transient() && !error.is_retryable(), "{fault:?}: {error}");
            bedrock.faults().push(fault.clone());
            let chat = calling(&bedrock).api(api).retry(at_once().with_paid_resend(true)).build().unwrap();
            assert!(soon(chat.invoke("hello")).await.unwrap().text().contains("hello"), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn exception_after_content_of_a_gathered_answer_is_not_resent() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for api in [Api::Invoke, Api::Converse] {
        let chat = calling(&bedrock).api(api).streaming(true).build().unwrap();
        for exception in ["throttlingException", "internalServerException", "modelStreamErrorException"] {
            bedrock.clear();
            bedrock.faults().push(Fault::exception_frame(5, exception, "busy").forever());
            let error = soon(chat.invoke("hello")).await.unwrap_err();
            assert!(error.partial().is_some_and(|partial| !partial.text().is_empty()), "{exception}: {error}");
            assert_eq!((bedrock.requests().len(), error.is_transient()), (1, true), "{api:?} {exception}: {error}");
        }
    }
}

#[tokio::test]
async fn complete_json_answer_survives_a_reset_after_it() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let whole = r#"{"content":[{"type":"text","text":"whole"}],"stop_reason":"end_turn"}"#;
    bedrock.faults().push(Fault::reply(200, "application/json", whole).cut_bytes(whole.len()));
    let reply = calling(&bedrock).build().unwrap().invoke("hello").await.unwrap();
    assert_eq!((reply.text().as_str(), bedrock.requests().len()), ("whole", 1));
}

#[tokio::test]
async fn gateway_status_is_resent_only_if_not_processed() {
    for (status, kind, attempts) in [
        (409, ErrorKind::Service, 3),
        (429, ErrorKind::Throttled, 3),
        (503, ErrorKind::Service, 3),
        (521, ErrorKind::Service, 3),
        (522, ErrorKind::Service, 3),
        (523, ErrorKind::Service, 3),
        (529, ErrorKind::Throttled, 3),
        (500, ErrorKind::Service, 1),
        (502, ErrorKind::Service, 1),
        (504, ErrorKind::Service, 1),
        (520, ErrorKind::Service, 1),
        (524, ErrorKind::Service, 1),
    ] {
        for (allowed, stream) in [(false, false), (false, true), (true, false)] {
            let replies = (0..3).map(|_| Reply::new(status, "text/html", "<h1>a gateway</h1>"));
            let transport = MemoryTransport::new(replies);
            let chat = over(transport.clone()).retry(at_once().with_paid_resend(allowed)).build().unwrap();
            let error = match stream {
                true => chat.stream("hello").await.unwrap_err(),
                false => chat.invoke("hello").await.unwrap_err(),
            };
            let attempts = if allowed { 3 } else { attempts };
            assert_eq!((error.kind(), transport.requests().len()), (kind, attempts), "{status} {error}");
            assert!(error.is_transient() && error.message().contains("a gateway"), "{status} {error}");
        }
    }
    // AWS's own response: AWS's SDKs also send the call again.
    for status in [500, 502, 503, 504] {
        let replies = (0..3).map(|_| Reply::json(status, "{}").with_header("x-amzn-requestid", "r-1"));
        let transport = MemoryTransport::new(replies);
        over(transport.clone()).build().unwrap().invoke("hello").await.unwrap_err();
        assert_eq!(transport.requests().len(), 3, "{status}");
    }
    // OpenAI's and Anthropic's servers may decide about the retry themselves.
    for (status, retry, attempts) in [(503, "false", 1), (400, "true", 3), (504, "true", 3)] {
        let replies = (0..3).map(|_| Reply::json(status, "{}").with_header("x-should-retry", retry));
        let transport = MemoryTransport::new(replies);
        over(transport.clone()).build().unwrap().invoke("hello").await.unwrap_err();
        assert_eq!(transport.requests().len(), attempts, "{status}");
    }
    // A conflict of AWS's own resources is not retried.
    let refused = Reply::json(409, r#"{"message":"busy"}"#).with_header("x-amzn-errortype", "ConflictException");
    let transport = MemoryTransport::new([refused]);
    let error = over(transport.clone()).build().unwrap().invoke("hello").await.unwrap_err();
    assert_eq!((error.kind(), transport.requests().len()), (ErrorKind::Validation, 1));
}

/// A reqwest client with its own time limit.
fn with_limit(limit: Duration) -> ReqwestTransport {
    // reqwest requires that the process is set up for TLS before any client.
    ReqwestTransport::new(None).unwrap();
    ReqwestTransport::with_client(reqwest::Client::builder().timeout(limit).build().unwrap())
}

#[tokio::test]
async fn http_client_timeout_is_a_timeout_and_not_resent() {
    let (bedrock, limit) = (LocalBedrock::start().await.unwrap(), Duration::from_secs(3600));
    for (fault, pieces, arrived) in
        [(Fault::hang(), 0, ""), (Fault::new().chunk_size(10).silence_after(3), 3, "a part")]
    {
        bedrock.clear();
        bedrock.faults().push(fault.forever());
        let chat = calling(&bedrock).transport(with_limit(limit)).build().unwrap();
        let call = tokio::spawn(async move { chat.invoke("hello").await });
        let is_silent = |request: &RecordedRequest| request.frames_sent == pieces;
        until("the server is silent", || bedrock.requests().first().is_some_and(is_silent)).await;
        // The client's timer is tokio's.
        tokio::time::pause();
        tokio::time::advance(limit).await;
        tokio::time::resume();
        let error = soon(call).await.unwrap().unwrap_err();
        assert_eq!((error.kind(), bedrock.requests().len()), (ErrorKind::Timeout, 1), "{arrived}: {error}");
        assert!(error.is_transient() && !error.is_retryable(), "{arrived}: {error}");
    }
}

/// Reads one request on each connection, sends these bytes and closes it. Counts the connections.
async fn closing_after(answer: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            read_request(&mut connection).await;
            // The client may have closed the connection.
            let _ = tokio::io::AsyncWriteExt::write_all(&mut connection, answer.as_bytes()).await;
        }
    });
    (url, count)
}

#[tokio::test]
async fn connection_lost_inside_the_response_head_is_interrupted() {
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-ty", "not HTTP at all\r\n\r\n"] {
        let (url, count) = closing_after(answer).await;
        let chat = calling_url(&url).build().unwrap();
        let error = soon(chat.invoke("hello")).await.unwrap_err();
        assert_eq!((error.kind(), count.load(Ordering::SeqCst)), (ErrorKind::Interrupted, 1), "{answer:?}: {error}");
    }
}

#[tokio::test]
async fn call_that_was_never_sent_has_no_attempts() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for credentials in [
        Credentials::new("AKID EXAMPLE", "secret"),
        Credentials::new("AKIDEXAMPLE\n", "secret"),
        Credentials::new("AKIDEXAMPLE", "secret").with_session_token("to\r\nken"),
        Credentials::bearer("a key"),
    ] {
        let chat = calling(&bedrock).credentials(credentials).build().unwrap();
        for error in [chat.invoke("hello").await.unwrap_err(), chat.stream("hello").await.unwrap_err()] {
            assert_eq!((error.kind(), error.attempts()), (ErrorKind::Credentials, 0), "{error}");
        }
    }
    // An error that only the transport finds before sending also counts as not sent.
    let transport = MemoryTransport::new([Reply::error(bedrock_chat::Error::new(ErrorKind::Config, "no such proxy"))]);
    let error = over(transport).build().unwrap().invoke("hello").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Config, 0));
    assert!(bedrock.requests().is_empty());
}

#[tokio::test]
async fn bearer_key_over_http_is_refused_before_sending() {
    let answer = || Reply::json(200, r#"{"content":[{"type":"text","text":"ok"}]}"#);
    let transport = MemoryTransport::new([answer(), answer()]);
    let chat = |key: Credentials| over(transport.clone()).credentials(key);
    for builder in [
        chat(Credentials::bearer("a-key")).endpoint_url("http://gateway.example/pfx"),
        chat(Credentials::bearer("a-key")).gateway_url("http://gateway.example"),
    ] {
        let error = builder.build().unwrap().invoke("hello").await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Config, 0), "{error}");
        assert!(error.message().contains("gateway.example") && error.message().contains("https"), "{error}");
        assert!(!format!("{error} {error:?}").contains("a-key"));
    }
    assert!(transport.requests().is_empty());
    let loopback = chat(Credentials::bearer("a-key")).endpoint_url("http://127.0.0.1:4566");
    assert!(loopback.build().unwrap().invoke("hello").await.is_ok());
    let signed = chat(keys()).endpoint_url("http://gateway.example");
    assert!(signed.build().unwrap().invoke("hello").await.is_ok());
}

#[tokio::test]
async fn fallbacks_answer_after_a_timeout() {
    let bedrock = LocalBedrock::builder().verify_signatures(false).start().await.unwrap();
    let limit = Duration::from_millis(60);
    for timeouts in
        [no_timeouts().with_first_byte(limit), no_timeouts().with_idle(limit), no_timeouts().with_total(limit)]
    {
        for stream in [false, true] {
            bedrock.clear();
            let fault = if timeouts.idle == Some(limit) { Fault::hang_after_frames(0) } else { Fault::hang() };
            bedrock.faults().push(fault);
            let clock = Clock::at(THEN);
            let first = calling(&bedrock).runtime(clock.clone()).timeouts(timeouts).build().unwrap();
            let chats = first.with_fallbacks([calling(&bedrock).build().unwrap()]);
            let call = tokio::spawn(async move {
                match stream {
                    true => chats.stream("hello").await?.message().await,
                    false => chats.invoke("hello").await,
                }
            });
            until("the request arrives", || bedrock.requests().len() == 1).await;
            let reply = expire(&clock, limit, call).await;
            assert!(reply.unwrap().text().contains("hello"), "{timeouts:?}");
            assert_eq!(bedrock.requests().len(), 2, "one attempt each: {timeouts:?}");
        }
    }
    // Quotas are separate for each region.
    bedrock.clear();
    bedrock.faults().push(Fault::error(400, "ServiceQuotaExceededException", "quota"));
    let chats = calling(&bedrock).build().unwrap().with_fallbacks([calling(&bedrock).build().unwrap()]);
    assert!(chats.invoke("hello").await.is_ok());
    bedrock.faults().push(Fault::error(400, "ValidationException", "no").forever());
    assert_eq!(chats.invoke("hello").await.unwrap_err().kind(), ErrorKind::Validation);
    assert_eq!(bedrock.requests().len(), 3, "what is wrong stays wrong");
}

#[tokio::test]
async fn credentials_provider_that_times_out_is_asked_again() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let provider = move || {
        std::future::ready(match counter.fetch_add(1, Ordering::SeqCst) {
            0 => Err(bedrock_chat::Error::new(ErrorKind::Timeout, "the vault did not answer")),
            _ => Ok(keys()),
        })
    };
    let chat = calling(&bedrock).credentials_provider(provider).build().unwrap();
    assert!(chat.invoke("hello").await.unwrap().text().contains("hello"));
    assert_eq!((asked.load(Ordering::SeqCst), bedrock.requests().len()), (2, 1));
}
