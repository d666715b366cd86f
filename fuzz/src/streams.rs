//! Streamed replies of every wire format, through a chat.
//!
//! - Any chunking delivers the same events and ends in the same way.
//! - The events make the message that the stream reports.
//! - A stream that is cut ends in an error with the partial message, or it was complete before the cut.
//! - The message can be sent back in a next turn, also over another format.
//!
//! Input: the wire format; another one; the size of the pieces; where the stream is cut (two bytes); the stream. The
//! events of an AWS event stream are lines: the type, a tab and the payload, or a payload alone for InvokeModel. A
//! line that begins with `!` is an exception. Server-sent events are as they are.

use std::borrow::Cow;

use bedrock_chat::eventstream::FrameDecoder;
use bedrock_chat::{Accumulator, Api, Framing};
use bytes::Bytes;

use crate::frames::frame;
use crate::input::{Input, pieces};
use crate::seeds;
use crate::wires::{Outcome, Wire, choice_for, stream, wire, wires};

/// Checks the invariants on one input.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let (wire, other) = (wire(input.byte()), wire(input.byte()));
    let (size, cut) = (usize::from(input.byte()), usize::from(input.u16()));
    let body = body(wire, input.rest());
    let whole = stream(wire, owned(&[&body]));
    let in_pieces = stream(wire, owned(&pieces(&body, size)));
    assert_eq!((&in_pieces.message, &in_pieces.error), (&whole.message, &whole.error), "{wire:?} in pieces of {size}");
    // Where nothing of the message arrived, the call itself fails, or the stream after its first events.
    if !in_pieces.events.is_empty() && !whole.events.is_empty() {
        assert_eq!(in_pieces.events, whole.events, "{wire:?} in pieces of {size}");
    }
    assert_events_make_the_message(&in_pieces, wire);
    wire.continue_with(&whole.message, other);

    let cut = cut % (body.len() + 1);
    let part = stream(wire, owned(&[&body[..cut]]));
    wire.continue_with(&part.message, other);
    if whole.error.is_none() && part.error.is_none() {
        // Bytes after the last event of the message, such as a comment or an event about its metadata.
        assert_eq!(part.message.text(), whole.message.text(), "{wire:?} cut after {cut} bytes of {}", body.len());
    }
}

/// Returns recorded streams.
pub fn seeds() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    for call in seeds::recorded(5000) {
        let Some(choice) = choice_for(&call.operation, &call.model, call.is_mantle) else { continue };
        if !call.operation.ends_with("-stream") {
            continue;
        }
        let wire = wire(choice);
        let text = match wire.framing {
            Framing::Sse => call.body,
            _ => lines(wire.api, &call.body),
        };
        let other = (all.len() * 7 % wires().len()) as u8;
        all.push([&[choice, other, (all.len() % 9) as u8, 0, all.len() as u8], text.as_slice()].concat());
    }
    all
}

fn owned(pieces: &[&[u8]]) -> Vec<Bytes> {
    pieces.iter().map(|piece| Bytes::copy_from_slice(piece)).collect()
}

fn assert_events_make_the_message(outcome: &Outcome, wire: &Wire) {
    if outcome.events.is_empty() {
        return;
    }
    let mut accumulator = Accumulator::new();
    outcome.events.iter().for_each(|event| accumulator.push(event));
    let message = if outcome.error.is_some() { accumulator.partial() } else { accumulator.finish() };
    assert_eq!(message.content, outcome.message.content, "{wire:?}");
    assert_eq!(message.usage, outcome.message.usage, "{wire:?}");
    assert_eq!(message.stop_reason, outcome.message.stop_reason, "{wire:?}");
}

/// Returns the body of a response.
fn body<'a>(wire: &Wire, text: &'a [u8]) -> Cow<'a, [u8]> {
    if !wire.streams || wire.framing == Framing::Sse {
        return Cow::Borrowed(text);
    }
    Cow::Owned(framed(wire.api, text))
}

/// Returns an AWS event stream of lines.
pub(crate) fn framed(api: Api, text: &[u8]) -> Vec<u8> {
    events(text).flat_map(|event| frame_of(api, event)).collect()
}

/// Returns the chunks among the lines of a stream of InvokeModel.
pub(crate) fn chunks(text: &[u8]) -> Vec<Vec<u8>> {
    let is_chunk = |(is_exception, name, _): &Event<'_>| !is_exception && name == "chunk";
    events(text).filter(is_chunk).map(|(.., payload)| payload.to_vec()).collect()
}

/// An event of a line: whether it is an exception, its name and its payload.
type Event<'a> = (bool, Cow<'a, str>, &'a [u8]);

fn events(text: &[u8]) -> impl Iterator<Item = Event<'_>> {
    let lines = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| {
        let (is_exception, line) = match line.strip_prefix(b"!") {
            Some(line) => (true, line),
            None => (false, line),
        };
        match line.iter().position(|byte| *byte == b'\t') {
            Some(tab) => (is_exception, String::from_utf8_lossy(&line[..tab]), &line[tab + 1..]),
            None => (is_exception, Cow::Borrowed("chunk"), line),
        }
    })
}

fn frame_of(api: Api, (is_exception, name, payload): Event<'_>) -> Vec<u8> {
    let payload = match api {
        Api::Invoke if !is_exception && name == "chunk" => {
            format!("{{\"bytes\":\"{}\"}}", aws_smithy_types::base64::encode(payload)).into_bytes()
        }
        _ => payload.to_vec(),
    };
    let (kind, message_type) = if is_exception { (":exception-type", "exception") } else { (":event-type", "event") };
    let mut headers = Vec::new();
    for (key, value) in [(kind, &*name), (":message-type", message_type)] {
        headers.push(key.len() as u8);
        headers.extend(key.as_bytes());
        headers.push(7);
        headers.extend((value.len() as u16).to_be_bytes());
        headers.extend(value.as_bytes());
    }
    frame(&headers, &payload)
}

/// Returns the lines that make the frames of a recorded stream.
pub(crate) fn lines(api: Api, body: &[u8]) -> Vec<u8> {
    let mut decoder = FrameDecoder::new();
    decoder.push(body);
    let mut lines = Vec::new();
    while let Ok(Some(frame)) = decoder.next_frame() {
        let exception = frame.exception_type().or(frame.error_code());
        let name = exception.or(frame.event_type()).unwrap_or_default();
        let json: serde_json::Value = serde_json::from_slice(frame.payload()).unwrap_or_default();
        if exception.is_some() {
            lines.push(b'!');
        }
        match json["bytes"].as_str() {
            Some(base64) if api == Api::Invoke => {
                lines.extend(aws_smithy_types::base64::decode(base64).unwrap_or_default());
            }
            _ => {
                lines.extend(name.as_bytes());
                lines.push(b'\t');
                lines.extend(frame.payload());
            }
        }
        lines.push(b'\n');
    }
    lines
}
