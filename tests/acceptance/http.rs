//! The transport over reqwest: proxies from the environment, HTTP/2, connections that are reused or lost, and
//! streams that arrive piece by piece.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bedrock_chat::testing::MemoryTransport;
use bedrock_chat::{
    AiMessage, Anthropic, BedrockChat, Call, ChatRequest, Codec, ErrorKind, Headers, Method, Mode, ModelId,
    ReqwestTransport, Result, RetryPolicy, StreamDecoder,
};
use local_bedrock::{Fault, LocalBedrock, Verdict};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

use crate::support::{calling, calling_url, is_alone, over, read_request, relay, run_alone, soon, until};

/// Makes several calls of the URL in the environment, which must all succeed.
async fn call_the_url() {
    let chat = calling_url(&std::env::var("URL").unwrap()).build().unwrap();
    assert!(soon(chat.invoke("hello")).await.unwrap().text().contains("hello"));
    assert!(soon(chat.stream("hello").await.unwrap().message()).await.unwrap().text().contains("hello"));
}

/// A forward proxy does the same: the whole URL in the first line becomes a path.
fn to_origin_form(head: &str) -> String {
    head.replacen("http://bedrock.invalid/", "/", 1)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proxy_variable_is_used_and_the_signature_is_valid() {
    if is_alone() {
        return call_the_url().await;
    }
    let name = "http::proxy_variable_is_used_and_the_signature_is_valid";
    let bedrock = LocalBedrock::start().await.unwrap();
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        bedrock.clear();
        let (port, heads) = relay(bedrock.port(), to_origin_form).await;
        let proxy = format!("http://127.0.0.1:{port}");
        // This host cannot be resolved: only the proxy can reach it.
        run_alone(name, &[(variable, &proxy), ("URL", "http://bedrock.invalid")]);
        let heads = heads.lock().unwrap().clone();
        assert_eq!(heads.len(), 2, "{variable}: {heads:?}");
        assert!(heads[0].starts_with("POST http://bedrock.invalid/model/anthropic.claude-3-haiku-20240307-v1%3A0/"));
        let requests = bedrock.requests();
        assert!(requests.len() == 2 && requests.iter().all(|request| request.verdict.is_accepted()), "{requests:?}");
        assert_eq!(requests[0].header("host"), Some("bedrock.invalid"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_proxy_variable_is_respected() {
    if is_alone() {
        return call_the_url().await;
    }
    let name = "http::no_proxy_variable_is_respected";
    let bedrock = LocalBedrock::start().await.unwrap();
    let (port, heads) = relay(bedrock.port(), to_origin_form).await;
    let proxy = format!("http://127.0.0.1:{port}");
    run_alone(name, &[("HTTP_PROXY", &proxy), ("NO_PROXY", "127.0.0.1"), ("URL", &bedrock.url())]);
    assert!(heads.lock().unwrap().is_empty());
    assert_eq!(bedrock.requests().len(), 2);
}

fn http2() -> ReqwestTransport {
    // reqwest requires that the process is set up for TLS before any client.
    ReqwestTransport::new(None).unwrap();
    ReqwestTransport::with_client(reqwest::Client::builder().http2_prior_knowledge().build().unwrap())
}

#[tokio::test]
async fn http2_signature_is_valid_and_streams_work() {
    let bedrock = LocalBedrock::builder().prefix("/pfx").start().await.unwrap();
    let chat = calling(&bedrock).transport(http2()).build().unwrap();
    assert!(chat.invoke("hello").await.unwrap().text().contains("hello"));
    assert!(chat.stream("hello").await.unwrap().message().await.unwrap().text().contains("hello"));
    bedrock.faults().push(Fault::error(429, "ThrottlingException", "x").times(2));
    assert!(chat.invoke("hello").await.is_ok());
    for request in bedrock.requests() {
        assert!(request.verdict.is_accepted(), "{:?}", request.verdict);
        assert!(request.header("connection").is_none(), "HTTP/2 has no such header");
    }
}

#[tokio::test]
async fn http2_cancelled_stream_does_not_affect_others() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling(&bedrock).transport(http2()).build().unwrap();
    bedrock.faults().push(Fault::drip(Duration::from_millis(15)).times(2));
    let mut dropped = chat.stream("one story that takes a while to tell").await.unwrap();
    let kept = chat.stream("another story that takes a while to tell").await.unwrap();
    dropped.next().await.unwrap().unwrap();
    drop(dropped);
    until("the server sees the reset", || bedrock.requests()[0].closed_by_client()).await;
    assert!(soon(kept.message()).await.unwrap().text().contains("another story"));

    bedrock.faults().push(Fault::cut_after_frames(5));
    let error = soon(chat.stream("hello there").await.unwrap().message()).await.unwrap_err();
    assert!(error.kind() == ErrorKind::Truncated && error.partial().is_some(), "{error}");
}

#[tokio::test]
async fn stream_delta_arrives_before_the_next_is_sent() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let text_after = async |chat: &BedrockChat, count| {
        bedrock.faults().push(Fault::end_after_frames(count));
        let error = chat.stream("hello there").await.unwrap().message().await.unwrap_err();
        error.partial().unwrap().text()
    };
    for transport in [ReqwestTransport::new(None).unwrap(), http2()] {
        let chat = calling(&bedrock).transport(transport).build().unwrap();
        bedrock.clear();
        chat.stream("hello there").await.unwrap().message().await.unwrap();
        let frames = bedrock.requests()[0].frames_sent;
        let mut seen = Vec::new();
        for count in 3..frames {
            let expected = text_after(&chat, count).await;
            // The server sends this many frames and then nothing, so the events cannot have waited for the rest.
            bedrock.faults().push(Fault::hang_after_frames(count));
            let mut stream = chat.stream("hello there").await.unwrap();
            while stream.so_far().text() != expected {
                soon(stream.next()).await.unwrap().unwrap();
            }
            seen.push(expected);
        }
        seen.dedup();
        assert!(seen.len() > 3, "it grew piece by piece: {seen:?}");
    }
}

/// A server that answers one request for each connection and then closes it unannounced. Counts the connections.
async fn forgetful() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            counter.fetch_add(1, Ordering::SeqCst);
            if !read_request(&mut connection).await {
                continue;
            }
            let body = r#"{"content":[{"type":"text","text":"hi"}]}"#;
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
            // The client may have closed the connection.
            let _ = connection.write_all(format!("{head}{body}").as_bytes()).await;
        }
    });
    (url, connections)
}

#[tokio::test]
async fn stale_pooled_connection_is_not_an_error() {
    let (url, connections) = forgetful().await;
    let chat = calling_url(&url).build().unwrap();
    for pause in [0, 0, 0, 20, 0, 20] {
        assert_eq!(soon(chat.invoke("hello")).await.unwrap().text(), "hi");
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    assert!(connections.load(Ordering::SeqCst) >= 6);
}

#[tokio::test]
async fn tls_to_a_plain_port_is_a_connect_error() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let chat = calling_url(&format!("https://127.0.0.1:{}", bedrock.port())).retry(RetryPolicy::never());
    let error = soon(chat.build().unwrap().invoke("hello")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    assert!(bedrock.requests().is_empty());
}

/// A codec whose calls have any method.
#[derive(Debug)]
struct Other(Method, &'static str);

impl Codec for Other {
    fn encode(&self, _: &ModelId, _: &ChatRequest, _: Mode) -> Result<Call> {
        let mut call = Call::new("/model/m/other", Headers::new(), self.1, false);
        call.method = self.0;
        Ok(call)
    }

    fn decode(&self, call: &Call, body: &[u8], headers: &Headers) -> Result<AiMessage> {
        Anthropic.decode(call, body, headers)
    }

    fn stream(&self, call: &Call) -> Box<dyn StreamDecoder> {
        Anthropic.stream(call)
    }
}

#[tokio::test]
async fn codec_method_is_signed_and_sent() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for (method, body) in [
        (Method::Put, "{}"),
        (Method::Patch, "{}"),
        (Method::Delete, ""),
        (Method::Delete, "{}"),
        (Method::Post, ""),
        (Method::Get, ""),
        (Method::Options, "{}"),
    ] {
        bedrock.clear();
        let answer = r#"{"content":[{"type":"text","text":"ok"}]}"#;
        bedrock.faults().push(Fault::reply(200, "application/json", answer));
        let chat = calling(&bedrock).codec(Other(method, body)).build().unwrap();
        let reply = soon(chat.invoke("hello")).await;
        let [request] = <[_; 1]>::try_from(bedrock.requests()).unwrap();
        assert!(matches!(request.verdict, Verdict::Signed { .. }), "{method}: {:?}", request.verdict);
        assert_eq!((request.method.as_str(), request.body.as_slice()), (method.as_str(), body.as_bytes()));
        if method == Method::Get {
            let of_a_body = ["content-length", "transfer-encoding"];
            assert!(!request.headers.iter().any(|(name, _)| of_a_body.contains(&name.as_str())), "{request:?}");
        }
        assert_eq!(reply.unwrap().text(), "ok");
    }
}

#[tokio::test]
async fn get_with_a_body_is_refused_before_sending() {
    for method in [Method::Get, Method::Head] {
        let transport = MemoryTransport::new([]);
        let chat = over(transport.clone()).codec(Other(method, "{}")).build().unwrap();
        let error = chat.invoke("hello").await.unwrap_err();
        assert_eq!((error.kind(), error.attempts()), (ErrorKind::Config, 0), "{error}");
        assert!(transport.requests().is_empty() && error.message().contains(method.as_str()), "{error}");
    }
}
