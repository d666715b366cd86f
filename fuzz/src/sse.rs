//! Server-sent events. Any chunking results in the same events, which are those of a second implementation of the
//! WHATWG's text. Well-formed ones are also those of the crate `eventsource-stream`.
//!
//! Input: the size of the pieces; whether the stream is made of events; the stream, or choices of events.

#[path = "../../tests/sse/whatwg.rs"]
mod whatwg;

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bedrock_chat::sse::{SseDecoder, SseEvent};
use eventsource_stream::Eventsource;

use self::whatwg::{Event, by_the_text};
use crate::input::{Input, pieces};
use crate::seeds;

/// Checks the invariants on one input.
pub fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let size = usize::from(input.byte());
    if input.flag() {
        let stream = well_formed(&mut input);
        assert_same_at_any_size(stream.as_bytes(), size);
        assert_eq!(decode(&[stream.as_bytes()]).0, by_eventsource_stream(stream.as_bytes()));
    } else {
        assert_same_at_any_size(input.rest(), size);
    }
}

/// Returns recorded streams, and random bytes that choose events.
pub fn seeds() -> Vec<Vec<u8>> {
    let streams = seeds::recorded(4000)
        .into_iter()
        .filter(|call| call.body.starts_with(b"data:") || call.body.starts_with(b"event:"));
    let streams = streams.map(|call| [&[5, 0], call.body.as_slice()].concat());
    let choices = seeds::noise(16, 120).into_iter().map(|noise| [&[5, 1], noise.as_slice()].concat());
    let rules: [&[u8]; 3] = [
        b"\x01\x00\xEF\xBB\xBFid: 1\r\nretry: 12\rdata\n: comment\ndata:  x\n\nevent: e\ndata: y",
        b"\x02\x00id: \0\nretry: x\ndata: a\r\r\ndata: b\n\n\n",
        b"\x00\x00datas: a\ndata : b\n: c\n\nevent: \ndata: d\n\n",
    ];
    streams.chain(choices).chain(rules.map(<[u8]>::to_vec)).collect()
}

fn assert_same_at_any_size(bytes: &[u8], size: usize) {
    let whole = decode(&[bytes]);
    assert_eq!(decode(&pieces(bytes, size)), whole, "in pieces of {size} bytes");
    assert_eq!(decode(&pieces(bytes, 1)), whole, "byte for byte");
    assert_eq!(whole.0, by_the_text(bytes));
    // A limit changes nothing before it is reached, and stops at an error.
    let mut decoder = SseDecoder::new().with_max_event_len(16);
    decoder.push(bytes);
    for event in &whole.0 {
        match decoder.next_event() {
            Ok(next) => assert_eq!(next.map(owned).as_ref(), Some(event)),
            Err(_) => {
                assert!(decoder.next_event().is_ok_and(|next| next.is_none()));
                assert!(decoder.finish().is_ok_and(|next| next.is_none()));
                break;
            }
        }
    }
}

/// Decodes a stream that arrives in pieces. The second value is the event without its last blank line.
fn decode(pieces: &[&[u8]]) -> (Vec<Event>, Option<Event>) {
    let mut decoder = SseDecoder::new();
    let mut events = Vec::new();
    for piece in pieces {
        decoder.push(piece);
        while let Some(event) = decoder.next_event().unwrap_or_else(|error| panic!("{error}")) {
            events.push(owned(event));
        }
    }
    let last = decoder.finish().unwrap_or_else(|error| panic!("{error}")).map(owned);
    (events, last)
}

fn owned(event: SseEvent<'_>) -> Event {
    Event {
        event: event.event().to_owned(),
        data: String::from_utf8_lossy(event.data()).into_owned(),
        id: event.id().to_owned(),
        retry: event.retry(),
    }
}

/// Returns a stream in which each event has data and its parts are in their usual order: `eventsource-stream`
/// differs from the WHATWG's text in others.
fn well_formed(input: &mut Input<'_>) -> String {
    let mut stream = String::new();
    while !input.is_empty() && stream.len() < 4000 {
        let line = |input: &mut Input<'_>| input.joined(6, &["a", "é", " b", ":", "data", "{\"x\":1}", "😀", "1"]);
        let end = input.one_of(&["\n", "\r\n"]);
        if input.flag() {
            stream.extend([": ping", end, end]);
        }
        if input.flag() {
            stream.extend(["event: ", input.one_of(&["ping", "a.b", "x_y"]), end]);
        }
        if input.flag() {
            stream.extend(["id: ", input.one_of(&["1", "22", "x"]), end]);
        }
        stream.extend(["data: d", &line(input), end]);
        for more in input.list(2, line) {
            stream.extend(["data: ", &more, end]);
        }
        stream.push_str(end);
    }
    stream
}

fn by_eventsource_stream(stream: &[u8]) -> Vec<Event> {
    let items: Vec<_> = stream.chunks(64).map(|piece| Ok::<_, Infallible>(piece.to_vec())).collect();
    let events = futures_executor::block_on_stream(Items(items.into_iter()).eventsource());
    let events = events.map(|event| event.unwrap_or_else(|error| panic!("{error}")));
    events.map(|event| Event { event: event.event, data: event.data, id: event.id, retry: None }).collect()
}

/// A stream of what an iterator returns.
struct Items<I>(I);

impl<I: Iterator + Unpin> futures_core::Stream for Items<I> {
    type Item = I::Item;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<I::Item>> {
        Poll::Ready(self.0.next())
    }
}
