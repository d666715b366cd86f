//! Repair of conversations, through what codecs encode.
//!
//! - Encoding any conversation results in a body or in an error that says why it cannot be sent.
//! - Messages of an encoded body, read back and encoded again, are the same: a repaired conversation needs no repair.
//! - After tool results are added for calls without one, the same holds.
//!
//! Input: the wire format; whether results are added; choices of messages.

use bedrock_chat::{Api, ChatRequest, ErrorKind, Json, Mode, interop};
use serde_json::Value;

use crate::input::Input;
use crate::seeds;
use crate::wires::{Wire, wire, wires};

/// Checks the invariants on one input.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let wire = wire(input.byte());
    let adds_results = input.flag();
    let mut request = ChatRequest::new(input.messages());
    if adds_results {
        request = request.with_missing_tool_results();
        assert_eq!(request.clone().with_missing_tool_results(), request, "results are added once");
    }
    let Some(first) = encoded(wire, &request) else { return };
    let Some(list) = conversation(wire, &first) else { return };
    let json = Json::from(list.clone());
    // A block that this version has no reader for is sent verbatim and need not be readable as a message.
    let Ok(messages) = interop::read_messages(&json) else { return };
    let second = encoded(wire, &ChatRequest::new(messages));
    let second =
        second.unwrap_or_else(|| panic!("{wire:?} refuses its own messages: {json} of {:?}", request.messages));
    let second = conversation(wire, &second).map(normal);
    assert_eq!(second, Some(normal(list)), "{wire:?} repairs {request:?} twice");
}

/// Returns random bytes that choose messages, for each wire format.
pub fn seeds() -> Vec<Vec<u8>> {
    let noise = seeds::noise(wires().len() * 2, 160).into_iter().enumerate();
    noise
        .map(|(at, noise)| [&[(at % wires().len()) as u8, (at / wires().len()) as u8], noise.as_slice()].concat())
        .collect()
}

fn encoded(wire: &Wire, request: &ChatRequest) -> Option<Value> {
    match wire.codec.encode(&wire.model, request, Mode::Invoke) {
        Ok(call) => Some(serde_json::from_slice(&call.body).unwrap_or_else(|error| panic!("{wire:?}: {error}"))),
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::Encode | ErrorKind::Unsupported), "{wire:?}: {error}");
            assert!(!error.message().is_empty());
            None
        }
    }
}

/// Returns messages with each text that is alone in a list as a string, which means the same.
fn normal(value: Value) -> Value {
    match value {
        Value::Array(items) => {
            let items: Vec<Value> = items.into_iter().map(normal).collect();
            match items.as_slice() {
                [Value::Object(block)] if block.len() == 2 && block.get("type") == Some(&Value::from("text")) => {
                    block.get("text").cloned().unwrap_or_default()
                }
                _ => Value::Array(items),
            }
        }
        Value::Object(members) => Value::Object(members.into_iter().map(|(key, value)| (key, normal(value))).collect()),
        value => value,
    }
}

/// Returns the messages of a body in a form that can be read; `None` for prompts and other formats.
fn conversation(wire: &Wire, body: &Value) -> Option<Value> {
    match wire.api {
        Api::Converse | Api::Messages | Api::ChatCompletions => body.get("messages").cloned(),
        Api::Invoke => body.get("messages").cloned(),
        _ => None,
    }
}
