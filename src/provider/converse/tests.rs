//! Tests of both shapes: requests, replies, streams.

mod answers;
mod blocks;
mod fields;
mod hostile;
mod nova;
mod requests;
mod streams;

use super::{Converse, Nova};
use crate::error::Error;
use crate::json::Json;
use crate::message::{Content, Message};
use crate::model::ModelId;
use crate::provider::{Codec, Mode};
use crate::request::{ChatOptions, ChatRequest};

const CLAUDE: &str = "us.anthropic.claude-sonnet-4-5-20250929-v1:0";
const NOVA: &str = "us.amazon.nova-2-lite-v1:0";
const LLAMA: &str = "us.meta.llama3-3-70b-instruct-v1:0";

fn json(text: &str) -> Json {
    Json::parse(text).unwrap()
}

fn encoded(codec: &dyn Codec, model: &str, messages: &[Message], options: &ChatOptions) -> Result<Json, Error> {
    let request = ChatRequest::new(messages).with_options(options.clone());
    let call = codec.encode(&ModelId::parse(model).unwrap(), &request, Mode::Invoke)?;
    Ok(json(std::str::from_utf8(&call.body).unwrap()))
}

/// Returns the body that Converse receives for these messages.
fn body(model: &str, messages: &[Message], options: &ChatOptions) -> Json {
    encoded(&Converse, model, messages, options).unwrap()
}

fn refusal(model: &str, messages: &[Message], options: &ChatOptions) -> Error {
    encoded(&Converse, model, messages, options).unwrap_err()
}

/// Returns the body in Nova's own format.
fn nova(messages: &[Message], options: &ChatOptions) -> Result<Json, Error> {
    encoded(&Nova, NOVA, messages, options)
}

/// Returns the member at a path.
fn member(json: &Json, path: &[&str]) -> Json {
    let found = path.iter().try_fold(json.view(), |view, key| match key.parse::<usize>() {
        Ok(index) => view.items().nth(index),
        Err(_) => view.get(key),
    });
    found.map_or_else(|| self::json("null"), Json::from)
}

/// Returns a block as it is written in a human message, next to a text.
fn written(block: Content) -> Json {
    let message = Message::human("w").with(block);
    member(&body(CLAUDE, &[message], &ChatOptions::default()), &["messages", "0", "content", "1"])
}
