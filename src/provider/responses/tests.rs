//! Tests of requests, replies and streams of the Responses API. Bodies are shortened from recorded calls.

mod answers;
mod hostile;
mod requests;
mod streams;

use super::*;
use crate::api::Framing;
use crate::event::{Accumulator, ChatEvent, Events};
use crate::json::Json;
use crate::message::{Content, Message};
use crate::request::ChatOptions;
use crate::sse::SseDecoder;

const LUNA: &str = "openai.gpt-5.6-luna";
const OSS: &str = "openai.gpt-oss-120b";

fn json(text: &str) -> Json {
    Json::parse(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Returns the body of a call, on mantle.
fn encoded(model: &str, messages: &[Message], options: &ChatOptions) -> Result<Json> {
    encoded_on(Responses::MANTLE, model, messages, options)
}

fn encoded_on(codec: Responses, model: &str, messages: &[Message], options: &ChatOptions) -> Result<Json> {
    let request = ChatRequest::new(messages).with_options(options.clone());
    let call = codec.encode(&ModelId::parse(model).unwrap(), &request, Mode::Invoke)?;
    Ok(json(std::str::from_utf8(&call.body).unwrap()))
}

/// Returns the input items of a call with these messages.
fn input(messages: &[Message]) -> Json {
    let body = encoded(LUNA, messages, &ChatOptions::default()).unwrap();
    Json::from(body.view().get("input").unwrap())
}

fn decoded(body: &str) -> Result<AiMessage> {
    Responses::MANTLE.decode(&Call::default(), body.as_bytes(), &Headers::new())
}

/// Returns a whole reply with these output items.
fn reply(output: &str) -> AiMessage {
    decoded(&response("completed", output)).unwrap()
}

fn response(status: &str, output: &str) -> String {
    format!(
        r#"{{"id":"resp_1","object":"response","model":"{LUNA}","status":"{status}","error":null,"output":{output}}}"#
    )
}

/// Reads the events of a stream, each given as the text of its data.
fn events(data: &[&str]) -> (Events, Result<()>) {
    let mut decoder = Responses::MANTLE.stream(&Call::default());
    let mut out = Events::default();
    let mut sse = SseDecoder::new();
    for data in data {
        sse.push(format!("data: {}\nevent: ignored\n\n", data.replace('\n', "\ndata: ")).as_bytes());
        while let Some(event) = sse.next_event().unwrap() {
            if let Err(error) = decoder.event(&event, &mut out) {
                return (out, Err(error));
            }
        }
    }
    let end = decoder.finish(&mut out);
    (out, end)
}

fn streamed(data: &[&str]) -> AiMessage {
    let (mut events, end) = events(data);
    end.unwrap();
    let mut accumulator = Accumulator::new();
    accumulator.extend(&mut events);
    accumulator.finish()
}

/// The first event of a stream.
const CREATED: &str = r#"{"response":{"id":"resp_1","model":"openai.gpt-5.6-luna","status":"in_progress","usage":null},"sequence_number":0,"type":"response.created"}"#;

/// Returns the last event of a stream, with these output items.
fn completed(output: &str) -> String {
    format!(r#"{{"response":{},"sequence_number":9,"type":"response.completed"}}"#, response("completed", output))
}
