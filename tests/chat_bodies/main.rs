//! Request bodies, without a network: input is sent, sent back unchanged, or refused.

// Clippy exempts only `#[test]` functions, and these files have helpers too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod blocks;
mod cache_points;
mod media;
mod options;
mod tools;
mod turns;
mod usage;

use bedrock_chat::testing::{MemoryTransport, Reply};
use bedrock_chat::{AiMessage, Api, BedrockChat, ChatOptions, Credentials, Error, Json, Message, Tool, interop};
use serde_json::{Value, json};

pub(crate) const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const NOVA: &str = "us.amazon.nova-2-lite-v1:0";
const QWEN: &str = "qwen.qwen3-32b-v1:0";

pub(crate) fn chat(model: &str, api: Api, replies: impl IntoIterator<Item = Reply>) -> (BedrockChat, MemoryTransport) {
    let transport = MemoryTransport::new(replies);
    let chat = BedrockChat::builder(model)
        .api(api)
        .region("us-east-1")
        .credentials(Credentials::new("AKIDEXAMPLE", "secret"))
        .transport(transport.clone())
        .build()
        .unwrap();
    (chat, transport)
}

/// Returns the request body for these messages and options.
pub(crate) fn sent(model: &str, api: Api, messages: &[Message], options: &ChatOptions) -> Result<Value, Error> {
    let answer = json!({"content": [], "choices": [{"message": {"content": "a"}}], "text": "a",
        "output": {"message": {"content": []}}});
    let (chat, transport) = chat(model, api, [Reply::json(200, answer.to_string())]);
    futures_executor::block_on(chat.with_options(options).invoke(messages))?;
    Ok(serde_json::from_slice(&transport.requests()[0].body).unwrap())
}

pub(crate) fn read(json: &Value) -> Result<Vec<Message>, Error> {
    interop::read_messages(&Json::from(json.clone()))
}

/// Returns the request body for messages in JSON.
pub(crate) fn sent_of(model: &str, api: Api, messages: &Value) -> Result<Value, Error> {
    sent(model, api, &read(messages)?, &ChatOptions::default())
}

pub(crate) fn streamed(model: &str, api: Api, reply: Reply) -> Result<AiMessage, Error> {
    futures_executor::block_on(async { chat(model, api, [reply]).0.stream("Hi").await?.message().await })
}

pub(crate) fn kwargs(value: Value) -> ChatOptions {
    ChatOptions::default().with_model_kwargs(Json::from(value))
}

/// Returns the reply as history, also converted to LangChain's form and back.
pub(crate) fn replays(reply: &AiMessage) -> [Vec<Message>; 2] {
    let direct = vec![Message::human("a"), reply.into(), Message::human("b")];
    let read = interop::read_messages(&interop::to_langchain(&direct)).unwrap();
    [direct, read]
}

pub(crate) fn tool(more: &Value) -> Tool {
    let mut tool = json!({"name": "f", "input_schema": {"type": "object", "properties": {}}});
    tool.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Tool::from_json(&Json::from(tool)).unwrap()
}
