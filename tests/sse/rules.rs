//! One test for each rule of the WHATWG's text, and the streams of its examples.

use crate::{decode, events};

fn pair(event: &str, data: &str) -> (String, String) {
    (event.to_owned(), data.to_owned())
}

#[test]
fn data_lines_are_joined_with_lf() {
    assert_eq!(events("data: YHOO\ndata: +2\ndata: 10\n\n"), [pair("message", "YHOO\n+2\n10")]);
    assert_eq!(events("data: a\nevent: x\nid: 7\n: c\ndata: b\n\n"), [pair("x", "a\nb")]);
}

#[test]
fn data_without_a_value_is_an_event() {
    assert_eq!(events("data\n\ndata\ndata\n\ndata:"), [pair("message", ""), pair("message", "\n")]);
}

#[test]
fn one_space_after_the_colon_is_removed() {
    assert_eq!(
        events("data:test\n\ndata: test\n\ndata:  test\n\n"),
        [pair("message", "test"), pair("message", "test"), pair("message", " test")]
    );
}

#[test]
fn line_ends_may_be_cr_lf_or_both() {
    let expected = [pair("a", "1\n2"), pair("message", "3")];
    for end in ["\n", "\r", "\r\n"] {
        let stream = ["event: a", "data: 1", "data: 2", "", "data: 3", "", ""].join(end);
        assert_eq!(events(&stream), expected, "{end:?}");
    }
    assert_eq!(events("event: a\rdata: 1\r\ndata: 2\n\r\ndata: 3\r\r"), expected);
}

#[test]
fn cr_ends_an_event_at_once() {
    let (events, last) = decode([b"data: 1\r\r".as_slice()]);
    assert_eq!((events.len(), last), (1, None));
    let (events, last) = decode([b"data: 1\r\n\r".as_slice(), b"\ndata: 2\n\n"]);
    assert_eq!((events.len(), last), (2, None));
}

#[test]
fn byte_order_mark_is_skipped_only_at_the_start() {
    assert_eq!(events("\u{feff}data: 1\n\n"), [pair("message", "1")]);
    assert_eq!(events("\u{feff}\u{feff}data: 1\n\n"), []);
    assert_eq!(events("data: 1\n\n\u{feff}data: 2\n\n"), [pair("message", "1")]);
    let (events, _) = decode([b"\xEF".as_slice(), b"\xBB", b"\xBFdata: 1\n\n"]);
    assert_eq!(events.len(), 1);
}

#[test]
fn comments_and_unknown_fields_are_skipped() {
    assert_eq!(events(": ping\n\n:\n\nretries: 1\nDATA: x\n data: y\ndata: z\n\n"), [pair("message", "z")]);
}

#[test]
fn sse_event_without_data_is_skipped() {
    assert_eq!(events("event: ping\n\ndata: 1\n\n"), [pair("message", "1")]);
    assert_eq!(events("event: ping\ndata: 1\n\ndata: 2\n\n"), [pair("ping", "1"), pair("message", "2")]);
}

#[test]
fn sse_event_id_is_kept_until_it_is_replaced() {
    let (events, _) = decode([b"id: 1\ndata: a\n\ndata: b\n\nid: 2\0\ndata: c\n\nid\ndata: d\n\n".as_slice()]);
    let ids: Vec<_> = events.iter().map(|event| event.id.as_str()).collect();
    assert_eq!(ids, ["1", "1", "1", ""]);
}

#[test]
fn retry_takes_digits_only() {
    let stream =
        "data: a\n\nretry: 500\ndata: b\n\nretry: 1.5\nretry: -1\nretry:\nretry: 99999999999999999999\ndata: c\n\n";
    let (events, _) = decode([stream.as_bytes()]);
    assert_eq!(events.iter().map(|event| event.retry).collect::<Vec<_>>(), [None, Some(500), Some(500)]);
}

#[test]
fn finish_returns_an_event_without_its_blank_line() {
    for stream in ["event: e\ndata: [DONE]", "event: e\ndata: [DONE]\n", "event: e\r\ndata: [DONE]\r"] {
        let (events, last) = decode([stream.as_bytes()]);
        let last = last.unwrap();
        assert_eq!((events.len(), last.event.as_str(), last.data.as_str()), (0, "e", "[DONE]"), "{stream:?}");
    }
    assert_eq!(decode([b"event: e\n: ping".as_slice()]), (vec![], None));
}

#[test]
fn data_before_its_event_line_has_that_type() {
    assert_eq!(events("data: {}\nevent: response.created\n\n"), [pair("response.created", "{}")]);
}
