//! Helpers of the tests.

use std::time::Duration;

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{BedrockChat, BedrockChatBuilder, Credentials, LangSmith, LangSmithBuilder, RetryPolicy};
use local_bedrock::{LocalBedrock, TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY};
pub(crate) use local_bedrock::{soon, until};

use crate::recorder::Recorder;

pub(crate) const CLAUDE: &str = "anthropic.claude-3-haiku-20240307-v1:0";

/// Three attempts with very short delays.
pub(crate) fn at_once() -> RetryPolicy {
    RetryPolicy::default()
        .with_base_delay(Duration::from_millis(1))
        .with_throttling_base_delay(Duration::from_millis(1))
}

/// A chat model that calls this server.
pub(crate) fn calling(bedrock: &LocalBedrock) -> BedrockChatBuilder {
    BedrockChat::builder(CLAUDE)
        .region("us-east-1")
        .credentials(Credentials::new(TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY))
        .endpoint_url(bedrock.url())
        .retry(at_once())
}

/// A chat model with these replies, without a network.
pub(crate) fn saying(texts: &[&str]) -> BedrockChatBuilder {
    let replies = texts.iter().map(|text| {
        let content = serde_json::json!({
            "id": "msg_1", "model": "claude-3-haiku-20240307", "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn", "usage": {"input_tokens": 3, "output_tokens": 4},
        });
        Reply::json(200, content.to_string())
    });
    over(MemoryTransport::new(replies))
}

/// A chat model with this transport.
pub(crate) fn over(transport: MemoryTransport) -> BedrockChatBuilder {
    BedrockChat::builder(CLAUDE)
        .region("us-east-1")
        .credentials(Credentials::new(TEST_ACCESS_KEY_ID, TEST_SECRET_ACCESS_KEY))
        .transport(transport)
        .retry(at_once())
}

/// An observer that posts to this server when it is flushed. With the default interval, a busy machine could post the
/// start and the end of a run in two requests.
pub(crate) fn posting_to(server: &Recorder) -> LangSmithBuilder {
    let hour = Duration::from_secs(3600);
    LangSmith::builder("ls-test-key").endpoint(&server.url).project("vectors").retry(at_once()).interval(hour)
}
