//! Tests of the Command R codec, by its requests and replies.

mod answers;
mod requests;

use serde_json::{Value, json};

use super::decode::CommandDecoder;
use super::{Cohere, decode};
use crate::error::Result;
use crate::event::Events;
use crate::headers::Headers;
use crate::json::{Json, View};
use crate::message::{AiMessage, Content, Message, ToolCall};
use crate::model::ModelId;
use crate::provider::invoke::{self, ChunkDecoder, Counts};
use crate::provider::{Codec, Mode};
use crate::request::{ChatOptions, ChatRequest, Tool};

const COMMAND_R: &str = "cohere.command-r-plus-v1:0";

fn encode(messages: &[Message], options: ChatOptions) -> Result<Value> {
    let request = ChatRequest::new(messages).with_options(options);
    let call = Cohere.encode(&ModelId::parse(COMMAND_R).unwrap(), &request, Mode::Invoke)?;
    Ok(serde_json::from_slice(&call.body).unwrap())
}

fn with_tools(tools: Vec<Tool>) -> ChatOptions {
    ChatOptions { tools, ..ChatOptions::default() }
}

fn tool(properties: Value) -> Tool {
    Tool::new("find", "Find things", Json::from(json!({"type": "object", "properties": properties, "required": ["q"]})))
}

fn call(id: &str, args: &str) -> Content {
    Content::ToolCall(ToolCall::new(id, "find", Json::parse(args).unwrap()))
}

fn whole(answer: &Value) -> AiMessage {
    decode::message(answer.to_string().as_bytes(), &Headers::new()).unwrap()
}

fn streamed(chunks: &[Value]) -> (AiMessage, bool) {
    let (mut decoder, mut events, mut counts) = (CommandDecoder::default(), Events::default(), Counts::default());
    for chunk in chunks {
        let text = chunk.to_string();
        decoder.chunk(View::parse(&text).unwrap(), &mut counts, &mut events).unwrap();
    }
    let complete = decoder.is_complete();
    (invoke::message(events, counts, &Headers::new()), complete)
}

fn event(kind: &str, fields: Value) -> Value {
    let mut event = json!({"event_type": kind, "is_finished": kind == "stream-end"});
    event.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    event
}
