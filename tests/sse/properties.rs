//! Random streams, cut at random places, against the WHATWG's text and against the crate
//! `eventsource-stream`.

use std::convert::Infallible;

use eventsource_stream::Eventsource;
use futures_executor::block_on_stream;
use proptest::prelude::*;

use crate::{Event, by_the_text, decode};

/// Streams of parts that the rules are about, and of similar parts.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        6 => words(vec!["\n", "\r", "\r\n", "\n\n"]),
        6 => words(vec!["data:", "data: ", "data", "event: ", "event", "id: ", "retry: ", ": ", ":"]),
        3 => words(vec!["{\"type\":\"x\"}", "12", " ", "ping", "\0", "\u{feff}", "é", "datas: ", "[DONE]"]),
        1 => "[ -~]{0,40}".prop_map(String::into_bytes),
    ];
    prop::collection::vec(token, 0..60).prop_map(|tokens| tokens.concat())
}

fn words(words: Vec<&'static str>) -> impl Strategy<Value = Vec<u8>> {
    prop::sample::select(words).prop_map(|word| word.as_bytes().to_vec())
}

fn cut(bytes: &[u8], sizes: Vec<usize>) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = bytes;
    for size in sizes {
        let (piece, after) = rest.split_at(size.min(rest.len()));
        pieces.push(piece);
        rest = after;
    }
    pieces.push(rest);
    pieces
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn sse_events_match_the_standard_at_any_chunking(
        bytes in stream(),
        sizes in prop::collection::vec(0_usize..20, 0..40),
    ) {
        prop_assert_eq!(decode(cut(&bytes, sizes)).0, by_the_text(&bytes));
    }

    #[test]
    fn events_are_the_same_at_every_split(bytes in stream()) {
        let whole = decode([bytes.as_slice()]);
        for at in 0..=bytes.len() {
            let (before, after) = bytes.split_at(at);
            prop_assert_eq!(&decode([before, after]), &whole, "split at {}", at);
        }
        prop_assert_eq!(&decode(bytes.chunks(1)), &whole);
    }

    #[test]
    fn any_bytes_are_decoded_as_in_the_standard(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"data:\r\n ".to_vec())], 0..300),
    ) {
        prop_assert_eq!(decode([bytes.as_slice()]).0, by_the_text(&bytes));
    }

    #[test]
    fn well_formed_sse_events_match_eventsource_stream(
        events in prop::collection::vec(("[a-z._]{0,12}", "[ -~é]{1,40}(\n[ -~]{0,10})?", "[0-9]{0,3}"), 0..12),
        sizes in prop::collection::vec(0_usize..60, 0..12),
    ) {
        let mut stream = String::new();
        for (event, data, id) in &events {
            stream.push_str(": ping\n\n");
            if !event.is_empty() {
                stream.extend(["event: ", event, "\n"]);
            }
            if !id.is_empty() {
                stream.extend(["id: ", id, "\r\n"]);
            }
            for line in data.split('\n') {
                stream.extend(["data: ", line, "\n"]);
            }
            stream.push('\n');
        }
        let pieces = cut(stream.as_bytes(), sizes);
        let items: Vec<_> = pieces.iter().map(|piece| Ok::<_, Infallible>(piece.to_vec())).collect();
        let peer: Vec<_> = block_on_stream(Items(items.into_iter()).eventsource())
            .map(|event| event.unwrap())
            .map(|event| Event { event: event.event, data: event.data, id: event.id, retry: None })
            .collect();
        prop_assert_eq!(peer.len(), events.len());
        prop_assert_eq!(decode(pieces).0, peer);
    }
}

/// A stream of an iterator's items.
struct Items<I>(I);

impl<I: Iterator + Unpin> futures_core::Stream for Items<I> {
    type Item = I::Item;

    fn poll_next(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<I::Item>> {
        std::task::Poll::Ready(self.0.next())
    }
}
