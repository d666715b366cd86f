//! The decoder of server-sent events, compared with the WHATWG's rules and with a published parser.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod limits;
mod properties;
mod rules;
mod whatwg;

use bedrock_chat::sse::SseDecoder;
use whatwg::{Event, by_the_text};

/// Decodes a stream that arrives in pieces. The second value is the event without its last blank line.
fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Event>, Option<Event>) {
    let mut decoder = SseDecoder::new();
    let mut events = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        while let Some(event) = decoder.next_event().unwrap() {
            events.push(owned(event));
        }
    }
    let last = decoder.finish().unwrap().map(owned);
    (events, last)
}

fn owned(event: bedrock_chat::sse::SseEvent<'_>) -> Event {
    Event {
        event: event.event().to_owned(),
        data: String::from_utf8_lossy(event.data()).into_owned(),
        id: event.id().to_owned(),
        retry: event.retry(),
    }
}

/// Decodes a stream that arrives whole, and returns type and data of each event.
fn events(stream: &str) -> Vec<(String, String)> {
    let (events, _) = decode([stream.as_bytes()]);
    events.into_iter().map(|event| (event.event, event.data)).collect()
}
