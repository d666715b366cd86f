//! The JSON and the streams of the APIs that clients of the gateway speak, read strictly.

use std::collections::BTreeMap;

use bedrock_chat::sse::SseDecoder;
use serde_json::Value;

use crate::gateway::Answer;
use crate::wires::is_beyond_serde;

/// An API of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Messages,
    Chat,
    Responses,
    Bedrock,
}

/// Returns JSON, or nothing for JSON that only serde refuses.
///
/// # Panics
/// For text that is not JSON.
pub(crate) fn json(text: &[u8]) -> Option<Value> {
    match serde_json::from_slice(text) {
        Ok(value) => Some(value),
        Err(error) if is_beyond_serde(&error) => None,
        Err(error) => panic!("{error}: {:?}", String::from_utf8_lossy(text)),
    }
}

/// Checks the body of an error.
pub(crate) fn assert_error(form: Form, answer: &Answer) {
    assert!(answer.status >= 400, "{answer:?}");
    assert_eq!(answer.headers.get("content-type"), Some("application/json"), "{answer:?}");
    let Some(body) = json(&answer.body) else { return };
    let is_text = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let has_form = match form {
        Form::Messages => {
            body["type"] == "error" && is_text(&body["error"]["type"]) && is_text(&body["error"]["message"])
        }
        Form::Chat | Form::Responses => is_openai_error(&body["error"]),
        Form::Bedrock => is_text(&body["message"]) && answer.headers.get("x-amzn-errortype").is_some(),
    };
    assert!(has_form, "an error that is not in the form of {form:?}: {answer:?}");
}

fn is_openai_error(error: &Value) -> bool {
    let is_text = |key: &str| error[key].as_str().is_some_and(|text| !text.is_empty());
    is_text("message") && is_text("type") && error.get("param").is_some() && error.get("code").is_some()
}

/// Checks a whole answer that the gateway wrote.
pub(crate) fn assert_whole(form: Form, body: &[u8]) {
    let Some(body) = json(body) else { return };
    let has_form = match form {
        Form::Messages => {
            body["type"] == "message"
                && body["role"] == "assistant"
                && body["id"].is_string()
                && body["content"].as_array().is_some_and(|blocks| blocks.iter().all(is_block))
                && body["usage"]["input_tokens"].is_u64()
                && body["usage"]["output_tokens"].is_u64()
        }
        Form::Chat => {
            let choice = &body["choices"][0];
            body["object"] == "chat.completion"
                && choice["message"]["role"] == "assistant"
                && choice["finish_reason"].is_string()
                && body["usage"]["total_tokens"].is_u64()
        }
        Form::Responses => body["object"] == "response" && is_response(&body),
        Form::Bedrock => true,
    };
    assert!(has_form, "an answer that is not in the form of {form:?}: {body}");
}

/// A block of the API, or one of Converse that the crate does not know, which is an object with one member.
fn is_block(block: &Value) -> bool {
    block["type"].is_string() || block.as_object().is_some_and(|members| members.len() == 1)
}

fn is_response(response: &Value) -> bool {
    let has_status = matches!(response["status"].as_str(), Some("completed" | "incomplete" | "failed"));
    let mut items = response["output"].as_array().into_iter().flatten();
    has_status && items.all(|item| item["id"].is_string() && item["type"].is_string())
}

/// An event of a stream: its name, and its data.
pub(crate) type Named = (Option<String>, Vec<u8>);

/// Reads server-sent events as a client does.
pub(crate) fn decoded(bytes: &[u8]) -> Vec<Named> {
    let mut decoder = SseDecoder::new();
    decoder.push(bytes);
    let mut events = Vec::new();
    while let Ok(Some(event)) = decoder.next_event() {
        events.push((event.is_named().then(|| event.event().to_owned()), event.data().to_vec()));
    }
    events
}

/// Reads a stream that the gateway wrote: each event has an optional name and one line of data. Comments and pings are left
/// out.
fn strict(text: &[u8]) -> Vec<Named> {
    let text = std::str::from_utf8(text).unwrap_or_else(|error| panic!("{error}: {text:?}"));
    let mut events = Vec::new();
    let mut blocks: Vec<&str> = text.split("\n\n").collect();
    assert_eq!(blocks.pop(), Some(""), "a stream ends within an event: {text:?}");
    for block in blocks {
        if block == ": keep-alive" {
            continue;
        }
        let (name, line) = match block.strip_prefix("event: ").and_then(|rest| rest.split_once('\n')) {
            Some((name, line)) => (Some(name), line),
            None => (None, block),
        };
        let data = line.strip_prefix("data: ").unwrap_or_else(|| panic!("no data in {block:?}"));
        assert!(!data.contains(['\n', '\r']) && !name.is_some_and(|name| name.contains('\r')), "lines in {block:?}");
        if name != Some("ping") {
            events.push((name.map(str::to_owned), data.as_bytes().to_vec()));
        }
    }
    events
}

/// How a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Complete,
    Failed,
}

/// Returns the last event's meaning. Each stream has one, as clients wait for it.
pub(crate) fn end_of(form: Form, events: &[Named]) -> End {
    let is_error = |value: &Value| match form {
        Form::Messages => value["type"] == "error" && value["error"]["message"].is_string(),
        Form::Chat => is_openai_error(&value["error"]),
        Form::Responses => value["type"] == "response.failed" && value["response"]["error"]["message"].is_string(),
        Form::Bedrock => false,
    };
    let (_, data) = events.last().unwrap_or_else(|| panic!("an empty stream"));
    if data == b"[DONE]" {
        return End::Complete;
    }
    match json(data).is_some_and(|value| is_error(&value)) {
        true => End::Failed,
        false => End::Complete,
    }
}

/// Checks a stream that the gateway wrote.
pub(crate) fn assert_stream(form: Form, text: &[u8]) -> End {
    let events = strict(text);
    let end = end_of(form, &events);
    let parsed = || events.iter().map(|(name, data)| (name.as_deref(), json(data)));
    let whole = std::str::from_utf8(text).unwrap_or_default();
    match form {
        Form::Messages => assert_messages(parsed(), end, whole),
        Form::Responses => assert_responses(parsed(), end, whole),
        _ => assert_chat(&events, end, whole),
    }
    end
}

/// Checks that blocks follow one another, and that deltas belong to the open one.
fn assert_messages<'a>(events: impl Iterator<Item = (Option<&'a str>, Option<Value>)>, end: End, text: &str) {
    let (mut open, mut next, mut has_begun, mut is_over, mut is_last) = (None, 0, false, false, false);
    for (name, value) in events {
        assert!(!is_last, "an event after the last: {text}");
        // A value that serde refuses still has its event's name.
        let value = value.unwrap_or_default();
        let kind = name.unwrap_or_else(|| panic!("an event without a name: {text}"));
        assert!(value.is_null() || value["type"] == kind, "{kind} is {value}");
        let at = || value["index"].as_u64();
        match kind {
            "message_start" => assert!(!std::mem::replace(&mut has_begun, true), "a second start: {text}"),
            "content_block_start" => {
                assert!(has_begun && open.is_none() && !is_over, "a block within another: {text}");
                assert!(value.is_null() || at() == Some(next), "block {value} is not the next: {text}");
                (open, next) = (Some(next), next + 1);
            }
            "content_block_delta" => assert!(value.is_null() || at() == open && open.is_some(), "{value} of {text}"),
            "content_block_stop" => assert!(open.is_some() && at() == open.take(), "{value} of {text}"),
            "message_delta" => {
                assert!(has_begun && open.is_none() && !is_over && value["usage"].is_object(), "{value} of {text}");
                is_over = true;
            }
            "message_stop" => {
                assert!(is_over, "no `message_delta`: {text}");
                is_last = true;
            }
            "error" => is_last = true,
            _ => panic!("an unknown event {kind}: {text}"),
        }
    }
    assert!(is_last, "no last event, {end:?}: {text}");
}

/// Checks that all chunks are of one completion with one reason to finish.
fn assert_chat(events: &[Named], end: End, text: &str) {
    let (last, chunks) = events.split_last().unwrap_or_else(|| panic!("an empty stream"));
    let is_done = last.1 == b"[DONE]";
    assert_eq!(is_done, end == End::Complete, "the last event is neither [DONE] nor an error: {text}");
    let (mut id, mut reasons, mut calls) = (None, 0, 0);
    for (name, data) in chunks {
        assert!(name.is_none(), "an event with a name: {text}");
        let Some(chunk) = json(data) else { continue };
        assert_eq!(chunk["object"], "chat.completion.chunk", "{text}");
        assert_eq!(*id.get_or_insert_with(|| chunk["id"].clone()), chunk["id"], "{text}");
        let choices = chunk["choices"].as_array().unwrap_or_else(|| panic!("no choices: {chunk}"));
        for choice in choices {
            assert!(choice["index"] == 0 && choice["delta"].is_object() && reasons == 0, "{choice} of {text}");
            reasons += usize::from(choice["finish_reason"].is_string());
            for call in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
                let index = call["index"].as_u64().unwrap_or_else(|| panic!("no index: {call}"));
                if call["id"].is_string() {
                    calls = calls.max(index + 1);
                }
                assert!(index < calls, "arguments of a call that has not begun: {call} of {text}");
            }
        }
    }
    assert_eq!(reasons, usize::from(is_done), "chunks with a reason to finish: {text}");
}

/// Checks the numbers of events, and that the items of the stream are those of the response at its end.
fn assert_responses<'a>(events: impl Iterator<Item = (Option<&'a str>, Option<Value>)>, end: End, text: &str) {
    let mut open: BTreeMap<u64, Value> = BTreeMap::new();
    let mut done: BTreeMap<u64, Value> = BTreeMap::new();
    let (mut next, mut items, mut is_last, mut has_error) = (0, 0, false, false);
    for (name, value) in events {
        assert!(!is_last, "an event after the last: {text}");
        let kind = name.unwrap_or_else(|| panic!("an event without a name: {text}"));
        let Some(value) = value else {
            // The items of this stream cannot be compared.
            return;
        };
        assert_eq!(value["type"], kind, "{text}");
        if kind == "error" {
            assert!(value["message"].is_string() && end == End::Failed, "{value} of {text}");
            has_error = true;
            continue;
        }
        if !has_error {
            assert_eq!(value["sequence_number"], next, "{text}");
            next += 1;
        }
        match kind {
            "response.created" | "response.in_progress" => {
                assert!(items == 0 && value["response"]["status"] == "in_progress", "{value} of {text}")
            }
            "response.output_item.added" => {
                assert_eq!(value["output_index"], items, "{text}");
                open.insert(items, value["item"]["id"].clone());
                items += 1;
            }
            "response.output_item.done" => {
                let at = value["output_index"].as_u64().unwrap_or(u64::MAX);
                assert_eq!(open.remove(&at).as_ref(), Some(&value["item"]["id"]), "{value} of {text}");
                done.insert(at, value["item"].clone());
            }
            "response.completed" | "response.incomplete" | "response.failed" => {
                is_last = true;
                let response = &value["response"];
                assert!(kind.ends_with(response["status"].as_str().unwrap_or("?")), "{value}");
                if !has_error {
                    assert!(open.is_empty() && is_response(response), "{text}");
                    assert_eq!(response["output"], done.values().cloned().collect::<Value>(), "{text}");
                }
            }
            _ => {
                let at = value["output_index"].as_u64().unwrap_or(u64::MAX);
                assert_eq!(open.get(&at), Some(&value["item_id"]), "{value} belongs to no open item of {text}");
            }
        }
    }
    assert!(is_last, "no last event, {end:?}: {text}");
}
