//! Whole replies of every wire format.
//!
//! - A decoded reply keeps its content, usage and stop reason as events of a stream, and as JSON.
//! - It can be sent back in a next turn, also over another format, and read back from LangChain's form.
//! - A chat returns the same message, or the same kind of error.
//!
//! Input: the wire format; another one; the body.

use bedrock_chat::{Accumulator, AiMessage, Call, ErrorKind, Events, Headers, interop};
use bytes::Bytes;

use crate::input::Input;
use crate::seeds;
use crate::wires::{Wire, choice_for, wire, wires};

/// Checks the invariants on one input.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let (wire, other) = (wire(input.byte()), wire(input.byte()));
    let body = input.rest();
    let decoded = wire.codec.decode(&Call::default(), body, &Headers::new());
    assert_same_from_the_chat(wire, body, &decoded);
    let Ok(message) = decoded else { return };
    let mut accumulator = Accumulator::new();
    accumulator.extend(&mut Events::from(message.clone()));
    let streamed = accumulator.finish();
    assert_eq!(streamed.text(), message.text(), "{wire:?} as events");
    assert!(streamed.tool_calls().eq(message.tool_calls()), "{wire:?} as events");
    assert_eq!((streamed.usage, &streamed.stop_reason), (message.usage, &message.stop_reason), "{wire:?} as events");

    let json = serde_json::to_string(&message).unwrap_or_else(|error| panic!("{wire:?}: {error}"));
    let back: AiMessage = serde_json::from_str(&json).unwrap_or_else(|error| panic!("{error}: {json}"));
    // Serde changes numbers that exceed `f64`, and those of more than 15 digits.
    if !body.windows(12).any(|part| part.iter().all(u8::is_ascii_digit)) && !has_large_exponent(body) {
        assert_eq!(back, message, "{wire:?} as JSON");
    }
    let langchain = interop::reply_to_langchain(&message);
    interop::read_message(&langchain).unwrap_or_else(|error| panic!("{wire:?}: {error}: {langchain}"));
    wire.continue_with(&message, other);
}

/// Returns recorded replies.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    for call in seeds::recorded(4000) {
        let Some(choice) = choice_for(&call.operation, &call.model, call.is_mantle) else { continue };
        if call.body.starts_with(b"{") {
            let other = (all.len() * 7 % wires().len()) as u8;
            all.push([&[choice, other], call.body.as_slice()].concat());
        }
    }
    all
}

fn has_large_exponent(body: &[u8]) -> bool {
    let is_exponent = |part: &[u8]| matches!(part, [b'0'..=b'9' | b'.', b'e' | b'E', ..]);
    body.windows(2).any(is_exponent)
}

fn assert_same_from_the_chat(wire: &Wire, body: &[u8], decoded: &bedrock_chat::Result<AiMessage>) {
    let mut headers = Headers::new();
    headers.push("content-type", "application/json");
    wire.transport.set(200, headers, vec![Bytes::copy_from_slice(body)]);
    let received = futures_executor::block_on(wire.chat.invoke(wire.question.clone()));
    match (decoded, received) {
        (Ok(decoded), Ok(received)) => assert_eq!(received.content, decoded.content, "{wire:?}"),
        // The client recognizes a body that was cut, and an error with the status of a success.
        (Err(_), Err(error)) => assert!(
            !matches!(error.kind(), ErrorKind::Encode | ErrorKind::Config | ErrorKind::Credentials),
            "{wire:?}: {error}"
        ),
        (decoded, received) => panic!("{wire:?}: decoded {decoded:?}, received {received:?}"),
    }
}
