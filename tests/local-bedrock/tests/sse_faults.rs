//! Failures on demand in streams of server-sent events, and errors in the shapes of the three APIs.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // Tests.

mod support;

use std::time::{Duration, Instant};

use local_bedrock::{Fault, LocalBedrock, Outcome};
use serde_json::{Value, json};
use support::{Reply, post_mantle};

const APIS: [&str; 3] = ["/openai/v1/responses", "/openai/v1/chat/completions", "/anthropic/v1/messages"];

async fn stream(bedrock: &LocalBedrock, path: &str) -> Reply {
    let messages = json!([{"role": "user", "content": "Hello"}]);
    let body = match path {
        "/openai/v1/responses" => json!({"model": "openai.gpt-5.6-luna", "input": "Hello", "stream": true}),
        "/anthropic/v1/messages" => {
            json!({"model": "anthropic.claude-sonnet-5-5", "max_tokens": 99, "messages": messages, "stream": true})
        }
        _ => json!({"model": "openai.gpt-5.6-luna", "messages": messages, "stream": true}),
    };
    post_mantle(bedrock, path, &body).await
}

fn events(reply: &Reply) -> usize {
    String::from_utf8_lossy(&reply.body).matches("\n\n").count()
}

#[tokio::test]
async fn sse_stream_is_cut_ended_and_broken_on_demand() {
    let bedrock = LocalBedrock::start().await.unwrap();
    for path in APIS {
        let whole = stream(&bedrock, path).await;
        bedrock.faults().push(Fault::cut_after_frames(3));
        let cut = stream(&bedrock, path).await;
        assert_eq!((cut.complete, events(&cut)), (false, 3), "{path}");
        assert_eq!(bedrock.requests().pop().unwrap().outcome, Outcome::CutByFault);
        bedrock.faults().push(Fault::end_after_frames(2));
        let ended = stream(&bedrock, path).await;
        assert_eq!((ended.complete, events(&ended)), (true, 2), "{path}");
        bedrock.faults().push(Fault::truncate_frame(2));
        let half = stream(&bedrock, path).await;
        assert!(half.complete && events(&half) == 2 && !half.body.ends_with(b"\n\n"), "{path}");
        bedrock.faults().push(Fault::flip_bit(3));
        let flipped = stream(&bedrock, path).await.body;
        assert_eq!(flipped[3], whole.body[3] ^ 1, "{path}");
        bedrock.faults().push(Fault::text(1, ": a comment\n\n"));
        let body = stream(&bedrock, path).await.body;
        assert!(String::from_utf8(body).unwrap().contains("\n\n: a comment\n\n"), "{path}");
        bedrock.faults().push(Fault::drip(Duration::from_millis(20)).end_frames(4));
        let start = Instant::now();
        assert_eq!(events(&stream(&bedrock, path).await), 4);
        assert!(start.elapsed() >= Duration::from_millis(80), "{path}");
    }
}

#[tokio::test]
async fn sse_error_event_has_the_shape_of_its_api() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let expected = [
        json!({"type": "error", "sequence_number": 3, "code": "server_error", "message": "m", "param": null}),
        json!({"error": {"message": "m", "type": "server_error", "param": null, "code": "server_error"}}),
        json!({"type": "error", "error": {"type": "server_error", "message": "m"}}),
    ];
    for (path, expected) in APIS.iter().zip(expected) {
        bedrock.faults().push(Fault::error_frame(3, "server_error", "m"));
        let events = stream(&bedrock, path).await.sse();
        assert_eq!((events.len(), events.last().unwrap()), (4, &expected), "{path}");
    }
    bedrock.faults().push(Fault::failed_event(5, "rate_limit_exceeded", "Rate limit reached."));
    let events = stream(&bedrock, APIS[0]).await.sse();
    let last = events.last().unwrap();
    assert_eq!((&last["type"], &last["response"]["status"]), (&json!("response.failed"), &json!("failed")));
    assert_eq!(last["response"]["error"], json!({"code": "rate_limit_exceeded", "message": "Rate limit reached."}));
    assert_eq!(last["response"]["id"], events[0]["response"]["id"]);
    bedrock.faults().push(Fault::event_frame(2, "response.of_the_future", json!({"news": true})));
    let events = stream(&bedrock, APIS[0]).await.sse();
    assert_eq!(events[2], json!({"type": "response.of_the_future", "news": true}));
    assert_eq!(events.last().unwrap()["type"], "response.completed");
}

#[tokio::test]
async fn error_replies_have_three_shapes_and_retry_headers() {
    let bedrock = LocalBedrock::start().await.unwrap();
    let limited = Fault::openai_error(429, "rate_limit_exceeded", "Slow down.").header("retry-after", "2");
    bedrock.faults().push(limited.header("x-amz-retry-after", "1500"));
    let reply = stream(&bedrock, APIS[0]).await;
    assert_eq!(
        (reply.status, reply.header("retry-after"), reply.header("x-amz-retry-after")),
        (429, Some("2"), Some("1500"))
    );
    let error =
        json!({"message": "Slow down.", "type": "rate_limit_error", "param": null, "code": "rate_limit_exceeded"});
    assert_eq!(reply.json(), json!({"error": error}));
    bedrock.faults().push(Fault::anthropic_error(529, "overloaded_error", "Overloaded"));
    let reply = stream(&bedrock, APIS[2]).await;
    assert_eq!(
        (reply.status, &reply.json()["error"]),
        (529, &json!({"type": "overloaded_error", "message": "Overloaded"}))
    );
    bedrock.faults().push(Fault::error(503, "ServiceUnavailableException", "Unavailable"));
    let reply = stream(&bedrock, APIS[1]).await;
    assert_eq!(
        (reply.status, reply.error_type(), reply.message().as_str()),
        (503, "ServiceUnavailableException", "Unavailable")
    );
    let json: Value = json!({"status": 400, "shape": "openai", "message": "m"});
    bedrock.faults().push(serde_json::from_value(json).unwrap());
    assert_eq!(stream(&bedrock, APIS[1]).await.openai_error().3, "validation_error");
}
