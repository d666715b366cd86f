//! Replies that fail on demand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // Tests.

mod support;

use std::time::Duration;

use local_bedrock::{Fault, LocalBedrock, Outcome, soon, until};
use serde_json::{Value, json};
use support::{CLAUDE, Reply, Request, decode, exchange, post, send};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::Instant;

fn body() -> Value {
    json!({"anthropic_version": "bedrock-2023-05-31", "max_tokens": 50, "messages": [{"role": "user", "content": "Count to three."}]})
}

fn stream_path() -> String {
    format!("{CLAUDE}/invoke-with-response-stream")
}

async fn stream(bedrock: &LocalBedrock) -> Reply {
    post(bedrock, &stream_path(), &body()).await
}

async fn unary(bedrock: &LocalBedrock) -> Reply {
    post(bedrock, &format!("{CLAUDE}/invoke"), &body()).await
}

#[tokio::test]
async fn faults_are_answered_in_the_order_pushed() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let throttled = Fault::error(429, "ThrottlingException", "Too many tokens").header("Retry-After", "2").times(2);
    bedrock.faults().push(throttled);
    bedrock.faults().push(Fault::error(503, "ServiceUnavailableException", "Down"));
    let mut seen = Vec::new();
    for _ in 0..4 {
        let reply = unary(&bedrock).await;
        seen.push((reply.status, reply.error_type().to_owned(), reply.header("retry-after").map(str::to_owned)));
        assert!(reply.header("x-amzn-requestid").is_some());
    }
    let throttled = (429, "ThrottlingException".to_owned(), Some("2".to_owned()));
    let down = (503, "ServiceUnavailableException".to_owned(), None);
    assert_eq!(seen, [throttled.clone(), throttled, down, (200, String::new(), None)]);
    assert_eq!(bedrock.faults().pending(), 0);
}

#[tokio::test]
async fn faults_select_requests_by_path_and_number() {
    let bedrock = LocalBedrock::start().await.unwrap();
    bedrock.faults().push(Fault::error(500, "InternalServerException", "x").on_path("response-stream").skip(1));
    assert_eq!(unary(&bedrock).await.status, 200);
    assert_eq!(stream(&bedrock).await.status, 200);
    assert_eq!(unary(&bedrock).await.status, 200);
    assert_eq!(stream(&bedrock).await.status, 500);
    assert_eq!(stream(&bedrock).await.status, 200);
    bedrock.faults().push(Fault::reply(502, "text/html", "<html>Bad gateway</html>").forever());
    for _ in 0..3 {
        let reply = unary(&bedrock).await;
        assert_eq!((reply.status, reply.header("content-type")), (502, Some("text/html")));
        assert_eq!(reply.body, b"<html>Bad gateway</html>");
    }
    bedrock.clear();
    assert_eq!(unary(&bedrock).await.status, 200);
    bedrock.faults().push(Fault::reply(500, "application/json", ""));
    assert_eq!(unary(&bedrock).await.body, b"");
}

#[tokio::test]
async fn signature_is_checked_before_faults_by_default() {
    let bedrock = LocalBedrock::start().await.unwrap();
    bedrock.faults().push(Fault::error(429, "ThrottlingException", "x"));
    let mut wrong = Request::post(&stream_path(), &body());
    wrong.secret = "wrong".into();
    assert_eq!(send(&bedrock, wrong.clone()).await.status, 403);
    bedrock.faults().clear();
    bedrock.faults().push(Fault::error(429, "ThrottlingException", "x").before_auth());
    assert_eq!(send(&bedrock, wrong).await.status, 429);
    assert!(!bedrock.requests()[1].verdict.is_accepted());
}

#[tokio::test]
async fn stream_exception_and_error_frames_end_the_stream() {
    let bedrock = LocalBedrock::start().await.unwrap();
    bedrock.faults().push(Fault::exception_frame(2, "throttlingException", "Too many tokens"));
    let frames = stream(&bedrock).await.frames();
    assert_eq!(frames.len(), 3);
    assert_eq!(frames[1].header(":event-type"), Some("chunk"));
    assert_eq!(frames[2].header(":message-type"), Some("exception"));
    assert_eq!(frames[2].header(":exception-type"), Some("throttlingException"));
    assert_eq!(frames[2].json(), json!({"message": "Too many tokens"}));

    bedrock.faults().push(Fault::error_frame(0, "internalFailure", "boom"));
    let frames = stream(&bedrock).await.frames();
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].header(":error-code"), Some("internalFailure"));
    assert_eq!(frames[0].header(":error-message"), Some("boom"));
    assert!(frames[0].payload.is_empty());

    bedrock.faults().push(Fault::exception_frame(1_000, "modelTimeoutException", "late"));
    let frames = stream(&bedrock).await.frames();
    assert_eq!(frames.last().unwrap().header(":exception-type"), Some("modelTimeoutException"));
    assert!(frames.len() > 5);
}

#[tokio::test]
async fn stream_fault_inserts_unknown_frames() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let plain = stream(&bedrock).await;
    let overloaded = json!({"type": "error", "error": {"type": "overloaded_error", "message": "x"}});
    bedrock.faults().push(Fault::unknown_frame(1).chunk(2, overloaded.clone()));
    let reply = stream(&bedrock).await;
    assert_eq!(reply.frames().len(), plain.frames().len() + 2);
    assert_eq!(reply.frames()[1].header(":event-type"), Some("eventOfTheFuture"));
    let events = reply.events();
    assert_eq!(events[2], overloaded);
    assert_eq!(events.last().unwrap()["type"], "message_stop");
}

#[tokio::test]
async fn stream_fault_cuts_truncates_or_ends_early() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let whole = stream(&bedrock).await;
    assert!(whole.complete);
    assert_eq!(bedrock.requests().pop().unwrap().outcome, Outcome::Complete);

    bedrock.faults().push(Fault::cut_after_bytes(300));
    let reply = stream(&bedrock).await;
    assert_eq!((reply.complete, reply.body.len()), (false, 300));
    assert_eq!(bedrock.requests().pop().unwrap().outcome, Outcome::CutByFault);

    bedrock.faults().push(Fault::cut_after_frames(2));
    let reply = stream(&bedrock).await;
    assert_eq!((reply.complete, reply.frames().len()), (false, 2));

    bedrock.faults().push(Fault::end_after_frames(2));
    let reply = stream(&bedrock).await;
    assert_eq!((reply.complete, reply.frames().len()), (true, 2));

    bedrock.faults().push(Fault::truncate_frame(2));
    let reply = stream(&bedrock).await;
    assert_eq!((reply.complete, reply.frames().len()), (true, 2));
    let two: usize = end_of_frames(&whole.body, 2);
    assert!(reply.body.len() > two, "no part of the third frame");

    bedrock.faults().push(Fault::cut_after_bytes(10));
    let reply = unary(&bedrock).await;
    assert_eq!((reply.complete, reply.body.len()), (false, 10));
    bedrock.faults().push(Fault::cut_after_bytes(0));
    let reply = stream(&bedrock).await;
    assert_eq!((reply.status, reply.complete, reply.body.len()), (200, false, 0));
}

fn end_of_frames(bytes: &[u8], count: usize) -> usize {
    let mut end = 0;
    for _ in 0..count {
        end += u32::from_be_bytes(bytes[end..end + 4].try_into().unwrap()) as usize;
    }
    end
}

#[tokio::test]
async fn stream_fault_flips_a_bit_that_checksums_detect() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let whole = stream(&bedrock).await.body;
    for position in [3, 9, 20, whole.len() - 1] {
        bedrock.faults().push(Fault::flip_bit(position));
        let damaged = stream(&bedrock).await.body;
        let different: Vec<usize> = (0..whole.len()).filter(|at| whole[*at] != damaged[*at]).collect();
        assert_eq!(different, [position]);
        let decoded = decode(&damaged);
        assert!(decoded.is_err() || decoded.unwrap().len() < decode(&whole).unwrap().len());
    }
}

#[tokio::test]
async fn stream_fault_serves_recorded_bytes_in_pieces() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let recorded = stream(&bedrock).await.body;
    let fault = Fault::reply(200, "application/vnd.amazon.eventstream", &recorded).chunk_size(7);
    bedrock.faults().push(fault);
    let reply = stream(&bedrock).await;
    assert_eq!(reply.header("content-type"), Some("application/vnd.amazon.eventstream"));
    assert_eq!(reply.body, recorded);
    assert_eq!(bedrock.requests().pop().unwrap().frames_sent, recorded.len().div_ceil(7));
    bedrock.faults().push(Fault::new().content_type("application/json"));
    assert_eq!(stream(&bedrock).await.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn clock_skew_fault_changes_the_date_header() {
    let bedrock = LocalBedrock::start().await.unwrap();
    bedrock.faults().push(Fault::error(403, "InvalidSignatureException", "Signature expired").date_offset(-7_200));
    let skewed = unary(&bedrock).await.header("date").unwrap().to_owned();
    let right = unary(&bedrock).await.header("date").unwrap().to_owned();
    assert_ne!(skewed.get(..22), right.get(..22));
}

/// The paused clock jumps to the next timer while all tasks wait, and does not move otherwise.
#[tokio::test(start_paused = true)]
async fn delay_and_drip_faults_slow_the_answer() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let start = Instant::now();
    assert_eq!(unary(&bedrock).await.status, 200);
    assert_eq!(start.elapsed(), Duration::ZERO);
    bedrock.faults().push(Fault::delay(Duration::from_secs(80)));
    assert_eq!(unary(&bedrock).await.status, 200);
    // A timer fires up to a millisecond late.
    assert_eq!(start.elapsed().as_secs(), 80);
    bedrock.faults().push(Fault::drip(Duration::from_secs(20)).end_frames(5));
    assert_eq!(stream(&bedrock).await.frames().len(), 5);
    assert_eq!(start.elapsed().as_secs(), 180);
}

/// Opens a connection, sends, reads until `enough` and closes.
async fn close_early(bedrock: &LocalBedrock, enough: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let request = Request::post(&stream_path(), &body()).signed(bedrock.port()).to_bytes();
    let mut connection = TcpStream::connect(("127.0.0.1", bedrock.port())).await.unwrap();
    connection.write_all(&request).await.unwrap();
    let mut seen = Vec::new();
    let mut buffer = [0; 4_096];
    soon(async {
        while !enough(&seen) {
            tokio::select! {
                read = connection.read(&mut buffer) => {
                    let count = read.unwrap();
                    assert!(count > 0, "the server closed the connection");
                    seen.extend_from_slice(&buffer[..count]);
                }
                () = tokio::time::sleep(Duration::from_millis(2)) => {}
            }
        }
    })
    .await;
    seen
}

/// Waits for the outcome of the last request.
async fn outcome(bedrock: &LocalBedrock) -> Outcome {
    let last = || bedrock.requests().last().unwrap().outcome;
    until("the reply has ended", || last() != Outcome::Pending).await;
    last()
}

#[tokio::test]
async fn cancelled_client_before_the_headers_is_recorded() {
    let bedrock = LocalBedrock::start().await.unwrap();
    bedrock.faults().push(Fault::hang());
    let seen = close_early(&bedrock, |_| bedrock.requests().len() == 1).await;
    assert!(seen.is_empty());
    assert_eq!(outcome(&bedrock).await, Outcome::ClosedByClient);
    assert_eq!(bedrock.requests()[0].status, None);
}

#[tokio::test]
async fn cancelled_client_during_the_stream_is_recorded() {
    let bedrock = LocalBedrock::start().await.unwrap();
    bedrock.faults().push(Fault::hang_after_frames(2));
    close_early(&bedrock, |seen| seen.len() > 200 && bedrock.requests()[0].frames_sent == 2).await;
    assert_eq!(outcome(&bedrock).await, Outcome::ClosedByClient);
    assert_eq!(bedrock.requests()[0].frames_sent, 2);

    bedrock.faults().push(Fault::drip(Duration::from_millis(30)));
    close_early(&bedrock, |seen| seen.len() > 600).await;
    assert_eq!(outcome(&bedrock).await, Outcome::ClosedByClient);
    assert!(bedrock.requests()[1].closed_by_client());
}

#[tokio::test]
async fn stream_frames_are_sent_one_by_one() {
    let bedrock = LocalBedrock::builder().frame_delay(Duration::from_millis(25)).start().await.unwrap();
    let request = Request::post(&stream_path(), &body()).signed(bedrock.port()).to_bytes();
    let mut connection = TcpStream::connect(("127.0.0.1", bedrock.port())).await.unwrap();
    connection.write_all(&request).await.unwrap();
    let mut buffer = vec![0; 65_536];
    let mut reads = 0;
    while connection.read(&mut buffer).await.unwrap() > 0 {
        reads += 1;
    }
    let frames = bedrock.requests()[0].frames_sent;
    assert!(reads + 2 >= frames, "{frames} frames in {reads} reads");
}

#[tokio::test]
async fn connection_breaks_before_the_headers_on_demand() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for path in [stream_path(), format!("{CLAUDE}/invoke")] {
        bedrock.faults().push(Fault::cut_before_headers());
        let request = Request::post(&path, &body()).signed(bedrock.port()).to_bytes();
        let mut connection = TcpStream::connect(("127.0.0.1", bedrock.port())).await.unwrap();
        connection.write_all(&request).await.unwrap();
        let mut answer = Vec::new();
        let _ = connection.read_to_end(&mut answer).await;
        assert!(answer.is_empty(), "{}", String::from_utf8_lossy(&answer));
        let request = bedrock.requests().pop().unwrap();
        assert_eq!((request.outcome, request.status), (Outcome::CutByFault, None));
    }
}

#[tokio::test]
async fn empty_header_of_a_fault_removes_the_header() {
    let bedrock = LocalBedrock::start().await.unwrap();
    bedrock.faults().push(Fault::reply(502, "text/html", "<h1>a gateway</h1>").header("x-amzn-requestid", ""));
    let reply = unary(&bedrock).await;
    assert_eq!((reply.status, reply.header("x-amzn-requestid")), (502, None));
    assert!(unary(&bedrock).await.header("x-amzn-requestid").is_some());
}

#[tokio::test]
async fn open_connections_are_counted_until_they_close() {
    let bedrock = LocalBedrock::start().await.unwrap();
    assert_eq!(bedrock.open_connections(), 0);
    let connections = [(); 3].map(|()| TcpStream::connect(("127.0.0.1", bedrock.port())));
    let [first, second, third] = connections.map(async |connecting| connecting.await.unwrap());
    let held = (first.await, second.await, third.await);
    until("three connections are open", || bedrock.open_connections() == 3).await;
    let mut request = Request::raw("/_local/connections", Vec::new());
    request.method = "GET".into();
    let listed = exchange(bedrock.port(), &request.header("host", "localhost").to_bytes()).await.json();
    assert_eq!(listed, json!({"open": 4}), "three and its own");
    drop(held);
    until("they are closed", || bedrock.open_connections() == 0).await;
}

#[tokio::test]
async fn faults_and_requests_are_available_over_http() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let control = async |method: &str, path: &str, body: &str| {
        let mut request = Request::raw(&format!("/_local/{path}"), body.as_bytes().to_vec());
        request.method = method.into();
        exchange(bedrock.port(), &request.header("host", "localhost").to_bytes()).await
    };
    assert_eq!(control("GET", "health", "").await.json(), json!({"status": "ok"}));
    let fault = r#"[{"status": 429, "error_type": "ThrottlingException", "message": "slow", "headers": {"retry-after": "1"}},
        {"insert": [{"kind": "exception", "at": 1, "exception_type": "modelStreamErrorException", "message": "m"}]}]"#;
    assert_eq!(control("POST", "faults", fault).await.json(), json!({"pending": 2}));
    let reply = stream(&bedrock).await;
    assert_eq!((reply.status, reply.message().as_str(), reply.header("retry-after")), (429, "slow", Some("1")));
    assert_eq!(stream(&bedrock).await.frames().len(), 2);

    let listed = control("GET", "requests", "").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(listed[0]["path"], stream_path());
    assert_eq!(listed[0]["signature"]["verdict"], "signed");
    assert_eq!(listed[1]["outcome"], "complete");

    let reply = control("POST", "faults", r#"{"statsu": 500}"#).await;
    assert_eq!(reply.status, 400);
    assert!(reply.message().contains("statsu"), "{}", reply.message());
    control("POST", "faults", r#"{"status": 500, "forever": true}"#).await;
    control("DELETE", "faults", "").await;
    control("DELETE", "requests", "").await;
    assert_eq!(unary(&bedrock).await.status, 200);
    assert_eq!(bedrock.requests().len(), 1);
    assert_eq!(control("GET", "nothing", "").await.status, 404);
}

#[tokio::test]
async fn cors_allows_browser_pages() {
    let bedrock = LocalBedrock::builder().prefix("/pfx").start().await.unwrap();
    let mut request = Request::raw(&format!("/pfx{}", stream_path()), Vec::new()).header("host", "localhost");
    request.method = "OPTIONS".into();
    let request = request.header("access-control-request-method", "POST").header("origin", "http://localhost:1");
    let reply = exchange(bedrock.port(), &request.to_bytes()).await;
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (200, Some("*")));
    assert!(reply.header("access-control-allow-headers").unwrap().contains("authorization"));
    assert!(bedrock.requests().is_empty());
    let reply = post(&bedrock, &format!("/pfx{CLAUDE}/invoke"), &body()).await;
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (200, Some("*")));
    let mut health = Request::raw("/pfx/_local/health", Vec::new()).header("host", "localhost");
    health.method = "GET".into();
    assert_eq!(exchange(bedrock.port(), &health.to_bytes()).await.json(), json!({"status": "ok"}));
}
