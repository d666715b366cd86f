//! Tests of the chat-completions codec, by its requests and replies.

mod answers;
mod requests;

use serde_json::{Value, json};

use super::ChatCompletions;
use super::decode::{self, ChatCompletionsDecoder};
use crate::error::{ErrorKind, Result};
use crate::event::Events;
use crate::headers::Headers;
use crate::json::{Json, View};
use crate::message::{AiMessage, Content, Message, ToolCall};
use crate::model::ModelId;
use crate::provider::invoke::{self, ChunkDecoder, Counts};
use crate::provider::{Codec, Mode};
use crate::request::{ChatOptions, ChatRequest, Tool};

const GPT_OSS: &str = "openai.gpt-oss-120b-1:0";
const QWEN: &str = "qwen.qwen3-32b-v1:0";
const MISTRAL: &str = "mistral.mistral-large-2407-v1:0";

fn encode(family: ChatCompletions, id: &str, messages: &[Message], options: ChatOptions) -> Result<Value> {
    let request = ChatRequest::new(messages).with_options(options);
    let call = family.encode(&ModelId::parse(id).unwrap(), &request, Mode::Invoke)?;
    Ok(serde_json::from_slice(&call.body).unwrap())
}

fn messages_of(family: ChatCompletions, id: &str, messages: &[Message]) -> Value {
    encode(family, id, messages, ChatOptions::default()).unwrap()["messages"].clone()
}

fn refusal(family: ChatCompletions, id: &str, options: ChatOptions) -> (ErrorKind, String) {
    let error = encode(family, id, &[Message::human("Hi")], options).unwrap_err();
    (error.kind(), error.message().to_owned())
}

fn whole(family: ChatCompletions, answer: &Value) -> AiMessage {
    decode::message(family.tags, answer.to_string().as_bytes(), &Headers::new()).unwrap()
}

/// Returns the message of a stream, and whether the stream was complete.
fn streamed(family: ChatCompletions, chunks: &[Value]) -> (AiMessage, bool) {
    let (mut decoder, mut events, mut counts) =
        (ChatCompletionsDecoder::new(family.tags), Events::default(), Counts::default());
    for chunk in chunks {
        let text = chunk.to_string();
        decoder.chunk(View::parse(&text).unwrap(), &mut counts, &mut events).unwrap();
    }
    let complete = decoder.is_complete();
    (invoke::message(events, counts, &Headers::new()), complete)
}

fn delta(delta: Value) -> Value {
    json!({"id": "c", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn last(reason: &str) -> Value {
    json!({"id": "c", "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn weather() -> Tool {
    let schema = json!({"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]});
    Tool::new("get_weather", "Get the weather", Json::from(schema))
}

fn call(id: &str) -> Content {
    Content::ToolCall(ToolCall::new(id, "get_weather", Json::parse(r#"{"location":"LA"}"#).unwrap()))
}
