//! The frames of a stream are the same for every split into pieces.

use crate::{Outcome, Random, chunk, decode, stream};

fn whole() -> Outcome {
    let bytes = stream();
    let outcome = decode([bytes.as_slice()]);
    assert_eq!((outcome.frames.len(), &outcome.error), (3, &None));
    outcome
}

#[test]
fn frames_are_the_same_byte_by_byte() {
    assert_eq!(decode(stream().chunks(1)), whole());
}

#[test]
fn frames_are_the_same_split_at_any_byte() {
    let bytes = stream();
    for at in 0..=bytes.len() {
        let (left, right) = bytes.split_at(at);
        assert_eq!(decode([left, right]), whole(), "split at {at}");
    }
}

#[test]
fn frames_are_the_same_for_every_chunk_size() {
    let bytes = stream();
    for size in 1..bytes.len() {
        assert_eq!(decode(bytes.chunks(size)), whole(), "chunks of {size}");
    }
}

#[test]
fn frames_are_the_same_in_random_and_empty_pieces() {
    let bytes = stream();
    let mut random = Random(1);
    for _ in 0..500 {
        let mut pieces: Vec<&[u8]> = Vec::new();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(random.below(60).min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        assert_eq!(decode(pieces), whole());
    }
}

/// The test would take hours with a decoder that moves or searches its whole buffer for each byte.
#[test]
fn frames_of_10_mb_are_complete_byte_by_byte() {
    let one_frame = chunk();
    let bytes = one_frame.repeat(10_000_000 / one_frame.len() + 1);
    let mut decoder = bedrock_chat::eventstream::FrameDecoder::new();
    let mut frames = 0;
    for byte in bytes.chunks(1) {
        decoder.push(byte);
        while decoder.next_frame().unwrap().is_some() {
            frames += 1;
        }
    }
    decoder.finish().unwrap();
    assert_eq!(frames * one_frame.len(), bytes.len());
}

/// The test would take hours with a decoder that computes the checksum again for each piece.
#[test]
fn frame_of_8_mb_is_complete_in_small_pieces() {
    let payload = vec![b'x'; 8_000_000];
    let bytes = crate::encode(&aws_smithy_types::event_stream::Message::new(payload));
    let outcome = decode(bytes.chunks(7));
    assert_eq!((outcome.frames.len(), outcome.error), (1, None));
}

#[test]
fn frames_pushed_at_once_are_returned_one_by_one() {
    let bytes = chunk().repeat(1000);
    assert_eq!(decode([bytes.as_slice()]).frames.len(), 1000);
}
