//! The decoder of server-sent events, compared with the WHATWG's rules and with a published parser.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod limits;
mod properties;
mod rules;

use bedrock_chat::sse::SseDecoder;

/// An event with all its data.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Event {
    event: String,
    data: String,
    id: String,
    retry: Option<u64>,
}

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

/// A second implementation: the WHATWG's text, step by step, over a whole stream.
fn by_the_text(stream: &[u8]) -> Vec<Event> {
    let text = String::from_utf8_lossy(stream).into_owned();
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (mut event, mut data, mut id, mut retry) = (String::new(), String::new(), String::new(), None);
    let mut events = Vec::new();
    let Some((lines, _)) = text.rsplit_once('\n') else { return events };
    for line in lines.split('\n') {
        if line.is_empty() {
            if !data.is_empty() {
                data.pop();
                let event = if event.is_empty() { "message".to_owned() } else { event.clone() };
                events.push(Event { event, data: data.clone(), id: id.clone(), retry });
            }
            data.clear();
            event.clear();
            continue;
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => event = value.to_owned(),
            "data" => data.extend([value, "\n"]),
            "id" if !value.contains('\0') => id = value.to_owned(),
            "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                retry = value.parse().ok().or(retry);
            }
            _ => {}
        }
    }
    events
}
