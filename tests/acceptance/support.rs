//! Helpers of the tests: chat models that call a local Bedrock, a clock that tests set, frames that
//! another crate encodes, and replies sent by hand.

mod clock;
mod frames;
mod hand;
mod relay;

pub(crate) use clock::Clock;
pub(crate) use frames::{chunk, chunks, event, frame, frames_of, vector};
pub(crate) use hand::{ByHand, Hand};
pub(crate) use local_bedrock::{soon, until};
pub(crate) use relay::{read_request, receive, relay};

use std::time::Duration;

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{
    AiMessage, BedrockChat, BedrockChatBuilder, ChatEvent, ChatStream, Credentials, Error, RetryPolicy, Timeouts,
    Transport,
};
use local_bedrock::{LocalBedrock, RecordedRequest, TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY};
use serde_json::Value;
use tokio::task::JoinHandle;

pub(crate) const CLAUDE: &str = "anthropic.claude-3-haiku-20240307-v1:0";
/// The first Claude with reasoning.
pub(crate) const THINKER: &str = "anthropic.claude-3-7-sonnet-20250219-v1:0";
pub(crate) const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";
/// 2025-01-02T03:04:05Z, the time of the fixed signatures in these tests.
pub(crate) const THEN: Duration = Duration::from_secs(1_735_787_045);

/// Keys that every local Bedrock accepts.
pub(crate) fn keys() -> Credentials {
    Credentials::new(TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY)
}

/// Returns a policy of three attempts with very short delays.
pub(crate) fn at_once() -> RetryPolicy {
    RetryPolicy::default()
        .with_base_delay(Duration::from_millis(1))
        .with_throttling_base_delay(Duration::from_millis(1))
}

/// Returns timeouts without limits, for clocks that jump.
pub(crate) fn no_timeouts() -> Timeouts {
    Timeouts::none()
}

/// A chat model that calls this server, signs with its keys, and retries with very short delays.
pub(crate) fn calling(bedrock: &LocalBedrock) -> BedrockChatBuilder {
    calling_url(&bedrock.url())
}

/// Same as [`calling`], with another model.
pub(crate) fn calling_model(bedrock: &LocalBedrock, model: &str) -> BedrockChatBuilder {
    let builder = BedrockChat::builder(model).region("us-east-1").credentials(keys());
    builder.endpoint_url(bedrock.url()).retry(at_once())
}

pub(crate) fn calling_url(url: &str) -> BedrockChatBuilder {
    BedrockChat::builder(CLAUDE).region("us-east-1").credentials(keys()).endpoint_url(url).retry(at_once())
}

/// A chat model with this transport.
pub(crate) fn over(transport: impl Transport) -> BedrockChatBuilder {
    BedrockChat::builder(CLAUDE).region("us-east-1").credentials(keys()).transport(transport).retry(at_once())
}

/// A stream of these chunks, without a network.
pub(crate) async fn streamed(chunks: &[Value]) -> ChatStream {
    let texts: Vec<String> = chunks.iter().map(Value::to_string).collect();
    let reply = Reply::chunks(texts.iter().map(String::as_str));
    over(MemoryTransport::new([reply])).build().unwrap().stream("hello").await.unwrap()
}

/// The result of a stream: all its events, and the error if it ended with one.
#[derive(Debug)]
pub(crate) struct Course {
    pub(crate) events: Vec<ChatEvent>,
    pub(crate) error: Option<Error>,
}

impl Course {
    pub(crate) fn text(&self) -> String {
        let texts = self.events.iter().filter_map(|event| match event {
            ChatEvent::Text { text, .. } => Some(text.as_str()),
            _ => None,
        });
        texts.collect()
    }

    pub(crate) fn error(&self) -> &Error {
        self.error.as_ref().expect("the stream should have failed")
    }
}

/// Reads a stream to its end, and checks the end: at most one error, no event after it, and `None` from then on.
pub(crate) async fn course(stream: &mut ChatStream) -> Course {
    let mut course = Course { events: Vec::new(), error: None };
    let reading = async {
        while let Some(item) = stream.next().await {
            assert!(course.error.is_none(), "something came after the error: {item:?}");
            match item {
                Ok(event) => course.events.push(event),
                Err(error) => course.error = Some(error),
            }
        }
        for _ in 0..3 {
            assert!(stream.next().await.is_none(), "the stream began again");
        }
    };
    soon(reading).await;
    course
}

/// Runs all tasks that are ready, in a runtime of one thread.
pub(crate) async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

/// Advances a clock by a limit, again and again, until the task ends that has this limit. Returns its result.
///
/// A test whose limit is in real time could not distinguish the limit from a busy machine.
pub(crate) async fn expire<T>(clock: &Clock, limit: Duration, task: JoinHandle<T>) -> T {
    until("the task ends", || {
        clock.advance(limit);
        task.is_finished()
    })
    .await;
    task.await.unwrap()
}

/// Returns the only request that a server received.
pub(crate) fn only_request(bedrock: &LocalBedrock) -> RecordedRequest {
    let [request] = <[RecordedRequest; 1]>::try_from(bedrock.requests()).expect("one request");
    request
}

/// Returns the headers that the server found to be signed.
pub(crate) fn signed_headers(request: &RecordedRequest) -> Vec<String> {
    match &request.verdict {
        local_bedrock::Verdict::Signed { signed_headers, .. } => signed_headers.clone(),
        other => panic!("not signed: {other:?}"),
    }
}

/// Returns the message after serializing it to JSON and back.
pub(crate) fn through_json(message: &AiMessage) -> AiMessage {
    serde_json::from_str(&serde_json::to_string(message).unwrap()).unwrap()
}

/// The variable that is set while a test runs in a separate process.
const ALONE: &str = "BEDROCK_CHAT_TEST_ALONE";

/// Runs the test of this name again, in a separate process that has only these variables. Returns `true` inside that
/// process. Outside of it, the test is over when this function returns.
pub(crate) fn alone(test: &str, variables: &[(&str, &str)]) -> bool {
    let inside = is_alone();
    if !inside {
        run_alone(test, variables);
    }
    inside
}

/// Returns whether this process runs only one test.
pub(crate) fn is_alone() -> bool {
    std::env::var_os(ALONE).is_some()
}

/// Runs the test of this name in a separate process, and returns its output.
pub(crate) fn run_alone(test: &str, variables: &[(&str, &str)]) -> String {
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]).env_clear().env(ALONE, "1");
    let done = command.envs(variables.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(
        done.status.success() && said.contains("1 passed"),
        "{test} with {variables:?}:\n{said}\n{}",
        String::from_utf8_lossy(&done.stderr)
    );
    said
}
