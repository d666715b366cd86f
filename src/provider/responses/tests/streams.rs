//! Streams.

use super::*;
use crate::error::ErrorKind;
use crate::message::{StopReason, Text};

/// An item in its `added` event.
fn added(at: u32, item: &str) -> String {
    format!(r#"{{"item":{item},"output_index":{at},"type":"response.output_item.added"}}"#)
}

/// An item in its `done` event.
fn done(at: u32, item: &str) -> String {
    added(at, item).replace("item.added", "item.done")
}

/// A piece of an item; `kind` is the middle of the event's type.
fn delta(at: u32, kind: &str, delta: &str) -> String {
    let delta = Json::string(delta);
    format!(
        r#"{{"content_index":0,"delta":{delta},"obfuscation":"xx","output_index":{at},"type":"response.{kind}.delta"}}"#
    )
}

const TEXT: &str = r#"{"type":"message","id":"msg_1","role":"assistant","status":"completed","phase":"final_answer",
    "content":[{"type":"output_text","text":"Héllo 🌍 world","annotations":[{"type":"url_citation","url":"u"}],
    "logprobs":[{"token":"x"}]}]}"#;
const TEXT_ADDED: &str =
    r#"{"type":"message","id":"msg_1","role":"assistant","status":"in_progress","phase":"final_answer","content":[]}"#;
const REASONING: &str = r#"{"type":"reasoning","id":"rs_1","encrypted_content":"rsn_2","status":"completed",
    "summary":[{"type":"summary_text","text":"One."},{"type":"summary_text","text":"Two."}]}"#;
const CALL: &str = r#"{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","status":"completed",
    "arguments":"{\"c\":\"Paris\"}"}"#;
const CUSTOM: &str = r#"{"type":"custom_tool_call","id":"ctc_1","call_id":"call_2","name":"python","status":"completed",
    "input":"print(\"1\")\n"}"#;
const SEARCH: &str = r#"{"type":"web_search_call","id":"ws_1","status":"completed","action":{"query":"q"}}"#;

fn all() -> String {
    format!("[{REASONING},{TEXT},{SEARCH},{CALL},{CUSTOM}]")
}

/// A stream of all items, with every kind of event about them.
fn whole_stream() -> Vec<String> {
    let summary = |part: u32, text: &str| {
        delta(0, "reasoning_summary_text", text).replace("\"content_index\":0", &format!("\"summary_index\":{part}"))
    };
    let mut data = vec![CREATED.to_owned(), CREATED.replace("response.created", "response.in_progress")];
    data.push(added(0, r#"{"type":"reasoning","id":"rs_1","encrypted_content":"rsn_1","summary":[]}"#));
    data.push(
        r#"{"type":"response.reasoning_summary_part.added","output_index":0,"summary_index":0,"part":{}}"#.into(),
    );
    data.extend([summary(0, "On"), summary(0, "e."), summary(1, "Two."), done(0, REASONING)]);
    data.push(added(1, TEXT_ADDED));
    data.push(r#"{"type":"response.content_part.added","output_index":1,"content_index":0,"part":{"text":""}}"#.into());
    data.extend([delta(1, "output_text", "Hé"), delta(1, "output_text", "llo 🌍 "), delta(1, "output_text", "world")]);
    data.push(
        r#"{"type":"response.output_text.annotation.added","output_index":1,"content_index":0,"annotation_index":0,
            "annotation":{"type":"url_citation","url":"u"}}"#
            .into(),
    );
    data.push(
        r#"{"type":"response.output_text.done","output_index":1,"content_index":0,"text":"Héllo 🌍 world"}"#.into(),
    );
    data.push(done(1, TEXT));
    data.push(added(2, r#"{"type":"web_search_call","id":"ws_1","status":"in_progress"}"#));
    data.push(r#"{"type":"response.web_search_call.searching","output_index":2,"item_id":"ws_1"}"#.into());
    data.push(done(2, SEARCH));
    data.push(added(3, r#"{"type":"function_call","id":"fc_1","call_id":"call_1","name":"f","arguments":""}"#));
    data.push(added(4, r#"{"type":"custom_tool_call","id":"ctc_1","call_id":"call_2","name":"python","input":""}"#));
    data.extend([delta(3, "function_call_arguments", "{\"c\":"), delta(4, "custom_tool_call_input", "print(\"")]);
    data.extend([delta(3, "function_call_arguments", "\"Paris\"}"), delta(4, "custom_tool_call_input", "1\")\n")]);
    data.extend([done(3, CALL), done(4, CUSTOM)]);
    data.extend([completed(&all()), "[DONE]".into()]);
    data
}

fn strs(data: &[String]) -> Vec<&str> {
    data.iter().map(String::as_str).collect()
}

#[test]
fn stream_and_whole_reply_are_the_same_message() {
    let whole = reply(&all());
    assert_eq!(streamed(&strs(&whole_stream())), whole);
    assert_eq!(whole.content.len(), 5);
    assert_eq!(whole.stop_reason, Some(StopReason::ToolUse));
    let text = Text::new("Héllo 🌍 world")
        .with_citations([json(r#"{"type":"url_citation","url":"u"}"#)])
        .with_extra("phase", Json::string("final_answer"));
    assert_eq!(whole.content[1], Content::Text(text));
}

#[test]
fn stream_may_lack_any_kind_of_its_events() {
    let whole = reply(&all());
    let kind = |data: &str| data.rsplit_once("\"type\":\"response.").map_or("", |(_, end)| end).to_owned();
    for missing in
        ["delta", "annotation.added", "item.added", "output_text.done", "item.done", "created", "in_progress"]
    {
        let data: Vec<_> = whole_stream().into_iter().filter(|data| !kind(data).contains(missing)).collect();
        assert!(data.len() < whole_stream().len(), "{missing}");
        let message = streamed(&strs(&data));
        if missing == "item.done" {
            // An item that is kept unchanged arrives at its end: here after the calls, which have begun.
            let sorted = |message: &AiMessage| {
                let mut blocks: Vec<_> = message.content.iter().map(|block| format!("{block:?}")).collect();
                blocks.sort();
                blocks
            };
            assert_eq!(sorted(&message), sorted(&whole), "{missing}");
        } else {
            assert_eq!(
                (message.content, message.stop_reason),
                (whole.content.clone(), whole.stop_reason.clone()),
                "{missing}"
            );
        }
    }
    assert_eq!(streamed(&[&completed(&all())]), whole, "the last event alone");
}

#[test]
fn last_event_without_items_keeps_earlier_items() {
    let mut data = whole_stream();
    let end = data.len() - 2;
    data[end] = completed("[]");
    assert_eq!(streamed(&strs(&data)).content, reply(&all()).content);
}

#[test]
fn items_of_the_last_event_are_found_by_id_and_by_position() {
    let mut data = whole_stream();
    let end = data.len() - 2;
    data[end] = completed(&format!("[{CALL},{CUSTOM}]"));
    assert_eq!(streamed(&strs(&data)).content, reply(&all()).content, "the first items are left out");
    data[end] = completed(&all().replace("\"id\":\"", "\"id\":\"other_"));
    assert_eq!(streamed(&strs(&data)).content, reply(&all()).content, "their ids are other ones");
}

#[test]
fn stream_events_arrive_with_their_deltas() {
    let (mut events, end) = events(&strs(&whole_stream()));
    end.unwrap();
    let mut texts = Vec::new();
    let mut phase_at = None;
    while let Some(event) = events.pop() {
        match event {
            ChatEvent::Text { text, .. } => texts.push(text),
            ChatEvent::Member { key, .. } if key == "phase" => phase_at = phase_at.or(Some(texts.len())),
            ChatEvent::Unknown { name, .. } => panic!("{name}"),
            _ => {}
        }
    }
    assert_eq!(texts, ["Hé", "llo 🌍 ", "world"]);
    assert_eq!(phase_at, Some(1), "right behind the first piece");
}

#[test]
fn reasoning_text_streams_and_belongs_to_one_block() {
    let item =
        r#"{"content":[{"text":"17*23 = 391.","type":"reasoning_text"}],"id":"rs_1","summary":[],"type":"reasoning"}"#;
    let data = [
        CREATED.to_owned(),
        added(0, r#"{"content":[],"id":"rs_1","status":"completed","summary":[],"type":"reasoning"}"#),
        delta(0, "reasoning_text", "17*23 ="),
        delta(0, "reasoning_text", " 391."),
        done(0, item),
        completed(&format!("[{item}]")),
    ];
    let message = streamed(&strs(&data));
    assert_eq!(message, reply(&format!("[{item}]")));
    assert_eq!(message.thinking(), "17*23 = 391.");
}

#[test]
fn refusal_streams_as_text_with_its_reason() {
    let item =
        r#"{"type":"message","id":"msg_1","role":"assistant","content":[{"type":"refusal","refusal":"I can't."}]}"#;
    let data =
        [CREATED.to_owned(), delta(0, "refusal", "I "), delta(0, "refusal", "can't."), done(0, item), completed("[]")];
    let message = streamed(&strs(&data));
    assert_eq!((message.text().as_str(), message.stop_reason.clone()), ("I can't.", Some(StopReason::Refusal)));
    assert_eq!(message.content, reply(&format!("[{item}]")).content);
}

#[test]
fn error_events_of_every_form_are_typed() {
    let long = r#"{"type":"response.failed","response":{"status":"failed","error":{"code":"rate_limit_exceeded","message":"m"}}}"#;
    for (data, kind) in [
        (
            r#"{"type":"error","code":"rate_limit_exceeded","message":"m","param":null,"sequence_number":8}"#,
            ErrorKind::Throttled,
        ),
        (
            r#"{"type":"error","error":{"type":"invalid_request_error","code":"context_length_exceeded","message":"m"}}"#,
            ErrorKind::ContextOverflow,
        ),
        (r#"{"type":"error","error":{"type":"overloaded_error","message":"m"}}"#, ErrorKind::Throttled),
        (r#"{"error":{"type":"server_error","message":"m"}}"#, ErrorKind::Service),
        (r#"{"message":"m"}"#, ErrorKind::Service),
        (long, ErrorKind::Throttled),
        ("{\"type\":", ErrorKind::Decode),
    ] {
        let (mut events, end) = events(&[CREATED, &delta(0, "output_text", "Partial"), data]);
        let error = end.unwrap_err();
        assert_eq!(error.kind(), kind, "{data}");
        assert!(error.message() == "m" || kind == ErrorKind::Decode, "{error}");
        let mut partial = Accumulator::new();
        partial.extend(&mut events);
        assert_eq!(partial.partial().text(), "Partial");
    }
}

#[test]
fn stream_without_its_last_event_is_truncated() {
    let data = whole_stream();
    for end in 0..data.len() - 2 {
        let (_, result) = events(&strs(&data[..end]));
        assert_eq!(result.unwrap_err().kind(), ErrorKind::Truncated, "{end}");
    }
}

#[test]
fn incomplete_stream_has_its_reason_and_usage() {
    let item = TEXT.replace("\"completed\"", "\"incomplete\"");
    let last = completed(&format!("[{item}]")).replace("response.completed", "response.incomplete").replacen(
        "\"status\":\"completed\"",
        r#""status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},
            "usage":{"input_tokens":7,"output_tokens":3}"#,
        1,
    );
    let message = streamed(&[CREATED, &added(0, TEXT_ADDED), &delta(0, "output_text", "Hé"), &done(0, &item), &last]);
    assert_eq!(message.stop_reason, Some(StopReason::MaxTokens));
    assert_eq!(message.usage.unwrap().input_tokens, 7);
}

#[test]
fn unknown_events_are_kept() {
    let mystery = r#"{"type":"response.mystery.delta","delta":"?"}"#;
    let late = delta(7, "function_call_arguments", "{}");
    let message = streamed(&[CREATED, mystery, r#"{"type":"ping"}"#, "7", &late, &completed("[]")]);
    assert_eq!(message.metadata("unknown_events").unwrap().as_str(), format!("[{mystery},7]"));
}

#[test]
fn event_name_is_used_if_the_data_has_no_type() {
    let mut decoder = Responses::MANTLE.stream(&Call::default());
    let mut sse = SseDecoder::new();
    sse.push(b"event: error\ndata: {\"code\":\"rate_limit_exceeded\",\"message\":\"m\"}\n\n");
    let event = sse.next_event().unwrap().unwrap();
    assert_eq!(decoder.event(&event, &mut Events::default()).unwrap_err().kind(), ErrorKind::Throttled);
}
