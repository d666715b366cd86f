//! Limits of lines and events, and the costs of the decoder.

use bedrock_chat::ErrorKind;
use bedrock_chat::sse::{SseDecoder, SseEvent};

/// Pushes the pieces and returns the number of events before the error, and its message.
fn failure(pieces: &[&str]) -> (usize, Option<String>) {
    let mut decoder = SseDecoder::new().with_max_event_len(20);
    let (mut events, mut error) = (0, None);
    for piece in pieces {
        decoder.push(piece.as_bytes());
        loop {
            match decoder.next_event() {
                Ok(Some(_)) => events += 1,
                Ok(None) => break,
                Err(found) => {
                    assert_eq!(found.kind(), ErrorKind::Frame);
                    assert!(error.replace(found.to_string()).is_none(), "the error is reported once");
                }
            }
        }
    }
    assert!(decoder.finish().is_ok_and(|event| error.is_none() || event.is_none()));
    (events, error)
}

#[test]
fn line_above_the_limit_is_an_error_before_it_ends() {
    let (events, error) = failure(&["data: 1\n\n", "data: 0123456789", "0123456789", "\n\n", "data: 2\n\n"]);
    assert_eq!(events, 1);
    assert!(error.unwrap().contains("a line of the event stream is too long: more than 20 bytes"));
}

#[test]
fn data_above_the_limit_is_an_error_before_it_ends() {
    let (events, error) =
        failure(&["data: 0123456789\n", "data: 012345678\n\n", "data: 0123456789\n", "data: 0123456789\n"]);
    assert_eq!(events, 1);
    assert!(error.unwrap().contains("an event of the event stream is too long"));
}

#[test]
fn comments_do_not_count_towards_the_sse_event_limit() {
    assert_eq!(failure(&[": 0123456789\n"; 100]), (0, None));
    assert_eq!(failure(&[": 0123456789\ndata: 1\n\n"; 100]), (100, None));
}

#[test]
fn debug_output_does_not_show_the_data() {
    let mut decoder = SseDecoder::new();
    decoder.push(b"event: e\ndata: secret\n\ndata: secret");
    let shown = format!("{:?}", decoder.next_event().unwrap());
    let shown = format!("{shown}{decoder:?}");
    assert!(shown.contains("data_len: 6") && !shown.contains("secret"), "{shown}");
}

#[test]
fn event_type_that_is_not_utf_8_is_replaced() {
    let mut decoder = SseDecoder::new();
    decoder.push(b"event: \xFF\ndata: \xFF\n\n");
    let event = decoder.next_event().unwrap().unwrap();
    assert_eq!((event.event(), event.data()), ("\u{fffd}", b"\xFF".as_slice()));
    assert!(event.is_named() && SseEvent::clone(&event) == event);
}
