//! Random frames, written by AWS's own encoder, and random headers, compared with its decoder.

use aws_smithy_eventstream::frame::read_message_from;
use aws_smithy_types::DateTime;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use proptest::prelude::*;

use crate::{decode, encode, frame_with_headers};

fn value() -> impl Strategy<Value = HeaderValue> {
    prop_oneof![
        any::<bool>().prop_map(HeaderValue::Bool),
        any::<i8>().prop_map(HeaderValue::Byte),
        any::<i16>().prop_map(HeaderValue::Int16),
        any::<i32>().prop_map(HeaderValue::Int32),
        any::<i64>().prop_map(HeaderValue::Int64),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| HeaderValue::ByteArray(bytes.into())),
        "\\PC{0,60}".prop_map(|text| HeaderValue::String(text.into())),
        any::<i64>().prop_map(|millis| HeaderValue::Timestamp(DateTime::from_millis(millis))),
        any::<u128>().prop_map(HeaderValue::Uuid),
    ]
}

prop_compose! {
    fn message()(
        headers in prop::collection::vec(("\\PC{0,60}", value()), 0..8),
        payload in prop::collection::vec(any::<u8>(), 0..600),
    ) -> Message {
        headers.into_iter().fold(Message::new(payload), |message, (name, value)| {
            message.add_header(Header::new(name, value))
        })
    }
}

proptest! {
    #[test]
    fn frames_of_the_aws_encoder_are_decoded_at_any_chunking(
        messages in prop::collection::vec(message(), 0..5),
        sizes in prop::collection::vec(0_usize..400, 1..20),
    ) {
        let bytes: Vec<u8> = messages.iter().flat_map(encode).collect();
        let mut pieces = Vec::new();
        let mut rest = bytes.as_slice();
        for size in sizes {
            let (piece, after) = rest.split_at(size.min(rest.len()));
            pieces.push(piece);
            rest = after;
        }
        pieces.push(rest);
        let outcome = decode(pieces);
        prop_assert_eq!(outcome.frames, messages);
        prop_assert_eq!(outcome.error, None);
    }

    #[test]
    fn frame_headers_are_accepted_same_as_by_the_aws_decoder(
        headers in prop::collection::vec(("[a-z:-]{0,6}", value()), 0..4),
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..16), 0..3),
    ) {
        let message = headers.into_iter().fold(Message::new(Vec::new()), |message, (name, value)| {
            message.add_header(Header::new(name, value))
        });
        let bytes = encode(&message);
        let mut block = bytes[12..bytes.len() - 4].to_vec();
        for (at, byte) in damage {
            if !block.is_empty() {
                let at = at.index(block.len());
                block[at] = byte;
            }
        }
        // The AWS decoder refuses an empty string or byte array as the last header, though its own encoder writes
        // them. A flag as the last header avoids that.
        block.extend_from_slice(b"\x01z\x00");
        let frame = frame_with_headers(&block);
        let ours = decode([frame.as_slice()]);
        match read_message_from(&mut frame.as_slice()) {
            Ok(message) => prop_assert_eq!(ours.frames, [message]),
            Err(error) => prop_assert!(ours.error.is_some(), "{}", error),
        }
    }
}
