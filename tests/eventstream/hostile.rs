//! Broken and malicious streams: one error, at once, then `None`.

use bedrock_chat::ErrorKind;
use bedrock_chat::eventstream::{DEFAULT_MAX_FRAME_LEN, FrameDecoder};

use crate::{Random, chunk, decode, frame_of, frame_with_headers, repair, stream};

/// Returns the text of the error of a stream, which has no frame before it.
fn corrupt(bytes: &[u8]) -> String {
    let outcome = decode(bytes.chunks(5));
    assert!(outcome.frames.is_empty());
    let (kind, text) = outcome.error.unwrap();
    assert_eq!(kind, ErrorKind::Frame);
    text
}

#[test]
fn frame_with_a_flipped_bit_is_one_error() {
    let good = chunk();
    for bit in 0..good.len() * 8 {
        let mut bytes = good.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes.extend_from_slice(&good);
        let outcome = decode([bytes.as_slice()]);
        assert!(outcome.frames.is_empty(), "bit {bit}");
        assert_eq!(outcome.error_kind(), Some(ErrorKind::Frame), "bit {bit}");
    }
}

#[test]
fn frames_before_a_corrupt_one_are_delivered() {
    let mut bytes = chunk().repeat(3);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    let outcome = decode([bytes.as_slice()]);
    assert_eq!((outcome.frames.len(), outcome.error_kind()), (1, Some(ErrorKind::Frame)));
}

#[test]
fn frame_length_below_the_minimum_is_refused() {
    for len in [0, 1, 11, 12, 15] {
        assert!(corrupt(&frame_of(len, 0, &[])).contains(&format!("frame length is {len},")));
    }
    assert_eq!(decode([frame_of(16, 0, &[]).as_slice()]).frames.len(), 1);
}

#[test]
fn frame_length_above_the_limit_is_refused_at_the_prelude() {
    for len in [u32::MAX, 1 << 31, u32::try_from(DEFAULT_MAX_FRAME_LEN).unwrap() + 1] {
        let mut decoder = FrameDecoder::new();
        decoder.push(&frame_of(len, 0, &[])[..12]);
        let error = decoder.next_frame().unwrap_err();
        assert!(error.to_string().contains("the limit is 16777216"), "{error}");
    }
}

#[test]
fn frame_length_limit_can_be_set() {
    let good = chunk();
    for (limit, fits) in [(good.len(), true), (good.len() - 1, false)] {
        let mut decoder = FrameDecoder::default().with_max_frame_len(limit);
        decoder.push(&good);
        assert_eq!(decoder.next_frame().is_ok(), fits);
    }
}

#[test]
fn frame_headers_longer_than_the_frame_are_refused() {
    for (total, headers) in [(16, 1), (20, 5), (100, 85), (100, u32::MAX)] {
        let rest = vec![0; usize::try_from(total).unwrap() - 16];
        assert!(corrupt(&frame_of(total, headers, &rest)).contains("headers length is"));
    }
}

#[test]
fn frame_header_of_unknown_type_is_refused_by_name() {
    for kind in 10..=255 {
        let text = corrupt(&frame_with_headers(&[4, b'n', b'a', b'm', b'e', kind, 0, 0]));
        assert!(text.contains(&format!("header 1, `name`, has the unknown type {kind}")), "{text}");
    }
}

#[test]
fn frame_header_cut_at_any_byte_is_refused() {
    let full = b"\x01a\x00\x01b\x02\x32\x01c\x05\0\0\0\0\0\0\0\x07\x01d\x07\0\x05hello\x01e\x09uuid-uuid-uuid-!";
    let starts = [0, 3, 7, 18, 28];
    let ends = [3, 7, 18, 28, full.len()];
    for len in 1..full.len() {
        if ends.contains(&len) {
            continue;
        }
        let text = corrupt(&frame_with_headers(&full[..len]));
        let index = starts.iter().filter(|start| **start < len).count();
        assert!(text.contains(&format!("header {index}")), "{len}: {text}");
        assert!(text.contains("exceeds the headers"), "{text}");
    }
    assert_eq!(decode([frame_with_headers(full).as_slice()]).frames.len(), 1);
}

#[test]
fn frame_header_names_and_strings_must_be_utf8() {
    assert!(corrupt(&frame_with_headers(b"\x02\xff\xfe\x00")).contains("has a name that is not UTF-8"));
    assert!(corrupt(&frame_with_headers(b"\x01a\x07\0\x01\xff")).contains("`a`, is a string that is not UTF-8"));
    // A header of type bytes may contain any bytes.
    assert_eq!(decode([frame_with_headers(b"\x01a\x06\0\x01\xff").as_slice()]).frames.len(), 1);
}

#[test]
fn stream_end_inside_a_frame_is_truncated() {
    let bytes = stream();
    let whole = decode([bytes.as_slice()]);
    let ends: Vec<usize> = whole
        .frames
        .iter()
        .scan(0, |end, frame| {
            *end += crate::encode(frame).len();
            Some(*end)
        })
        .collect();
    for len in 0..=bytes.len() {
        let outcome = decode(bytes[..len].chunks(9));
        let complete = ends.iter().filter(|end| **end <= len).count();
        assert_eq!(outcome.frames[..], whole.frames[..complete]);
        if len == 0 || ends.contains(&len) {
            assert_eq!(outcome.error, None, "{len}");
        } else {
            let (kind, text) = outcome.error.unwrap();
            assert_eq!(kind, ErrorKind::Truncated);
            let into = len - ends[..complete].last().copied().unwrap_or_default();
            assert!(text.contains(&format!("inside a frame, after {into} bytes")), "{text}");
        }
    }
}

#[test]
fn frame_decoder_ignores_bytes_after_an_error() {
    let mut decoder = FrameDecoder::new();
    decoder.push(b"not an event stream");
    let error = decoder.next_frame().unwrap_err();
    assert!(error.to_string().contains("the bytes are text"), "{error}");
    for _ in 0..3 {
        decoder.push(&chunk());
        assert!(decoder.next_frame().unwrap().is_none());
    }
    assert!(format!("{decoder:?}").contains("buffered: 0"));
    decoder.finish().unwrap();
}

#[test]
fn debug_of_a_frame_decoder_hides_content() {
    let mut decoder = FrameDecoder::new();
    decoder.push(&chunk());
    assert!(format!("{decoder:?}").contains("buffered: 230"));
    let frame = decoder.next_frame().unwrap().unwrap();
    let printed = format!("{frame:?}");
    assert!(printed.contains("chunk") && !printed.contains("eyJ0"), "{printed}");
}

/// Streams broken at random. Half of them get valid checksums again, so that the checks after the checksums are
/// reached too.
fn fuzz(inputs: usize, seed: u64) {
    let good = stream();
    let one = chunk();
    let mut random = Random(seed);
    let mut decoder_saw = [0_usize; 3];
    let mut bytes = Vec::new();
    for _ in 0..inputs {
        bytes.clear();
        match random.below(4) {
            0 => bytes.extend((0..random.below(120)).map(|_| random.next().to_le_bytes()[7])),
            1 => bytes.extend_from_slice(&good),
            _ => bytes.extend_from_slice(&one),
        }
        for _ in 0..random.below(4) {
            let at = random.below(bytes.len());
            match random.below(4) {
                0 if !bytes.is_empty() => bytes[at] = random.next().to_le_bytes()[7],
                1 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
                2 => bytes.truncate(at),
                _ => bytes.insert(at, random.next().to_le_bytes()[7]),
            }
        }
        if bytes.len() >= 16 && random.below(2) == 0 {
            // In half of these, the length is corrected too.
            if random.below(2) == 0 {
                let len = u32::try_from(bytes.len()).unwrap();
                bytes[..4].copy_from_slice(&len.to_be_bytes());
            }
            repair(&mut bytes);
        }
        let outcome = decode(bytes.chunks(1 + random.below(300)));
        decoder_saw[match outcome.error_kind() {
            None => 0,
            Some(ErrorKind::Frame) => 1,
            Some(ErrorKind::Truncated) => 2,
            Some(other) => panic!("{other:?}"),
        }] += 1;
    }
    assert!(decoder_saw.iter().all(|count| *count > inputs / 100), "{decoder_saw:?}");
}

#[test]
fn damaged_stream_is_at_most_one_error_without_panic() {
    fuzz(20_000, 7);
}

/// The test takes about ten seconds: `cargo test --test eventstream -- --ignored`.
#[test]
#[ignore = "the short form of it runs by default"]
fn million_damaged_streams_do_not_panic() {
    fuzz(1_000_000, 11);
}
