//! A good answer of the service to any request of the gateway.

use bedrock_chat::{Api, HttpRequest};
use serde_json::Value;

use crate::streams::framed;

const CONVERSE: &str = r#"{"output":{"message":{"role":"assistant","content":[{"text":"Hello!"},{"toolUse":{"toolUseId":"t1","name":"now","input":{}}}]}},"stopReason":"tool_use","usage":{"inputTokens":6,"outputTokens":4,"totalTokens":10}}"#;

const CONVERSE_STREAM: &str = r#"messageStart	{"role":"assistant"}
contentBlockDelta	{"contentBlockIndex":0,"delta":{"reasoningContent":{"text":"Hm"}}}
contentBlockDelta	{"contentBlockIndex":0,"delta":{"reasoningContent":{"signature":"sig=="}}}
contentBlockStop	{"contentBlockIndex":0}
contentBlockDelta	{"contentBlockIndex":1,"delta":{"text":"Hello!"}}
contentBlockStop	{"contentBlockIndex":1}
contentBlockStart	{"contentBlockIndex":2,"start":{"toolUse":{"toolUseId":"t1","name":"now"}}}
contentBlockDelta	{"contentBlockIndex":2,"delta":{"toolUse":{"input":"{}"}}}
contentBlockStop	{"contentBlockIndex":2}
messageStop	{"stopReason":"tool_use"}
metadata	{"usage":{"inputTokens":6,"outputTokens":4,"totalTokens":10}}"#;

const CLAUDE: &str = r#"{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"text","text":"Hello!"}],"stop_reason":"end_turn","usage":{"input_tokens":6,"output_tokens":4}}"#;

const CLAUDE_STREAM: &str = r#"{"type":"message_start","message":{"id":"msg_1","usage":{"input_tokens":6,"output_tokens":1}}}
{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}
{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello!"}}
{"type":"content_block_stop","index":0}
{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":4}}
{"type":"message_stop"}"#;

const CHAT: &str = r#"{"id":"c-1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello!"},"finish_reason":"stop"}],"usage":{"prompt_tokens":6,"completion_tokens":4,"total_tokens":10}}"#;

const CHAT_STREAM: &str = r#"data: {"id":"c-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant","content":"Hello!"},"finish_reason":null}]}

data: {"id":"c-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}

data: {"id":"c-1","object":"chat.completion.chunk","choices":[],"usage":{"prompt_tokens":6,"completion_tokens":4}}

data: [DONE]

"#;

const RESPONSE: &str = r#"{"id":"resp_1","object":"response","status":"completed","output":[],"usage":{"input_tokens":6,"output_tokens":4,"total_tokens":10}}"#;

/// Returns the content type and body of an answer.
pub(crate) fn reply(request: &HttpRequest) -> (&'static str, Vec<u8>) {
    const JSON: &str = "application/json";
    const FRAMES: &str = "application/vnd.amazon.eventstream";
    const SSE: &str = "text/event-stream";
    let path = request.url.split('?').next().unwrap_or_default();
    let streams = serde_json::from_slice(&request.body).is_ok_and(|body: Value| body["stream"] == true);
    match path.rsplit('/').next().unwrap_or_default() {
        "converse" => (JSON, CONVERSE.into()),
        "converse-stream" => (FRAMES, framed(Api::Converse, CONVERSE_STREAM.as_bytes())),
        "invoke" => (JSON, CLAUDE.into()),
        "invoke-with-response-stream" => (FRAMES, framed(Api::Invoke, CLAUDE_STREAM.as_bytes())),
        "completions" if streams => (SSE, CHAT_STREAM.into()),
        "completions" => (JSON, CHAT.into()),
        "responses" if streams => (SSE, response_stream().into_bytes()),
        "responses" => (JSON, RESPONSE.into()),
        "count-tokens" | "count_tokens" => (JSON, br#"{"inputTokens":6,"input_tokens":6}"#.to_vec()),
        _ => (JSON, br#"{"modelSummaries":[],"inferenceProfileSummaries":[]}"#.to_vec()),
    }
}

fn response_stream() -> String {
    let begun = r#"{"type":"response.created","sequence_number":0,"response":{"status":"in_progress"}}"#;
    let done = format!(r#"{{"type":"response.completed","sequence_number":1,"response":{RESPONSE}}}"#);
    format!("event: response.created\ndata: {begun}\n\nevent: response.completed\ndata: {done}\n\n")
}
