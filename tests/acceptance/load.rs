//! Load: many concurrent calls, and large streams. Nothing is lost, and memory use stays the same.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bedrock_chat::testing::{MemoryTransport, Reply};
use local_bedrock::{LocalBedrock, Outcome};
use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::support::{
    EVENT_STREAM, calling, calling_url, chunk, event, is_alone, over, read_request, run_alone, soon, until,
};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<std::alloc::System> = &INSTRUMENTED_SYSTEM;

/// Returns the bytes that this process has allocated.
fn held() -> isize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated as isize - stats.bytes_deallocated as isize
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_concurrent_streams_are_complete() {
    let bedrock = LocalBedrock::builder().frame_delay(Duration::from_millis(2)).start().await.unwrap();
    let chat = calling(&bedrock).build().unwrap();
    let reads: Vec<_> = (0..200)
        .map(|n| {
            let chat = chat.clone();
            tokio::spawn(async move {
                let question = format!("story number {n}.");
                let reply = chat.stream(question.as_str()).await?.message().await?;
                assert!(reply.text().ends_with(&question), "{}", reply.text());
                bedrock_chat::Result::<()>::Ok(())
            })
        })
        .collect();
    for read in reads {
        soon(read).await.unwrap().unwrap();
    }
    let requests = bedrock.requests();
    assert_eq!(requests.len(), 200, "each was sent once");
    assert!(requests.iter().all(|request| request.outcome == Outcome::Complete && request.verdict.is_accepted()));
}

const FRAMES: usize = 12_800;

/// Serves one stream of fifty megabytes per connection, and counts the bytes that the client accepted.
async fn fifty_megabytes() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let written = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&written);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(serve(connection, Arc::clone(&counter)));
        }
    });
    (url, written)
}

async fn serve(mut connection: TcpStream, written: Arc<AtomicUsize>) {
    if !read_request(&mut connection).await {
        return;
    }
    let delta = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hé😀"}});
    let bytes = aws_smithy_types::base64::encode(delta.to_string());
    let frame = event("chunk", &json!({"bytes": bytes, "p": "abcdefgh".repeat(480)}));
    let block = frame.repeat(16);
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: {EVENT_STREAM}\r\nconnection: close\r\n\r\n");
    let mut sent = connection.write_all(head.as_bytes()).await;
    for _ in 0..FRAMES / 16 {
        if sent.is_err() {
            return;
        }
        written.fetch_add(block.len(), Ordering::SeqCst);
        sent = connection.write_all(&block).await;
    }
    // The client may have closed the connection.
    let _ = connection.write_all(&chunk(&json!({"type": "message_stop"}))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn stream_of_fifty_megabytes_uses_memory_for_its_text_only() {
    if is_alone() {
        return soon(read_all_of_it()).await;
    }
    let (url, written) = fifty_megabytes().await;
    run_alone("load::stream_of_fifty_megabytes_uses_memory_for_its_text_only", &[("URL", &url)]);
    assert!(written.load(Ordering::SeqCst) > 50_000_000);
}

async fn read_all_of_it() {
    let chat = calling_url(&std::env::var("URL").unwrap()).build().unwrap();
    let mut stream = chat.stream("hello").await.unwrap().text();
    let (before, mut most, mut count) = (held(), 0, 0);
    while let Some(text) = stream.next().await {
        assert_eq!(text.unwrap(), "hé😀");
        count += 1;
        if count % 64 == 0 {
            most = most.max(held() - before);
        }
    }
    assert_eq!(count, FRAMES);
    assert_eq!(stream.so_far().text().len(), FRAMES * "hé😀".len());
    assert!(most < 2_000_000, "{most} bytes were held at once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_reader_of_a_stream_applies_backpressure() {
    if is_alone() {
        return soon(rest_in_the_middle()).await;
    }
    let (url, written) = fifty_megabytes().await;
    run_alone("load::slow_reader_of_a_stream_applies_backpressure", &[("URL", &url)]);
    let written = written.load(Ordering::SeqCst);
    assert!(written < 40_000_000, "{written} bytes were taken off the server's hands");
}

async fn rest_in_the_middle() {
    let chat = calling_url(&std::env::var("URL").unwrap()).build().unwrap();
    let before = held();
    let mut stream = chat.stream("hello").await.unwrap();
    stream.next().await.unwrap().unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let hoarded = held() - before;
    assert!(hoarded < 2_000_000, "{hoarded} bytes while nobody reads");
    stream.next().await.unwrap().unwrap();
}

#[tokio::test]
async fn thousand_streams_in_sequence_do_not_leak() {
    if !crate::support::alone("load::thousand_streams_in_sequence_do_not_leak", &[]) {
        return;
    }
    let delta = json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "hi"}});
    let (delta, stop) = (delta.to_string(), r#"{"type":"message_stop"}"#);
    let mut after_a_hundred = 0;
    for n in 0..1000 {
        let transport = MemoryTransport::new([Reply::chunks([delta.as_str(), stop])]);
        let stream = over(transport).build().unwrap().stream("hello").await.unwrap();
        assert_eq!(stream.message().await.unwrap().text(), "hi");
        if n == 100 {
            after_a_hundred = held();
        }
    }
    // The timer's thread drops the last timers a little later.
    until("all is given back", || held() - after_a_hundred < 9_000).await;
}
