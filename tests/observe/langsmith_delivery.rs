//! Delivery of runs to LangSmith: batching, retries, failures. Calls are never affected.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bedrock_chat::{BedrockChat, BoxFuture, ErrorKind, Json, LangSmith, RetryPolicy, RunConfig, Runtime};
use tokio::sync::Notify;

use crate::recorder::{Answer, Recorder};
use crate::support::{posting_to, saying, soon, until};

/// A chat with this many replies, and this observer.
fn greeting(times: usize, langsmith: &LangSmith) -> BedrockChat {
    saying(&vec!["hi"; times]).observer(langsmith.clone()).build().unwrap()
}

/// Waits until the server has a request.
async fn first_request(server: &Recorder) {
    until("a request arrives", || !server.requests().is_empty()).await;
}

/// A runtime that records how long it should sleep, and returns at once.
#[derive(Clone, Debug, Default)]
struct NoSleep(Arc<Mutex<Vec<Duration>>>);

impl Runtime for NoSleep {
    fn now(&self) -> Duration {
        Duration::from_secs(1_749_990_896)
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.0.lock().unwrap().push(duration);
        // Long sleeps are the time limits of requests; they must not end.
        if duration > Duration::from_secs(5) {
            Box::pin(std::future::pending())
        } else {
            Box::pin(tokio::task::yield_now())
        }
    }

    fn random(&self) -> f64 {
        0.5
    }
}

async fn greet(times: usize, langsmith: &LangSmith) {
    let chat = greeting(times, langsmith);
    for _ in 0..times {
        chat.invoke("Hello").await.unwrap();
    }
}

#[tokio::test]
async fn langsmith_batches_many_runs_in_few_requests() {
    let server = Recorder::start().await;
    let langsmith = posting_to(&server).build().unwrap();
    greet(250, &langsmith).await;
    soon(langsmith.flush()).await.unwrap();
    assert_eq!(server.runs().len(), 250);
    assert!(server.runs().iter().all(|run| run.get("outputs").is_some()));
    assert!(server.requests().len() <= 20, "{} requests", server.requests().len());
}

#[tokio::test]
async fn langsmith_runs_are_sent_after_the_interval() {
    let server = Recorder::start().await;
    let langsmith = posting_to(&server).interval(Duration::from_millis(5)).build().unwrap();
    greet(1, &langsmith).await;
    first_request(&server).await;
    assert_eq!(server.runs().len(), 1);
}

#[tokio::test]
async fn langsmith_queued_runs_are_sent_after_the_last_handle_drops() {
    let server = Recorder::start().await;
    let langsmith = posting_to(&server).build().unwrap();
    greet(3, &langsmith).await;
    assert!(server.requests().is_empty());
    drop(langsmith);
    first_request(&server).await;
    assert_eq!(server.runs().len(), 3);
}

#[tokio::test]
async fn langsmith_hanging_server_does_not_block_calls() {
    let server = Recorder::start().await;
    let release = Arc::new(Notify::new());
    server.answer([Answer::Held(Arc::clone(&release), 202)]);
    let langsmith = posting_to(&server).interval(Duration::ZERO).build().unwrap();
    greet(1, &langsmith).await;
    first_request(&server).await;
    soon(greet(49, &langsmith)).await;
    assert_eq!(server.requests().len(), 1, "the server still holds the first request");
    release.notify_one();
    soon(langsmith.flush()).await.unwrap();
    assert_eq!(server.runs().len(), 50);
}

#[tokio::test]
async fn langsmith_unreachable_server_fails_flush_but_not_calls() {
    let langsmith = LangSmith::builder("k").endpoint("http://127.0.0.1:9").retry(RetryPolicy::never()).build().unwrap();
    greet(2, &langsmith).await;
    let error = soon(langsmith.flush()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error}");
    assert!(langsmith.dropped() >= 2);
    soon(langsmith.flush()).await.expect("the error is reported once");
}

#[tokio::test]
async fn langsmith_retries_transient_errors() {
    for answer in [Answer::Status(429, "{}"), Answer::Status(503, "busy"), Answer::Status(408, ""), Answer::HangUp] {
        let server = Recorder::start().await;
        server.answer([answer.clone(), answer.clone()]);
        let langsmith = posting_to(&server).build().unwrap();
        greet(1, &langsmith).await;
        soon(langsmith.flush()).await.unwrap();
        assert_eq!(server.requests().len(), 3, "{answer:?}");
        assert_eq!(langsmith.dropped(), 0, "{answer:?}");
    }
}

#[tokio::test]
async fn langsmith_retry_after_is_obeyed() {
    let server = Recorder::start().await;
    server.answer([Answer::Header(429, "retry-after: 3")]);
    let runtime = NoSleep::default();
    let langsmith = posting_to(&server).runtime(runtime.clone()).build().unwrap();
    greet(1, &langsmith).await;
    soon(langsmith.flush()).await.unwrap();
    assert_eq!(server.requests().len(), 2);
    assert!(runtime.0.lock().unwrap().contains(&Duration::from_secs(3)), "{:?}", runtime.0);
}

#[tokio::test]
async fn langsmith_wrong_key_is_reported_without_retry() {
    let server = Recorder::start().await;
    server.answer([Answer::Status(401, r#"{"detail":"Invalid token ls-test-key"}"#)]);
    let errors = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&errors);
    let on_error = move |error: &bedrock_chat::Error| sink.lock().unwrap().push(error.to_string());
    let langsmith = posting_to(&server).on_error(on_error).build().unwrap();
    greet(1, &langsmith).await;
    let error = soon(langsmith.flush()).await.unwrap_err();
    assert_eq!((error.kind(), server.requests().len()), (ErrorKind::AccessDenied, 1));
    assert!(error.message().contains("check the API key") && !error.message().contains("ls-test-key"), "{error}");
    assert_eq!(*errors.lock().unwrap(), [error.to_string()]);
    assert_eq!(langsmith.dropped(), 1);
}

#[tokio::test]
async fn langsmith_falls_back_from_multipart_to_json() {
    let server = Recorder::start().await;
    server.does_not_know("/runs/multipart");
    let langsmith = posting_to(&server).build().unwrap();
    for _ in 0..2 {
        greet(1, &langsmith).await;
        soon(langsmith.flush()).await.unwrap();
    }
    let paths: Vec<_> = server.requests().iter().map(|request| request.path.clone()).collect();
    assert_eq!(paths, ["/runs/multipart", "/runs/batch", "/runs/batch"]);
    let runs: Vec<_> = server.requests()[1..].iter().map(|request| request.body.clone()).collect();
    for body in runs {
        let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["post"][0]["outputs"]["generations"][0][0]["text"], "hi");
        assert_eq!(body["patch"], serde_json::json!([]));
    }
}

#[tokio::test]
async fn langsmith_full_queue_drops_the_oldest_run() {
    let server = Recorder::start().await;
    let langsmith = posting_to(&server).queue(3, usize::MAX).build().unwrap();
    let chat = greeting(10, &langsmith);
    for number in 0..10 {
        chat.invoke(format!("number {number}")).await.unwrap();
    }
    assert_eq!(langsmith.dropped(), 7);
    soon(langsmith.flush()).await.unwrap();
    let runs = server.runs();
    let texts: Vec<_> = runs.iter().map(|run| &run["inputs"]["messages"][0][0]["kwargs"]["content"]).collect();
    assert_eq!(texts, ["number 7", "number 8", "number 9"]);
}

#[tokio::test]
async fn langsmith_run_with_a_lost_start_is_posted_whole() {
    let server = Recorder::start().await;
    server.answer([Answer::Status(401, "{}")]);
    let langsmith = posting_to(&server).build().unwrap();
    let run = langsmith.chain(&RunConfig::default(), Json::string("in"));
    soon(langsmith.flush()).await.unwrap_err();
    run.end(Json::string("out"));
    soon(langsmith.flush()).await.unwrap();
    let operations = server.operations();
    let [(_, lost), (name, run)] = operations.as_slice() else { panic!("{operations:#?}") };
    assert_eq!((name.as_str(), &run["id"]), ("post", &lost["id"]));
    let both = (&run["inputs"]["input"], &run["outputs"]["output"]);
    assert_eq!(both, (&serde_json::json!("in"), &serde_json::json!("out")));
}

#[tokio::test]
async fn langsmith_queued_end_after_a_failed_start_is_posted_whole() {
    let server = Recorder::start().await;
    // The first request is held until the run has ended, and then fails without a retry.
    let release = Arc::new(Notify::new());
    server.answer([Answer::Held(Arc::clone(&release), 401)]);
    let langsmith = posting_to(&server).interval(Duration::ZERO).build().unwrap();
    let run = langsmith.chain(&RunConfig::default(), Json::string("in"));
    first_request(&server).await;
    run.end(Json::string("out"));
    release.notify_one();
    soon(langsmith.flush()).await.unwrap_err();
    let (name, run) = server.operations().pop().unwrap();
    assert_eq!((name.as_str(), &run["inputs"]["input"]), ("post", &serde_json::json!("in")));
}

#[tokio::test]
async fn langsmith_refused_run_does_not_affect_others() {
    let server = Recorder::start().await;
    // The server refuses the three together, then the second one alone.
    let refused = Answer::Status(422, r#"{"detail":"no such thing"}"#);
    server.answer([refused.clone(), Answer::Status(202, "{}"), refused, Answer::Status(202, "{}")]);
    let langsmith = posting_to(&server).build().unwrap();
    greet(3, &langsmith).await;
    let error = soon(langsmith.flush()).await.unwrap_err();
    assert!(error.message().contains("no such thing"), "{error}");
    assert_eq!((server.requests().len(), langsmith.dropped()), (4, 1));
}

#[tokio::test]
async fn langsmith_large_runs_are_split_into_requests() {
    let server = Recorder::start().await;
    let langsmith = posting_to(&server).build().unwrap();
    let chat = greeting(3, &langsmith);
    for _ in 0..3 {
        chat.invoke("x".repeat(8 * 1024 * 1024)).await.unwrap();
    }
    soon(langsmith.flush()).await.unwrap();
    assert_eq!((server.requests().len(), server.runs().len()), (2, 3));
    assert!(server.requests().iter().all(|request| request.body.len() < 20 * 1024 * 1024));
}

#[tokio::test]
async fn langsmith_panic_in_redaction_loses_only_its_run() {
    let server = Recorder::start().await;
    let redact = |value: Json| match value.as_str().contains("boom") {
        true => panic!("the redaction of this test panics"),
        false => value,
    };
    let langsmith = posting_to(&server).redact(redact).build().unwrap();
    let chat = greeting(2, &langsmith);
    chat.invoke("boom").await.unwrap();
    chat.invoke("Hello").await.unwrap();
    let error = soon(langsmith.flush()).await.unwrap_err();
    assert!(error.message().contains("panicked"), "{error}");
    assert_eq!((server.runs().len(), langsmith.dropped()), (1, 1));
}

#[tokio::test]
async fn langsmith_flush_waits_for_runs_of_its_caller() {
    let server = Recorder::start().await;
    let langsmith = posting_to(&server).build().unwrap();
    soon(langsmith.flush()).await.expect("nothing to send");
    let calls = Arc::new(AtomicUsize::new(0));
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let (langsmith, calls) = (langsmith.clone(), Arc::clone(&calls));
            tokio::spawn(async move {
                greet(5, &langsmith).await;
                calls.fetch_add(5, Ordering::SeqCst);
                langsmith.flush().await.unwrap();
            })
        })
        .collect();
    for task in tasks {
        soon(task).await.unwrap();
    }
    assert_eq!(server.runs().len(), calls.load(Ordering::SeqCst));
}

#[tokio::test]
async fn langsmith_cancelled_flush_loses_no_runs() {
    let server = Recorder::start().await;
    let release = Arc::new(Notify::new());
    server.answer([Answer::Held(Arc::clone(&release), 202)]);
    let langsmith = posting_to(&server).build().unwrap();
    greet(2, &langsmith).await;
    tokio::time::timeout(Duration::from_millis(20), langsmith.flush()).await.unwrap_err();
    release.notify_one();
    soon(langsmith.flush()).await.unwrap();
    assert_eq!((server.runs().len(), langsmith.dropped()), (2, 0));
}
