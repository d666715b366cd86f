//! Tools of MCP servers in a toolbox. The servers are `rmcp`'s own in this process, the public reference server over
//! stdio, and a server that sends messages which neither of these sends.

#![cfg(feature = "reqwest")]
// Clippy exempts only `#[test]` functions, and these files have helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

mod calls;
#[path = "../local-bedrock/tests/support/install.rs"]
mod install;
mod lists;
mod odd_servers;
mod reference_server;
mod results;
mod server;

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{BedrockChat, Content, Credentials, ToolResult, Toolbox};
use serde_json::{Value, json};

/// Returns a chat whose model calls a tool, and then says "Done.".
pub(crate) fn calling(tool: &str, args: &Value) -> BedrockChat {
    let call = json!({"content": [{"type": "tool_use", "id": "t1", "name": tool, "input": args}],
        "stop_reason": "tool_use"});
    let end = json!({"content": [{"type": "text", "text": "Done."}], "stop_reason": "end_turn"});
    let replies = [call, end].map(|reply| Reply::json(200, reply.to_string()));
    BedrockChat::builder("us.anthropic.claude-sonnet-4-6")
        .region("us-east-1")
        .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
        .transport(MemoryTransport::new(replies))
        .build()
        .unwrap()
}

/// Returns the result of a tool that the model calls.
pub(crate) async fn result_of(toolbox: &Toolbox, tool: &str, args: Value) -> ToolResult {
    let run = toolbox.run(&calling(tool, &args), "Go.").await.unwrap();
    assert_eq!((run.reply.text().as_str(), run.messages.len()), ("Done.", 4));
    match run.messages[2].content.as_slice() {
        [Content::ToolResult(result)] => result.clone(),
        other => panic!("{other:?}"),
    }
}

/// Returns the texts and JSON of a result, and the media types of its other blocks.
pub(crate) fn texts_of(result: &ToolResult) -> Vec<String> {
    let text_of = |block: &Content| match block {
        Content::Text(text) => text.text.clone(),
        Content::Json(json) => format!("json {}", json.value),
        Content::Image(media) => format!("image {}", media.media_type),
        Content::Video(media) => format!("video {}", media.media_type),
        Content::Document(document) => format!("document {} {:?}", document.media_type, document.name),
        other => panic!("{other:?}"),
    };
    result.content.iter().map(text_of).collect()
}
