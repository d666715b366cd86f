//! Tests of streamed replies.

use super::replies::reply;
use super::*;
use crate::event::{ChatEvent, Events};
use crate::json::{Json, Kind, Writer, merged};
use crate::message::{Content, InvalidToolCall, Raw, RedactedThinking, StopReason, Text, Thinking, ToolCall, Usage};

/// Writes the events of a reply.
fn streamed(events: impl IntoIterator<Item = ChatEvent>) -> String {
    let headers = headers(&[]);
    let mut writer = AnthropicDialect.events(&given("{}", &headers));
    let mut out = String::new();
    for event in events {
        writer.event(event, &mut out);
    }
    writer.end(&mut out);
    out
}

/// Returns the data of each event, after a check of its form.
fn data(stream: &str) -> Vec<Json> {
    let events = stream.strip_suffix("\n\n").unwrap().split("\n\n").map(|event| {
        let (name, data) = event.split_once('\n').unwrap();
        let data = Json::parse(data.strip_prefix("data: ").unwrap()).unwrap();
        assert_eq!(name.strip_prefix("event: ").unwrap(), data.view().word_at("type"));
        data
    });
    events.collect()
}

/// Builds the message as Anthropic's SDKs do, and checks the order of events that they rely on.
fn accumulated(stream: &str) -> Json {
    let mut message: Option<Json> = None;
    let mut content: Vec<Json> = Vec::new();
    let mut open: Option<usize> = None;
    let mut args = String::new();
    let mut ended = false;
    for event in data(stream) {
        let view = event.view();
        assert!(!ended, "nothing follows `message_stop`");
        let index = view.u64_at("index").map(|index| index as usize);
        match view.word_at("type") {
            "message_start" => assert!(message.replace(Json::from(view.get("message").unwrap())).is_none()),
            "content_block_start" => {
                assert!(message.is_some() && open.is_none(), "one block at a time: {stream}");
                assert_eq!(index, Some(content.len()), "indexes increase by one");
                content.push(Json::from(view.get("content_block").unwrap()));
                open = index;
            }
            "content_block_delta" => {
                assert!(open.is_some() && open == index, "a delta is for the open block: {stream}");
                let (block, delta) = (content.last_mut().unwrap(), view.get("delta").unwrap());
                let text = |key: &str| block.view().text_at(key) + &delta.text_at(key);
                let (key, value) = match delta.word_at("type") {
                    "text_delta" => ("text", Json::string(&text("text"))),
                    "thinking_delta" => ("thinking", Json::string(&text("thinking"))),
                    "signature_delta" => ("signature", Json::string(&delta.text_at("signature"))),
                    "input_json_delta" => {
                        args.push_str(&delta.text_at("partial_json"));
                        continue;
                    }
                    "citations_delta" => {
                        let mut all = block.view().copies("citations");
                        all.push(Json::from(delta.get("citation").unwrap()));
                        let all: Vec<_> = all.iter().map(Json::as_str).collect();
                        ("citations", Json::parse(&format!("[{}]", all.join(","))).unwrap())
                    }
                    other => panic!("{other}"),
                };
                *block = with(block, key, &value);
            }
            "content_block_stop" => {
                assert!(open.is_some() && open == index, "{stream}");
                if let Ok(input) = Json::parse(&std::mem::take(&mut args)) {
                    let block = content.last_mut().unwrap();
                    *block = with(block, "input", &input);
                }
                open = None;
            }
            "message_delta" => {
                assert!(open.is_none(), "all blocks have ended: {stream}");
                let whole = message.take().unwrap();
                let whole = merged(whole.view(), view.get("delta").unwrap());
                message = Some(with(&whole, "usage", &Json::from(view.get("usage").unwrap())));
            }
            "message_stop" => ended = true,
            other => panic!("{other}"),
        }
    }
    assert!(ended);
    let content: Vec<_> = content.iter().map(Json::as_str).collect();
    with(&message.unwrap(), "content", &Json::parse(&format!("[{}]", content.join(","))).unwrap())
}

fn with(object: &Json, key: &str, value: &Json) -> Json {
    let mut w = Writer::new();
    w.begin_object();
    for (other, old) in object.view().raw_entries().filter(|(other, _)| *other != key) {
        w.raw_member(other, old);
    }
    w.member(key, value.view());
    w.end_object();
    Json::written(w)
}

fn text(index: u32, text: &str) -> ChatEvent {
    ChatEvent::Text { index, text: text.into() }
}

fn call(index: u32, id: &str) -> ChatEvent {
    ChatEvent::ToolCallStart { index, id: id.into(), name: "f".into() }
}

fn args(index: u32, args: &str) -> ChatEvent {
    ChatEvent::ToolCallDelta { index, args: args.into() }
}

fn content(message: &Json) -> Json {
    Json::from(message.view().get("content").unwrap())
}

#[test]
fn streamed_reply_is_the_same_as_the_whole_one() {
    let parsed = |text: &str| Json::parse(text).unwrap();
    let signed = Thinking { text: "hm".into(), signature: Some("sig".into()), ..Thinking::default() };
    let invalid = InvalidToolCall { id: "9".into(), name: "f".into(), args: "{\"a".into(), error: "cut".into() };
    let mut whole = reply(
        vec![
            Content::Thinking(signed),
            Content::Thinking(Thinking { text: "unsigned".into(), ..Thinking::default() }),
            Content::RedactedThinking(RedactedThinking { data: "d".into() }),
            Content::Text(Text::new("Noon é\n\"").with_citations([
                parsed(r#"{"location":{"documentPage":{"documentIndex":0,"start":1,"end":2}}}"#),
                parsed(r#"{"type":"b"}"#),
            ])),
            Content::text("plain"),
            Content::ToolCall(ToolCall::new("1", "f", parsed(r#"{"a":[1,2]}"#))),
            Content::ToolCall(ToolCall::new("", "g", Json::empty_object())),
            Content::InvalidToolCall(invalid),
            Content::Raw(Raw { block: parsed(r#"{"type":"new","x":1}"#) }),
        ],
        StopReason::StopSequence,
    );
    whole.id = Some("msg_7".into());
    whole.stop_sequence = Some("END".into());
    whole.usage = Some(Usage::new(12, 34));
    let headers = headers(&[]);
    let expected = Json::parse(&AnthropicDialect.message(&given("{}", &headers), &whole)).unwrap();
    let mut events = Events::from(whole);
    let stream = streamed(std::iter::from_fn(|| events.pop()));
    assert_eq!(accumulated(&stream), expected, "{stream}");
}

#[test]
fn event_with_line_breaks_in_its_json_is_on_one_line() {
    let citation = Json::parse("{\n\"type\":\r\n\"b\"\n}").unwrap();
    let raw = Content::Raw(Raw { block: Json::parse("{\"type\":\n\"new\"}").unwrap() });
    let stream =
        streamed([text(0, "a"), ChatEvent::Citation { index: 0, citation }, ChatEvent::Block { index: 1, block: raw }]);
    let is_line = |line: &str| line.is_empty() || line.starts_with("event: ") || line.starts_with("data: {");
    assert!(stream.contains("citations_delta") && stream.split(['\n', '\r']).all(is_line), "{stream}");
}

#[test]
fn stream_begins_at_once_and_ends_with_usage() {
    let headers = headers(&[]);
    let mut writer = AnthropicDialect.events(&given("{}", &headers));
    let mut out = String::new();
    writer.event(ChatEvent::Start { id: Some("x".into()), model: None }, &mut out);
    assert_eq!(
        out,
        "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_n0nce\",\"type\":\"message\",\"role\":\"assistant\",\
         \"model\":\"claude-x\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":0,\
         \"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,\"output_tokens\":0}}}\n\n"
    );
    out.clear();
    writer.event(ChatEvent::Usage { usage: Usage::new(1, 2) }, &mut out);
    writer.event(ChatEvent::Usage { usage: Usage::new(2, 3) }, &mut out);
    writer.event(ChatEvent::Stop { reason: StopReason::EndTurn, sequence: None }, &mut out);
    assert_eq!(out, "");
    writer.end(&mut out);
    let [delta, stop] = data(&out).try_into().unwrap();
    assert_eq!(delta.view().get("usage").unwrap().u64_at("input_tokens"), Some(3));
    assert_eq!(delta.view().get("usage").unwrap().u64_at("output_tokens"), Some(5));
    assert_eq!(stop.view().word_at("type"), "message_stop");
}

#[test]
fn interleaved_tool_calls_are_written_one_after_another() {
    let events = [
        text(0, "a"),
        call(1, "1"),
        args(1, "{\"x\""),
        call(2, "2"),
        args(2, "{\"y\":"),
        args(1, ":1"),
        text(3, "late"),
        args(2, "2}"),
        args(1, "}"),
        text(3, "r"),
        ChatEvent::BlockStop { index: 2 },
        ChatEvent::BlockStop { index: 1 },
        ChatEvent::Stop { reason: StopReason::ToolUse, sequence: None },
    ];
    let message = accumulated(&streamed(events));
    let expected = r#"[{"type":"text","text":"a"},{"type":"tool_use","id":"1","name":"f","input":{"x":1}},
        {"type":"tool_use","id":"2","name":"f","input":{"y":2}},{"type":"text","text":"later"}]"#;
    assert_eq!(content(&message), Json::parse(expected).unwrap());
}

#[test]
fn text_after_the_end_of_a_waiting_block_is_another_block() {
    let events =
        [call(1, "1"), args(1, "{"), text(2, "a"), ChatEvent::BlockStop { index: 2 }, text(2, "b"), args(1, "}")];
    let message = accumulated(&streamed(events));
    let expected =
        r#"[{"type":"tool_use","id":"1","name":"f","input":{}},{"type":"text","text":"a"},{"type":"text","text":"b"}]"#;
    assert_eq!(content(&message), Json::parse(expected).unwrap());
}

#[test]
fn reasoning_of_a_stream_can_be_sent_back() {
    let member = |value: &str| ChatEvent::Member { index: 0, key: "id".into(), value: Json::string(value) };
    let sign = |part: &str| ChatEvent::ThinkingSignature { index: 0, signature: part.into() };
    let thinking = ChatEvent::Thinking { index: 0, text: "hm".into() };
    let events = [thinking, sign("a"), member("rs_0"), sign("\"b"), member("rs_1"), ChatEvent::BlockStop { index: 0 }];
    let message = content(&accumulated(&streamed(events)));
    let body = format!(r#"{{"messages":[{{"role":"assistant","content":{}}}]}}"#, message.as_str());
    let sent_back = read(&body).unwrap().messages.remove(0).content;
    let extra = vec![("id".to_owned(), Json::string("rs_1"))];
    let expected = Thinking { text: "hm".into(), signature: Some("a\"b".into()), extra };
    assert_eq!(sent_back, [Content::Thinking(expected)]);
}

#[test]
fn text_that_alternates_with_calls_becomes_several_blocks() {
    let events = [
        text(0, "a"),
        call(1, "1"),
        args(1, "{}"),
        text(0, "b"),
        ChatEvent::Thinking { index: 2, text: "hm".into() },
        text(0, "c"),
        ChatEvent::ThinkingSignature { index: 2, signature: "s".into() },
        ChatEvent::BlockStop { index: 0 },
    ];
    let message = accumulated(&streamed(events));
    let expected = r#"[{"type":"text","text":"a"},{"type":"tool_use","id":"1","name":"f","input":{}},
        {"type":"text","text":"b"},{"type":"thinking","thinking":"hm","signature":""},{"type":"text","text":"c"},
        {"type":"thinking","thinking":"","signature":"bedrock-chat:{\"signature\":\"s\",\"members\":{}}"}]"#;
    assert_eq!(content(&message), Json::parse(expected).unwrap());
}

#[test]
fn block_that_does_not_wait_is_written_at_once() {
    let headers = headers(&[]);
    let mut writer = AnthropicDialect.events(&given("{}", &headers));
    let mut seen = |event| {
        let mut out = String::new();
        writer.event(event, &mut out);
        out
    };
    assert!(seen(text(0, "a")).contains("text_delta"));
    assert!(seen(call(1, "1")).contains("tool_use"), "the text ends early");
    assert!(seen(args(1, "{\"x\"")).contains("partial_json"));
    assert_eq!(seen(call(2, "2")), "", "the first call is not complete");
    assert!(seen(args(1, ":1}")).contains(r#""id":"2""#), "the first call is complete");
    assert!(seen(args(2, "{}")).contains("partial_json"));
}

#[test]
fn deltas_of_a_raw_block_belong_to_it() {
    let block = Content::Raw(Raw { block: Json::parse(r#"{"type":"server_tool_use","id":"1","input":{}}"#).unwrap() });
    let events =
        [ChatEvent::Block { index: 0, block }, args(0, "{\"q\":"), args(0, "1}"), ChatEvent::BlockStop { index: 0 }];
    let message = accumulated(&streamed(events));
    let expected = r#"[{"type":"server_tool_use","id":"1","input":{"q":1}}]"#;
    assert_eq!(content(&message), Json::parse(expected).unwrap());
}

#[test]
fn events_in_any_order_keep_the_strict_order() {
    use proptest::prelude::*;
    let event = (0..8_u8, 0..4_u32).prop_map(|(kind, index)| match kind {
        0 | 1 => text(index, "t"),
        2 => ChatEvent::Thinking { index, text: "h".into() },
        3 => ChatEvent::ThinkingSignature { index, signature: "s".into() },
        4 => call(index, "1"),
        5 => args(index, "{"),
        6 => args(index, "}"),
        _ => ChatEvent::BlockStop { index },
    });
    proptest!(|(events in prop::collection::vec(event, 0..40))| {
        let texts = events.iter().filter(|event| matches!(event, ChatEvent::Text { .. })).count();
        let message = accumulated(&streamed(events));
        let blocks = message.view().get("content").unwrap();
        let written: usize = blocks.items().map(|block| block.text_at("text").len()).sum();
        prop_assert_eq!(written, texts, "no text is lost");
        prop_assert!(blocks.kind() == Kind::Array);
    });
}

#[test]
fn stream_without_events_is_a_whole_message() {
    let message = accumulated(&streamed([]));
    assert_eq!(content(&message), Json::parse("[]").unwrap());
    assert!(message.view().get_or_null("stop_reason").unwrap().is_null());
}
