//! Requests that are passed on to a model that speaks the API itself.

use crate::api::{Api, Framing};
use crate::gateway::dialect::Given;
use crate::headers::Headers;
use crate::json::{View, Writer};
use crate::model::ModelId;
use crate::provider::{Call, openai, passing_service};

/// Members of clients that the service refuses. They change no answer: Codex sends `client_metadata` for OpenAI's logs.
const REFUSED: &[&str] = &["client_metadata"];

/// Returns the call with a client's body, and what was left out. The members are sent byte for byte and in their order.
/// Only `model` is replaced, and with `asks_usage` a stream is asked for its usage.
pub(crate) fn call(given: &Given<'_>, model: &ModelId, api: Api, asks_usage: bool) -> Option<(Call, Vec<String>)> {
    let service = passing_service(model, api)?;
    let operation = if api == Api::Responses { "responses" } else { "chat/completions" };
    let mut w = Writer::new();
    w.begin_object();
    let (mut has_model, mut has_options) = (false, false);
    let (mut has_stream, mut removed) = (false, Vec::new());
    for (raw_key, value) in given.body.raw_entries() {
        // An escaped key must not hide a second model.
        match &*crate::json::unescaped(raw_key) {
            "model" if has_model => {}
            "model" => {
                has_model = true;
                w.field("model", openai::model_id(service, model));
            }
            "stream_options" if asks_usage => {
                if !std::mem::replace(&mut has_options, true) {
                    write_stream_options(&mut w, value);
                }
            }
            // Once, as the gateway reads it: the service must not read another one.
            "stream" if std::mem::replace(&mut has_stream, true) => {}
            "stream" => w.raw_member("stream", value),
            key if REFUSED.contains(&key) => removed.push(key.to_owned()),
            _ => w.raw_member(raw_key, value),
        }
    }
    if asks_usage && !has_options {
        write_stream_options(&mut w, View::empty_object());
    }
    w.end_object();
    let mut headers = Headers::new();
    headers.push("content-type", "application/json");
    // The vendors' SDKs send this header, also for streams.
    headers.push("accept", "application/json");
    let path = openai::path(service, model, operation);
    let mut call = Call::new(path, headers, w.finish().into_bytes(), given.streams);
    (call.service, call.framing) = (service, Framing::Sse);
    Some((call, removed))
}

fn write_stream_options(w: &mut Writer, given: View<'_>) {
    w.object("stream_options");
    for (key, value) in given.raw_entries().filter(|(key, _)| *key != "include_usage") {
        w.raw_member(key, value);
    }
    w.key("include_usage").bool(true);
    w.end_object();
}
