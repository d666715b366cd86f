//! Replies and streams that no server would send.

use proptest::prelude::*;

use super::*;
use crate::json::arbitrary::any_json;

/// Texts that have a meaning somewhere in the format, and some without a meaning.
const WORDS: &[&str] = &[
    "type",
    "id",
    "output",
    "message",
    "content",
    "role",
    "assistant",
    "text",
    "output_text",
    "refusal",
    "reasoning",
    "summary",
    "summary_text",
    "reasoning_text",
    "encrypted_content",
    "function_call",
    "custom_tool_call",
    "call_id",
    "name",
    "arguments",
    "input",
    "annotations",
    "logprobs",
    "status",
    "completed",
    "failed",
    "incomplete",
    "incomplete_details",
    "reason",
    "max_output_tokens",
    "usage",
    "input_tokens",
    "input_tokens_details",
    "cached_tokens",
    "error",
    "code",
    "delta",
    "item",
    "item_id",
    "part",
    "output_index",
    "content_index",
    "summary_index",
    "annotation",
    "response",
    "phase",
    "web_search_call",
    "{\"x\":",
    "future",
    "",
    "call_0",
    "é",
];

/// Types of events.
const EVENTS: &[&str] = &[
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.output_item.done",
    "response.content_part.added",
    "response.output_text.delta",
    "response.output_text.done",
    "response.output_text.annotation.added",
    "response.refusal.delta",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.custom_tool_call_input.delta",
    "response.reasoning_summary_text.delta",
    "response.reasoning_text.delta",
    "response.web_search_call.searching",
    "response.completed",
    "response.incomplete",
    "response.failed",
    "error",
    "future",
    "",
];

/// Types of items.
const ITEMS: &[&str] =
    &["message", "reasoning", "function_call", "custom_tool_call", "web_search_call", "message", "", "future"];

fn word() -> impl Strategy<Value = &'static str> {
    prop::sample::select(WORDS)
}

/// An item of a known type, with any members.
fn any_item() -> impl Strategy<Value = serde_json::Value> {
    (prop::sample::select(ITEMS), prop::collection::vec((word(), any_json(WORDS)), 0..6)).prop_map(|(kind, members)| {
        let mut item = serde_json::Map::new();
        item.extend([("name", "f"), ("call_id", "call_0")].map(|(key, value)| (key.to_owned(), value.into())));
        item.extend(members.into_iter().map(|(key, value)| (key.to_owned(), value)));
        item.insert("type".into(), kind.into());
        serde_json::Value::Object(item)
    })
}

fn any_event() -> impl Strategy<Value = serde_json::Value> {
    let members = prop::collection::vec((word(), any_json(WORDS)), 0..4);
    (prop::sample::select(EVENTS), any_item(), 0u8..3, word(), members).prop_map(|(kind, item, at, text, members)| {
        let mut event = serde_json::json!({"item": item, "output_index": at, "delta": text, "text": text});
        if let Some(event) = event.as_object_mut() {
            event.extend(members.into_iter().map(|(key, value)| (key.to_owned(), value)));
            event.insert("type".into(), kind.into());
        }
        event
    })
}

/// Asserts that a message can be replayed, or is refused with a reason.
fn replayed(message: AiMessage) {
    let messages = [Message::human("a"), message.into(), Message::human("b")];
    if let Ok(body) = encoded(LUNA, &messages, &ChatOptions::default()) {
        assert!(body.view().get("input").is_some());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_replies_do_not_panic(items in prop::collection::vec(any_item(), 0..4), rest in any_json(WORDS)) {
        let whole = serde_json::json!({"output": items, "usage": rest, "incomplete_details": rest, "error": null});
        for body in [whole.to_string(), rest.to_string()] {
            if let Ok(message) = decoded(&body) {
                replayed(message);
            }
        }
    }

    #[test]
    fn arbitrary_streams_do_not_panic(data in prop::collection::vec(any_event(), 0..12)) {
        let data: Vec<String> = data.iter().map(ToString::to_string).collect();
        let (mut out, _) = events(&data.iter().map(String::as_str).collect::<Vec<_>>());
        let mut accumulator = Accumulator::new();
        accumulator.extend(&mut out);
        replayed(accumulator.clone().partial());
        replayed(accumulator.finish());
    }

    #[test]
    fn corrupt_bytes_do_not_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = completed(r#"[{"type":"message","id":"m","content":[{"type":"output_text","text":"é"}]}]"#).into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let mut sse = SseDecoder::new();
        sse.push(&[b"data: ", bytes.as_slice(), b"\n\n"].concat());
        let mut decoder = Responses::MANTLE.stream(&Call::default());
        while let Ok(Some(event)) = sse.next_event() {
            let _ = decoder.event(&event, &mut Events::default());
        }
        let _ = Responses::MANTLE.decode(&Call::default(), &bytes, &Headers::new());
    }
}
