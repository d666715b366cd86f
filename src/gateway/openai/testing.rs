//! Helpers for the tests of both APIs.

use crate::event::{ChatEvent, Events};
use crate::gateway::dialect::{Dialect, Given};
use crate::gateway::failure::Failure;
use crate::headers::Headers;
use crate::json::{Json, View};
use crate::message::{AiMessage, Content, StopReason, Usage};
use crate::model::ModelId;

/// Parses JSON.
pub(crate) fn json(text: &str) -> Json {
    Json::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Runs a test with a request.
pub(crate) fn with<T>(body: &str, run: impl FnOnce(&Given<'_>) -> T) -> T {
    let (body, headers) = (json(body), Headers::new());
    let streams = body.view().get("stream").and_then(View::bool) == Some(true);
    run(&Given { body: body.view(), headers: &headers, model: "my-model", streams, now: 1_764_000_000, nonce: "n0nce" })
}

/// Returns the JSON of each server-sent event, with its name.
pub(crate) fn events(text: &str) -> Vec<(String, Json)> {
    let mut decoder = crate::sse::SseDecoder::new();
    decoder.push(text.as_bytes());
    let mut events = Vec::new();
    while let Some(event) = decoder.next_event().unwrap() {
        let data = String::from_utf8(event.data().to_vec()).unwrap();
        let data = if data == "[DONE]" { Json::string(&data) } else { json(&data) };
        events.push((event.event().to_owned(), data));
    }
    events
}

/// Returns the stream that a dialect writes for these events.
pub(crate) fn stream(dialect: &dyn Dialect, body: &str, events: impl IntoIterator<Item = ChatEvent>) -> String {
    with(body, |given| {
        let (mut writer, mut out) = (dialect.events(given), String::new());
        events.into_iter().for_each(|event| writer.event(event, &mut out));
        writer.end(&mut out);
        out
    })
}

/// Returns a reply with usage of every kind.
pub(crate) fn reply(content: impl IntoIterator<Item = Content>, reason: StopReason) -> AiMessage {
    let mut usage = Usage::new(100, 20);
    usage.input_token_details.cache_read = 60;
    usage.input_token_details.cache_creation = 5;
    usage.output_token_details.reasoning = 7;
    AiMessage {
        model: Some("claude-x".into()),
        content: content.into_iter().collect(),
        stop_reason: Some(reason),
        usage: Some(usage),
        ..AiMessage::default()
    }
}

/// Returns the events of a whole reply.
pub(crate) fn events_of(reply: &AiMessage) -> Vec<ChatEvent> {
    let mut queue = Events::from(reply.clone());
    std::iter::from_fn(|| queue.pop()).collect()
}

/// Returns what the client and the log get of an answer that is passed on, in pieces of this length.
pub(crate) fn relayed(
    dialect: &dyn Dialect,
    body: &str,
    model: &str,
    answer: &str,
    length: usize,
) -> (String, Usage, crate::error::Result<()>) {
    with(body, |given| {
        let model = ModelId::parse(model).unwrap();
        let mut relay = dialect.pass(given, &model).unwrap().expect("the request is passed on").relay;
        let (mut out, mut result) = (Vec::new(), Ok(()));
        for piece in answer.as_bytes().chunks(length) {
            result = result.and_then(|()| relay.push(piece, &mut out));
        }
        result = result.and_then(|()| relay.finish(&mut out));
        (String::from_utf8(out).unwrap(), relay.used().usage, result)
    })
}

/// Returns the body that is sent to a model that speaks the API, if the request is passed on.
pub(crate) fn passed(dialect: &dyn Dialect, body: &str, model: &str) -> Option<(String, String)> {
    with(body, |given| {
        let passed = dialect.pass(given, &ModelId::parse(model).unwrap()).unwrap()?;
        Some((passed.call.path.clone(), String::from_utf8(passed.call.body.to_vec()).unwrap()))
    })
}

/// Returns the failure of a request.
pub(crate) fn refusal(dialect: &dyn Dialect, body: &str) -> Failure {
    with(body, |given| dialect.read(given)).err().unwrap_or_else(|| panic!("accepted: {body}"))
}
